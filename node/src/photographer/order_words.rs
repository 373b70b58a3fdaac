//! What was said of an order: to its photographer, in lists; and to its customer, where
//! something keeps it here that only a person can mend, and when that is over.

use std::collections::BTreeSet;

use enprint_protocol::PeerId;
use enprint_protocol::ids::{CommandId, EventId, OrderId, PhotoId};
use enprint_protocol::status::{Status, StatusKind};
use enprint_protocol::text;
use enprint_protocol::time::UnixMs;
use serde::{Deserialize, Serialize};

use super::catalogue::OrderRow;
use super::node::{Node, blocking};
use crate::control::Progress;
use crate::error::NodeError;

/// One thing that was said of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderWord {
    /// `accepted`, `declined`, `paid`, `offered`, `received`, `printing`, `shipped`, `problem`.
    pub word: String,
    /// When, by the clock of who said it.
    pub at: UnixMs,
    /// What was said with it: why it was declined, the lab, the problem, carrier and tracking
    /// number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Node {
    /// All that was said of an order, as it came.
    pub(super) async fn order_words(&self, row: &OrderRow) -> Result<Vec<OrderWord>, NodeError> {
        let said = self.catalogue.statuses_of(row.order.order_id).await?;
        let mut words: Vec<OrderWord> = said.into_iter().map(|(_, status)| word(status)).collect();
        // What the host says of it is no status.
        if let Some(paid) = row.paid_ms.map(UnixMs).filter(|_| !words.iter().any(|said| said.word == "paid")) {
            let place = words.iter().position(|said| said.at > paid).unwrap_or(words.len());
            words.insert(place, OrderWord { word: "paid".into(), at: paid, text: None });
        }
        Ok(words)
    }

    /// Tells an order's customer what keeps it here, if the photographer has to mend it.
    pub(super) async fn tell_what_halts(&self, order_id: OrderId, error: &NodeError) -> Result<(), NodeError> {
        let Some(name) = error.hurt_photo().map(text::shown) else { return Ok(()) };
        let (hurt, mended) = match error {
            NodeError::OriginalLost { .. } => ("lost", "there again"),
            _ => ("damaged", "repaired"),
        };
        let text =
            format!("The photographer’s disk has {hurt} {name}. Your order goes on as soon as the photo is {mended}.");
        let problem = StatusKind::Problem { text };
        if is_said(&self.catalogue.statuses_of(order_id).await?, self.client.peer_id(), &problem) {
            return Ok(());
        }
        self.catalogue.say(&self.own_word(CommandId::random(), order_id, problem)?).await
    }

    /// Tells it that nothing does any more.
    pub(super) async fn tell_it_goes_on(&self, order_id: OrderId) -> Result<(), NodeError> {
        if !matches!(self.own_last_word(order_id).await?, Some(StatusKind::Problem { .. })) {
            return Ok(());
        }
        self.catalogue.say(&self.own_word(CommandId::random(), order_id, StatusKind::Accepted)?).await
    }

    /// As [`Self::tell_what_halts`], to the people of orders that a lab waits for in vain.
    pub(super) async fn tell_of_missed_or_trace(&self, event_id: EventId, photo_id: PhotoId) {
        let told = async {
            let is_lost = matches!(self.photo(event_id, photo_id).await, Ok(None));
            for order_id in self.catalogue.offered_with(event_id, photo_id).await? {
                let Some(row) = self.catalogue.order(order_id).await? else { continue };
                let name = row.name_of(photo_id);
                let error =
                    if is_lost { NodeError::OriginalLost { name } } else { NodeError::OriginalDamaged { name } };
                // The lab may have asked for what was made of it.
                self.catalogue.set_trouble(order_id, &error.to_string()).await?;
                self.tell_what_halts(order_id, &error).await?;
            }
            Ok::<(), NodeError>(())
        };
        told.await.unwrap_or_else(|error| tracing::error!(%error, "what halts an order can't be said"));
    }

    /// Lets orders with a lab go on whose photos were damaged or lost, and are whole by now: what
    /// was made of them and is gone is made anew, and their people are told. One that can't go
    /// on holds up no other.
    pub(super) async fn tell_of_mended(&self, progress: &Progress) -> Result<(), NodeError> {
        for order_id in self.catalogue.offered_that_halt(self.client.peer_id()).await? {
            match self.goes_on_if_mended(order_id, progress).await {
                Err(error) if !progress.is_cancelled() => {
                    tracing::warn!(order.id = %order_id, %error, "the order waits");
                    self.catalogue.set_trouble(order_id, &error.to_string()).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn goes_on_if_mended(&self, order_id: OrderId, progress: &Progress) -> Result<(), NodeError> {
        let Some(row) = self.catalogue.order(order_id).await? else { return Ok(()) };
        let is_told = matches!(self.own_last_word(order_id).await?, Some(StatusKind::Problem { .. }));
        let trouble = row.trouble.as_deref().filter(|trouble| is_of_hurt(&row, trouble));
        let (archive, event_id) = (self.archive.clone(), row.order.event_id);
        let photos: BTreeSet<_> = row.order.lines.iter().map(|line| line.photo_id).collect();
        if (!is_told && trouble.is_none()) || !blocking(move || archive.are_whole(event_id, photos)).await? {
            return Ok(());
        }
        if !self.has_made_files(&row).await? {
            return self.offer_anew(order_id, progress).await;
        }
        let word = is_told.then(|| self.own_word(CommandId::random(), order_id, StatusKind::Accepted)).transpose()?;
        self.catalogue.note_mended(order_id, trouble, word.as_ref()).await
    }

    async fn own_last_word(&self, order_id: OrderId) -> Result<Option<StatusKind>, NodeError> {
        let own = self.client.peer_id();
        let said = self.catalogue.statuses_of(order_id).await?;
        Ok(said.into_iter().rev().find(|(signer, _)| *signer == own).map(|(_, status)| status.kind))
    }
}

/// Whether this is what is said of an order of which a file is damaged or lost here.
fn is_of_hurt(row: &OrderRow, trouble: &str) -> bool {
    row.order.lines.iter().any(|line| {
        let name = || line.file_name.clone();
        let said = [
            NodeError::OriginalDamaged { name: name() },
            NodeError::OriginalLost { name: name() },
            NodeError::PrintFileHurt { name: name() },
        ];
        said.iter().any(|error| error.to_string() == trouble)
    })
}

/// Whether `own` has said it since it last said anything but problems: an order may have
/// several, and a host keeps no more than so many words of an order.
fn is_said(said: &[(PeerId, Status)], own: PeerId, problem: &StatusKind) -> bool {
    let kinds = said.iter().rev().filter(|(signer, _)| *signer == own).map(|(_, status)| &status.kind);
    kinds.take_while(|kind| matches!(kind, StatusKind::Problem { .. })).any(|kind| kind == problem)
}

fn word(status: Status) -> OrderWord {
    let text = match &status.kind {
        StatusKind::Declined { reason } => Some(reason.clone()),
        StatusKind::Offered { lab } => Some(lab.clone()),
        StatusKind::Problem { text } => Some(text.clone()),
        StatusKind::Shipped { carrier, tracking } => {
            let parts = [carrier.as_str(), tracking.as_str()].into_iter().filter(|part| !part.is_empty());
            Some(parts.collect::<Vec<_>>().join(", "))
        }
        _ => None,
    };
    OrderWord { word: status.kind.word().to_owned(), at: status.at, text: text.filter(|text| !text.is_empty()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_damaged_photos_each_is_said_once_and_anew_only_after_the_order_went_on() {
        let (own, lab) = (PeerId::random(), PeerId::random());
        let order_id = OrderId([1; 16]);
        let says = |signer, kind| {
            (signer, Status { status_id: CommandId::random(), order_id, job_id: None, at: UnixMs(1), kind })
        };
        let problem = |text: &str| StatusKind::Problem { text: text.into() };
        let mut said = vec![says(own, StatusKind::Accepted)];
        assert!(!is_said(&said, own, &problem("a.jpg")));
        said.extend([says(own, problem("a.jpg")), says(own, problem("b.jpg"))]);
        said.push(says(lab, StatusKind::Printing));
        assert!(is_said(&said, own, &problem("b.jpg")));
        assert!(is_said(&said, own, &problem("a.jpg")), "they would be said in turn until the host takes no more");
        assert!(!is_said(&said, lab, &problem("a.jpg")));
        said.push(says(own, StatusKind::Accepted));
        assert!(!is_said(&said, own, &problem("a.jpg")), "it is damaged once more");
    }
}
