//! How much of a kind there was lately, over many accounts and lines: counts that no single account can tell.

/// What windows outside the account say about one request, itself included where it is one of what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Velocity {
    /// Whether the windows could not be read or charged: then no count here means anything.
    pub unread: bool,
    /// The source of this request that failed most.
    pub source: SourceFailures,
    /// Accounts on which the PIN value of this request was wrong.
    pub pin_value_failed_accounts: u32,
    /// Other accounts on which this member of staff began changes without a sign of their customers.
    pub staff_unproven_accounts: u32,
    /// Of those, and of days before, the ones whose challenge lapsed.
    pub staff_lapsed_accounts: u32,
    /// Other accounts that this member of staff asked about at this moment.
    pub staff_accounts_at_once: u32,
    /// Lines of this account that asked to leave, this one included.
    pub lines_leaving: u32,
    /// Lines of this account whose leaving was challenged as one of many, and whose challenge lapsed.
    pub sweeps_lapsed: u32,
    /// Accounts whose numbers were to go to the same carrier.
    pub ports_to_carrier: u32,
    /// Accounts whose numbers were to go to the same dealer.
    pub ports_to_dealer: u32,
    /// Other accounts that got a SIM for the same handset.
    pub handset_other_accounts: u32,
    /// Other accounts on which the same identity document was shown.
    pub document_other_accounts: u32,
    /// How often the two who see the document saw one, this time included. It is the use case's, and no fact.
    pub documents_of_pair: u32,
    /// Accounts that one identity read among many, and that were to go to the same carrier, this one included; none where
    /// nobody read this one so.
    pub read_accounts_leaving: u32,
}

/// How a source failed at the secrets of many accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceFailures {
    /// Accounts whose secrets it got wrong. None, where it got right at least half of them since.
    pub accounts: u32,
    /// What kind of source it is; none where nothing failed.
    pub kind: Option<SourceKind>,
}

/// What requests come from. The numbers are recorded for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SourceKind {
    /// The authenticated identity.
    Caller = 1,
    /// A person or customer behind a shared front end.
    EndIdentity = 2,
    /// A store.
    Store = 3,
    /// A device in a store, or the one in use.
    Device = 4,
    /// A network address.
    Address = 5,
    /// The carrier that numbers would go to.
    GainingCarrier = 6,
}

impl SourceKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Caller, Self::EndIdentity, Self::Store, Self::Device, Self::Address, Self::GainingCarrier];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "CALLER",
            Self::EndIdentity => "END_IDENTITY",
            Self::Store => "STORE",
            Self::Device => "DEVICE",
            Self::Address => "ADDRESS",
            Self::GainingCarrier => "GAINING_CARRIER",
        }
    }
}

impl Velocity {
    /// Nothing lately.
    pub const QUIET: Self = Self {
        unread: false,
        source: SourceFailures { accounts: 0, kind: None },
        pin_value_failed_accounts: 0,
        staff_unproven_accounts: 0,
        staff_lapsed_accounts: 0,
        staff_accounts_at_once: 0,
        lines_leaving: 0,
        sweeps_lapsed: 0,
        ports_to_carrier: 0,
        ports_to_dealer: 0,
        handset_other_accounts: 0,
        document_other_accounts: 0,
        documents_of_pair: 0,
        read_accounts_leaving: 0,
    };

    /// Nobody knows.
    pub const UNREAD: Self = Self { unread: true, ..Self::QUIET };
}
