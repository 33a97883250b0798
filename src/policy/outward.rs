//! How much of a verdict whom is told. The record holds all of it.

use chrono::{DateTime, Utc};

use super::persons::asker_of;
use super::request::{Request, account_number_matched};
use super::{Asker, PersonStanding};
use crate::domain::{
    Factor, FactorOption, GivenReason, Level, Outcome, Reason, Role, RuleId, Snapshot, Usability, Verdict,
};

/// Who hears an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Another carrier: the outcome and a code.
    Carrier {
        /// Whether it named the account number; before that it learns nothing of the line.
        account_number_matched: bool,
    },
    /// Staff, and systems that act for a customer.
    Staff,
    /// A customer, or whoever stands at a PIN pad or speaks to a voice system.
    Customer {
        /// Only the owner is told how a lock comes off.
        owner: bool,
    },
    /// The fraud desk and auditors: everything.
    Everything,
}

impl Audience {
    /// The audience of a request's answer.
    pub fn of(request: &Request<'_>, snapshot: &Snapshot<'_>) -> Self {
        if matches!(request.requester.role, Role::FraudOps | Role::Auditor) {
            return Self::Everything;
        }
        match asker_of(request.requester, snapshot.account, &snapshot.line.id) {
            Asker::Carrier => Self::Carrier { account_number_matched: account_number_matched(request, snapshot) },
            _ if request.interaction.channel.is_carrier() => {
                Self::Carrier { account_number_matched: account_number_matched(request, snapshot) }
            }
            Asker::Customer(person) => Self::Customer { owner: person == PersonStanding::Owner },
            Asker::CustomerEntry => Self::Customer { owner: false },
            Asker::Staff | Asker::System => Self::Staff,
        }
    }
}

/// A verdict as its audience may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outward {
    /// Why, strongest first; none for carriers, which get codes.
    pub reasons: Vec<GivenReason>,
    /// With a challenge: the level of proof that would do.
    pub required: Option<Level>,
    /// With a challenge: the factors that would help.
    pub options: Vec<FactorOption>,
    /// When to ask again, where time alone helps.
    pub retry_at: Option<DateTime<Utc>>,
    /// What the person in front of the caller should do next; empty for carriers and with an approval.
    pub next_step: &'static str,
    /// Whether score, contributions and facts may be shown.
    pub explained: bool,
}

/// What of a verdict an audience is told.
///
/// INVARIANT (unknown-looks-known): what is left out here is what would tell a line that exists from one that does not, or what
/// an account holds, to those who may not know.
pub fn outward(audience: Audience, verdict: &Verdict) -> Outward {
    let (mut required, mut options, mut retry_at) = match &verdict.outcome {
        Outcome::Approve(_) => (None, Vec::new(), None),
        Outcome::Challenge(challenge) => (Some(challenge.required), challenge.options.clone(), None),
        Outcome::Deny(denial) => (None, Vec::new(), denial.retry_at),
    };
    if audience == (Audience::Carrier { account_number_matched: false }) {
        retry_at = None;
        if required.is_some() {
            (required, options) = (Some(Level::Basic), any_ports_options());
        }
    }
    Outward {
        reasons: reasons(audience, verdict),
        required,
        options,
        retry_at,
        next_step: next_step(audience, verdict),
        explained: audience == Audience::Everything,
    }
}

/// What any port is offered.
fn any_ports_options() -> Vec<FactorOption> {
    let usable = |factor| FactorOption { factor, usability: Usability::Usable };
    vec![usable(Factor::TransferPin), usable(Factor::AppApproval)]
}

fn reasons(audience: Audience, verdict: &Verdict) -> Vec<GivenReason> {
    let proven = !verdict.accepted.is_empty();
    let told = |reason: Reason| match audience {
        Audience::Everything => true,
        Audience::Carrier { .. } => false,
        // Whoever stands at a PIN pad is told of a document what its staff are.
        Audience::Customer { owner } => {
            reason != Reason::UnknownLine && (owner || proven || !is_about_the_document(reason))
        }
        Audience::Staff => reason != Reason::UnknownLine && (proven || !is_about_the_secret(reason)),
    };
    // INVARIANT (off-hours-opens-nothing): who is off the roster learns that, and nothing of the line.
    let off_roster = verdict.reasons.iter().find(|given| given.reason == Reason::OffRoster);
    if let (Some(only), Audience::Staff | Audience::Customer { .. }) = (off_roster, audience) {
        return vec![*only];
    }
    let mut reasons: Vec<_> = verdict.reasons.iter().copied().filter(|given| told(given.reason)).collect();
    if reasons.is_empty() && !verdict.reasons.is_empty() && !matches!(audience, Audience::Carrier { .. }) {
        reasons.push(GivenReason { reason: Reason::NoCustomerProof, rule: NO_CUSTOMER_PROOF });
    }
    reasons
}

