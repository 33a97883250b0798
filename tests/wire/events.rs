//! Events over the wire: a stream of them, an answer for each, and no difference that tells what is there.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::record_events_request::{Event, Scope};
use portcullis::grpc::pb::v1::record_events_response::Result as Became;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::world::{ACCOUNT, NEW_SIM, NUMBER, UNKNOWN_NUMBER, World, instant, number, start};

fn event(world: &World, what: Event) -> pb::RecordEventsRequest {
    pb::RecordEventsRequest {
        event_id: world.request_id(),
        occur_time: instant(start()),
        scope: Some(Scope::Line(number(NUMBER))),
        event: Some(what),
    }
}

fn activated(iccid: &str) -> Event {
    let sim = pb::sim_activated::Sim::Iccid(iccid.to_owned());
    Event::SimActivated(pb::SimActivated { imei: String::new(), sim: Some(sim) })
}

fn password_reset() -> Event {
    Event::CredentialReset(pb::CredentialReset {
        credential: pb::ResetCredential::Password.into(),
        channel: pb::Channel::Web.into(),
        contact_id: String::new(),
    })
}

fn failed() -> Event {
    Event::LogInFailed(pb::LogIn { device_id: String::new(), client_address: "192.0.2.7".to_owned() })
}

/// What became of each event, by its number: nothing if it is kept, else the field that is at fault.
async fn record(world: &World, role: &str, events: Vec<pb::RecordEventsRequest>) -> BTreeMap<i64, Option<String>> {
    let request = world.as_role(role, tokio_stream::iter(events.clone()));
    let mut answers = world.events().record_events(request).await.unwrap().into_inner();
    let mut became = BTreeMap::new();
    while let Some(answer) = answers.message().await.unwrap() {
        let sent = &events[usize::try_from(answer.event_number).unwrap() - 1];
        assert!(answer.event_id == sent.event_id || answer.event_id.is_empty());
        let fault = match answer.result.unwrap() {
            Became::Recorded(pb::EventRecorded {}) => None,
            Became::Refused(pb::EventRefused { field, reason }) => {
                assert!(!reason.is_empty() && !reason.contains("canary"), "{reason}");
                Some(field)
            }
        };
        assert!(became.insert(answer.event_number, fault).is_none(), "an event is answered once");
    }
    became
}

async fn records(world: &World) -> Vec<pb::Record> {
    let request = pb::ListRecordsRequest {
        scope: Some(pb::list_records_request::Scope::AccountId(ACCOUNT.to_owned())),
        filter: Some(pb::RecordFilter {
            kinds: vec![pb::RecordKind::EventRecorded.into(), pb::RecordKind::LogInsFailed.into()],
            ..pb::RecordFilter::default()
        }),
        page_size: 100,
        page_token: String::new(),
    };
    let mut audit = pb::audit_service_client::AuditServiceClient::new(world.channel.clone());
    audit.list_records(world.as_role("auditor", request)).await.unwrap().into_inner().records
}

