//! Changes carried out elsewhere: decided, redeemed once, told to carriers in their own codes.

use portcullis::grpc::pb::v1 as pb;
use tonic::Code;

use crate::world::{
    ACCOUNT_NUMBER, LINE, NEW_SIM, NUMBER, UNKNOWN_NUMBER, World, approved_sim_change, ask, number, port_out, reason,
    sim_change,
};

fn permit_of(decision: &pb::Decision) -> &str {
    match &decision.detail {
        Some(pb::decision::Detail::Approval(approval)) => &approval.permit,
        _ => panic!("no approval, for {:?}", decision.reasons),
    }
}

async fn decide(world: &World, request: tonic::Request<pb::DecideRequest>) -> pb::Decision {
    world.decisions().decide(request).await.unwrap().into_inner().decision.unwrap()
}

fn redemption(world: &World, permit: &str, iccid: &str) -> pb::RedeemPermitRequest {
    pb::RedeemPermitRequest {
        request_id: world.request_id(),
        permit: permit.to_owned(),
        line: Some(number(NUMBER)),
        change: Some(sim_change(iccid)),
    }
}

#[tokio::test]
async fn an_approval_is_redeemed_once_for_exactly_its_change() {
    let world = World::populated().await;
    let decision = decide(&world, world.as_owner(approved_sim_change(&world))).await;
    assert_eq!(decision.outcome(), pb::Outcome::Approve, "{:?}", decision.reasons);
    assert_eq!((decision.state(), decision.line_id.as_str()), (pb::DecisionState::Final, LINE));
    let permit = permit_of(&decision);
    let other = redemption(&world, permit, "8901260123456789037");
    let refused = world.decisions().redeem_permit(world.as_owner(other)).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "PERMIT_MISMATCH"));

    let right = redemption(&world, permit, NEW_SIM);
    let redeemed = world.decisions().redeem_permit(world.as_owner(right.clone())).await.unwrap().into_inner();
    assert_eq!(redeemed.line_id, LINE);
    let again = world.decisions().redeem_permit(world.as_owner(right)).await.unwrap().into_inner();
    let said = |answer: &pb::RedeemPermitResponse| (answer.redemption_id.clone(), answer.redeem_time);
    assert_eq!(said(&again), said(&redeemed), "the same request gives the same answer");
    let second = redemption(&world, permit, NEW_SIM);
    let refused = world.decisions().redeem_permit(world.as_owner(second)).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "PERMIT_USED"));

    let get = pb::GetDecisionRequest { decision_id: decision.decision_id, consistency_token: String::new() };
    let seen =
        world.decisions().get_decision(world.as_owner(get.clone())).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(seen.state(), pb::DecisionState::Redeemed);
    let audited = world.decisions().get_decision(world.as_role("auditor", get)).await.unwrap().into_inner();
    let audited = audited.decision.unwrap();
    assert!(audited.explanation.is_some() && permit_of(&audited).is_empty(), "an auditor sees why, never the permit");
}

#[tokio::test]
async fn one_request_has_one_decision() {
    let world = World::populated().await;
    let request = approved_sim_change(&world);
    let first = decide(&world, world.as_owner(request.clone())).await;
    let again = decide(&world, world.as_owner(request.clone())).await;
    assert!(
        first.decision_id == again.decision_id && first.detail == again.detail,
        "a permit is given again as it was"
    );
    let other = pb::DecideRequest { change: Some(sim_change("8901260123456789037")), ..request };
    let refused = world.decisions().decide(world.as_owner(other)).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
}

#[tokio::test]
async fn without_proof_a_customer_is_challenged_and_told_how() {
    let world = World::populated().await;
    let decision = decide(&world, world.as_owner(ask(&world, sim_change(NEW_SIM), pb::Channel::App))).await;
    let Some(pb::decision::Detail::Challenge(challenge)) = &decision.detail else { panic!("no challenge") };
    assert!(challenge.options.iter().any(|option| option.usable && option.factor() == pb::Factor::AppApproval));
    assert!(!challenge.next_step.is_empty() && !decision.reasons.is_empty());
    assert_eq!((decision.state(), decision.line_id.as_str()), (pb::DecisionState::Pending, ""));
}

