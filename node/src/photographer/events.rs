//! Events of the node: making them, changing their details, finding them by name.

use enprint_protocol::ProtocolError;
use enprint_protocol::access_code::AccessCode;
use enprint_protocol::codec;
use enprint_protocol::event::{EventRecord, PriceList};
use enprint_protocol::ids::EventId;
use enprint_protocol::money::Currency;

use super::catalogue::{EventRow, HostRow};
use super::commands::{EventAtHost, EventDetails, EventSummary, PhotographerAnswer, PublishedAt};
use super::naming::alike;
use super::node::Node;
use super::prices::replaced;
use super::publish::{Part, PublishWish, lane};
use crate::control::Progress;
use crate::error::NodeError;
use crate::limits::NAMES_SHOWN_MAX;

/// An event that somebody named to change it.
pub(super) struct Touched {
    /// As it is now.
    pub(super) row: EventRow,
    /// Events of nearly the same name, if it was made now.
    pub(super) alike: Vec<String>,
    /// What of its prices is other than it was, in words, if it was there.
    pub(super) replaced_prices: Vec<String>,
    /// What tells the hosts that show it, if it was there and is another now.
    wished: Option<Wished>,
}

/// A wish to publish that is in the outbox.
struct Wished {
    wish: PublishWish,
    parcels: Vec<(HostRow, String)>,
}

impl Node {
    /// The event of that name or id, or beginning of an id.
    pub(super) async fn find_event(&self, named: &str) -> Result<EventRow, NodeError> {
        let events = self.catalogue.events().await?;
        choose(named, &events)?.ok_or_else(|| unknown(named, &events))
    }

    /// The event of that name with `details` applied; made if there is none.
    pub(super) async fn event_with(&self, named: &str, details: &EventDetails) -> Result<Touched, NodeError> {
        let events = self.catalogue.events().await?;
        let known = choose(named, &events)?;
        check_name(named, known.as_ref(), details, &events)?;
        let is_new = known.is_none();
        let row = match known {
            Some(row) => row,
            None => self.new_event(named).await?,
        };
        let record = with_details(row.record.clone(), details)?.checked()?;
        let is_other = record != row.record;
        let replaced_prices = if is_new { Vec::new() } else { replaced(&row.record.price_list, &record.price_list) };
        let row = EventRow { record, ..row };
        let wished = if is_other && !is_new { Some(self.save_and_wish(&row).await?) } else { None };
        if is_new {
            self.save_event(&row).await?;
        }
        let alike = if is_new { alike_names(named, &events) } else { Vec::new() };
        Ok(Touched { row, alike, replaced_prices, wished })
    }

    /// Makes an event, or changes it; the hosts that show it are told.
    pub(super) async fn change_event(
        &self,
        named: &str,
        details: &EventDetails,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let _stays = self.importing.read().await;
        let touched = self.event_with(named, details).await?;
        let mark = match &details.mark {
            Some(wish) => Some(self.set_mark(touched.row.record.event_id, wish).await?),
            None => None,
        };
        let told = self.tell_of_event(&touched, &[], progress).await?;
        let Touched { row, alike, replaced_prices, .. } = touched;
        let known = self.summary(row).await?;
        let mark = mark.unwrap_or_else(|| known.mark.clone());
        let summary = EventSummary { told, alike, replaced_prices, mark, ..known };
        Ok(PhotographerAnswer::Event(Box::new(summary)))
    }

    /// Says at the hosts that show an event what it is now, but for those that know it. What
    /// is not said now is in the outbox.
    pub(super) async fn tell_of_event(
        &self,
        touched: &Touched,
        knowing: &[HostRow],
        progress: &Progress,
    ) -> Result<Vec<PublishedAt>, NodeError> {
        let Touched { row, wished: Some(Wished { wish, parcels }), .. } = touched else { return Ok(Vec::new()) };
        let knows = |host: &HostRow| knowing.iter().any(|known| known.peer_id == host.peer_id);
        let (known, untold): (Vec<_>, Vec<_>) = parcels.iter().partition(|(host, _)| knows(host));
        for (_, parcel) in known {
            self.catalogue.settle(parcel).await?;
        }
        if untold.is_empty() {
            return Ok(Vec::new());
        }
        let parcels = untold.iter().map(|(host, parcel)| (host, parcel.clone())).collect();
        match self.publish_wished(row, wish, parcels, progress).await {
            Ok(report) => Ok(report.hosts),
            // The change stays: a host that refuses it is no reason to take it back.
            Err(error) => Ok(untold.iter().map(|(host, _)| PublishedAt::failed(host, &error)).collect()),
        }
    }

    /// Adds `category` to the event's list, if it is not on it.
    pub(super) async fn add_categories(&self, event_id: EventId, names: &[String]) -> Result<EventRow, NodeError> {
        let mut row = self.catalogue.event(event_id).await?.ok_or(NodeError::ShuttingDown)?;
        let known = row.record.categories.len();
        for name in names {
            if !row.record.categories.contains(name) {
                row.record.categories.push(name.clone());
            }
        }
        if row.record.categories.len() > known {
            row.record = row.record.checked()?;
            self.save_event(&row).await?;
        }
        Ok(row)
    }