const NO_CUSTOMER_PROOF: RuleId = "P6-no-customer-proof";

/// Reasons that tell that a PIN was right, and how old it is, or that a document has the right name.
const fn is_about_the_secret(reason: Reason) -> bool {
    matches!(reason, Reason::PinTooNew | Reason::PinBeforeBreach | Reason::PinDormant | Reason::PinIsDefault)
        || is_about_the_document(reason)
}

/// Those of a document.
const fn is_about_the_document(reason: Reason) -> bool {
    matches!(reason, Reason::DocumentElsewhere | Reason::DocumentRests)
}

/// Plain words for what to do next.
fn next_step(audience: Audience, verdict: &Verdict) -> &'static str {
    if matches!(audience, Audience::Carrier { .. }) {
        return "";
    }
    match &verdict.outcome {
        Outcome::Approve(_) => "",
        Outcome::Challenge(challenge) => {
            challenge_step(challenge.options.iter().find(|o| o.usability == Usability::Usable))
        }
        Outcome::Deny(denial) => {
            let first = reasons(audience, verdict).first().map(|given| given.reason);
            denial_step(audience, first, &denial.still_works)
        }
    }
}

fn challenge_step(option: Option<&FactorOption>) -> &'static str {
    match option.map(|option| option.factor) {
        Some(Factor::AccountPin) => {
            "Let the customer enter their PIN themselves, at a PIN pad or in a call to the voice system, or approve this \
             change in the app."
        }
        Some(Factor::TransferPin) => "Ask the customer for a transfer PIN. They get one in the app.",
        Some(Factor::OneTimeCode) => {
            "Send the customer a code, and let them enter it themselves: at a PIN pad, in a call to the voice system or in the \
             app. Never ask them to read it out."
        }
        Some(Factor::AppApproval) => {
            "Let the customer approve this change in the app, on a device they have used for a while."
        }
        Some(Factor::IdDocument) => {
            "Scan the customer's identity document, and let a colleague on another device say that they have seen both. It \
             counts after some hours; nobody needs to wait here."
        }
        None => "",
    }
}

fn denial_step(audience: Audience, reason: Option<Reason>, still_works: &[Factor]) -> &'static str {
    let owner = matches!(audience, Audience::Customer { owner: true } | Audience::Everything);
    match reason {
        Some(Reason::LockOn) if owner => {
            "A lock forbids this. To go on, turn it off in the app or on the web and wait until that takes effect."
        }
        Some(Reason::LockOn | Reason::OwnerOnly) => "Only the account's owner can change this account's protection.",
        Some(Reason::CoolingDown) => "The protection was turned off too lately. Ask again later.",
        Some(Reason::PinAttemptsExhausted) if still_works.contains(&Factor::AppApproval) => {
            "The PIN is off for now. An approval in the app still works."
        }
        Some(Reason::PinAttemptsExhausted) => "The PIN is off for now. Ask again later.",
        Some(Reason::TransferPinExpired | Reason::TransferPinVoid) => {
            "This transfer PIN is no longer good. The customer gets a new one in the app."
        }
        Some(
            Reason::AccountNumberMissing
            | Reason::AccountNumberWrong
            | Reason::PostalCodeWrong
            | Reason::HolderNameWrong
            | Reason::SimNotAsStated
            | Reason::PinMismatch
            | Reason::CodeWrong
            | Reason::TransferPinWrong,
        ) => "Correct what was given and ask again.",
        Some(Reason::LineInactive) => "The line is not in service.",
        Some(Reason::NoCustomerProof) => {
            "Nothing was given by the customer yet. Let them answer at a PIN pad, in a call to the voice system or in the app."
        }
        Some(Reason::ChallengeDeclined) => "The customer said no. Do not ask again for them.",
        Some(Reason::ChallengeLapsed) => "The time for proof is over. If the customer is here and wants it, ask anew.",
        Some(_) => "This cannot be done now. The fraud desk can look into it.",
        None => "",
    }
}

