//! The policy: its rules, and its knobs, typed, with their units in their names or types.
//!
//! Deliberately absent: values. They stand in files, which `file/` reads.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::facts::SignalSet;
use super::rules::Rules;
use crate::domain::{Action, Brand, Channel, DeviceWaits, PolicyRevision, ReleaseTimes};

/// A policy: what the engine decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The digest of [`Policy::canonical`], computed and set by whoever loads the policy: hashing lives elsewhere.
    pub revision: PolicyRevision,
    /// Where the score raises the required proof or refuses.
    pub thresholds: Thresholds,
    /// Locks and their releases.
    pub locks: LockKnobs,
    /// The account PIN.
    pub pin: PinKnobs,
    /// Transfer PINs.
    pub transfer_pin: TransferPinKnobs,
    /// How long a permit lives from its first instant; at most [`PERMIT_LIFE_MAX`].
    pub permit_life: TimeDelta,
    /// How long what a challenge describes is offered.
    pub challenge_life: TimeDelta,
    /// "No B within D after A".
    pub cooldown: CoolDowns,
    /// Contacts under attack, P5.
    pub contact: ContactKnobs,
    /// Identity documents.
    pub document: DocumentKnobs,
    /// How long a device is only new, P24.
    pub device: DeviceWaits,
    /// How long a line may go back to its SIM after another is reported as somebody else's, P22.
    pub recovery_life: TimeDelta,
    /// How many unknown numbers one caller may ask about.
    pub unknown_numbers: Budget,
    /// Whether a port request must name the account number. Without it a carrier could tell open lines from unknown ones.
    pub port_account_number_required: bool,
    /// Signals without which an action on a channel is at best challenged.
    pub signals_required: Vec<RequiredSignal>,
    /// The rules.
    pub rules: Rules,
}

/// Scores at which more proof is needed, or none helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// From here on factors of two classes.
    pub challenge: u32,
    /// From here on a strong factor.
    pub strong: u32,
    /// From here on a refusal.
    pub deny: u32,
}

/// Locks and their releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockKnobs {
    /// Delay, guard and windows of a release.
    pub release: ReleaseTimes,
    /// A release so soon after a reset is refused its covered actions while the guard lasts.
    pub reset_window: TimeDelta,
}

/// The account PIN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinKnobs {
    /// A younger PIN proves nothing: it may be the thief's.
    pub fresh_after: TimeDelta,
    /// A PIN neither set nor verified for so long counts only beside a second class.
    pub dormant_after: TimeDelta,
    /// Breaches after which older PINs prove nothing.
    pub cutoffs: Vec<CutOff>,
    /// From so many failures in the window on, possession is needed.
    pub failures_challenge: u32,
    /// At so many failures in the window, the PIN is off.
    pub failures_exhausted: u32,
    /// The window of both, and how long the PIN stays off.
    pub failures_window: TimeDelta,
    /// Whether PINs that are easy to guess are refused when they are set.
    pub guessable_refused: bool,
}

/// A breach: PINs of a brand, or of all, that were set before it may be in the dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// When it happened.
    pub instant: DateTime<Utc>,
    /// Whom it covers; none is everybody.
    pub brand: Option<Brand>,
}

/// Transfer PINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferPinKnobs {
    /// Whether this carrier issues them. While it does, the account PIN proves nothing in a port.
    pub issued: bool,
    /// How long one is good.
    pub life: TransferPinLife,
    /// At so many wrong tries since its issue it is void.
    pub wrong_max: u32,
    /// How many digits it has.
    pub digits: u8,
    /// A port so soon after an issue through care or from a device not known needs more proof.
    pub unproven_for: TimeDelta,
}

/// How the life of a transfer PIN is counted: carriers differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPinLife {
    /// So long from the instant of issue.
    Exact(TimeDelta),
    /// So many whole days after the day of issue, which does not count.
    DayOfIssueExcluded {
        /// Whole days.
        days: u16,
        /// The carrier's local time, minutes east of UTC.
        utc_offset_minutes: i16,
    },
}

