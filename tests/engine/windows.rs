//! Windows over many accounts: charged before anything is looked at or decided, taken back where it was proven.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::crypto::Token;
use portcullis::domain::{
    AccountId, AccountNumber, Channel, Imei, LineId, Mode, Msisdn, OutcomeKind, PinCheck, PinDigits, Reason, Requester,
    TransferPinCheck,
};

use portcullis::service::{Answer, Engine, LineName, LineRef, Question, Scope, authorise};
use portcullis::store::{Before, Charge, ChargeWindows, Store, Window, WindowKey};

use crate::spy::SpyStore;
use crate::world::{PIN, World, carrier, clerk, customer, pin_pad};

/// A world with more accounts than one, seen through a store that tells what it was asked.
pub(crate) struct Many {
    pub(crate) world: World,
    pub(crate) spy: Arc<SpyStore>,
    pub(crate) engine: Arc<Engine>,
}

impl Many {
    pub(crate) async fn with(accounts: u32) -> Self {
        let world = World::new();
        for number in 0..accounts {
            let mut seed = world.seed();
            seed.account = AccountId::parse(&format!("acct-{number}")).unwrap();
            seed.number = AccountNumber::parse(&format!("9{number:07}")).unwrap();
            seed.lines[0].id = LineId::parse(&format!("line-{number}")).unwrap();
            seed.lines[0].msisdn = Msisdn::parse(&number_of(number)).unwrap();
            world.create(seed).await;
        }
        let spy = SpyStore::over(world.store.clone());
        let engine = Engine::new(world.parts(spy.clone())).unwrap();
        Self { world, spy, engine }
    }

    /// A SIM change of the nth account.
    pub(crate) fn sim(&self, account: u32, channel: Channel) -> Question {
        Question { scope: at(account), ..self.world.sim_change(channel) }
    }

    pub(crate) async fn ask(&self, who: Requester, question: Question) -> Answer {
        self.engine.decide(authorise(who).unwrap(), question).await.unwrap()
    }

    /// A window as it stands.
    async fn window(&self, window: WindowKey) -> Window {
        let read = ChargeWindows {
            charges: Vec::new(),
            reads: vec![window],
            attempt: Token::from_bytes([0; 16]),
            now: self.world.now(),
        };
        self.world.store.charge(read).await.unwrap().remove(0)
    }

    /// How many events all windows hold together that were charged to last as long as that.
    async fn held(&self, charges: &[Charge]) -> usize {
        let mut held = 0;
        for charge in charges {
            held += self.window(charge.window).await.events.len();
        }
        held
    }
}

pub(crate) fn number_of(account: u32) -> String {
    format!("+1212555{account:04}")
}

pub(crate) fn at(account: u32) -> Scope {
    Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(&number_of(account)).unwrap())))
}

pub(crate) fn with_pin(mut question: Question, pin: &str) -> Question {
    question.body.0.extend_from_slice(pin.as_bytes());
    question.evidence.account_pin = Some(PinDigits::parse_offered(pin).unwrap());
    question
}

fn lasting(charges: &[Charge], before: Before) -> usize {
    charges.iter().filter(|charge| charge.before == before).count()
}

#[tokio::test]
async fn a_proven_change_writes_no_window() {
    let many = Many::with(1).await;
    for who in [clerk(), customer()] {
        let question = many.world.approved(many.sim(0, Channel::Store));
        let mut who = who;
        who.account = who.account.map(|_| AccountId::parse("acct-0").unwrap());
        many.spy.outside();
        let answer = many.ask(who, question).await;
        assert_eq!(answer.decided().unwrap().outcome, OutcomeKind::Approve, "{:?}", answer.decided());
        let (charged, settled) = many.spy.outside();
        assert!(charged.iter().all(|charge| charge.before == Before::Nothing), "{charged:?}");
        assert!(settled.is_empty(), "{settled:?}");
    }
}

#[tokio::test]
async fn a_right_pin_takes_its_charges_back_and_a_wrong_one_leaves_them() {
    let many = Many::with(1).await;
    many.ask(pin_pad(), with_pin(many.sim(0, Channel::Store), PIN)).await;
    let (charged, settled) = many.spy.outside();
    assert_eq!((lasting(&charged, Before::Look), lasting(&charged, Before::Commit)), (1, 0), "{charged:?}");
    assert_eq!(settled.len(), charged.len(), "{settled:?}");
    assert_eq!(many.held(&charged).await, 0);
    let wrong = with_pin(many.sim(0, Channel::Store), "908171");
    // A repetition counts once.
    for _ in 0..2 {
        many.ask(pin_pad(), wrong.clone()).await;
        let (charged, settled) = many.spy.outside();
        assert!(settled.is_empty(), "{settled:?}");
        assert_eq!(many.held(&charged).await, charged.len());
    }
}

