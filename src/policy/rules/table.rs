//! The table: every family, the order of families being the order of reasons.

use crate::domain::RuleId;

use super::{
    Rule, claims, cooldowns, devices, flags, lines, locks, persons, pins, ports, score, signals, transfer_pins,
};

/// Account numbers come first: until one matches, a carrier is told nothing else.
static FAMILIES: [&[Rule]; 12] = [
    ports::RULES,
    lines::RULES,
    locks::RULES,
    persons::OWNER_RULES,
    transfer_pins::RULES,
    pins::RULES,
    flags::RULES,
    cooldowns::RULES,
    devices::RULES,
    claims::RULES,
    signals::RULES,
    score::RULES,
];

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().copied().flatten().chain(persons::PROOF_RULES)
}

/// What the evaluation itself says, beside the table.
const BESIDE: [RuleId; 4] = ["P19-score", "P6-no-customer-proof", "P6-no-usable-factor", "P1-lock-on"];

/// The rule of a recorded name. One that is no longer in the table is told as such: its decision stands.
pub fn rule_named(name: &str) -> RuleId {
    let known = all().map(|rule| rule.id).chain(BESIDE).find(|id| *id == name);
    known.unwrap_or("retired-rule")
}
