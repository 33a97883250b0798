//! BatchDecide: many lines, one account, one commit.

use portcullis::domain::{
    AppApproval, Channel, DeviceId, Flags, LineId, LineStatus, LockHolder, LockSet, Msisdn, OutcomeKind, PinCheck,
};
use portcullis::service::{LineName, LineRef, LineSeed, LockSeed, Question, ServiceError, authorise};

use crate::world::{GAINING, PIN, World, carrier, customer, line_ref, port_out};

pub(crate) fn second_line() -> LineSeed {
    LineSeed {
        id: LineId::parse("line-2").unwrap(),
        msisdn: Msisdn::parse("+12125550124").unwrap(),
        status: LineStatus::Active,
        iccid: None,
        eid: None,
        imei: None,
        sim_since: None,
        flags: Flags::default(),
    }
}

fn named(number: &str) -> LineRef {
    LineRef::named(LineName::Msisdn(Msisdn::parse(number).unwrap()))
}

async fn family(locked: bool) -> World {
    let world = World::new();
    let mut seed = world.seed();
    seed.lines.push(second_line());
    if locked {
        let line = Some(LineId::parse("line-2").unwrap());
        seed.locks.push(LockSeed { line, set: LockSet::Port, holder: LockHolder::Customer, since: None, reason: None });
    }
    world.create(seed).await;
    world
}

fn approved(world: &World, lines: &[LineRef]) -> Question {
    let mut question = world.port();
    let signature = world.app.sign(question.batch_signing_input(lines).as_bytes());
    question.evidence.app_approval = Some(AppApproval { device: DeviceId::parse("phone").unwrap(), signature });
    question
}

#[tokio::test]
async fn an_approval_of_one_line_is_none_of_another() {
    let world = family(false).await;
    let lines = vec![line_ref(), named("+12125550124")];
    let mut common = approved(&world, &lines[..1]);
    common.request_id = world.request_id();
    let batch = world.engine.batch_decide(authorise(carrier()).unwrap(), common, lines).await.unwrap();
    assert_eq!(batch.outcome, OutcomeKind::Challenge);
}

#[tokio::test]
async fn all_or_none_leave_and_a_repetition_is_answered_alike() {
    for locked in [false, true] {
        let world = family(locked).await;
        let lines = vec![line_ref(), named("+12125550124")];
        let common = Question { want_signed_permit: true, ..approved(&world, &lines) };
        let ask = || world.engine.batch_decide(authorise(carrier()).unwrap(), common.clone(), lines.clone());
        let first = ask().await.unwrap();
        let expected = if locked { OutcomeKind::Deny } else { OutcomeKind::Approve };
        assert_eq!(first.outcome, expected, "{first:?}");
        assert_eq!(first.answers.len(), 2);
        assert_eq!(first.answers.iter().filter(|answer| answer.permit.is_some()).count(), if locked { 0 } else { 2 });
        assert!(first.answers.iter().all(|answer| answer.signed_permit.is_some() == answer.permit.is_some()));
        let again = ask().await.unwrap();
        let told = |batch: &portcullis::service::BatchAnswer| -> Vec<_> {
            batch
                .answers
                .iter()
                .map(|answer| (answer.id(), answer.permit.clone(), answer.signed_permit.clone()))
                .collect()
        };
        assert_eq!(told(&first), told(&again));
        for answer in &first.answers {
            if let Some(permit) = &answer.permit {
                let line = LineRef::named(LineName::LineId(answer.line().unwrap().clone()));
                let request_id = world.request_id();
                let body = portcullis::service::Body(request_id.to_bytes().to_vec());
                let change = port_out(GAINING);
                let redemption =
                    portcullis::service::Redemption { request_id, body, permit: permit.clone(), line, change };
                world.engine.redeem(authorise(carrier()).unwrap(), redemption).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_stranger_among_the_lines_looks_unknown() {
    let world = family(false).await;
    let lines = vec![line_ref(), named("+12125550166")];
    let common = approved(&world, &lines);
    let batch = world.engine.batch_decide(authorise(carrier()).unwrap(), common, lines).await.unwrap();
    assert_ne!(batch.outcome, OutcomeKind::Approve);
    assert!(batch.answers.iter().all(|answer| answer.permit.is_none()));
}

#[tokio::test]
async fn one_pin_is_one_attempt_for_all_lines() {
    let world = family(false).await;
    for number in 0..5 {
        let mut common = world.question(crate::world::sim_to(crate::world::NEW_SIM), Channel::App);
        common.body.0.push(number);
        common.evidence.account_pin = Some(portcullis::domain::PinDigits::parse_offered("908171").unwrap());
        let lines = vec![line_ref(), named("+12125550124")];
        let batch = world.engine.batch_decide(authorise(customer()).unwrap(), common, lines).await.unwrap();
        assert!(batch.answers.iter().all(|a| a.decided().unwrap().checks.pin == PinCheck::Mismatched), "try {number}");
    }
    let mut question = world.sim_change(Channel::App);
    question.evidence.account_pin = Some(portcullis::domain::PinDigits::parse_offered(PIN).unwrap());
    let answer = world.decide(customer(), question).await.unwrap();
    assert!(matches!(answer.decided().unwrap().checks.pin, PinCheck::Exhausted { .. }), "{:?}", answer.decided());
}

#[tokio::test]
async fn bounds_are_told_by_field() {
    let world = family(false).await;
    let ask = async |lines| world.engine.batch_decide(authorise(carrier()).unwrap(), world.port(), lines).await;
    let none = ask(Vec::new()).await;
    let many = ask(vec![line_ref(); 101]).await;
    let twice = ask(vec![line_ref(), line_ref()]).await;
    for result in [none, many, twice] {
        assert!(matches!(result, Err(ServiceError::Invalid { field: "lines", .. })), "{result:?}");
    }
}
