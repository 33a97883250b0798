//! Identity documents: whose they must be, who else must have seen them, and how long they rest.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Ask, World, hours_ago, now};
use crate::domain::{
    Change, Channel, Completing, DocumentCheck, DocumentDigest, Factor, FactorOption, Given, GivenProof, HolderName,
    Level, Outcome, OutcomeKind, PersonId, PersonRole, Place, Reason, SeenBy, ShownDocument, Spot, StoreId, Subject,
    Usability,
};

const STRONG: Completing = Completing::Open { required: Level::Strong, with_pin: Level::Strong };
const NANOSECOND: TimeDelta = TimeDelta::nanoseconds(1);

/// A document that was shown for a challenge.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    scanned: Given,
    person: Option<PersonId>,
    seconded: Option<(Given, SeenBy)>,
}

/// Of somebody, which a second person has seen so that it counts from then on.
pub(super) fn shown(person: Option<&str>, counts_from: Option<DateTime<Utc>>) -> Shown {
    let given = |by: &str, store: &str, proof| Given {
        at: hours_ago(9),
        by: Subject::parse(by).unwrap(),
        place: Place { bound: Spot { store: StoreId::parse(store).ok(), device: None }, ..Place::default() },
        proof,
    };
    let person = person.map(|person| PersonId::parse(person).unwrap());
    let proof = GivenProof::Document { document: DocumentDigest([7; 16]), person: person.clone() };
    let seen = |counts_from| SeenBy { counts_from, agrees: true, must_rest: false, elsewhere: false };
    let second = |from| (given("issuer/second", "store-2", GivenProof::SecondPerson(seen(from))), seen(from));
    let scanned = given("issuer/first", "store-1", proof);
    Shown { scanned, person, seconded: counts_from.map(second) }
}

impl Shown {
    pub(super) fn elsewhere_if(mut self, elsewhere: bool) -> Self {
        if let Some((_, seen)) = &mut self.seconded {
            seen.elsewhere = elsewhere;
        }
        self
    }

    fn seen_otherwise(mut self) -> Self {
        if let Some((_, seen)) = &mut self.seconded {
            seen.agrees = false;
        }
        self
    }

    fn in_one_store(mut self) -> Self {
        if let Some((second, _)) = &mut self.seconded {
            second.place = self.scanned.place.clone();
        }
        self
    }

    fn seen_from_afar(mut self) -> Self {
        if let Some((second, _)) = &mut self.seconded {
            second.place = Place::default();
        }
        self
    }

    pub(super) fn shown(&self) -> ShownDocument<'_> {
        let Self { scanned, person, seconded } = self;
        let seconded = seconded.as_ref().map(|(given, seen)| (given, *seen));
        ShownDocument { scanned, person: person.as_ref(), seconded }
    }
}

impl Ask {
    pub(super) fn shows(self, found: DocumentCheck, shown: Shown) -> Self {
        let mut ask = self.with(|request| request.document = Some(shown));
        ask.checks.document = found;
        ask
    }

    pub(super) fn given(self, shown: Shown) -> Self {
        self.shows(DocumentCheck::Given, shown).completing(STRONG)
    }

    pub(super) fn waits(self) -> Self {
        self.with(|request| request.waits = true)
    }
}

/// A world whose people have names.
pub(super) fn named() -> World {
    World::new().with(|world| {
        for person in &mut world.account.persons {
            person.name = HolderName::parse("Ann Lee").ok();
        }
    })
}

#[test]
fn it_is_strong_proof_once_another_person_has_seen_it_and_it_has_rested() {
    let world = named();
    let rested = Ask::clerk().given(shown(Some("ann"), Some(now())));
    assert_eq!(world.approves(&rested).accepted, [Factor::IdDocument]);
    let rests = Ask::clerk().given(shown(Some("ann"), Some(now() + NANOSECOND)));
    world.challenges(&rests, &[Reason::ProofTooWeak, Reason::DocumentRests, Reason::NoCustomerProof]);
    for no_proof in
        [shown(Some("ann"), None), shown(None, Some(now())), shown(Some("ann"), Some(now())).seen_otherwise()]
    {
        assert!(world.decide(&Ask::clerk().given(no_proof)).accepted.is_empty());
    }
    let off = named().with(|world| world.policy.document.taken = false);
    assert!(off.decide(&rested).accepted.is_empty(), "none is taken any more");
    let unknown = World::unknown().decide(&Ask::clerk().given(shown(Some("ann"), Some(now()))));
    assert!(unknown.accepted.is_empty());
}

