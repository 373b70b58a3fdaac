//! A program opens galleries with access codes and looks at them.

mod api_kit;
mod kit;

use api_kit::Program;
use kit::World;
use serde_json::json;

const WRONG_CODES: [&str; 8] =
    ["7K3M-Q9XA-2BTD", "", " ", "7K3M", "7K3M-Q9XA-2BTD-7K3M", "ÄÖÜ🎉", "U' OR 1=1--", "0000\u{0}0000"];

#[tokio::test]
async fn a_code_opens_its_gallery_and_no_other() {
    let world = World::start().await;
    let (wedding, party) =
        (world.publish("John’s Wedding", &["a.jpg"]).await, world.publish("Party", &["b.jpg"]).await);
    let program = Program::inside(&world, &wedding).await;
    assert_eq!(program.get(&wedding.path()).await.json()["name"], "John’s Wedding");
    program.get(&party.path()).await.assert_refused(404, "not_found");
    program.get(&format!("{}/photos", party.path())).await.assert_refused(404, "not_found");
    program.get(&api_kit::basket(&party)).await.assert_refused(404, "not_found");
}

#[tokio::test]
async fn a_second_code_adds_its_gallery_and_replaces_the_token() {
    let world = World::start().await;
    let (wedding, party) = (world.publish("Wedding", &["a.jpg"]).await, world.publish("Party", &["b.jpg"]).await);
    let mut program = Program::inside(&world, &wedding).await;
    program.put(&api_kit::basket(&wedding), &json!({ "lines": [api_kit::line(&wedding, 0, 2)] })).await;
    let before = program.clone();
    program.token = Some(program.open(&party.code.to_string()).await.word("token"));
    let galleries = program.get("/galleries").await.json();
    let names: Vec<_> = galleries["galleries"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["Party", "Wedding"]);
    assert_eq!(program.basket(&wedding).await["prints"], 2);
    before.get("/galleries").await.assert_refused(401, "sign_in_needed");
}

