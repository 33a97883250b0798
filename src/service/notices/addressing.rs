//! To whom a notice goes: every way to reach the people whom it is about, but those that others may read by now.

use chrono::{DateTime, Utc};

use crate::audit::{Event, Record};
use crate::domain::{Action, Brand, Line, LineStatus, Msisdn};
use crate::policy::{NoticePeople, NoticeTarget, Reach, TargetStanding};
use crate::service::elsewhere::Elsewhere;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::store::{Ask, Kept, Opening, StoreError};

/// What is about a whole account goes to so many of its lines.
const LINES_MAX: usize = 16;

/// Whom it goes to, and which line it is about.
pub(super) struct Addressed {
    pub(super) targets: Vec<NoticeTarget>,
    pub(super) line: Option<Msisdn>,
}

impl Engine {
    /// Whom a record is told to now. Who was added since is told too, and so is who was just taken off (E18). None where the
    /// account cannot be read.
    ///
    /// INVARIANT (approvals-are-told): what was changed lately is told beside what was not, never in its place. Where nothing else
    /// is there, what others may read is used as well: a thief who is told of what they do themselves learns nothing.
    pub(super) async fn address(
        &self,
        brand: &Brand,
        kept: &Kept,
        now: DateTime<Utc>,
    ) -> Result<Option<Addressed>, ServiceError> {
        let (account, record) = (kept.account(), kept.record());
        let token = record.line.as_ref().map(|line| self.vault.tokens().line(brand, &line.id));
        let (lines, charges, windows) = (token.into_iter().collect(), Vec::new(), Vec::new());
        let ask = Ask { account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        let open = match self.vault.open(ask).await {
            Ok(Opening::Open(open)) => open,
            Ok(Opening::Answered(_) | Opening::Taken) => return Err(ServiceError::RequestIdReused),
            Err(StoreError::Damaged(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (Some(head), Some(credentials)) = (open.account(), open.credentials()) else { return Ok(None) };
        let own = token.and_then(|token| open.line(token)).filter(|line| line.status != LineStatus::Moved);
        let of_account = match (own, self.vault.some_lines(account, LINES_MAX).await) {
            (Some(_), _) => Vec::new(),
            (None, Ok(lines)) => lines,
            (None, Err(StoreError::Damaged(_))) => return Ok(None),
            (None, Err(error)) => return Err(error.into()),
        };
        // Who separated their line is told where they said, and not on a phone that others may look at.
        let lines: Vec<&Line> = own.into_iter().chain(&of_account).filter(|_| head.separation.is_none()).collect();
        let (policy, history) = (self.policy(), &credentials.history);
        // Why a SIM is to be changed is what somebody says: it keeps no notice from the line that still has it.
        let reach = Reach { knobs: &policy.contact, account: head, history, lines: &lines, cause: None, now };
        let mut targets = Vec::new();
        for mut target in reach.notice_targets(people_of(record)) {
            let is_line = target.id.is_none();
            let number = lines.iter().map(|line| line.msisdn).find(|number| target.value.number() == Some(*number));
            // INVARIANT (fail-closed): where nobody can tell who has it, others may.
            let stands = if is_line {
                Ok(Elsewhere::Fit)
            } else {
                self.stands_elsewhere(brand, (account, number), &target.value, now).await
            };
            match stands.unwrap_or(Elsewhere::UnderAttack) {
                Elsewhere::Fit => {}
                Elsewhere::UnderAttack => target.standing = TargetStanding::Attacked,
                // Its people are strangers, or whoever took their line.
                Elsewhere::OfAnother => continue,
            }
            targets.push(target);
        }
        if targets.iter().any(|target| target.standing == TargetStanding::Safe) {
            targets.retain(|target| target.standing != TargetStanding::Attacked);
        }
        Ok(Some(Addressed { targets, line: own.map(|line| line.msisdn) }))
    }
}

/// For whom it is. What changes the account is not its line users' to know.
fn people_of(record: &Record) -> NoticePeople {
    let Some(_) = &record.line else { return NoticePeople::OfAccount };
    match &record.event {
        Event::Decided(decided) => match decided.change.action() {
            Action::OwnerChange => NoticePeople::Everybody,
            Action::PinChange | Action::ContactChange | Action::LockRelease => NoticePeople::OfAccount,
            Action::SimChange
            | Action::PortOut
            | Action::TransferPinIssue
            | Action::CallForwardingSet
            | Action::DeviceAdd => NoticePeople::OfLine,
        },
        Event::DeviceRemoved { .. } | Event::RecoveryChanged(_) => NoticePeople::OfAccount,
        _ => NoticePeople::OfLine,
    }
}
