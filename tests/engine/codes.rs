//! One-time codes: sent to the customer, entered by the customer, so often and no oftener.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::domain::{
    AccountId, Change, Channel, Contact, ContactId, ContactValue, DeviceId, Evidence, Factor, Happening, Iccid, Level,
    LineId, Msisdn, OutcomeKind, PinDigits, Reason, RecordId, Recorded, Requester, Role, SimChange, SimChangeCause,
    SimTarget,
};
use portcullis::service::{
    Body, CodeSender, CodeToSend, DecisionState, LineName, LineRef, Question, Refusal, Scope, Sending, Sent,
    ServiceError, ToldBySource, authorise,
};

use crate::challenges::{outcome, reasons, refused};
use crate::world::{NEW_SIM, PIN, World, clerk, customer, interaction, pin_pad, requester, sim_to};

pub(crate) const MAIL: &str = "ann@example.com";
const OTHER_LINE: &str = "+12125550177";

/// Everything that was sent, oldest first.
#[derive(Default)]
pub(crate) struct Mailbox(Mutex<Vec<CodeToSend>>);

impl CodeSender for Mailbox {
    fn send(&self, code: CodeToSend) {
        self.0.lock().unwrap().push(code);
    }
}

impl Mailbox {
    pub(crate) fn last(&self) -> CodeToSend {
        self.0.lock().unwrap().last().unwrap().clone()
    }

    /// The newest that went to a contact.
    pub(crate) fn last_to(&self, value: &ContactValue) -> Option<CodeToSend> {
        self.0.lock().unwrap().iter().rev().find(|code| code.contact.value == *value).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

pub(crate) fn contact(name: &str, value: ContactValue, since: DateTime<Utc>) -> Contact {
    Contact { id: ContactId::parse(name).unwrap(), value, since, ended: None }
}

pub(crate) fn by_code(digits: &PinDigits) -> Evidence {
    Evidence { one_time_code: Some(digits.clone()), ..Evidence::default() }
}

/// Never the right one.
fn other_than(digits: &PinDigits) -> PinDigits {
    let wrong = if digits.expose() == "111111" { "222222" } else { "111111" };
    PinDigits::parse_code(wrong).unwrap()
}

/// A world whose owner has had a mailbox for years, and what comes into it.
pub(crate) async fn with_mail() -> (World, Arc<Mailbox>) {
    with_contact(ContactValue::Email(MAIL.to_owned())).await
}

async fn with_contact(value: ContactValue) -> (World, Arc<Mailbox>) {
    let (world, mailbox) = (World::new(), Arc::new(Mailbox::default()));
    let mut seed = world.seed();
    seed.persons[0].contacts = vec![contact("mail", value, world.now() - TimeDelta::days(900))];
    world.create(seed).await;
    world.engine.send_codes_by(mailbox.clone());
    (world, mailbox)
}

impl World {
    pub(crate) fn sending(&self, challenge: RecordId) -> Sending {
        let request_id = self.request_id();
        let body = Body(request_id.to_bytes().to_vec());
        Sending { request_id, body, challenge, contact: None, interaction: interaction(Channel::Store) }
    }

    pub(crate) async fn send_code(&self, who: Requester, challenge: RecordId) -> Result<Sent, ServiceError> {
        self.engine.send_code(authorise(who)?, self.sending(challenge)).await
    }

    async fn give_code(&self, challenge: RecordId, digits: &PinDigits) -> Result<(), ServiceError> {
        let submission = self.submission(challenge, by_code(digits), Channel::Store);
        self.engine.submit_evidence(authorise(pin_pad())?, submission).await.map(|_| ())
    }

    /// What an ask about a number comes to.
    async fn challenged_on(&self, who: Requester, number: &str) -> RecordId {
        let name = LineName::Msisdn(Msisdn::parse(number).unwrap());
        let scope = Scope::Line(LineRef::named(name));
        let question = Question { scope, ..self.question(sim_to(NEW_SIM), Channel::Store) };
        let answer = self.decide(who, question).await.unwrap();
        assert_eq!(outcome(&answer), OutcomeKind::Challenge);
        answer.id()
    }

    /// What the owner's own ask, on their own device, comes to.
    async fn challenged_by_owner(&self) -> RecordId {
        let answer = self.decide(customer(), self.question(sim_to(NEW_SIM), Channel::App)).await.unwrap();
        assert_eq!(outcome(&answer), OutcomeKind::Challenge);
        answer.id()
    }
}

/// Not now, but from that instant on.
#[track_caller]
fn exhausted(result: Result<Sent, ServiceError>, until: DateTime<Utc>) {
    match result {
        Err(ServiceError::Exhausted { retry_at, .. }) => assert_eq!(retry_at, Some(until)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_leads_to_an_approval() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    let sent = world.send_code(clerk(), challenge).await.unwrap();
    assert_eq!(sent, Sent { expires_at: world.now() + TimeDelta::minutes(10), left: 4, to: None });
    let code = mailbox.last();
    assert_eq!(code.contact.value, ContactValue::Email(MAIL.to_owned()));
    assert_eq!(world.state(challenge).await, DecisionState::Pending);
    world.give_code(challenge, &code.digits).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Answered);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Approve);
    assert_eq!(answer.decided().unwrap().accepted, [Factor::OneTimeCode]);
}

/// E05: who reads the message knows what it would do, and not to say it to anybody.
#[tokio::test]
async fn the_text_names_the_change_and_where_the_number_would_go() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    world.send_code(clerk(), challenge).await.unwrap();
    let CodeToSend { text, digits, change, .. } = mailbox.last();
    let target = Change::Sim(SimChange {
        target: SimTarget::Iccid(Iccid::parse(NEW_SIM).unwrap()),
        imei: None,
        cause: SimChangeCause::Upgrade,
        old_iccid: None,
        delivery: None,
    });
    assert_eq!(change, target);
    for said in [digits.expose(), "number ending 0123", "SIM card ending 9029", "Never read it out"] {
        assert!(text.contains(said), "{text}");
    }
    assert!(!format!("{:?}", mailbox.last()).contains(digits.expose()));
}

#[tokio::test]
async fn a_code_is_good_once_for_its_challenge_entered_by_the_customer() {
    let (world, mailbox) = with_mail().await;
    let (first, second) = (world.challenged().await, world.challenged().await);
    world.send_code(clerk(), first).await.unwrap();
    let code = mailbox.last().digits;
    // It is the other one's no more than any number.
    world.give_code(second, &code).await.unwrap();
    assert_eq!(world.state(second).await, DecisionState::Pending);
    // Read out to the clerk it proves nothing, and is spent.
    let completion = world.completion(first, by_code(&code));
    let answer = world.engine.complete_decision(authorise(clerk()).unwrap(), completion).await.unwrap().answer;
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Deny, vec![Reason::NoCustomerProof]));
    world.give_code(first, &code).await.unwrap();
    assert_eq!(world.state(first).await, DecisionState::Pending);
    // Too late, it is no wrong answer and no right one.
    world.send_code(clerk(), second).await.unwrap();
    let late = mailbox.last().digits;
    world.pass(TimeDelta::minutes(10));
    refused(world.give_code(second, &late).await, Refusal::ChallengeOver);
}

