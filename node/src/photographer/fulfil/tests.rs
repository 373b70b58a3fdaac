//! What is tried again of an order that can't go on.

use enprint_protocol::ids::{ContentHash, PhotoId};
use tempfile::TempDir;

use super::*;
use crate::photographer::catalogue::NewOrder;
use crate::photographer::catalogue::tests::order;
use crate::photographer::missing::tests::with_two;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_no_home_can_mend_is_not_made_a_second_time() {
    let dir = TempDir::new().unwrap();
    let (open, event_id) = with_two(dir.path()).await;
    let node = open.node();
    let whole = *node.archive.counted(event_id).0.iter().next().unwrap();
    for (photo_id, what) in [(whole, "whole"), (PhotoId(ContentHash([7; 32])), "lost")] {
        let order = order(event_id, photo_id);
        let order_id = order.order_id;
        let new = NewOrder { order, host: PeerId::random(), signed: Vec::new(), decision: Decision::Accepted };
        node.catalogue.take_order(&new).await.unwrap();
        assert!(!node.repair_order(order_id).await, "nothing of a photo that is {what} was mended");
    }
    open.close().await;
}
