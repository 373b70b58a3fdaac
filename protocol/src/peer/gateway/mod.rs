//! The router's help: asked by PCP, NAT-PMP or UPnP to let callers in at the ports at which this
//! peer listens, for an hour at a time, and told when they are not needed any more. Only
//! the default gateway of a local network is asked. What it answers is not believed: a
//! host has to reach the port before it counts (`outside`).
//!
//! | file | owns |
//! |---|---|
//! | `keeper` | when it is asked, and what for |
//! | `lease` | one open port, whichever way it was asked for |
//! | `upnp` | routers that speak UPnP alone |
//! | `help` | what came of it, in words |

mod help;
mod keeper;
mod lease;
mod upnp;

pub(super) use help::Help;
pub use help::RouterHelp;
pub(super) use keeper::Keeper;
