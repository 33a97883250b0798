//! The kinds of facts.

use chrono::{DateTime, Utc};

use crate::policy::document::SignalName;

/// The kind of identity that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A signed-in customer, by their place on this account.
    Customer(PersonStanding),
    /// A PIN pad or voice system: what is entered there, the account's customer entered.
    CustomerEntry,
    /// A person of the carrier or its dealers.
    Staff,
    /// Another carrier.
    Carrier,
    /// Any other system.
    System,
}

/// A person's place on the account, as far as this line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonStanding {
    /// Holds the account.
    Owner,
    /// May act for this line.
    AuthorisedForLine,
    /// May act for other lines only.
    AuthorisedElsewhere,
    /// Carries this line.
    CarriesLine,
    /// Not on this account, or carries another line.
    Stranger,
}

/// The device a customer is signed in on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskerDevice {
    /// The asker is no signed-in customer.
    NotCustomers,
    /// Theirs, long enough on the account.
    Known,
    /// Any other.
    New,
}

/// A fact given with a request, held against the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Not given.
    NotGiven,
    /// Given, but the account has none to compare.
    NotOnRecord,
    /// Given and right.
    Matches,
    /// Given and wrong; for an unknown line always.
    Differs,
}

/// A transfer PIN offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPinFact {
    /// None.
    NotOffered,
    /// Not looked at, since something else refuses.
    NotAdmitted,
    /// Wrong.
    Wrong,
    /// Right, but expired.
    Expired,
    /// Right, but used or void.
    Void,
    /// Right and live.
    Right {
        /// When it was issued.
        issued_at: DateTime<Utc>,
        /// Whether it was asked from a known device and not through care.
        proven: bool,
        /// Whether it was asked through the channel that lately released a lock, after that release.
        same_way_as_release: bool,
    },
}

/// An app approval offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppFact {
    /// None.
    NotOffered,
    /// Unknown key, or not a signature over this change.
    Refused,
    /// The device is too new.
    NewDevice,
    /// Signed by a person whose approval does not count for this change.
    WrongPerson,
    /// By a known device of a person whose approval counts.
    Approved {
        /// Whether the device was there before every reset within the cool-down.
        older_than_resets: bool,
        /// Whether it is the device the request came from.
        same_device: bool,
        /// When the device's key was added.
        added_at: DateTime<Utc>,
    },
}

/// A one-time code offered, or given before for the challenge that is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFact {
    /// None.
    NotOffered,
    /// Right, sent where it proves something, and entered by the customer.
    Right,
    /// The same, but it counts only beside another class.
    Beside,
    /// Right, but typed by somebody else than the customer.
    TypedByOthers,
    /// Right, but sent to a contact that proves nothing now.
    Unfit,
    /// Wrong.
    Wrong,
    /// Right, but too late.
    Expired,
    /// None was sent for this.
    NotSent,
}

/// An identity document that was shown, for this request or before for the challenge that is completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentFact {
    /// None.
    NotOffered,
    /// It is of nobody whose proof counts.
    Differs,
    /// It is; nobody else has seen it yet.
    Scanned,
    /// Another person has seen it, but from the same store, which does not do for a flagged line.
    SameStore,
    /// Another person has seen it, and it rests.
    Rests {
        /// Until just before this instant.
        until: DateTime<Utc>,
    },
    /// Another person has seen it, and it has rested.
    Right,
}

/// Whether a document could be shown for what is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// Nobody scans one here, or for this.
    NotHere,
    /// Somebody does, and nobody whose proof counts has a name on record to hold it against.
    NotOnRecord,
    /// Yes.
    Here,
}

impl DocumentFact {
    /// Whether somebody was there whose name it has: weaker than proof.
    pub(in crate::policy) const fn is_sign(self) -> bool {
        !matches!(self, Self::NotOffered | Self::Differs)
    }
}

impl CodeFact {
    /// Whether somebody has what was sent to the customer: weaker than proof.
    pub(in crate::policy) const fn is_sign(self) -> bool {
        matches!(self, Self::Right | Self::Beside | Self::TypedByOthers)
    }
}

/// Whether a change is the way back of a line after a SIM change that was reported as somebody else's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WayBackFact {
    /// It is not.
    #[default]
    None,
    /// It is.
    Open,
    /// It is, and passes a lock that its customer set since.
    PastLock,
}

/// A set of signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignalSet(u8);

impl SignalSet {
    /// Whether it holds none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `signal` is one of them.
    pub const fn has(self, signal: SignalName) -> bool {
        self.0 & (1 << signal as u8) != 0
    }

    /// As one number, a bit for each.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

impl FromIterator<SignalName> for SignalSet {
    fn from_iter<I: IntoIterator<Item = SignalName>>(signals: I) -> Self {
        Self(signals.into_iter().fold(0, |bits, signal| bits | (1 << signal as u8)))
    }
}
