//! Who asks: the authenticated identity, as the edge established it.

use std::net::IpAddr;

use super::{AccountId, Brand, DeviceId, HeldName, PersonId, Roster, Spid, StoreId, Subject};

/// What an identity may be. The rights table in `service/rights.rs` says what each may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A porting system or a wholesaler's hook.
    PortingSystem,
    /// A clerk in a store.
    RetailAgent,
    /// A store's manager.
    RetailManager,
    /// An agent on phone or chat.
    CareAgent,
    /// A PIN pad in a store: what is entered there, the customer entered.
    PinPad,
    /// A voice system: what is entered there, the customer entered.
    Ivr,
    /// A customer, signed in.
    Customer,
    /// A business's administrator.
    BusinessAdmin,
    /// The carrier's billing and provisioning.
    Provisioning,
    /// Network and device management, the source of signals.
    NetworkSignals,
    /// The fraud desk.
    FraudOps,
    /// Reads everything, changes nothing.
    Auditor,
    /// Checks permits that others present.
    RelyingParty,
    /// Runs the engine.
    Admin,
}

impl Role {
    /// Every role with its name in tokens.
    pub const NAMED: [(&'static str, Self); 14] = [
        ("porting_system", Self::PortingSystem),
        ("retail_agent", Self::RetailAgent),
        ("retail_manager", Self::RetailManager),
        ("care_agent", Self::CareAgent),
        ("pin_pad", Self::PinPad),
        ("ivr", Self::Ivr),
        ("customer", Self::Customer),
        ("business_admin", Self::BusinessAdmin),
        ("provisioning", Self::Provisioning),
        ("network_signals", Self::NetworkSignals),
        ("fraud_ops", Self::FraudOps),
        ("auditor", Self::Auditor),
        ("relying_party", Self::RelyingParty),
        ("admin", Self::Admin),
    ];

    /// The role of a token's name for it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.into_iter().find(|(known, _)| *known == name).map(|(_, role)| role)
    }

    /// The name in tokens and records.
    pub fn name(self) -> &'static str {
        Self::NAMED.into_iter().find(|(_, role)| *role == self).map_or("", |(name, _)| name)
    }

    /// Whether a person of the carrier or its dealers acts through this role.
    pub const fn is_staff(self) -> bool {
        matches!(self, Self::RetailAgent | Self::RetailManager | Self::CareAgent)
    }

    /// Whether this identity belongs to one account and reaches no other.
    pub const fn is_bound_to_account(self) -> bool {
        matches!(self, Self::Customer | Self::BusinessAdmin)
    }

    /// Whether what this identity enters, the customer entered: own device, voice system or PIN pad.
    /// It comes from the identity, never from a field.
    pub const fn is_customer_entry(self) -> bool {
        matches!(self, Self::Customer | Self::BusinessAdmin | Self::PinPad | Self::Ivr)
    }
}

/// An authenticated identity with what its token binds it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requester {
    /// Who: unique among all issuers.
    pub subject: Subject,
    /// In which role.
    pub role: Role,
    /// For which brand.
    pub brand: Brand,
    /// A customer's account.
    pub account: Option<AccountId>,
    /// A customer's person on it.
    pub person: Option<PersonId>,
    /// The app key of the device that is signed in.
    pub device: Option<DeviceId>,
    /// A clerk's or PIN pad's store.
    pub store: Option<StoreId>,
    /// The carrier a porting system speaks for.
    pub spid: Option<Spid>,
    /// The access token it came with, by its `jti`, where that is a name that can be held.
    pub token: Option<HeldName>,
    /// When, where and on what its token says that it works.
    pub roster: Roster,
    /// What it calls over.
    pub connection: Connection,
}

/// What the connection of a call shows, beside the token that came over it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The certificate of its other end: its SHA-256 in base64url, as tokens name it (`x5t#S256`, RFC 8705).
    pub certificate: Option<HeldName>,
    /// The store whose own device is its other end, and the network address that it calls from. Of a front end that many
    /// stores share, the address would say nothing of any of them.
    pub store: Option<(StoreId, IpAddr)>,
}
