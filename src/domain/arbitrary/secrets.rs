//! What is kept of secrets, and permits.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::happenings::history;
use super::names::{
    change_digest, channel, instant, line_id, place, policy_revision, record_id, spid, subject, transfer_pin_id,
};
use crate::domain::{
    AccountPin, Action, Credentials, Permit, PermitState, PinOrigin, SpentApproval, TRANSFER_PINS_KEPT_MAX,
    TransferPin, TransferPinOrigin, TransferPinScope, TransferPinState, Verifier,
};

pub(crate) fn credentials() -> impl Strategy<Value = Credentials> {
    let spent = vec(any::<u128>().prop_map(SpentApproval), 0..4);
    (option::of(account_pin()), vec(transfer_pin(), 0..=TRANSFER_PINS_KEPT_MAX), spent, history()).prop_map(
        |(pin, transfer_pins, spent_approvals, history)| Credentials { pin, transfer_pins, spent_approvals, history },
    )
}

fn verifier() -> impl Strategy<Value = Verifier> {
    vec(any::<u8>(), 0..100).prop_map(Verifier)
}

fn account_pin() -> impl Strategy<Value = AccountPin> {
    let origin = prop_oneof![Just(PinOrigin::EndUser), Just(PinOrigin::Carrier)];
    (verifier(), instant(), option::of(instant()), origin)
        .prop_map(|(verifier, set_at, verified_at, origin)| AccountPin { verifier, set_at, verified_at, origin })
}

fn transfer_pin() -> impl Strategy<Value = TransferPin> {
    let scope = prop_oneof![line_id().prop_map(TransferPinScope::Line), Just(TransferPinScope::Account)];
    let state = prop_oneof![
        Just(TransferPinState::Live),
        instant().prop_map(|at| TransferPinState::Used { at }),
        instant().prop_map(|at| TransferPinState::Void { at }),
    ];
    let origin = (channel(), any::<(bool, bool)>()).prop_map(|(channel, (known_device, in_call))| TransferPinOrigin {
        channel,
        known_device,
        in_call,
    });
    (transfer_pin_id(), verifier(), scope, option::of(spid()), (instant(), instant()), origin, state, any::<u64>())
        .prop_map(|(id, verifier, scope, gaining_spid, (issued_at, expires_at), origin, state, granted_seq)| {
            TransferPin { id, verifier, scope, gaining_spid, issued_at, expires_at, origin, state, granted_seq }
        })
}

pub(crate) fn permit() -> impl Strategy<Value = Permit> {
    let bound =
        (line_id(), prop::sample::select(Action::ALL.as_slice()), change_digest(), subject(), policy_revision());
    let window = (instant(), instant(), any::<u64>());
    let state = prop_oneof![
        Just(PermitState::Open),
        (instant(), record_id()).prop_map(|(at, redemption)| PermitState::Redeemed { at, redemption }),
        instant().prop_map(|at| PermitState::Withdrawn { at }),
    ];
    (bound, window, option::of(transfer_pin_id()), any::<bool>(), (channel(), place()), state).prop_map(
        |(bound, (not_before, expires_at, granted_seq), transfer_pin, flagged, (via, place), state)| {
            let (line, action, change, caller, policy) = bound;
            Permit {
                line,
                action,
                change,
                caller,
                via,
                policy,
                not_before,
                expires_at,
                granted_seq,
                transfer_pin,
                place,
                flagged,
                state,
            }
        },
    )
}
