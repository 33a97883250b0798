//! A SIM change that was somebody else's: reported, what was set since undone, and the line back on its own SIM.

use chrono::TimeDelta;
use portcullis::audit::{AnswerWindow, Event, RecoveryStep};
use portcullis::domain::{
    Change, Channel, DeviceId, Factor, FactorOption, Happening, HoldKind, HolderName, Iccid, Line, LineId, LineStatus,
    Lock, LockHolder, LockSet, OutcomeKind, Person, PersonId, PersonRole, PinDigits, Reason, RecordId, Recorded,
    RecoveryState, Reference, ReleaseOpens, Requester, Role, SimChange, SimChangeCause, SimTarget, Subject, Usability,
};
use portcullis::service::{
    Answer, Body, DecisionState, Guarding, LockOrder, NoticeKind, Question, RecoveryView, Refusal, ServiceError,
    SwapWord, ToldBySource, authorise,
};

use crate::challenges::{outcome, reasons, refused};
use crate::documents::{agent, at, clerk, scan, seen_as};
use crate::events::kept;
use crate::incidents::{desk, place, target};
use crate::notices::{contact, kinds, mail, with_seed};
use crate::windows::with_pin;
use crate::world::{
    LINE, NEW_SIM, NUMBER, OLD_SIM, PIN, World, carrier, customer, line_ref, line_scope, pin_pad, requester, sim_to,
};

const ANOTHER_SIM: &str = "8901260123456789037";
const NAME: &str = "Ann O'Hara";
const NEW_PIN: &str = "739150";

fn sim(iccid: &str) -> SimTarget {
    SimTarget::Iccid(Iccid::parse(iccid).unwrap())
}

fn report(iccid: &str) -> Change {
    Change::SwapReport { back_to: sim(iccid) }
}

/// What takes the line back, as a store asks it.
fn back() -> Change {
    let Change::Sim(change) = sim_to(OLD_SIM) else { panic!("no SIM change") };
    Change::Sim(SimChange { cause: SimChangeCause::Revert, ..change })
}

impl World {
    /// The usual line, which a clerk with the right PIN moved to another SIM.
    async fn swapped() -> Self {
        let world = Self::named().await;
        world.swap(NEW_SIM).await;
        world.pass(TimeDelta::minutes(20));
        world
    }

    async fn swap(&self, iccid: &str) {
        let question = with_pin(self.question(sim_to(iccid), Channel::Store), PIN);
        let thief = at(pin_pad(), Some("S-1"), "till-9");
        let answer = self.decide(thief.clone(), question).await.unwrap();
        let permit = answer.permit.as_ref().unwrap_or_else(|| panic!("{:?}", answer.outward));
        self.redeem(thief, permit, sim_to(iccid)).await.unwrap();
    }

    /// The owner's report, on the phone that they still have.
    async fn reported(&self, iccid: &str) -> Result<(Answer, Option<RecoveryView>), ServiceError> {
        let question = self.approved(self.question(report(iccid), Channel::App));
        self.engine.report_swap(authorise(customer()).unwrap(), question).await
    }

    async fn confirmed(&self, who: Requester, iccid: &str) -> Result<RecoveryView, ServiceError> {
        let request_id = self.request_id();
        let word = SwapWord {
            request_id,
            body: Body(request_id.to_bytes().to_vec()),
            line: line_ref(),
            back_to: sim(iccid),
            reason: Reference::parse("case 4711").unwrap(),
            channel: Channel::Care,
        };
        self.engine.confirm_swap(authorise(who).unwrap(), word).await
    }

    async fn carrier_lock(&self) {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let guarding = Guarding { request_id, body, scope: line_scope(), channel: Channel::Care };
        let reason = Reference::parse("FRAUD-7").ok();
        let order = LockOrder { set: LockSet::Sim, holder: LockHolder::Carrier, reason };
        self.engine.set_lock(authorise(desk(1)).unwrap(), guarding, order).await.unwrap();
    }

    async fn stored_line(&self) -> Line {
        kept(self).await.1
    }

    /// Back to the old SIM, by the document that a store scans and somebody elsewhere sees.
    async fn going_back(&self) -> RecordId {
        let asked = self.decide(clerk(), self.question(back(), Channel::Store)).await.unwrap();
        assert_eq!(outcome(&asked), OutcomeKind::Challenge);
        self.shows(clerk(), asked.id(), scan("scan-1", NAME)).await.unwrap();
        self.shows(agent(), asked.id(), seen_as(NAME, NUMBER)).await.unwrap();
        asked.id()
    }
}

