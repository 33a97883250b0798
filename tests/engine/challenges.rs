//! Challenges that wait: met by the customer, completed by who asked, ended by a no, by time or by a lock.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use portcullis::domain::{
    AccountId, AppApproval, Channel, Claims, DeviceId, Evidence, LineId, LockSet, Msisdn, OutcomeKind, PinDigits,
    Reason, RecordId, Requester, Role,
};
use portcullis::service::{
    Answer, Body, Completion, DecisionState, Declining, Engine, LineName, LineRef, Question, Refusal, Scope,
    ServiceError, Submission, WaitingChallenge, authorise,
};
use tokio::time::timeout;

use crate::world::{
    ACCOUNT, GAINING, LINE, NEW_SIM, PIN, World, carrier, clerk, customer, interaction, pin_pad, requester, sim_to,
};

const WRONG_PIN: &str = "593817";

/// Longer than a challenge lives.
const OVER: TimeDelta = TimeDelta::minutes(11);

pub(crate) fn by_pin(digits: &str) -> Evidence {
    Evidence { account_pin: Some(PinDigits::parse_offered(digits).unwrap()), ..Evidence::default() }
}

impl World {
    /// What a clerk's ask without the customer comes to.
    pub(crate) async fn challenged(&self) -> RecordId {
        let answer = self.decide(clerk(), self.sim_change(Channel::Store)).await.unwrap();
        assert_eq!(outcome(&answer), OutcomeKind::Challenge);
        let challenge = answer.decided().unwrap().challenge;
        assert_eq!(challenge, Some(answer.id()), "it waits");
        answer.id()
    }

    pub(crate) fn submission(&self, challenge: RecordId, evidence: Evidence, channel: Channel) -> Submission {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        Submission { request_id, body, challenge, evidence, interaction: interaction(channel) }
    }

    pub(crate) async fn give_pin(&self, challenge: RecordId, digits: &str) -> Result<(), ServiceError> {
        let submission = self.submission(challenge, by_pin(digits), Channel::Store);
        self.engine.submit_evidence(authorise(pin_pad())?, submission).await.map(|_| ())
    }

    /// What the customer's app signs of what it lists.
    pub(crate) async fn approve_in_app(&self, challenge: RecordId) -> Result<(), ServiceError> {
        let waiting = self.waiting().await;
        let waiting = waiting.iter().find(|waiting| waiting.pending.decision == challenge).unwrap();
        let signature = self.app.sign(waiting.pending.signing_input().as_bytes());
        self.give_approval(customer(), challenge, signature).await
    }

    pub(crate) async fn give_approval(
        &self,
        who: Requester,
        challenge: RecordId,
        signature: Vec<u8>,
    ) -> Result<(), ServiceError> {
        let device = DeviceId::parse("phone").unwrap();
        let app_approval = Some(AppApproval { device, signature });
        let evidence = Evidence { app_approval, ..Evidence::default() };
        let submission = self.submission(challenge, evidence, Channel::App);
        self.engine.submit_evidence(authorise(who)?, submission).await.map(|_| ())
    }

    pub(crate) async fn waiting(&self) -> Vec<WaitingChallenge> {
        let account = Scope::Account(AccountId::parse(ACCOUNT).unwrap());
        let who = authorise(customer()).unwrap();
        self.engine.list_pending_challenges(&who, &account, None, 100).await.unwrap().challenges
    }

    pub(crate) fn completion(&self, challenge: RecordId, evidence: Evidence) -> Completion {
        let request_id = self.request_id();
        Completion {
            request_id,
            body: Body(request_id.to_bytes().to_vec()),
            challenge,
            interaction: interaction(Channel::Store),
            claims: Claims::default(),
            evidence,
            signals: Vec::new(),
            plan_time: None,
            at_least: None,
            want_signed_permit: false,
        }
    }

    pub(crate) async fn complete_as(&self, who: Requester, challenge: RecordId) -> Result<Answer, ServiceError> {
        let completion = self.completion(challenge, Evidence::default());
        self.engine.complete_decision(authorise(who)?, completion).await.map(|completed| completed.answer)
    }

