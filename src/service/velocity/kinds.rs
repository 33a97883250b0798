//! The closed list of windows that count over many accounts.

use chrono::TimeDelta;

use crate::store::Before;

/// A kind of window.
#[derive(Clone, Copy)]
pub struct WindowKind {
    /// Its name, for ever: windows are found by it.
    pub name: &'static str,
    /// What its key is made of.
    pub key: &'static str,
    /// What its events are told apart by.
    pub subject: &'static str,
    /// How far back it counts.
    pub length: TimeDelta,
    /// The largest number that a rule may compare it with.
    pub most: u16,
    /// How many events it keeps: all that `most` subjects can have, and those in flight.
    pub cap: u16,
    /// Whether a subject's newest event takes the place of those before it, once it is known to count: so no number of
    /// events of one subject pushes out those of others.
    pub one_each: bool,
    /// When a charge must be durable.
    pub before: Before,
    /// The paragraph of the policy in words.
    pub paragraph: &'static str,
}

/// An account has two events at most: its newest failure, and that a right secret followed.
pub(super) const SOURCE_FAILURES: WindowKind = WindowKind {
    name: "secret-failures-of-source",
    key: "the kind of source; its name, in its brand",
    subject: "the account, or the number that nobody has; marked, once a right secret followed",
    length: TimeDelta::hours(1),
    most: 20,
    cap: 128,
    one_each: true,
    before: Before::Look,
    paragraph: "P3",
};

/// The name is worth something in one process alone, so nothing of it outlives that.
pub(super) const PIN_VALUE_FAILURES: WindowKind = WindowKind {
    name: "failures-of-pin-value",
    key: "the brand and the PIN, under a key of this process",
    subject: "the account, or the number that nobody has",
    length: TimeDelta::hours(1),
    most: 20,
    cap: 96,
    one_each: true,
    before: Before::Nothing,
    paragraph: "P3",
};

/// So long what staff began without a sign of the customer counts for itself.
pub(super) const BEGUN_WITHIN: TimeDelta = TimeDelta::hours(1);

/// What nobody proved while its challenge lived lapsed, and is remembered longer than what was begun.
pub(super) const BEGUN_UNPROVEN: WindowKind = WindowKind {
    name: "unproven-begun-by-staff",
    key: "the member of staff",
    subject: "the account, or the number that nobody has",
    length: TimeDelta::days(10),
    most: 5,
    cap: 32,
    one_each: true,
    before: Before::Commit,
    paragraph: "P6",
};

/// Shorter than any restart.
pub(super) const ASKED_BY_STAFF: WindowKind = WindowKind {
    name: "asked-by-staff",
    key: "the member of staff",
    subject: "the account, or the number that nobody has",
    length: TimeDelta::seconds(1),
    most: 1,
    cap: 16,
    one_each: false,
    before: Before::Nothing,
    paragraph: "P6",
};

/// A business is held to a part of its lines, at most to this many.
pub(super) const LINES_LEAVING: WindowKind = WindowKind {
    name: "lines-leaving",
    key: "the account",
    subject: "the line",
    length: TimeDelta::hours(24),
    most: 256,
    cap: 257,
    one_each: true,
    before: Before::Commit,
    paragraph: "P15",
};

/// A line is asked about again and again: what lapsed is its first ask, so none takes another's place.
pub(super) const SWEEPS_CHALLENGED: WindowKind = WindowKind {
    name: "sweeps-challenged",
    key: "the account",
    subject: "the line",
    length: TimeDelta::hours(24),
    most: 1,
    cap: 257,
    one_each: false,
    before: Before::Commit,
    paragraph: "P15",
};

pub(super) const PORTS_TO_CARRIER: WindowKind = WindowKind {
    name: "ports-to-carrier",
    key: "the brand and the gaining carrier",
    subject: "the account",
    length: TimeDelta::days(7),
    most: 100,
    cap: 101,
    one_each: false,
    before: Before::Commit,
    paragraph: "P16",
};

pub(super) const PORTS_TO_DEALER: WindowKind = WindowKind {
    name: "ports-to-dealer",
    key: "the brand, the gaining carrier and its dealer",
    subject: "the account",
    length: TimeDelta::days(7),
    most: 100,
    cap: 101,
    one_each: false,
    before: Before::Commit,
    paragraph: "P16",
};

pub(super) const HANDSETS: WindowKind = WindowKind {
    name: "sim-changes-of-handset",
    key: "the handset of the IMEI: its first 14 digits",
    subject: "the account",
    length: TimeDelta::days(30),
    most: 2,
    cap: 16,
    one_each: true,
    before: Before::Commit,
    paragraph: "P16",
};

/// One document, two customers.
pub(super) const DOCUMENTS: WindowKind = WindowKind {
    name: "documents-shown",
    key: "the digest of what scanners call the identity document",
    subject: "the account, once a second person has seen it",
    length: TimeDelta::days(30),
    most: 1,
    cap: 64,
    one_each: true,
    before: Before::Commit,
    paragraph: "P6",
};

