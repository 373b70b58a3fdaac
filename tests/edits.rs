//! The photographer turns and crops after publishing: the gallery shows the new look,
//! the lab gets a file made by the same recipe, and the original stays as it was.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod world;

use image::RgbImage;
use world::{World, photos, print_files};

#[tokio::test]
async fn a_cropped_photo_is_shown_and_printed_cropped_and_undone_is_as_it_was() {
    let world = World::start().await;
    let original = photos::jpeg(1200, 800, 7);
    let gallery = world.publish("Edited", &[("party/a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    let before = customer.proof(&customer.photo("a.jpg").await).await;

    let edited = world.photographer.says(&["edit", "--event", "Edited", "--turn", "right", "--crop", "25,0,50,100"]);
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

    world.photographer.says(&["edit", "--event", "Edited", "--undo"]);
    let undone = world.photographer.says(&["edit", "--event", "Edited", "--undo"]);
    assert_eq!(undone["edited"], 1, "{undone}");
    assert_eq!(customer.proof(&customer.photo("a.jpg").await).await, before);
    let exported = world.path().join("exported");
    world.photographer.says(&["export", "--event", "Edited", exported.to_str().unwrap()]);
    assert_eq!(std::fs::read(exported.join("party/a.jpg")).unwrap(), original);
}

#[tokio::test]
async fn an_edit_that_can_not_be_made_changes_nothing_and_says_why() {
    let world = World::start().await;
    let gallery = world.publish("Odd", &[("party/a.jpg", photos::jpeg(600, 400, 1))]);
    let customer = world.customer(&gallery).await;
    let before = customer.photo("a.jpg").await;

    let outside = world.photographer.says(&["edit", "--event", "Odd", "--crop", "60,0,60,100"]);
    assert_eq!(outside["edited"], 0);
    assert!(outside["failed"][0]["reason"].as_str().unwrap().contains("within the photo"), "{outside}");
    let nothing = world.photographer.refuses(&["edit", "--event", "Odd"]);
    assert!(nothing.contains("--turn"), "{nothing}");
    let twice = world.photographer.says(&["edit", "--event", "Odd", "--reset"]);
    assert_eq!((&twice["edited"], &twice["unchanged"]), (&0.into(), &1.into()), "{twice}");
    assert_eq!(customer.photo("a.jpg").await, before);
}

#[tokio::test]
async fn a_turned_photo_is_printed_without_losing_a_pixel() {
    let world = World::start().await;
    let original = photos::jpeg(640, 480, 3);
    let gallery = world.publish("Turned", &[("party/a.jpg", original.clone())]);
    let customer = world.customer(&gallery).await;
    world.photographer.says(&["edit", "--event", "Turned", "--turn", "left", "--flip"]);
    let order = customer.order(&["a.jpg"], 1).await;
    world.is_paid(&order.number).await;
    let printed = print_files(&world.order_folder(&order).await);
    // The edits are made in the order of the help: flipped, then turned.
    let expected = image::imageops::rotate270(&image::imageops::flip_horizontal(&pixels(&original)));
    assert!(difference(&pixels(&printed[0]), &expected) < 0.5);
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
