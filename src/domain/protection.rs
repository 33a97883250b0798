//! The locks of one line or one account, and the epochs that void what was granted before them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Action, ChangeDigest, Held, Lock, LockError, LockHolder, LockName, LockSet, LockStep, Release, ReleaseId, Spid,
    Stance,
};

/// The account's chain sequence number at which something was granted or voided.
pub type Seq = u64;

/// Locks and epochs of one scope.
///
/// INVARIANT (permit-once): whatever was granted for an action at or below its `voided_at` sequence is dead. Turning a lock on
/// moves the epoch; nothing is walked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protection {
    locks: BTreeMap<LockName, Lock>,
    voided_at: BTreeMap<Action, Seq>,
}

/// A lock's step together with the lock it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedStep {
    /// Which lock.
    pub name: LockName,
    /// What time did.
    pub step: LockStep,
}

impl Protection {
    /// From stored parts.
    pub fn from_parts(locks: BTreeMap<LockName, Lock>, voided_at: BTreeMap<Action, Seq>) -> Self {
        Self { locks, voided_at }
    }

    /// The locks of a line that comes from another account, whose sequence says nothing on this one: what was granted here up to
    /// `seq` was not granted for it.
    pub fn arrived(before: &Self, seq: Seq) -> Self {
        let voided_at = Action::ALL.into_iter().map(|action| (action, seq)).collect();
        Self { locks: before.locks.clone(), voided_at }
    }

    /// Every lock that was ever set, with its name.
    pub fn locks(&self) -> impl Iterator<Item = (LockName, &Lock)> {
        self.locks.iter().map(|(name, lock)| (*name, lock))
    }

    /// The epochs, for storage.
    pub fn epochs(&self) -> impl Iterator<Item = (Action, Seq)> + '_ {
        self.voided_at.iter().map(|(action, seq)| (*action, *seq))
    }

    /// One lock's state.
    pub fn lock(&self, name: LockName) -> &Lock {
        self.locks.get(&name).unwrap_or(&Lock::Off)
    }

    /// Turns a lock on and voids everything granted so far for the actions it covers.
    pub fn set(&mut self, set: LockSet, holder: LockHolder, held: Held, seq: Seq) {
        let lock = self.locks.remove(&(set, holder)).unwrap_or(Lock::Off);
        self.locks.insert((set, holder), lock.lock(held));
        self.void_covered(set, seq);
    }

    /// Starts a release. What the lock covers and was granted past it all the same, as a transfer PIN for a whole account was
    /// past a line's lock, is void: a release opens only what is asked for after it.
    pub fn release(&mut self, set: LockSet, holder: LockHolder, release: Release, seq: Seq) -> Result<(), LockError> {
        let name = (set, holder);
        let next = self.lock(name).clone().release(release)?;
        self.locks.insert(name, next);
        self.void_covered(set, seq);
        Ok(())
    }

    /// Cancels a release, wherever it stands; what it let through meanwhile is void.
    pub fn cancel(&mut self, id: ReleaseId, seq: Seq) -> Result<LockName, LockError> {
        let name = self.release_named(id).ok_or(LockError::NoSuchRelease)?;
        let next = self.lock(name).clone().cancel(id)?;
        self.locks.insert(name, next);
        self.void_covered(name.0, seq);
        Ok(name)
    }

    /// The lock that a release belongs to.
    pub fn release_named(&self, id: ReleaseId) -> Option<LockName> {
        self.locks()
            .find(|(_, lock)| lock.current_release().is_some_and(|release| release.id == id))
            .map(|(name, _)| name)
    }

    /// Re-locks every release that was for exactly this change, now that it is redeemed, and voids what else it let through.
    pub fn consume(&mut self, exact: &ChangeDigest, seq: Seq) -> Vec<LockName> {
        let mut consumed = Vec::new();
        for (name, lock) in &mut self.locks {
            if let Lock::Released(held, release) = lock
                && matches!(release.scope, super::ReleaseScope::Only(digest, _) if digest == *exact)
            {
                *lock = Lock::On(held.clone());
                consumed.push(*name);
            }
        }
        for (set, _) in &consumed {
            self.void_covered(*set, seq);
        }
        consumed
    }

    /// Ends every release, and voids whatever was granted.
    pub(super) fn close_all(&mut self, seq: Seq) {
        for lock in self.locks.values_mut() {
            if let Lock::Releasing(held, _) | Lock::Released(held, _) = &*lock {
                *lock = Lock::On(held.clone());
            }
        }
        for action in Action::ALL {
            self.void(action, seq);
        }
    }

    /// Voids what was granted for `action` up to and including `seq`.
    pub fn void(&mut self, action: Action, seq: Seq) {
        let epoch = self.voided_at.entry(action).or_insert(seq);
        *epoch = (*epoch).max(seq);
    }

    fn void_covered(&mut self, set: LockSet, seq: Seq) {
        for action in Action::ALL.into_iter().filter(|action| set.covers(*action)) {
            self.void(action, seq);
        }
    }

    /// Whether something granted for `action` at `granted` is still alive in this scope.
    pub fn is_alive(&self, action: Action, granted: Seq) -> bool {
        self.voided_at.get(&action).is_none_or(|epoch| granted > *epoch)
    }

    /// The strictest of what this scope's locks say to a change.
    pub fn stance(&self, action: Action, exact: &ChangeDigest, gaining: Option<Spid>, now: DateTime<Utc>) -> Stance {
        self.stance_of(action, |_, lock| lock.stance(action, exact, gaining, now))
    }

    /// The strictest of what the locks that cover an action say, each by itself.
    pub(super) fn stance_of(&self, action: Action, says: impl Fn(LockHolder, &Lock) -> Stance) -> Stance {
        let covering = self.locks().filter(|((set, _), _)| set.covers(action));
        covering.map(|((_, holder), lock)| says(holder, lock)).fold(Stance::Open, Stance::stricter)
    }

    /// The next instant at which a lock changes by itself.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        self.locks().filter_map(|(_, lock)| lock.due_at()).min()
    }

    /// Applies all that has fallen due by `now`. A re-lock voids what its release let through, at sequence `seq`.
    pub fn advance(&mut self, now: DateTime<Utc>, seq: Seq) -> Vec<NamedStep> {
        let mut steps = Vec::new();
        let names: Vec<LockName> = self.locks.keys().copied().collect();
        for name in names {
            // Two at most: a release that took effect and ended while nobody looked.
            for _ in 0..2 {
                let Some(lock) = self.locks.remove(&name) else { break };
                let (next, step) = lock.step(now);
                self.locks.insert(name, next);
                let Some(step) = step else { break };
                if step.kind == super::LockStepKind::Relocked {
                    self.void_covered(name.0, seq);
                }
                steps.push(NamedStep { name, step });
            }
        }
        steps.sort_by_key(|named| named.step.at);
        steps
    }
}
