//! The figures of a day.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::goals::{DENIED_AT_MOST, Goal, Share, Tally};
use super::mix::Mix;
use crate::cli::output::{Answer, pairs, parts, table};

/// What a day came to.
pub(super) struct Report<'a> {
    pub(super) mix: &'a Mix,
    pub(super) households: usize,
    pub(super) tally: Tally,
    pub(super) took: Duration,
}

/// A share in percent, with two digits behind the point.
fn percent(part: u32, whole: u32) -> f64 {
    (f64::from(part) * 1e4 / f64::from(whole.max(1))).round() / 100.0
}

impl Report<'_> {
    fn denied(&self) -> u32 {
        self.tally.denied.values().sum()
    }

    /// The goals that were missed, and what else is not as it must be.
    pub(super) fn missed(&self) -> Vec<String> {
        let mut missed: Vec<String> = Goal::ALL
            .into_iter()
            .filter(|goal| {
                let share = self.tally.goals.get(goal);
                share.is_none_or(|share| !reaches(share.in_the_end, share.all, goal.bar()))
            })
            .map(|goal| goal.name().to_owned())
            .collect();
        if self.denied().saturating_mul(1_000) > self.tally.asked.saturating_mul(DENIED_AT_MOST) {
            missed.push("denied".to_owned());
        }
        missed.extend(self.tally.errors.iter().map(|error| format!("refused: {error}")));
        missed
    }
}

/// Whether a part is at least so much of a whole, in thousand. Of nothing there is no share.
fn reaches(part: u32, whole: u32, in_thousand: u32) -> bool {
    whole > 0 && u64::from(part) * 1_000 >= u64::from(whole) * u64::from(in_thousand)
}

fn counts(counts: &BTreeMap<String, u32>) -> Value {
    counts.iter().map(|(what, count)| (what.clone(), Value::from(*count))).collect::<Map<_, _>>().into()
}

impl Answer for Report<'_> {
    fn json(&self) -> Value {
        let Self { mix, tally, .. } = self;
        let goal = |goal: Goal| {
            let none = Share::default();
            let share = tally.goals.get(&goal).unwrap_or(&none);
            let told = json!({
                "asked": share.all,
                "approved_at_once_percent": percent(share.at_once, share.all),
                "approved_in_the_end_percent": percent(share.in_the_end, share.all),
                "waits_for_what_is_not_built": counts(&share.waiting),
                "at_least_percent": f64::from(goal.bar()) / 10.0,
                "not_approved_by_reasons": counts(&share.reasons),
            });
            (goal.name().to_owned(), told)
        };
        let matter = |(id, (came, ends)): (&String, &(u32, BTreeMap<String, u32>))| {
            (id.clone(), json!({ "came": came, "answers": counts(ends) }))
        };
        json!({
            "seed": mix.seed,
            "requests": tally.asked,
            "households": self.households,
            "seconds": (self.took.as_secs_f64() * 10.0).round() / 10.0,
            "outcomes": counts(&tally.outcomes),
            "goals": Goal::ALL.map(goal).into_iter().collect::<Map<_, _>>(),
            "denied_percent": percent(self.denied(), tally.asked),
            "denied_at_most_percent": f64::from(DENIED_AT_MOST) / 10.0,
            "denied_by_reasons": counts(&tally.denied),
            "denied_and_left_out": counts(&tally.left_out),
            "matters": tally.matters.iter().map(matter).collect::<Map<_, _>>(),
            "missed": self.missed(),
        })
    }

    fn text(&self) -> String {
        let Self { mix, tally, .. } = self;
        let goals = tally.goals.iter().map(|(goal, share)| {
            [
                goal.name().to_owned(),
                share.all.to_string(),
                format!("{:.2} %", percent(share.at_once, share.all)),
                format!("{:.2} %", percent(share.in_the_end, share.all)),
                format!("{} %", goal.bar() / 10),
                share.waiting.values().sum::<u32>().to_string(),
            ]
        });
        let goals = table(["GOAL", "ASKED", "AT ONCE", "IN THE END", "AT LEAST", "NOT BUILT"], goals);
        let matters = mix.matters.iter().filter_map(|matter| {
            let (came, ends) = tally.matters.get(&matter.id)?;
            let count = |outcome: &str| ends.get(outcome).copied().unwrap_or_default().to_string();
            let [approved, challenged, denied] = ["APPROVE", "CHALLENGE", "DENY"].map(count);
            Some([matter.id.clone(), came.to_string(), approved, challenged, denied, matter.about.clone()])
        });
        let matters = table(["MATTER", "CAME", "APPROVED", "CHALLENGED", "DENIED", "ABOUT"], matters);
        let listed = |counts: &BTreeMap<String, u32>| {
            let listed: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
            if listed.is_empty() { "none".to_owned() } else { listed.join(", ") }
        };
        let denied = percent(self.denied(), tally.asked);
        let missed = self.missed();
        let facts = pairs([
            ("asked", format!("{} by {} households, seed {}", tally.asked, self.households, mix.seed)),
            ("answered", listed(&tally.outcomes)),
            (
                "denied",
                format!("{denied:.2} %, at most {:.1} %: {}", f64::from(DENIED_AT_MOST) / 10.0, listed(&tally.denied)),
            ),
            ("left out", listed(&tally.left_out)),
            ("missed", if missed.is_empty() { "none".to_owned() } else { missed.join(", ") }),
        ]);
        parts([matters, goals, facts])
    }
}

#[cfg(test)]
mod tests {
    use super::{percent, reaches};

    #[test]
    fn a_share_reaches_its_bar_or_does_not() {
        assert!(reaches(95, 100, 950) && !reaches(949, 1_000, 950) && !reaches(0, 0, 950));
        assert!((percent(1, 3) - 33.33).abs() < 1e-9);
    }
}
