//! What is told, as text and as JSON.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::count::{Counted, Extra, Flip, Place};
use super::knobs::OtherKnobs;
use super::known::{Known, Outcomes, basis_points, percent};
use crate::cli::output::{Answer, hex, pairs, parts, table};
use crate::cli::policy::source::Span;
use crate::domain::{OutcomeKind, PolicyRevision};

/// How much of a policy's digest people are told.
pub(super) const REVISION_CHARACTERS: usize = 12;

const OUTCOMES: [OutcomeKind; 3] = [OutcomeKind::Approve, OutcomeKind::Challenge, OutcomeKind::Deny];

/// What a replay came to.
pub(super) struct Told {
    pub(super) counts: Counted,
    /// What was not asked again, though the policies differ in it.
    pub(super) knobs: OtherKnobs,
    /// The policy's name.
    pub(super) policy: String,
    pub(super) revision: PolicyRevision,
    pub(super) span: Span,
}

impl Told {
    /// From when to when, for people.
    pub(super) fn when(&self) -> String {
        let shown = |at: Option<DateTime<Utc>>| {
            at.map_or_else(|| "...".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
        };
        format!("{} to {}", shown(self.span.from), shown(self.span.to))
    }

    /// The beginning of the policy's revision.
    pub(super) fn short_revision(&self) -> String {
        hex(&self.revision.0).chars().take(REVISION_CHARACTERS).collect()
    }

    /// What came of frauds and of what was genuine, a sentence each.
    pub(super) fn known(&self) -> Vec<String> {
        let Known { genuine, said_genuine, fraud, fraud_approved } = self.counts.known;
        if genuine.recorded.all() == 0 && fraud.recorded.all() == 0 {
            return vec![
                "Nobody reported what became of any of them: false refusals and stopped frauds are not known."
                    .to_owned(),
            ];
        }
        let refused = |outcomes: Outcomes| percent(outcomes.deny, outcomes.all());
        let asked = |outcomes: Outcomes| percent(outcomes.challenge, outcomes.all());
        vec![
            format!(
                "Genuine: {} ({said_genuine} said so, the others carried out and not called fraud). False refusals {} as \
                 decided, {} as replayed; challenged {} and {}.",
                genuine.recorded.all(),
                refused(genuine.recorded),
                refused(genuine.replayed),
                asked(genuine.recorded),
                asked(genuine.replayed),
            ),
            format!(
                "Fraud: {}. Approved {} as decided; of these {} would be denied, {} challenged, {} approved again.",
                fraud.recorded.all(),
                fraud.recorded.approve,
                fraud_approved.deny,
                fraud_approved.challenge,
                fraud_approved.approve,
            ),
        ]
    }
}

impl Answer for Told {
    fn json(&self) -> Value {
        let counts = &self.counts;
        let instant = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        let flips = counts
            .flips
            .iter()
            .map(|((from, to), count)| json!({ "from": from.name(), "to": to.name(), "count": count }));
        let places = counts.places.iter().map(|((action, channel), place)| place_json(action, channel, *place));
        let rules = counts.rules.iter().map(|(rule, extra)| {
            json!({ "rule": rule, "extra_challenges": extra.challenges, "extra_denials": extra.denials })
        });
        let left = counts.left_out.iter().map(|(why, count)| json!({ "why": why, "count": count }));
        json!({
            "policy": self.policy,
            "policy_revision": hex(&self.revision.0),
            "from_time": instant(self.span.from),
            "to_time": instant(self.span.to),
            "decisions": counts.decisions,
            "advice": counts.advice,
            "replayed": counts.replayed(),
            "not_replayed": { "count": counts.not_replayed(), "causes": left.collect::<Vec<_>>() },
            "unrecorded_facts": counts.unrecorded,
            "knobs_not_asked_again": self.knobs.names,
            "deciding_policies_not_known": self.knobs.unknown,
            "decided_by": counts.decided_by,
            "outcomes": { "recorded": outcomes_json(counts.sides.recorded), "replayed": outcomes_json(counts.sides.replayed) },
            "flips": { "count": counts.flipped(), "by_outcome": flips.collect::<Vec<_>>() },
            "places": places.collect::<Vec<_>>(),
            "rules": rules.collect::<Vec<_>>(),
            "known": known_json(&counts.known),
            "listed": counts.listed.iter().map(flip_json).collect::<Vec<_>>(),
        })
    }

