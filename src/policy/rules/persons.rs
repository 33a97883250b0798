//! P2 and P6: whose proof counts, and that there must be some.

use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::{Action, Level, PinCheck, Reason};
use crate::policy::document::Policy;
use crate::policy::facts::{AppFact, Asker, Facts, PersonStanding};
use crate::policy::fitness::PinFitness;
use crate::policy::persons::is_owners;
use crate::policy::proof::Accepted;

pub(super) const OWNER_RULES: &[Rule] = &[
    Rule::new(
        "P2-owner-only",
        Actions::of(&[Action::LockRelease]),
        |facts, _| is_other_customer(facts).into(),
        RuleEffect::Deny,
        Reason::OwnerOnly,
    ),
    // Others may ask; their own factors do not count, the owner's do.
    Rule::new(
        "P6-owners-proof",
        Actions::of(&[Action::PinChange, Action::ContactChange, Action::OwnerChange]),
        |facts, _| (is_other_customer(facts) || facts.app == AppFact::WrongPerson).into(),
        RuleEffect::AtLeast(Level::Basic),
        Reason::OwnerOnly,
    ),
];

/// Told last: it says no more than that nothing was proven.
pub(super) const PROOF_RULES: &[Rule] = &[Rule::new(
    "P6-no-customer-proof",
    Actions::ALL,
    |facts, policy| has_no_customer_proof(facts, policy).into(),
    RuleEffect::AtLeast(Level::Basic),
    Reason::NoCustomerProof,
)];

fn is_other_customer(facts: &Facts) -> bool {
    matches!(facts.asker, Asker::Customer(person) if person != PersonStanding::Owner)
}

fn has_no_customer_proof(facts: &Facts, policy: &Policy) -> bool {
    if Accepted::of(facts, policy).any() || (facts.action == Action::PortOut && policy.transfer_pin.issued) {
        return false;
    }
    // For staff always; for others only where no reason of its own says why what they offered is none.
    facts.asker == Asker::Staff || !is_explained(facts)
}

fn is_explained(facts: &Facts) -> bool {
    let pin = match facts.pin_check {
        PinCheck::NotSupplied | PinCheck::NotAdmitted => false,
        PinCheck::Matched => facts.pin_entry_counts && facts.pin_fitness != PinFitness::Fit,
        PinCheck::Mismatched | PinCheck::NotSet | PinCheck::Exhausted { .. } | PinCheck::Shed => true,
    };
    pin || (is_owners(facts.action) && is_other_customer(facts))
}