/// One plain sentence for a reason.
pub const fn message(reason: Reason) -> &'static str {
    match reason {
        Reason::LockOn => "A lock forbids this change.",
        Reason::OwnerOnly => "Only the account's owner may do this.",
        Reason::CoolingDown => "A release of a lock has not taken effect yet, or must rest after it did.",
        Reason::ReleasedRecently => "A lock was released lately, so more proof is needed.",
        Reason::PinMismatch => "The PIN is wrong.",
        Reason::PinTooNew => "The PIN was set too lately to prove anything.",
        Reason::PinBeforeBreach => "The PIN may be known to others and must be changed.",
        Reason::PinDormant => "The PIN was not used for so long that it needs something beside it.",
        Reason::PinAttemptsExhausted => "Too many wrong PINs: it is off for a while.",
        Reason::PinAttemptsMany => "Several wrong PINs lately, so something the customer has is needed.",
        Reason::PinIsDefault => "The PIN is the one the carrier made, which proves nothing.",
        Reason::PinNotChecked => "The PIN could not be checked in time.",
        Reason::TransferPinMissing => "A transfer PIN is needed.",
        Reason::TransferPinWrong => "The transfer PIN is wrong.",
        Reason::TransferPinExpired => "The transfer PIN has expired.",
        Reason::TransferPinVoid => "The transfer PIN was used or is void.",
        Reason::TransferPinUnproven => "The transfer PIN is not asked from a device known for long.",
        Reason::NoCustomerProof => "The customer has not proven that they ask.",
        Reason::NoUsableFactor => "Nothing the customer could prove it with is usable now.",
        Reason::ProofTooWeak => "More proof is needed.",
        Reason::ChallengeDeclined => "The customer said no.",
        Reason::ChallengeLapsed => "The customer did not prove in time that they ask.",
        Reason::CodeWrong => "The code is wrong, or no longer good.",
        Reason::DocumentElsewhere => "The identity document was shown on another customer's account lately.",
        Reason::DocumentRests => "The identity document was seen too lately: it counts some hours later.",
        Reason::ContactUnusable => "The code went to a contact that proves nothing now.",
        Reason::AccountNumberMissing => "The account number is missing.",
        Reason::AccountNumberWrong => "The account number is wrong.",
        Reason::PostalCodeWrong => "The postal code is wrong.",
        Reason::HolderNameWrong => "The holder's name is wrong.",
        Reason::SimNotAsStated => "The line is not on the SIM that was stated.",
        Reason::SimChangedRecently => "The SIM changed lately.",
        Reason::ContactChangedRecently => "A contact changed lately.",
        Reason::ResetRecently => "A PIN or contact was reset lately.",
        Reason::LogInsFailed => "Many log-ins failed lately.",
        Reason::NewDevice => "The request comes from a new device.",
        Reason::PhoneNotAtHand => "The phone is said to be lost, stolen or broken.",
        Reason::PhoneAttached => "The phone is said to be broken and was on the network minutes ago.",
        Reason::Flagged => "The line or account is flagged.",
        Reason::UnknownLine => "The line is not known.",
        Reason::LineInactive => "The line is not in service.",
        Reason::SignalMissing => "A fact that the policy needs is missing.",
        Reason::ScoreHigh => "The request looks unusual.",
        Reason::SourceSpraying => "PINs were wrong on many accounts from where this request comes.",
        Reason::StaffVelocity => "Too many accounts lately without a sign of their customers, or too fast.",
        Reason::AccountSweep => "More lines of this account asked to leave lately.",
        Reason::StaffHeld => "Who asks, or where they ask, is held: the fraud desk must look first.",
        Reason::CarrierHeld => "The carrier is held: the fraud desk must look first.",
        Reason::OffRoster => "Who asks is not on the roster at this hour, in this store or on this device.",
        Reason::NetworkNotRegistered => "The store's device is on a network that is not registered for its store.",
        Reason::AnomalousRead => "This account was looked at together with many others lately.",
        Reason::HandsetElsewhere => "Other customers' lines were moved to this handset lately.",
        Reason::Own(own) => own.meaning(),
    }
}
