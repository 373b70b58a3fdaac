//! Without a part of the network that is usually there: no internet, or no host.

use crate::net::Net;
use crate::net::Router::KeepsPorts;
use crate::town::{Plan, Spoken, Start, Town, heavy};
use crate::world::{Customer, PlacedOrder, Process, eventually, print_files};

/// A venue's network: three machines and a customer, no default route, nothing outside.
async fn closed_hall() -> Option<Town> {
    let mut net = Net::new()?;
    for (place, last) in [("host", 1), ("ana", 2), ("lab", 3), ("kim", 9)] {
        net.machine(place, last);
    }
    let start = in_hall("/ip4/198.51.100.1/tcp/4040");
    Some(Town::started(net, start).await)
}

/// How the three are started there.
fn in_hall(host_at: &str) -> Start<'_> {
    Start {
        host: vec!["--web", "0.0.0.0:8080", "--listen", "/ip4/0.0.0.0/tcp/4040,/ip4/0.0.0.0/udp/4040/quic-v1"],
        photographer: vec!["--listen", "/ip4/0.0.0.0/tcp/4041,/ip4/0.0.0.0/udp/4041/quic-v1"],
        lab: vec!["--listen", "/ip4/0.0.0.0/tcp/4042,/ip4/0.0.0.0/udp/4042/quic-v1"],
        host_at: Some(host_at),
        mdns: true,
    }
}

#[tokio::test]
async fn in_a_closed_hall_all_get_other_addresses_and_find_each_other_and_an_order_goes_through() {
    let Some(mut town) = closed_hall().await else { return };
    let original = heavy(3, 1);
    let gallery = town.world.publish("In a hall", &[("a.jpg", original.clone())]);
    town.world.host.kill();
    town.world.photographer.kill();
    town.world.lab.kill();
    for (place, from) in [("host", 1), ("ana", 2), ("lab", 3)] {
        town.net.renumber(place, from, from + 20);
    }
    // The host last: those who want it have looked for it in vain.
    town.world.photographer.restart();
    town.world.lab.restart();
    town.world.host.restart();
    let customer = Customer::open("http://198.51.100.21:8080", &gallery.access_code).await;
    let order = customer.order(&["a.jpg"], 1).await;
    town.world.is_paid(&order.number).await;
    town.arrives(&order, &original).await;
}

#[tokio::test]
async fn while_the_host_is_down_a_photographer_and_a_lab_that_know_each_other_finish_a_job() {
    let Some(mut net) = Net::new() else { return };
    net.machine("host", 1);
    net.machine("kim", 9);
    net.home("ana", 2, KeepsPorts);
    net.home("lab", 3, KeepsPorts);
    net.forward("lab", 3, 4042);
    let mut town = Town::inhabited(net, Plan::usual(Spoken::Both)).await;
    town.world.lab.kill();
    let original = heavy(3, 2);
    let order = town.ordered(&original).await;
    town.world.host.kill();
    town.world.photographer.kill();
    // Nobody is there to tell them where the other is.
    town.world.lab.restart();
    town.world.photographer.restart();
    town.arrives(&order, &original).await;
    eventually("the lab is still without its host", || town.world.lab.says(&["status"])["host_connected"] == false)
        .await;
}

/// A host on the internet, at which the photographer and the lab of the hall enrol.
fn enrolled_at_a_public_host(town: &Town) -> Process {
    let folder = town.world.path().join("elsewhere");
    std::fs::create_dir(&folder).unwrap();
    let at = Spoken::Both.at("/ip4/198.51.100.1", 4040);
    let flags = ["--name", "The public host", "--web", "198.51.100.1:8080", "--listen", &at];
    let public = Process::inside(&town.net.space("public"), "host", &folder, &flags, false);
    let code = |role| public.says(&["invite", "--role", role])["invitation"].as_str().unwrap().to_owned();
    town.world.photographer.says(&["enrol", &public.address(), "--code", &code("photographer"), "--name", "Ana"]);
    town.world.lab.says(&["enrol", &public.address(), "--code", &code("lab")]);
    public
}

