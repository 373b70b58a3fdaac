//! What becomes of a photo while every byte of its event is read.

use tempfile::TempDir;

use super::*;
use crate::photographer::missing::tests::with_two;

#[tokio::test(flavor = "multi_thread")]
async fn photos_that_were_mended_since_they_were_found_damaged_are_neither_said_nor_noted_to_be() {
    let dir = TempDir::new().unwrap();
    let (open, event_id) = with_two(dir.path()).await;
    let node = open.node();
    let event = node.catalogue.event(event_id).await.unwrap().unwrap();
    let archive = node.archive.clone();
    // As an import left them that ran beside the verify.
    let photos = blocking(move || Ok(archive.listed(event_id).photos)).await.unwrap();
    let damaged: Vec<_> = photos.into_iter().map(|photo| (photo, vec![PhotoFile::Original])).collect();
    assert_eq!(damaged.len(), 2);
    let said = node.settle(event, Verified { damaged, ..Verified::default() }).await.unwrap();
    let PhotographerAnswer::Verified { damaged, damaged_files, repaired, .. } = &said else { panic!("{said:?}") };
    assert!(damaged.is_empty() && damaged_files.is_empty() && repaired.is_empty(), "{said:?}");
    assert!(node.catalogue.damaged(event_id).await.unwrap().is_empty());
}