#[tokio::test]
async fn wrong_and_malformed_codes_get_the_same_answer() {
    let world = World::start().await;
    let program = Program::new(&world);
    let mut answers = Vec::new();
    for code in WRONG_CODES {
        let answer = program.open(code).await;
        answer.assert_refused(403, "wrong_code");
        assert_eq!(answer.error().2.as_deref(), Some("access_code"));
        answers.push(answer.bytes);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn guessing_at_codes_is_stopped_but_right_ones_are_not_counted() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    for _ in 0..15 {
        Program::inside(&world, &gallery).await;
    }
    let program = Program::new(&world);
    for _ in 0..10 {
        program.open("7K3M-Q9XA-2BTD").await.assert_refused(403, "wrong_code");
    }
    let stopped = program.open(&gallery.code.to_string()).await;
    stopped.assert_refused(429, "too_many");
    assert!(stopped.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
}

#[tokio::test]
async fn without_a_token_nothing_is_shown() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let photos = format!("{}/photos", gallery.path());
    let paths =
        ["/galleries", &gallery.path(), &photos, &gallery.photo(0), &api_kit::basket(&gallery), "/orders", "/account"];
    for token in [None, Some("0".repeat(64)), Some("short".into()), Some("Zz".repeat(1_000))] {
        let mut program = Program::new(&world);
        program.token = token;
        for path in paths {
            let answer = program.get(path).await;
            answer.assert_refused(401, "sign_in_needed");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn a_gallery_tells_its_categories_and_prices() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg", "b.jpg", "c.jpg"]).await;
    let event = Program::inside(&world, &gallery).await.get(&gallery.path()).await.json();
    assert_eq!(event["event_id"], gallery.event_id.to_string());
    assert_eq!(event["date"], "2026-06-14");
    assert_eq!((&event["photographer"], &event["description"]), (&json!("Ana Lima"), &json!("A day in June.")));
    assert_eq!(event["photos"], 3);
    assert_eq!(event["categories"], json!([{ "name": "ceremony", "photos": 2 }, { "name": "party", "photos": 1 }]));
    let prices = &event["price_list"];
    assert_eq!(prices["currency"], "EUR");
    assert_eq!(prices["prints"][1], json!({ "size": "10x15", "finish": "matte", "price_minor": 150 }));
    assert_eq!(prices["deliveries"][0], json!({ "name": "Post", "price_minor": 490, "needs_address": true }));
    assert_eq!(prices["payment_note"], "By transfer to DE00 1234.");
}

#[tokio::test]
async fn photos_come_in_pages_by_category_and_by_name() {
    let world = World::start().await;
    let files: Vec<_> = (0..7).map(|place| format!("IMG_{place}.jpg")).collect();
    let gallery = world.publish("Wedding", &files.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let program = Program::inside(&world, &gallery).await;
    for (query, names, page, pages, total) in [
        ("?page_size=3", vec!["IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg"], 1, 3, 7),
        ("?page_size=3&page=3", vec!["IMG_6.jpg"], 3, 3, 7),
        ("?page_size=3&page=1000000", vec!["IMG_6.jpg"], 3, 3, 7),
        ("?category=party&page_size=200", vec!["IMG_4.jpg", "IMG_5.jpg", "IMG_6.jpg"], 1, 1, 3),
        ("?q=img_3", vec!["IMG_3.jpg"], 1, 1, 1),
        ("?q=%25&category=party", vec![], 1, 1, 0),
        ("?category=nobody", vec![], 1, 1, 0),
    ] {
        let found = program.get(&format!("{}/photos{query}", gallery.path())).await.json();
        let shown: Vec<_> = found["photos"].as_array().unwrap().iter().map(|it| it["file_name"].clone()).collect();
        assert_eq!(shown, names, "{query}");
        assert_eq!(
            (&found["page"], &found["pages"], &found["total"]),
            (&json!(page), &json!(pages), &json!(total)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_query_that_makes_no_sense_is_refused() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    for (query, field) in [
        ("page=0", Some("page")),
        ("page=-1", Some("page")),
        ("page=", Some("page")),
        ("page=99999999999999999999", Some("page")),
        ("page=1000001", Some("page")),
        ("page_size=0", Some("page_size")),
        ("page_size=201", Some("page_size")),
        ("page_size=1e1", Some("page_size")),
        ("pagesize=10", None),
        ("q=%ff", None),
    ] {
        let answer = program.get(&format!("{}/photos?{query}", gallery.path())).await;
        assert!(answer.status.is_client_error(), "{query}: {}", answer.text());
        assert_eq!(answer.error().2.as_deref(), field, "{query}");
    }
    program.get(&format!("{}?page=1", gallery.photo(0))).await.assert_refused(400, "bad_request");
}

#[tokio::test]
async fn a_photo_knows_its_neighbours_in_the_filter() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg", "b.jpg", "c.jpg", "d.jpg"]).await;
    let program = Program::inside(&world, &gallery).await;
    let id = |place: usize| json!(gallery.photos[place].to_string());
    let photo = program.get(&gallery.photo(1)).await.json();
    assert_eq!((&photo["previous"], &photo["next"]), (&id(0), &id(2)));
    assert_eq!((&photo["photo_id"], &photo["camera"]), (&id(1), &json!("Canon EOS R5")));
    assert_eq!((&photo["width_px"], &photo["height_px"]), (&json!(6000), &json!(4000)));
    assert_eq!((&photo["captured"], &photo["rating"]), (&json!("2026-06-14T12:00:01"), &json!(null)));
    let photo = program.get(&format!("{}?category=ceremony", gallery.photo(1))).await.json();
    assert_eq!((&photo["next"], &photo["position"], &photo["total"]), (&json!(null), &json!(2), &json!(2)));
    let stranger = format!("{}/photos/{}", gallery.path(), "0".repeat(64));
    program.get(&stranger).await.assert_refused(404, "not_found");
    program.get(&format!("{}?category=party", gallery.photo(1))).await.assert_refused(404, "not_found");
}

#[tokio::test]
async fn a_photo_says_what_camera_and_photographer_wrote() {
    let world = World::start().await;
    let gallery = world
        .publish_with("Wedding", &["a.jpg"], |record| {
            record.captured_offset_minutes = Some(-210);
            record.lens = Some("RF35mm F1.8".into());
            record.exposure = Some("1/250 s · f/2.8".into());
            record.author = Some("Ana Sousa".into());
            record.caption = Some("The first dance\nof Tom & Ida".into());
            record.keywords = vec!["dance".into(), "party, late".into()];
            record.placeholder = Some(vec![0x0f, 1, 2, 3, 0xff].into());
        })
        .await;
    let program = Program::inside(&world, &gallery).await;
    for photo in [
        program.get(&gallery.photo(0)).await.json(),
        program.get(&format!("{}/photos", gallery.path())).await.json()["photos"][0].clone(),
    ] {
        assert_eq!((&photo["captured_offset_minutes"], &photo["lens"]), (&json!(-210), &json!("RF35mm F1.8")));
        assert_eq!((&photo["exposure"], &photo["author"]), (&json!("1/250 s · f/2.8"), &json!("Ana Sousa")));
        assert_eq!(photo["caption"], json!("The first dance\nof Tom & Ida"));
        assert_eq!(photo["keywords"], json!(["dance", "party, late"]));
        assert_eq!(photo["placeholder"], json!("0f010203ff"));
    }
    let plain = world.publish("Party", &["b.jpg"]).await;
    let photo = Program::inside(&world, &plain).await.get(&plain.photo(0)).await.json();
    assert_eq!((&photo["caption"], &photo["keywords"]), (&json!(null), &json!([])));
}

#[tokio::test]
async fn pictures_open_with_the_token_and_with_the_cookie_alone() {
    let world = World::start().await;
    let gallery = world.publish("Wedding", &["a.jpg"]).await;
    let (program, guest) = (Program::inside(&world, &gallery).await, world.guest(&gallery).await);
    let photo = program.get(&gallery.photo(0)).await.json();
    for kind in ["thumbnail", "proof"] {
        let url = photo[format!("{kind}_url")].as_str().unwrap();
        assert!(url.contains(&format!("/{kind}.jpg?v={}", photo[kind]["hash"].as_str().unwrap())), "{url}");
        let picture = program.get(&format!("/{url}")).await;
        assert_eq!((picture.status.as_u16(), &picture.headers["content-type"]), (200, &"image/jpeg".parse().unwrap()));
        assert_eq!(photo[kind]["bytes"], picture.bytes.len());
        assert_eq!(guest.get(url).await.bytes, picture.bytes);
        assert_eq!(Program::new(&world).get(&format!("/{url}")).await.status, 404);
    }
    assert_eq!((&photo["proof"]["width_px"], &photo["thumbnail"]["height_px"]), (&json!(1600), &json!(213)));
}
