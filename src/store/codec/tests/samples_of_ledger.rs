//! Fixed documents, and the records of what happened to them.

use chrono::{DateTime, Utc};

use super::samples::{account_id, annulled, contact_id, line_id, noon_plus, number, place, record_id, reference};
use crate::audit::{Event, HoldStep, IncidentStep, PolicyChange, PolicyStep, RecoveryStep, SeparationStep};
use crate::domain::{
    AccountMark, Action, ChangeDigest, Cohort, Consent, ContactId, DeadNotice, DeviceId, Document, DocumentDigest,
    Given, GivenProof, HeldName, Hold, HoldCause, HoldKind, HoldTarget, Incident, Level, LineName, ListedPage,
    NoticeBook, NoticeEnd, NoticeMark, NoticeName, NoticePlace, PastPolicy, Pending, PendingState, PersonId,
    PolicyInForce, PolicyRevision, PolicyShelf, Prompts, SeenBy, SentCode, StagedPolicy, Subject, Undoing, Verifier,
    WaitingNotice,
};

fn subject(name: &str) -> Subject {
    Subject::parse(name).unwrap()
}

fn word(by: &str, minutes: i64) -> Consent {
    Consent { by: subject(by), at: noon_plus(minutes), reason: reference("looked into") }
}

fn done() -> Undoing {
    Undoing::Done { first: word("issuer|ann", 1), second: word("issuer|bob", 2) }
}

fn target(kind: HoldKind, name: &str) -> HoldTarget {
    HoldTarget { kind, name: HeldName::parse(name).unwrap() }
}

fn by_rule() -> HoldCause {
    HoldCause::Rule { rule: "P6-staff-second-account".to_owned(), decision: record_id(6) }
}

pub(super) fn documents() -> Vec<(&'static str, Document)> {
    let hold = |target, cause, lifting| {
        Document::Hold(Box::new(Hold { target, cause, reason: reference("case 4711"), since: noon_plus(0), lifting }))
    };
    let incident = |cohort, ending| {
        Document::Incident(Box::new(Incident {
            id: record_id(7),
            cohort,
            cut_off: noon_plus(-60),
            reason: reference("a copy was stolen"),
            opened_by: subject("issuer|ann"),
            opened_at: noon_plus(0),
            ending,
        }))
    };
    let met = PendingState::Met { at: noon_plus(2), by: record_id(9) };
    let by_hand = HoldCause::Hand(subject("issuer|ann"));
    let disputed = HoldCause::FraudReport { decision: record_id(5) };
    let listed = ListedPage { incident: record_id(7), page: 3, accounts: vec![AccountMark(1), AccountMark(u128::MAX)] };
    vec![
        ("document.held_rep", hold(target(HoldKind::Staff, "issuer|rep-7"), by_rule(), Undoing::Stands)),
        (
            "document.held_carrier",
            hold(target(HoldKind::Carrier, "6529"), by_hand, Undoing::Asked(word("issuer|ann", 1))),
        ),
        ("document.lifted_device", hold(target(HoldKind::Device, "tablet-1"), disputed, done())),
        ("document.breach", incident(Cohort::Everyone, Undoing::Stands)),
        ("document.ended_breach", incident(Cohort::Brand, done())),
        (
            "document.listing_breach",
            incident(Cohort::Listed { accounts: 2, pages: 1 }, Undoing::Asked(word("issuer|ann", 1))),
        ),
        ("document.listed", Document::Listed(listed)),
        ("document.policies", policies()),
        ("document.first_policy", first_policy()),
        ("document.challenge", challenge(LineName::LineId(line_id()), PendingState::Open)),
        ("document.challenge_of_number", challenge(LineName::Msisdn(number()), met)),
        ("document.code_sent", code_sent(Some(contact_id()))),
        ("document.code_to_nobody", code_sent(None)),
        ("document.shown", document_shown(PersonId::parse("owner").ok())),
        ("document.shown_of_nobody", document_shown(None)),
        ("document.prompts", prompts(Some(noon_plus(7)))),
        ("document.first_prompt", prompts(None)),
        ("document.report_declined", report_declined()),
        ("document.notices", notices()),
        ("document.declined", challenge(LineName::LineId(line_id()), PendingState::Declined { at: noon_plus(3) })),
        ("document.withdrawn", challenge(LineName::LineId(line_id()), PendingState::Withdrawn { at: noon_plus(4) })),
    ]
}

fn challenge(named: LineName, state: PendingState) -> Document {
    let given = |proof| Given { at: noon_plus(1), by: subject("issuer|pad-1"), place: place(), proof };
    Document::Challenge(Box::new(Pending {
        decision: record_id(8),
        line: matches!(named, LineName::LineId(_)).then(line_id),
        named,
        action: Action::SimChange,
        change: ChangeDigest([0xc4; 32]),
        caller: subject("issuer|till-1"),
        required: Level::TwoClasses,
        with_pin: Level::TwoClasses,
        expires_at: noon_plus(10),
        granted_seq: 7,
        given: vec![
            given(GivenProof::AccountPin { set_at: noon_plus(-600) }),
            given(GivenProof::AppApproval { device: DeviceId::parse("phone").unwrap() }),
        ],
        wrong: 2,
        documents: 0,
        sendings: 0,
        code: None,
        state,
    }))
}

/// A challenge for which a code was sent, and another one entered.
fn code_sent(contact: Option<ContactId>) -> Document {
    let Document::Challenge(mut pending) = challenge(LineName::LineId(line_id()), PendingState::Open) else { panic!() };
    pending.sendings = 2;
    pending.code = Some(SentCode {
        verifier: Verifier(vec![1, 2, 3, 4]),
        contact,
        sent_at: noon_plus(2),
        expires_at: noon_plus(9),
    });
    let proof = GivenProof::OneTimeCode { contact: contact_id(), since: noon_plus(-900), beside: true };
    pending.given = vec![Given { at: noon_plus(1), by: subject("issuer|pad-1"), place: place(), proof }];
    Document::Challenge(pending)
}