/// E04: tries are counted on the challenge, however they come, and then nobody of the line is prompted for a day.
#[tokio::test]
async fn five_wrong_codes_end_a_challenge_and_the_prompting() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    world.send_code(clerk(), challenge).await.unwrap();
    let code = mailbox.last().digits;
    for _ in 0..5 {
        assert_eq!(world.state(challenge).await, DecisionState::Pending);
        world.give_code(challenge, &other_than(&code)).await.unwrap();
    }
    assert_eq!(world.state(challenge).await, DecisionState::Expired);
    refused(world.give_code(challenge, &code).await, Refusal::ChallengeOver);
    let over = world.now() + TimeDelta::hours(24);
    exhausted(world.send_code(clerk(), world.challenged().await).await, over);
    world.pass(TimeDelta::hours(24));
    world.send_code(clerk(), world.challenged().await).await.unwrap();
}

/// E04: whoever tries many at once tries five.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tries_at_once_are_five() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    world.send_code(clerk(), challenge).await.unwrap();
    let code = mailbox.last().digits;
    let world = Arc::new(world);
    let tries = (0..40).map(|_| {
        let (world, wrong) = (Arc::clone(&world), other_than(&code));
        tokio::spawn(async move { world.give_code(challenge, &wrong).await.is_ok() })
    });
    let mut looked_at = 0;
    for tried in tries.collect::<Vec<_>>() {
        looked_at += usize::from(tried.await.unwrap());
    }
    assert_eq!(looked_at, 5);
    refused(world.give_code(challenge, &code).await, Refusal::ChallengeOver);
}

