//! Reasons: stable, machine-readable, few.

use super::OwnReason;

/// The class of a reason. Closed: tables that translate reasons for other carriers are total on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ReasonClass {
    /// A lock forbids it.
    Lock = 1,
    /// A PIN or other proof is missing, wrong or not fit.
    Credential = 2,
    /// A given fact does not match.
    IdentityData = 3,
    /// The line cannot be changed or is not known.
    LineState = 4,
    /// Too soon after another change.
    CoolDown = 5,
    /// Too many.
    Velocity = 6,
    /// The score, or something only risk explains.
    Risk = 7,
    /// The asker may not.
    Rights = 8,
}

impl ReasonClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::Lock,
        Self::Credential,
        Self::IdentityData,
        Self::LineState,
        Self::CoolDown,
        Self::Velocity,
        Self::Risk,
        Self::Rights,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lock => "LOCK",
            Self::Credential => "CREDENTIAL",
            Self::IdentityData => "IDENTITY_DATA",
            Self::LineState => "LINE_STATE",
            Self::CoolDown => "COOL_DOWN",
            Self::Velocity => "VELOCITY",
            Self::Risk => "RISK",
            Self::Rights => "RIGHTS",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $code:literal, $class:ident;)+) => {
        /// Why a request was not simply approved.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
            /// One that the operator's policy declares.
            Own(OwnReason),
        }

        impl Reason {
            /// Every reason the engine itself gives.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code in answers, records and metrics.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ Self::Own(own) => own.code() }
            }

            /// Its class.
            pub const fn class(self) -> ReasonClass {
                match self { $(Self::$variant => ReasonClass::$class,)+ Self::Own(own) => own.class() }
            }

            /// Its number in records. Those of policies have none of their own: where there is nothing else, they are kept as
            /// one of the engine's.
            pub const fn as_u16(self) -> u16 {
                match self { $(Self::$variant => $number,)+ Self::Own(own) => own.nearest_of_engine().as_u16() }
            }
        }
    };
}

