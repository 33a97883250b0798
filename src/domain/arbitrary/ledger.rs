//! What an account or a ledger keeps besides its chain.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::names::{
    change_digest, contact_id, device_id, held_name, instant, line_id, msisdn, person_id, place, policy_revision,
    record_id, reference, subject,
};
use super::proofs::level;
use crate::domain::{
    AccountMark, Action, Cohort, Consent, DeadNotice, Document, DocumentDigest, Given, GivenProof, Hold, HoldCause,
    HoldKind, HoldTarget, Incident, LineName, ListedPage, NoticeBook, NoticeEnd, NoticeMark, NoticeName, NoticePlace,
    PastPolicy, Pending, PendingState, PolicyInForce, PolicyShelf, Prompts, SeenBy, SentCode, StagedPolicy, Undoing,
    Verifier, WaitingNotice,
};

pub(crate) fn document() -> impl Strategy<Value = Document> {
    let listed = (record_id(), any::<u32>(), vec(any::<u128>().prop_map(AccountMark), 0..40));
    prop_oneof![
        (hold_target(), hold_cause(), reference(), instant(), undoing()).prop_map(
            |(target, cause, reason, since, lifting)| {
                Document::Hold(Box::new(Hold { target, cause, reason, since, lifting }))
            }
        ),
        (record_id(), cohort(), instant(), reference(), subject(), instant(), undoing()).prop_map(
            |(id, cohort, cut_off, reason, opened_by, opened_at, ending)| {
                Document::Incident(Box::new(Incident { id, cohort, cut_off, reason, opened_by, opened_at, ending }))
            }
        ),
        pending().prop_map(|pending| Document::Challenge(Box::new(pending))),
        (
            vec(instant(), 0..3),
            option::of(instant()),
            (option::of(instant()), option::of(instant())),
            vec(instant(), 0..3)
        )
            .prop_map(|(at, declined_at, (worn_at, report_declined_at), wrong)| {
                Document::Prompts(Prompts { at, declined_at, report_declined_at, worn_at, wrong })
            }),
        notices().prop_map(|book| Document::Notices(Box::new(book))),
        shelf().prop_map(|shelf| Document::Policies(Box::new(shelf))),
        listed.prop_map(|(incident, page, accounts)| Document::Listed(ListedPage { incident, page, accounts })),
    ]
}

fn notices() -> impl Strategy<Value = NoticeBook> {
    let name = || {
        (record_id(), option::of(any::<u128>().prop_map(NoticeMark)), any::<u32>())
            .prop_map(|(record, to, nth)| NoticeName { record, to, nth })
    };
    let waiting = (name(), any::<u32>(), instant(), instant(), any::<bool>(), any::<u32>()).prop_map(
        |(name, tries, since, next_at, asked, vain)| WaitingNotice { name, tries, since, next_at, asked, vain },
    );
    let ends = vec![NoticeEnd::Refused, NoticeEnd::GivenUp, NoticeEnd::Unreadable];
    let dead = (name(), instant(), prop::sample::select(ends)).prop_map(|(name, at, end)| DeadNotice { name, at, end });
    let place = (any::<u64>(), option::of(record_id())).prop_map(|(place, record)| NoticePlace { place, record });
    (any::<u64>(), vec(place, 0..9), instant(), vec(waiting, 0..9), vec(dead, 0..9))
        .prop_map(|(epoch, places, read_until, waiting, dead)| NoticeBook { epoch, places, read_until, waiting, dead })
}

