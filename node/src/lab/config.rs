//! What a lab is told when it starts. Reads no file: `enprint` fills it from file,
//! environment and flags, in that order.

use std::path::PathBuf;
use std::time::Duration;

use enprint_protocol::Multiaddr;
use enprint_protocol::peer::PeerReach;

/// How a lab runs.
#[derive(Debug, Clone)]
pub struct LabConfig {
    /// Where the key, the list of jobs and half-received files are kept.
    pub data_dir: PathBuf,
    /// The name that photographers and customers see.
    pub name: String,
    /// Where photographers reach this lab; port 0 takes a free one.
    pub listen: Vec<Multiaddr>,
    /// How it finds others behind routers and on the local network.
    pub reach: PeerReach,
    /// Where finished order folders appear; made if it is not there.
    pub hot_folder: PathBuf,
    /// Free bytes that a job leaves on both disks.
    pub reserve_bytes: u64,
    /// How long print files stay here after their order is placed, so that a reprint
    /// sends nothing; zero keeps none.
    pub keep: Duration,
    /// Bytes of print files that are kept so; the oldest go first.
    pub keep_bytes: u64,
}

impl LabConfig {
    /// The defaults, with data in `data_dir` and the hot folder in it.
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            hot_folder: data_dir.join("hot-folder"),
            data_dir,
            name: "Lab".into(),
            listen: Vec::new(),
            reach: PeerReach::default(),
            reserve_bytes: crate::limits::LAB_RESERVE_BYTES,
            keep: crate::limits::KEEP,
            keep_bytes: crate::limits::KEPT_BYTES_MAX,
        }
    }
}
