//! One at a time for each key, while keys do not wait for each other: for each order, so
//! that its files are made once and it gets one job; for each host, so that it hears last
//! where a peer is now.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

/// Keys whose turn it is. Those that nobody has or waits for are forgotten.
#[derive(Debug)]
pub(crate) struct Turns<K> {
    of: Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>,
}

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self { of: Mutex::default() }
    }
}

impl<K: Eq + Hash> Turns<K> {
    /// Waits for the key's turn, which lasts until the guard is dropped.
    pub(crate) async fn take(&self, key: K) -> OwnedMutexGuard<()> {
        let turn = {
            let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
            of.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(of.entry(key).or_default())
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use enprint_protocol::ids::OrderId;
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
