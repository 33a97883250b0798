//! Good requests. Together they hold every field of the contract.

use portcullis::grpc::pb::v1 as pb;
use prost_types::{Duration, Timestamp};

/// The caller's brand.
pub(crate) const BRAND: &str = "acme";

/// When the requests come, in seconds since 1970.
pub(crate) const RECEIVED_SECONDS: i64 = 1_800_000_000;

const UUID: &str = "0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91";
const NUMBER: &str = "+12125550123";
const ICCID: &str = "8901260123456789011";
const EID: &str = "89049032123451234512345678901235";
const IMEI: &str = "490154203237518";
const JWK: &str = r#"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

fn text(value: &str) -> String {
    value.to_owned()
}

fn then() -> Option<Timestamp> {
    Some(Timestamp { seconds: 1_790_000_000, nanos: 5_000_000 })
}

/// What a separation's reference looks like.
const SEPARATION: &str = "separated-0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91.000102030405060708090a0b0c0d0e0f";

fn by_number() -> pb::LineRef {
    pb::LineRef { r#ref: Some(pb::line_ref::Ref::Msisdn(text(NUMBER))), brand: text(BRAND), ..pb::LineRef::default() }
}

fn by_id() -> pb::LineRef {
    pb::LineRef {
        r#ref: Some(pb::line_ref::Ref::LineId(text("line-1"))),
        brand: String::new(),
        separation_reference: text(SEPARATION),
    }
}

fn change(change: pb::change::Change) -> pb::Change {
    pb::Change { change: Some(change) }
}

fn sim_change(target: pb::sim_change::Target) -> pb::Change {
    change(pb::change::Change::SimChange(pb::SimChange {
        target: Some(target),
        imei: text(IMEI),
        cause: pb::SimChangeCause::Upgrade.into(),
        old_iccid: text(ICCID),
        delivery: pb::SimDelivery::Shipped.into(),
    }))
}

fn contact_change(value: pb::contact_change::Value) -> pb::Change {
    change(pb::change::Change::ContactChange(pb::ContactChange { contact_id: text("c-1"), value: Some(value) }))
}

fn owner_change(target: pb::owner_change::Target) -> pb::Change {
    change(pb::change::Change::OwnerChange(pb::OwnerChange { target: Some(target) }))
}

fn changes() -> Vec<pb::Change> {
    use pb::change::Change::{CallForwardingSet, DeviceAdd, PortOut};
    use pb::contact_change::Value::{Email, PostalCode, Remove, Sms, Voice};
    use pb::owner_change::Target::{Close, Person, ToAccountId};
    vec![
        sim_change(pb::sim_change::Target::Iccid(text(ICCID))),
        sim_change(pb::sim_change::Target::Eid(text(EID))),
        change(PortOut(pb::PortOut {
            gaining_spid: text("6529"),
            gaining_name: text("Other Mobile"),
            pon: text("PON-2026_11#7"),
            dealer_id: text("dealer-9"),
        })),
        contact_change(Email(text("kim@example.com"))),
        contact_change(Sms(text(NUMBER))),
        contact_change(Voice(text(NUMBER))),
        contact_change(PostalCode(text("10001-1234"))),
        contact_change(Remove(true)),
        change(CallForwardingSet(pb::CallForwarding { target_msisdn: text(NUMBER) })),
        owner_change(Person(pb::PersonRoleChange { person_id: text("p-2"), role: pb::PersonRole::Owner.into() })),
        owner_change(ToAccountId(text("acct-2"))),
        owner_change(Close(true)),
        change(DeviceAdd(pb::DeviceAdd { public_key_jwk: text(JWK), model: text("Phone 9") })),
    ]
}

fn interaction() -> Option<pb::Interaction> {
    Some(pb::Interaction {
        channel: pb::Channel::Store.into(),
        interaction_id: text("visit 77"),
        store_id: text("S1"),
        device_id: text("till-3"),
        rep_id: text("rep 12"),
        client_address: text("192.0.2.1"),
    })
}

fn claims() -> Option<pb::Claims> {
    Some(pb::Claims {
        account_number: text("0012345"),
        postal_code: text("10001"),
        holder_name: text("Kim O'Neil"),
        worthless: vec![pb::WorthlessFact::BirthDate.into(), pb::WorthlessFact::CallLog.into()],
    })
}

fn evidence() -> Vec<pb::Evidence> {
    use pb::evidence::Evidence::{AccountPin, AppApproval, OneTimeCode, TransferPin};
    let approval = pb::AppApproval { device_key_id: text("device-1"), signature: vec![1; 64] };
    [AccountPin(text("739150")), TransferPin(text("402917")), OneTimeCode(text("204817")), AppApproval(approval)]
        .map(|piece| pb::Evidence { evidence: Some(piece) })
        .to_vec()
}

fn signal(name: &str, value: pb::signal::Value) -> pb::Signal {
    pb::Signal { name: text(name), source: text("pos"), observe_time: then(), value: Some(value) }
}

fn signals() -> Vec<pb::Signal> {
    use pb::signal::Value::{Duration as Length, Flag, Number};
    vec![
        signal("device_sale", Flag(true)),
        signal("distance_from_home_miles", Number(12)),
        signal("store_closes_within", Length(Duration { seconds: 3_600, nanos: 0 })),
    ]
}

fn decide_about(line: Option<pb::LineRef>, change: pb::Change) -> pb::DecideRequest {
    pb::DecideRequest {
        request_id: text(UUID),
        line,
        change: Some(change),
        mode: pb::Mode::Enforce.into(),
        interaction: interaction(),
        claims: claims(),
        evidence: evidence(),
        signals: signals(),
        dialect: text("wicis"),
        plan_time: then(),
        external_reference: text("order 1"),
        supersedes_decision_id: text(UUID),
        consistency_token: String::new(),
        want_signed_permit: true,
    }
}

pub(crate) fn decide() -> Vec<pb::DecideRequest> {
    let mut all: Vec<_> = changes().into_iter().map(|change| decide_about(Some(by_number()), change)).collect();
    all.extend(changes().into_iter().take(1).map(|change| decide_about(Some(by_id()), change)));
    let handle = pb::evidence::Evidence::EvidenceHandle(text(UUID));
    if let Some(last) = all.last_mut() {
        last.evidence = vec![pb::Evidence { evidence: Some(handle) }];
    }
    all
}

pub(crate) fn batch_decide() -> Vec<pb::BatchDecideRequest> {
    let common = changes().into_iter().nth(2).map(|change| decide_about(None, change));
    vec![pb::BatchDecideRequest { common, lines: vec![by_number(), by_id()] }]
}

pub(crate) fn get_decision() -> Vec<pb::GetDecisionRequest> {
    vec![pb::GetDecisionRequest { decision_id: text(UUID), consistency_token: String::new() }]
}

pub(crate) fn withdraw() -> Vec<pb::WithdrawDecisionRequest> {
    vec![pb::WithdrawDecisionRequest { request_id: text(UUID), decision_id: text(UUID), cause: text("cancelled") }]
}

pub(crate) fn redeem() -> Vec<pb::RedeemPermitRequest> {
    let of = |change| pb::RedeemPermitRequest {
        request_id: text(UUID),
        permit: text("permit-text"),
        line: Some(by_number()),
        change: Some(change),
    };
    changes().into_iter().map(of).collect()
}

pub(crate) fn report() -> Vec<pb::ReportOutcomeRequest> {
    vec![pb::ReportOutcomeRequest {
        request_id: text(UUID),
        decision_id: text(UUID),
        outcome: pb::ReportedOutcome::Fraud.into(),
        occur_time: then(),
        note: text("as told by the customer"),
    }]
}

pub(crate) fn get_protection() -> Vec<pb::GetProtectionRequest> {
    use pb::get_protection_request::Scope::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))]
        .map(|scope| pb::GetProtectionRequest { scope: Some(scope), consistency_token: String::new() })
        .to_vec()
}

