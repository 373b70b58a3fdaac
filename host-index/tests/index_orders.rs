//! Sessions, accounts, baskets, orders and what is said of them, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod kit;

use std::time::Duration;

use enprint_host_index::protocol::Keypair;
use enprint_host_index::protocol::enrol::Role;
use enprint_host_index::protocol::ids::{CommandId, ContentHash, OrderId};
use enprint_host_index::protocol::publish::NotForPrint;
use enprint_host_index::protocol::signed::Signed;
use enprint_host_index::protocol::status::{Status, StatusKind};
use enprint_host_index::protocol::time::UnixMs;
use enprint_host_index::views::{AccountId, Chosen, LineProblem, OrderState, OrderToken, PlaceOrder, StepKind, Waits};
use enprint_host_index::{HostError, Index};
use enprint_store::ledger::Clock;
use kit::{Bench, Shop, choice, enrolled, photo, visitor};

on_both_engines!(
    an_order_is_placed_once_however_often_and_at_once,
    what_was_ordered_stays_whatever_the_photographer_changes,
    hostile_orders_are_refused_and_nothing_is_stored,
    a_basket_grows_changes_and_is_ordered_whole,
    a_payment_is_noted_once_and_its_message_waits,
    only_the_photographer_and_labs_speak_of_an_order,
    an_order_goes_forward_only_whatever_the_order_of_the_words,
    an_order_whose_files_cannot_come_is_declined_though_a_lab_waits_for_them,
    an_order_says_what_it_waits_for_by_the_hosts_own_clock,
    an_order_has_the_hosts_dates_where_others_clocks_cannot_be_right,
    an_order_is_printed_again_or_sent_on_its_page_and_in_lists_alike_whatever_a_labs_clock_says,
    an_account_remembers_and_its_password_is_its_own,
    sessions_end_and_leave_nothing,
);

type Change = fn(&mut PlaceOrder);

async fn an_order_is_placed_once_however_often_and_at_once(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg", "b.jpg"]).await;
    let wanted = shop.order("same", &["a.jpg"]);
    let (one, two, three) = tokio::join!(index.place(&wanted), index.place(&wanted), index.place(&wanted));
    let placed = [one.unwrap(), two.unwrap(), three.unwrap()];
    assert_eq!(placed.iter().filter(|placed| placed.is_new).count(), 1);
    assert!(placed.iter().all(|again| again.order_id == placed[0].order_id && again.token == placed[0].token));
    let other = index.place(&shop.order("other", &["b.jpg"])).await.unwrap();
    assert_ne!(other.order_id, placed[0].order_id);
    assert_eq!(index.orders().await.unwrap().len(), 2);
    assert_eq!(index.waiting().await.unwrap().len(), 2, "each waits for its photographer once");

    let view = index.order(&placed[0].token).await.unwrap().unwrap();
    assert_eq!((view.order.total.minor, view.state), (2 * 150 + 490, OrderState::Placed));
    assert_eq!(index.find_order(&placed[0].number.to_lowercase()).await.unwrap(), placed[0].order_id);
    let guessed: OrderToken = OrderId::random().to_string().parse().unwrap();
    assert_eq!(index.order(&guessed).await.unwrap(), None);
    let by_id: OrderToken = placed[0].order_id.to_string().parse().unwrap();
    assert_eq!(index.order(&by_id).await.unwrap(), None, "an order's id is no token");
}

async fn what_was_ordered_stays_whatever_the_photographer_changes(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let placed = index.place(&shop.order("one", &["a.jpg"])).await.unwrap();
    let mut dearer = shop.event.clone();
    dearer.name = "Renamed".into();
    for print in &mut dearer.price_list.prints {
        print.price.minor *= 2;
    }
    index.put_event(shop.ana.id, &dearer, &shop.code).await.unwrap();
    let mut again = shop.order("two", &["a.jpg"]);
    again.expected_total = Some(placed.total);
    let changed = index.place(&again).await.unwrap_err();
    assert!(matches!(changed, HostError::PricesChanged { .. }), "{changed}");
    index.withdraw_event(shop.ana.id, shop.event.event_id).await.unwrap();
    let view = index.order(&placed.token).await.unwrap().unwrap();
    assert_eq!((view.event_name.as_str(), view.order.total), ("John's Wedding", placed.total));
    let repeated = index.place(&shop.order("one", &["a.jpg"])).await.unwrap();
    assert_eq!(repeated.order_id, placed.order_id);
}