    pub(crate) async fn complete(&self, challenge: RecordId) -> Result<Answer, ServiceError> {
        self.complete_as(clerk(), challenge).await
    }

    pub(crate) async fn decline(&self, who: Requester, decision: RecordId, not_me: bool) -> Result<(), ServiceError> {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        let declining = Declining { request_id, body, decision, not_me, channel: Channel::App };
        self.engine.decline_challenge(authorise(who)?, declining).await
    }

    pub(crate) async fn state(&self, challenge: RecordId) -> DecisionState {
        let who = authorise(clerk()).unwrap();
        self.engine.get_decision(&who, challenge, None).await.unwrap().state
    }
}

pub(crate) fn outcome(answer: &Answer) -> OutcomeKind {
    answer.decided().unwrap().outcome
}

pub(crate) fn reasons(answer: &Answer) -> Vec<Reason> {
    answer.decided().unwrap().reasons.iter().map(|given| given.reason).collect()
}

#[track_caller]
pub(crate) fn refused(result: Result<impl Sized, ServiceError>, expected: Refusal) {
    match result {
        Err(ServiceError::Refused(refusal)) if refusal == expected => {}
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[track_caller]
fn not_found(result: Result<impl Sized, ServiceError>) {
    match result {
        Err(ServiceError::NotFound("challenge")) => {}
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("found"),
    }
}

#[tokio::test]
async fn a_pin_at_the_pad_lets_the_clerk_go_on_once() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    world.give_pin(challenge, PIN).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Answered);

    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Approve, vec![]));
    assert_eq!(world.state(challenge).await, DecisionState::Satisfied);
    world.redeem(clerk(), answer.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await.unwrap();
    refused(world.complete(challenge).await, Refusal::DecisionFinal);
    refused(world.give_pin(challenge, PIN).await, Refusal::ChallengeOver);
    assert!(world.waiting().await.is_empty());
}

/// Both ask at once, with nothing between them but the store: one permit.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_challenge_is_completed_once_however_many_try() {
    let world = Arc::new(World::populated().await);
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    let tries = (0..8).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move { world.complete(challenge).await })
    });
    let mut approved = 0;
    for tried in futures_util::future::join_all(tries).await {
        match tried.unwrap() {
            Ok(answer) => {
                assert_eq!(outcome(&answer), OutcomeKind::Approve);
                approved += 1;
            }
            error => refused(error, Refusal::DecisionFinal),
        }
    }
    assert_eq!(approved, 1);
}

#[tokio::test]
async fn the_app_shows_the_exact_change_and_its_approval_is_good_for_that_challenge_alone() {
    let world = World::populated().await;
    let (first, second) = (world.challenged().await, world.challenged().await);
    let waiting = world.waiting().await;
    assert_eq!(waiting.iter().map(|one| one.pending.decision).collect::<Vec<_>>(), [second, first], "newest first");
    assert_eq!(waiting[0].decided().unwrap().change, sim_to(NEW_SIM));

    world.approve_in_app(first).await.unwrap();
    // The same signature for another challenge, and the approval of a question with the challenge's id.
    let signature = world.app.sign(waiting[1].pending.signing_input().as_bytes());
    world.give_approval(customer(), second, signature).await.unwrap();
    let question = world.sim_change(Channel::Store);
    let text = question.signing_input().replace(&question.request_id.to_string(), &second.to_string());
    world.give_approval(customer(), second, world.app.sign(text.as_bytes())).await.unwrap();

    assert_eq!(
        (world.state(first).await, world.state(second).await),
        (DecisionState::Answered, DecisionState::Pending)
    );
    assert_eq!(outcome(&world.complete(second).await.unwrap()), OutcomeKind::Deny);
    assert_eq!(outcome(&world.complete(first).await.unwrap()), OutcomeKind::Approve);
}

