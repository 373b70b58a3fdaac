//! Every verb on the host's database, by noun. Each verb is one transaction, with the
//! message that announces it where a peer has to hear of it; each may be repeated. The
//! same statements run on SQLite and on PostgreSQL; nothing that another process on
//! the same database would need is kept in memory.
//!
//! **Peers** (`index/enrolment.rs`)
//! [`invite`](Index::invite) ·
//! [`enrol`](Index::enrol) ·
//! [`peers`](Index::peers) · [`peer`](Index::peer) · [`admitted`](Index::admitted) ·
//! [`suspend_peer`](Index::suspend_peer) · [`restore_peer`](Index::restore_peer) ·
//! [`remove_peer`](Index::remove_peer)
//!
//! **Where they are** (`index/directory.rs`, `index/announcements.rs`)
//! [`announce`](Index::announce) · [`find_contacts`](Index::find_contacts) ·
//! [`seen`](Index::seen)
//!
//! **Homes** (`index/homes.rs`, `index/binding.rs`)
//! [`stand_in`](Index::stand_in) · [`note_asking`](Index::note_asking) ·
//! [`bind_anew`](Index::bind_anew) · [`take_over`](Index::take_over)
//!
//! **Events** (`index/events.rs`)
//! [`put_event`](Index::put_event) ·
//! [`withdraw_event`](Index::withdraw_event) ·
//! [`events`](Index::events) ·
//! [`gallery_url`](Index::gallery_url)
//!
//! **Photos, from their photographer** (`index/photos.rs`)
//! [`needs`](Index::needs) · [`publish`](Index::publish) · [`withdraw`](Index::withdraw)
//!
//! **Galleries, for customers** (`index/galleries.rs`, `index/renditions.rs`)
//! [`open_gallery`](Index::open_gallery) · [`gallery`](Index::gallery) ·
//! [`photos`](Index::photos) · [`photo`](Index::photo) · [`rendition`](Index::rendition)
//!
//! **Sessions** (`index/sessions.rs`)
//! [`begin_session`](Index::begin_session) · [`session`](Index::session) ·
//! [`rekey_session`](Index::rekey_session) · [`end_session`](Index::end_session) ·
//! [`admit_session`](Index::admit_session) · [`purge_sessions`](Index::purge_sessions)
//!
//! **Accounts** (`index/accounts.rs`)
//! [`create_account`](Index::create_account) · [`sign_in`](Index::sign_in) ·
//! [`sign_out`](Index::sign_out) · [`account`](Index::account) ·
//! [`change_password`](Index::change_password)
//!
//! **Baskets** (`index/baskets.rs`)
//! [`basket`](Index::basket) · [`add_to_basket`](Index::add_to_basket) ·
//! [`set_in_basket`](Index::set_in_basket) · [`replace_basket`](Index::replace_basket) ·
//! [`empty_basket`](Index::empty_basket)
//!
//! **Orders** (`index/placing.rs`, `index/orders.rs`, `index/statuses.rs`)
//! [`place`](Index::place) · [`order`](Index::order) · [`order_by_id`](Index::order_by_id) ·
//! [`orders`](Index::orders) · [`orders_of_session`](Index::orders_of_session) ·
//! [`find_order`](Index::find_order) · [`mark_paid`](Index::mark_paid) ·
//! [`note_status`](Index::note_status)
//!
//! **The database itself** (`index/housekeeping.rs`)
//! [`status`](Index::status) · [`counts`](Index::counts) · [`bytes_at_rest`](Index::bytes_at_rest) ·
//! [`waiting`](Index::waiting) · [`backup_to`](Index::backup_to) · [`close`](Index::close)
//!
//! **This host** (`index/own_addresses.rs`)
//! [`listens_at`](Index::listens_at) · [`addresses`](Index::addresses)

mod accounts;
mod announcements;
mod baskets;
mod binding;
mod directory;
mod enrolment;
mod events;
mod galleries;
mod homes;
mod housekeeping;
mod orders;
mod own_addresses;
mod passwords;
mod photo_rows;
mod photos;
mod placing;
mod renditions;
mod sessions;
mod statuses;
mod strip_check;
mod tries;
mod waits;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use enprint_protocol::enrol::HostCertificate;
use enprint_protocol::ids::EventId;
use enprint_protocol::order::{Order, Payment};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{PeerId, PublicKey};
use enprint_store::args;
use enprint_store::ledger::{Clock, Ledger, Tx};

use crate::config::{HostConfig, checked_url};
use crate::error::HostError;
use crate::schema::MIGRATIONS;
use crate::secrets::Secrets;
use announcements::Announcements;
use passwords::Passwords;
use renditions::RenditionCache;
use tries::Tries;

