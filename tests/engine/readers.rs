//! policy.md P16: ports of accounts that one identity read among a hundred within a day.

use std::sync::Arc;

use chrono::TimeDelta;
use portcullis::domain::{AccountNumber, Happening, Recorded, Reference, RequestId};
use portcullis::service::{Body, Engine, Question, ToldBySource, authorise};

use crate::windows::{Many, at};
use crate::world::{World, carrier, port_out, requester};

/// A crowd of accounts, and an engine that is told who reads them.
struct Crowd {
    world: World,
    engine: Arc<Engine>,
}

impl Crowd {
    async fn of(accounts: u32) -> Self {
        let Many { world, engine, .. } = Many::with(accounts).await;
        Self { world, engine }
    }

    async fn read_as(&self, reader: &str, account: u32, event: RequestId) {
        let what = Happening::Recorded(Recorded::AccountRead { reader: Reference::parse(reader).unwrap() });
        let body = Body(event.to_bytes().to_vec());
        // Whatever its source says of the past, it counts from now.
        let occurred_at = self.world.now() - TimeDelta::days(20);
        let told = ToldBySource { event, body, scope: at(account), occurred_at, what };
        let network = requester(portcullis::domain::Role::NetworkSignals, "network");
        self.engine.record_event(authorise(network).unwrap(), told).await.unwrap();
    }

    async fn read(&self, account: u32) {
        self.read_as("partner/ann", account, self.world.request_id()).await;
    }

    fn port(&self, account: u32, gaining: &str) -> Question {
        let mut question = Question { scope: at(account), change: port_out(gaining), ..self.world.port() };
        question.claims.account_number = AccountNumber::parse(&format!("9{account:07}")).ok();
        question
    }

    /// How many accounts of a read a port finds to leave.
    async fn leaving(&self, question: Question) -> i64 {
        let answer = self.engine.decide(authorise(carrier()).unwrap(), question).await.unwrap();
        let facts = &answer.decided().unwrap().facts;
        facts.iter().find(|(number, _)| *number == 60).map_or(0, |(_, count)| *count)
    }
}

#[tokio::test]
async fn a_hundred_accounts_are_too_many_and_ninety_nine_are_not() {
    let crowd = Crowd::of(102).await;
    let first = crowd.world.request_id();
    crowd.read_as("partner/ann", 0, first).await;
    for account in 1..99 {
        crowd.read(account).await;
    }
    // The same event again, the same account again, and another reader: no hundredth.
    crowd.read_as("partner/ann", 0, first).await;
    crowd.read(5).await;
    crowd.read_as("partner/bob", 99, crowd.world.request_id()).await;
    assert_eq!(crowd.leaving(crowd.port(0, "6529")).await, 0);
    crowd.read(100).await;
    // Before the hundredth, the hundredth, and after it.
    assert_eq!(crowd.leaving(crowd.port(1, "6529")).await, 1);
    assert_eq!(crowd.leaving(crowd.port(100, "6529")).await, 2);
    crowd.read(101).await;
    assert_eq!(crowd.leaving(crowd.port(101, "6529")).await, 3);
    assert_eq!(crowd.leaving(crowd.port(2, "7777")).await, 1, "another carrier");
    assert_eq!(crowd.leaving(crowd.port(99, "6529")).await, 0, "read by another");
    // A port that is asked again, under its name or another, is the same account.
    let again = crowd.port(3, "6529");
    assert_eq!(crowd.leaving(again.clone()).await, 4);
    assert_eq!(crowd.leaving(again).await, 4);
    assert_eq!(crowd.leaving(crowd.port(3, "6529")).await, 4);
    // One whose account number does not match is nobody's ask.
    let mut wrong = crowd.port(4, "6529");
    wrong.claims.account_number = AccountNumber::parse("11111111").ok();
    crowd.leaving(wrong).await;
    assert_eq!(crowd.leaving(crowd.port(5, "6529")).await, 5);
}

#[tokio::test]
async fn a_day_of_reads_ends_and_a_week_of_ports() {
    let crowd = Crowd::of(101).await;
    for account in 0..99 {
        crowd.read(account).await;
    }
    crowd.world.pass(TimeDelta::hours(24) + TimeDelta::milliseconds(1));
    crowd.read(99).await;
    assert_eq!(crowd.leaving(crowd.port(0, "6529")).await, 0, "the others are a day old");
    for account in 0..99 {
        crowd.read(account).await;
    }
    crowd.world.pass(TimeDelta::days(7) - TimeDelta::hours(1));
    assert_eq!(crowd.leaving(crowd.port(0, "6529")).await, 1);
    crowd.world.pass(TimeDelta::hours(1));
    assert_eq!(crowd.leaving(crowd.port(1, "6529")).await, 2, "the week's end is in it");
    crowd.world.pass(TimeDelta::milliseconds(1));
    assert_eq!(crowd.leaving(crowd.port(2, "6529")).await, 0);
}

/// Whoever reads one account again and again pushes none of the others out, and hides no read of before.
#[tokio::test]
async fn reading_again_hides_nothing() {
    let crowd = Crowd::of(100).await;
    for account in 0..98 {
        crowd.read(account).await;
    }
    for _ in 0..120 {
        crowd.read(0).await;
    }
    crowd.read(98).await;
    crowd.read(99).await;
    crowd.world.pass(TimeDelta::days(2));
    crowd.read(1).await;
    assert_eq!(crowd.leaving(crowd.port(1, "6529")).await, 1);
}

#[tokio::test]
async fn who_read_what_outlives_a_restart() {
    let crowd = Crowd::of(100).await;
    for account in 0..60 {
        crowd.read(account).await;
    }
    let Crowd { world, engine } = crowd;
    drop(engine);
    let world = world.reopen().await;
    let crowd = Crowd { engine: world.engine.clone(), world };
    for account in 60..100 {
        crowd.read(account).await;
    }
    assert_eq!(crowd.leaving(crowd.port(7, "6529")).await, 1);
    let Crowd { world, engine } = crowd;
    drop(engine);
    let world = world.reopen().await;
    let crowd = Crowd { engine: world.engine.clone(), world };
    assert_eq!(crowd.leaving(crowd.port(8, "6529")).await, 2);
}