#[tokio::test]
async fn proof_that_comes_with_the_completion_counts_like_any_other() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    // Typed by staff it proves nothing, and it is no wrong answer.
    let typed = world.completion(challenge, by_pin(PIN));
    let answer = world.engine.complete_decision(authorise(clerk()).unwrap(), typed).await.unwrap().answer;
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Deny, vec![Reason::NoCustomerProof]));
    assert_eq!(world.state(challenge).await, DecisionState::Pending, "it stays open");
    world.approve_in_app(challenge).await.unwrap();
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve);
}

#[tokio::test]
async fn five_wrong_answers_end_a_challenge_and_count_where_all_wrong_pins_count() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    for _ in 0..4 {
        world.give_pin(challenge, WRONG_PIN).await.unwrap();
    }
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    world.give_pin(challenge, WRONG_PIN).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Expired);
    refused(world.give_pin(challenge, PIN).await, Refusal::ChallengeOver);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)[0]), (OutcomeKind::Deny, Reason::ChallengeLapsed));
    // The PIN is off everywhere, as after five wrong ones anywhere.
    let mut question = world.sim_change(Channel::Store);
    question.evidence = by_pin(PIN);
    let answer = world.decide(pin_pad(), question).await.unwrap();
    assert_eq!(reasons(&answer), [Reason::PinAttemptsExhausted]);
}

#[tokio::test]
async fn the_same_request_is_looked_at_once() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    let submission = world.submission(challenge, by_pin(WRONG_PIN), Channel::Store);
    for _ in 0..6 {
        world.engine.submit_evidence(authorise(pin_pad()).unwrap(), submission.clone()).await.unwrap();
    }
    let wrong = world.waiting().await[0].pending.wrong;
    assert_eq!(wrong, 1);
    let other = Submission { body: Body(b"other".to_vec()), ..submission };
    let reused = world.engine.submit_evidence(authorise(pin_pad()).unwrap(), other).await;
    assert!(matches!(reused, Err(ServiceError::RequestIdReused)));
    // A right one afterwards meets it all the same.
    world.give_pin(challenge, PIN).await.unwrap();
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Approve);
}

#[tokio::test]
async fn a_no_is_final_and_not_me_locks_all() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    world.decline(customer(), challenge, false).await.unwrap();
    world.decline(customer(), challenge, false).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Declined);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)[0]), (OutcomeKind::Deny, Reason::ChallengeDeclined));
    refused(world.give_pin(challenge, PIN).await, Refusal::ChallengeOver);

    let (first, second) = (world.challenged().await, world.challenged().await);
    world.give_pin(second, PIN).await.unwrap();
    world.decline(customer(), first, true).await.unwrap();
    assert_eq!(world.state(second).await, DecisionState::Voided);
    assert_eq!(reasons(&world.complete(second).await.unwrap())[0], Reason::LockOn);
    let answer = world.decide(clerk(), world.sim_change(Channel::Store)).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Deny, vec![Reason::LockOn]));
}

#[tokio::test]
async fn an_approval_is_vetoed_until_it_is_carried_out() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.approve_in_app(challenge).await.unwrap();
    let planned = Completion {
        plan_time: Some(world.now() + TimeDelta::hours(1)),
        ..world.completion(challenge, Evidence::default())
    };
    let answer = world.engine.complete_decision(authorise(clerk()).unwrap(), planned).await.unwrap().answer;
    let permit = answer.permit.clone().unwrap();
    world.decline(customer(), answer.id(), false).await.unwrap();
    world.pass(TimeDelta::hours(1));
    refused(world.redeem(clerk(), &permit, sim_to(NEW_SIM)).await, Refusal::PermitVoid);
    // Of one that was carried out it comes too late; that it was not them is heard all the same.
    let again = world.challenged().await;
    world.approve_in_app(again).await.unwrap();
    let answer = world.complete(again).await.unwrap();
    world.redeem(clerk(), answer.permit.as_ref().unwrap(), sim_to(NEW_SIM)).await.unwrap();
    refused(world.decline(customer(), answer.id(), false).await, Refusal::ChallengeOver);
    world.decline(customer(), answer.id(), true).await.unwrap();
    let port = world.decide(carrier(), world.port()).await.unwrap();
    assert_eq!(reasons(&port), [Reason::LockOn]);
}

