//! Takes orders and payments to their photographers' nodes. Knows the conversation; when
//! to try, and in which order, is the store's business.

use std::sync::Arc;

use enprint_protocol::limits::CONTROL_BYTES_MAX;
use enprint_protocol::order::{Deliver as DeliverOrder, OrderReply, OrderRequest};
use enprint_protocol::{PeerId, codec};
use enprint_store::ledger::{Deliver, Delivery, Parcel};

use crate::error::HostError;
use crate::host::Parts;
use crate::index::Answer;

/// Delivers what the host's outbox holds.
pub(crate) struct OrderCourier {
    parts: Arc<Parts>,
}

impl OrderCourier {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    async fn take(&self, parcel: &Parcel) -> Result<Delivery, HostError> {
        let Ok(peer) = parcel.peer.parse::<PeerId>() else {
            return Ok(Delivery::Refused("its receiver's id can't be read".into()));
        };
        let request: OrderRequest = codec::decode(&parcel.payload, CONTROL_BYTES_MAX)?;
        let is_order = matches!(request, OrderRequest::Deliver(_));
        let order_id = self.parts.index.order_of(&request)?;
        let asked = self.parts.index.now();
        // Written before it is asked: from then on it is this home's.
        if is_order && !self.parts.index.note_asking(order_id, &parcel.peer).await? {
            return Ok(Delivery::Settled);
        }
        let reply = match self.parts.client.ask::<DeliverOrder>(peer, request).await {
            Ok(reply) => reply,
            Err(error) if error.is_temporary() => return Ok(Delivery::TryLater(error.to_string())),
            Err(error) => return Ok(Delivery::Refused(error.to_string())),
        };
        match reply {
            OrderReply::Refused(refusal) if refusal.is_temporary() => {
                if is_order {
                    self.parts.index.not_taken_yet(order_id, &parcel.peer, asked).await?;
                }
                Ok(Delivery::TryLater(refusal.text))
            }
            OrderReply::Refused(refusal) if is_order => self.note(parcel, Answer::Declined(refusal.text)).await,
            OrderReply::Refused(refusal) => Ok(Delivery::Refused(refusal.text)),
            OrderReply::Accepted if is_order => self.note(parcel, Answer::Accepted).await,
            OrderReply::Held if is_order => self.note(parcel, Answer::Held).await,
            OrderReply::Noted if !is_order => Ok(Delivery::Settled),
            _ => Ok(Delivery::Refused("the photographer's node gave an answer that makes no sense".into())),
        }
    }

    async fn note(&self, parcel: &Parcel, answer: Answer) -> Result<Delivery, HostError> {
        self.parts.index.note_answer(parcel, &answer).await?;
        Ok(Delivery::Settled)
    }
}

#[async_trait::async_trait]
impl Deliver for OrderCourier {
    async fn deliver(&self, parcel: &Parcel) -> Delivery {
        match self.take(parcel).await {
            Ok(delivery) => delivery,
            Err(error) => Delivery::TryLater(error.to_string()),
        }
    }

    /// A host waits for its photographers to connect; it dials nobody.
    fn reaches(&self, peer: &str) -> bool {
        peer.parse().is_ok_and(|peer| self.parts.client.is_connected(&peer))
    }
}
