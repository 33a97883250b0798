//! Every call of the contract, as every role, compared with what a person wrote down.

use chrono::TimeDelta;
use portcullis::grpc::identity::AccessTokenClaims;
use portcullis::grpc::pb::v1 as pb;
use prost::Message as _;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request, Status};

use crate::samples;
use crate::world::{ACCOUNT, NUMBER, World, reason};

pub(crate) const ROLES: [&str; 14] = [
    "porting_system",
    "retail_agent",
    "retail_manager",
    "care_agent",
    "pin_pad",
    "ivr",
    "customer",
    "business_admin",
    "provisioning",
    "network_signals",
    "fraud_ops",
    "auditor",
    "relying_party",
    "admin",
];

/// Signed-in customers.
const CUSTOMERS: &str = "customer business_admin";
/// Who may ask about a line's SIM or forwarding.
const AT_THE_LINE: &str = "retail_agent retail_manager care_agent pin_pad ivr customer business_admin";
/// The same and the carrier's CRM.
const AT_THE_ACCOUNT: &str = "retail_agent retail_manager care_agent pin_pad ivr customer business_admin provisioning";
/// Whoever may ask for a decision may do what follows.
const ASKERS: &str =
    "porting_system retail_agent retail_manager care_agent pin_pad ivr customer business_admin provisioning";

/// One call with good requests, and the roles that are let in; nobody else is.
pub(crate) struct Call {
    pub(crate) path: &'static str,
    pub(crate) requests: Vec<Vec<u8>>,
    roles: &'static str,
}

fn encoded<M: prost::Message>(messages: &[M]) -> Vec<Vec<u8>> {
    messages.iter().map(prost::Message::encode_to_vec).collect()
}

/// Questions about one kind of change.
fn questions(kind: fn(&pb::change::Change) -> bool) -> Vec<Vec<u8>> {
    let asked = samples::decide();
    let of_kind = asked.iter().filter(|ask| ask.change.as_ref().and_then(|c| c.change.as_ref()).is_some_and(kind));
    of_kind.map(pb::DecideRequest::encode_to_vec).collect()
}

fn locks(holder: pb::LockHolder) -> Vec<Vec<u8>> {
    let held = samples::set_lock().into_iter().map(|lock| pb::SetLockRequest {
        holder: holder.into(),
        reason_code: if holder == pb::LockHolder::Carrier { lock.reason_code } else { String::new() },
        ..lock
    });
    encoded(&held.collect::<Vec<_>>())
}

/// Who may read locks and whether credentials are set.
const LOOKERS: &str = "retail_agent retail_manager care_agent customer business_admin fraud_ops auditor";

const fn call_of(path: &'static str, requests: Vec<Vec<u8>>, roles: &'static str) -> Call {
    Call { path, requests, roles }
}

