//! An account carries galleries and orders from one device to the next.

mod kit;

use kit::World;

const PASSWORD: &str = "correct horse battery";

#[tokio::test]
async fn an_account_carries_a_gallery_to_another_device() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let phone = world.guest(&gallery).await;
    let fields = [("account", "Maria@Example.org"), ("password", PASSWORD)];
    let answer = phone.send("/account/create", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(phone.get("/account").await.has("John’s Wedding"));
    let laptop = world.customer();
    assert_eq!(laptop.get(&gallery.path()).await.status, 403);
    assert_eq!(laptop.send("/account/log-in", &fields).await.status, 303);
    assert_eq!(laptop.get(&gallery.path()).await.status, 200);
    assert_eq!(laptop.send("/account/log-out", &[]).await.status, 303);
    assert_eq!(laptop.get(&gallery.path()).await.status, 403);
    assert!(laptop.get("/account").await.has("Log in"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_alike() {
    let world = World::start().await;
    let owner = world.customer();
    owner.send("/account/create", &[("account", "maria"), ("password", PASSWORD)]).await;
    let stranger = world.customer();
    for (account, password) in [("maria", "wrong wrong wrong"), ("nobody", PASSWORD), ("x", PASSWORD)] {
        let answer = stranger.send("/account/log-in", &[("account", account), ("password", password)]).await;
        assert_eq!(answer.status, 403, "{account}");
        assert!(answer.has("The id or the password is not right.") && !answer.has(password));
    }
    assert!(!stranger.get("/account").await.has("Your account"));
}

#[tokio::test]
async fn an_account_that_cannot_be_made_says_why() {
    let world = World::start().await;
    let guest = world.customer();
    guest.send("/account/create", &[("account", "maria"), ("password", PASSWORD)]).await;
    let other = world.customer();
    for (account, password, status, words) in [
        ("maria", PASSWORD, 409, "There is an account with this id already"),
        ("ma", PASSWORD, 422, "at least three characters"),
        ("joao", "short", 422, "class=\"error\""),
    ] {
        let answer = other.send("/account/create", &[("account", account), ("password", password)]).await;
        assert_eq!(answer.status, status, "{account}");
        assert!(answer.has(words), "{account}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_new_password_turns_every_other_device_out() {
    let world = World::start().await;
    let (phone, thief) = (world.customer(), world.customer());
    phone.send("/account/create", &[("account", "maria"), ("password", PASSWORD)]).await;
    thief.send("/account/log-in", &[("account", "maria"), ("password", PASSWORD)]).await;
    assert!(thief.get("/account").await.has("Your account"));
    let wrong = [("old_password", "wrong wrong"), ("new_password", "another good one")];
    assert_eq!(phone.send("/account/password", &wrong).await.status, 403);
    let right = [("old_password", PASSWORD), ("new_password", "another good one")];
    assert_eq!(phone.send("/account/password", &right).await.status, 303);
    assert!(phone.get("/account").await.has("Your account"));
    assert!(!thief.get("/account").await.has("Your account"));
    let old = thief.send("/account/log-in", &[("account", "maria"), ("password", PASSWORD)]).await;
    assert_eq!(old.status, 403);
}

#[tokio::test]
async fn guessing_at_a_password_is_stopped() {
    let world = World::start().await;
    let stranger = world.customer();
    let mut statuses = Vec::new();
    for _ in 0..12 {
        let answer = stranger.send("/account/log-in", &[("account", "maria"), ("password", "guess guess")]).await;
        statuses.push(answer.status.as_u16());
    }
    assert!(statuses.contains(&429), "{statuses:?}");
}