async fn hostile_orders_are_refused_and_nothing_is_stored(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let changes: [(&str, Change); 14] = [
        ("no key", |order| order.idempotency_key = String::new()),
        ("long key", |order| order.idempotency_key = "k".repeat(101)),
        ("no name", |order| order.name = "  ".into()),
        ("long name", |order| order.name = "n".repeat(1_000)),
        ("control characters", |order| order.name = "a\u{0}b".into()),
        ("no e-mail", |order| order.email = "kim".into()),
        ("two e-mails", |order| order.email = "a@example.org b@example.org".into()),
        ("unknown delivery", |order| order.delivery = "Pigeon".into()),
        ("no address", |order| order.address = "\n".into()),
        ("long note", |order| order.note = "n".repeat(10_000)),
        ("nothing", |order| order.chosen = Chosen::Lines(Vec::new())),
        ("too much", |order| order.chosen = Chosen::Lines(vec![choice("a.jpg"); 501])),
        ("no copies", |order| {
            order.chosen = Chosen::Lines(vec![enprint_host_index::views::Choice { quantity: 0, ..choice("a.jpg") }]);
        }),
        ("another photo", |order| order.chosen = Chosen::Lines(vec![choice("elsewhere.jpg")])),
    ];
    for (what, change) in changes {
        let mut wanted = shop.order(what, &["a.jpg"]);
        change(&mut wanted);
        let refused = index.place(&wanted).await.unwrap_err();
        assert!(!refused.to_string().is_empty(), "{what}");
        assert!(index.orders().await.unwrap().is_empty(), "{what} was ordered");
    }
    let mut stranger = shop.order("stranger", &["a.jpg"]);
    stranger.session_id = index.begin_session([9; 32]).await.unwrap().session_id;
    let refused = index.place(&stranger).await.unwrap_err();
    assert!(matches!(refused, HostError::NotHere), "{refused}");
    assert!(index.waiting().await.unwrap().is_empty());
}

async fn a_basket_grows_changes_and_is_ordered_whole(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg", "b.jpg"]).await;
    let (session, event_id) = (shop.session, shop.event.event_id);
    for _ in 0..2 {
        index.add_to_basket(session, event_id, &choice("a.jpg")).await.unwrap();
    }
    let mut one = choice("b.jpg");
    one.quantity = 1;
    let basket = index.set_in_basket(session, event_id, &one).await.unwrap();
    assert_eq!((basket.lines.len(), basket.prints, basket.total.minor), (2, 5, 5 * 150));
    let other = visitor(&index, event_id).await;
    assert!(index.basket(other, event_id).await.unwrap().lines.is_empty(), "a basket is its session's");
    let mut endless = choice("a.jpg");
    endless.quantity = 999;
    assert!(index.add_to_basket(session, event_id, &endless).await.is_err(), "1003 copies are too many");
    one.quantity = 0;
    assert_eq!(index.set_in_basket(session, event_id, &one).await.unwrap().lines.len(), 1);
    let bad = [choice("a.jpg"), choice("elsewhere.jpg")];
    assert!(index.replace_basket(session, event_id, &bad).await.is_err());
    assert_eq!(index.basket(session, event_id).await.unwrap().prints, 4, "what failed changed nothing");
    let mut damaged = photo("a.jpg");
    damaged.record.not_for_print = Some(NotForPrint::Damaged);
    index.publish(shop.ana.id, event_id, vec![damaged]).await.unwrap();
    let shown = index.basket(session, event_id).await.unwrap();
    assert_eq!((shown.lines[0].problem, shown.total.minor), (Some(LineProblem::NotForPrint), 0));
    let refused = index.place(&shop.order("damaged", &["a.jpg"])).await.unwrap_err();
    assert!(matches!(refused, HostError::NotForPrint { .. }), "{refused}");
    let refused = index.add_to_basket(session, event_id, &choice("a.jpg")).await.unwrap_err();
    assert!(matches!(refused, HostError::NotForPrint { .. }), "{refused}");
    index.withdraw(shop.ana.id, event_id, &[choice("a.jpg").photo_id]).await.unwrap();
    let gone = index.basket(session, event_id).await.unwrap();
    assert_eq!((gone.lines[0].problem, gone.total.minor), (Some(LineProblem::PhotoGone), 0), "the customer is told");
    let mut wanted = shop.order("basket", &[]);
    wanted.chosen = Chosen::Basket;
    let refused = index.place(&wanted).await.unwrap_err();
    assert!(matches!(refused, HostError::PhotoGone { .. }), "{refused}");
    index.publish(shop.ana.id, event_id, vec![photo("a.jpg")]).await.unwrap();
    let placed = index.place(&wanted).await.unwrap();
    assert_eq!(placed.total.minor, 4 * 150 + 490);
    assert!(index.basket(session, event_id).await.unwrap().lines.is_empty());
    let empty = index.place(&PlaceOrder { idempotency_key: "again".into(), ..wanted }).await.unwrap_err();
    assert!(matches!(empty, HostError::BasketEmpty), "{empty}");
}

