//! Names, numbers and instants.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use proptest::option;
use proptest::prelude::*;

use crate::domain::{
    AccountId, AccountNumber, Brand, ChangeDigest, Channel, ContactId, DealerId, DeviceId, Eid, FormatError, HeldName,
    HolderName, Iccid, IccidCheck, Imei, LineId, Msisdn, PersonId, Place, PolicyRevision, Pon, PostalCode, RecordId,
    Reference, ReleaseId, Spid, Spot, StoreId, Subject, TransferPinId,
};

const IDENTIFIER: &str = "[A-Za-z0-9_.:@|-]{1,64}";

/// The first and the last instant generated: the years 1 and 9999.
const INSTANTS_MILLIS: std::ops::Range<i64> = -62_135_596_800_000..253_402_300_800_000;

fn text<T: Debug>(pattern: &'static str, parse: fn(&str) -> Result<T, FormatError>) -> impl Strategy<Value = T> {
    pattern.prop_map(move |text| parse(&text).unwrap())
}

pub(crate) fn account_id() -> impl Strategy<Value = AccountId> {
    text(IDENTIFIER, AccountId::parse)
}

pub(crate) fn line_id() -> impl Strategy<Value = LineId> {
    text(IDENTIFIER, LineId::parse)
}

pub(super) fn person_id() -> impl Strategy<Value = PersonId> {
    text(IDENTIFIER, PersonId::parse)
}

pub(crate) fn contact_id() -> impl Strategy<Value = ContactId> {
    text(IDENTIFIER, ContactId::parse)
}

pub(crate) fn device_id() -> impl Strategy<Value = DeviceId> {
    text(IDENTIFIER, DeviceId::parse)
}

pub(super) fn store_id() -> impl Strategy<Value = StoreId> {
    text(IDENTIFIER, StoreId::parse)
}

pub(super) fn dealer_id() -> impl Strategy<Value = DealerId> {
    text("[A-Za-z0-9_.:-]{1,64}", DealerId::parse)
}

pub(crate) fn subject() -> impl Strategy<Value = Subject> {
    text("[A-Za-z0-9_.:@|/-]{1,160}", Subject::parse)
}

pub(super) fn held_name() -> impl Strategy<Value = HeldName> {
    text("[A-Za-z0-9_.:@|/-]{1,160}", HeldName::parse)
}

pub(crate) fn reference() -> impl Strategy<Value = Reference> {
    text("[ -~äßé漢]{1,32}", Reference::parse)
}

pub(super) fn brand() -> impl Strategy<Value = Brand> {
    text("[A-Za-z0-9_.-]{1,32}", Brand::parse)
}

pub(super) fn account_number() -> impl Strategy<Value = AccountNumber> {
    text("[A-Za-z0-9]{1,32}", AccountNumber::parse)
}

pub(super) fn pon() -> impl Strategy<Value = Pon> {
    text("[A-Za-z0-9_#-]{1,25}", Pon::parse)
}

pub(super) fn spid() -> impl Strategy<Value = Spid> {
    text("[A-Za-z0-9]{4}", Spid::parse)
}

pub(super) fn postal_code() -> impl Strategy<Value = PostalCode> {
    text("[A-Za-z0-9 -]{3,10}", PostalCode::parse)
}

pub(super) fn holder_name() -> impl Strategy<Value = HolderName> {
    text("[ -~äßéÑ漢]{1,120}", HolderName::parse)
}

pub(super) fn msisdn() -> impl Strategy<Value = Msisdn> {
    text(r"\+(1(212|313|617)[2-9][02-9][0-9]{5}|[2-9][0-9]{4,14})", Msisdn::parse)
}

pub(super) fn iccid() -> impl Strategy<Value = Iccid> {
    text("89[0-9]{17,18}", |text| Iccid::parse_with(text, IccidCheck::FormatOnly))
}

pub(super) fn eid() -> impl Strategy<Value = Eid> {
    "[0-9]{30}".prop_map(|start| {
        let rest = format!("{start}00").bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
        Eid::parse(&format!("{start}{:02}", (98 - rest) % 97)).unwrap()
    })
}

pub(super) fn imei() -> impl Strategy<Value = Imei> {
    text("[0-9]{16}|490154203237518", Imei::parse)
}

pub(crate) fn record_id() -> impl Strategy<Value = RecordId> {
    any::<u128>().prop_map(RecordId::from_u128)
}

pub(crate) fn release_id() -> impl Strategy<Value = ReleaseId> {
    any::<u128>().prop_map(ReleaseId::from_u128)
}

pub(crate) fn transfer_pin_id() -> impl Strategy<Value = TransferPinId> {
    any::<u128>().prop_map(TransferPinId::from_u128)
}

pub(crate) fn hash() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

pub(crate) fn change_digest() -> impl Strategy<Value = ChangeDigest> {
    hash().prop_map(ChangeDigest)
}

pub(crate) fn policy_revision() -> impl Strategy<Value = PolicyRevision> {
    hash().prop_map(PolicyRevision)
}

pub(crate) fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    INSTANTS_MILLIS.prop_map(|millis| DateTime::from_timestamp_millis(millis).unwrap())
}

pub(crate) fn place() -> impl Strategy<Value = Place> {
    let spot = || (option::of(store_id()), option::of(device_id())).prop_map(|(store, device)| Spot { store, device });
    (spot(), spot(), option::of(reference())).prop_map(|(bound, said, rep)| Place { bound, said, rep })
}

pub(crate) fn channel() -> impl Strategy<Value = Channel> {
    prop::sample::select(Channel::ALL.as_slice())
}
