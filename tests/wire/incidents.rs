//! Breaches over the wire: a list is in force whole or not at all, and telling of one has a place and an end.

use std::time::{Duration, Instant};

use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::incident_service_client::IncidentServiceClient;
use portcullis::grpc::pb::v1::open_incident_request::Step;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::world::{World, reason};

fn client(world: &World) -> IncidentServiceClient<Channel> {
    IncidentServiceClient::new(world.channel.clone())
}

fn opening(world: &World, cohort: pb::CohortKind) -> Step {
    Step::Opening(pb::IncidentOpening {
        request_id: world.request_id(),
        cohort: cohort.into(),
        cut_off_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        reason: "case 1".to_owned(),
    })
}

fn accounts(names: &[&str]) -> Step {
    Step::Accounts(pb::AccountList { account_ids: names.iter().map(ToString::to_string).collect() })
}

const fn end(account_count: i64) -> Step {
    Step::End(pb::IncidentEnd { account_count })
}

async fn open(world: &World, steps: Vec<Step>) -> Result<pb::Incident, Status> {
    let steps = steps.into_iter().map(|step| pb::OpenIncidentRequest { step: Some(step) });
    let request = world.as_role("fraud_ops", tokio_stream::iter(steps.collect::<Vec<_>>()));
    client(world).open_incident(request).await.map(|opened| opened.into_inner().incident.unwrap())
}

async fn listed(world: &World) -> Vec<pb::Incident> {
    let request = pb::ListIncidentsRequest { include_ended: true, page_size: 0, page_token: String::new() };
    client(world).list_incidents(world.as_role("fraud_ops", request)).await.unwrap().into_inner().incidents
}

/// INVARIANT (fail-closed): a client that ends its stream early, or loses a part of it, tells of no breach.
#[tokio::test]
async fn a_list_that_is_not_said_to_be_whole_is_none() {
    let world = World::empty().await;
    let (list, brand) = (pb::CohortKind::Listed, pb::CohortKind::Brand);
    let whole = || vec![opening(&world, list), accounts(&["a", "b"]), accounts(&["b"])];
    let with = |mut steps: Vec<Step>, last: Option<Step>| {
        steps.extend(last);
        steps
    };
    let cases = [
        (whole(), "step"),
        (with(whole(), Some(end(2))), "end.account_count"),
        (with(whole(), Some(end(4))), "end.account_count"),
        (with(whole(), Some(opening(&world, list))), "step"),
        (vec![opening(&world, list), end(0)], "accounts"),
        (vec![opening(&world, brand)], "step"),
        (vec![opening(&world, brand), end(1)], "end.account_count"),
        (vec![opening(&world, brand), accounts(&["a"]), end(1)], "accounts"),
    ];
    for (steps, field) in cases {
        let said = format!("{} steps, {field}", steps.len());
        let refused = open(&world, steps).await.err().unwrap();
        assert_eq!((refused.code(), refused.message().starts_with(field)), (Code::InvalidArgument, true), "{said}");
    }
    assert!(listed(&world).await.is_empty());
    assert_eq!(open(&world, with(whole(), Some(end(3)))).await.unwrap().account_count, 2, "each counts once");
    open(&world, vec![opening(&world, brand), end(0)]).await.unwrap();
    assert_eq!(listed(&world).await.len(), 2);
}

#[tokio::test]
async fn telling_of_a_breach_has_a_place_and_an_end() {
    let world = World::empty().await;
    let (send, steps) = mpsc::channel(4);
    let first = pb::OpenIncidentRequest { step: Some(opening(&world, pb::CohortKind::Listed)) };
    send.send(first).await.unwrap();
    let mut request = world.as_role("fraud_ops", ReceiverStream::new(steps));
    request.metadata_mut().insert("grpc-timeout", "700m".parse().unwrap());
    let begun = Instant::now();
    let late = client(&world).open_incident(request).await.err().unwrap();
    // Not the minute that the next message has.
    assert_eq!((late.code(), begun.elapsed() < Duration::from_secs(20)), (Code::DeadlineExceeded, true));
    assert_eq!(reason(&late), "DEADLINE_EXCEEDED");
    drop(send);

    let mut crowd = Vec::new();
    while let Ok(slot) = world.lanes.enter("SetLock") {
        crowd.push(slot);
    }
    let refused = open(&world, vec![opening(&world, pb::CohortKind::Brand), end(0)]).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::Unavailable, "OVERLOADED"));
    crowd.pop();
    open(&world, vec![opening(&world, pb::CohortKind::Brand), end(0)]).await.unwrap();
    // While it waits for its list, its place is taken.
    let (send, steps) = mpsc::channel(4);
    let first = pb::OpenIncidentRequest { step: Some(opening(&world, pb::CohortKind::Listed)) };
    send.send(first).await.unwrap();
    let request = world.as_role("fraud_ops", ReceiverStream::new(steps));
    let mut service = client(&world);
    let waiting = tokio::spawn(async move { service.open_incident(request).await.map(|_| ()) });
    let taken = async {
        while world.lanes.enter("SetLock").is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), taken).await.unwrap();
    drop(send);
    assert_eq!(waiting.await.unwrap().err().unwrap().code(), Code::InvalidArgument);
}