async fn a_payment_is_noted_once_and_its_message_waits(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let placed = index.place(&shop.order("one", &["a.jpg"])).await.unwrap();
    assert!(index.mark_paid(placed.order_id).await.unwrap());
    assert!(!index.mark_paid(placed.order_id).await.unwrap());
    let waiting = index.waiting().await.unwrap();
    let kinds: Vec<&str> = waiting.iter().map(|message| message.kind.as_str()).collect();
    assert_eq!(kinds, ["order", "paid"], "in the order in which they are to go");
    assert!(waiting.iter().all(|message| message.peer == shop.ana.id.to_string()));
    let view = index.order(&placed.token).await.unwrap().unwrap();
    assert!(view.paid.is_some());
    assert_eq!(index.counts().await.unwrap().orders_unpaid, 0);
    let unknown = index.mark_paid(OrderId::random()).await.unwrap_err();
    assert!(matches!(unknown, HostError::NotHere), "{unknown}");
}

async fn only_the_photographer_and_labs_speak_of_an_order(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (eve, lab) = (enrolled(&index, Role::Photographer, "Eve").await, enrolled(&index, Role::Lab, "Lab").await);
    let order_id = index.place(&shop.order("one", &["a.jpg"])).await.unwrap().order_id;
    let printing = StatusKind::Printing;
    let stranger = Keypair::generate_ed25519();
    let cases = [
        ("another photographer's order", eve.id, said(order_id, &printing, &lab.key)),
        ("the lab itself", lab.id, said(order_id, &printing, &lab.key)),
        ("signed by nobody known", shop.ana.id, said(order_id, &printing, &stranger)),
        ("not the photographer's to say", shop.ana.id, said(order_id, &printing, &shop.ana.key)),
        ("not the lab's to say", shop.ana.id, said(order_id, &StatusKind::Paid, &lab.key)),
        ("an order that is not there", shop.ana.id, said(OrderId::random(), &printing, &lab.key)),
    ];
    for (what, from, status) in cases {
        let refused = index.note_status(from, &status).await.unwrap_err();
        assert!(matches!(refused, HostError::NotHere), "{what}: {refused}");
    }
    let true_word = said(order_id, &printing, &lab.key);
    for _ in 0..3 {
        index.note_status(shop.ana.id, &true_word).await.unwrap();
    }
    let view = index.order_by_id(order_id).await.unwrap().unwrap();
    assert_eq!((view.state, view.said.len()), (OrderState::Printing, 1));
}