#[tokio::test]
async fn silence_is_no() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    world.pass(OVER);
    assert_eq!(world.state(challenge).await, DecisionState::Expired);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)[0]), (OutcomeKind::Deny, Reason::ChallengeLapsed));
    assert!(world.waiting().await.is_empty());
    refused(world.decline(customer(), challenge, false).await, Refusal::ChallengeOver);
}

/// INVARIANT (permit-once): a lock that goes on voids what was granted below it, and challenges as well.
#[tokio::test]
async fn a_lock_voids_what_waits_even_once_it_is_off_again() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    world.lock(customer(), LockSet::Sim).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Voided);
    assert_eq!(reasons(&world.complete(challenge).await.unwrap()), [Reason::LockOn, Reason::ChallengeLapsed]);
    refused(world.give_pin(challenge, PIN).await, Refusal::ChallengeOver);
}

#[tokio::test]
async fn a_pin_that_was_changed_since_was_not_given() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    let question = world.approved(Question {
        scope: Scope::Account(AccountId::parse(ACCOUNT).unwrap()),
        ..world.question(portcullis::domain::Change::PinChange, Channel::App)
    });
    let new = PinDigits::parse_offered("719364").unwrap();
    let (answer, _) = world.engine.set_pin(authorise(customer()).unwrap(), question, new).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Approve);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Deny, vec![Reason::NoCustomerProof]));
}

/// INVARIANT (unknown-looks-known): who neither asked nor owns it is told that there is no such challenge.
#[tokio::test]
async fn only_who_asked_completes_it_and_only_its_customer_answers_it() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    world.give_pin(challenge, PIN).await.unwrap();
    not_found(world.complete_as(requester(Role::RetailAgent, "another-clerk"), challenge).await);
    let stranger = || Requester { account: Some(AccountId::parse("acct-9").unwrap()), ..customer() };
    not_found(world.decline(stranger(), challenge, true).await);
    not_found(world.give_approval(stranger(), challenge, vec![0; 64]).await);
    let (who, account) = (authorise(stranger()).unwrap(), Scope::Account(AccountId::parse(ACCOUNT).unwrap()));
    let of_other = world.engine.list_pending_challenges(&who, &account, None, 10).await;
    assert!(matches!(of_other, Err(ServiceError::Forbidden)));
    not_found(world.complete(RecordId::from_u128(7)).await);
    // A decision that is no challenge.
    let answer = world.complete(challenge).await.unwrap();
    not_found(world.complete(answer.id()).await);
    // Staff give no proof for the customer (`documents`: what they may show instead), and say no for nobody.
    use portcullis::service::right;
    assert!(authorise::<right::SubmitEvidence>(requester(Role::PortingSystem, "somebody")).is_err());
    for role in [Role::RetailAgent, Role::RetailManager, Role::CareAgent, Role::PortingSystem, Role::FraudOps] {
        assert!(authorise::<right::AnswerChallenge>(requester(role, "somebody")).is_err());
    }
}

/// INVARIANT (unknown-looks-known): a challenge about a number that nobody has is kept, answered and completed like any other.
#[tokio::test]
async fn an_unknown_lines_challenge_looks_the_same_and_lapses() {
    let world = World::populated().await;
    let nobody = LineRef::named(LineName::Msisdn(Msisdn::parse("+12125550999").unwrap()));
    let ask = async |who: Requester, scope: Scope| {
        let question = Question { scope, ..world.sim_change(Channel::Store) };
        let answer = world.decide(who.clone(), question).await.unwrap();
        let challenge = answer.id();
        world.give_pin(challenge, WRONG_PIN).await.unwrap();
        let tried = world.complete_as(who.clone(), challenge).await.unwrap();
        let told = |answer: &Answer| {
            let decided = answer.decided().unwrap();
            (decided.outcome, answer.outward.clone(), answer.state, decided.challenge.is_some(), decided.window)
        };
        let state = world.engine.get_decision(&authorise(who.clone()).unwrap(), challenge, None).await.unwrap().state;
        ((who, challenge), (told(&answer), told(&tried), state))
    };
    let another_clerk = requester(Role::RetailAgent, "another-clerk");
    let (known, told_of_known) = ask(clerk(), crate::world::line_scope()).await;
    let (unknown, told_of_unknown) = ask(another_clerk, Scope::Line(nobody)).await;
    assert_eq!(told_of_known, told_of_unknown);
    world.pass(OVER);
    let lapsed = async |(who, challenge): (Requester, RecordId)| {
        let answer = world.complete_as(who, challenge).await.unwrap();
        (outcome(&answer), answer.outward.reasons)
    };
    assert_eq!(lapsed(known).await, lapsed(unknown).await);
}

