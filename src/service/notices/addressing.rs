//! To whom a notice goes: every way to reach the people whom it is about, but those that others may read by now.

use chrono::{DateTime, Utc};

use crate::audit::{Event, Record};
use crate::domain::{Brand, Msisdn};
use crate::policy::{NoticeTarget, Reach};
use crate::service::elsewhere::Elsewhere;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::store::{Ask, Kept, Opening, StoreError};

/// Whom it goes to, and which line it is about.
pub(super) struct Addressed {
    pub(super) targets: Vec<NoticeTarget>,
    pub(super) line: Option<Msisdn>,
}

impl Engine {
    /// Whom a record is told to now. Who was added since is told too, and so is who was just taken off (E18).
    ///
    /// Where others may read all there is, all of it is used: a thief who is told of what they do themselves learns nothing, and
    /// an owner who is not told loses everything. None where the account cannot be read.
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
        let line = token.and_then(|token| open.line(token));
        let policy = self.policy();
        let (history, cause) = (&credentials.history, cause_of(record));
        let reach = Reach { knobs: &policy.contact, account: head, history, line, cause, now };
        let own = line.map(|line| line.msisdn);
        let (mut safe, mut attacked) = (Vec::new(), Vec::new());
        for (target, is_attacked) in reach.notice_targets() {
            // INVARIANT (fail-closed): where nobody can tell who has it, others may.
            let stands = if is_attacked {
                Elsewhere::UnderAttack
            } else {
                let stands = self.stands_elsewhere(brand, (account, own), &target.value, now).await;
                stands.unwrap_or(Elsewhere::UnderAttack)
            };
            match stands {
                Elsewhere::Fit => safe.push(target),
                Elsewhere::UnderAttack => attacked.push(target),
                // Its people are strangers, or whoever took their line.
                Elsewhere::OfAnother => {}
            }
        }
        Ok(Some(Addressed { targets: if safe.is_empty() { attacked } else { safe }, line: own }))
    }
}

fn cause_of(record: &Record) -> Option<crate::domain::SimChangeCause> {
    match &record.event {
        Event::Decided(decided) => decided.change.sim_cause(),
        _ => None,
    }
}
