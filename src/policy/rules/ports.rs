//! P23: what a port request gives must be right; each wrong field has its own reason and is free to correct.

use super::pins::is_wrong;
use super::rule::{Actions, Rule, RuleEffect};
use crate::domain::{Action, PinCheck, Reason};
use crate::policy::facts::{Field, TransferPinFact};

const PORT: Actions = Actions::of(&[Action::PortOut]);

pub(super) const RULES: &[Rule] = &[
    Rule::new(
        "P23-account-number-missing",
        PORT,
        |facts, policy| (policy.port_account_number_required && facts.account_number == Field::NotGiven).into(),
        RuleEffect::Deny,
        Reason::AccountNumberMissing,
    ),
    Rule::new(
        "P23-account-number",
        PORT,
        |facts, _| (facts.account_number == Field::Differs).into(),
        RuleEffect::Deny,
        Reason::AccountNumberWrong,
    ),
    Rule::new(
        "P23-postal-code",
        PORT,
        |facts, _| (facts.postal_code == Field::Differs).into(),
        RuleEffect::Deny,
        Reason::PostalCodeWrong,
    ),
    Rule::new(
        "P23-holder-name",
        PORT,
        |facts, _| (facts.holder_name == Field::Differs).into(),
        RuleEffect::Deny,
        Reason::HolderNameWrong,
    ),
    Rule::new("P23-pin", PORT, |facts, _| is_wrong(facts).into(), RuleEffect::Deny, Reason::PinMismatch),
    // INVARIANT (fail-closed): a PIN that was given and could not be looked at may be wrong.
    Rule::new(
        "P23-pin-not-checked",
        PORT,
        |facts, _| (facts.pin_check == PinCheck::Shed).into(),
        RuleEffect::AtBestChallenge,
        Reason::PinNotChecked,
    ),
    Rule::new(
        "P23-transfer-pin",
        PORT,
        |facts, _| (facts.transfer_pin == TransferPinFact::Wrong).into(),
        RuleEffect::Deny,
        Reason::TransferPinWrong,
    ),
    Rule::new(
        "P23-transfer-pin-expired",
        PORT,
        |facts, _| (facts.transfer_pin == TransferPinFact::Expired).into(),
        RuleEffect::Deny,
        Reason::TransferPinExpired,
    ),
    Rule::new(
        "P23-transfer-pin-void",
        PORT,
        |facts, _| (facts.transfer_pin == TransferPinFact::Void).into(),
        RuleEffect::Deny,
        Reason::TransferPinVoid,
    ),
];
