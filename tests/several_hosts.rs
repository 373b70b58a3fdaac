//! One photographer and one lab at two hosts: a venue's, which comes and goes, and a
//! public one. Each order stays with the host where it was placed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use enprint_protocol::order::{Deliver, OrderReply, OrderRequest, Payment};
use enprint_protocol::peer::{PeerRole, key_file};
use enprint_protocol::signed::Signed;
use enprint_protocol::time::UnixMs;
use enprint_protocol::{PeerId, Refusal};
use serde_json::Value;
use world::customer::good;
use world::impostor::Impostor;
use world::process::Process;
use world::waiting::eventually_async;
use world::{Customer, Gallery, PlacedOrder, World, eventually, photos, print_files};

/// A world whose people are at a second host too.
struct TwoHosts {
    world: World,
    public: Process,
}

impl TwoHosts {
    /// The world's own host is the venue's; the photographer and the lab enrol at the
    /// public one as well.
    async fn start() -> Self {
        let world = World::start().await;
        let public = Process::host_named("The public host", &world.path().join("elsewhere"), &[]).await;
        let both = Self { world, public };
        both.enrol_at_public();
        both
    }

    fn enrol_at_public(&self) {
        let address = self.public.address();
        let code = |role| {
            let invited = self.public.says(&["invite", "--role", role]);
            invited["invitation"].as_str().unwrap().to_owned()
        };
        self.world.lab.says(&["enrol", &address, "--code", &code("lab")]);
        let enrolled = ["enrol", &address, "--code", &code("photographer"), "--name", "Ana"];
        self.world.photographer.says(&enrolled);
    }

    fn published_at(&self, event: &str, host: &str) -> Value {
        self.world.photographer.says(&["publish", "--event", event, "--host", host])
    }

    async fn customer(&self, host: &Process, gallery: &Gallery) -> Customer {
        Customer::open(&host.site(), &gallery.access_code).await
    }
}

/// What the photographer's node knows of its hosts, by name.
fn host(node: &Process, name: &str) -> Value {
    let hosts = node.says(&["hosts"]);
    hosts["hosts"].as_array().unwrap().iter().find(|host| host["name"] == name).cloned().unwrap_or_default()
}

async fn says(customer: &Customer, order: &PlacedOrder, state: &str) {
    eventually_async(&format!("the order's page says {state}"), || async {
        (customer.follow(order).await["state"] == state).then_some(())
    })
    .await;
}

fn orders(world: &World) -> Vec<Value> {
    world.photographer.says(&["orders"])["orders"].as_array().unwrap().clone()
}

#[tokio::test]
async fn enrolling_at_a_second_host_leaves_the_first_ones_orders_and_news_with_it() {
    let world = World::start().await;
    let original = photos::jpeg(800, 600, 1);
    let gallery = world.publish("First", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let early = customer.order(&["a.jpg"], 1).await;
    world.photographer_hears_of_an_order().await;

    let public = Process::host_named("The public host", &world.path().join("elsewhere"), &[]).await;
    let both = TwoHosts { world, public };
    both.enrol_at_public();
    both.world.is_paid(&early.number).await;
    assert_eq!(print_files(&both.world.order_folder(&early).await), std::slice::from_ref(&original));
    says(&customer, &early, "received").await;

    let line = customer.line("a.jpg", 2).await;
    let late = world::customer::placed(customer.place("late", vec![line]).await.json().await.unwrap());
    both.world.is_paid(&late.number).await;
    both.world.order_folder(&late).await;
    says(&customer, &late, "received").await;
}

#[tokio::test]
async fn an_event_moves_from_the_venue_to_the_public_host_and_nothing_is_made_twice() {
    let mut both = TwoHosts::start().await;
    let original = photos::jpeg(800, 600, 2);
    photos::put(&both.world.path().join("card"), "a.jpg", &original);
    let folder = both.world.path().join("card");
    both.world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Hall"]);
    let asked = both.world.photographer.refuses(&["publish", "--event", "Hall"]);
    assert!(asked.contains("--host NAME") && asked.contains("The public host"), "{asked}");

    let published = both.published_at("Hall", "The host");
    let gallery = Gallery { event: "Hall".into(), access_code: published["access_code"].as_str().unwrap().to_owned() };
    let guest = both.customer(&both.world.host, &gallery).await;
    let at_venue = guest.order(&["a.jpg"], 1).await;
    both.world.is_paid(&at_venue.number).await;
    both.world.order_folder(&at_venue).await;
    says(&guest, &at_venue, "received").await;

    let again = both.published_at("Hall", "The public host");
    assert_eq!((&again["access_code"], &again["sent"]), (&published["access_code"], &1.into()), "{again}");
    both.world.host.kill();
    let customer = both.customer(&both.public, &gallery).await;
    assert_eq!(customer.event_id, guest.event_id, "it is the same event");
    let at_home = customer.order(&["a.jpg"], 3).await;
    both.world.is_paid(&at_home.number).await;
    assert_eq!(print_files(&both.world.order_folder(&at_home).await), [original]);
    says(&customer, &at_home, "received").await;
    both.world.lab.says(&["shipped", &at_venue.number, "--carrier", "Post", "--tracking", "TR-1"]);

    let both_known = both.world.photographer.says(&["publish", "--event", "Hall"]);
    assert_eq!((&both_known["sent"], &both_known["queued"]), (&0.into(), &true.into()), "{both_known}");
    both.world.host.restart();
    let both_known = both.world.photographer.says(&["publish", "--event", "Hall"]);
    assert_eq!((&both_known["sent"], &both_known["queued"]), (&0.into(), &false.into()), "{both_known}");
    says(&guest, &at_venue, "shipped").await;
    let known = orders(&both.world);
    assert_eq!(known.len(), 2, "{known:?}");
    let hosts: Vec<_> = known.iter().map(|order| order["host"].as_str().unwrap()).collect();
    assert_eq!(hosts, ["The public host", "The host"]);
    let jobs = both.world.lab.says(&["jobs"]);
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 2, "{jobs}");
    let events = both.world.photographer.says(&["events"]);
    assert_eq!(
        (events["events"].as_array().unwrap().len(), &events["events"][0]["photos"]),
        (1, &1.into()),
        "{events}"
    );
}

