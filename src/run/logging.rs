//! Where traces go: standard error, as sentences with fields.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts tracing. `RUST_LOG` wins over the number of `-v`.
pub fn start(verbose: u8) {
    let usual = match verbose {
        0 => "warn,enprint=info",
        1 => "info,enprint=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = std::io::stderr().is_terminal();
    let traces = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    traces.with_ansi(colours).with_target(verbose > 0).init();
}
