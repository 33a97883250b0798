//! Locks: what the customer or the carrier has forbidden, and the only ways in which that ends.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Action, ChangeDigest, Channel, DeviceId, LockHolder, LockSet, PersonId, RecordId, Reference, ReleaseId};

/// The state of one lock. There is no instant release and no release without an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Never set.
    Off,
    /// Binds.
    On(Held),
    /// A release was asked for and proven, and waits for its delay. Still binds.
    Releasing(Held, Release),
    /// Open for the release's scope until it re-locks by itself.
    Released(Held, Release),
}

/// Since when a lock binds and who set it. Kept through a release, for the re-lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// When it was set.
    pub since: DateTime<Utc>,
    /// The person who set it, where one did.
    pub by: Option<PersonId>,
    /// The carrier's reason for a carrier's lock.
    pub reason: Option<Reference>,
}

/// A proven request to take a lock off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its name, for the one who may cancel it.
    pub id: ReleaseId,
    /// When it was asked and proven.
    pub proven_at: DateTime<Utc>,
    /// When covered actions stop being refused.
    pub effective_at: DateTime<Utc>,
    /// When the lock is on again.
    pub relock_at: DateTime<Utc>,
    /// What it opens.
    pub scope: ReleaseScope,
    /// The channel it was asked through.
    pub via: Channel,
    /// The device it was asked from, where known.
    pub device: Option<DeviceId>,
    /// What covered actions need once it is effective.
    pub guard: ReleaseGuard,
    /// The decision that allowed it.
    pub decision: RecordId,
}

/// What a release opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseScope {
    /// Every covered action until it re-locks.
    Window,
    /// One named change; redeeming it re-locks. A transfer PIN for its gaining carrier may be issued.
    Only(ChangeDigest, Option<super::Spid>),
}

/// What stands between an effective release and an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseGuard {
    /// Until this instant: a challenge by another channel, or an app approval of the exact change.
    OtherChannelUntil(DateTime<Utc>),
    /// Until this instant: refused; afterwards strong proof until the lock is on again.
    /// For releases through care or a store, or soon after a reset.
    DeniedUntilThenStrong(DateTime<Utc>),
}

/// Why a lock cannot make the move that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// There is nothing to release.
    #[error("the lock is not on")]
    NotOn,
    /// A release is already under way or in force.
    #[error("a release of this lock is already under way")]
    AlreadyReleasing,
    /// No such release is under way or in force.
    #[error("no such release is under way")]
    NoSuchRelease,
}

impl Lock {
    /// Turns the lock on, ending any release. One that was on keeps its own start, also through a release: what is on since before
    /// something happened is not on since after it.
    #[must_use]
    pub fn lock(self, held: Held) -> Self {
        match self {
            Self::On(before) | Self::Releasing(before, _) | Self::Released(before, _) => Self::On(before),
            Self::Off => Self::On(held),
        }
    }

    /// Starts a release; it opens nothing before its `effective_at`.
    pub fn release(self, release: Release) -> Result<Self, LockError> {
        match self {
            Self::On(held) => Ok(Self::Releasing(held, release)),
            Self::Off => Err(LockError::NotOn),
            Self::Releasing(..) | Self::Released(..) => Err(LockError::AlreadyReleasing),
        }
    }

    /// Ends the release `id`: the lock is on as it was before.
    pub fn cancel(self, id: ReleaseId) -> Result<Self, LockError> {
        match self {
            Self::Releasing(held, release) | Self::Released(held, release) if release.id == id => Ok(Self::On(held)),
            _ => Err(LockError::NoSuchRelease),
        }
    }

    /// Since when it is on, through a release as well.
    pub const fn held(&self) -> Option<&Held> {
        match self {
            Self::Off => None,
            Self::On(held) | Self::Releasing(held, _) | Self::Released(held, _) => Some(held),
        }
    }

    /// The release under way or in force.
    pub const fn current_release(&self) -> Option<&Release> {
        match self {
            Self::Releasing(_, release) | Self::Released(_, release) => Some(release),
            Self::Off | Self::On(_) => None,
        }
    }

