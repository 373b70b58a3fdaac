//! Customers find their way into a gallery and about it; strangers see nothing.

mod kit;

use kit::World;
use reqwest::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY};

#[tokio::test]
async fn the_code_opens_its_gallery_however_it_is_typed() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let code = gallery.code.to_string();
    for typed in [code.clone(), code.to_lowercase(), code.replace('-', " "), format!("  {code}\n")] {
        let guest = world.customer();
        guest.get("/").await;
        let answer = guest.send("/open", &[("access_code", &typed)]).await;
        assert_eq!((answer.status.as_u16(), answer.location()), (303, gallery.path().as_str()), "{typed:?}");
        assert!(!answer.location().contains(&code));
        let page = guest.get(&gallery.path()).await;
        assert_eq!(page.status, 200);
        assert!(page.has("<h1>John’s Wedding</h1>") && !page.has(&code));
        assert!(guest.get("/").await.has("John’s Wedding"), "the first page lists what is open");
    }
}

#[tokio::test]
async fn wrong_and_malformed_codes_look_alike_and_are_not_shown_again() {
    let world = World::start().await;
    world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.customer();
    guest.get("/").await;
    let mut pages = Vec::new();
    for typed in ["AAAA-BBBB-CCCC", "secretword", "", "<script>alert(1)</script>"] {
        let answer = guest.send("/open", &[("access_code", typed)]).await;
        assert_eq!(answer.status, 403, "{typed:?}");
        assert!(answer.has("No gallery opens with this code"));
        assert!(typed.is_empty() || !answer.has(typed), "{typed:?}");
        pages.push(answer.text().to_owned());
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]));
}

#[tokio::test]
async fn guessing_codes_is_stopped_and_right_ones_are_not_counted() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    for _ in 0..12 {
        world.guest(&gallery).await;
    }
    let stranger = world.customer();
    stranger.get("/").await;
    let mut last = 0;
    for _ in 0..12 {
        let answer = stranger.send("/open", &[("access_code", "AAAA-BBBB-CCCC")]).await;
        last = answer.status.as_u16();
        if last == 429 {
            assert!(!answer.header("retry-after").is_empty());
            break;
        }
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_session_that_was_planted_before_is_worth_nothing_after() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let guest = world.customer();
    let planted = guest.get("/").await;
    let planted = planted.header("set-cookie").split(';').next().unwrap().to_owned();
    let answer = guest.send("/open", &[("access_code", &gallery.code.to_string())]).await;
    assert_eq!(answer.status, 303);
    assert!(!answer.header("set-cookie").starts_with(&planted));
    let thief = world.customer();
    let seen = thief.ask(&gallery.path(), |request| request.header("cookie", planted)).await;
    assert_eq!(seen.status, 403);
    assert!(!seen.has("John’s Wedding"));
}

