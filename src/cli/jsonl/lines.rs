//! Lines of a file, none longer than memory should hold.

use std::io::{self, BufRead};

/// The longest row, in bytes: what the service takes as one message by default.
pub(super) const ROW_BYTES_MAX: usize = 262_144;

/// A line, or that it was too long; its rest has been skipped then.
pub(crate) enum Line<'a> {
    /// Its bytes, without the line's end.
    Whole(&'a [u8]),
    /// It is longer than [`ROW_BYTES_MAX`].
    TooLong,
}

/// Reads a file line by line.
pub(crate) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// From the beginning of `input`.
    pub(crate) const fn new(input: R) -> Self {
        Self { input, line: Vec::new(), bytes: 0 }
    }

    /// Bytes read so far.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let mut is_too_long = false;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                break;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let piece = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            is_too_long |= self.line.len().saturating_add(piece.len()) > ROW_BYTES_MAX;
            if !is_too_long {
                self.line.extend_from_slice(piece);
            }
            let used = piece.len().saturating_add(usize::from(end.is_some()));
            self.input.consume(used);
            self.bytes = self.bytes.saturating_add(u64::try_from(used).unwrap_or(u64::MAX));
            if end.is_some() {
                return Ok(Some(self.read(is_too_long)));
            }
            if used == 0 {
                break;
            }
        }
        // The last line may have no end.
        let is_there = is_too_long || !self.line.is_empty();
        Ok(is_there.then(|| self.read(is_too_long)))
    }

    fn read(&self, is_too_long: bool) -> Line<'_> {
        if is_too_long {
            return Line::TooLong;
        }
        Line::Whole(self.line.strip_suffix(b"\r").unwrap_or(&self.line))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Line, Lines, ROW_BYTES_MAX};

    fn read(text: &[u8], buffer: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(match line {
                Line::Whole(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
                Line::TooLong => None,
            });
        }
        assert_eq!(lines.bytes(), u64::try_from(text.len()).unwrap());
        all
    }

    #[test]
    fn lines_are_cut_wherever_the_buffer_ends() {
        for buffer in [1, 2, 3, 7, 100] {
            let lines = read(b"one\ntwo\r\n\nfour", buffer);
            let expected = ["one", "two", "", "four"].map(|line| Some(line.to_owned()));
            assert_eq!(lines, expected, "buffer of {buffer}");
        }
        assert!(read(b"", 4).is_empty());
        assert_eq!(read(b"end\n", 4), [Some("end".to_owned())]);
    }

    #[test]
    fn a_line_too_long_is_skipped_and_the_next_is_whole() {
        let long = "x".repeat(ROW_BYTES_MAX);
        let lines = read(format!("{long}\n{long}y\nafter\n{long}z").as_bytes(), 4_096);
        assert_eq!(lines, [Some(long), None, Some("after".to_owned()), None]);
    }
}