async fn is_printed(town: &Town, order: &PlacedOrder, original: &[u8]) {
    town.world.is_paid(&order.number).await;
    let found = print_files(&town.world.order_folder(order).await);
    assert!(found == [original], "the print file is not the original");
}

fn count(process: &Process, what: &str) -> usize {
    process.says(&[what])[what].as_array().unwrap().len()
}

#[tokio::test]
async fn a_hall_that_gets_an_uplink_has_its_event_go_on_at_a_public_host_and_nothing_is_made_twice() {
    let Some(mut net) = Net::new() else { return };
    net.hall(&[("host", 1), ("ana", 2), ("lab", 3), ("kim", 9)]);
    net.machine("public", 1);
    net.machine("eva", 9);
    net.second_way("ana", 5, KeepsPorts);
    net.second_way("lab", 6, KeepsPorts);
    let mut town = Town::started(net, in_hall("/ip4/10.77.0.1/tcp/4040")).await;
    let originals = [heavy(3, 1), heavy(2, 2), heavy(1, 3)];
    let photos = ["a.jpg", "b.jpg", "c.jpg"].into_iter().zip(originals.clone()).collect::<Vec<_>>();
    let gallery = town.world.publish("Hall", &photos);
    let kim = Customer::open("http://10.77.0.1:8080", &gallery.access_code).await;
    let printed = kim.order(&["a.jpg"], 1).await;
    is_printed(&town, &printed, &originals[0]).await;
    let unpaid = kim.order(&["b.jpg"], 1).await;
    eventually("both orders are at the photographer's", || count(&town.world.photographer, "orders") == 2).await;

    town.net.goes_out("ana", 5);
    town.net.goes_out("lab", 6);
    let public = enrolled_at_a_public_host(&town);
    let publish = ["publish", "--event", "Hall", "--host", "The public host"];
    let published = town.world.photographer.says(&publish);
    assert_eq!((&published["access_code"], &published["sent"]), (&gallery.access_code.as_str().into(), &3.into()));
    town.world.host.kill();
    town.net.enter("eva");
    let eva = Customer::open("http://198.51.100.1:8080", &gallery.access_code).await;
    assert_eq!(eva.event_id, kim.event_id, "it is the same event");
    let outside = eva.order(&["c.jpg"], 1).await;
    is_printed(&town, &outside, &originals[2]).await;
    eva.waits_for_state(&outside, "received").await;

    town.world.host.restart();
    is_printed(&town, &unpaid, &originals[1]).await;
    town.net.enter("kim");
    for order in [&printed, &unpaid] {
        kim.waits_for_state(order, "received").await;
    }
    assert_eq!(town.world.photographer.says(&publish)["sent"], 0, "the public host has each photo");
    let events = town.world.photographer.says(&["events"])["events"].clone();
    assert_eq!((events.as_array().unwrap().len(), &events[0]["photos"]), (1, &3.into()), "{events}");
    let (photographer, lab, venue) = (&town.world.photographer, &town.world.lab, &town.world.host);
    let counts = [(photographer, "orders", 3), (venue, "orders", 2), (&public, "orders", 1), (lab, "jobs", 3)];
    for (process, what, expected) in counts {
        assert_eq!(count(process, what), expected, "{what} of {}", process.data().display());
    }
    let folders = std::fs::read_dir(town.world.hot_folder()).unwrap();
    let is_order = |name: std::ffi::OsString| !name.to_string_lossy().starts_with('.');
    assert_eq!(folders.filter(|folder| is_order(folder.as_ref().unwrap().file_name())).count(), 3);
    let bytes: usize = originals.iter().map(Vec::len).sum();
    assert_eq!((town.of_jobs("verified_bytes"), town.of_jobs("discarded_bytes")), (bytes as u64, 0));
}
