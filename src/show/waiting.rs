//! What waits or does not come on, in words.

use enprint_node::status::{Halted, WaitingMessage};

use super::count;

/// A line for each message that waits for another peer.
pub fn messages(list: &[WaitingMessage]) -> String {
    list.iter().map(message).collect()
}

/// A line for each order that does not come on.
pub fn halted(list: &[Halted]) -> String {
    list.iter().map(|one| format!("Halted      {}: {}\n", one.number, one.why)).collect()
}

fn message(one: &WaitingMessage) -> String {
    let label = if one.refused { "Refused" } else { "Waiting" };
    let error = one.last_error.as_deref().unwrap_or("not tried yet");
    let again = one.next_try_s.filter(|_| one.attempts > 0).map(|left| format!("; again in {}", time(left)));
    let (waits, tries) = (time(one.waits_s), tries(one.attempts));
    format!("{label:<10}  {} (for {waits}, {tries}): {error}{}\n", one.what, again.unwrap_or_default())
}

/// “3 tries”.
pub fn tries(attempts: i64) -> String {
    count(u64::try_from(attempts).unwrap_or(0), "try", "tries")
}

/// How long something takes or has taken, in its largest unit.
pub fn time(seconds: u64) -> String {
    match seconds {
        0..60 => count(seconds, "second", "seconds"),
        60..3_600 => count(seconds / 60, "minute", "minutes"),
        3_600..86_400 => count(seconds / 3_600, "hour", "hours"),
        _ => count(seconds / 86_400, "day", "days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_how_long_it_has_waited_and_when_it_is_tried_again() {
        let message = WaitingMessage {
            what: "A print job for the lab".into(),
            attempts: 3,
            last_error: Some("The lab is off.".into()),
            waits_s: 7_300,
            next_try_s: Some(61),
            refused: false,
        };
        let expected =
            "Waiting     A print job for the lab (for 2 hours, 3 tries): The lab is off.; again in 1 minute\n";
        assert_eq!(messages(&[message]), expected);
    }
}
