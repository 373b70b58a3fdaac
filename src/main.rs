//! The one program: `enprint host`, `enprint photographer`, `enprint lab`, `enprint demo`.

mod cli;
mod config;
mod demo;
mod limits;
mod output;
mod progress;
mod run;
mod show;

fn main() -> std::process::ExitCode {
    if run::child::is_meant() {
        return run::child::serve();
    }
    let runtime = match run::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return show::outcome(Err(error), false),
    };
    run::hear(&runtime);
    run::child::use_myself();
    let cli = cli::Cli::read();
    output::keep_apart();
    run::logging::start(cli.common.verbose, cli.role.runs_for_long());
    let outcome = runtime.block_on(run::run(cli));
    run::end(runtime);
    show::outcome(outcome, run::is_stopped())
}
