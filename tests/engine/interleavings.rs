//! threats.md E09: 10,000 random histories of locking, releasing, cancelling, deciding and redeeming, each on an account of
//! its own, against a model so simple that it can be read at a glance. At every step one or two things happen at once; two
//! must come out as if one had gone before the other.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::domain::{
    AccountId, AppApproval, Change, Channel, DeviceId, LineId, LockHolder, LockSet, Msisdn, OutcomeKind, ReleaseId,
    ReleaseOpens, Requester,
};
use portcullis::service::{
    Body, Guarding, LineName, LineRef, LockOrder, PermitText, Question, Redemption, Scope, ServiceError, authorise,
};

use crate::world::{GAINING, World, carrier, customer, interaction, port_out};

const RUNS: usize = 10_000;
const LANES: usize = 250;
const STEPS: usize = 14;
const SEED: u64 = 0x9E37_79B9_7F4A_7C15;

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Lock,
    ReleaseWindow,
    ReleaseOnly,
    Cancel,
    Decide,
    Redeem,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Result_ {
    Done,
    Approved,
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ModelLock {
    Off,
    On,
    Opening { effective_at: DateTime<Utc>, relock_at: DateTime<Utc>, only: bool },
}

/// The whole model: one lock, one permit, whether the line has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Model {
    lock: ModelLock,
    permit: Option<DateTime<Utc>>,
    left: bool,
}

impl Model {
    fn at(mut self, now: DateTime<Utc>) -> Self {
        if let ModelLock::Opening { relock_at, .. } = self.lock
            && relock_at <= now
        {
            (self.lock, self.permit) = (ModelLock::On, None);
        }
        self
    }

    fn binds(&self, now: DateTime<Utc>) -> bool {
        match self.lock {
            ModelLock::Off => false,
            ModelLock::On => true,
            ModelLock::Opening { effective_at, .. } => now < effective_at,
        }
    }

    fn step(self, op: Op, now: DateTime<Utc>) -> (Self, Result_) {
        let mut next = self.at(now);
        let result = match op {
            Op::Lock => {
                (next.lock, next.permit) = (ModelLock::On, None);
                Result_::Done
            }
            Op::ReleaseWindow | Op::ReleaseOnly if next.lock == ModelLock::On => {
                let effective_at = now + TimeDelta::minutes(15);
                next.lock = ModelLock::Opening {
                    effective_at,
                    relock_at: effective_at + TimeDelta::days(7),
                    only: op == Op::ReleaseOnly,
                };
                Result_::Approved
            }
            Op::ReleaseWindow | Op::ReleaseOnly => Result_::Refused,
            Op::Cancel if matches!(next.lock, ModelLock::Opening { .. }) => {
                (next.lock, next.permit) = (ModelLock::On, None);
                Result_::Done
            }
            Op::Cancel => Result_::Refused,
            Op::Decide if next.binds(now) || next.left => Result_::Refused,
            Op::Decide => {
                next.permit = Some(now + TimeDelta::minutes(10));
                Result_::Approved
            }
            Op::Redeem if next.permit.is_some_and(|until| now < until) && !next.left && !next.binds(now) => {
                (next.permit, next.left) = (None, true);
                // A release for one change is over with it.
                if matches!(next.lock, ModelLock::Opening { only: true, .. }) {
                    next.lock = ModelLock::On;
                }
                Result_::Done
            }
            Op::Redeem => Result_::Refused,
        };
        (next, result)
    }
}

/// The engine's side of a run: the newest release and permit, to cancel and to redeem.
struct Lane {
    number: usize,
    /// Every state that fits what was seen: two things at once may fit in both orders.
    models: Vec<Model>,
    release: Option<ReleaseId>,
    permit: Option<PermitText>,
    approved: bool,
    redeemed: bool,
    history: Vec<(Vec<Op>, Vec<Result_>)>,
}

/// A xorshift generator: the histories are the same on every machine.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn op(&mut self) -> Op {
        [
            Op::Lock,
            Op::ReleaseWindow,
            Op::ReleaseOnly,
            Op::Cancel,
            Op::Decide,
            Op::Decide,
            Op::Decide,
            Op::Redeem,
            Op::Redeem,
        ][self.roll(9)]
    }

    pub(crate) fn pause(&mut self) -> TimeDelta {
        [TimeDelta::seconds(1), TimeDelta::minutes(4), TimeDelta::minutes(15), TimeDelta::hours(2), TimeDelta::days(4)]
            [self.roll(5)]
    }
}

fn account(number: usize) -> String {
    format!("acct-{number}")
}

fn msisdn(number: usize) -> Msisdn {
    Msisdn::parse(&format!("+9990{number:07}")).unwrap()
}

