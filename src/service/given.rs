//! What was given before for a question: for the challenge that it completes, or ahead of it, as far as it counts now.

use chrono::{DateTime, TimeDelta, Utc};

use super::ask::Asking;
use super::error::ServiceError;
use super::question::Question;
use super::refusal::Refusal;
use crate::domain::{
    self, Account, Completing, ContactId, Credentials, Device, GivenProof, Line, LineId, Pending, PendingStanding,
    Protection, ShownDocument,
};
use crate::policy;
use crate::store::OpenAccount;

/// How a question stands to what was given before it.
pub(super) struct Stands<'a> {
    /// The challenge that it completes.
    pub(super) pending: Option<&'a Pending>,
    /// How that one stands, or what was given ahead.
    pub(super) completing: Completing,
    /// What was given and still counts.
    pub(super) given: Given<'a>,
}

impl<'a> Stands<'a> {
    /// What was given is proof for as long as a challenge lives. `known_line` is the line, where that is known.
    pub(super) fn of(
        (asking, known_line): (&Asking<'_>, Option<&LineId>),
        (open, account, credentials, line): (&'a OpenAccount, &'a Account, &'a Credentials, &'a Line),
    ) -> Result<Self, ServiceError> {
        let Asking { question, policy, now, .. } = *asking;
        let scopes = [&account.protection, &line.protection];
        let pending = question.completes.and_then(|challenge| open.challenge(challenge));
        let completing = completing(pending, (question, known_line), scopes, now);
        let open_one = pending.filter(|_| matches!(completing, Completing::Open { .. }));
        let (ahead, asks) = given_ahead((open, question), known_line, scopes, now)?;
        let given = open_one.or(ahead);
        let given =
            given.map(|pending| Given::of(pending, (asking, policy.challenge_life), (account, credentials, line)));
        // What was given ahead and counts no more asks for nothing.
        let asks = asks.filter(|_| given.as_ref().is_some_and(Given::is_any));
        Ok(Self { pending, completing: asks.unwrap_or(completing), given: given.unwrap_or_default() })
    }
}

/// What was given for a challenge before, as far as it counts now.
#[derive(Default)]
pub(super) struct Given<'a> {
    /// The PIN that the account has now.
    pub(super) pin: bool,
    /// The device whose approval counts most: of somebody who may say yes, and the oldest of those.
    pub(super) device: Option<&'a Device>,
    /// The contact that a code was sent to, as it is still on record.
    pub(super) contact: Option<&'a ContactId>,
    /// The document that was shown.
    pub(super) document: Option<ShownDocument<'a>>,
}

impl<'a> Given<'a> {
    /// Whether anything counts.
    const fn is_any(&self) -> bool {
        self.pin || self.device.is_some() || self.contact.is_some() || self.document.is_some()
    }

    /// Nothing counts that comes from where something is held by now.
    fn of(
        pending: &'a Pending,
        (asking, fresh_for): (&Asking<'_>, TimeDelta),
        (account, credentials, line): (&'a Account, &'a Credentials, &'a Line),
    ) -> Self {
        let is_free = |given: &&domain::Given| asking.books.held_given(given).is_none();
        // A document makes the challenge live longer, and nothing else of it.
        let is_fresh = |given: &&domain::Given| asking.now.signed_duration_since(given.at) < fresh_for;
        let free = pending.given.iter().filter(is_free).filter(is_fresh);
        let (mut pin, mut devices, mut code_contact) = (false, Vec::new(), None);
        for given in free {
            match &given.proof {
                GivenProof::AccountPin { set_at } => {
                    pin |= credentials.pin.as_ref().is_some_and(|pin| pin.set_at == *set_at);
                }
                GivenProof::AppApproval { device } => devices.extend(account.device(device)),
                GivenProof::OneTimeCode { contact, since, beside: _ } => {
                    let kept = account.contact(contact).filter(|kept| kept.since == *since);
                    code_contact = kept.map(|kept| &kept.id).or(code_contact);
                }
                // Told together below.
                GivenProof::Document { .. } | GivenProof::SecondPerson(_) => {}
            }
        }
        // INVARIANT (fail-closed): nobody is two people, however it came about.
        let document = pending.document(pending.given.iter().filter(is_free));
        let is_another = |shown: &ShownDocument<'_>| {
            shown.seconded.is_none_or(|(second, _)| ![&shown.scanned.by, &pending.caller].contains(&&second.by))
        };
        let document = document.filter(is_another);
        let counts = |device: &Device| policy::key_counts(account, &line.id, pending.action, asking.requester, device);
        let device = devices.into_iter().min_by_key(|device| (!counts(device), device.added_at));
        Self { pin, device, contact: code_contact, document }
    }
}

/// What was given ahead of a question, and how much proof it asks for at least, where anything of it counts.
fn given_ahead<'a>(
    (open, question): (&'a OpenAccount, &Question),
    line: Option<&LineId>,
    scopes: [&Protection; 2],
    now: DateTime<Utc>,
) -> Result<(Option<&'a Pending>, Option<Completing>), ServiceError> {
    let Some(handle) = question.evidence.handle else { return Ok((None, None)) };
    let ahead = open.challenge(handle);
    match standing_for(ahead, (question, line), scopes, now) {
        asks @ Completing::Open { .. } => Ok((ahead, Some(asks))),
        _ => Err(ServiceError::Refused(Refusal::HandleOver)),
    }
}

/// How the challenge stands that a question completes.
///
/// INVARIANT (fail-closed): one that is not there, or is for another change, is over; and so is one that a lock has ended.
fn completing(
    pending: Option<&Pending>,
    (question, line): (&Question, Option<&LineId>),
    scopes: [&Protection; 2],
    now: DateTime<Utc>,
) -> Completing {
    if question.completes.is_none() {
        return Completing::Nothing;
    }
    standing_for(pending, (question, line), scopes, now)
}

/// How what is kept of a challenge stands for a question.
fn standing_for(
    pending: Option<&Pending>,
    (question, line): (&Question, Option<&LineId>),
    scopes: [&Protection; 2],
    now: DateTime<Utc>,
) -> Completing {
    // A number that goes to another line takes no challenge with it.
    let is_it = |pending: &&Pending| pending.change == question.digest() && pending.line.as_ref() == line;
    let Some(pending) = pending.filter(is_it) else {
        return Completing::Lapsed;
    };
    let alive = scopes.iter().all(|locks| locks.is_alive(pending.action, pending.granted_seq));
    match pending.standing(alive, now) {
        PendingStanding::Open => Completing::Open { required: pending.required, with_pin: pending.with_pin },
        PendingStanding::Declined => Completing::Declined,
        PendingStanding::Lapsed | PendingStanding::Voided | PendingStanding::Met(_) | PendingStanding::Withdrawn => {
            Completing::Lapsed
        }
    }
}
