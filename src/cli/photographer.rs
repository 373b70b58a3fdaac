//! `enprint photographer`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use enprint_node::photographer::commands::EventDetails;
use enprint_node::photographer::selection::Selection;
use enprint_protocol::Multiaddr;
use enprint_protocol::access_code::InvitationCode;
use enprint_protocol::event::{DeliveryOption, PriceList, PrintPrice};
use enprint_protocol::money::{Currency, Money};

/// `enprint photographer …`
#[derive(Debug, Args)]
pub struct PhotographerArgs {
    #[command(flatten)]
    pub options: PhotographerOptions,
    #[command(subcommand)]
    pub command: Option<PhotographerVerb>,
}

/// Options of the node and all its commands.
#[derive(Debug, Clone, Default, Args)]
pub struct PhotographerOptions {
    /// Where originals, catalogue and key are kept
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where labs reach this node [default: /ip4/0.0.0.0/tcp/4041]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_LISTEN", value_name = "MULTIADDR", value_delimiter = ',')]
    pub listen: Vec<Multiaddr>,
    /// Holds each order until it is approved
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_APPROVE")]
    pub approve: bool,
    /// Text stamped on proofs
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WATERMARK", value_name = "TEXT")]
    pub watermark: Option<String>,
    /// Photos developed at once [default: one for each processor]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// Megabytes that stay free on the disk [default: 2048]
    #[arg(long, global = true, env = "ENPRINT_PHOTOGRAPHER_RESERVE_MB", value_name = "MB")]
    pub reserve_mb: Option<u64>,
}