async fn an_order_goes_forward_only_whatever_the_order_of_the_words(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let lab = enrolled(&index, Role::Lab, "Lab").await;
    let order_id = index.place(&shop.order("one", &["a.jpg"])).await.unwrap().order_id;
    let shipped = StatusKind::Shipped { carrier: "Post".into(), tracking: "TR-1".into() };
    let trouble = StatusKind::Problem { text: "Out of paper.".into() };
    let words = [
        (trouble, &lab.key, OrderState::Placed, true),
        (StatusKind::Printing, &lab.key, OrderState::Printing, false),
        (StatusKind::Received { files: 1, bytes: 2, crossed_bytes: None }, &lab.key, OrderState::Printing, false),
        (StatusKind::Accepted, &shop.ana.key, OrderState::Printing, false),
        (shipped, &lab.key, OrderState::Shipped, false),
        (StatusKind::Printing, &lab.key, OrderState::Shipped, false),
    ];
    for (kind, key, state, has_problem) in words {
        bench.clock.advance(Duration::from_secs(60));
        index.note_status(shop.ana.id, &said(order_id, &kind, key)).await.unwrap();
        let view = index.order_by_id(order_id).await.unwrap().unwrap();
        assert_eq!((view.state, view.problem.is_some()), (state, has_problem), "{kind:?}");
    }
    let view = index.order_by_id(order_id).await.unwrap().unwrap();
    assert_eq!(view.tracking.unwrap().tracking, "TR-1");
    let unpaid = view.steps.iter().find(|step| step.kind == StepKind::Paid).unwrap();
    assert!(unpaid.reached.is_none());
    assert!(view.steps.iter().filter(|step| step.kind != StepKind::Paid).all(|step| step.reached.is_some()));
}

async fn an_order_whose_files_cannot_come_is_declined_though_a_lab_waits_for_them(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let lab = enrolled(&index, Role::Lab, "Lab").await;
    let offered = StatusKind::Offered { lab: "Lab".into() };
    let declined = StatusKind::Declined { reason: "The photo is lost.".into() };
    let received = StatusKind::Received { files: 1, bytes: 2, crossed_bytes: None };
    for (what, words, state) in [
        ("waiting", vec![(&offered, &shop.ana.key), (&declined, &shop.ana.key)], OrderState::Declined),
        ("received", vec![(&received, &lab.key), (&declined, &shop.ana.key)], OrderState::Received),
        (
            "late",
            vec![(&offered, &shop.ana.key), (&declined, &shop.ana.key), (&received, &lab.key)],
            OrderState::Received,
        ),
    ] {
        let order_id = index.place(&shop.order(what, &["a.jpg"])).await.unwrap().order_id;
        for (kind, key) in words {
            bench.clock.advance(Duration::from_secs(60));
            index.note_status(shop.ana.id, &said(order_id, kind, key)).await.unwrap();
        }
        let view = index.order_by_id(order_id).await.unwrap().unwrap();
        assert_eq!((view.state, view.declined.is_some()), (state, state == OrderState::Declined), "{what}");
    }
}

async fn an_order_says_what_it_waits_for_by_the_hosts_own_clock(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let order_id = index.place(&shop.order("one", &["a.jpg"])).await.unwrap().order_id;
    let waits = async || index.order_by_id(order_id).await.unwrap().unwrap().waits;
    let minutes = |number: u64| Duration::from_secs(60 * number);
    index.seen(&[shop.ana.id]).await.unwrap();
    let seen = Some(UnixMs(bench.clock.now_ms()));
    assert_eq!(waits().await, None);
    bench.clock.advance(minutes(10));
    assert_eq!(waits().await, Some(Waits::ForPhotographer { seen }));
    index.seen(&[shop.ana.id]).await.unwrap();
    assert_eq!(waits().await, None, "the node is back");
    let offered = StatusKind::Offered { lab: "Lab".into() };
    index.note_status(shop.ana.id, &said(order_id, &offered, &shop.ana.key)).await.unwrap();
    let since = UnixMs(bench.clock.now_ms());
    bench.clock.advance(minutes(40));
    assert!(matches!(waits().await, Some(Waits::ForPhotographer { .. })));
    index.seen(&[shop.ana.id]).await.unwrap();
    assert_eq!(waits().await, Some(Waits::ForFiles { since }));
    let received = StatusKind::Received { files: 1, bytes: 2, crossed_bytes: None };
    let lab = enrolled(&index, Role::Lab, "Lab").await;
    index.note_status(shop.ana.id, &said(order_id, &received, &lab.key)).await.unwrap();
    assert_eq!(waits().await, None);
}