/// What waits for nobody says so: a batch is asked again with its proof.
#[tokio::test]
async fn a_batch_waits_for_nobody() {
    let world = World::populated().await;
    let mut common = world.port();
    common.scope = crate::world::line_scope();
    let lines = vec![LineRef::named(LineName::LineId(LineId::parse(LINE).unwrap()))];
    let batch = world.engine.batch_decide(authorise(carrier()).unwrap(), common, lines).await.unwrap();
    assert_eq!(batch.outcome, OutcomeKind::Challenge, "{GAINING}");
    let id = batch.answers[0].id();
    refused(world.complete_as(carrier(), id).await, Refusal::AskAgain);
    refused(world.give_pin(id, PIN).await, Refusal::AskAgain);
}

/// A till sees the customer's tap at once, and who answered is not told.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_asked_follows_what_becomes_of_it() {
    let world = World::populated().await;
    let challenge = world.challenged().await;
    let follow =
        async |engine: &Arc<Engine>| engine.watch_decision(authorise(clerk()).unwrap(), challenge, None).await.unwrap();
    let (first, mut watch) = follow(&world.engine).await;
    assert_eq!((first.state, watch.is_over()), (DecisionState::Pending, false));
    world.approve_in_app(challenge).await.unwrap();
    let mut next = async || {
        loop {
            timeout(Duration::from_secs(20), watch.rung()).await.expect("it rings").unwrap();
            if let Some(answer) = watch.look().await.unwrap() {
                return (answer.state, watch.is_over(), answer.permit.is_none());
            }
        }
    };
    assert_eq!(next().await, (DecisionState::Answered, false, true));
    world.complete(challenge).await.unwrap();
    assert_eq!(next().await, (DecisionState::Satisfied, true, true));
    let stranger = authorise(requester(Role::RetailAgent, "another-clerk")).unwrap();
    assert!(matches!(
        world.engine.watch_decision(stranger, challenge, None).await.map(|_| ()),
        Err(ServiceError::NotFound("decision"))
    ));
}

/// A port is gone on with by another carrier: too weak a proof leaves it open, for as long as it was.
#[tokio::test]
async fn too_weak_a_proof_leaves_it_open_until_its_own_end() {
    let world = World::populated().await;
    let pin = world.transfer_pin(None).await;
    let answer = world.decide(carrier(), world.port()).await.unwrap();
    let challenge = answer.id();
    assert_eq!(answer.decided().unwrap().challenge, Some(challenge));
    world.pass(TimeDelta::minutes(9));
    let again = Completion {
        claims: world.port().claims,
        interaction: interaction(Channel::Port),
        ..world.completion(challenge, Evidence::default())
    };
    let vain = world.engine.complete_decision(authorise(carrier()).unwrap(), again.clone()).await.unwrap().answer;
    let (first, vain_one) = (answer.decided().unwrap(), vain.decided().unwrap());
    assert_eq!((vain_one.outcome, vain_one.challenge), (OutcomeKind::Challenge, Some(challenge)));
    assert_eq!(vain_one.window, first.window, "it lives no longer for it");
    let evidence = Evidence { transfer_pin: Some(pin), ..Evidence::default() };
    let right =
        Completion { claims: again.claims, interaction: again.interaction, ..world.completion(challenge, evidence) };
    let answer = world.engine.complete_decision(authorise(carrier()).unwrap(), right).await.unwrap().answer;
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Approve, vec![]));
}
