//! Attacks on the use cases: side doors, replays, oracles. Each was tried by hand once; threats.md E06, E07, E11, E34.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, Action, Brand, Change, Channel, Device, Flags, LineId, LineStatus, LockHolder, LockSet, Msisdn,
    OutcomeKind, OwnerChange, Person, PersonId, PersonRole, PinDigits, Protection, ReleaseId, ReleaseOpens, Requester,
    Role, TransferPinCheck,
};
use portcullis::policy::Policy;
use portcullis::service::{
    AboutDecision, Answer, Body, Engine, Guarding, LineName, LineRef, LineSeed, LockSeed, Move, PermitText, Question,
    Redemption, Refusal, Report, Scope, ServiceError, TakingBack, Upsert, authorise,
};
use portcullis::store::{Ask, Closing, CommitError, Entry, Opening, Urgency, Vault};

use crate::spy::SpyStore;
use crate::world::{
    ACCOUNT, GAINING, LINE, NEW_SIM, World, brand, carrier, clerk, customer, ivr, line_ref, line_scope, pin_pad,
    port_out, provisioning, requester, sim_to,
};

fn outcome(answer: &Answer) -> OutcomeKind {
    answer.decided().unwrap().outcome
}

fn permit(answer: &Answer) -> PermitText {
    answer.permit.clone().unwrap_or_else(|| panic!("no permit: {:?}", answer.decided()))
}

fn account_scope(id: &str) -> Scope {
    Scope::Account(AccountId::parse(id).unwrap())
}

fn at_number(number: &str) -> Scope {
    Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(number).unwrap())))
}

fn second_line(number: &str) -> LineSeed {
    LineSeed {
        id: LineId::parse("line-2").unwrap(),
        msisdn: Msisdn::parse(number).unwrap(),
        status: LineStatus::Active,
        iccid: None,
        eid: None,
        imei: None,
        sim_since: None,
        flags: Flags::default(),
    }
}

fn signed_in(account: &str) -> Requester {
    Requester { account: Some(AccountId::parse(account).unwrap()), ..customer() }
}

#[tokio::test]
async fn an_approval_that_was_used_is_no_approval_for_who_saw_it() {
    let world = World::populated().await;
    let question = world.approved(world.sim_change(Channel::Store));
    assert_eq!(outcome(&world.decide(clerk(), question.clone()).await.unwrap()), OutcomeKind::Approve);
    // The same caller repeats: the same answer. Anyone else who copied it, even the owner's own session: none.
    assert_eq!(outcome(&world.decide(clerk(), question.clone()).await.unwrap()), OutcomeKind::Approve);
    let other = world.decide(requester(Role::RetailAgent, "clerk-8"), question.clone()).await.unwrap();
    assert_ne!(outcome(&other), OutcomeKind::Approve);
    let world = world.reopen().await;
    assert_ne!(outcome(&world.decide(customer(), question).await.unwrap()), OutcomeKind::Approve);
}

#[tokio::test]
async fn a_copied_approval_does_not_release_a_lock_again() {
    let world = World::locked(LockSet::Port).await;
    let opens = ReleaseOpens::Window(None);
    let change = Change::LockRelease { set: LockSet::Port, holder: LockHolder::Customer, opens };
    let question = world.approved(world.question(change, Channel::Care));
    let release = async |who, question: &Question| {
        world.engine.release_lock(authorise(who).unwrap(), question.clone()).await.map(|(answer, _)| answer)
    };
    assert_eq!(outcome(&release(customer(), &question).await.unwrap()), OutcomeKind::Approve);
    world.lock(customer(), LockSet::Port).await.unwrap();
    let again = release(requester(Role::CareAgent, "care-1"), &question).await.unwrap();
    assert_ne!(outcome(&again), OutcomeKind::Approve, "{:?}", again.decided());
}