#[tokio::test]
async fn the_owner_reports_it_and_goes_back_at_once_and_once() {
    let world = World::swapped().await;
    world.lock(customer(), LockSet::All).await.unwrap();
    let (answer, view) = world.reported(OLD_SIM).await.unwrap();
    assert_eq!((outcome(&answer), answer.permit.is_none()), (OutcomeKind::Approve, true));
    let recovery = view.unwrap().recovery;
    let RecoveryState::Open { until, annulled, .. } = recovery.state else { panic!("it does not stand") };
    assert_eq!((until, annulled.locks, annulled.suspended), (world.now() + TimeDelta::days(7), 1, true));
    let line = world.stored_line().await;
    assert_eq!((line.status, line.flags.victim), (LineStatus::Suspended, true));

    // Nothing else passes the lock, to wherever and by whomever.
    let elsewhere = world.approved(world.question(sim_to(ANOTHER_SIM), Channel::App));
    assert_eq!(reasons(&world.decide(customer(), elsewhere).await.unwrap()), [Reason::LockOn]);
    let port = world.approved(world.port());
    assert_eq!(outcome(&world.decide(carrier(), port).await.unwrap()), OutcomeKind::Deny);

    // By the document, which waits for nothing.
    let challenge = world.going_back().await;
    assert_eq!(world.state(challenge).await, DecisionState::Answered);
    let answer = world.complete_as(clerk(), challenge).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::IdDocument], "{:?}", answer.outward);
    world.redeem(clerk(), answer.permit.as_ref().unwrap(), back()).await.unwrap();
    let line = world.stored_line().await;
    assert_eq!((line.status, line.is_on(&sim(OLD_SIM)), line.recovery.is_none()), (LineStatus::Active, true, true));
    assert!(matches!(line.protection.lock((LockSet::All, LockHolder::Customer)), Lock::On(_)), "the lock is on");
    assert_eq!((line.sim_changes.len(), line.went_back_at()), (2, Some(world.now())));

    // Once: neither again, nor the way back disputed in its turn.
    let again = world.decide(clerk(), world.question(sim_to(NEW_SIM), Channel::Store)).await.unwrap();
    assert_eq!(reasons(&again), [Reason::LockOn]);
    refused(world.reported(OLD_SIM).await, Refusal::SwapUnknown);
    refused(world.reported(NEW_SIM).await, Refusal::SwapUnknown);
}

#[tokio::test]
async fn what_was_set_since_is_undone_and_what_was_granted_is_void() {
    let world = World::swapped().await;
    let question = world.approved(world.question(Change::PinChange, Channel::App));
    let new = PinDigits::parse_new(NEW_PIN).unwrap();
    let (set, _) = world.engine.set_pin(authorise(customer()).unwrap(), question, new).await.unwrap();
    assert_eq!(outcome(&set), OutcomeKind::Approve);
    let proven = ToldBySource {
        event: world.request_id(),
        body: Body(Vec::new()),
        scope: line_scope(),
        occurred_at: world.now(),
        what: Happening::Recorded(Recorded::DeviceProven { device: DeviceId::parse("thiefs-laptop").unwrap() }),
    };
    world.engine.record_event(authorise(requester(Role::NetworkSignals, "hlr-1")).unwrap(), proven).await.unwrap();
    assert_eq!(kept(&world).await.2.history.proven_devices.len(), 1);
    let pin = world.transfer_pin(None).await;
    let open =
        world.decide(customer(), world.approved(world.question(sim_to(ANOTHER_SIM), Channel::App))).await.unwrap();

    let (_, view) = world.reported(OLD_SIM).await.unwrap();
    let RecoveryState::Open { annulled, .. } = view.unwrap().recovery.state else { panic!("it does not stand") };
    assert!(annulled.pin && !annulled.forwarding, "{annulled:?}");
    let (account, _, credentials) = kept(&world).await;
    assert_eq!((credentials.pin, account.resets.len(), credentials.history.proven_devices.len()), (None, 1, 0));
    let void = world.redeem(customer(), open.permit.as_ref().unwrap(), sim_to(ANOTHER_SIM)).await;
    refused(void, Refusal::PermitVoid);
    let port = world.decide(carrier(), world.port_with(&pin)).await.unwrap();
    assert!(reasons(&port).contains(&Reason::TransferPinVoid), "{:?}", reasons(&port));
}

