//! The peers: iroh-blobs in a program of its own (`iroh/`), which stores and verifies at
//! both ends as it does by itself; rsync without ssh, which checks at the end; curl over
//! HTTPS from four of openssl's servers, which checks nothing but what TLS does. Enprint's
//! peers are connected before a job comes, so curl's time begins when it has its connections;
//! rsync can't say when, and its time has one round trip more.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use crate::line::{End, Line};
use crate::ours::Outcome;
use crate::plan::CURL_AT_ONCE;

const RSYNC_PORT: u16 = 4_476;
const PORT: u16 = 4_477;
/// Files that iroh-blobs fetches at once, as when it was first measured; others not tried.
const IROH_AT_ONCE: &str = "4";

/// The peers that are there.
#[derive(Debug)]
pub struct Peers {
    iroh: Option<PathBuf>,
    certificate: Option<PathBuf>,
}

/// A server until it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop((self.0.kill(), self.0.wait()));
    }
}

impl Peers {
    /// Builds and prepares what can be had of those named.
    pub fn built(work: &Path, names: &[String]) -> Self {
        let wanted = names.iter().any(|name| name == "iroh");
        let iroh = wanted.then(|| or_without("iroh-blobs", built("iroh", "transfer-iroh"))).flatten();
        Self { iroh, certificate: or_without("curl over HTTPS", certificate(work)) }
    }

    /// Brings the files of `card` to the other end by that peer; None if it is not there.
    pub fn transfer(&self, name: &str, line: &Line, dir: &Path, card: &Path) -> Option<Outcome> {
        let came = dir.join("came");
        fs::create_dir_all(&came).unwrap();
        let done = match name {
            "iroh" => iroh(self.iroh.as_ref()?, line, dir, card),
            "rsync" => rsync(line, dir, card, &came),
            "curl" => curl(self.certificate.as_ref()?, line, card, &came),
            _ => return None,
        };
        or_without(name, done)
    }
}

/// Builds a program of this bench that is a package apart, into the target folder.
pub fn built(folder: &str, program: &str) -> anyhow::Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/transfer").join(folder);
    let target = Path::new(env!("CARGO_BIN_EXE_enprint")).parent().context("no target folder")?.join(folder);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--locked", "--manifest-path"])
        .arg(package.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .status()?;
    ensure!(status.success(), "{program} can't be built");
    Ok(target.join("release").join(program))
}

fn or_without<T>(name: &str, peer: anyhow::Result<T>) -> Option<T> {
    peer.inspect_err(|reason| println!("{name} is left out: {reason:#}")).ok()
}

fn iroh(program: &Path, line: &Line, dir: &Path, card: &Path) -> anyhow::Result<Outcome> {
    let address = format!("{}:{PORT}", line.address(End::Sender));
    let mut serve = line.command(End::Sender, program);
    serve.arg("serve").arg(dir.join("sending")).arg(card).arg(&address).stdout(Stdio::piped());
    let mut server = Server(serve.spawn()?);
    let output = BufReader::new(server.0.stdout.take().context("no output")?);
    let lines = output.lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let announced: Vec<String> = lines.collect();

    let before = line.sent_bytes();
    let mut fetch = line.command(End::Receiver, program);
    fetch.arg("fetch").arg(dir.join("receiving")).args([&address, IROH_AT_ONCE]);
    let mut fetching = fetch.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    fetching.stdin.take().context("no input")?.write_all(announced.join("\n").as_bytes())?;
    let output = fetching.wait_with_output()?;
    ensure!(output.status.success(), "iroh-blobs did not fetch");
    let seconds = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Outcome { seconds, job_seconds: None, wire_bytes: line.sent_bytes() - before })
}

