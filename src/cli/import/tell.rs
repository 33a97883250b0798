//! What is told of an import at its end.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::output::{Answer, pairs};

/// How far an import came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Accounts created.
    pub(super) created: i64,
    /// Accounts brought up to date.
    pub(super) updated: i64,
    /// Accounts that were so already.
    pub(super) unchanged: i64,
    /// Rows refused.
    pub(super) refused: i64,
    /// How long it took.
    pub(super) took: Duration,
}

impl Summary {
    /// Rows dealt with.
    pub(super) fn rows(&self) -> i64 {
        self.created.saturating_add(self.updated).saturating_add(self.unchanged).saturating_add(self.refused)
    }
}

impl Answer for Summary {
    fn json(&self) -> Value {
        json!({
            "rows": self.rows(),
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
            "seconds": self.took.as_secs_f64(),
        })
    }

    fn text(&self) -> String {
        pairs([
            ("rows", self.rows().to_string()),
            ("created", self.created.to_string()),
            ("updated", self.updated.to_string()),
            ("unchanged", self.unchanged.to_string()),
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
        let took = Duration::from_millis(1_500);
        let summary = Summary { created: 3, updated: 1, unchanged: 2, refused: 1, took };
        assert_eq!(
            summary.json(),
            json!({ "rows": 7, "created": 3, "updated": 1, "unchanged": 2, "refused": 1, "seconds": 1.5 })
        );
        assert!(summary.text().starts_with("rows       7\ncreated    3\n"), "{}", summary.text());
    }
}
