//! Secrets over the wire: one call shows one value, once.

use portcullis::grpc::pb::v1 as pb;
use tonic::Code;

use crate::world::{ACCOUNT, NUMBER, World, number, place, reason};

fn issue(world: &World) -> pb::IssueTransferPinRequest {
    let request_id = world.request_id();
    pb::IssueTransferPinRequest {
        evidence: vec![world.approval(&request_id, NUMBER, "TRANSFER_PIN_ISSUE\ngaining_spid=\n")],
        request_id,
        interaction: place(pb::Channel::App),
        gaining_spid: String::new(),
        scope: Some(pb::issue_transfer_pin_request::Scope::Line(number(NUMBER))),
    }
}

#[tokio::test]
async fn a_transfer_pin_is_shown_once() {
    let world = World::populated().await;
    let request = issue(&world);
    let first = world.credentials().issue_transfer_pin(world.as_owner(request.clone())).await.unwrap().into_inner();
    assert_eq!(first.decision.unwrap().outcome(), pb::Outcome::Approve);
    assert!(first.transfer_pin.len() == 6 && first.transfer_pin.bytes().all(|byte| byte.is_ascii_digit()));
    let again = world.credentials().issue_transfer_pin(world.as_owner(request)).await.unwrap().into_inner();
    assert_eq!(again.transfer_pin, "");
    let status = first.status.unwrap();
    assert!(again.status.as_ref() == Some(&status));

    let revoke = pb::RevokeTransferPinRequest {
        request_id: world.request_id(),
        transfer_pin_id: status.transfer_pin_id,
        account_id: ACCOUNT.to_owned(),
    };
    let revoked = world.credentials().revoke_transfer_pin(world.as_owner(revoke)).await.unwrap().into_inner();
    assert!(revoked.status.unwrap().void);
}

#[tokio::test]
async fn a_pin_is_set_by_decision_and_never_shown() {
    let world = World::populated().await;
    let set = |new_pin: &str| {
        let request_id = world.request_id();
        pb::SetPinRequest {
            evidence: vec![world.approval(&request_id, ACCOUNT, "PIN_CHANGE\n")],
            request_id,
            account_id: ACCOUNT.to_owned(),
            new_pin: new_pin.to_owned(),
            interaction: place(pb::Channel::App),
        }
    };
    let guessable = world.credentials().set_pin(world.as_owner(set("123456"))).await.err().unwrap();
    assert_eq!((guessable.code(), reason(&guessable).as_str()), (Code::InvalidArgument, "PIN_GUESSABLE"));
    let changed = world.credentials().set_pin(world.as_owner(set("739150"))).await.unwrap().into_inner();
    assert_eq!(changed.decision.unwrap().outcome(), pb::Outcome::Approve);
    let get = pb::GetCredentialStatusRequest { account_id: ACCOUNT.to_owned() };
    let status = world.credentials().get_credential_status(world.as_owner(get)).await.unwrap().into_inner().status;
    let status = status.unwrap();
    assert!(status.pin_set && status.set_time.is_some() && status.exhausted_until_time.is_none());
}
