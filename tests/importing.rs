//! Importing what people really have on their cards: the same photo twice, files that
//! are no photos, names and folders that nobody would choose.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use world::{Process, eventually, photos};

#[tokio::test]
async fn photos_are_kept_byte_for_byte_once_with_what_the_camera_wrote() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    let (one, two) = (photos::jpeg_with_gps(1), photos::jpeg(600, 400, 2));
    photos::put(&card, "Reception & cake/Ä photo, \"quoted\".JPG", &one);
    photos::put(&card, "DSC_0001.jpg", &two);
    photos::put(&card, "copies/DSC_0001 copy.jpg", &two);
    let cut = two[..two.len() / 3].to_vec();
    photos::put(&card, "broken/cut.jpg", &cut);
    photos::put(&card, "broken/page.jpg", b"<html><body>not found</body></html>");
    photos::put(&card, "broken/empty.png", b"");
    photos::put(&card, "broken/zeros.tif", &vec![0; 100_000]);
    let imported = import_some(&node, &card);
    assert_eq!((imported["imported"].as_u64(), imported["duplicates"].as_array().unwrap().len()), (Some(3), 1));
    let cut_short = imported["not_for_print"].as_array().unwrap();
    assert_eq!((cut_short.len(), &cut_short[0]["name"]), (1, &"broken/cut.jpg".into()), "{cut_short:?}");
    let failed = imported["failed"].as_array().unwrap();
    let reason = |name: &str| failed.iter().find(|file| file["name"] == name).map(|file| file["reason"].clone());
    for name in ["broken/page.jpg", "broken/empty.png", "broken/zeros.tif"] {
        let reason = reason(name).unwrap_or_else(|| panic!("{name} is not listed: {failed:?}"));
        assert!(reason.as_str().unwrap().len() > 10, "{name}: {reason}");
    }
    let again = import_some(&node, &card);
    assert_eq!((again["imported"].as_u64(), again["original_bytes"].as_u64()), (Some(0), Some(0)));

    let listed = node.says(&["photos", "--event", "The card"]);
    let listed = listed["photos"].as_array().unwrap();
    let quoted = listed.iter().find(|photo| photo["file_name"] == "Ä photo, \"quoted\".JPG").expect("its name is kept");
    assert_eq!(quoted["category"], "Reception & cake");
    let out = dir.path().join("out");
    node.says(&["export", "--event", "The card", out.to_str().unwrap()]);
    let mut exported: Vec<Vec<u8>> = files_below(&out).iter().map(|file| std::fs::read(file).unwrap()).collect();
    let mut expected = vec![one, two, cut];
    exported.sort();
    expected.sort();
    assert!(exported == expected, "the originals are not what was imported");
    assert_eq!(node.says(&["verify", "--event", "The card"])["damaged"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn what_an_xmp_file_beside_a_photo_says_is_taken_and_the_file_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    photos::put(&card, "DSC_1.jpg", &photos::jpeg(600, 400, 1));
    photos::put(&card, "DSC_2.jpg", &photos::jpeg(600, 400, 2));
    let packet = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                  <rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='4'/></rdf:RDF>";
    photos::put(&card, "DSC_1.xmp", packet.as_bytes());
    photos::put(&card, "gone.xmp", b"not XMP at all");
    let imported = import(&node, &card);
    assert_eq!((&imported["imported"], imported["failed"].as_array().unwrap().len()), (&2.into(), 0), "{imported}");
    let listed = node.says(&["photos", "--event", "The card", "--rating", "4"]);
    assert_eq!(
        (listed["photos"].as_array().unwrap().len(), &listed["photos"][0]["file_name"]),
        (1, &"DSC_1.jpg".into())
    );
}

#[tokio::test]
async fn what_an_xmp_file_says_anew_of_a_photo_that_is_here_is_taken_and_its_edits_stay() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    photos::put(&card, "Cake/DSC_1.jpg", &photos::jpeg(600, 400, 1));
    photos::put(&card, "Cake/DSC_2.jpg", &photos::jpeg(600, 400, 2));
    import(&node, &card);
    node.says(&["edit", "--event", "The card", "--file", "DSC_1.jpg", "--turn", "right"]);
    let packet = |stars: u8| {
        format!(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmp:Rating='{stars}'/></rdf:RDF>"
        )
    };
    for stars in [4, 2] {
        photos::put(&card, "Cake/DSC_1.xmp", packet(stars).as_bytes());
        let again = import(&node, &card);
        assert_eq!((&again["imported"], again["duplicates"].as_array().unwrap().len()), (&0.into(), 2), "{again}");
        assert_eq!(again["described"].as_array().unwrap().len(), 1, "{again}");
        let stars = stars.to_string();
        let listed = node.says(&["photos", "--event", "The card", "--rating", &stars]);
        let photo = &listed["photos"][0];
        assert_eq!((&photo["file_name"], &photo["category"]), (&"DSC_1.jpg".into(), &"Cake".into()), "{listed}");
        assert_eq!((&photo["width_px"], &photo["height_px"]), (&400.into(), &600.into()), "its edit is gone");
    }
    assert_eq!(import(&node, &card)["described"].as_array().unwrap().len(), 0, "nothing was new");
}

