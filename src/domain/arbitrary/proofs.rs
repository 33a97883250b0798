//! Proof and what it was found to be worth.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::names::{instant, transfer_pin_id};
use crate::domain::{
    AppCheck, CarrierCode, Checks, CodeCheck, DocumentCheck, Effect, Factor, FactorOption, Level, OutcomeKind,
    OwnReason, PinCheck, Reason, ReasonClass, TransferPinCheck, Usability,
};

pub(crate) fn checks() -> impl Strategy<Value = Checks> {
    (pin_check(), transfer_pin_check(), code_check(), app_check(), document_check())
        .prop_map(|(pin, transfer_pin, code, app, document)| Checks { pin, transfer_pin, code, app, document })
}

fn document_check() -> impl Strategy<Value = DocumentCheck> {
    prop::sample::select(&[
        DocumentCheck::Matched,
        DocumentCheck::Differs,
        DocumentCheck::NotOnRecord,
        DocumentCheck::Seconded,
        DocumentCheck::NotSupplied,
        DocumentCheck::Given,
    ])
}

fn code_check() -> impl Strategy<Value = CodeCheck> {
    prop::sample::select(&[
        CodeCheck::Matched,
        CodeCheck::Mismatched,
        CodeCheck::Expired,
        CodeCheck::NotSent,
        CodeCheck::NotSupplied,
        CodeCheck::Given,
    ])
}

fn pin_check() -> impl Strategy<Value = PinCheck> {
    prop_oneof![
        Just(PinCheck::Matched),
        Just(PinCheck::Mismatched),
        Just(PinCheck::NotSupplied),
        Just(PinCheck::NotSet),
        instant().prop_map(|until| PinCheck::Exhausted { until }),
        Just(PinCheck::NotAdmitted),
        Just(PinCheck::Shed),
        Just(PinCheck::Given),
    ]
}

fn transfer_pin_check() -> impl Strategy<Value = TransferPinCheck> {
    prop_oneof![
        (transfer_pin_id(), any::<bool>(), instant())
            .prop_map(|(id, known_device, issued_at)| TransferPinCheck::Matched { id, known_device, issued_at }),
        Just(TransferPinCheck::Mismatched),
        Just(TransferPinCheck::Expired),
        Just(TransferPinCheck::Void),
        Just(TransferPinCheck::NotSupplied),
        Just(TransferPinCheck::NotAdmitted),
    ]
}

fn app_check() -> impl Strategy<Value = AppCheck> {
    prop_oneof![
        (instant(), any::<bool>()).prop_map(|(added_at, same_device)| AppCheck::Signed { added_at, same_device }),
        Just(AppCheck::NewDevice),
        Just(AppCheck::Refused),
        Just(AppCheck::NotSupplied),
    ]
}

pub(crate) fn factor() -> impl Strategy<Value = Factor> {
    prop::sample::select(Factor::ALL.as_slice())
}

pub(crate) fn level() -> impl Strategy<Value = Level> {
    prop_oneof![Just(Level::None), Just(Level::Basic), Just(Level::TwoClasses), Just(Level::Strong)]
}

pub(crate) fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(Reason::ALL)
}

pub(crate) fn own_reason() -> impl Strategy<Value = Reason> {
    let class = prop::sample::select(ReasonClass::ALL.as_slice());
    // Few codes and meanings: each is kept for the life of the process.
    ("X_[A-C](_[0-9])?", "[a-cä]{1,2}", class, prop::sample::select(CarrierCode::ALL.as_slice()))
        .prop_map(|(code, meaning, class, told)| Reason::Own(OwnReason::new(&code, &meaning, class, told).unwrap()))
}

pub(crate) fn outcome_kind() -> impl Strategy<Value = OutcomeKind> {
    prop_oneof![Just(OutcomeKind::Approve), Just(OutcomeKind::Challenge), Just(OutcomeKind::Deny)]
}

pub(crate) fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![
        any::<u32>().prop_map(Effect::Points),
        level().prop_map(Effect::AtLeast),
        (0_i64..1 << 40).prop_map(|wait| Effect::Wait(TimeDelta::milliseconds(wait))),
        Just(Effect::Deny)
    ]
}

pub(crate) fn factor_option() -> impl Strategy<Value = FactorOption> {
    let usability = prop_oneof![
        Just(Usability::Usable),
        (instant(), reason()).prop_map(|(at, reason)| Usability::NotBefore(at, reason)),
        reason().prop_map(Usability::Unusable),
    ];
    (factor(), usability).prop_map(|(factor, usability)| FactorOption { factor, usability })
}