fn line(number: usize) -> LineRef {
    LineRef::named(LineName::Msisdn(msisdn(number)))
}

fn owner(number: usize) -> Requester {
    Requester { account: Some(AccountId::parse(&account(number)).unwrap()), ..customer() }
}

fn signed(world: &World, number: usize, change: Change, channel: Channel) -> Question {
    let mut question = world.question(change, channel);
    question.scope = Scope::Line(line(number));
    question.claims.account_number =
        (channel == Channel::Port).then(|| portcullis::domain::AccountNumber::parse("0012345678").unwrap());
    let signature = world.app.sign(question.signing_input().as_bytes());
    question.evidence.app_approval = Some(AppApproval { device: DeviceId::parse("phone").unwrap(), signature });
    question
}

fn result_of(outcome: OutcomeKind) -> Result_ {
    if outcome == OutcomeKind::Approve { Result_::Approved } else { Result_::Refused }
}

/// What an operation left to be used later.
enum Left {
    Nothing,
    Release(Option<ReleaseId>),
    Permit(Option<PermitText>),
}

async fn run(
    world: Arc<World>,
    number: usize,
    op: Op,
    release: Option<ReleaseId>,
    permit: Option<PermitText>,
) -> (Result_, Left) {
    let request_id = world.request_id();
    let body = Body(request_id.to_bytes().to_vec());
    let scope = Scope::Line(line(number));
    let guarding = Guarding { request_id, body: body.clone(), scope, channel: Channel::App };
    match op {
        Op::Lock => {
            let order = LockOrder { set: LockSet::Port, holder: LockHolder::Customer, reason: None };
            let done = world.engine.set_lock(authorise(owner(number)).unwrap(), guarding, order).await;
            done.unwrap();
            (Result_::Done, Left::Nothing)
        }
        Op::ReleaseWindow | Op::ReleaseOnly => {
            let only = ReleaseOpens::Only(Box::new(port_out(GAINING)));
            let opens = if op == Op::ReleaseOnly { only } else { ReleaseOpens::Window(None) };
            let change = Change::LockRelease { set: LockSet::Port, holder: LockHolder::Customer, opens };
            let question = signed(&world, number, change, Channel::App);
            match world.engine.release_lock(authorise(owner(number)).unwrap(), question).await {
                Ok((answer, _)) => {
                    let decided = answer.decided().unwrap();
                    let made = decided.made.and_then(|made| match made {
                        portcullis::audit::Made::Release(id) => Some(id),
                        _ => None,
                    });
                    (result_of(decided.outcome), Left::Release(made))
                }
                Err(ServiceError::Refused(_)) => (Result_::Refused, Left::Nothing),
                Err(other) => panic!("{other}"),
            }
        }
        Op::Cancel => {
            let Some(id) = release else { return (Result_::Refused, Left::Nothing) };
            match world.engine.cancel_release(authorise(owner(number)).unwrap(), guarding, id).await {
                Ok(_) => (Result_::Done, Left::Nothing),
                Err(ServiceError::Refused(_)) => (Result_::Refused, Left::Nothing),
                Err(other) => panic!("{other}"),
            }
        }
        Op::Decide => {
            let question = signed(&world, number, port_out(GAINING), Channel::Port);
            let answer = world.decide(carrier(), question).await.unwrap();
            (result_of(answer.decided().unwrap().outcome), Left::Permit(answer.permit))
        }
        Op::Redeem => {
            let Some(permit) = permit else { return (Result_::Refused, Left::Nothing) };
            let redemption = Redemption { request_id, body, permit, line: line(number), change: port_out(GAINING) };
            match world.engine.redeem(authorise(carrier()).unwrap(), redemption).await {
                Ok(_) => (Result_::Done, Left::Nothing),
                Err(ServiceError::Refused(_)) => (Result_::Refused, Left::Nothing),
                Err(other) => panic!("{other}"),
            }
        }
    }
}

/// Two at once must look as if one had come first. Both orders are tried; the model goes on from all that fit.
fn reconcile(models: &[Model], ops: &[Op], results: &[Result_], now: DateTime<Utc>) -> Vec<Model> {
    let orders: &[&[usize]] = if ops.len() == 1 { &[&[0]] } else { &[&[0, 1], &[1, 0]] };
    let mut fitting = Vec::new();
    for (model, order) in models.iter().flat_map(|model| orders.iter().map(move |order| (*model, order))) {
        let end = order.iter().try_fold(model, |model, place| {
            let (next, expected) = model.step(ops[*place], now);
            (expected == results[*place]).then_some(next)
        });
        fitting.extend(end.filter(|end| !fitting.contains(end)));
    }
    fitting
}

