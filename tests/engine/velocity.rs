//! What is refused for being many: PINs tried on account after account, lines that leave together, one handset for many
//! customers, a clerk without customers; and who is not refused for it.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::domain::{AccountKind, Channel, Imei, LineId, Msisdn, OutcomeKind, PinCheck, Reason, Role};
use portcullis::policy::Policy;
use portcullis::service::{Answer, Engine, LineName, LineRef, Question, Scope, authorise};

use crate::incidents::lifted;
use crate::spy::SpyStore;
use crate::windows::{Many, at, number_of, with_pin};
use crate::world::{PIN, World, carrier, clerk, ivr, line_scope, pin_pad, requester};

fn told(answer: &Answer) -> (OutcomeKind, Reason) {
    let decided = answer.decided().unwrap();
    (decided.outcome, decided.reasons.first().map_or(Reason::NoCustomerProof, |given| given.reason))
}

const SPRAYING: (OutcomeKind, Reason) = (OutcomeKind::Deny, Reason::SourceSpraying);

/// threats.md E02, scenarios.md A32: two common PINs on account after account.
#[tokio::test]
async fn one_caller_who_tries_two_pins_on_many_accounts_is_denied_by_the_twentieth() {
    let many = Many::with(24).await;
    let mut looked_at = 0;
    for account in 0..24 {
        for pin in ["908171", "908172"] {
            let answer = many.ask(pin_pad(), with_pin(many.sim(account, Channel::Store), pin)).await;
            let (outcome, reason) = told(&answer);
            let is_looked_at = answer.decided().unwrap().checks.pin == PinCheck::Mismatched;
            looked_at += u32::from(is_looked_at);
            match account {
                0..9 => assert_eq!(outcome, OutcomeKind::Challenge),
                9..19 => assert_eq!((outcome, reason), (OutcomeKind::Challenge, Reason::SourceSpraying), "{account}"),
                _ => assert_eq!((outcome, reason), SPRAYING, "{account}"),
            }
        }
    }
    assert_eq!(looked_at, 39, "from the twentieth account on no PIN is looked at any more");
    // Nor does the right one help, nor another proof, until the hour is over; another caller is not touched.
    let right = many.ask(pin_pad(), with_pin(many.sim(23, Channel::Store), PIN)).await;
    assert_eq!((told(&right), right.decided().unwrap().checks.pin), (SPRAYING, PinCheck::NotAdmitted));
    let approved = many.world.approved(many.sim(22, Channel::Store));
    assert_eq!(told(&many.ask(pin_pad(), approved).await), SPRAYING);
    let other = many.ask(ivr(), with_pin(many.sim(23, Channel::Ivr), PIN)).await;
    assert_eq!(told(&other).0, OutcomeKind::Approve, "{:?}", other.decided());
    many.world.pass(TimeDelta::hours(1) + TimeDelta::seconds(1));
    let later = many.ask(pin_pad(), with_pin(many.sim(23, Channel::Store), PIN)).await;
    assert_eq!(told(&later).0, OutcomeKind::Approve, "{:?}", later.decided());
}

/// threats.md E02: many callers, none of them more than twice.
#[tokio::test]
async fn one_pin_tried_on_many_accounts_by_many_callers_is_denied_by_the_twentieth() {
    let many = Many::with(22).await;
    for account in 0..22 {
        let caller = requester(Role::PinPad, &format!("pad-{}", account / 2));
        let answer = many.ask(caller, with_pin(many.sim(account, Channel::Store), "908171")).await;
        match account {
            0..9 => assert_eq!(told(&answer).0, OutcomeKind::Challenge),
            9..19 => assert_eq!(told(&answer), (OutcomeKind::Challenge, Reason::SourceSpraying), "{account}"),
            _ => assert_eq!(told(&answer), SPRAYING, "{account}"),
        }
    }
    let another = many.ask(requester(Role::PinPad, "pad-99"), with_pin(many.sim(0, Channel::Store), PIN)).await;
    assert_eq!(told(&another).0, OutcomeKind::Approve, "{:?}", another.decided());
}

