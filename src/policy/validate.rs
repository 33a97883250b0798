//! Whether the knobs make a policy: refused at load, never a surprise at run time.

use chrono::TimeDelta;

use super::document::{PERMIT_LIFE_MAX, Policy, TransferPinLife};
use crate::domain::DISPUTABLE_FOR;

/// A knob that cannot stand as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("policy knob `{knob}` {expected}")]
pub struct PolicyError {
    /// Which, as the canonical text names it.
    pub knob: &'static str,
    /// What would be right: "must be ...".
    pub expected: &'static str,
}

/// No span of a policy is longer: instants must not run out of their range.
const SPAN_MAX: TimeDelta = TimeDelta::days(36_525);
/// The account number's and transfer PIN's formats have their own lengths; these are what six digits and five tries bear.
const WRONG_MAX: u32 = 10;

/// The longest that wrong PINs count. They are kept for twice as long, since the first of a run may be a whole window older than
/// the last; a longer one would be counted short.
pub const FAILURES_WINDOW_MAX: TimeDelta = TimeDelta::days(15);

/// The longest that asks about unknown numbers count: as long as any event is kept.
pub const UNKNOWN_NUMBERS_WINDOW_MAX: TimeDelta = TimeDelta::days(31);

/// What lapsed within a day is counted, so that no challenge lives longer.
pub const CHALLENGE_LIFE_MAX: TimeDelta = TimeDelta::hours(24);

/// No document is proof for longer, nor rests longer.
const DOCUMENT_SPAN_MAX: TimeDelta = TimeDelta::days(7);

/// How often the same two may at most see a document within a day: as many as are counted.
const PAIR_MAX: u32 = 20;

impl Policy {
    /// Checks every knob against its bounds and against the others.
    pub fn validate(&self) -> Result<(), PolicyError> {
        self.check_score()?;
        self.check_locks()?;
        self.check_pins()?;
        self.check_transfer_pins()?;
        self.check_lives()
    }

    fn check_score(&self) -> Result<(), PolicyError> {
        let thresholds = &self.thresholds;
        require(thresholds.challenge > 0, "thresholds.challenge", "must be more than 0")?;
        require(
            thresholds.challenge <= thresholds.strong,
            "thresholds.strong",
            "must be at least `thresholds.challenge`",
        )?;
        require(thresholds.strong <= thresholds.deny, "thresholds.deny", "must be at least `thresholds.strong`")
    }

    fn check_locks(&self) -> Result<(), PolicyError> {
        let release = &self.locks.release;
        // INVARIANT (locked-never-approved): no instant self-release, and none without an end.
        positive(release.delay, "locks.release_delay")?;
        span(release.guard, "locks.release_guard")?;
        require(release.guard >= release.delay, "locks.release_guard", "must be at least `locks.release_delay`")?;
        positive(release.relock, "locks.relock")?;
        positive(release.relock_max, "locks.relock_max")?;
        require(release.relock <= release.relock_max, "locks.relock", "must be at most `locks.relock_max`")?;
        span(self.locks.reset_window, "locks.reset_window")
    }

    fn check_pins(&self) -> Result<(), PolicyError> {
        let pin = &self.pin;
        span(pin.fresh_after, "pin.fresh_after")?;
        positive(pin.dormant_after, "pin.dormant_after")?;
        require(pin.fresh_after < pin.dormant_after, "pin.dormant_after", "must be more than `pin.fresh_after`")?;
        require(pin.failures_challenge > 0, "pin.failures_challenge", "must be more than 0")?;
        require(
            (pin.failures_challenge..=WRONG_MAX).contains(&pin.failures_exhausted),
            "pin.failures_exhausted",
            "must be at least `pin.failures_challenge` and at most 10",
        )?;
        positive(pin.failures_window, "pin.failures_window")?;
        require(pin.failures_window <= FAILURES_WINDOW_MAX, "pin.failures_window", "must be at most 15 days")
    }

    fn check_transfer_pins(&self) -> Result<(), PolicyError> {
        let knobs = &self.transfer_pin;
        match knobs.life {
            TransferPinLife::Exact(life) => {
                positive(life, "transfer_pin.life")?;
            }
            TransferPinLife::DayOfIssueExcluded { days, utc_offset_minutes } => {
                require((1..=366).contains(&days), "transfer_pin.life", "must be 1 to 366 days")?;
                require(
                    (-840..=840).contains(&utc_offset_minutes),
                    "transfer_pin.life",
                    "must be counted at most 840 minutes from UTC",
                )?;
            }
        }
        require((1..=WRONG_MAX).contains(&knobs.wrong_max), "transfer_pin.wrong_max", "must be 1 to 10")?;
        require(knobs.digits == 6, "transfer_pin.digits", "must be 6, as the port request's field has it")?;
        span(knobs.unproven_for, "transfer_pin.unproven_for")
    }

