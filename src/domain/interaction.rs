//! Where a request takes place, and what is said with it.

use super::{AccountNumber, DeviceId, HolderName, PostalCode, Reference, StoreId};

/// The way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Channel {
    /// In a store.
    Store = 1,
    /// Phone or chat with an agent.
    Care = 2,
    /// A voice system.
    Ivr = 3,
    /// The web.
    Web = 4,
    /// The carrier's app.
    App = 5,
    /// A port request.
    Port = 6,
    /// A batch of a business or an operator.
    Batch = 7,
    /// A wholesaler's hook.
    Wholesale = 8,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 8] =
        [Self::Store, Self::Care, Self::Ivr, Self::Web, Self::App, Self::Port, Self::Batch, Self::Wholesale];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Store => "STORE",
            Self::Care => "CARE",
            Self::Ivr => "IVR",
            Self::Web => "WEB",
            Self::App => "APP",
            Self::Port => "PORT",
            Self::Batch => "BATCH",
            Self::Wholesale => "WHOLESALE",
        }
    }

    /// Whether an answer here goes to a carrier, which may know nothing before the account number matches.
    pub const fn is_carrier(self) -> bool {
        matches!(self, Self::Port | Self::Wholesale)
    }
}

/// The place of a request; the person is the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interaction {
    /// The channel.
    pub channel: Channel,
    /// The caller's name for this contact.
    pub reference: Option<Reference>,
    /// The store.
    pub store: Option<StoreId>,
    /// The device in use.
    pub device: Option<DeviceId>,
    /// The clerk, behind a shared front end.
    pub rep: Option<Reference>,
    /// The customer's network address.
    pub client_address: Option<std::net::IpAddr>,
}

/// Facts offered with a request. Checked where given; in any number they prove nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// The account number.
    pub account_number: Option<AccountNumber>,
    /// The postal code.
    pub postal_code: Option<PostalCode>,
    /// The holder's name.
    pub holder_name: Option<HolderName>,
    /// Kinds of facts that were offered and are worth nothing: birth date, payments, call logs.
    pub worthless: Vec<Reference>,
}

/// Whether a decision counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// It counts.
    Enforce = 1,
    /// Advice: recorded, takes no evidence, counts nothing, grants no permit.
    Advise = 2,
}
