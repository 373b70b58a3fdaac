//! One role of `enprint` as a real process, which can be killed and started again
//! on the same ports.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::cli;
use super::clock::Clock;
use super::ports::Held;
use super::waiting::within;

/// What a process in a namespace traces to its log.
const TRACES: &str = "warn,enprint=info,enprint_protocol=debug,enprint_node=debug";

/// A process that runs until it is dropped.
pub struct Process {
    role: &'static str,
    namespace: Option<String>,
    clock: Option<Clock>,
    mdns: bool,
    data: PathBuf,
    flags: Vec<String>,
    child: Option<Child>,
    ready: Value,
    /// Its ports, from the first time that it is away.
    held: Option<Held>,
}

impl Process {
    /// A host with its web pages.
    pub async fn host(dir: &Path, flags: &[&str]) -> Self {
        Self::host_named("The host", dir, flags).await
    }

    /// As [`Self::host`], by another name.
    pub async fn host_named(name: &str, dir: &Path, flags: &[&str]) -> Self {
        let flags: Vec<&str> = ["--name", name, "--web", "127.0.0.1:0"].iter().chain(flags).copied().collect();
        Self::start("host", dir, &flags).await
    }

    /// A photographer's node.
    pub async fn photographer(dir: &Path, flags: &[&str]) -> Self {
        let flags: Vec<&str> = ["--reserve-mb", "0"].iter().chain(flags).copied().collect();
        Self::start("photographer", dir, &flags).await
    }

    /// A lab with its hot folder.
    pub async fn lab(dir: &Path) -> Self {
        Self::lab_with(dir, &[]).await
    }

    /// As [`Self::lab`], with further flags.
    pub async fn lab_with(dir: &Path, flags: &[&str]) -> Self {
        Self::lab_named(dir, "The lab", flags).await
    }

    /// A lab of that name.
    pub async fn lab_named(dir: &Path, name: &str, flags: &[&str]) -> Self {
        let hot = dir.join("hot");
        let own = ["--name", name, "--hot-folder", hot.to_str().unwrap()];
        Self::start("lab", dir, &own.iter().chain(flags).copied().collect::<Vec<_>>()).await
    }

    /// One role in a network namespace of its own, where mDNS finds nobody else's; `flags`
    /// say where it listens.
    pub fn inside(namespace: &str, role: &'static str, dir: &Path, flags: &[&str], mdns: bool) -> Self {
        let mut process = Self::new(role, dir, flags);
        (process.namespace, process.mdns) = (Some(namespace.to_owned()), mdns);
        process.run(&[]);
        process
    }

    async fn start(role: &'static str, dir: &Path, flags: &[&str]) -> Self {
        let mut process = Self::new(role, dir, flags);
        process.run(&["--listen", "/ip4/127.0.0.1/tcp/0"]);
        process
    }

    fn new(role: &'static str, dir: &Path, flags: &[&str]) -> Self {
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let (namespace, clock, child, ready, held) = (None, None, None, Value::Null, None);
        Self { role, namespace, clock, mdns: false, data: dir.join(role), flags, child, ready, held }
    }

