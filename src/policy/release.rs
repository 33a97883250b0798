//! What a release of a lock is given: its delay, its guard and its end (P2).

use chrono::{DateTime, TimeDelta, Utc};

use super::document::Policy;
use crate::domain::{Channel, ReleaseGuard, Reset};

/// When a release proven at a certain instant opens, is guarded and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleasePlan {
    /// When covered actions stop being refused by the lock.
    pub effective_at: DateTime<Utc>,
    /// When the lock is on again.
    pub relock_at: DateTime<Utc>,
    /// What stands between the release and an approval.
    pub guard: ReleaseGuard,
}

impl ReleasePlan {
    /// Plans a release proven `now` through `via`. `window` is the time the asker wants it open from its effect on; none is the
    /// policy's. `resets` are the account's.
    ///
    /// INVARIANT (locked-never-approved): there is no release without a delay, and none without an end.
    pub fn new(policy: &Policy, via: Channel, resets: &[Reset], window: Option<TimeDelta>, now: DateTime<Utc>) -> Self {
        let times = policy.locks.release;
        let window = window.unwrap_or(times.relock).clamp(TimeDelta::zero(), times.relock_max);
        let after_reset = resets.iter().any(|reset| now - reset.at <= policy.locks.reset_window);
        let guard_ends = now + times.guard;
        let guard = if after_reset || is_by_staff(via) {
            ReleaseGuard::DeniedUntilThenStrong(guard_ends)
        } else {
            ReleaseGuard::OtherChannelUntil(guard_ends)
        };
        let effective_at = now + times.delay;
        Self { effective_at, relock_at: effective_at + window, guard }
    }
}

/// Whether staff, or someone who persuaded them, stands between the owner and the release.
const fn is_by_staff(via: Channel) -> bool {
    match via {
        Channel::Store | Channel::Care | Channel::Ivr | Channel::Batch | Channel::Port | Channel::Wholesale => true,
        Channel::Web | Channel::App => false,
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::ReleasePlan;
    use crate::domain::{Channel, ReleaseGuard, Reset, ResetKind};
    use crate::policy::Policy;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    #[test]
    fn an_owners_own_release_waits_and_ends() {
        let plan = ReleasePlan::new(&Policy::us_default(), Channel::App, &[], None, NOW);
        assert_eq!(plan.effective_at, NOW + TimeDelta::minutes(15));
        assert_eq!(plan.relock_at, plan.effective_at + TimeDelta::days(7));
        assert_eq!(plan.guard, ReleaseGuard::OtherChannelUntil(NOW + TimeDelta::hours(24)));
    }

    #[test]
    fn a_release_by_staff_or_soon_after_a_reset_is_refused_for_a_day() {
        let policy = Policy::us_default();
        let denied = ReleaseGuard::DeniedUntilThenStrong(NOW + TimeDelta::hours(24));
        for via in [Channel::Store, Channel::Care] {
            assert_eq!(ReleasePlan::new(&policy, via, &[], None, NOW).guard, denied);
        }
        let reset = |age| [Reset { at: NOW - age, kind: ResetKind::Contact, via: Channel::Web, mailbox: None }];
        let day = TimeDelta::hours(24);
        assert_eq!(ReleasePlan::new(&policy, Channel::App, &reset(day), None, NOW).guard, denied);
        let older = reset(day + TimeDelta::nanoseconds(1));
        assert_ne!(ReleasePlan::new(&policy, Channel::App, &older, None, NOW).guard, denied);
    }

    #[test]
    fn no_window_is_longer_than_the_policys() {
        let policy = Policy::us_default();
        let asked = Some(TimeDelta::days(400));
        let plan = ReleasePlan::new(&policy, Channel::App, &[], asked, NOW);
        assert_eq!(plan.relock_at - plan.effective_at, policy.locks.release.relock_max);
    }
}
