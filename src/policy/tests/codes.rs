//! One-time codes: to whom they go, what they prove, and who must enter them.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Ask, World, days_ago, hours_ago, minutes_ago, now};
use crate::domain::{
    Action, Channel, CodeCheck, Completing, Contact, ContactId, ContactValue, Factor, FactorOption, Level, Msisdn,
    OutcomeKind, Reason, Reset, ResetKind, SimChangeCause, SimChanged, Usability,
};
use crate::policy::contacts::{ContactFitness, code_targets};

const BASIC: Completing = Completing::Open { required: Level::Basic, with_pin: Level::Basic };
const TWO: Completing = Completing::Open { required: Level::TwoClasses, with_pin: Level::TwoClasses };
const STRONG: Completing = Completing::Open { required: Level::Strong, with_pin: Level::Strong };

impl Ask {
    /// A code that was sent to a contact.
    pub(super) fn code(self, found: CodeCheck, contact: &str) -> Self {
        let mut ask = self.with(|request| {
            request.one_time_code = found != CodeCheck::Given;
            request.code_contact = Some(id(contact));
            request.codes_sent = true;
        });
        ask.checks.code = found;
        ask
    }

    fn with_codes(self) -> Self {
        self.with(|request| request.codes_sent = true)
    }
}

fn id(contact: &str) -> ContactId {
    ContactId::parse(contact).unwrap()
}

impl World {
    /// The owner can be reached there, since then.
    pub(super) fn contact(self, name: &str, value: ContactValue, since: DateTime<Utc>) -> Self {
        self.with(|world| {
            // Nobody is behind a number that nobody has.
            if let Some(owner) = world.account.persons.first_mut() {
                owner.contacts.push(Contact { id: id(name), value, since, ended: None });
            }
        })
    }

    fn with_mail() -> Self {
        Self::new().contact("mail", mail(), days_ago(900))
    }

    fn fitness(&self, ask: &Ask) -> Vec<(String, ContactFitness)> {
        let targets = code_targets(&self.policy, &ask.request.request(), &self.snapshot(), now());
        targets.contacts.into_iter().map(|(contact, fitness)| (contact.id.as_str().to_owned(), fitness)).collect()
    }
}

fn mail() -> ContactValue {
    ContactValue::Email("ann@example.com".to_owned())
}

fn number(digits: &str) -> Msisdn {
    Msisdn::parse(digits).unwrap()
}

/// The line of the world.
fn own() -> Msisdn {
    number("+12125550123")
}

#[test]
fn a_code_proves_who_has_an_old_contact_if_they_enter_it_themselves() {
    let world = World::with_mail();
    for ask in [Ask::pad().code(CodeCheck::Matched, "mail"), Ask::clerk().code(CodeCheck::Given, "mail")] {
        assert_eq!(world.approves(&ask.completing(BASIC)).accepted, [Factor::OneTimeCode]);
    }
    // Read out to a clerk it proves that somebody listens.
    let typed = Ask::clerk().code(CodeCheck::Matched, "mail").completing(BASIC);
    world.denies(&typed, &[Reason::NoCustomerProof]);
    // A contact that is not on record, or another's, proves nobody.
    world.challenges(&Ask::pad().code(CodeCheck::Matched, "other").completing(BASIC), &[Reason::ContactUnusable]);
    let unknown = World::unknown().decide(&Ask::pad().code(CodeCheck::Matched, "mail").completing(BASIC));
    assert_eq!(unknown.accepted, []);
}

#[test]
fn wrong_late_and_unasked_codes_leave_the_challenge_open() {
    for found in [CodeCheck::Mismatched, CodeCheck::Expired, CodeCheck::NotSent] {
        World::with_mail().challenges(&Ask::pad().code(found, "mail").completing(BASIC), &[Reason::CodeWrong]);
    }
}