#[tokio::test]
async fn a_lab_that_enrols_after_its_photographer_gets_what_the_operator_is_paid_for() {
    let world = World::start().await;
    let public = Process::host_named("The public host", &world.path().join("elsewhere"), &[]).await;
    let both = TwoHosts { world, public };
    let code = |role| both.public.says(&["invite", "--role", role])["invitation"].as_str().unwrap().to_owned();
    let address = both.public.address();
    both.world.photographer.says(&["enrol", &address, "--code", &code("photographer"), "--name", "Ana"]);
    let original = photos::jpeg(800, 600, 6);
    photos::put(&both.world.path().join("card"), "a.jpg", &original);
    let folder = both.world.path().join("card");
    both.world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Late"]);
    let published = both.published_at("Late", "The public host");
    let gallery = Gallery { event: "Late".into(), access_code: published["access_code"].as_str().unwrap().to_owned() };
    let order = both.customer(&both.public, &gallery).await.order(&["a.jpg"], 1).await;
    both.world.photographer_hears_of_an_order().await;
    both.world.lab.says(&["enrol", &address, "--code", &code("lab")]);
    both.public.says(&["paid", &order.number]);
    assert_eq!(print_files(&both.world.order_folder(&order).await), [original]);
}

#[tokio::test]
async fn a_photo_withdrawn_at_one_host_stays_at_the_other() {
    let both = TwoHosts::start().await;
    photos::put(&both.world.path().join("card"), "a.jpg", &photos::jpeg(800, 600, 3));
    let folder = both.world.path().join("card");
    both.world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Both"]);
    let publish = ["publish", "--event", "Both", "--host", "The host", "--host", "The public host"];
    let published = both.world.photographer.says(&publish);
    assert_eq!(published["hosts"].as_array().unwrap().len(), 2, "{published}");
    let gallery = Gallery { event: "Both".into(), access_code: published["access_code"].as_str().unwrap().to_owned() };
    let (here, there) = (both.customer(&both.world.host, &gallery).await, both.customer(&both.public, &gallery).await);
    assert_eq!((here.photos().await.len(), there.photos().await.len()), (1, 1));

    both.world.photographer.says(&["withdraw", "--event", "Both", "--file", "a.jpg", "--host", "The host"]);
    assert_eq!((here.photos().await.len(), there.photos().await.len()), (0, 1));
    let turned = both.world.photographer.says(&["edit", "--event", "Both", "--all", "--turn", "right"]);
    assert_eq!(turned["published"], 1, "{turned}");
    assert_eq!((here.photos().await.len(), there.photos().await.len()), (0, 1), "an edit publishes nothing new");
}