pub(crate) fn set_lock() -> Vec<pb::SetLockRequest> {
    use pb::set_lock_request::Scope::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))]
        .map(|scope| pb::SetLockRequest {
            request_id: text(UUID),
            set: pb::LockSet::All.into(),
            holder: pb::LockHolder::Carrier.into(),
            reason_code: text("FRAUD-7"),
            interaction: interaction(),
            scope: Some(scope),
        })
        .to_vec()
}

pub(crate) fn release_lock() -> Vec<pb::ReleaseLockRequest> {
    use pb::release_lock_request::Purpose::{OnlyFor, Window};
    use pb::release_lock_request::Scope::{AccountId, Line};
    let of = |scope, purpose| pb::ReleaseLockRequest {
        request_id: text(UUID),
        set: pb::LockSet::Sim.into(),
        holder: pb::LockHolder::Customer.into(),
        evidence: evidence(),
        interaction: interaction(),
        signals: signals(),
        scope: Some(scope),
        purpose: Some(purpose),
    };
    let mut all: Vec<_> = changes().into_iter().map(|change| of(Line(by_number()), OnlyFor(change))).collect();
    all.push(of(AccountId(text("acct-1")), Window(Duration { seconds: 3_600, nanos: 0 })));
    all
}

pub(crate) fn cancel_release() -> Vec<pb::CancelReleaseRequest> {
    use pb::cancel_release_request::Scope::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))]
        .map(|scope| pb::CancelReleaseRequest {
            request_id: text(UUID),
            release_id: text(UUID),
            interaction: interaction(),
            scope: Some(scope),
        })
        .to_vec()
}

