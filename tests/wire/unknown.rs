//! threats.md E11: what a carrier hears of a number that it does not know says nothing about the number.

use portcullis::grpc::identity::AccessTokenClaims;
use portcullis::grpc::pb::v1 as pb;
use prost::Message as _;

use crate::world::{BRAND, World, ask, number, port_out};

const LOCKED: &str = "+12125550131";
const OPEN: &str = "+12125550132";
const ENDED: &str = "+12125550133";
const BARRED: &str = "+12125550134";
const OTHER_BRANDS: &str = "+12125550135";
const NOBODYS: &str = "+12125550136";

const ALL: [&str; 6] = [LOCKED, OPEN, ENDED, BARRED, OTHER_BRANDS, NOBODYS];

async fn populated() -> World {
    let world = World::empty().await;
    let lines = [
        (LOCKED, pb::LineStatus::Active, BRAND),
        (OPEN, pb::LineStatus::Active, BRAND),
        (ENDED, pb::LineStatus::Closed, BRAND),
        (BARRED, pb::LineStatus::Suspended, BRAND),
        (OTHER_BRANDS, pb::LineStatus::Active, "other"),
    ];
    for (place, (msisdn, status, brand)) in lines.into_iter().enumerate() {
        let mut seed = world.seed();
        let account = seed.account.as_mut().unwrap();
        account.account_id = format!("acct-{place}");
        brand.clone_into(&mut account.brand);
        seed.lines[0].line_id = format!("line-{place}");
        msisdn.clone_into(&mut seed.lines[0].msisdn);
        seed.lines[0].iccid = String::new();
        seed.lines[0].status = status.into();
        if msisdn == LOCKED {
            seed.locks = vec![pb::LockSeed {
                set: pb::LockSet::Port.into(),
                holder: pb::LockHolder::Customer.into(),
                since_time: crate::world::instant(crate::world::start()),
                reason_code: String::new(),
                line_id: seed.lines[0].line_id.clone(),
            }];
        }
        let request = pb::UpsertAccountRequest { request_id: world.request_id(), seed: Some(seed) };
        let provisioning = AccessTokenClaims { brand: Some(brand.to_owned()), ..world.claims("provisioning") };
        world.accounts().upsert_account(world.with(&provisioning, request)).await.unwrap();
    }
    world
}

/// What a carrier may bring that does not know the account number.
fn questions(world: &World, msisdn: &str) -> Vec<pb::DecideRequest> {
    let plain = || pb::DecideRequest { line: Some(number(msisdn)), ..ask(world, port_out(), pb::Channel::Port) };
    let wrong = || pb::DecideRequest {
        claims: Some(pb::Claims { account_number: "999".to_owned(), ..pb::Claims::default() }),
        ..plain()
    };
    let with = |evidence| vec![pb::Evidence { evidence: Some(evidence) }];
    vec![
        plain(),
        wrong(),
        pb::DecideRequest { mode: pb::Mode::Advise.into(), ..wrong() },
        pb::DecideRequest { dialect: "wicis".to_owned(), ..wrong() },
        pb::DecideRequest { dialect: "bandwidth".to_owned(), ..plain() },
        pb::DecideRequest { evidence: with(pb::evidence::Evidence::TransferPin("482913".to_owned())), ..wrong() },
        pb::DecideRequest { evidence: with(pb::evidence::Evidence::AccountPin("907163".to_owned())), ..wrong() },
    ]
}

/// An answer without what is its own by chance: its id. Its length on the wire beside it.
fn told(decision: Option<pb::Decision>) -> (pb::Decision, usize) {
    let decision = decision.unwrap();
    let length = decision.encoded_len();
    (pb::Decision { decision_id: String::new(), ..decision }, length)
}

#[tokio::test]
async fn a_carrier_hears_the_same_of_every_number_it_does_not_know() {
    let world = populated().await;
    let mut heard = Vec::new();
    for msisdn in ALL {
        let mut of_number = Vec::new();
        for question in questions(&world, msisdn) {
            let asked = world.decisions().decide(world.as_role("porting_system", question)).await.unwrap();
            let decision = asked.into_inner().decision;
            let again = pb::GetDecisionRequest {
                decision_id: decision.as_ref().unwrap().decision_id.clone(),
                ..pb::GetDecisionRequest::default()
            };
            of_number.push(told(decision));
            let read = world.decisions().get_decision(world.as_role("porting_system", again)).await.unwrap();
            of_number.push(told(read.into_inner().decision));
        }
        heard.push(of_number);
    }
    for (msisdn, of_number) in ALL.iter().zip(&heard) {
        for (place, (one, other)) in of_number.iter().zip(&heard[0]).enumerate() {
            assert!(one == other, "answer {place} on {msisdn} is not the one on {}", ALL[0]);
        }
    }
    let (first, _) = &heard[0][0];
    assert_eq!(
        (first.outcome(), first.line_id.as_str(), first.consistency_token.as_str()),
        (pb::Outcome::Deny, "", "")
    );
    let Some(pb::decision::Detail::Denial(denial)) = &first.detail else { panic!("no denial") };
    assert!(denial.retry_time.is_none());
}
