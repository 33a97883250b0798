//! P21 and section 2's validation: what the asker says. Facts must match where given, and in any number prove nothing.

use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::{Action, Level, Reason, SimChangeCause};
use crate::policy::facts::{Facts, Field};
use crate::policy::proof::Accepted;

const NOT_PORT: Actions = Actions::all_but(Action::PortOut);
const SIM: Actions = Actions::of(&[Action::SimChange]);

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "P21-phone-not-at-hand-without-pin",
        SIM,
        |facts, policy| (phone_is_not_at_hand(facts) && !Accepted::of(facts, policy).account_pin).into(),
        RuleEffect::AtLeast(Level::Strong),
        Reason::PhoneNotAtHand,
    ),
    Rule::new(
        "P21-phone-not-at-hand",
        SIM,
        |facts, _| phone_is_not_at_hand(facts).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::PhoneNotAtHand,
    ),
    Rule::new(
        "P23-present-sim",
        SIM,
        |facts, _| (facts.old_sim == Field::Differs).into(),
        RuleEffect::Deny,
        Reason::SimNotAsStated,
    ),
    Rule::new(
        "P23-account-number-elsewhere",
        NOT_PORT,
        |facts, _| (facts.account_number == Field::Differs).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::AccountNumberWrong,
    ),
    Rule::new(
        "P23-postal-code-elsewhere",
        NOT_PORT,
        |facts, _| (facts.postal_code == Field::Differs).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::PostalCodeWrong,
    ),
    Rule::new(
        "P23-holder-name-elsewhere",
        NOT_PORT,
        |facts, _| (facts.holder_name == Field::Differs).into(),
        RuleEffect::AtLeast(Level::TwoClasses),
        Reason::HolderNameWrong,
    ),
];

fn phone_is_not_at_hand(facts: &Facts) -> bool {
    matches!(facts.cause, Some(SimChangeCause::Lost | SimChangeCause::Stolen | SimChangeCause::Broken))
}
