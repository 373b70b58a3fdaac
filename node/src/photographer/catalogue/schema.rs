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

/// How often a job was withdrawn from its lab, or offered anew with other files; when
/// each of its files began to leave, and how many bytes of it have left.
pub(super) const CUSTODY: Migration = Migration::new(
    6,
    "withdrawn jobs, custody",
    "
ALTER TABLE jobs ADD COLUMN withdrawn {INT} NOT NULL DEFAULT 0;
ALTER TABLE job_files ADD COLUMN left_ms {INT};
ALTER TABLE job_files ADD COLUMN sent_bytes {INT} NOT NULL DEFAULT 0;
",
);

/// A photographer's homes: at the first, those that follow it; at a second, whom it
/// follows, how far each event is copied, and the originals that are on their way.
pub(super) const HOMES: Migration = Migration::new(
    7,
    "homes",
    "
CREATE TABLE home_invitations (
    code_hash {TEXT} PRIMARY KEY,
    expires_ms {INT} NOT NULL,
    used_by {TEXT}
) {STRICT};
CREATE TABLE second_homes (
    peer_id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL,
    signed {BLOB} NOT NULL,
    since_ms {INT} NOT NULL,
    ended_ms {INT},
    copied {BLOB}
) {STRICT};
CREATE TABLE first_home (
    peer_id {TEXT} PRIMARY KEY,
    name {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL,
    signed {BLOB} NOT NULL,
    copied_bytes {INT} NOT NULL,
    trouble {TEXT}
) {STRICT};
CREATE TABLE followed (
    event_id {TEXT} PRIMARY KEY,
    photos {INT} NOT NULL,
    mark {TEXT}
) {STRICT};
CREATE TABLE arriving (
    root {TEXT} PRIMARY KEY,
    event_id {TEXT} NOT NULL,
    bytes {INT} NOT NULL,
    subtrees {BLOB} NOT NULL,
    ranges {BLOB} NOT NULL
) {STRICT};
",
);

/// Since when an order is another home's of the same photographer.
pub(super) const MOVED_ORDERS: Migration =
    Migration::new(8, "orders of other homes", "ALTER TABLE orders ADD COLUMN moved_ms {INT};");

/// Orders that another home had before, and the hosts that said so.
pub(super) const ELSEWHERE: Migration = Migration::new(
    9,
    "orders that were another home's",
    "CREATE TABLE elsewhere (order_id {TEXT} PRIMARY KEY, host {TEXT} NOT NULL) {STRICT};",
);

/// Whether a photo was withdrawn by itself, so that it stays off when its event is published
/// again; not so when the whole event was. Of an event that is shown now, what is off was.
pub(super) const STAY_WITHDRAWN: Migration = Migration::new(
    10,
    "withdrawn photos that stay withdrawn",
    "
ALTER TABLE taken_off ADD COLUMN stays {INT} NOT NULL DEFAULT 0;
UPDATE taken_off SET stays = 1 WHERE EXISTS (SELECT 1 FROM event_hosts at
    WHERE at.event_id = taken_off.event_id AND at.host = taken_off.host AND at.is_chosen = 1);
",
);

/// Photos that a command has changed or is about to, of which hosts have not been told.
pub(super) const UNTOLD: Migration = Migration::new(
    11,
    "what hosts have not been told",
    "
CREATE TABLE untold (
    command_id {TEXT} NOT NULL,
    event_id {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    PRIMARY KEY (command_id, event_id, photo_id)
) {STRICT};
",
);

/// What an event had, in case its volume loses it.
pub(super) const HAD: Migration = Migration::new(
    12,
    "what events had",
    "
CREATE TABLE events_had (
    event_id {TEXT} PRIMARY KEY NOT NULL,
    photos {INT} NOT NULL,
    mark {BLOB}
) {STRICT};
",
);

/// A copy of photos' edits, in case their volume loses them: CBOR, or nothing before the
/// first edit is done; and how many edits of it are being done, whose copy is to follow.
/// Events from before this step wait for their edits to be read.
pub(super) const EDITS_HAD: Migration = Migration::new(
    13,
    "edits that photos had",
    "
CREATE TABLE edits_had (
    event_id {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    edits {BLOB},
    is_changing {INT} NOT NULL,
    PRIMARY KEY (event_id, photo_id)
) {STRICT};
CREATE TABLE edits_unread (
    event_id {TEXT} PRIMARY KEY NOT NULL
) {STRICT};
INSERT INTO edits_unread (event_id) SELECT event_id FROM events;
",
);

/// The photos that each event had, with their file names, and a hash of their ids; none until
/// they are noted, and then the number holds that was noted before this step. And those that
/// were found damaged.
pub(super) const PHOTOS_HAD: Migration = Migration::new(
    14,
    "photos that events had, and damaged ones",
    "
CREATE TABLE photos_had (
    event_id {TEXT} NOT NULL,
    photo_id {BLOB} NOT NULL,
    name {TEXT} NOT NULL,
    PRIMARY KEY (event_id, photo_id)
) {STRICT};
ALTER TABLE events_had ADD COLUMN ids_hash {BLOB};
CREATE TABLE photos_damaged (
    event_id {TEXT} NOT NULL,
    photo_id {BLOB} NOT NULL,
    name {TEXT} NOT NULL,
    PRIMARY KEY (event_id, photo_id)
) {STRICT};
",
);

/// What kind of trouble an order has: `hurt` where a photo of it, or what was made of one, is
/// damaged or lost, and otherwise nothing. Of trouble from before this step its sentence tells.
pub(super) const TROUBLE_KINDS: Migration = Migration::new(
    15,
    "kinds of trouble",
    "
ALTER TABLE orders ADD COLUMN trouble_kind {TEXT};
UPDATE orders SET trouble_kind = 'hurt'
    WHERE trouble LIKE 'The original of % is damaged on this disk. Import the file again %'
    OR trouble LIKE '% is not in the archive any more. Put its event%'
    OR trouble LIKE 'The print file that was made of % is damaged on this disk or gone. %';
",
);

/// How each lab wants its print files: CBOR, or nothing for originals.
pub(super) const PRINT_RULES: Migration =
    Migration::new(3, "print rules of labs", "ALTER TABLE labs ADD COLUMN print_rules {BLOB};");

/// Several hosts: which event is shown where, which lab is named by whom, and where each
/// order was placed. What there was belongs to the host that galleries were published at.
pub(super) const HOSTS: Migration = Migration::new(
    4,
    "several hosts",
    "
ALTER TABLE hosts ADD COLUMN told_addresses {TEXT} NOT NULL DEFAULT '';
ALTER TABLE hosts ADD COLUMN lab {TEXT};
ALTER TABLE hosts ADD COLUMN left_ms {INT};
UPDATE hosts SET lab = (SELECT value FROM settings WHERE name = 'chosen lab');
ALTER TABLE orders ADD COLUMN host {TEXT};
CREATE TABLE host_labs (
    host {TEXT} NOT NULL,
    lab {TEXT} NOT NULL,
    addresses {TEXT} NOT NULL,
    seen_ms {INT} NOT NULL,
    PRIMARY KEY (host, lab)
) {STRICT};
INSERT INTO host_labs (host, lab, addresses, seen_ms)
    SELECT (SELECT peer_id FROM hosts ORDER BY enrolled_ms DESC LIMIT 1), peer_id, addresses, seen_ms
    FROM labs WHERE EXISTS (SELECT 1 FROM hosts);
CREATE TABLE event_hosts (
    event_id {TEXT} NOT NULL,
    host {TEXT} NOT NULL,
    gallery_url {TEXT},
    is_chosen {INT} NOT NULL,
    since_ms {INT} NOT NULL,
    PRIMARY KEY (event_id, host)
) {STRICT};
INSERT INTO event_hosts (event_id, host, gallery_url, is_chosen, since_ms)
    SELECT event_id, COALESCE(
        (SELECT peer_id FROM hosts WHERE substr(events.gallery_url, 1, length(public_url)) = public_url
            ORDER BY enrolled_ms DESC LIMIT 1),
        (SELECT peer_id FROM hosts ORDER BY enrolled_ms DESC LIMIT 1)),
        gallery_url, 1, created_ms
    FROM events WHERE gallery_url IS NOT NULL AND EXISTS (SELECT 1 FROM hosts);
CREATE TABLE shown (
    event_id {TEXT} NOT NULL,
    host {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    PRIMARY KEY (event_id, host, photo_id)
) {STRICT};
INSERT INTO shown (event_id, host, photo_id)
    SELECT published.event_id, event_hosts.host, published.photo_id
    FROM published JOIN event_hosts ON event_hosts.event_id = published.event_id;
CREATE TABLE taken_off (
    event_id {TEXT} NOT NULL,
    host {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    at_ms {INT} NOT NULL,
    PRIMARY KEY (event_id, host, photo_id)
) {STRICT};
INSERT INTO taken_off (event_id, host, photo_id, at_ms)
    SELECT withdrawn.event_id, event_hosts.host, withdrawn.photo_id, withdrawn.at_ms
    FROM withdrawn JOIN event_hosts ON event_hosts.event_id = withdrawn.event_id;
DROP TABLE published;
DROP TABLE withdrawn;
",
);

/// Print files that were made and are kept for the next order.
pub(super) const MADE_FILES: Migration = Migration::new(
    5,
    "made print files",
    "
CREATE TABLE made_files (
    event_id {TEXT} NOT NULL,
    photo_id {TEXT} NOT NULL,
    made_by {TEXT} NOT NULL,
    root {TEXT} NOT NULL,
    bytes {INT} NOT NULL,
    width_px {INT} NOT NULL,
    height_px {INT} NOT NULL,
    subtrees {BLOB} NOT NULL,
    used_ms {INT} NOT NULL,
    PRIMARY KEY (event_id, photo_id, made_by)
) {STRICT};
CREATE INDEX made_files_by_use ON made_files (used_ms);
",
);
