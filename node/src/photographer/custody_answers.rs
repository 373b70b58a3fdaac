//! What a node answers of its originals' custody: where each has been. Plain records.

use enprint_protocol::PeerId;
use enprint_protocol::ids::PhotoId;
use enprint_protocol::time::UnixMs;
use serde::{Deserialize, Serialize};

/// Where the original of a photo has been.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhotoCustody {
    /// The photo.
    pub photo_id: PhotoId,
    /// Its file name.
    pub file_name: String,
    /// Of the original.
    pub bytes: u64,
    /// Each job that it was offered for, the latest first; none when it stayed at home.
    pub transfers: Vec<Transfer>,
}

/// One print file on its way to one lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// The order's number.
    pub order: String,
    /// The lab's name.
    pub lab: String,
    /// The lab.
    pub lab_peer: PeerId,
    /// The content hash of the file.
    pub print_file: String,
    /// Whether it is the original itself; otherwise it was made from it.
    pub is_original: bool,
    /// Its length.
    pub bytes: u64,
    /// When its first range left; none if nothing did.
    pub left_at: Option<UnixMs>,
    /// Bytes of it that were handed to the connection; more than `bytes` when what was
    /// under way had to go again after the connection broke.
    pub sent_bytes: u64,
    /// When the lab's receipt came.
    pub received_at: Option<UnixMs>,
    /// Whether the lab has signed that every byte is there, verified and durable.
    pub verified: bool,
    /// The id of that receipt.
    pub receipt: Option<String>,
    /// `not yet`; `on its way`; `once`: the lab verified each range of the job once;
    /// `not again`: the lab had it from an earlier job; or `more than once`.
    pub crossed: String,
    /// Whether the job was taken back from that lab.
    pub withdrawn: bool,
    /// Which other home of the photographer sent it; none if this one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
}