#[tokio::test]
async fn a_number_is_not_given_to_a_second_line_past_the_locks_of_the_first() {
    let world = World::locked(LockSet::Port).await;
    let mut seed = world.seed();
    seed.lines.push(second_line(crate::world::NUMBER));
    let twice = Upsert { request: None, seed: seed.clone() };
    let twice = world.engine.upsert_account(authorise(provisioning()).unwrap(), twice).await;
    assert!(matches!(twice, Err(ServiceError::Invalid { field: "seed.lines.msisdn", .. })), "{twice:?}");
    seed.lines.remove(0);
    let alone = Upsert { request: None, seed };
    let alone = world.engine.upsert_account(authorise(provisioning()).unwrap(), alone).await;
    assert!(matches!(alone, Err(ServiceError::Refused(Refusal::AccountExistsElsewhere))), "{alone:?}");
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Deny);
}

#[tokio::test]
async fn another_brands_desk_reads_and_writes_no_decision_of_this_one() {
    let world = World::populated().await;
    let mut unknown = world.port();
    unknown.scope = at_number("+12125550177");
    for question in [world.port(), unknown] {
        let decision = world.decide(carrier(), question).await.unwrap().id();
        let desk = requester(Role::FraudOps, "desk-1");
        let others = Requester { brand: Brand::parse("other").unwrap(), ..desk.clone() };
        assert!(world.engine.get_decision(&authorise(desk).unwrap(), decision, None).await.is_ok());
        let read = world.engine.get_decision(&authorise(others.clone()).unwrap(), decision, None).await;
        assert!(matches!(read, Err(ServiceError::NotFound("decision"))), "{read:?}");
        let about = AboutDecision { request_id: world.request_id(), body: Body(Vec::new()), decision };
        let outcome = portcullis::audit::ReportedOutcome::Fraud;
        let report = Report { outcome, occurred_at: None, note: None };
        let written = world.engine.report_outcome(authorise(others).unwrap(), about, report).await;
        assert!(matches!(written, Err(ServiceError::NotFound("decision"))), "{written:?}");
    }
}

pub(crate) fn a_new_key() -> Change {
    let public_key_jwk = portcullis::crypto::SigningKey::generate().unwrap().public_jwk();
    Change::DeviceAdd { public_key_jwk, model: None }
}

#[tokio::test]
async fn a_key_is_added_for_who_asked_and_not_for_their_namesake_on_another_account() {
    let world = World::populated().await;
    let change = a_new_key();
    let question = world.approved(world.question(change.clone(), Channel::App));
    let permit = permit(&world.decide(customer(), question).await.unwrap());
    let elsewhere = world.redeem(signed_in("acct-2"), &permit, change.clone()).await;
    assert!(matches!(elsewhere, Err(ServiceError::Refused(Refusal::PermitMismatch))), "{elsewhere:?}");
    world.redeem(customer(), &permit, change).await.unwrap();
}

#[tokio::test]
async fn an_authorised_users_key_lets_no_key_in_for_the_owner() {
    let world = World::new();
    let mut seed = world.seed();
    let user = PersonId::parse("user").unwrap();
    seed.persons.push(Person {
        id: user.clone(),
        role: PersonRole::AuthorisedUser,
        name: None,
        postal_code: None,
        contacts: Vec::new(),
        lines: vec![LineId::parse(LINE).unwrap()],
    });
    let phone: &mut Device = &mut seed.devices[0];
    phone.person = user.clone();
    world.create(seed).await;
    let ask = async |person: PersonId| {
        let who = Requester { person: Some(person), device: None, ..customer() };
        let question = world.approved(world.question(a_new_key(), Channel::App));
        outcome(&world.decide(who, question).await.unwrap())
    };
    assert_eq!(ask(user).await, OutcomeKind::Approve);
    assert_ne!(ask(PersonId::parse("owner").unwrap()).await, OutcomeKind::Approve);
}

#[tokio::test]
async fn staff_do_not_call_themselves_the_customers_app() {
    let world = World::locked(LockSet::Port).await;
    for who in [clerk(), ivr(), pin_pad(), carrier(), requester(Role::CareAgent, "care-1")] {
        for channel in [Channel::App, Channel::Web] {
            let mut question = world.port();
            if who.role != Role::PortingSystem {
                question = world.sim_change(channel);
            }
            question.interaction.channel = channel;
            let refused = world.decide(who.clone(), world.approved(question)).await;
            let expected = matches!(refused, Err(ServiceError::Invalid { field: "interaction.channel", .. }));
            assert!(expected, "{:?}: {refused:?}", who.role);
        }
    }
}

