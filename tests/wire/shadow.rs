//! The shadow policy: what it would have said is on record for auditors, and changes no byte of any answer.

use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::audit_service_client::AuditServiceClient;
use portcullis::policy::{Policy, load};
use prost::Message as _;

use crate::world::{
    ACCOUNT, GAINING, NEW_SIM, NUMBER, UNKNOWN_NUMBER, World, approved_sim_change, ask, number, place, port_out,
    sim_change,
};

const DENIES: &str = "shadow-denies";

/// Denies whatever is asked, and would hold the staff who asked.
fn denies_all() -> Policy {
    let actions: Vec<String> =
        portcullis::domain::Action::ALL.iter().map(|action| format!("{:?}", action.name())).collect();
    let rule = format!(
        "extends = \"us-default\"\n[[rule]]\nid = \"{DENIES}\"\non = [{}]\nwhen = 'true'\nat_least = \"DENY\"\nhold = \
         \"STAFF\"\nreason = \"FLAGGED\"\n",
        actions.join(", ")
    );
    load("shadow.toml", &rule).unwrap()
}

/// A decision as its caller gets it, but for what is another each time: its name and what is made of that.
fn told(decision: Option<pb::Decision>) -> Vec<u8> {
    let mut decision = decision.unwrap();
    for text in [&mut decision.decision_id, &mut decision.consistency_token] {
        *text = "x".repeat(text.len());
    }
    if let Some(pb::decision::Detail::Challenge(challenge)) = &mut decision.detail {
        challenge.challenge_id = "x".repeat(challenge.challenge_id.len());
    }
    if let Some(pb::decision::Detail::Approval(approval)) = &mut decision.detail {
        for text in [&mut approval.permit, &mut approval.signed_permit] {
            *text = "x".repeat(text.len());
        }
    }
    decision.encode_to_vec()
}

/// Everything that somebody is answered in a life of one line, in bytes. Worlds differ in the shadow alone.
async fn answers(world: &World) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    let (mut decisions, mut credentials) = (world.decisions(), world.credentials());
    let claims = |number: &str| Some(pb::Claims { account_number: number.to_owned(), ..pb::Claims::default() });
    let port = |world: &World| ask(world, port_out(), pb::Channel::Port);
    let asks = [
        ("retail_agent", ask(world, sim_change(NEW_SIM), pb::Channel::Store)),
        ("care_agent", ask(world, sim_change(NEW_SIM), pb::Channel::Care)),
        ("porting_system", port(world)),
        ("porting_system", pb::DecideRequest { claims: claims("999"), ..port(world) }),
        ("porting_system", pb::DecideRequest { claims: claims(crate::world::ACCOUNT_NUMBER), ..port(world) }),
        ("porting_system", pb::DecideRequest { line: Some(number(UNKNOWN_NUMBER)), ..port(world) }),
        ("porting_system", pb::DecideRequest { mode: pb::Mode::Advise.into(), ..port(world) }),
        ("retail_agent", ask(world, sim_change(NEW_SIM), pb::Channel::Store)),
    ];
    for (role, asked) in asks {
        let again = asked.clone();
        let answer = decisions.decide(world.as_role(role, asked)).await.unwrap().into_inner().decision;
        let repeated = decisions.decide(world.as_role(role, again)).await.unwrap().into_inner().decision;
        assert_eq!(answer.as_ref().unwrap().decision_id, repeated.as_ref().unwrap().decision_id);
        answers.extend([told(answer), told(repeated)]);
    }
    let approved = decisions.decide(world.as_owner(approved_sim_change(world))).await.unwrap().into_inner().decision;
    let id = approved.as_ref().unwrap().decision_id.clone();
    let Some(pb::decision::Detail::Approval(approval)) = approved.as_ref().unwrap().detail.clone() else {
        panic!("not approved")
    };
    answers.push(told(approved));
    for role in ["fraud_ops", "auditor"] {
        let request = pb::GetDecisionRequest { decision_id: id.clone(), consistency_token: String::new() };
        let shown = decisions.get_decision(world.as_role(role, request)).await.unwrap().into_inner();
        answers.push(told(shown.decision));
    }
    let redeem = pb::RedeemPermitRequest {
        request_id: world.request_id(),
        permit: approval.permit,
        line: Some(number(NUMBER)),
        change: Some(sim_change(NEW_SIM)),
    };
    let redeemed = decisions.redeem_permit(world.as_owner(redeem)).await.unwrap().into_inner();
    answers.push(redeemed.line_id.into_bytes());
    let common = pb::DecideRequest { line: None, ..ask(world, port_out(), pb::Channel::Port) };
    let batch = pb::BatchDecideRequest { lines: vec![number(NUMBER)], common: Some(common) };
    let batch = decisions.batch_decide(world.as_role("porting_system", batch)).await.unwrap().into_inner();
    answers.push(vec![u8::try_from(batch.outcome).unwrap()]);
    answers.extend(batch.decisions.into_iter().map(|decision| told(Some(decision))));
    let issue = pb::IssueTransferPinRequest {
        request_id: world.request_id(),
        scope: Some(pb::issue_transfer_pin_request::Scope::Line(number(NUMBER))),
        gaining_spid: GAINING.to_owned(),
        interaction: place(pb::Channel::App),
        ..pb::IssueTransferPinRequest::default()
    };
    answers.push(told(credentials.issue_transfer_pin(world.as_owner(issue)).await.unwrap().into_inner().decision));
    let scope = Some(pb::list_activity_request::Scope::AccountId(ACCOUNT.to_owned()));
    let history = pb::ListActivityRequest { scope, page_size: 50, page_token: String::new() };
    let history = world.protections().list_activity(world.as_owner(history)).await.unwrap().into_inner();
    answers.extend(history.activities.into_iter().map(|mut activity| {
        activity.activity_id = String::new();
        activity.encode_to_vec()
    }));
    answers
}

