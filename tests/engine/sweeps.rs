//! Lines of one account that leave together, and the carrier's lock that ends it.

use chrono::TimeDelta;
use portcullis::domain::{Change, Channel, LineId, Lock, LockHolder, LockSet, OutcomeKind, Reason, ReleaseOpens};
use portcullis::service::{Answer, LineName, LineRef, NoticeKind, Question, Scope, authorise};

use crate::batch::second_line;
use crate::challenges::outcome;
use crate::notices::{contact, kinds, line_of, mail, with_seed};
use crate::windows::with_pin;
use crate::world::{LINE, PIN, World, carrier, customer};

fn told(answer: &Answer) -> (OutcomeKind, Reason) {
    let decided = answer.decided().unwrap();
    (decided.outcome, decided.reasons.first().map_or(Reason::NoCustomerProof, |given| given.reason))
}

/// P15: a sweep that nobody approved ends with the carrier's lock on the line. Its people are told, and its owner takes it off as any
/// other.
#[tokio::test]
async fn a_sweep_that_nobody_approved_ends_with_the_carriers_lock() {
    let (world, post) = with_seed(|world| {
        let mut seed = world.seed();
        seed.persons[0].contacts = vec![contact("mail", mail("ann@example.com"))];
        seed.lines.push(second_line());
        seed
    })
    .await;
    let ask = async |line: &str, is_approved: bool| {
        let change = Change::TransferPinIssue { gaining_spid: None };
        let name = LineName::LineId(LineId::parse(line).unwrap());
        let question = Question { scope: Scope::Line(LineRef::named(name)), ..world.question(change, Channel::App) };
        let question = if is_approved { world.approved(question) } else { with_pin(question, PIN) };
        told(&world.engine.issue_transfer_pin(authorise(customer()).unwrap(), question).await.unwrap().0)
    };
    let second = Scope::Line(LineRef::named(LineName::LineId(LineId::parse("line-2").unwrap())));
    let lock = async || {
        let locks = world.engine.get_protection(&authorise(customer()).unwrap(), &second, None).await.unwrap();
        locks[0].protection.lock((LockSet::Port, LockHolder::Carrier)).clone()
    };
    assert_eq!(ask(LINE, true).await.0, OutcomeKind::Approve);
    assert_eq!(ask("line-2", false).await, (OutcomeKind::Challenge, Reason::AccountSweep));
    world.pass(TimeDelta::minutes(11));
    assert!(matches!(lock().await, Lock::Off));
    assert_eq!(ask("line-2", false).await, (OutcomeKind::Deny, Reason::AccountSweep));
    world.told().await;
    let kinds = kinds(&post.take());
    assert!(kinds.contains(&(NoticeKind::LockOn, 1)), "{kinds:?}");
    let Lock::On(held) = lock().await else { panic!("{:?}", lock().await) };
    assert_eq!(held.reason.unwrap().as_str(), "P15-account-sweep-lapsed");
    assert_eq!(ask("line-2", true).await, (OutcomeKind::Deny, Reason::LockOn));
    let opens = ReleaseOpens::Window(None);
    let change = Change::LockRelease { set: LockSet::Port, holder: LockHolder::Carrier, opens };
    let question = Question { scope: second.clone(), ..world.question(change, Channel::App) };
    let release = world.approved(question);
    let (released, _) = world.engine.release_lock(authorise(customer()).unwrap(), release).await.unwrap();
    assert_eq!(outcome(&released), OutcomeKind::Approve);
    // No rule undoes it meanwhile, whoever asks again.
    assert_eq!(ask("line-2", false).await.0, OutcomeKind::Deny);
    assert!(matches!(lock().await, Lock::Releasing(..)));
    world.pass(TimeDelta::minutes(16));
    assert_eq!(ask("line-2", true).await.0, OutcomeKind::Approve);
}

/// Whoever does not show to know the account turns no lock on.
#[tokio::test]
async fn a_carrier_that_knows_no_account_number_locks_nobody() {
    for is_known in [false, true] {
        let world = World::new();
        let mut seed = world.seed();
        seed.lines.push(second_line());
        world.create(seed).await;
        let second = || line_of("+12125550124");
        world.transfer_pin(None).await;
        let change = Change::TransferPinIssue { gaining_spid: None };
        let question = Question { scope: second(), ..world.question(change, Channel::App) };
        let question = with_pin(question, PIN);
        let (asked, _) = world.engine.issue_transfer_pin(authorise(customer()).unwrap(), question).await.unwrap();
        assert_eq!(told(&asked), (OutcomeKind::Challenge, Reason::AccountSweep));
        world.pass(TimeDelta::minutes(11));
        let mut question = Question { scope: second(), ..world.port_with_text("000001") };
        question.claims.account_number = question.claims.account_number.filter(|_| is_known);
        assert_eq!(told(&world.decide(carrier(), question).await.unwrap()).0, OutcomeKind::Deny);
        let locks = world.engine.get_protection(&authorise(customer()).unwrap(), &second(), None).await.unwrap();
        let lock = locks[0].protection.lock((LockSet::Port, LockHolder::Carrier)).clone();
        assert_eq!(matches!(lock, Lock::On(_)), is_known, "{lock:?}");
    }
}
