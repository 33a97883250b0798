//! Closed sets of names on the wire. UNSPECIFIED and unknown numbers are errors: proto3's silent zero never gets in.

use crate::audit::ReportedOutcome;
use crate::crypto::Purpose;
use crate::domain::{
    AccountKind, Channel, ContactKind, Flags, FormatError, HoldKind, LineStatus, LockHolder, LockSet, Mode, PersonRole,
    Reference, ResetKind, SimChangeCause, SimDelivery,
};
use crate::grpc::pb::v1 as pb;

macro_rules! enum_from_wire {
    ($(#[$doc:meta])* $function:ident, $wire:ident => $domain:ty, $expected:literal, { $($from:ident => $to:expr),+ $(,)? }) => {
        $(#[$doc])*
        pub(in crate::grpc) fn $function(value: i32) -> Result<$domain, FormatError> {
            match pb::$wire::try_from(value) {
                $(Ok(pb::$wire::$from) => Ok($to),)+
                Ok(pb::$wire::Unspecified) | Err(_) => Err(FormatError::new($expected)),
            }
        }
    };
}

enum_from_wire! {
    /// Whether an answer binds.
    mode, Mode => Mode, "must be MODE_ENFORCE or MODE_ADVISE",
    { Enforce => Mode::Enforce, Advise => Mode::Advise }
}
enum_from_wire! {
    /// What a key is for.
    key_purpose, KeyPurpose => Purpose, "must be one of the named purposes of keys",
    {
        Index => Purpose::Index, Pepper => Purpose::Pepper, Seal => Purpose::Seal, Permit => Purpose::Permit,
        PermitSigning => Purpose::PermitSigning, RecordSigning => Purpose::RecordSigning,
    }
}
enum_from_wire! {
    /// The way a request came.
    channel, Channel => Channel, "must be one of the named channels",
    {
        Store => Channel::Store, Care => Channel::Care, Ivr => Channel::Ivr, Web => Channel::Web, App => Channel::App,
        Port => Channel::Port, Batch => Channel::Batch, Wholesale => Channel::Wholesale,
    }
}
enum_from_wire! {
    /// What a lock covers.
    lock_set, LockSet => LockSet, "must be LOCK_SET_PORT, LOCK_SET_SIM or LOCK_SET_ALL",
    { Port => LockSet::Port, Sim => LockSet::Sim, All => LockSet::All }
}
enum_from_wire! {
    /// Whose a lock is.
    lock_holder, LockHolder => LockHolder, "must be LOCK_HOLDER_CUSTOMER or LOCK_HOLDER_CARRIER",
    { Customer => LockHolder::Customer, Carrier => LockHolder::Carrier }
}
enum_from_wire! {
    /// What kind of thing is held.
    hold_kind, HoldKind => HoldKind, "must be one of the named kinds of holds",
    {
        Staff => HoldKind::Staff, Store => HoldKind::Store, Device => HoldKind::Device, Token => HoldKind::Token,
        Carrier => HoldKind::Carrier,
        Certificate => HoldKind::Certificate,
    }
}
enum_from_wire! {
    /// Why a SIM is changed.
    sim_change_cause, SimChangeCause => SimChangeCause, "must be one of the named causes",
    {
        Upgrade => SimChangeCause::Upgrade, Lost => SimChangeCause::Lost, Stolen => SimChangeCause::Stolen,
        Damaged => SimChangeCause::Damaged, Revert => SimChangeCause::Revert, SecondSim => SimChangeCause::SecondSim,
        Broken => SimChangeCause::Broken,
    }
}
enum_from_wire! {
    /// How a new SIM gets to the customer.
    sim_delivery, SimDelivery => SimDelivery, "must be SIM_DELIVERY_IN_HAND, SIM_DELIVERY_SHIPPED or nothing",
    { InHand => SimDelivery::InHand, Shipped => SimDelivery::Shipped }
}
enum_from_wire! {
    /// What kind of contact it is.
    contact_kind, ContactKind => ContactKind, "must be one of the named kinds of contacts or nothing",
    {
        Email => ContactKind::Email, Sms => ContactKind::Sms, Voice => ContactKind::Voice,
        PostalAddress => ContactKind::Postal,
    }
}

/// A name that may be left out.
pub(in crate::grpc) fn optional<T>(
    value: i32,
    named: impl FnOnce(i32) -> Result<T, FormatError>,
) -> Result<Option<T>, FormatError> {
    if value == 0 { Ok(None) } else { named(value).map(Some) }
}

enum_from_wire! {
    /// What a person is on an account.
    person_role, PersonRole => PersonRole,
    "must be PERSON_ROLE_OWNER, PERSON_ROLE_AUTHORISED_USER or PERSON_ROLE_LINE_USER",
    { Owner => PersonRole::Owner, AuthorisedUser => PersonRole::AuthorisedUser, LineUser => PersonRole::LineUser }
}
enum_from_wire! {
    /// What kind of customer.
    account_kind, AccountKind => AccountKind,
    "must be ACCOUNT_KIND_POSTPAID, ACCOUNT_KIND_PREPAID or ACCOUNT_KIND_BUSINESS",
    { Postpaid => AccountKind::Postpaid, Prepaid => AccountKind::Prepaid, Business => AccountKind::Business }
}
enum_from_wire! {
    /// What was reset.
    reset_credential, ResetCredential => ResetKind, "must be RESET_CREDENTIAL_PIN or RESET_CREDENTIAL_PASSWORD",
    { Pin => ResetKind::Pin, Password => ResetKind::Password }
}
enum_from_wire! {
    /// Whether a line is in service.
    line_status, LineStatus => LineStatus,
    "must be LINE_STATUS_ACTIVE, LINE_STATUS_SUSPENDED, LINE_STATUS_CLOSED or LINE_STATUS_PORTED_OUT",
    {
        Active => LineStatus::Active, Suspended => LineStatus::Suspended, Closed => LineStatus::Closed,
        PortedOut => LineStatus::PortedOut,
    }
}

/// A kind of fact that proves nothing, by its recorded name.
pub(in crate::grpc) fn worthless_fact(value: i32) -> Result<Reference, FormatError> {
    use pb::WorthlessFact as Wire;
    let name = match Wire::try_from(value) {
        Ok(Wire::BirthDate) => "BIRTH_DATE",
        Ok(Wire::NationalId) => "NATIONAL_ID",
        Ok(Wire::Card) => "CARD",
        Ok(Wire::Payment) => "PAYMENT",
        Ok(Wire::CallLog) => "CALL_LOG",
        Ok(Wire::Imei) => "IMEI",
        Ok(Wire::Iccid) => "ICCID",
        Ok(Wire::SecurityAnswer) => "SECURITY_ANSWER",
        Ok(Wire::Unspecified) | Err(_) => "",
    };
    Reference::parse(name).map_err(|_| FormatError::new("must be one of the named kinds of fact"))
}

enum_from_wire! {
    /// What became of a decided change.
    reported_outcome, ReportedOutcome => ReportedOutcome, "must be one of the named outcomes",
    {
        Executed => ReportedOutcome::Executed, Failed => ReportedOutcome::Failed,
        Abandoned => ReportedOutcome::Abandoned, Fraud => ReportedOutcome::Fraud, Genuine => ReportedOutcome::Genuine,
    }
}
enum_from_wire! {
    /// A mark on a line.
    line_flag, LineFlag => Flags, "must be LINE_FLAG_HEIGHTENED or LINE_FLAG_VICTIM",
    {
        Heightened => Flags { heightened: true, victim: false }, Victim => Flags { heightened: false, victim: true },
    }
}
