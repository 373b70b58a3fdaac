//! Wishes to publish and to withdraw, durable before they are tried.

use enprint_protocol::ids::ContentHash;

use enprint_store::ledger::outbox;

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

impl Wish {
    /// The parcel's kind.
    pub(in crate::photographer) fn kind(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Withdraw => "withdraw",
        }
    }
}

impl Catalogue {
    /// Puts a wish into the outbox; its parcel's id. The courier leaves it alone for a
    /// while, since whoever wishes tries at once.
    pub(in crate::photographer) async fn wish(
        &self,
        wish: Wish,
        lane: &str,
        payload: &[u8],
    ) -> Result<String, NodeError> {
        let id = format!("{}:{}", wish.kind(), ContentHash::of(&[lane.as_bytes(), payload].concat()));
        let now_ms = now().0;
        let due_ms = now_ms.saturating_add(WISH_PATIENCE_MS);
        let mut tx = self.ledger.begin().await?;
        let parcel = parcel(id.clone(), lane, wish.kind(), payload);
        outbox::put_due(&mut tx, &parcel, now_ms, due_ms).await?;
        tx.commit().await?;
        Ok(id)
    }
}
