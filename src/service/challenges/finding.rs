//! From a challenge's id to its record and to what is kept of it.

use chrono::{DateTime, Utc};

use crate::audit::{AnswerWindow, Decided, Event};
use crate::domain::{AccountNumber, Pending, RecordId, Requester};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::service::target::LineRef;
use crate::store::{Ask, Found, Kept, Opening};

/// A challenge that waits, with what a question about its line needs.
pub(super) struct Challenged {
    pub(super) pending: Pending,
    /// The line, as it was asked about.
    pub(super) line: LineRef,
    pub(super) account_number: AccountNumber,
}

impl Engine {
    /// The record of a decision that asks for proof, whether it waits for others or not.
    ///
    /// INVARIANT (unknown-looks-known): an id that is no challenge's is answered like one that is nobody's; what kind of challenge it
    /// is, is told only to whose it is.
    pub(super) async fn challenge_record(&self, challenge: RecordId) -> Result<Kept, ServiceError> {
        let kept = match self.vault.find(challenge).await? {
            Found::Kept(kept) => *kept,
            Found::Archived => return Err(ServiceError::Refused(Refusal::RecordArchived)),
            Found::Nowhere => return Err(NO_CHALLENGE),
        };
        match &kept.record().event {
            Event::Decided(decided) if matches!(decided.window, AnswerWindow::OpenUntil(_)) => Ok(kept),
            _ => Err(NO_CHALLENGE),
        }
    }

    /// What is kept of a challenge: of the caller's brand, or of none.
    pub(super) async fn pending(
        &self,
        requester: &Requester,
        kept: &Kept,
        now: DateTime<Utc>,
    ) -> Result<Challenged, ServiceError> {
        let challenge = kept.record().id;
        let ask = Ask {
            account: kept.account(),
            lines: Vec::new(),
            permit: None,
            reserve: None,
            charges: Vec::new(),
            windows: Vec::new(),
            now,
            at_least: None,
        };
        let Opening::Open(open) = self.vault.open_with(ask, vec![self.pending_token(kept.record())]).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        let account = open.account().filter(|account| account.brand == requester.brand).ok_or(NO_CHALLENGE)?;
        let lost = || ServiceError::Unavailable("a challenge is not kept as its record says".to_owned());
        let pending = open.challenge(challenge).cloned().ok_or_else(lost)?;
        let separation = self.reference_to(account);
        let line = LineRef { name: pending.named.clone(), brand: None, separation };
        Ok(Challenged { pending, line, account_number: account.number.clone() })
    }

    /// Whether a record belongs to the account that a customer is signed in on.
    pub(super) fn is_own(&self, requester: &Requester, kept: &Kept) -> bool {
        let own = requester.account.as_ref().map(|id| self.vault.tokens().account(&requester.brand, id));
        own == Some(kept.account())
    }
}

/// What no challenge is answered with.
pub(super) const NO_CHALLENGE: ServiceError = ServiceError::NotFound("challenge");

/// The decision of a record that is a challenge which waits for others, with the end of its time.
pub(super) fn challenged(kept: &Kept) -> Option<(&Decided, DateTime<Utc>)> {
    let Event::Decided(decided) = &kept.record().event else { return None };
    let AnswerWindow::OpenUntil(until) = decided.window else { return None };
    (decided.challenge == Some(kept.record().id)).then_some((decided, until))
}