async fn decided(world: &World, role: &str) -> Vec<pb::Record> {
    let kinds = vec![pb::RecordKind::Decided.into()];
    let filter = Some(pb::RecordFilter { kinds, ..pb::RecordFilter::default() });
    let request = pb::ListRecordsRequest { filter, page_size: 200, ..pb::ListRecordsRequest::default() };
    let mut audit = AuditServiceClient::new(world.channel.clone());
    audit.list_records(world.as_role(role, request)).await.unwrap().into_inner().records
}

/// INVARIANT (shadow-answers-nothing)
#[tokio::test]
async fn a_shadow_that_denies_everything_changes_no_byte_of_any_answer() {
    let (without, with) = (World::populated().await, World::populated().await);
    let revision = with.engine.replace_shadow(denies_all()).unwrap().to_string();
    let (alone, beside) = (answers(&without).await, answers(&with).await);
    assert!(alone.len() > 25, "{}", alone.len());
    for (place, (alone, beside)) in alone.iter().zip(&beside).enumerate() {
        assert_eq!(alone, beside, "answer {place}");
    }
    assert_eq!(alone.len(), beside.len());

    let records = decided(&with, "auditor").await;
    assert!(records.len() >= 10);
    let mut outcomes: Vec<i32> = records.iter().map(|record| record.outcome).collect();
    for record in records {
        let shadow = record.shadow.unwrap();
        assert_eq!((shadow.outcome(), &shadow.policy_revision), (pb::Outcome::Deny, &revision));
        assert!(shadow.contributions.iter().any(|given| given.rule_id == DENIES));
        assert!(shadow.reasons.iter().any(|given| given.rule_id == DENIES && given.code == "FLAGGED"));
        assert_ne!(record.policy_revision, revision);
        assert!(record.reasons.iter().all(|given| given.rule_id != DENIES), "what decided has no such rule");
    }
    outcomes.sort_unstable();
    outcomes.dedup();
    assert_eq!(outcomes.len(), 3, "approvals, challenges and denials stood as they were");
    assert!(decided(&without, "auditor").await.iter().all(|record| record.shadow.is_none()));
    assert!(decided(&with, "fraud_ops").await.iter().all(|record| record.shadow.is_none()), "it is for auditors");
}

/// INVARIANT (shadow-answers-nothing)
#[tokio::test]
async fn a_shadow_that_does_not_stand_leaves_the_one_before() {
    let world = World::populated().await;
    let revision = world.engine.replace_shadow(denies_all()).unwrap().to_string();
    let broken = Policy { challenge_life: chrono::TimeDelta::MAX, ..Policy::us_default() };
    assert!(world.engine.replace_shadow(broken).is_err());
    let asked = ask(&world, port_out(), pb::Channel::Port);
    world.decisions().decide(world.as_role("porting_system", asked)).await.unwrap();
    let records = decided(&world, "auditor").await;
    assert_eq!(records[0].shadow.as_ref().unwrap().policy_revision, revision);
    // The same policy beside itself says the same.
    world.engine.replace_shadow(Policy::us_default()).unwrap();
    let asked = ask(&world, port_out(), pb::Channel::Port);
    world.decisions().decide(world.as_role("porting_system", asked)).await.unwrap();
    let record = decided(&world, "auditor").await.pop().unwrap();
    let shadow = record.shadow.unwrap();
    assert_eq!((shadow.outcome, shadow.policy_revision), (record.outcome, record.policy_revision));
    assert_eq!((shadow.reasons, shadow.contributions), (record.reasons, record.explanation.unwrap().contributions));
}
