//! A decision on record, decided again by another policy.
//!
//! What a record holds is enough: the facts by their numbers, and the factors that were accepted. Deliberately absent: what a
//! policy's knobs made of the world before it became facts (the windows in which things are counted, the ages from which PINs and
//! devices are good): those are as they were recorded.

use chrono::{DateTime, Utc};

use super::document::Policy;
use super::facts::{Fact, Values};
use super::language::Tri;
use super::proof::Accepted;
use super::ruling::Ruling;
use crate::domain::{Action, Channel, Contribution, Factor, Level, OutcomeKind, Reason, RuleId, level_of};

/// What a record says of one decision.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// What was asked.
    pub action: Action,
    /// Through what.
    pub channel: Channel,
    /// The facts.
    pub facts: &'a [(u16, i64)],
    /// The facts that its engine knew of, a bit for each number; none where it did not say.
    pub known: Option<u128>,
    /// The factors that were accepted.
    pub accepted: &'a [Factor],
    /// Whether it was refused because nothing that would have met a challenge was usable.
    pub had_no_usable_factor: bool,
}

/// What another policy would have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Approve, challenge or deny.
    pub outcome: OutcomeKind,
    /// The score.
    pub score: u32,
    /// The proof that would have been needed.
    pub required: Level,
    /// What every rule that held contributed.
    pub contributions: Vec<Contribution>,
    /// The rules without which it would have been approved; none where it is.
    pub because: Vec<RuleId>,
    /// Facts on which a rule hangs and that the record's engine did not know of, by their names in rules. With any, nobody knows
    /// what the policy would have said: rules act as for any fact that is missing.
    pub unrecorded: Vec<&'static str>,
}

/// The number of required signals that are missing: which are required is the policy's to say.
const SIGNALS_MISSING: u8 = 41;

/// The facts of a record as the policy's rules read them, and those of them that nobody recorded then.
pub(super) fn values_of(policy: &Policy, recorded: &Recorded<'_>) -> (Values, u128) {
    let has = |factor| recorded.accepted.contains(&factor);
    let accepted = Accepted {
        account_pin: has(Factor::AccountPin),
        transfer_pin: has(Factor::TransferPin),
        code: has(Factor::OneTimeCode),
        app: has(Factor::AppApproval),
        document: has(Factor::IdDocument),
    };
    let mut values = Values::of_recorded(recorded.facts, accepted);
    let unrecorded = values.unrecorded(recorded.facts, recorded.known);
    let here = (recorded.action, recorded.channel);
    let missing = policy.signals_missing(here, |signal| values.is_known(signal.fact()));
    values.set(SIGNALS_MISSING, i64::from(missing.bits()));
    (values, unrecorded)
}

/// Decides again.
///
/// INVARIANT (locked-never-approved): what the last guard refuses it refuses here too.
pub fn replay(policy: &Policy, recorded: &Recorded<'_>) -> Replayed {
    let (values, unrecorded) = values_of(policy, recorded);
    let ruling = Ruling::asked(policy, (recorded.action, recorded.channel, recorded.at), &values);
    let achieved = level_of(recorded.accepted.iter().copied());
    let (outcome, because) = if ruling.is_denied() {
        (OutcomeKind::Deny, ruling.deniers())
    } else if achieved >= ruling.required && !ruling.held {
        let outcome = if values.refuses_for_certain() { OutcomeKind::Deny } else { OutcomeKind::Approve };
        (outcome, Vec::new())
    } else if recorded.had_no_usable_factor {
        (OutcomeKind::Deny, ruling.raisers(achieved))
    } else {
        (OutcomeKind::Challenge, ruling.raisers(achieved))
    };
    Replayed {
        outcome,
        score: ruling.score,
        required: ruling.required,
        because,
        unrecorded: hanging_on(policy, recorded.action, &values, unrecorded),
        contributions: ruling.contributions,
    }
}

/// Of these facts those that a rule about the action asks about and cannot do without.
fn hanging_on(policy: &Policy, action: Action, values: &Values, facts: u128) -> Vec<&'static str> {
    if facts == 0 {
        return Vec::new();
    }
    let hanging = policy.rules.on(action).filter(|rule| rule.when.ask(values) == Tri::Unknown);
    let asked = hanging.fold(0, |all, rule| all | rule.when.mentions());
    Fact::of_set(asked & facts).map(|fact| fact.path.unwrap_or(fact.label)).collect()
}

impl Recorded<'_> {
    /// Whether a decision with these reasons had no usable factor.
    pub fn no_usable_factor(reasons: impl IntoIterator<Item = Reason>) -> bool {
        reasons.into_iter().any(|reason| reason == Reason::NoUsableFactor)
    }
}
