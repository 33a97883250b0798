//! Many records leave with two persons, and with one alone no more than a day's pages.

use chrono::TimeDelta;
use portcullis::crypto::RunningDigest;
use portcullis::domain::RecordId;
use portcullis::grpc::identity::AccessTokenClaims;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::audit_service_client::AuditServiceClient;
use portcullis::grpc::pb::v1::export_service_client::ExportServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{ACCOUNT, World, ask, instant, port_out, reason, start};

fn exports(world: &World) -> ExportServiceClient<Channel> {
    ExportServiceClient::new(world.channel.clone())
}

async fn port(world: &World) -> String {
    let asked = ask(world, port_out(), pb::Channel::Port);
    let decided = world.decisions().decide(world.as_role("porting_system", asked)).await.unwrap().into_inner();
    decided.decision.unwrap().decision_id
}

async fn asked(world: &World, filter: pb::RecordFilter) -> Result<pb::Export, Status> {
    let request = pb::RequestExportRequest { filter: Some(filter), account_id: String::new() };
    let told = exports(world).request_export(world.as_role("auditor", request)).await?;
    Ok(told.into_inner().export.unwrap())
}

async fn approved(world: &World, by: &AccessTokenClaims, id: &str) -> Result<pb::Export, Status> {
    let request = pb::ApproveExportRequest { export_id: id.to_owned() };
    Ok(exports(world).approve_export(world.with(by, request)).await?.into_inner().export.unwrap())
}

async fn seen(world: &World, by: &AccessTokenClaims, id: &str) -> Result<pb::Export, Status> {
    let request = pb::GetExportRequest { export_id: id.to_owned() };
    Ok(exports(world).get_export(world.with(by, request)).await?.into_inner().export.unwrap())
}

/// All parts of an export in one.
async fn fetched(world: &World, by: &AccessTokenClaims, id: &str) -> Result<pb::ExportRecordsResponse, Status> {
    let request = pb::ExportRecordsRequest { export_id: id.to_owned() };
    let mut stream = exports(world).export_records(world.with(by, request)).await?.into_inner();
    let mut records = Vec::new();
    while let Some(part) = stream.message().await? {
        if part.done {
            assert!(part.records.is_empty() && stream.message().await?.is_none(), "the end is the end");
            return Ok(pb::ExportRecordsResponse { records, ..part });
        }
        records.extend(part.records);
    }
    panic!("an export without its end");
}

fn of(kinds: &[pb::RecordKind]) -> pb::RecordFilter {
    pb::RecordFilter { kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(), ..Default::default() }
}

async fn page(
    world: &World,
    claims: &AccessTokenClaims,
    request: pb::ListRecordsRequest,
) -> Result<pb::ListRecordsResponse, Status> {
    let mut client = AuditServiceClient::new(world.channel.clone());
    Ok(client.list_records(world.with(claims, request)).await?.into_inner())
}

/// What the ledger says of exports, in order: kind, caller.
async fn ledger(world: &World) -> Vec<(pb::RecordKind, String)> {
    use pb::RecordKind::{ExportApproved, ExportAsked, ExportBegun, ExportDone};
    let filter = Some(of(&[ExportAsked, ExportApproved, ExportBegun, ExportDone]));
    let request = pb::ListRecordsRequest { filter, page_size: 200, ..Default::default() };
    let page = page(world, &world.claims("fraud_ops"), request).await.unwrap();
    page.records.iter().map(|record| (record.kind(), record.caller_subject.clone())).collect()
}

fn refusal(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}

