//! Proof that is given before anybody asks.

use chrono::TimeDelta;
use portcullis::domain::{
    Change, Channel, Evidence, Factor, HoldKind, LineId, LineName, LockSet, OutcomeKind, RecordId, Requester, Role,
    SimChange, SimChangeCause,
};
use portcullis::service::{Ahead, Body, GivenAhead, LineRef, Question, Refusal, Scope, ServiceError, authorise};

use crate::challenges::{by_pin, outcome, reasons, refused};
use crate::incidents::{place, target};
use crate::world::{NEW_SIM, PIN, World, clerk, customer, interaction, ivr, line_ref, pin_pad, requester, sim_to};

impl World {
    fn ahead(&self, change: Change, evidence: Evidence, channel: Channel) -> Ahead {
        let request_id = self.request_id();
        let mut body = Body(request_id.to_bytes().to_vec());
        if let Some(pin) = &evidence.account_pin {
            body.0.extend_from_slice(pin.expose().as_bytes());
        }
        Ahead { request_id, body, line: line_ref(), change, evidence, interaction: interaction(channel) }
    }

    async fn give_ahead(&self, who: Requester, ahead: Ahead) -> Result<GivenAhead, ServiceError> {
        self.engine.give_ahead(authorise(who)?, ahead).await
    }

    /// What the customer enters at the pad for a change.
    async fn at_the_pad(&self, change: Change, pin: &str) -> RecordId {
        self.at_pad(pin_pad(), change, pin).await
    }

    /// The same at a pad of one's own.
    pub(crate) async fn at_pad(&self, pad: Requester, change: Change, pin: &str) -> RecordId {
        self.give_ahead(pad, self.ahead(change, by_pin(pin), Channel::Store)).await.unwrap().handle
    }

    /// What the customer approves in the app for a change, before anybody asks.
    async fn in_the_app(&self) -> RecordId {
        let mut ahead = self.ahead(sim_to(NEW_SIM), Evidence::default(), Channel::App);
        let asked = Question { request_id: ahead.request_id, ..self.question(sim_to(NEW_SIM), Channel::App) };
        ahead.evidence = self.approved(asked).evidence;
        self.give_ahead(customer(), ahead).await.unwrap().handle
    }

    /// What a clerk then asks.
    pub(crate) fn with_handle(&self, handle: RecordId, change: Change) -> Question {
        let evidence = Evidence { handle: Some(handle), ..Evidence::default() };
        Question { evidence, ..self.question(change, Channel::Store) }
    }
}

/// Strong proof is asked for, or the PIN and another class.
fn stolen() -> Change {
    let Change::Sim(sim) = sim_to(NEW_SIM) else { panic!("no SIM change") };
    Change::Sim(SimChange { cause: SimChangeCause::Stolen, ..sim })
}

#[tokio::test]
async fn what_the_customer_gave_ahead_is_their_proof_once_somebody_asks() {
    let world = World::populated().await;
    let handle = world.at_the_pad(sim_to(NEW_SIM), PIN).await;
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    assert_eq!(
        (outcome(&answer), &answer.decided().unwrap().accepted[..]),
        (OutcomeKind::Approve, &[Factor::AccountPin][..])
    );
    assert!(answer.permit.is_some());
    // Once.
    refused(world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await, Refusal::HandleOver);
}

#[tokio::test]
async fn an_app_approves_ahead_what_a_clerk_then_asks() {
    let world = World::populated().await;
    let handle = world.in_the_app().await;
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::AppApproval]);
}

/// Right, wrong and nobody's are answered alike; what it was is told by the decision.
#[tokio::test]
async fn a_handle_says_nothing_of_what_was_given() {
    let world = World::populated().await;
    for pin in [PIN, "593817"] {
        let given = world.give_ahead(ivr(), world.ahead(sim_to(NEW_SIM), by_pin(pin), Channel::Care)).await.unwrap();
        assert_eq!(given.expires_at, world.now() + TimeDelta::minutes(10));
    }
    let unknown = LineRef::named(LineName::LineId(LineId::parse("nobodys").unwrap()));
    let ahead = Ahead { line: unknown.clone(), ..world.ahead(sim_to(NEW_SIM), by_pin(PIN), Channel::Care) };
    let given = world.give_ahead(ivr(), ahead).await.unwrap();
    let question = Question { scope: Scope::Line(unknown), ..world.with_handle(given.handle, sim_to(NEW_SIM)) };
    assert_eq!(outcome(&world.decide(clerk(), question).await.unwrap()), OutcomeKind::Challenge);
    world.pass(TimeDelta::hours(2));
    let wrong = world.at_the_pad(sim_to(NEW_SIM), "593817").await;
    let answer = world.decide(clerk(), world.with_handle(wrong, sim_to(NEW_SIM))).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Challenge);
}

/// INVARIANT (one-counter): wrong PINs count as anywhere else, and the fifth turns it off.
#[tokio::test]
async fn wrong_pins_given_ahead_are_counted() {
    let world = World::populated().await;
    for _ in 0..5 {
        world.at_the_pad(sim_to(NEW_SIM), "593817").await;
    }
    let handle = world.at_the_pad(sim_to(NEW_SIM), PIN).await;
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    assert!(answer.decided().unwrap().accepted.is_empty() && outcome(&answer) != OutcomeKind::Approve);
}

