//! Whether an account PIN, if right, would prove anything: the age of the secret, not of the proof.
//!
//! Two sides that differ: too new is the thief's own reset, too old may be in a breach's dump. Deliberately absent: periodic
//! expiry, which NIST SP 800-63B forbids.

use chrono::{DateTime, Utc};

use super::document::Policy;
use crate::domain::{AccountPin, Brand, PinOrigin, Reason};

/// What a right account PIN would be worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinFitness {
    /// There is none.
    NotSet,
    /// Set too lately.
    TooNew {
        /// From this instant on it is old enough.
        until: DateTime<Utc>,
    },
    /// Set before a breach that covers it. It must be changed.
    BeforeBreach,
    /// Made by the carrier.
    Default,
    /// Not used for so long that it counts only beside a factor of another class.
    Dormant,
    /// Proof.
    Fit,
}

impl PinFitness {
    /// Judges `pin` of an account of `brand`, whose secrets may have been taken up to an instant by the latest breach that is
    /// known to have touched it.
    pub fn judge(
        policy: &Policy,
        brand: &Brand,
        pin: Option<&AccountPin>,
        breached_until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        let knobs = &policy.pin;
        let Some(pin) = pin else { return Self::NotSet };
        let covers =
            |cutoff: &super::CutOff| pin.set_at <= cutoff.instant && cutoff.brand.as_ref().is_none_or(|b| b == brand);
        let last_used = pin.verified_at.map_or(pin.set_at, |verified| verified.max(pin.set_at));
        if breached_until.is_some_and(|until| pin.set_at <= until) || knobs.cutoffs.iter().any(covers) {
            Self::BeforeBreach
        } else if pin.origin == PinOrigin::Carrier {
            Self::Default
        } else if now - pin.set_at < knobs.fresh_after {
            Self::TooNew { until: pin.set_at + knobs.fresh_after }
        } else if now - last_used >= knobs.dormant_after {
            Self::Dormant
        } else {
            Self::Fit
        }
    }

    /// Whether the customer must set another before a PIN proves anything again.
    pub const fn must_change(self) -> bool {
        matches!(self, Self::BeforeBreach)
    }

    /// Why a right PIN would not do by itself.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::NotSet | Self::Fit => None,
            Self::TooNew { .. } => Some(Reason::PinTooNew),
            Self::BeforeBreach => Some(Reason::PinBeforeBreach),
            Self::Default => Some(Reason::PinIsDefault),
            Self::Dormant => Some(Reason::PinDormant),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::PinFitness;
    use crate::domain::{AccountPin, Brand, PinOrigin, Verifier};
    use crate::policy::{CutOff, Policy};

    const TICK: TimeDelta = TimeDelta::nanoseconds(1);

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    fn judge(policy: &Policy, age: TimeDelta, verified: Option<TimeDelta>, origin: PinOrigin) -> PinFitness {
        let pin = AccountPin {
            verifier: Verifier(Vec::new()),
            set_at: now() - age,
            verified_at: verified.map(|age| now() - age),
            origin,
        };
        PinFitness::judge(policy, &Brand::parse("main").unwrap(), Some(&pin), None, now())
    }

    #[test]
    fn a_pin_is_fit_from_the_day_after_it_was_set() {
        let policy = Policy::us_default();
        let day = TimeDelta::hours(24);
        assert_eq!(judge(&policy, day, None, PinOrigin::EndUser), PinFitness::Fit);
        assert_eq!(judge(&policy, day - TICK, None, PinOrigin::EndUser), PinFitness::TooNew { until: now() + TICK });
        let future = judge(&policy, -day, None, PinOrigin::EndUser);
        assert!(matches!(future, PinFitness::TooNew { .. }));
    }

    #[test]
    fn a_pin_is_dormant_when_neither_set_nor_verified_for_long() {
        let policy = Policy::us_default();
        let long = TimeDelta::days(1095);
        assert_eq!(judge(&policy, long, None, PinOrigin::EndUser), PinFitness::Dormant);
        assert_eq!(judge(&policy, long - TICK, None, PinOrigin::EndUser), PinFitness::Fit);
        assert_eq!(judge(&policy, long * 2, Some(long - TICK), PinOrigin::EndUser), PinFitness::Fit);
        assert_eq!(judge(&policy, long * 2, Some(long), PinOrigin::EndUser), PinFitness::Dormant);
    }

    #[test]
    fn a_breach_covers_its_brand_and_everything_set_up_to_it() {
        let with = |brand: Option<&str>| {
            let mut policy = Policy::us_default();
            let brand = brand.map(|text| Brand::parse(text).unwrap());
            policy.pin.cutoffs.push(CutOff { instant: now() - TimeDelta::days(30), brand });
            policy
        };
        let at_breach = TimeDelta::days(30);
        assert_eq!(judge(&with(None), at_breach, None, PinOrigin::EndUser), PinFitness::BeforeBreach);
        assert_eq!(judge(&with(None), at_breach - TICK, None, PinOrigin::EndUser), PinFitness::Fit);
        assert_eq!(judge(&with(Some("main")), at_breach, None, PinOrigin::EndUser), PinFitness::BeforeBreach);
        assert_eq!(judge(&with(Some("other")), at_breach, None, PinOrigin::EndUser), PinFitness::Fit);
        assert!(PinFitness::BeforeBreach.must_change());
    }

    #[test]
    fn a_carriers_own_pin_proves_nothing() {
        let age = TimeDelta::days(30);
        assert_eq!(judge(&Policy::us_default(), age, None, PinOrigin::Carrier), PinFitness::Default);
    }
}
