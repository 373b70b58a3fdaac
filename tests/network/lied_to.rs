//! What goes through a host is the business of its two ends.

use enprint_protocol::peer::key_file;

use crate::liar::Liar;
use crate::net::Router::RandomPortsAloud;
use crate::town::{Plan, Spoken, Town, heavy};
use crate::world::eventually;

const LIES: u32 = 3;

#[tokio::test]
async fn a_relay_lies_about_bytes_and_nothing_wrong_is_written_and_the_job_completes() {
    let plan = Plan {
        photographers_router: RandomPortsAloud,
        labs_router: RandomPortsAloud,
        ..Plan::with_random_ports(Spoken::Tcp, "meetings")
    };
    let Some(mut town) = Town::build(plan).await else { return };
    let original = heavy(12, 1);
    let order = town.ordered(&original).await;
    // The honest host passes no print files on, so all of them go through the liar.
    eventually("the lab has the job", || {
        town.world.lab.says(&["jobs"])["jobs"].as_array().is_some_and(|jobs| !jobs.is_empty())
    })
    .await;
    assert_eq!(town.here_bytes(), 0);
    town.world.host.kill();
    let key = key_file::load_or_create(&town.world.host.data().join("peer.key")).unwrap();
    let at = "/ip4/198.51.100.1/tcp/4040".parse().unwrap();
    let liar = Liar::in_place_of(town.net.space("host"), key, at, LIES);
    town.arrives(&order, &original).await;
    assert_eq!(liar.told(), LIES);
}
