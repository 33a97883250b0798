//! What a report does, whoever made it.

use chrono::{DateTime, Utc};

use crate::audit::{Event, RecoveryStep};
use crate::crypto::Token;
use crate::crypto::change_digest;
use crate::domain::{
    Change, Channel, DeviceId, Line, LineId, Protection, RecordId, Recovery, Reference, Release, ReleaseGuard,
    ReleaseId, ReleaseScope, SimChange, SimChangeCause, SimTarget,
};
use crate::policy::Policy;
use crate::service::ask::account_of;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::store::{OpenAccount, Position};

/// A recovery as it stands.
#[derive(Debug, Clone)]
pub struct RecoveryView {
    /// The line.
    pub line: LineId,
    /// What is kept of it.
    pub recovery: Recovery,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

impl RecoveryView {
    /// The line's, where it has one.
    pub(super) fn of(line: &Line) -> Option<Self> {
        let recovery = line.recovery.as_deref()?.clone();
        Some(Self { line: line.id.clone(), recovery, position: None })
    }
}

/// A report of a SIM change that is believed.
pub(super) struct Report<'a> {
    pub(super) back_to: &'a SimTarget,
    /// The decision, or whatever else it is on record as.
    pub(super) record: RecordId,
    pub(super) via: Channel,
    pub(super) device: Option<&'a DeviceId>,
    /// Why the desk says so.
    pub(super) reason: Option<&'a Reference>,
    pub(super) policy: &'a Policy,
    pub(super) now: DateTime<Utc>,
}

/// When the change was that took a line off `sim`, where no recovery of the line stands.
pub(super) fn disputed_at(line: &Line, sim: &SimTarget, now: DateTime<Utc>) -> Result<DateTime<Utc>, ServiceError> {
    let at = line.left_at(sim, now).map_err(|_| ServiceError::Refused(Refusal::SwapUnknown))?;
    if line.recovering(now).is_some() { Err(ServiceError::Refused(Refusal::RecoveryOpen)) } else { Ok(at) }
}

impl Engine {
    /// Bars the line, lets it go back, and undoes on it and on its account what was set since the change that is disputed. Whatever
    /// was granted until now is void. What is to be recorded comes back.
    ///
    /// INVARIANT (locked-never-approved): a lock set since is opened for the way back and for nothing else, and one of before is not.
    pub(super) fn open_recovery(
        &self,
        open: &mut OpenAccount,
        token: Token,
        report: &Report<'_>,
    ) -> Result<Event, ServiceError> {
        let Report { back_to, record, via, device, reason, policy, now } = *report;
        let seq = open.next_seq();
        let line = open.line(token).ok_or(ServiceError::NotFound("line"))?;
        let (since, until) = (disputed_at(line, back_to, now)?, now + policy.recovery_life);
        let locks = |protection: &Protection| protection.locks().count();
        let count = locks(&line.protection).saturating_add(locks(&account_of(open)?.protection));
        let mint = |_| Ok(ReleaseId::from_u128(self.vault.ids().mint(now, open.token().partition())?));
        let mut ids = (0..count).map(mint).collect::<Result<Vec<_>, ServiceError>>()?.into_iter();
        let mut opens = || {
            let id = ids.next()?;
            Some(Release {
                id,
                proven_at: now,
                effective_at: now,
                relock_at: until,
                scope: ReleaseScope::Only(change_digest(&way_back(back_to)), None),
                via,
                device: device.cloned(),
                // From now on: strong proof.
                guard: ReleaseGuard::DeniedUntilThenStrong(since),
                decision: record,
            })
        };
        let (Some(account), Some(line)) = open.account_and_line_mut(token) else {
            return Err(ServiceError::NotFound("line"));
        };
        let on_line = line.recover((since, back_to.clone()), until, &mut opens, seq);
        let mut annulled = on_line.and(account.annul(since, &mut opens, (now, seq)));
        let account = account.clone();
        if let Some(credentials) = open.credentials_mut() {
            credentials.history.annul(since, &account);
            annulled.pin = credentials.pin.as_ref().is_some_and(|pin| pin.set_at >= since);
            if annulled.pin {
                credentials.pin = None;
            }
        }
        if let Some(line) = open.line_mut(token) {
            line.note_annulled(annulled);
        }
        let reason = reason.cloned();
        Ok(Event::RecoveryChanged(Box::new(RecoveryStep::Reported { disputed_at: since, until, annulled, reason })))
    }
}

/// The change that takes a line back.
fn way_back(back_to: &SimTarget) -> Change {
    let (target, cause) = (back_to.clone(), SimChangeCause::Revert);
    Change::Sim(SimChange { target, imei: None, cause, old_iccid: None, delivery: None })
}
