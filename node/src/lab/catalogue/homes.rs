//! Homes of photographers: peers that offer in a photographer's stead, by that one's signed
//! word, and jobs that go from one home to another.

use enprint_protocol::PeerId;
use enprint_protocol::home::Home;
use enprint_protocol::print_job::PrintJob;
use enprint_store::args;
use enprint_store::ledger::Tx;

use super::withdrawals::replace_job;
use super::{Catalogue, FileState, JobRow, Offered};
use crate::error::NodeError;
use crate::limits::HOMES_REMEMBERED_MAX;
use crate::stored::read;

impl Catalogue {
    /// Keeps a photographer's word on a home; whether the home stands in. That it does, it
    /// has to say itself, or anybody could make somebody else their home; that it does not,
    /// its photographer says. A later word stays, of two of one moment the one that ends, and
    /// another's home as long as it stands in.
    pub(in crate::lab) async fn put_home(&self, word: &Home, says_it_itself: bool) -> Result<bool, NodeError> {
        if word.ended || says_it_itself {
            let sql = "INSERT INTO home (home, photographer, since_ms, ended) SELECT $1, $2, $3, $4
                 WHERE (SELECT COUNT(*) FROM home WHERE photographer = $2 AND home <> $1) < $5
                 ON CONFLICT (home) DO UPDATE SET photographer = excluded.photographer,
                     since_ms = excluded.since_ms, ended = excluded.ended
                 WHERE (home.photographer = excluded.photographer AND (home.since_ms < excluded.since_ms
                         OR home.since_ms = excluded.since_ms AND home.ended <= excluded.ended))
                     OR (home.photographer <> excluded.photographer AND home.ended = 1 AND excluded.ended = 0)";
            let (home, photographer) = (word.home.to_string(), word.photographer.to_string());
            self.ledger
                .execute(sql, args![home, photographer, word.since.0, i64::from(word.ended), HOMES_REMEMBERED_MAX])
                .await?;
        }
        Ok(self.account_of(word.home).await? == word.photographer)
    }

    /// The photographer in whose stead a peer offers; itself, if in nobody's.
    pub(in crate::lab) async fn account_of(&self, peer: PeerId) -> Result<PeerId, NodeError> {
        let sql = "SELECT photographer FROM home WHERE home = $1 AND ended = 0";
        let row = self.ledger.read().fetch_optional(sql, args![peer.to_string()]).await?;
        row.map_or(Ok(peer), |row| read(&row.text("photographer")?))
    }

    /// The peers that offer in a photographer's stead.
    pub(in crate::lab) async fn homes_of(&self, photographer: PeerId) -> Result<Vec<PeerId>, NodeError> {
        let sql = "SELECT home FROM home WHERE photographer = $1 AND ended = 0";
        let rows = self.ledger.read().fetch_all(sql, args![photographer.to_string()]).await?;
        rows.iter().map(|row| read(&row.text("home")?)).collect()
    }
}

/// An offer of a job that another home of the same photographer offered before. One home
/// at a time: what is printed stays printed, and only its news go another way from now on;
/// what is on its way goes on from the new home, unless the other is still there.
pub(super) async fn take_from_other_home(
    tx: &mut Tx<'_>,
    former: &JobRow,
    home: PeerId,
    offer: &[u8],
    job: &PrintJob,
    other_is_here: bool,
) -> Result<Offered, NodeError> {
    match former.file_state {
        FileState::Receiving if other_is_here => return Ok(Offered::AtOtherHome),
        FileState::Receiving | FileState::Withdrawn => replace_job(tx, former, offer, job).await?,
        FileState::Placing | FileState::Placed => {}
    }
    let sql = "UPDATE job SET home = $2 WHERE job_id = $1";
    tx.execute(sql, args![job.job_id.to_string(), home.to_string()]).await?;
    let is_printed = matches!(former.file_state, FileState::Placing | FileState::Placed);
    Ok(if is_printed { Offered::Printed } else { Offered::New })
}
