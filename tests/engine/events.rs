//! What outside sources tell: what each event leaves behind, once, whoever tells it late, twice or of nobody.
//! threats.md E26 and E37, and P11 of policy.md: going back never resets the last SIM change.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::domain::{
    Account, AccountId, CallPhase, Channel, ContactId, Counted, Credentials, DeviceId, Happening, Iccid, Line, LineId,
    LockSet, LogInResult, Msisdn, OutcomeKind, Reason, RecordId, Recorded, Reference, Requester, ResetKind, Role,
    SimTarget,
};
use portcullis::service::{Body, LineName, LineRef, Refusal, Scope, ServiceError, ToldBySource, authorise};
use portcullis::store::{Ask, Load, Opening, Slot, Store, Vault};

use crate::world::{
    ACCOUNT, LINE, NEW_SIM, OLD_SIM, World, brand, carrier, customer, line_scope, provisioning, requester, sim_to,
};

fn network() -> Requester {
    requester(Role::NetworkSignals, "hlr-1")
}

fn fraud_desk() -> Requester {
    requester(Role::FraudOps, "desk-1")
}

fn event(world: &World, what: Happening) -> ToldBySource {
    let event = world.request_id();
    let body = Body(format!("{event} {what:?}").into_bytes());
    ToldBySource { event, body, scope: line_scope(), occurred_at: world.now(), what }
}

fn at(event: ToldBySource, occurred_at: DateTime<Utc>) -> ToldBySource {
    ToldBySource { occurred_at, ..event }
}

fn activated(iccid: &str) -> Happening {
    let target = SimTarget::Iccid(Iccid::parse(iccid).unwrap());
    Happening::Recorded(Recorded::SimActivated { target, imei: None })
}

const fn reset(kind: ResetKind, mailbox: Option<ContactId>) -> Happening {
    Happening::Recorded(Recorded::CredentialReset { kind, via: Channel::Web, mailbox })
}

fn contact_changed() -> Happening {
    let contact = ContactId::parse("mail").unwrap();
    Happening::Recorded(Recorded::ContactChanged { contact, person: None, via: Channel::Care, kind: None })
}

const fn failed() -> Happening {
    Happening::Counted(Counted::LogIn { result: LogInResult::Failed, device: None, address: None })
}

fn call(name: &str, phase: CallPhase) -> Happening {
    Happening::Counted(Counted::InboundCall { call: Reference::parse(name).unwrap(), phase })
}

fn forwarded() -> Happening {
    Happening::Recorded(Recorded::ForwardingSet { target: Msisdn::parse("+12125550177").unwrap() })
}

fn proven(device: &str) -> Happening {
    Happening::Recorded(Recorded::DeviceProven { device: DeviceId::parse(device).unwrap() })
}

const fn fraud(decision: Option<RecordId>) -> Happening {
    Happening::Recorded(Recorded::FraudReported { decision })
}

async fn tell(world: &World, who: Requester, event: ToldBySource) -> Result<(), ServiceError> {
    world.engine.record_event(authorise(who)?, event).await
}

async fn tell_now(world: &World, who: Requester, what: Happening) {
    tell(world, who, event(world, what)).await.unwrap();
}

/// What is kept of the usual account and its line.
pub(crate) async fn kept(world: &World) -> (Account, Line, Credentials) {
    let store: Arc<dyn Store> = world.store.clone();
    let vault = Vault::new(store, &world.keyring);
    let line = vault.tokens().line(&brand(), &LineId::parse(LINE).unwrap());
    let ask = Ask {
        account: vault.tokens().account(&brand(), &AccountId::parse(ACCOUNT).unwrap()),
        lines: vec![line],
        permit: None,
        reserve: None,
        charges: Vec::new(),
        windows: Vec::new(),
        now: world.now(),
        at_least: None,
    };
    let Opening::Open(open) = vault.open(ask).await.unwrap() else { panic!("not opened") };
    (open.account().unwrap().clone(), open.line(line).unwrap().clone(), open.credentials().unwrap().clone())
}

/// How often the head, the credentials and the line of the usual account were written.
async fn versions(world: &World) -> [u64; 3] {
    let store: Arc<dyn Store> = world.store.clone();
    let vault = Vault::new(store, &world.keyring);
    let line = vault.tokens().line(&brand(), &LineId::parse(LINE).unwrap());
    let load = Load {
        account: vault.tokens().account(&brand(), &AccountId::parse(ACCOUNT).unwrap()),
        slots: vec![Slot::Head, Slot::Credentials, Slot::Line(line)],
        reserve: None,
        charges: Vec::new(),
        windows: Vec::new(),
        now: world.now(),
        at_least: None,
    };
    let rows = world.store.load(load).await.unwrap().rows;
    [0, 1, 2].map(|place: usize| rows[place].as_ref().unwrap().version)
}

