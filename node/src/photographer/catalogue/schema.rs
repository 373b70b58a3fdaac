//! The catalogue's tables. A step that has been released is never changed: a new
//! one is added.

use enprint_store::ledger::Migration;

/// The first tables; the outbox comes before them.
pub(super) const FIRST: Migration = Migration::new(
    2,
    "hosts, labs, events, orders, jobs",
    "
CREATE TABLE settings (
    name {TEXT} PRIMARY KEY,
    value {TEXT} NOT NULL
) {STRICT};
CREATE TABLE hosts (
    peer_id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    key_bytes {BLOB} NOT NULL,
    addresses {TEXT} NOT NULL,
    public_url {TEXT} NOT NULL,
    enrolled_ms {INT} NOT NULL
) {STRICT};
CREATE TABLE labs (
    peer_id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL,
    seen_ms {INT} NOT NULL
) {STRICT};
CREATE TABLE events (
    event_id {TEXT} PRIMARY KEY,
    record {BLOB} NOT NULL,
    access_code {TEXT} NOT NULL,
    gallery_url {TEXT},
    created_ms {INT} NOT NULL
) {STRICT};
CREATE TABLE published (
    event_id {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    PRIMARY KEY (event_id, photo_id)
) {STRICT};
CREATE TABLE withdrawn (
    event_id {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    at_ms {INT} NOT NULL,
    PRIMARY KEY (event_id, photo_id)
) {STRICT};
CREATE TABLE orders (
    order_id {TEXT} PRIMARY KEY,
    event_id {TEXT} NOT NULL,
    record {BLOB} NOT NULL,
    signed {BLOB} NOT NULL,
    decision {TEXT} NOT NULL,
    reason {TEXT} NOT NULL,
    placed_ms {INT} NOT NULL,
    paid_ms {INT},
    job_id {TEXT},
    lab {TEXT},
    production {TEXT} NOT NULL,
    trouble {TEXT}
) {STRICT};
CREATE TABLE jobs (
    job_id {TEXT} PRIMARY KEY,
    order_id {TEXT} NOT NULL,
    event_id {TEXT} NOT NULL,
    lab {TEXT} NOT NULL,
    offered_ms {INT} NOT NULL,
    state {TEXT} NOT NULL
) {STRICT};
CREATE TABLE job_files (
    job_id {TEXT} NOT NULL,
    root {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    bytes {INT} NOT NULL,
    subtrees {BLOB} NOT NULL,
    received_ms {INT},
    PRIMARY KEY (job_id, root)
) {STRICT};
CREATE TABLE statuses (
    status_id {TEXT} PRIMARY KEY,
    order_id {TEXT} NOT NULL,
    job_id {TEXT},
    word {TEXT} NOT NULL,
    at_ms {INT} NOT NULL,
    signer {TEXT} NOT NULL,
    payload {BLOB} NOT NULL
) {STRICT};
CREATE INDEX statuses_by_order ON statuses (order_id, at_ms);
",
);

/// How each lab wants its print files: CBOR, or nothing for originals.
pub(super) const PRINT_RULES: Migration =
    Migration::new(3, "print rules of labs", "ALTER TABLE labs ADD COLUMN print_rules {BLOB};");
