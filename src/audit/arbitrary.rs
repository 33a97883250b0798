//! Generators of records for property tests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{
    AnswerWindow, AuditStep, Caller, Decided, Event, EventKind, HoldStep, IncidentStep, LineTrace, Made, PolicyChange,
    PolicyStep, ReadOf, Record, RecordFilter, RecordedContribution, RecordedReason, RecoveryStep, ReportedOutcome,
    SegmentTrace, SeparationStep, ShadowVerdict, ToldEvent,
};
use crate::domain::arbitrary::{
    account_id, annulled, change, change_digest, channel, checks, cohort, contact_id, device_id, effect, factor,
    factor_option, hash, hold_cause, hold_target, instant, level, line_id, lock_holder, lock_set, outcome_kind,
    own_reason, place, policy_revision, reason, record_id, recorded, reference, release_id, subject, transfer_pin_id,
};
use crate::domain::{LockStep, LockStepKind, Mode, RequestId, Role, Standing, StepScope};

pub(crate) fn record() -> impl Strategy<Value = Record> {
    let place = (record_id(), any::<u64>(), instant(), option::of(record_id()), hash());
    (place, option::of(line_trace()), option::of(caller()), option::of(channel()), event()).prop_map(
        |((id, seq, at, previous, previous_hash), line, caller, channel, event)| Record {
            id,
            seq,
            at,
            previous,
            previous_hash,
            line,
            caller,
            channel,
            event,
        },
    )
}

fn line_trace() -> impl Strategy<Value = LineTrace> {
    (line_id(), option::of(record_id())).prop_map(|(id, previous)| LineTrace { id, previous })
}

fn caller() -> impl Strategy<Value = Caller> {
    let role = prop::sample::select(Role::NAMED.map(|(_, role)| role).to_vec());
    (subject(), role).prop_map(|(subject, role)| Caller { subject, role })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => decided().prop_map(|decided| Event::Decided(Box::new(decided))),
        4 => protection_event(),
        4 => decision_event(),
        4 => account_event(),
        2 => engine_event(),
        2 => told_event(),
    ]
}

fn protection_event() -> impl Strategy<Value = Event> {
    let name = || (lock_set(), lock_holder());
    let kind = prop_oneof![Just(LockStepKind::ReleaseTookEffect), Just(LockStepKind::Relocked)];
    let step = (instant(), kind, release_id()).prop_map(|(at, kind, release)| LockStep { at, kind, release });
    prop_oneof![
        (scope(), name(), option::of(reference())).prop_map(|(scope, (set, holder), reason)| Event::LockSet {
            scope,
            set,
            holder,
            reason
        }),
        (scope(), name(), release_id()).prop_map(|(scope, name, release)| Event::ReleaseCancelled {
            scope,
            name,
            release
        }),
        (scope(), name(), step).prop_map(|(scope, name, step)| Event::LockStepped { scope, name, step }),
    ]
}

fn decision_event() -> impl Strategy<Value = Event> {
    let outcomes = [
        ReportedOutcome::Executed,
        ReportedOutcome::Failed,
        ReportedOutcome::Abandoned,
        ReportedOutcome::Fraud,
        ReportedOutcome::Genuine,
    ];
    let report = (record_id(), prop::sample::select(outcomes.to_vec()), option::of(instant()), option::of(reference()));
    prop_oneof![
        record_id().prop_map(|decision| Event::PermitRedeemed { decision }),
        (record_id(), option::of(reference()))
            .prop_map(|(decision, cause)| Event::DecisionWithdrawn { decision, cause }),
        report.prop_map(|(decision, outcome, occurred_at, note)| Event::OutcomeReported {
            decision,
            outcome,
            occurred_at,
            note,
        }),
        transfer_pin_id().prop_map(|id| Event::TransferPinRevoked { id }),
        evidence_given(),
        (record_id(), option::of(contact_id()), any::<u8>(), instant()).prop_map(
            |(challenge, contact, sendings, expires_at)| Event::CodeSent { challenge, contact, sendings, expires_at }
        ),
        (record_id(), any::<bool>()).prop_map(|(decision, not_me)| Event::ChallengeDeclined { decision, not_me }),
        record_id().prop_map(|activity| Event::ActivityDisputed { activity }),
        device_id().prop_map(|device| Event::DeviceWaits { device }),
        device_id().prop_map(|device| Event::DeviceRemoved { device }),
    ]
}

