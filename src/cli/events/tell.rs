//! What is told of a stream of events at its end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::output::{Answer, pairs};

/// What became of the events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Events that are kept.
    pub(super) recorded: i64,
    /// Events that are not.
    pub(super) refused: i64,
    /// How long it took.
    pub(super) took: Duration,
}

impl Summary {
    /// Events dealt with.
    pub(super) const fn events(&self) -> i64 {
        self.recorded.saturating_add(self.refused)
    }
}

impl Answer for Summary {
    fn json(&self) -> Value {
        json!({
            "events": self.events(),
            "recorded": self.recorded,
            "refused": self.refused,
            "seconds": self.took.as_secs_f64(),
        })
    }

    fn text(&self) -> String {
        pairs([
            ("events", self.events().to_string()),
            ("recorded", self.recorded.to_string()),
            ("refused", self.refused.to_string()),
            ("seconds", format!("{:.1}", self.took.as_secs_f64())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::Summary;
    use crate::cli::output::Answer as _;

    #[test]
    fn the_summary_adds_up() {
        let summary = Summary { recorded: 3, refused: 1, took: Duration::from_millis(1_500) };
        assert_eq!(summary.json(), json!({ "events": 4, "recorded": 3, "refused": 1, "seconds": 1.5 }));
        assert!(summary.text().starts_with("events    4\nrecorded  3\n"), "{}", summary.text());
    }
}
