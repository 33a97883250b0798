//! Holds: identities, places and carriers whose every action is refused until two people lift it (P6).

use chrono::{DateTime, Utc};

use super::text::text_type;
use super::{Change, Interaction, RecordId, Reference, Requester, Subject, Undoing};

text_type! {
    /// The name of who or what is held, as requests have it.
    HeldName, 160, |c: char| !c.is_control(), "must be 1 to 160 characters, none of them control characters", shown
}

/// What kind of thing is held. The numbers are recorded for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum HoldKind {
    /// A member of staff: by the identity of their token, or as a shared front end names them.
    Staff = 1,
    /// A store.
    Store = 2,
    /// A device in a store or of a system.
    Device = 3,
    /// One access token, by its `jti`.
    Token = 4,
    /// A carrier, by its SPID: what it asks, and what would go to it.
    Carrier = 5,
    /// A caller's certificate, by its SHA-256 in base64url (`x5t#S256`), as alerts name it.
    Certificate = 6,
}

impl HoldKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [Self::Staff, Self::Store, Self::Device, Self::Token, Self::Carrier, Self::Certificate];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staff => "STAFF",
            Self::Store => "STORE",
            Self::Device => "DEVICE",
            Self::Token => "TOKEN",
            Self::Carrier => "CARRIER",
            Self::Certificate => "CERTIFICATE",
        }
    }
}

/// Who or what is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HoldTarget {
    /// The kind.
    pub kind: HoldKind,
    /// Its name.
    pub name: HeldName,
}

/// Why a hold was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldCause {
    /// A person of the fraud desk placed it.
    Hand(Subject),
    /// A rule of the policy did, in a decision.
    Rule {
        /// Which rule.
        rule: String,
        /// In which decision.
        decision: RecordId,
    },
    /// A customer disputed a change that it began (P9).
    FraudReport {
        /// The decision on that change.
        decision: RecordId,
    },
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Who or what is held.
    pub target: HoldTarget,
    /// Who or what placed it.
    pub cause: HoldCause,
    /// Why, in words.
    pub reason: Reference,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether it is being lifted, or was.
    pub lifting: Undoing,
}

/// Gives every name that a request is known by, of those that can be held.
///
/// A customer's own device is held by nobody but through its token or its certificate: what is held is staff, places and
/// carriers.
pub fn each_holdable(
    requester: &Requester,
    interaction: Option<&Interaction>,
    change: &Change,
    mut name: impl FnMut(HoldKind, &str),
) {
    if !requester.role.is_bound_to_account() {
        name(HoldKind::Staff, requester.subject.as_str());
        if let Some(rep) = interaction.and_then(|interaction| interaction.rep.as_ref()) {
            name(HoldKind::Staff, rep.as_str());
        }
        // What the token is bound to, and what the request says: either is enough.
        let (store, device) = interaction.map_or((None, None), |said| (said.store.as_ref(), said.device.as_ref()));
        for store in requester.store.iter().chain(store) {
            name(HoldKind::Store, store.as_str());
        }
        for device in requester.device.iter().chain(device) {
            name(HoldKind::Device, device.as_str());
        }
    }
    if let Some(token) = &requester.token {
        name(HoldKind::Token, token.as_str());
    }
    if let Some(certificate) = &requester.connection.certificate {
        name(HoldKind::Certificate, certificate.as_str());
    }
    for spid in requester.spid.iter().chain(&change.gaining_spid()) {
        name(HoldKind::Carrier, spid.as_str());
    }
}