pub(crate) fn list_activity() -> Vec<pb::ListActivityRequest> {
    use pb::list_activity_request::Scope::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))]
        .map(|scope| pb::ListActivityRequest { page_size: 10, page_token: String::new(), scope: Some(scope) })
        .to_vec()
}

pub(crate) fn set_pin() -> Vec<pb::SetPinRequest> {
    vec![pb::SetPinRequest {
        request_id: text(UUID),
        account_id: text("acct-1"),
        new_pin: text("730915"),
        evidence: evidence(),
        interaction: interaction(),
    }]
}

pub(crate) fn get_status() -> Vec<pb::GetCredentialStatusRequest> {
    vec![pb::GetCredentialStatusRequest { account_id: text("acct-1") }]
}

pub(crate) fn issue() -> Vec<pb::IssueTransferPinRequest> {
    use pb::issue_transfer_pin_request::Scope::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))]
        .map(|scope| pb::IssueTransferPinRequest {
            request_id: text(UUID),
            evidence: evidence(),
            interaction: interaction(),
            gaining_spid: text("6529"),
            scope: Some(scope),
        })
        .to_vec()
}

pub(crate) fn revoke() -> Vec<pb::RevokeTransferPinRequest> {
    vec![pb::RevokeTransferPinRequest {
        request_id: text(UUID),
        transfer_pin_id: text(UUID),
        account_id: text("acct-1"),
    }]
}

pub(crate) fn revoke_device() -> Vec<pb::RevokeDeviceRequest> {
    vec![pb::RevokeDeviceRequest {
        request_id: text(UUID),
        account_id: text("acct-1"),
        device_id: text("device-1"),
        interaction: interaction(),
    }]
}

fn contact(id: &str, value: pb::contact::Value) -> pb::Contact {
    pb::Contact { contact_id: text(id), since_time: then(), removed_time: None, value: Some(value) }
}

fn person() -> pb::Person {
    use pb::contact::Value::{Email, PostalCode, Sms, Voice};
    pb::Person {
        person_id: text("p-1"),
        role: pb::PersonRole::Owner.into(),
        name: text("Kim O'Neil"),
        postal_code: text("10001"),
        contacts: vec![
            contact("c-1", Email(text("kim@example.com"))),
            contact("c-2", Sms(text(NUMBER))),
            contact("c-3", Voice(text(NUMBER))),
            contact("c-4", PostalCode(text("10001"))),
        ],
        line_ids: vec![text("line-1")],
    }
}

fn line() -> pb::Line {
    pb::Line {
        line_id: text("line-1"),
        msisdn: text(NUMBER),
        account_id: text("acct-1"),
        iccid: text(ICCID),
        eid: text(EID),
        imei: text(IMEI),
        sim_since_time: then(),
        status: pb::LineStatus::Active.into(),
        flags: vec![pb::LineFlag::Heightened.into()],
    }
}

fn seed() -> pb::AccountSeed {
    pb::AccountSeed {
        account: Some(pb::Account {
            account_id: text("acct-1"),
            brand: text(BRAND),
            account_number: text("0012345"),
            kind: pb::AccountKind::Postpaid.into(),
            persons: vec![person()],
            etag: String::new(),
            line_count: 0,
        }),
        lines: vec![line()],
        locks: vec![pb::LockSeed {
            set: pb::LockSet::Port.into(),
            holder: pb::LockHolder::Carrier.into(),
            since_time: then(),
            reason_code: text("FRAUD-7"),
            line_id: text("line-1"),
        }],
        pin: text("739150"),
        pin_set_time: then(),
        pin_carrier_generated: true,
        devices: vec![pb::Device {
            device_id: text("device-1"),
            public_key_jwk: text(JWK),
            model: text("Phone 9"),
            added_time: then(),
            person_id: text("p-1"),
        }],
    }
}

const SEGMENT: &str = "00000-00000000000000000001-00000000000000000042";

pub(crate) fn archive_records() -> Vec<pb::ArchiveRecordsRequest> {
    vec![pb::ArchiveRecordsRequest { before_time: then() }, pb::ArchiveRecordsRequest { before_time: None }]
}

pub(crate) fn list_segments() -> Vec<pb::ListSegmentsRequest> {
    vec![pb::ListSegmentsRequest { page_size: 10, page_token: text(SEGMENT) }]
}

pub(crate) fn delete_segment() -> Vec<pb::DeleteSegmentRequest> {
    vec![pb::DeleteSegmentRequest { segment: text(SEGMENT) }]
}

pub(crate) fn upsert() -> Vec<pb::UpsertAccountRequest> {
    vec![pb::UpsertAccountRequest { request_id: text(UUID), seed: Some(seed()) }]
}

