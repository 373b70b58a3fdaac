//! Host → order → approved, paid. An order is taken once, however often it comes;
//! the photographer may hold, decline or have it printed once it is paid.

use enprint_protocol::ids::{CommandId, OrderId};
use enprint_protocol::order::{Order, OrderReply, OrderRequest};
use enprint_protocol::signed::Signed;
use enprint_protocol::status::{Status, StatusKind, StatusReply, StatusRequest};
use enprint_protocol::{ErrorCode, PeerId, Refusal, codec, limits, text};

use super::catalogue::{Decision, HostRow, NewOrder, NotedStatus, OrderRow};
use super::commands::{OrderSummary, PhotographerAnswer};
use super::node::{Node, now};
use crate::control::Progress;
use crate::error::NodeError;

impl Node {
    /// Answers the host.
    pub(super) async fn take_from_host(&self, peer: PeerId, request: OrderRequest) -> Result<OrderReply, NodeError> {
        let Some(host) = self.catalogue.host_of(peer).await? else { return Ok(Refusal::uniform().into()) };
        match request {
            OrderRequest::Deliver(signed) => self.take_order(&host, &signed).await,
            OrderRequest::Paid(signed) => {
                let payment = signed.open(&host.key)?;
                let order = self.catalogue.order(payment.order_id).await?;
                // An order of another host is no more this one's than one that never was.
                let Some(order) = order.filter(|order| order.host == Some(host.peer_id)) else {
                    return Ok(Refusal::uniform().into());
                };
                self.catalogue.mark_paid(order.order.order_id, payment.paid_at, None).await?;
                // It is noted: nobody waits until hosts have said which labs there are.
                self.advance_soon();
                self.lab_search.begin();
                Ok(OrderReply::Noted)
            }
            OrderRequest::Moved(signed) => {
                let moved = signed.open(&host.key)?;
                let order = self.catalogue.order(moved.order_id).await?;
                if order.is_some_and(|order| order.host == Some(host.peer_id)) {
                    let _turn = self.turns.take(moved.order_id).await;
                    self.catalogue.move_order(moved.order_id, now()).await?;
                    self.permissions.forget_all();
                }
                Ok(OrderReply::Noted)
            }
            OrderRequest::WasElsewhere(signed) => {
                let moved = signed.open(&host.key)?;
                self.catalogue.note_elsewhere(moved.order_id, host.peer_id).await?;
                Ok(OrderReply::Noted)
            }
        }
    }

    async fn take_order(&self, host: &HostRow, signed: &Signed<Order>) -> Result<OrderReply, NodeError> {
        let order = signed.open(&host.key)?;
        order.check()?;
        if !self.catalogue.may_order_at(order.event_id, host.peer_id).await? {
            tracing::warn!(order.id = %order.order_id, host = %host.name, "an order is for an event that is not shown at its host");
            return Ok(Refusal::new(ErrorCode::Failed, "The photographer shows this event at another host.").into());
        }
        if let Some(reason) = self.why_not(&order).await? {
            return Ok(Refusal::new(ErrorCode::Withdrawn, reason).into());
        }
        let decision = if self.config.approve { Decision::Held } else { Decision::Accepted };
        let taken = NewOrder { order, host: host.peer_id, signed: codec::encode(signed)?, decision };
        let row = self.catalogue.take_order(&taken).await?;
        self.advance_soon();
        if row.paid_ms.is_some() {
            self.lab_search.begin(); // it comes back from another home
        }
        Ok(match row.decision {
            Decision::Accepted => OrderReply::Accepted,
            Decision::Held => OrderReply::Held,
            Decision::Declined => Refusal::new(ErrorCode::Refused, row.reason).into(),
        })
    }

