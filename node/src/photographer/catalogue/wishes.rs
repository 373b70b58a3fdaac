//! Wishes to publish and to withdraw, durable before they are tried.

use enprint_protocol::ids::ContentHash;

use enprint_store::args;
use enprint_store::ledger::{Tx, outbox};

use super::peers::set;
use super::{Catalogue, parcel};
use crate::error::NodeError;
use crate::limits::WISH_PATIENCE_MS;
use crate::photographer::node::now;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::photographer) enum Wish {
    Publish,
    Withdraw,
}

/// When photos were withdrawn, and how.
#[derive(Debug, Clone, Copy)]
pub(in crate::photographer) struct WithdrawnAt {
    pub(in crate::photographer) at_ms: i64,
    /// They were chosen by themselves, not with their whole event.
    pub(in crate::photographer) stays: bool,
}

impl Wish {
    /// The parcel's kind.
    pub(in crate::photographer) fn kind(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Withdraw => "withdraw",
        }
    }
}

const LAST_MOMENT: &str = "last wish's moment";

impl Catalogue {
    /// The moment of a new wish: now by the clock, but after every earlier wish, whatever
    /// was done to the clock. So what was withdrawn before a wish to publish is before it.
    pub(in crate::photographer) async fn next_moment(&self) -> Result<i64, NodeError> {
        let last = "SELECT MAX((SELECT COALESCE(MAX(at_ms), 0) FROM taken_off), \
                    COALESCE((SELECT CAST(value AS BIGINT) FROM settings WHERE name = $1), 0)) AS last_ms";
        let mut tx = self.ledger.begin().await?;
        let last_ms = tx.fetch_one(last, args![LAST_MOMENT]).await?.int("last_ms")?;
        let moment_ms = now().0.max(last_ms.saturating_add(1));
        set(&mut tx, LAST_MOMENT, &moment_ms.to_string()).await?;
        tx.commit().await?;
        Ok(moment_ms)
    }

    /// Puts a wish into the outbox; its parcel's id. The courier leaves it alone for a
    /// while, since whoever wishes tries at once.
    pub(in crate::photographer) async fn wish(
        &self,
        wish: Wish,
        lane: &str,
        payload: &[u8],
    ) -> Result<String, NodeError> {
        let mut tx = self.ledger.begin().await?;
        let id = put_wish(&mut tx, wish, lane, payload).await?;
        tx.commit().await?;
        Ok(id)
    }
}

/// As [`Catalogue::wish`], in the transaction of what it announces.
pub(super) async fn put_wish(tx: &mut Tx<'_>, wish: Wish, lane: &str, payload: &[u8]) -> Result<String, NodeError> {
    let id = format!("{}:{}", wish.kind(), ContentHash::of(&[lane.as_bytes(), payload].concat()));
    let now_ms = now().0;
    let due_ms = now_ms.saturating_add(WISH_PATIENCE_MS);
    outbox::put_due(tx, &parcel(id.clone(), lane, wish.kind(), payload), now_ms, due_ms).await?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use enprint_protocol::ids::{EventId, PhotoId};

    fn by_itself(at_ms: i64) -> WithdrawnAt {
        WithdrawnAt { at_ms, stays: true }
    }

    #[tokio::test]
    async fn a_photo_withdrawn_by_itself_stays_so_when_its_whole_event_is_withdrawn_too() {
        let dir = tempfile::TempDir::new().unwrap();
        let catalogue = Catalogue::open(&dir.path().join("catalogue.db")).await.unwrap();
        let host = enprint_protocol::PeerId::random();
        let (event, [one, other]) = (EventId([1; 16]), [2, 3].map(|id| PhotoId(ContentHash([id; 32]))));
        catalogue.mark_withdrawn(event, host, &[one], by_itself(1)).await.unwrap();
        let with_all = WithdrawnAt { at_ms: 2, stays: false };
        catalogue.mark_withdrawn(event, host, &[one, other], with_all).await.unwrap();
        assert_eq!(catalogue.stay_withdrawn(event, host).await.unwrap(), [one].into());
        assert_eq!(catalogue.withdrawn_since(event, host, 2).await.unwrap().len(), 2);
        catalogue.set_published(event, host, &[one]).await.unwrap();
        assert!(catalogue.stay_withdrawn(event, host).await.unwrap().is_empty(), "it was shown again");
    }

    #[tokio::test]
    async fn what_was_withdrawn_by_a_clock_that_was_ahead_is_published_when_it_is_asked_for_again() {
        let dir = tempfile::TempDir::new().unwrap();
        let catalogue = Catalogue::open(&dir.path().join("catalogue.db")).await.unwrap();
        let (event, photo) = (EventId([1; 16]), PhotoId(ContentHash([2; 32])));
        let ahead_ms = now().0 + 3 * 86_400_000;
        let host = enprint_protocol::PeerId::random();
        catalogue.mark_withdrawn(event, host, &[photo], by_itself(ahead_ms)).await.unwrap();
        let asked_ms = catalogue.next_moment().await.unwrap();
        assert!(catalogue.withdrawn_since(event, host, asked_ms).await.unwrap().is_empty());
        let withdrawn_ms = catalogue.next_moment().await.unwrap();
        catalogue.mark_withdrawn(event, host, &[photo], by_itself(withdrawn_ms)).await.unwrap();
        let left_out = catalogue.withdrawn_since(event, host, asked_ms).await.unwrap();
        assert!(left_out.contains(&photo), "the wish is older than the withdrawal");
    }
}