pub(super) const DOCUMENT_PAIRS: WindowKind = WindowKind {
    name: "documents-of-pair",
    key: "the brand, who scans a document and who sees it",
    subject: "the challenge",
    length: TimeDelta::hours(24),
    most: 20,
    cap: 128,
    one_each: true,
    before: Before::Commit,
    paragraph: "P6",
};

/// So many accounts within the window are more than anybody looks at for their work.
pub(super) const READ_MANY: usize = 100;

/// An account that is read again and again pushes no other out: its newest read takes its place.
pub(super) const ACCOUNTS_READ: WindowKind = WindowKind {
    name: "accounts-read",
    key: "the brand and who reads",
    subject: "the account",
    length: TimeDelta::hours(24),
    most: 100,
    cap: 104,
    one_each: true,
    before: Before::Commit,
    paragraph: "P16",
};

/// When somebody read so many. One in half a day: a reader who goes on is told again, and pushes out none that matters.
pub(super) const ANOMALOUS_READS: WindowKind = WindowKind {
    name: "anomalous-reads",
    key: "the brand and who reads",
    subject: "the same",
    length: TimeDelta::days(8),
    most: 1,
    cap: 20,
    one_each: false,
    before: Before::Commit,
    paragraph: "P16",
};

pub(super) const PORTS_OF_READ: WindowKind = WindowKind {
    name: "ports-of-accounts-read",
    key: "the brand, the gaining carrier and who read the accounts",
    subject: "the account",
    length: TimeDelta::days(7),
    most: 5,
    cap: 32,
    one_each: true,
    before: Before::Commit,
    paragraph: "P16",
};

/// Every kind.
pub const WINDOW_KINDS: [&WindowKind; 14] = [
    &SOURCE_FAILURES,
    &PIN_VALUE_FAILURES,
    &BEGUN_UNPROVEN,
    &ASKED_BY_STAFF,
    &LINES_LEAVING,
    &SWEEPS_CHALLENGED,
    &PORTS_TO_CARRIER,
    &PORTS_TO_DEALER,
    &HANDSETS,
    &DOCUMENTS,
    &DOCUMENT_PAIRS,
    &ACCOUNTS_READ,
    &ANOMALOUS_READS,
    &PORTS_OF_READ,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BEGUN_UNPROVEN, Before, SWEEPS_CHALLENGED, TimeDelta, WINDOW_KINDS};
    use crate::policy::{CHALLENGE_LIFE_MAX, FAILURES_WINDOW_MAX, UNKNOWN_NUMBERS_WINDOW_MAX};
    use crate::store::WINDOW_KEPT;

    #[test]
    fn each_kind_has_a_name_of_its_own_and_room_for_what_rules_ask() {
        assert_eq!(WINDOW_KINDS.iter().map(|kind| kind.name).collect::<BTreeSet<_>>().len(), WINDOW_KINDS.len());
        for kind in WINDOW_KINDS {
            assert!(
                kind.cap > kind.most && kind.length > TimeDelta::zero() && kind.length <= WINDOW_KEPT,
                "{}",
                kind.name
            );
            assert!(
                kind.paragraph.starts_with('P') && !kind.key.is_empty() && !kind.subject.is_empty(),
                "{}",
                kind.name
            );
            // What is forgotten at a restart is over by then, or has lost its name.
            assert!(kind.before != Before::Nothing || kind.length <= TimeDelta::hours(1), "{}", kind.name);
        }
    }

    /// What a policy may have counted is kept as long as it counts.
    #[test]
    fn no_knob_is_longer_than_what_it_counts_is_kept() {
        assert!(FAILURES_WINDOW_MAX * 2 <= WINDOW_KEPT && UNKNOWN_NUMBERS_WINDOW_MAX <= WINDOW_KEPT);
        assert!(CHALLENGE_LIFE_MAX <= SWEEPS_CHALLENGED.length && CHALLENGE_LIFE_MAX <= BEGUN_UNPROVEN.length);
    }

    /// `docs/windows.md` has a row for each kind, in this order, and no other.
    #[test]
    fn every_kind_is_told() {
        let rows = include_str!("../../../docs/windows.md").lines().filter(|line| line.starts_with("| `"));
        let told: Vec<Vec<&str>> = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect();
        let length = |time: TimeDelta| match time.num_seconds() {
            1 => "1 s".to_owned(),
            seconds if seconds <= 86_400 => format!("{} h", seconds / 3_600),
            seconds => format!("{} d", seconds / 86_400),
        };
        let kinds: Vec<_> = WINDOW_KINDS
            .iter()
            .map(|kind| (format!("`{}`", kind.name), length(kind.length), kind.most.to_string(), kind.paragraph))
            .collect();
        let rows: Vec<_> =
            told.iter().map(|row| (row[0].to_owned(), row[3].to_owned(), row[4].to_owned(), row[5])).collect();
        assert_eq!(rows, kinds);
    }
}
