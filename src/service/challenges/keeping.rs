//! A challenge kept with the decision that it is, and what a completion makes of it.

use chrono::{DateTime, Utc};

use crate::audit::{Event, Record};
use crate::crypto::Token;
use crate::domain::{
    AppCheck, Challenge, Checks, CodeCheck, Document, Evidence, Factor, Given, GivenProof, Level, LineName, Mode,
    OutcomeKind, Pending, PendingState, PermitState, PinCheck, Place, Prompts, RecordId,
};
use crate::policy::CodeFact;
use crate::service::ask::{Asking, Errand};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::Question;
use crate::service::refusal::Refusal;
use crate::service::target::{Scope, Target};
use crate::service::weigh::Weighed;
use crate::store::OpenAccount;

impl Engine {
    /// Where a challenge is kept, beside its account.
    pub(in crate::service) fn challenge_token(&self, decision: RecordId) -> Token {
        self.vault.tokens().document("challenge", &[&decision.to_bytes()])
    }

    /// Where it is kept what was given ahead. A challenge is not found there: nobody brings one as a handle.
    pub(super) fn ahead_token(&self, handle: RecordId) -> Token {
        self.vault.tokens().document("ahead", &[&handle.to_bytes()])
    }

    /// Where it is kept what a record began that waits: a challenge, or what was given ahead.
    pub(super) fn pending_token(&self, record: &Record) -> Token {
        match &record.event {
            Event::EvidenceGiven { challenge, .. } if *challenge == record.id => self.ahead_token(record.id),
            _ => self.challenge_token(record.id),
        }
    }

    /// The decision that a question takes the place of, if it can be the account's at all.
    pub(in crate::service) fn superseded(&self, asking: &Asking<'_>, target: &Target) -> Option<RecordId> {
        let is_near = |id: &RecordId| self.vault.ids().partition_of(id.as_u128()) == target.account.partition();
        asking.question.supersedes.filter(is_near)
    }

    /// Where the challenges are kept that a question may end.
    pub(in crate::service) fn challenges_of(&self, asking: &Asking<'_>, target: &Target) -> Vec<Token> {
        let both = asking.question.completes.into_iter().chain(self.superseded(asking, target));
        let challenges = both.map(|challenge| self.challenge_token(challenge));
        let challenges = challenges.chain(asking.question.evidence.handle.map(|handle| self.ahead_token(handle)));
        let Evidence { one_time_code, document, second_person, .. } = &asking.question.evidence;
        let is_about_people = one_time_code.is_some() || document.is_some() || second_person.is_some();
        let prompts = is_about_people || asking.errand == Errand::SendCode;
        challenges.chain(prompts.then(|| self.prompts_token(target))).collect()
    }

    /// Where it is kept how often the people of a line were prompted; of a number that nobody has like of any other.
    pub(super) fn prompts_token(&self, target: &Target) -> Token {
        self.vault.tokens().document("prompts", &[target.line.unwrap_or(target.name).as_bytes()])
    }

    /// Counts a wrong code on its line. Who tried too many, for one challenge or for many, prompts nobody of the line for a while.
    pub(in crate::service) fn count_wrong_code(
        &self,
        open: &mut OpenAccount,
        asking: &Asking<'_>,
        (target, found): (&Target, &Checks),
    ) -> Result<(), ServiceError> {
        if !found.code.is_failure() {
            return Ok(());
        }
        let pending = asking.question.completes.and_then(|challenge| open.challenge(challenge));
        let is_worn = pending.is_some_and(|pending| pending.sendings > 0 && pending.is_worn());
        // Where no code was sent nobody guessed one: whoever offers any to any line must not stop those of its people.
        let is_guess = found.code == CodeCheck::Mismatched;
        if !is_guess && !is_worn {
            return Ok(());
        }
        let token = self.prompts_token(target);
        let mut prompts = prompts_of(open, token);
        if is_guess {
            prompts.note_wrong(asking.now);
        }
        if is_worn {
            prompts.wear_out(asking.now);
        }
        open.put_document(token, Document::Prompts(prompts))?;
        Ok(())
    }

    /// Keeps a challenge for who is to meet it, under its decision's id, where it has one to be kept under. Answers until when
    /// it is open: one that is completed in vain stays open for as long as it was.
    pub(in crate::service) fn keep_challenge(
        &self,
        open: &mut OpenAccount,
        asking: &Asking<'_>,
        challenge: &Challenge,
        decision: Option<RecordId>,
    ) -> DateTime<Utc> {
        let question = asking.question;
        if let Some(before) = question.completes.and_then(|before| open.challenge(before)) {
            return before.expires_at;
        }
        if let (Some(decision), Scope::Line(line)) = (decision, &question.scope) {
            let ahead = question.evidence.handle.and_then(|handle| open.challenge(handle));
            let given = ahead.map(|ahead| ahead.given.clone()).unwrap_or_default();
            let Challenge { required, with_pin, expires_at, .. } = *challenge;
            let begun = begun(open, asking, &line.name, (decision, expires_at));
            open.keep_challenge(self.challenge_token(decision), Pending { required, with_pin, given, ..begun });
        }
        challenge.expires_at
    }
}

