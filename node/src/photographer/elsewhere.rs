//! Orders that another home of the same photographer had before. That home may have given
//! one to a lab of which this home knows nothing: such an order is offered to a lab when
//! every other lab at its host has said that it does not print it. Before, it is taken over
//! at its own lab, so that what the other home offered there comes too late.
//!
//! Each lab of the host is waited for, also one that this photographer has never used: the
//! other home may have sent the order to any of them just before it went, and what this home
//! knows of it is older than that. A lab that can't be asked may be printing all the same, so
//! that no time is long enough to go on without its word. `orders` names the lab, with why it
//! can't be asked.

use enprint_protocol::ids::OrderId;
use enprint_protocol::print_job::{JobReply, JobRequest, OfferJob};
use enprint_protocol::{ErrorCode, PeerId, Refusal, text};

use super::catalogue::{LabRow, Trouble};
use super::fulfil::job_of;
use super::node::Node;
use crate::error::NodeError;

impl Node {
    /// Whether the order may go to `lab`, for all that the others say; answers whether it was
    /// another home's before.
    ///
    /// # Errors
    /// A refusal that passes while one can't be asked, and one that stays when one has its
    /// files. Either is noted with the order, too.
    pub(super) async fn check_nowhere_else(&self, order_id: OrderId, lab: PeerId) -> Result<bool, NodeError> {
        let Some(host) = self.catalogue.was_elsewhere(order_id).await? else { return Ok(false) };
        self.take_over_job(order_id, lab).await?;
        let others = self.catalogue.labs().await?.into_iter();
        for other in others.filter(|other| other.peer_id != lab && other.hosts.contains(&host)) {
            if let Some(refusal) = self.why_not_let_go(order_id, &other).await {
                self.catalogue.set_trouble(order_id, &Trouble::other(&refusal.text)).await?;
                return Err(NodeError::Refused(refusal));
            }
        }
        Ok(true)
    }

    /// Says to the lab that is about to be offered the order that it comes from this home
    /// now; before the others are asked, or two homes could do so at one time.
    async fn take_over_job(&self, order_id: OrderId, lab: PeerId) -> Result<(), NodeError> {
        let request = JobRequest::TakeOver { job_id: job_of(order_id, lab) };
        match self.client.ask::<OfferJob>(lab, request).await? {
            JobReply::Refused(refusal) if refusal.is_temporary() => Err(NodeError::Refused(refusal)),
            // One that does not know this photographer, or this request, says so to the offer.
            _ => Ok(()),
        }
    }

    async fn why_not_let_go(&self, order_id: OrderId, lab: &LabRow) -> Option<Refusal> {
        let name = text::shown(&lab.name);
        match self.ask_to_let_go(order_id, lab.peer_id).await {
            Ok(JobReply::Withdrawn) => None,
            // It knows this photographer not at all.
            Ok(JobReply::Refused(refusal)) if refusal.code == ErrorCode::Refused => None,
            Ok(JobReply::Refused(refusal)) if refusal.code == ErrorCode::Conflict => Some(Refusal::new(
                ErrorCode::Conflict,
                format!(
                    "Another home had sent this order to “{name}”, which has its files and prints it; it goes to no other \
                     lab, and is not printed twice. To have its news here: “send {} --lab \"{name}\"”.",
                    order_id.number()
                ),
            )),
            Ok(JobReply::Refused(refusal)) => Some(not_known(order_id, &name, &refusal.text)),
            Ok(JobReply::Needs { .. } | JobReply::Noted) => {
                Some(not_known(order_id, &name, "It answered another question."))
            }
            Err(error) => Some(not_known(order_id, &name, &error.to_string())),
        }
    }

    async fn ask_to_let_go(&self, order_id: OrderId, lab: PeerId) -> Result<JobReply, NodeError> {
        self.meet_lab(lab).await?;
        self.introduce(lab).await?;
        let request = JobRequest::LetGo { job_id: job_of(order_id, lab) };
        let reply = self.client.ask::<OfferJob>(lab, request).await?;
        self.let_rest(lab).await;
        Ok(reply)
    }
}

/// A lab that stays away keeps the order for as long: what else can be done, its photographer
/// reads.
fn not_known(order_id: OrderId, lab: &str, why: &str) -> Refusal {
    let (number, why) = (order_id.number(), text::cleaned(why));
    Refusal::new(
        ErrorCode::Busy,
        format!(
            "Another home had this order, and may have sent it to “{lab}”, which may print it. It waits, and goes on by \
             itself when that lab says no: {why} If “{lab}” stays away, call it, since no other lab gets the order before. \
             To have it printed there: “send {number} --lab \"{lab}\"”."
        ),
    )
}
