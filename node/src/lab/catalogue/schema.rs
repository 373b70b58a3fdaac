//! The catalogue's tables. A step that has been released is never changed: a new
//! one is added.

use enprint_store::ledger::Migration;

/// Jobs that were taken back, and print files that are kept for a reprint.
///
/// `withdrawn_job` (its `photographer` is the home that offered) outlives the job, or was never followed by one: an offer of it that
/// comes late is not taken. `content.kept_ms` is when the last job that needed it was
/// over; none while a job needs it.
pub(super) const WITHDRAWN_AND_KEPT: Migration = Migration::new(
    4,
    "withdrawn jobs, kept print files",
    "
CREATE TABLE withdrawn_job (
    photographer {TEXT} NOT NULL,
    job_id {TEXT} NOT NULL,
    withdrawn_before {INT} NOT NULL,
    at_ms {INT} NOT NULL,
    PRIMARY KEY (photographer, job_id)
) {STRICT};
ALTER TABLE content ADD COLUMN kept_ms {INT};
",
);

/// Who carries what is shipped, and its number, each by itself; before, `detail` alone had both.
pub(super) const PARCELS: Migration = Migration::new(
    7,
    "carriers and tracking numbers",
    "
ALTER TABLE job ADD COLUMN carrier {TEXT};
ALTER TABLE job ADD COLUMN tracking {TEXT};
",
);

/// Who offers in whose stead, and which home of a photographer a job comes from; none where
/// it is the photographer's own.
pub(super) const HOMES: Migration = Migration::new(
    5,
    "homes",
    "
CREATE TABLE home (
    home {TEXT} PRIMARY KEY,
    photographer {TEXT} NOT NULL,
    since_ms {INT} NOT NULL,
    ended {INT} NOT NULL
) {STRICT};
ALTER TABLE job ADD COLUMN home {TEXT};
",
);

/// Whose offers of a job count, once a home has spoken of it: one home's, or for now nobody's.
/// `turn` counts up with each word.
pub(super) const OFFERS_FROM: Migration = Migration::new(
    6,
    "offers of one home",
    "
CREATE TABLE offers_from (
    photographer {TEXT} NOT NULL,
    job_id {TEXT} NOT NULL,
    home {TEXT},
    turn {INT} NOT NULL,
    PRIMARY KEY (photographer, job_id)
) {STRICT};
CREATE INDEX offers_from_by_turn ON offers_from (photographer, turn);
",
);

/// The first tables.
///
/// `job.offer` is the offer as it was signed. `file_state` is how far its files are
/// (`receiving`, `placing`, `placed`), `state` what people are told. `content` is what
/// of a photographer's print files is in the receiving folder: it goes once no job
/// needs it. `job_file` stays, for it counts what crossed.
pub(super) const FIRST: Migration = Migration::new(
    2,
    "lab",
    "
CREATE TABLE setting (
    name {TEXT} PRIMARY KEY,
    value {TEXT} NOT NULL
) {STRICT};
CREATE TABLE host (
    peer_id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    address {TEXT} NOT NULL,
    enrolled_ms {INT} NOT NULL
) {STRICT};
CREATE TABLE photographer (
    peer_id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL,
    standing {TEXT} NOT NULL,
    changed_ms {INT} NOT NULL
) {STRICT};
CREATE TABLE job (
    job_id {TEXT} PRIMARY KEY,
    photographer {TEXT} NOT NULL,
    order_id {TEXT} NOT NULL,
    offer {BLOB} NOT NULL,
    offered_ms {INT} NOT NULL,
    file_state {TEXT} NOT NULL,
    state {TEXT} NOT NULL,
    detail {TEXT} NOT NULL,
    folder {TEXT} UNIQUE,
    trouble {TEXT}
) {STRICT};
CREATE INDEX job_by_time ON job (offered_ms);
CREATE INDEX job_by_file_state ON job (file_state);
CREATE TABLE job_file (
    job_id {TEXT} NOT NULL REFERENCES job (job_id),
    place {INT} NOT NULL,
    photographer {TEXT} NOT NULL,
    root {TEXT} NOT NULL,
    bytes {INT} NOT NULL,
    verified_bytes {INT} NOT NULL,
    discarded_bytes {INT} NOT NULL,
    PRIMARY KEY (job_id, place)
) {STRICT};
CREATE INDEX job_file_by_root ON job_file (photographer, root);
CREATE TABLE content (
    photographer {TEXT} NOT NULL,
    root {TEXT} NOT NULL,
    bytes {INT} NOT NULL,
    subtrees {BLOB},
    ranges {BLOB} NOT NULL,
    here_bytes {INT} NOT NULL,
    PRIMARY KEY (photographer, root)
) {STRICT};
",
);

/// Several hosts: where each says it is, and what each says of photographers.
pub(super) const HOSTS: Migration = Migration::new(
    3,
    "several hosts",
    "
ALTER TABLE host ADD COLUMN told {TEXT} NOT NULL DEFAULT '';
CREATE TABLE contact (
    host {TEXT} NOT NULL,
    photographer {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL,
    PRIMARY KEY (host, photographer)
) {STRICT};
",
);