    /// The event as a list shows it.
    pub(super) async fn summary(&self, row: EventRow) -> Result<EventSummary, NodeError> {
        let counted = self.photos_counted(row.record.event_id).await?;
        let is_left_copy = self.is_left_copy(row.record.event_id).await.unwrap_or(false);
        let mark = self.proof_mark(row.record.event_id).await.unwrap_or_default();
        let shown_at = row.shown_at.into_iter().map(|shown| EventAtHost {
            host: shown.name,
            gallery_url: shown.gallery_url,
            published: shown.published,
        });
        let hosts: Vec<_> = shown_at.collect();
        Ok(EventSummary {
            prices: row.record.price_list.words(),
            event_id: row.record.event_id,
            name: row.record.name,
            date: row.record.date,
            categories: row.record.categories,
            photos: counted.photos,
            trouble: counted.trouble(),
            hurt: counted.hurt(),
            published: hosts.iter().map(|at| at.published).max().unwrap_or(0),
            access_code: row.access_code,
            gallery_url: hosts.iter().find_map(|at| at.gallery_url.clone()),
            hosts,
            is_left_copy,
            mark,
            alike: Vec::new(),
            told: Vec::new(),
            replaced_prices: Vec::new(),
        })
    }

    async fn new_event(&self, name: &str) -> Result<EventRow, NodeError> {
        let photographer = self.catalogue.own_name().await?;
        let record = EventRecord {
            event_id: EventId::random(),
            name: name.to_owned(),
            description: String::new(),
            date: None,
            photographer: photographer.unwrap_or_else(|| "The photographer".into()),
            copyright: String::new(),
            categories: Vec::new(),
            price_list: PriceList::usual(Currency::EUR),
        };
        Ok(EventRow::new(record, AccessCode::random()))
    }

    async fn save_event(&self, row: &EventRow) -> Result<(), NodeError> {
        self.save_in_volume(row).await?;
        self.catalogue.put_event(row).await
    }

    /// What an event is now, with the wish that tells the hosts that show it.
    async fn save_and_wish(&self, row: &EventRow) -> Result<Wished, NodeError> {
        self.save_in_volume(row).await?;
        let mut hosts = self.catalogue.hosts().await?;
        hosts.retain(|host| row.shown_at.iter().any(|shown| shown.host == host.peer_id));
        let lanes: Vec<_> = hosts.iter().map(|host| lane(host.peer_id)).collect();
        let wish = PublishWish::new(row.record.event_id, Part::details(), self.catalogue.next_moment().await?);
        let parcels = self.catalogue.put_event_and_wish(row, &lanes, &codec::encode(&wish)?).await?;
        Ok(Wished { wish, parcels: hosts.into_iter().zip(parcels).collect() })
    }

    /// Before the catalogue, whose list can be made again from the volumes' copies.
    pub(super) async fn save_in_volume(&self, row: &EventRow) -> Result<(), NodeError> {
        let (archive, stored) = (self.archive.clone(), row.clone());
        super::node::blocking(move || archive.put_event(&stored.record, &stored.access_code)).await
    }
}

fn unknown(named: &str, events: &[EventRow]) -> NodeError {
    match alike_names(named, events).as_slice() {
        [] => NodeError::Unknown { what: "event", name: named.trim().to_owned(), hint: "“events” lists them." },
        found => {
            let found = found.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
            let problem = format!("There is no event “{}”, but {found}. “events” lists all.", named.trim());
            NodeError::NotNow { problem }
        }
    }
}

/// The names of events that may have been meant.
fn alike_names(named: &str, events: &[EventRow]) -> Vec<String> {
    let names = events.iter().map(|row| &row.record.name).filter(|name| alike(named, name));
    names.take(NAMES_SHOWN_MAX).cloned().collect()
}

/// A new name is for an event that is there, and not that of another.
fn check_name(
    named: &str,
    known: Option<&EventRow>,
    details: &EventDetails,
    events: &[EventRow],
) -> Result<(), NodeError> {
    let Some(name) = &details.name else { return Ok(()) };
    let Some(known) = known else { return Err(unknown(named, events)) };
    match choose(name, events)? {
        Some(other) if other.record.event_id != known.record.event_id => {
            let problem = format!("There is an event “{}” already; nothing was renamed.", other.record.name);
            Err(NodeError::NotNow { problem })
        }
        _ => Ok(()),
    }
}

fn choose(named: &str, events: &[EventRow]) -> Result<Option<EventRow>, NodeError> {
    let candidates = events.iter().map(|row| (row.record.event_id.to_string(), row.record.name.as_str()));
    Ok(super::naming::find(named, candidates)?.map(|at| events[at].clone()))
}

fn with_details(mut record: EventRecord, details: &EventDetails) -> Result<EventRecord, ProtocolError> {
    let EventDetails { name, description, date, photographer, copyright, prices, payment_note, mark: _ } =
        details.clone();
    record.name = name.unwrap_or(record.name);
    record.description = description.unwrap_or(record.description);
    record.date = date.or(record.date);
    record.photographer = photographer.unwrap_or(record.photographer);
    record.copyright = copyright.unwrap_or(record.copyright);
    record.price_list = prices.applied_to(record.price_list)?;
    record.price_list.payment_note = payment_note.unwrap_or(record.price_list.payment_note);
    Ok(record)
}
