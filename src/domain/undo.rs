//! What two people must agree on to undo: a hold, an incident.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Reference, Subject};

/// How long a first word waits for a second.
pub const CONSENT_LASTS: TimeDelta = TimeDelta::hours(24);

/// One person's word that something is to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Whose.
    pub by: Subject,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Reference,
}

/// How far the undoing of something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoing {
    /// It stands.
    Stands,
    /// One person wants it undone: it stands.
    Asked(Consent),
    /// Two people undid it.
    Done {
        /// Who asked.
        first: Consent,
        /// Who agreed.
        second: Consent,
    },
}

/// What a person's word came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// It waits for another person.
    Asked,
    /// It is undone.
    Done,
    /// Nothing: the same person had asked, or it was undone before.
    AsBefore,
}

impl Undoing {
    /// Whether what may be undone still stands.
    pub const fn stands(&self) -> bool {
        !matches!(self, Self::Done { .. })
    }

    /// Whose word waits for a second at `now`; none where nobody's does.
    pub fn waiting(&self, now: DateTime<Utc>) -> Option<&Consent> {
        match self {
            Self::Asked(first) if now.signed_duration_since(first.at) < CONSENT_LASTS => Some(first),
            _ => None,
        }
    }

    /// Adds a person's word.
    ///
    /// INVARIANT (fail-closed): nobody undoes alone. One's own word is not a second, and one that is over counts no more.
    pub fn add(&mut self, word: Consent) -> Undone {
        if !self.stands() {
            return Undone::AsBefore;
        }
        match self.waiting(word.at).cloned() {
            Some(first) if first.by == word.by => Undone::AsBefore,
            Some(first) => {
                *self = Self::Done { first, second: word };
                Undone::Done
            }
            None => {
                *self = Self::Asked(word);
                Undone::Asked
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::{CONSENT_LASTS, Consent, Undoing, Undone};
    use crate::domain::{Reference, Subject};

    fn word(by: &str, minutes: i64) -> Consent {
        Consent {
            by: Subject::parse(by).unwrap(),
            at: DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes),
            reason: Reference::parse("checked").unwrap(),
        }
    }

    #[test]
    fn two_people_undo_and_one_does_not() {
        let mut hold = Undoing::Stands;
        assert_eq!(hold.add(word("ann", 0)), Undone::Asked);
        assert_eq!(hold.add(word("ann", 1)), Undone::AsBefore);
        assert!(hold.stands());
        assert_eq!(hold.add(word("bob", 2)), Undone::Done);
        assert_eq!(hold, Undoing::Done { first: word("ann", 0), second: word("bob", 2) });
        assert_eq!(hold.add(word("cy", 3)), Undone::AsBefore);
    }

    #[test]
    fn a_word_that_is_over_is_none() {
        let lasts = CONSENT_LASTS.num_minutes();
        for (after, undone) in [(lasts - 1, Undone::Done), (lasts, Undone::Asked)] {
            let mut hold = Undoing::Asked(word("ann", 0));
            assert_eq!(hold.add(word("bob", after)), undone, "{after} minutes later");
        }
    }
}
