//! What the people of the day wrote down: transfer PINs they were shown once, releases they may cancel, answers they got.
//!
//! A service shows a transfer PIN once. On the next start the same requests are sent, so what was shown must be known
//! still; a customer has it on a piece of paper, the day has it in a file for its owner alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cli::failure::{Exit, Failure};
use crate::crypto::{read_secret_file, write_new_secret_file};

const SHOWN: &str = "day-notes.json";

const ANSWERS: &str = "day-answers.json";

/// The notes. Has no `Debug`: it holds transfer PINs.
#[derive(Default)]
pub(super) struct Notes {
    shown: Shown,
    answers: Answers,
}

/// What was shown once.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    /// Transfer PINs by the name that the sheets give them.
    transfer_pins: BTreeMap<String, String>,
    /// Releases by the request that asked for them.
    releases: BTreeMap<String, String>,
}

/// What was answered: no secret.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answers {
    /// When the day was played first, in seconds since 1970; none before its end.
    played: Option<i64>,
    /// Decisions by the request that asked for them.
    decisions: BTreeMap<String, String>,
}

impl Notes {
    /// The notes in `folder`; empty ones before the first day.
    pub(super) fn read(folder: &Path) -> Result<Self, Failure> {
        let (shown, answers) = (folder.join(SHOWN), folder.join(ANSWERS));
        let mut notes = Self::default();
        if shown.exists() {
            let text = read_secret_file(&shown).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
            notes.shown = parse(&shown, &text)?;
        }
        if answers.exists() {
            let text = fs::read_to_string(&answers).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
            notes.answers = parse(&answers, &text)?;
        }
        Ok(notes)
    }

    /// Writes what was shown, in place of older notes, at once: it must outlive whatever happens next.
    pub(super) fn write_shown(&self, folder: &Path) -> Result<(), Failure> {
        replace(folder, SHOWN, &self.shown)
    }

    /// Writes what was answered. A day that ended before stays the first.
    pub(super) fn write_answers(&mut self, folder: &Path, now: DateTime<Utc>) -> Result<(), Failure> {
        self.answers.played.get_or_insert(now.timestamp());
        replace(folder, ANSWERS, &self.answers)
    }

    /// When the day was played first.
    pub(super) fn played(&self) -> Option<DateTime<Utc>> {
        self.answers.played.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
    }

    /// The value of a transfer PIN, `issued:NAME` being one that was issued during the day.
    pub(super) fn transfer_pin<'a>(&'a self, text: &'a str) -> Option<&'a str> {
        match text.strip_prefix("issued:") {
            Some(name) => self.shown.transfer_pins.get(name).map(String::as_str),
            None => Some(text),
        }
    }

    /// A transfer PIN that was just shown. A repetition shows none, and what was noted stays.
    pub(super) fn was_shown(&mut self, name: &str, value: String) {
        if !value.is_empty() {
            self.shown.transfer_pins.insert(name.to_owned(), value);
        }
    }

    /// The release that a request started.
    pub(super) fn release(&self, request: &str) -> Option<&str> {
        self.shown.releases.get(request).map(String::as_str)
    }

    /// A release that a request started. One noted before stays.
    pub(super) fn was_released(&mut self, request: &str, release: &str) {
        self.shown.releases.entry(request.to_owned()).or_insert_with(|| release.to_owned());
    }

    /// Notes the decision that a request got. Whether it is the one that it got before; none the first time.
    pub(super) fn was_decided(&mut self, request: &str, decision: &str) -> Option<bool> {
        let before = self.answers.decisions.insert(request.to_owned(), decision.to_owned());
        before.map(|before| before == decision)
    }
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> Result<T, Failure> {
    let unreadable = |error| Failure::invalid(format!("`{}` cannot be read: {error}", path.display()));
    serde_json::from_str(text).map_err(unreadable)
}

fn replace(folder: &Path, name: &str, notes: &impl Serialize) -> Result<(), Failure> {
    let failed = |error: &(dyn std::error::Error + 'static)| Failure::caused(Exit::Failed, error);
    let (path, new) = (folder.join(name), folder.join(format!("{name}.new")));
    let text = serde_json::to_string(notes).map_err(|error| failed(&error))?;
    if new.exists() {
        fs::remove_file(&new).map_err(|error| failed(&error))?;
    }
    write_new_secret_file(&new, text.as_bytes()).map_err(|error| failed(&error))?;
    fs::rename(&new, &path).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::Notes;

    #[test]
    fn notes_outlive_the_day_and_the_first_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let mut notes = Notes::read(folder.path()).unwrap();
        assert_eq!(notes.played(), None);
        notes.was_shown("tp-001", "482951".to_owned());
        notes.was_released("r", "first");
        assert_eq!(notes.was_decided("r", "d"), None);
        for seconds in [1_800_000_000, 1_800_000_060] {
            notes.write_shown(folder.path()).unwrap();
            notes.write_answers(folder.path(), at(seconds)).unwrap();
        }

        let mut notes = Notes::read(folder.path()).unwrap();
        notes.was_shown("tp-001", String::new());
        notes.was_released("r", "second");
        assert_eq!(notes.transfer_pin("issued:tp-001"), Some("482951"));
        assert_eq!(notes.transfer_pin("issued:tp-002"), None);
        assert_eq!(notes.transfer_pin("000007"), Some("000007"));
        assert_eq!(notes.release("r"), Some("first"));
        assert_eq!(notes.was_decided("r", "d"), Some(true));
        assert_eq!(notes.was_decided("r", "e"), Some(false));
        assert_eq!(notes.played(), Some(at(1_800_000_000)));
    }
}
