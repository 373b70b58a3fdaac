//! What was said of an order: to its photographer, in lists; and to its customer, where
//! something keeps it here that only a person can mend, and when that is over.

use enprint_protocol::PeerId;
use enprint_protocol::ids::{CommandId, EventId, OrderId, PhotoId};
use enprint_protocol::status::{Status, StatusKind};
use enprint_protocol::text;
use enprint_protocol::time::UnixMs;
use serde::{Deserialize, Serialize};

use super::catalogue::{NotedStatus, OrderRow, Trouble};
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
        match self.word_of_halt(order_id, error).await? {
            Some(word) => self.catalogue.say(&word).await,
            None => Ok(()),
        }
    }

    /// What it is told, unless that was said before.
    pub(super) async fn word_of_halt(
        &self,
        order_id: OrderId,
        error: &NodeError,
    ) -> Result<Option<NotedStatus>, NodeError> {
        let Some(problem) = problem_of(error) else { return Ok(None) };
        if is_said(&self.catalogue.statuses_of(order_id).await?, self.client.peer_id(), &problem) {
            return Ok(None);
        }
        self.own_word(CommandId::random(), order_id, problem).map(Some)
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
            for order_id in self.catalogue.offered_with(event_id, photo_id).await? {
                let Some(row) = self.catalogue.order(order_id).await? else { continue };
                let read = self.photo(event_id, photo_id).await;
                let hurt = self.hurt((event_id, photo_id), row.name_of(photo_id), read).await?;
                // The lab may have asked for what was made of it.
                self.catalogue.set_trouble(order_id, &Trouble::from(&hurt)).await?;
                self.tell_what_halts(order_id, &hurt).await?;
            }
            Ok::<(), NodeError>(())
        };
        told.await.unwrap_or_else(|error| tracing::error!(%error, "what halts an order can't be said"));
    }

    /// Lets orders go on whose photos were damaged or lost, and are whole by now: what was made of
    /// them for a lab and is gone is made anew, and their people are told. One that can't go on
    /// holds up no other.
    pub(super) async fn tell_of_mended(&self, progress: &Progress) -> Result<(), NodeError> {
        for order_id in self.catalogue.halted_by_photos(self.client.peer_id()).await? {
            match self.goes_on_if_mended(order_id, progress).await {
                Err(error) if !progress.is_cancelled() => {
                    tracing::warn!(order.id = %order_id, %error, "the order waits");
                    self.catalogue.set_trouble(order_id, &Trouble::from(&error)).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn goes_on_if_mended(&self, order_id: OrderId, progress: &Progress) -> Result<(), NodeError> {
        let Some(row) = self.catalogue.order(order_id).await? else { return Ok(()) };
        let is_told = matches!(self.own_last_word(order_id).await?, Some(StatusKind::Problem { .. }));
        let trouble = row.hurt();
        let (archive, event_id) = (self.archive.clone(), row.order.event_id);
        let photos = row.order.photos();
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

/// What the customer of an order reads that met this error, if a photo of it is hurt.
fn problem_of(error: &NodeError) -> Option<StatusKind> {
    let name = error.hurt_photo().map(text::shown)?;
    let text = match error {
        NodeError::OriginalForgotten { .. } => format!(
            "The photographer has lost {name} for good, so your order can’t be printed as it is. The photographer knows, \
             and settles it with you."
        ),
        NodeError::OriginalLost { .. } => {
            format!("The photographer’s disk has lost {name}. Your order goes on as soon as the photo is there again.")
        }
        _ => {
            format!("The photographer’s disk has damaged {name}. Your order goes on as soon as the photo is repaired.")
        }
    };
    Some(StatusKind::Problem { text })
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