fn moving(world: &World, permit: PermitText) -> Move {
    let request_id = world.request_id();
    let body = Body(request_id.to_bytes().to_vec());
    Move { request_id, body, line: LineId::parse(LINE).unwrap(), separation: None, change: to_second(), permit }
}

fn to_second() -> OwnerChange {
    OwnerChange::ToAccount { brand: brand(), account: AccountId::parse("acct-2").unwrap() }
}

async fn permit_to_move(world: &World) -> PermitText {
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines = Vec::new();
    seed.locks = Vec::new();
    world.create(seed).await;
    let question = world.approved(world.question(Change::Owner(to_second()), Channel::Care));
    permit(&world.decide(provisioning(), question).await.unwrap())
}

#[tokio::test]
async fn a_line_that_moved_is_left_nowhere_behind() {
    let world = World::populated().await;
    let permit = permit_to_move(&world).await;
    // Not without arriving.
    let redeemed = world.redeem(provisioning(), &permit, Change::Owner(to_second())).await;
    assert!(matches!(redeemed, Err(ServiceError::Invalid { .. })), "{redeemed:?}");
    world.engine.move_line(authorise(provisioning()).unwrap(), moving(&world, permit)).await.unwrap();
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let line = LineId::parse(LINE).unwrap();
    let token = vault.tokens().line(&brand(), &line);
    let status = |open: &portcullis::store::OpenAccount| open.line(token).unwrap().status;
    let old = opened(&world, &vault, ACCOUNT).await;
    let new = opened(&world, &vault, "acct-2").await;
    assert_eq!((status(&old), status(&new)), (LineStatus::Moved, LineStatus::Active));
}

pub(crate) async fn opened(world: &World, vault: &Vault, account: &str) -> Box<portcullis::store::OpenAccount> {
    let ask = Ask {
        account: vault.tokens().account(&brand(), &AccountId::parse(account).unwrap()),
        lines: vec![vault.tokens().line(&brand(), &LineId::parse(LINE).unwrap())],
        permit: None,
        reserve: None,
        charges: Vec::new(),
        windows: Vec::new(),
        now: world.now(),
        at_least: None,
    };
    match vault.open(ask).await.unwrap() {
        Opening::Open(open) => open,
        Opening::Answered(_) | Opening::Taken => panic!("no request was named"),
    }
}

#[tokio::test]
async fn what_was_void_on_the_old_account_does_not_void_what_the_new_one_grants() {
    let world = World::populated().await;
    for _ in 0..20 {
        world.decide(carrier(), world.port()).await.unwrap();
    }
    world.lock(customer(), LockSet::Port).await.unwrap();
    world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    world.pass(TimeDelta::minutes(15));
    let permit_text = permit_to_move(&world).await;
    world.engine.move_line(authorise(provisioning()).unwrap(), moving(&world, permit_text)).await.unwrap();
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    world.redeem(carrier(), &permit(&answer), port_out(GAINING)).await.unwrap();
}

#[tokio::test]
async fn a_transfer_pin_for_the_account_does_not_outlive_a_lock_of_the_line() {
    let world = World::locked(LockSet::Port).await;
    let mut question = world.question(Change::TransferPinIssue { gaining_spid: None }, Channel::Web);
    question.scope = account_scope(ACCOUNT);
    let issued = world.engine.issue_transfer_pin(authorise(customer()).unwrap(), world.approved(question)).await;
    let pin = issued.unwrap().1.and_then(|issued| issued.value).unwrap();
    world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    world.pass(TimeDelta::minutes(15));
    let answer = world.decide(carrier(), world.approved(world.port_with(&pin))).await.unwrap();
    assert_eq!(answer.decided().unwrap().checks.transfer_pin, TransferPinCheck::Void);
    assert_eq!(outcome(&answer), OutcomeKind::Deny);
}