    fn text(&self) -> String {
        let counts = &self.counts;
        let Extra { challenges, denials } = counts.extra();
        let head = pairs([
            ("policy", format!("{} {}", self.policy, self.short_revision())),
            ("decided", self.when()),
            ("decisions", format!("{}, of which {} only advised", counts.decisions, counts.advice)),
            ("by policies", counts.decided_by.iter().map(decider).collect::<Vec<_>>().join(", ")),
            ("replayed", counts.replayed().to_string()),
            ("not replayed", left_out(counts)),
            ("knobs not asked again", self.knobs.text()),
            (
                "would come out otherwise",
                format!("{} ({})", counts.flipped(), percent(counts.flipped(), counts.replayed())),
            ),
            ("extra challenges", challenges.to_string()),
            ("extra denials", denials.to_string()),
        ]);
        parts([
            head,
            matrix(counts),
            table(
                ["ACTION", "CHANNEL", "DECISIONS", "OTHERWISE", "EXTRA CHALLENGES", "EXTRA DENIALS", "MILDER"],
                counts.places.iter().map(|((action, channel), place)| place_row(action, channel, *place)),
            ),
            table(
                ["RULE", "EXTRA CHALLENGES", "EXTRA DENIALS"],
                by_weight(counts)
                    .into_iter()
                    .map(|(rule, extra)| [rule.to_owned(), extra.challenges.to_string(), extra.denials.to_string()]),
            ),
            self.known().join("\n"),
            table(
                ["DECISION", "ACTION", "CHANNEL", "DECIDED", "WOULD BE", "BECAUSE OF"],
                counts.listed.iter().map(flip_row),
            ),
        ])
    }
}

/// The rules that make most of it stricter come first.
pub(super) fn by_weight(counts: &Counted) -> Vec<(&'static str, Extra)> {
    let mut rules: Vec<(&'static str, Extra)> = counts.rules.iter().map(|(rule, extra)| (*rule, *extra)).collect();
    rules.sort_by_key(|(rule, extra)| (std::cmp::Reverse((extra.denials, extra.challenges)), *rule));
    rules
}

fn decider((revision, count): (&String, &u64)) -> String {
    format!("{} ({count})", revision.chars().take(REVISION_CHARACTERS).collect::<String>())
}

/// How many were left out, and why; nothing where none was.
pub(super) fn left_out(counts: &Counted) -> String {
    if counts.left_out.is_empty() {
        return "0".to_owned();
    }
    let facts: Vec<&str> = counts.unrecorded.keys().copied().collect();
    let causes: Vec<String> = counts.left_out.iter().map(|(why, count)| format!("{count}: {why}")).collect();
    let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    format!("{} ({}){facts}", counts.not_replayed(), causes.join("; "))
}

fn matrix(counts: &Counted) -> String {
    let row = |from: OutcomeKind| {
        let same = OUTCOMES.map(|to| {
            let moved = |to| counts.flips.get(&(from, to)).copied().unwrap_or(0);
            let away = OUTCOMES.iter().filter(|other| **other != from).map(|other| moved(*other)).sum::<u64>();
            let stays = counts.sides.recorded.of(from).saturating_sub(away);
            if from == to { stays.to_string() } else { moved(to).to_string() }
        });
        let [approve, challenge, deny] = same;
        [from.name().to_owned(), counts.sides.recorded.of(from).to_string(), approve, challenge, deny]
    };
    let Outcomes { approve, challenge, deny } = counts.sides.replayed;
    let all = [("all".to_owned(), counts.replayed())]
        .map(|(name, count)| [name, count.to_string(), approve.to_string(), challenge.to_string(), deny.to_string()]);
    table(["DECIDED", "", "WOULD APPROVE", "CHALLENGE", "DENY"], OUTCOMES.map(row).into_iter().chain(all))
}

fn place_row(action: &str, channel: &str, place: Place) -> [String; 7] {
    let Place { decisions, flips, extra, milder } = place;
    let [decisions, flips, challenges, denials, milder] =
        [decisions, flips, extra.challenges, extra.denials, milder].map(|count| count.to_string());
    [action.to_owned(), channel.to_owned(), decisions, flips, challenges, denials, milder]
}

fn place_json(action: &str, channel: &str, place: Place) -> Value {
    let Place { decisions, flips, extra: Extra { challenges, denials }, milder } = place;
    json!({
        "action": action,
        "channel": channel,
        "decisions": decisions,
        "flips": flips,
        "extra_challenges": challenges,
        "extra_denials": denials,
        "milder": milder,
    })
}

fn outcomes_json(outcomes: Outcomes) -> Value {
    let Outcomes { approve, challenge, deny } = outcomes;
    json!({ "APPROVE": approve, "CHALLENGE": challenge, "DENY": deny })
}

fn known_json(known: &Known) -> Value {
    let Known { genuine, said_genuine, fraud, fraud_approved } = known;
    let refusals = |outcomes: Outcomes| basis_points(outcomes.deny, outcomes.all());
    json!({
        "genuine": {
            "count": genuine.recorded.all(),
            "said_genuine": said_genuine,
            "recorded": outcomes_json(genuine.recorded),
            "replayed": outcomes_json(genuine.replayed),
            "false_refusals_basis_points": {
                "recorded": refusals(genuine.recorded),
                "replayed": refusals(genuine.replayed),
            },
        },
        "fraud": {
            "count": fraud.recorded.all(),
            "recorded": outcomes_json(fraud.recorded),
            "replayed": outcomes_json(fraud.replayed),
            "approved_would_be": outcomes_json(*fraud_approved),
        },
    })
}

fn flip_json(flip: &Flip) -> Value {
    let Flip { decision, action, channel, from, to, because } = flip;
    json!({
        "decision_id": decision.to_string(),
        "action": action,
        "channel": channel,
        "from": from.name(),
        "to": to.name(),
        "because": because,
    })
}

fn flip_row(flip: &Flip) -> [String; 6] {
    let Flip { decision, action, channel, from, to, because } = flip;
    let names = [*action, *channel, from.name(), to.name()].map(str::to_owned);
    let [action, channel, from, to] = names;
    [decision.to_string(), action, channel, from, to, because.join(" ")]
}
