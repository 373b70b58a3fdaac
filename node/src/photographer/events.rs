//! Events of the node: making them, changing their details, finding them by name.

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::event::{EventRecord, PriceList};
use enprint_protocol::ids::EventId;
use enprint_protocol::money::Currency;

use super::catalogue::EventRow;
use super::commands::{EventAtHost, EventDetails, EventSummary};
use super::naming::alike;
use super::node::Node;
use crate::error::NodeError;
use crate::limits::NAMES_SHOWN_MAX;

impl Node {
    /// The event of that name or id, or beginning of an id.
    pub(super) async fn find_event(&self, named: &str) -> Result<EventRow, NodeError> {
        let events = self.catalogue.events().await?;
        choose(named, &events)?.ok_or_else(|| unknown(named, &events))
    }

    /// The event of that name with `details` applied; made if there is none.
    pub(super) async fn event_with(&self, named: &str, details: &EventDetails) -> Result<EventRow, NodeError> {
        let events = self.catalogue.events().await?;
        let (row, is_new) = match choose(named, &events)? {
            Some(row) => (row, false),
            None => (self.new_event(named).await?, true),
        };
        let record = with_details(row.record.clone(), details).checked()?;
        if is_new || record != row.record {
            self.save_event(&EventRow { record: record.clone(), ..row.clone() }).await?;
        }
        Ok(EventRow { record, ..row })
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
        let photos = self.photo_count(row.record.event_id).await?;
        let shown_at = row.shown_at.into_iter().map(|shown| EventAtHost {
            host: shown.name,
            gallery_url: shown.gallery_url,
            published: shown.published,
        });
        let hosts: Vec<_> = shown_at.collect();
        Ok(EventSummary {
            event_id: row.record.event_id,
            name: row.record.name,
            date: row.record.date,
            categories: row.record.categories,
            photos,
            published: hosts.iter().map(|at| at.published).max().unwrap_or(0),
            access_code: row.access_code,
            gallery_url: hosts.iter().find_map(|at| at.gallery_url.clone()),
            hosts,
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

    /// The volume's copy first: the catalogue's list can be made again from it.
    async fn save_event(&self, row: &EventRow) -> Result<(), NodeError> {
        let (archive, stored) = (self.archive.clone(), row.clone());
        super::node::blocking(move || archive.put_event(&stored.record, &stored.access_code)).await?;
        self.catalogue.put_event(row).await
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

fn choose(named: &str, events: &[EventRow]) -> Result<Option<EventRow>, NodeError> {
    let candidates = events.iter().map(|row| (row.record.event_id.to_string(), row.record.name.as_str()));
    Ok(super::naming::find(named, candidates)?.map(|at| events[at].clone()))
}

fn with_details(mut record: EventRecord, details: &EventDetails) -> EventRecord {
    let EventDetails { description, date, photographer, copyright, price_list, payment_note } = details.clone();
    record.description = description.unwrap_or(record.description);
    record.date = date.or(record.date);
    record.photographer = photographer.unwrap_or(record.photographer);
    record.copyright = copyright.unwrap_or(record.copyright);
    if let Some(list) = price_list {
        record.price_list = PriceList { payment_note: record.price_list.payment_note, ..list };
    }
    record.price_list.payment_note = payment_note.unwrap_or(record.price_list.payment_note);
    record
}