#[tokio::test]
async fn it_needs_its_owner_and_strong_proof_as_the_release_of_a_lock_does() {
    let world = World::swapped().await;
    let ask = async |who: Requester, question: Question| {
        world.engine.report_swap(authorise(who).unwrap(), question).await.map(|(answer, _)| answer)
    };
    let by_pin = ask(pin_pad(), with_pin(world.question(report(OLD_SIM), Channel::Store), PIN)).await.unwrap();
    assert_eq!(outcome(&by_pin), OutcomeKind::Challenge);
    let child = Requester { person: PersonId::parse("stranger").ok(), ..customer() };
    let stranger = ask(child, world.approved(world.question(report(OLD_SIM), Channel::App))).await.unwrap();
    assert_eq!(reasons(&stranger), [Reason::OwnerOnly]);
    // What was signed for another SIM is no approval of this one.
    let mut other = world.approved(world.question(report(ANOTHER_SIM), Channel::App));
    other.change = report(OLD_SIM);
    assert_eq!(outcome(&ask(customer(), other).await.unwrap()), OutcomeKind::Challenge);
    let line = world.stored_line().await;
    assert_eq!((line.status, line.recovery), (LineStatus::Active, None), "nothing has changed");
    for unknown in [ANOTHER_SIM, NEW_SIM] {
        refused(world.reported(unknown).await, Refusal::SwapUnknown);
    }
    // Who may not read the line's locks learns no more than that more proof is asked for.
    let blind = ask(pin_pad(), with_pin(world.question(report(ANOTHER_SIM), Channel::Store), PIN)).await.unwrap();
    assert_eq!((outcome(&blind), reasons(&blind)), (OutcomeKind::Challenge, reasons(&by_pin)));
}

/// In a shop, with nothing but a document: the challenge waits, and completing it undoes what was set since.
#[tokio::test]
async fn who_has_lost_everything_reports_it_in_a_shop() {
    let world = World::swapped().await;
    let question = world.question(report(OLD_SIM), Channel::Store);
    let (asked, none) = world.engine.report_swap(authorise(clerk()).unwrap(), question).await.unwrap();
    assert_eq!((outcome(&asked), none.is_none()), (OutcomeKind::Challenge, true));
    world.shows(clerk(), asked.id(), scan("scan-1", NAME)).await.unwrap();
    world.shows(agent(), asked.id(), seen_as(NAME, NUMBER)).await.unwrap();
    world.pass(TimeDelta::hours(4));
    let completed = world.complete_as(clerk(), asked.id()).await.unwrap();
    assert_eq!(outcome(&completed), OutcomeKind::Approve, "{:?}", completed.outward);
    assert!(world.stored_line().await.recovering(world.now()).is_some());
    assert!(completed.permit.is_none(), "nothing is to be carried out");
}

#[tokio::test]
async fn two_of_the_fraud_desk_report_it_and_one_does_not() {
    let world = World::swapped().await;
    let before = world.stored_line().await;
    let first = world.confirmed(desk(1), OLD_SIM).await.unwrap();
    assert!(matches!(first.recovery.state, RecoveryState::Proposed(_)));
    world.confirmed(desk(1), OLD_SIM).await.unwrap();
    let line = world.stored_line().await;
    assert_eq!((line.status, line.flags, &line.protection), (before.status, before.flags, &before.protection));
    let asked = world.decide(clerk(), world.question(back(), Channel::Store)).await.unwrap();
    world.shows(clerk(), asked.id(), scan("scan-1", NAME)).await.unwrap();
    world.shows(agent(), asked.id(), seen_as(NAME, NUMBER)).await.unwrap();
    assert_eq!(world.state(asked.id()).await, DecisionState::Pending, "it rests: one word opens nothing");

    // A word of another SIM is no second, and one of a day ago is none.
    refused(world.confirmed(desk(2), ANOTHER_SIM).await, Refusal::SwapUnknown);
    world.pass(TimeDelta::hours(24));
    let late = world.confirmed(desk(2), OLD_SIM).await.unwrap();
    assert!(matches!(late.recovery.state, RecoveryState::Proposed(_)));
    let second = world.confirmed(desk(1), OLD_SIM).await.unwrap();
    assert!(matches!(second.recovery.state, RecoveryState::Open { .. }));
    assert_eq!(world.stored_line().await.status, LineStatus::Suspended);
    // The same again is told the same.
    let again = world.confirmed(desk(3), OLD_SIM).await.unwrap();
    assert_eq!(again.recovery, second.recovery);

    let machine = Requester { subject: Subject::parse("certificate|spiffe://c.example/desk").unwrap(), ..desk(4) };
    refused(world.confirmed(machine, OLD_SIM).await, Refusal::PersonNeeded);
}