    /// Starts the process again, on the ports that it had.
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the {} runs", self.role);
        if self.namespace.is_some() {
            return self.run(&[]);
        }
        let listen = self.ready["addresses"][0].as_str().unwrap();
        let listen = listen.split("/p2p/").next().unwrap().to_owned();
        let mut last: Vec<&str> = vec!["--listen", &listen];
        let web = self.ready["web"].as_str().map(|web| web.trim_start_matches("http://").to_owned());
        if let Some(web) = &web {
            self.flags.retain(|flag| flag != "--web" && flag != "127.0.0.1:0");
            last.extend(["--web", web]);
        }
        self.run(&last);
    }

    /// As [`Self::restart`], at other addresses.
    pub fn restart_at(&mut self, listen: &[&str]) {
        assert!(self.child.is_none(), "the {} runs", self.role);
        let listen = listen.join(",");
        let web = self.ready["web"].as_str().map(|web| web.trim_start_matches("http://").to_owned());
        if let Some(web) = web.filter(|_| self.flags.iter().any(|flag| flag == "127.0.0.1:0")) {
            self.set_flag("--web", &web);
        }
        self.run(&["--listen", &listen]);
    }

    /// The clock that the process has from the next start on.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = Some(clock);
    }

    /// Every address, with the peer id.
    pub fn addresses(&self) -> Vec<String> {
        self.ready["addresses"].as_array().unwrap().iter().map(|at| at.as_str().unwrap().to_owned()).collect()
    }

    /// The value that a flag has from the next start on.
    pub fn set_flag(&mut self, flag: &str, value: &str) {
        let at = self.flags.iter().position(|given| given == flag).expect("it was given");
        self.flags[at + 1] = value.to_owned();
    }

    /// A flag, or its value, that the process has too from the next start on.
    pub fn add_flag(&mut self, flag: &str) {
        self.flags.push(flag.to_owned());
    }

    /// Flags and values that the process has no longer from the next start on.
    pub fn drop_flags(&mut self, dropped: &[&str]) {
        self.flags.retain(|flag| !dropped.contains(&flag.as_str()));
    }

    /// Ends the process as a power cut would.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
        self.hold();
    }

    /// Nobody else gets the ports of one that does not run.
    fn hold(&mut self) {
        if self.namespace.is_none() {
            self.held = self.held.take().or_else(|| Some(Held::of(&self.ready)));
        }
    }

    /// Runs a sub-command for this process's data folder, and takes its answer.
    pub fn says(&self, args: &[&str]) -> Value {
        self.tries(args).unwrap_or_else(|problem| panic!("{} {args:?}: {problem}", self.role))
    }

    /// As [`Self::says`], for what may fail.
    pub fn tries(&self, args: &[&str]) -> Result<Value, String> {
        cli::enprint_in(self.namespace.as_deref(), &self.command_line(args))
    }

    /// As [`Self::says`], for what ends with 1 and a report.
    pub fn reports(&self, args: &[&str]) -> Value {
        let (answer, code, said) = cli::reports(&self.command_line(args));
        assert_eq!(code, 1, "{args:?}: {said}");
        answer
    }

    /// At a photographer's node: the line that a second home joins with.
    pub fn invites_a_home(&self) -> String {
        self.says(&["second-home", "invite"])["line"].as_str().unwrap().to_owned()
    }

    /// Becomes the second home of another photographer's node.
    pub fn follows(&self, first: &Self) {
        let joined = self.says(&["second-home", "join", &first.invites_a_home(), "--name", "NAS"]);
        assert_eq!(joined["homes"][0]["is_first"], true, "{joined}");
    }

    /// Ends the process as a power cut would, from where it can't be changed:
    /// [`Self::kill`] takes it away.
    pub fn end(&self) {
        self.signal("-9");
    }

    /// Asks the process to end, as a service manager does.
    pub fn asked_to_stop(&self) {
        self.signal("-TERM");
    }

    /// Asks the process to end, and waits for that, so long and no longer.
    pub async fn stops_within(&mut self, patience: Duration) {
        self.asked_to_stop();
        let mut child = self.child.take().expect("it runs");
        within(patience, "it ends", || child.try_wait().unwrap()).await;
        self.hold();
    }

    /// Stops the process where it is, as a machine that sleeps does, until [`Self::wakes`].
    pub fn falls_asleep(&self) {
        self.signal("-STOP");
    }

    /// Lets the process go on.
    pub fn wakes(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let process = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// As [`Self::says`], for what must fail: the sentence.
    pub fn refuses(&self, args: &[&str]) -> String {
        match self.tries(args) {
            Ok(answer) => panic!("{} {args:?} was not refused: {answer}", self.role),
            Err(problem) => problem,
        }
    }

    /// The first address, with the peer id.
    pub fn address(&self) -> String {
        self.ready["addresses"][0].as_str().unwrap().to_owned()
    }

    /// Who it is.
    pub fn peer_id(&self) -> String {
        self.ready["peer_id"].as_str().unwrap().to_owned()
    }

    /// Where the web pages are.
    pub fn site(&self) -> String {
        self.ready["web"].as_str().unwrap().to_owned()
    }

    /// Where its figures are.
    pub fn metrics(&self) -> String {
        self.ready["metrics"].as_str().unwrap().to_owned()
    }

    /// What it traces, where it is in a namespace.
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Memory that it has now, in KiB; Linux alone tells.
    pub fn memory_kb(&self) -> u64 {
        let process = self.child.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let row = status.lines().find_map(|row| row.strip_prefix("VmRSS:")).expect("Linux says");
        row.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// A sub-command for its data folder.
    pub fn command_line(&self, args: &[&str]) -> Vec<String> {
        let head = [self.role, "--json", "--data", self.data.to_str().unwrap()];
        let own = self.flags.iter().map(String::as_str).chain(self.no_mdns());
        head.into_iter().chain(own).chain(args.iter().copied()).map(str::to_owned).collect()
    }

    fn no_mdns(&self) -> Option<&'static str> {
        (!self.mdns).then_some("--no-mdns")
    }

    fn run(&mut self, last: &[&str]) {
        let mut command = cli::command(self.namespace.as_deref());
        command.args([self.role, "run", "--json", "--data", self.data.to_str().unwrap()]);
        if self.namespace.is_some() {
            command.env("RUST_LOG", TRACES).stderr(File::options().append(true).create(true).open(self.log()).unwrap());
        } else if std::env::var_os("RUST_LOG").is_none() {
            // What the processes trace would drown what the tests say.
            command.env("RUST_LOG", "error");
        }
        if let Some(clock) = &self.clock {
            clock.give(&mut command);
        }
        command.args(&self.flags).args(last).args(self.no_mdns()).stdout(Stdio::piped()).stdin(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.child = Some(child);
        self.ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the {} did not start: {line}", self.role));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