#[tokio::test]
async fn with_two_hosts_each_photo_counts_once_and_the_host_that_is_away_is_named() {
    let mut both = TwoHosts::start().await;
    let card = both.world.path().join("card");
    for seed in 1..=2 {
        photos::put(&card, &format!("{seed}.jpg"), &photos::jpeg(800, 600, seed));
    }
    let node = &both.world.photographer;
    node.says(&["import", card.to_str().unwrap(), "--event", "Both"]);
    let publish = ["publish", "--event", "Both", "--host", "The host", "--host", "The public host"];
    let published = node.says(&publish);
    assert_eq!(published["sent"], 2, "{published}");
    assert!(published["hosts"].as_array().unwrap().iter().all(|at| at["sent"] == 2), "{published}");
    let turned = node.says(&["edit", "--event", "Both", "--all", "--turn", "right"]);
    assert_eq!(turned["published"], 2, "{turned}");
    let withdrawn = node.says(&["withdraw", "--event", "Both", "--file", "1.jpg"]);
    assert_eq!(withdrawn["photos"], 1, "{withdrawn}");
    let listed = node.says(&["photos", "--event", "Both"])["photos"].clone();
    assert_eq!((&listed[0]["edited"], &listed[1]["edited"]), (&true.into(), &true.into()), "{listed}");
    let of = |place: usize, what: &str| listed[place][what].as_array().unwrap().len();
    assert_eq!((of(0, "shown_at"), of(0, "withdrawn_from")), (0, 2), "{listed}");
    assert_eq!((of(1, "shown_at"), of(1, "withdrawn_from")), (2, 0), "{listed}");

    both.public.kill();
    let words = |args: &[&str]| in_words(&both.world.photographer, args).1;
    for args in [&["publish", "--event", "Both"][..], &["edit", "--event", "Both", "--all", "--turn", "left"]] {
        let said = words(args);
        assert!(said.contains("The public host") && said.contains("can't be reached now"), "{said}");
    }
    let said = words(&["withdraw", "--event", "Both", "--file", "2.jpg"]);
    assert!(
        said.contains("1 photo taken off The host.") && said.contains("The public host can't be reached"),
        "{said}"
    );
}

#[tokio::test]
async fn an_edit_that_its_host_refuses_to_show_is_reported_all_the_same() {
    let world = World::start().await;
    world.publish("Refused", &[("a.jpg", photos::jpeg(800, 600, 1))]);
    world.host.says(&["suspend", "Ana"]);
    let (succeeded, said) = in_words(&world.photographer, &["edit", "--event", "Refused", "--all", "--turn", "right"]);
    assert!(said.contains("1 photo edited") && said.contains("The host does not show the change"), "{said}");
    assert!(!succeeded, "it is a success that the gallery shows the old look");
}

/// A command of the photographer in words: whether it succeeded, and what it said.
fn in_words(node: &Process, args: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(world::cli::PROGRAM);
    let output = command.args(["photographer", "--data"]).arg(node.data()).args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test]
async fn what_an_import_for_one_host_says_of_the_event_is_said_at_the_other_too() {
    let both = TwoHosts::start().await;
    let card = both.world.path().join("card");
    photos::put(&card, "a.jpg", &photos::jpeg(800, 600, 3));
    let import = ["import", card.to_str().unwrap(), "--event", "Both", "--publish", "--host", "The host"];
    both.world.photographer.says(&import);
    let published = both.published_at("Both", "The public host");
    let gallery = Gallery { event: "Both".into(), access_code: published["access_code"].as_str().unwrap().to_owned() };
    both.world.photographer.says(&[&import[..], &["--description", "By the lake"]].concat());
    for host in [&both.world.host, &both.public] {
        let customer = both.customer(host, &gallery).await;
        let shown = good(customer.get(&format!("/api/v1/galleries/{}", customer.event_id)).await).await;
        assert_eq!(shown["description"], "By the lake", "{shown}");
    }
}