/// P22 and P5: the line that is back gets no code for a day; a line that was changed gets none for a week.
#[tokio::test]
async fn a_way_back_that_was_not_taken_is_over_and_locks_again() {
    let world = World::swapped().await;
    world.lock(customer(), LockSet::Sim).await.unwrap();
    world.reported(OLD_SIM).await.unwrap();
    world.pass(TimeDelta::days(7) - TimeDelta::seconds(1));
    let asked = world.decide(clerk(), world.question(back(), Channel::Store)).await.unwrap();
    assert_eq!(outcome(&asked), OutcomeKind::Challenge);
    world.pass(TimeDelta::seconds(1));
    let asked = world.decide(clerk(), world.question(back(), Channel::Store)).await.unwrap();
    assert_eq!(reasons(&asked), [Reason::LockOn]);
    assert!(world.stored_line().await.recovering(world.now()).is_none());
}

#[tokio::test]
async fn one_word_of_the_desk_takes_no_report_away_and_the_owners_newest_holds() {
    let world = World::swapped().await;
    world.pass(TimeDelta::days(4));
    world.swap(ANOTHER_SIM).await;
    world.reported(OLD_SIM).await.unwrap();
    refused(world.confirmed(desk(1), NEW_SIM).await, Refusal::RecoveryOpen);
    assert_eq!(world.stored_line().await.recovery.unwrap().back_to, sim(OLD_SIM), "back to before all of it");
    world.reported(NEW_SIM).await.unwrap();
    assert_eq!(world.stored_line().await.recovery.unwrap().back_to, sim(NEW_SIM));
}

/// Whoever holds an old key of the owner's passes no lock with it: that takes its time, and a notice with a code to stop it.
#[tokio::test]
async fn a_key_alone_goes_back_past_no_lock_and_the_owners_document_does() {
    let world = World::swapped().await;
    world.reported(OLD_SIM).await.unwrap();
    // The customer's own "that was not me" comes after it, and locks.
    world.lock(customer(), LockSet::All).await.unwrap();
    let by_key = async || world.decide(customer(), world.approved(world.question(back(), Channel::App))).await.unwrap();
    assert_eq!(reasons(&by_key().await), [Reason::LockOn]);
    let in_shop = world.decide(clerk(), world.approved(world.question(back(), Channel::Store))).await.unwrap();
    assert_eq!((outcome(&in_shop), reasons(&in_shop)), (OutcomeKind::Challenge, vec![Reason::LockOn]));
    let works: Vec<Factor> =
        in_shop.decided().unwrap().options.iter().filter(|option| is_usable(option)).map(|o| o.factor).collect();
    assert_eq!(works, [Factor::IdDocument], "what is offered leads there");
    // Taken off as ever, it asks for no document.
    world.release(LockSet::All, ReleaseOpens::Window(None)).await.unwrap();
    world.pass(TimeDelta::minutes(16));
    assert_eq!(outcome(&by_key().await), OutcomeKind::Approve);
}

fn is_usable(option: &FactorOption) -> bool {
    option.usability == Usability::Usable
}

/// A carrier's lock covers the way back, whenever it was placed and however often it is reported: so the desk stops it.
#[tokio::test]
async fn the_fraud_desk_stops_it_with_a_lock_of_its_own() {
    let world = World::swapped().await;
    world.reported(OLD_SIM).await.unwrap();
    let challenge = world.going_back().await;
    let answer = world.complete_as(clerk(), challenge).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Approve, "{:?}", answer.outward);
    world.carrier_lock().await;
    assert!(world.redeem(clerk(), answer.permit.as_ref().unwrap(), back()).await.is_err());
    for _ in 0..2 {
        let asked = world.decide(clerk(), world.question(back(), Channel::Store)).await.unwrap();
        assert_eq!((outcome(&asked), reasons(&asked)), (OutcomeKind::Deny, vec![Reason::LockOn]));
        world.reported(OLD_SIM).await.unwrap();
    }
}

