//! Account PINs, set and asked about. No use case returns one.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::ask::{Approved, Effect, account_of};
use super::engine::Engine;
use super::error::ServiceError;
use super::question::Question;
use super::refusal::Refusal;
use super::rights::{Authorised, Right, right};
use super::target::{Scope, Target};
use super::transfer_pins;
use super::unbroken::Unbroken;
use crate::audit::{AnswerWindow, Made, ReadOf};
use crate::domain::{
    Account, AccountId, AccountPin, Line, LineId, OutcomeKind, PinCheck, PinDigits, PinOrigin, Reset, ResetKind, Spid,
    TransferPinId, Verifier,
};
use crate::policy::{self, GuessContext, PinFitness};
use crate::store::{Ask, Opening};

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
            transfer_pins: credentials.transfer_pins.iter().map(|pin| transfer_pins::told(pin, account, now)).collect(),
        })
    }
}

/// What an approved `PIN_CHANGE` does.
struct SetPin {
    verifier: Verifier,
    /// Why the new PIN will not do, which only who may set one is told.
    refusal: Option<Refusal>,
}

impl Effect for SetPin {
    fn check(&self, _: &Account, _: &Line, _: DateTime<Utc>) -> Result<(), ServiceError> {
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