async fn an_order_has_the_hosts_dates_where_others_clocks_cannot_be_right(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let lab = enrolled(&index, Role::Lab, "Lab").await;
    let order_id = index.place(&shop.order("one", &["a.jpg"])).await.unwrap().order_id;
    let (minute_ms, day_ms) = (60_000, 24 * 60 * 60_000);
    let received = StatusKind::Received { files: 1, bytes: 2, crossed_bytes: None };
    let shipped = StatusKind::Shipped { carrier: String::new(), tracking: String::new() };
    let words = [
        (StatusKind::Accepted, &shop.ana.key, 40 * day_ms),
        (received, &lab.key, -40 * day_ms),
        (StatusKind::Printing, &lab.key, -minute_ms),
        (shipped, &lab.key, -30 * minute_ms),
    ];
    let mut heard = Vec::new();
    for (kind, key, wrong_ms) in words {
        bench.clock.advance(Duration::from_secs(20 * 60));
        let now = UnixMs(bench.clock.now_ms());
        index.note_status(shop.ana.id, &said_at(order_id, &kind, key, now.plus_ms(wrong_ms))).await.unwrap();
        heard.push(now);
    }
    let view = index.order_by_id(order_id).await.unwrap().unwrap();
    let reached = |kind| view.steps.iter().find(|step| step.kind == kind).unwrap().reached.unwrap();
    assert_eq!(reached(StepKind::Accepted), heard[0], "days ahead");
    assert_eq!(reached(StepKind::Received), heard[1], "days behind");
    assert_eq!(reached(StepKind::Printing), heard[2].plus_ms(-minute_ms), "what may be right is kept");
    assert_eq!(reached(StepKind::Shipped), reached(StepKind::Printing), "no step before the one that it follows");
}

async fn an_order_is_printed_again_or_sent_on_its_page_and_in_lists_alike_whatever_a_labs_clock_says(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let (lab, other) = (enrolled(&index, Role::Lab, "Lab").await, enrolled(&index, Role::Lab, "Other").await);
    let day_ms = 24 * 60 * 60_000;
    let shipped = || StatusKind::Shipped { carrier: "Post".into(), tracking: "T-1".into() };
    let (sent, again) = (OrderState::Shipped, OrderState::Printing);
    // How wrong the clock is by which each word is said.
    let cases = [
        ("as it is", [(0, shipped(), &lab), (0, StatusKind::Printing, &lab)], again),
        ("behind all the while", [(-day_ms, shipped(), &lab), (-day_ms, StatusKind::Printing, &lab)], again),
        ("ahead all the while", [(day_ms, shipped(), &lab), (day_ms, StatusKind::Printing, &lab)], again),
        ("ahead, then corrected", [(day_ms, shipped(), &lab), (0, StatusKind::Printing, &lab)], sent),
        ("set back", [(0, shipped(), &lab), (-day_ms, StatusKind::Printing, &lab)], sent),
        ("another lab's", [(0, shipped(), &lab), (0, StatusKind::Printing, &other)], sent),
    ];
    for (what, words, state) in cases {
        let order_id = index.place(&shop.order(what, &["a.jpg"])).await.unwrap().order_id;
        for (wrong_ms, kind, lab) in words {
            bench.clock.advance(Duration::from_secs(20 * 60));
            let at = UnixMs(bench.clock.now_ms()).plus_ms(wrong_ms);
            index.note_status(shop.ana.id, &said_at(order_id, &kind, &lab.key, at)).await.unwrap();
        }
        let page = index.order_by_id(order_id).await.unwrap().unwrap();
        let listed = index.orders().await.unwrap().into_iter().find(|order| order.order_id == order_id).unwrap();
        let is_sent = page.steps.iter().any(|step| step.kind == StepKind::Shipped && step.reached.is_some());
        assert_eq!((page.state, listed.state), (state, state), "{what}");
        assert_eq!((is_sent, page.tracking.is_some()), (state == sent, state == sent), "{what}");
    }
}

