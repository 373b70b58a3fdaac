//! What a person or a monitoring program sees of a running peer. Decides nothing.
//!
//! | file | owns |
//! |---|---|
//! | `line` | a connection as a status shows it |
//! | `meter` | what crosses one connection, how fast, and its round trip |
//! | `new_lines` | counts on their way from the transport to the swarm |
//! | `peer_status` | a peer with its lines as a status shows it |
//! | `tally` | requests answered, refused, asked and failed |
//! | `swarm` | what libp2p counts |
//! | `figures` | all figures as Prometheus's text |

mod figures;
mod line;
mod meter;
mod new_lines;
mod peer_status;
mod swarm;
mod tally;

pub use figures::{BacklogFigures, FIGURES_TYPE, Figures, Sample};
pub use line::{Carrier, Line, LineWay};
pub(super) use meter::Meter;
pub(super) use new_lines::NewLines;
pub use peer_status::PeerStatus;
pub(super) use swarm::SwarmRecorder;
pub(super) use tally::{Counts, Tally};
