//! The audit service: pages, filters, streams that resume, verdicts; each within a brand, and each look on record.

use chrono::TimeDelta;
use portcullis::config::{Bounded, Limits};
use portcullis::grpc::identity::{AccessTokenClaims, Clients};
use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::audit_service_client::AuditServiceClient;
use portcullis::grpc::pb::v1::verify_chain_request::Step;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use crate::world::{ACCOUNT, Door, LINE, NUMBER, UNKNOWN_NUMBER, World, ask, number, port_out, reason, start};

fn audit(world: &World) -> AuditServiceClient<Channel> {
    AuditServiceClient::new(world.channel.clone())
}

/// A world whose watches beat every second.
async fn world() -> World {
    let limits = Limits { watch_heartbeat_seconds: Bounded::of::<1>(), ..Limits::default() };
    let world = World::behind(Door { tls: None, clients: Clients::default(), limits }).await;
    let request = pb::UpsertAccountRequest { request_id: world.request_id(), seed: Some(world.seed()) };
    world.accounts().upsert_account(world.as_role("provisioning", request)).await.unwrap();
    world
}

async fn port(world: &World) -> String {
    let asked = ask(world, port_out(), pb::Channel::Port);
    let decided = world.decisions().decide(world.as_role("porting_system", asked)).await.unwrap().into_inner();
    decided.decision.unwrap().decision_id
}

fn of_account() -> Option<pb::list_records_request::Scope> {
    Some(pb::list_records_request::Scope::AccountId(ACCOUNT.to_owned()))
}

/// All pages of a list, as this caller.
async fn list(
    world: &World,
    claims: &AccessTokenClaims,
    request: pb::ListRecordsRequest,
) -> Result<Vec<pb::Record>, Status> {
    let (mut all, mut request) = (Vec::new(), request);
    loop {
        let page = audit(world).list_records(world.with(claims, request.clone())).await?.into_inner();
        assert!(page.records.len() <= usize::try_from(request.page_size).unwrap(), "no more than asked");
        all.extend(page.records);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(all);
        }
    }
}

fn every(page_size: i32) -> pb::ListRecordsRequest {
    pb::ListRecordsRequest { page_size, ..pb::ListRecordsRequest::default() }
}

fn ids(records: &[pb::Record]) -> Vec<&str> {
    records.iter().map(|record| record.record_id.as_str()).collect()
}

fn kinds(records: &[pb::Record]) -> Vec<pb::RecordKind> {
    records.iter().map(pb::Record::kind).collect()
}