/// A challenge for which a document was shown.
fn document_shown(person: Option<PersonId>) -> Document {
    let Document::Challenge(mut pending) = challenge(LineName::LineId(line_id()), PendingState::Open) else { panic!() };
    let agrees = person.is_some();
    let seen = SeenBy { counts_from: noon_plus(240), agrees, must_rest: agrees, elsewhere: !agrees };
    let scanned = GivenProof::Document { document: DocumentDigest([3; 16]), person };
    let proofs = [scanned, GivenProof::SecondPerson(seen)];
    pending.documents = 1;
    let given = proofs.map(|proof| Given { at: noon_plus(1), by: subject("issuer|clerk-1"), place: place(), proof });
    (pending.required, pending.with_pin) = (Level::Strong, Level::TwoClasses);
    pending.given = given.to_vec();
    Document::Challenge(pending)
}

fn prompts(declined_at: Option<DateTime<Utc>>) -> Document {
    let wrong = vec![noon_plus(2), noon_plus(3)];
    let worn_at = declined_at.map(|_| noon_plus(8));
    let at = vec![noon_plus(1), noon_plus(4)];
    Document::Prompts(Prompts { at, declined_at, report_declined_at: None, worn_at, wrong })
}

fn report_declined() -> Document {
    let at = Some(noon_plus(6));
    Document::Prompts(Prompts { declined_at: at, report_declined_at: at, ..Prompts::default() })
}

fn notices() -> Document {
    let name = |to| NoticeName { record: record_id(3), to, nth: 2 };
    let waiting = WaitingNotice {
        name: name(Some(NoticeMark(0x5a))),
        tries: 4,
        since: noon_plus(1),
        next_at: noon_plus(5),
        asked: true,
        vain: 3,
    };
    let dead = |end, to| DeadNotice { name: name(to), at: noon_plus(6), end };
    let one = Some(NoticeMark(0x5b));
    Document::Notices(Box::new(NoticeBook {
        epoch: 77,
        places: vec![NoticePlace { place: 5, record: None }, NoticePlace { place: 300, record: Some(record_id(4)) }],
        read_until: noon_plus(2),
        waiting: vec![waiting],
        dead: vec![dead(NoticeEnd::Refused, one), dead(NoticeEnd::GivenUp, None), dead(NoticeEnd::Unreadable, None)],
    }))
}

fn policies() -> Document {
    let revision = |byte| PolicyRevision([byte; 32]);
    let text = |text: &str| text.to_owned();
    Document::Policies(Box::new(PolicyShelf {
        in_force: Some(PolicyInForce { revision: revision(3), since: noon_plus(9), text: Some(text("name = \"c\"")) }),
        staged: Some(StagedPolicy {
            revision: revision(1),
            text: text("name = \"a\""),
            by: subject("issuer|ann"),
            at: noon_plus(10),
            reason: reference("the new one is too strict"),
            goes_back: true,
        }),
        past: vec![
            PastPolicy { revision: revision(1), until: noon_plus(8) },
            PastPolicy { revision: revision(2), until: noon_plus(9) },
        ],
    }))
}

fn first_policy() -> Document {
    let in_force = Some(PolicyInForce { revision: PolicyRevision([1; 32]), since: noon_plus(0), text: None });
    Document::Policies(Box::new(PolicyShelf { in_force, ..PolicyShelf::default() }))
}

/// What records say of them.
pub(super) fn changes() -> Vec<(&'static str, Event)> {
    let hold =
        |step| Event::HoldChanged { target: target(HoldKind::Store, "store-1"), step, reason: reference("case 4711") };
    let incident =
        |step| Event::IncidentChanged { incident: record_id(7), step, reason: reference("a copy was stolen") };
    let (separation, from) = (Event::SeparationChanged, account_id());
    let swap = |step| Event::RecoveryChanged(Box::new(step));
    let (disputed_at, until, annulled) = (noon_plus(-60), noon_plus(10_080), annulled());
    let cohort = Cohort::Listed { accounts: 2, pages: 1 };
    vec![
        ("hold_placed", hold(HoldStep::Placed(by_rule()))),
        ("hold_lift_asked", hold(HoldStep::LiftAsked)),
        ("hold_lifted", hold(HoldStep::Lifted)),
        ("incident_opened", incident(IncidentStep::Opened { cohort, cut_off: noon_plus(-60) })),
        ("incident_end_asked", incident(IncidentStep::EndAsked)),
        ("incident_ended", incident(IncidentStep::Ended)),
        ("separation_proposed", separation(SeparationStep::Proposed { from, lines: vec![line_id()] })),
        ("separation_agreed", separation(SeparationStep::Agreed { expires_at: noon_plus(60) })),
        ("separation_ended", separation(SeparationStep::Ended)),
        ("swap_proposed", swap(RecoveryStep::Proposed { disputed_at, reason: reference("case 4711") })),
        ("swap_reported", swap(RecoveryStep::Reported { disputed_at, until, annulled, reason: None })),
        (
            "swap_confirmed",
            swap(RecoveryStep::Reported { disputed_at, until, annulled, reason: Some(reference("seen")) }),
        ),
        (
            "policy_activated",
            Event::PolicyChanged(PolicyChange {
                revision: PolicyRevision([3; 32]),
                previous: Some(PolicyRevision([2; 32])),
                step: PolicyStep::Activated,
                goes_back: true,
                reason: Some(reference("stricter")),
            }),
        ),
    ]
}
