//! The fraud desk's report: one person's word, and another's.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::opening::{RecoveryView, Report, disputed_at, open_recovery};
use crate::audit::{Event, RecoveryStep};
use crate::crypto::Token;
use crate::domain::{
    CONSENT_LASTS, Channel, Consent, Line, RecordId, Recovery, RecoveryState, Reference, RequestId, Requester,
    SimTarget,
};
use crate::service::ask::CONFLICT_RETRIES_MAX;
use crate::service::due;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::incidents::Books;
use crate::service::protect::reading;
use crate::service::question::{Body, caller_of};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::target::{LineRef, Scope, Target};
use crate::service::unbroken::Unbroken;
use crate::store::{Claim, Closing, CommitError, Entry, OpenAccount, Opening, Reserve, Urgency};

/// One person's word that a line's SIM was changed by somebody else.
#[derive(Debug, Clone)]
pub struct SwapWord {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The line.
    pub line: LineRef,
    /// The SIM that it was on.
    pub back_to: SimTarget,
    /// Why they say so.
    pub reason: Reference,
    /// The channel.
    pub channel: Channel,
}

/// What a word came to.
enum Said {
    Kept(Box<RecoveryView>),
    Again,
}

impl Engine {
    /// Adds one person's word that a line's SIM was changed by somebody else. With a second person's it stands, as the owner's own
    /// report does. What one person repeats changes nothing.
    pub async fn confirm_swap(
        self: &Arc<Self>,
        who: Authorised<right::ConfirmSwap>,
        word: SwapWord,
    ) -> Result<RecoveryView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let requester = who.requester();
            engine.check_word(requester).await?;
            let now = engine.now()?.instant();
            for _ in 0..=CONFLICT_RETRIES_MAX {
                if let Said::Kept(view) = engine.try_say(&who, &word, now).await? {
                    return Ok(*view);
                }
            }
            Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
        })
        .await
    }

    async fn try_say(
        &self,
        who: &Authorised<right::ConfirmSwap>,
        word: &SwapWord,
        now: DateTime<Utc>,
    ) -> Result<Said, ServiceError> {
        let (requester, scope) = (who.requester(), Scope::Line(word.line.clone()));
        let reserve = self.reserve(requester, word.request_id, &word.body);
        let mut target = self.line_target(requester, &word.line).await?;
        loop {
            let Some(token) = target.line.filter(|_| target.indexed) else {
                self.charge_unknown(requester, target.name, now).await?;
                return Err(ServiceError::NotFound("line"));
            };
            let _turn = self.queues.enter_to_protect(target.account).await?;
            let open = match self.vault.open(reading(&target, Some(reserve), None, now)).await? {
                Opening::Open(open) => open,
                Opening::Answered(id) => return self.said_word_before(id, word).await,
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            match self.better_target(requester, &open, &scope, target).await? {
                Some(better) => target = better,
                None => return self.say(requester, word, (reserve, token), (open, target), now).await,
            }
        }
    }

    async fn say(
        &self,
        requester: &Requester,
        word: &SwapWord,
        (reserve, token): (Reserve, Token),
        (mut open, target): (Box<OpenAccount>, Target),
        now: DateTime<Utc>,
    ) -> Result<Said, ServiceError> {
        let steps = due::apply(&mut open, target.line, now)?;
        let line = open.line(token).ok_or(ServiceError::NotFound("line"))?;
        let record = RecordId::from_u128(self.vault.ids().mint(now, target.account.partition())?);
        let books = self.books(&requester.brand).await?;
        let event = match heard((line, &books), word, requester, now)? {
            Heard::AsBefore => return seen(line),
            Heard::First { disputed_at } => {
                let consent = Consent { by: requester.subject.clone(), at: now, reason: word.reason.clone() };
                propose(&mut open, token, (disputed_at, word.back_to.clone()), consent)?;
                let reason = word.reason.clone();
                Event::RecoveryChanged(Box::new(RecoveryStep::Proposed { disputed_at, reason }))
            }
            Heard::Second => {
                self.before_report(requester, line, (&word.back_to, now)).await?;
                let (reason, life) = (Some(&word.reason), self.policy().recovery_life);
                let report = Report { back_to: &word.back_to, reason, via: word.channel, life, now };
                open_recovery(&mut open, token, &report)?
            }
        };
        let caller = Some(caller_of(requester));
        open.append_as(record, Entry { at: now, line: Some(token), caller, channel: Some(word.channel), event })?;
        let said = seen(open.line(token).ok_or(ServiceError::NotFound("line"))?)?;
        let closing = Closing {
            urgency: Urgency::Protective,
            claim: Some(Claim { reserve, record }),
            settle: Vec::new(),
            due: due::upcoming(&open, target.line),
            done: due::done(&steps, &target),
        };
        match self.vault.close(open, closing).await {
            Ok(_) => Ok(said),
            Err(CommitError::Conflict) => Ok(Said::Again),
            Err(CommitError::Answered(id)) => self.said_word_before(id, word).await,
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    /// What the same word came to when it was said before.
    async fn said_word_before(&self, id: RecordId, word: &SwapWord) -> Result<Said, ServiceError> {
        let kept = self.answering_record(id).await?;
        let record = kept.record();
        let (Event::RecoveryChanged(step), Some(line)) = (&record.event, &record.line) else {
            return Err(ServiceError::RequestIdReused);
        };
        let (disputed_at, state) = match (step.as_ref(), &record.caller) {
            (RecoveryStep::Proposed { disputed_at, reason }, Some(caller)) => {
                let (by, reason) = (caller.subject.clone(), reason.clone());
                (*disputed_at, RecoveryState::Proposed(Consent { by, at: record.at, reason }))
            }
            (RecoveryStep::Reported { disputed_at, until, annulled, .. }, _) => {
                (*disputed_at, RecoveryState::Open { until: *until, annulled: *annulled })
            }
            (RecoveryStep::Proposed { .. }, None) => return Err(ServiceError::RequestIdReused),
        };
        let suspends = matches!(&state, RecoveryState::Open { annulled, .. } if annulled.suspended);
        let recovery = Recovery { disputed_at, back_to: word.back_to.clone(), suspends, state };
        Ok(Said::Kept(Box::new(RecoveryView { line: line.id.clone(), recovery, position: None })))
    }
}

/// What a word is, beside what was said before.
enum Heard {
    /// Nothing new.
    AsBefore,
    /// The first that counts.
    First {
        /// When the line was taken off its SIM.
        disputed_at: DateTime<Utc>,
    },
    /// Another person's.
    Second,
}

/// INVARIANT (fail-closed): nobody is two people, a word is over after a day, one of whoever is held by now is none, and a second is of
/// the same change and SIM. One person's word takes nothing away that stands.
fn heard(
    (line, books): (&Line, &Books),
    word: &SwapWord,
    requester: &Requester,
    now: DateTime<Utc>,
) -> Result<Heard, ServiceError> {
    if let Some(standing) = line.recovering(now) {
        let is_same = standing.back_to == word.back_to;
        return if is_same { Ok(Heard::AsBefore) } else { Err(ServiceError::Refused(Refusal::RecoveryOpen)) };
    }
    let disputed_at = disputed_at(line, &word.back_to, now)?;
    let is_same = |recovery: &&Recovery| recovery.disputed_at == disputed_at && recovery.back_to == word.back_to;
    let first = match line.recovery.as_deref().filter(is_same) {
        Some(Recovery { state: RecoveryState::Proposed(first), .. }) => Some(first),
        _ => None,
    };
    let is_fresh = |first: &&Consent| now.signed_duration_since(first.at) < CONSENT_LASTS;
    Ok(match first.filter(is_fresh).filter(|first| !books.holds_subject(&first.by)) {
        Some(first) if first.by == requester.subject => Heard::AsBefore,
        Some(_) => Heard::Second,
        None => Heard::First { disputed_at },
    })
}

/// Keeps the first person's word. Nothing else changes.
fn propose(
    open: &mut OpenAccount,
    line: Token,
    (disputed_at, back_to): (DateTime<Utc>, SimTarget),
    word: Consent,
) -> Result<(), ServiceError> {
    let line = open.line_mut(line).ok_or(ServiceError::NotFound("line"))?;
    let suspends = line.recovery.as_deref().is_some_and(|before| before.suspends);
    let state = RecoveryState::Proposed(word);
    line.recovery = Some(Box::new(Recovery { disputed_at, back_to, suspends, state }));
    Ok(())
}

fn seen(line: &Line) -> Result<Said, ServiceError> {
    let view = RecoveryView::of(line).ok_or(ServiceError::Refused(Refusal::SwapUnknown))?;
    Ok(Said::Kept(Box::new(view)))
}
