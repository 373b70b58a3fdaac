//! The catalogue's tables. A step that has been released is never changed: a new
//! one is added.

/// The first tables.
pub(super) const FIRST: &str = "
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
CREATE TABLE hosts (
    peer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    key_bytes BLOB NOT NULL,
    addresses TEXT NOT NULL,
    public_url TEXT NOT NULL,
    enrolled_ms BIGINT NOT NULL
);
CREATE TABLE labs (
    peer_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    addresses TEXT NOT NULL,
    seen_ms BIGINT NOT NULL
);
CREATE TABLE events (
    event_id TEXT PRIMARY KEY,
    record BLOB NOT NULL,
    access_code TEXT NOT NULL,
    gallery_url TEXT,
    created_ms BIGINT NOT NULL
);
CREATE TABLE published (
    event_id TEXT NOT NULL,
    photo_id TEXT NOT NULL,
    PRIMARY KEY (event_id, photo_id)
);
CREATE TABLE withdrawn (
    event_id TEXT NOT NULL,
    photo_id TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (event_id, photo_id)
);
CREATE TABLE orders (
    order_id TEXT PRIMARY KEY,
    event_id TEXT NOT NULL,
    record BLOB NOT NULL,
    signed BLOB NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT NOT NULL,
    placed_ms BIGINT NOT NULL,
    paid_ms BIGINT,
    job_id TEXT,
    lab TEXT,
    production TEXT NOT NULL,
    trouble TEXT
);
CREATE TABLE jobs (
    job_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    lab TEXT NOT NULL,
    offered_ms BIGINT NOT NULL,
    state TEXT NOT NULL
);
CREATE TABLE job_files (
    job_id TEXT NOT NULL,
    root TEXT NOT NULL,
    photo_id TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    subtrees BLOB NOT NULL,
    received_ms BIGINT,
    PRIMARY KEY (job_id, root)
);
CREATE TABLE statuses (
    status_id TEXT PRIMARY KEY,
    order_id TEXT NOT NULL,
    job_id TEXT,
    word TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    signer TEXT NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX statuses_by_order ON statuses (order_id, at_ms);
";