#[tokio::test]
async fn going_back_to_the_old_sim_never_resets_the_last_change() {
    let world = World::populated().await;
    tell_now(&world, network(), activated(NEW_SIM)).await;
    world.pass(TimeDelta::hours(71));
    tell_now(&world, network(), activated(OLD_SIM)).await;
    let went_back = world.now();
    let (_, line, _) = kept(&world).await;
    assert_eq!((line.sim_changed_at(), line.sim_changes.len()), (Some(went_back), 2));
    assert!(line.is_on(&SimTarget::Iccid(Iccid::parse(OLD_SIM).unwrap())));
    // The port is challenged for 72 hours from then on, not from the change before.
    world.pass(TimeDelta::hours(72));
    let pin = world.transfer_pin(None).await;
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Challenge);
    // What is told late changes neither the last change nor the SIM that the line is on.
    let late = at(event(&world, activated(NEW_SIM)), went_back - TimeDelta::hours(1));
    tell(&world, network(), late).await.unwrap();
    let (_, line, _) = kept(&world).await;
    assert_eq!((line.sim_changed_at(), line.sim_changes.len()), (Some(went_back), 3));
    assert!(line.is_on(&SimTarget::Iccid(Iccid::parse(OLD_SIM).unwrap())));
}

#[tokio::test]
async fn two_resets_told_by_others_count_as_those_made_here() {
    let world = World::populated().await;
    let mailbox = ContactId::parse("mail").unwrap();
    tell_now(&world, network(), reset(ResetKind::Password, Some(mailbox.clone()))).await;
    let upgrade = || {
        let mut question = world.sim_change(Channel::App);
        question.evidence.account_pin = portcullis::domain::PinDigits::parse_offered(crate::world::PIN).ok();
        question.body.0.push(1);
        question
    };
    let one = world.decide(customer(), upgrade()).await.unwrap();
    assert_eq!(one.decided().unwrap().outcome, OutcomeKind::Challenge, "{:?}", one.decided());
    tell_now(&world, provisioning(), contact_changed()).await;
    let two = world.decide(customer(), upgrade()).await.unwrap();
    let decided = two.decided().unwrap();
    assert_eq!((decided.outcome, decided.reasons[0].reason), (OutcomeKind::Deny, Reason::ResetRecently));
    let (account, _, _) = kept(&world).await;
    let resets: Vec<_> = account.resets.iter().map(|reset| (reset.kind, reset.mailbox.clone())).collect();
    assert_eq!(resets, [(ResetKind::Password, Some(mailbox)), (ResetKind::Contact, None)]);
}

#[tokio::test]
async fn a_contact_changed_elsewhere_is_as_old_as_the_engine_knows_of_it() {
    let world = World::populated().await;
    let long_ago = world.now() - TimeDelta::days(30);
    tell(&world, provisioning(), at(event(&world, contact_changed()), long_ago)).await.unwrap();
    tell(&world, network(), at(event(&world, proven("browser")), long_ago)).await.unwrap();
    tell(&world, network(), at(event(&world, reset(ResetKind::Pin, None)), long_ago)).await.unwrap();
    let (account, _, credentials) = kept(&world).await;
    let resets: Vec<_> = account.resets.iter().map(|reset| (reset.kind, reset.at)).collect();
    assert_eq!(resets, [(ResetKind::Pin, long_ago), (ResetKind::Contact, world.now())]);
    let device = DeviceId::parse("browser").unwrap();
    assert_eq!(credentials.history.proven_since(&device), Some(world.now()), "no source makes a device older");
    world.pass(TimeDelta::days(3));
    tell_now(&world, network(), proven("browser")).await;
    let (_, _, credentials) = kept(&world).await;
    assert_eq!(credentials.history.proven_since(&device), Some(world.now() - TimeDelta::days(3)));
}

