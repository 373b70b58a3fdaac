//! Orders at a photographer's two homes: either serves them, and none is printed twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use enprint_protocol::home::{Home, Pair, PairReply, PairRequest};
use enprint_protocol::peer::PeerRole;
use enprint_protocol::print_job::{JobReply, JobRequest, OfferJob};
use enprint_protocol::signed::Signed;
use serde_json::Value;
use world::impostor::Impostor;
use world::waiting::eventually_async;
use world::{Customer, Gallery, PlacedOrder, Process, World, eventually, photos, print_files};

const MIB: usize = 1024 * 1024;

/// A world whose photographer has a second home, which has all that is published.
struct TwoHomes {
    world: World,
    nas: Process,
}

impl TwoHomes {
    async fn with(world: World) -> Self {
        let nas = Process::photographer(&world.path().join("nas"), &[]).await;
        nas.follows(&world.photographer);
        let homes = Self { world, nas };
        eventually("the second home has everything and is at the host", || {
            let home = homes.nas.says(&["second-home", "list"])["homes"][0].clone();
            let hosts = homes.nas.says(&["hosts"]);
            home["photos"] != 0 && home["copied"] == home["photos"] && hosts["hosts"][0]["connected"] == true
        })
        .await;
        homes
    }

    /// Starts the first home again, and waits until the host can ask it: what is ordered
    /// while it is away for some seconds is the other's.
    async fn first_is_back(&mut self) {
        self.world.photographer.restart();
        eventually("the first home is at the host", || {
            self.world.photographer.says(&["hosts"])["hosts"][0]["connected"] == true
        })
        .await;
    }

    async fn customer(&self, gallery: &Gallery) -> Customer {
        self.world.customer(gallery).await
    }

    async fn nas_has(&self, order: &PlacedOrder) {
        eventually("the second home has the order", || {
            orders(&self.nas).iter().any(|known| known["number"] == order.number)
        })
        .await;
    }

    /// One job at the lab, whose folder has these files.
    async fn is_printed_once(&self, order: &PlacedOrder, original: &[u8]) {
        let folder = self.world.order_folder(order).await;
        assert!(print_files(&folder) == [original.to_vec()], "the print file is not the original");
        let jobs = self.world.lab.says(&["jobs"]);
        let jobs = jobs["jobs"].as_array().unwrap();
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        assert_eq!(jobs[0]["verified_bytes"], jobs[0]["file_bytes"], "a verified range crossed again: {jobs:?}");
        let folders = std::fs::read_dir(self.world.hot_folder()).unwrap().count();
        assert_eq!(folders, 1, "something else is in the hot folder");
    }
}

fn orders(node: &Process) -> Vec<Value> {
    node.tries(&["orders"]).ok().and_then(|orders| orders["orders"].as_array().cloned()).unwrap_or_default()
}

async fn says(customer: &Customer, order: &PlacedOrder, state: &str) {
    eventually_async(&format!("the order's page says {state}"), || async {
        (customer.follow(order).await["state"] == state).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_order_is_served_by_the_second_home_while_the_first_is_away() {
    let world = World::start().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone())]);
    let mut homes = TwoHomes::with(world).await;
    homes.world.photographer.kill();
    let customer = homes.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    homes.nas_has(&order).await;
    homes.nas.says(&["paid", &order.number]);
    // The lab has approved the photographer, never this home.
    homes.is_printed_once(&order, &original).await;
    homes.world.lab.says(&["printing", &order.number]);
    says(&customer, &order, "printing").await;

    homes.first_is_back().await;
    let later = homes.customer(&gallery).await.order(&["a.jpg"], 1).await;
    eventually("the first home has what is ordered from now on", || {
        orders(&homes.world.photographer).iter().any(|known| known["number"] == later.number)
    })
    .await;
    let known = orders(&homes.world.photographer);
    assert!(!known.iter().any(|known| known["number"] == order.number), "{known:?}");
}

/// What a home says of the custody of the one photo.
fn custody(node: &Process) -> Value {
    node.tries(&["custody", "--event", "Wedding"]).unwrap_or_default()
}

