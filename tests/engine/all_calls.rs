//! Random histories of all that customers, staff and porting systems do to one line, each on an account of its own, against a
//! model. At every step one or two calls happen at once; two must come out as if one had gone before the other.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use portcullis::audit::Made;
use portcullis::domain::{
    AccountId, AccountNumber, AppApproval, Change, Channel, ContactValue, DeviceId, Evidence, LineId, LockHolder,
    LockSet, Msisdn, OutcomeKind, PinDigits, RecordId, Reference, ReleaseId, ReleaseOpens, Requester, Role, Spid,
    TransferPinId,
};
use portcullis::service::{
    AboutDecision, Answer, Body, Declining, Engine, Guarding, LineName, LineRef, LockOrder, Question, Redemption,
    Scope, Sending, ServiceError, TakingBack, authorise,
};

use crate::all_calls_dice::{Leaves, Left, pause};
use crate::all_calls_model::{Call, Came, Key, Model, What};
use crate::challenges::by_pin;
use crate::codes::{Mailbox, by_code};
use crate::interleavings::Dice;
use crate::notices::{contact, mail};
use crate::world::{
    ACCOUNT_NUMBER, GAINING, NEW_SIM, PIN, World, carrier, customer, interaction, pin_pad, port_out, requester, sim_to,
};

const RUNS: usize = 2_000;
const LANES: usize = 100;
const STEPS: usize = 20;
const SEED: u64 = 0xD1B5_4A32_D192_ED03;

fn number_of(lane: usize) -> Msisdn {
    Msisdn::parse(&format!("+9991{lane:07}")).unwrap()
}

fn line(lane: usize) -> LineRef {
    LineRef::named(LineName::Msisdn(number_of(lane)))
}

fn account(lane: usize) -> AccountId {
    AccountId::parse(&format!("acct-{lane}")).unwrap()
}

fn address(lane: usize) -> ContactValue {
    mail(&format!("owner-{lane}@example.com"))
}

/// Everybody who has to do with one line. Nobody of them has to do with another: what is counted over many is tested elsewhere.
fn owner(lane: usize) -> Requester {
    Requester { account: Some(account(lane)), ..customer() }
}

fn clerk(lane: usize) -> Requester {
    requester(Role::RetailAgent, &format!("clerk-{lane}"))
}

fn pad(lane: usize) -> Requester {
    let device = DeviceId::parse(&format!("pad-{lane}")).ok();
    Requester { device, ..requester(Role::PinPad, &format!("{}-{lane}", pin_pad().subject.as_str())) }
}

fn desk() -> Requester {
    requester(Role::FraudOps, "desk-1")
}

/// One line, and what of it the next call can be about.
struct Lane {
    number: usize,
    /// Every state that fits what was seen.
    models: Vec<Model>,
    left: Left,
    approved: bool,
    redeemed: bool,
    history: Vec<(Vec<Call>, Vec<Came>)>,
}

/// The calls of one line.
struct Caller {
    world: Arc<World>,
    /// Of two calls at once each goes to an engine of its own.
    engine: Arc<Engine>,
    codes: Arc<Mailbox>,
    lane: usize,
    left: Left,
}

impl Caller {
    fn question(&self, change: Change, channel: Channel) -> Question {
        let mut question = self.world.question(change, channel);
        question.scope = Scope::Line(line(self.lane));
        let is_port = channel == Channel::Port;
        question.claims.account_number = is_port.then(|| AccountNumber::parse(ACCOUNT_NUMBER).unwrap());
        question
    }

    /// With the owner's approval.
    fn signed(&self, change: Change, channel: Channel) -> Question {
        let mut question = self.question(change, channel);
        let signature = self.world.app.sign(question.signing_input().as_bytes());
        question.evidence.app_approval = Some(AppApproval { device: DeviceId::parse("phone").unwrap(), signature });
        question
    }

    fn guarding(&self, key: Key) -> Guarding {
        let request_id = self.world.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let own = Scope::Account(account(self.lane));
        let scope = if key == Key::Account { own } else { Scope::Line(line(self.lane)) };
        Guarding { request_id, body, scope, channel: Channel::App }
    }

    async fn call(&self, call: Call) -> (Came, Leaves) {
        match self.answered(call).await {
            Ok(came) => came,
            // The line is on that SIM already.
            Err(ServiceError::Invalid { field: "change.sim_change.iccid", .. }) => (Came::Refused, Leaves::Nothing),
            Err(ServiceError::Refused(_) | ServiceError::Exhausted { .. } | ServiceError::NotFound(_)) => {
                (Came::Refused, Leaves::Nothing)
            }
            Err(other) => panic!("{call:?} on {}: {other}", self.lane),
        }
    }

