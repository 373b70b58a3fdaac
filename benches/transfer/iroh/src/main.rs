//! iroh-blobs as a peer of the bench: one end serves the files of a folder from its store
//! on disk, the other fetches them into its own, several at once. Its defaults are kept;
//! only relays and the search for addresses are left out, since the bench has one line.
//!
//! `transfer-iroh serve STORE FOLDER LISTEN` prints its id and a line for each file's hash.
//! `transfer-iroh fetch STORE ADDRESS AT_ONCE` reads that from its input and prints the
//! seconds from the first connection to the last file.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, bail};
use iroh::endpoint::presets;
use iroh::protocol::Router;
use iroh::{Endpoint, EndpointAddr, EndpointId, RelayMode};
use iroh_blobs::store::fs::FsStore;
use iroh_blobs::{BlobsProtocol, Hash};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve", store, folder, listen] => serve(store, folder, listen.parse()?).await,
        ["fetch", store, address, at_once] => fetch(store, address.parse()?, at_once.parse()?).await,
        _ => bail!("serve STORE FOLDER LISTEN, or fetch STORE ADDRESS AT_ONCE"),
    }
}

async fn serve(store: &str, folder: &str, listen: SocketAddr) -> anyhow::Result<()> {
    let store = FsStore::load(store).await.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let endpoint = endpoint(listen).await?;
    println!("{}", endpoint.id());
    for entry in std::fs::read_dir(folder)? {
        let tag = store.blobs().add_path(entry?.path()).await.context("a file can't be added")?;
        println!("{}", tag.hash);
    }
    println!();
    let router = Router::builder(endpoint).accept(iroh_blobs::ALPN, BlobsProtocol::new(&store, None)).spawn();
    tokio::signal::ctrl_c().await?;
    router.shutdown().await.context("the router did not stop")
}

async fn fetch(store: &str, address: SocketAddr, at_once: usize) -> anyhow::Result<()> {
    let mut lines = std::io::stdin().lines();
    let id: EndpointId = lines.next().context("no id")??.trim().parse()?;
    let hashes = lines.map(|line| Ok(line?.trim().parse::<Hash>()?)).collect::<anyhow::Result<Vec<_>>>()?;
    let store = FsStore::load(store).await.map_err(|error| anyhow::anyhow!("{error:#}"))?;
    let endpoint = endpoint("0.0.0.0:0".parse()?).await?;
    let begin = Instant::now();
    let connection = endpoint.connect(EndpointAddr::new(id).with_ip_addr(address), iroh_blobs::ALPN).await?;
    let mut fetching = JoinSet::new();
    for hash in hashes {
        while fetching.len() >= at_once {
            fetching.join_next().await.context("nothing is fetched")???;
        }
        let (store, connection) = (store.clone(), connection.clone());
        fetching.spawn(async move { store.remote().fetch(connection, hash).complete().await.map(drop) });
    }
    while let Some(fetched) = fetching.join_next().await {
        fetched??;
    }
    println!("{}", begin.elapsed().as_secs_f64());
    endpoint.close().await;
    Ok(())
}

async fn endpoint(listen: SocketAddr) -> anyhow::Result<Endpoint> {
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled).clear_ip_transports();
    Ok(builder.bind_addr(listen)?.bind().await?)
}
