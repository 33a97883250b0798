//! Nobody gets in without a token, and nobody past the rights of its role.

use chrono::TimeDelta;
use portcullis::grpc::identity::AccessTokenClaims;
use portcullis::grpc::pb::v1 as pb;
use tonic::{Code, Request};

use crate::world::{ACCOUNT, NEW_SIM, World, approved_sim_change, ask, reason, sim_change};

/// Calls every unary method with the same bytes and metadata, by path: typed clients would leave out what they forget.
async fn every_method(world: &World, token: Option<&str>) -> Vec<(String, tonic::Status)> {
    use tonic::codegen::http::uri::PathAndQuery;
    let pool = prost_reflect::DescriptorPool::decode(portcullis::grpc::pb::v1::DESCRIPTOR_SET).unwrap();
    let mut refused = Vec::new();
    for service in pool.services().filter(|service| service.package_name() == "portcullis.v1") {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let mut client = tonic::client::Grpc::new(world.channel.clone());
            client.ready().await.unwrap();
            let mut request = Request::new(tokio_stream::iter([pb::GetDecisionRequest::default()]));
            if let Some(token) = token {
                request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
            }
            let codec = tonic_prost::ProstCodec::<pb::GetDecisionRequest, pb::GetDecisionResponse>::default();
            let answer = client.streaming(request, PathAndQuery::try_from(path.as_str()).unwrap(), codec).await;
            let status = match answer {
                Err(status) => status,
                Ok(answer) => match answer.into_inner().message().await {
                    Err(status) => status,
                    Ok(message) => panic!("{path} was answered: {}", message.is_some()),
                },
            };
            refused.push((path, status));
        }
    }
    refused
}

#[tokio::test]
async fn every_call_needs_a_token() {
    let world = World::populated().await;
    let refused = every_method(&world, None).await;
    assert_eq!(refused.len(), 62);
    for (path, status) in refused {
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_MISSING"), "{path}");
    }
    for (path, status) in every_method(&world, Some("a.b.c")).await {
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "TOKEN_INVALID"), "{path}");
    }
}

#[tokio::test]
async fn a_token_ends_when_it_says_so() {
    let world = World::populated().await;
    let claims = world.owner_claims();
    world.decisions().decide(world.with(&claims, approved_sim_change(&world))).await.unwrap();
    world.pass(TimeDelta::seconds(631));
    let late = world.decisions().decide(world.with(&claims, approved_sim_change(&world))).await.err().unwrap();
    assert_eq!((late.code(), reason(&late).as_str()), (Code::Unauthenticated, "TOKEN_OUT_OF_TIME"));
}

#[tokio::test]
async fn a_clock_that_was_stepped_lets_nobody_in() {
    let world = World::populated().await;
    let request = world.as_owner(approved_sim_change(&world));
    world.clock.step_wall(TimeDelta::hours(-1));
    let refused = world.decisions().decide(request).await.err().unwrap();
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test]
async fn roles_reach_what_is_theirs() {
    let world = World::populated().await;
    let auditor = world.as_role("auditor", ask(&world, sim_change(NEW_SIM), pb::Channel::Care));
    let refused = world.decisions().decide(auditor).await.err().unwrap();
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "FORBIDDEN"));
    let stranger = AccessTokenClaims { account_id: Some("acct-2".to_owned()), ..world.owner_claims() };
    let status = pb::GetCredentialStatusRequest { account_id: ACCOUNT.to_owned() };
    let refused = world.credentials().get_credential_status(world.with(&stranger, status)).await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn bad_input_is_named_on_the_wire() {
    use tonic_types::StatusExt as _;
    let world = World::populated().await;
    let request = pb::DecideRequest { change: Some(sim_change("8901260123456789013")), ..approved_sim_change(&world) };
    let refused = world.decisions().decide(world.as_owner(request)).await.err().unwrap();
    let details = refused.get_error_details();
    assert_eq!(details.bad_request().unwrap().field_violations[0].field, "change.sim_change.iccid");
    assert!(!format!("{refused:?}").contains("8901260123456789013"));
}

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let world = World::populated().await;
    world.decisions().decide(Request::new(approved_sim_change(&world))).await.err().unwrap();
    world.decisions().decide(world.as_owner(approved_sim_change(&world))).await.unwrap();
    let text = world.metrics.encode().unwrap();
    for line in [
        r#"portcullis_requests_total{method="Decide",code="OK"} 1"#,
        r#"portcullis_requests_total{method="Decide",code="UNAUTHENTICATED"} 1"#,
        r#"portcullis_requests_total{method="UpsertAccount",code="OK"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}