#[cfg(unix)]
#[tokio::test]
async fn a_loop_of_links_and_hostile_folder_names_end_and_lead_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    photos::put(&card, "-rf/--help/a.jpg", &photos::jpeg(300, 200, 1));
    photos::put(&card, "new\nline/b.jpg", &photos::jpeg(300, 200, 2));
    photos::put(&card, &format!("{}/c.jpg", "long ".repeat(50)), &photos::jpeg(300, 200, 3));
    photos::put(dir.path(), "elsewhere/secret.jpg", &photos::jpeg(300, 200, 4));
    std::os::unix::fs::symlink(&card, card.join("loop")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("elsewhere"), card.join("out")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", card.join("endless.jpg")).unwrap();
    let imported = import_some(&node, &card);
    let names = node.says(&["photos", "--event", "The card"]);
    let names: Vec<_> = names["photos"].as_array().unwrap().iter().map(|photo| photo["file_name"].clone()).collect();
    assert!(!names.iter().any(|name| name == "secret.jpg"), "a link led out of the folder: {names:?}");
    assert!(names.iter().any(|name| name == "a.jpg"), "{imported}");
    let categories = node.says(&["events"])["events"][0]["categories"].clone();
    assert!(categories.as_array().unwrap().contains(&"new_line".into()), "{categories}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_and_one_without_photos_are_said_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let missing = node.refuses(&["import", "/nowhere/at all", "--event", "Nothing"]);
    assert!(missing.contains("There is no folder /nowhere/at all"), "{missing}");
    photos::put(dir.path(), "one.jpg", &photos::jpeg(300, 200, 1));
    let file = dir.path().join("one.jpg");
    let file = node.refuses(&["import", file.to_str().unwrap(), "--event", "Nothing"]);
    assert!(file.contains("is a file. Give the folder"), "{file}");
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    let empty = dir.path().join("empty");
    let empty = node.refuses(&["import", empty.to_str().unwrap(), "--event", "Nothing"]);
    assert!(empty.contains("no file below"), "{empty}");
    assert!(node.says(&["events"])["events"].as_array().unwrap().is_empty(), "a wrong folder makes no event");
    photos::put(&dir.path().join("card"), "a.jpg", &photos::jpeg(300, 200, 1));
    import(&node, &dir.path().join("card"));
    let unknown = node.refuses(&["publish", "--event", "Never heard of"]);
    assert!(unknown.contains("Never heard of"), "{unknown}");
    let not_enrolled = node.refuses(&["publish", "--event", "The card"]);
    assert!(not_enrolled.contains("enrol"), "{not_enrolled}");
}

#[tokio::test]
async fn commands_answer_the_same_whether_the_node_runs_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Process::photographer(dir.path(), &[]).await;
    photos::put(&dir.path().join("card"), "a.jpg", &photos::jpeg(300, 200, 1));
    import(&node, &dir.path().join("card"));
    let verbs: [&[&str]; 4] = [&["events"], &["photos", "--event", "The card"], &["orders"], &["labs"]];
    let while_running: Vec<_> = verbs.iter().map(|verb| node.tries(verb)).collect();
    node.kill();
    // Another program may have the port that a node has unless told otherwise; here, one has.
    let _other = std::net::TcpListener::bind(("0.0.0.0", 4041));
    let beside: Vec<_> = verbs.iter().map(|verb| node.tries(verb)).collect();
    assert_eq!(while_running, beside);
    assert!(while_running[0].is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn an_import_that_is_interrupted_keeps_what_it_had_and_goes_on_later() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    for seed in 0..30 {
        photos::put(&card, &format!("{seed}.jpg"), &photos::busy_jpeg(seed));
    }
    let mut importing = Command::new(world::cli::PROGRAM)
        .args(["photographer", "--data", node.data().to_str().unwrap(), "import", card.to_str().unwrap()])
        .args(["--event", "The card"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("some photos are in", || photo_count(&node) > 2).await;
    importing.kill().unwrap();
    importing.wait().unwrap();
    let kept = photo_count(&node);
    assert!(kept > 2);
    let rest = import(&node, &card);
    let duplicates = rest["duplicates"].as_array().unwrap().len() as u64;
    assert_eq!(rest["imported"].as_u64().unwrap() + duplicates, 30);
    assert!(duplicates >= kept, "what was kept was imported again");
    assert_eq!(photo_count(&node), 30);
}

fn import(node: &Process, card: &Path) -> Value {
    node.says(&["import", card.to_str().unwrap(), "--event", "The card"])
}

/// Of a card of which some files are no photos.
fn import_some(node: &Process, card: &Path) -> Value {
    node.reports(&["import", card.to_str().unwrap(), "--event", "The card"])
}

fn photo_count(node: &Process) -> u64 {
    let events = node.says(&["events"]);
    events["events"][0]["photos"].as_u64().unwrap_or(0)
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn risky_formats_are_decoded_in_a_child_and_a_rotten_one_harms_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let node = Process::photographer(dir.path(), &[]).await;
    let card = dir.path().join("card");
    let picture = image::load_from_memory(&photos::jpeg(600, 400, 5)).unwrap();
    let mut tiff = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut tiff), image::ImageFormat::Tiff).unwrap();
    photos::put(&card, "good.tif", &tiff);
    photos::put(&card, "cut.tif", &tiff[..tiff.len() / 2]);
    let mut names = vec!["good.tif".to_owned()];
    if let Some(root) = std::env::var_os("ENPRINT_PHOTOS") {
        let formats = std::path::Path::new(&root).join("formats");
        for name in ["iphone7_p3.heic", "8bit_srgb.jxl", "photo16.tif", "nikon_issue247_1.nef"] {
            std::fs::copy(formats.join(name), card.join(name)).unwrap();
            names.push(name.to_owned());
        }
    }
    let imported = import_some(&node, &card);
    assert_eq!(imported["imported"], names.len(), "{imported}");
    assert_eq!(imported["failed"][0]["name"], "cut.tif", "{imported}");
    assert!(imported["failed"][0]["reason"].as_str().unwrap().ends_with('.'), "{imported}");
}