pub(crate) fn import() -> Vec<pb::ImportAccountsRequest> {
    vec![pb::ImportAccountsRequest { row: 1, seed: Some(seed()) }]
}

pub(crate) fn record_events() -> Vec<pb::RecordEventsRequest> {
    use pb::record_events_request::{Event, Scope};
    use pb::sim_activated::Sim::{Eid, Iccid};
    let log_in = || pb::LogIn { device_id: text("device-1"), client_address: text("192.0.2.1") };
    let reset = pb::CredentialReset {
        credential: pb::ResetCredential::Password.into(),
        channel: pb::Channel::Web.into(),
        contact_id: text("c-1"),
    };
    let (contact_id, person_id, channel) = (text("c-1"), text("p-1"), pb::Channel::Care.into());
    let activated = |sim| Event::SimActivated(pb::SimActivated { imei: text(IMEI), sim: Some(sim) });
    let attached = |sim| Event::SimAttached(pb::SimAttached { sim: Some(sim) });
    let call = || pb::InboundCall { call_id: text("call 77@ims") };
    let event = |scope, event| pb::RecordEventsRequest {
        event_id: text(UUID),
        occur_time: then(),
        scope: Some(scope),
        event: Some(event),
    };
    let of_lines = [
        Event::LogInFailed(log_in()),
        Event::LogInSucceeded(log_in()),
        Event::CredentialReset(reset),
        Event::ContactChanged(pb::ContactChanged { contact_id, person_id, channel, kind: pb::ContactKind::Sms.into() }),
        Event::DeviceProven(pb::DeviceProven { device_id: text("device-1") }),
        activated(Iccid(text(ICCID))),
        activated(Eid(text(EID))),
        Event::ForwardingSet(pb::ForwardingSet { target_msisdn: text(NUMBER) }),
        Event::ThirdPartyPayment(pb::ThirdPartyPayment {}),
        Event::InboundCallStarted(call()),
        Event::InboundCallEnded(call()),
        Event::AccountRead(pb::AccountRead { reader: text("partner/ann") }),
        Event::NumberReassigned(pb::NumberReassigned {}),
        attached(pb::sim_attached::Sim::Iccid(text(ICCID))),
        attached(pb::sim_attached::Sim::Eid(text(EID))),
    ];
    let fraud = Event::FraudReported(pb::FraudReported { decision_id: text(UUID) });
    let of_account = event(Scope::AccountId(text("acct-1")), fraud);
    of_lines.map(|what| event(Scope::Line(by_number()), what)).into_iter().chain([of_account]).collect()
}

pub(crate) fn get_account() -> Vec<pb::GetAccountRequest> {
    use pb::get_account_request::Ref::{AccountId, Line};
    [Line(by_number()), AccountId(text("acct-1"))].map(|name| pb::GetAccountRequest { r#ref: Some(name) }).to_vec()
}

pub(crate) fn move_line() -> Vec<pb::MoveLineRequest> {
    use pb::move_line_request::Target::{Close, ToAccountId};
    [ToAccountId(text("acct-2")), Close(true)]
        .map(|target| pb::MoveLineRequest {
            request_id: text(UUID),
            line_id: text("line-1"),
            permit: text("permit-text"),
            target: Some(target),
            separation_reference: text(SEPARATION),
        })
        .to_vec()
}

pub(crate) fn list_keys() -> Vec<pb::ListKeysRequest> {
    vec![pb::ListKeysRequest {}]
}

pub(crate) fn count_key_uses() -> Vec<pb::CountKeyUsesRequest> {
    vec![pb::CountKeyUsesRequest {}]
}

pub(crate) fn reseal() -> Vec<pb::ResealRequest> {
    vec![pb::ResealRequest { bodies_per_second: 100_000 }]
}

pub(crate) fn retire_key() -> Vec<pb::RetireKeyRequest> {
    vec![pb::RetireKeyRequest {
        purpose: pb::KeyPurpose::Seal.into(),
        number: 1,
        mark: text("0190d4f07c3e7a529a630d1f3c5e7b91"),
    }]
}

#[path = "samples_of_challenges.rs"]
mod samples_of_challenges;
#[path = "samples_of_desks.rs"]
mod samples_of_desks;
pub(crate) use samples_of_challenges::{
    cancel_by_code, complete, decline, dispute_activity, list_pending, report_swap, send_code, submit, submit_ahead,
    watch_activity, watch_decision,
};
pub(crate) use samples_of_desks::{
    activate_policy, agree_to_separation, approve_export, confirm_swap, end_incident, end_separation, export_records,
    get_export, get_policy, lift_hold, list_holds, list_incidents, list_notices, list_records, make_checkpoint,
    open_incident, place_hold, propose_separation, replay_notices, request_export, stage_policy, verify_chain,
    watch_records,
};