/// P3: a busy store where customers mistype is no attacker.
#[tokio::test]
async fn a_store_that_gets_most_of_its_accounts_right_is_not_refused() {
    let many = Many::with(30).await;
    for account in 0..30 {
        let wrong = format!("9081{account:02}");
        many.ask(pin_pad(), with_pin(many.sim(account, Channel::Store), &wrong)).await;
        many.world.pass(TimeDelta::seconds(9));
        if account % 3 > 0 {
            let answer = many.ask(pin_pad(), with_pin(many.sim(account, Channel::Store), PIN)).await;
            assert_eq!(told(&answer).0, OutcomeKind::Approve, "{account}: {:?}", answer.decided());
        }
        many.world.pass(TimeDelta::seconds(20));
    }
}

/// Launch day: however many right PINs are looked at at once, none is refused for the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_of_right_pins_from_one_store_is_not_refused() {
    let many = Arc::new(Many::with(40).await);
    let mut tasks = tokio::task::JoinSet::new();
    for account in 0..40 {
        let many = many.clone();
        let question = with_pin(many.sim(account, Channel::Store), PIN);
        tasks.spawn(async move { many.ask(pin_pad(), question).await });
    }
    for answer in tasks.join_all().await {
        assert_eq!(told(&answer).0, OutcomeKind::Approve, "{:?}", answer.decided());
    }
}

/// threats.md E01 over accounts: those who come at once are counted like those who come one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn wrong_pins_that_come_at_once_are_all_counted() {
    let many = Arc::new(Many::with(40).await);
    let mut tasks = tokio::task::JoinSet::new();
    for account in 0..40 {
        let many = many.clone();
        let question = with_pin(many.sim(account, Channel::Store), "908171");
        tasks.spawn(async move { many.ask(pin_pad(), question).await });
    }
    tasks.join_all().await;
    let next = many.ask(pin_pad(), with_pin(many.sim(0, Channel::Store), PIN)).await;
    assert_eq!((told(&next), next.decided().unwrap().checks.pin), (SPRAYING, PinCheck::NotAdmitted));
}

#[tokio::test]
async fn a_restart_forgets_no_source() {
    let many = Many::with(20).await;
    for account in 0..20 {
        many.ask(pin_pad(), with_pin(many.sim(account, Channel::Store), &format!("9081{account:02}"))).await;
    }
    let Many { world, engine, spy } = many;
    drop((engine, spy));
    let world = world.reopen().await;
    let mut question = with_pin(world.sim_change(Channel::Store), PIN);
    question.scope = at(0);
    let answer = world.decide(pin_pad(), question).await.unwrap();
    assert_eq!(told(&answer), SPRAYING);
}

/// scenarios.md A13, and the day of an honest clerk.
#[tokio::test]
async fn a_clerk_begins_no_second_account_without_a_customer() {
    let many = Many::with(4).await;
    let minutes = |minutes| many.world.pass(TimeDelta::minutes(minutes));
    assert_eq!(told(&many.ask(clerk(), many.sim(0, Channel::Store)).await).0, OutcomeKind::Challenge);
    minutes(3);
    let second = (OutcomeKind::Deny, Reason::StaffVelocity);
    assert_eq!(told(&many.ask(clerk(), many.sim(1, Channel::Store)).await), second);
    minutes(3);
    let held = many.ask(clerk(), many.world.approved(many.sim(0, Channel::Store))).await;
    assert_eq!(told(&held), (OutcomeKind::Deny, Reason::StaffHeld), "from then on, whatever is proven");
    lifted(&many.world, &many.engine, &clerk()).await;
    minutes(3);
    // The first customer's own answer, and the clerk's next customer is welcome; so is one who approves at once.
    let approved = many.ask(clerk(), many.world.approved(many.sim(0, Channel::Store))).await;
    assert_eq!(told(&approved).0, OutcomeKind::Approve, "{:?}", approved.decided());
    minutes(3);
    let approved = many.ask(clerk(), many.world.approved(many.sim(1, Channel::Store))).await;
    assert_eq!(told(&approved).0, OutcomeKind::Approve, "{:?}", approved.decided());
    minutes(3);
    assert_eq!(told(&many.ask(clerk(), many.sim(2, Channel::Store)).await).0, OutcomeKind::Challenge);
    // The same account again is no second one; another is, until the hour is over.
    minutes(3);
    assert_eq!(told(&many.ask(clerk(), many.sim(2, Channel::Store)).await).0, OutcomeKind::Challenge);
    minutes(60);
    assert_eq!(told(&many.ask(clerk(), many.sim(3, Channel::Store)).await), second);
    lifted(&many.world, &many.engine, &clerk()).await;
    minutes(61);
    assert_eq!(told(&many.ask(clerk(), many.sim(0, Channel::Store)).await).0, OutcomeKind::Challenge);
}

