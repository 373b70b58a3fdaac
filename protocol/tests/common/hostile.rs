//! Peers that keep to libp2p but not to our protocol: one writes whatever bytes it likes on
//! a conversation's substream and reads what comes back, one answers with such bytes.

use std::io;
use std::time::Duration;

use enprint_protocol::{Keypair, Multiaddr, PeerId};
use libp2p::futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, StreamExt};
use libp2p::request_response::{Behaviour, Codec, Config, Event, Message, ProtocolSupport};
use libp2p::swarm::{Swarm, SwarmEvent};
use libp2p::{StreamProtocol, SwarmBuilder, noise, tcp, yamux};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

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
        let mut swarm = swarm(key, name, ProtocolSupport::Outbound);
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
            self.swarm.behaviour_mut().send_request(&self.victim, Raw { bytes: message, manner: Manner::Ends });
        }
        let mut answers = Vec::new();
        while answers.len() < count {
            match self.swarm.select_next_some().await {
                SwarmEvent::Behaviour(Event::Message { message: Message::Response { response, .. }, .. }) => {
                    answers.push(Ok(response.bytes))
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
    pub fn stall(self, messages: Vec<Vec<u8>>) -> JoinHandle<()> {
        self.begin(messages, Manner::Stalls)
    }

    /// As [`Self::stall`], a byte now and a byte then.
    pub fn trickle(self, messages: Vec<Vec<u8>>) -> JoinHandle<()> {
        self.begin(messages, Manner::Trickles)
    }

    fn begin(mut self, messages: Vec<Vec<u8>>, manner: Manner) -> JoinHandle<()> {
        for message in messages {
            self.swarm.behaviour_mut().send_request(&self.victim, Raw { bytes: message, manner });
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

/// A raw peer that answers whatever it is asked. It lives until it is dropped.
pub struct Answerer {
    pub peer_id: PeerId,
    pub address: Multiaddr,
    next: mpsc::Sender<Raw>,
    task: JoinHandle<()>,
}

impl Answerer {
    /// Listens on a port of its own, for the conversation called `name`.
    pub async fn listen(name: &'static str) -> Self {
        let mut swarm = swarm(Keypair::generate_ed25519(), name, ProtocolSupport::Inbound);
        swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let (peer_id, (next, answers)) = (*swarm.local_peer_id(), mpsc::channel(16));
        Self { peer_id, address, next, task: tokio::spawn(answer(swarm, answers)) }
    }

    /// The next request is answered with these bytes.
    pub async fn will_answer(&self, bytes: Vec<u8>) {
        self.next.send(Raw { bytes, manner: Manner::Ends }).await.unwrap();
    }

    /// The next request is answered with these bytes, and no end.
    pub async fn will_stall(&self, bytes: Vec<u8>) {
        self.next.send(Raw { bytes, manner: Manner::Stalls }).await.unwrap();
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(mut swarm: Swarm<Behaviour<RawBytes>>, mut answers: mpsc::Receiver<Raw>) {
    loop {
        if let SwarmEvent::Behaviour(Event::Message { message: Message::Request { channel, .. }, .. }) =
            swarm.select_next_some().await
            && let Some(raw) = answers.recv().await
        {
            drop(swarm.behaviour_mut().send_response(channel, raw));
        }
    }
}

fn swarm(key: Keypair, name: &'static str, support: ProtocolSupport) -> Swarm<Behaviour<RawBytes>> {
    let config = Config::default().with_request_timeout(Duration::from_secs(20)).with_max_concurrent_streams(1_000);
    let protocols = [(StreamProtocol::new(name), support)];
    SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_| Behaviour::new(protocols, config))
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(super::PATIENCE))
        .build()
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

/// What is written on one substream, and how.
#[derive(Debug)]
pub struct Raw {
    bytes: Vec<u8>,
    manner: Manner,
}

#[derive(Debug, Clone, Copy)]
enum Manner {
    /// At once, with an end.
    Ends,
    /// At once, and then no more.
    Stalls,
    /// A byte every [`TRICKLE`].
    Trickles,
}

const TRICKLE: Duration = Duration::from_millis(100);

impl Raw {
    async fn write<T: AsyncWrite + Unpin>(&self, io: &mut T) -> io::Result<()> {
        match self.manner {
            Manner::Ends => return io.write_all(&self.bytes).await,
            Manner::Stalls => io.write_all(&self.bytes).await?,
            Manner::Trickles => {
                let mut clock = tokio::time::interval(TRICKLE);
                for byte in &self.bytes {
                    clock.tick().await;
                    io.write_all(&[*byte]).await?;
                    io.flush().await?;
                }
            }
        }
        io.flush().await?;
        std::future::pending().await
    }
}

#[derive(Clone, Default)]
pub struct RawBytes;

impl Codec for RawBytes {
    type Protocol = StreamProtocol;
    type Request = Raw;
    type Response = Raw;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Raw>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Raw>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, raw: Raw) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        raw.write(io).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, raw: Raw) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        raw.write(io).await
    }
}

async fn read<T: AsyncRead + Unpin>(io: &mut T) -> io::Result<Raw> {
    let mut bytes = Vec::new();
    io.take(1 << 20).read_to_end(&mut bytes).await?;
    Ok(Raw { bytes, manner: Manner::Ends })
}