#[tokio::test]
async fn nobody_exports_alone() {
    let world = World::populated().await;
    port(&world).await;
    let export = asked(&world, of(&[])).await.unwrap();
    let asker = world.claims("auditor");
    assert_eq!((export.approver_subject.as_str(), export.approve_time), ("", None));
    // Neither as who asked nor as the same person in another role.
    let in_another_role = AccessTokenClaims { roles: vec!["admin".to_owned()], ..asker.clone() };
    for own in [&asker, &in_another_role] {
        let refused = approved(&world, own, &export.export_id).await.unwrap_err();
        assert_eq!(refusal(&refused), (Code::FailedPrecondition, "SECOND_PERSON_NEEDED".to_owned()));
    }
    let refused = fetched(&world, &asker, &export.export_id).await.err().unwrap();
    assert_eq!(refusal(&refused), (Code::FailedPrecondition, "EXPORT_NOT_APPROVED".to_owned()));
    let kinds: Vec<_> = ledger(&world).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [pb::RecordKind::ExportAsked], "nothing was approved and nothing left");
    // An analyst asks, and approves for nobody.
    let refused = approved(&world, &world.claims("fraud_ops"), &export.export_id).await.unwrap_err();
    assert_eq!(refusal(&refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn an_approved_export_goes_to_who_asked_whole_and_on_record() {
    let world = World::populated().await;
    let mut decisions = Vec::new();
    for _ in 0..3 {
        decisions.push(port(&world).await);
    }
    let export = asked(&world, of(&[pb::RecordKind::Decided])).await.unwrap();
    port(&world).await;
    let (asker, admin) = (world.claims("auditor"), world.claims("admin"));
    assert_eq!(seen(&world, &admin, &export.export_id).await.unwrap(), export, "who approves sees what was asked");
    let filter = export.filter.clone().unwrap();
    assert_eq!((filter.kinds, filter.before_time), (of(&[pb::RecordKind::Decided]).kinds, instant(start())));
    let approval = approved(&world, &admin, &export.export_id).await.unwrap();
    assert_eq!((approval.approve_time, &approval.filter), (instant(start()), &export.filter));
    assert!(approval.approver_subject.ends_with("admin-1") && approval.requester_subject.ends_with("auditor-1"));
    // To nobody else, also not to who approved it.
    let other = AccessTokenClaims { sub: "auditor-2".to_owned(), ..asker.clone() };
    let refused = fetched(&world, &other, &export.export_id).await.err().unwrap();
    assert_eq!(refusal(&refused).0, Code::NotFound);
    let refused = fetched(&world, &admin, &export.export_id).await.err().unwrap();
    assert_eq!(refusal(&refused), (Code::PermissionDenied, "FORBIDDEN".to_owned()));
    let whole = fetched(&world, &asker, &export.export_id).await.unwrap();
    // The clock stands: what happened at the instant of the ask and not before it is not in it.
    assert!(whole.records.is_empty() && whole.record_count == 0);
    world.pass(TimeDelta::seconds(1));
    let export = asked(&world, of(&[pb::RecordKind::Decided])).await.unwrap();
    let after = port(&world).await;
    approved(&world, &admin, &export.export_id).await.unwrap();
    let whole = fetched(&world, &asker, &export.export_id).await.unwrap();
    let ids: Vec<_> = whole.records.iter().map(|record| record.record_id.as_str()).collect();
    assert_eq!(ids[..3], decisions.iter().map(String::as_str).collect::<Vec<_>>()[..]);
    assert!(ids.len() == 4 && !ids.contains(&after.as_str()), "what came after the ask is not in it");
    assert_eq!(whole.record_count, 4);
    let mut digest = RunningDigest::default();
    for record in &whole.records {
        digest.update(&RecordId::parse(&record.record_id).unwrap().to_bytes());
        digest.update(&record.hash);
    }
    assert_eq!(whole.sha256, digest.finish());
    let steps = ledger(&world).await;
    let kinds: Vec<_> = steps.iter().map(|(kind, _)| *kind).collect();
    use pb::RecordKind::{ExportApproved, ExportAsked, ExportBegun, ExportDone};
    let once = [ExportAsked, ExportApproved, ExportBegun, ExportDone];
    assert_eq!(kinds, [once, once].concat());
    let callers: Vec<_> = steps[..4].iter().map(|(_, by)| by.rsplit('|').next().unwrap()).collect();
    assert_eq!(callers, ["auditor-1", "admin-1", "auditor-1", "auditor-1"]);
}

#[tokio::test]
async fn an_export_is_approved_once_and_begun_three_times() {
    let world = World::populated().await;
    let export = asked(&world, of(&[])).await.unwrap();
    let (first, second) =
        (world.claims("admin"), AccessTokenClaims { sub: "admin-2".to_owned(), ..world.claims("admin") });
    let (one, other) =
        tokio::join!(approved(&world, &first, &export.export_id), approved(&world, &second, &export.export_id));
    assert_eq!(one.unwrap(), other.unwrap(), "two who approve at once make one approval");
    for _ in 0..3 {
        fetched(&world, &world.claims("auditor"), &export.export_id).await.unwrap();
    }
    let refused = fetched(&world, &world.claims("auditor"), &export.export_id).await.err().unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let steps = ledger(&world).await;
    let count = |kind| steps.iter().filter(|(of, _)| *of == kind).count();
    assert_eq!((count(pb::RecordKind::ExportApproved), count(pb::RecordKind::ExportBegun)), (1, 3));
}

#[tokio::test]
async fn each_step_must_follow_within_a_day() {
    let world = World::populated().await;
    let (late, slow) = (asked(&world, of(&[])).await.unwrap(), asked(&world, of(&[])).await.unwrap());
    world.pass(TimeDelta::hours(24) - TimeDelta::seconds(1));
    approved(&world, &world.claims("admin"), &slow.export_id).await.unwrap();
    world.pass(TimeDelta::seconds(1));
    let expired = (Code::FailedPrecondition, "EXPORT_EXPIRED".to_owned());
    let refused = approved(&world, &world.claims("admin"), &late.export_id).await.unwrap_err();
    assert_eq!(refusal(&refused), expired);
    let refused = fetched(&world, &world.claims("auditor"), &late.export_id).await.err().unwrap();
    assert_eq!(refusal(&refused), expired);
    fetched(&world, &world.claims("auditor"), &slow.export_id).await.expect("in time");
    world.pass(TimeDelta::hours(24));
    let refused = fetched(&world, &world.claims("auditor"), &slow.export_id).await.err().unwrap();
    assert_eq!(refusal(&refused), expired);
}

#[tokio::test]
async fn what_is_no_export_of_the_brand_is_not_there() {
    let world = World::populated().await;
    let decision = port(&world).await;
    let export = asked(&world, of(&[])).await.unwrap();
    let elsewhere = AccessTokenClaims { brand: Some("other".to_owned()), ..world.claims("admin") };
    let nothing = world.request_id();
    for (claims, id) in
        [(&elsewhere, &export.export_id), (&world.claims("admin"), &decision), (&world.claims("admin"), &nothing)]
    {
        assert_eq!(seen(&world, claims, id).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(approved(&world, claims, id).await.unwrap_err().code(), Code::NotFound);
    }
}

#[tokio::test]
async fn one_caller_asks_for_so_many_exports_a_day() {
    let world = World::populated().await;
    for _ in 0..8 {
        asked(&world, of(&[])).await.unwrap();
        world.pass(TimeDelta::minutes(1));
    }
    for _ in 0..3 {
        let refused = asked(&world, of(&[])).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(refused.get_error_details().retry_info().is_some_and(|info| info.retry_delay.is_some()));
    }
    let of_other = pb::RequestExportRequest::default();
    exports(&world).request_export(world.as_role("fraud_ops", of_other)).await.expect("its own budget");
    // What was refused did not count: a day after the first there is one more.
    world.pass(TimeDelta::hours(24) - TimeDelta::minutes(8));
    asked(&world, of(&[])).await.unwrap();
    assert_eq!(asked(&world, of(&[])).await.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn one_auditor_alone_is_not_shown_the_whole_brand() {
    let world = World::populated().await;
    port(&world).await;
    let claims = world.claims("auditor");
    let first = pb::ListRecordsRequest { page_size: 1, ..Default::default() };
    let go_on = page(&world, &claims, first.clone()).await.unwrap().next_page_token;
    let second = pb::ListRecordsRequest { page_token: go_on, ..first.clone() };
    for _ in 1..250 {
        assert_eq!(page(&world, &claims, second.clone()).await.unwrap().records.len(), 1);
    }
    let refused = page(&world, &claims, second.clone()).await.err().unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(refused.message().contains("export"), "{}", refused.message());
    // Pages that show nothing, those of one account and other callers' are not counted.
    let nobody = pb::RecordFilter { caller_subject: "nobody".to_owned(), ..Default::default() };
    let empty = pb::ListRecordsRequest { filter: Some(nobody), ..first.clone() };
    assert!(page(&world, &claims, empty).await.unwrap().records.is_empty());
    let scope = Some(pb::list_records_request::Scope::AccountId(ACCOUNT.to_owned()));
    page(&world, &claims, pb::ListRecordsRequest { scope, ..first.clone() }).await.unwrap();
    page(&world, &world.claims("fraud_ops"), first.clone()).await.unwrap();
    world.pass(TimeDelta::hours(24));
    page(&world, &world.claims("auditor"), first).await.expect("the day is over");
}
