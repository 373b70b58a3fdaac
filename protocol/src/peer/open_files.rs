//! How many files, and so connections, this process may have open: as many as a host
//! needs, or as the system allows.

use crate::limits::OPEN_FILES_WANTED;

/// Raises the limit of open files for a peer that many connect to.
pub(super) fn raise() {
    let allowed = raised(OPEN_FILES_WANTED);
    if allowed < OPEN_FILES_WANTED {
        tracing::warn!(
            allowed,
            wanted = OPEN_FILES_WANTED,
            "the system allows few open files, so few peers can connect; raise the hard limit (ulimit -Hn, LimitNOFILE=)"
        );
    }
}

/// Raises the limit to `wanted`, if it is lower and as far as may be; what it is then.
#[cfg(unix)]
fn raised(wanted: u64) -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.map_or(wanted, |most| most.min(wanted));
    if limit.current.is_some_and(|now| now < most) {
        limit.current = Some(most);
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files can't be raised");
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Elsewhere connections are not counted as files.
#[cfg(not(unix))]
fn raised(_: u64) -> u64 {
    u64::MAX
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Resource, getrlimit, setrlimit};

    use super::*;

    #[test]
    fn a_low_limit_is_raised_and_a_high_one_stays() {
        let mut limit = getrlimit(Resource::Nofile);
        let before = raised(0);
        limit.current = limit.current.map(|now| now - 1);
        setrlimit(Resource::Nofile, limit).unwrap();
        assert_eq!(raised(0), before - 1, "less than there is changes nothing");
        assert_eq!(raised(before), before);
    }
}
