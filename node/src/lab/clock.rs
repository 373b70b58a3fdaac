//! What time it is, by this machine's clock.

use enprint_protocol::time::UnixMs;

/// Now.
pub(super) fn now() -> UnixMs {
    UnixMs::from_timestamp(jiff::Timestamp::now())
}

/// Now, in milliseconds since 1970 UTC.
pub(super) fn now_ms() -> i64 {
    now().0
}
