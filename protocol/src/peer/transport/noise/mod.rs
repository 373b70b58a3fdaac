//! Noise as libp2p speaks it (`/noise`, pattern XX), by `snow`; what follows the handshake
//! is read and written by ourselves, since a connection that carries files is mostly that.
//!
//! | file | owns |
//! |---|---|
//! | `handshake` | who the other end is, and the keys |
//! | `payload` | what a handshake's messages say |
//! | `records` | the stream after it |
//! | `rooms` | the memory of records |
//!
//! *On the wire:* as libp2p's own, with one word more. Who has AES in its processor says
//! so in its part of the handshake, which nobody between can change. If both do, records
//! are sealed with AES-256-GCM, which takes them half the time of ChaCha20-Poly1305; else
//! with the latter, as libp2p's own always does.

mod handshake;
mod payload;
mod records;
mod rooms;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use futures::{AsyncRead, AsyncWrite};
use libp2p::PeerId;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade, UpgradeInfo};
use libp2p::identity::Keypair;

use crate::error::ProtocolError;
use handshake::{Identity, Side};
use records::Records;

/// What connections are secured with. Cheap to clone.
#[derive(Clone)]
pub(super) struct Noise {
    identity: Arc<Identity>,
}

type Secured<S> = Pin<Box<dyn Future<Output = io::Result<(PeerId, Records<S>)>> + Send>>;

impl Noise {
    /// Proves `key` to the other ends.
    pub(super) fn new(key: &Keypair) -> Result<Self, ProtocolError> {
        Ok(Self { identity: Arc::new(Identity::new(key, has_fast_aes())?) })
    }

    fn secured<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(self, stream: S, side: Side) -> Secured<S> {
        Box::pin(async move { handshake::run(&self.identity, stream, side).await })
    }
}

/// Whether the processor does AES and its sums itself. Without, it is slower than ChaCha20.
#[cfg(target_arch = "x86_64")]
fn has_fast_aes() -> bool {
    std::arch::is_x86_feature_detected!("aes") && std::arch::is_x86_feature_detected!("pclmulqdq")
}

#[cfg(target_arch = "aarch64")]
fn has_fast_aes() -> bool {
    std::arch::is_aarch64_feature_detected!("aes") && std::arch::is_aarch64_feature_detected!("pmull")
}

/// Of others nothing is known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_fast_aes() -> bool {
    false
}

impl UpgradeInfo for Noise {
    type Info = &'static str;
    type InfoIter = std::iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once("/noise")
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> InboundConnectionUpgrade<S> for Noise {
    type Output = (PeerId, Records<S>);
    type Error = io::Error;
    type Future = Secured<S>;

    fn upgrade_inbound(self, stream: S, _: Self::Info) -> Secured<S> {
        self.secured(stream, Side::Responder)
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> OutboundConnectionUpgrade<S> for Noise {
    type Output = (PeerId, Records<S>);
    type Error = io::Error;
    type Future = Secured<S>;

    fn upgrade_outbound(self, stream: S, _: Self::Info) -> Secured<S> {
        self.secured(stream, Side::Initiator)
    }
}

#[cfg(test)]
mod tests {
    use futures::io::{AsyncReadExt, AsyncWriteExt};
    use futures::join;

    use super::*;
    use crate::peer::transport::tcp::line;

    /// Sends much there and little back, and looks that both came as they were.
    async fn talk(a: impl AsyncRead + AsyncWrite + Unpin, b: impl AsyncRead + AsyncWrite + Unpin) {
        let bytes: Vec<u8> = (0..700_001_u32).map(|at| (at ^ (at >> 11)) as u8).collect();
        let sending = async {
            let (mut read, mut write) = a.split();
            for piece in [&bytes[..1], &bytes[1..70_000], &bytes[70_000..]] {
                write.write_all(piece).await.unwrap();
                write.flush().await.unwrap();
            }
            let mut answer = [0; 5];
            read.read_exact(&mut answer).await.unwrap();
            write.close().await.unwrap();
            answer
        };
        let receiving = async {
            let (mut read, mut write) = b.split();
            let mut came = vec![0; bytes.len()];
            read.read_exact(&mut came).await.unwrap();
            write.write_all(b"taken").await.unwrap();
            write.flush().await.unwrap();
            assert_eq!(read.read(&mut [0; 9]).await.unwrap(), 0, "it was closed");
            came
        };
        let (answer, came) = join!(sending, receiving);
        assert!(came == bytes && &answer == b"taken");
    }

    fn with_aes(key: &Keypair, has_aes: bool) -> Noise {
        Noise { identity: Arc::new(Identity::new(key, has_aes).unwrap()) }
    }

    #[tokio::test]
    async fn both_ends_know_each_other_and_hear_what_is_said_with_and_without_aes() {
        let (ana, lab) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
        for (of_ana, of_lab) in [(true, true), (true, false), (false, true), (false, false)] {
            let (here, there) = line().await;
            let (dialled, accepted) = join!(
                with_aes(&ana, of_ana).upgrade_outbound(here, "/noise"),
                with_aes(&lab, of_lab).upgrade_inbound(there, "/noise"),
            );
            let ((who_there, a), (who_here, b)) = (dialled.unwrap(), accepted.unwrap());
            assert_eq!((who_there, who_here), (lab.public().to_peer_id(), ana.public().to_peer_id()));
            assert_eq!((a.is_aes(), b.is_aes()), (of_ana && of_lab, of_ana && of_lab));
            talk(a, b).await;
        }
    }

    #[tokio::test]
    async fn libp2p_s_own_noise_is_understood_and_understands() {
        let (ana, lab) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
        let (ours, theirs) = (with_aes(&ana, true), libp2p::noise::Config::new(&lab).unwrap());
        let (here, there) = line().await;
        let (a, b) =
            join!(ours.clone().upgrade_outbound(here, "/noise"), theirs.clone().upgrade_inbound(there, "/noise"),);
        let ((lab_id, a), (ana_id, b)) = (a.unwrap(), b.unwrap());
        assert_eq!((lab_id, ana_id), (lab.public().to_peer_id(), ana.public().to_peer_id()));
        talk(a, b).await;
        let (here, there) = line().await;
        let (a, b) = join!(ours.upgrade_inbound(here, "/noise"), theirs.upgrade_outbound(there, "/noise"));
        talk(b.unwrap().1, a.unwrap().1).await;
    }
}
