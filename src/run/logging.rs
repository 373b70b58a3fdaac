//! Where traces go: standard error, as sentences with fields.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts tracing. `RUST_LOG` wins over the number of `-v`. What runs for long tells
/// its steps; a command only what broke, since its answer says what is amiss, and not what
/// other peers ask for in vain while it runs. What
/// sled says of a damaged part, whoever met it says in words.
pub fn start(verbose: u8, runs_for_long: bool) {
    let usual = match verbose {
        0 if runs_for_long => "warn,sled=off,enprint=info",
        0 => "error,sled=off",
        1 => "info,enprint=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let colours = std::io::stderr().is_terminal();
    let traces = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    traces.with_ansi(colours).with_target(verbose > 0).init();
}