#[tokio::test]
async fn a_permit_is_signed_only_where_that_is_asked_and_shown_only_to_who_asked() {
    let world = World::populated().await;
    let signed = |decision: &pb::Decision| match &decision.detail {
        Some(pb::decision::Detail::Approval(approval)) => approval.signed_permit.clone(),
        _ => panic!("no approval, for {:?}", decision.reasons),
    };
    let request = pb::DecideRequest { want_signed_permit: true, ..approved_sim_change(&world) };
    let first = decide(&world, world.as_owner(request.clone())).await;
    assert_eq!(signed(&first).split('.').count(), 3);
    assert_eq!(signed(&decide(&world, world.as_owner(request.clone())).await), signed(&first));
    // Another body under the same name, though the question is the same.
    let unsigned = pb::DecideRequest { want_signed_permit: false, ..request.clone() };
    let refused = world.decisions().decide(world.as_owner(unsigned)).await.err().unwrap();
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    let get = pb::GetDecisionRequest { decision_id: first.decision_id, consistency_token: String::new() };
    let shown = world.decisions().get_decision(world.as_owner(get)).await.unwrap().into_inner().decision.unwrap();
    assert_eq!(signed(&shown), "");
    assert_eq!(signed(&decide(&world, world.as_owner(approved_sim_change(&world))).await), "");
    let advice = pb::DecideRequest { mode: pb::Mode::Advise.into(), evidence: Vec::new(), ..request };
    let advice = pb::DecideRequest { request_id: world.request_id(), ..advice };
    let refused = world.decisions().decide(world.as_owner(advice)).await.err().unwrap();
    assert!(refused.message().contains("want_signed_permit"), "{}", refused.message());
}

/// P10: to a carrier an unknown line answers as a known one, until the account number matches.
#[tokio::test]
async fn a_carrier_gets_codes_and_learns_nothing_more() {
    let world = World::populated().await;
    let port = |msisdn: &str, account_number: &str| pb::DecideRequest {
        line: Some(number(msisdn)),
        dialect: "wicis".to_owned(),
        claims: Some(pb::Claims { account_number: account_number.to_owned(), ..pb::Claims::default() }),
        ..ask(&world, port_out(), pb::Channel::Port)
    };
    let wrong = decide(&world, world.as_role("porting_system", port(NUMBER, "999"))).await;
    let unknown = decide(&world, world.as_role("porting_system", port(UNKNOWN_NUMBER, "999"))).await;
    for decision in [&wrong, &unknown] {
        let wire = decision.wire.as_ref().unwrap();
        assert_eq!((wire.answer(), wire.codes.clone()), (pb::WireAnswer::ResolutionRequired, vec!["8A".to_owned()]));
        assert!(decision.reasons.is_empty() && decision.explanation.is_none() && decision.line_id.is_empty());
    }
    assert!(wrong.detail == unknown.detail, "an unknown line answers as a known one");
    let right = decide(&world, world.as_role("porting_system", port(NUMBER, ACCOUNT_NUMBER))).await;
    assert_ne!(right.wire.unwrap().codes, vec!["8A".to_owned()]);
}

#[tokio::test]
async fn a_batch_is_as_good_as_its_worst_line() {
    let world = World::populated().await;
    let claims = pb::Claims { account_number: ACCOUNT_NUMBER.to_owned(), ..pb::Claims::default() };
    let common = pb::DecideRequest {
        line: None,
        claims: Some(claims),
        dialect: "wicis".to_owned(),
        ..ask(&world, port_out(), pb::Channel::Port)
    };
    let request = pb::BatchDecideRequest { common: Some(common), lines: vec![number(NUMBER), number(UNKNOWN_NUMBER)] };
    let batch = world.decisions().batch_decide(world.as_role("porting_system", request)).await.unwrap().into_inner();
    assert_eq!(batch.decisions.len(), 2);
    assert!(batch.outcome() != pb::Outcome::Approve && batch.wire.is_some() && !batch.consistency_token.is_empty());
}

#[tokio::test]
async fn a_withdrawn_decision_gives_no_right() {
    let world = World::populated().await;
    let decision = decide(&world, world.as_owner(approved_sim_change(&world))).await;
    let withdraw = pb::WithdrawDecisionRequest {
        request_id: world.request_id(),
        decision_id: decision.decision_id.clone(),
        cause: "cancelled".to_owned(),
    };
    let after = world.decisions().withdraw_decision(world.as_owner(withdraw)).await.unwrap().into_inner();
    assert_eq!(after.decision.unwrap().state(), pb::DecisionState::Withdrawn);
    let late = redemption(&world, permit_of(&decision), NEW_SIM);
    let refused = world.decisions().redeem_permit(world.as_owner(late)).await.err().unwrap();
    assert_eq!(reason(&refused), "PERMIT_VOID");
}
