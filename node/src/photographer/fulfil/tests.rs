//! What is tried again of an order that can't go on.

use enprint_protocol::ids::{CommandId, ContentHash, EventId, PhotoId};
use enprint_protocol::order::{Crop, Customer, Delivery};
use enprint_protocol::time::UnixMs;
use tempfile::TempDir;

use super::*;
use crate::photographer::catalogue::NewOrder;
use crate::photographer::commands::EventDetails;
use crate::photographer::{Photographer, PhotographerConfig, png};

fn order(event_id: EventId, photo_id: PhotoId) -> Order {
    let price = "EUR 1.50".parse().unwrap();
    let delivery = Delivery { name: "Pick up".into(), price: "EUR 0.00".parse().unwrap(), address: None };
    let lines = vec![OrderLine {
        line: 1,
        photo_id,
        file_name: "a.jpg".into(),
        size: "10x15".parse().unwrap(),
        finish: "matte".parse().unwrap(),
        crop: Crop::Fill,
        quantity: 1,
        price,
    }];
    Order {
        order_id: OrderId::random(),
        event_id,
        placed_at: UnixMs(1_700_000_000_000),
        customer: Customer { name: "Kim".into(), email: "kim@example.org".into() },
        total: Order::sum(&lines, &delivery).unwrap(),
        delivery,
        lines,
        note: String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_no_home_can_mend_is_not_made_a_second_time() {
    let dir = TempDir::new().unwrap();
    let (card, mut config) = (dir.path().join("card"), PhotographerConfig::new(dir.path().join("data")));
    (config.reserve_bytes, config.ballast_bytes) = (0, 0);
    let open = Photographer::open(config).await.unwrap();
    std::fs::create_dir_all(&card).unwrap();
    std::fs::write(card.join("a.png"), png::png(1, 500)).unwrap();
    let node = open.node();
    let event_id = node.event_with("Wedding", &EventDetails::default()).await.unwrap().row.record.event_id;
    node.import_into(event_id, card, None, CommandId::random(), Progress::silent()).await.unwrap();
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
