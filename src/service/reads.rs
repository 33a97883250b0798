//! Who looked at a customer's account: everybody but its own customers is written down before they are answered.

use super::ask::CONFLICT_RETRIES_MAX;
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::protect::reading;
use super::question::caller_of;
use super::target::Scope;
use crate::audit::{Event, ReadOf};
use crate::domain::{RecordId, Requester};
use crate::store::{Closing, CommitError, Entry, Opening, Urgency};

impl Engine {
    /// Records that `requester` reads a part of an account, unless they are its own customer. Where there is no such account
    /// nothing is recorded: the read that follows says so, and charges it. The record comes back.
    ///
    /// INVARIANT (answer-is-record): what cannot be recorded is not read.
    pub(super) async fn note_read(
        &self,
        requester: &Requester,
        scope: &Scope,
        of: ReadOf,
    ) -> Result<Option<RecordId>, ServiceError> {
        if requester.role.is_bound_to_account() {
            return Ok(None);
        }
        let now = self.now()?.instant();
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let mut target = self.target(requester, scope).await?;
            let (_turn, mut open) = loop {
                if !target.indexed {
                    return Ok(None);
                }
                let turn = self.queues.enter(target.account).await?;
                let opening = self.vault.open(reading(&target, None, None, now)).await?;
                let Opening::Open(open) = opening else { return Err(ServiceError::RequestIdReused) };
                match self.better_target(requester, &open, scope, target).await? {
                    Some(better) => target = better,
                    None => break (turn, open),
                }
            };
            if open.account().is_none() || target.line.is_some_and(|line| open.line(line).is_none()) {
                return Ok(None);
            }
            let steps = due::apply(&mut open, target.line, now)?;
            let (caller, event) = (Some(caller_of(requester)), Event::Read { of });
            let noted = open.append(Entry { at: now, line: target.line, caller, channel: None, event })?;
            let closing = Closing {
                urgency: Urgency::Ordinary,
                claim: None,
                settle: Vec::new(),
                due: if steps.is_empty() { Vec::new() } else { due::upcoming(&open, target.line) },
                done: due::done(&steps, &target),
            };
            match self.vault.close(open, closing).await {
                Ok(_) => return Ok(Some(noted)),
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }
}
