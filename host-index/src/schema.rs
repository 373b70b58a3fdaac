//! The tables, for both engines. A released step is never edited: a change is a new
//! step. Every table that grows with the galleries carries `event_id`, so that a
//! distributed PostgreSQL can shard on it.

use enprint_store::ledger::{Migration, outbox};

/// All steps.
pub(crate) static MIGRATIONS: &[Migration] =
    &[outbox::migration(1), PEERS, GALLERIES, CUSTOMERS, ORDERS, PHOTO_WORDS, NOT_FOR_PRINT, HOMES, PEER_ROLES];

const PEERS: Migration = Migration::new(
    2,
    "peers",
    "CREATE TABLE setting (
        name {TEXT} PRIMARY KEY,
        value {TEXT} NOT NULL
    ) {STRICT};
    CREATE TABLE invitation (
        code_hash {BLOB} PRIMARY KEY,
        role {TEXT} NOT NULL,
        created_ms {INT} NOT NULL,
        expires_ms {INT} NOT NULL,
        used_by {TEXT},
        used_ms {INT}
    ) {STRICT};
    CREATE TABLE peer (
        peer_id {TEXT} PRIMARY KEY,
        role {TEXT} NOT NULL,
        name {TEXT} NOT NULL,
        addresses {TEXT} NOT NULL,
        enrolled_ms {INT} NOT NULL,
        suspended_ms {INT},
        seen_ms {INT}
    ) {STRICT};",
);

const GALLERIES: Migration = Migration::new(
    3,
    "galleries",
    // The pictures stand last in their row: who reads only the data never touches them.
    "CREATE TABLE event (
        event_id {BLOB} PRIMARY KEY,
        photographer {TEXT} NOT NULL,
        code_hash {BLOB} NOT NULL UNIQUE,
        name {TEXT} NOT NULL,
        record {BLOB} NOT NULL,
        photos {INT} NOT NULL,
        bytes {INT} NOT NULL,
        published_ms {INT} NOT NULL
    ) {STRICT};
    CREATE INDEX event_photographer ON event (photographer);
    CREATE TABLE withdrawn_event (
        event_id {BLOB} PRIMARY KEY,
        photographer {TEXT} NOT NULL,
        withdrawn_ms {INT} NOT NULL
    ) {STRICT};
    CREATE TABLE photo (
        event_id {BLOB} NOT NULL,
        photo_id {BLOB} NOT NULL,
        revision {BLOB} NOT NULL,
        category {TEXT} NOT NULL,
        sort_key {TEXT} NOT NULL,
        search {TEXT} NOT NULL,
        file_name {TEXT} NOT NULL,
        captured {TEXT},
        camera {TEXT},
        width_px {INT} NOT NULL,
        height_px {INT} NOT NULL,
        rating {INT},
        thumbnail_width_px {INT} NOT NULL,
        thumbnail_height_px {INT} NOT NULL,
        thumbnail_bytes {INT} NOT NULL,
        thumbnail_hash {BLOB} NOT NULL,
        proof_width_px {INT} NOT NULL,
        proof_height_px {INT} NOT NULL,
        proof_bytes {INT} NOT NULL,
        proof_hash {BLOB} NOT NULL,
        thumbnail {BLOB} NOT NULL,
        proof {BLOB} NOT NULL,
        PRIMARY KEY (event_id, photo_id)
    ) {STRICT};
    CREATE INDEX photo_order ON photo (event_id, sort_key, photo_id, category);
    CREATE INDEX photo_category ON photo (event_id, category, sort_key, photo_id);",
);

const CUSTOMERS: Migration = Migration::new(
    4,
    "customers",
    "CREATE TABLE account (
        account {TEXT} PRIMARY KEY,
        password {TEXT} NOT NULL,
        created_ms {INT} NOT NULL
    ) {STRICT};
    CREATE TABLE account_event (
        account {TEXT} NOT NULL,
        event_id {BLOB} NOT NULL,
        opened_ms {INT} NOT NULL,
        PRIMARY KEY (account, event_id)
    ) {STRICT};
    CREATE INDEX account_event_event ON account_event (event_id);
    CREATE TABLE session (
        session_id {BLOB} PRIMARY KEY,
        token_hash {BLOB} NOT NULL UNIQUE,
        account {TEXT},
        created_ms {INT} NOT NULL,
        expires_ms {INT} NOT NULL
    ) {STRICT};
    CREATE INDEX session_expiry ON session (expires_ms);
    CREATE TABLE session_event (
        session_id {BLOB} NOT NULL,
        event_id {BLOB} NOT NULL,
        opened_ms {INT} NOT NULL,
        PRIMARY KEY (session_id, event_id)
    ) {STRICT};
    CREATE INDEX session_event_event ON session_event (event_id);
    CREATE TABLE basket_line (
        session_id {BLOB} NOT NULL,
        event_id {BLOB} NOT NULL,
        photo_id {BLOB} NOT NULL,
        size {TEXT} NOT NULL,
        finish {TEXT} NOT NULL,
        crop {TEXT} NOT NULL,
        quantity {INT} NOT NULL,
        added_ms {INT} NOT NULL,
        PRIMARY KEY (session_id, event_id, photo_id, size, finish, crop)
    ) {STRICT};
    CREATE INDEX basket_line_photo ON basket_line (event_id, photo_id);",
);

