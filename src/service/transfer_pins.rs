//! Transfer PINs: issued, told to the customer, and taken back.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::ask::{Approved, Asking, Effect, account_of};
use super::challenges::{CodeKind, CodeToSend, transfer_pin_text};
use super::credentials::TransferPinStatus;
use super::elsewhere::Elsewhere;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::Question;
use super::rights::{Authorised, right};
use super::taking_back::TakingBack;
use super::target::{Scope, Target};
use super::unbroken::Unbroken;
use super::weigh::{Case, Weighed};
use crate::audit::{AnswerWindow, Event, Made};
use crate::crypto::{Token, generate_transfer_pin};
use crate::domain::{
    Account, CodeCheck, Contact, ContactId, ContactKind, Credentials, Factor, GivenProof, Line, Msisdn, PinDigits,
    Requester, Standing, TRANSFER_PINS_KEPT_MAX, TransferPin, TransferPinId, TransferPinOrigin, TransferPinScope,
    TransferPinState,
};
use crate::policy::{self, ContactFitness};
use crate::store::OpenAccount;

/// A transfer PIN just issued.
#[derive(Debug, Clone)]
pub struct IssuedTransferPin {
    /// What is kept of it.
    pub status: TransferPinStatus,
    /// The value: shown this once, to the customer on a known device; a repeated request is not shown it again.
    pub value: Option<PinDigits>,
    /// Where it was sent instead, to a contact of the customer's that is not under attack.
    pub sent_to: Option<Contact>,
}

impl Engine {
    /// Issues a transfer PIN for a line or for every line of the account.
    pub async fn issue_transfer_pin(
        self: &Arc<Self>,
        who: Authorised<right::IssueTransferPin>,
        question: Question,
    ) -> Result<(Answer, Option<IssuedTransferPin>), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let mut effect = Issue::of(&question);
            let answer = engine.ask(&who, &question, &mut effect).await?;
            let issued = engine.issued(who.requester(), &question, effect, &answer).await?;
            Ok((answer, issued))
        })
        .await
    }

    /// What was issued, told to the customer: shown on a known device, else sent.
    pub(super) async fn issued(
        &self,
        requester: &Requester,
        question: &Question,
        effect: Issue,
        answer: &Answer,
    ) -> Result<Option<IssuedTransferPin>, ServiceError> {
        let made = answer.decided().and_then(|decided| decided.made);
        let Some(Made::TransferPin(id)) = made else { return Ok(None) };
        match effect.issued.filter(|issued| issued.status.id == id) {
            Some(issued) => {
                let sent_to = match effect.untold {
                    Some(untold) => self.send_transfer_pin(requester, question, untold, (answer, &issued)).await?,
                    None => None,
                };
                Ok(Some(IssuedTransferPin { sent_to, ..issued }))
            }
            None => self.issued_before(requester, &question.scope, id).await,
        }
    }

    /// Sends a transfer PIN that is not shown, once and to one contact.
    ///
    /// INVARIANT (unknown-looks-known): what befell another customer's line is told to nobody who names its number as theirs.
    async fn send_transfer_pin(
        &self,
        requester: &Requester,
        question: &Question,
        untold: Untold,
        (answer, issued): (&Answer, &IssuedTransferPin),
    ) -> Result<Option<Contact>, ServiceError> {
        let Some(sender) = self.codes.get() else { return Ok(None) };
        let Untold { digits, account, line, contacts } = untold;
        let (at, own) = (answer.decided_at(), (account, Some(line)));
        for contact in contacts {
            match self
                .stands_elsewhere(&requester.brand, own, &contact.value, at)
                .await
                .unwrap_or(Elsewhere::UnderAttack)
            {
                Elsewhere::UnderAttack => {}
                Elsewhere::OfAnother => return Ok(Some(contact)),
                Elsewhere::Fit => {
                    let (change, expires_at) = (question.change.clone(), issued.status.expires_at);
                    let text = transfer_pin_text(&change, line, &digits, expires_at);
                    sender.send(CodeToSend {
                        kind: CodeKind::TransferPin,
                        record: answer.id(),
                        at,
                        expires_at,
                        contact: contact.clone(),
                        line,
                        action: change.action(),
                        change,
                        digits,
                        text,
                    });
                    return Ok(Some(contact));
                }
            }
        }
        Ok(None)
    }

    /// Takes a transfer PIN back.
    pub async fn revoke_transfer_pin(
        self: &Arc<Self>,
        who: Authorised<right::RevokeTransferPin>,
        taking: TakingBack<TransferPinId>,
    ) -> Result<TransferPinStatus, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            const NO_PIN: ServiceError = ServiceError::NotFound("transfer PIN");
            let (now, id) = (engine.now()?.instant(), taking.id);
            let taken = engine.take_back(&who, &taking, now, |open| {
                let pins = open.credentials_mut().map(|credentials| &mut credentials.transfer_pins);
                let pin = pins.and_then(|pins| pins.iter_mut().find(|pin| pin.id == id)).ok_or(NO_PIN)?;
                if pin.state == TransferPinState::Live {
                    pin.state = TransferPinState::Void { at: now };
                }
                Ok((Event::TransferPinRevoked { id }, status_of(open, id, now)?.ok_or(NO_PIN)?))
            });
            if let Some(status) = taken.await? {
                return Ok(status);
            }
            let (open, _) = engine.peek(who.requester(), &Scope::Account(taking.account), None, now).await?;
            status_of(&open, id, now)?.ok_or(NO_PIN)
        })
        .await
    }

    async fn issued_before(
        &self,
        requester: &Requester,
        scope: &Scope,
        id: TransferPinId,
    ) -> Result<Option<IssuedTransferPin>, ServiceError> {
        let now = self.now()?.instant();
        let (open, _) = self.peek(requester, scope, None, now).await?;
        Ok(status_of(&open, id, now)?.map(|status| IssuedTransferPin { status, value: None, sent_to: None }))
    }
}

