//! The table: every family, the order of families being the order of reasons.

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