#[test]
fn a_code_is_possession_and_not_strong() {
    let world = World::with_mail();
    world.challenges(&Ask::pad().code(CodeCheck::Given, "mail").completing(TWO), &[Reason::ProofTooWeak]);
    let both = Ask::pad().right_pin().code(CodeCheck::Given, "mail");
    assert_eq!(
        world.approves(&both.clone().completing(TWO)).accepted,
        [Factor::AccountPin, Factor::OneTimeCode],
        "two classes"
    );
    world.challenges(&both.completing(STRONG), &[Reason::ProofTooWeak]);
}

/// What happened to a contact, and what a code sent there then proves. Each at its last instant, and just after.
#[test]
fn no_code_goes_to_a_channel_under_attack() {
    use ContactFitness::{Beside, Fit, NotBefore, Unfit};
    type Happened = fn(World, DateTime<Utc>) -> World;
    let changed: Happened = |world, at| {
        world.contact("it", mail(), at).with(|world| world.credentials.history.contacts_changed.note(None, at))
    };
    let opened: Happened = |world, at| world.contact("it", mail(), at);
    let reset: Happened = |world, at| {
        let reset = Reset { at, kind: ResetKind::Password, via: Channel::Web, mailbox: Some(id("it")) };
        world.contact("it", mail(), days_ago(900)).with(|world| world.account.resets.push(reset))
    };
    let forwarded: Happened = |world, at| {
        let call = ContactValue::Voice(number("+12125550199"));
        world.contact("it", call, days_ago(900)).with(|world| world.line.forwarding_set_at = Some(at))
    };
    let swapped: Happened = |world, at| {
        world
            .contact("it", ContactValue::Sms(own()), days_ago(900))
            .with(|world| world.line.sim_changes.push(at.into()))
    };
    let went_back: Happened = |world, at| {
        let change = SimChanged { goes_back: true, ..at.into() };
        world.contact("it", ContactValue::Sms(own()), days_ago(900)).with(|world| world.line.sim_changes.push(change))
    };
    let just = TimeDelta::milliseconds(1);
    let cases: [(&str, Happened, DateTime<Utc>, ContactFitness); 13] = [
        ("changed 72 h ago", changed, hours_ago(72), NotBefore(now() + just)),
        ("changed longer ago", changed, hours_ago(72) - just, Beside),
        ("changed 30 d ago", changed, days_ago(30), Beside),
        ("changed longer than that ago", changed, days_ago(30) - just, Fit),
        ("there since the account was opened", opened, minutes_ago(1), Fit),
        ("reset a password 7 d ago", reset, days_ago(7), NotBefore(now() + just)),
        ("reset a password longer ago", reset, days_ago(7) - just, Fit),
        ("a call, forwarding set 72 h ago", forwarded, hours_ago(72), NotBefore(now() + just)),
        ("a call, forwarding set longer ago", forwarded, hours_ago(72) - just, Fit),
        ("the line, another SIM for 7 d", swapped, days_ago(7), NotBefore(now() + just)),
        ("the line, another SIM for longer", swapped, days_ago(7) - just, Beside),
        ("the line, back on its own for a day", went_back, hours_ago(24), NotBefore(now() + just)),
        ("the line, back on its own for longer", went_back, hours_ago(24) - just, Beside),
    ];
    for (name, happened, at, fitness) in cases {
        let found = happened(World::new(), at).fitness(&Ask::pad());
        assert_eq!(found, [("it".to_owned(), fitness)], "{name}");
    }
    // The same mailbox under another name is the same mailbox.
    let twice = reset(World::new().contact("other", mail(), days_ago(900)), days_ago(1));
    assert!(twice.fitness(&Ask::pad()).iter().all(|(_, fitness)| matches!(fitness, NotBefore(_))));
    let line = World::new().contact("it", ContactValue::Sms(own()), days_ago(900));
    for cause in [SimChangeCause::Lost, SimChangeCause::Stolen, SimChangeCause::Broken] {
        assert_eq!(line.fitness(&Ask::pad().because(cause)), [("it".to_owned(), Unfit)], "{cause:?}");
    }
}