/// What a person wrote down by reading the policy.
pub(crate) fn expected() -> Vec<Call> {
    let mut all = decisions();
    all.extend(protections_and_credentials());
    all.extend([
        call_of("AccountService/UpsertAccount", encoded(&samples::upsert()), "provisioning"),
        call_of("AccountService/ImportAccounts", encoded(&samples::import()), "provisioning"),
        call_of(
            "AccountService/GetAccount",
            encoded(&samples::get_account()),
            "customer business_admin provisioning fraud_ops auditor",
        ),
        call_of(
            "EventService/RecordEvents",
            encoded(&samples::record_events()),
            "network_signals provisioning fraud_ops",
        ),
        call_of("IncidentService/OpenIncident", encoded(&samples::open_incident()), "fraud_ops"),
        call_of("IncidentService/EndIncident", encoded(&samples::end_incident()), "fraud_ops"),
        call_of("IncidentService/ListIncidents", encoded(&samples::list_incidents()), "fraud_ops auditor admin"),
        call_of("IncidentService/PlaceHold", encoded(&samples::place_hold()), "fraud_ops"),
        call_of("IncidentService/ConfirmSwap", encoded(&samples::confirm_swap()), "fraud_ops"),
        call_of("IncidentService/LiftHold", encoded(&samples::lift_hold()), "fraud_ops"),
        call_of("IncidentService/ListHolds", encoded(&samples::list_holds()), "fraud_ops auditor admin"),
        call_of("SeparationService/ProposeSeparation", encoded(&samples::propose_separation()), "fraud_ops"),
        call_of("SeparationService/AgreeToSeparation", encoded(&samples::agree_to_separation()), "fraud_ops"),
        call_of("SeparationService/EndSeparation", encoded(&samples::end_separation()), "fraud_ops"),
        call_of("PolicyService/GetPolicy", encoded(&samples::get_policy()), "fraud_ops auditor admin"),
        call_of("PolicyService/StagePolicy", encoded(&samples::stage_policy()), "fraud_ops admin"),
        call_of("PolicyService/ActivatePolicy", encoded(&samples::activate_policy()), "fraud_ops admin"),
        call_of("NoticeService/ListNotices", encoded(&samples::list_notices()), "fraud_ops auditor admin"),
        call_of("NoticeService/ReplayNotices", encoded(&samples::replay_notices()), "admin"),
        call_of("KeyService/ListKeys", encoded(&samples::list_keys()), "admin"),
        call_of("KeyService/CountKeyUses", encoded(&samples::count_key_uses()), "admin"),
        call_of("KeyService/Reseal", encoded(&samples::reseal()), "admin"),
        call_of("KeyService/RetireKey", encoded(&samples::retire_key()), "admin"),
        call_of("AccountService/MoveLine", encoded(&samples::move_line()), "provisioning"),
        call_of("AuditService/ListRecords", encoded(&samples::list_records()), "fraud_ops auditor"),
        call_of("AuditService/WatchRecords", encoded(&samples::watch_records()), "fraud_ops auditor"),
        call_of("AuditService/VerifyChain", encoded(&samples::verify_chain()), "fraud_ops auditor admin"),
        call_of("AuditService/MakeCheckpoint", encoded(&samples::make_checkpoint()), "auditor admin"),
        call_of("ExportService/RequestExport", encoded(&samples::request_export()), "fraud_ops auditor"),
        call_of("ExportService/GetExport", encoded(&samples::get_export()), "fraud_ops auditor admin"),
        call_of("ExportService/ApproveExport", encoded(&samples::approve_export()), "auditor admin"),
        call_of("ExportService/ExportRecords", encoded(&samples::export_records()), "fraud_ops auditor"),
        call_of("ArchiveService/ArchiveRecords", encoded(&samples::archive_records()), "admin"),
        call_of("ArchiveService/ListSegments", encoded(&samples::list_segments()), "auditor admin"),
        call_of("ArchiveService/DeleteSegment", encoded(&samples::delete_segment()), "admin"),
    ]);
    all
}

fn decisions() -> Vec<Call> {
    use pb::change::Change::{CallForwardingSet, ContactChange, DeviceAdd, OwnerChange, PortOut, SimChange};
    const DECIDE: &str = "DecisionService/Decide";
    const PORTING: &str = "porting_system customer business_admin";
    const READERS: &str = "porting_system retail_agent retail_manager care_agent pin_pad ivr customer business_admin \
                           provisioning fraud_ops auditor";
    const REPORTERS: &str = "porting_system retail_agent retail_manager care_agent pin_pad ivr customer \
                             business_admin provisioning fraud_ops";
    vec![
        call_of(DECIDE, questions(|change| matches!(change, PortOut(_))), PORTING),
        call_of(DECIDE, questions(|change| matches!(change, SimChange(_) | CallForwardingSet(_))), AT_THE_LINE),
        call_of(DECIDE, questions(|change| matches!(change, ContactChange(_) | OwnerChange(_))), AT_THE_ACCOUNT),
        call_of(DECIDE, questions(|change| matches!(change, DeviceAdd(_))), CUSTOMERS),
        call_of("DecisionService/BatchDecide", batches(), PORTING),
        call_of("DecisionService/GetDecision", encoded(&samples::get_decision()), READERS),
        call_of("DecisionService/CompleteDecision", encoded(&samples::complete()), ASKERS),
        call_of("DecisionService/WatchDecision", encoded(&samples::watch_decision()), ASKERS),
        call_of(
            "ChallengeService/SubmitEvidence",
            encoded(&samples::submit()[..1]),
            "pin_pad ivr customer business_admin",
        ),
        call_of(
            "ChallengeService/SubmitEvidenceAhead",
            encoded(&samples::submit_ahead()),
            "pin_pad ivr customer business_admin",
        ),
        // A document, and that somebody has seen it.
        call_of("ChallengeService/SubmitEvidence", encoded(&samples::submit()[1..2]), "retail_agent retail_manager"),
        call_of(
            "ChallengeService/SubmitEvidence",
            encoded(&samples::submit()[2..]),
            "retail_agent retail_manager care_agent fraud_ops",
        ),
        call_of(
            "ChallengeService/SendCode",
            encoded(&samples::send_code()),
            "retail_agent retail_manager care_agent pin_pad ivr customer business_admin",
        ),
        call_of("ChallengeService/ListPendingChallenges", encoded(&samples::list_pending()), CUSTOMERS),
        call_of("ChallengeService/DeclineChallenge", encoded(&samples::decline()), CUSTOMERS),
        call_of("DecisionService/WithdrawDecision", encoded(&samples::withdraw()), ASKERS),
        call_of("DecisionService/RedeemPermit", encoded(&samples::redeem()), ASKERS),
        call_of("DecisionService/ReportOutcome", encoded(&samples::report()), REPORTERS),
    ]
}

