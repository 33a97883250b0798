//! One sheet of the day: rows of named cells, as a spreadsheet writes them without quotes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::cli::failure::Failure;

/// The longest sheet that is read, in bytes.
const SHEET_BYTES_MAX: u64 = 16 * 1_048_576;

/// A row. Has no `Debug`: cells may be PINs.
#[derive(Clone)]
pub(super) struct Row {
    sheet: &'static str,
    line: usize,
    cells: BTreeMap<String, String>,
}

impl Row {
    /// A cell's text; empty where the sheet has no such column.
    pub(super) fn cell(&self, column: &str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// A cell that may be empty.
    pub(super) fn given(&self, column: &str) -> Option<&str> {
        Some(self.cell(column)).filter(|text| !text.is_empty())
    }

    /// A cell as a number; empty is none.
    pub(super) fn number(&self, column: &str) -> Result<Option<i64>, Failure> {
        let parse = |text: &str| text.parse().map_err(|_| self.wrong(column, "must be a whole number"));
        self.given(column).map(parse).transpose()
    }

    /// A cell that is a word of a set of the contract; `parse` knows the set.
    pub(super) fn word<T>(&self, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
        parse(self.cell(column)).ok_or_else(|| self.wrong(column, "is none of the words that may stand here"))
    }

    /// A cell that cannot be used, named by its place, never by its text.
    pub(super) fn wrong(&self, column: &str, expected: &str) -> Failure {
        Failure::invalid(format!("{} line {}: {column} {expected}", self.sheet, self.line))
    }

    /// Where the row stands, for people.
    pub(super) fn place(&self) -> String {
        format!("{} line {}", self.sheet, self.line)
    }
}

/// The rows of a sheet in `folder`. Its first line names the columns, and must have all of `columns`.
pub(super) fn read(folder: &Path, sheet: &'static str, columns: &[&str]) -> Result<Vec<Row>, Failure> {
    let path = folder.join(sheet);
    let unreadable = |cause: String| Failure::invalid(format!("cannot read `{}`: {cause}", path.display()));
    let length = fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?.len();
    if length > SHEET_BYTES_MAX {
        return Err(unreadable(format!("it is longer than {SHEET_BYTES_MAX} bytes")));
    }
    parse(sheet, columns, &fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?)
}

fn parse(sheet: &'static str, columns: &[&str], text: &str) -> Result<Vec<Row>, Failure> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    if let Some(missing) = columns.iter().find(|column| !header.contains(column)) {
        return Err(Failure::invalid(format!("{sheet} line 1: there is no column `{missing}`")));
    }
    let rows = lines.enumerate().filter(|(_, line)| !line.is_empty());
    rows.map(|(nth, line)| row(sheet, nth.saturating_add(2), &header, line)).collect()
}

fn row(sheet: &'static str, line: usize, header: &[&str], text: &str) -> Result<Row, Failure> {
    let refused = |expected: &str| Err(Failure::invalid(format!("{sheet} line {line}: {expected}")));
    if text.contains('"') {
        return refused("cells are not quoted here");
    }
    let cells: Vec<&str> = text.split(',').collect();
    if cells.len() != header.len() {
        return refused("must have as many cells as the first line");
    }
    let cells = header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.trim().to_owned()));
    Ok(Row { sheet, line, cells: cells.collect() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn cells_are_found_by_their_column() {
        let rows = parse("a.csv", &["n", "pin"], "pin,n,more\n482951,7,\n\n,8,x\n").unwrap();
        let read: Vec<_> =
            rows.iter().map(|row| (row.cell("pin"), row.number("n").unwrap(), row.given("more"))).collect();
        assert_eq!(read, [("482951", Some(7), None), ("", Some(8), Some("x"))]);
        assert_eq!(rows[1].place(), "a.csv line 4");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_place_and_never_shown() {
        for (text, told) in [
            ("n\n1\n", "a.csv line 1: there is no column `pin`"),
            ("n,pin\n1\n", "a.csv line 2: must have as many cells as the first line"),
            ("n,pin\n1,\"48,2951\"\n", "a.csv line 2: cells are not quoted here"),
        ] {
            let refused = parse("a.csv", &["n", "pin"], text).map(|_| ()).unwrap_err();
            assert_eq!(refused.text(), format!("error: {told}"));
        }
        let rows = parse("a.csv", &["n"], "n\n482951x\n").unwrap();
        assert_eq!(rows[0].number("n").unwrap_err().text(), "error: a.csv line 2: n must be a whole number");
    }
}
