//! Challenges over the contract: a till that follows one, a pad and an app that meet it, a customer who says no.

use portcullis::grpc::pb::v1 as pb;
use portcullis::grpc::pb::v1::decline_challenge_request::Target;
use portcullis::grpc::pb::v1::evidence::Evidence as Piece;
use tonic::Code;

use crate::world::{ACCOUNT, LINE, NEW_SIM, NUMBER, PIN, World, ask, number, place, reason, sim_change};

/// What a clerk's ask comes to, and its challenge.
async fn challenged(world: &World) -> (pb::Decision, String) {
    let request = ask(world, sim_change(NEW_SIM), pb::Channel::Store);
    let answer = world.decisions().decide(world.as_role("retail_agent", request)).await.unwrap();
    let decision = answer.into_inner().decision.unwrap();
    let Some(pb::decision::Detail::Challenge(challenge)) = &decision.detail else { panic!("{:?}", decision.reasons) };
    let id = challenge.challenge_id.clone();
    (decision, id)
}

fn submission(world: &World, challenge: &str, piece: Piece, channel: pb::Channel) -> pb::SubmitEvidenceRequest {
    pb::SubmitEvidenceRequest {
        request_id: world.request_id(),
        challenge_id: challenge.to_owned(),
        evidence: vec![pb::Evidence { evidence: Some(piece) }],
        interaction: place(channel),
    }
}

async fn complete(world: &World, challenge: &str) -> Result<pb::Decision, tonic::Status> {
    let request = pb::CompleteDecisionRequest {
        request_id: world.request_id(),
        challenge_id: challenge.to_owned(),
        interaction: place(pb::Channel::Store),
        ..pb::CompleteDecisionRequest::default()
    };
    let answer = world.decisions().complete_decision(world.as_role("retail_agent", request)).await?;
    Ok(answer.into_inner().decision.unwrap())
}

async fn pending(world: &World) -> Vec<pb::PendingChallenge> {
    let request = pb::ListPendingChallengesRequest { account_id: ACCOUNT.to_owned(), ..Default::default() };
    let page = world.challenges().list_pending_challenges(world.as_owner(request)).await.unwrap().into_inner();
    assert_eq!(page.next_page_token, "");
    page.challenges
}

#[tokio::test]
async fn a_till_sees_what_the_pad_answered_and_goes_on() {
    let world = World::populated().await;
    let (decision, challenge) = challenged(&world).await;
    assert_eq!(
        (decision.state(), &decision.decision_id, decision.line_id.as_str()),
        (pb::DecisionState::Pending, &challenge, "")
    );
    let watch = pb::WatchDecisionRequest { decision_id: challenge.clone(), consistency_token: String::new() };
    let mut states = world.decisions().watch_decision(world.as_role("retail_agent", watch)).await.unwrap().into_inner();
    let mut next = async || loop {
        match states.message().await.unwrap() {
            // A sign of life.
            Some(pb::WatchDecisionResponse { decision: None }) => {}
            Some(pb::WatchDecisionResponse { decision: Some(decision) }) => return Some(decision.state()),
            None => return None,
        }
    };
    assert_eq!(next().await, Some(pb::DecisionState::Pending));

    let given = submission(&world, &challenge, Piece::AccountPin(PIN.to_owned()), pb::Channel::Store);
    let answer = world.challenges().submit_evidence(world.as_role("pin_pad", given)).await.unwrap().into_inner();
    assert!(answer.expire_time.is_some());
    assert_eq!(next().await, Some(pb::DecisionState::Answered));

    let approved = complete(&world, &challenge).await.unwrap();
    assert_eq!((approved.outcome(), approved.line_id.as_str()), (pb::Outcome::Approve, LINE));
    assert!(matches!(&approved.detail, Some(pb::decision::Detail::Approval(approval)) if !approval.permit.is_empty()));
    assert_eq!(next().await, Some(pb::DecisionState::Satisfied));
    assert_eq!(next().await, None, "there is no more to come");
    let again = complete(&world, &challenge).await.err().unwrap();
    assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "DECISION_FINAL"));
}

