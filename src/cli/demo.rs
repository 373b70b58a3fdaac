//! `enprint demo`.

use std::path::PathBuf;

use clap::Args;

use super::addresses::web_address;

/// `enprint demo …`
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Photos to show; without it the demo makes its own
    #[arg(long, value_name = "DIR")]
    pub photos: Option<PathBuf>,
    /// Orders prints as a customer would, waits until the lab has them, checks, and ends
    #[arg(long)]
    pub exit: bool,
    /// Writes what was measured to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Where the data of the three goes; without it a temporary folder, removed at the end
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where the web pages listen; port 0 takes a free one [default: 127.0.0.1:8080, or a free port with --exit]
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = web_address)]
    pub web: Option<std::net::SocketAddr>,
}
