//! The archive over the wire: moved by one call, listed, deleted in its time, each with its own refusal.

use chrono::TimeDelta;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::archive_service_client::ArchiveServiceClient;
use portcullis::grpc::pb::v1::audit_service_client::AuditServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::world::{ACCOUNT, World, ask, instant, port_out, reason, start};

fn archives(world: &World) -> ArchiveServiceClient<Channel> {
    ArchiveServiceClient::new(world.channel.clone())
}

/// All that a run tells.
async fn run(world: &World, before: Option<prost_types::Timestamp>) -> Result<Vec<pb::ArchiveRecordsResponse>, Status> {
    let request = world.as_role("admin", pb::ArchiveRecordsRequest { before_time: before });
    let mut stream = archives(world).archive_records(request).await?.into_inner();
    let mut told = Vec::new();
    while let Some(message) = stream.message().await? {
        told.push(message);
    }
    Ok(told)
}

async fn segments(world: &World, page_size: i32) -> Vec<pb::Segment> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListSegmentsRequest { page_size, page_token };
        let page = archives(world).list_segments(world.as_role("auditor", request)).await.unwrap().into_inner();
        all.extend(page.segments);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

async fn delete(world: &World, segment: &str) -> Result<pb::Segment, Status> {
    let request = world.as_role("admin", pb::DeleteSegmentRequest { segment: segment.to_owned() });
    Ok(archives(world).delete_segment(request).await?.into_inner().segment.unwrap())
}

async fn decisions(world: &World, count: usize) {
    for _ in 0..count {
        let request = ask(world, port_out(), pb::Channel::Port);
        world.decisions().decide(world.as_role("porting_system", request)).await.unwrap();
    }
}

#[tokio::test]
async fn records_move_are_listed_and_go_in_their_time() {
    let world = World::populated().await;
    decisions(&world, 3).await;
    world.pass(TimeDelta::days(100));
    let young = run(&world, instant(start() + TimeDelta::days(11))).await.unwrap_err();
    assert_eq!((young.code(), reason(&young).as_str()), (Code::InvalidArgument, "FIELD_INVALID"));
    let told = run(&world, None).await.unwrap();
    let last = told.last().unwrap();
    assert!(last.done && told.iter().filter(|message| message.done).count() == 1, "{told:?}");
    assert_eq!((last.segments_done, last.records_written, last.records_taken_out), (1, 4, 4));
    let nothing = run(&world, None).await.unwrap();
    assert_eq!(nothing, [pb::ArchiveRecordsResponse { done: true, ..pb::ArchiveRecordsResponse::default() }]);

    decisions(&world, 1).await;
    world.pass(TimeDelta::days(100));
    run(&world, None).await.unwrap();
    let listed = segments(&world, 1).await;
    assert_eq!(listed, segments(&world, 0).await);
    let [first, second] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((first.records, first.first_time), (4, instant(start())));
    assert_eq!(first.kept_until_time, instant(start() + TimeDelta::days(1_095)));

    let early = delete(&world, &first.segment).await.unwrap_err();
    assert_eq!((early.code(), reason(&early).as_str()), (Code::FailedPrecondition, "SEGMENT_TOO_YOUNG"));
    assert_eq!(early.message(), "the segment must be kept until 2029-09-20T14:13:20Z");
    world.pass(TimeDelta::days(2_000));
    let turn = delete(&world, &second.segment).await.unwrap_err();
    assert_eq!((turn.code(), reason(&turn).as_str()), (Code::FailedPrecondition, "SEGMENT_NOT_OLDEST"));
    let gone = delete(&world, &first.segment).await.unwrap();
    assert!(gone.deleted_time.is_some() && gone.kept_until_time.is_none());
    let twice = delete(&world, &first.segment).await.unwrap_err();
    assert_eq!((twice.code(), reason(&twice).as_str()), (Code::FailedPrecondition, "SEGMENT_GONE"));
    let unknown = delete(&world, "00000-00000000000000000001-00000000000000000002").await.unwrap_err();
    assert_eq!((unknown.code(), reason(&unknown).as_str()), (Code::NotFound, "NOT_FOUND"));
    let states: Vec<bool> = segments(&world, 0).await.iter().map(|segment| segment.deleted_time.is_some()).collect();
    assert_eq!(states, [true, false]);
}

#[tokio::test]
async fn a_customer_is_told_where_the_history_ends() {
    let world = World::populated().await;
    decisions(&world, 2).await;
    let list = async || {
        let request = pb::ListActivityRequest {
            page_size: 0,
            page_token: String::new(),
            scope: Some(pb::list_activity_request::Scope::AccountId(ACCOUNT.to_owned())),
        };
        world.protections().list_activity(world.as_owner(request)).await.unwrap().into_inner()
    };
    let page = list().await;
    assert_eq!((page.activities.len(), page.older_archived), (3, false));
    let decision = page.activities[0].activity_id.clone();
    world.pass(TimeDelta::days(100));
    decisions(&world, 1).await;
    run(&world, None).await.unwrap();
    let page = list().await;
    assert_eq!((page.activities.len(), page.older_archived), (1, true));
    assert!(page.next_page_token.is_empty());
    let scope = Some(pb::list_records_request::Scope::AccountId(ACCOUNT.to_owned()));
    let request = world.as_role("auditor", pb::ListRecordsRequest { scope, ..pb::ListRecordsRequest::default() });
    let records = AuditServiceClient::new(world.channel.clone()).list_records(request).await.unwrap().into_inner();
    assert_eq!((records.records.len(), records.older_archived, records.next_page_token.as_str()), (1, true, ""));
    let request = pb::GetDecisionRequest { decision_id: decision, ..pb::GetDecisionRequest::default() };
    let told = world.decisions().get_decision(world.as_role("porting_system", request)).await.err().unwrap();
    assert_eq!((told.code(), reason(&told).as_str()), (Code::FailedPrecondition, "RECORD_ARCHIVED"));
}

#[tokio::test]
async fn another_brand_does_not_touch_the_houses_archive() {
    let world = World::populated().await;
    let mut claims = world.claims("admin");
    claims.brand = Some("other".to_owned());
    let request = world.with(&claims, pb::ListSegmentsRequest::default());
    let refused = archives(&world).list_segments(request).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "HOUSE_ONLY"));
}
