//! Whoever of the staff began a change that a customer disputes is held (P9).

use chrono::{DateTime, TimeDelta, Utc};

use super::keeping::Wanted;
use crate::audit::{Event, Record};
use crate::domain::{HeldName, HoldCause, HoldKind, HoldTarget, Mode, RecordId, Reference, Requester};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::caller_of;
use crate::store::Found;

/// How far back a report reaches.
const DISPUTED_WITHIN: TimeDelta = TimeDelta::days(7);

/// Records of a thread that are looked at, at most.
const RECORDS_MAX: usize = 256;

/// What a hold says for itself.
const REASON: &str = "a customer reports fraud";

impl Engine {
    /// Holds the staff who began what a customer disputes: the named decision, or on the thread of records that ends with
    /// `newest`, 7 days back, every change that was carried out, and every one that was begun without any proof of the
    /// customer. Systems and customers are never held for it.
    pub(in crate::service) async fn hold_disputed(
        &self,
        requester: &Requester,
        disputed: Option<RecordId>,
        newest: Option<RecordId>,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let decisions = match disputed {
            Some(decision) => vec![decision],
            None => self.disputable(newest, now).await?,
        };
        for decision in decisions {
            let Found::Kept(kept) = self.vault.find(decision).await? else { continue };
            let record = kept.record();
            let caller = record.caller.as_ref().filter(|caller| caller.role.is_staff() && is_lately(record, now));
            let Some(name) = caller.and_then(|caller| HeldName::parse(caller.subject.as_str()).ok()) else { continue };
            let target = HoldTarget { kind: HoldKind::Staff, name };
            let never = |_| ServiceError::Unavailable("a hold has no reason".to_owned());
            let reason = Reference::parse(REASON).map_err(never)?;
            let (brand, caller) = (&requester.brand, Some(caller_of(requester)));
            let wanted = Wanted { brand, caller, reserve: None, document: self.hold_token(&target), now };
            self.hold(&wanted, &target, HoldCause::FraudReport { decision }, &reason).await?;
        }
        Ok(())
    }

    /// The decisions that a report may be about, newest first.
    async fn disputable(&self, newest: Option<RecordId>, now: DateTime<Utc>) -> Result<Vec<RecordId>, ServiceError> {
        let (mut next, mut found, mut looked) = (newest, Vec::new(), 0_usize);
        while let Some(id) = next.filter(|_| looked < RECORDS_MAX) {
            looked = looked.saturating_add(1);
            let Found::Kept(kept) = self.vault.find(id).await? else { break };
            let record = kept.record();
            if !is_lately(record, now) {
                break;
            }
            match &record.event {
                Event::PermitRedeemed { decision } => found.push(*decision),
                // Carried out with the decision itself: a PIN, a release.
                Event::Decided(decided)
                    if decided.made.is_some() || (decided.accepted.is_empty() && decided.mode == Mode::Enforce) =>
                {
                    found.push(id);
                }
                _ => {}
            }
            next = record.line.as_ref().map_or(record.previous, |line| line.previous);
        }
        Ok(found)
    }
}

/// The instant itself counts.
fn is_lately(record: &Record, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(record.at) <= DISPUTED_WITHIN
}