    async fn answered(&self, call: Call) -> Result<(Came, Leaves), ServiceError> {
        match call {
            Call::Ask(what) => self.ask(what).await,
            Call::AskWithPin(of) => {
                let (_, digits) = self.left.pins.iter().find(|(id, _)| *id == of).unwrap();
                let mut question = self.question(port_out(GAINING), Channel::Port);
                question.evidence.transfer_pin = Some(digits.clone());
                Ok(granted(&self.engine.decide(authorise(carrier())?, question).await?))
            }
            Call::AskWithNothing => {
                let question = self.question(sim_to(NEW_SIM), Channel::Store);
                Ok(granted(&self.engine.decide(authorise(clerk(self.lane))?, question).await?))
            }
            Call::Complete(of) => Ok(granted(&self.complete(RecordId::from_u128(of)).await?)),
            Call::Release(key, only) => Ok((self.release(key, only).await?, Leaves::Nothing)),
            Call::Look => Ok((self.look().await?, Leaves::Nothing)),
            _ => self.act(call).await.map(|()| (Came::Done, Leaves::Nothing)),
        }
    }

    async fn complete(&self, challenge: RecordId) -> Result<Answer, ServiceError> {
        let completion = self.world.completion(challenge, Evidence::default());
        self.engine.complete_decision(authorise(clerk(self.lane))?, completion).await.map(|completed| completed.answer)
    }

    /// Asks with the owner's approval.
    async fn ask(&self, what: What) -> Result<(Came, Leaves), ServiceError> {
        let (engine, owner) = (&self.engine, owner(self.lane));
        Ok(match what {
            What::Port => granted(
                &self.engine.decide(authorise(carrier())?, self.signed(port_out(GAINING), Channel::Port)).await?,
            ),
            What::Sim => {
                granted(&self.engine.decide(authorise(owner)?, self.signed(sim_to(NEW_SIM), Channel::App)).await?)
            }
            What::TransferPin => {
                let change = Change::TransferPinIssue { gaining_spid: Some(Spid::parse(GAINING).unwrap()) };
                let question = self.signed(change, Channel::App);
                let (answer, issued) = engine.issue_transfer_pin(authorise(owner)?, question).await?;
                match issued.and_then(|issued| Some((issued.status.id.as_u128(), issued.value?))) {
                    Some((id, digits)) => (Came::Approved(id), Leaves::Pin(id, digits)),
                    None => granted(&answer),
                }
            }
            What::Pin => {
                let new = PinDigits::parse_new(&format!("{:06}", 700_000 + self.lane * 7 % 99_991)).unwrap();
                let question = self.signed(Change::PinChange, Channel::App);
                granted(&engine.set_pin(authorise(owner)?, question, new).await?.0)
            }
        })
    }

    /// What is done, or is not.
    async fn act(&self, call: Call) -> Result<(), ServiceError> {
        let (engine, owner) = (&self.engine, owner(self.lane));
        let (request_id, about) = (self.world.request_id(), RecordId::from_u128);
        let body = Body(request_id.to_bytes().to_vec());
        match call {
            Call::Lock(key) => {
                let (set, holder) = lock_of(key);
                let who = if holder == LockHolder::Carrier { desk() } else { owner };
                let reason = (holder == LockHolder::Carrier).then(|| Reference::parse("case 4711").unwrap());
                let order = LockOrder { set, holder, reason };
                engine.set_lock(authorise(who)?, self.guarding(key), order).await.map(drop)
            }
            Call::Cancel(key, of) => {
                let release = ReleaseId::from_u128(of);
                engine.cancel_release(authorise(owner)?, self.guarding(key), release).await.map(drop)
            }
            Call::Give(of, is_right) => {
                let submission = self.world.submission(about(of), self.proof(is_right), Channel::Store);
                engine.submit_evidence(authorise(pad(self.lane))?, submission).await.map(drop)
            }
            Call::SendCode(of) => {
                let (challenge, interaction) = (about(of), interaction(Channel::Store));
                let sending = Sending { request_id, body, challenge, contact: None, interaction };
                engine.send_code(authorise(clerk(self.lane))?, sending).await.map(drop)
            }
            Call::Decline(of, not_me) => {
                let declining = Declining { request_id, body, decision: about(of), not_me, channel: Channel::App };
                engine.decline_challenge(authorise(owner)?, declining).await
            }
            Call::Withdraw(of) => {
                let decision = AboutDecision { request_id, body, decision: about(of) };
                engine.withdraw_decision(authorise(self.asker_of(of))?, decision, None).await.map(drop)
            }
            Call::Redeem(of) => {
                let (_, permit, change) = self.left.permits.iter().find(|(id, ..)| *id == of).unwrap().clone();
                let redemption = Redemption { request_id, body, permit, line: line(self.lane), change };
                engine.redeem(authorise(self.asker_of(of))?, redemption).await.map(drop)
            }
            Call::Revoke(of) => {
                let id = TransferPinId::from_u128(of);
                let account = account(self.lane);
                let taking = TakingBack { request_id, body, account, id, channel: None };
                engine.revoke_transfer_pin(authorise(owner)?, taking).await.map(drop)
            }
            other => panic!("{other:?} is asked"),
        }
    }

