//! A file as rows, read and parsed on a thread of its own.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use tokio::sync::mpsc;

use super::lines::{Line, Lines, ROW_BYTES_MAX};
use super::members::Problem;
use crate::cli::failure::Failure;

/// Rows, and refusals, that wait to be sent or told.
pub(crate) const QUEUE_MAX: usize = 256;

/// How much of a file is read at a time, in bytes.
const BUFFER_BYTES: usize = 262_144;

/// How many lines pass between two notes of how far the file is read.
const LINES_PER_NOTE: i64 = 512;

/// Stands for standard input where a file is named.
const STANDARD_INPUT: &str = "-";

/// A row that never reached the service.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// Its line in the file, from 1.
    pub(crate) row: i64,
    /// What is wrong with it.
    pub(crate) problem: Problem,
}

/// What the reading thread tells.
pub(crate) enum Note {
    /// A row cannot be used.
    Bad(BadRow),
    /// So many bytes are read.
    Bytes(u64),
    /// The file cannot be read further.
    Broken(io::Error),
}

/// The file to read, and its length where it is known.
pub(crate) fn open(path: &Path) -> Result<(Box<dyn Read + Send>, Option<u64>), Failure> {
    if path.as_os_str() == STANDARD_INPUT {
        return Ok((Box::new(io::stdin()), None));
    }
    let unreadable = |error: io::Error| Failure::invalid(format!("cannot read `{}`: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

/// How a file's lines become rows.
pub(crate) struct Rows<P, S> {
    /// The first line that is one.
    pub(crate) first: i64,
    /// What to do about a line that is too long.
    pub(crate) too_long: &'static str,
    /// Reads a line.
    pub(crate) parse: P,
    /// Passes a row on, by its line; false where nobody listens any more.
    pub(crate) send: S,
}

impl<T, P, S> Rows<P, S>
where
    P: Fn(&[u8]) -> Result<T, Problem>,
    S: FnMut(i64, T) -> bool,
{
    /// Reads rows until the file ends or nobody listens any more. Blocks.
    pub(crate) fn read(mut self, input: Box<dyn Read + Send>, notes: &mpsc::Sender<Note>) {
        let mut lines = Lines::new(BufReader::with_capacity(BUFFER_BYTES, input));
        let mut row: i64 = 0;
        loop {
            let read = match lines.next() {
                Ok(Some(line)) => {
                    row = row.saturating_add(1);
                    if row >= self.first { self.parsed(line) } else { Parsed::Blank }
                }
                Ok(None) => return,
                Err(error) => {
                    // Nobody listens only once the work is over anyway.
                    let _ = notes.blocking_send(Note::Broken(error));
                    return;
                }
            };
            let passed_on = match read {
                Parsed::Blank => true,
                Parsed::Row(value) => (self.send)(row, value),
                Parsed::Bad(problem) => notes.blocking_send(Note::Bad(BadRow { row, problem })).is_ok(),
            };
            let told = row % LINES_PER_NOTE != 0 || notes.blocking_send(Note::Bytes(lines.bytes())).is_ok();
            if !passed_on || !told {
                return;
            }
        }
    }

    fn parsed(&self, line: Line<'_>) -> Parsed<T> {
        match line {
            Line::Whole(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => Parsed::Blank,
            Line::Whole(bytes) => match (self.parse)(bytes) {
                Ok(row) => Parsed::Row(row),
                Err(problem) => Parsed::Bad(problem),
            },
            Line::TooLong => {
                let reason = format!("must be at most {ROW_BYTES_MAX} bytes{}", self.too_long);
                Parsed::Bad(Problem { field: String::new(), reason })
            }
        }
    }
}

enum Parsed<T> {
    Row(T),
    Bad(Problem),
    Blank,
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::{Note, Rows};
    use crate::cli::jsonl::{Members, object};

    fn rows_of(text: &'static str, first: i64) -> (Vec<i64>, Vec<(i64, String)>) {
        let (notes, mut told) = mpsc::channel(64);
        let mut good = Vec::new();
        let parse = |line: &[u8]| Members::of(object(line)?, String::new())?.text("pin");
        let send = |row, _| {
            good.push(row);
            true
        };
        Rows { first, too_long: "", parse, send }.read(Box::new(text.as_bytes()), &notes);
        drop(notes);
        let mut bad = Vec::new();
        while let Some(note) = told.blocking_recv() {
            if let Note::Bad(row) = note {
                bad.push((row.row, row.problem.field));
            }
        }
        (good, bad)
    }

    const TEXT: &str = "{\"pin\":\"1\"}\n\n{\"pin\":7}\n  \n{broken\n{\"account\":{}}\n";

    #[test]
    fn rows_are_numbered_by_their_lines_and_bad_ones_do_not_stop_the_rest() {
        let bad = vec![(3, "pin".to_owned()), (5, String::new())];
        assert_eq!(rows_of(TEXT, 1), (vec![1, 6], bad));
    }

    #[test]
    fn reading_goes_on_where_it_is_told_to() {
        assert_eq!(rows_of(TEXT, 4), (vec![6], vec![(5, String::new())]));
        assert_eq!(rows_of(TEXT, 7), (vec![], vec![]));
    }
}