#[test]
fn beside_another_class_it_need_not_rest_unless_the_line_is_flagged() {
    let later = Some(now() + TimeDelta::hours(4));
    let both = Ask::pad().right_pin().given(shown(Some("ann"), later));
    assert_eq!(named().approves(&both).accepted, [Factor::AccountPin, Factor::IdDocument]);
    let flagged = named().with(|world| world.line.flags.heightened = true);
    flagged.challenges(&both, &[Reason::Flagged, Reason::ProofTooWeak]);
}

#[test]
fn of_a_flagged_line_it_is_seen_in_another_store_or_seen_from_afar() {
    let flagged = named().with(|world| world.line.flags.heightened = true);
    let seen = || shown(Some("ann"), Some(now()));
    for (shown, counts) in [(seen(), true), (seen().seen_from_afar(), true), (seen().in_one_store(), false)] {
        let accepted = flagged.decide(&Ask::clerk().given(shown.clone())).accepted;
        assert_eq!(accepted == [Factor::IdDocument], counts);
        assert_eq!(named().decide(&Ask::clerk().given(shown)).accepted, [Factor::IdDocument], "it is not flagged");
    }
}

#[test]
fn what_was_shown_on_another_account_is_refused() {
    let elsewhere = Ask::clerk().given(shown(Some("ann"), Some(now())).elsewhere_if(true));
    named().denies(&elsewhere, &[Reason::DocumentElsewhere]);
    // Before it would count that would tell whose it is.
    let rests = shown(Some("ann"), Some(now() + NANOSECOND)).elsewhere_if(true);
    assert_eq!(named().decide(&Ask::clerk().given(rests)).outcome.kind(), OutcomeKind::Challenge);
}

#[test]
fn it_proves_its_person_and_no_other() {
    let world = named().with(|world| {
        for person in world.account.persons.iter_mut().filter(|person| person.id.as_str() == "ann") {
            (person.role, person.lines) = (PersonRole::LineUser, vec![world.line.id.clone()]);
        }
    });
    let accepted = |ask: Ask| world.decide(&ask.given(shown(Some("ann"), Some(now())))).accepted;
    assert_eq!(accepted(Ask::clerk()), [Factor::IdDocument], "who carries a line proves it");
    assert!(accepted(Ask::clerk().change(Change::PinChange)).is_empty(), "and nothing of the account's");
}

#[test]
fn staff_who_show_one_are_told_to_wait_whoever_it_is_of() {
    let world = named();
    let skips = Ask::clerk().completing(STRONG);
    world.denies(&skips, &[Reason::NoCustomerProof]);
    let rests = Ask::clerk().given(shown(Some("ann"), Some(now() + NANOSECOND)));
    let nobodys = Ask::clerk().given(shown(None, Some(now() + NANOSECOND)));
    for ask in [rests, nobodys] {
        assert_eq!(world.decide(&ask).outcome.kind(), OutcomeKind::Challenge);
    }
}

/// In a store, for what waits, it is offered like to any line; else not.
#[test]
fn where_it_is_offered() {
    let offered = |world: &World, ask: &Ask| -> Option<Usability> {
        let Outcome::Challenge(challenge) = world.decide(ask).outcome else { panic!("no challenge") };
        let found = challenge.options.iter().find(|FactorOption { factor, .. }| *factor == Factor::IdDocument);
        found.map(|option| option.usability)
    };
    let world = named();
    for (ask, is_offered) in [
        (Ask::clerk().waits(), true),
        (Ask::pad().waits(), true),
        (Ask::clerk(), false),
        (Ask::care().waits(), false),
        (Ask::owner().waits(), false),
        (Ask::clerk().waits().with(|request| request.interaction.channel = Channel::Care), false),
    ] {
        assert_eq!(offered(&world, &ask), is_offered.then_some(Usability::Usable));
        assert_eq!(offered(&World::unknown(), &ask).is_some(), is_offered, "a number that nobody has looks alike");
    }
    let off = named().with(|world| world.policy.document.taken = false);
    assert_eq!(offered(&off, &Ask::clerk().waits()), None);
    let proven = Ask::pad().right_pin().waits().with(|request| request.completing = STRONG);
    assert_eq!(offered(&world, &proven), Some(Usability::Usable));
    let nameless = World::new().with(|world| world.account.persons.iter_mut().for_each(|person| person.name = None));
    assert_eq!(offered(&nameless, &proven), Some(Usability::Unusable(Reason::NoUsableFactor)));
}