/// E04: a sixth sending ends it.
#[tokio::test]
async fn the_last_of_five_codes_is_good_and_a_sixth_ends_the_challenge() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    for left in (0..5).rev() {
        assert_eq!(world.send_code(clerk(), challenge).await.unwrap().left, left);
    }
    let (before, last) = {
        let sent = mailbox.0.lock().unwrap();
        (sent[3].digits.clone(), sent[4].digits.clone())
    };
    if before != last {
        world.give_code(challenge, &before).await.unwrap();
        assert_eq!(world.state(challenge).await, DecisionState::Pending);
    }
    refused(world.send_code(clerk(), challenge).await, Refusal::ChallengeOver);
    assert_eq!((world.state(challenge).await, mailbox.len()), (DecisionState::Expired, 5));
    refused(world.give_code(challenge, &last).await, Refusal::ChallengeOver);
    exhausted(world.send_code(clerk(), world.challenged().await).await, world.now() + TimeDelta::hours(24));
}

/// P20: three prompts of a line in a day, but for what the owner starts on a known device.
#[tokio::test]
async fn three_challenges_a_day_prompt_the_people_of_a_line() {
    let (world, mailbox) = with_mail().await;
    let began = world.now();
    for hour in 0..3 {
        let challenge = world.challenged().await;
        world.send_code(clerk(), challenge).await.unwrap();
        // Once more for the same is no other prompt.
        world.send_code(clerk(), challenge).await.unwrap();
        assert_eq!(mailbox.len(), 2 * (hour + 1));
        world.pass(TimeDelta::hours(1));
    }
    exhausted(world.send_code(clerk(), world.challenged().await).await, began + TimeDelta::hours(24));
    let own = world.challenged_by_owner().await;
    let sent = world.send_code(customer(), own).await.unwrap();
    assert_eq!(sent.to.map(|(contact, _)| contact.value.masked()), Some("a***@e***.com".to_owned()));
    // What the clerk began stays the clerk's, whoever has the code sent.
    exhausted(world.send_code(customer(), world.challenged().await).await, began + TimeDelta::hours(25));
}

/// P20: who said no is not asked again for a day.
#[tokio::test]
async fn after_a_no_nobody_is_prompted_for_a_day() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    world.decline(customer(), challenge, false).await.unwrap();
    refused(world.send_code(clerk(), challenge).await, Refusal::ChallengeOver);
    exhausted(world.send_code(clerk(), world.challenged().await).await, world.now() + TimeDelta::hours(24));
    assert_eq!(mailbox.len(), 0);
    world.pass(TimeDelta::hours(24));
    world.send_code(clerk(), world.challenged().await).await.unwrap();
}

/// INVARIANT (unknown-looks-known): a clerk who has codes sent learns neither that there is a line nor a contact.
#[tokio::test]
async fn a_number_that_nobody_has_is_sent_codes_like_any_other() {
    let (world, mailbox) = with_mail().await;
    let (none, _) = with_contact(ContactValue::Postal(portcullis::domain::PostalCode::parse("84073").unwrap())).await;
    let known = world.challenged().await;
    // Another clerk: one who asks for two accounts without their customers is refused.
    let other = || requester(Role::RetailAgent, "clerk-8");
    let unknown = world.challenged_on(other(), "+12125559876").await;
    let unreachable = none.challenged().await;
    for _ in 0..6 {
        let told = [
            world.send_code(clerk(), known).await,
            world.send_code(other(), unknown).await,
            none.send_code(clerk(), unreachable).await,
        ];
        let [told, others @ ..] = told.map(|told| format!("{told:?}"));
        assert_eq!(others, [told.clone(), told]);
    }
    assert_eq!(mailbox.len(), 5);
    let again = world.challenged_on(other(), "+12125559876").await;
    exhausted(world.send_code(other(), again).await, world.now() + TimeDelta::hours(24));
}

/// E04: who holds the owner's own session guesses no more than others, over however many challenges of their own.
#[tokio::test]
async fn nobody_guesses_on_with_challenges_of_their_own() {
    let (world, mailbox) = with_mail().await;
    for _ in 0..2 {
        let own = world.challenged_by_owner().await;
        world.send_code(customer(), own).await.unwrap();
        let code = mailbox.last().digits;
        // One less than ends a challenge, and then another.
        for _ in 0..4 {
            world.give_code(own, &other_than(&code)).await.unwrap();
        }
    }
    let own = world.challenged_by_owner().await;
    world.send_code(customer(), own).await.unwrap();
    let code = mailbox.last().digits;
    for _ in 0..2 {
        world.give_code(own, &other_than(&code)).await.unwrap();
    }
    exhausted(world.send_code(customer(), own).await, world.now() + TimeDelta::hours(24));
    exhausted(world.send_code(customer(), world.challenged_by_owner().await).await, world.now() + TimeDelta::hours(24));
}

