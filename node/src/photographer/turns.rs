//! One at a time for each order, so that its files are made once and it gets one job;
//! orders do not wait for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use enprint_protocol::ids::OrderId;
use tokio::sync::OwnedMutexGuard;

/// Orders that are worked at. Those that nobody has or waits for are forgotten.
#[derive(Debug, Default)]
pub(super) struct Turns {
    of: Mutex<HashMap<OrderId, Arc<tokio::sync::Mutex<()>>>>,
}

impl Turns {
    /// Waits for the order's turn, which lasts until the guard is dropped.
    pub(super) async fn take(&self, order_id: OrderId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
            of.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(of.entry(order_id).or_default())
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn an_order_waits_for_itself_and_for_no_other_and_leaves_nothing_behind() {
        let turns = Turns::default();
        let (one, other) = (OrderId([1; 16]), OrderId([2; 16]));
        let taken = turns.take(one).await;
        assert!(turns.take(one).now_or_never().is_none(), "the same order has two turns");
        let _other = turns.take(other).now_or_never().unwrap();
        drop(taken);
        turns.take(one).now_or_never().unwrap();
        let _last = turns.take(OrderId([3; 16])).await;
        assert_eq!(turns.of.lock().unwrap().len(), 2);
    }
}