    /// A sentence for the customer, when the order asks for what is not here. What this disk has
    /// damaged or lost is ordered all the same, and waits until it is here again.
    async fn why_not(&self, order: &Order) -> Result<Option<String>, NodeError> {
        let is_copy = self.catalogue.first_home().await?.is_some();
        let forgotten = self.forgotten(order.event_id, order.photos()).await?;
        if self.catalogue.event(order.event_id).await?.is_none() {
            maybe_not_copied_yet(is_copy)?;
            return Ok(Some("The photographer no longer has this event.".into()));
        }
        for line in &order.lines {
            let name = text::shown(&line.file_name);
            let photo = match self.photo(order.event_id, line.photo_id).await {
                Err(error) if error.is_of_damage() && !is_copy => {
                    if !forgotten.contains(&line.photo_id) {
                        continue;
                    }
                    None
                }
                photo => photo?,
            };
            match photo {
                None if !is_copy && self.catalogue.has_had(order.event_id, line.photo_id).await? => {}
                None => {
                    maybe_not_copied_yet(is_copy)?;
                    return Ok(Some(format!("The photographer no longer has the photo {name}.")));
                }
                Some(photo) if photo.record.not_for_print.is_some() => {
                    return Ok(Some(format!("No prints can be made of the photo {name}.")));
                }
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// Stores what the lab says of its job, and passes its signed words on to the host.
    pub(super) async fn note_from_lab(&self, lab: PeerId, request: StatusRequest) -> Result<StatusReply, NodeError> {
        let StatusRequest::Report(signed) = request;
        let status = signed.open_from(&lab)?;
        status.check()?;
        let job = match status.job_id {
            Some(job_id) => self.catalogue.job(job_id).await?,
            None => None,
        };
        let job = job.filter(|job| job.lab == lab && job.order_id == status.order_id);
        let Some(job) = job.filter(|_| status.kind.is_of_lab()) else { return Ok(Refusal::uniform().into()) };
        let noted = NotedStatus { status, signer: lab, payload: codec::encode(&StatusRequest::Report(signed))? };
        if !job.is_open {
            return self.note_of_withdrawn(&noted).await;
        }
        let received =
            matches!(noted.status.kind, StatusKind::Received { .. }).then_some(noted.status.job_id).flatten();
        self.catalogue.note_status(&noted).await?;
        if let Some(job_id) = received {
            self.give_back_files(Some(job_id)).await;
            self.let_rest(lab).await;
        }
        Ok(StatusReply::Noted)
    }

    /// Takes down what a lab says of an order that went to another lab meanwhile.
    async fn note_of_withdrawn(&self, noted: &NotedStatus) -> Result<StatusReply, NodeError> {
        let lab = self.catalogue.lab(noted.signer).await?.map(|lab| lab.name).unwrap_or_default();
        let trouble = super::courier::still_has_it(&lab, "It has the files.");
        self.catalogue.note_withdrawn(noted, &trouble).await?;
        Ok(StatusReply::Noted)
    }

    /// The photographer lets a held order be printed.
    pub(super) async fn approve(&self, named: &str, progress: &Progress) -> Result<PhotographerAnswer, NodeError> {
        let row = self.find_order(named).await?;
        row.check_is_ours()?;
        if row.decision == Decision::Declined {
            return Err(NodeError::NotNow { problem: "This order was declined, and its customer told so.".into() });
        }
        let status = self.own_status(row.order.order_id, StatusKind::Accepted)?;
        self.catalogue.decide(row.order.order_id, Decision::Accepted, "", &status).await?;
        self.after_change(row.order.order_id, progress).await
    }

    /// The photographer refuses an order that has not gone to a lab, or of which a lab waits for
    /// a photo in vain.
    pub(super) async fn decline(
        &self,
        named: &str,
        reason: &str,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        let reason = text::required("The reason", reason, limits::SENTENCE_BYTES_MAX, true)?;
        let row = self.find_order(named).await?;
        row.check_is_ours()?;
        if row.job_id.is_some() && !self.waits_in_vain(&row).await? {
            return Err(with_the_lab());
        }
        let status = self.own_status(row.order.order_id, StatusKind::Declined { reason: reason.clone() })?;
        self.catalogue.decide(row.order.order_id, Decision::Declined, &reason, &status).await?;
        self.permissions.forget_all();
        self.after_change(row.order.order_id, progress).await
    }

    /// Whether a lab is to fetch a photo of an order that is not here for good.
    async fn waits_in_vain(&self, row: &OrderRow) -> Result<bool, NodeError> {
        if !self.catalogue.is_unprinted(row.order.order_id).await? {
            return Ok(false);
        }
        let event_id = row.order.event_id;
        for photo_id in self.forgotten(event_id, row.order.photos()).await? {
            if self.readable_photo(event_id, photo_id).await?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The customer has paid the photographer.
    pub(super) async fn paid(&self, named: &str, progress: &Progress) -> Result<PhotographerAnswer, NodeError> {
        let row = self.find_order(named).await?;
        row.check_is_ours()?;
        if row.decision == Decision::Declined {
            return Err(NodeError::NotNow { problem: "This order was declined; it can't be paid.".into() });
        }
        if row.paid_ms.is_none() {
            let status = self.own_status(row.order.order_id, StatusKind::Paid)?;
            self.catalogue.mark_paid(row.order.order_id, now(), Some(&status)).await?;
        }
        // Whoever asked may go away meanwhile.
        self.advance_soon();
        self.look_for_a_lab(&row).await?;
        self.after_change(row.order.order_id, progress).await
    }

    /// All orders, newest first.
    pub(super) async fn list_orders(&self) -> Result<PhotographerAnswer, NodeError> {
        let mut orders = Vec::new();
        for row in self.catalogue.orders().await? {
            orders.push(self.order_summary(row).await?);
        }
        Ok(PhotographerAnswer::Orders { orders })
    }

    /// The order of that number or id, or beginning of an id.
    pub(super) async fn find_order(&self, named: &str) -> Result<OrderRow, NodeError> {
        let mut orders = self.catalogue.orders().await?;
        let names: Vec<_> =
            orders.iter().map(|row| (row.order.order_id.to_string(), row.order.order_id.number())).collect();
        let at = super::naming::find(named, names.iter().map(|(id, number)| (id.clone(), number.as_str())))?;
        at.map(|at| orders.swap_remove(at)).ok_or_else(|| NodeError::Unknown {
            what: "order",
            name: named.trim().to_owned(),
            hint: "“orders” lists them.",
        })
    }

    /// A status of this node's own, the same each time it is made.
    pub(super) fn own_status(&self, order_id: OrderId, kind: StatusKind) -> Result<NotedStatus, NodeError> {
        let detail = codec::encode(&kind)?;
        self.own_word(CommandId::derived("enprint own status 1", &[&order_id.0, &detail]), order_id, kind)
    }

    /// A status of this node's own, of that id.
    pub(super) fn own_word(
        &self,
        status_id: CommandId,
        order_id: OrderId,
        kind: StatusKind,
    ) -> Result<NotedStatus, NodeError> {
        let status = Status { status_id, order_id, job_id: None, at: now(), kind };
        let signed = Signed::sign(&status, &self.key)?;
        let payload = codec::encode(&StatusRequest::Report(signed))?;
        Ok(NotedStatus { status, signer: self.client.peer_id(), payload })
    }

    pub(super) async fn after_change(
        &self,
        order_id: OrderId,
        progress: &Progress,
    ) -> Result<PhotographerAnswer, NodeError> {
        self.advance_or_trace(order_id, progress).await;
        self.lab_search.begin();
        let row = self.catalogue.order(order_id).await?.ok_or(NodeError::ShuttingDown)?;
        Ok(PhotographerAnswer::Order(Box::new(self.order_summary(row).await?)))
    }

    async fn order_summary(&self, row: OrderRow) -> Result<OrderSummary, NodeError> {
        let event = self.catalogue.event(row.order.event_id).await?;
        let hint = self.hint(&row).await?;
        let said = self.order_words(&row).await?;
        let host = match row.host {
            Some(host) => self.catalogue.host_name(host).await?,
            None => None,
        };
        let order = row.order;
        Ok(OrderSummary {
            order_id: order.order_id.to_string(),
            number: order.order_id.number(),
            event: event.map(|event| event.record.name).unwrap_or_default(),
            host,
            placed_at: order.placed_at,
            prints: order.lines.iter().map(|line| line.quantity).sum(),
            customer: order.customer.name,
            email: order.customer.email,
            total: order.total,
            decision: row.decision.word().to_owned(),
            paid: row.paid_ms.is_some(),
            production: row.production,
            lab: row.lab_name,
            said,
            hint,
        })
    }

    async fn no_lab_of(&self, row: &OrderRow) -> Result<String, NodeError> {
        let known = self.catalogue.labs().await?;
        if row.host.is_none_or(|host| known.iter().any(|lab| lab.hosts.contains(&host))) {
            return Ok("No lab is chosen: “labs” lists them, “use-lab” chooses.".into());
        }
        Ok("No lab is at the host where this was ordered: its operator has an invitation for your lab.".into())
    }

    /// What stands in the way, and what to do.
    async fn hint(&self, row: &OrderRow) -> Result<Option<String>, NodeError> {
        let number = row.order.order_id.number();
        let trouble = || row.trouble.as_ref().map(|trouble| trouble.words.clone());
        let hint = match row.decision {
            _ if row.is_moved => Some("Another of your homes has this order.".to_owned()),
            Decision::Declined => trouble(),
            Decision::Held => Some(format!("Waits for you: approve {number}, or decline it.")),
            // Before anybody pays for what can't be printed, or looks for a lab.
            Decision::Accepted if row.hurt().is_some() => trouble(),
            Decision::Accepted if row.paid_ms.is_none() => {
                Some(format!("Not paid yet. Once you have the money: paid {number}."))
            }
            Decision::Accepted if row.job_id.is_none() => Some(match self.lab_for(row).await? {
                None => self.no_lab_of(row).await?,
                Some(_) => trouble().unwrap_or_else(|| "On its way to the lab.".to_owned()),
            }),
            Decision::Accepted if row.trouble.is_some() => trouble(),
            Decision::Accepted => self.transfer_hint(row).await?,
        };
        Ok(hint)
    }
}

/// Why an order can't be declined any more.
pub(super) fn with_the_lab() -> NodeError {
    NodeError::NotNow { problem: "This order is with the lab already; ask the lab to stop it.".into() }
}

/// A second home can't say what the photographer no longer has: it may only not have
/// copied it yet. The order waits then, and goes to the first home when that is back.
fn maybe_not_copied_yet(is_copy: bool) -> Result<(), NodeError> {
    if !is_copy {
        return Ok(());
    }
    Err(NodeError::Refused(Refusal::new(ErrorCode::Busy, "This home has not copied all that is ordered yet.")))
}
