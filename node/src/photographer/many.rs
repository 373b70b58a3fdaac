//! The same work with each of many photos, several at once, as a command waits for them.
//! Results come in the order of the photos. Where they are rendered, and in whose turn,
//! is `enlargers`' matter; how much memory they take, the darkroom's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use super::enlargers::processors;
use crate::limits::PHOTOS_AT_ONCE_MAX;

/// Does `work` with each of `items` until `is_stopped`, and tells `done` how many are
/// done each time one is. None stands for those that were not begun.
pub(super) fn each<T: Sync, R: Send>(
    items: &[T],
    is_stopped: impl Fn() -> bool + Sync,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(u64),
) -> Vec<Option<R>> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    // One reads while the others render.
    let workers = (processors() + 1).min(PHOTOS_AT_ONCE_MAX).min(items.len());
    std::thread::scope(|scope| {
        let (made, all) = sync_channel(workers);
        for _ in 0..workers {
            let (made, next, work, is_stopped) = (made.clone(), &next, &work, &is_stopped);
            scope.spawn(move || {
                while !is_stopped() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { return };
                    if made.send((at, work(item))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(made);
        for (count, (at, result)) in (1..).zip(all) {
            results[at] = Some(result);
            done(count);
        }
    });
    results
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[test]
    fn what_ends_in_another_order_is_given_in_the_order_of_the_photos() {
        let photos: Vec<u64> = (0..200).collect();
        let turn = |photo: &u64| {
            if photo.is_multiple_of(7) {
                std::thread::yield_now();
            }
            photo * 2
        };
        let mut told = Vec::new();
        let doubled = each(&photos, || false, turn, |count| told.push(count));
        assert_eq!(doubled, (0..200).map(|photo| Some(photo * 2)).collect::<Vec<_>>());
        assert_eq!(told, (1..=200).collect::<Vec<_>>());
        assert!(each(&[], || false, turn, |_| {}).is_empty());
    }

    #[test]
    fn a_stop_leaves_the_rest_alone_and_loses_nothing_that_was_done() {
        let begun = AtomicU64::new(0);
        let work = |photo: &u64| {
            begun.fetch_add(1, Ordering::SeqCst);
            *photo
        };
        let photos: Vec<u64> = (0..1_000).collect();
        let done = each(&photos, || begun.load(Ordering::SeqCst) >= 10, work, |_| {});
        let kept = done.iter().flatten().count() as u64;
        assert_eq!(kept, begun.into_inner());
        assert!((10..30).contains(&kept), "{kept}");
    }
}