#[tokio::test]
async fn an_accounts_records_come_newest_first_whole_and_linked() {
    let world = world().await;
    let decision = port(&world).await;
    let auditor = world.claims("auditor");
    let records = list(&world, &auditor, pb::ListRecordsRequest { scope: of_account(), ..every(1) }).await.unwrap();
    assert_eq!(kinds(&records), [pb::RecordKind::Decided, pb::RecordKind::AccountCreated]);
    let (decided, created) = (&records[0], &records[1]);
    assert_eq!((decided.previous_hash.as_slice(), created.previous_hash.as_slice()), (&created.hash[..], &[0; 32][..]));
    assert_eq!((decided.account_seq, created.account_seq), (2, 1));
    assert_eq!((decided.record_id.as_str(), decided.account_id.as_str()), (decision.as_str(), ACCOUNT));
    assert_eq!((decided.line_id.as_str(), decided.caller_role.as_str()), (LINE, "porting_system"));
    assert_eq!(decided.change, "PORT_OUT\ngaining_spid=6529\n");
    assert!(!decided.reasons.is_empty() && decided.outcome() != pb::Outcome::Unspecified);
    let explanation = decided.explanation.as_ref().unwrap();
    let facts: serde_json::Value = serde_json::from_str(&explanation.facts_json).unwrap();
    assert!(facts.as_object().unwrap().keys().all(|name| name.parse::<u16>().is_err()), "facts by name: {facts}");
    // The look itself is on the account's chain now: once, however many pages it had.
    let records = list(&world, &auditor, pb::ListRecordsRequest { scope: of_account(), ..every(50) }).await.unwrap();
    assert_eq!(kinds(&records)[..2], [pb::RecordKind::Read, pb::RecordKind::Decided]);
    assert_eq!(records[0].details_json, r#"{"of":"RECORDS"}"#);
    let by_line = Some(pb::list_records_request::Scope::Line(number(NUMBER)));
    let records = list(&world, &auditor, pb::ListRecordsRequest { scope: by_line, ..every(50) }).await.unwrap();
    assert_eq!(kinds(&records), [pb::RecordKind::Decided]);
}

#[tokio::test]
async fn one_record_is_read_by_its_name_and_the_look_is_on_record() {
    let world = world().await;
    let decision = port(&world).await;
    let auditor = world.claims("auditor");
    let one = |id: &str, page_token: &str| pb::ListRecordsRequest {
        scope: Some(pb::list_records_request::Scope::RecordId(id.to_owned())),
        page_token: page_token.to_owned(),
        ..every(50)
    };
    let records = list(&world, &auditor, one(&decision, "")).await.unwrap();
    assert_eq!(ids(&records), [decision.as_str()]);
    let whole = list(&world, &auditor, pb::ListRecordsRequest { scope: of_account(), ..every(50) }).await.unwrap();
    assert_eq!(kinds(&whole)[..2], [pb::RecordKind::Read, pb::RecordKind::Decided]);
    // What belongs to no customer: the look is in the ledger.
    let ledger = list(&world, &auditor, every(50)).await.unwrap();
    let look = ledger.iter().find(|record| record.kind() == pb::RecordKind::RecordsRead).unwrap();
    assert_eq!(ids(&list(&world, &auditor, one(&look.record_id, "")).await.unwrap()), [look.record_id.as_str()]);
    let after = list(&world, &auditor, every(50)).await.unwrap();
    assert!(after.iter().any(|record| record.details_json.contains(r#""account_id":"engine""#)));
    let nobodys = list(&world, &auditor, one("0190d4f0-7c3e-7000-8000-0000000000ff", "")).await.err().unwrap();
    assert_eq!((nobodys.code(), reason(&nobodys).as_str()), (Code::NotFound, "NOT_FOUND"));
    // INVARIANT (unknown-looks-known): another brand's is not there.
    let other = AccessTokenClaims { brand: Some("other".to_owned()), ..world.claims("auditor") };
    let others = list(&world, &other, one(&decision, "")).await.err().unwrap();
    assert_eq!((others.code(), others.message()), (nobodys.code(), nobodys.message()));
    let clerk = list(&world, &world.claims("retail_agent"), one(&decision, "")).await.err().unwrap();
    assert_eq!(clerk.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn the_brands_records_come_in_the_order_of_their_commits() {
    let world = world().await;
    let mut decisions = Vec::new();
    for _ in 0..6 {
        decisions.push(port(&world).await);
    }
    let unknown =
        pb::DecideRequest { line: Some(number(UNKNOWN_NUMBER)), ..ask(&world, port_out(), pb::Channel::Port) };
    world.decisions().decide(world.as_role("porting_system", unknown)).await.unwrap();
    let claims = world.claims("fraud_ops");
    let found = list(&world, &claims, every(2)).await.unwrap();
    let accounts: Vec<&str> = found.iter().map(|record| record.account_id.as_str()).collect();
    let expected = [vec![ACCOUNT; 7], vec!["unknown"], vec!["engine"]].concat();
    assert_eq!(accounts, expected, "the first page wrote the look down, and no other did");
    let ids: Vec<&String> = found[1..7].iter().map(|record| &record.record_id).collect();
    assert!(ids.into_iter().eq(&decisions));
    let look = found.last().unwrap();
    assert_eq!((look.kind(), look.caller_role.as_str()), (pb::RecordKind::RecordsRead, "fraud_ops"));
    assert!(look.details_json.contains(r#""how":"LISTED""#), "{}", look.details_json);
}

#[tokio::test]
async fn filters_leave_out_what_is_not_meant() {
    let world = world().await;
    port(&world).await;
    world.pass(TimeDelta::hours(1));
    let middle = crate::world::instant(start() + TimeDelta::minutes(30));
    port(&world).await;
    world.pass(TimeDelta::hours(1));
    let claims = world.claims("auditor");
    let filtered =
        |filter: pb::RecordFilter| list(&world, &claims, pb::ListRecordsRequest { filter: Some(filter), ..every(50) });
    let of_kind = pb::RecordFilter { kinds: vec![pb::RecordKind::Decided.into()], ..Default::default() };
    let decided = filtered(of_kind.clone()).await.unwrap();
    assert_eq!(kinds(&decided), [pb::RecordKind::Decided; 2]);
    let later = filtered(pb::RecordFilter { from_time: middle, ..of_kind.clone() }).await.unwrap();
    assert_eq!(ids(&later), ids(&decided[1..]));
    let earlier = filtered(pb::RecordFilter { before_time: middle, ..of_kind.clone() }).await.unwrap();
    assert_eq!(ids(&earlier), ids(&decided[..1]));
    let by = |caller: &str| pb::RecordFilter { caller_subject: caller.to_owned(), ..of_kind.clone() };
    let caller = decided[0].caller_subject.clone();
    assert_eq!(ids(&filtered(by(&caller)).await.unwrap()), ids(&decided));
    assert!(filtered(by("somebody-else")).await.unwrap().is_empty());
    let outcome = decided[0].outcome;
    let same = filtered(pb::RecordFilter { outcome, ..Default::default() }).await.unwrap();
    assert_eq!(ids(&same), ids(&decided));
    let other = (1..=3).find(|other| *other != outcome).unwrap();
    assert!(filtered(pb::RecordFilter { outcome: other, ..Default::default() }).await.unwrap().is_empty());
}

#[tokio::test]
async fn page_tokens_grant_nothing() {
    let world = world().await;
    for _ in 0..3 {
        port(&world).await;
    }
    let (one, other) = (world.claims("auditor"), world.claims("fraud_ops"));
    let first = audit(&world).list_records(world.with(&one, every(2))).await.unwrap().into_inner();
    let go_on = pb::ListRecordsRequest { page_token: first.next_page_token.clone(), ..every(2) };
    // Another caller's token leads on, and writes a look of its own down.
    audit(&world).list_records(world.with(&other, go_on.clone())).await.unwrap();
    let looks = pb::RecordFilter { kinds: vec![pb::RecordKind::RecordsRead.into()], ..Default::default() };
    let looks = pb::ListRecordsRequest { filter: Some(looks), ..every(50) };
    let found = list(&world, &one, looks).await.unwrap();
    let callers: Vec<&str> = found.iter().map(|look| look.caller_role.as_str()).collect();
    assert_eq!(callers, ["auditor", "fraud_ops", "auditor"]);
    let of_an_account = pb::ListRecordsRequest { scope: of_account(), ..go_on.clone() };
    let refused = audit(&world).list_records(world.with(&one, of_an_account)).await.err().unwrap();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let of_a_customer = audit(&world).list_records(world.as_owner(go_on)).await.err().unwrap();
    assert_eq!((of_a_customer.code(), reason(&of_a_customer).as_str()), (Code::PermissionDenied, "FORBIDDEN"));
}

#[tokio::test]
async fn another_brands_records_are_not_there() {
    let world = world().await;
    port(&world).await;
    let other = AccessTokenClaims { brand: Some("other".to_owned()), ..world.claims("auditor") };
    let found = list(&world, &other, every(50)).await.unwrap();
    assert_eq!(kinds(&found), [pb::RecordKind::RecordsRead], "its own ledger alone");
    let there = pb::ListRecordsRequest { scope: of_account(), ..every(50) };
    assert_eq!(list(&world, &other, there).await.err().unwrap().code(), Code::NotFound);
    let verdict = verify(&world, &other, "", None).await.unwrap();
    assert_eq!((verdict.accounts, verdict.fault_count), (1, 0));
    let checkpoint = checkpoint(&world, &other).await;
    assert!(checkpoint.contains("brand other\n") && checkpoint.contains("accounts 1\n"), "{checkpoint}");
    let refused = verify(&world, &world.claims("auditor"), "", Some(checkpoint)).await.err().unwrap();
    assert_eq!(refused.code(), Code::InvalidArgument, "another brand's checkpoint");
}

async fn watch(
    world: &World,
    token: &str,
    filter: pb::RecordFilter,
) -> Result<Streaming<pb::WatchRecordsResponse>, Status> {
    let request =
        pb::WatchRecordsRequest { resume_token: token.to_owned(), filter: Some(filter), account_id: String::new() };
    audit(world).watch_records(world.as_role("auditor", request)).await.map(tonic::Response::into_inner)
}

fn decided() -> pb::RecordFilter {
    pb::RecordFilter { kinds: vec![pb::RecordKind::Decided.into()], ..Default::default() }
}

#[tokio::test]
async fn who_comes_back_misses_nothing_and_gets_nothing_twice() {
    let world = world().await;
    port(&world).await;
    let mut stream = watch(&world, "", decided()).await.unwrap();
    // The first message says where now is.
    let now = stream.message().await.unwrap().unwrap();
    assert!(now.records.is_empty() && !now.resume_token.is_empty());
    let (mut token, mut expected, mut got) = (now.resume_token, Vec::new(), Vec::new());
    for round in 0..3 {
        for _ in 0..4 {
            expected.push(port(&world).await);
        }
        if round > 0 {
            stream = watch(&world, &token, decided()).await.unwrap();
        }
        // It goes away after some message, whichever it is.
        while got.len() < expected.len() - 2 {
            let message = stream.message().await.unwrap().unwrap();
            got.extend(message.records.into_iter().map(|record| record.record_id));
            token = message.resume_token;
        }
        drop(stream);
        stream = watch(&world, &token, decided()).await.unwrap();
    }
    while got.len() < expected.len() {
        let message = stream.message().await.unwrap().unwrap();
        got.extend(message.records.into_iter().map(|record| record.record_id));
    }
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_silent_watch_beats_and_its_beats_resume() {
    let world = world().await;
    let none = pb::RecordFilter { caller_subject: "nobody".to_owned(), ..Default::default() };
    let mut stream = watch(&world, "", none.clone()).await.unwrap();
    let first = stream.message().await.unwrap().unwrap();
    // Nothing of this is meant; what was passed over is passed over for good.
    let decision = port(&world).await;
    let mut last = first.clone();
    for _ in 0..3 {
        let beat = stream.message().await.unwrap().unwrap();
        assert!(beat.records.is_empty());
        last = beat;
    }
    assert_ne!(last.resume_token, first.resume_token, "the place goes on although nothing matches");
    let mut resumed = watch(&world, &first.resume_token, decided()).await.unwrap();
    let found = loop {
        let message = resumed.message().await.unwrap().unwrap();
        if let Some(record) = message.records.first() {
            break record.record_id.clone();
        }
    };
    assert_eq!(found, decision, "from the first beat on it is there");
}

#[tokio::test]
async fn watches_are_bounded_and_given_back() {
    let world = world().await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(watch(&world, "", decided()).await.unwrap());
    }
    let refused = watch(&world, "", decided()).await.err().unwrap();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let other = world.as_role("fraud_ops", pb::WatchRecordsRequest::default());
    audit(&world).watch_records(other).await.expect("another caller has places of its own");
    streams.pop();
    // Its place is given back once the server has seen that it is gone.
    while watch(&world, "", decided()).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_resume_token_is_good_for_whom_it_was_given_to() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let world = world().await;
    let first = watch(&world, "", decided()).await.unwrap().message().await.unwrap().unwrap().resume_token;
    port(&world).await;
    let by = |claims: AccessTokenClaims, token: &str| {
        let request = pb::WatchRecordsRequest { resume_token: token.to_owned(), ..Default::default() };
        let (mut client, request) = (audit(&world), world.with(&claims, request));
        async move { client.watch_records(request).await.map(|_| ()) }
    };
    by(world.claims("auditor"), &first).await.expect("its own");
    let elsewhere = AccessTokenClaims { brand: Some("other".to_owned()), ..world.claims("auditor") };
    // The beginning of all, and a place that nobody has come to, by who has seen a token.
    let bytes = URL_SAFE_NO_PAD.decode(&first).unwrap();
    let moved = |places: &[u8]| URL_SAFE_NO_PAD.encode([&bytes[..33], places].concat());
    let forged = [moved(&[0; 8]), moved(&[0xff; 8])];
    for (claims, token) in [
        (world.claims("fraud_ops"), &first),
        (elsewhere, &first),
        (world.claims("auditor"), &forged[0]),
        (world.claims("auditor"), &forged[1]),
    ] {
        let refused = by(claims, token).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "FIELD_INVALID"));
    }
}

#[tokio::test]
async fn watches_end_well_when_the_service_stops() {
    let world = world().await;
    let mut stream = watch(&world, "", decided()).await.unwrap();
    let first = stream.message().await.unwrap().unwrap();
    world.engine.end_watches();
    // Heartbeats may have been on their way.
    while let Some(beat) = stream.message().await.expect("a good end") {
        assert_eq!(beat.resume_token, first.resume_token);
    }
    let refused = watch(&world, &first.resume_token, decided()).await.err().unwrap();
    assert_eq!(refused.code(), Code::Unavailable, "elsewhere, or later");
}

/// A verification to its verdict, with all faults in it.
async fn verify(
    world: &World,
    claims: &AccessTokenClaims,
    account: &str,
    checkpoint: Option<String>,
) -> Result<pb::VerifyChainResponse, Status> {
    let start = pb::VerifyStart { account_id: account.to_owned(), with_checkpoint: checkpoint.is_some() };
    let mut steps = vec![Step::Start(start)];
    // In pieces that end where lines do.
    steps.extend(
        checkpoint
            .iter()
            .flat_map(|text| text.split_inclusive('\n'))
            .map(|line| Step::CheckpointLines(line.to_owned())),
    );
    let steps: Vec<_> = steps.into_iter().map(|step| pb::VerifyChainRequest { step: Some(step) }).collect();
    let mut stream = audit(world).verify_chain(world.with(claims, tokio_stream::iter(steps))).await?.into_inner();
    let mut faults = Vec::new();
    while let Some(step) = stream.message().await? {
        faults.extend(step.faults.clone());
        if step.done {
            return Ok(pb::VerifyChainResponse { faults, ..step });
        }
    }
    panic!("no verdict");
}

async fn checkpoint(world: &World, claims: &AccessTokenClaims) -> String {
    let request = world.with(claims, pb::MakeCheckpointRequest {});
    let mut pieces = audit(world).make_checkpoint(request).await.unwrap().into_inner();
    let mut text = String::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        assert!(piece.lines.ends_with('\n'), "whole lines");
        text += &piece.lines;
    }
    text
}

#[tokio::test]
async fn what_holds_holds_with_a_checkpoint_and_without() {
    let world = world().await;
    port(&world).await;
    let claims = world.claims("auditor");
    let text = checkpoint(&world, &world.claims("admin")).await;
    port(&world).await;
    for (account, checkpoint) in [("", None), ("", Some(text.clone())), (ACCOUNT, None), (ACCOUNT, Some(text.clone()))]
    {
        let verdict = verify(&world, &claims, account, checkpoint).await.unwrap();
        assert_eq!((verdict.fault_count, verdict.faults.len()), (0, 0), "{verdict:?}");
        assert!(verdict.accounts >= 1 && verdict.records >= 3, "{verdict:?}");
    }
    let made = pb::RecordFilter { kinds: vec![pb::RecordKind::CheckpointMade.into()], ..Default::default() };
    let made = list(&world, &claims, pb::ListRecordsRequest { filter: Some(made), ..every(50) }).await.unwrap();
    let digest = text.lines().find_map(|line| line.strip_prefix("sha256 ")).unwrap();
    assert_eq!(made.len(), 1);
    assert!(made[0].details_json.contains(digest), "{}", made[0].details_json);
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() {
    let world = world().await;
    for _ in 0..3 {
        port(&world).await;
    }
    let claims = world.claims("auditor");
    let text = checkpoint(&world, &claims).await;
    // A line that says less than there was, with all else as it was; a signature of nobody's; a text without its end.
    let shorter = text.replacen(" 4 ", " 3 ", 1);
    assert_ne!(shorter, text);
    let verdict = verify(&world, &claims, "", Some(shorter)).await.unwrap();
    let told: Vec<&str> = verdict.faults.iter().map(|fault| fault.kind.as_str()).collect();
    assert_eq!(told, ["CHECKPOINT_UNMET", "CHECKPOINT_FORGED"]);
    let (before, signature) = text.rsplit_once("signature ").unwrap();
    let turned: String = signature.trim().chars().rev().collect();
    let verdict = verify(&world, &claims, "", Some(format!("{before}signature {turned}\n"))).await.unwrap();
    assert_eq!(verdict.faults.iter().map(|fault| fault.kind.as_str()).collect::<Vec<_>>(), ["CHECKPOINT_FORGED"]);
    let refused = verify(&world, &claims, "", Some(before.to_owned())).await.err().unwrap();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let refused = verify(&world, &claims, "", Some("no checkpoint\n".to_owned())).await.err().unwrap();
    assert_eq!(refused.code(), Code::InvalidArgument);
}
