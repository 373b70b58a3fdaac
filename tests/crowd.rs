//! A few hundred idle photographers at one host, which is restarted: all come back, spread,
//! as the number of all that are enrolled wants it, and none is refused. `benches/crowd` is the same with ten thousand, and measures.

#![cfg(target_os = "linux")]
#![allow(dead_code, reason = "the helpers are the bench's and other tests' too")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../benches/crowd/house.rs"]
mod house;
#[path = "../benches/crowd/photographers.rs"]
mod photographers;
#[path = "world/waiting.rs"]
mod waiting;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use enprint_protocol::limits::CONNECTION_STEADY;
use house::House;
use photographers::Crowd;
use tokio_util::sync::CancellationToken;

const PHOTOGRAPHERS: u64 = 200;
/// Whom the host has enrolled beside them; it lets all of them come back over five seconds.
const AWAY: usize = 1_300;

#[tokio::test(flavor = "multi_thread")]
async fn host_restarts_and_its_whole_crowd_comes_back_without_one_refused() {
    let dir = tempfile::tempdir().unwrap();
    let numbers = 0..PHOTOGRAPHERS as usize;
    house::enrol(dir.path(), (0..numbers.end + AWAY).map(|number| photographers::key(number).public().to_peer_id()))
        .await;
    let house = House::open(dir.path());
    let alone = house.memory();
    let (crowd, stop) = (Arc::new(Mutex::new(Crowd::default())), CancellationToken::new());
    let told = Arc::clone(&crowd);
    let running = tokio::spawn(photographers::run(numbers, house.peer, house.at.clone(), stop.clone(), move |now| {
        *told.lock().unwrap() = now;
    }));
    let now = || *crowd.lock().unwrap();
    waiting::eventually("all are there", || now().announced >= PHOTOGRAPHERS).await;
    let each = house.memory().saturating_sub(alone) / PHOTOGRAPHERS;
    assert!(each < 200 * 1024, "{each} bytes for each of a few, with what all share");

    let arrived = Instant::now();
    waiting::eventually("they have been there for a while", || arrived.elapsed() > CONNECTION_STEADY).await;
    let (_house, _) = tokio::task::spawn_blocking(|| house.restart()).await.unwrap();
    let restarted = Instant::now();
    waiting::eventually("all are back", || now().announced >= 2 * PHOTOGRAPHERS).await;
    let took = restarted.elapsed();
    assert!(took > Duration::from_secs(2), "all came back within {took:?}, as if they were few");
    let end = now();
    assert_eq!((end.connected, end.refused), (PHOTOGRAPHERS, 0), "{end:?}");
    stop.cancel();
    running.await.unwrap();
}