/// Cool-downs, P11 and P12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoolDowns {
    /// After a SIM change a port or transfer PIN is challenged for so long.
    pub sim_to_port_challenge: TimeDelta,
    /// And adds points for so long.
    pub sim_to_port_points: TimeDelta,
    /// After a reset of PIN or contact a SIM change is challenged for so long; after two, refused.
    pub reset_to_sim: TimeDelta,
    /// A second SIM change so soon is challenged.
    pub sim_to_sim: TimeDelta,
}

/// How long what happened to a contact keeps codes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContactKnobs {
    /// Until so long after it changed, no code goes there.
    pub usable_after: TimeDelta,
    /// Until so long after it changed, a code counts only beside another class.
    pub alone_after: TimeDelta,
    /// None to the line itself for so long after its SIM changed.
    pub sim_changed: TimeDelta,
    /// The same after it went back to its own, once another was reported as somebody else's.
    pub went_back: TimeDelta,
    /// No call for so long after call forwarding was set.
    pub forwarding_set: TimeDelta,
    /// None for so long after a PIN or password was reset through it.
    pub mailbox_used: TimeDelta,
}

/// Identity documents that stores scan and a second person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentKnobs {
    /// Whether they are taken at all.
    pub taken: bool,
    /// How long after the second person has seen one it counts.
    pub delay: TimeDelta,
    /// And for how long then.
    pub valid_for: TimeDelta,
    /// How often the same two may do so within 24 hours.
    pub pair_max: u32,
}

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub count: u32,
    /// In any such stretch of time.
    pub window: TimeDelta,
}

/// A signal that an action on a channel cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequiredSignal {
    /// Which.
    pub signal: SignalName,
    /// For this action.
    pub action: Action,
    /// On this channel.
    pub channel: Channel,
}

/// The signals by name alone, as policies speak of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SignalName {
    /// Miles between the place of the request and the customer's home.
    DistanceFromHomeMiles = 0,
    /// Whether a device is sold along.
    DeviceSale = 1,
    /// Time until the store closes.
    StoreClosesWithin = 2,
}

impl SignalName {
    /// Every signal.
    pub const ALL: [Self; 3] = [Self::DistanceFromHomeMiles, Self::DeviceSale, Self::StoreClosesWithin];

    /// The name on the wire and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DistanceFromHomeMiles => "distance_from_home_miles",
            Self::DeviceSale => "device_sale",
            Self::StoreClosesWithin => "store_closes_within",
        }
    }

    /// The number of the fact that it is.
    pub const fn fact(self) -> u8 {
        match self {
            Self::DistanceFromHomeMiles => 38,
            Self::DeviceSale => 39,
            Self::StoreClosesWithin => 40,
        }
    }
}

/// The longest life a permit may have, P7.
pub const PERMIT_LIFE_MAX: TimeDelta = TimeDelta::minutes(10);

impl Policy {
    /// No policy yet: every knob at nothing, and no rule. It does not validate.
    pub(super) fn blank() -> Self {
        let zero = TimeDelta::zero();
        let release = ReleaseTimes { delay: zero, guard: zero, relock: zero, relock_max: zero };
        Self {
            revision: PolicyRevision([0; 32]),
            thresholds: Thresholds { challenge: 0, strong: 0, deny: 0 },
            locks: LockKnobs { release, reset_window: zero },
            pin: PinKnobs {
                fresh_after: zero,
                dormant_after: zero,
                cutoffs: Vec::new(),
                failures_challenge: 0,
                failures_exhausted: 0,
                failures_window: zero,
                guessable_refused: true,
            },
            transfer_pin: TransferPinKnobs {
                issued: true,
                life: TransferPinLife::Exact(zero),
                wrong_max: 0,
                digits: 0,
                unproven_for: zero,
            },
            permit_life: zero,
            challenge_life: zero,
            cooldown: CoolDowns {
                sim_to_port_challenge: zero,
                sim_to_port_points: zero,
                reset_to_sim: zero,
                sim_to_sim: zero,
            },
            contact: ContactKnobs {
                usable_after: zero,
                alone_after: zero,
                sim_changed: zero,
                went_back: zero,
                forwarding_set: zero,
                mailbox_used: zero,
            },
            document: DocumentKnobs { taken: true, delay: zero, valid_for: zero, pair_max: 0 },
            device: DeviceWaits { known_after: zero, known_after_approval: zero },
            recovery_life: zero,
            unknown_numbers: Budget { count: 0, window: zero },
            port_account_number_required: true,
            signals_required: Vec::new(),
            rules: Rules::default(),
        }
    }

