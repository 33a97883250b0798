//! The owner's report: a decision, like the release of a lock.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::opening::{RecoveryView, Report, disputed_at, open_recovery};
use crate::audit::{AnswerWindow, Event, Made};
use crate::domain::{Account, Change, Line, Requester, SimTarget};
use crate::service::answer::Answer;
use crate::service::ask::{Approved, Effect};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::Question;
use crate::service::rights::{Authorised, Right, right};
use crate::service::unbroken::Unbroken;

/// What an approved report does.
pub(in crate::service) struct ReportSwap<'a> {
    back_to: &'a SimTarget,
    /// Whether the asker may know how the line stands before anything is proven.
    sighted: bool,
    /// What was undone, for the record after the decision's.
    undone: Option<Event>,
}

impl<'a> ReportSwap<'a> {
    /// Of the report that a question is; none where it is something else.
    pub(in crate::service) fn of(question: &'a Question, asker: &Requester) -> Option<Self> {
        let Change::SwapReport { back_to } = &question.change else { return None };
        let sighted = <right::ReadProtection as Right>::whose(asker.role).is_some();
        Some(Self { back_to, sighted, undone: None })
    }
}

impl Effect for ReportSwap<'_> {
    fn check(&self, _: &Account, line: &Line, now: DateTime<Utc>) -> Result<(), ServiceError> {
        // INVARIANT (unknown-looks-known): others learn it with the approval, which finds the same.
        if self.sighted { disputed_at(line, self.back_to, now).map(drop) } else { Ok(()) }
    }

    fn waits(&self) -> bool {
        true
    }

    fn approve(&mut self, approved: Approved<'_>) -> Result<(AnswerWindow, Option<Made>), ServiceError> {
        let Approved { asking, open, target, weighed, .. } = approved;
        let line = target.line.ok_or(ServiceError::NotFound("line"))?;
        let (via, life) = (asking.question.interaction.channel, weighed.policy.recovery_life);
        let report = Report { back_to: self.back_to, reason: None, via, life, now: asking.now };
        self.undone = Some(open_recovery(open, line, &report)?);
        Ok((AnswerWindow::NoPermit, Some(Made::Recovery)))
    }

    fn follows(&mut self) -> Option<Event> {
        self.undone.take()
    }
}

impl Engine {
    /// Reports that a line's SIM was changed by somebody else: a decision, whose approval bars the line, undoes what was set since
    /// and lets the line go back.
    pub async fn report_swap(
        self: &Arc<Self>,
        who: Authorised<right::ReleaseLock>,
        question: Question,
    ) -> Result<(Answer, Option<RecoveryView>), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let mut report = ReportSwap::of(&question, who.requester()).ok_or(NO_SWAP)?;
            let answer = engine.ask(&who, &question, &mut report).await?;
            let view = engine.swap_reported(who.requester(), &question, &answer).await?;
            Ok((answer, view))
        })
        .await
    }

    /// What an approved report made, as it stands.
    pub(in crate::service) async fn swap_reported(
        &self,
        requester: &Requester,
        question: &Question,
        answer: &Answer,
    ) -> Result<Option<RecoveryView>, ServiceError> {
        if answer.decided().is_none_or(|decided| decided.made != Some(Made::Recovery)) {
            return Ok(None);
        }
        let now = self.now()?.instant();
        let (open, target) = self.peek(requester, &question.scope, None, now).await?;
        let line = target.line.and_then(|token| open.line(token)).filter(|line| line.recovering(now).is_some());
        Ok(line.and_then(RecoveryView::of).map(|view| RecoveryView { position: answer.position, ..view }))
    }
}

const NO_SWAP: ServiceError =
    ServiceError::Invalid { field: "back_to", expected: "must name the SIM that the line was on" };
