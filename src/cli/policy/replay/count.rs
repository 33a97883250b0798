//! What is counted of every decision.

use std::collections::{BTreeMap, HashMap};

use super::known::{Known, Sides};
use crate::cli::policy::recorded::{Decision, Read, Reported};
use crate::cli::policy::source::Span;
use crate::domain::{OutcomeKind, RecordId, RuleId};
use crate::policy::{Policy, Replayed, replay};

/// Why a decision that can be read is not counted among the replayed.
const UNRECORDED: &str = "a rule hangs on a fact that was not recorded then";

/// Counts while records are read.
pub(super) struct Counts<'a> {
    policy: &'a Policy,
    span: Span,
    listed: usize,
    counted: Counted,
    /// Every decision that was replayed, until all reports are read: they may come before or after it.
    replayed: HashMap<RecordId, (OutcomeKind, OutcomeKind)>,
    /// The worst that was said of each decision.
    reported: HashMap<RecordId, Reported>,
}

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// Decisions in the span of time.
    pub(super) decisions: u64,
    /// Of those how many only advised.
    pub(super) advice: u64,
    /// Both sides of all that were replayed.
    pub(super) sides: Sides,
    /// From which outcome to which other.
    pub(super) flips: BTreeMap<(OutcomeKind, OutcomeKind), u64>,
    /// By action and channel.
    pub(super) places: BTreeMap<(&'static str, &'static str), Place>,
    /// By the rules that are why it would be stricter.
    pub(super) rules: BTreeMap<RuleId, Extra>,
    /// By the policies that decided.
    pub(super) decided_by: BTreeMap<String, u64>,
    /// What could not be replayed, and why.
    pub(super) left_out: BTreeMap<&'static str, u64>,
    /// The facts that were not recorded then and that a rule hangs on.
    pub(super) unrecorded: BTreeMap<&'static str, u64>,
    /// The first that would come out otherwise.
    pub(super) listed: Vec<Flip>,
    /// Of what somebody reported on.
    pub(super) known: Known,
}

/// What there was of an action through a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Decisions replayed.
    pub(super) decisions: u64,
    /// Those that would come out otherwise.
    pub(super) flips: u64,
    /// Those that would be stricter.
    pub(super) extra: Extra,
    /// Those that would be milder.
    pub(super) milder: u64,
}

/// What there would be more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extra {
    /// Approvals that would be challenges.
    pub(super) challenges: u64,
    /// What was not denied and would be.
    pub(super) denials: u64,
}

/// A decision that would come out otherwise.
#[derive(Debug)]
pub(super) struct Flip {
    pub(super) decision: RecordId,
    pub(super) action: &'static str,
    pub(super) channel: &'static str,
    pub(super) from: OutcomeKind,
    pub(super) to: OutcomeKind,
    pub(super) because: Vec<RuleId>,
}

impl Extra {
    const fn add(&mut self, to: OutcomeKind) {
        match to {
            OutcomeKind::Approve => {}
            OutcomeKind::Challenge => self.challenges = self.challenges.saturating_add(1),
            OutcomeKind::Deny => self.denials = self.denials.saturating_add(1),
        }
    }
}

fn one_more<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

impl<'a> Counts<'a> {
    /// Nothing yet. Of the decisions that would come out otherwise the first `listed` are kept.
    pub(super) fn new(policy: &'a Policy, span: Span, listed: usize) -> Self {
        let (counted, replayed, reported) = (Counted::default(), HashMap::new(), HashMap::new());
        Self { policy, span, listed, counted, replayed, reported }
    }

    /// Takes what was read of one record. What is not replayed is counted with why.
    pub(super) fn take(&mut self, read: Read) {
        match read {
            Read::Decision(decision) if self.span.has(decision.at) => self.decide(&decision),
            Read::Unusable(why) => one_more(&mut self.counted.left_out, why),
            Read::Report(id, reported) => {
                let worst = self.reported.entry(id).or_insert(reported);
                *worst = (*worst).max(reported);
            }
            Read::Decision(_) | Read::Other => {}
        }
    }

    fn decide(&mut self, decision: &Decision) {
        let counted = &mut self.counted;
        counted.decisions = counted.decisions.saturating_add(1);
        counted.advice = counted.advice.saturating_add(u64::from(decision.advice));
        one_more(&mut counted.decided_by, decision.policy.clone());
        let replayed = replay(self.policy, &decision.recorded());
        if replayed.unrecorded.is_empty() {
            self.replayed.insert(decision.id, (decision.outcome, replayed.outcome));
            counted.add(decision, replayed, self.listed);
        } else {
            one_more(&mut counted.left_out, UNRECORDED);
            replayed.unrecorded.into_iter().for_each(|fact| one_more(&mut counted.unrecorded, fact));
        }
    }

    /// All records were read: what was reported is held against what was decided.
    pub(super) fn finish(mut self) -> Counted {
        for (id, (from, to)) in &self.replayed {
            if let Some(reported) = self.reported.get(id) {
                self.counted.known.add(*reported, *from, *to);
            }
        }
        self.counted
    }
}

impl Counted {
    fn add(&mut self, decision: &Decision, replayed: Replayed, listed: usize) {
        let (from, to) = (decision.outcome, replayed.outcome);
        let (action, channel) = (decision.action.name(), decision.channel.name());
        self.sides.add(from, to);
        let place = self.places.entry((action, channel)).or_default();
        place.decisions = place.decisions.saturating_add(1);
        if from == to {
            return;
        }
        one_more(&mut self.flips, (from, to));
        place.flips = place.flips.saturating_add(1);
        if to > from {
            place.extra.add(to);
            for rule in &replayed.because {
                self.rules.entry(rule).or_default().add(to);
            }
        } else {
            place.milder = place.milder.saturating_add(1);
        }
        if self.listed.len() < listed {
            self.listed.push(Flip { decision: decision.id, action, channel, from, to, because: replayed.because });
        }
    }