#[tokio::test]
async fn a_release_for_one_change_ends_with_it_and_takes_the_rest_along() {
    let world = World::new();
    let mut seed = world.seed();
    seed.lines.push(second_line("+12125550124"));
    let (set, holder) = (LockSet::Port, LockHolder::Customer);
    seed.locks.push(LockSeed { line: None, set, holder, since: None, reason: None });
    world.create(seed).await;
    let opens = ReleaseOpens::Only(Box::new(port_out(GAINING)));
    let mut question = world.question(Change::LockRelease { set, holder, opens }, Channel::App);
    question.scope = account_scope(ACCOUNT);
    world.engine.release_lock(authorise(customer()).unwrap(), world.approved(question)).await.unwrap();
    world.pass(TimeDelta::minutes(15));
    let first = permit(&world.decide(carrier(), world.approved(world.port())).await.unwrap());
    let mut other = world.port();
    other.scope = at_number("+12125550124");
    let second = permit(&world.decide(carrier(), world.approved(other)).await.unwrap());
    world.redeem(carrier(), &first, port_out(GAINING)).await.unwrap();
    let request_id = world.request_id();
    let Scope::Line(line) = at_number("+12125550124") else { panic!("a line") };
    let body = Body(request_id.to_bytes().to_vec());
    let second = Redemption { request_id, body, permit: second, line, change: port_out(GAINING) };
    let refused = world.engine.redeem(authorise(carrier()).unwrap(), second).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitVoid))), "{refused:?}");
}

fn few_unknown() -> Policy {
    let mut policy = Policy::us_default();
    policy.unknown_numbers.count = 3;
    policy
}

#[tokio::test]
async fn no_call_tries_unknown_numbers_without_end() {
    let world = World::with_policy(few_unknown());
    world.create(world.seed()).await;
    let (request_id, release) = (world.request_id(), ReleaseId::from_u128(7));
    let cancel = async |number: String| {
        let body = Body(number.clone().into_bytes());
        let guarding = Guarding { request_id, body, scope: at_number(&number), channel: Channel::Ivr };
        world.engine.cancel_release(authorise(ivr()).unwrap(), guarding, release).await.err()
    };
    let read = async |number: String| {
        let who = authorise(clerk()).unwrap();
        world.engine.get_protection(&who, &at_number(&number), None).await.err()
    };
    let release_account = async |id: String| {
        let (set, holder, opens) = (LockSet::Port, LockHolder::Customer, ReleaseOpens::Window(None));
        let mut question = world.question(Change::LockRelease { set, holder, opens }, Channel::Store);
        question.scope = account_scope(&id);
        question.evidence.account_pin = PinDigits::parse_offered("482951").ok();
        world.engine.release_lock(authorise(pin_pad()).unwrap(), question).await.err()
    };
    for tail in 0..3 {
        assert!(matches!(cancel(format!("+1212555013{tail}")).await, Some(ServiceError::NotFound(_))));
        assert!(matches!(read(format!("+1212555013{tail}")).await, Some(ServiceError::NotFound(_))));
        assert!(matches!(release_account(format!("nobody-{tail}")).await, Some(ServiceError::NotFound(_))));
    }
    assert!(matches!(cancel("+12125550139".to_owned()).await, Some(ServiceError::Exhausted { .. })));
    assert!(matches!(read("+12125550139".to_owned()).await, Some(ServiceError::Exhausted { .. })));
    assert!(matches!(release_account("nobody-9".to_owned()).await, Some(ServiceError::Exhausted { .. })));
}

