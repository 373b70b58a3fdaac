//! The configuration file. Every option may stand here, in the environment or on
//! the command line; the later wins. Reads one file; starts nothing.
//!
//! ```toml
//! [host]
//! data = "/srv/enprint"
//! public_url = "https://photos.example"
//!
//! [photographer]
//! approve = true
//! watermark = "PROOF"
//! upload_limit = "5 Mbit/s"
//! upload_hours = "22:00-07:00"
//!
//! [lab]
//! hot_folder = "/srv/prints"
//! ```

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use enprint_node::photographer::upload::{UploadHours, UploadLimit};
use enprint_protocol::Multiaddr;
use serde::Deserialize;

use crate::cli::host::{HostOptions, RelayChoice};
use crate::cli::lab::LabOptions;
use crate::cli::photographer::PhotographerOptions;
use crate::cli::watermark::{Place, WatermarkOptions};

/// What a configuration file may say; see `--help` of each role for the meaning.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub host: HostSection,
    pub photographer: PhotographerSection,
    pub lab: LabSection,
}

/// `[host]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HostSection {
    data: Option<PathBuf>,
    database: Option<String>,
    name: Option<String>,
    web: Option<SocketAddr>,
    public_url: Option<String>,
    listen: Vec<Multiaddr>,
    announce: Vec<Multiaddr>,
    relay: Option<RelayChoice>,
    no_mdns: bool,
    per_address: Option<usize>,
    trust_proxy: Option<IpAddr>,
    metrics: Option<SocketAddr>,
}

/// `[photographer]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhotographerSection {
    data: Option<PathBuf>,
    listen: Vec<Multiaddr>,
    no_mdns: bool,
    no_port_mapping: bool,
    approve: bool,
    watermark: Option<String>,
    watermark_logo: Option<PathBuf>,
    watermark_place: Option<Place>,
    watermark_size: Option<u8>,
    watermark_opacity: Option<u8>,
    workers: Option<usize>,
    reserve_mb: Option<u64>,
    upload_limit: Option<UploadLimit>,
    upload_hours: Option<UploadHours>,
    metrics: Option<SocketAddr>,
}

/// `[lab]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabSection {
    data: Option<PathBuf>,
    hot_folder: Option<PathBuf>,
    name: Option<String>,
    listen: Vec<Multiaddr>,
    keep_days: Option<u16>,
    no_mdns: bool,
    no_port_mapping: bool,
    metrics: Option<SocketAddr>,
}

impl Config {
    /// Reads `file`; without one, nothing is configured.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let Some(file) = file else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("The configuration file {} can't be read", file.display()))?;
        toml::from_str(&text).with_context(|| format!("The configuration file {} has a mistake", file.display()))
    }
}

impl HostSection {
    /// Where its data is.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// Where its database is, if not in the data folder.
    pub fn database(&self) -> Option<String> {
        self.database.clone()
    }

    /// What the command line leaves open, filled from the file.
    pub fn under(self, given: HostOptions) -> HostOptions {
        HostOptions {
            data: given.data.or(self.data),
            database: given.database.or(self.database),
            name: given.name.or(self.name),
            web: given.web.or(self.web),
            public_url: given.public_url.or(self.public_url),
            listen: first_given(given.listen, self.listen),
            announce: first_given(given.announce, self.announce),
            relay: given.relay.or(self.relay),
            no_mdns: given.no_mdns || self.no_mdns,
            per_address: given.per_address.or(self.per_address),
            trust_proxy: given.trust_proxy.or(self.trust_proxy),
            metrics: given.metrics.or(self.metrics),
        }
    }
}

impl PhotographerSection {
    /// Where its data is.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// What the command line leaves open, filled from the file.
    pub fn under(self, given: PhotographerOptions) -> PhotographerOptions {
        let watermark = WatermarkOptions {
            watermark: self.watermark,
            watermark_logo: self.watermark_logo,
            watermark_place: self.watermark_place,
            watermark_size: self.watermark_size,
            watermark_opacity: self.watermark_opacity,
            is_typed: false,
            is_look_typed: false,
        };
        PhotographerOptions {
            data: given.data.or(self.data),
            listen: first_given(given.listen, self.listen),
            no_mdns: given.no_mdns || self.no_mdns,
            no_port_mapping: given.no_port_mapping || self.no_port_mapping,
            usual_tcp: given.usual_tcp,
            approve: given.approve || self.approve,
            watermark: given.watermark.or(watermark),
            workers: given.workers.or(self.workers),
            reserve_mb: given.reserve_mb.or(self.reserve_mb),
            upload_limit: given.upload_limit.or(self.upload_limit),
            upload_hours: given.upload_hours.or(self.upload_hours),
            metrics: given.metrics.or(self.metrics),
        }
    }
}

impl LabSection {
    /// Where its data is.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_deref()
    }

    /// What the command line leaves open, filled from the file.
    pub fn under(self, given: LabOptions) -> LabOptions {
        LabOptions {
            data: given.data.or(self.data),
            hot_folder: given.hot_folder.or(self.hot_folder),
            name: given.name.or(self.name),
            listen: first_given(given.listen, self.listen),
            keep_days: given.keep_days.or(self.keep_days),
            no_mdns: given.no_mdns || self.no_mdns,
            no_port_mapping: given.no_port_mapping || self.no_port_mapping,
            usual_tcp: given.usual_tcp,
            metrics: given.metrics.or(self.metrics),
        }
    }
}

/// Where a role keeps its data unless told otherwise.
pub fn data_dir(given: Option<PathBuf>, role: &str) -> Result<PathBuf> {
    let usual = || std::env::home_dir().map(|home| home.join("Enprint").join(role));
    given
        .or_else(usual)
        .with_context(|| format!("There is no usual folder for data here; give one with --data ({role})"))
}

fn first_given<T>(given: Vec<T>, otherwise: Vec<T>) -> Vec<T> {
    if given.is_empty() { otherwise } else { given }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_unknown_words_are_refused() {
        let config: Config = toml::from_str("[lab]\nname = \"file\"\nhot_folder = \"/hot\"").unwrap();
        let given = LabOptions { name: Some("flag".into()), ..LabOptions::default() };
        let options = config.lab.under(given);
        assert_eq!(options.name.as_deref(), Some("flag"));
        assert_eq!(options.hot_folder, Some(PathBuf::from("/hot")));
        assert!(toml::from_str::<Config>("[lab]\nhotfolder = \"/hot\"").is_err());
    }
}
