//! What a conversation between two peers is: a versioned name, a request, a
//! reply, and their bounds. The eight conversations are in files of their own;
//! how they travel is `peer/`'s business.

use std::fmt::Debug;
use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::Refusal;
use crate::range_bytes::RangeBytes;

/// One kind of question that one peer asks another. Implemented by marker types.
pub trait Conversation: Send + Sync + Clone + 'static {
    /// The name on the wire, with its version: `/enprint/order/1`.
    const NAME: &'static str;
    /// What is asked.
    type Request: Debug + Serialize + DeserializeOwned + Send + 'static;
    /// What is answered. Every reply can be a refusal, which the swarm itself
    /// sends when no handler may or can answer.
    type Reply: Debug + Serialize + DeserializeOwned + From<Refusal> + Send + 'static;
    /// Longest encoded request, in bytes.
    const REQUEST_BYTES_MAX: usize;
    /// Longest encoded reply, in bytes.
    const REPLY_BYTES_MAX: usize;
    /// From the opening of the stream to the end of the reply.
    const TIMEOUT: Duration;
    /// Whether replies carry print files, which go through a relay only if it takes them.
    const CARRIES_FILES: bool = false;
    /// The refusal that a reply is, if it is one.
    fn refusal(reply: &Self::Reply) -> Option<&Refusal>;
    /// The bytes of a file that a reply is, encoded as `Range` and these bytes. Only where
    /// replies carry files.
    fn range(_: &Self::Reply) -> Option<&RangeBytes> {
        None
    }
    /// The reply that such bytes are.
    fn of_range(_: RangeBytes) -> Option<Self::Reply> {
        None
    }
}