    /// The code, where one was sent; else the PIN.
    fn proof(&self, is_right: bool) -> Evidence {
        let code =
            self.codes.last_to(&address(self.lane)).filter(|code| is_right && code.expires_at > self.world.now());
        match code {
            Some(code) => by_code(&code.digits),
            None => by_pin(if is_right { PIN } else { "593817" }),
        }
    }

    /// Who asked for a decision: a port is the carrier's, what has no permit the clerk's challenge.
    fn asker_of(&self, decision: u128) -> Requester {
        let permit = self.left.permits.iter().find(|(id, ..)| *id == decision);
        match permit.map(|(_, _, change)| change) {
            Some(Change::PortOut(_)) => carrier(),
            Some(_) if !self.left.by_clerk.contains(&decision) => owner(self.lane),
            Some(_) | None => clerk(self.lane),
        }
    }

    async fn release(&self, key: Key, only: Option<What>) -> Result<Came, ServiceError> {
        let (set, holder) = lock_of(key);
        let opens = match only {
            Some(What::Sim) => ReleaseOpens::Only(Box::new(sim_to(NEW_SIM))),
            Some(_) => ReleaseOpens::Only(Box::new(port_out(GAINING))),
            None => ReleaseOpens::Window(None),
        };
        let mut question = self.question(Change::LockRelease { set, holder, opens }, Channel::App);
        if key == Key::Account {
            question.scope = Scope::Account(account(self.lane));
        }
        let signature = self.world.app.sign(question.signing_input().as_bytes());
        question.evidence.app_approval = Some(AppApproval { device: DeviceId::parse("phone").unwrap(), signature });
        let (answer, _) = self.engine.release_lock(authorise(owner(self.lane))?, question).await?;
        Ok(match answer.decided().unwrap().made {
            Some(Made::Release(id)) => Came::Released(id.as_u128()),
            _ => Came::Refused,
        })
    }

    async fn look(&self) -> Result<Came, ServiceError> {
        let (engine, scope) = (&self.engine, Scope::Line(line(self.lane)));
        engine.list_activity(&authorise(owner(self.lane))?, &scope, None, 100).await?;
        let all = Scope::Account(account(self.lane));
        engine.list_pending_challenges(&authorise(owner(self.lane))?, &all, None, 100).await?;
        engine.get_credential_status(&authorise(clerk(self.lane))?, account(self.lane)).await?;
        let views = engine.get_protection(&authorise(clerk(self.lane))?, &scope, None).await?;
        let is_on = |key: Key| {
            let view = &views[usize::from(key == Key::Account)];
            matches!(view.protection.lock(lock_of(key)), portcullis::domain::Lock::On(_))
        };
        Ok(Came::Seen(Key::ALL.map(is_on)))
    }
}

const fn lock_of(key: Key) -> (LockSet, LockHolder) {
    match key {
        Key::Port => (LockSet::Port, LockHolder::Customer),
        Key::Sim => (LockSet::Sim, LockHolder::Customer),
        Key::All | Key::Account => (LockSet::All, LockHolder::Customer),
        Key::Carrier => (LockSet::Port, LockHolder::Carrier),
    }
}

fn granted(answer: &Answer) -> (Came, Leaves) {
    let (decided, id) = (answer.decided().unwrap(), answer.id().as_u128());
    match (decided.outcome, &answer.permit) {
        (OutcomeKind::Approve, Some(permit)) => {
            (Came::Approved(id), Leaves::Permit(id, permit.clone(), decided.change.clone()))
        }
        (OutcomeKind::Approve, None) => (Came::Approved(id), Leaves::Nothing),
        (OutcomeKind::Challenge, _) => (Came::Challenged(id), Leaves::Nothing),
        (OutcomeKind::Deny, _) => (Came::Refused, Leaves::Nothing),
    }
}

/// Two at once must look as if one had come first. Both orders are tried; the model goes on from all that fit.
fn reconcile(models: &[Model], calls: &[Call], came: &[Came], now: DateTime<Utc>) -> Vec<Model> {
    let orders: &[&[usize]] = if calls.len() == 1 { &[&[0]] } else { &[&[0, 1], &[1, 0]] };
    let mut fitting = Vec::new();
    for (model, order) in models.iter().flat_map(|model| orders.iter().map(move |order| (model, order))) {
        let end = order.iter().try_fold(model.clone(), |model, place| model.step(calls[*place], came[*place], now));
        fitting.extend(end.filter(|end| !fitting.contains(end)));
    }
    fitting
}

