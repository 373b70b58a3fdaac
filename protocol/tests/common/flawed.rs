//! What no peer of ours sends, for every conversation: requests, and replies that are as bad.

use enprint_protocol::conversation::Conversation;
use enprint_protocol::enrol::Enrol;
use enprint_protocol::home::Pair;
use enprint_protocol::order::Deliver;
use enprint_protocol::original::FetchOriginal;
use enprint_protocol::peer::PeerRole;
use enprint_protocol::print_job::OfferJob;
use enprint_protocol::publish::Publish;
use enprint_protocol::replica::Follow;
use enprint_protocol::status::Report;
use enprint_protocol::{ErrorCode, Keypair, Refusal, codec};
use serde::Deserialize;

use super::hostile::{Answer, Hostile, framed, lying};
use super::{Node, node};

/// What the table knows of a conversation.
#[derive(Clone, Copy)]
pub struct Row {
    pub name: &'static str,
    pub answered_by: PeerRole,
    pub longest: usize,
    pub strangers_welcome: bool,
}

pub fn row<C: Conversation>(answered_by: PeerRole, strangers_welcome: bool) -> Row {
    Row { name: C::NAME, answered_by, longest: C::REQUEST_BYTES_MAX, strangers_welcome }
}

pub fn table() -> Vec<Row> {
    vec![
        row::<Enrol>(PeerRole::Host, true),
        row::<Publish>(PeerRole::Host, false),
        row::<Report>(PeerRole::Host, false),
        row::<Deliver>(PeerRole::Photographer, false),
        row::<FetchOriginal>(PeerRole::Photographer, false),
        row::<Report>(PeerRole::Photographer, false),
        row::<OfferJob>(PeerRole::Lab, true),
        row::<Pair>(PeerRole::Photographer, true),
        row::<Follow>(PeerRole::Photographer, false),
    ]
}

/// Messages that no peer of ours sends, and the code that each gets. They are as bad as
/// replies, of which `row` then says how long the longest is.
pub fn flawed(row: Row) -> Vec<(&'static str, Vec<u8>, ErrorCode)> {
    let record = codec::encode(&super::enrol_request()).unwrap();
    let reply = codec::encode(&Refusal::uniform()).unwrap();
    let values = [&[0x9a, 0x00, 0x10, 0x00, 0x00][..], &[0xa0].repeat(row.longest.min(200_000))].concat();
    let too_many = if values.len() > row.longest { ErrorCode::TooLarge } else { ErrorCode::Malformed };
    let code = ErrorCode::Malformed;
    let mut flawed = vec![
        ("nothing", framed(b""), code),
        ("an empty stream", vec![], code),
        ("half a length", vec![0, 0], code),
        ("text", framed(b"GET / HTTP/1.1"), code),
        ("noise", framed(&[0xff; 100]), code),
        ("deep nesting", framed(&[0x81; 1_000]), code),
        ("an indefinite map", framed(&[0xbf, 0xff]), code),
        ("a message cut short", lying(900, &record), code),
        ("trailing bytes", framed(&[&record[..], &[0]].concat()), code),
        ("a reply where a request belongs", framed(&reply), code),
        ("very many values", framed(&values), too_many),
        ("one byte too many announced", lying(row.longest as u32 + 1, &[0; 100]), ErrorCode::TooLarge),
        ("four gigabytes announced", lying(u32::MAX, &[0; 100]), ErrorCode::TooLarge),
    ];
    if row.name != Enrol::NAME {
        flawed.push(("another conversation's request", framed(&record), code));
    }
    flawed
}

/// Every reply can be a refusal.
#[derive(Deserialize)]
enum Reply {
    Refused(Refusal),
}

/// The code of the refusal that came back.
pub fn code(answer: &Answer) -> Option<ErrorCode> {
    let bytes = answer.as_ref().ok().filter(|bytes| bytes.len() > 4)?;
    let Reply::Refused(refusal) = codec::decode(&bytes[4..], 1 << 20).ok()?;
    Some(refusal.code)
}

/// A peer that answers everything.
pub async fn victim(role: PeerRole) -> Node {
    let mut victim = node(role).await;
    victim.answer_all();
    victim
}

/// A peer that only `victim` knows.
pub async fn enrolled(victim: &Node, name: &'static str) -> Hostile {
    let key = Keypair::generate_ed25519();
    victim.admission.admit(key.public().to_peer_id());
    Hostile::connect(key, name, victim.id(), victim.address()).await
}

pub async fn stranger(victim: &Node, name: &'static str) -> Hostile {
    Hostile::connect(Keypair::generate_ed25519(), name, victim.id(), victim.address()).await
}
