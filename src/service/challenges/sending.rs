//! A code sent to the customer: for one challenge, to a contact of theirs that is not under attack, so often and no oftener.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::finding::{Challenged, NO_CHALLENGE, challenged};
use super::giving::{Submission, question};
use super::keeping::prompts_of;
use super::wording::code_text;
use crate::audit::Event;
use crate::crypto::{Token, generate_code};
use crate::domain::{
    Action, CODE_LIFE, Change, Checks, Completing, Contact, ContactId, ContactKind, Document, Evidence, Interaction,
    Level, Msisdn, OutcomeKind, PinDigits, PromptFor, RecordId, RequestId, SENDINGS_MAX, SentCode, Standing,
};
use crate::policy::{self, CodeTargets, ContactFitness};
use crate::service::ask::{Asking, CONFLICT_RETRIES_MAX, Errand, OpenFor, Ready};
use crate::service::due;
use crate::service::elsewhere::Elsewhere;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, Question, asked_by, caller_of};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, Whose, right};
use crate::service::standing::{stand_in, stood_in};
use crate::service::target::Target;
use crate::service::unbroken::Unbroken;
use crate::service::velocity::{Counted, Ending};
use crate::service::weigh::Case;
use crate::store::{Ask, Claim, Closing, CommitError, Entry, OpenAccount, Opening, Urgency};

/// A code that is to be sent.
#[derive(Debug, Clone)]
pub struct Sending {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The challenge.
    pub challenge: RecordId,
    /// To which contact; none is the best there is. Staff name none: they do not know them.
    pub contact: Option<ContactId>,
    /// The place.
    pub interaction: Interaction,
}

/// That a code is on its way, if anybody is there to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// How many more can be asked for.
    pub left: u8,
    /// To whom, for the customer alone.
    pub to: Option<(Contact, ContactFitness)>,
}

/// Who carries codes to the customers.
///
/// It is told after the commit, and does not block: whether a code arrives changes no answer.
pub trait CodeSender: Send + Sync {
    /// Takes a code on its way.
    fn send(&self, code: CodeToSend);
}

/// What goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeKind {
    /// A code for a challenge.
    Challenge,
    /// A transfer PIN.
    TransferPin,
}

/// A code on its way. It shows neither the code nor the contact.
#[derive(Clone)]
pub struct CodeToSend {
    /// What it is.
    pub kind: CodeKind,
    /// The record of its sending: one message, however often it is tried.
    pub record: RecordId,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// Where it goes.
    pub contact: Contact,
    /// The number of the line.
    pub line: Msisdn,
    /// What it is for.
    pub action: Action,
    /// The exact change.
    pub change: Change,
    /// The code.
    pub digits: PinDigits,
    /// All that in words, for people.
    pub text: String,
}

impl std::fmt::Debug for CodeToSend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeToSend").field("record", &self.record).field("action", &self.action).finish_non_exhaustive()
    }
}