    /// The next instant at which this lock changes by itself.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Off | Self::On(_) => None,
            Self::Releasing(_, release) => Some(release.effective_at),
            Self::Released(_, release) => Some(release.relock_at),
        }
    }

    /// What has fallen due by `now`, each with its own instant.
    pub(super) fn step(self, now: DateTime<Utc>) -> (Self, Option<LockStep>) {
        match self {
            Self::Releasing(held, release) if release.effective_at <= now => {
                let step =
                    LockStep { at: release.effective_at, kind: LockStepKind::ReleaseTookEffect, release: release.id };
                (Self::Released(held, release), Some(step))
            }
            Self::Released(held, release) if release.relock_at <= now => {
                let step = LockStep { at: release.relock_at, kind: LockStepKind::Relocked, release: release.id };
                (Self::On(held), Some(step))
            }
            lock => (lock, None),
        }
    }
}

/// A change of a lock that time alone made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockStep {
    /// When it happened: the instant that was promised, not the instant it was noticed.
    pub at: DateTime<Utc>,
    /// What happened.
    pub kind: LockStepKind,
    /// The release it belongs to.
    pub release: ReleaseId,
}

/// What time alone does to a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockStepKind {
    /// The delay is over: covered actions are no longer refused by this lock.
    ReleaseTookEffect,
    /// The release ended: the lock binds again.
    Relocked,
}

/// What a lock says to one action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stance {
    /// Nothing.
    Open,
    /// Binds.
    Locked,
    /// Binds until a release takes effect.
    CoolingDown {
        /// When to ask again.
        until: DateTime<Utc>,
    },
    /// Released, but refused until this instant.
    GuardedDeny {
        /// When to ask again.
        until: DateTime<Utc>,
    },
    /// Released: strong proof needed.
    GuardedStrong,
    /// Released: another channel or an app approval of the exact change needed.
    GuardedOtherChannel,
}

impl Lock {
    /// What this lock, once due changes are applied, says to a covered change. `exact` is the change's digest, `gaining` its carrier.
    pub fn stance(
        &self,
        action: Action,
        exact: &ChangeDigest,
        gaining: Option<super::Spid>,
        now: DateTime<Utc>,
    ) -> Stance {
        match self {
            Self::Off => Stance::Open,
            Self::On(_) => Stance::Locked,
            Self::Releasing(_, release) => Stance::CoolingDown { until: release.effective_at },
            Self::Released(_, release) if !release.scope.opens(action, exact, gaining) => Stance::Locked,
            Self::Released(_, release) => match release.guard {
                ReleaseGuard::DeniedUntilThenStrong(until) if now <= until => Stance::GuardedDeny { until },
                ReleaseGuard::DeniedUntilThenStrong(_) => Stance::GuardedStrong,
                ReleaseGuard::OtherChannelUntil(until) if now <= until => Stance::GuardedOtherChannel,
                ReleaseGuard::OtherChannelUntil(_) => Stance::Open,
            },
        }
    }
}

impl ReleaseScope {
    fn opens(&self, action: Action, exact: &ChangeDigest, gaining: Option<super::Spid>) -> bool {
        match self {
            Self::Window => true,
            Self::Only(_, Some(spid)) if action == Action::TransferPinIssue => gaining == Some(*spid),
            Self::Only(digest, _) => digest == exact,
        }
    }
}

impl Stance {
    /// Stricter first: the union of locks is the strictest of what each says.
    const fn rank(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::GuardedOtherChannel => 1,
            Self::GuardedStrong => 2,
            Self::GuardedDeny { .. } => 3,
            Self::CoolingDown { .. } => 4,
            Self::Locked => 5,
        }
    }

    /// The stricter of two; of two waits the longer.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        match (self, other) {
            (Self::CoolingDown { until: a }, Self::CoolingDown { until: b }) => Self::CoolingDown { until: a.max(b) },
            (Self::GuardedDeny { until: a }, Self::GuardedDeny { until: b }) => Self::GuardedDeny { until: a.max(b) },
            (a, b) if a.rank() >= b.rank() => a,
            (_, b) => b,
        }
    }

    /// Whether the action is refused by a lock, whatever is proven.
    pub const fn refuses(self) -> bool {
        matches!(self, Self::Locked | Self::CoolingDown { .. } | Self::GuardedDeny { .. })
    }
}

/// The name of a lock on one scope: which set, whose.
pub type LockName = (LockSet, LockHolder);

/// Durations of a release, from the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseTimes {
    /// From proof to effect.
    pub delay: TimeDelta,
    /// From proof: how long covered actions need more than the release's own channel.
    pub guard: TimeDelta,
    /// From effect to re-lock when the asker names no window.
    pub relock: TimeDelta,
    /// The longest window an asker may name.
    pub relock_max: TimeDelta,
}
