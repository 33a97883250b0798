//! PINs: set, asked about, issued and taken back. No use case returns an account PIN.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::ask::{Approved, Effect, account_of};
use super::engine::Engine;
use super::error::ServiceError;
use super::question::Question;
use super::refusal::Refusal;
use super::rights::{Authorised, Right, right};
use super::taking_back::TakingBack;
use super::target::{Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::{AnswerWindow, Event, Made, ReadOf};
use crate::crypto::generate_transfer_pin;
use crate::domain::{
    Account, AccountId, AccountPin, Credentials, Line, LineId, OutcomeKind, PinCheck, PinDigits, PinOrigin, Reset,
    ResetKind, Spid, TRANSFER_PINS_KEPT_MAX, TransferPin, TransferPinId, TransferPinOrigin, TransferPinScope,
    TransferPinState, Verifier,
};
use crate::policy::{self, GuessContext, PinFitness};
use crate::store::{Ask, OpenAccount, Opening};

/// What is told of an account's secrets: whether, since when and until when, never a value.
#[derive(Debug, Clone)]
pub struct CredentialStatus {
    /// The account.
    pub account: AccountId,
    /// When the account PIN was set, if one is.
    pub pin_set_at: Option<DateTime<Utc>>,
    /// Whether the customer should change it: it proves nothing as it is.
    pub must_change: bool,
    /// Until when the account PIN is off.
    pub exhausted_until: Option<DateTime<Utc>>,
    /// Transfer PINs kept.
    pub transfer_pins: Vec<TransferPinStatus>,
}

/// What is told of a transfer PIN.
#[derive(Debug, Clone)]
pub struct TransferPinStatus {
    /// Which.
    pub id: TransferPinId,
    /// From when on it is expired.
    pub expires_at: DateTime<Utc>,
    /// The line it is for; none for every line of the account.
    pub line: Option<LineId>,
    /// The account it is for.
    pub account: AccountId,
    /// The only carrier it is good for.
    pub gaining_spid: Option<Spid>,
    /// Whether it can no longer be used.
    pub is_void: bool,
}

/// A transfer PIN just issued.
#[derive(Debug, Clone)]
pub struct IssuedTransferPin {
    /// What is kept of it.
    pub status: TransferPinStatus,
    /// The value: shown this once, to the customer on a known device; a repeated request is not shown it again.
    pub value: Option<PinDigits>,
}

impl Engine {
    /// Sets the account PIN, which is a decision like any other.
    pub async fn set_pin(
        self: &Arc<Self>,
        who: Authorised<right::SetPin>,
        question: Question,
        new: PinDigits,
    ) -> Result<(Answer, Option<CredentialStatus>), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let target = engine.target(who.requester(), &question.scope).await?;
            engine.check_reach(&who, &target)?;
            let mut effect = engine.prepare(&who, &question, &target, new).await?;
            let answer = engine.ask(&who, &question, &mut effect).await?;
            // A pad or a voice system is told of the account's secrets only once the customer has proven that they ask.
            let told = <right::ReadCredentialStatus as Right>::whose(who.requester().role).is_some();
            let told = told || answer.decided().is_some_and(|decided| decided.outcome == OutcomeKind::Approve);
            let status =
                if told { Some(engine.credential_status(who.requester(), &question.scope).await?) } else { None };
            Ok((answer, status))
        })
        .await
    }

    /// Whether and since when an account's secrets are set.
    pub async fn get_credential_status(
        &self,
        who: &Authorised<right::ReadCredentialStatus>,
        account: AccountId,
    ) -> Result<CredentialStatus, ServiceError> {
        let scope = Scope::Account(account);
        let target = self.target(who.requester(), &scope).await?;
        self.check_reach(who, &target)?;
        self.note_read(who.requester(), &scope, ReadOf::Credentials).await?;
        self.credential_status(who.requester(), &scope).await
    }

    /// Issues a transfer PIN for a line or for every line of the account.
    pub async fn issue_transfer_pin(
        self: &Arc<Self>,
        who: Authorised<right::IssueTransferPin>,
        question: Question,
    ) -> Result<(Answer, Option<IssuedTransferPin>), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let mut effect = Issue { issued: None, whole_account: matches!(question.scope, Scope::Account(_)) };
            let answer = engine.ask(&who, &question, &mut effect).await?;
            let made = answer.decided().and_then(|decided| decided.made);
            let issued = match (effect.issued, made) {
                (Some(issued), Some(Made::TransferPin(id))) if issued.status.id == id => Some(issued),
                (_, Some(Made::TransferPin(id))) => engine.issued_before(who.requester(), &question.scope, id).await?,
                _ => None,
            };
            Ok((answer, issued))
        })
        .await
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

    /// Hashes a new PIN and compares it with the one before.
    ///
    /// INVARIANT (one-counter): what is found here is told only with an approval. Told before, a refusal of the PIN that is
    /// set already would be a guess that nobody counts.
    async fn prepare(
        &self,
        who: &Authorised<right::SetPin>,
        question: &Question,
        target: &Target,
        new: PinDigits,
    ) -> Result<SetPin, ServiceError> {
        let now = self.now()?.instant();
        let (open, _) = self.peek(who.requester(), &question.scope, None, now).await?;
        let account = account_of(&open)?;
        let before =
            open.credentials().and_then(|credentials| credentials.pin.as_ref()).map(|pin| pin.verifier.clone());
        let is_guessable = self.policy.load().pin.guessable_refused
            && policy::guessable::check(&new, &GuessContext::of(account, [])).is_err();
        // INVARIANT (unknown-looks-known): the same work whether one is set or not.
        let is_unchanged = match self.pins.check(new.clone(), target.account, before.as_ref(), &*self.tally).await.0 {
            PinCheck::Matched => true,
            PinCheck::Mismatched | PinCheck::NotSet => false,
            _ => {
                return Err(ServiceError::Exhausted { what: "too many PINs are waiting to be hashed", retry_at: None });
            }
        };
        let refusal = match (is_guessable, is_unchanged) {
            (true, _) => Some(Refusal::PinGuessable),
            (false, true) => Some(Refusal::PinUnchanged),
            (false, false) => None,
        };
        Ok(SetPin { verifier: self.pins.hash(new, target.account).await?, refusal })
    }

    async fn credential_status(
        &self,
        requester: &crate::domain::Requester,
        scope: &Scope,
    ) -> Result<CredentialStatus, ServiceError> {
        let now = self.now()?.instant();
        let target = self.target(requester, scope).await?;
        let windows = self.failure_windows(&target);
        let ask = Ask {
            account: target.account,
            lines: Vec::new(),
            permit: None,
            reserve: None,
            charges: Vec::new(),
            windows: vec![windows.pin],
            now,
            at_least: None,
        };
        let Opening::Open(open) = self.vault.open(ask).await? else { return Err(ServiceError::NotFound("account")) };
        self.check_separated(requester, &open, (scope, &target)).await?;
        let failures: Vec<_> =
            open.windows().iter().flat_map(|window| window.events.iter().map(|event| event.at)).collect();
        let breached_until = self.books(&requester.brand).await?.breached_until(target.account);
        let policy = self.policy();
        let account = account_of(&open)?;
        let credentials = open.credentials().ok_or(ServiceError::NotFound("account"))?;
        Ok(CredentialStatus {
            account: account.id.clone(),
            pin_set_at: credentials.pin.as_ref().map(|pin| pin.set_at),
            must_change: credentials.pin.as_ref().is_some_and(|pin| {
                PinFitness::judge(&policy, &account.brand, Some(pin), breached_until, now).must_change()
            }),
            exhausted_until: policy::pin_off_until(&policy.pin, &failures, now),
            transfer_pins: credentials.transfer_pins.iter().map(|pin| told(pin, account, now)).collect(),
        })
    }

    async fn issued_before(
        &self,
        requester: &crate::domain::Requester,
        scope: &Scope,
        id: TransferPinId,
    ) -> Result<Option<IssuedTransferPin>, ServiceError> {
        let now = self.now()?.instant();
        let (open, _) = self.peek(requester, scope, None, now).await?;
        Ok(status_of(&open, id, now)?.map(|status| IssuedTransferPin { status, value: None }))
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

fn told(pin: &TransferPin, account: &Account, now: DateTime<Utc>) -> TransferPinStatus {
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

/// What an approved `PIN_CHANGE` does.
struct SetPin {
    verifier: Verifier,
    /// Why the new PIN will not do, which only who may set one is told.
    refusal: Option<Refusal>,
}

impl Effect for SetPin {
    fn check(&self, _: &Account, _: &Line) -> Result<(), ServiceError> {
        Ok(())
    }

    fn approve(&mut self, approved: Approved<'_>) -> Result<(AnswerWindow, Option<Made>), ServiceError> {
        let Approved { asking, open, .. } = approved;
        if let Some(refusal) = self.refusal {
            return Err(ServiceError::Refused(refusal));
        }
        let pin = AccountPin {
            verifier: self.verifier.clone(),
            set_at: asking.now,
            verified_at: None,
            origin: PinOrigin::EndUser,
        };
        open.credentials_mut().ok_or(ServiceError::NotFound("account"))?.pin = Some(pin);
        let via = asking.question.interaction.channel;
        let reset = Reset { at: asking.now, kind: ResetKind::Pin, via, mailbox: None };
        open.account_mut().ok_or(ServiceError::NotFound("account"))?.note_reset(reset);
        Ok((AnswerWindow::NoPermit, Some(Made::Pin)))
    }
}

/// What an approved `TRANSFER_PIN_ISSUE` does.
struct Issue {
    issued: Option<IssuedTransferPin>,
    whole_account: bool,
}

impl Effect for Issue {
    fn check(&self, _: &Account, _: &Line) -> Result<(), ServiceError> {
        Ok(())
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
        keep(open.credentials_mut().ok_or(ServiceError::NotFound("account"))?, pin, now);
        // INVARIANT (secrets-stay-in): shown once, to the customer on a known device; anyone else is told only that it exists.
        self.issued = Some(IssuedTransferPin { status, value: known_device.then_some(value) });
        Ok((AnswerWindow::NoPermit, Some(Made::TransferPin(id))))
    }
}

/// Keeps a new transfer PIN; one of the same scope and carrier that is still live is replaced, and the oldest ended one
/// leaves where there are too many.
fn keep(credentials: &mut Credentials, new: TransferPin, now: DateTime<Utc>) {
    let pins = &mut credentials.transfer_pins;
    let replaced = |pin: &&mut TransferPin| {
        pin.state == TransferPinState::Live && pin.scope == new.scope && pin.gaining_spid == new.gaining_spid
    };
    pins.iter_mut().filter(replaced).for_each(|pin| pin.state = TransferPinState::Void { at: now });
    pins.push(new);
    while pins.len() > TRANSFER_PINS_KEPT_MAX {
        let oldest_ended = pins.iter().position(|pin| pin.state != TransferPinState::Live || pin.expires_at <= now);
        pins.remove(oldest_ended.unwrap_or(0));
    }
}