fn status_of(
    open: &OpenAccount,
    id: TransferPinId,
    now: DateTime<Utc>,
) -> Result<Option<TransferPinStatus>, ServiceError> {
    let account = account_of(open)?;
    let pins = open.credentials().map_or(&[][..], |credentials| &credentials.transfer_pins);
    Ok(pins.iter().find(|pin| pin.id == id).map(|pin| told(pin, account, now)))
}

/// What is told of one.
pub(super) fn told(pin: &TransferPin, account: &Account, now: DateTime<Utc>) -> TransferPinStatus {
    let line = match &pin.scope {
        TransferPinScope::Line(line) => Some(line.clone()),
        TransferPinScope::Account => None,
    };
    TransferPinStatus {
        id: pin.id,
        expires_at: pin.expires_at,
        line,
        account: account.id.clone(),
        gaining_spid: pin.gaining_spid,
        is_void: pin.state != TransferPinState::Live || pin.expires_at <= now,
    }
}

/// What an approved `TRANSFER_PIN_ISSUE` does.
pub(super) struct Issue {
    issued: Option<IssuedTransferPin>,
    whole_account: bool,
    /// The value, and to whom it can go, where it is not shown.
    untold: Option<Untold>,
}

/// A transfer PIN that is shown to nobody.
struct Untold {
    digits: PinDigits,
    account: Token,
    line: Msisdn,
    contacts: Vec<Contact>,
}

impl Issue {
    /// Of what a question asks for.
    pub(super) fn of(question: &Question) -> Self {
        Self { issued: None, whole_account: matches!(question.scope, Scope::Account(_)), untold: None }
    }
}

impl Effect for Issue {
    fn check(&self, _: &Account, _: &Line, _: DateTime<Utc>) -> Result<(), ServiceError> {
        Ok(())
    }

    /// A line's. Who asks for a whole account's brings the proof along.
    fn waits(&self) -> bool {
        !self.whole_account
    }

    fn approve(&mut self, approved: Approved<'_>) -> Result<(AnswerWindow, Option<Made>), ServiceError> {
        let Approved { engine, asking, open, target, seq, weighed, .. } = approved;
        let now = asking.now;
        let id = TransferPinId::from_u128(engine.vault.ids().mint(now, target.account.partition())?);
        let value = generate_transfer_pin()?;
        let line = target.line.and_then(|token| open.line(token)).map(|line| line.id.clone());
        let scope = match line.clone() {
            Some(line) => TransferPinScope::Line(line),
            None if self.whole_account => TransferPinScope::Account,
            None => return Err(ServiceError::NotFound("line")),
        };
        let device = asking.requester.device.as_ref().and_then(|id| account_of(open).ok()?.device(id));
        let known_device = device.is_some_and(|device| device.is_known(weighed.policy.device, now));
        let history = open.credentials().map(|credentials| &credentials.history);
        let in_call = history.is_some_and(|history| history.in_call(line.as_ref(), now));
        let pin = TransferPin {
            id,
            verifier: engine.pins.transfer_verifier(&target.account, id, &value),
            scope,
            gaining_spid: asking.question.change.gaining_spid(),
            issued_at: now,
            expires_at: weighed.policy.transfer_pin.life.expires_at(now),
            origin: TransferPinOrigin { channel: asking.question.interaction.channel, known_device, in_call },
            state: TransferPinState::Live,
            granted_seq: seq,
        };
        let status = told(&pin, account_of(open)?, now);
        // INVARIANT (secrets-stay-in): shown once, to the customer on a known device; anyone else is told only that it exists.
        self.untold = if known_device { None } else { untold(asking, target, open, (weighed, value.clone()))? };
        let reaches_nobody = self.untold.as_ref().is_none_or(|untold| untold.contacts.is_empty()) && !known_device;
        keep(open.credentials_mut().ok_or(ServiceError::NotFound("account"))?, pin, reaches_nobody, now);
        self.issued = Some(IssuedTransferPin { status, value: known_device.then_some(value), sent_to: None });
        Ok((AnswerWindow::NoPermit, Some(Made::TransferPin(id))))
    }
}

