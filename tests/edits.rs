//! The photographer turns and crops after publishing: the gallery shows the new look,
//! the lab gets a file made by the same recipe, and the original stays as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use image::RgbImage;
use world::damage::flip;
use world::{World, photos, print_files};

#[tokio::test]
async fn a_cropped_photo_is_shown_and_printed_cropped_and_undone_is_as_it_was() {
    let world = World::start().await;
    let original = photos::jpeg(1200, 800, 7);
    let gallery = world.publish("Edited", &[("party/a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let before = customer.proof(&customer.photo("a.jpg").await).await;

    let edited =
        world.photographer.says(&["edit", "--event", "Edited", "--all", "--turn", "right", "--crop", "25,0,50,100"]);
    assert_eq!((&edited["edited"], &edited["published"]), (&1.into(), &1.into()), "{edited}");
    let photo = customer.photo("a.jpg").await;
    assert_eq!((&photo["width_px"], &photo["height_px"]), (&400.into(), &1200.into()), "{photo}");
    let proof = pixels(&customer.proof(&photo).await);
    assert_eq!(proof.dimensions(), (400, 1200));

    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let printed = print_files(&world.order_folder(&order).await);
    assert_eq!(printed.len(), 1);
    assert_ne!(printed[0], original);
    // The picture is rough, and the proof a smaller file: other frames differ by 60 levels.
    let difference = difference(&pixels(&printed[0]), &proof);
    assert!(difference < 15.0, "print and proof differ by {difference}");

    let undone = world.photographer.says(&["edit", "--event", "Edited", "--all", "--undo"]);
    assert_eq!(undone["edited"], 1, "{undone}");
    assert_eq!(customer.proof(&customer.photo("a.jpg").await).await, before);
    let exported = world.path().join("exported");
    world.photographer.says(&["export", "--event", "Edited", exported.to_str().unwrap()]);
    assert_eq!(std::fs::read(exported.join("party/a.jpg")).unwrap(), original);
}

#[tokio::test]
async fn stars_that_another_program_gave_reach_the_gallery_with_the_next_import() {
    let world = World::start().await;
    let gallery = world.publish("Starred", &[("party/a.jpg", photos::jpeg(600, 400, 8))]);
    let customer = world.customer(&gallery).await;
    assert_eq!(customer.photo("a.jpg").await["rating"], serde_json::Value::Null);
    let packet = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                  <rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='5'/></rdf:RDF>";
    let card = world.path().join("card");
    photos::put(&card, "party/a.xmp", packet.as_bytes());
    world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Starred"]);
    assert_eq!(customer.photo("a.jpg").await["rating"], 5);
}

#[tokio::test]
async fn an_edit_that_can_not_be_made_changes_nothing_and_says_why() {
    let world = World::start().await;
    let gallery = world.publish("Odd", &[("party/a.jpg", photos::jpeg(600, 400, 1))]);
    let customer = world.customer(&gallery).await;
    let before = customer.photo("a.jpg").await;

    let outside = world.photographer.reports(&["edit", "--event", "Odd", "--all", "--crop", "60,0,60,100"]);
    assert_eq!(outside["edited"], 0);
    assert!(outside["failed"][0]["reason"].as_str().unwrap().contains("within the photo"), "{outside}");
    let nothing = world.photographer.refuses(&["edit", "--event", "Odd", "--all"]);
    assert!(nothing.contains("--turn"), "{nothing}");
    let twice = world.photographer.reports(&["edit", "--event", "Odd", "--all", "--reset"]);
    assert_eq!((&twice["edited"], &twice["unchanged"]), (&0.into(), &1.into()), "{twice}");
    assert_eq!(customer.photo("a.jpg").await, before);

    let card = world.path().join("card");
    let import = ["import", card.to_str().unwrap(), "--event", "Odd"];
    for look in [["--watermark-place", "top"], ["--watermark-size", "9"], ["--watermark-opacity", "50"]] {
        for verb in [&["event", "Odd"][..], &import] {
            let alone = world.photographer.refuses(&[verb, &look].concat());
            assert!(alone.contains("--watermark TEXT"), "{verb:?} {look:?}: {alone}");
        }
    }
}

#[tokio::test]
async fn many_photos_are_edited_at_once_and_each_is_the_one_that_it_should_be() {
    let world = World::start().await;
    let photos: Vec<_> = (1..=7).map(|at| (format!("party/{at}.jpg"), photos::jpeg(200 + 40 * at, 200, at))).collect();
    let photos: Vec<_> = photos.iter().map(|(name, jpeg)| (name.as_str(), jpeg.clone())).collect();
    let gallery = world.publish("Many", &photos);
    let customer = world.customer(&gallery).await;
    let edited = world.photographer.says(&["edit", "--event", "Many", "--all", "--turn", "left"]);
    assert_eq!((&edited["edited"], &edited["published"]), (&7.into(), &7.into()), "{edited}");
    for at in 1..=7 {
        let photo = customer.photo(&format!("{at}.jpg")).await;
        assert_eq!((&photo["width_px"], &photo["height_px"]), (&200.into(), &(200 + 40 * at).into()), "{photo}");
        let proof = pixels(&customer.proof(&photo).await);
        assert_eq!(proof.dimensions(), (200, 200 + 40 * at));
    }
}

#[tokio::test]
async fn a_turned_photo_is_printed_without_losing_a_pixel() {
    let world = World::start().await;
    let original = photos::jpeg(640, 480, 3);
    let gallery = world.publish("Turned", &[("party/a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.photographer.says(&["edit", "--event", "Turned", "--all", "--turn", "left", "--flip"]);
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let printed = print_files(&world.order_folder(&order).await);
    // The edits are made in the order of the help: flipped, then turned.
    let expected = image::imageops::rotate270(&image::imageops::flip_horizontal(&pixels(&original)));
    assert!(difference(&pixels(&printed[0]), &expected) < 0.5);
}

#[tokio::test]
async fn a_lab_that_wants_files_for_its_paper_gets_every_pixel_of_it_and_the_same_ones_for_the_next_order() {
    let world = World::start().await;
    let gallery = world.publish("Sized", &[("party/a.jpg", photos::jpeg(1200, 800, 7))]);
    let customer = world.customer(&gallery).await;
    let blobs = || world.photographer.says(&["verify", "--event", "Sized"])["blobs"].clone();
    let before = blobs().as_u64().unwrap();
    let rules = ["use-lab", "The lab", "--print-files", "sized", "--ppi", "254", "--bleed", "2mm", "--format", "tiff"];
    let labs = world.photographer.says(&rules);
    assert_eq!(labs["labs"][0]["print_files"], "TIFF of the paper's size, 254 ppi, 2 mm bleed", "{labs}");

    let filled = customer.line("a.jpg", 1).await;
    let mut whole = customer.line("a.jpg", 2).await;
    whole["crop"] = "fit".into();
    let lines = vec![filled, whole];
    let placed = customer.place("sized", lines.clone()).await;
    let order = world::customer::placed(placed.json().await.unwrap());
    world.is_paid(&order.number).await;
    let folder = world.order_folder(&order).await;
    let printed = print_files(&folder);
    assert_eq!(printed.len(), 2, "a filled print and a whole one are two files");
    for file in &printed {
        let tiff = image::load_from_memory_with_format(file, image::ImageFormat::Tiff).unwrap();
        assert_eq!((tiff.width(), tiff.height()), (1540, 1040), "15.4 × 10.4 cm at 100 pixels each");
    }
    let made_for = &world::ticket(&folder).unwrap()["files"][0]["made_for"];
    assert_eq!((&made_for["ppi"], &made_for["bleed_mm"]), (&254.into(), &2.0.into()), "{made_for}");
    let placed = customer.place("sized again", lines).await;
    let again = world::customer::placed(placed.json().await.unwrap());
    world.is_paid(&again.number).await;
    assert_eq!(print_files(&world.order_folder(&again).await), printed);
    assert_eq!(blobs(), before + 2, "what was made is kept once");
}

#[tokio::test]
async fn a_proof_that_was_imported_as_a_photo_outlives_an_edit_of_the_photo_it_shows() {
    let world = World::start().await;
    let gallery = world.publish("Again", &[("a.jpg", photos::jpeg(1200, 800, 7))]);
    let customer = world.customer(&gallery).await;
    let proof = customer.proof(&customer.photo("a.jpg").await).await;
    let saved = world.path().join("saved");
    photos::put(&saved, "saved.jpg", &proof);
    let imported = world.photographer.says(&["import", saved.to_str().unwrap(), "--event", "Again"]);
    assert_eq!(imported["imported"], 1, "{imported}");

    world.photographer.says(&["edit", "--event", "Again", "--turn", "right", "--file", "a.jpg"]);
    let exported = world.path().join("exported");
    world.photographer.says(&["export", "--event", "Again", exported.to_str().unwrap()]);
    assert_eq!(std::fs::read(exported.join("Photos/saved.jpg")).unwrap(), proof);
}

#[tokio::test]
async fn a_logo_marks_proofs_where_it_was_put_and_no_print() {
    let folder = tempfile::tempdir().unwrap();
    let logo = folder.path().join("logo.png");
    RgbImage::from_pixel(40, 20, image::Rgb([255, 0, 0])).save(&logo).unwrap();
    let flags = ["--watermark-logo", logo.to_str().unwrap(), "--watermark-place", "top-left"];
    let world =
        World::start_with(&[&flags[..], &["--watermark-opacity", "100", "--watermark-size", "20"]].concat()).await;
    let original = grey(1200, 800);
    let gallery = world.publish("Marked", &[("a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let proof = pixels(&customer.proof(&customer.photo("a.jpg").await).await);
    // 160 × 80 pixels of red, three hundredths of the shorter edge away from the corner.
    let reds: Vec<_> = proof.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 200 && pixel.0[1] < 60).collect();
    assert!((11_000..14_000).contains(&reds.len()), "{} pixels are red", reds.len());
    assert!(reds.iter().all(|(x, y, _)| *x < 200 && *y < 120));

    let anew = world.photographer.says(&["edit", "--event", "Marked", "--all", "--anew"]);
    assert_eq!((&anew["edited"], &anew["published"]), (&1.into(), &0.into()), "the host has this very proof: {anew}");
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    assert_eq!(print_files(&world.order_folder(&order).await), [original]);
}

#[tokio::test]
async fn an_event_that_was_published_marked_stays_so_though_the_node_starts_without_a_mark() {
    let flags = ["--watermark", "PROOF", "--watermark-opacity", "100"];
    let mut world = World::start_with(&flags).await;
    let gallery = world.publish("Marked", &[("a.jpg", grey(1200, 800))]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    world.photographer.drop_flags(&flags);
    world.photographer.restart();
    let node = &world.photographer;
    let card = world.path().join("card");
    photos::put(&card, "b.jpg", &grey(1000, 800));
    let imported = node.says(&["import", card.to_str().unwrap(), "--event", "Marked", "--publish"]);
    assert!(imported["mark"]["mark"].as_str().is_some_and(|mark| mark.contains("“PROOF”")), "{imported}");
    assert_eq!(imported["mark"]["is_other_than_nodes"], true, "{imported}");
    node.says(&["edit", "--event", "Marked", "--file", "a.jpg", "--turn", "right"]);
    let shown = ["a.jpg", "b.jpg"];
    for name in shown {
        assert!(is_marked(&customer, name).await, "{name} is shown without its mark");
    }
    let anew = ["edit", "--event", "Marked", "--all", "--anew"];
    node.says(&anew);
    assert!(is_marked(&customer, "a.jpg").await, "it lost its mark");

    // Another event is not concerned, and in words this one is changed.
    photos::put(&world.path().join("other"), "c.jpg", &grey(900, 800));
    let other = world.path().join("other");
    let other = node.says(&["import", other.to_str().unwrap(), "--event", "Other"]);
    assert_eq!(other["mark"]["mark"], serde_json::Value::Null, "{other}");
    node.says(&["event", "Marked", "--no-watermark"]);
    node.says(&anew);
    assert!(!is_marked(&customer, "a.jpg").await, "the photographer took the mark off");
    let said = node.says(&["event", "Marked", "--watermark", "SAMPLE", "--watermark-opacity", "100"]);
    assert!(said["mark"]["mark"].as_str().is_some_and(|mark| mark.contains("“SAMPLE”")), "{said}");
    node.says(&anew);
    assert!(is_marked(&customer, "b.jpg").await, "the photographer said a mark");
}

#[tokio::test]
async fn a_logo_as_big_as_a_logo_may_be_reaches_the_node_that_runs_and_damaged_it_is_not_left_out() {
    let mut world = World::start().await;
    world.publish("Marked", &[("a.jpg", grey(900, 600))]);
    let logo = world.path().join("logo.png");
    let noise = |x: u32, y: u32| (x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77)).wrapping_mul(0xC2B2_AE3D);
    let picture = RgbImage::from_fn(900, 900, |x, y| {
        let [red, green, blue, _] = noise(x, y).to_be_bytes();
        image::Rgb([red, green, blue])
    });
    picture.save(&logo).unwrap();
    let png = std::fs::read(&logo).unwrap();
    assert!(png.len() > 2_000_000, "{} bytes", png.len());
    let said = world.photographer.says(&["event", "Marked", "--watermark-logo", logo.to_str().unwrap()]);
    assert!(said["mark"]["mark"].as_str().is_some_and(|mark| mark.contains("a logo")), "{said}");

    world.photographer.kill();
    flip(world.photographer.data(), &png, png.len() / 2);
    world.photographer.restart();
    let card = world.path().join("card");
    photos::put(&card, "b.jpg", &grey(700, 800));
    let imported = world.photographer.says(&["import", card.to_str().unwrap(), "--event", "Marked"]);
    let mark = imported["mark"]["mark"].as_str();
    assert!(mark.is_some_and(|mark| mark.contains("a logo")), "it would show proofs without their mark: {imported}");
    let verify = ["verify", "--event", "Marked"];
    assert_eq!(world.photographer.says(&verify)["damaged_mark"], "repaired", "nobody hears that it is damaged");
    assert!(world.photographer.says(&verify)["damaged_mark"].is_null());
}

#[tokio::test]
async fn photos_that_were_published_before_the_event_got_its_mark_are_said_to_be_without_it() {
    let mut world = World::start().await;
    let flags = ["--watermark", "PROOF", "--watermark-opacity", "100"];
    let gallery = world.publish("Later", &[("a.jpg", grey(1200, 800))]);
    let customer = world.customer(&gallery).await;
    world.photographer.kill();
    flags.iter().for_each(|flag| world.photographer.add_flag(flag));
    world.photographer.restart();
    let node = &world.photographer;
    let card = world.path().join("card");
    photos::put(&card, "b.jpg", &grey(1000, 800));
    let import = ["import", card.to_str().unwrap(), "--event", "Later", "--publish"];
    let imported = node.says(&import);
    assert!(is_marked(&customer, "b.jpg").await, "the node was started to mark proofs");
    assert!(!is_marked(&customer, "a.jpg").await);
    assert_eq!(imported["mark"]["is_for_new_alone"], true, "nobody says that a.jpg is shown unmarked: {imported}");
    let again = node.says(&import);
    assert!(again["mark"]["is_for_new_alone"].is_null(), "nothing changed: {again}");
    let anew = node.says(&["edit", "--event", "Later", "--all", "--anew"]);
    assert!(is_marked(&customer, "a.jpg").await && anew["mark"]["is_for_new_alone"].is_null(), "{anew}");
    world.photographer.drop_flags(&flags); // they would be typed with the command, too
    let said = world.photographer.says(&["event", "Later", "--no-watermark"]);
    assert_eq!(said["mark"]["is_for_new_alone"], true, "its proofs are marked: {said}");
}

#[tokio::test]
async fn a_photo_that_its_volume_lost_is_printed_as_it_was_edited_and_no_undone_edit_comes_back() {
    let mut world = World::start().await;
    let name = "Lost";
    let gallery = world.publish(name, &[("a.jpg", photos::jpeg(1200, 800, 7)), ("b.jpg", photos::jpeg(900, 600, 9))]);
    let edit = |world: &World, edits: &[&str]| {
        let edited = world.photographer.says(&[&["edit", "--event", name], edits].concat());
        assert_eq!(edited["edited"], 1, "{edited}");
    };
    edit(&world, &["--file", "a.jpg", "--flip"]);
    edit(&world, &["--file", "a.jpg", "--turn", "right", "--crop", "25,0,50,100"]);
    edit(&world, &["--file", "b.jpg", "--turn", "left"]);
    edit(&world, &["--file", "b.jpg", "--undo"]);
    let customer = world.customer(&gallery).await;
    let shown = pixels(&customer.proof(&customer.photo("a.jpg").await).await);

    let back = loses_its_volume_and_imports(&mut world, name);
    assert_eq!((&back["imported"], &back["edits_given_back"]), (&2.into(), &1.into()), "{back}");
    let edited = world.photographer.says(&["photos", "--event", name])["photos"].clone();
    let edited: Vec<_> = edited.as_array().unwrap().iter().map(|photo| photo["edited"] == true).collect();
    assert_eq!(edited, [true, false], "by name: a.jpg, b.jpg");
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let printed = pixels(&print_files(&world.order_folder(&order).await)[0]);
    assert_eq!(printed.dimensions(), (400, 1200));
    assert!(difference(&printed, &shown) < 15.0, "the print is another than the gallery shows");

    edit(&world, &["--file", "a.jpg", "--undo"]);
    assert_eq!(customer.photo("a.jpg").await["width_px"], 1200, "what was before the last edit is lost");
    edit(&world, &["--file", "a.jpg", "--undo"]);
    let back = loses_its_volume_and_imports(&mut world, name);
    assert_eq!((&back["imported"], &back["edits_given_back"]), (&2.into(), &0.into()), "{back}");
    let left = world.photographer.reports(&["edit", "--event", name, "--all", "--undo"]);
    assert_eq!((&left["edited"], &left["unchanged"]), (&0.into(), &2.into()), "{left}");
}

/// The disk loses the event's only volume; its files are imported again.
fn loses_its_volume_and_imports(world: &mut World, event: &str) -> serde_json::Value {
    world.photographer.kill();
    let archive = world.photographer.data().join("archive");
    let volume = std::fs::read_dir(archive).unwrap().map(|entry| entry.unwrap().path());
    let volumes: Vec<_> = volume.filter(|path| path.to_string_lossy().ends_with("-001")).collect();
    assert_eq!(volumes.len(), 1);
    std::fs::remove_dir_all(&volumes[0]).unwrap();
    world.photographer.restart();
    world.photographer.says(&["import", world.path().join("card").to_str().unwrap(), "--event", event])
}

/// Whether the proof of a grey photo has anything on it.
async fn is_marked(customer: &world::Customer, name: &str) -> bool {
    let proof = pixels(&customer.proof(&customer.photo(name).await).await);
    proof.pixels().any(|pixel| pixel.0[0].abs_diff(128) > 60)
}

fn grey(width: u32, height: u32) -> Vec<u8> {
    let mut jpeg = Vec::new();
    let grey = RgbImage::from_pixel(width, height, image::Rgb([128; 3]));
    grey.write_to(&mut std::io::Cursor::new(&mut jpeg), image::ImageFormat::Jpeg).unwrap();
    jpeg
}

fn pixels(jpeg: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// How many levels two pictures of one size differ by, on average.
fn difference(one: &RgbImage, other: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), other.dimensions());
    let sum: u64 = one.as_raw().iter().zip(other.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.as_raw().len() as f64
}