async fn step(
    (world, engines): (Arc<World>, [Arc<Engine>; 2]),
    codes: Arc<Mailbox>,
    mut lane: Lane,
    calls: Vec<Call>,
) -> Lane {
    let now = world.now();
    let mut tasks = Vec::new();
    for (call, engine) in calls.clone().into_iter().zip(engines.iter()) {
        let (world, codes, left) = (world.clone(), codes.clone(), lane.left.clone());
        let caller = Caller { world, engine: engine.clone(), codes, lane: lane.number, left };
        tasks.push(tokio::spawn(async move { caller.call(call).await }));
    }
    let (mut came, mut leaves) = (Vec::new(), Vec::new());
    for task in tasks {
        let (one, left) = task.await.unwrap();
        came.push(one);
        leaves.push(left);
    }
    lane.history.push((calls.clone(), came.clone()));
    let next = reconcile(&lane.models, &calls, &came, now);
    assert!(!next.is_empty(), "run {} at {now}: from {:#?} after {:#?}", lane.number, lane.models, lane.history);
    lane.models = next;
    lane.left.take(&calls, &came, leaves);
    let saw = |is: &dyn Fn(&Call, &Came) -> bool| calls.iter().zip(&came).any(|(call, came)| is(call, came));
    lane.approved |= saw(&|call, came| {
        matches!(
            (call, came),
            (Call::Ask(What::Port | What::Sim) | Call::AskWithPin(_) | Call::Complete(_), Came::Approved(_))
        )
    });
    lane.redeemed |= saw(&|call, came| matches!((call, came), (Call::Redeem(_), Came::Done)));
    lane
}

async fn create(world: &World, lane: usize) {
    let mut seed = world.seed();
    seed.account = account(lane);
    seed.persons[0].contacts = vec![contact("mail", address(lane))];
    seed.lines[0].id = LineId::parse(&format!("line-{lane}")).unwrap();
    seed.lines[0].msisdn = number_of(lane);
    world.create(seed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_calls_on_one_line_agree_with_the_model() {
    let world = World::new();
    let other = world.engine_over(world.store.clone());
    all_calls(world, other, RUNS).await;
}

/// Makes them on that world's store, and holds each against the model.
pub(crate) async fn all_calls(world: World, other: Arc<Engine>, runs: usize) {
    let (world, codes) = (Arc::new(world), Arc::new(Mailbox::default()));
    let engines = [world.engine.clone(), other];
    for engine in &engines {
        engine.send_codes_by(codes.clone());
    }
    let mut dice = Dice(SEED);
    let (mut approved, mut redeemed, mut kinds) = (0, 0, HashMap::<String, usize>::new());
    for round in 0..runs / LANES {
        let mut lanes = Vec::new();
        for number in round * LANES..(round + 1) * LANES {
            create(&world, number).await;
            let (models, left) = (vec![Model::new()], Left::default());
            lanes.push(Lane { number, models, left, approved: false, redeemed: false, history: Vec::new() });
        }
        for _ in 0..STEPS {
            let mut tasks = tokio::task::JoinSet::new();
            for lane in lanes.drain(..) {
                let mut calls = vec![lane.left.call(&mut dice)];
                calls.extend((dice.roll(3) == 0).then(|| lane.left.call(&mut dice)));
                let at = (world.clone(), engines.clone());
                tasks.spawn(step(at, codes.clone(), lane, calls));
            }
            lanes = tasks.join_all().await;
            lanes.sort_by_key(|lane| lane.number);
            world.pass(pause(&mut dice));
        }
        approved += lanes.iter().filter(|lane| lane.approved).count();
        redeemed += lanes.iter().filter(|lane| lane.redeemed).count();
        for (calls, came) in lanes.iter().flat_map(|lane| &lane.history) {
            for (call, came) in calls.iter().zip(came) {
                let name = |value: String| value.split('(').next().unwrap().to_owned();
                let kind = format!("{} {}", name(format!("{call:?}")), name(format!("{came:?}")));
                *kinds.entry(kind).or_default() += 1;
            }
        }
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort();
    println!("of {runs} runs {approved} had an approval and {redeemed} a redemption: {kinds:?}");
    assert!(approved * 10 >= runs && redeemed * 10 >= runs, "approved {approved}, redeemed {redeemed}");
    // Each kind of call came to what it is for.
    for wanted in [
        "Cancel Done",
        "AskWithPin Approved",
        "Give Done",
        "Complete Approved",
        "Decline Done",
        "Withdraw Done",
        "Revoke Done",
        "SendCode Done",
        "Release Released",
    ] {
        assert!(
            kinds.iter().any(|(kind, count)| kind == wanted && *count * 200 >= runs),
            "too few of {wanted}: {kinds:?}"
        );
    }
}
