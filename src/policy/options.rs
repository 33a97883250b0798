//! What a challenge offers: the factors that would reach the level, and whether they are usable now.

use super::document::Policy;
use super::facts::{Asker, Facts, PersonStanding};
use super::fitness::PinFitness;
use super::proof::Accepted;
use super::rules::just_after;
use crate::domain::{Action, Factor, FactorOption, Level, Reason, Usability};

/// The factors that would reach `required`, usable ones first.
pub(super) fn options(policy: &Policy, facts: &Facts, accepted: Accepted, required: Level) -> Vec<FactorOption> {
    let sighted = may_see_the_account(facts, accepted);
    let app = FactorOption {
        factor: Factor::AppApproval,
        usability: if sighted { facts.app_usable } else { Usability::Usable },
    };
    // Both PINs are knowledge: alone they reach the basic level and no other.
    let knowledge = (required <= Level::Basic).then(|| {
        if facts.action == Action::PortOut && policy.transfer_pin.issued {
            FactorOption { factor: Factor::TransferPin, usability: Usability::Usable }
        } else {
            FactorOption { factor: Factor::AccountPin, usability: account_pin(facts, sighted) }
        }
    });
    let mut options: Vec<FactorOption> = knowledge.into_iter().chain([app]).collect();
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
/// its PIN nor its app shows. A challenge that nobody can meet lapses.
fn may_see_the_account(facts: &Facts, accepted: Accepted) -> bool {
    accepted.any() || matches!(facts.asker, Asker::Customer(person) if person != PersonStanding::Stranger)
}

fn account_pin(facts: &Facts, sighted: bool) -> Usability {
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
        PinFitness::TooNew { until } => Usability::NotBefore(until, Reason::PinTooNew),
        PinFitness::NotSet => Usability::Unusable(Reason::NoUsableFactor),
        PinFitness::BeforeBreach => Usability::Unusable(Reason::PinBeforeBreach),
        PinFitness::Default => Usability::Unusable(Reason::PinIsDefault),
        PinFitness::Dormant => Usability::Unusable(Reason::PinDormant),
    }
}