fn pending() -> BoxedStrategy<Pending> {
    let named = prop_oneof![msisdn().prop_map(LineName::Msisdn), line_id().prop_map(LineName::LineId)];
    let proof = prop_oneof![
        instant().prop_map(|set_at| GivenProof::AccountPin { set_at }),
        device_id().prop_map(|device| GivenProof::AppApproval { device }),
        (contact_id(), instant(), any::<bool>()).prop_map(|(contact, since, beside)| GivenProof::OneTimeCode {
            contact,
            since,
            beside
        }),
        (any::<[u8; 16]>(), option::of(person_id()))
            .prop_map(|(document, person)| GivenProof::Document { document: DocumentDigest(document), person }),
        (instant(), any::<[bool; 3]>()).prop_map(|(counts_from, [agrees, must_rest, elsewhere])| {
            GivenProof::SecondPerson(SeenBy { counts_from, agrees, must_rest, elsewhere })
        }),
    ];
    let given = (instant(), subject(), place(), proof);
    let given = given.prop_map(|(at, by, place, proof)| Given { at, by, place, proof });
    let state = prop_oneof![
        Just(PendingState::Open),
        instant().prop_map(|at| PendingState::Declined { at }),
        (instant(), record_id()).prop_map(|(at, by)| PendingState::Met { at, by }),
        instant().prop_map(|at| PendingState::Withdrawn { at }),
    ];
    let named = (named, option::of(line_id()));
    let bound = (record_id(), named, prop::sample::select(Action::ALL.as_slice()), change_digest(), subject());
    let sent = (vec(any::<u8>(), 0..40), option::of(contact_id()), instant(), instant());
    let sent = sent.prop_map(|(verifier, contact, sent_at, expires_at)| SentCode {
        verifier: Verifier(verifier),
        contact,
        sent_at,
        expires_at,
    });
    let counts = (any::<u8>(), any::<u8>(), any::<u8>(), option::of(sent));
    (bound, (level(), level()), instant(), any::<u64>(), vec(given, 0..3), counts, state)
        .prop_map(
            |(
                (decision, (named, line), action, change, caller),
                (required, with_pin),
                expires_at,
                granted_seq,
                given,
                (wrong, documents, sendings, code),
                state,
            )| {
                Pending {
                    decision,
                    named,
                    line,
                    action,
                    change,
                    caller,
                    required,
                    with_pin,
                    expires_at,
                    granted_seq,
                    given,
                    wrong,
                    documents,
                    sendings,
                    code,
                    state,
                }
            },
        )
        .boxed()
}

fn shelf() -> BoxedStrategy<PolicyShelf> {
    let in_force = (policy_revision(), instant(), option::of(".{0,20}"))
        .prop_map(|(revision, since, text)| PolicyInForce { revision, since, text });
    let staged = (policy_revision(), ".{0,20}", subject(), instant(), reference(), any::<bool>()).prop_map(
        |(revision, text, by, at, reason, goes_back)| StagedPolicy { revision, text, by, at, reason, goes_back },
    );
    let past = (policy_revision(), instant()).prop_map(|(revision, until)| PastPolicy { revision, until });
    (option::of(in_force), option::of(staged), vec(past, 0..4))
        .prop_map(|(in_force, staged, past)| PolicyShelf { in_force, staged, past })
        .boxed()
}

pub(crate) fn hold_target() -> impl Strategy<Value = HoldTarget> {
    (prop::sample::select(HoldKind::ALL.to_vec()), held_name()).prop_map(|(kind, name)| HoldTarget { kind, name })
}

pub(crate) fn hold_cause() -> impl Strategy<Value = HoldCause> {
    prop_oneof![
        subject().prop_map(HoldCause::Hand),
        (".{0,20}", record_id()).prop_map(|(rule, decision)| HoldCause::Rule { rule, decision }),
        record_id().prop_map(|decision| HoldCause::FraudReport { decision }),
    ]
}

pub(crate) fn cohort() -> impl Strategy<Value = Cohort> {
    prop_oneof![
        Just(Cohort::Everyone),
        Just(Cohort::Brand),
        (any::<u32>(), any::<u32>()).prop_map(|(accounts, pages)| Cohort::Listed { accounts, pages }),
    ]
}

fn undoing() -> impl Strategy<Value = Undoing> {
    prop_oneof![
        Just(Undoing::Stands),
        consent().prop_map(Undoing::Asked),
        (consent(), consent()).prop_map(|(first, second)| Undoing::Done { first, second }),
    ]
}

pub(super) fn consent() -> impl Strategy<Value = Consent> {
    (subject(), instant(), reference()).prop_map(|(by, at, reason)| Consent { by, at, reason })
}
