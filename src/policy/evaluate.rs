//! The whole decision: facts to verdict.

use chrono::{DateTime, Utc};

use super::document::Policy;
use super::facts::{Facts, Values};
use super::fitness::PinFitness;
use super::options::{is_usable, options};
use super::proof::Accepted;
use super::request::Request;
use super::ruling::Ruling;
use crate::domain::{
    Action, Approval, Challenge, Checks, Denial, FactorOption, GivenReason, Level, Outcome, PinCheck, Reason,
    RosterStanding, Snapshot, Standing, Usability, Verdict,
};

/// Decides. Equal inputs give equal verdicts, on any machine, at any time.
///
/// `snapshot` has its due changes applied at the same `now`, and `checks` are what looking at the evidence found, as far as
/// [`super::admit()`] let it be looked at. In mode ADVISE checks are ignored.
pub fn evaluate(
    policy: &Policy,
    request: &Request<'_>,
    snapshot: &Snapshot<'_>,
    checks: &Checks,
    now: DateTime<Utc>,
) -> Verdict {
    decide(policy, &Facts::gather(policy, request, snapshot, checks, now))
}

/// Decides on facts alone: the step that can be repeated for a decision on record.
pub fn decide(policy: &Policy, facts: &Facts) -> Verdict {
    let accepted = Accepted::of(facts, policy);
    let values = Values::of(facts, accepted);
    let ruling = Ruling::of(policy, facts, &values);
    let (outcome, reasons) = if ruling.is_denied() {
        deny_by_rule(policy, facts, &ruling, accepted)
    } else if accepted.level() >= ruling.required && !ruling.held {
        approve(policy, facts, &ruling)
    } else {
        challenge(policy, facts, &ruling, accepted)
    };
    Verdict {
        outcome,
        reasons,
        contributions: ruling.contributions,
        score: ruling.score,
        required: ruling.required,
        accepted: accepted.factors(),
        holds: ruling.holds,
        locks: ruling.locks,
    }
}

type Answer = (Outcome, Vec<GivenReason>);

fn deny_by_rule(policy: &Policy, facts: &Facts, ruling: &Ruling<'_>, accepted: Accepted) -> Answer {
    let reasons = ruling.denial_reasons();
    let pin_is_off = reasons.iter().any(|given| given.reason == Reason::PinAttemptsExhausted);
    let still_works = if pin_is_off && reasons.len() == 1 {
        let options = options(policy, facts, accepted, (ruling.required, ruling.required));
        options.iter().filter(|option| is_usable(option)).map(|option| option.factor).collect()
    } else {
        Vec::new()
    };
    (Outcome::Deny(Denial { retry_at: ruling.denials_over_at(), still_works }), reasons)
}

/// The only place that makes an approval.
///
/// INVARIANT (locked-never-approved, fail-closed): whatever the table of rules says, a lock that refuses and a line that is not
/// there end here; so does whoever is off their hours.
fn approve(policy: &Policy, facts: &Facts, ruling: &Ruling<'_>) -> Answer {
    if facts.stance.refuses() || facts.standing == Standing::Unknown {
        let reason = GivenReason { reason: Reason::LockOn, rule: "P1-lock-on" };
        return (Outcome::Deny(Denial { retry_at: None, still_works: Vec::new() }), vec![reason]);
    }
    // INVARIANT (off-hours-opens-nothing)
    if facts.roster == RosterStanding::OffHours {
        let reason = GivenReason { reason: Reason::OffRoster, rule: "P6-off-hours" };
        return (Outcome::Deny(Denial { retry_at: None, still_works: Vec::new() }), vec![reason]);
    }
    let approval = Approval { not_before: facts.change_at.max(facts.now + ruling.wait), life: policy.permit_life };
    let mut reasons = ruling.reasons_above(Level::Basic);
    for waits in ruling.waits() {
        if reasons.iter().all(|known| known.reason != waits.reason) {
            reasons.push(waits);
        }
    }
    (Outcome::Approve(approval), reasons)
}

/// A challenge where something usable would meet it, else a refusal.
fn challenge(policy: &Policy, facts: &Facts, ruling: &Ruling<'_>, accepted: Accepted) -> Answer {
    let achieved = accepted.level();
    let mut reasons = ruling.reasons_above(achieved);
    let (required, with_pin) = (ruling.required, required_with_pin(policy, facts, ruling, accepted));
    let options = options(policy, facts, accepted, (required, with_pin));
    if options.iter().any(is_usable) {
        let expires_at = facts.now + policy.challenge_life;
        return (Outcome::Challenge(Challenge { required, with_pin, options, expires_at }), reasons);
    }
    reasons.insert(0, GivenReason { reason: Reason::NoUsableFactor, rule: "P6-no-usable-factor" });
    let retry_at = usable_from(&options).into_iter().chain(ruling.over_at_above(achieved)).min();
    (Outcome::Deny(Denial { retry_at, still_works: Vec::new() }), reasons)
}

/// The level that does once the right PIN is given as well: P21 asks for less then.
///
/// What would be is asked of the same rules, so no rule is known twice. Nothing of the account's own PIN plays a part in it.
fn required_with_pin(policy: &Policy, facts: &Facts, ruling: &Ruling<'_>, accepted: Accepted) -> Level {
    if ruling.required < Level::Strong || accepted.account_pin || facts.action == Action::PortOut {
        return ruling.required;
    }
    let (pin_check, pin_fitness) = (PinCheck::Matched, PinFitness::Fit);
    let given = Facts { pin_check, pin_fitness, pin_entry_counts: true, pin_off_until: None, ..*facts };
    let values = Values::of(&given, Accepted { account_pin: true, ..accepted });
    Ruling::of(policy, &given, &values).required.min(ruling.required)
}

fn usable_from(options: &[FactorOption]) -> Option<DateTime<Utc>> {
    let earliest = options.iter().filter_map(|option| match option.usability {
        Usability::NotBefore(from, _) => Some(from),
        Usability::Usable | Usability::Unusable(_) => None,
    });
    earliest.min()
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::{Accepted, Ruling, Values, approve};
    use crate::domain::{LockSet, OutcomeKind};
    use crate::policy::Facts;
    use crate::policy::tests::world::{Ask, World, now};

    /// INVARIANT (locked-never-approved, fail-closed): the guard stands without the table of rules.
    #[test]
    fn no_approval_is_made_over_a_lock_or_for_a_line_that_is_not_there() {
        let made = |world: &World, at: DateTime<Utc>| {
            let ask = Ask::owner().right_pin().app("ann-phone");
            let facts = Facts::gather(&world.policy, &ask.request.request(), &world.snapshot(), &ask.checks, at);
            let accepted = Accepted::of(&facts, &world.policy);
            let values = Values::of(&facts, accepted);
            approve(&world.policy, &facts, &Ruling::of(&world.policy, &facts, &values)).0.kind()
        };
        assert_eq!(made(&World::new(), now()), OutcomeKind::Approve);
        assert_eq!(made(&World::new().locked(LockSet::Sim), now()), OutcomeKind::Deny);
        assert_eq!(made(&World::unknown(), now()), OutcomeKind::Deny);
    }
}