#[tokio::test]
async fn a_bad_event_is_named_and_the_rest_is_kept() {
    let world = World::populated().await;
    let mut events: Vec<_> = (0..200).map(|_| event(&world, failed())).collect();
    events[6] = event(&world, activated("canary"));
    events[7].event_id = "canary".to_owned();
    events[8].occur_time = instant(start() + TimeDelta::hours(1));
    events[9].event = None;
    events[10].scope = None;
    events[11] = event(&world, Event::FraudReported(pb::FraudReported::default()));
    events[12].event_id = events[13].event_id.clone();
    events[13].occur_time = instant(start() - TimeDelta::hours(1));
    events[14].scope = Some(Scope::Line(pb::LineRef { brand: "other".to_owned(), ..number(NUMBER) }));
    let became = record(&world, "network_signals", events).await;
    assert_eq!(became.len(), 200);
    let refused: Vec<(i64, &str)> =
        became.iter().filter_map(|(number, fault)| Some((*number, fault.as_deref()?))).collect();
    let expected = [
        (7, "sim_activated.iccid"),
        (8, "event_id"),
        (9, "occur_time"),
        (10, "event"),
        (11, "scope"),
        (12, "fraud_reported"),
        (14, "event_id"),
        (15, "line.brand"),
    ];
    assert_eq!(refused, expected);
    let counted = world.metrics.encode().unwrap();
    for line in [
        r#"portcullis_events_total{kind="LOG_IN_FAILED",result="RECORDED"} 192"#,
        r#"portcullis_events_total{kind="UNREAD",result="REFUSED"} 4"#,
        r#"portcullis_events_total{kind="FRAUD_REPORTED",result="REFUSED"} 1"#,
    ] {
        assert!(counted.contains(line), "`{line}` is not in {counted}");
    }
    let on_record = records(&world).await;
    let kinds: Vec<_> = on_record.iter().map(pb::Record::kind).collect();
    assert_eq!(kinds, [pb::RecordKind::LogInsFailed], "so many failures are told once");
    assert_eq!(on_record[0].details_json, r#"{"count":20}"#);
}

#[tokio::test]
async fn the_same_stream_again_gives_the_same_answers_and_counts_nothing_twice() {
    let world = World::populated().await;
    let events: Vec<_> =
        [password_reset(), activated(NEW_SIM), failed(), Event::NumberReassigned(pb::NumberReassigned {})]
            .map(|what| event(&world, what))
            .to_vec();
    let first = record(&world, "network_signals", events.clone()).await;
    assert_eq!(first, (1..=4).map(|number| (number, None)).collect());
    assert_eq!(record(&world, "network_signals", events.clone()).await, first);
    let on_record = records(&world).await;
    assert_eq!(on_record.len(), 3);
    let activated = on_record.iter().find(|record| record.details_json.contains("SIM_ACTIVATED")).unwrap();
    assert!(activated.details_json.contains(&events[1].event_id) && !activated.details_json.contains(NEW_SIM));
    assert_eq!((activated.caller_role.as_str(), activated.line_id.as_str()), ("network_signals", "line-1"));
}

#[tokio::test]
async fn an_answer_comes_at_once_while_the_stream_stays_open() {
    let world = World::populated().await;
    let (events, stream) = mpsc::channel(4);
    let request = world.as_role("network_signals", ReceiverStream::new(stream));
    let mut answers = world.events().record_events(request).await.unwrap().into_inner();
    for sent in 1..=3 {
        events.send(event(&world, failed())).await.unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!((answer.event_number, answer.result), (sent, Some(Became::Recorded(pb::EventRecorded {}))));
    }
    drop(events);
    assert!(answers.message().await.unwrap().is_none());
}

/// INVARIANT (unknown-looks-known): the network may not know which lines there are, and does not learn it.
#[tokio::test]
async fn the_network_hears_of_a_line_that_is_not_there_what_it_hears_of_one_that_is() {
    let world = World::populated().await;
    let kinds = || [password_reset(), activated(NEW_SIM), failed(), activated("canary")];
    let about = |scope: Scope| -> Vec<_> {
        kinds().map(|what| pb::RecordEventsRequest { scope: Some(scope.clone()), ..event(&world, what) }).to_vec()
    };
    let known = record(&world, "network_signals", about(Scope::Line(number(NUMBER)))).await;
    for scope in [Scope::Line(number(UNKNOWN_NUMBER)), Scope::AccountId("acct-none".to_owned())] {
        let events = about(scope.clone());
        let unknown = record(&world, "network_signals", events.clone()).await;
        // Of an account the second is at fault, be it there or not.
        let expected = match scope {
            Scope::Line(_) => known.clone(),
            Scope::AccountId(_) => {
                let account = about(Scope::AccountId(ACCOUNT.to_owned()));
                record(&world, "network_signals", account).await
            }
        };
        assert_eq!(unknown, expected);
        assert_eq!(record(&world, "network_signals", events).await, expected, "and again");
    }
    // Who may read accounts is told.
    let nobodys =
        pb::RecordEventsRequest { scope: Some(Scope::Line(number(UNKNOWN_NUMBER))), ..event(&world, password_reset()) };
    let told = record(&world, "provisioning", vec![nobodys]).await;
    assert_eq!(told, BTreeMap::from([(1, Some("scope".to_owned()))]));
}

#[tokio::test]
async fn what_was_told_counts_for_the_next_decision_and_the_owner_sees_it() {
    let world = World::populated().await;
    let report = Event::FraudReported(pb::FraudReported { decision_id: String::new() });
    assert_eq!(record(&world, "fraud_ops", vec![event(&world, report)]).await, BTreeMap::from([(1, None)]));
    let listing = pb::ListActivityRequest {
        page_size: 1,
        page_token: String::new(),
        scope: Some(pb::list_activity_request::Scope::Line(number(NUMBER))),
    };
    let seen = world.protections().list_activity(world.as_owner(listing)).await.unwrap().into_inner();
    assert_eq!(
        (seen.activities[0].kind.as_str(), seen.activities[0].summary.as_str()),
        ("FRAUD_REPORTED", "Fraud was reported.")
    );
    let mut asked = crate::world::ask(&world, crate::world::sim_change(NEW_SIM), pb::Channel::App);
    asked.evidence =
        vec![pb::Evidence { evidence: Some(pb::evidence::Evidence::AccountPin(crate::world::PIN.to_owned())) }];
    let decided = world.decisions().decide(world.as_owner(asked)).await.unwrap().into_inner().decision.unwrap();
    let Some(pb::decision::Detail::Challenge(challenge)) = decided.detail else { panic!("not challenged") };
    assert_eq!(challenge.required(), pb::Strength::Strong);
}

#[tokio::test]
async fn only_sources_tell() {
    let world = World::populated().await;
    for role in ["retail_manager", "care_agent", "porting_system", "auditor", "admin"] {
        let request = world.as_role(role, tokio_stream::iter([event(&world, failed())]));
        let refused = world.events().record_events(request).await.err().unwrap();
        assert_eq!(refused.code(), tonic::Code::PermissionDenied, "{role}");
    }
}
