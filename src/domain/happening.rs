//! What outside sources tell: systems that see what the engine does not.
//!
//! Deliberately absent: anything that proves. What is told only raises what is asked.

use std::net::IpAddr;

use super::{
    Channel, ContactId, ContactKind, DeviceId, Imei, Msisdn, PersonId, RecordId, Reference, ResetKind, SimTarget,
};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It comes often, and only how often, or how lately, matters. It is kept in the account's history alone.
    Counted(Counted),
    /// It stands on the account's record.
    Recorded(Recorded),
}

/// What comes often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Somebody signed in, or tried to.
    LogIn {
        /// What came of it.
        result: LogInResult,
        /// From which device.
        device: Option<DeviceId>,
        /// From which network address.
        address: Option<IpAddr>,
    },
    /// A call to the line.
    InboundCall {
        /// Which.
        call: Reference,
        /// Whether it began or ended.
        phase: CallPhase,
    },
    /// The network has the line on a SIM.
    SimAttached {
        /// Which.
        target: SimTarget,
    },
}

/// What came of a log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogInResult {
    /// Signed in.
    Succeeded,
    /// Not signed in.
    Failed,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallPhase {
    /// It was answered.
    Started,
    /// It is over.
    Ended,
}

/// What stands on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// A PIN or password was reset elsewhere.
    CredentialReset {
        /// Which of the two.
        kind: ResetKind,
        /// Through which channel.
        via: Channel,
        /// The contact that was the proof.
        mailbox: Option<ContactId>,
    },
    /// A contact was changed elsewhere.
    ContactChanged {
        /// Which.
        contact: ContactId,
        /// Whose.
        person: Option<PersonId>,
        /// Through which channel.
        via: Channel,
        /// What kind of contact; where it is not told, it may be any.
        kind: Option<ContactKind>,
    },
    /// A customer proved themselves strongly on a device.
    DeviceProven {
        /// Which.
        device: DeviceId,
    },
    /// The line became active on a SIM.
    SimActivated {
        /// Which.
        target: SimTarget,
        /// In which handset.
        imei: Option<Imei>,
    },
    /// Calls of the line go elsewhere.
    ForwardingSet {
        /// Where.
        target: Msisdn,
    },
    /// Somebody else paid.
    ThirdPartyPayment,
    /// A client of the carrier's interfaces read the account.
    AccountRead {
        /// The identity at the end of the client's own chain.
        reader: Reference,
    },
    /// The number is another subscription's.
    NumberReassigned,
    /// The customer reports fraud.
    FraudReported {
        /// The decision they dispute.
        decision: Option<RecordId>,
    },
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal, $field:literal;)+) => {
        /// The kinds of what is told, for the table of who may tell it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum HappeningKind {
            $($(#[$doc])* $kind,)+
        }

        impl HappeningKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }

            /// The field that holds it in the contract's message.
            pub const fn field(self) -> &'static str {
                match self { $(Self::$kind => $field),+ }
            }
        }
    };
}

kinds! {
    /// A log-in failed.
    LogInFailed = "LOG_IN_FAILED", "log_in_failed";
    /// A log-in succeeded.
    LogInSucceeded = "LOG_IN_SUCCEEDED", "log_in_succeeded";
    /// A PIN or password was reset.
    CredentialReset = "CREDENTIAL_RESET", "credential_reset";
    /// A contact was changed.
    ContactChanged = "CONTACT_CHANGED", "contact_changed";
    /// A device was proven.
    DeviceProven = "DEVICE_PROVEN", "device_proven";
    /// A SIM became active.
    SimActivated = "SIM_ACTIVATED", "sim_activated";
    /// Forwarding was set.
    ForwardingSet = "FORWARDING_SET", "forwarding_set";
    /// Somebody else paid.
    ThirdPartyPayment = "THIRD_PARTY_PAYMENT", "third_party_payment";
    /// A call began.
    InboundCallStarted = "INBOUND_CALL_STARTED", "inbound_call_started";
    /// A call ended.
    InboundCallEnded = "INBOUND_CALL_ENDED", "inbound_call_ended";
    /// An account was read.
    AccountRead = "ACCOUNT_READ", "account_read";
    /// A number was reassigned.
    NumberReassigned = "NUMBER_REASSIGNED", "number_reassigned";
    /// Fraud was reported.
    FraudReported = "FRAUD_REPORTED", "fraud_reported";
    /// A SIM was attached.
    SimAttached = "SIM_ATTACHED", "sim_attached";
}

impl HappeningKind {
    /// Whether it happens to lines alone.
    pub const fn is_of_a_line(self) -> bool {
        matches!(
            self,
            Self::SimActivated
                | Self::ForwardingSet
                | Self::InboundCallStarted
                | Self::InboundCallEnded
                | Self::NumberReassigned
                | Self::SimAttached
        )
    }
}

impl Happening {
    /// Its kind.
    pub const fn kind(&self) -> HappeningKind {
        match self {
            Self::Counted(Counted::LogIn { result: LogInResult::Failed, .. }) => HappeningKind::LogInFailed,
            Self::Counted(Counted::LogIn { result: LogInResult::Succeeded, .. }) => HappeningKind::LogInSucceeded,
            Self::Counted(Counted::InboundCall { phase: CallPhase::Started, .. }) => HappeningKind::InboundCallStarted,
            Self::Counted(Counted::InboundCall { phase: CallPhase::Ended, .. }) => HappeningKind::InboundCallEnded,
            Self::Counted(Counted::SimAttached { .. }) => HappeningKind::SimAttached,
            Self::Recorded(recorded) => recorded.kind(),
        }
    }
}

impl Recorded {
    /// Its kind.
    pub const fn kind(&self) -> HappeningKind {
        match self {
            Self::CredentialReset { .. } => HappeningKind::CredentialReset,
            Self::ContactChanged { .. } => HappeningKind::ContactChanged,
            Self::DeviceProven { .. } => HappeningKind::DeviceProven,
            Self::SimActivated { .. } => HappeningKind::SimActivated,
            Self::ForwardingSet { .. } => HappeningKind::ForwardingSet,
            Self::ThirdPartyPayment => HappeningKind::ThirdPartyPayment,
            Self::AccountRead { .. } => HappeningKind::AccountRead,
            Self::NumberReassigned => HappeningKind::NumberReassigned,
            Self::FraudReported { .. } => HappeningKind::FraudReported,
        }
    }
}