fn rsync(line: &Line, dir: &Path, card: &Path, came: &Path) -> anyhow::Result<Outcome> {
    let (config, address) = (dir.join("rsyncd.conf"), line.address(End::Sender));
    let text = format!("use chroot = no\nuid = 0\ngid = 0\n[card]\npath = {}\nread only = yes\n", card.display());
    fs::write(&config, text)?;
    let mut serve = line.command(End::Sender, "rsync");
    serve
        .args(["--daemon", "--no-detach", "--port", &RSYNC_PORT.to_string(), "--address", address, "--config"])
        .arg(&config);
    let _server = Server(serve.spawn()?);
    is_up(line, RSYNC_PORT)?;
    let mut fetch = line.command(End::Receiver, "rsync");
    fetch
        .args(["--recursive", "--whole-file", "--fsync"])
        .args([&format!("rsync://{address}:{RSYNC_PORT}/card/"), &format!("{}/", came.display())]);
    Ok(timed(line, &mut fetch)?.0)
}

fn curl(certificate: &Path, line: &Line, card: &Path, came: &Path) -> anyhow::Result<Outcome> {
    let address = line.address(End::Sender);
    // Each of openssl's servers serves one connection at a time.
    let ports = PORT..PORT + CURL_AT_ONCE as u16;
    let serve = |port| {
        let mut serve = line.command(End::Sender, "openssl");
        let accept = format!("{address}:{port}");
        serve.args(["s_server", "-quiet", "-WWW", "-accept", &accept, "-cert"]).arg(certificate).current_dir(card);
        Ok(Server(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    };
    let _servers = ports.clone().map(serve).collect::<anyhow::Result<Vec<_>>>()?;
    ports.clone().try_for_each(|port| is_up(line, port))?;
    let mut fetch = line.command(End::Receiver, "curl");
    fetch.args([
        "--silent",
        "--show-error",
        "--no-progress-meter",
        "--insecure",
        "--http1.1",
        "--write-out",
        "%{time_pretransfer}\\n",
        "--parallel",
        "--parallel-max",
        &CURL_AT_ONCE.to_string(),
    ]);
    for (entry, port) in fs::read_dir(card)?.zip(ports.cycle()) {
        let name = entry?.file_name().into_string().map_err(|_| anyhow::anyhow!("a name"))?;
        fetch.arg("--output").arg(came.join(&name)).arg(format!("https://{address}:{port}/{name}"));
    }
    let (outcome, said) = timed(line, &mut fetch)?;
    let connecting = said.lines().filter_map(|seconds| seconds.parse().ok()).fold(f64::INFINITY, f64::min);
    ensure!(connecting < outcome.seconds, "curl does not say how long it took to connect: {said:?}");
    let outcome = Outcome { seconds: outcome.seconds - connecting, ..outcome };
    let bytes: u64 = fs::read_dir(came)?.flatten().filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    let sent: u64 = fs::read_dir(card)?.flatten().filter_map(|entry| Some(entry.metadata().ok()?.len())).sum();
    ensure!(bytes == sent, "curl got {bytes} of {sent} bytes");
    Ok(outcome)
}

/// What came of it, and what it said.
fn timed(line: &Line, command: &mut Command) -> anyhow::Result<(Outcome, String)> {
    let (before, begin) = (line.sent_bytes(), Instant::now());
    let output = command.stderr(Stdio::inherit()).output()?;
    let seconds = begin.elapsed().as_secs_f64();
    ensure!(output.status.success(), "it failed: {}", output.status);
    let outcome = Outcome { seconds, job_seconds: None, wire_bytes: line.sent_bytes() - before };
    Ok((outcome, String::from_utf8(output.stdout)?))
}

/// Waits until the server listens.
fn is_up(line: &Line, port: u16) -> anyhow::Result<()> {
    let listens = format!(":{port:04X} 00000000:0000 0A");
    for _ in 0..500 {
        let listed = line.command(End::Sender, "cat").arg("/proc/net/tcp").output()?;
        if String::from_utf8_lossy(&listed.stdout).contains(&listens) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(10));
    }
    anyhow::bail!("no server listens at port {port}")
}

fn certificate(work: &Path) -> anyhow::Result<PathBuf> {
    let file = work.join("certificate.pem");
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench", "-keyout"]);
    let key = work.join("key.pem");
    let output = openssl.arg(&key).arg("-out").arg(&file).output()?;
    ensure!(output.status.success(), "openssl makes no certificate");
    let both = [fs::read(&key)?, fs::read(&file)?].concat();
    fs::write(&file, both)?;
    Ok(file)
}
