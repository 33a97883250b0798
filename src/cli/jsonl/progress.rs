//! How far a file is, and rows that were refused, as they come.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::cli::output::Answer;

/// How often a progress bar is drawn anew, in milliseconds.
const TICK_MILLISECONDS: u64 = 200;

/// A bar as long as the file, or a wheel where the length is not known.
pub(crate) fn bar(bytes: Option<u64>) -> ProgressBar {
    let bar = match bytes {
        Some(bytes) => ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr()),
        None => ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()),
    };
    let template = match bytes {
        Some(_) => "{wide_bar} {percent:>3} %  {msg}  {eta} to go",
        None => "{spinner} {msg}  {elapsed}",
    };
    // A template that does not fit leaves the bar as it comes.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(TICK_MILLISECONDS));
    bar
}

/// A row that was refused, here or by the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Its line in the file, from 1.
    pub(crate) row: i64,
    /// The field's path in it; empty: the row as a whole.
    pub(crate) field: String,
    /// What would be right.
    pub(crate) reason: String,
}

impl Answer for Refused {
    fn json(&self) -> Value {
        json!({ "row": self.row, "field": self.field, "reason": self.reason })
    }

    fn text(&self) -> String {
        let Self { row, field, reason } = self;
        if field.is_empty() { format!("row {row}: {reason}") } else { format!("row {row}: {field}: {reason}") }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Refused;
    use crate::cli::output::Answer as _;

    #[test]
    fn a_refusal_names_row_field_and_reason() {
        let refused = Refused { row: 17, field: "lines[0].msisdn".to_owned(), reason: "must be E.164".to_owned() };
        assert_eq!(refused.text(), "row 17: lines[0].msisdn: must be E.164");
        assert_eq!(refused.json(), json!({ "row": 17, "field": "lines[0].msisdn", "reason": "must be E.164" }));
    }
}