/// Whoever carries the line may have its SIM changed by their own document, and passes no lock of its owner's with it.
#[tokio::test]
async fn past_a_lock_it_takes_the_document_of_its_owner() {
    let world = World::new();
    let mut seed = world.named_seed();
    let carries = Person {
        id: PersonId::parse("child").unwrap(),
        role: PersonRole::LineUser,
        name: HolderName::parse("Ben O'Hara").ok(),
        lines: vec![LineId::parse(LINE).unwrap()],
        ..seed.persons[0].clone()
    };
    seed.persons.push(carries);
    world.create(seed).await;
    world.swap(NEW_SIM).await;
    world.reported(OLD_SIM).await.unwrap();
    let by = async |name: &str| {
        let asked = world.decide(clerk(), world.question(back(), Channel::Store)).await.unwrap();
        world.shows(clerk(), asked.id(), scan(&name.replace(' ', "-"), name)).await.unwrap();
        world.shows(agent(), asked.id(), seen_as(name, NUMBER)).await.unwrap();
        outcome(&world.complete_as(clerk(), asked.id()).await.unwrap())
    };
    assert_eq!(by("Ben O'Hara").await, OutcomeKind::Approve, "nothing is locked");
    world.lock(customer(), LockSet::All).await.unwrap();
    assert_eq!(by("Ben O'Hara").await, OutcomeKind::Challenge);
    assert_eq!(by(NAME).await, OutcomeKind::Approve);
}

/// The same request, or the same report anew, says what the network must do for as long as it must.
#[tokio::test]
async fn a_report_that_comes_again_says_what_was_undone_by_both() {
    let world = World::swapped().await;
    let question = world.approved(world.question(Change::PinChange, Channel::App));
    let new = PinDigits::parse_new(NEW_PIN).unwrap();
    world.engine.set_pin(authorise(customer()).unwrap(), question, new).await.unwrap();
    let undone = async || {
        let (_, view) = world.reported(OLD_SIM).await.unwrap();
        let recovery = view.unwrap().recovery;
        let RecoveryState::Open { annulled, .. } = recovery.state else { panic!("it does not stand") };
        (annulled.pin, recovery.suspends)
    };
    assert_eq!([undone().await, undone().await], [(true, true); 2]);
}

/// P20: a no to the report itself keeps the next one's document waiting, as any no does.
#[tokio::test]
async fn a_no_to_the_report_is_a_no() {
    let world = World::swapped().await;
    let asked = async || {
        let question = world.question(report(OLD_SIM), Channel::Store);
        world.engine.report_swap(authorise(clerk()).unwrap(), question).await.unwrap().0.id()
    };
    world.decline(customer(), asked().await, false).await.unwrap();
    let shown = world.shows(clerk(), asked().await, scan("scan-1", NAME)).await;
    assert!(matches!(shown, Err(ServiceError::Exhausted { .. })), "{shown:?}");
}

/// An approval of the way back is good for no longer than that.
#[tokio::test]
async fn a_permit_for_the_way_back_ends_with_it() {
    let world = World::swapped().await;
    world.reported(OLD_SIM).await.unwrap();
    let until = world.now() + TimeDelta::days(7);
    world.pass(TimeDelta::days(7) - TimeDelta::minutes(5));
    let challenge = world.going_back().await;
    let answer = world.complete_as(clerk(), challenge).await.unwrap();
    let AnswerWindow::Permit { expires_at, .. } = answer.decided().unwrap().window else { panic!("no permit") };
    assert_eq!(expires_at, until);
}

/// Without any lock in the way a key is as good as a document.
#[tokio::test]
async fn the_owners_key_goes_back_where_nothing_is_locked() {
    let world = World::swapped().await;
    world.reported(OLD_SIM).await.unwrap();
    let answer = world.decide(customer(), world.approved(world.question(back(), Channel::App))).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Approve, "{:?}", answer.outward);
    world.redeem(customer(), answer.permit.as_ref().unwrap(), back()).await.unwrap();
    assert!(world.is_locked().await);
}

#[tokio::test]
async fn a_lock_of_before_binds_also_where_it_was_taken_off_and_on_again() {
    let world = World::named().await;
    world.lock(customer(), LockSet::Sim).await.unwrap();
    world.release(LockSet::Sim, ReleaseOpens::Window(None)).await.unwrap();
    world.pass(TimeDelta::hours(25));
    world.swap(NEW_SIM).await;
    world.lock(customer(), LockSet::Sim).await.unwrap();
    world.pass(TimeDelta::minutes(5));
    world.reported(OLD_SIM).await.unwrap();
    let asked = world.decide(clerk(), world.question(back(), Channel::Store)).await.unwrap();
    assert_eq!(reasons(&asked), [Reason::LockOn]);
}