/// A signature that is none is no sign of a customer, and is known to be none only once it was looked at.
#[tokio::test]
async fn an_approval_that_does_not_hold_hides_no_account() {
    let many = Many::with(2).await;
    for (account, expected) in [(0, OutcomeKind::Challenge), (1, OutcomeKind::Deny)] {
        let mut question = many.world.approved(many.sim(account, Channel::Store));
        question.request_id = many.world.request_id();
        assert_eq!(told(&many.ask(clerk(), question).await).0, expected);
        many.world.pass(TimeDelta::minutes(1));
    }
}

/// scenarios.md A11: 40 accounts 30 ms apart by one human's token.
#[tokio::test]
async fn no_human_asks_about_forty_accounts_in_a_second() {
    let many = Many::with(40).await;
    for account in 0..40 {
        let answer = many.ask(clerk(), many.world.approved(many.sim(account, Channel::Store))).await;
        let expected = if account == 0 { OutcomeKind::Approve } else { OutcomeKind::Deny };
        assert_eq!(told(&answer).0, expected, "{account}");
        many.world.pass(TimeDelta::milliseconds(30));
    }
    // Once the hold is lifted, at a human's pace every one of them is approved, however many: launch day.
    many.world.pass(TimeDelta::seconds(1));
    let held = many.ask(clerk(), many.world.approved(many.sim(1, Channel::Store))).await;
    assert_eq!(told(&held), (OutcomeKind::Deny, Reason::StaffHeld));
    lifted(&many.world, &many.engine, &clerk()).await;
    for account in 1..40 {
        many.world.pass(TimeDelta::seconds(1));
        let answer = many.ask(clerk(), many.world.approved(many.sim(account, Channel::Store))).await;
        assert_eq!(told(&answer).0, OutcomeKind::Approve, "{account}: {:?}", answer.decided());
    }
}

#[tokio::test]
async fn a_mistyped_number_is_no_account_that_was_begun() {
    let many = Many::with(1).await;
    let wrong = Question { scope: at(999), ..many.world.sim_change(Channel::Store) };
    many.ask(clerk(), wrong).await;
    many.world.pass(TimeDelta::seconds(5));
    assert_eq!(told(&many.ask(clerk(), many.sim(0, Channel::Store)).await).0, OutcomeKind::Challenge);
}

/// scenarios.md, P15: the second line needs more than the transfer PIN of the whole account.
#[tokio::test]
async fn a_second_line_of_one_account_does_not_leave_by_a_transfer_pin_alone() {
    let world = World::new();
    let mut seed = world.seed();
    for number in 2..4 {
        let mut line = seed.lines[0].clone();
        line.id = LineId::parse(&format!("line-{number}")).unwrap();
        line.msisdn = Msisdn::parse(&number_of(number)).unwrap();
        seed.lines.push(line);
    }
    world.create(seed).await;
    let port = |scope: Scope| Question { scope, ..world.port() };
    let first = world.decide(carrier(), world.approved(port(line_scope()))).await.unwrap();
    assert_eq!(told(&first).0, OutcomeKind::Approve, "{:?}", first.decided());
    let second = world.decide(carrier(), port(at(2))).await.unwrap();
    assert_eq!(told(&second), (OutcomeKind::Challenge, Reason::AccountSweep));
    let approved = world.decide(carrier(), world.approved(port(at(2)))).await.unwrap();
    assert_eq!(told(&approved).0, OutcomeKind::Approve, "{:?}", approved.decided());
    world.pass(TimeDelta::hours(24) + TimeDelta::seconds(1));
    let later = world.decide(carrier(), port(at(3))).await.unwrap();
    assert_ne!(told(&later).1, Reason::AccountSweep);
}

