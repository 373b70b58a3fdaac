//! The demo: the whole flow on one machine, from a folder of photos to a lab's hot
//! folder. Every part is the real one; only the people are played.
//!
//! | file | owns |
//! |---|---|
//! | `stage` | the three peers, introduced to each other |
//! | `scenery` | photographs for who has none at hand |
//! | `customer` | a customer, over HTTP |
//! | `delivery` | an order's way to the lab, and the check of what arrived |
//! | `visit` | the demo that stays open for a browser |
//! | `report` | what was measured |

mod customer;
mod delivery;
mod report;
mod scenery;
mod stage;
mod visit;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use enprint_node::control::{ProgressLine, ProgressUnit};
use enprint_node::photographer::commands::{EventDetails, EventSummary, ImportReport};
use enprint_node::photographer::selection::Selection;
use enprint_node::photographer::{PhotographerAnswer, PhotographerCommand};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::cli::demo::DemoArgs;
use crate::progress::Bar;
use crate::run::data_folder::MARKS;
use crate::run::until_stopped;
use crate::show;
use customer::Customer;
use report::Report;
use stage::{Stage, until};

/// Photographs that the demo makes when it is given none.
const PHOTOS_MADE: usize = 24;
/// Where the pages listen when the demo stays open.
const WEB: ([u8; 4], u16) = ([127, 0, 0, 1], 8080);
/// A free port: the demo that ends by itself needs no address that anybody remembers.
const WEB_ANY: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// How a demo ends that somebody stopped.
const STOPPED: &str = "The demo was stopped before it was done";

/// Runs the demo.
pub async fn run(args: DemoArgs, json: bool) -> Result<()> {
    let stop = until_stopped();
    let usual = if args.exit { WEB_ANY } else { WEB };
    let web = args.web.unwrap_or_else(|| SocketAddr::from(usual));
    check_is_free(web)?;
    let folder = DataFolder::open(args.data.clone())?;
    let photos = match &args.photos {
        Some(photos) => photos.clone(),
        None => make_photos(&folder.path().join("photos"), json, &stop).await?,
    };
    let stage = Stage::open(folder.path(), web, json).await?;
    let done = show_flow(&stage, &photos, &args, json, &stop).await;
    stage.close().await;
    let mut report = done?;
    report.host_bytes_at_rest = bytes_in(&folder.path().join("host"))?;
    tell(&report, &args, json)
}

/// A port that another program has is said before the work of making photos begins.
fn check_is_free(web: SocketAddr) -> Result<()> {
    let Err(error) = std::net::TcpListener::bind(web) else { return Ok(()) };
    bail!(
        "The demo's web pages can't be at {web}: {error}. Another program may have that port; choose another with \
         --web 127.0.0.1:8181, or any free one with --web 127.0.0.1:0"
    )
}

/// Writes the report, and judges it.
fn tell(report: &Report, args: &DemoArgs, json: bool) -> Result<()> {
    if let Some(file) = &args.report {
        report.write(file)?;
    }
    if !args.exit {
        return Ok(());
    }
    show::answer(json, report, report::words)?;
    ensure!(report.lab_files_verified, "The lab's files are not the photographer's");
    Ok(())
}

/// Does `work`, unless somebody stops the demo meanwhile.
async fn unless<T>(stop: &CancellationToken, work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        () = stop.cancelled() => bail!(STOPPED),
    }
}

async fn show_flow(
    stage: &Stage,
    photos: &Path,
    args: &DemoArgs,
    json: bool,
    stop: &CancellationToken,
) -> Result<Report> {
    let mut report = Report::default();
    let event = unless(stop, publish(stage, photos, args.photos.is_none(), &mut report)).await?;
    let shown = published_json(stage, &event);
    if !(json && args.exit) {
        show::answer(json, &shown, |_| published_words(stage, &event, &report))?;
    }
    let customer = Customer::open(&stage.site, &event.access_code.to_string()).await?;
    if args.exit {
        unless(stop, delivery::order_and_check(stage, &customer, event.event_id, &mut report)).await?;
    } else {
        visit::stay_open(stage, stop, json).await?;
    }
    Ok(report)
}

/// Imports the folder and publishes each photo as it comes in. Meanwhile a customer
/// waits for the first proof.
async fn publish(stage: &Stage, photos: &Path, made: bool, report: &mut Report) -> Result<EventSummary> {
    let name = event_name(photos, made);
    let details = details(made);
    let made_event = PhotographerCommand::Event { event: name.clone(), details: details.clone() };
    let PhotographerAnswer::Event(event) = stage.photographs(made_event).await? else {
        bail!("The photographer's node gave another answer than expected");
    };
    let wire_before = stage.photographer.wire().sent_bytes;
    let began = Instant::now();
    let folder = std::path::absolute(photos).context("The folder of photos can't be found")?;
    let import = PhotographerCommand::Import {
        folder,
        event: name.clone(),
        category: None,
        details,
        publish: true,
        hosts: Vec::new(),
    };
    let rest = PhotographerCommand::Publish {
        event: name,
        selection: Selection::default(),
        hosts: Vec::new(),
        withdrawn: false,
    };
    let all_sent = CancellationToken::new();
    let sending = async {
        let imported = stage.photographs(import).await;
        let rest = if imported.is_ok() { stage.photographs(rest).await.map(drop) } else { Ok(()) };
        all_sent.cancel();
        rest.and(imported)
    };
    let (imported, first_proof) = tokio::join!(sending, first_proof(stage, &event, began, &all_sent));
    let PhotographerAnswer::Imported(imported) = imported? else {
        bail!("The photographer's node gave another answer than expected");
    };
    take_down(stage, &imported, report).await?;
    report.first_proof_ms = first_proof?;
    report.wire_bytes_published = stage.photographer.wire().sent_bytes - wire_before;
    Ok(*event)
}