/// P20: whose no was to the swap itself is not kept waiting for a day.
#[tokio::test]
async fn who_said_that_it_was_not_them_shows_their_document_all_the_same() {
    let world = World::swapped().await;
    let happened = kept(&world).await.1.last_record.unwrap();
    world.dispute(customer(), happened).await.unwrap();
    let question = world.question(report(OLD_SIM), Channel::Store);
    let (asked, _) = world.engine.report_swap(authorise(clerk()).unwrap(), question).await.unwrap();
    world.shows(clerk(), asked.id(), scan("scan-1", NAME)).await.unwrap();
    world.shows(agent(), asked.id(), seen_as(NAME, NUMBER)).await.unwrap();
    world.pass(TimeDelta::hours(4));
    assert_eq!(outcome(&world.complete_as(clerk(), asked.id()).await.unwrap()), OutcomeKind::Approve);
    // Who helped is held for nothing.
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 10).await.unwrap();
    let names: Vec<&str> = page.holds.iter().map(|hold| hold.target.name.as_str()).collect();
    assert_eq!(names, ["till-9"]);
    let challenge = world.going_back().await;
    assert_eq!(outcome(&world.complete_as(clerk(), challenge).await.unwrap()), OutcomeKind::Approve);
}

/// The same request is told the same, also once the line is back.
#[tokio::test]
async fn a_word_that_is_repeated_is_answered_as_it_was() {
    let world = World::swapped().await;
    let first = world.confirmed(desk(1), OLD_SIM).await.unwrap();
    let request_id = world.request_id();
    let word = || SwapWord {
        request_id,
        body: Body(b"second".to_vec()),
        line: line_ref(),
        back_to: sim(OLD_SIM),
        reason: Reference::parse("seen too").unwrap(),
        channel: Channel::Care,
    };
    let second = world.engine.confirm_swap(authorise(desk(2)).unwrap(), word()).await.unwrap();
    let challenge = world.going_back().await;
    let answer = world.complete_as(clerk(), challenge).await.unwrap();
    world.redeem(clerk(), answer.permit.as_ref().unwrap(), back()).await.unwrap();
    let again = world.engine.confirm_swap(authorise(desk(2)).unwrap(), word()).await.unwrap();
    assert_eq!(again.recovery, second.recovery);
    assert!(matches!(first.recovery.state, RecoveryState::Proposed(_)));
    // What one person thought is not on the customer's list, and what happened is.
    let page = world.engine.list_activity(&authorise(customer()).unwrap(), &line_scope(), None, 100).await.unwrap();
    let steps = page.records.iter().filter_map(|kept| match &kept.record().event {
        Event::RecoveryChanged(step) => Some(step.as_ref().clone()),
        _ => None,
    });
    assert!(matches!(steps.collect::<Vec<_>>()[..], [RecoveryStep::Reported { .. }]));
}

/// INVARIANT (fail-closed): the word of who is held by now is none.
#[tokio::test]
async fn the_word_of_who_is_held_by_now_is_none() {
    let world = World::swapped().await;
    world.confirmed(desk(1), OLD_SIM).await.unwrap();
    place(&world, &target(HoldKind::Staff, desk(1).subject.as_str())).await;
    let second = world.confirmed(desk(2), OLD_SIM).await.unwrap();
    assert!(matches!(second.recovery.state, RecoveryState::Proposed(_)), "it is the first");
}

#[tokio::test]
async fn it_is_told_and_who_began_it_is_held() {
    let (world, post) = with_seed(|world| {
        let mut seed = world.named_seed();
        seed.persons[0].contacts = vec![contact("mail", mail("ann@example.net"))];
        seed
    })
    .await;
    world.swap(NEW_SIM).await;
    world.told().await;
    post.take();
    world.reported(OLD_SIM).await.unwrap();
    let page = world.engine.list_holds(&authorise(desk(1)).unwrap(), None, 10).await.unwrap();
    let names: Vec<&str> = page.holds.iter().map(|hold| hold.target.name.as_str()).collect();
    assert_eq!(names, ["till-9"], "the device that it was begun on");
    assert_eq!(world.alerts().await, 1, "the desk is told");
    world.told().await;
    let mut told: Vec<&str> = kinds(&post.take()).into_iter().map(|(kind, _)| kind.name()).collect();
    told.sort_unstable();
    assert_eq!(told, [NoticeKind::Approved.name(), NoticeKind::SwapReported.name()]);
}