pub use enprint_store::ledger::outbox::Waiting;
pub use enrolment::Enrolment;
pub(crate) use orders::Answer;

/// The host's database and host key. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Index {
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Ledger,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    name: String,
    public_url: OnceLock<String>,
    cache: RenditionCache,
    passwords: Passwords,
    tries: Tries,
    announcements: Announcements,
}

impl Index {
    /// Opens the database and reads the host key, or makes them; starts no peer. For
    /// commands beside a running host, and the first thing that a host does.
    ///
    /// # Errors
    /// When the folder, the key or the database can't be used, or the database belongs
    /// to another host key ([`HostError::AnotherHostKey`]).
    pub async fn open(config: &HostConfig) -> Result<Self, HostError> {
        let (name, public_url) = (config.checked_name()?, config.checked_url()?);
        let secrets = load_secrets(config.data_dir.clone()).await?;
        let ledger = Ledger::open(config.location()?, MIGRATIONS).await?;
        let shared = Shared {
            ledger,
            secrets,
            clock: Arc::clone(&config.clock),
            name,
            public_url: public_url.map_or_else(OnceLock::new, OnceLock::from),
            cache: RenditionCache::default(),
            passwords: Passwords::default(),
            tries: Tries::default(),
            announcements: Announcements::default(),
        };
        let index = Self { shared: Arc::new(shared) };
        if let Err(error) = index.check_host_key(config).await {
            index.close().await;
            return Err(error);
        }
        Ok(index)
    }

    /// The host's name, as photographers and labs see it.
    pub fn host_name(&self) -> &str {
        &self.shared.name
    }

    /// Where customers reach the web pages, without a slash at its end; empty as long
    /// as nobody knows.
    pub fn public_url(&self) -> &str {
        self.shared.public_url.get().map_or("", String::as_str)
    }

    /// Customers reach the web pages at `url`, unless the configuration says where.
    ///
    /// # Errors
    /// [`HostError::Config`] when no page can be below it.
    pub fn found_at(&self, url: &str) -> Result<(), HostError> {
        let url = checked_url(url)?;
        self.shared.public_url.get_or_init(|| url);
        Ok(())
    }

    /// The page of a gallery. It asks for the access code, which stands in no address.
    pub fn gallery_url(&self, event_id: EventId) -> String {
        format!("{}/galleries/{event_id}", self.public_url())
    }

    /// The key that signs orders.
    pub fn host_key(&self) -> PublicKey {
        self.shared.secrets.public()
    }

    /// The host key's word that the process `peer_id` speaks for it.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn certify(&self, peer_id: PeerId) -> Result<Signed<HostCertificate>, HostError> {
        self.secrets().sign(&HostCertificate { peer_id })
    }

    fn sign_order(&self, order: &Order) -> Result<Signed<Order>, HostError> {
        self.secrets().sign(order)
    }

    fn sign_payment(&self, payment: &Payment) -> Result<Signed<Payment>, HostError> {
        self.secrets().sign(payment)
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    fn secrets(&self) -> &Secrets {
        &self.shared.secrets
    }

    pub(crate) fn now(&self) -> UnixMs {
        UnixMs(self.shared.clock.now_ms())
    }

    /// The first process writes its host key's public half into the database; every
    /// other has to have the same, or its code hashes and signatures would not fit.
    async fn check_host_key(&self, config: &HostConfig) -> Result<(), HostError> {
        let own = self.host_key().to_peer_id().to_string();
        let known = self.ledger().write(|tx| Box::pin(first_setting(tx, "host key", own.clone()))).await?;
        if known == own {
            return Ok(());
        }
        Err(HostError::AnotherHostKey { data_dir: config.data_dir.clone() })
    }
}

/// Makes the folder and reads the host key, or makes it. Both block.
async fn load_secrets(data_dir: PathBuf) -> Result<Secrets, HostError> {
    let load = move || {
        std::fs::create_dir_all(&data_dir)
            .map_err(|source| HostError::DataFolder { path: data_dir.clone(), source })?;
        Secrets::load(&data_dir)
    };
    tokio::task::spawn_blocking(load).await.map_err(|_| HostError::Stopping)?
}

/// The setting, which becomes `value` if there is none.
async fn first_setting(tx: &mut Tx<'_>, name: &'static str, value: String) -> Result<String, HostError> {
    let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.execute(sql, args![name, value]).await?;
    let row = tx.fetch_one("SELECT value FROM setting WHERE name = $1", args![name]).await?;
    Ok(row.text("value")?)
}

/// A duration in milliseconds, for moments in the database.
fn ms(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
