//! What other systems observed. Absent is unknown, and unknown is never read as zero.

use chrono::{DateTime, TimeDelta, Utc};

use super::Reference;

/// A value that may be missing. The type keeps "missing" from being read as "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal<T> {
    /// Observed.
    Known(T),
    /// Not observed, or its source did not answer.
    Unknown,
}

impl<T> Signal<T> {
    /// Whether it is known and satisfies `holds`; unknown does not.
    pub fn is_known_and(&self, holds: impl FnOnce(&T) -> bool) -> bool {
        match self {
            Self::Known(value) => holds(value),
            Self::Unknown => false,
        }
    }

    /// Whether it was observed.
    pub const fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl<T> From<Option<T>> for Signal<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unknown, Self::Known)
    }
}

/// A signal as it came with a request: a closed set of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSignal {
    /// What was observed.
    pub kind: SignalKind,
    /// The system that observed it.
    pub source: Option<Reference>,
    /// When, if known.
    pub observed_at: Option<DateTime<Utc>>,
}

/// The signals that the policy knows, with their units in their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// How far from the customer's home the request is made.
    DistanceFromHomeMiles(u32),
    /// Whether a device is sold along.
    DeviceSale(bool),
    /// How long until the store closes.
    StoreClosesWithin(TimeDelta),
}

impl SignalKind {
    /// The name on the wire and in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DistanceFromHomeMiles(_) => "distance_from_home_miles",
            Self::DeviceSale(_) => "device_sale",
            Self::StoreClosesWithin(_) => "store_closes_within",
        }
    }
}

/// The names of all signals, for the edge to refuse others with a useful answer.
pub const SIGNAL_NAMES: [&str; 3] = ["distance_from_home_miles", "device_sale", "store_closes_within"];