/// What waits from now on for a question's change, before anything is known of it.
pub(super) fn begun(
    open: &OpenAccount,
    asking: &Asking<'_>,
    named: &LineName,
    (name, expires_at): (RecordId, DateTime<Utc>),
) -> Pending {
    let Asking { question, requester, .. } = *asking;
    Pending {
        decision: name,
        named: named.clone(),
        line: open.only_line().map(|line| line.id.clone()),
        action: question.change.action(),
        change: question.digest(),
        caller: requester.subject.clone(),
        required: Level::None,
        with_pin: Level::None,
        expires_at,
        granted_seq: open.next_seq(),
        given: Vec::new(),
        wrong: 0,
        documents: 0,
        sendings: 0,
        code: None,
        state: PendingState::Open,
    }
}

/// Refuses to complete what came to its end by who asked.
pub(in crate::service) fn check_not_met(open: &OpenAccount, question: &Question) -> Result<(), ServiceError> {
    match question.completes.and_then(|challenge| open.challenge(challenge)).map(|pending| pending.state) {
        Some(PendingState::Met { .. } | PendingState::Withdrawn { .. }) => {
            Err(ServiceError::Refused(Refusal::DecisionFinal))
        }
        Some(PendingState::Open | PendingState::Declined { .. }) | None => Ok(()),
    }
}

/// Ends the decision that this one takes the place of, if who asks asked for that one too, and for the same line.
pub(in crate::service) fn supersede(open: &mut OpenAccount, asking: &Asking<'_>) {
    let Some(before) = asking.question.supersedes.filter(|_| asking.question.mode == Mode::Enforce) else { return };
    let (line, caller) = (open.only_line().map(|line| line.id.clone()), &asking.requester.subject);
    if let Some(permit) = open.permit_mut(before)
        && permit.caller == *caller
        && Some(&permit.line) == line.as_ref()
        && permit.state == PermitState::Open
    {
        permit.state = PermitState::Withdrawn { at: asking.now };
    }
    if let Some(pending) = open.challenge_mut(before)
        && pending.caller == *caller
        && pending.line == line
        && pending.state == PendingState::Open
    {
        pending.state = PendingState::Withdrawn { at: asking.now };
    }
}

/// Writes down on a challenge what its completion came to: that it is met, or what was right and what was wrong of the proof
/// that came along.
pub(in crate::service) fn note_answers(
    open: &mut OpenAccount,
    asking: &Asking<'_>,
    weighed: &Weighed,
    decision: RecordId,
) {
    let Some(challenge) = asking.question.completes else { return };
    if weighed.verdict.outcome.kind() == OutcomeKind::Approve {
        if let Some(pending) = open.challenge_mut(challenge) {
            pending.state = PendingState::Met { at: asking.now, by: decision };
        }
        return;
    }
    let kept = brought(open, asking, weighed, challenge);
    note_proofs(open, asking, challenge, &weighed.found.checks, kept);
}

/// What a request brought itself of the proof that counts.
pub(super) fn brought(
    open: &OpenAccount,
    asking: &Asking<'_>,
    weighed: &Weighed,
    challenge: RecordId,
) -> Vec<GivenProof> {
    let (found, evidence) = (&weighed.found.checks, &asking.question.evidence);
    let counts = |is_right: bool, factor| is_right && weighed.verdict.accepted.contains(&factor);
    let pin = open.credentials().and_then(|credentials| credentials.pin.as_ref());
    let pin = pin.filter(|_| counts(found.pin == PinCheck::Matched, Factor::AccountPin));
    let device = evidence.app_approval.as_ref().map(|approval| &approval.device);
    let device = device.filter(|_| counts(matches!(found.app, AppCheck::Signed { .. }), Factor::AppApproval));
    let code = open.challenge(challenge).and_then(|pending| pending.code.as_ref());
    let contact = code.and_then(|code| open.account()?.contact(code.contact.as_ref()?));
    // A code that counts only beside another class is proof once that is there.
    let contact = contact
        .filter(|_| found.code == CodeCheck::Matched && matches!(weighed.code, CodeFact::Right | CodeFact::Beside));
    let pin = pin.map(|pin| GivenProof::AccountPin { set_at: pin.set_at });
    let device = device.map(|device| GivenProof::AppApproval { device: device.clone() });
    let contact = contact.map(|kept| GivenProof::OneTimeCode {
        contact: kept.id.clone(),
        since: kept.since,
        beside: weighed.code == CodeFact::Beside,
    });
    [pin, device, contact].into_iter().flatten().collect()
}

/// Adds what was right, counts what was wrong, and spends a code that was right.
pub(super) fn note_proofs(
    open: &mut OpenAccount,
    asking: &Asking<'_>,
    challenge: RecordId,
    found: &Checks,
    right: Vec<GivenProof>,
) {
    let Some(pending) = open.challenge_mut(challenge) else { return };
    let wrong = [found.pin.is_failure(), found.app == AppCheck::Refused, found.code.is_failure()];
    let wrong = wrong.into_iter().map(u8::from).sum();
    pending.wrong = pending.wrong.saturating_add(wrong);
    if found.code == CodeCheck::Matched {
        pending.code = None;
    }
    for proof in right {
        let place = Place::of(asking.requester, &asking.question.interaction);
        pending.give(Given { at: asking.now, by: asking.requester.subject.clone(), place, proof });
    }
}

/// How often the people of a line were prompted, of an account that was opened with it.
pub(super) fn prompts_of(open: &OpenAccount, token: Token) -> Prompts {
    match open.document(token) {
        Some(Document::Prompts(prompts)) => prompts.clone(),
        _ => Prompts::default(),
    }
}
