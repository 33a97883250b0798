//! Checkpoints as files: read line by line, and checked as far as that goes without the service.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use crate::audit::{CHECKPOINT_LINE_BYTES_MAX, CheckpointLine, CheckpointReader, CheckpointSeal};
use crate::cli::failure::Failure;

/// What a checkpoint's file says of itself.
#[derive(Debug)]
pub(super) struct Checked {
    /// Accounts in it.
    pub(super) accounts: u64,
    /// Its seal; what it is over fits, and the key in it made it.
    pub(super) seal: CheckpointSeal,
}

/// Reads a checkpoint and checks its digest and its signature.
pub(super) fn check(path: &Path) -> Result<Checked, Failure> {
    let mut lines = Lines::open(path)?;
    let mut reader = CheckpointReader::default();
    let (mut accounts, mut end) = (0_u64, None);
    while let Some(line) = lines.next()? {
        let bad = |error: String| Failure::invalid(format!("`{}` is no checkpoint: {error}", path.display()));
        match reader.line(line.trim_end_matches('\n')).map_err(|error| bad(error.to_string()))? {
            CheckpointLine::Passed | CheckpointLine::Brand(_) => {}
            CheckpointLine::Mark(_) => accounts = accounts.saturating_add(1),
            CheckpointLine::End { digest_holds, seal } => end = Some((digest_holds, seal)),
        }
    }
    let Some((digest_holds, seal)) = end else {
        return Err(Failure::invalid(format!("`{}` is no whole checkpoint: its end is missing", path.display())));
    };
    if !digest_holds || !seal.is_signed() {
        let message = format!("`{}` was changed: its signature does not fit", path.display());
        return Err(Failure::denied(message));
    }
    Ok(Checked { accounts, seal })
}

/// The lines of a file, none longer than a checkpoint's are.
pub(super) struct Lines<'a> {
    path: &'a Path,
    file: BufReader<File>,
}

impl<'a> Lines<'a> {
    /// Opens the file.
    pub(super) fn open(path: &'a Path) -> Result<Self, Failure> {
        match File::open(path) {
            Ok(file) => Ok(Self { path, file: BufReader::new(file) }),
            Err(error) => Err(Failure::invalid(format!("cannot read `{}`: {error}", path.display()))),
        }
    }

    /// The next line with its line feed; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let most = u64::try_from(CHECKPOINT_LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        let read = (&mut self.file).take(most).read_line(&mut line);
        let bad = |cause: String| Failure::invalid(format!("cannot read `{}`: {cause}", self.path.display()));
        match read.map_err(|error| bad(error.to_string()))? {
            0 => Ok(None),
            _ if line.ends_with('\n') => Ok(Some(line)),
            _ => Err(bad("a line of it is longer than a checkpoint's are, or has no end".to_owned())),
        }
    }
}
