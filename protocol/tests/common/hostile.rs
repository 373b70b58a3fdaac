//! A peer that keeps to libp2p but not to our protocol: it writes whatever
//! bytes it likes on a conversation's substream, and reads what comes back.

use std::io;
use std::time::Duration;

use enprint_protocol::{Keypair, Multiaddr, PeerId};
use libp2p::futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{Behaviour, Codec, Config, Event, Message, ProtocolSupport};
use libp2p::swarm::{Swarm, SwarmEvent};
use libp2p::{StreamProtocol, SwarmBuilder, noise, tcp, yamux};

/// The bytes that came back; or why none did.
pub type Answer = Result<Vec<u8>, String>;

/// A raw peer, connected to its victim.
pub struct Hostile {
    swarm: Swarm<Behaviour<RawBytes>>,
    victim: PeerId,
}

impl Hostile {
    /// Connects as `key`, to speak on the conversation called `name`.
    pub async fn connect(key: Keypair, name: &'static str, victim: PeerId, at: Multiaddr) -> Self {
        let config = Config::default().with_request_timeout(Duration::from_secs(20)).with_max_concurrent_streams(1_000);
        let protocols = [(StreamProtocol::new(name), ProtocolSupport::Outbound)];
        let mut swarm = SwarmBuilder::with_existing_identity(key)
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| Behaviour::new(protocols, config))
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(super::PATIENCE))
            .build();
        swarm.dial(at).unwrap();
        while !swarm.is_connected(&victim) {
            swarm.select_next_some().await;
        }
        Self { swarm, victim }
    }

    /// Writes each of `messages` on a substream of its own; the answers, in the
    /// order in which they come.
    pub async fn send(&mut self, messages: Vec<Vec<u8>>) -> Vec<Answer> {
        let count = messages.len();
        for message in messages {
            self.swarm.behaviour_mut().send_request(&self.victim, Raw { bytes: message, stalls: false });
        }
        let mut answers = Vec::new();
        while answers.len() < count {
            match self.swarm.select_next_some().await {
                SwarmEvent::Behaviour(Event::Message { message: Message::Response { response, .. }, .. }) => {
                    answers.push(Ok(response))
                }
                SwarmEvent::Behaviour(Event::OutboundFailure { error, .. }) => {
                    answers.push(Err(error.to_string()));
                }
                _ => {}
            }
        }
        answers
    }

    /// Begins `messages`, each on a substream of its own, and never ends them. The peer
    /// lives on as a task until that is aborted.
    pub fn stall(mut self, messages: Vec<Vec<u8>>) -> tokio::task::JoinHandle<()> {
        for message in messages {
            self.swarm.behaviour_mut().send_request(&self.victim, Raw { bytes: message, stalls: true });
        }
        tokio::spawn(async move {
            loop {
                self.swarm.select_next_some().await;
            }
        })
    }

    pub async fn send_one(&mut self, message: Vec<u8>) -> Answer {
        self.send(vec![message]).await.remove(0)
    }
}

/// `body` with its length before it.
pub fn framed(body: &[u8]) -> Vec<u8> {
    lying(body.len() as u32, body)
}

/// `body` with any length before it.
pub fn lying(length: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(body);
    bytes
}

/// What is written on one substream, and whether its end is.
pub struct Raw {
    bytes: Vec<u8>,
    stalls: bool,
}

#[derive(Clone, Default)]
pub struct RawBytes;

impl Codec for RawBytes {
    type Protocol = StreamProtocol;
    type Request = Raw;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, _: &mut T) -> io::Result<Raw>
    where
        T: AsyncRead + Unpin + Send,
    {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::new();
        io.take(1 << 20).read_to_end(&mut bytes).await?;
        Ok(bytes)
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, raw: Raw) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&raw.bytes).await?;
        if raw.stalls {
            io.flush().await?;
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, _: &mut T, _: Vec<u8>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        Err(io::ErrorKind::Unsupported.into())
    }
}