#[tokio::test]
async fn a_pad_learns_nothing_of_locks_and_secrets_before_anything_is_proven() {
    let ask = async |world: &World| {
        let (set, holder, opens) = (LockSet::Port, LockHolder::Customer, ReleaseOpens::Window(None));
        let question = world.question(Change::LockRelease { set, holder, opens }, Channel::Store);
        let (answer, view) = world.engine.release_lock(authorise(pin_pad()).unwrap(), question).await.unwrap();
        assert!(view.is_none(), "{view:?}");
        answer
    };
    let locked = ask(&World::locked(LockSet::Port).await).await;
    let open = ask(&World::populated().await).await;
    assert_eq!((outcome(&locked), &locked.outward), (outcome(&open), &open.outward));
    let world = World::populated().await;
    let mut question = world.question(Change::PinChange, Channel::Ivr);
    question.scope = account_scope(ACCOUNT);
    let new = PinDigits::parse_new("907163").unwrap();
    let (_, status) = world.engine.set_pin(authorise(ivr()).unwrap(), question, new).await.unwrap();
    assert!(status.is_none(), "{status:?}");
}

#[tokio::test]
async fn a_barred_line_gets_its_new_sim_and_does_not_leave() {
    let world = World::new();
    let mut seed = world.seed();
    seed.lines[0].status = LineStatus::Suspended;
    world.create(seed).await;
    let answer = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    world.redeem(customer(), &permit(&answer), sim_to(NEW_SIM)).await.unwrap();
    let port = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    assert_eq!(outcome(&port), OutcomeKind::Deny);
}

/// INVARIANT (locked-never-approved): the lock itself refuses, even where the epoch that came with it was lost.
#[tokio::test]
async fn a_permit_is_refused_by_the_lock_itself() {
    let world = World::populated().await;
    let answer = world.decide(carrier(), world.approved(world.port())).await.unwrap();
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let token = vault.tokens().line(&brand(), &LineId::parse(LINE).unwrap());
    let mut open = opened(&world, &vault, ACCOUNT).await;
    let line = open.line_mut(token).unwrap();
    let held = portcullis::domain::Held { since: world.now(), by: None, reason: None };
    let lock = portcullis::domain::Lock::On(held);
    let locks = [((LockSet::Port, LockHolder::Customer), lock)].into_iter().collect();
    line.protection = Protection::from_parts(locks, BTreeMap::new());
    assert!(line.protection.is_alive(Action::PortOut, 1));
    vault.close(open, plainly()).await.unwrap();
    let refused = world.redeem(carrier(), &permit(&answer), port_out(GAINING)).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitLocked))), "{refused:?}");
}

#[tokio::test]
async fn a_hint_that_another_engine_made_stale_is_corrected() {
    let world = World::populated().await;
    world.decide(carrier(), world.port()).await.unwrap();
    let permit = permit_to_move(&world).await;
    let other = Engine::new(world.parts(world.store.clone())).unwrap();
    other.move_line(authorise(provisioning()).unwrap(), moving(&world, permit)).await.unwrap();
    let former = world.decide(customer(), world.sim_change(Channel::App)).await;
    assert!(matches!(former, Err(ServiceError::Forbidden)), "{former:?}");
    world.decide(signed_in("acct-2"), world.sim_change(Channel::App)).await.unwrap();
}

#[tokio::test]
async fn every_secret_is_charged_durably_before_it_is_looked_at() {
    let world = World::populated().await;
    let spy = SpyStore::over(world.store.clone());
    let engine = Engine::new(world.parts(spy.clone())).unwrap();
    let mut question = world.port_with_text("000001");
    question.evidence.account_pin = PinDigits::parse_offered("000002").ok();
    engine.decide(authorise(carrier()).unwrap(), question.clone()).await.unwrap();
    question.request_id = world.request_id();
    engine.batch_decide(authorise(carrier()).unwrap(), question, vec![line_ref()]).await.unwrap();
    assert_eq!(spy.charged(), [portcullis::store::Before::Look; 4]);
}

