//! What a person says of an event, and what a node answers of it. Plain records.

use enprint_protocol::access_code::AccessCode;
use enprint_protocol::ids::EventId;
use serde::{Deserialize, Serialize};

use super::host_answers::{EventAtHost, PublishedAt};
use super::prices::PriceChange;
use super::proof_mark::{MarkWish, ProofMark};
use super::reports::HurtPhotos;

/// What can be said of an event; what is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventDetails {
    /// How it is called from now on; of an event that is there.
    #[serde(default)]
    pub name: Option<String>,
    /// A few sentences.
    pub description: Option<String>,
    /// The day.
    pub date: Option<jiff::civil::Date>,
    /// The photographer's name as customers see it.
    pub photographer: Option<String>,
    /// The copyright notice.
    pub copyright: Option<String>,
    /// Prints and deliveries.
    #[serde(default)]
    pub prices: PriceChange,
    /// How to pay, shown to the customer after ordering.
    pub payment_note: Option<String>,
    /// The mark over proofs.
    #[serde(default)]
    pub mark: Option<MarkWish>,
}

/// An event in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventSummary {
    /// Its id.
    pub event_id: EventId,
    /// Its name.
    pub name: String,
    /// Its day.
    pub date: Option<jiff::civil::Date>,
    /// Its categories.
    pub categories: Vec<String>,
    /// Photos in the archive, as far as they can be read.
    pub photos: u64,
    /// Why there may be more, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Which are lost or damaged.
    #[serde(flatten)]
    pub hurt: HurtPhotos,
    /// Photos that are shown, as far as this node was told; at the host that has most.
    pub published: u64,
    /// What lets customers in.
    pub access_code: AccessCode,
    /// Where customers open the gallery, once it is published; the first of several.
    pub gallery_url: Option<String>,
    /// The event at each of its hosts.
    #[serde(default)]
    pub hosts: Vec<EventAtHost>,
    /// What customers can order, in a few words each.
    #[serde(default)]
    pub prices: Vec<String>,
    /// Whether this is a second home's copy of an event that the first home does not have: it
    /// was removed there.
    #[serde(default)]
    pub is_left_copy: bool,
    /// How proofs are marked that are made now.
    #[serde(default)]
    pub mark: ProofMark,
    /// Other events, if this one was made now and its name is so like theirs that one of them
    /// may have been meant.
    #[serde(default)]
    pub alike: Vec<String>,
    /// What of its prices is other than before this command, in a few words each; orders that
    /// were placed keep theirs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced_prices: Vec<String>,
    /// What became of a change of its details at each of its hosts.
    #[serde(default)]
    pub told: Vec<PublishedAt>,
}
