//! Runs a host with its web pages, or does one thing for its operator.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use enprint_customer_web::{Bound, SiteConfig};
use enprint_host_index::views::HostStatus;
use enprint_host_index::{Host, HostConfig, HostError, Index};
use enprint_node::control;
use enprint_protocol::enrol::Role;
use enprint_protocol::peer::{PeerReach, Relay};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::data_folder::check_is_not_of_another;
use super::host_control::{self, HostDesk, HostQuestion};
use super::metrics::Metrics;
use super::stopping::{self, or_stopped, unless_stopped, until_stopped};
use super::{command, listening};
use crate::cli::host::{HostCommand as Command, HostOptions, InviteRole, RelayChoice};
use crate::config::data_dir;
use crate::show;

/// The port on which a host listens for peers unless told otherwise.
const PORT: u16 = 4040;
/// How a command ends that somebody stopped.
const WHILE_IT_WAS_DONE: &str = "Stopped as asked, before the command was done; give it again to be sure that it is";
/// Where its web pages listen unless told otherwise: behind a proxy on this machine.
const WEB: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);

/// A host whose peer and web pages listen. Nothing is answered before
/// [`run`](Self::run).
pub struct OpenHost {
    /// Its peer and database.
    pub host: Host,
    /// Its web pages.
    pub pages: Bound,
}

impl OpenHost {
    /// Opens the database, starts the peer, and listens for customers.
    pub async fn open(config: HostConfig, site: SiteConfig) -> Result<Self> {
        let host = Host::start(config).await.map_err(listening::explained).context("The host can't start")?;
        let pages = enprint_customer_web::bind(site, host.index().clone())
            .await
            .context("The web pages can't start; --web says where they listen")?;
        host.index().found_at(pages.public_url())?;
        Ok(Self { host, pages })
    }

    /// Runs both until `shutdown`: customers are sent home first, then the peer stops,
    /// then the database is closed.
    pub async fn run(self, shutdown: CancellationToken) {
        let (data_dir, watch) = (self.host.data_dir().to_owned(), self.host.watch());
        let asked = async {
            let desk = Arc::new(HostDesk(watch));
            if let Err(error) = control::serve(desk, &data_dir, shutdown.clone()).await {
                tracing::warn!(%error, "the running host can’t be asked how it is");
            }
        };
        let pages_closed = CancellationToken::new();
        let pages = async {
            self.pages.run(shutdown.cancelled()).await;
            pages_closed.cancel();
        };
        tokio::join!(asked, pages, self.host.run(pages_closed.clone()));
    }
}

/// Runs the host, or one command.
pub async fn run(options: HostOptions, command: Option<Command>, json: bool) -> Result<()> {
    let (site, metrics) = (site(&options), options.metrics);
    let config = config(options)?;
    check_is_not_of_another("host", &config.data_dir)?;
    match command {
        None | Some(Command::Run) => serve(config, site, metrics, json).await,
        Some(Command::Status) => {
            check_is_there(&config)?;
            show::answer(json, &status(config).await?, show::host::status)
        }
        Some(command) => {
            check_is_there(&config)?;
            let open = command::before_it_began(async move { Index::open(&config).await });
            let index = open.await.context("The host's database can't be opened")?;
            let done = or_stopped(WHILE_IT_WAS_DONE, operate(&index, command, json)).await?;
            index.close().await;
            done
        }
    }
}

/// How the host is, whether or not it runs.
pub async fn status(config: HostConfig) -> Result<HostStatus> {
    let data_dir = config.data_dir.clone();
    let here = || command::before_it_began(host_control::look(config.clone()));
    command::ask_or::<HostDesk, _>(&data_dir, HostQuestion::Status, |_| {}, here).await
}

/// A command for a folder that no host has run on is one for the wrong folder.
fn check_is_there(config: &HostConfig) -> Result<()> {
    let data_dir = &config.data_dir;
    if !data_dir.join("host.key").is_file() {
        bail!(
            "There is no host in {}. Another folder is said with --data; “enprint host” starts a host here. Nothing was \
             written there",
            data_dir.display()
        );
    }
    Ok(())
}

pub fn config(options: HostOptions) -> Result<HostConfig> {
    let mut usual = HostConfig::new(data_dir(options.data, "host")?);
    if let Some(count) = options.per_address {
        usual.peer_limits.connections_per_address_max = count;
    }
    Ok(HostConfig {
        database: options.database,
        name: options.name.unwrap_or_else(|| usual.name.clone()),
        public_url: options.public_url,
        listen: listening::at(options.listen, PORT),
        reach: PeerReach {
            announce: options.announce,
            relay: match options.relay {
                Some(RelayChoice::Nothing) => Relay::Nothing,
                None | Some(RelayChoice::Meetings) => Relay::Meetings,
                Some(RelayChoice::Files) => Relay::Files,
            },
            mdns: !options.no_mdns,
            map_ports: false,
            usual_tcp: false,
        },
        ..usual
    })
}

fn site(options: &HostOptions) -> SiteConfig {
    SiteConfig {
        listen: options.web.unwrap_or_else(|| SocketAddr::from(WEB)),
        public_url: options.public_url.clone(),
        trust_proxy: options.trust_proxy,
        passes_files_on: options.relay == Some(RelayChoice::Files),
    }
}

