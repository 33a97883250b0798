//! The knobs by name: how files set them and how rules may use them.

use chrono::TimeDelta;

use super::document::Policy;
use super::facts::Kind;
use super::language::{Constant, Constants, ExpressionError, Test, compile};

/// A knob: its name, and where its value stands.
pub(super) struct Knob {
    /// Table and name, as in a file.
    pub(super) name: &'static str,
    pub(super) slot: Slot,
}

/// The place of a knob's value, by its type.
#[derive(Clone, Copy)]
pub(super) enum Slot {
    Span(fn(&mut Policy) -> &mut TimeDelta),
    Count(fn(&mut Policy) -> &mut u32),
    Digits(fn(&mut Policy) -> &mut u8),
    Flag(fn(&mut Policy) -> &mut bool),
}

impl Slot {
    /// What a file must have there.
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Span(_) => "a span of time in quotes, such as \"72h\", \"7d\", \"15m\" or \"30s\"",
            Self::Count(_) | Self::Digits(_) => "a whole number, not negative",
            Self::Flag(_) => "true or false",
        }
    }
}

macro_rules! knobs {
    ($($name:literal: $kind:ident = $($field:ident).+;)+) => {
        /// Every knob that is one value. Lists and lives of transfer PINs are read by hand.
        pub(super) const KNOBS: &[Knob] =
            &[$(Knob { name: $name, slot: Slot::$kind(|policy| &mut policy.$($field).+) }),+];
    };
}

knobs! {
    "thresholds.challenge": Count = thresholds.challenge;
    "thresholds.strong": Count = thresholds.strong;
    "thresholds.deny": Count = thresholds.deny;
    "locks.release_delay": Span = locks.release.delay;
    "locks.release_guard": Span = locks.release.guard;
    "locks.relock": Span = locks.release.relock;
    "locks.relock_max": Span = locks.release.relock_max;
    "locks.reset_window": Span = locks.reset_window;
    "pin.fresh_after": Span = pin.fresh_after;
    "pin.dormant_after": Span = pin.dormant_after;
    "pin.failures_challenge": Count = pin.failures_challenge;
    "pin.failures_exhausted": Count = pin.failures_exhausted;
    "pin.failures_window": Span = pin.failures_window;
    "pin.guessable_refused": Flag = pin.guessable_refused;
    "transfer_pin.issued": Flag = transfer_pin.issued;
    "transfer_pin.wrong_max": Count = transfer_pin.wrong_max;
    "transfer_pin.digits": Digits = transfer_pin.digits;
    "transfer_pin.unproven_for": Span = transfer_pin.unproven_for;
    "permit.life": Span = permit_life;
    "challenge.life": Span = challenge_life;
    "cooldown.sim_to_port_challenge": Span = cooldown.sim_to_port_challenge;
    "cooldown.sim_to_port_points": Span = cooldown.sim_to_port_points;
    "cooldown.reset_to_sim": Span = cooldown.reset_to_sim;
    "cooldown.sim_to_sim": Span = cooldown.sim_to_sim;
    "contact.usable_after": Span = contact.usable_after;
    "contact.alone_after": Span = contact.alone_after;
    "contact.sim_changed": Span = contact.sim_changed;
    "contact.went_back": Span = contact.went_back;
    "contact.forwarding_set": Span = contact.forwarding_set;
    "contact.mailbox_used": Span = contact.mailbox_used;
    "document.taken": Flag = document.taken;
    "document.delay": Span = document.delay;
    "document.valid_for": Span = document.valid_for;
    "document.pair_max": Count = document.pair_max;
    "device.known_after": Span = device.known_after;
    "device.known_after_approval": Span = device.known_after_approval;
    "recovery.life": Span = recovery_life;
    "unknown_numbers.count": Count = unknown_numbers.count;
    "unknown_numbers.window": Span = unknown_numbers.window;
    "port.account_number_required": Flag = port_account_number_required;
}

/// What rules may name: every knob, as `policy.` and its name.
pub(super) fn constants(policy: &Policy) -> Constants {
    let mut policy = policy.clone();
    let named = KNOBS.iter().map(|knob| {
        let constant = match knob.slot {
            Slot::Span(of) => Constant::Quantity(of(&mut policy).num_microseconds().unwrap_or(i64::MAX), Kind::Age),
            Slot::Count(of) => Constant::Quantity(i64::from(*of(&mut policy)), Kind::Count),
            Slot::Digits(of) => Constant::Quantity(i64::from(*of(&mut policy)), Kind::Count),
            Slot::Flag(of) => Constant::Flag(*of(&mut policy)),
        };
        (knob.name, constant)
    });
    Constants::new(named)
}

/// Reads a condition as a rule of this policy would have it.
pub fn read_condition(policy: &Policy, condition: &str) -> Result<Test, ExpressionError> {
    compile(condition, &constants(policy))
}
