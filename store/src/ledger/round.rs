//! One round of the courier: the due parcels of one peer, in order, under its lease.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::agenda::Appointment;
use super::courier::{Courier, Delivery};
use super::lease;
use super::outbox::{self, Parcel};
use crate::error::StoreError;
use crate::limits;

pub(super) struct Round {
    courier: Courier,
    peer: String,
    shutdown: CancellationToken,
}

/// What follows an attempt.
enum Next {
    /// The parcel is out of the way.
    GoOn,
    /// The peer is to be left alone until then.
    Wait(Appointment),
}

impl Round {
    pub(super) fn new(courier: &Courier, peer: String, shutdown: CancellationToken) -> Self {
        Self { courier: courier.clone(), peer, shutdown }
    }

    /// Answers when to look at the peer again, or `None` when nothing waits for it.
    pub(super) async fn go(self) -> Option<Appointment> {
        match self.deliver_due().await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(
                    peer.id = %self.peer, %error,
                    "deliveries stopped at the database; trying again shortly"
                );
                Some(self.later())
            }
        }
    }

    async fn deliver_due(&self) -> Result<Option<Appointment>, StoreError> {
        match self.first_due().await? {
            Err(next) => return Ok(next),
            Ok(_) if !self.hold_lease().await? => return Ok(Some(self.later())),
            Ok(_) => {}
        }
        let next = self.deliver_in_order().await;
        // A lease that could not be released expires by itself.
        let released = lease::release(&self.courier.ledger, &self.peer, &self.courier.owner).await;
        if let Err(error) = released {
            tracing::debug!(peer.id = %self.peer, %error, "a lease is left to expire");
        }
        next
    }

    async fn deliver_in_order(&self) -> Result<Option<Appointment>, StoreError> {
        for _ in 0..limits::COURIER_ROUND_PARCELS {
            // Read again under the lease: another process may have delivered it.
            let parcel = match self.first_due().await? {
                Ok(parcel) => parcel,
                Err(next) => return Ok(next),
            };
            if let Next::Wait(appointment) = self.attempt(&parcel).await? {
                return Ok(Some(appointment));
            }
            if self.shutdown.is_cancelled() {
                break;
            }
        }
        Ok(Some(Appointment { at_ms: self.courier.clock.now_ms(), failing: false }))
    }

    /// The peer's first parcel when it is due; otherwise when it will be, if there is one.
    async fn first_due(&self) -> Result<Result<Parcel, Option<Appointment>>, StoreError> {
        let first = outbox::first(&mut self.courier.ledger.read(), &self.peer).await?;
        let Some((head, parcel)) = first else {
            return Ok(Err(None));
        };
        let now_ms = self.courier.clock.now_ms();
        let at_ms = head.due_by(now_ms);
        if at_ms <= now_ms {
            return Ok(Ok(parcel));
        }
        Ok(Err(Some(Appointment { at_ms, failing: head.attempts > 0 })))
    }

    async fn attempt(&self, parcel: &Parcel) -> Result<Next, StoreError> {
        tokio::select! {
            delivery = self.deliver(parcel) => self.take_down(parcel, delivery).await,
            () = self.keep_lease() => {
                tracing::warn!(peer.id = %self.peer, parcel.id = %parcel.id,
                    "another process took over this peer's deliveries; this one stops");
                Ok(Next::Wait(self.later()))
            }
        }
    }

    /// The deliverer's answer; one that is late or broken counts as not got through.
    async fn deliver(&self, parcel: &Parcel) -> Delivery {
        let deliver = AssertUnwindSafe(self.courier.deliver.deliver(parcel)).catch_unwind();
        match tokio::time::timeout(self.courier.deadline, deliver).await {
            Ok(Ok(delivery)) => delivery,
            Ok(Err(panic)) => Delivery::TryLater(panic_words(panic.as_ref())),
            Err(_) => {
                Delivery::TryLater(format!("there was no answer within {} s", self.courier.deadline.as_secs_f32()))
            }
        }
    }

    async fn take_down(&self, parcel: &Parcel, delivery: Delivery) -> Result<Next, StoreError> {
        let (id, now_ms) = (&parcel.id, self.courier.clock.now_ms());
        let ledger = &self.courier.ledger;
        match &delivery {
            Delivery::Settled => {
                ledger.write(|tx| Box::pin(outbox::settle(tx, id))).await?;
                Ok(Next::GoOn)
            }
            Delivery::Refused(reason) => {
                tracing::warn!(peer.id = %self.peer, parcel.id = %id, parcel.kind = %parcel.kind,
                    reason, "the peer refused a parcel; it is kept for a person to look at");
                ledger.write(|tx| Box::pin(outbox::refuse(tx, id, reason, now_ms))).await?;
                Ok(Next::GoOn)
            }
            Delivery::TryLater(reason) => {
                tracing::debug!(peer.id = %self.peer, parcel.id = %id, reason, "will try later");
                let due_ms = ledger.write(|tx| Box::pin(outbox::postpone(tx, id, reason, now_ms))).await?;
                Ok(match due_ms {
                    Some(at_ms) => Next::Wait(Appointment { at_ms, failing: true }),
                    None => Next::GoOn,
                })
            }
        }
    }

    async fn hold_lease(&self) -> Result<bool, StoreError> {
        let Courier { ledger, owner, clock, lease, .. } = &self.courier;
        lease::hold(ledger, &self.peer, owner, clock.now_ms(), *lease).await
    }

    /// Renews the lease for as long as it is polled; returns when it is lost.
    async fn keep_lease(&self) {
        loop {
            tokio::time::sleep(self.courier.lease / 3).await;
            match self.hold_lease().await {
                Ok(true) => {}
                Ok(false) => return,
                // It may hold still; should it expire, the next renewal tells.
                Err(error) => tracing::debug!(peer.id = %self.peer, %error, "a lease not renewed"),
            }
        }
    }

    /// For when this process cannot go on with the peer at the moment.
    fn later(&self) -> Appointment {
        let look_ms = i64::try_from(limits::COURIER_LOOK.as_millis()).unwrap_or(i64::MAX);
        let at_ms = self.courier.clock.now_ms().saturating_add(look_ms);
        Appointment { at_ms, failing: true }
    }
}

fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the deliverer broke: {}", words.as_deref().unwrap_or("no reason given"))
}
