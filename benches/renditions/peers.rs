//! Installs the peers, by their own package managers, into a cache folder outside of
//! this repository. A peer that can't be had is said so and left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

/// The peers that are there.
#[derive(Debug)]
pub struct Peers {
    /// The script that runs sharp, by `node`.
    pub sharp: Option<PathBuf>,
    /// The Python that has pyvips, and the script that runs it.
    pub vips: Option<(PathBuf, PathBuf)>,
}

/// The peers in `folder`, or in a cache folder, installed there unless they are.
pub fn installed(folder: Option<PathBuf>) -> anyhow::Result<Peers> {
    let folder = folder.unwrap_or_else(cache_folder);
    fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    Ok(Peers { sharp: or_without("sharp", sharp(&folder)), vips: or_without("libvips", vips(&folder)) })
}

fn cache_folder() -> PathBuf {
    let of_home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(of_home);
    cache.unwrap_or_else(std::env::temp_dir).join("enprint-bench-peers")
}

fn or_without<T>(name: &str, peer: anyhow::Result<T>) -> Option<T> {
    peer.inspect_err(|reason| println!("{name} is not to be had here, so its column is left out: {reason:#}")).ok()
}

fn sharp(folder: &Path) -> anyhow::Result<PathBuf> {
    if !folder.join("node_modules/sharp/package.json").is_file() {
        fs::write(folder.join("package.json"), "{\"private\": true}")?;
        run(Command::new("npm").args(["install", "sharp", "--no-audit", "--no-fund"]).current_dir(folder))?;
    }
    let script = folder.join("sharp.mjs");
    fs::write(&script, include_str!("sharp.mjs"))?;
    Ok(script)
}

fn vips(folder: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let python = folder.join("venv/bin/python");
    let has_pyvips = || run(Command::new(&python).args(["-c", "import pyvips"]));
    if !python.is_file() || has_pyvips().is_err() {
        run(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(folder))?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pyvips[binary]"]))?;
        has_pyvips()?;
    }
    let script = folder.join("vips.py");
    fs::write(&script, include_str!("vips.py"))?;
    Ok((python, script))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{name} cannot be started"))?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed: {}", complaint.lines().last().unwrap_or("it does not say why"));
    Ok(())
}
