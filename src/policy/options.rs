//! What a challenge offers: the factors that would reach the level, and whether they are usable now.

use super::contacts::ContactFitness;
use super::document::Policy;
use super::facts::{Asker, DocumentFact, Documents, Facts, PersonStanding, WayBackFact};
use super::fitness::PinFitness;
use super::proof::Accepted;
use super::rules::just_after;
use crate::domain::{Action, Factor, FactorOption, Level, Reason, Usability};

/// The factors that would reach `required`, or `with_pin` where the account PIN is one of them; usable ones first. Of two that
/// reach it only together neither is usable without the other.
pub(super) fn options(
    policy: &Policy,
    facts: &Facts,
    accepted: Accepted,
    (required, with_pin): (Level, Level),
) -> Vec<FactorOption> {
    let sighted = may_see_the_account(facts, accepted);
    let knowledge = |beside| knowledge(policy, facts, sighted, beside);
    let code = facts.codes_sent.then(|| code(facts, sighted));
    let has_knowledge = accepted.account_pin || accepted.transfer_pin;
    // Both PINs are knowledge and a code is possession: alone they reach the basic level and no other.
    let (knowledge, code) = match (with_pin, code) {
        (Level::None | Level::Basic, _) if required > with_pin => (Some(knowledge(false)), None),
        (Level::None | Level::Basic, code) => (Some(knowledge(false)), code.map(alone)),
        (Level::TwoClasses, Some(code)) if has_knowledge => (None, Some(code.0)),
        (Level::TwoClasses, Some(_)) if accepted.code => (Some(knowledge(true)), None),
        (Level::TwoClasses, Some((code, only_beside))) => {
            let knowledge = knowledge(!only_beside);
            let both = later(knowledge.usability, code.usability);
            let together = |option| FactorOption { usability: both, ..option };
            (Some(together(knowledge)), Some(together(code)))
        }
        (Level::TwoClasses, None) | (Level::Strong, _) => (None, None),
    };
    let app = FactorOption {
        factor: Factor::AppApproval,
        usability: match facts.app_usable {
            // Past a lock it takes the document.
            _ if facts.way_back == WayBackFact::PastLock => Usability::Unusable(Reason::LockOn),
            usable if sighted => usable,
            _ => Usability::Usable,
        },
    };
    let document = document(facts, sighted);
    let mut options: Vec<FactorOption> = knowledge.into_iter().chain(code).chain([app]).chain(document).collect();
    options.sort_by_key(|option| !is_usable(option));
    options
}

/// Whether an option can be used now.
pub(super) fn is_usable(option: &FactorOption) -> bool {
    option.usability == Usability::Usable
}

/// Whether options may tell what the account has: to a customer signed in on it, and to anyone once the customer has proven
/// something.
///
/// INVARIANT (unknown-looks-known): everybody else is offered what any line would be offered, so that neither the number nor
/// its PIN nor its app nor its contacts show. A challenge that nobody can meet lapses.
fn may_see_the_account(facts: &Facts, accepted: Accepted) -> bool {
    accepted.any() || matches!(facts.asker, Asker::Customer(person) if person != PersonStanding::Stranger)
}

/// A PIN; `beside` where it is to be given with a factor of another class.
fn knowledge(policy: &Policy, facts: &Facts, sighted: bool, beside: bool) -> FactorOption {
    if facts.action == Action::PortOut && policy.transfer_pin.issued {
        FactorOption { factor: Factor::TransferPin, usability: Usability::Usable }
    } else {
        FactorOption { factor: Factor::AccountPin, usability: account_pin(facts, sighted, beside) }
    }
}

/// A code, and whether it counts only beside another class.
fn code(facts: &Facts, sighted: bool) -> (FactorOption, bool) {
    let usability = match facts.best_contact {
        _ if !sighted => Usability::Usable,
        ContactFitness::Fit | ContactFitness::Beside => Usability::Usable,
        ContactFitness::NotBefore(from) => Usability::NotBefore(from, Reason::ContactUnusable),
        ContactFitness::Unfit => Usability::Unusable(Reason::ContactUnusable),
    };
    let beside = sighted && facts.best_contact == ContactFitness::Beside;
    (FactorOption { factor: Factor::OneTimeCode, usability }, beside)
}

/// An identity document, where one could be shown: it reaches every level.
fn document(facts: &Facts, sighted: bool) -> Option<FactorOption> {
    let usability = match (facts.documents, facts.document) {
        (Documents::NotHere, _) => return None,
        _ if !sighted => Usability::Usable,
        (_, DocumentFact::Rests { until }) => Usability::NotBefore(until, Reason::DocumentRests),
        (Documents::NotOnRecord, _) => Usability::Unusable(Reason::NoUsableFactor),
        (Documents::Here, _) => Usability::Usable,
    };
    Some(FactorOption { factor: Factor::IdDocument, usability })
}

fn alone((code, beside): (FactorOption, bool)) -> FactorOption {
    if beside { FactorOption { usability: Usability::Unusable(Reason::ContactUnusable), ..code } } else { code }
}

/// What two are together: usable where both are.
fn later(one: Usability, other: Usability) -> Usability {
    match (one, other) {
        (unusable @ Usability::Unusable(_), _) | (_, unusable @ Usability::Unusable(_)) => unusable,
        (Usability::NotBefore(from, _), Usability::NotBefore(other, reason)) if from < other => {
            Usability::NotBefore(other, reason)
        }
        (later @ Usability::NotBefore(..), _) | (_, later @ Usability::NotBefore(..)) => later,
        (Usability::Usable, Usability::Usable) => Usability::Usable,
    }
}

fn account_pin(facts: &Facts, sighted: bool, beside: bool) -> Usability {
    if let Some(until) = facts.pin_off_until {
        return Usability::NotBefore(just_after(until), Reason::PinAttemptsExhausted);
    }
    if !sighted {
        return Usability::Usable;
    }
    if matches!(facts.asker, Asker::Customer(_)) && !facts.pin_entry_counts {
        return Usability::Unusable(Reason::OwnerOnly);
    }
    match facts.pin_fitness {
        PinFitness::Fit => Usability::Usable,
        PinFitness::Dormant if beside => Usability::Usable,
        PinFitness::TooNew { until } => Usability::NotBefore(until, Reason::PinTooNew),
        PinFitness::NotSet => Usability::Unusable(Reason::NoUsableFactor),
        PinFitness::BeforeBreach => Usability::Unusable(Reason::PinBeforeBreach),
        PinFitness::Default => Usability::Unusable(Reason::PinIsDefault),
        PinFitness::Dormant => Usability::Unusable(Reason::PinDormant),
    }
}
