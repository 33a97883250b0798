//! Whoever of the staff began a change that a customer disputes is held, and the store device that it was begun on (P9).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::holds::{staff_behind, target};
use super::keeping::Wanted;
use crate::audit::{Caller, Event, Record};
use crate::domain::{HoldCause, HoldKind, HoldTarget, Mode, Place, RecordId, Reference, Requester, Role};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::caller_of;
use crate::store::{Found, Kept};

/// How far back a report reaches.
const DISPUTED_WITHIN: TimeDelta = TimeDelta::days(7);

/// Records of a thread that are looked at, at most: six a minute for all of that time.
const RECORDS_MAX: usize = 65_536;

/// What a hold says for itself.
const REASON: &str = "a customer reports fraud";

/// What a customer may dispute.
pub(in crate::service) enum Disputed {
    /// This decision.
    Decision(RecordId),
    /// Whatever was done on a line, from its newest record on back.
    OnLine(Option<RecordId>),
    /// Whatever was done on an account, from its newest record on back.
    OnAccount(Option<RecordId>),
}

impl Engine {
    /// Holds the staff who began what a customer disputes, and their devices: the named decision, or 7 days back every change
    /// that was carried out, and every one that was begun without any proof of the customer.
    pub(in crate::service) async fn hold_disputed(
        &self,
        requester: &Requester,
        disputed: Disputed,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let decisions = match disputed {
            Disputed::Decision(decision) => vec![decision],
            Disputed::OnLine(newest) => self.disputable(newest, |r| r.line.as_ref()?.previous, now).await?,
            Disputed::OnAccount(newest) => self.disputable(newest, |r| r.previous, now).await?,
        };
        // Each once, by the newest decision that it began.
        let mut held: BTreeMap<HoldTarget, RecordId> = BTreeMap::new();
        for decision in decisions {
            let Found::Kept(kept) = self.vault.find(decision).await? else { continue };
            let record = kept.record();
            if let (Some(caller), Event::Decided(decided)) = (&record.caller, &record.event)
                && is_lately(record, now)
            {
                for target in held_by_report(caller, &decided.place) {
                    held.entry(target).or_insert(decision);
                }
                for (giver, place) in self.givers(decided.challenge, &kept).await? {
                    for target in held_by_report(&giver, &place) {
                        held.entry(target).or_insert(decision);
                    }
                }
            }
        }
        for (target, decision) in held {
            let never = |_| ServiceError::Unavailable("a hold has no reason".to_owned());
            let reason = Reference::parse(REASON).map_err(never)?;
            let (brand, caller) = (&requester.brand, Some(caller_of(requester)));
            let wanted = Wanted { brand, caller, reserve: None, document: self.hold_token(&target), now };
            self.hold(&wanted, &target, HoldCause::FraudReport { decision }, &reason).await?;
        }
        Ok(())
    }

    /// The decision whose permit was redeemed for the change of a line that was carried out at that instant; none where another system
    /// told of it.
    pub(in crate::service) async fn decision_of_change(
        &self,
        newest: Option<RecordId>,
        at: DateTime<Utc>,
    ) -> Result<Option<RecordId>, ServiceError> {
        let mut next = newest;
        for _ in 0..RECORDS_MAX {
            let Some(id) = next else { break };
            let Found::Kept(kept) = self.vault.find(id).await? else { break };
            let record = kept.record();
            match &record.event {
                Event::PermitRedeemed { decision } if record.at == at => return Ok(Some(*decision)),
                _ if record.caller.is_some() && record.at < at => break,
                _ => next = record.line.as_ref().and_then(|line| line.previous),
            }
        }
        Ok(None)
    }

    /// Who gave proof for the challenge that a decision completed, and where: between the two, on their line's thread.
    async fn givers(
        &self,
        challenge: Option<RecordId>,
        completed: &Kept,
    ) -> Result<Vec<(Caller, Place)>, ServiceError> {
        let (mut next, mut givers) = (completed.record().line.as_ref().and_then(|line| line.previous), Vec::new());
        let Some(challenge) = challenge.filter(|id| *id != completed.record().id) else { return Ok(givers) };
        for _ in 0..RECORDS_MAX {
            let Some(id) = next else { break };
            let Found::Kept(kept) = self.vault.find(id).await? else { break };
            let record = kept.record();
            if let (Some(caller), Event::EvidenceGiven { challenge: known, place, .. }) =
                (&record.caller, &record.event)
                && *known == challenge
            {
                givers.push((caller.clone(), place.clone()));
            }
            // The challenge itself, or what was given ahead.
            if id == challenge {
                break;
            }
            next = record.line.as_ref().and_then(|line| line.previous);
        }
        Ok(givers)
    }

    /// The decisions on a thread of records that a report may be about, newest first.
    async fn disputable(
        &self,
        newest: Option<RecordId>,
        before: impl Fn(&Record) -> Option<RecordId> + Send,
        now: DateTime<Utc>,
    ) -> Result<Vec<RecordId>, ServiceError> {
        let (mut next, mut found) = (newest, Vec::new());
        for _ in 0..RECORDS_MAX {
            let Some(id) = next else { return Ok(found) };
            let Found::Kept(kept) = self.vault.find(id).await? else { return Ok(found) };
            let record = kept.record();
            // What time did carries an instant of its own, which may be older than what was recorded before it.
            if record.caller.is_some() && !is_lately(record, now) {
                return Ok(found);
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
            next = before(record);
        }
        tracing::error!("a report of fraud reaches further back than records are looked at: not all may be held");
        Ok(found)
    }
}

/// Whom and what a report holds for one decision.
///
/// Nobody is held in another's name: of staff whom the token names, and the device that it is bound to. A system that a store's
/// staff share is believed when it names its clerk and their device; it is never held itself, and neither is a carrier, a voice
/// system or a customer.
fn held_by_report(caller: &Caller, place: &Place) -> impl Iterator<Item = HoldTarget> {
    let (staff, device) = match caller.role {
        Role::RetailAgent | Role::RetailManager | Role::CareAgent => {
            (staff_behind(caller, place), place.bound.device.as_ref())
        }
        Role::PinPad | Role::Provisioning => (staff_behind(caller, place), place.device()),
        _ => (None, None),
    };
    let device = device.and_then(|device| target(HoldKind::Device, device.as_str()));
    staff.and_then(|name| target(HoldKind::Staff, name)).into_iter().chain(device)
}

/// The instant itself counts.
fn is_lately(record: &Record, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(record.at) <= DISPUTED_WITHIN
}