impl Engine {
    /// Sends the customer a code for a challenge: asked for by who asked for the change, or by the customer.
    ///
    /// INVARIANT (unknown-looks-known): who asked for the change is answered alike whether there is a line, a contact, or
    /// nobody to send anything to.
    pub async fn send_code(
        self: &Arc<Self>,
        who: Authorised<right::SendCode>,
        sending: Sending,
    ) -> Result<Sent, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let now = engine.now()?.instant();
            let kept = engine.challenge_record(sending.challenge).await?;
            let is_theirs = match who.whose() {
                Whose::OwnAccount => engine.is_own(who.requester(), &kept),
                _ => asked_by(kept.record().caller.as_ref(), who.requester()),
            };
            if !is_theirs {
                return Err(NO_CHALLENGE);
            }
            // Nobody but the customer says where it goes: not who took a mailbox over, through a clerk.
            if sending.contact.is_some() && who.whose() != Whose::OwnAccount {
                let expected = "must be empty: the customer alone chooses";
                return Err(ServiceError::Invalid { field: "contact_id", expected });
            }
            let (decided, _) = challenged(&kept).ok_or(ServiceError::Refused(Refusal::AskAgain))?;
            if !engine.sends_codes() {
                return Err(ServiceError::Refused(Refusal::CodesOff));
            }
            let Challenged { line, account_number, .. } = engine.pending(who.requester(), &kept, now).await?;
            let Sending { request_id, body, challenge, contact, interaction } = sending;
            let submission = Submission { request_id, body, challenge, evidence: Evidence::default(), interaction };
            let question = question(submission, decided, line, account_number);
            engine.check_question(who.requester(), &question, now)?;
            engine.send(&who, &question, contact.as_ref(), now).await
        })
        .await
    }

    async fn send(
        &self,
        who: &Authorised<right::SendCode>,
        question: &Question,
        wanted: Option<&ContactId>,
        now: DateTime<Utc>,
    ) -> Result<Sent, ServiceError> {
        let requester = who.requester();
        let reserve = self.reserve(requester, question.request_id, &question.body);
        let books = self.books(&requester.brand).await?;
        let stores = self.stores.load_full();
        let (books, stores, policy) = (&books, &*stores, &self.policy());
        let errand = Errand::SendCode;
        let asking = Asking { requester, question, reserve, errand, policy, batch: None, now, books, stores };
        let is_customer = who.whose() == Whose::OwnAccount;
        for _ in 0..=CONFLICT_RETRIES_MAX {
            match self.open_for(who, &asking).await? {
                OpenFor::Ready(ready) => {
                    if let Some(sent) = self.send_and_note(&asking, *ready, (wanted, is_customer)).await? {
                        return Ok(sent);
                    }
                }
                OpenFor::Before(id, counted) => return self.sent_before(&asking, id, &counted, is_customer).await,
            }
        }
        // INVARIANT (fail-closed): exhausted retries are no answer.
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    /// What was answered before. Nothing is sent for the same request twice.
    async fn sent_before(
        &self,
        asking: &Asking<'_>,
        id: RecordId,
        counted: &Counted,
        is_customer: bool,
    ) -> Result<Sent, ServiceError> {
        let kept = self.answering_record(id).await?;
        let Event::CodeSent { contact, sendings, expires_at, .. } = &kept.record().event else {
            return Err(ServiceError::RequestIdReused);
        };
        self.settle_ask(counted, ending(kept.record().line.is_some())).await;
        if *sendings > SENDINGS_MAX {
            return Err(ServiceError::Refused(Refusal::ChallengeOver));
        }
        let left = SENDINGS_MAX.saturating_sub(*sendings);
        let to = match contact.as_ref().filter(|_| is_customer) {
            Some(contact) => self.contact_of(kept.account(), contact, asking.now).await?,
            None => None,
        };
        Ok(Sent { expires_at: *expires_at, left, to })
    }

    async fn contact_of(
        &self,
        account: Token,
        contact: &ContactId,
        now: DateTime<Utc>,
    ) -> Result<Option<(Contact, ContactFitness)>, ServiceError> {
        let (lines, charges, windows) = (Vec::new(), Vec::new(), Vec::new());
        let ask = Ask { account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        match self.vault.open(ask).await? {
            Opening::Open(open) => Ok(open
                .account()
                .and_then(|account| account.contact(contact))
                .map(|contact| (contact.clone(), ContactFitness::Fit))),
            Opening::Answered(_) | Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// Sends it once that is committed; none where another engine changed the account meanwhile.
    async fn send_and_note(
        &self,
        asking: &Asking<'_>,
        ready: Ready,
        (wanted, is_customer): (Option<&ContactId>, bool),
    ) -> Result<Option<Sent>, ServiceError> {
        let Ready { target, mut open, counted, turn: _turn } = ready;
        let Asking { question, now, .. } = *asking;
        let standing = stand_in(&mut open, asking.requester, &target)?;
        let steps = due::apply(&mut open, target.line, now)?;
        let stood_in = stood_in(&open, question)?;
        let line = target.line.and_then(|token| open.line(token)).unwrap_or(&stood_in);
        let case = Case::new(asking, (target, standing), (&open, line))?;
        let (number, action) = (line.msisdn, question.change.action());
        let chosen = match self.choose(&case, wanted).await {
            Ok(chosen) => chosen,
            Err(refused) => {
                self.not_looked_at(asking, &target, &counted).await;
                return Err(refused);
            }
        };
        let came = self.note_code(&mut open, asking, target, chosen);
        let (record, noted) = match came {
            Ok(came) => came,
            Err(refused) => {
                self.not_looked_at(asking, &target, &counted).await;
                return Err(refused);
            }
        };
        let closing = Closing {
            urgency: Urgency::Ordinary,
            claim: Some(Claim { reserve: asking.reserve, record }),
            settle: Vec::new(),
            due: if steps.is_empty() { Vec::new() } else { due::upcoming(&open, target.line) },
            done: due::done(&steps, &target),
        };
        match self.vault.close(open, closing).await {
            Ok(_) => {}
            // The next attempt finds what the other one wrote down.
            Err(CommitError::Conflict | CommitError::Answered(_)) => return Ok(None),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => return Err(error.into()),
        }
        self.settle_ask(&counted, ending(standing == Standing::Known)).await;
        let Some(Noted { digits, contact, goes_out, expires_at, left }) = noted else {
            return Err(ServiceError::Refused(Refusal::ChallengeOver));
        };
        if let (Some((contact, _)), Some(sender)) = (contact.clone().filter(|_| goes_out), self.codes.get()) {
            let text = code_text(&question.change, number, &digits);
            let change = question.change.clone();
            sender.send(CodeToSend {
                kind: CodeKind::Challenge,
                record,
                at: now,
                expires_at,
                contact,
                line: number,
                action,
                change,
                digits,
                text,
            });
        }
        Ok(Some(Sent { expires_at, left, to: contact.filter(|_| is_customer) }))
    }

    /// To which contact it goes. Who is no customer learns nothing of it.
    async fn choose(&self, case: &Case<'_>, wanted: Option<&ContactId>) -> Result<Chosen, ServiceError> {
        let Completing::Open { with_pin: required, .. } = case.completing else {
            return Err(ServiceError::Refused(Refusal::ChallengeOver));
        };
        if case.held.is_some() {
            return Err(ServiceError::Refused(Refusal::Held));
        }
        if required > Level::TwoClasses {
            return Err(ServiceError::Refused(Refusal::CodeNotEnough));
        }
        let failures = case.failures_before();
        let targets = policy::code_targets(case.policy, &case.request(), &case.snapshot(&failures), case.now);
        let is_own_ask = case.pending.is_some_and(|pending| pending.caller == case.requester.subject);
        let for_owner = targets.for_owner && is_own_ask;
        if case.standing == Standing::Unknown {
            return Ok(Chosen { contact: None, for_owner, goes_out: false });
        }
        let CodeTargets { contacts, .. } = targets;
        let mut usable: Vec<(Contact, ContactFitness)> =
            contacts.into_iter().filter(|(_, fitness)| fitness.reason().is_none()).collect();
        usable.sort_by_key(|(contact, fitness)| {
            (*fitness == ContactFitness::Beside, kind_rank(contact.value.kind()), contact.since)
        });
        for (contact, fitness) in usable {
            if wanted.is_some_and(|wanted| *wanted != contact.id) {
                continue;
            }
            match self.elsewhere(case, &contact).await? {
                Elsewhere::Fit => {
                    return Ok(Chosen { contact: Some((contact, fitness)), for_owner, goes_out: true });
                }
                // INVARIANT (unknown-looks-known): what befell another customer's line is told to nobody who names its number.
                Elsewhere::OfAnother => {
                    return Ok(Chosen { contact: Some((contact, fitness)), for_owner, goes_out: false });
                }
                Elsewhere::UnderAttack => {}
            }
        }
        match wanted {
            Some(_) if case.requester.role.is_bound_to_account() => {
                Err(ServiceError::Refused(Refusal::ContactUnusable))
            }
            _ => Ok(Chosen { contact: None, for_owner, goes_out: false }),
        }
    }

    /// Whether a contact is another line that others may have by now (P5).
    async fn elsewhere(&self, case: &Case<'_>, contact: &Contact) -> Result<Elsewhere, ServiceError> {
        let own = (case.target.account, Some(case.line.msisdn));
        self.stands_elsewhere(&case.requester.brand, own, &contact.value, case.now).await
    }

    /// Whether others may have the contact by now that a code was sent to.
    ///
    /// INVARIANT (fail-closed): a contact that cannot be looked up proves nobody.
    pub(in crate::service) async fn went_to_others(&self, case: &Case<'_>, contact: Option<&ContactId>) -> bool {
        let Some(contact) = contact.and_then(|id| case.account.contact(id)) else { return false };
        !matches!(self.elsewhere(case, contact).await, Ok(Elsewhere::Fit))
    }

    /// Writes down a code, on its challenge and in the ledger; with one too many that the challenge is over.
    fn note_code(
        &self,
        open: &mut OpenAccount,
        asking: &Asking<'_>,
        target: Target,
        chosen: Chosen,
    ) -> Result<(RecordId, Option<Noted>), ServiceError> {
        let (question, now) = (asking.question, asking.now);
        let challenge = question.completes.ok_or(NO_CHALLENGE)?;
        let (account, prompts_token) = (target.account, self.prompts_token(&target));
        let mut prompts = prompts_of(open, prompts_token);
        let pending = open.challenge_mut(challenge).ok_or(NO_CHALLENGE)?;
        let is_first = pending.sendings == 0;
        let prompt_for = match (chosen.for_owner, is_first) {
            (true, _) => PromptFor::Owner,
            (false, true) => PromptFor::First,
            (false, false) => PromptFor::Again,
        };
        if let Some(until) = prompts.none_until(prompt_for, now) {
            let what = "no code goes out for this line now: its people were prompted too often, or said no";
            return Err(ServiceError::Exhausted { what, retry_at: Some(until) });
        }
        pending.sendings = pending.sendings.saturating_add(1);
        let is_too_many = pending.sendings > SENDINGS_MAX;
        let expires_at = if is_too_many { now } else { pending.expires_at.min(now + CODE_LIFE) };
        let noted = if is_too_many {
            prompts.wear_out(now);
            pending.code = None;
            None
        } else {
            let digits = generate_code()?;
            let verifier = self.pins.code_verifier(&account, challenge, &digits);
            let contact = chosen.contact.as_ref().map(|(contact, _)| contact.id.clone());
            pending.code = Some(SentCode { verifier, contact, sent_at: now, expires_at });
            let left = SENDINGS_MAX.saturating_sub(pending.sendings);
            Some(Noted { digits, contact: chosen.contact, goes_out: chosen.goes_out, expires_at, left })
        };
        let sendings = pending.sendings;
        if is_first {
            prompts.note(now);
        }
        if is_first || is_too_many {
            open.put_document(prompts_token, Document::Prompts(prompts))?;
        }
        let contact = noted.as_ref().and_then(|noted| noted.contact.as_ref()).map(|(contact, _)| contact.id.clone());
        let event = Event::CodeSent { challenge, contact, sendings, expires_at };
        let (caller, channel) = (Some(caller_of(asking.requester)), Some(question.interaction.channel));
        Ok((open.append(Entry { at: now, line: target.line, caller, channel, event })?, noted))
    }
}

/// The contact that was chosen, if there is one.
struct Chosen {
    contact: Option<(Contact, ContactFitness)>,
    /// Whether the owner asks for it on a known device, for a change that they asked for themselves.
    for_owner: bool,
    /// Whether anything is sent there.
    goes_out: bool,
}

/// A code that was written down.
struct Noted {
    digits: PinDigits,
    contact: Option<(Contact, ContactFitness)>,
    goes_out: bool,
    expires_at: DateTime<Utc>,
    left: u8,
}

/// The likeliest to be at hand first.
const fn kind_rank(kind: ContactKind) -> u8 {
    match kind {
        ContactKind::Sms => 0,
        ContactKind::Email => 1,
        ContactKind::Voice => 2,
        ContactKind::Postal => 3,
    }
}

/// It tried no secret.
fn ending(shown: bool) -> Ending {
    Ending::new(&Checks::NONE, OutcomeKind::Challenge, shown)
}
