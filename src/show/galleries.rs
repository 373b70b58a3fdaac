//! What became of an event at its hosts, in words: published, changed, taken off. A host is
//! named where it does not do what was asked.

use enprint_node::photographer::commands::{PublishReport, PublishedAt, TakenOffAt};

use super::{bytes, count};

/// What hosts were told of a changed event.
pub fn told(hosts: &[PublishedAt]) -> String {
    let line = |at: &PublishedAt| match &at.problem {
        Some(problem) => format!("{} does not show the change: {problem}\n", at.host),
        None if at.queued => {
            format!("{} can't be reached now, and is told of the change as soon as it can.\n", at.host)
        }
        None => format!("{} shows the change.\n", at.host),
    };
    hosts.iter().map(line).collect()
}

/// Of photos that were published anew: hosts that do not show them yet.
pub fn not_told(hosts: &[PublishedAt]) -> String {
    let missing: Vec<_> = hosts.iter().filter(|at| at.queued || at.problem.is_some()).cloned().collect();
    told(&missing)
}

/// What was taken off.
pub fn withdrawn(photos: u64, queued: bool, hosts: &[TakenOffAt]) -> String {
    if hosts.is_empty() && queued {
        // As a node of an earlier version says it.
        return "A host can't be reached now. The photos come off as soon as it can.".into();
    }
    let reached: Vec<_> = hosts.iter().filter(|at| !at.queued && at.problem.is_none()).collect();
    let from = |number, host: &str| format!("{} taken off {host}.\n", count(number, "photo", "photos"));
    let mut text = if hosts.is_empty() {
        from(photos, "the host")
    } else if reached.iter().all(|at| at.photos == photos) && !reached.is_empty() {
        from(photos, &reached.iter().map(|at| &*at.host).collect::<Vec<_>>().join(", "))
    } else {
        reached.iter().map(|at| from(at.photos, &at.host)).collect()
    };
    for at in hosts {
        text += &match &at.problem {
            Some(problem) => format!("{} takes nothing off: {problem}\n", at.host),
            None if at.queued => {
                format!("{} can't be reached now. The photos come off there as soon as it can.\n", at.host)
            }
            None => String::new(),
        };
    }
    text
}

pub fn published(report: &PublishReport) -> String {
    if report.gallery_url.is_empty() {
        return report.hosts.iter().map(published_at).collect();
    }
    let to = match report.hosts.len() {
        0 | 1 => String::new(),
        hosts => format!(" to {hosts} hosts"),
    };
    let (sent, kept) = (bytes(report.sent_bytes), bytes(report.kept_bytes));
    let mut text = format!("{} is live: {sent} sent{to}, {kept} stay at home.\n", report.event);
    let which = if to.is_empty() { "the host" } else { "a host" };
    text += &format!("{} chosen, {} new to {which}.\n", count(report.chosen, "photo", "photos"), report.sent);
    if report.kept_off > 0 {
        let photos = count(report.kept_off, "photo that you withdrew stays", "photos that you withdrew stay");
        text += &format!("{photos} withdrawn; to show again, name it with --file, or say --withdrawn for all.\n");
    }
    match report.hosts.as_slice() {
        [_] => text += &format!("Gallery: {}\n", report.gallery_url),
        several => several.iter().for_each(|at| text += &published_at(at)),
    }
    if let Some(code) = &report.access_code {
        text += &format!("Access code: {code}\n");
    }
    if !report.usual_prices.is_empty() {
        text += &format!(
            "You have set no prices, so guests see the usual ones: {}. Yours: enprint photographer event \"{}\" \
             --print \"10x15 matte 1.50\" --delivery \"Post 4.90 address\"\n",
            report.usual_prices.join(", "),
            report.event
        );
    }
    text
}

fn published_at(at: &PublishedAt) -> String {
    let what = match (&at.gallery_url, &at.problem) {
        (Some(url), _) => format!("{url}, {} new to it", count(at.sent, "photo", "photos")),
        (None, Some(problem)) => format!("not published: {problem}"),
        (None, None) => "it can't be reached now; the node publishes there as soon as it can".into(),
    };
    format!("At “{}”: {what}\n", at.host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_took_off_different_numbers_are_not_said_to_have_taken_the_same() {
        let at = |host: &str, photos| TakenOffAt { host: host.into(), photos, ..TakenOffAt::default() };
        let same = withdrawn(2, false, &[at("Hall", 2), at("Web", 2)]);
        assert_eq!(same, "2 photos taken off Hall, Web.\n");
        let other = withdrawn(2, false, &[at("Hall", 2), at("Web", 1)]);
        assert_eq!(other, "2 photos taken off Hall.\n1 photo taken off Web.\n");
    }
}
