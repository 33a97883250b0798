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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BESIDE, all, rule_named};

    #[test]
    fn every_rule_has_a_name_of_its_own_that_comes_back() {
        let names: Vec<&str> = all().map(|rule| rule.id).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in names.into_iter().chain(BESIDE) {
            assert_eq!(rule_named(name), name);
            let paragraph = name.strip_prefix('P').and_then(|rest| rest.split('-').next());
            assert!(paragraph.is_some_and(|number| number.parse::<u8>().is_ok()), "{name}");
        }
        assert_eq!(rule_named("P0-gone"), "retired-rule");
    }
}
