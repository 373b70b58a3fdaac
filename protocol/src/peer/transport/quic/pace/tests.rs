//! A pace over lines that are simulated.

use std::collections::VecDeque;

use super::*;

/// As long as it takes to be sure of a pace.
const LONG: Duration = Duration::from_secs(20);
const PACKET_BYTES: u64 = 1_200;

/// 10 Mbit/s, 50 ms there and back.
struct Line {
    queue: Duration,
    lost_of_1000: u64,
    /// How long the way there and back is in the second half of the time.
    later: Duration,
    /// What comes in nine of ten parts of 5 ms comes up to so much later.
    late: Duration,
}

const ROUND: Duration = Duration::from_millis(50);
const PACKET_TIME: Duration = Duration::from_micros(960);
const NOT: Duration = Duration::ZERO;

/// Packets that come in the same moment are late together, as on radio.
fn late_by(at: Duration, line: &Line) -> Duration {
    let part = at.as_millis() / 5;
    if part.is_multiple_of(10) { NOT } else { line.late.mul_f64((part * 7 % 11) as f64 / 11.0) }
}

/// The packets that came and that were lost.
fn send_over(line: &Line) -> (u64, u64) {
    let (came, lost, _) = send_for(LONG, line);
    (came, lost)
}

/// As [`send_over`], and what came in the last quarter.
fn send_for(long: Duration, line: &Line) -> (u64, u64, u64) {
    let mut came_late = 0;
    let (begun, mut pace) = (Instant::now(), Pace::new(PACKET_BYTES));
    let (mut came, mut lost, mut number) = (0, 0, 0);
    let (mut now, mut may_send, mut is_free) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    // A packet's number, when it was sent, and when it is known to have come.
    let mut under_way = VecDeque::<(u64, Duration, Option<Duration>)>::new();
    while now < long {
        let next = under_way.iter().find_map(|(.., known)| *known);
        let has_room = (under_way.len() as u64 + 1) * PACKET_BYTES <= pace.window();
        if has_room && next.is_none_or(|next| may_send.max(now) <= next) {
            (now, number) = (may_send.max(now), number + 1);
            // Quinn spreads five quarters of the window over a round trip.
            may_send = now + ROUND.mul_f64(0.8 * PACKET_BYTES as f64 / pace.window() as f64);
            pace.on_sent(begun + now, PACKET_BYTES, number);
            let begins = is_free.max(now);
            let is_lost = begins - now > line.queue || number * 7_919 % 1_000 < line.lost_of_1000;
            if !is_lost {
                is_free = begins + PACKET_TIME;
            }
            under_way.push_back((
                number,
                now,
                (!is_lost)
                    .then_some(is_free + late_by(is_free, line) + if now < long / 2 { ROUND } else { line.later }),
            ));
            continue;
        }
        let (acknowledged, sent) = loop {
            match under_way.pop_front().expect("something came of a whole window") {
                (number, sent, Some(known)) => {
                    now = now.max(known);
                    break (number, sent);
                }
                (_, sent, None) => {
                    lost += 1;
                    pace.on_congestion_event(begun + now, begun + sent, false, PACKET_BYTES);
                }
            }
        };
        came += 1;
        came_late += u64::from(now > long * 3 / 4);
        pace.came(begun + now, begun + sent, PACKET_BYTES);
        pace.on_end_acks(begun + now, 0, false, Some(acknowledged));
    }
    (came, lost, came_late)
}

/// Round trips after which so many bytes are under way, where nothing waits; before, so many
/// of short messages, of each of which one packet of four was lost.
fn rounds_until(under_way: u64, spoken: u32) -> u32 {
    const PACKETS: u64 = 4;
    let (begun, mut pace, mut number) = (Instant::now(), Pace::new(PACKET_BYTES), 0);
    for round in 0..spoken {
        let (sent, acknowledged) = (begun + ROUND * round, begun + ROUND * (round + 1));
        (1..=PACKETS).for_each(|at| pace.on_sent(sent, PACKET_BYTES, number + at));
        pace.on_congestion_event(acknowledged, sent, false, PACKET_BYTES);
        (1..PACKETS).for_each(|_| pace.came(acknowledged, sent, PACKET_BYTES));
        number += PACKETS;
        pace.on_end_acks(acknowledged, 0, true, Some(number));
    }
    let begun = begun + ROUND * spoken;
    for round in 0..100 {
        if pace.window() >= under_way {
            return round;
        }
        let (sent, acknowledged) = (begun + ROUND * round, begun + ROUND * (round + 1));
        let packets = pace.window() / PACKET_BYTES;
        (1..=packets).for_each(|at| pace.on_sent(sent, PACKET_BYTES, number + at));
        for _ in 0..packets {
            number += 1;
            pace.came(acknowledged, sent, PACKET_BYTES);
            pace.on_end_acks(acknowledged, 0, false, Some(number));
        }
    }
    u32::MAX
}

