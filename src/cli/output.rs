//! Prints. Answers go to standard output, everything else to standard error, so that a pipe carries answers alone.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use super::failure::Failure;

/// What a command has to say, in both forms.
pub(super) trait Answer {
    /// For a program: one object, with the contract's own names.
    fn json(&self) -> Value;
    /// For a person.
    fn text(&self) -> String;
}

/// How answers are printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    /// As JSON, or as text.
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints an answer.
    ///
    /// # Errors
    ///
    /// When nobody can read it, which must not look like success: an approval whose permit is lost is none.
    pub(super) fn show(self, answer: &dyn Answer) -> Result<(), Failure> {
        let text = if self.json { answer.json().to_string() } else { answer.text() };
        let mut out = io::stdout().lock();
        writeln!(out, "{}", text.trim_end())
            .and_then(|()| out.flush())
            .map_err(|error| Failure::failed(format!("cannot write to standard output: {error}")))
    }

    /// Whether programs read it.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Tells a person something beside the answer; programs are told nothing else.
    pub(super) fn note(self, text: &str) {
        if !self.json {
            // What cannot be told to nobody is no failure of the work itself.
            let _ = writeln!(io::stderr().lock(), "{text}");
        }
    }

    /// Tells why there is no answer.
    pub(super) fn fail(self, failure: &Failure) {
        let text = if self.json { failure.json().to_string() } else { failure.text() };
        // Nobody is left to tell; the exit code still does.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// Tells how far long work is.
pub(super) fn note(text: &str) {
    // Nobody is left to tell; the work goes on.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints lines to standard output: what is read line by line.
///
/// # Errors
///
/// When nobody can read them.
pub(super) fn print_lines(lines: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let write = || -> io::Result<()> {
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    };
    write().map_err(|error| Failure::failed(format!("cannot write to standard output: {error}")))
}

/// A table as wide as the terminal; where there is none, as wide as it needs to be. Empty without rows.
pub(super) fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = rows.into_iter().collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    let arrangement =
        if io::stdout().is_terminal() { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
    table.load_style(presets::NOTHING).set_content_arrangement(arrangement);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt()
}

/// Lines of a name and a value, the values under each other; those without a value are left out.
pub(super) fn pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let pairs: Vec<(&str, String)> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name:<width$}  {value}")).collect();
    lines.join("\n")
}

/// Parts of a text with an empty line between them; empty parts are left out.
pub(super) fn parts(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("\n\n")
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::{hex, pairs, parts, table};

    #[test]
    fn values_stand_under_each_other() {
        let text = pairs([("a", "1".to_owned()), ("long", "2".to_owned()), ("none", String::new())]);
        assert_eq!(text, "a     1\nlong  2");
    }

    #[test]
    fn parts_are_apart_and_empty_ones_leave_no_gap() {
        assert_eq!(parts(["a".to_owned(), String::new(), "b".to_owned()]), "a\n\nb");
        assert_eq!(hex(&[0, 0xab]), "00ab");
    }

    #[test]
    fn a_table_has_a_header_and_rows() {
        let text = table(["KEY", "STATE"], [["seal 1".to_owned(), "active".to_owned()]]);
        assert_eq!(text, "KEY     STATE\nseal 1  active");
    }
}
