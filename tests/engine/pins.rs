//! threats.md E01, E03, E13, E16: secrets counted, never shown, never rewound.

use chrono::TimeDelta;
use portcullis::domain::{Channel, OutcomeKind, PinCheck, PinDigits, Reason, TransferPinCheck};
use portcullis::service::{Answer, Question, ServiceError};

use crate::world::{PIN, World, carrier, customer, ivr, pin_pad};

pub(crate) fn with_pin(mut question: Question, pin: &str) -> Question {
    question.body.0.extend_from_slice(pin.as_bytes());
    question.evidence.account_pin = Some(PinDigits::parse_offered(pin).unwrap());
    question
}

fn told(answer: &Answer) -> (OutcomeKind, Vec<Reason>) {
    let decided = answer.decided().unwrap();
    (decided.outcome, decided.reasons.iter().map(|given| given.reason).collect())
}

#[tokio::test]
async fn the_owner_upgrades_with_the_right_pin() {
    let world = World::populated().await;
    let answer = world.decide(customer(), with_pin(world.sim_change(Channel::App), PIN)).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Approve, "{:?}", answer.decided());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn six_tries_over_four_channels_at_once_verify_at_most_five() {
    let world = std::sync::Arc::new(World::populated().await);
    let askers = [
        (customer(), Channel::App),
        (customer(), Channel::Web),
        (ivr(), Channel::Ivr),
        (pin_pad(), Channel::Store),
        (ivr(), Channel::Ivr),
        (pin_pad(), Channel::Store),
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for (number, (who, channel)) in askers.into_iter().enumerate() {
        let world = world.clone();
        let question = with_pin(world.sim_change(channel), &format!("90817{number}"));
        tasks.spawn(async move { world.decide(who, question).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let verified = answers.iter().filter(|a| a.decided().unwrap().checks.pin == PinCheck::Mismatched).count();
    let off = answers.iter().filter(|a| matches!(a.decided().unwrap().checks.pin, PinCheck::Exhausted { .. })).count();
    assert_eq!((verified, off), (5, 1));
    // The right one does not help any more: the PIN is off, and the other factor is not.
    let answer = world.decide(customer(), with_pin(world.sim_change(Channel::App), PIN)).await.unwrap();
    assert_eq!(told(&answer), (OutcomeKind::Deny, vec![Reason::PinAttemptsExhausted]));
    let answer = world.decide(customer(), world.approved(world.sim_change(Channel::App))).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Approve, "{:?}", answer.decided());
}

#[tokio::test]
async fn a_burnt_pin_stays_burnt_over_a_restart_and_comes_back_after_a_day() {
    let world = World::populated().await;
    for number in 0..5 {
        let question = with_pin(world.sim_change(Channel::App), &format!("90817{number}"));
        world.decide(customer(), question).await.unwrap();
    }
    let world = world.reopen().await;
    world.pass(TimeDelta::hours(24));
    let answer = world.decide(customer(), with_pin(world.sim_change(Channel::App), PIN)).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Deny);
    world.pass(TimeDelta::seconds(1));
    let answer = world.decide(customer(), with_pin(world.sim_change(Channel::App), PIN)).await.unwrap();
    assert_eq!(answer.decided().unwrap().checks.pin, PinCheck::Matched);
}

#[tokio::test]
async fn five_wrong_transfer_pins_void_it_and_unissued_ones_answer_alike() {
    let issued = World::populated().await;
    let pin = issued.transfer_pin(None).await;
    let none = World::populated().await;
    for number in 0..5 {
        let guess = format!("00000{number}");
        let wrong = issued.decide(carrier(), issued.port_with_text(&guess)).await.unwrap();
        let never = none.decide(carrier(), none.port_with_text(&guess)).await.unwrap();
        assert_eq!(told(&wrong), told(&never));
        assert_eq!(wrong.outward, never.outward);
    }
    let answer = issued.decide(carrier(), issued.port_with(&pin)).await.unwrap();
    assert_eq!(answer.decided().unwrap().checks.transfer_pin, TransferPinCheck::Void);
    assert_eq!(told(&answer).0, OutcomeKind::Deny);
}

#[tokio::test]
async fn a_wrong_account_number_counts_no_guess() {
    let world = World::populated().await;
    for number in 0..8 {
        let mut question = world.port_with_text(&format!("00000{number}"));
        question.claims.account_number = Some(portcullis::domain::AccountNumber::parse("999").unwrap());
        let (outcome, reasons) = told(&world.decide(carrier(), question).await.unwrap());
        assert_eq!((outcome, reasons[0]), (OutcomeKind::Deny, Reason::AccountNumberWrong));
    }
    let pin = world.transfer_pin(None).await;
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert_eq!(told(&answer).0, OutcomeKind::Approve);
}

#[tokio::test]
async fn a_transfer_pin_is_for_its_carrier_and_its_time() {
    let world = World::populated().await;
    let pin = world.transfer_pin(Some("7777")).await;
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert_eq!(told(&answer), (OutcomeKind::Deny, vec![Reason::TransferPinWrong]));
    let pin = world.transfer_pin(None).await;
    world.pass(TimeDelta::days(8));
    let answer = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert_eq!(told(&answer), (OutcomeKind::Deny, vec![Reason::TransferPinExpired]));
}

#[tokio::test]
async fn a_clock_that_is_stepped_decides_nothing() {
    for step in [TimeDelta::hours(-1), TimeDelta::hours(25)] {
        let world = World::populated().await;
        let pin = world.transfer_pin(None).await;
        world.clock.step_wall(step);
        let stepped = world.decide(carrier(), world.port_with(&pin)).await;
        assert!(matches!(stepped, Err(ServiceError::Unavailable(_))), "{stepped:?}");
        world.clock.step_wall(-step);
        assert!(world.decide(carrier(), world.port_with(&pin)).await.is_ok());
    }
}

#[tokio::test]
async fn a_clock_set_back_over_a_restart_commits_nothing() {
    let world = World::populated().await;
    world.decide(carrier(), world.port()).await.unwrap();
    let back = world.now() - TimeDelta::hours(1);
    let world = world.reopen().await;
    world.clock.restart_at(back);
    let refused = world.decide(carrier(), world.port()).await;
    assert!(matches!(refused, Err(ServiceError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn setting_a_pin_is_no_way_to_guess_the_one_before() {
    let world = World::populated().await;
    let ask = async |who, approved: bool, new: &str| {
        let mut question = world.question(portcullis::domain::Change::PinChange, Channel::Ivr);
        question.scope =
            portcullis::service::Scope::Account(portcullis::domain::AccountId::parse(crate::world::ACCOUNT).unwrap());
        let question = if approved { world.approved(question) } else { question };
        let new = PinDigits::parse_new(new).unwrap();
        world
            .engine
            .set_pin(portcullis::service::authorise(who).unwrap(), question, new)
            .await
            .map(|(answer, _)| answer)
    };
    let right = ask(ivr(), false, PIN).await.unwrap();
    let wrong = ask(ivr(), false, "907163").await.unwrap();
    let weak = ask(ivr(), false, "123456").await.unwrap();
    assert_eq!((told(&right), &right.outward), (told(&wrong), &wrong.outward));
    assert_eq!((told(&right), &right.outward), (told(&weak), &weak.outward));
    assert_ne!(told(&right).0, OutcomeKind::Approve);
    let unchanged = ask(customer(), true, PIN).await;
    let guessable = ask(customer(), true, "123456").await;
    let refusal = |result| match result {
        Err(ServiceError::Refused(refusal)) => Some(refusal),
        _ => None,
    };
    use portcullis::service::Refusal;
    assert_eq!((refusal(unchanged), refusal(guessable)), (Some(Refusal::PinUnchanged), Some(Refusal::PinGuessable)));
    assert_eq!(told(&ask(customer(), true, "907163").await.unwrap()).0, OutcomeKind::Approve);
    let answer = world.decide(customer(), with_pin(world.sim_change(Channel::App), "907163")).await.unwrap();
    assert_eq!(answer.decided().unwrap().checks.pin, PinCheck::Matched);
    assert_ne!(told(&answer).0, OutcomeKind::Approve, "a PIN set this minute proves nothing");
}
