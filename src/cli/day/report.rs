//! What is told of the day: to people as text, to programs as one object.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::counters::Decisions;
use super::counts::{Counts, Story, StoryAnswer};
use super::subscribers::Imported;
use super::told::{Outcome, in_words};
use crate::cli::output::{Answer, table};

/// The columns of the table of outcomes.
const OUTCOMES: [Outcome; 5] =
    [Outcome::Approved, Outcome::Done, Outcome::Challenged, Outcome::Denied, Outcome::Refused];

/// The most differences that are shown to people.
const DIFFERENCES_SHOWN_MAX: usize = 20;

/// A day that was played.
pub(super) struct Report {
    /// What is known of the subscribers.
    pub(super) imported: Imported,
    /// What those who asked counted.
    pub(super) counts: Counts,
    /// What the service counted since it started.
    pub(super) counted: Decisions,
    /// Decisions on the records of the subscribers' accounts.
    pub(super) recorded: usize,
    /// How long the playing took, in seconds.
    pub(super) seconds: f64,
    /// When the day was played first, if that was earlier.
    pub(super) played_before: Option<DateTime<Utc>>,
}

impl Report {
    /// Whether everything came as the sheets say, and the service counted the same.
    pub(super) fn is_as_expected(&self) -> bool {
        self.counts.differences.is_empty() && self.counts.changed.is_empty() && self.agrees()
    }

    fn agrees(&self) -> bool {
        self.counted == self.counts.decisions
    }

    fn head(&self) -> String {
        let Imported { accounts, lines, created, found, seconds, .. } = &self.imported;
        let mut text = String::new();
        // Writing to a String cannot fail.
        if *created > 0 {
            let _ = writeln!(text, "{created} subscribers with {lines} lines were imported in {seconds:.1} s.");
        }
        if *found > 0 {
            let _ = writeln!(text, "{found} of {accounts} subscribers were there already.");
        }
        for error in &self.imported.refused {
            let _ = writeln!(text, "  refused: {error}");
        }
        let (requests, seconds) = (self.counts.requests, self.seconds);
        let _ = writeln!(
            text,
            "{requests} requests were sent in {seconds:.1} s over gRPC with TLS, each under the token of whoever asks."
        );
        text
    }

    fn outcomes(&self) -> String {
        let kinds: BTreeSet<&str> = self.counts.outcomes.keys().map(|(asked, _)| *asked).collect();
        let cell = |asked, outcome| {
            self.counts.outcomes.get(&(asked, outcome)).map_or_else(String::new, |count| format!("{count:>5}"))
        };
        let rows = kinds.into_iter().map(|asked| {
            let [approved, done, challenged, denied, refused] = OUTCOMES.map(|outcome| cell(asked, outcome));
            [asked.to_owned(), approved, done, challenged, denied, refused]
        });
        table(["REQUEST", "APPROVED", "DONE", "CHALLENGED", "DENIED", "REFUSED"], rows)
    }

    fn stories(&self) -> String {
        self.counts.stories.iter().map(story).collect()
    }

    fn verdict(&self) -> String {
        let Counts { differences, changed, repeated, decisions, .. } = &self.counts;
        let mut text = String::new();
        if differences.is_empty() {
            text.push_str("Differences from what the sheets expect: none.\n");
        } else {
            let _ = writeln!(text, "Differences from what the sheets expect: {}.", differences.len());
        }
        for difference in differences.iter().take(DIFFERENCES_SHOWN_MAX) {
            let (place, expected, came) = (&difference.place, &difference.expected, &difference.came);
            let _ = writeln!(text, "  {place}: expected {expected}, came to {came}");
        }
        let (theirs, ours) = (self.counted.values().sum::<u64>(), decisions.values().sum::<u64>());
        let _ = if self.agrees() {
            writeln!(text, "New decisions: {ours}. The service's own counters agree, by action and outcome.")
        } else {
            writeln!(text, "New decisions: {ours}. The service's own counters DISAGREE: they say {theirs}.")
        };
        if let Some(before) = self.played_before {
            let on = instant(before);
            let _ = writeln!(text, "Answers that are the ones of the first day, {on}: {repeated}, by decision id.");
        }
        for place in changed {
            let _ = writeln!(text, "  {place}: another decision than on the first day");
        }
        let _ = writeln!(text, "Decisions on the records of the subscribers' accounts: {}.", self.recorded);
        text
    }
}

/// A day that was played so long ago that its answers are not kept any more: sent again, it would be another day.
pub(super) struct TooOld(pub(super) DateTime<Utc>);

impl Answer for TooOld {
    fn json(&self) -> Value {
        json!({ "played_before": instant(self.0), "requests": 0 })
    }

    fn text(&self) -> String {
        let first = instant(self.0);
        format!(
            "The day was played on {first}, and answers are kept for 7 days: it is not played again here.\n\
             --data with a new folder plays it anew."
        )
    }
}

fn story(story: &Story) -> String {
    let answers = story.answers.iter().map(|(answer, count)| {
        let StoryAnswer { asked, outcome, told, recorded } = answer;
        let on_record = if recorded.is_empty() || recorded == told {
            String::new()
        } else {
            format!("  on record: {}", recorded.join(" "))
        };
        format!("  {count:>3} {asked:<18} {}{on_record}\n", in_words(*outcome, told))
    });
    format!("{}\n{}", story.name, answers.collect::<String>())
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl Answer for Report {
    fn json(&self) -> Value {
        let Counts { requests, outcomes, decisions, repeated, changed, differences, stories, .. } = &self.counts;
        let outcome = |((asked, outcome), count): (&(&str, Outcome), &usize)| json!({ "asked": asked, "outcome": outcome.word(), "count": count });
        let decision = |((action, outcome), count): (&(String, String), &u64)| json!({ "action": action, "outcome": outcome, "count": count });
        let differences =
            differences.iter().map(|one| json!({ "place": one.place, "expected": one.expected, "came": one.came }));
        json!({
            "subscribers": {
                "accounts": self.imported.accounts,
                "lines": self.imported.lines,
                "created": self.imported.created,
                "found": self.imported.found,
                "refused": self.imported.refused,
            },
            "requests": requests,
            "seconds": self.seconds,
            "outcomes": outcomes.iter().map(outcome).collect::<Vec<_>>(),
            "stories": stories.iter().map(story_json).collect::<Vec<_>>(),
            "differences": differences.collect::<Vec<_>>(),
            "decisions": decisions.iter().map(decision).collect::<Vec<_>>(),
            "counters_agree": self.agrees(),
            "repeated": repeated,
            "changed": changed,
            "recorded_decisions": self.recorded,
            "played_before": self.played_before.map(instant),
        })
    }

    fn text(&self) -> String {
        let (head, outcomes, stories, verdict) = (self.head(), self.outcomes(), self.stories(), self.verdict());
        format!("{head}\n{outcomes}\n\nAttacks, what was asked and what came of it:\n\n{stories}\n{verdict}")
    }
}

fn story_json(story: &Story) -> Value {
    let answer = |(answer, count): &(StoryAnswer, usize)| {
        let StoryAnswer { asked, outcome, told, recorded } = answer;
        json!({ "asked": asked, "outcome": outcome.word(), "told": told, "recorded": recorded, "count": count })
    };
    json!({ "name": story.name, "answers": story.answers.iter().map(answer).collect::<Vec<_>>() })
}