/// Ops that must not meet at one step: the newest permit or release to use would be ambiguous.
fn may_meet(a: Op, b: Op) -> bool {
    let renews = |op| matches!(op, Op::Decide | Op::ReleaseWindow | Op::ReleaseOnly);
    let uses = |op| matches!(op, Op::Redeem | Op::Cancel);
    !(renews(a) && (renews(b) || uses(b)) || uses(a) && renews(b))
        || matches!(
            (a, b),
            (Op::Decide, Op::ReleaseWindow | Op::ReleaseOnly | Op::Cancel)
                | (Op::ReleaseWindow | Op::ReleaseOnly | Op::Cancel, Op::Decide)
        )
}

async fn create(world: &World, number: usize) {
    let mut seed = world.seed();
    seed.account = AccountId::parse(&account(number)).unwrap();
    seed.pin = None;
    seed.lines[0].id = LineId::parse(&format!("line-{number}")).unwrap();
    seed.lines[0].msisdn = msisdn(number);
    world.create(seed).await;
}

fn fresh(number: usize) -> Lane {
    let model = Model { lock: ModelLock::Off, permit: None, left: false };
    Lane {
        number,
        models: vec![model],
        release: None,
        permit: None,
        approved: false,
        redeemed: false,
        history: Vec::new(),
    }
}

async fn step(world: Arc<World>, mut lane: Lane, ops: Vec<Op>) -> Lane {
    let now = world.now();
    let mut tasks = Vec::new();
    for op in &ops {
        let (release, permit) = (lane.release, lane.permit.clone());
        tasks.push(tokio::spawn(run(world.clone(), lane.number, *op, release, permit)));
    }
    let mut results = Vec::new();
    for task in tasks {
        let (result, left) = task.await.unwrap();
        results.push(result);
        match left {
            Left::Release(Some(id)) => lane.release = Some(id),
            Left::Permit(Some(permit)) => lane.permit = Some(permit),
            Left::Nothing | Left::Release(None) | Left::Permit(None) => {}
        }
    }
    lane.history.push((ops.clone(), results.clone()));
    let next = reconcile(&lane.models, &ops, &results, now);
    assert!(!next.is_empty(), "run {}: from {:?} at {now} after {:?}", lane.number, lane.models, lane.history);
    lane.models = next;
    let saw = |op, result| ops.iter().zip(&results).any(|seen| seen == (&op, &result));
    lane.approved |= saw(Op::Decide, Result_::Approved);
    lane.redeemed |= saw(Op::Redeem, Result_::Done);
    lane
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_interleavings_agree_with_the_model() {
    interleave(World::new(), RUNS).await;
}

/// Runs them on that world's store, and holds each against the model.
pub(crate) async fn interleave(world: World, runs: usize) {
    let world = Arc::new(world);
    let mut dice = Dice(SEED);
    let (mut approved, mut redeemed) = (0, 0);
    for round in 0..runs / LANES {
        let mut lanes: Vec<Lane> = Vec::new();
        for number in round * LANES..(round + 1) * LANES {
            create(&world, number).await;
            lanes.push(fresh(number));
        }
        for _ in 0..STEPS {
            let mut tasks = tokio::task::JoinSet::new();
            for lane in lanes.drain(..) {
                let (first, second) = (dice.op(), dice.op());
                let both = dice.roll(3) == 0 && may_meet(first, second);
                let ops = if both { vec![first, second] } else { vec![first] };
                tasks.spawn(step(world.clone(), lane, ops));
            }
            lanes = tasks.join_all().await;
            lanes.sort_by_key(|lane| lane.number);
            world.pass(dice.pause());
        }
        approved += lanes.iter().filter(|lane| lane.approved).count();
        redeemed += lanes.iter().filter(|lane| lane.redeemed).count();
    }
    println!("of {runs} runs {approved} had an approval and {redeemed} a redemption");
    assert!(approved * 10 >= runs && redeemed * 10 >= runs, "approved {approved}, redeemed {redeemed}");
}

#[test]
fn the_model_itself_refuses_what_is_locked() {
    let now = crate::world::start();
    let model = Model { lock: ModelLock::On, permit: None, left: false };
    assert_eq!(model.step(Op::Decide, now).1, Result_::Refused);
    let (opening, _) = model.step(Op::ReleaseWindow, now);
    assert_eq!(opening.step(Op::Decide, now).1, Result_::Refused);
    assert_eq!(opening.step(Op::Decide, now + TimeDelta::minutes(15)).1, Result_::Approved);
    let _ = interaction(Channel::App);
}