/// To whom a transfer PIN of a line can go that is not shown: who could prove with a code that they asked for it. First the contact whose
/// code was part of the proof, which may be one that counts beside another class alone; then the asker's own.
fn untold(
    asking: &Asking<'_>,
    target: Target,
    open: &OpenAccount,
    (weighed, digits): (&Weighed, PinDigits),
) -> Result<Option<Untold>, ServiceError> {
    let Some(line) = target.line.and_then(|token| open.line(token)) else { return Ok(None) };
    let case = Case::new(asking, (target, Standing::Known), (open, line))?;
    let failures = case.failures_before();
    let targets = policy::code_targets(case.policy, &case.request(), &case.snapshot(&failures), case.now);
    let proven = proven_contact(asking, open, weighed);
    let is_proven = |contact: &Contact| proven == Some(&contact.id);
    let is_beside = weighed.verdict.accepted.len() > 1;
    let reaches = |(contact, fitness): (Contact, ContactFitness)| {
        let counts =
            fitness == ContactFitness::Fit || (fitness == ContactFitness::Beside && is_beside && is_proven(&contact));
        counts.then_some(contact)
    };
    let mut contacts: Vec<Contact> = targets.contacts.into_iter().filter_map(reaches).collect();
    let asker = asking.requester.person.as_ref().and_then(|person| case.account.person(person));
    let is_own = |contact: &Contact| asker.is_some_and(|asker| asker.contacts.iter().any(|own| own.id == contact.id));
    // A mailbox before a number, which may be another line that is swapped.
    let is_number = |contact: &Contact| contact.value.kind() != ContactKind::Email;
    contacts.sort_by_key(|contact| (!is_proven(contact), !is_own(contact), is_number(contact), contact.since));
    Ok(Some(Untold { digits, account: target.account, line: line.msisdn, contacts }))
}

/// The contact whose code was accepted, with this request or before.
fn proven_contact<'a>(asking: &Asking<'_>, open: &'a OpenAccount, weighed: &Weighed) -> Option<&'a ContactId> {
    let pending = asking.question.completes.and_then(|challenge| open.challenge(challenge));
    let pending = pending.filter(|_| weighed.verdict.accepted.contains(&Factor::OneTimeCode))?;
    match weighed.checks.code {
        CodeCheck::Matched => pending.code.as_ref()?.contact.as_ref(),
        CodeCheck::Given => pending.given.iter().rev().find_map(|given| match &given.proof {
            GivenProof::OneTimeCode { contact, .. } => Some(contact),
            _ => None,
        }),
        _ => None,
    }
}

/// Keeps a new transfer PIN; one of the same scope and carrier that is still live is replaced, unless nobody is told the new one. The
/// oldest ended one leaves where there are too many.
fn keep(credentials: &mut Credentials, new: TransferPin, reaches_nobody: bool, now: DateTime<Utc>) {
    let pins = &mut credentials.transfer_pins;
    let replaced = |pin: &&mut TransferPin| {
        let is_same = pin.scope == new.scope && pin.gaining_spid == new.gaining_spid;
        pin.state == TransferPinState::Live && is_same && !reaches_nobody
    };
    pins.iter_mut().filter(replaced).for_each(|pin| pin.state = TransferPinState::Void { at: now });
    pins.push(new);
    while pins.len() > TRANSFER_PINS_KEPT_MAX {
        let oldest_ended = pins.iter().position(|pin| pin.state != TransferPinState::Live || pin.expires_at <= now);
        pins.remove(oldest_ended.unwrap_or(0));
    }
}