/// What a photographer can do beside running the node.
#[derive(Debug, Subcommand)]
pub enum PhotographerVerb {
    /// Runs the node until Ctrl-C; the same as no command
    Run,
    /// Uses an invitation at a host
    Enrol {
        /// Where the host is: /ip4/…/tcp/…/p2p/…
        host: Multiaddr,
        /// The code that the host's operator gave
        #[arg(long)]
        code: InvitationCode,
        /// The name that labs and the operator see
        #[arg(long)]
        name: String,
    },
    /// Makes an event, or changes its details
    Event {
        /// The event's name or id
        event: String,
        #[command(flatten)]
        details: DetailArgs,
    },
    /// Lists events with their access codes
    Events,
    /// Takes every photo below a folder into an event, originals byte for byte
    Import {
        /// The folder
        folder: PathBuf,
        /// The event's name or id; made if it is not there
        #[arg(long)]
        event: String,
        /// The photos' category [default: the name of each photo's folder]
        #[arg(long)]
        category: Option<String>,
        /// Publishes photos as they come in
        #[arg(long)]
        publish: bool,
        #[command(flatten)]
        details: DetailArgs,
    },
    /// Lists an event's photos
    Photos {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Sends chosen photos' thumbnails and proofs to the host
    Publish {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Takes chosen photos, or the whole event, off the host
    Withdraw {
        /// The event's name or id
        #[arg(long)]
        event: String,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Lists orders, newest first
    Orders,
    /// Lets a held order go to the lab
    Approve {
        /// The order's number or id
        order: String,
    },
    /// Refuses an order that has not gone to a lab
    Decline {
        /// The order's number or id
        order: String,
        /// Why, in a sentence that the customer reads
        #[arg(long)]
        reason: String,
    },
    /// Says that an order is paid; it goes to the lab
    Paid {
        /// The order's number or id
        order: String,
    },
    /// Offers an order's print job to the lab again, or to another lab
    Send {
        /// The order's number or id
        order: String,
        /// The lab's name or peer id
        #[arg(long)]
        lab: Option<String>,
    },
    /// Lists the host's labs
    Labs,
    /// Chooses the lab that prints
    UseLab {
        /// The lab's name or peer id
        lab: String,
    },
    /// How the node is
    Status,
    /// Reads every byte of an event's originals and proofs and checks it
    Verify {
        /// The event's name or id
        #[arg(long)]
        event: String,
    },
    /// Writes an event's originals to a folder, readable without Enprint
    Export {
        /// The event's name or id
        #[arg(long)]
        event: String,
        /// The folder
        folder: PathBuf,
    },
}

/// Which photos.
#[derive(Debug, Clone, Default, Args)]
pub struct SelectionArgs {
    /// Only this category
    #[arg(long)]
    pub category: Option<String>,
    /// Only photos of at least this many stars
    #[arg(long, value_name = "STARS", value_parser = clap::value_parser!(u8).range(0..=5))]
    pub rating: Option<u8>,
    /// Only photos of this file name, in which * stands for anything; may be repeated
    #[arg(long = "file", value_name = "NAME")]
    pub file_names: Vec<String>,
}

impl From<SelectionArgs> for Selection {
    fn from(args: SelectionArgs) -> Self {
        Self { category: args.category, rating_min: args.rating, file_names: args.file_names }
    }
}

/// Details of an event.
#[derive(Debug, Clone, Default, Args)]
pub struct DetailArgs {
    /// A few sentences for customers
    #[arg(long)]
    pub description: Option<String>,
    /// The day: 2026-06-20
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub date: Option<jiff::civil::Date>,
    /// The photographer's name as customers see it
    #[arg(long)]
    pub photographer: Option<String>,
    /// The copyright notice
    #[arg(long)]
    pub copyright: Option<String>,
    /// Currency of the price list
    #[arg(long, default_value = "EUR")]
    pub currency: Currency,
    /// A print on the price list: "10x15 matte 1.50"; may be repeated, replaces the usual list
    #[arg(long = "print", value_name = "SIZE FINISH PRICE", value_parser = parse_print)]
    pub prints: Vec<RawPrint>,
    /// A delivery on the price list: "Post 4.90", with "address" at the end if one is needed; may be repeated
    #[arg(long = "delivery", value_name = "NAME PRICE [address]", value_parser = parse_delivery)]
    pub deliveries: Vec<RawDelivery>,
    /// How to pay, shown to the customer after ordering
    #[arg(long, value_name = "TEXT")]
    pub payment_note: Option<String>,
}

/// A print before its currency is known.
#[derive(Debug, Clone)]
pub struct RawPrint {
    size: enprint_protocol::print_size::PrintSize,
    finish: enprint_protocol::print_size::Finish,
    amount: String,
}

/// A delivery before its currency is known.
#[derive(Debug, Clone)]
pub struct RawDelivery {
    name: String,
    amount: String,
    needs_address: bool,
}

impl TryFrom<DetailArgs> for EventDetails {
    type Error = enprint_protocol::ProtocolError;

    fn try_from(args: DetailArgs) -> Result<Self, Self::Error> {
        let price_list = args.price_list()?;
        Ok(Self {
            description: args.description,
            date: args.date,
            photographer: args.photographer,
            copyright: args.copyright,
            price_list,
        })
    }
}

impl DetailArgs {
    /// The usual list with what was said instead, or nothing if nothing was said.
    fn price_list(&self) -> Result<Option<PriceList>, enprint_protocol::ProtocolError> {
        let said = !self.prints.is_empty() || !self.deliveries.is_empty() || self.payment_note.is_some();
        if !said && self.currency == Currency::EUR {
            return Ok(None);
        }
        let price = |amount: &str| format!("{} {amount}", self.currency).parse::<Money>();
        let mut list = PriceList::usual(self.currency);
        if !self.prints.is_empty() {
            list.prints = self
                .prints
                .iter()
                .map(|raw| Ok(PrintPrice { size: raw.size, finish: raw.finish, price: price(&raw.amount)? }))
                .collect::<Result<_, enprint_protocol::ProtocolError>>()?;
        }
        if !self.deliveries.is_empty() {
            list.deliveries = self
                .deliveries
                .iter()
                .map(|raw| {
                    let price = price(&raw.amount)?;
                    Ok(DeliveryOption { name: raw.name.clone(), price, needs_address: raw.needs_address })
                })
                .collect::<Result<_, enprint_protocol::ProtocolError>>()?;
        }
        list.payment_note = self.payment_note.clone().unwrap_or_default();
        Ok(Some(list))
    }
}

fn parse_print(text: &str) -> Result<RawPrint, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [size, finish, amount] = words.as_slice() else {
        return Err("write size, finish and price, such as \"10x15 matte 1.50\"".into());
    };
    Ok(RawPrint {
        size: size.parse().map_err(|error: enprint_protocol::ProtocolError| error.to_string())?,
        finish: finish.parse().map_err(|error: enprint_protocol::ProtocolError| error.to_string())?,
        amount: (*amount).to_owned(),
    })
}

fn parse_delivery(text: &str) -> Result<RawDelivery, String> {
    let text = text.trim();
    let (text, needs_address) = match text.strip_suffix(" address") {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    };
    let (name, amount) = text
        .rsplit_once(char::is_whitespace)
        .ok_or("write a name and a price, such as \"Post 4.90 address\"")?;
    Ok(RawDelivery { name: name.trim().to_owned(), amount: amount.to_owned(), needs_address })
}
