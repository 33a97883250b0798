//! The numbers under which enums are kept: one table each, given once, never reused.
//!
//! They are written out here rather than taken from the order of the variants, so that moving a variant changes nothing stored.

use crate::audit::{AuditStep, EventKind, PolicyStep, ReadOf, ReportedOutcome};
use crate::domain::{
    AccountKind, Action, CarrierCode, Channel, ContactKind, Factor, HoldKind, Level, LineStatus, LockHolder, LockSet,
    LockStepKind, Mode, NoticeEnd, OutcomeKind, PersonRole, PinOrigin, Reason, ReasonClass, ResetKind, Role,
    SimChangeCause, SimDelivery, Standing, StepScope,
};

/// An enum that is kept as a number.
pub(super) trait Numbered: Sized {
    /// Its number.
    fn number(self) -> u32;

    /// What a number stands for, if for anything.
    fn of_number(number: u32) -> Option<Self>;
}

macro_rules! numbered {
    ($($type:ident { $($variant:ident = $number:literal),+ $(,)? })+) => {
        $(impl Numbered for $type {
            fn number(self) -> u32 {
                match self { $(Self::$variant => $number),+ }
            }

            fn of_number(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)+ _ => None }
            }
        })+

        /// Every table as `Type.Variant = number`, for the golden file.
        #[cfg(test)]
        pub(super) fn tables() -> Vec<String> {
            vec![$($(format!(concat!(stringify!($type), ".{:?} = {}"), $type::$variant, $type::$variant.number())),+),+]
        }
    };
}

numbered! {
    AccountKind { Postpaid = 1, Prepaid = 2, Business = 3 }
    PersonRole { Owner = 1, AuthorisedUser = 2, LineUser = 3 }
    ResetKind { Pin = 1, Contact = 2, Password = 3 }
    LineStatus { Active = 1, Suspended = 2, Closed = 3, PortedOut = 4, Moved = 5 }
    Action {
        SimChange = 1,
        PortOut = 2,
        TransferPinIssue = 3,
        LockRelease = 4,
        PinChange = 5,
        ContactChange = 6,
        CallForwardingSet = 7,
        DeviceAdd = 8,
        OwnerChange = 9,
    }
    LockSet { Port = 1, Sim = 2, All = 3 }
    LockHolder { Customer = 1, Carrier = 2 }
    LockStepKind { ReleaseTookEffect = 1, Relocked = 2 }
    StepScope { Account = 1, Line = 2 }
    Standing { Known = 1, Unknown = 2 }
    Channel { Store = 1, Care = 2, Ivr = 3, Web = 4, App = 5, Port = 6, Batch = 7, Wholesale = 8 }
    Mode { Enforce = 1, Advise = 2 }
    Role {
        PortingSystem = 1,
        RetailAgent = 2,
        RetailManager = 3,
        CareAgent = 4,
        PinPad = 5,
        Ivr = 6,
        Customer = 7,
        BusinessAdmin = 8,
        Provisioning = 9,
        NetworkSignals = 10,
        FraudOps = 11,
        Auditor = 12,
        RelyingParty = 13,
        Admin = 14,
    }
    SimChangeCause { Upgrade = 1, Lost = 2, Stolen = 3, Damaged = 4, Revert = 5, SecondSim = 6, Broken = 7 }
    SimDelivery { InHand = 1, Shipped = 2 }
    ContactKind { Email = 1, Sms = 2, Voice = 3, Postal = 4 }
    PolicyStep { File = 1, Staged = 2, Activated = 3 }
    ReasonClass {
        Lock = 1,
        Credential = 2,
        IdentityData = 3,
        LineState = 4,
        CoolDown = 5,
        Velocity = 6,
        Risk = 7,
        Rights = 8,
    }
    CarrierCode { Other = 1, PortProtection = 2, DataMismatch = 3, NotActive = 4, NotPortable = 5, Prepaid = 6 }
    HoldKind { Staff = 1, Store = 2, Device = 3, Token = 4, Carrier = 5, Certificate = 6 }
    PinOrigin { EndUser = 1, Carrier = 2 }
    OutcomeKind { Approve = 1, Challenge = 2, Deny = 3 }
    Factor { AccountPin = 1, TransferPin = 2, OneTimeCode = 3, AppApproval = 4, IdDocument = 5 }
    NoticeEnd { Refused = 1, GivenUp = 2, Unreadable = 3 }
    Level { None = 0, Basic = 1, TwoClasses = 2, Strong = 3 }
    ReportedOutcome { Executed = 1, Failed = 2, Abandoned = 3, Fraud = 4, Genuine = 5 }
    ReadOf { Protection = 1, Credentials = 2, Activity = 3, Account = 4, Decision = 5, Records = 6 }
    AuditStep { Listed = 1, Watched = 2, Verified = 3 }
    EventKind {
        Decided = 1,
        LockSet = 2,
        ReleaseCancelled = 3,
        LockStepped = 4,
        PermitRedeemed = 5,
        DecisionWithdrawn = 6,
        OutcomeReported = 7,
        TransferPinRevoked = 8,
        Read = 9,
        AccountCreated = 10,
        AccountChanged = 11,
        LineAdded = 12,
        LineEnded = 13,
        RecordsRead = 14,
        CheckpointMade = 15,
        ExportAsked = 16,
        ExportApproved = 17,
        ExportDone = 18,
        Alerted = 19,
        SegmentArchived = 21,
        SegmentDeleted = 22,
        ExportBegun = 23,
        HoldChanged = 24,
        IncidentChanged = 25,
        PolicyChanged = 26,
        EvidenceGiven = 27,
        ChallengeDeclined = 28,
        CodeSent = 29,
        EventRecorded = 30,
        LogInsFailed = 31,
        SeparationChanged = 32,
        ActivityDisputed = 33,
        DeviceWaits = 34,
        DeviceRemoved = 35, RecoveryChanged = 36,
    }
}

/// The domain holds this table: a reason's number is part of its declaration there.
impl Numbered for Reason {
    fn number(self) -> u32 {
        u32::from(self.as_u16())
    }

    fn of_number(number: u32) -> Option<Self> {
        u16::try_from(number).ok().and_then(Self::from_number)
    }
}