/// E19: codes that nobody was sent are no guesses, and stop nobody's own.
#[tokio::test]
async fn codes_out_of_the_blue_stop_nobody() {
    let (world, mailbox) = with_mail().await;
    for _ in 0..12 {
        let evidence = by_code(&PinDigits::parse_code("111111").unwrap());
        let question = Question { evidence, ..world.question(sim_to(NEW_SIM), Channel::Store) };
        assert_ne!(outcome(&world.decide(clerk(), question).await.unwrap()), OutcomeKind::Approve);
    }
    world.send_code(customer(), world.challenged_by_owner().await).await.unwrap();
    world.send_code(clerk(), world.challenged().await).await.unwrap();
    assert_eq!(mailbox.len(), 2);
}

/// P20: a no stops what was begun before as well; said again, it stops nothing for longer.
#[tokio::test]
async fn a_no_stops_other_challenges_from_when_it_was_said() {
    let (world, _mailbox) = with_mail().await;
    let (first, second) = (world.challenged().await, world.challenged().await);
    world.send_code(clerk(), first).await.unwrap();
    world.decline(customer(), second, false).await.unwrap();
    let over = world.now() + TimeDelta::hours(24);
    exhausted(world.send_code(clerk(), first).await, over);
    world.pass(TimeDelta::hours(1));
    world.decline(customer(), second, false).await.unwrap();
    exhausted(world.send_code(clerk(), world.challenged().await).await, over);
}

