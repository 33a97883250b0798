//! What happened during the day, counted on the side of those who asked.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::counters::Decisions;
use super::script::Step;
use super::told::{Outcome, Told, in_words};

/// A row that came to something else than it says.
pub(super) struct Difference {
    /// Where the row stands.
    pub(super) place: String,
    /// What it says.
    pub(super) expected: String,
    /// What came of it.
    pub(super) came: String,
}

/// An attack, with everything that was answered to it.
#[derive(Default)]
pub(super) struct Story {
    /// Its name.
    pub(super) name: String,
    /// What was asked and answered, in the order of the day, equal ones counted together.
    pub(super) answers: Vec<(StoryAnswer, usize)>,
}

/// One kind of answer in a story.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct StoryAnswer {
    /// What was asked.
    pub(super) asked: &'static str,
    /// What came of it.
    pub(super) outcome: Outcome,
    /// What the asker was told.
    pub(super) told: Vec<String>,
    /// What stands on record, where the asker was told less.
    pub(super) recorded: Vec<String>,
}

/// All counts of a day.
pub(super) struct Counts {
    started: DateTime<Utc>,
    seen: BTreeSet<String>,
    /// How many requests were sent.
    pub(super) requests: usize,
    /// By kind of request and outcome.
    pub(super) outcomes: BTreeMap<(&'static str, Outcome), usize>,
    /// Decisions made since the start, each once.
    pub(super) decisions: Decisions,
    /// Answers that were the ones of an earlier day.
    pub(super) repeated: usize,
    /// Answers that should have been.
    pub(super) changed: Vec<String>,
    /// Rows that came to something else than they say.
    pub(super) differences: Vec<Difference>,
    /// Attacks, in the order of the day.
    pub(super) stories: Vec<Story>,
}

impl Counts {
    /// None yet, of a day that started then.
    pub(super) fn new(started: DateTime<Utc>) -> Self {
        Self {
            started,
            seen: BTreeSet::new(),
            requests: 0,
            outcomes: BTreeMap::new(),
            decisions: BTreeMap::new(),
            repeated: 0,
            changed: Vec::new(),
            differences: Vec::new(),
            stories: Vec::new(),
        }
    }

    /// Counts what came of a step. `same` says whether the decision is the one of an earlier day, where there was one.
    pub(super) fn add(&mut self, step: &Step, told: &Told, same: Option<bool>, recorded: Vec<String>) {
        self.requests = self.requests.saturating_add(1);
        let asked = asked(step);
        *self.outcomes.entry((asked, told.outcome)).or_default() += 1;
        self.count_decision(step, told, same);
        if !step.expected.is_met_by(told) {
            let (place, expected) = (step.row.place(), step.expected.in_words());
            self.differences.push(Difference { place, expected, came: in_words(told.outcome, &told.codes) });
        }
        if let Some(name) = step.story() {
            let answer = StoryAnswer { asked, outcome: told.outcome, told: told.codes.clone(), recorded };
            self.add_to_story(name, answer);
        }
    }

    fn count_decision(&mut self, step: &Step, told: &Told, same: Option<bool>) {
        let (Some(decision), Some(counted_as)) = (&told.decision, told.outcome.counted_as()) else { return };
        // The same request sent twice in a day is one decision.
        if !self.seen.insert(decision.id.clone()) {
            return;
        }
        if decision.at >= self.started {
            *self.decisions.entry((decision.action.to_owned(), counted_as.to_owned())).or_default() += 1;
        }
        match same {
            Some(true) => self.repeated = self.repeated.saturating_add(1),
            Some(false) => self.changed.push(step.row.place()),
            None => {}
        }
    }

    fn add_to_story(&mut self, name: &str, answer: StoryAnswer) {
        if !self.stories.iter().any(|story| story.name == name) {
            self.stories.push(Story { name: name.to_owned(), answers: Vec::new() });
        }
        if let Some(story) = self.stories.iter_mut().find(|story| story.name == name) {
            story.add(answer);
        }
    }
}

impl Story {
    fn add(&mut self, answer: StoryAnswer) {
        match self.answers.iter_mut().find(|(known, _)| *known == answer) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => self.answers.push((answer, 1)),
        }
    }
}

/// What kind of request a step is, for people.
fn asked(step: &Step) -> &'static str {
    use super::script::Kind;
    match (step.kind, step.row.cell("step")) {
        (Kind::Port, _) => "port request",
        (Kind::Sim, _) => "SIM change",
        (Kind::Other, _) => "other change",
        (Kind::TransferPin, _) => "transfer PIN",
        (Kind::Pin, _) => "PIN change",
        (Kind::Lock, "ON") => "lock on",
        (Kind::Lock, "RELEASE") => "lock release",
        (Kind::Lock, _) => "release cancelled",
        (Kind::Execution, "WITHDRAW") => "withdrawal",
        (Kind::Execution, _) => "permit redeemed",
    }
}
