//! Whose bytes go first on a connection.

use std::cell::Cell;

use super::*;

const LONG_BYTES: usize = 1 << 20;
const LONG_STREAMS: usize = 8;

#[tokio::test]
async fn a_range_is_whole_while_later_ones_have_hardly_begun_and_a_word_overtakes_them_all() {
    let (mut ana, mut lab) = (Peer::new().await, Peer::new().await);
    ana.admission.admit(lab.id);
    lab.admission.admit(ana.id);
    let ((_, mut here), (_, mut there)) = joined(ana.named(), &mut lab.quic, &mut ana.quic).await;
    let mut sent = Vec::new();
    for _ in 0..LONG_STREAMS {
        let mut stream = future::poll_fn(|cx| there.poll_outbound_unpin(cx)).await.unwrap();
        stream.write_all(&vec![7; LONG_BYTES]).await.unwrap();
        stream.close().await.unwrap();
        sent.push(stream);
    }
    let mut word = future::poll_fn(|cx| there.poll_outbound_unpin(cx)).await.unwrap();
    word.write_all(b"word").await.unwrap();
    word.close().await.unwrap();

    let came = Cell::new(0);
    let (first, last) = (Cell::new(None), Cell::new(None));
    let mut reads = Vec::new();
    for number in 0..=LONG_STREAMS {
        let mut stream = future::poll_fn(|cx| here.poll_inbound_unpin(cx)).await.unwrap();
        let (came, first, last) = (&came, &first, &last);
        reads.push(async move {
            let mut bytes = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut bytes).await.unwrap() {
                    0 => break,
                    count => came.set(came.get() + count),
                }
            }
            match number {
                0 => first.set(Some(came.get())),
                LONG_STREAMS => last.set(Some(came.get())),
                _ => {}
            }
        });
    }
    future::join_all(reads).await;
    let half = LONG_STREAMS * LONG_BYTES / 2;
    assert!(first.get().unwrap() < half, "{first:?} had come of all when the first was whole");
    assert!(last.get().unwrap() < half, "{last:?} had come of all when the word was there");
}
