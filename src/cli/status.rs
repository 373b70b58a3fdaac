//! `enprint status`.

use std::path::PathBuf;

use clap::Args;

/// `enprint status …`
#[derive(Debug, Clone, Default, Args)]
pub struct StatusArgs {
    /// A data folder, or one with the folders host, photographer and lab in it; may be
    /// repeated [default: where each role usually keeps its data]
    #[arg(long, value_name = "DIR")]
    pub data: Vec<PathBuf>,
}
