//! Looking at secrets: account PINs on the bounded pool, transfer PINs and app keys in place.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::error::ServiceError;
use super::tally::Tally;
use crate::crypto::{Keyring, PinHasher, PinPool, ShortSecret, ShortSecrets, Token};
use crate::domain::{
    CodeCheck, Credentials, Line, Pending, PinCheck, PinDigits, RecordId, SentCode, Spid, TransferPin,
    TransferPinCheck, TransferPinId, TransferPinState, Verifier,
};

/// Looks at secrets.
pub(super) struct Pins {
    hasher: Arc<PinHasher>,
    pool: PinPool,
    short: ShortSecrets,
}

impl Pins {
    /// Starts the pool.
    pub(super) fn start(keyring: &Keyring, threads: usize, queue_max: usize) -> Result<Self, ServiceError> {
        let hasher = Arc::new(PinHasher::new(keyring)?);
        let at_least_one = |count: usize| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN);
        let pool = PinPool::start(Arc::clone(&hasher), at_least_one(threads), at_least_one(queue_max))
            .map_err(|error| ServiceError::Unavailable(format!("cannot start threads for PINs: {error}")))?;
        Ok(Self { hasher, pool, short: ShortSecrets::new(keyring) })
    }

    /// Looks at an account PIN. Where none is set, the same work is done on a verifier that nothing matches. One that
    /// matches under a retired pepper or at another cost comes with a verifier made anew, for only now is it known.
    ///
    /// INVARIANT (fail-closed): a full pool, a missing pepper or a lost answer is never a match.
    pub(super) async fn check(
        &self,
        pin: PinDigits,
        account: Token,
        set: Option<&Verifier>,
        tally: &dyn Tally,
    ) -> (PinCheck, Option<Verifier>) {
        let is_set = set.is_some();
        let verifier = set.cloned().unwrap_or_else(|| self.hasher.dummy().clone());
        let (send, answer) = oneshot::channel();
        let started = Instant::now();
        let submitted = self.pool.submit(move |hasher, scratch| {
            let matches = hasher.verify(scratch, &pin, &account, &verifier);
            let outlived = matches == Ok(true) && !hasher.is_current(&verifier);
            // One that cannot be made now is made at another match.
            let renewed = if outlived { hasher.hash(scratch, &pin, &account).ok() } else { None };
            let _ = send.send((matches, renewed));
        });
        if submitted.is_err() {
            tally.pin_shed();
            return (PinCheck::Shed, None);
        }
        let answer = answer.await;
        tally.pin_verified(started.elapsed().as_secs_f64());
        match answer {
            Ok((Ok(true), renewed)) if is_set => (PinCheck::Matched, renewed),
            Ok((Ok(false), _)) if is_set => (PinCheck::Mismatched, None),
            Ok((Ok(_), _)) => (PinCheck::NotSet, None),
            Ok((Err(_), _)) | Err(_) => (PinCheck::Shed, None),
        }
    }

    /// Makes the verifier of a new account PIN.
    pub(super) async fn hash(&self, pin: PinDigits, account: Token) -> Result<Verifier, ServiceError> {
        let (send, answer) = oneshot::channel();
        let busy = || ServiceError::Exhausted { what: "too many PINs are waiting to be hashed", retry_at: None };
        self.pool
            .submit(move |hasher, scratch| {
                let _ = send.send(hasher.hash(scratch, &pin, &account));
            })
            .map_err(|_| busy())?;
        let answer = answer.await.map_err(|_| busy())?;
        answer.map_err(|error| ServiceError::Unavailable(error.to_string()))
    }

    /// Looks at a transfer PIN: against every one the account keeps, so that a past one is told from a wrong one.
    /// One for another line or carrier is answered like a wrong one.
    pub(super) fn check_transfer(&self, offered: &PinDigits, asked: &TransferAsk<'_>) -> TransferPinCheck {
        let kind = ShortSecret::TransferPin;
        let matches = |pin: &TransferPin| {
            self.short.verify(kind, &asked.account, pin.id.as_u128(), offered, &pin.verifier).unwrap_or(false)
        };
        let found = asked.credentials.transfer_pins.iter().rfind(|pin| matches(pin));
        let Some(pin) = found else { return TransferPinCheck::Mismatched };
        if !pin.covers(&asked.line.id) || !pin.admits(asked.gaining) {
            return TransferPinCheck::Mismatched;
        }
        match pin.state {
            TransferPinState::Used { .. } | TransferPinState::Void { .. } => TransferPinCheck::Void,
            TransferPinState::Live if !asked.is_alive(pin) => TransferPinCheck::Void,
            TransferPinState::Live if pin.expires_at <= asked.now => TransferPinCheck::Expired,
            TransferPinState::Live => TransferPinCheck::Matched {
                id: pin.id,
                known_device: pin.origin.known_device,
                issued_at: pin.issued_at,
            },
        }
    }

    /// Looks at a one-time code, held against the one that was sent last for a challenge.
    pub(super) fn check_code(
        &self,
        offered: &PinDigits,
        (account, challenge): (&Token, &Pending),
        now: DateTime<Utc>,
    ) -> CodeCheck {
        let id = challenge.decision.as_u128();
        let is_it = |kept: &Verifier| self.short.verify(ShortSecret::Code, account, id, offered, kept).unwrap_or(false);
        SentCode::check(challenge.code.as_ref(), is_it, now)
    }

    /// Makes the verifier of a new code.
    pub(super) fn code_verifier(&self, account: &Token, challenge: RecordId, value: &PinDigits) -> Verifier {
        self.short.verifier(ShortSecret::Code, account, challenge.as_u128(), value)
    }

    /// Makes the verifier of a new transfer PIN.
    pub(super) fn transfer_verifier(&self, account: &Token, id: TransferPinId, value: &PinDigits) -> Verifier {
        self.short.verifier(ShortSecret::TransferPin, account, id.as_u128(), value)
    }
}

/// What a transfer PIN is looked at for.
pub(super) struct TransferAsk<'a> {
    /// The account.
    pub(super) account: Token,
    /// Its secrets.
    pub(super) credentials: &'a Credentials,
    /// The line that would leave.
    pub(super) line: &'a Line,
    /// Locks of the account, whose epochs void.
    pub(super) account_locks: &'a crate::domain::Protection,
    /// The carrier it would go to.
    pub(super) gaining: Option<Spid>,
    /// Now.
    pub(super) now: DateTime<Utc>,
}

impl TransferAsk<'_> {
    /// INVARIANT (permit-once): a lock turned on since the issue has voided it.
    fn is_alive(&self, pin: &TransferPin) -> bool {
        let action = crate::domain::Action::TransferPinIssue;
        let alive = |locks: &crate::domain::Protection| locks.is_alive(action, pin.granted_seq);
        alive(self.account_locks) && alive(&self.line.protection)
    }
}