/// A line that moves about all day leaves its last attachment, and nothing else of the account is written.
#[tokio::test]
async fn a_stream_of_attachments_keeps_the_last_and_writes_nothing_but_its_line() {
    let world = World::populated().await;
    let attached = |iccid: &str| {
        let target = SimTarget::Iccid(Iccid::parse(iccid).unwrap());
        Happening::Counted(Counted::SimAttached { target })
    };
    let [head, credentials, line] = versions(&world).await;
    let records = kept(&world).await.0.chain.seq;
    for minute in [5, 3, 1, 2, 1] {
        let told = at(event(&world, attached(OLD_SIM)), world.now() - TimeDelta::minutes(minute));
        tell(&world, network(), told).await.unwrap();
    }
    tell_now(&world, network(), attached(NEW_SIM)).await;
    let (account, kept_line, _) = kept(&world).await;
    assert_eq!(kept_line.attached_at, Some(world.now() - TimeDelta::minutes(1)), "the newest, of its own SIM");
    assert_eq!(account.chain.seq, records);
    assert_eq!(versions(&world).await, [head, credentials, line + 3], "what is not news is not written");
    tell_now(&world, network(), activated(NEW_SIM)).await;
    assert_eq!(kept(&world).await.1.attached_at, None, "the old SIM says nothing of the new one");
}

/// A flood of log-ins stands in nobody's way: neither protection nor the chain is touched by it.
#[tokio::test]
async fn failed_log_ins_are_counted_and_never_stand_in_the_way_of_a_lock() {
    let world = World::populated().await;
    let address = "192.0.2.7".parse().ok();
    let [head, credentials, line] = versions(&world).await;
    for _ in 0..19 {
        tell_now(&world, network(), failed()).await;
    }
    assert_eq!(versions(&world).await, [head, credentials + 19, line]);
    let before = kept(&world).await.0.chain.seq;
    for _ in 0..60 {
        let what = Counted::LogIn { result: LogInResult::Failed, device: None, address };
        tell_now(&world, network(), Happening::Counted(what)).await;
    }
    let (account, _, kept_credentials) = kept(&world).await;
    assert_eq!(account.chain.seq, before + 1, "the twentieth is on record, once");
    let history = &kept_credentials.history;
    assert_eq!((history.log_in_failures.len(), history.log_ins.len()), (40, 0), "the newest are kept");
    assert!(history.log_in_failures.iter().all(|failure| failure.source == history.log_in_failures[0].source));
    assert!(history.log_in_failures[0].source.is_some());
    world.lock(customer(), LockSet::All).await.unwrap();
    let succeeded = Counted::LogIn { result: LogInResult::Succeeded, device: None, address };
    tell_now(&world, network(), Happening::Counted(succeeded)).await;
    let (_, _, kept_credentials) = kept(&world).await;
    let history = &kept_credentials.history;
    assert_eq!((history.failures_within(TimeDelta::hours(24), world.now()), history.log_ins.len()), (40, 1));
}

#[tokio::test]
async fn a_transfer_pin_remembers_that_the_line_was_in_a_call() {
    let world = World::populated().await;
    let issued_in_call = async |world: &World| {
        world.transfer_pin(None).await;
        kept(world).await.2.transfer_pins.last().unwrap().origin.in_call
    };
    assert!(!issued_in_call(&world).await);
    let [head, credentials, line] = versions(&world).await;
    tell_now(&world, network(), call("call-1", CallPhase::Started)).await;
    assert_eq!(versions(&world).await, [head, credentials + 1, line], "a call is on no record");
    world.pass(TimeDelta::minutes(5));
    assert!(issued_in_call(&world).await);
    tell_now(&world, network(), call("call-1", CallPhase::Ended)).await;
    world.pass(TimeDelta::seconds(1));
    assert!(!issued_in_call(&world).await);
    tell_now(&world, network(), call("call-2", CallPhase::Started)).await;
    world.pass(TimeDelta::hours(4));
    assert!(issued_in_call(&world).await, "its end was never told");
    world.pass(TimeDelta::seconds(1));
    assert!(!issued_in_call(&world).await);
}

#[tokio::test]
async fn payments_and_forwarding_are_as_young_as_the_last_one() {
    let world = World::populated().await;
    let earlier = world.now() - TimeDelta::hours(3);
    for what in [Happening::Recorded(Recorded::ThirdPartyPayment), forwarded()] {
        tell_now(&world, network(), what.clone()).await;
        tell(&world, network(), at(event(&world, what), earlier)).await.unwrap();
    }
    let (_, line, credentials) = kept(&world).await;
    let now = Some(world.now());
    assert_eq!((line.forwarding_set_at, credentials.history.third_party_paid_at), (now, now));
}

