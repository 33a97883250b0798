//! Decisions on record, decided again and explained.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::properties::{bytes, cases, random};
use super::world::{now, policy_with};
use crate::domain::{OutcomeKind, Reason, level_of};
use crate::policy::{Fact, Facts, KNOWN_FACTS, Policy, Recorded, Said, decide, explain, replay};

/// Stricter, milder and by other thresholds than the default policy.
static OTHERS: LazyLock<[Policy; 4]> = LazyLock::new(|| {
    let rule = "[[rule]]\nid = \"mine\"\non = [\"SIM_CHANGE\", \"PORT_OUT\"]\nwhen = 'pin.failures > 0'\nat_least = \"STRONG\"\n\
                reason = \"FLAGGED\"\n";
    let mild = crate::policy::built_in("au-acma").unwrap().unwrap();
    let asks_more = "[[signals.required]]\nsignal = \"device_sale\"\naction = \"SIM_CHANGE\"\nchannel = \"STORE\"\n";
    [
        policy_with(rule),
        policy_with(asks_more),
        policy_with("[thresholds]\nchallenge = 10\nstrong = 20\ndeny = 40\n"),
        mild,
    ]
});

proptest! {
    #![proptest_config(cases(4_000))]

    /// What a record holds is enough to decide again.
    #[test]
    fn a_recorded_decision_is_decided_alike(bytes in bytes()) {
        let (world, ask) = random(&bytes);
        let verdict = world.decide(&ask);
        let facts = Facts::gather(&world.policy, &ask.request.request(), &world.snapshot(), &ask.checks, now());
        let reasons = verdict.reasons.iter().map(|given| given.reason);
        let replayed = replay(&world.policy, &Recorded {
            at: now(),
            action: facts.action,
            channel: facts.channel,
            facts: &facts.numbered(),
            known: Some(KNOWN_FACTS),
            accepted: &verdict.accepted,
            had_no_usable_factor: Recorded::no_usable_factor(reasons),
        });
        prop_assert_eq!(replayed.outcome, verdict.outcome.kind());
        prop_assert_eq!((replayed.score, replayed.required), (verdict.score, verdict.required));
        prop_assert_eq!(&replayed.contributions, &verdict.contributions);
        prop_assert!(replayed.unrecorded.is_empty());
        let is_stricter = replayed.outcome != OutcomeKind::Approve;
        let guarded = replayed.because.is_empty() && replayed.outcome == OutcomeKind::Deny;
        prop_assert!(guarded || is_stricter != replayed.because.is_empty(), "{:?}", replayed);
    }

    /// An explanation tells of every rule, and those that it says counted are those that did.
    #[test]
    fn an_explanation_is_of_what_happened(bytes in bytes()) {
        let (world, ask) = random(&bytes);
        let verdict = world.decide(&ask);
        let facts = Facts::gather(&world.policy, &ask.request.request(), &world.snapshot(), &ask.checks, now());
        let numbered = facts.numbered();
        let recorded = Recorded {
            at: now(),
            action: facts.action,
            channel: facts.channel,
            facts: &numbered,
            known: Some(KNOWN_FACTS),
            accepted: &verdict.accepted,
            had_no_usable_factor: false,
        };
        let explained = explain(&world.policy, &recorded);
        let counted: Vec<&str> = explained.rules.iter().filter(|one| one.said.counts()).map(|one| one.rule.id).collect();
        let given = verdict.contributions.iter().map(|given| given.rule).filter(|rule| *rule != "P19-score");
        prop_assert_eq!(counted, given.collect::<Vec<_>>());
        prop_assert_eq!(explained.rules.len(), world.policy.rules.all().len());
        for one in &explained.rules {
            let is_unknown = matches!(one.said, Said::HeldUnknown | Said::DidNotHoldUnknown);
            prop_assert!(!is_unknown || one.read.iter().any(|(_, value)| value.is_none()), "{:?}", one);
        }
        for factor in &explained.would_do {
            let with = verdict.accepted.iter().chain([factor]).copied();
            prop_assert!(level_of(with) >= verdict.required && explained.achieved < verdict.required);
        }
    }

    /// What was not recorded is never read as quiet: it is unknown, and a rule that hangs on it says so.
    #[test]
    fn what_was_not_recorded_is_unknown(bytes in bytes(), fact in 1_u8..83) {
        let (world, ask) = random(&bytes);
        let verdict = world.decide(&ask);
        let facts = Facts::gather(&world.policy, &ask.request.request(), &world.snapshot(), &ask.checks, now());
        let numbered = facts.numbered();
        let recorded = Recorded {
            at: now(),
            action: facts.action,
            channel: facts.channel,
            facts: &numbered,
            known: Some(KNOWN_FACTS & !(1 << fact)),
            accepted: &verdict.accepted,
            had_no_usable_factor: Recorded::no_usable_factor(verdict.reasons.iter().map(|given| given.reason)),
        };
        let is_recorded = numbered.iter().any(|(number, _)| *number == u16::from(fact));
        let replayed = replay(&world.policy, &recorded);
        if is_recorded || Fact::numbered(fact).is_none() {
            prop_assert!(replayed.unrecorded.is_empty());
            prop_assert_eq!(replayed.outcome, verdict.outcome.kind());
        } else if replayed.outcome != verdict.outcome.kind() {
            let path = Fact::numbered(fact).and_then(|fact| fact.path);
            prop_assert_eq!(replayed.unrecorded.first().copied(), path);
        }
    }

    /// What a shadow policy says now is what a replay of the record says later, but for whether something usable would meet
    /// what it asks, and whether transfer PINs prove anything: a record knows that of the policy that decided alone.
    #[test]
    fn a_replay_says_what_a_shadow_did(bytes in bytes()) {
        let (world, ask) = random(&bytes);
        let verdict = world.decide(&ask);
        let facts = Facts::gather(&world.policy, &ask.request.request(), &world.snapshot(), &ask.checks, now());
        let numbered = facts.numbered();
        let recorded = Recorded {
            at: now(),
            action: facts.action,
            channel: facts.channel,
            facts: &numbered,
            known: Some(KNOWN_FACTS),
            accepted: &verdict.accepted,
            had_no_usable_factor: false,
        };
        let issued = world.policy.transfer_pin.issued;
        for other in OTHERS.iter().filter(|other| other.transfer_pin.issued == issued) {
            let (shadow, replayed) = (decide(other, &facts.under(other)), replay(other, &recorded));
            let had_none = shadow.reasons.first().is_some_and(|given| given.reason == Reason::NoUsableFactor);
            let outcome = if had_none { OutcomeKind::Challenge } else { shadow.outcome.kind() };
            prop_assert_eq!(replayed.outcome, outcome);
            prop_assert_eq!((replayed.score, replayed.required), (shadow.score, shadow.required));
            prop_assert_eq!(replayed.contributions, shadow.contributions);
        }
    }
}
