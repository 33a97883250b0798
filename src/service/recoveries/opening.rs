//! What a report does, whoever made it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::audit::{Event, RecoveryStep};
use crate::crypto::Token;
use crate::domain::{Channel, Line, LineId, Recovery, Reference, Requester, SimTarget, is_separated};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::incidents::Disputed;
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

/// The alert by which the fraud desk learns of it.
const REPORTED: &str = "SWAP_REPORTED";

/// A report of a SIM change that is believed.
pub(super) struct Report<'a> {
    pub(super) back_to: &'a SimTarget,
    /// Why the desk says so.
    pub(super) reason: Option<&'a Reference>,
    /// Through which channel it came.
    pub(super) via: Channel,
    /// How long the line may go back.
    pub(super) life: TimeDelta,
    pub(super) now: DateTime<Utc>,
}

/// When the change was that took a line off `sim`.
pub(super) fn disputed_at(line: &Line, sim: &SimTarget, now: DateTime<Utc>) -> Result<DateTime<Utc>, ServiceError> {
    line.left_at(sim, now).map_err(|_| ServiceError::Refused(Refusal::SwapUnknown))
}

/// Bars the line, lets it go back, and undoes on it and on its account what was set since the change that is disputed. Whatever
/// was granted until now is void. What is to be recorded comes back. A report that comes again does all of it again.
pub(super) fn open_recovery(open: &mut OpenAccount, token: Token, report: &Report<'_>) -> Result<Event, ServiceError> {
    let Report { back_to, reason, via, life, now } = *report;
    let seq = open.next_seq();
    let line = open.line(token).ok_or(ServiceError::NotFound("line"))?;
    let (since, until) = (disputed_at(line, back_to, now)?, now + life);
    let (Some(account), Some(line)) = open.account_and_line_mut(token) else {
        return Err(ServiceError::NotFound("line"));
    };
    let before = line.annulled_before(since);
    let on_line = line.recover((since, back_to.clone()), until, seq);
    let mut annulled = before.and(on_line).and(account.annul(since, (now, via, seq)));
    if let Some(credentials) = open.credentials_mut() {
        // No device is trusted for having been proven before, as after any report of fraud.
        credentials.history.proven_devices.clear();
        if credentials.pin.as_ref().is_some_and(|pin| pin.set_at >= since) {
            (annulled.pin, credentials.pin) = (true, None);
        }
    }
    if let Some(line) = open.line_mut(token) {
        line.note_annulled(annulled);
    }
    let reason = reason.cloned();
    Ok(Event::RecoveryChanged(Box::new(RecoveryStep::Reported { disputed_at: since, until, annulled, reason })))
}

impl Engine {
    /// Holds the staff who began the change that is disputed, and tells the fraud desk. It comes before the report is kept: one that
    /// is kept has held whom it must.
    ///
    /// INVARIANT (separation-is-unseen): of a survivor's account nobody is told.
    pub(in crate::service) async fn before_report(
        &self,
        requester: &Requester,
        line: &Line,
        (back_to, now): (&SimTarget, DateTime<Utc>),
    ) -> Result<(), ServiceError> {
        if is_separated(&line.account) {
            return Ok(());
        }
        let disputed_at = disputed_at(line, back_to, now)?;
        if let Some(decision) = self.decision_of_change(line.last_record, disputed_at).await? {
            self.hold_disputed(requester, Disputed::Decision(decision), now).await?;
        }
        self.tell_desk(requester, (REPORTED, &line.account), now).await
    }
}
