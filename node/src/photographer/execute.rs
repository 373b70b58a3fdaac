//! Carries out commands: one line each, into the room that owns it.

use enprint_protocol::text;

use super::commands::{ImportReport, NodeStatus, PhotoSummary, PhotographerAnswer, PhotographerCommand, WaitingMessage};
use super::darkroom::{DevelopSettings, Watermark};
use super::import::Import;
use super::node::{Node, Photographer, blocking};
use super::selection::Selection;
use crate::control::{Commands, Progress};
use crate::error::NodeError;

impl Commands for Photographer {
    type Command = PhotographerCommand;
    type Answer = PhotographerAnswer;

    async fn execute(&self, command: PhotographerCommand, progress: Progress) -> Result<PhotographerAnswer, NodeError> {
        use PhotographerCommand as Command;
        let node = self.node();
        match command {
            Command::Enrol { host, invitation, name } => node.enrol(host, invitation, &name).await,
            Command::Event { event, details } => {
                let row = node.event_with(&event, &details).await?;
                Ok(PhotographerAnswer::Event(Box::new(node.summary(row).await?)))
            }
            Command::Events => node.list_events().await,
            command @ Command::Import { .. } => node.import(command, &progress).await,
            Command::Photos { event, selection } => node.list_photos(&event, &selection).await,
            Command::Publish { event, selection } => {
                let event = node.find_event(&event).await?;
                Ok(PhotographerAnswer::Published(node.publish(&event, selection, &progress).await?))
            }
            Command::Withdraw { event, selection } => {
                let event = node.find_event(&event).await?;
                node.withdraw(&event, selection).await
            }
            Command::Orders => node.list_orders().await,
            Command::Approve { order } => node.approve(&order).await,
            Command::Decline { order, reason } => node.decline(&order, &reason).await,
            Command::Paid { order } => node.paid(&order).await,
            Command::Send { order, lab } => node.send_again(&order, lab.as_deref()).await,
            Command::Labs => node.list_labs().await,
            Command::UseLab { lab } => node.use_lab(&lab).await,
            Command::Status => node.status().await,
            Command::Verify { event } => node.verify(&event, &progress).await,
            Command::Export { event, folder } => node.export(&event, folder, &progress).await,
        }
    }
}