/// E37: what was granted for a line is void once its number is somebody else's.
#[tokio::test]
async fn an_old_permit_is_refused_after_the_number_was_reassigned() {
    let world = World::populated().await;
    let answer = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    let permit = answer.permit.clone().unwrap();
    tell_now(&world, network(), Happening::Recorded(Recorded::NumberReassigned)).await;
    let refused = world.redeem(customer(), &permit, sim_to(NEW_SIM)).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitVoid))), "{refused:?}");
    let (_, line, credentials) = kept(&world).await;
    assert_eq!(credentials.history.number_ended_at(&line.id), Some(world.now()));
    assert!(!line.is_on(&SimTarget::Iccid(Iccid::parse(NEW_SIM).unwrap())));
}

#[tokio::test]
async fn a_report_of_fraud_marks_the_line_and_names_a_decision_of_its_own_account() {
    let world = World::populated().await;
    tell_now(&world, network(), proven("browser")).await;
    let answer = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    let (permit, disputed) = (answer.permit.clone().unwrap(), answer.id());
    let nobodys = RecordId::from_u128(disputed.as_u128() ^ 1);
    let refused = tell(&world, fraud_desk(), event(&world, fraud(Some(nobodys)))).await;
    let is_named = matches!(refused, Err(ServiceError::Invalid { field: "fraud_reported.decision_id", .. }));
    assert!(is_named && !kept(&world).await.1.flags.victim, "{refused:?}");
    tell_now(&world, fraud_desk(), fraud(Some(disputed))).await;
    let (account, line, credentials) = kept(&world).await;
    assert_eq!((account.flags.victim, line.flags.victim), (false, true));
    assert!(credentials.history.proven_devices.is_empty(), "no device is trusted for what was proven before");
    let refused = world.redeem(customer(), &permit, sim_to(NEW_SIM)).await;
    assert!(matches!(refused, Err(ServiceError::Refused(Refusal::PermitVoid))), "{refused:?}");
    let whole =
        ToldBySource { scope: Scope::Account(AccountId::parse(ACCOUNT).unwrap()), ..event(&world, fraud(None)) };
    tell(&world, fraud_desk(), whole).await.unwrap();
    assert!(kept(&world).await.0.flags.victim);
}

#[tokio::test]
async fn an_event_counts_once_and_its_name_is_no_other_events() {
    let world = World::populated().await;
    let told = event(&world, reset(ResetKind::Pin, None));
    for _ in 0..3 {
        tell(&world, network(), told.clone()).await.unwrap();
    }
    assert_eq!(kept(&world).await.0.resets.len(), 1);
    let counted = event(&world, failed());
    tell(&world, network(), counted.clone()).await.unwrap();
    let world = world.reopen().await;
    tell(&world, network(), told.clone()).await.unwrap();
    tell(&world, network(), counted.clone()).await.unwrap();
    let (account, _, credentials) = kept(&world).await;
    assert_eq!((account.resets.len(), credentials.history.log_in_failures.len()), (1, 1), "over a restart, too");
    for first in [&told, &counted] {
        let other = ToldBySource { body: Body(b"another".to_vec()), ..first.clone() };
        let refused = tell(&world, network(), other).await;
        assert!(matches!(refused, Err(ServiceError::RequestIdReused)), "{refused:?}");
    }
    // Another source may use the same name for its own.
    tell(&world, provisioning(), told.clone()).await.unwrap();
    assert_eq!(kept(&world).await.0.resets.len(), 2);
    // A repetition grows no older.
    world.pass(TimeDelta::days(40));
    tell(&world, network(), told).await.unwrap();
}

#[tokio::test]
async fn events_from_the_future_and_from_long_ago_are_refused() {
    let world = World::populated().await;
    let now = world.now();
    let tick = TimeDelta::milliseconds(1);
    for (occurred_at, taken) in [
        (now + TimeDelta::minutes(2), true),
        (now + TimeDelta::minutes(2) + tick, false),
        (now - TimeDelta::days(31), true),
        (now - TimeDelta::days(31) - tick, false),
    ] {
        let told = tell(&world, network(), at(event(&world, forwarded()), occurred_at)).await;
        let is_named = matches!(told, Err(ServiceError::Invalid { field: "occur_time", .. }));
        assert_eq!((told.is_ok(), is_named), (taken, !taken), "{occurred_at}: {told:?}");
        assert!(kept(&world).await.1.forwarding_set_at <= Some(now), "nothing lies in the future");
    }
}