fn evidence_given() -> BoxedStrategy<Event> {
    let device = option::of(device_id());
    (record_id(), checks(), device, vec(factor(), 0..3), place())
        .prop_map(|(challenge, checks, device, kept, place)| Event::EvidenceGiven {
            challenge,
            checks,
            device,
            kept,
            place,
        })
        .boxed()
}

const READS: [ReadOf; 6] =
    [ReadOf::Protection, ReadOf::Credentials, ReadOf::Activity, ReadOf::Account, ReadOf::Decision, ReadOf::Records];

fn account_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        any::<u64>().prop_map(|lines| Event::AccountCreated { lines }),
        vec(".{0,20}", 0..4).prop_map(|fields| Event::AccountChanged { fields }),
        Just(Event::LineAdded),
        prop::sample::select(READS.to_vec()).prop_map(|of| Event::Read { of }),
        option::of(account_id()).prop_map(|to| Event::LineEnded { to }),
    ]
}

fn told_event() -> BoxedStrategy<Event> {
    let event = any::<u128>().prop_map(RequestId::from_u128);
    prop_oneof![
        (event, instant(), recorded()).prop_map(|(event, occurred_at, what)| Event::Told(Box::new(ToldEvent {
            event,
            occurred_at,
            what
        }))),
        any::<u32>().prop_map(|count| Event::LogInsFailed { count }),
    ]
    .boxed()
}

/// Boxed, for the same reason as [`decided`].
fn engine_event() -> BoxedStrategy<Event> {
    let how = prop_oneof![Just(AuditStep::Listed), Just(AuditStep::Watched), Just(AuditStep::Verified)];
    prop_oneof![
        (how, filter()).prop_map(|(how, filter)| Event::RecordsRead { how, filter: Box::new(filter) }),
        (any::<u64>(), hash()).prop_map(|(accounts, digest)| Event::CheckpointMade { accounts, digest }),
        filter().prop_map(|filter| Event::ExportAsked { filter: Box::new(filter) }),
        record_id().prop_map(|export| Event::ExportApproved { export }),
        record_id().prop_map(|export| Event::ExportBegun { export }),
        (record_id(), any::<u64>(), hash()).prop_map(|(export, records, digest)| Event::ExportDone {
            export,
            records,
            digest
        }),
        reference().prop_map(|reason| Event::Alerted { reason }),
        segment().prop_map(Event::SegmentArchived),
        segment().prop_map(Event::SegmentDeleted),
        ledger_event(),
    ]
    .boxed()
}

fn ledger_event() -> BoxedStrategy<Event> {
    let hold = prop_oneof![hold_cause().prop_map(HoldStep::Placed), Just(HoldStep::LiftAsked), Just(HoldStep::Lifted),];
    let incident = prop_oneof![
        (cohort(), instant()).prop_map(|(cohort, cut_off)| IncidentStep::Opened { cohort, cut_off }),
        Just(IncidentStep::EndAsked),
        Just(IncidentStep::Ended),
    ];
    let step = prop_oneof![Just(PolicyStep::File), Just(PolicyStep::Staged), Just(PolicyStep::Activated)];
    let change = (policy_revision(), option::of(policy_revision()), step, any::<bool>(), option::of(reference()));
    prop_oneof![
        change.prop_map(|(revision, previous, step, goes_back, reason)| {
            Event::PolicyChanged(PolicyChange { revision, previous, step, goes_back, reason })
        }),
        (hold_target(), hold, reference()).prop_map(|(target, step, reason)| Event::HoldChanged {
            target,
            step,
            reason
        }),
        (record_id(), incident, reference()).prop_map(|(incident, step, reason)| Event::IncidentChanged {
            incident,
            step,
            reason
        }),
        prop_oneof![
            (account_id(), vec(line_id(), 0..3)).prop_map(|(from, lines)| SeparationStep::Proposed { from, lines }),
            instant().prop_map(|expires_at| SeparationStep::Agreed { expires_at }),
            Just(SeparationStep::Ended),
        ]
        .prop_map(Event::SeparationChanged),
        recovery_step().prop_map(|step| Event::RecoveryChanged(Box::new(step))),
    ]
    .boxed()
}

fn recovery_step() -> impl Strategy<Value = RecoveryStep> {
    prop_oneof![
        (instant(), reference()).prop_map(|(disputed_at, reason)| RecoveryStep::Proposed { disputed_at, reason }),
        (instant(), instant(), annulled(), option::of(reference())).prop_map(
            |(disputed_at, until, annulled, reason)| RecoveryStep::Reported { disputed_at, until, annulled, reason }
        ),
    ]
}

