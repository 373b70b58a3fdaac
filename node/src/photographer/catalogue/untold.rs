//! Photos whose record is about to be another than hosts show. Archive and outbox are two
//! databases: so this note is made first, then the archive changes, and the note goes once
//! the wish to publish is in the outbox. What a kill leaves behind is told at the next start.

use enprint_protocol::ids::{CommandId, EventId, PhotoId};
use enprint_store::args;

use super::Catalogue;
use crate::error::NodeError;
use crate::stored;

impl Catalogue {
    /// Notes photos before `command` changes them; durable when this returns.
    pub(in crate::photographer) async fn note_untold(
        &self,
        command: CommandId,
        event_id: EventId,
        photos: &[PhotoId],
    ) -> Result<(), NodeError> {
        let sql = "INSERT INTO untold (command_id, event_id, photo_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let (command, event_id) = (command.to_string(), event_id.to_string());
        let mut tx = self.ledger.begin().await?;
        for photo_id in photos {
            tx.execute(sql, args![&command, &event_id, photo_id.to_string()]).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What commands noted and have not told: which, of which event. At the start those of a
    /// process that was killed.
    pub(in crate::photographer) async fn untold(&self) -> Result<Vec<(CommandId, EventId)>, NodeError> {
        let sql = "SELECT DISTINCT command_id, event_id FROM untold ORDER BY command_id, event_id";
        let rows = self.ledger.read().fetch_all(sql, args![]).await?;
        rows.iter()
            .map(|row| Ok((stored::read(&row.text("command_id")?)?, stored::read(&row.text("event_id")?)?)))
            .collect()
    }

    /// The photos of an event that a command noted.
    pub(in crate::photographer) async fn untold_of(
        &self,
        command: CommandId,
        event_id: EventId,
    ) -> Result<Vec<PhotoId>, NodeError> {
        let sql = "SELECT photo_id FROM untold WHERE command_id = $1 AND event_id = $2 ORDER BY photo_id";
        let rows = self.ledger.read().fetch_all(sql, args![command.to_string(), event_id.to_string()]).await?;
        rows.iter().map(|row| stored::read(&row.text("photo_id")?)).collect()
    }

    /// Every host will hear of what a command changed: the wishes are in the outbox.
    pub(in crate::photographer) async fn told(&self, command: CommandId) -> Result<(), NodeError> {
        self.ledger.execute("DELETE FROM untold WHERE command_id = $1", args![command.to_string()]).await?;
        Ok(())
    }
}