const ORDERS: Migration = Migration::new(
    5,
    "orders",
    "CREATE TABLE placed_order (
        order_id {BLOB} PRIMARY KEY,
        event_id {BLOB} NOT NULL,
        number {TEXT} NOT NULL,
        photographer {TEXT} NOT NULL,
        place_key {BLOB} NOT NULL UNIQUE,
        token_hash {BLOB} NOT NULL UNIQUE,
        session_id {BLOB} NOT NULL,
        account {TEXT},
        event_name {TEXT} NOT NULL,
        photographer_name {TEXT} NOT NULL,
        payment_note {TEXT} NOT NULL,
        total_minor {INT} NOT NULL,
        currency {TEXT} NOT NULL,
        placed_ms {INT} NOT NULL,
        state {TEXT} NOT NULL,
        answered_ms {INT},
        refusal {TEXT},
        paid_ms {INT},
        signed {BLOB} NOT NULL
    ) {STRICT};
    CREATE INDEX placed_order_event ON placed_order (event_id);
    CREATE INDEX placed_order_number ON placed_order (number);
    CREATE INDEX placed_order_time ON placed_order (placed_ms);
    CREATE INDEX placed_order_session ON placed_order (session_id, placed_ms);
    CREATE INDEX placed_order_account ON placed_order (account, placed_ms);
    CREATE TABLE order_status (
        order_id {BLOB} NOT NULL,
        signer {TEXT} NOT NULL,
        status_id {BLOB} NOT NULL,
        event_id {BLOB} NOT NULL,
        kind {TEXT} NOT NULL,
        at_ms {INT} NOT NULL,
        received_ms {INT} NOT NULL,
        signed {BLOB} NOT NULL,
        PRIMARY KEY (order_id, signer, status_id)
    ) {STRICT};",
);

const PHOTO_WORDS: Migration = Migration::new(
    6,
    "photo words",
    // A table of its own: columns that are added to a photo's row would stand behind its
    // pictures, and who reads them would read through those. Keywords are one a line.
    "CREATE TABLE photo_words (
        event_id {BLOB} NOT NULL,
        photo_id {BLOB} NOT NULL,
        captured_offset_minutes {INT},
        lens {TEXT},
        exposure {TEXT},
        author {TEXT},
        caption {TEXT},
        keywords {TEXT} NOT NULL,
        placeholder {BLOB},
        PRIMARY KEY (event_id, photo_id)
    ) {STRICT};",
);

const NOT_FOR_PRINT: Migration =
    Migration::new(7, "photos that can't be printed", "ALTER TABLE photo_words ADD COLUMN not_for_print {TEXT};");

/// Which peers stand in for which photographer, and which of the homes an order is bound
/// to: since when, whether it was asked, and how often it was bound to another before.
const HOMES: Migration = Migration::new(
    8,
    "homes",
    "CREATE TABLE home (
        home {TEXT} PRIMARY KEY,
        photographer {TEXT} NOT NULL,
        since_ms {INT} NOT NULL,
        ended {INT} NOT NULL,
        signed {BLOB} NOT NULL
    ) {STRICT};
    CREATE INDEX home_photographer ON home (photographer);
    ALTER TABLE placed_order ADD COLUMN home {TEXT};
    ALTER TABLE placed_order ADD COLUMN bound_ms {INT};
    ALTER TABLE placed_order ADD COLUMN asked_ms {INT};
    ALTER TABLE placed_order ADD COLUMN moves {INT} NOT NULL DEFAULT 0;
    CREATE INDEX placed_order_photographer ON placed_order (photographer, state);",
);

const PEER_ROLES: Migration =
    // Who comes back asks for the few labs among thousands of photographers.
    Migration::new(9, "peers by their role", "CREATE INDEX peer_role ON peer (role);");
