//! Reports that wait for a photographer: signed statuses, in order. When to try again
//! is the store's business.

use std::sync::Arc;

use enprint_protocol::limits::SMALL_BYTES_MAX;
use enprint_protocol::status::{Report, StatusReply, StatusRequest};
use enprint_protocol::{PeerId, codec};
use enprint_store::ledger::{Courier, Deliver, Delivery, Parcel};
use tokio_util::sync::CancellationToken;

use super::node::Node;
use crate::error::NodeError;
use crate::stored;

/// Delivers until `shutdown`.
pub(super) async fn run(node: Arc<Node>, shutdown: CancellationToken) {
    let owner = node.client.peer_id().to_string();
    let ledger = node.catalogue.ledger();
    Courier::new(ledger, owner, Arc::new(Deliverer { node })).run(shutdown).await;
}

struct Deliverer {
    node: Arc<Node>,
}

#[async_trait::async_trait]
impl Deliver for Deliverer {
    async fn deliver(&self, parcel: &Parcel) -> Delivery {
        match self.node.deliver_report(parcel).await {
            Ok(()) => Delivery::Settled,
            Err(error) => error.into_delivery(),
        }
    }
}

impl Node {
    async fn deliver_report(&self, parcel: &Parcel) -> Result<(), NodeError> {
        let photographer: PeerId = stored::read(&parcel.peer)?;
        let request: StatusRequest = codec::decode(&parcel.payload, SMALL_BYTES_MAX)?;
        match self.client.ask::<Report>(photographer, request).await? {
            StatusReply::Noted => Ok(()),
            StatusReply::Refused(refusal) => Err(NodeError::Refused(refusal)),
        }
    }
}