#[tokio::test]
async fn the_app_is_shown_the_exact_change_and_signs_it() {
    let world = World::populated().await;
    let (_, challenge) = challenged(&world).await;
    let waiting = pending(&world).await;
    let [one] = waiting.as_slice() else { panic!("{} wait", waiting.len()) };
    assert_eq!(one.challenge.as_ref().unwrap().challenge_id, challenge);
    assert_eq!(one.channel(), pb::Channel::Store);
    assert!(one.change == Some(sim_change(NEW_SIM)), "it is not the change that was asked for");
    // What is signed is what the contract says that it is.
    let canonical = format!("SIM_CHANGE\niccid={NEW_SIM}\n");
    let digest = portcullis::domain::PolicyRevision(portcullis::crypto::sha256_plain(canonical.as_bytes()));
    assert_eq!(one.signing_input, format!("portcullis-challenge-v1\n{challenge}\n{NUMBER}\nSIM_CHANGE\n{digest}"));

    let signature = world.app.sign(one.signing_input.as_bytes());
    let approval = pb::AppApproval { device_key_id: "phone".to_owned(), signature };
    let given = submission(&world, &challenge, Piece::AppApproval(approval), pb::Channel::App);
    world.challenges().submit_evidence(world.as_owner(given)).await.unwrap();
    assert_eq!(complete(&world, &challenge).await.unwrap().outcome(), pb::Outcome::Approve);
    assert!(pending(&world).await.is_empty());
}

#[tokio::test]
async fn not_me_ends_it_and_locks_the_line() {
    let world = World::populated().await;
    let (_, challenge) = challenged(&world).await;
    let no = pb::DeclineChallengeRequest {
        request_id: world.request_id(),
        target: Some(Target::ChallengeId(challenge.clone())),
        not_me: true,
        interaction: place(pb::Channel::App),
    };
    world.challenges().decline_challenge(world.as_owner(no.clone())).await.unwrap();
    world.challenges().decline_challenge(world.as_owner(no)).await.unwrap();
    let answer = complete(&world, &challenge).await.unwrap();
    let codes: Vec<&str> = answer.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!((answer.outcome(), codes), (pb::Outcome::Deny, vec!["LOCK_ON", "CHALLENGE_DECLINED"]));

    let scope = Some(pb::get_protection_request::Scope::Line(number(NUMBER)));
    let get = pb::GetProtectionRequest { scope, consistency_token: String::new() };
    let locks = world.protections().get_protection(world.as_owner(get)).await.unwrap().into_inner();
    assert_eq!(locks.protections[0].locks[0].set(), pb::LockSet::All);
    let scope = Some(pb::list_activity_request::Scope::Line(number(NUMBER)));
    let list = pb::ListActivityRequest { scope, ..pb::ListActivityRequest::default() };
    let told = world.protections().list_activity(world.as_owner(list)).await.unwrap().into_inner();
    let kinds: Vec<&str> = told.activities.iter().map(|activity| activity.kind.as_str()).collect();
    assert_eq!(kinds, ["SIM_CHANGE", "LOCK_SET", "CHALLENGE_DECLINED", "SIM_CHANGE"]);
}

/// What was wrong with it is told to nobody here.
#[tokio::test]
async fn right_and_wrong_proof_are_answered_alike() {
    let world = World::populated().await;
    let (_, challenge) = challenged(&world).await;
    let give = async |pin: &str| {
        let given = submission(&world, &challenge, Piece::AccountPin(pin.to_owned()), pb::Channel::Store);
        world.challenges().submit_evidence(world.as_role("pin_pad", given)).await.unwrap().into_inner()
    };
    let (wrong, right) = (give("593817").await, give(PIN).await);
    assert_eq!(wrong, right);
    let mut given = submission(&world, &challenge, Piece::TransferPin("482951".to_owned()), pb::Channel::Store);
    let refused = world.challenges().submit_evidence(world.as_role("pin_pad", given.clone())).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    given.evidence.clear();
    let refused = world.challenges().submit_evidence(world.as_role("pin_pad", given)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

/// The owner looks on while somebody asks in a store, and says that it is not them.
#[tokio::test]
async fn the_owner_sees_what_happens_and_disputes_it() {
    let world = World::populated().await;
    let scope = Some(pb::watch_activity_request::Scope::Line(number(NUMBER)));
    let watch = pb::WatchActivityRequest { scope, after_activity_id: String::new() };
    let mut seen = world.protections().watch_activity(world.as_owner(watch)).await.unwrap().into_inner();
    let mut next = async || loop {
        // Without one it is a sign of life.
        if let Some(activity) = seen.message().await.unwrap().unwrap().activity {
            return activity;
        }
    };
    let (_, challenge) = challenged(&world).await;
    let asked = next().await;
    assert_eq!((asked.kind.as_str(), asked.outcome()), ("SIM_CHANGE", pb::Outcome::Challenge));
    assert_eq!(asked.activity_id, challenge);
    let interaction = place(pb::Channel::Web);
    let dispute = pb::DisputeActivityRequest { request_id: world.request_id(), activity_id: challenge, interaction };
    world.protections().dispute_activity(world.as_owner(dispute)).await.unwrap();
    assert_eq!([next().await.kind, next().await.kind], ["ACTIVITY_DISPUTED", "LOCK_SET"]);
}