#[test]
fn a_long_fast_line_is_full_as_soon_as_a_window_that_doubles_fills_it() {
    // 1 Gbit/s and 200 ms.
    let doublings = (25_000_000_f64 / (FIRST_PACKETS * PACKET_BYTES) as f64).log2().ceil();
    let rounds = rounds_until(25_000_000, 0);
    assert!(rounds <= doublings as u32 + 1, "{rounds}");
}

#[test]
fn packets_lost_of_a_few_before_there_is_much_to_send_do_not_make_the_start_slow() {
    let (usual, after) = (rounds_until(25_000_000, 0), rounds_until(25_000_000, 5));
    assert!(after <= usual + 1, "{after} rounds, {usual} without");
}

fn part_used(came: u64) -> f64 {
    came as f64 * PACKET_TIME.as_secs_f64() / LONG.as_secs_f64()
}

#[test]
fn a_line_that_loses_one_packet_of_200_is_filled_and_not_flooded() {
    for lost_of_1000 in [0, 5, 20] {
        let (came, lost) =
            send_over(&Line { queue: Duration::from_millis(100), lost_of_1000, later: ROUND, late: NOT });
        assert!(part_used(came) > 0.95, "{lost_of_1000}: {} of the line was used", part_used(came));
        let by_the_queue = lost.saturating_sub((came + lost) * lost_of_1000 / 1_000);
        assert!(by_the_queue * 100 < came, "{lost_of_1000}: {by_the_queue} were lost in the queue");
    }
}

#[test]
fn a_short_queue_is_not_flooded_and_the_line_still_filled() {
    for (queue_ms, lost_of_1000) in [(2, 0), (5, 0), (10, 0), (30, 0), (2, 5), (10, 5), (10, 20)] {
        let (came, lost) =
            send_over(&Line { queue: Duration::from_millis(queue_ms), lost_of_1000, later: ROUND, late: NOT });
        let by_the_queue = lost.saturating_sub((came + lost) * lost_of_1000 / 1_000);
        assert!(part_used(came) > 0.9, "{queue_ms} ms, {lost_of_1000}: {} was used", part_used(came));
        assert!(by_the_queue * 20 < came, "{queue_ms} ms, {lost_of_1000}: {by_the_queue} were lost of {came}");
    }
}

#[test]
fn a_line_on_which_most_packets_come_late_is_filled_all_the_same() {
    for late_ms in [5, 20, 60] {
        let late = Duration::from_millis(late_ms);
        let line = Line { queue: Duration::from_millis(100), lost_of_1000: 0, later: ROUND, late };
        let (came, _, came_late) = send_for(Duration::from_secs(8), &line);
        let used = came as f64 * PACKET_TIME.as_secs_f64() / 8.0;
        assert!(used > 0.8, "{late_ms} ms: {used} of the line was used, {came_late} at the end");
    }
}

#[test]
fn a_line_that_loses_nearly_a_third_is_not_given_up() {
    let (came, _) = send_over(&Line { queue: Duration::from_millis(100), lost_of_1000: 300, later: ROUND, late: NOT });
    assert!(part_used(came) > 0.5, "{} of the line was used", part_used(came));
}

#[test]
fn a_way_that_has_become_four_times_as_long_is_filled_again() {
    let long = Duration::from_secs(120);
    let line = Line { queue: Duration::from_millis(100), lost_of_1000: 0, later: 4 * ROUND, late: NOT };
    let (_, _, came_late) = send_for(long, &line);
    let used = came_late as f64 * PACKET_TIME.as_secs_f64() / (long / 4).as_secs_f64();
    assert!(used > 0.9, "{used} of the line was used");
}

#[test]
fn a_queue_that_never_overflows_does_not_become_longer_and_longer() {
    let line = Line { queue: Duration::from_secs(60), lost_of_1000: 0, later: ROUND, late: NOT };
    let (came, _, _) = send_for(Duration::from_secs(120), &line);
    assert!(came as f64 * PACKET_TIME.as_secs_f64() > 0.9 * 120.0);
}
