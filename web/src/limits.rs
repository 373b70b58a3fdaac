//! Every bound of the pages and of the loop that serves them, each with its reason.
//! What a page's own fields may hold is its crate's business.

use std::net::IpAddr;
use std::time::Duration;

/// Connections in all: half of the 1,024 file descriptors that a process usually
/// gets, so that databases and peers keep theirs. A browser opens six. When all are
/// taken, the one that has asked for nothing longest is closed to make room, so the
/// bound is on what is being served at one instant.
pub const CONNECTIONS_MAX: usize = 512;
/// Connections of one address (of one /64 for IPv6). A venue's guests share one
/// address, so it allows 20 browsers that load at one instant; idle ones give way.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 128;
/// From the moment a connection waits for a request until the request's head is
/// whole. The same clock closes an idle keep-alive connection and a slow head.
pub const HEAD_DEADLINE_MS: u64 = 10_000;
/// One request's head: request line and headers. Browsers stay under 8 KiB.
pub const HEAD_BYTES_MAX: usize = 16 * 1024;
/// What one connection buffers in each direction: a head and a good piece of a body.
pub const CONNECTION_BUFFER_BYTES_MAX: usize = 64 * 1024;
/// Headers of one request.
pub const HEADERS_MAX: usize = 64;
/// From a request's head to the head of its answer, reading the body included.
pub const REQUEST_DEADLINE_MS: u64 = 30_000;
/// How long a client may, in sum, be behind `BODY_RATE_MIN_BYTES_S` when it sends.
pub const BODY_GRACE_MS: u64 = 10_000;
/// The slowest body accepted, bytes a second: a poor phone line does ten times that.
pub const BODY_RATE_MIN_BYTES_S: u64 = 512;
/// How long a client may, in sum, be behind `WRITE_RATE_MIN_BYTES_S` when it reads.
pub const WRITE_GRACE_MS: u64 = 15_000;
/// The slowest reader accepted, bytes a second: GPRS does twice that.
pub const WRITE_RATE_MIN_BYTES_S: u64 = 2048;
/// What a graceful shutdown gives the requests in flight.
pub const SHUTDOWN_DEADLINE_MS: u64 = 10_000;
/// Connections that wait in the system to be accepted; Linux allows 4,096.
pub const ACCEPT_QUEUE_MAX: u32 = 4096;
/// Pause after the system refused to accept (no file descriptors left).
pub const ACCEPT_PAUSE_MS: u64 = 100;
/// How long one try to make room waits before it picks the next idle connection.
pub const ROOM_PAUSE_MS: u64 = 50;
/// What is read and thrown away of a body over its limit, so that a polite client
/// has finished sending and sees the answer 413 rather than a reset connection.
pub const DRAIN_BYTES_MAX: usize = 1024 * 1024;
/// Connections to a page of text for programs on this machine: one watches, and a person
/// may look too.
pub const LOCAL_TEXT_CONNECTIONS_MAX: usize = 8;

/// A form's body.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Fields of one form or query string: a page of prints to choose has fewer.
pub const FORM_FIELDS_MAX: usize = 512;
/// A query string.
pub const QUERY_BYTES_MAX: usize = 4 * 1024;
/// A JSON body.
pub const JSON_BYTES_MAX: usize = 256 * 1024;
/// Arrays and objects within each other in a JSON body. No message of ours needs ten.
pub const JSON_DEPTH_MAX: usize = 16;
/// Lines of a streamed answer that wait for a slow reader before the writer waits.
pub const NDJSON_LINES_WAITING_MAX: usize = 64;
/// A line of `Forwarded`-like headers that is read from a trusted proxy.
pub const FORWARDED_BYTES_MAX: usize = 1024;
/// A `Cookie` header that is read; a longer one counts as none.
pub const COOKIE_BYTES_MAX: usize = 8 * 1024;

/// Tries at an access code or a log-in by one address: 10 in five minutes
/// (what Cyber Essentials asks for).
pub const TRIES_PER_ADDRESS: u32 = 10;
/// Tries by all addresses together in the same time: a wedding's guests who all
/// type their code at once stay under it, a botnet does not.
pub const TRIES_IN_ALL: u32 = 600;
/// The time in which the tries above come back.
pub const TRIES_PERIOD_MS: u64 = 300_000;
/// Addresses that a throttle remembers, about 100 bytes each. When it is full, the
/// one that has been quiet longest is forgotten.
pub const THROTTLE_KEYS_MAX: usize = 16_384;

/// A session's life without a visit, in seconds: 30 days, for orders take weeks.
pub const SESSION_LIFE_S: u64 = 30 * 24 * 3600;
/// How long a browser keeps what never changes (assets, renditions), in seconds.
pub const IMMUTABLE_S: u64 = 31_536_000;

/// The bounds of one server. [`Default`] is what the constants of this module say;
/// tests set deadlines of milliseconds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one address; of one /64 for IPv6. Trusted proxies are exempt.
    pub connections_per_address: usize,
    /// For a request's head, and for an idle connection.
    pub head_deadline: Duration,
    /// From a request's head to the head of its answer.
    pub request_deadline: Duration,
    /// How long a sender may in sum be behind `body_bytes_per_s`.
    pub body_grace: Duration,
    /// The slowest body accepted.
    pub body_bytes_per_s: u64,
    /// How long a reader may in sum be behind `write_bytes_per_s`.
    pub write_grace: Duration,
    /// The slowest reader accepted.
    pub write_bytes_per_s: u64,
    /// What a shutdown gives the requests in flight.
    pub shutdown_deadline: Duration,
    /// Proxies whose `X-Forwarded-For` is believed. Empty: nobody's is.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS_MAX,
            connections_per_address: CONNECTIONS_PER_ADDRESS_MAX,
            head_deadline: Duration::from_millis(HEAD_DEADLINE_MS),
            request_deadline: Duration::from_millis(REQUEST_DEADLINE_MS),
            body_grace: Duration::from_millis(BODY_GRACE_MS),
            body_bytes_per_s: BODY_RATE_MIN_BYTES_S,
            write_grace: Duration::from_millis(WRITE_GRACE_MS),
            write_bytes_per_s: WRITE_RATE_MIN_BYTES_S,
            shutdown_deadline: Duration::from_millis(SHUTDOWN_DEADLINE_MS),
            trusted_proxies: Vec::new(),
        }
    }
}