/// Milliseconds from `began` to a proof that a customer has fetched; gives up when
/// `all_sent` and there is none.
async fn first_proof(stage: &Stage, event: &EventSummary, began: Instant, all_sent: &CancellationToken) -> Result<u64> {
    until("a photo is published", || async {
        let is_over = all_sent.is_cancelled();
        let events = stage.index.events().await?;
        let is_open = events.iter().any(|known| known.event_id == event.event_id && known.photos > 0);
        Ok((is_open || is_over).then_some(()))
    })
    .await?;
    let customer = Customer::open(&stage.site, &event.access_code.to_string()).await?;
    let photos = customer.photos().await?;
    let first = photos.first().context("The gallery is empty")?;
    customer.proof(first).await?;
    Ok(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}

async fn take_down(stage: &Stage, imported: &ImportReport, report: &mut Report) -> Result<()> {
    if imported.imported == 0 {
        bail!("No photo could be imported from this folder");
    }
    report.photos_imported = imported.imported;
    report.photos_failed.clone_from(&imported.failed);
    report.original_bytes = imported.original_bytes;
    let events = stage.index.events().await?;
    report.photos_published = events.iter().map(|event| event.photos).sum();
    report.published_bytes = events.iter().map(|event| event.bytes).sum();
    Ok(())
}

fn details(made: bool) -> EventDetails {
    let description = "A day at the lake, from the misty morning to the stars.";
    EventDetails {
        description: made.then(|| description.into()),
        photographer: Some("Demo photographer".into()),
        payment_note: Some("This is a demo: nobody pays anything, and nothing is printed.".into()),
        ..EventDetails::default()
    }
}

fn event_name(photos: &Path, made: bool) -> String {
    let folder = photos.file_name().map(|name| name.to_string_lossy().into_owned());
    match folder {
        Some(name) if !made => name,
        _ => "John's Wedding".into(),
    }
}

fn published_json(stage: &Stage, event: &EventSummary) -> Value {
    json!({
        "site": stage.site,
        "gallery_url": stage.index.gallery_url(event.event_id),
        "access_code": event.access_code.to_string(),
        "hot_folder": stage.hot_folder,
    })
}

fn published_words(stage: &Stage, event: &EventSummary, report: &Report) -> String {
    let mut text = format!(
        "{} imported: {} of originals stay on the photographer's node.\n",
        show::count(report.photos_imported, "photo", "photos"),
        show::bytes(report.original_bytes)
    );
    for failed in &report.photos_failed {
        text += &format!("  not imported: {}: {}\n", failed.name, failed.reason);
    }
    text += &format!(
        "{} published: the host has {} of thumbnails and proofs.\n\n",
        show::count(report.photos_published, "photo", "photos"),
        show::bytes(report.published_bytes)
    );
    text + &format!(
        "  Gallery      {}\n  Access code  {}\n",
        stage.index.gallery_url(event.event_id),
        event.access_code
    )
}

/// Bytes of all files in a folder.
fn bytes_in(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder).context("The host's folder can't be read")? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

/// Renders photographs, with a bar on the terminal. One that is begun is finished when the
/// demo is stopped, so that nothing is written into a folder that is being removed.
async fn make_photos(folder: &Path, quiet: bool, stop: &CancellationToken) -> Result<PathBuf> {
    let (folder, stopped) = (folder.to_owned(), stop.clone());
    let render = move || {
        let bar = Bar::new(quiet);
        let mut show = |done: usize, total: usize| {
            bar.show(&ProgressLine {
                what: "Photographing".into(),
                done: done as u64,
                total: Some(total as u64),
                unit: ProgressUnit::Photos,
            });
            !stopped.is_cancelled()
        };
        scenery::render_album(&folder, PHOTOS_MADE, &mut show).map(|_| folder)
    };
    let rendered = tokio::task::spawn_blocking(render).await?;
    ensure!(!stop.is_cancelled(), STOPPED);
    rendered.context("The demo's photos can't be written")
}

/// A demo begins with nothing: the one before has its own access code, and its photos are here.
fn check_is_unused(folder: &Path) -> Result<()> {
    let is_used = MARKS.iter().any(|(role, mark)| folder.join(role).join(mark).is_file());
    ensure!(
        !is_used,
        "The folder {} holds the data of a demo that runs or ran before, or of roles that you use. Give another with \
         --data, or leave it out: then the demo's data goes when it ends. Nothing was changed",
        folder.display()
    );
    Ok(())
}

/// Where the demo's data is: a folder that was given, or one that goes when it ends.
enum DataFolder {
    Given(PathBuf),
    Temporary(TempDir),
}

impl DataFolder {
    fn open(given: Option<PathBuf>) -> Result<Self> {
        match given {
            Some(path) => {
                let path = std::path::absolute(path)?;
                check_is_unused(&path)?;
                Ok(Self::Given(path))
            }
            None => {
                let made = tempfile::Builder::new().prefix("enprint-demo-").tempdir();
                Ok(Self::Temporary(made.context("The demo's folder can't be made")?))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}