#[tokio::test]
async fn a_stranger_sees_no_difference_between_a_gallery_and_none() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg"]).await;
    let other = world.publish("Another", &["b.jpg"]).await;
    let guest = world.guest(&other).await;
    let nothing = "/galleries/0123456789ABCDEFGHJKMNPQRS";
    for below in ["", "/basket", "/checkout", &format!("/photos/{}", gallery.photos[0])] {
        let there = guest.get(&format!("{}{below}", gallery.path())).await;
        let not_there = guest.get(&format!("{nothing}{below}")).await;
        assert_eq!((there.status.as_u16(), not_there.status.as_u16()), (403, 403), "{below}");
        assert_eq!(there.text(), not_there.text(), "{below}");
        assert!(!there.has("John") && !there.has("a.jpg"));
    }
    for name in ["thumbnail.jpg", "proof.jpg"] {
        let answer = guest.get(&format!("{}/{name}", gallery.photo(0))).await;
        assert_eq!(answer.status, 404);
        let answer = world.customer().get(&format!("{}/{name}", gallery.photo(0))).await;
        assert_eq!(answer.status, 404);
    }
    let photo = gallery.photos[0].to_string();
    let basket = format!("{}/basket", gallery.path());
    let answer = guest.send(&basket, &[("photo", &photo), ("print", "10x15/matte")]).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_gallery_is_walked_by_category_search_and_page() {
    let world = World::start().await;
    let names: Vec<_> = (1..=140).map(|number| format!("DSC_{number:04}.jpg")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let gallery = world.publish("John’s Wedding", &names).await;
    let guest = world.guest(&gallery).await;
    let page = guest.get(&gallery.path()).await;
    for text in ["14 June 2026", "Ana Lima", "A day in June.", "Page 1 of 3", "ceremony", "DSC_0060.jpg"] {
        assert!(page.has(text), "{text}");
    }
    assert!(!page.has("DSC_0061.jpg") && !page.has("last connected"));
    let third = guest.get(&format!("{}?page=3", gallery.path())).await;
    assert!(third.has("DSC_0140.jpg") && third.has("Page 3 of 3"));
    assert!(guest.get(&format!("{}?page=99", gallery.path())).await.has("Page 3 of 3"));
    let party = guest.get(&format!("{}?category=party", gallery.path())).await;
    assert!(party.has("DSC_0071.jpg") && !party.has("DSC_0070.jpg"));
    let found = guest.get(&format!("{}?q=dsc_013", gallery.path())).await;
    assert!(found.has("10 photos have “dsc_013”") && found.has("DSC_0139.jpg") && !found.has("DSC_0140.jpg"));
    let none = guest.get(&format!("{}?q=%3Cb%3E", gallery.path())).await;
    assert!(none.has("Nothing found") && none.has("&lt;b&gt;") && !none.has("<b>"));
}

#[tokio::test]
async fn a_photo_knows_its_neighbours_within_the_filter() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg", "c.jpg", "d.jpg"]).await;
    let guest = world.guest(&gallery).await;
    let page = guest.get(&gallery.photo(1)).await;
    assert!(page.has("2 of 4") && page.has(&gallery.photo(0)) && page.has(&gallery.photo(2)));
    assert!(page.has("value=\"10x15/matte\"") && page.has("Very sharp"));
    let page = guest.get(&format!("{}?category=party", gallery.photo(2))).await;
    assert!(page.has("1 of 2") && !page.has(&gallery.photo(1)));
    assert!(page.has(&format!("{}?category=party", gallery.photo(3))));
    let page = guest.get(&format!("{}?category=party", gallery.photo(0))).await;
    assert!(page.status == 200 && page.has("1 of 4"), "an old link's filter does not hide the photo");
    let unknown = format!("{}/photos/{}", gallery.path(), "0".repeat(64));
    assert_eq!(guest.get(&unknown).await.status, 404);
}

#[tokio::test]
async fn a_caption_is_shown_stands_for_the_picture_and_is_never_markup() {
    let world = World::start().await;
    let gallery = world
        .publish_with("Wedding", &["a.jpg"], |record| {
            record.caption = Some("<script>alert(1)</script>\nTom & Ida".into());
            record.author = Some("Ana \"Sousa\"".into());
            record.exposure = Some("1/250 s · f/2.8".into());
            record.placeholder = Some(vec![0x55; 25].into());
        })
        .await;
    let kim = world.guest(&gallery).await;
    let page = kim.get(&gallery.photo(0)).await.text().to_owned();
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
    assert!(page.contains(&format!("<p class=\"photo-caption\">{escaped}\nTom &amp; Ida</p>")), "{page}");
    assert!(page.contains(&format!("alt=\"{escaped} Tom &amp; Ida\"")), "{page}");
    assert!(page.contains("Photo: Ana &quot;Sousa&quot;") && page.contains("1/250 s · f/2.8"), "{page}");
    let grid = kim.get(&gallery.path()).await.text().to_owned();
    assert!(grid.contains("class=\"tint\" viewBox=\"0 0 320 213\"") && grid.contains("fill=\"#"), "{grid}");
    assert!(!grid.contains("<script>alert") && !grid.contains("style="), "{grid}");
    let plain = world.publish("Party", &["b.jpg"]).await;
    let grid = world.guest(&plain).await.get(&plain.path()).await.text().to_owned();
    assert!(grid.contains("alt=\"Photo b.jpg\"") && !grid.contains("class=\"tint\""), "{grid}");
}

