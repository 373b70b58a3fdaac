//! The handshake: each end proves its peer's key by a signature of the key that it uses
//! here, and both get two keys that nobody else has.

use std::io;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::PeerId;
use libp2p::identity::{Keypair, PublicKey};
use ring::aead::{AES_256_GCM, CHACHA20_POLY1305};
use snow::resolvers::{DefaultResolver, FallbackResolver, RingResolver};
use snow::{Builder, HandshakeState};

use super::payload::Payload;
use super::records::{Records, Seal};
use crate::error::ProtocolError;

const PATTERN: &str = "Noise_XX_25519_ChaChaPoly_SHA256";
/// What is signed is this and the key.
const DOMAIN: &[u8] = b"noise-libp2p-static-key:";
/// The longest message: its length is two bytes.
const MESSAGE_BYTES_MAX: usize = u16::MAX as usize;
/// What a message has beside what it says: two keys and two sums.
const MESSAGE_OVERHEAD: usize = 128;

/// Who speaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Initiator,
    Responder,
}

/// Who we are in each handshake.
pub(super) struct Identity {
    secret: Vec<u8>,
    payload: Payload,
}

impl Identity {
    /// With a new key for handshakes, signed by `key`.
    pub(super) fn new(key: &Keypair, has_aes: bool) -> Result<Self, ProtocolError> {
        let made = builder()?.generate_keypair().map_err(failed)?;
        let signature = key.sign(&signed(&made.public)).map_err(failed)?;
        let payload = Payload { key: key.public().encode_protobuf(), signature, has_aes };
        Ok(Self { secret: made.private, payload })
    }
}

/// Who the other end is, and the stream to it.
pub(super) async fn run<S>(me: &Identity, mut stream: S, side: Side) -> io::Result<(PeerId, Records<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = begin(me, side).map_err(io::Error::other)?;
    let mine = me.payload.encode();
    let said = match side {
        Side::Initiator => {
            send(&mut session, &mut stream, &[]).await?;
            let said = receive(&mut session, &mut stream).await?;
            send(&mut session, &mut stream, &mine).await?;
            said
        }
        Side::Responder => {
            if !receive(&mut session, &mut stream).await?.is_empty() {
                return Err(io::Error::other(failed("the other end says something too early")));
            }
            send(&mut session, &mut stream, &mine).await?;
            receive(&mut session, &mut stream).await?
        }
    };
    let theirs = Payload::decode(&said).map_err(io::Error::other)?;
    let peer = proven(&session, &theirs).map_err(io::Error::other)?;
    let (seal, open) = seals(&mut session, side, me.payload.has_aes && theirs.has_aes).map_err(io::Error::other)?;
    Ok((peer, Records::new(stream, seal, open)))
}

fn builder() -> Result<Builder<'static>, ProtocolError> {
    // ring has all but the curve.
    let resolver = FallbackResolver::new(Box::new(RingResolver), Box::new(DefaultResolver));
    Ok(Builder::with_resolver(PATTERN.parse().map_err(failed)?, Box::new(resolver)))
}

fn begin(me: &Identity, side: Side) -> Result<HandshakeState, ProtocolError> {
    let builder = builder()?.local_private_key(&me.secret).map_err(failed)?;
    match side {
        Side::Initiator => builder.build_initiator(),
        Side::Responder => builder.build_responder(),
    }
    .map_err(failed)
}

/// Whose key it is that the other end uses.
fn proven(session: &HandshakeState, theirs: &Payload) -> Result<PeerId, ProtocolError> {
    let used = session.get_remote_static().ok_or_else(|| failed("the other end showed no key"))?;
    let key = PublicKey::try_decode_protobuf(&theirs.key).map_err(failed)?;
    if !key.verify(&signed(used), &theirs.signature) {
        return Err(failed("the other end did not prove its key"));
    }
    Ok(key.to_peer_id())
}

fn signed(key: &[u8]) -> Vec<u8> {
    [DOMAIN, key].concat()
}

/// What our records are sealed with, and theirs opened. The keys are those that `snow`
/// would use itself; here they serve one cipher or the other, never both.
fn seals(session: &mut HandshakeState, side: Side, is_aes: bool) -> Result<(Seal, Seal), ProtocolError> {
    if !session.is_handshake_finished() {
        return Err(failed("it is not finished"));
    }
    let (of_initiator, of_responder) = session.dangerously_get_raw_split();
    let cipher = if is_aes { &AES_256_GCM } else { &CHACHA20_POLY1305 };
    let seal = |key: &[u8; 32]| Seal::new(cipher, key).ok_or_else(|| failed("a key has the wrong length"));
    let (first, second) = (seal(&of_initiator)?, seal(&of_responder)?);
    Ok(if side == Side::Initiator { (first, second) } else { (second, first) })
}

async fn send<S: AsyncWrite + Unpin>(session: &mut HandshakeState, stream: &mut S, said: &[u8]) -> io::Result<()> {
    let mut message = vec![0; said.len() + MESSAGE_OVERHEAD];
    let length = session.write_message(said, &mut message).map_err(|error| io::Error::other(failed(error)))?;
    message.truncate(length);
    let announced = u16::try_from(length).map_err(|_| io::ErrorKind::InvalidInput)?;
    stream.write_all(&[&announced.to_be_bytes()[..], &message].concat()).await?;
    stream.flush().await
}

async fn receive<S: AsyncRead + Unpin>(session: &mut HandshakeState, stream: &mut S) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut message).await?;
    let mut said = vec![0; message.len().min(MESSAGE_BYTES_MAX)];
    let length = session.read_message(&message, &mut said).map_err(|error| io::Error::other(failed(error)))?;
    said.truncate(length);
    Ok(said)
}

fn failed(reason: impl ToString) -> ProtocolError {
    ProtocolError::Handshake { reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use futures::join;

    use super::*;
    use crate::peer::transport::tcp::line;

    #[tokio::test]
    async fn who_shows_anothers_key_without_proof_is_refused_by_either_end() {
        let (ana, eve) = (Keypair::generate_ed25519(), Keypair::generate_ed25519());
        let honest = Identity::new(&ana, true).unwrap();
        for (key, signature) in [(&ana, None), (&eve, Some(Vec::new())), (&eve, Some(vec![7; 64]))] {
            let mut liar = Identity::new(&eve, true).unwrap();
            liar.payload.key = key.public().encode_protobuf();
            liar.payload.signature = signature.unwrap_or(liar.payload.signature);
            for (side, other) in [(Side::Initiator, Side::Responder), (Side::Responder, Side::Initiator)] {
                let (here, there) = line().await;
                let (deceived, _) = join!(run(&honest, here, side), run(&liar, there, other));
                assert!(deceived.is_err_and(|error| error.to_string().contains("did not prove its key")));
            }
        }
    }
}