async fn an_account_remembers_and_its_password_is_its_own(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let kim: AccountId = " Kim@Example.org ".parse().unwrap();
    index.create_account(shop.session, &kim, "a long password").await.unwrap();
    index.place(&shop.order("one", &["a.jpg"])).await.unwrap();
    let other = session(&index, 7).await;
    let taken = index.create_account(other, &kim, "another password").await.unwrap_err();
    assert!(matches!(taken, HostError::AccountTaken), "{taken}");
    let nobody: AccountId = "nobody@example.org".parse().unwrap();
    for (id, password) in [(&kim, "a wrong password"), (&nobody, "a long password"), (&kim, "")] {
        let refused = index.sign_in(other, id, password).await.unwrap_err();
        assert!(matches!(refused, HostError::WrongPassword), "{refused}");
    }
    index.sign_in(other, &kim, "a long password").await.unwrap();
    let account = index.account(&kim).await.unwrap();
    assert_eq!((account.galleries.len(), account.orders.len()), (1, 1));
    assert_eq!(index.orders_of_session(other).await.unwrap().len(), 1);
    assert!(index.basket(other, shop.event.event_id).await.is_ok(), "the account has opened the gallery");
    assert!(index.change_password(&kim, "wrong", "the next password").await.is_err());
    index.change_password(&kim, "a long password", "the next password").await.unwrap();
    assert!(index.basket(other, shop.event.event_id).await.is_err(), "every session is signed out");
    index.sign_in(other, &kim, "the next password").await.unwrap();
    index.sign_out(other).await.unwrap();
    assert!(index.orders_of_session(other).await.unwrap().is_empty());
}

async fn sessions_end_and_leave_nothing(bench: Bench) {
    let index = bench.index().await;
    let shop = Shop::open(&index, &["a.jpg"]).await;
    let empty = index.begin_session([1; 32]).await.unwrap();
    assert_eq!(index.session([1; 32]).await.unwrap(), Some(empty.clone()));
    index.rekey_session(empty.session_id, [2; 32]).await.unwrap();
    assert_eq!(index.session([1; 32]).await.unwrap(), None, "the old token is worth nothing");
    assert!(index.session([2; 32]).await.unwrap().is_some());
    index.end_session([2; 32]).await.unwrap();
    assert_eq!(index.session([2; 32]).await.unwrap(), None);
    index.add_to_basket(shop.session, shop.event.event_id, &choice("a.jpg")).await.unwrap();
    bench.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(index.purge_sessions().await.unwrap(), 1);
    let gone = index.basket(shop.session, shop.event.event_id).await.unwrap_err();
    assert!(matches!(gone, HostError::NotHere), "{gone}");
    assert_eq!(index.counts().await.unwrap().sessions, 0);
}

async fn session(index: &Index, number: u8) -> enprint_host_index::views::SessionId {
    index.begin_session(*ContentHash::of(&[number]).as_bytes()).await.unwrap().session_id
}

fn said(order_id: OrderId, kind: &StatusKind, key: &Keypair) -> Signed<Status> {
    said_at(order_id, kind, key, UnixMs(1_790_000_000_000))
}

fn said_at(order_id: OrderId, kind: &StatusKind, key: &Keypair, at: UnixMs) -> Signed<Status> {
    let status = Status { status_id: CommandId::random(), order_id, job_id: None, at, kind: kind.clone() };
    Signed::sign(&status, key).unwrap()
}