    /// The default policy for carriers in the United States. Its revision is zeros until the loader sets it.
    pub fn us_default() -> Self {
        static DEFAULT: LazyLock<Policy> = LazyLock::new(|| match super::file::built_in("us-default") {
            Some(Ok(policy)) => policy,
            // INVARIANT (fail-closed): a blank policy does not validate, and no engine starts with it.
            Some(Err(_)) | None => Policy::blank(),
        });
        DEFAULT.clone()
    }

    /// The signals that an action on a channel cannot do without and that are not known.
    pub(super) fn signals_missing(&self, here: (Action, Channel), is_known: impl Fn(SignalName) -> bool) -> SignalSet {
        let required = self.signals_required.iter().filter(|signal| (signal.action, signal.channel) == here);
        required.map(|required| required.signal).filter(|name| !is_known(*name)).collect()
    }

    /// The facts of the signals that an action on a channel cannot do without, a bit for each number.
    pub(super) fn signals_without_which(&self, action: Action, channel: Channel) -> u128 {
        let here = self.signals_required.iter().filter(|signal| (signal.action, signal.channel) == (action, channel));
        here.fold(0, |facts, required| facts | (1 << required.signal.fact()))
    }
}

impl TransferPinLife {
    /// The first instant at which a transfer PIN issued at `issued_at` is expired.
    pub fn expires_at(self, issued_at: DateTime<Utc>) -> DateTime<Utc> {
        match self {
            Self::Exact(life) => issued_at + life,
            Self::DayOfIssueExcluded { days, utc_offset_minutes } => {
                let offset = TimeDelta::minutes(i64::from(utc_offset_minutes));
                let day_of_issue = (issued_at + offset).date_naive().and_time(NaiveTime::MIN).and_utc();
                day_of_issue + TimeDelta::days(i64::from(days) + 1) - offset
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{SignalName, TransferPinLife};
    use crate::domain::SIGNAL_NAMES;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn lives_of_transfer_pins_as_carriers_count_them() {
        let issued = at("2026-11-20T21:30:00Z");
        for life in
            [TimeDelta::hours(24), TimeDelta::days(4), TimeDelta::days(7), TimeDelta::days(14), TimeDelta::days(30)]
        {
            assert_eq!(TransferPinLife::Exact(life).expires_at(issued), issued + life);
        }
        let whole_days = |days, utc_offset_minutes| TransferPinLife::DayOfIssueExcluded { days, utc_offset_minutes };
        assert_eq!(whole_days(7, 0).expires_at(issued), at("2026-11-28T00:00:00Z"));
        // Four hours east it is the 21st already.
        assert_eq!(whole_days(7, 240).expires_at(issued), at("2026-11-28T20:00:00Z"));
        assert_eq!(whole_days(7, -420).expires_at(issued), at("2026-11-28T07:00:00Z"));
        assert_eq!(whole_days(1, 0).expires_at(at("2026-11-20T00:00:00Z")), at("2026-11-22T00:00:00Z"));
    }

    #[test]
    fn signals_have_the_names_of_the_wire() {
        assert_eq!(SignalName::ALL.map(SignalName::name), SIGNAL_NAMES);
    }
}