fn protections_and_credentials() -> Vec<Call> {
    const LOCKERS: &str = "retail_agent retail_manager care_agent ivr customer business_admin fraud_ops";
    const REVOKERS: &str = "retail_agent retail_manager care_agent customer business_admin fraud_ops";
    let (by_customer, by_carrier) = (locks(pb::LockHolder::Customer), locks(pb::LockHolder::Carrier));
    vec![
        call_of("ProtectionService/GetProtection", encoded(&samples::get_protection()), LOOKERS),
        call_of("ProtectionService/SetLock", by_customer, LOCKERS),
        call_of("ProtectionService/SetLock", by_carrier, "fraud_ops"),
        call_of("ProtectionService/ReleaseLock", encoded(&samples::release_lock()), AT_THE_LINE),
        call_of("ProtectionService/ReportSwap", encoded(&samples::report_swap()), AT_THE_LINE),
        call_of("ProtectionService/CancelRelease", encoded(&samples::cancel_release()), LOCKERS),
        call_of("ProtectionService/WatchActivity", encoded(&samples::watch_activity()), CUSTOMERS),
        call_of(
            "ProtectionService/CancelByCode",
            encoded(&samples::cancel_by_code()),
            "retail_agent retail_manager care_agent pin_pad ivr fraud_ops customer business_admin",
        ),
        call_of("ProtectionService/DisputeActivity", encoded(&samples::dispute_activity()), CUSTOMERS),
        call_of(
            "ProtectionService/ListActivity",
            encoded(&samples::list_activity()),
            "customer business_admin fraud_ops auditor",
        ),
        call_of("CredentialService/SetPin", encoded(&samples::set_pin()), "pin_pad ivr customer business_admin"),
        call_of("CredentialService/GetCredentialStatus", encoded(&samples::get_status()), LOOKERS),
        call_of("CredentialService/IssueTransferPin", encoded(&samples::issue()), CUSTOMERS),
        call_of("CredentialService/RevokeTransferPin", encoded(&samples::revoke()), REVOKERS),
        call_of(
            "CredentialService/RevokeDevice",
            encoded(&samples::revoke_device()),
            "customer business_admin fraud_ops",
        ),
    ]
}

/// Ports: what a porting system may ask about many lines.
fn batches() -> Vec<Vec<u8>> {
    let port = samples::decide().into_iter().find(|ask| {
        matches!(ask.change.as_ref().and_then(|c| c.change.as_ref()), Some(pb::change::Change::PortOut(_)))
    });
    let port = port.map(|ask| pb::DecideRequest { line: None, ..ask });
    encoded(
        &samples::batch_decide()
            .into_iter()
            .map(|batch| pb::BatchDecideRequest { common: port.clone(), ..batch })
            .collect::<Vec<_>>(),
    )
}

/// Bytes in, nothing kept out: one client for every call.
#[derive(Default)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;
    fn encode(&mut self, item: Vec<u8>, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put_slice(into, &item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = ();
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        let all = prost::bytes::Buf::remaining(from);
        prost::bytes::Buf::advance(from, all);
        Ok(Some(()))
    }
}

/// A requester of the samples' account and brand, bound to all that any role is bound to.
pub(crate) fn claims(world: &World, role: &str, account: &str) -> AccessTokenClaims {
    AccessTokenClaims {
        brand: Some(samples::BRAND.to_owned()),
        account_id: Some(account.to_owned()),
        person_id: Some("p-1".to_owned()),
        device_id: Some("d-1".to_owned()),
        ..world.claims(role)
    }
}

/// A served engine on the day of the samples, with their account.
pub(crate) async fn world() -> World {
    let world = World::empty().await;
    world.pass(TimeDelta::seconds(samples::RECEIVED_SECONDS - crate::world::start().timestamp()));
    for mut seed in samples::upsert() {
        // Another SIM than those that the samples would put in its place.
        for line in seed.seed.iter_mut().flat_map(|seed| &mut seed.lines) {
            (line.iccid, line.eid) = (crate::world::NEW_SIM.to_owned(), String::new());
        }
        let provisioning = world.with(&claims(&world, "provisioning", "acct-1"), seed);
        world.accounts().upsert_account(provisioning).await.unwrap();
    }
    world
}

pub(crate) async fn call(world: &World, path: &str, bytes: &[u8], claims: &AccessTokenClaims) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(world.channel.clone());
    client.ready().await.unwrap();
    let request = world.with(claims, tokio_stream::iter([bytes.to_vec()]));
    let path = PathAndQuery::try_from(format!("/portcullis.v1.{path}")).unwrap();
    client.streaming(request, path, Bytes).await?.into_inner().message().await.map(|_| ())
}