reasons! {
    /// A lock covers the action.
    LockOn = 1, "LOCK_ON", Lock;
    /// Only the account's owner may do this.
    OwnerOnly = 2, "OWNER_ONLY", Rights;
    /// A release has not taken effect yet, or must rest after it did.
    CoolingDown = 3, "COOLING_DOWN", CoolDown;
    /// A lock was released lately: proof by another channel is needed.
    ReleasedRecently = 4, "RELEASED_RECENTLY", CoolDown;
    /// The PIN is wrong.
    PinMismatch = 10, "PIN_MISMATCH", Credential;
    /// The PIN was set too lately to prove anything.
    PinTooNew = 11, "PIN_TOO_NEW", Credential;
    /// The PIN was set before a breach that may have shown it.
    PinBeforeBreach = 12, "PIN_BEFORE_BREACH", Credential;
    /// The PIN was not used for so long that it counts only beside something else.
    PinDormant = 13, "PIN_DORMANT", Credential;
    /// Too many wrong PINs: it is off for a while.
    PinAttemptsExhausted = 14, "PIN_ATTEMPTS_EXHAUSTED", Credential;
    /// Several wrong PINs lately: something the customer has is needed.
    PinAttemptsMany = 15, "PIN_ATTEMPTS_MANY", Credential;
    /// The PIN is one the carrier made, which proves nothing.
    PinIsDefault = 16, "PIN_IS_DEFAULT", Credential;
    /// Too many PINs were waiting to be checked.
    PinNotChecked = 17, "PIN_NOT_CHECKED", Credential;
    /// No transfer PIN was given.
    TransferPinMissing = 20, "TRANSFER_PIN_MISSING", Credential;
    /// The transfer PIN is wrong.
    TransferPinWrong = 21, "TRANSFER_PIN_WRONG", Credential;
    /// The transfer PIN has expired.
    TransferPinExpired = 22, "TRANSFER_PIN_EXPIRED", Credential;
    /// The transfer PIN was used or is void.
    TransferPinVoid = 23, "TRANSFER_PIN_VOID", Credential;
    /// The transfer PIN was not asked from a device known for long.
    TransferPinUnproven = 24, "TRANSFER_PIN_UNPROVEN", Credential;
    /// The customer has not proven that they ask.
    NoCustomerProof = 30, "NO_CUSTOMER_PROOF", Credential;
    /// Nothing the customer could prove it with is usable now.
    NoUsableFactor = 31, "NO_USABLE_FACTOR", Credential;
    /// More proof is needed.
    ProofTooWeak = 32, "PROOF_TOO_WEAK", Credential;
    /// The customer said no.
    ChallengeDeclined = 33, "CHALLENGE_DECLINED", Credential;
    /// Nobody met the challenge in time, or too much of what was given for it was wrong.
    ChallengeLapsed = 34, "CHALLENGE_LAPSED", Credential;
    /// The one-time code is wrong, too late, or none was sent.
    CodeWrong = 35, "CODE_WRONG", Credential;
    /// The one-time code went to a contact that proves nothing now.
    ContactUnusable = 36, "CONTACT_UNUSABLE", Credential;
    /// The identity document was shown on another customer's account lately.
    DocumentElsewhere = 37, "DOCUMENT_ELSEWHERE", Risk;
    /// The identity document was seen too lately to prove anything.
    DocumentRests = 38, "DOCUMENT_RESTS", Credential;
    /// The account number is missing.
    AccountNumberMissing = 40, "ACCOUNT_NUMBER_MISSING", IdentityData;
    /// The account number is wrong.
    AccountNumberWrong = 41, "ACCOUNT_NUMBER_WRONG", IdentityData;
    /// The postal code is wrong.
    PostalCodeWrong = 42, "POSTAL_CODE_WRONG", IdentityData;
    /// The holder's name is wrong.
    HolderNameWrong = 43, "HOLDER_NAME_WRONG", IdentityData;
    /// The line is on another SIM than the asker believes.
    SimNotAsStated = 44, "SIM_NOT_AS_STATED", IdentityData;
    /// The SIM changed lately.
    SimChangedRecently = 50, "SIM_CHANGED_RECENTLY", CoolDown;
    /// A contact changed lately.
    ContactChangedRecently = 51, "CONTACT_CHANGED_RECENTLY", CoolDown;
    /// A PIN, password or contact was reset lately.
    ResetRecently = 52, "RESET_RECENTLY", CoolDown;
    /// The request comes from a new device.
    NewDevice = 53, "NEW_DEVICE", Risk;
    /// The phone is said to be lost, stolen or broken.
    PhoneNotAtHand = 54, "PHONE_NOT_AT_HAND", Risk;
    /// The line or account is flagged.
    Flagged = 55, "FLAGGED", Risk;
    /// Many log-ins failed lately.
    LogInsFailed = 56, "LOG_INS_FAILED", Velocity;
    /// The phone is said to be broken, and the network had it minutes ago.
    PhoneAttached = 57, "PHONE_ATTACHED", Risk;
    /// The line is not known.
    UnknownLine = 60, "UNKNOWN_LINE", LineState;
    /// The line is not active.
    LineInactive = 61, "LINE_INACTIVE", LineState;
    /// A signal that the policy requires is missing.
    SignalMissing = 70, "SIGNAL_MISSING", Risk;
    /// The score is high.
    ScoreHigh = 71, "SCORE_HIGH", Risk;
    /// Where the request comes from, or the PIN it offers, was wrong on many accounts lately.
    SourceSpraying = 80, "SOURCE_SPRAYING", Velocity;
    /// Too many accounts lately by one member of staff, or too fast for a human.
    StaffVelocity = 81, "STAFF_VELOCITY", Velocity;
    /// More lines of this account asked to leave.
    AccountSweep = 82, "ACCOUNT_SWEEP", Velocity;
    /// Others' lines were moved to the same handset lately.
    HandsetElsewhere = 83, "HANDSET_ELSEWHERE", Velocity;
    /// Who asks, or where they ask, is held.
    StaffHeld = 84, "STAFF_HELD", Rights;
    /// The carrier that asks or gains is held.
    CarrierHeld = 85, "CARRIER_HELD", Risk;
    /// Somebody read the account among many, and others of them go to the same carrier.
    AnomalousRead = 86, "ANOMALOUS_READ", Velocity;
    /// Who asks is not on the roster at this hour, in this store or on this device.
    OffRoster = 87, "OFF_ROSTER", Rights;
    /// The store's device is on a network that is not registered for its store.
    NetworkNotRegistered = 88, "NETWORK_NOT_REGISTERED", Rights;
}

impl Reason {
    /// The reason of a stored number.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_u16() == number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Reason;

    #[test]
    fn codes_and_numbers_are_unique_and_come_back() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::from_number(reason.as_u16()), Some(*reason));
        }
    }
}