#[tokio::test]
async fn pictures_come_from_the_database_with_the_right_headers() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg"]).await;
    let guest = world.guest(&gallery).await;
    let stored = kit::jpeg(1600, 1067, "a.jpg").jpeg;
    let page = guest.get(&gallery.photo(0)).await;
    let path = page.text().split("src=\"").find(|part| part.contains("/proof.jpg?v=")).unwrap();
    let path = path.split('"').next().unwrap();
    let picture = guest.get(path).await;
    assert_eq!(picture.status, 200);
    assert_eq!(picture.bytes, stored.to_vec());
    assert_eq!(picture.header(CONTENT_TYPE), "image/jpeg");
    assert_eq!(picture.header(CONTENT_LENGTH), stored.len().to_string());
    assert_eq!(picture.header(CACHE_CONTROL), "private, max-age=31536000, immutable");
    assert_eq!(picture.header("x-content-type-options"), "nosniff");
    let etag = picture.header(ETAG).to_owned();
    assert!(path.ends_with(etag.trim_matches('"')));
    let again = guest.ask(path, |request| request.header(IF_NONE_MATCH, &etag)).await;
    assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    assert_eq!(again.header(ETAG), etag);
    let other = guest.ask(path, |request| request.header(IF_NONE_MATCH, "\"other\"")).await;
    assert_eq!(other.status, 200);
    for query in ["", "?v=", "?v=nonsense", &format!("?v={}", "0".repeat(64))] {
        let answer = guest.get(&format!("{}/proof.jpg{query}", gallery.photo(0))).await;
        assert_eq!((answer.status.as_u16(), answer.header(CACHE_CONTROL)), (200, "private, no-cache"), "{query}");
    }
    let thumbnail = guest.get(&format!("{}/thumbnail.jpg", gallery.photo(1))).await;
    assert_eq!(thumbnail.bytes, kit::jpeg(320, 213, "b.jpg").jpeg.to_vec());
}

#[tokio::test]
async fn a_withdrawn_photo_is_gone_at_once() {
    let world = World::start().await;
    let gallery = world.publish("John’s Wedding", &["a.jpg", "b.jpg"]).await;
    let guest = world.guest(&gallery).await;
    let path = format!("{}/proof.jpg", gallery.photo(0));
    assert_eq!(guest.get(&path).await.status, 200);
    world.index.withdraw(world.photographer, gallery.event_id, &gallery.photos[..1]).await.unwrap();
    assert_eq!(guest.get(&path).await.status, 404);
    assert_eq!(guest.get(&gallery.photo(0)).await.status, 404);
    let page = guest.get(&gallery.path()).await;
    assert!(!page.has("a.jpg") && page.has("b.jpg"));
    world.index.withdraw_event(world.photographer, gallery.event_id).await.unwrap();
    let page = guest.get(&gallery.path()).await;
    assert!(page.status == 403 && page.has("access code") && !page.has("Wedding"));
}

#[tokio::test]
async fn every_address_answers_what_it_should() {
    let world = World::start().await;
    let guest = world.customer();
    for path in ["/", "/about", "/orders", "/account", "/account/create"] {
        let page = guest.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header(CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(page.header(CACHE_CONTROL), "no-store");
        assert_eq!(page.header(REFERRER_POLICY), "same-origin");
        assert!(!page.has("style=") && !page.has("onclick"), "{path}: nothing inline");
    }
    let health = guest.get("/health").await;
    assert_eq!((health.status.as_u16(), health.text()), (200, "ok"));
    let page = guest.get("/").await;
    for link in page.text().split(['"']).filter(|text| text.starts_with("/assets/")) {
        let asset = guest.get(link).await;
        assert_eq!(asset.status, 200, "{link}");
        assert_eq!(asset.header(CACHE_CONTROL), "public, max-age=31536000, immutable");
    }
    for path in ["/nothing", "/galleries", "/galleries/x", "/orders/x", "/orders/0123456789ABCDEFGHJKMNPQRS"] {
        let answer = guest.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.has("Not found"), "{path}");
    }
    assert_eq!(guest.get("/open").await.status, 405);
    assert_eq!(guest.send_bare("/about", &[]).await.status, 405);
    let long = "x".repeat(5_000);
    assert_eq!(guest.get(&format!("/about?{long}")).await.status, 400);
    let long = "x".repeat(70_000);
    assert_eq!(guest.send("/open", &[("access_code", &long)]).await.status, 413);
}

#[tokio::test]
async fn a_database_that_is_gone_is_not_healthy() {
    let world = World::start().await;
    world.index.close().await;
    let health = world.customer().get("/health").await;
    assert!(health.status.is_server_error(), "{}", health.status);
    assert!(!health.has("sql") && !health.has("pool"));
}