#[tokio::test]
async fn one_account_that_cannot_be_read_does_not_keep_the_due_queue_waiting() {
    let world = World::locked(LockSet::Port).await;
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines = vec![second_line("+12125550124")];
    let (line, set, holder) = (Some(LineId::parse("line-2").unwrap()), LockSet::Port, LockHolder::Customer);
    seed.locks = vec![LockSeed { line, set, holder, since: None, reason: None }];
    world.create(seed).await;
    world.release(LockSet::Port, ReleaseOpens::Window(None)).await.unwrap();
    world.pass(TimeDelta::seconds(1));
    let opens = ReleaseOpens::Window(None);
    let mut question = world.question(Change::LockRelease { set, holder, opens }, Channel::App);
    question.scope = at_number("+12125550124");
    world.engine.release_lock(authorise(signed_in("acct-2")).unwrap(), world.approved(question)).await.unwrap();
    world.pass(TimeDelta::hours(1));
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let spy = SpyStore::over(world.store.clone());
    spy.break_account(vault.tokens().account(&brand(), &AccountId::parse(ACCOUNT).unwrap()));
    let engine = Engine::new(world.parts(spy)).unwrap();
    assert_eq!(engine.settle_due(portcullis::crypto::Token::from_bytes([1; 16])).await.unwrap(), 1);
}

/// INVARIANT (fail-closed): a store that fails gives no answer, whatever was proven.
#[tokio::test]
async fn nothing_is_approved_of_an_account_that_cannot_be_read() {
    let world = World::populated().await;
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let spy = SpyStore::over(world.store.clone());
    spy.break_account(vault.tokens().account(&brand(), &AccountId::parse(ACCOUNT).unwrap()));
    let engine = Engine::new(world.parts(spy)).unwrap();
    let mut question = world.approved(world.sim_change(Channel::App));
    question.scope = line_scope();
    let failed = engine.decide(authorise(customer()).unwrap(), question).await;
    assert!(matches!(failed, Err(ServiceError::Unavailable(_))), "{failed:?}");
}

fn plainly() -> Closing {
    Closing { urgency: Urgency::Ordinary, claim: None, settle: Vec::new(), due: Vec::new(), done: Vec::new() }
}

/// Design, section 3: a commit stands only if every row it rests on is as it was read, not only those it writes.
#[tokio::test]
async fn a_commit_rests_on_rows_that_it_does_not_write() {
    let world = World::populated().await;
    let vault = Vault::new(world.store.clone(), &world.keyring);
    let mut first = opened(&world, &vault, ACCOUNT).await;
    let mut second = opened(&world, &vault, ACCOUNT).await;
    second.credentials_mut().unwrap().pin = None;
    vault.close(second, plainly()).await.unwrap();
    let event = portcullis::audit::Event::AccountCreated { lines: 1 };
    first.append(Entry { at: world.now(), line: None, caller: None, channel: None, event }).unwrap();
    let refused = vault.close(first, plainly()).await.err();
    assert!(matches!(refused, Some(CommitError::Conflict)), "{refused:?}");
}

#[tokio::test]
async fn a_transfer_pin_taken_back_takes_the_permit_along() {
    let world = World::populated().await;
    let pin = world.transfer_pin(None).await;
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    let TransferPinCheck::Matched { id, .. } = answer.decided().unwrap().checks.transfer_pin else {
        panic!("no match")
    };
    let (request_id, account) = (world.request_id(), AccountId::parse(ACCOUNT).unwrap());
    let who = authorise(customer()).unwrap();
    let taking = TakingBack { request_id, body: Body(Vec::new()), account, id, channel: None };
    world.engine.revoke_transfer_pin(who, taking).await.unwrap();
    let refused = world.redeem(carrier(), &permit(&answer), port_out(GAINING)).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitVoid))), "{refused:?}");
}

/// INVARIANT (one-request-one-decision): also where another engine answers between load and commit.
#[tokio::test]
async fn a_request_answered_by_another_engine_meanwhile_gets_that_answer() {
    let world = World::populated().await;
    let question = world.approved(world.port());
    let first = world.decide(carrier(), question.clone()).await.unwrap();
    let spy = SpyStore::over(world.store.clone());
    spy.miss_answers();
    let engine = Engine::new(world.parts(spy)).unwrap();
    let second = engine.decide(authorise(carrier()).unwrap(), question).await.unwrap();
    assert_eq!((second.id(), &second.permit), (first.id(), &first.permit));
}
