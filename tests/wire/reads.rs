//! Who looks at a customer's account is seen by the customer.

use portcullis::grpc::pb::v1 as pb;

use crate::world::{ACCOUNT, NUMBER, World, approved_sim_change, number};

/// The kinds of what happened on the account, newest first, as its owner sees them.
async fn seen(world: &World) -> Vec<(String, String)> {
    let scope = Some(pb::list_activity_request::Scope::AccountId(ACCOUNT.to_owned()));
    let ask = pb::ListActivityRequest { page_size: 100, page_token: String::new(), scope };
    let page = world.protections().list_activity(world.as_owner(ask)).await.unwrap().into_inner();
    page.activities.into_iter().map(|activity| (activity.kind, activity.summary)).collect()
}

fn status() -> pb::GetCredentialStatusRequest {
    pb::GetCredentialStatusRequest { account_id: ACCOUNT.to_owned() }
}

fn account() -> pb::GetAccountRequest {
    pb::GetAccountRequest { r#ref: Some(pb::get_account_request::Ref::Line(number(NUMBER))) }
}

#[tokio::test]
async fn every_look_of_the_carriers_people_is_on_record() {
    let world = World::populated().await;
    let decided = world.decisions().decide(world.as_owner(approved_sim_change(&world))).await.unwrap().into_inner();
    let before = seen(&world).await;
    let line = Some(pb::get_protection_request::Scope::Line(number(NUMBER)));
    let locks = pb::GetProtectionRequest { scope: line, consistency_token: String::new() };
    world.protections().get_protection(world.as_role("care_agent", locks)).await.unwrap();
    world.credentials().get_credential_status(world.as_role("retail_agent", status())).await.unwrap();
    world.accounts().get_account(world.as_role("fraud_ops", account())).await.unwrap();
    let scope = Some(pb::list_activity_request::Scope::AccountId(ACCOUNT.to_owned()));
    let history = pb::ListActivityRequest { page_size: 100, page_token: String::new(), scope };
    world.protections().list_activity(world.as_role("auditor", history)).await.unwrap();
    let decision_id = decided.decision.unwrap().decision_id;
    let decision = pb::GetDecisionRequest { decision_id, consistency_token: String::new() };
    world.decisions().get_decision(world.as_role("auditor", decision.clone())).await.unwrap();

    let after = seen(&world).await;
    let new: Vec<&str> = after[..after.len() - before.len()].iter().map(|(_, summary)| summary.as_str()).collect();
    assert_eq!(
        new,
        [
            "Somebody at the carrier looked at a decision.",
            "Somebody at the carrier looked at what happened here.",
            "Somebody at the carrier looked at the account.",
            "Somebody at the carrier looked at whether PINs are set.",
            "Somebody at the carrier looked at the locks.",
        ]
    );
    assert!(after.iter().take(new.len()).all(|(kind, _)| kind == "ACCOUNT_READ"));
    // The owner's own looks leave nothing, nor does who asks after what they asked for themselves.
    world.credentials().get_credential_status(world.as_owner(status())).await.unwrap();
    world.decisions().get_decision(world.as_owner(decision)).await.unwrap();
    assert_eq!(seen(&world).await, after);
}

#[tokio::test]
async fn a_look_that_leads_nowhere_leaves_nothing() {
    let world = World::populated().await;
    let before = seen(&world).await;
    let other = pb::GetCredentialStatusRequest { account_id: "acct-none".to_owned() };
    world.credentials().get_credential_status(world.as_role("care_agent", other)).await.err().unwrap();
    // A porting system may not look at all.
    world.accounts().get_account(world.as_role("porting_system", account())).await.err().unwrap();
    assert_eq!(seen(&world).await, before);
}
