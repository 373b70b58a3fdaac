//! Words on homes of photographers whom the lab does not know.

use std::path::Path;

use enprint_protocol::Keypair;
use enprint_protocol::enrol::{Contact, EnrolReply, EnrolRequest, Role};
use enprint_protocol::peer::Incoming;
use enprint_protocol::time::UnixMs;
use tempfile::TempDir;

use super::*;
use crate::lab::catalogue::HostRow;
use crate::lab::{Lab, LabConfig};
use crate::limits::WAITING_PHOTOGRAPHERS_MAX;
use crate::played::PlayedHost;

async fn open(dir: &Path) -> Lab {
    Lab::open(LabConfig::new(dir.join("data"))).await.unwrap()
}

/// A host of the lab that lists `photographer`, when it is asked for them.
async fn host_that_lists(photographer: PeerId, lab: &Lab) -> PlayedHost {
    let host = PlayedHost::that_answers(lab.peer_id(), move |asked| {
        let Incoming::Enrol(asked) = asked else { return };
        let is_asked_for = matches!(&asked.request, EnrolRequest::Find { peers } if peers.contains(&photographer));
        let contact =
            || Contact { peer_id: photographer, role: Role::Photographer, name: "Ana".into(), addresses: Vec::new() };
        let contacts = is_asked_for.then(contact).into_iter().collect();
        asked.reply.send(EnrolReply::Directory { contacts, host: None, crowd: None });
    })
    .await;
    let (name, address, told) = ("The host".into(), host.address.clone(), Vec::new());
    let row = HostRow { peer_id: host.peer_id, name, address, told };
    lab.node().catalogue.put_host(&row).await.unwrap();
    host
}

/// A photographer says that a home of theirs is none any more.
async fn ends_a_home(lab: &Lab, key: &Keypair) -> JobReply {
    let photographer = key.public().to_peer_id();
    let word = Home { photographer, home: PeerId::random(), since: UnixMs(1), ended: true };
    let word = JobRequest::StandIn(Signed::sign(&word, key).unwrap());
    lab.node().answer_photographer(photographer, word).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_by_the_hundred_take_no_place_of_a_photographer_whom_a_host_lists() {
    let dir = TempDir::new().unwrap();
    let lab = open(dir.path()).await;
    let ana = Keypair::generate_ed25519();
    let host = host_that_lists(ana.public().to_peer_id(), &lab).await;
    let reply = ends_a_home(&lab, &ana).await;
    assert!(matches!(&reply, JobReply::Refused(refusal) if refusal.is_temporary()), "its host is away: {reply:?}");

    lab.node().client.dial(host.peer_id, vec![host.address.clone()]).await.unwrap();
    for _ in 0..=WAITING_PHOTOGRAPHERS_MAX {
        let reply = ends_a_home(&lab, &Keypair::generate_ed25519()).await;
        assert!(matches!(reply, JobReply::Refused(_)), "a stranger is remembered");
    }
    assert_eq!(ends_a_home(&lab, &ana).await, JobReply::Noted);
    let known = lab.node().catalogue.photographers().await.unwrap();
    assert_eq!(known.len(), 1, "{known:?}");
}