#[tokio::test]
async fn a_repeated_right_answer_counts_nothing() {
    let many = Many::with(1).await;
    let right = with_pin(many.sim(0, Channel::Store), PIN);
    let first = many.ask(pin_pad(), right.clone()).await;
    assert_eq!(many.ask(pin_pad(), right).await.id(), first.id());
    let (charged, _) = many.spy.outside();
    assert_eq!(many.held(&charged).await, 0);
}

#[tokio::test]
async fn a_right_pin_after_wrong_ones_is_counted_beside_them() {
    let many = Many::with(1).await;
    for pin in ["908171", "908172", PIN, PIN] {
        many.ask(pin_pad(), with_pin(many.sim(0, Channel::Store), pin)).await;
        many.world.pass(TimeDelta::seconds(2));
    }
    let (charged, _) = many.spy.outside();
    let source = charged.iter().find(|charge| charge.before == Before::Look).unwrap();
    let subjects: Vec<Token> = many.window(source.window).await.events.iter().map(|event| event.subject).collect();
    // The newest failure of the account, and once that a right one followed.
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert_ne!(subjects[0], subjects[1]);
}

#[tokio::test]
async fn advice_counts_nothing() {
    let many = Many::with(1).await;
    let mut port = Question { scope: at(0), mode: Mode::Advise, ..many.world.port() };
    port.claims.account_number = Some(AccountNumber::parse("90000000").unwrap());
    many.ask(carrier(), port).await;
    many.ask(clerk(), Question { mode: Mode::Advise, ..many.sim(0, Channel::Store) }).await;
    let (charged, settled) = many.spy.outside();
    assert!(charged.is_empty() && settled.is_empty(), "{charged:?} {settled:?}");
}

#[tokio::test]
async fn what_cannot_be_counted_is_not_looked_at() {
    let many = Many::with(1).await;
    many.spy.break_windows();
    let pin = many.ask(pin_pad(), with_pin(many.sim(0, Channel::Store), PIN)).await;
    assert_eq!(pin.decided().unwrap().checks.pin, PinCheck::Shed);
    assert_ne!(pin.decided().unwrap().outcome, OutcomeKind::Approve);
    let mut port = many.world.port_with_text("000001");
    port.scope = at(0);
    port.claims.account_number = Some(AccountNumber::parse("90000000").unwrap());
    let port = many.ask(carrier(), port).await;
    assert_eq!(port.decided().unwrap().checks.transfer_pin, TransferPinCheck::NotAdmitted);
    assert_ne!(port.decided().unwrap().outcome, OutcomeKind::Approve);
}

#[tokio::test]
async fn a_lock_answers_where_nothing_can_be_counted() {
    let world = World::locked(portcullis::domain::LockSet::Sim).await;
    let spy = SpyStore::over(world.store.clone());
    spy.break_windows();
    let engine = Engine::new(world.parts(spy)).unwrap();
    let question = with_pin(world.sim_change(Channel::Store), PIN);
    let answer = engine.decide(authorise(pin_pad()).unwrap(), question).await.unwrap();
    let decided = answer.decided().unwrap();
    assert_eq!((decided.outcome, decided.reasons[0].reason), (OutcomeKind::Deny, Reason::LockOn));
}

#[tokio::test]
async fn a_handset_counts_where_its_change_was_approved() {
    let many = Many::with(2).await;
    let asked = |account| {
        let mut question = many.sim(account, Channel::Store);
        if let portcullis::domain::Change::Sim(sim) = &mut question.change {
            sim.imei = Some(Imei::parse("490154203237518").unwrap());
        }
        question
    };
    let counted = async || {
        let (charged, _) = many.spy.outside();
        let handset = charged.iter().find(|charge| charge.kept == TimeDelta::days(30)).unwrap();
        many.window(handset.window).await.events.len()
    };
    many.ask(pin_pad(), asked(0)).await;
    assert_eq!(counted().await, 0, "a challenge is no change");
    for expected in [1, 1] {
        many.ask(pin_pad(), many.world.approved(asked(0))).await;
        assert_eq!(counted().await, expected, "an account counts once");
    }
}

/// What a stranger asks of a line that it does not know counts nothing against the line's owner.
#[tokio::test]
async fn a_line_leaves_where_its_account_was_named() {
    let many = Many::with(1).await;
    let leaving = async || {
        let (charged, _) = many.spy.outside();
        let window = charged.iter().find(|charge| charge.kept == TimeDelta::hours(24)).unwrap().window;
        many.window(window).await.events.len()
    };
    let port = |number: &str| {
        let mut question = Question { scope: at(0), ..many.world.port() };
        question.claims.account_number = Some(AccountNumber::parse(number).unwrap());
        question
    };
    many.ask(carrier(), port("123")).await;
    assert_eq!(leaving().await, 0);
    many.ask(carrier(), port("90000000")).await;
    assert_eq!(leaving().await, 1);
    many.ask(carrier(), port("90000000")).await;
    assert_eq!(leaving().await, 1, "a line counts once");
}
