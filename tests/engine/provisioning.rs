//! Provisioning creates protection and never lowers it; lines move under permits. threats.md E36, E37.

use portcullis::domain::{
    AccountId, AccountNumber, Change, Channel, Flags, Iccid, LineId, LineStatus, LockHolder, LockSet, Msisdn,
    OutcomeKind, OwnerChange, PinDigits, PinOrigin, Role,
};
use portcullis::service::{
    Body, LineName, LineRef, LineSeed, LockSeed, Move, PinSeed, Redemption, Refusal, Scope, Seed, ServiceError, Upsert,
    UpsertEffect, authorise,
};

use crate::world::{
    ACCOUNT, GAINING, LINE, NUMBER, World, brand, carrier, customer, port_out, provisioning, requester,
};

async fn upsert(world: &World, seed: Seed) -> Result<UpsertEffect, ServiceError> {
    let who = authorise(provisioning()).unwrap();
    world.engine.upsert_account(who, Upsert { request: None, seed }).await.map(|done| done.effect)
}

fn is_permit_needed(result: &Result<UpsertEffect, ServiceError>) -> bool {
    matches!(result, Err(ServiceError::Refused(Refusal::PermitNeeded)))
}

#[tokio::test]
async fn the_same_seed_twice_changes_nothing() {
    let world = World::new();
    assert_eq!(upsert(&world, world.seed()).await.unwrap(), UpsertEffect::Created);
    assert_eq!(upsert(&world, world.seed()).await.unwrap(), UpsertEffect::Unchanged);
    let world = world.reopen().await;
    assert_eq!(upsert(&world, world.seed()).await.unwrap(), UpsertEffect::Unchanged);
}

#[tokio::test]
async fn what_could_be_used_to_take_over_needs_a_permit() {
    let world = World::populated().await;
    type Change = (&'static str, fn(&mut Seed));
    let changes: [Change; 7] = [
        ("account number", |seed| seed.number = AccountNumber::parse("999").unwrap()),
        ("owner", |seed| seed.persons[0].name = portcullis::domain::HolderName::parse("A Thief").ok()),
        ("postal code", |seed| seed.persons[0].postal_code = None),
        ("app key", |seed| seed.devices[0].id = portcullis::domain::DeviceId::parse("thiefs-phone").unwrap()),
        ("SIM", |seed| seed.lines[0].iccid = Some(Iccid::parse(crate::world::NEW_SIM).unwrap())),
        ("number", |seed| seed.lines[0].msisdn = Msisdn::parse("+12125550150").unwrap()),
        ("status", |seed| seed.lines[0].status = LineStatus::Closed),
    ];
    for (name, change) in changes {
        let mut seed = world.seed();
        change(&mut seed);
        let result = upsert(&world, seed).await;
        assert!(is_permit_needed(&result), "{name}: {result:?}");
    }
    assert_eq!(upsert(&world, world.seed()).await.unwrap(), UpsertEffect::Unchanged);
}

#[tokio::test]
async fn a_pin_is_not_set_or_changed_by_import() {
    let world = World::new();
    let mut seed = world.seed();
    seed.pin = None;
    upsert(&world, seed).await.unwrap();
    let mut seed = world.seed();
    seed.pin =
        Some(PinSeed { digits: PinDigits::parse_offered("735192").unwrap(), set_at: None, origin: PinOrigin::EndUser });
    assert!(is_permit_needed(&upsert(&world, seed).await));
}

#[tokio::test]
async fn locks_come_on_and_never_off() {
    let world = World::populated().await;
    let mut seed = world.seed();
    let lock = |line: Option<&str>| LockSeed {
        line: line.map(|line| LineId::parse(line).unwrap()),
        set: LockSet::Port,
        holder: LockHolder::Customer,
        since: None,
        reason: None,
    };
    seed.locks = vec![lock(Some(LINE)), lock(None)];
    assert_eq!(upsert(&world, seed).await.unwrap(), UpsertEffect::Updated);
    assert_eq!(upsert(&world, world.seed()).await.unwrap(), UpsertEffect::Unchanged);
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Deny);
}

#[tokio::test]
async fn an_import_voids_what_its_lock_covers() {
    let world = World::populated().await;
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    let mut seed = world.seed();
    let line = Some(LineId::parse(LINE).unwrap());
    seed.locks = vec![LockSeed { line, set: LockSet::Port, holder: LockHolder::Customer, since: None, reason: None }];
    upsert(&world, seed).await.unwrap();
    let redeemed = world.redeem(carrier(), &answer.permit.unwrap(), port_out(GAINING)).await;
    assert!(matches!(redeemed, Err(ServiceError::Refused(Refusal::PermitVoid))), "{redeemed:?}");
}

#[tokio::test]
async fn a_line_in_use_is_not_taken_over_by_another_account() {
    let world = World::populated().await;
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    let same_line = upsert(&world, seed.clone()).await;
    seed.lines[0].id = LineId::parse("line-2").unwrap();
    let same_number = upsert(&world, seed).await;
    for result in [same_line, same_number] {
        assert!(matches!(result, Err(ServiceError::Refused(Refusal::AccountExistsElsewhere))), "{result:?}");
    }
}

fn second_account(world: &World) -> Seed {
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines = Vec::new();
    seed
}