async fn serve(config: HostConfig, site: SiteConfig, metrics: Option<SocketAddr>, json: bool) -> Result<()> {
    let stop = until_stopped();
    let metrics = Metrics::open(metrics).await?;
    let Some(opened) = unless_stopped(OpenHost::open(config, site)).await? else {
        return stopping::before_it_ran("The host");
    };
    let open = opened?;
    let addresses: Vec<String> = open.host.addresses().iter().map(ToString::to_string).collect();
    let ready = json!({
        "role": "host",
        "peer_id": open.host.peer_id().to_string(),
        "addresses": addresses,
        "web": format!("http://{}", open.pages.local_addr()),
        "public_url": open.pages.public_url(),
        "metrics": metrics.url(),
    });
    show::answer(json, &ready, |_| show::host::ready(open.pages.public_url(), &addresses))?;
    let watch = open.host.watch();
    let figures = move || {
        let watch = watch.clone();
        async move { watch.figures().await }
    };
    metrics.beside(figures, open.run(stop)).await;
    Ok(())
}

/// Does what the operator asks for, beside a host that may be running.
async fn operate(index: &Index, command: Command, json: bool) -> Result<()> {
    match command {
        Command::Run | Command::Status => Ok(()),
        Command::Invite { role, days } => invite(index, role, days, json).await,
        Command::Peers => {
            let peers = index.peers().await?;
            show::answer(json, &show::host::peers_json(&peers), |_| show::host::peers(&peers))
        }
        Command::Suspend { peer } => {
            let peer = find_peer(index, &peer).await?;
            index.suspend_peer(peer).await?;
            show::answer(json, &json!({ "suspended": peer.to_string() }), |_| {
                "Suspended; its galleries are closed.".into()
            })
        }
        Command::Restore { peer } => {
            let peer = find_peer(index, &peer).await?;
            index.restore_peer(peer).await?;
            show::answer(json, &json!({ "restored": peer.to_string() }), |_| "Restored.".into())
        }
        Command::Events => {
            let events = index.events().await?;
            show::answer(json, &show::host::events_json(&events), |_| show::host::events(&events))
        }
        Command::Orders => {
            let orders = index.orders().await?;
            show::answer(json, &show::host::orders_json(&orders), |_| show::host::orders(&orders))
        }
        Command::Paid { order } => paid(index, &order, json).await,
        Command::Backup { file } => {
            index.backup_to(&file).await?;
            show::answer(json, &json!({ "backup": file }), |_| show::host::backed_up(&file))
        }
    }
}

async fn invite(index: &Index, role: InviteRole, days: u32, json: bool) -> Result<()> {
    let role = match role {
        InviteRole::Photographer => Role::Photographer,
        InviteRole::Lab => Role::Lab,
    };
    let code = index.invite(role, Duration::from_secs(u64::from(days) * 24 * 60 * 60)).await?;
    let addresses: Vec<String> = index.addresses().await?.iter().map(ToString::to_string).collect();
    let answer = json!({
        "invitation": code.to_string(),
        "role": role.word(),
        "days": days,
        "addresses": addresses,
    });
    show::answer(json, &answer, |_| show::host::invitation(&code.to_string(), role, days, &addresses))
}

async fn paid(index: &Index, named: &str, json: bool) -> Result<()> {
    let order_id = match index.find_order(named).await {
        Err(HostError::NotHere) => bail!("No order here has the number “{named}”; “enprint host orders” lists them"),
        found => found?,
    };
    let is_new = index.mark_paid(order_id).await?;
    let answer = json!({ "order_id": order_id.to_string(), "number": order_id.number(), "was_paid": !is_new });
    show::answer(json, &answer, |_| match is_new {
        true => format!("{} is paid; its photographer is told.", order_id.number()),
        false => format!("{} was paid already.", order_id.number()),
    })
}

/// The peer that a person names by its name, its id or the beginning of it.
async fn find_peer(index: &Index, named: &str) -> Result<enprint_protocol::PeerId> {
    let peers = index.peers().await?;
    let is_named =
        |peer: &&enprint_host_index::views::PeerView| peer.name == named || peer.peer_id.to_string().starts_with(named);
    let found: Vec<_> = peers.iter().filter(is_named).collect();
    match found.as_slice() {
        [peer] => Ok(peer.peer_id),
        [] => bail!("No peer here is called “{named}”; “enprint host peers” lists them"),
        _ => bail!("Several peers are called “{named}”; give more of the peer id"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_say_that_print_files_are_passed_on_where_the_relay_does_so_and_there_alone() {
        for (relay, passes_on) in [
            (None, false),
            (Some(RelayChoice::Nothing), false),
            (Some(RelayChoice::Meetings), false),
            (Some(RelayChoice::Files), true),
        ] {
            let options = HostOptions { data: Some("host".into()), relay, ..HostOptions::default() };
            assert_eq!(site(&options).passes_files_on, passes_on, "{relay:?}");
            assert_eq!(config(options).unwrap().reach.relay == Relay::Files, passes_on, "{relay:?}");
        }
    }
}