/// A bribed clerk sends no code to the mailbox that a thief has.
#[tokio::test]
async fn the_customer_alone_says_where_a_code_goes() {
    let (world, mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    let named = Sending { contact: ContactId::parse("mail").ok(), ..world.sending(challenge) };
    let refused = world.engine.send_code(authorise(clerk()).unwrap(), named.clone()).await;
    assert!(matches!(refused, Err(ServiceError::Invalid { field: "contact_id", .. })), "{refused:?}");
    let named = Sending { request_id: world.request_id(), ..named };
    world.engine.send_code(authorise(customer()).unwrap(), named).await.unwrap();
    assert_eq!(mailbox.len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_for_the_same_request_twice() {
    let (world, mailbox) = with_mail().await;
    let own = world.challenged_by_owner().await;
    let sending = world.sending(own);
    let first = world.engine.send_code(authorise(customer()).unwrap(), sending.clone()).await.unwrap();
    let again = world.engine.send_code(authorise(customer()).unwrap(), sending).await.unwrap();
    assert_eq!((first, mailbox.len()), (again, 1));
}

#[tokio::test]
async fn a_code_is_asked_for_by_who_asked_and_by_the_customer() {
    let (world, _mailbox) = with_mail().await;
    let challenge = world.challenged().await;
    let other = requester(Role::RetailAgent, "someone-else");
    assert!(matches!(world.send_code(other, challenge).await, Err(ServiceError::NotFound(_))));
    let stranger = Requester { account: AccountId::parse("acct-9").ok(), ..customer() };
    assert!(matches!(world.send_code(stranger, challenge).await, Err(ServiceError::NotFound(_))));
    for role in [Role::PortingSystem, Role::FraudOps, Role::Auditor, Role::Provisioning] {
        assert!(matches!(world.send_code(requester(role, "r"), challenge).await, Err(ServiceError::Forbidden)));
    }
    world.send_code(customer(), challenge).await.unwrap();
    let named = Sending { contact: ContactId::parse("other").ok(), ..world.sending(challenge) };
    refused(world.engine.send_code(authorise(customer()).unwrap(), named).await, Refusal::ContactUnusable);
    refused(World::populated_challenge().await, Refusal::CodesOff);
}

/// A world whose owner is reached at another line here, on its SIM for so many days.
async fn with_other_line(days: i64) -> (World, Arc<Mailbox>) {
    let (world, mailbox) = with_contact(ContactValue::Sms(Msisdn::parse(OTHER_LINE).unwrap())).await;
    let mut seed = world.seed();
    seed.account = AccountId::parse("acct-2").unwrap();
    seed.lines[0].id = LineId::parse("line-2").unwrap();
    seed.lines[0].msisdn = Msisdn::parse(OTHER_LINE).unwrap();
    seed.lines[0].sim_since = Some(world.now() - TimeDelta::days(days));
    seed.devices.clear();
    world.create(seed).await;
    (world, mailbox)
}

/// P5: what befalls another line while a code is on its way takes the code's worth.
#[tokio::test]
async fn a_code_to_a_line_that_others_have_by_now_proves_nothing() {
    let (world, mailbox) = with_other_line(8).await;
    let challenge = world.challenged().await;
    world.send_code(clerk(), challenge).await.unwrap();
    world.give_code(challenge, &mailbox.last().digits).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Answered);
    let (event, occurred_at) = (world.request_id(), world.now());
    let target = SimTarget::Iccid(Iccid::parse("8901260123456789037").unwrap());
    let what = Happening::Recorded(Recorded::SimActivated { target, imei: None });
    let name = LineName::Msisdn(Msisdn::parse(OTHER_LINE).unwrap());
    let (body, scope) = (Body(event.to_bytes().to_vec()), Scope::Line(LineRef::named(name)));
    let told = ToldBySource { event, body, scope, occurred_at, what };
    let network = requester(Role::NetworkSignals, "hlr-1");
    world.engine.record_event(authorise(network).unwrap(), told).await.unwrap();
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!((outcome(&answer), reasons(&answer)), (OutcomeKind::Deny, vec![Reason::NoCustomerProof]));
}

/// P5: no code to another line of the carrier that has lately got another SIM.
#[tokio::test]
async fn no_code_goes_to_another_line_whose_sim_changed() {
    for (days, sent) in [(3, 0), (8, 1)] {
        let (world, mailbox) = with_other_line(days).await;
        world.send_code(clerk(), world.challenged().await).await.unwrap();
        assert_eq!(mailbox.len(), sent, "{days} days");
    }
}

/// P21: who lost their phone and knows the PIN needs no app, and no document.
#[tokio::test]
async fn a_lost_phone_is_replaced_by_pin_and_code() {
    let (world, mailbox) = with_mail().await;
    let Change::Sim(sim) = sim_to(NEW_SIM) else { panic!("a SIM") };
    let lost = Change::Sim(SimChange { cause: SimChangeCause::Lost, ..sim });
    let answer = world.decide(clerk(), world.question(lost, Channel::Store)).await.unwrap();
    let decided = answer.decided().unwrap();
    let offered: Vec<Factor> = decided.options.iter().map(|option| option.factor).collect();
    assert_eq!((decided.required, offered.first()), (Level::Strong, Some(&Factor::AccountPin)));
    let challenge = answer.id();
    world.send_code(clerk(), challenge).await.unwrap();
    world.give_code(challenge, &mailbox.last().digits).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Pending, "a code alone does not do");
    assert_eq!(outcome(&world.complete(challenge).await.unwrap()), OutcomeKind::Challenge);
    world.give_pin(challenge, PIN).await.unwrap();
    assert_eq!(world.state(challenge).await, DecisionState::Answered);
    let answer = world.complete(challenge).await.unwrap();
    assert_eq!(answer.decided().unwrap().accepted, [Factor::AccountPin, Factor::OneTimeCode]);
}

/// A code and the PIN, from two who are the customer, are two classes.
#[tokio::test]
async fn a_code_beside_the_pin_meets_two_classes() {
    let (world, mailbox) = with_mail().await;
    let elsewhere = Requester { device: DeviceId::parse("never-seen").ok(), ..customer() };
    let answer = world.decide(elsewhere.clone(), world.question(sim_to(NEW_SIM), Channel::Web)).await.unwrap();
    assert_eq!(outcome(&answer), OutcomeKind::Challenge, "a new device");
    let challenge = answer.id();
    let waiting = world.waiting().await;
    let (target, _) = &waiting.iter().find(|one| one.pending.decision == challenge).unwrap().code_targets[0];
    assert_eq!(target.id.as_str(), "mail");
    world.send_code(elsewhere.clone(), challenge).await.unwrap();
    world.give_code(challenge, &mailbox.last().digits).await.unwrap();
    assert_eq!(world.state_for(elsewhere.clone(), challenge).await, DecisionState::Pending);
    world.give_pin(challenge, PIN).await.unwrap();
    assert_eq!(world.state_for(elsewhere.clone(), challenge).await, DecisionState::Answered);
    assert_eq!(outcome(&world.complete_as(elsewhere, challenge).await.unwrap()), OutcomeKind::Approve);
}

impl World {
    async fn state_for(&self, who: Requester, challenge: RecordId) -> DecisionState {
        self.engine.get_decision(&authorise(who).unwrap(), challenge, None).await.unwrap().state
    }

    /// Where none are sent.
    async fn populated_challenge() -> Result<Sent, ServiceError> {
        let world = World::populated().await;
        let challenge = world.challenged().await;
        world.send_code(clerk(), challenge).await
    }
}