#[tokio::test]
async fn custody_at_either_home_lists_what_the_other_sent_or_says_that_it_can_not_be_asked() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &[("a.jpg", photos::jpeg(800, 600, 1))]);
    let mut homes = TwoHomes::with(world).await;
    homes.world.photographer.kill();
    let order = homes.customer(&gallery).await.order(&["a.jpg"], 1).await;
    homes.nas_has(&order).await;
    homes.nas.says(&["paid", &order.number]);
    eventually("the second home has the lab's receipt and can't ask the first", || {
        let known = custody(&homes.nas);
        known["unasked"][0] == "the first home" && known["photos"][0]["transfers"][0]["verified"] == true
    })
    .await;

    homes.first_is_back().await;
    let later = homes.customer(&gallery).await.order(&["a.jpg"], 2).await;
    homes.world.is_paid(&later.number).await;
    for (node, home) in [(&homes.world.photographer, "NAS"), (&homes.nas, "the first home")] {
        eventually("a home knows what both sent", || {
            let known = custody(node);
            let transfers = known["photos"][0]["transfers"].as_array().cloned().unwrap_or_default();
            let verified = transfers.iter().filter(|one| one["verified"] == true);
            let mut sent_by: Vec<_> = verified.map(|one| one["home"].as_str().unwrap_or_default()).collect();
            sent_by.sort_unstable();
            sent_by == ["", home] && known["unasked"] == Value::Array(Vec::new())
        })
        .await;
    }
}

#[tokio::test]
async fn an_order_that_is_taken_over_in_the_midst_is_printed_once_and_the_first_home_lets_go() {
    // So slowly that the file is under way for long.
    let world = World::start_with(&["--upload-limit", "200 Mbit/s"]).await;
    let original = photos::heavy_jpeg(160 * MIB, 7);
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone())]);
    let mut homes = TwoHomes::with(world).await;
    let customer = homes.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    homes.world.is_paid(&order.number).await;
    let verified = |homes: &TwoHomes| homes.world.lab.says(&["jobs"])["jobs"][0]["verified_bytes"].as_u64();
    eventually("some ranges are at the lab", || verified(&homes).is_some_and(|bytes| bytes > 0)).await;
    homes.world.photographer.kill();
    assert!(verified(&homes).unwrap() < original.len() as u64, "the whole file crossed before");
    assert!(orders(&homes.nas).is_empty(), "the order was the first home's");

    let taken = homes.nas.says(&["take-over", &order.number]);
    assert_eq!(taken["orders"], 1, "{taken}");
    homes.nas_has(&order).await;
    homes.nas.says(&["paid", &order.number]); // the host may not have heard of it
    homes.is_printed_once(&order, &original).await;
    homes.world.lab.says(&["shipped", &order.number, "--carrier", "Post", "--tracking", "T-1"]);
    // The first customer's connection has idled for long, and the host may be closing it.
    says(&homes.customer(&gallery).await, &order, "shipped").await;

    homes.world.photographer.restart();
    eventually("the first home knows that another has the order", || {
        let order = orders(&homes.world.photographer).into_iter().next().unwrap_or_default();
        order["hint"].as_str().is_some_and(|hint| hint.contains("Another of your homes"))
    })
    .await;
    let refused = homes.world.photographer.refuses(&["send", &order.number]);
    assert!(refused.contains("Another of your homes"), "{refused}");
    eventually("the first home has said all that it had to say", || {
        let status = homes.world.photographer.says(&["status"]);
        status["waiting"].as_array().unwrap().iter().all(|message| message["refused"] == true)
    })
    .await;
    homes.is_printed_once(&order, &original).await;
    assert_eq!(homes.world.lab.says(&["jobs"])["jobs"][0]["state"], "shipped");
}

#[tokio::test]
async fn a_removed_home_is_refused_by_host_and_lab_and_its_orders_go_back() {
    let world = World::start().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone())]);
    let mut homes = TwoHomes::with(world).await;
    homes.world.photographer.kill();
    let customer = homes.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    homes.nas_has(&order).await;
    homes.world.photographer.restart();
    homes.world.photographer.says(&["second-home", "remove", "NAS"]);
    eventually("the order is the first home's again", || {
        orders(&homes.world.photographer).iter().any(|known| known["number"] == order.number)
    })
    .await;
    let peers = homes.world.host.says(&["peers"]);
    assert!(!peers.to_string().contains(&homes.nas.peer_id()), "{peers}");
    homes.nas.refuses(&["take-over", "--all"]);
    homes.world.photographer.says(&["paid", &order.number]);
    homes.is_printed_once(&order, &original).await;
}