#[tokio::test]
async fn only_who_may_know_is_told_that_a_line_is_not_there() {
    let world = World::populated().await;
    let nobodys = LineRef::named(LineName::Msisdn(Msisdn::parse("+12125550199").unwrap()));
    let scopes = [Scope::Line(nobodys), Scope::Account(AccountId::parse("acct-none").unwrap())];
    for scope in scopes {
        for what in [reset(ResetKind::Pin, None), failed()] {
            let told = ToldBySource { scope: scope.clone(), ..event(&world, what.clone()) };
            tell(&world, network(), told.clone()).await.unwrap();
            tell(&world, network(), told.clone()).await.unwrap();
            let other = ToldBySource { body: Body(b"another".to_vec()), ..told };
            assert!(matches!(tell(&world, network(), other).await, Err(ServiceError::RequestIdReused)));
        }
        let told = ToldBySource { scope: scope.clone(), ..event(&world, reset(ResetKind::Pin, None)) };
        let told = tell(&world, provisioning(), told).await;
        assert!(matches!(told, Err(ServiceError::NotFound(_))), "{scope:?}: {told:?}");
    }
    let (account, _, credentials) = kept(&world).await;
    assert!(account.resets.is_empty() && credentials.history.is_empty());
}

#[tokio::test]
async fn a_source_tells_its_own_kinds_and_lines_have_what_happens_to_lines() {
    let world = World::populated().await;
    for (who, what, field) in [
        (provisioning(), failed(), "log_in_failed"),
        (provisioning(), proven("browser"), "device_proven"),
        (network(), fraud(None), "fraud_reported"),
        (fraud_desk(), activated(NEW_SIM), "sim_activated"),
    ] {
        let told = tell(&world, who, event(&world, what)).await;
        assert!(matches!(&told, Err(ServiceError::Invalid { field: at, .. }) if *at == field), "{told:?}");
    }
    assert!(matches!(authorise::<portcullis::service::right::RecordEvents>(customer()), Err(ServiceError::Forbidden)));
    let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
    for what in [activated(NEW_SIM), forwarded(), call("c", CallPhase::Ended)] {
        let told = ToldBySource { scope: account.clone(), ..event(&world, what) };
        let told = tell(&world, network(), told).await;
        assert!(matches!(told, Err(ServiceError::Invalid { field: "account_id", .. })), "{told:?}");
    }
    assert_eq!(versions(&world).await, [1, 1, 1], "nothing was written");
}

/// A23: sixty failed log-ins, then one that succeeds on a new device, then an eSIM.
#[tokio::test]
async fn a_stolen_log_in_after_a_burst_of_failures_gets_no_sim() {
    let world = World::populated().await;
    for _ in 0..60 {
        tell_now(&world, network(), failed()).await;
    }
    world.pass(TimeDelta::minutes(30));
    let device = DeviceId::parse("laptop").unwrap();
    let succeeded = Counted::LogIn { result: LogInResult::Succeeded, device: Some(device.clone()), address: None };
    tell_now(&world, network(), Happening::Counted(succeeded)).await;
    world.pass(TimeDelta::minutes(3));
    let thief = Requester { device: Some(device), ..customer() };
    let answer = world.decide(thief.clone(), world.sim_change(Channel::Web)).await.unwrap();
    let decided = answer.decided().unwrap();
    assert_eq!((decided.outcome, decided.reasons[0].reason), (OutcomeKind::Deny, Reason::LogInsFailed));
    assert!(decided.facts.contains(&(70, 40)), "{:?}", decided.facts);
    // The owner's app still approves; and a day later the new device is challenged as any other is.
    let answer = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Approve);
    world.pass(TimeDelta::hours(24));
    let answer = world.decide(thief, world.sim_change(Channel::Web)).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Challenge);
}

/// A27: issued to the owner's own phone during a call, read out, and used at once.
#[tokio::test]
async fn a_transfer_pin_that_was_talked_out_of_its_owner_is_challenged() {
    let world = World::populated().await;
    tell_now(&world, network(), call("call-1", CallPhase::Started)).await;
    let pin = world.transfer_pin(None).await;
    world.pass(TimeDelta::minutes(4));
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    let decided = answer.decided().unwrap();
    assert_eq!((decided.outcome, decided.reasons[0].reason), (OutcomeKind::Challenge, Reason::TransferPinUnproven));
    let answer = world.decide(carrier(), world.approved(world.port_with(&pin))).await.unwrap();
    assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Approve);
}
