//! What outside sources told.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::accounts::reset_kind;
use super::changes::sim_target;
use super::names::{channel, contact_id, device_id, imei, instant, line_id, msisdn, person_id, record_id, reference};
use crate::domain::{
    AccountReading, CallMark, ContactKind, ContactTimes, EndedNumber, History, InboundCall, LogIn, LogInSource,
    ProvenDevice, ReaderMark, Recorded,
};

/// Boxed: a generator is as large as all it is made of, and lives on the stack.
pub(super) fn history() -> BoxedStrategy<History> {
    let proven = (device_id(), instant()).prop_map(|(device, since)| ProvenDevice { device, since });
    let ended = (line_id(), instant()).prop_map(|(line, at)| EndedNumber { line, at });
    let log_ins = (vec(log_in(), 0..4), vec(log_in(), 0..4));
    let [email, sms, voice, postal] = [(); 4].map(|()| option::of(instant()));
    let contacts =
        (email, sms, voice, postal).prop_map(|(email, sms, voice, postal)| ContactTimes { email, sms, voice, postal });
    let reading = (any::<u128>().prop_map(ReaderMark), instant(), instant())
        .prop_map(|(reader, first, last)| AccountReading { reader, first, last });
    let lately = (contacts, vec(reading, 0..3));
    (log_ins, vec(call(), 0..4), vec(proven, 0..3), option::of(instant()), vec(ended, 0..3), lately)
        .prop_map(|(log_ins, calls, proven_devices, third_party_paid_at, ended_numbers, lately)| {
            let (log_in_failures, log_ins) = log_ins;
            let (contacts_changed, readings) = lately;
            History {
                log_in_failures,
                log_ins,
                calls,
                proven_devices,
                third_party_paid_at,
                ended_numbers,
                contacts_changed,
                readings,
            }
        })
        .boxed()
}

fn contact_kind() -> impl Strategy<Value = ContactKind> {
    prop::sample::select(ContactKind::ALL.to_vec())
}

fn log_in() -> impl Strategy<Value = LogIn> {
    (instant(), option::of(device_id()), option::of(any::<u128>().prop_map(LogInSource)))
        .prop_map(|(at, device, source)| LogIn { at, device, source })
}

fn call() -> impl Strategy<Value = InboundCall> {
    (line_id(), any::<u128>().prop_map(CallMark), option::of(instant()), option::of(instant()))
        .prop_map(|(line, call, started, ended)| InboundCall { line, call, started, ended })
}

pub(crate) fn recorded() -> BoxedStrategy<Recorded> {
    prop_oneof![
        (reset_kind(), channel(), option::of(contact_id()))
            .prop_map(|(kind, via, mailbox)| Recorded::CredentialReset { kind, via, mailbox }),
        (contact_id(), option::of(person_id()), channel(), option::of(contact_kind()))
            .prop_map(|(contact, person, via, kind)| Recorded::ContactChanged { contact, person, via, kind }),
        device_id().prop_map(|device| Recorded::DeviceProven { device }),
        (sim_target(), option::of(imei())).prop_map(|(target, imei)| Recorded::SimActivated { target, imei }),
        msisdn().prop_map(|target| Recorded::ForwardingSet { target }),
        Just(Recorded::ThirdPartyPayment),
        reference().prop_map(|reader| Recorded::AccountRead { reader }),
        Just(Recorded::NumberReassigned),
        option::of(record_id()).prop_map(|decision| Recorded::FraudReported { decision }),
    ]
    .boxed()
}
