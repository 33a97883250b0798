//! Which policies decided, which one does, and which one waits for a second person.

use chrono::{DateTime, Utc};

use super::{PolicyRevision, Reference, Subject};

/// The policies of the past that are remembered: the oldest leaves first.
pub const PAST_POLICIES_MAX: usize = 256;

/// The longest text of a policy that is kept, in bytes: two of them stand on the shelf.
pub const POLICY_TEXT_BYTES_MAX: usize = 96 * 1_024;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicyShelf {
    /// The policy that decides.
    pub in_force: Option<PolicyInForce>,
    /// The policy that waits.
    pub staged: Option<StagedPolicy>,
    /// Those that decided before, each once, in the order in which they last did.
    pub past: Vec<PastPolicy>,
}

/// A policy that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyInForce {
    /// Which.
    pub revision: PolicyRevision,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Its file's text, where two people put it in force; none where the settings' file did.
    pub text: Option<String>,
}

/// A policy that one person wants and another must agree to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedPolicy {
    /// Which.
    pub revision: PolicyRevision,
    /// Its file's text.
    pub text: String,
    /// Who wants it.
    pub by: Subject,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: Reference,
    /// Whether they said that it may be one that decided before.
    pub goes_back: bool,
}

/// A policy that decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastPolicy {
    /// Which.
    pub revision: PolicyRevision,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl PolicyShelf {
    /// Whether a policy decided before, and another does now.
    pub fn goes_back_to(&self, revision: PolicyRevision) -> bool {
        let decides = self.in_force.as_ref().is_some_and(|policy| policy.revision == revision);
        !decides && self.past.iter().any(|policy| policy.revision == revision)
    }

    /// Lets another policy decide. Answers with the one that did.
    pub fn put_in_force(&mut self, policy: PolicyInForce) -> Option<PolicyRevision> {
        let since = policy.since;
        let before = self.in_force.replace(policy)?;
        // Each once: to and fro pushes none of the others out.
        self.past.retain(|past| past.revision != before.revision);
        self.past.push(PastPolicy { revision: before.revision, until: since });
        if self.past.len() > PAST_POLICIES_MAX {
            self.past.remove(0);
        }
        Some(before.revision)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{PAST_POLICIES_MAX, PolicyInForce, PolicyRevision, PolicyShelf};

    fn policy(number: usize) -> PolicyInForce {
        let mut revision = [0; 32];
        revision[..8].copy_from_slice(&number.to_be_bytes());
        PolicyInForce { revision: PolicyRevision(revision), since: DateTime::UNIX_EPOCH, text: None }
    }

    #[test]
    fn the_past_is_bounded_and_to_and_fro_pushes_none_of_it_out() {
        let mut shelf = PolicyShelf::default();
        for number in 0..PAST_POLICIES_MAX {
            shelf.put_in_force(policy(number));
        }
        for turn in 0..2 * PAST_POLICIES_MAX {
            shelf.put_in_force(policy(PAST_POLICIES_MAX - 2 + turn % 2));
        }
        assert!(shelf.goes_back_to(policy(0).revision) && shelf.past.len() == PAST_POLICIES_MAX);
        for number in 0..3 {
            shelf.put_in_force(policy(1_000 + number));
        }
        assert!(!shelf.goes_back_to(policy(0).revision) && shelf.past.len() == PAST_POLICIES_MAX);
    }
}