fn is_forbidden(answer: &Result<(), Status>) -> bool {
    answer.as_ref().err().is_some_and(|status| status.code() == Code::PermissionDenied && reason(status) == "FORBIDDEN")
}

#[tokio::test]
async fn every_call_lets_in_the_roles_that_are_written_down_and_no_other() {
    let world = world().await;
    let expected = expected();
    for Call { path, requests, roles } in &expected {
        let roles: Vec<&str> = roles.split(' ').collect();
        assert!(roles.iter().all(|role| ROLES.contains(role)) && !requests.is_empty(), "{path}");
        for (number, bytes) in requests.iter().enumerate() {
            for role in ROLES {
                let answer = call(&world, path, bytes, &claims(&world, role, "acct-1")).await;
                assert_eq!(
                    !is_forbidden(&answer),
                    roles.contains(&role),
                    "{path}, sample {number}, as {role}: {answer:?}"
                );
            }
        }
    }
    // Nothing of the contract is left out.
    let pool = prost_reflect::DescriptorPool::decode(pb::DESCRIPTOR_SET).unwrap();
    let services = pool.services().filter(|service| service.package_name() == "portcullis.v1");
    for method in services.flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let path = format!("{}/{}", method.parent_service().name(), method.name());
        assert!(expected.iter().any(|call| call.path == path), "{path}");
    }
}

#[tokio::test]
async fn a_customer_of_another_account_is_let_in_nowhere() {
    let world = world().await;
    let of_the_account: [(&str, Vec<u8>); 11] = [
        ("ProtectionService/GetProtection", samples::get_protection()[1].encode_to_vec()),
        ("ProtectionService/SetLock", samples::set_lock()[1].encode_to_vec()),
        ("ProtectionService/ReleaseLock", samples::release_lock()[1].encode_to_vec()),
        ("ProtectionService/CancelRelease", samples::cancel_release()[1].encode_to_vec()),
        ("ProtectionService/ListActivity", samples::list_activity()[1].encode_to_vec()),
        ("CredentialService/SetPin", samples::set_pin()[0].encode_to_vec()),
        ("CredentialService/GetCredentialStatus", samples::get_status()[0].encode_to_vec()),
        ("CredentialService/IssueTransferPin", samples::issue()[1].encode_to_vec()),
        ("CredentialService/RevokeTransferPin", samples::revoke()[0].encode_to_vec()),
        ("CredentialService/RevokeDevice", samples::revoke_device()[0].encode_to_vec()),
        ("AccountService/GetAccount", samples::get_account()[1].encode_to_vec()),
    ];
    for (path, bytes) in of_the_account {
        for role in CUSTOMERS.split(' ') {
            let refused = call(&world, path, &bytes, &claims(&world, role, "acct-2")).await;
            assert!(is_forbidden(&refused), "{path} as {role}: {refused:?}");
        }
    }
}

/// A brand's staff and systems hear of another brand's account what they hear of none.
#[tokio::test]
async fn another_brands_account_is_as_one_that_is_not_there() {
    let world = World::populated().await;
    let of_other_brand = |role: &str| AccessTokenClaims { brand: Some("other".to_owned()), ..world.claims(role) };
    let by_account = |account: &str| pb::GetAccountRequest {
        r#ref: Some(pb::get_account_request::Ref::AccountId(account.to_owned())),
    };
    let by_number = |number: &str| pb::GetAccountRequest {
        r#ref: Some(pb::get_account_request::Ref::Line(crate::world::number(number))),
    };
    for role in ["provisioning", "fraud_ops", "auditor"] {
        for (there, nowhere) in [
            (by_account(ACCOUNT), by_account("acct-none")),
            (by_number(NUMBER), by_number(crate::world::UNKNOWN_NUMBER)),
        ] {
            let mut told = Vec::new();
            for request in [there, nowhere] {
                let refused =
                    world.accounts().get_account(world.with(&of_other_brand(role), request)).await.err().unwrap();
                told.push((refused.code(), refused.message().to_owned(), reason(&refused)));
            }
            assert_eq!(told[0], told[1], "{role}");
            assert_ne!(told[0].0, Code::PermissionDenied);
        }
    }
    let status = |account: &str| pb::GetCredentialStatusRequest { account_id: account.to_owned() };
    let mut told = Vec::new();
    for account in [ACCOUNT, "acct-none"] {
        let request: Request<_> = world.with(&of_other_brand("care_agent"), status(account));
        let refused = world.credentials().get_credential_status(request).await.err().unwrap();
        told.push((refused.code(), refused.message().to_owned(), reason(&refused)));
    }
    assert_eq!(told[0], told[1]);
}
