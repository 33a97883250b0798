//! What came of a step, held against what must.

use std::collections::BTreeSet;

use super::file::Step;

/// What came of a step.
#[derive(Default)]
pub(super) struct Came {
    pub(super) outcome: String,
    pub(super) reasons: Vec<String>,
    pub(super) required: String,
    pub(super) codes: Vec<String>,
    /// The rules that held.
    pub(super) rules: BTreeSet<String>,
    /// What the people of the scenario go on with.
    pub(super) permit: String,
    pub(super) transfer_pin: String,
    pub(super) decision: String,
    pub(super) challenge: String,
    pub(super) code: String,
    /// Where it came to.
    pub(super) sent_to: String,
}

impl Came {
    /// What an error came to.
    pub(super) fn refused(reason: String) -> Self {
        Self { outcome: "REFUSED".to_owned(), reasons: vec![reason], ..Self::default() }
    }

    /// What is no decision, and was done.
    pub(super) fn done() -> Self {
        Self { outcome: "DONE".to_owned(), ..Self::default() }
    }

    /// What is not as it must be; none where all is.
    pub(super) fn differs(&self, step: &Step) -> Option<String> {
        let must = |what: &Option<Vec<String>>| what.as_ref().map(|all| all.join(" "));
        let pairs = [
            ("outcome", Some(step.outcome.clone()), self.outcome.clone()),
            ("reasons", must(&step.reasons), self.reasons.join(" ")),
            ("required", step.required.clone(), self.required.clone()),
            ("codes", must(&step.codes), self.codes.join(" ")),
            ("came_to", step.came_to.clone(), self.sent_to.clone()),
        ];
        let told: Vec<String> = pairs
            .into_iter()
            .filter_map(|(name, must, came)| {
                let must = must?;
                (must != came).then(|| format!("{name} must be `{must}` and came to `{came}`"))
            })
            .collect();
        if told.is_empty() {
            return None;
        }
        let why = if step.reasons.is_none() { format!(" ({})", self.reasons.join(" ")) } else { String::new() };
        Some(format!("{}{why}", told.join("; ")))
    }
}