fn hint(node: &Process) -> String {
    orders(node).first().and_then(|order| order["hint"].as_str().map(str::to_owned)).unwrap_or_default()
}

fn jobs(lab: &Process) -> Vec<Value> {
    lab.tries(&["jobs"]).ok().and_then(|jobs| jobs["jobs"].as_array().cloned()).unwrap_or_default()
}

#[tokio::test]
async fn an_order_that_the_first_home_gave_to_another_lab_is_not_printed_again_from_the_second() {
    let world = World::start().await;
    let second = world.second_lab().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone())]);
    let mut homes = TwoHomes::with(world).await;
    let customer = homes.customer(&gallery).await;
    homes.world.lab.kill(); // or the order were there before it is sent to the other
    let order = customer.order(&["a.jpg"], 1).await;
    homes.world.is_paid(&order.number).await;
    homes.world.photographer.says(&["send", &order.number, "--lab", "Second lab"]);
    says(&customer, &order, "received").await;
    homes.world.photographer.kill();
    homes.world.lab.restart();

    homes.nas.says(&["take-over", &order.number]);
    homes.nas_has(&order).await;
    homes.nas.says(&["paid", &order.number]);
    let send = format!("send {} --lab \"Second lab\"", order.number);
    eventually("the second home knows that the other lab has it, and says what to do", || {
        let hint = hint(&homes.nas);
        hint.contains("is not printed twice") && hint.contains(&send)
    })
    .await;
    let status = homes.nas.reports(&["status"]);
    assert!(status["halted"].to_string().contains("Second lab"), "it is stuck and nobody is told: {status}");
    homes.nas.says(&["send", &order.number, "--lab", "Second lab"]);
    second.says(&["shipped", &order.number, "--carrier", "Post", "--tracking", "T-1"]);
    says(&homes.customer(&gallery).await, &order, "shipped").await;
    assert_eq!(jobs(&homes.world.lab), Vec::<Value>::new(), "it is offered to the chosen lab, too");
    assert!(homes.world.find_order_folder(&order).is_none(), "it is printed twice");
}

#[tokio::test]
async fn an_order_whose_lab_is_away_waits_at_the_second_home_until_that_lab_lets_go_of_it() {
    let world = World::start().await;
    let mut second = world.second_lab().await;
    let original = photos::jpeg(800, 600, 1);
    let (other, name) = (photos::jpeg(800, 600, 2), "b.jpg");
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone()), (name, other.clone())]);
    let mut homes = TwoHomes::with(world).await;
    let customer = homes.customer(&gallery).await;
    homes.world.lab.kill();
    second.kill();
    let order = customer.order(&["a.jpg"], 1).await;
    homes.world.is_paid(&order.number).await;
    homes.world.photographer.says(&["send", &order.number, "--lab", "Second lab"]);
    homes.world.photographer.kill();
    homes.world.lab.restart();

    homes.nas.says(&["take-over", &order.number]);
    homes.nas_has(&order).await;
    homes.nas.says(&["paid", &order.number]);
    let send = format!("send {} --lab \"Second lab\"", order.number);
    eventually("the second home waits for the lab that may have it, and says what can be done", || {
        let hint = hint(&homes.nas);
        hint.contains("may have sent it to “Second lab”") && hint.contains(&send)
    })
    .await;
    assert_eq!(jobs(&homes.world.lab), Vec::<Value>::new(), "it was offered before");
    // It holds up no other.
    let later = homes.customer(&gallery).await.order(&[name], 1).await;
    homes.nas_has(&later).await;
    homes.nas.says(&["paid", &later.number]);
    assert!(print_files(&homes.world.order_folder(&later).await) == [other]);
    second.restart();
    assert!(print_files(&homes.world.order_folder(&order).await) == [original]);

    // The first home's offer still waits for that lab.
    homes.world.photographer.restart();
    eventually("the first home has said all that it had to say", || {
        // Until it hears that it has moved, the order does not go on: the lab refuses its offer.
        let Ok(status) = homes.world.photographer.tries(&["status"]) else { return false };
        hint(&homes.world.photographer).contains("Another of your homes")
            && status["waiting"].as_array().unwrap().iter().all(|message| message["refused"] == true)
    })
    .await;
    let at_second = jobs(&second);
    assert!(at_second.iter().all(|job| job["state"] == "withdrawn"), "{at_second:?}");
}