    fn check_lives(&self) -> Result<(), PolicyError> {
        positive(self.permit_life, "permit.life")?;
        require(self.permit_life <= PERMIT_LIFE_MAX, "permit.life", "must be at most 10 minutes")?;
        positive(self.challenge_life, "challenge.life")?;
        require(self.challenge_life <= CHALLENGE_LIFE_MAX, "challenge.life", "must be at most 24 hours")?;
        span(self.cooldown.sim_to_port_challenge, "cooldown.sim_to_port_challenge")?;
        span(self.cooldown.sim_to_port_points, "cooldown.sim_to_port_points")?;
        span(self.cooldown.reset_to_sim, "cooldown.reset_to_sim")?;
        span(self.cooldown.sim_to_sim, "cooldown.sim_to_sim")?;
        span(self.contact.usable_after, "contact.usable_after")?;
        span(self.contact.alone_after, "contact.alone_after")?;
        let is_longer = self.contact.alone_after >= self.contact.usable_after;
        require(is_longer, "contact.alone_after", "must be at least `contact.usable_after`")?;
        span(self.contact.sim_changed, "contact.sim_changed")?;
        span(self.contact.went_back, "contact.went_back")?;
        let is_longer = self.contact.sim_changed >= self.contact.went_back;
        require(is_longer, "contact.went_back", "must be at most `contact.sim_changed`")?;
        span(self.contact.forwarding_set, "contact.forwarding_set")?;
        span(self.contact.mailbox_used, "contact.mailbox_used")?;
        span(self.document.delay, "document.delay")?;
        positive(self.document.valid_for, "document.valid_for")?;
        let fits = self.document.delay <= DOCUMENT_SPAN_MAX && self.document.valid_for <= DOCUMENT_SPAN_MAX;
        require(fits, "document.valid_for", "must be, like `document.delay`, at most 7 days")?;
        let is_some = self.document.pair_max > 0 && self.document.pair_max <= PAIR_MAX;
        require(is_some, "document.pair_max", "must be 1 to 20")?;
        span(self.device.known_after, "device.known_after")?;
        span(self.device.known_after_approval, "device.known_after_approval")?;
        positive(self.recovery_life, "recovery.life")?;
        let fits = self.recovery_life <= DISPUTABLE_FOR;
        require(fits, "recovery.life", "must be at most 90 days")?;
        require(self.unknown_numbers.count > 0, "unknown_numbers", "must allow more than 0")?;
        positive(self.unknown_numbers.window, "unknown_numbers")?;
        let fits = self.unknown_numbers.window <= UNKNOWN_NUMBERS_WINDOW_MAX;
        require(fits, "unknown_numbers", "must have a window of at most 31 days")
    }
}

const fn require(holds: bool, knob: &'static str, expected: &'static str) -> Result<(), PolicyError> {
    if holds { Ok(()) } else { Err(PolicyError { knob, expected }) }
}

fn span(span: TimeDelta, knob: &'static str) -> Result<(), PolicyError> {
    require((TimeDelta::zero()..=SPAN_MAX).contains(&span), knob, "must be 0 to 100 years")
}

fn positive(time: TimeDelta, knob: &'static str) -> Result<(), PolicyError> {
    require(time > TimeDelta::zero(), knob, "must be more than 0")?;
    span(time, knob)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use crate::policy::{Policy, TransferPinLife};

    #[test]
    fn the_default_stands() {
        assert_eq!(Policy::us_default().validate(), Ok(()));
    }

    /// What makes a knob wrong.
    type Turn = fn(&mut Policy);

    #[test]
    fn each_wrong_knob_is_named() {
        let cases: [(&str, Turn); 24] = [
            ("thresholds.challenge", |p| p.thresholds.challenge = 0),
            ("thresholds.strong", |p| p.thresholds.strong = p.thresholds.challenge - 1),
            ("thresholds.deny", |p| p.thresholds.deny = p.thresholds.strong - 1),
            ("locks.release_delay", |p| p.locks.release.delay = TimeDelta::zero()),
            ("locks.release_guard", |p| p.locks.release.guard = TimeDelta::minutes(1)),
            ("locks.relock", |p| p.locks.release.relock = TimeDelta::days(31)),
            ("locks.relock_max", |p| p.locks.release.relock_max = TimeDelta::MAX),
            ("pin.dormant_after", |p| p.pin.dormant_after = p.pin.fresh_after),
            ("pin.failures_exhausted", |p| p.pin.failures_exhausted = 2),
            ("pin.failures_window", |p| p.pin.failures_window = -TimeDelta::days(1)),
            ("transfer_pin.life", |p| p.transfer_pin.life = TransferPinLife::Exact(TimeDelta::zero())),
            ("transfer_pin.wrong_max", |p| p.transfer_pin.wrong_max = 0),
            ("permit.life", |p| p.permit_life = TimeDelta::minutes(11)),
            ("contact.alone_after", |p| p.contact.alone_after = p.contact.usable_after - TimeDelta::seconds(1)),
            ("contact.went_back", |p| p.contact.went_back = p.contact.sim_changed + TimeDelta::seconds(1)),
            ("recovery.life", |p| p.recovery_life = TimeDelta::days(91)),
            ("document.valid_for", |p| p.document.valid_for = TimeDelta::zero()),
            ("document.valid_for", |p| p.document.delay = TimeDelta::days(7) + TimeDelta::microseconds(1)),
            ("document.pair_max", |p| p.document.pair_max = 0),
            ("document.pair_max", |p| p.document.pair_max = 21),
            ("unknown_numbers", |p| p.unknown_numbers.count = 0),
            ("pin.failures_window", |p| p.pin.failures_window = TimeDelta::days(15) + TimeDelta::microseconds(1)),
            ("challenge.life", |p| p.challenge_life = TimeDelta::hours(24) + TimeDelta::microseconds(1)),
            ("unknown_numbers", |p| p.unknown_numbers.window = TimeDelta::days(31) + TimeDelta::microseconds(1)),
        ];
        for (knob, turn) in cases {
            let mut policy = Policy::us_default();
            turn(&mut policy);
            assert_eq!(policy.validate().unwrap_err().knob, knob);
        }
    }
}
