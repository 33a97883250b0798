//! What is wrong with a policy file.

use std::fmt;

/// A policy file that is refused: nothing of it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFileError {
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The rule, where it is in one that has a name.
    pub rule: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The line itself, to be shown with the column marked.
    pub shown: String,
}

impl std::error::Error for PolicyFileError {}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, rule, message, shown } = self;
        write!(f, "{file}:{line}:{column}: ")?;
        if let Some(rule) = rule {
            write!(f, "rule `{rule}`: ")?;
        }
        f.write_str(message)?;
        if !shown.trim().is_empty() {
            let before: String = shown.chars().take(column.saturating_sub(1)).map(blank).collect();
            write!(f, "\n  {shown}\n  {before}^")?;
        }
        Ok(())
    }
}

/// What stands under a letter so that the mark below stands right.
const fn blank(letter: char) -> char {
    if letter == '\t' { '\t' } else { ' ' }
}