#[tokio::test]
async fn a_host_that_moved_is_found_where_it_last_said_that_it_is() {
    let mut world = World::start().await;
    world.host.kill();
    let old = world.host.address().split("/p2p/").next().unwrap().to_owned();
    world.host.restart_at(&[&old, "/ip4/127.0.0.1/tcp/0"]);
    let moved_to = world.host.addresses().into_iter().map(|at| at.split("/p2p/").next().unwrap().to_owned());
    let moved_to: Vec<String> = moved_to.filter(|at| *at != old).collect();
    for node in [&world.photographer, &world.lab] {
        eventually("the host's other address is known", || {
            host(node, "The host")["addresses"].as_array().unwrap().iter().any(|at| at == moved_to[0].as_str())
        })
        .await;
    }
    world.host.kill();
    world.host.restart_at(&[&moved_to[0]]);
    for node in [&world.photographer, &world.lab] {
        eventually("the host is found at its new address", || host(node, "The host")["connected"] == true).await;
    }

    world.host.kill();
    world.host.restart_at(&["/ip4/127.0.0.1/tcp/0"]);
    let nowhere = world.photographer.refuses(&["host-at", &world.lab.address()]);
    assert!(nowhere.contains("not enrolled at the host"), "{nowhere}");
    for node in [&world.photographer, &world.lab] {
        let told = node.says(&["host-at", &world.host.address()]);
        assert_eq!(told["hosts"][0]["connected"], true, "{told}");
    }
}

#[tokio::test]
async fn a_host_is_left_only_when_nothing_is_open_there_and_then_it_is_a_stranger() {
    let both = TwoHosts::start().await;
    let node = &both.world.photographer;
    photos::put(&both.world.path().join("card"), "a.jpg", &photos::jpeg(800, 600, 4));
    let folder = both.world.path().join("card");
    node.says(&["import", folder.to_str().unwrap(), "--event", "Leave"]);
    let published = both.published_at("Leave", "The host");
    let gallery = Gallery { event: "Leave".into(), access_code: published["access_code"].as_str().unwrap().to_owned() };
    let still = node.refuses(&["leave-host", "The host"]);
    assert!(still.contains("still shows “Leave”"), "{still}");
    let guest = both.customer(&both.world.host, &gallery).await;
    guest.order(&["a.jpg"], 1).await;
    eventually("the node has the order", || host(node, "The host")["open_orders"] == 1).await;
    node.says(&["withdraw", "--event", "Leave"]);
    let open = node.refuses(&["leave-host", "The host"]);
    assert!(open.contains("not shipped or declined"), "{open}");

    let left = node.says(&["leave-host", "The host", "--anyway"]);
    assert_eq!(left["hosts"].as_array().unwrap().len(), 1, "{left}");
    let left = both.world.lab.says(&["leave-host", "The host"]);
    assert_eq!(left["hosts"].as_array().unwrap().len(), 1, "{left}");
    for status in [node.says(&["status"]), both.world.lab.says(&["status"])] {
        assert_eq!((status["hosts"].as_array().unwrap().len(), &status["host"]), (1, &"The public host".into()));
    }
    let unknown = node.refuses(&["publish", "--event", "Leave", "--host", "The host"]);
    assert!(unknown.contains("There is no host “The host”"), "{unknown}");
    let published = node.says(&["publish", "--event", "Leave"]);
    assert_eq!(published["hosts"][0]["host"], "The public host", "the only one is meant: {published}");
}

#[tokio::test]
async fn a_host_gone_bad_pays_for_no_order_of_another_host() {
    let mut both = TwoHosts::start().await;
    let gallery = {
        photos::put(&both.world.path().join("card"), "a.jpg", &photos::jpeg(800, 600, 5));
        let folder = both.world.path().join("card");
        both.world.photographer.says(&["import", folder.to_str().unwrap(), "--event", "Pay"]);
        let published = both.published_at("Pay", "The host");
        Gallery { event: "Pay".into(), access_code: published["access_code"].as_str().unwrap().to_owned() }
    };
    let order = both.customer(&both.world.host, &gallery).await.order(&["a.jpg"], 1).await;
    both.world.photographer_hears_of_an_order().await;
    let (listen, data) =
        (both.public.address().split("/p2p/").next().unwrap().to_owned(), both.public.data().to_owned());
    both.public.kill();

    let known: PeerId = both.world.photographer.peer_id().parse().unwrap();
    let host = Impostor::with_key_of(&data, PeerRole::Host, &listen, known).await;
    let host_key = key_file::load_or_create(&data.join("host.key")).unwrap();
    eventually("the photographer is back at the public host", || host.peer.client.is_connected(&known)).await;
    let payment = Payment { order_id: order.order_id.parse().unwrap(), paid_at: UnixMs(1) };
    let paid = OrderRequest::Paid(Signed::sign(&payment, &host_key).unwrap());
    let reply = host.peer.client.ask::<Deliver>(known, paid).await.unwrap();
    assert_eq!(reply, OrderReply::Refused(Refusal::uniform()));
    assert_eq!(orders(&both.world)[0]["paid"], false);
}