#[test]
fn a_contact_counts_for_what_its_person_counts_for() {
    let world = World::new().with(|world| {
        for (person, name) in world.account.persons.iter_mut().zip(["ann", "bob", "cal", "dora"]) {
            person.contacts.push(Contact { id: id(name), value: mail(), since: days_ago(900), ended: None });
        }
    });
    let names = |ask: &Ask| world.fitness(ask).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&Ask::pad()), ["ann", "bob", "cal"], "who may say yes to a SIM change of this line");
    let release = Ask::owner().change(super::world::lock_release());
    assert_eq!(names(&release), ["ann"], "a lock is the owner's");
    let ended = World::with_mail().with(|world| {
        world.account.persons.iter_mut().flat_map(|person| &mut person.contacts).for_each(|c| c.ended = Some(now()));
    });
    assert_eq!(ended.fitness(&Ask::pad()), []);
}

/// The factors offered, and whether each can be used.
fn offered(world: &World, ask: &Ask) -> Vec<(Factor, bool)> {
    let verdict = world.decide(ask);
    let crate::domain::Outcome::Challenge(challenge) = verdict.outcome else { return Vec::new() };
    let is_usable = |option: &FactorOption| (option.factor, option.usability == Usability::Usable);
    challenge.options.iter().map(is_usable).collect()
}

#[test]
fn a_code_is_offered_where_it_helps_and_can_be_sent() {
    use Factor::{AccountPin, AppApproval, OneTimeCode};
    let (mailed, none) = (World::with_mail(), World::new());
    // Who may not know what the account has is offered what any line is.
    for world in [&mailed, &none, &World::unknown()] {
        let all = [(AccountPin, true), (OneTimeCode, true), (AppApproval, true)];
        assert_eq!(offered(world, &Ask::clerk().with_codes()), all);
        assert_eq!(offered(world, &Ask::clerk()), [(AccountPin, true), (AppApproval, true)], "none are sent");
    }
    assert_eq!(
        offered(&none, &Ask::owner().with_codes()),
        [(AccountPin, true), (AppApproval, true), (OneTimeCode, false)],
        "there is nobody to send it to"
    );
    // Two classes: each beside the other, or what is missing of them.
    let two = |ask: Ask| ask.with_codes().completing(TWO);
    assert_eq!(offered(&mailed, &two(Ask::owner())), [(AccountPin, true), (OneTimeCode, true), (AppApproval, true)]);
    assert_eq!(offered(&mailed, &two(Ask::owner().right_pin())), [(OneTimeCode, true), (AppApproval, true)]);
    let coded = two(Ask::owner().code(CodeCheck::Given, "mail"));
    assert_eq!(offered(&mailed, &coded), [(AccountPin, true), (AppApproval, true)]);
    let pinless = World::with_mail().without_pin();
    assert_eq!(
        offered(&pinless, &two(Ask::owner())),
        [(AppApproval, true), (AccountPin, false), (OneTimeCode, false)],
        "without the other neither helps"
    );
    assert_eq!(offered(&mailed, &Ask::owner().with_codes().completing(STRONG)), [(AppApproval, true)]);
}

/// A young contact counts beside another class, and is no way through alone.
#[test]
fn a_young_contact_counts_beside_another_class_alone() {
    let young = World::new()
        .contact("mail", mail(), days_ago(10))
        .with(|world| world.credentials.history.contacts_changed.note(None, days_ago(10)));
    let coded = Ask::pad().code(CodeCheck::Given, "mail");
    assert_eq!(young.decide(&coded.clone().completing(BASIC)).outcome.kind(), OutcomeKind::Challenge);
    young.approves(&coded.right_pin().completing(TWO));
    let unusable = offered(&young, &Ask::owner().with_codes());
    assert!(unusable.contains(&(Factor::OneTimeCode, false)), "{unusable:?}");
    assert_eq!(Ask::pad().request.change.action(), Action::SimChange);
}