/// A peer that was the photographer's home and is none any more, with the word that it was.
async fn removed_home(world: &World) -> (Impostor, Signed<Home>) {
    let gone = Impostor::stranger(PeerRole::Photographer).await;
    let line = world.photographer.invites_a_home();
    let code = line.split_whitespace().next().unwrap().parse().unwrap();
    let first = gone.dials(&world.photographer.address()).await;
    let join = PairRequest::Join { code, name: "Gone".into(), addresses: Vec::new() };
    let paired = gone.peer.client.ask::<Pair>(first, join).await.unwrap();
    let PairReply::Paired { home: word, .. } = paired else { panic!("{paired:?}") };
    world.photographer.says(&["second-home", "remove", "Gone"]);
    (gone, word)
}

/// Its old word does not count at a lab.
async fn is_no_home_at(gone: &Impostor, lab: &Process, word: Signed<Home>) {
    let lab = gone.dials(&lab.address()).await;
    let reply = gone.peer.client.ask::<OfferJob>(lab, JobRequest::StandIn(word)).await.unwrap();
    assert!(matches!(reply, JobReply::Refused(_)), "it is the photographer's home there: {reply:?}");
}

#[tokio::test]
async fn the_old_word_of_a_removed_home_counts_at_no_lab_that_approves_before_anything_is_offered() {
    let world = World::start().await;
    let (gone, word) = removed_home(&world).await;
    let second = world.second_lab().await;
    eventually("the photographer knows the second lab and has said all", || {
        let labs = world.photographer.says(&["labs"]);
        let is_known = labs["labs"].as_array().unwrap().iter().any(|lab| lab["name"] == "Second lab");
        is_known && world.photographer.says(&["status"])["waiting"].as_array().unwrap().is_empty()
    })
    .await;
    is_no_home_at(&gone, &second, word).await;
}

#[tokio::test]
async fn the_old_word_of_a_removed_home_counts_at_no_lab_that_is_chosen_later() {
    let world = World::start().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("Wedding", &[("a.jpg", original.clone())]);
    let (gone, word) = removed_home(&world).await;
    let second = world.second_lab_that_waits().await;
    eventually("the photographer can choose the second lab", || {
        world.photographer.tries(&["use-lab", "Second lab"]).is_ok()
    })
    .await;
    let customer = world.customer(&gallery).await;
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    eventually("it waits for that lab's approval", || hint(&world.photographer).contains("approved")).await;
    second.says(&["approve", &world.photographer.peer_id()]);
    says(&customer, &order, "received").await;
    is_no_home_at(&gone, &second, word).await;
}

#[tokio::test]
async fn the_second_home_says_the_same_of_what_is_shown_and_what_was_withdrawn() {
    let world = World::start().await;
    world.publish("Wedding", &[("a.jpg", photos::jpeg(800, 600, 1)), ("b.jpg", photos::jpeg(800, 600, 2))]);
    let homes = TwoHomes::with(world).await;
    let photos = |node: &Process| node.tries(&["photos", "--event", "Wedding"]).unwrap_or_default()["photos"].clone();
    let is_same = || photos(&homes.nas) == photos(&homes.world.photographer);
    assert_eq!(photos(&homes.world.photographer)[1]["shown_at"], Value::from(vec!["The host"]));
    eventually("the second home knows what is shown", is_same).await;
    for (args, off, on) in [
        (&["withdraw", "--event", "Wedding", "--file", "b.jpg"][..], 1, 1),
        (&["publish", "--event", "Wedding", "--file", "b.jpg"][..], 0, 2),
        (&["withdraw", "--event", "Wedding"][..], 0, 0),
    ] {
        homes.world.photographer.says(args);
        eventually("the second home knows what became of it", is_same).await;
        let known = photos(&homes.nas);
        let having = |what: &str| {
            known.as_array().unwrap().iter().filter(|photo| !photo[what].as_array().unwrap().is_empty()).count()
        };
        assert_eq!((having("withdrawn_from"), having("shown_at")), (off, on), "{args:?}: {known}");
    }
}
