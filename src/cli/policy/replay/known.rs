//! Refusals and frauds, of decisions that somebody reported on.

use crate::cli::policy::recorded::Reported;
use crate::domain::OutcomeKind;

/// How many came out how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Outcomes {
    pub(super) approve: u64,
    pub(super) challenge: u64,
    pub(super) deny: u64,
}

impl Outcomes {
    /// One more.
    pub(super) const fn add(&mut self, outcome: OutcomeKind) {
        let counted = match outcome {
            OutcomeKind::Approve => &mut self.approve,
            OutcomeKind::Challenge => &mut self.challenge,
            OutcomeKind::Deny => &mut self.deny,
        };
        *counted = counted.saturating_add(1);
    }

    /// How many of one outcome.
    pub(super) const fn of(self, outcome: OutcomeKind) -> u64 {
        match outcome {
            OutcomeKind::Approve => self.approve,
            OutcomeKind::Challenge => self.challenge,
            OutcomeKind::Deny => self.deny,
        }
    }

    /// All of them.
    pub(super) const fn all(self) -> u64 {
        self.approve.saturating_add(self.challenge).saturating_add(self.deny)
    }
}

/// Two sides of the same decisions: as they were recorded, and as they would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sides {
    pub(super) recorded: Outcomes,
    pub(super) replayed: Outcomes,
}

impl Sides {
    /// One more decision.
    pub(super) const fn add(&mut self, from: OutcomeKind, to: OutcomeKind) {
        self.recorded.add(from);
        self.replayed.add(to);
    }
}

/// Decisions of which somebody said what they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    /// Said to be genuine, and those carried out that nobody called a fraud.
    pub(super) genuine: Sides,
    /// Of those how many were said to be genuine.
    pub(super) said_genuine: u64,
    /// Said to be fraud.
    pub(super) fraud: Sides,
    /// Frauds that were approved, as they would be.
    pub(super) fraud_approved: Outcomes,
}

impl Known {
    /// One more decision, with the worst that was reported of it.
    pub(super) const fn add(&mut self, reported: Reported, from: OutcomeKind, to: OutcomeKind) {
        match reported {
            Reported::Fraud => {
                self.fraud.add(from, to);
                if matches!(from, OutcomeKind::Approve) {
                    self.fraud_approved.add(to);
                }
            }
            Reported::Genuine => {
                self.genuine.add(from, to);
                self.said_genuine = self.said_genuine.saturating_add(1);
            }
            Reported::Executed => self.genuine.add(from, to),
        }
    }
}

/// A share of a whole in hundredths of a per cent, rounded down; none of nothing.
pub(super) const fn basis_points(part: u64, whole: u64) -> Option<u64> {
    part.saturating_mul(10_000).checked_div(whole)
}

/// The same for people.
pub(super) fn percent(part: u64, whole: u64) -> String {
    match basis_points(part, whole) {
        Some(points) => format!("{}.{:02} %", points / 100, points % 100),
        None => "not known".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, Outcomes, percent};
    use crate::cli::policy::recorded::Reported::{Executed, Fraud, Genuine};
    use crate::domain::OutcomeKind::{Approve, Challenge, Deny};

    #[test]
    fn frauds_are_apart_from_what_was_genuine() {
        let mut known = Known::default();
        for (reported, from, to) in [
            (Genuine, Approve, Deny),
            (Executed, Approve, Approve),
            (Genuine, Deny, Approve),
            (Fraud, Approve, Deny),
            (Fraud, Approve, Challenge),
            (Fraud, Deny, Approve),
        ] {
            known.add(reported, from, to);
        }
        let outcomes = |approve, challenge, deny| Outcomes { approve, challenge, deny };
        assert_eq!((known.genuine.recorded, known.genuine.replayed), (outcomes(2, 0, 1), outcomes(2, 0, 1)));
        assert_eq!(known.said_genuine, 2);
        assert_eq!((known.fraud.recorded, known.fraud.replayed), (outcomes(2, 0, 1), outcomes(1, 1, 1)));
        assert_eq!(known.fraud_approved, outcomes(0, 1, 1));
        assert_eq!(known.fraud.replayed.all(), 3);
    }

    #[test]
    fn shares_are_of_something() {
        assert_eq!(percent(1, 3), "33.33 %");
        assert_eq!(percent(0, 7), "0.00 %");
        assert_eq!(percent(7, 7), "100.00 %");
        assert_eq!(percent(0, 0), "not known");
    }
}
