//! Every bound of the host, with its reason. What peers may send is bounded in
//! `enprint_protocol::limits` already.

use std::time::Duration;

// --- peers ---

/// The shortest time for which an invitation can be valid.
pub const INVITATION_VALID_MIN: Duration = Duration::from_secs(60);
/// The longest: a code that lies about for years is a door left open.
pub const INVITATION_VALID_MAX: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// Wrong invitations of one peer within [`TRIES_WINDOW`]: a person mistypes a few times.
pub const WRONG_INVITATIONS_PER_PEER: u32 = 10;
/// Wrong invitations of all peers together within [`TRIES_WINDOW`], since a stranger can
/// make new peer ids at will. A code has 60 bits: at this rate it is never guessed.
pub const WRONG_INVITATIONS_IN_ALL: u32 = 1_000;
/// How long wrong invitations are counted together.
pub const TRIES_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Peers enrolled at one host: what its process can hold connections to, and some.
pub const PEERS_MAX: u32 = 20_000;
/// The longest address that a peer may announce; longer ones are left out.
pub const ADDRESS_BYTES_MAX: usize = 256;
/// Bytes of names and addresses in one directory reply, so that it fits its message.
pub const DIRECTORY_BYTES_MAX: usize = 160 * 1024;

/// Second homes of one photographer, those that were removed counted: some new machines
/// in a working life.
pub const HOMES_PER_PHOTOGRAPHER_MAX: u64 = 20;

// --- publishing ---

/// Events of one photographer: thirty years of three weddings a week, twice over.
pub const EVENTS_PER_PHOTOGRAPHER_MAX: u64 = 10_000;
/// Photos of one event: a week's festival of several photographers.
pub const PHOTOS_PER_EVENT_MAX: u64 = 50_000;
/// Bytes of renditions of one event: [`PHOTOS_PER_EVENT_MAX`] of 640 KB.
pub const EVENT_BYTES_MAX: u64 = 32 * 1024 * 1024 * 1024;

// --- galleries ---

/// Photos on a page unless another number is asked for.
pub const PAGE_PHOTOS: u32 = 60;
/// Photos on the largest page.
pub const PAGE_PHOTOS_MAX: u32 = 200;
/// Of a search text; no file name is found by more.
pub const SEARCH_BYTES_MAX: usize = 100;
/// Renditions kept in memory in front of the database: the thumbnails of a few busy
/// galleries and the proofs that are being looked at.
pub const RENDITION_CACHE_BYTES: u64 = 64 * 1024 * 1024;

// --- customers ---

/// How long a session without a gallery and without an account lives: a visitor who
/// only looked at the front page leaves nothing behind.
pub const SESSION_LIFE_EMPTY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a session lives after it was last used.
pub const SESSION_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// A session's life is prolonged at most this often, so that looking at a page is not
/// a write.
pub const SESSION_TOUCH: Duration = Duration::from_secs(24 * 60 * 60);
/// Galleries of one session or account; the oldest make room.
pub const SESSION_EVENTS_MAX: u32 = 200;
/// Orders in one list.
pub const ORDERS_LISTED_MAX: u32 = 1_000;
/// The shortest id of an account.
pub const ACCOUNT_ID_CHARS_MIN: usize = 3;
/// The longest id of an account: an e-mail address.
pub const ACCOUNT_ID_BYTES_MAX: usize = 254;
/// The shortest password, in characters (NIST SP 800-63B: at least 8 with a second
/// look; 10 without).
pub const PASSWORD_CHARS_MIN: usize = 10;
/// The longest password: hashing more would be work for nothing.
pub const PASSWORD_BYTES_MAX: usize = 1_000;
/// Memory of one Argon2id hash in KiB (OWASP: at least 19 MiB with two passes).
pub const PASSWORD_HASH_KIB: u32 = 19 * 1024;
/// Passes of one Argon2id hash.
pub const PASSWORD_HASH_PASSES: u32 = 2;
/// Lanes of one Argon2id hash.
pub const PASSWORD_HASH_LANES: u32 = 1;
/// Passwords hashed at one time: 19 MiB and some 20 ms of one core each.
pub const PASSWORDS_AT_ONCE: usize = 4;
/// Who waits longer for a turn at hashing is told to come back.
pub const PASSWORD_WAIT: Duration = Duration::from_secs(10);

// --- orders ---

/// An idempotency key, which the customer's page makes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 100;
/// The longest e-mail address (RFC 5321).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Address lines together.
pub const ADDRESS_LINES_BYTES_MAX: usize = 1_000;
/// A customer's note.
pub const ORDER_NOTE_BYTES_MAX: usize = 2_000;
/// What is said of one order: ten times what a troubled one needs.
pub const STATUSES_PER_ORDER_MAX: u64 = 200;
/// Messages shown as waiting.
pub const WAITING_LISTED_MAX: u32 = 1_000;

/// How long an order waits for its home before one that is connected is asked instead: a
/// process that has the first home's connection asks it sooner.
pub const HOME_GRACE: Duration = Duration::from_secs(10);
/// How long a home that was asked, and may have taken the order, may be away before
/// another is asked.
pub const HOME_AWAY_MAX: Duration = Duration::from_secs(60 * 60);
/// Orders of one home that is away which are bound to another in one go, so that those of
/// many photographers go side by side.
pub const ORDERS_MOVED_AT_ONCE: u32 = 100;

// --- the running host ---

/// Peers' requests that are answered at one time. Each may hold a publish batch.
pub const REQUESTS_ANSWERED_AT_ONCE: usize = 32;
/// How often this process looks whom others, or a command, enrolled or suspended.
pub const ADMISSION_LOOK: Duration = Duration::from_secs(5);
/// How often sessions that have ended are removed.
pub const PURGE_LOOK: Duration = Duration::from_secs(60 * 60);
/// Time after which a peer that stays connected is noted as seen once more. Of 10,000
/// peers that is some megabytes of writing each time.
pub const SEEN_STEP: Duration = Duration::from_secs(2 * 60);
/// Peers that are noted in one transaction, which keeps others waiting for so long.
pub const PEERS_NOTED_AT_ONCE: usize = 500;
/// A photographer's node that was not seen for so long is not connected, and an order
/// that has waited for it so long tells its customer: more than twice [`SEEN_STEP`],
/// since a look may just miss the step.
pub const AWAY_AFTER: Duration = Duration::from_secs(5 * 60);
/// An order that is paid for longer than this, and not with a lab, waits for something: to
/// make a usual order's print files takes a node a minute or two.
pub const UNSENT_AFTER: Duration = Duration::from_secs(5 * 60);
/// Files that are on their way to a lab for longer than this take long: a usual order
/// crosses a slow line in it.
pub const FILES_LONG_AFTER: Duration = Duration::from_secs(30 * 60);
/// How long requests and deliveries on the way may take at shutdown.
pub const STOP_DEADLINE: Duration = Duration::from_secs(20);