async fn permit_to(world: &World, change: OwnerChange) -> portcullis::service::PermitText {
    let question = world.approved(world.question(Change::Owner(change), Channel::Care));
    let answer = world.decide(provisioning(), question).await.unwrap();
    answer.permit.clone().unwrap_or_else(|| panic!("{:?}", answer.decided()))
}

fn order(world: &World, change: OwnerChange, permit: portcullis::service::PermitText) -> Move {
    let request_id = world.request_id();
    let body = Body(request_id.to_bytes().to_vec());
    Move { request_id, body, line: LineId::parse(LINE).unwrap(), separation: None, change, permit }
}

#[tokio::test]
async fn a_line_moves_under_the_owners_permit_and_keeps_its_locks() {
    let world = World::locked(LockSet::Sim).await;
    world.create(second_account(&world)).await;
    let to = OwnerChange::ToAccount { brand: brand(), account: AccountId::parse("acct-2").unwrap() };
    let permit = permit_to(&world, to.clone()).await;
    let order = order(&world, to, permit);
    let who = authorise(provisioning()).unwrap();
    let moved = world.engine.move_line(who.clone(), order.clone()).await.unwrap();
    assert_eq!(moved.line.account.as_str(), "acct-2");
    // Repeated, it is done once.
    world.engine.move_line(who, order).await.unwrap();
    let mut owner = customer();
    owner.account = Some(AccountId::parse("acct-2").unwrap());
    let answer = world.decide(owner, world.approved(world.sim_change(Channel::App))).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Deny, "{:?}", answer.decided());
    let former = world.decide(customer(), world.sim_change(Channel::App)).await;
    assert!(matches!(former, Err(ServiceError::Forbidden)), "{former:?}");
}

#[tokio::test]
async fn a_move_without_its_permit_moves_nothing() {
    let world = World::populated().await;
    world.create(second_account(&world)).await;
    let permit = permit_to(&world, OwnerChange::Close).await;
    let to = OwnerChange::ToAccount { brand: brand(), account: AccountId::parse("acct-2").unwrap() };
    let refused = world.engine.move_line(authorise(provisioning()).unwrap(), order(&world, to, permit)).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitMismatch))), "{refused:?}");
    assert!(world.decide(customer(), world.sim_change(Channel::App)).await.is_ok());
}

#[tokio::test]
async fn an_old_permit_is_refused_once_the_number_is_someone_elses() {
    let world = World::populated().await;
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    let close = permit_to(&world, OwnerChange::Close).await;
    let who = authorise(provisioning()).unwrap();
    world.engine.move_line(who, order(&world, OwnerChange::Close, close)).await.unwrap();
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines[0].id = LineId::parse("line-2").unwrap();
    world.create(seed).await;
    let permit = answer.permit.unwrap();
    let by_number = world.redeem(carrier(), &permit, port_out(GAINING)).await;
    assert!(matches!(by_number, Err(ServiceError::Refused(Refusal::PermitMismatch))), "{by_number:?}");
    let request_id = world.request_id();
    let line = LineRef::named(LineName::LineId(LineId::parse(LINE).unwrap()));
    let body = Body(request_id.to_bytes().to_vec());
    let by_line = Redemption { request_id, body, permit, line, change: port_out(GAINING) };
    let by_line = world.engine.redeem(authorise(carrier()).unwrap(), by_line).await;
    assert!(matches!(by_line, Err(ServiceError::Refused(Refusal::PermitVoid))), "{by_line:?}");
}

#[tokio::test]
async fn every_spelling_of_a_number_is_one_line_or_none() {
    let world = World::populated().await;
    for spelling in ["2125550123", "1 212 555 0123", "+1-212-555-0123", "tel:+12125550123", "0012125550123"] {
        assert!(Msisdn::parse(spelling).is_err(), "{spelling}");
    }
    let number = Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(NUMBER).unwrap())));
    let line = Scope::Line(LineRef::named(LineName::LineId(LineId::parse(LINE).unwrap())));
    let mut pins = Vec::new();
    for (place, scope) in [number.clone(), line.clone(), number, line].into_iter().enumerate() {
        let mut question = world.sim_change(Channel::Ivr);
        question.scope = scope;
        let pin = format!("90817{place}");
        question.evidence.account_pin = Some(PinDigits::parse_offered(&pin).unwrap());
        let answer = world.decide(requester(Role::Ivr, "ivr-1"), question).await.unwrap();
        pins.push(answer.decided().unwrap().score);
    }
    assert!(pins.windows(2).all(|pair| pair[0] <= pair[1]), "one counter grows, whatever the line is called: {pins:?}");
    assert!(pins[0] < pins[2], "{pins:?}");
}

#[tokio::test]
async fn a_second_line_joins_the_account() {
    let world = World::populated().await;
    let mut seed = world.seed();
    seed.lines.push(LineSeed {
        id: LineId::parse("line-2").unwrap(),
        msisdn: Msisdn::parse("+12125550124").unwrap(),
        status: LineStatus::Active,
        iccid: None,
        eid: None,
        imei: None,
        sim_since: None,
        flags: Flags::default(),
    });
    assert_eq!(upsert(&world, seed.clone()).await.unwrap(), UpsertEffect::Updated);
    assert_eq!(upsert(&world, seed).await.unwrap(), UpsertEffect::Unchanged);
    let scope = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    let account = world.engine.get_account(&authorise(provisioning()).unwrap(), &scope).await.unwrap();
    assert_eq!(account.line_count, 2);
}