    /// Decisions that were replayed.
    pub(super) const fn replayed(&self) -> u64 {
        self.sides.recorded.all()
    }

    /// Those that would come out otherwise.
    pub(super) fn flipped(&self) -> u64 {
        self.flips.values().sum()
    }

    /// Those that could not be replayed.
    pub(super) fn not_replayed(&self) -> u64 {
        self.left_out.values().sum()
    }

    /// What there would be more of in all.
    pub(super) fn extra(&self) -> Extra {
        let add = |all: Extra, place: &Place| Extra {
            challenges: all.challenges.saturating_add(place.extra.challenges),
            denials: all.denials.saturating_add(place.extra.denials),
        };
        self.places.values().fold(Extra::default(), add)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, Counts, Extra};
    use crate::cli::policy::recorded::{Decision, Read, Reported};
    use crate::cli::policy::source::Span;
    use crate::domain::{Action, Channel, OutcomeKind, RecordId};
    use crate::policy::{KNOWN_FACTS, Policy, load};

    fn decision(number: u128, at: &str, outcome: OutcomeKind) -> Decision {
        Decision {
            id: RecordId::from_u128(number),
            at: at.parse().unwrap(),
            action: Action::SimChange,
            channel: Channel::Care,
            outcome,
            advice: false,
            accepted: Vec::new(),
            // A member of staff asks, and that is all.
            facts: vec![(1, 1), (2, 2), (3, 7), (7, 1)],
            known: Some(KNOWN_FACTS),
            had_no_usable_factor: false,
            policy: "70".to_owned(),
            shadow: None,
        }
    }

    fn denies_all() -> Policy {
        let rule = "[[rule]]\nid = \"no-more\"\non = [\"SIM_CHANGE\"]\nwhen = 'true'\nat_least = \"DENY\"\nreason = \"FLAGGED\"";
        load("mine.toml", &format!("extends = \"us-default\"\n{rule}\n")).unwrap()
    }

    fn counted(policy: &Policy, reads: impl IntoIterator<Item = Read>) -> Counted {
        let span = Span { from: Some("2026-03-01T00:00:00Z".parse().unwrap()), to: None };
        let mut counts = Counts::new(policy, span, 1);
        reads.into_iter().for_each(|read| counts.take(read));
        counts.finish()
    }

    fn read(number: u128, outcome: OutcomeKind) -> Read {
        Read::Decision(Box::new(decision(number, "2026-03-01T00:00:00Z", outcome)))
    }

    #[test]
    fn what_would_come_out_otherwise_is_counted_by_place_and_rule() {
        use OutcomeKind::{Approve, Challenge, Deny};
        let early = Read::Decision(Box::new(decision(9, "2026-02-28T23:59:59Z", Challenge)));
        let reports = [
            Read::Report(RecordId::from_u128(1), Reported::Fraud),
            Read::Report(RecordId::from_u128(1), Reported::Executed),
            Read::Report(RecordId::from_u128(77), Reported::Genuine),
        ];
        let decisions =
            [read(1, Approve), read(2, Challenge), read(3, Deny), early, Read::Unusable("why"), Read::Other];
        let counted = counted(&denies_all(), reports.into_iter().chain(decisions));
        assert_eq!((counted.decisions, counted.replayed(), counted.flipped(), counted.not_replayed()), (3, 3, 2, 1));
        assert_eq!(counted.flips.into_iter().collect::<Vec<_>>(), [((Approve, Deny), 1), ((Challenge, Deny), 1)]);
        let place = counted.places[&("SIM_CHANGE", "CARE")];
        assert_eq!((place.decisions, place.flips, place.milder), (3, 2, 0));
        assert_eq!(place.extra, Extra { challenges: 0, denials: 2 });
        assert_eq!(counted.rules["no-more"], Extra { challenges: 0, denials: 2 });
        assert_eq!((counted.listed.len(), counted.listed[0].because.as_slice()), (1, &["no-more"][..]));
        assert_eq!((counted.known.fraud.recorded.approve, counted.known.fraud_approved.deny), (1, 1));
        assert_eq!(counted.known.genuine.recorded.all(), 0, "nobody decided what that report is about");
    }

    #[test]
    fn a_policy_that_asks_for_what_was_never_recorded_is_not_held_against_it() {
        let unknown = Decision {
            known: Some(KNOWN_FACTS & !(1 << 12)),
            ..decision(1, "2026-03-01T00:00:00Z", OutcomeKind::Challenge)
        };
        let counted =
            counted(&Policy::us_default(), [Read::Decision(Box::new(unknown)), read(2, OutcomeKind::Challenge)]);
        assert_eq!((counted.decisions, counted.replayed(), counted.not_replayed()), (2, 1, 1));
        assert_eq!(counted.unrecorded.into_iter().collect::<Vec<_>>(), [("line.sim_changed_ago", 1)]);
    }

    #[test]
    fn what_is_milder_is_no_rules_doing() {
        let counted = counted(&Policy::us_default(), [read(1, OutcomeKind::Deny)]);
        assert_eq!((counted.flipped(), counted.rules.len()), (1, 0));
        assert_eq!(counted.places[&("SIM_CHANGE", "CARE")].milder, 1);
    }
}