/// Whatever ends it: its time, a lock, a no, another change, another line; and what it rests on is asked when it is used.
#[tokio::test]
async fn a_handle_is_good_for_its_change_its_line_and_its_time() {
    for (what, is_over) in
        [("time", true), ("lock", true), ("no", true), ("change", true), ("line", true), ("device", true), ("", false)]
    {
        let world = World::populated().await;
        let handle =
            if what == "device" { world.in_the_app().await } else { world.at_the_pad(sim_to(NEW_SIM), PIN).await };
        let mut question = world.with_handle(handle, sim_to(NEW_SIM));
        match what {
            "time" => world.pass(TimeDelta::minutes(10)),
            "lock" => world.lock(ivr(), LockSet::Sim).await.unwrap(),
            "no" => world.dispute(customer(), handle).await.unwrap(),
            "change" => question.change = sim_to("8901260123456789037"),
            "line" => {
                let nobodys = LineName::LineId(LineId::parse("nobodys").unwrap());
                question.scope = Scope::Line(LineRef::named(nobodys));
            }
            "device" => world.revoke(requester(Role::FraudOps, "desk-1"), "phone").await.unwrap(),
            _ => {}
        }
        let answer = world.decide(clerk(), question).await;
        if is_over {
            assert!(matches!(answer, Err(ServiceError::Refused(Refusal::HandleOver))), "{what}: {answer:?}");
        } else {
            assert_eq!(outcome(&answer.unwrap()), OutcomeKind::Approve);
        }
    }
}

/// Where it does not suffice, it counts for the challenge that is answered.
#[tokio::test]
async fn what_was_given_ahead_counts_for_the_challenge_that_follows() {
    let world = World::populated().await;
    let handle = world.at_the_pad(stolen(), PIN).await;
    let answer = world.decide(clerk(), world.with_handle(handle, stolen())).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Challenge);
    assert_eq!(answer.decided().unwrap().accepted, [Factor::AccountPin]);
    world.approve_in_app(answer.id()).await.unwrap();
    let completed = world.complete(answer.id()).await.unwrap();
    assert_eq!(outcome(&completed), OutcomeKind::Approve);
    assert_eq!(completed.decided().unwrap().accepted, [Factor::AccountPin, Factor::AppApproval]);
}

#[tokio::test]
async fn staff_give_nothing_ahead_and_no_port_has_a_handle() {
    let world = World::populated().await;
    for who in [clerk(), requester(Role::CareAgent, "care-1"), requester(Role::FraudOps, "desk-1")] {
        let given = world.give_ahead(who, world.ahead(sim_to(NEW_SIM), by_pin(PIN), Channel::Store)).await;
        assert!(matches!(given, Err(ServiceError::Forbidden)), "{given:?}");
    }
    let port = world.port().change;
    let given = world.give_ahead(pin_pad(), world.ahead(port, by_pin(PIN), Channel::Store)).await;
    assert!(matches!(given, Err(ServiceError::Invalid { field: "change.port_out", .. })), "{given:?}");
}

#[tokio::test]
async fn the_same_request_is_given_the_same_handle_and_counts_once() {
    let world = World::populated().await;
    let ahead = world.ahead(sim_to(NEW_SIM), by_pin("593817"), Channel::Store);
    let first = world.give_ahead(pin_pad(), ahead.clone()).await.unwrap();
    for _ in 0..9 {
        assert_eq!(world.give_ahead(pin_pad(), ahead.clone()).await.unwrap(), first);
    }
    let other = Ahead { body: Body(vec![7]), ..ahead };
    assert!(matches!(world.give_ahead(pin_pad(), other).await, Err(ServiceError::RequestIdReused)));
    let handle = world.at_the_pad(sim_to(NEW_SIM), PIN).await;
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Approve, "{:?}", reasons(&answer));
}

/// INVARIANT (one-counter): what nobody looked at counts for nothing: else whoever may ask would turn PINs off unseen.
#[tokio::test]
async fn a_bad_handle_burns_no_pin() {
    let world = World::populated().await;
    for number in 0..12 {
        let mut question = world.with_handle(RecordId::from_u128(number), sim_to(NEW_SIM));
        question.evidence.account_pin = by_pin("593817").account_pin;
        question.interaction = interaction(Channel::Store);
        refused(world.decide(pin_pad(), question).await, Refusal::HandleOver);
    }
    let mut question = world.question(sim_to(NEW_SIM), Channel::Store);
    question.evidence = by_pin(PIN);
    let answer = world.decide(pin_pad(), question).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::AccountPin], "{:?}", reasons(&answer));
}

/// A challenge is its asker's to complete: its id is no handle.
#[tokio::test]
async fn a_challenge_is_no_handle() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.approve_in_app(challenge).await.unwrap();
    let other = requester(Role::RetailAgent, "clerk-9");
    refused(world.decide(other, world.with_handle(challenge, sim_to(NEW_SIM))).await, Refusal::HandleOver);
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve);
}

/// "That was not me" of what was given ahead takes back what it was used for.
#[tokio::test]
async fn a_no_to_what_was_given_ahead_takes_its_approval_back() {
    let world = World::populated().await;
    let handle = world.at_the_pad(sim_to(NEW_SIM), PIN).await;
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    world.dispute(customer(), handle).await.unwrap();
    assert!(world.is_locked().await);
    let redeemed = world.redeem(clerk(), answer.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await;
    assert!(matches!(redeemed, Err(ServiceError::Refused(Refusal::PermitVoid))), "{redeemed:?}");
}

/// What counts no more when somebody asks is as if nothing had been given: they are challenged, and not refused.
#[tokio::test]
async fn what_comes_from_where_something_is_held_counts_no_more() {
    let world = World::populated().await;
    let handle = world.at_the_pad(sim_to(NEW_SIM), PIN).await;
    place(&world, &target(HoldKind::Staff, pin_pad().subject.as_str())).await;
    let answer = world.decide(clerk(), world.with_handle(handle, sim_to(NEW_SIM))).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Challenge, "{:?}", reasons(&answer));
}