/// All lines of a batch are counted, so that the next one alone is not the first.
#[tokio::test]
async fn every_line_of_a_batch_leaves() {
    let world = World::new();
    let mut seed = world.seed();
    seed.kind = AccountKind::Business;
    for number in 2..62 {
        let mut line = seed.lines[0].clone();
        line.id = LineId::parse(&format!("line-{number}")).unwrap();
        line.msisdn = Msisdn::parse(&number_of(number)).unwrap();
        seed.lines.push(line);
    }
    world.create(seed).await;
    let ask = async |numbers: std::ops::Range<u32>| {
        let lines: Vec<LineRef> = numbers
            .map(|number| LineRef::named(LineName::Msisdn(Msisdn::parse(&number_of(number)).unwrap())))
            .collect();
        world.engine.batch_decide(authorise(carrier()).unwrap(), world.port(), lines).await.unwrap()
    };
    let is_sweep = |answer: &Answer| told(answer).1 == Reason::AccountSweep;
    assert!(!ask(2..4).await.answers.iter().any(is_sweep), "two of 61 lines");
    // With those before it, four: 6 % of them.
    assert!(ask(10..12).await.answers.iter().all(is_sweep));
}

#[tokio::test]
async fn one_handset_for_three_customers_is_challenged_then_refused() {
    let many = Many::with(3).await;
    for (account, expected) in [(0, OutcomeKind::Approve), (1, OutcomeKind::Approve), (2, OutcomeKind::Deny)] {
        let mut question = many.sim(account, Channel::Store);
        if let portcullis::domain::Change::Sim(sim) = &mut question.change {
            sim.imei = Some(Imei::parse("490154203237518").unwrap());
        }
        if account == 1 {
            let by_pin = many.ask(pin_pad(), with_pin(question.clone(), PIN)).await;
            assert_eq!(told(&by_pin), (OutcomeKind::Challenge, Reason::HandsetElsewhere));
            question.request_id = many.world.request_id();
        }
        let answer = many.ask(pin_pad(), many.world.approved(question)).await;
        assert_eq!(told(&answer).0, expected, "{account}: {:?}", answer.decided());
    }
}

/// threats.md E34, scaled: what random numbers leave in memory is what budgets allow, however many there are.
#[tokio::test]
async fn random_numbers_make_no_more_windows_than_budgets_allow() {
    const NUMBERS: u64 = 6_000;
    const BUDGET: u32 = 20;
    let mut policy = Policy::us_default();
    policy.unknown_numbers.count = BUDGET;
    let world = World::with_policy(policy);
    let spy = SpyStore::over(world.store.clone());
    let engine = Engine::new(world.parts(spy.clone())).unwrap();
    let callers = [pin_pad(), ivr(), carrier()];
    let mut refused = 0_u64;
    for number in 0..NUMBERS {
        let who = callers[usize::try_from(number % 3).unwrap()].clone();
        let (area, office, line) = (220 + number / 800_000 % 70, 220 + number / 10_000 % 80, number % 10_000);
        let msisdn = format!("+1{area}{office}{line:04}");
        let mut question =
            if number % 3 == 2 { world.port_with_text("000001") } else { world.sim_change(Channel::Ivr) };
        question.scope = Scope::Line(LineRef::named(LineName::Msisdn(Msisdn::parse(&msisdn).unwrap())));
        let question = with_pin(question, "908171");
        refused += u64::from(engine.decide(authorise(who).unwrap(), question).await.is_err());
        // Their lists are no part of what is tried.
        spy.outside();
    }
    let answered = u64::from(BUDGET) * 3;
    assert_eq!(refused, NUMBERS - answered);
    // One or two of each number for its secrets, one of the line that leaves, and a few of the callers.
    let most = usize::try_from(answered * 3 + 12).unwrap();
    assert!((60..=most).contains(&spy.windows()), "{} windows", spy.windows());
}