fn filter() -> BoxedStrategy<RecordFilter> {
    let names = (option::of(account_id()), option::of(line_id()), option::of(subject()));
    let times = (option::of(instant()), option::of(instant()));
    let kinds = vec(prop::sample::select(EventKind::ALL.to_vec()), 0..3);
    (names, times, kinds, option::of(outcome_kind()))
        .prop_map(|((account, line, caller), (from, before), kinds, outcome)| RecordFilter {
            account,
            line,
            from,
            before,
            kinds,
            caller,
            outcome,
        })
        .boxed()
}

fn segment() -> impl Strategy<Value = SegmentTrace> {
    (any::<u16>(), any::<u64>(), any::<u64>(), any::<u32>(), hash())
        .prop_map(|(journal, first, last, records, digest)| SegmentTrace { journal, first, last, records, digest })
}

fn scope() -> impl Strategy<Value = StepScope> {
    prop_oneof![Just(StepScope::Account), Just(StepScope::Line)]
}

/// Boxed, like its parts: a generator is as large as all it is made of, and lives on the stack.
fn decided() -> BoxedStrategy<Decided> {
    let mode = prop_oneof![Just(Mode::Enforce), Just(Mode::Advise)];
    let standing = prop_oneof![Just(Standing::Known), Just(Standing::Unknown)];
    let asked = (mode, change(), change_digest(), standing, option::of(reference()), option::of(record_id())).boxed();
    let challenge = option::of(record_id());
    let answer = (outcome_kind(), vec(given_reason(), 0..4), vec(contribution(), 0..4), any::<u32>()).boxed();
    let proof = (level(), vec(factor(), 0..4), checks(), vec(factor_option(), 0..4)).boxed();
    let facts = (vec(any::<(u16, i64)>(), 0..40), policy_revision(), any::<bool>(), any::<bool>());
    let beside = (option::of(shadow().prop_map(Box::new)), any::<Option<u128>>(), place(), challenge).boxed();
    (asked, answer, proof, window(), facts, option::of(made()), beside)
        .prop_map(|(asked, answer, proof, window, facts, made, (shadow, known_facts, place, challenge))| {
            let (facts, policy, account_number_matched, owner_asked) = facts;
            let (mode, change, digest, standing, external_reference, supersedes) = asked;
            let (outcome, reasons, contributions, score) = answer;
            let (required, accepted, checks, options) = proof;
            Decided {
                mode,
                change,
                digest,
                standing,
                outcome,
                reasons,
                contributions,
                score,
                required,
                accepted,
                checks,
                options,
                window,
                facts,
                policy,
                account_number_matched,
                owner_asked,
                external_reference,
                supersedes,
                challenge,
                made,
                shadow,
                known_facts,
                place,
            }
        })
        .boxed()
}

fn shadow() -> BoxedStrategy<ShadowVerdict> {
    let said = (vec(given_reason(), 0..4), vec(contribution(), 0..4));
    (policy_revision(), outcome_kind(), level(), any::<u32>(), said)
        .prop_map(|(policy, outcome, required, score, (reasons, contributions))| ShadowVerdict {
            policy,
            outcome,
            required,
            score,
            reasons,
            contributions,
        })
        .boxed()
}

fn given_reason() -> impl Strategy<Value = RecordedReason> {
    let reason = prop_oneof![3 => reason(), 1 => own_reason()];
    (reason, ".{0,20}").prop_map(|(reason, rule)| RecordedReason { reason, rule })
}

fn contribution() -> impl Strategy<Value = RecordedContribution> {
    (".{0,20}", effect()).prop_map(|(rule, effect)| RecordedContribution { rule, effect })
}

fn window() -> impl Strategy<Value = AnswerWindow> {
    prop_oneof![
        (instant(), instant(), any::<u8>(), any::<Option<u8>>()).prop_map(
            |(not_before, expires_at, key_id, signing_key)| AnswerWindow::Permit {
                not_before,
                expires_at,
                key_id,
                signing_key,
            }
        ),
        Just(AnswerWindow::NoPermit),
        instant().prop_map(AnswerWindow::OpenUntil),
        option::of(instant()).prop_map(AnswerWindow::RetryAt),
    ]
}

fn made() -> impl Strategy<Value = Made> {
    prop_oneof![
        release_id().prop_map(Made::Release),
        transfer_pin_id().prop_map(Made::TransferPin),
        Just(Made::Pin),
        Just(Made::Recovery),
    ]
}
