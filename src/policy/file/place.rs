//! Where in a file something stands.

use std::ops::Range;

use super::error::PolicyFileError;
use crate::policy::language::ExpressionError;

/// A file being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error at a place.
    pub(super) fn error(self, at: usize, message: impl Into<String>) -> PolicyFileError {
        let at = self.text.floor_char_boundary(at.min(self.text.len()));
        let before = self.text.get(..at).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |end| end.saturating_add(1));
        let shown = self.text.get(line_start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        PolicyFileError {
            file: self.file.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            column: before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1),
            rule: None,
            message: message.into(),
            shown: shown.chars().take(160).collect(),
        }
    }

    /// An error inside an expression that stands as a string at `span`.
    pub(super) fn expression(self, span: Range<usize>, expression: &str, error: &ExpressionError) -> PolicyFileError {
        let written = self.text.get(span.clone()).unwrap_or_default();
        // A string with escapes does not stand in the file as it reads: then its beginning must do.
        let inside = written.find(expression).map(|start| span.start.saturating_add(start).saturating_add(error.at));
        self.error(inside.unwrap_or(span.start), error.to_string())
    }
}

impl PolicyFileError {
    /// The same, of a rule.
    pub(super) fn of_rule(self, id: &str) -> Self {
        Self { rule: Some(id.to_owned()), ..self }
    }
}
