//! Fixed records: every event, and decisions on every change with every finding.

use chrono::TimeDelta;

use super::samples::{
    account_id, brand, contact_id, eid, iccid, imei, line_id, noon_plus, number, person_id, place, record_id,
    reference, release_id, spid, transfer_pin_id,
};
use crate::audit::{
    AnswerWindow, AuditStep, Caller, Decided, Event, EventKind, LineTrace, Made, ReadOf, Record, RecordFilter,
    RecordedContribution, RecordedReason, ReportedOutcome, SegmentTrace, ShadowVerdict, ToldEvent,
};
use crate::domain::{
    AppCheck, CarrierCode, Change, ChangeDigest, Channel, Checks, CodeCheck, ContactChange, ContactId, ContactKind,
    ContactValue, DealerId, DeviceId, DocumentCheck, Effect, Factor, FactorOption, Level, LockHolder, LockSet,
    LockStep, LockStepKind, Mode, OutcomeKind, OwnReason, OwnerChange, PersonRole, PinCheck, Place, PolicyRevision,
    Pon, PortOut, Reason, ReasonClass, Recorded, ReleaseOpens, RequestId, ResetKind, Role, SimChange, SimChangeCause,
    SimDelivery, SimTarget, Standing, StepScope, Subject, TransferPinCheck, Usability,
};

pub(super) fn records() -> Vec<(String, Record)> {
    let decisions = changes().into_iter().enumerate().map(|(place, (name, change))| {
        (format!("record.decided.{name}"), record(Event::Decided(Box::new(decided(place, change)))))
    });
    let events = events().into_iter().map(|(name, event)| (format!("record.{name}"), record(event)));
    let by_time = Record { previous: None, line: None, caller: None, channel: None, ..record(Event::LineAdded) };
    let later = [("record.by_time".to_owned(), by_time), ("record.signed_permit".to_owned(), signed_permit())];
    let told = told().into_iter().map(|(name, event)| (format!("record.{name}"), record(event)));
    let placed = Event::Decided(Box::new(Decided { place: place(), ..decided(0, Change::PinChange) }));
    let beside = [
        ("record.shadow".to_owned(), shadow()),
        ("record.placed".to_owned(), record(placed)),
        ("record.own_reason".to_owned(), own_reason()),
        ("record.waits".to_owned(), waits()),
        ("record.completed".to_owned(), completed()),
    ];
    let codes = [CodeCheck::Matched, CodeCheck::Mismatched, CodeCheck::Expired, CodeCheck::NotSent, CodeCheck::Given];
    let codes = codes.map(|code| {
        let name = format!("record.completed.code_{}", code.name().to_lowercase());
        (name, completed_by(Checks { code, ..Checks::NONE }))
    });
    let documents = [
        DocumentCheck::Matched,
        DocumentCheck::Differs,
        DocumentCheck::NotOnRecord,
        DocumentCheck::Seconded,
        DocumentCheck::Given,
    ];
    let documents = documents.map(|document| {
        let name = format!("record.completed.document_{}", document.name().to_lowercase());
        (name, completed_by(Checks { document, ..Checks::NONE }))
    });
    let codes = codes.into_iter().chain(documents);
    let ledger = super::samples_of_ledger::changes();
    let ledger = ledger.into_iter().map(|(name, event)| (format!("record.{name}"), record(event)));
    decisions.chain(events).chain(later).chain(told).chain(beside).chain(codes).chain(ledger).collect()
}

/// What outside sources told.
fn told() -> Vec<(&'static str, Event)> {
    let contact = || ContactId::parse("mail").unwrap();
    let event = |what| {
        Event::Told(Box::new(ToldEvent { event: RequestId::from_u128(0x07_01d), occurred_at: noon_plus(-1), what }))
    };
    let of_kind = |person, kind| Recorded::ContactChanged { contact: contact(), person, via: Channel::Care, kind };
    let reset = |kind, mailbox| Recorded::CredentialReset { kind, via: Channel::Web, mailbox };
    let changed = |person| of_kind(person, None);
    vec![
        ("told_password_reset", event(reset(ResetKind::Password, Some(contact())))),
        ("told_pin_reset", event(reset(ResetKind::Pin, None))),
        ("told_contact", event(changed(Some(person_id("owner"))))),
        ("told_any_contact", event(changed(None))),
        ("told_device", event(Recorded::DeviceProven { device: DeviceId::parse("phone").unwrap() })),
        ("told_sim", event(Recorded::SimActivated { target: SimTarget::Iccid(iccid()), imei: Some(imei()) })),
        ("told_esim", event(Recorded::SimActivated { target: SimTarget::Eid(eid()), imei: None })),
        ("told_forwarding", event(Recorded::ForwardingSet { target: number() })),
        ("told_payment", event(Recorded::ThirdPartyPayment)),
        ("told_read", event(Recorded::AccountRead { reader: reference("partner-7/ann") })),
        ("told_reassigned", event(Recorded::NumberReassigned)),
        ("told_fraud", event(Recorded::FraudReported { decision: Some(record_id(5)) })),
        ("told_any_fraud", event(Recorded::FraudReported { decision: None })),
        ("log_ins_failed", Event::LogInsFailed { count: 20 }),
        ("told_email", event(of_kind(None, Some(ContactKind::Email)))),
        ("told_sms", event(of_kind(None, Some(ContactKind::Sms)))),
        ("told_voice", event(of_kind(None, Some(ContactKind::Voice)))),
        ("told_address", event(of_kind(None, Some(ContactKind::Postal)))),
    ]
}

fn signed_permit() -> Record {
    let window =
        AnswerWindow::Permit { not_before: noon_plus(0), expires_at: noon_plus(15), key_id: 1, signing_key: Some(2) };
    record(Event::Decided(Box::new(Decided { window, ..decided(0, Change::PinChange) })))
}

/// A decision beside which another policy was asked, of an engine that says which facts it knows.
fn shadow() -> Record {
    let shadow = ShadowVerdict {
        policy: PolicyRevision([0x71; 32]),
        outcome: OutcomeKind::Deny,
        required: Level::Strong,
        score: 110,
        reasons: vec![RecordedReason { reason: Reason::ScoreHigh, rule: "P19-score".to_owned() }],
        contributions: contributions(),
    };
    let (shadow, known_facts) = (Some(Box::new(shadow)), Some(0b1110 | 1 << 82));
    record(Event::Decided(Box::new(Decided { shadow, known_facts, ..decided(0, Change::PinChange) })))
}

/// A decision that completes a challenge.
fn completed() -> Record {
    let checks = Checks { pin: PinCheck::Given, ..Checks::NONE };
    completed_by(checks)
}

fn completed_by(checks: Checks) -> Record {
    let decided = Decided { challenge: Some(record_id(8)), checks, ..decided(0, Change::PinChange) };
    record(Event::Decided(Box::new(decided)))
}

/// A decision, and a shadow's, for a reason that the policy declares.
fn own_reason() -> Record {
    let own =
        OwnReason::new("X_SIM_FARM", "Many SIMs of this kind lately.", ReasonClass::Velocity, CarrierCode::NotPortable);
    let reasons = vec![RecordedReason { reason: Reason::Own(own.unwrap()), rule: "mine-1".to_owned() }];
    let Event::Decided(beside) = shadow().event else { panic!("no decision") };
    let shadow = beside.shadow.map(|shadow| Box::new(ShadowVerdict { reasons: reasons.clone(), ..*shadow }));
    record(Event::Decided(Box::new(Decided { reasons, shadow, ..decided(0, Change::PinChange) })))
}

fn waits() -> Record {
    let effect = Effect::Wait(TimeDelta::milliseconds(5_400_001));
    let contributions = vec![RecordedContribution { rule: "mine-1".to_owned(), effect }];
    record(Event::Decided(Box::new(Decided { contributions, ..decided(0, Change::PinChange) })))
}

fn record(event: Event) -> Record {
    Record {
        id: record_id(10),
        seq: 42,
        at: noon_plus(0),
        previous: Some(record_id(9)),
        previous_hash: [0xab; 32],
        line: Some(LineTrace { id: line_id(), previous: Some(record_id(8)) }),
        caller: Some(Caller { subject: Subject::parse("issuer/rep-7").unwrap(), role: Role::RetailAgent }),
        channel: Some(Channel::Store),
        event,
    }
}

fn changes() -> Vec<(&'static str, Change)> {
    let contact = |value| Change::Contact(ContactChange { contact: ContactId::parse("mail").unwrap(), value });
    let swap = SimChange {
        target: SimTarget::Iccid(iccid()),
        imei: Some(imei()),
        cause: SimChangeCause::Lost,
        old_iccid: Some(iccid()),
        delivery: None,
    };
    let esim = SimChange {
        target: SimTarget::Eid(eid()),
        imei: None,
        cause: SimChangeCause::Upgrade,
        old_iccid: None,
        delivery: None,
    };
    let shipped = SimChange { delivery: Some(SimDelivery::Shipped), ..esim.clone() };
    let in_hand = SimChange { delivery: Some(SimDelivery::InHand), ..esim.clone() };
    let port = PortOut {
        gaining_spid: spid(),
        gaining_name: Some(reference("Gaining Mobile")),
        pon: Pon::parse("PON-1").unwrap(),
        dealer: Some(DealerId::parse("dealer-9").unwrap()),
    };
    let key = Change::DeviceAdd { public_key_jwk: "{}".to_owned(), model: Some(reference("Pixel 9")) };
    let role = OwnerChange::Role { person: person_id("child"), role: PersonRole::AuthorisedUser };
    let release = |opens| Change::LockRelease { set: LockSet::All, holder: LockHolder::Customer, opens };
    vec![
        ("sim", Change::Sim(swap)),
        ("esim", Change::Sim(esim)),
        ("port_out", Change::PortOut(port.clone())),
        ("transfer_pin", Change::TransferPinIssue { gaining_spid: Some(spid()) }),
        ("any_transfer_pin", Change::TransferPinIssue { gaining_spid: None }),
        ("release_for_one", release(ReleaseOpens::Only(Box::new(Change::PortOut(port))))),
        ("release_for_a_day", release(ReleaseOpens::Window(Some(TimeDelta::days(1))))),
        ("release", release(ReleaseOpens::Window(None))),
        ("pin_change", Change::PinChange),
        ("email", contact(Some(ContactValue::Email("ann@example.net".to_owned())))),
        ("sms", contact(Some(ContactValue::Sms(number())))),
        ("no_contact", contact(None)),
        ("forwarding", Change::CallForwarding { target: number() }),
        ("device", key),
        ("role", Change::Owner(role)),
        ("to_account", Change::Owner(OwnerChange::ToAccount { brand: brand(), account: account_id() })),
        ("close", Change::Owner(OwnerChange::Close)),
        ("shipped_sim", Change::Sim(shipped)),
        ("sim_in_hand", Change::Sim(in_hand)),
        ("swap_report", Change::SwapReport { back_to: SimTarget::Iccid(iccid()) }),
        ("esim_swap_report", Change::SwapReport { back_to: SimTarget::Eid(eid()) }),
    ]
}

/// A decision; `place` turns the wheels of its variants.
fn decided(place: usize, change: Change) -> Decided {
    let turn = |count: usize| place % count;
    let pin = [
        PinCheck::Matched,
        PinCheck::Mismatched,
        PinCheck::NotSupplied,
        PinCheck::NotSet,
        PinCheck::Exhausted { until: noon_plus(30) },
        PinCheck::NotAdmitted,
        PinCheck::Shed,
    ];
    let matched = TransferPinCheck::Matched { id: transfer_pin_id(), known_device: false, issued_at: noon_plus(-100) };
    let transfer_pin = [
        matched,
        TransferPinCheck::Mismatched,
        TransferPinCheck::Expired,
        TransferPinCheck::Void,
        TransferPinCheck::NotSupplied,
        TransferPinCheck::NotAdmitted,
    ];
    let signed = AppCheck::Signed { added_at: noon_plus(-900), same_device: true };
    let app = [signed, AppCheck::NewDevice, AppCheck::Refused, AppCheck::NotSupplied];
    let made = [Some(Made::Release(release_id())), Some(Made::TransferPin(transfer_pin_id())), Some(Made::Pin), None];
    let recovery = matches!(change, Change::SwapReport { .. }).then_some(Made::Recovery);
    let outcome = [OutcomeKind::Approve, OutcomeKind::Challenge, OutcomeKind::Deny];
    Decided {
        mode: [Mode::Enforce, Mode::Advise][turn(2)],
        change,
        digest: ChangeDigest([0xd1; 32]),
        standing: [Standing::Known, Standing::Unknown][turn(2)],
        outcome: outcome[turn(3)],
        reasons: vec![RecordedReason { reason: Reason::LockOn, rule: "P1 lock".to_owned() }],
        contributions: contributions(),
        score: 75,
        required: Level::TwoClasses,
        accepted: vec![Factor::AccountPin, Factor::AppApproval],
        checks: Checks { pin: pin[turn(7)], transfer_pin: transfer_pin[turn(6)], app: app[turn(4)], ..Checks::NONE },
        options: options(),
        window: windows()[turn(5)],
        facts: vec![(1, 0), (2, -1), (9, i64::MAX), (300, i64::MIN)],
        policy: PolicyRevision([0x70; 32]),
        account_number_matched: turn(2) == 0,
        owner_asked: turn(3) == 0,
        external_reference: Some(reference("case 77")),
        supersedes: Some(record_id(7)),
        challenge: None,
        made: recovery.or(made[turn(4)]),
        shadow: None,
        known_facts: None,
        place: Place::default(),
    }
}

fn contributions() -> Vec<RecordedContribution> {
    [Effect::Points(0), Effect::Points(75), Effect::AtLeast(Level::None), Effect::AtLeast(Level::Strong), Effect::Deny]
        .map(|effect| RecordedContribution { rule: "P8 score".to_owned(), effect })
        .to_vec()
}

fn options() -> Vec<FactorOption> {
    vec![
        FactorOption { factor: Factor::AccountPin, usability: Usability::Usable },
        FactorOption { factor: Factor::TransferPin, usability: Usability::Unusable(Reason::TransferPinVoid) },
        FactorOption {
            factor: Factor::AppApproval,
            usability: Usability::NotBefore(noon_plus(60), Reason::CoolingDown),
        },
    ]
}

fn windows() -> [AnswerWindow; 5] {
    [
        AnswerWindow::Permit { not_before: noon_plus(0), expires_at: noon_plus(15), key_id: 0, signing_key: None },
        AnswerWindow::NoPermit,
        AnswerWindow::OpenUntil(noon_plus(20)),
        AnswerWindow::RetryAt(Some(noon_plus(25))),
        AnswerWindow::RetryAt(None),
    ]
}

const fn segment() -> SegmentTrace {
    SegmentTrace { journal: 1, first: 7, last: 49, records: 40, digest: [0xdd; 32] }
}

fn filter() -> RecordFilter {
    RecordFilter {
        account: Some(account_id()),
        line: Some(line_id()),
        from: Some(noon_plus(-60)),
        before: Some(noon_plus(60)),
        kinds: vec![EventKind::Decided, EventKind::Alerted],
        caller: Some(Subject::parse("auditor-7").unwrap()),
        outcome: Some(OutcomeKind::Deny),
    }
}

fn events() -> Vec<(&'static str, Event)> {
    let decision = record_id(5);
    let name = (LockSet::Sim, LockHolder::Customer);
    let step = |kind| LockStep { at: noon_plus(10), kind, release: release_id() };
    let stepped = |kind| Event::LockStepped {
        scope: StepScope::Account,
        name: (LockSet::All, LockHolder::Carrier),
        step: step(kind),
    };
    let lock_set =
        |reason| Event::LockSet { scope: StepScope::Account, set: LockSet::All, holder: LockHolder::Carrier, reason };
    let fields = vec!["number".to_owned(), "persons".to_owned()];
    vec![
        ("lock_set", lock_set(Some(reference("suspected")))),
        ("lock_set_bare", lock_set(None)),
        ("release_cancelled", Event::ReleaseCancelled { scope: StepScope::Line, name, release: release_id() }),
        ("release_took_effect", stepped(LockStepKind::ReleaseTookEffect)),
        ("relocked", stepped(LockStepKind::Relocked)),
        ("permit_redeemed", Event::PermitRedeemed { decision }),
        ("withdrawn", Event::DecisionWithdrawn { decision, cause: Some(reference("customer left")) }),
        (
            "reported",
            Event::OutcomeReported {
                decision,
                outcome: ReportedOutcome::Executed,
                occurred_at: Some(noon_plus(2)),
                note: Some(reference("done")),
            },
        ),
        ("declined", Event::ChallengeDeclined { decision, not_me: false }),
        ("not_me", Event::ChallengeDeclined { decision, not_me: true }),
        ("disputed", Event::ActivityDisputed { activity: decision }),
        ("device_waits", Event::DeviceWaits { device: DeviceId::parse("phone").unwrap() }),
        ("device_removed", Event::DeviceRemoved { device: DeviceId::parse("phone").unwrap() }),
        (
            "evidence_given",
            Event::EvidenceGiven {
                challenge: decision,
                checks: Checks::NONE,
                device: DeviceId::parse("phone").ok(),
                kept: vec![Factor::AccountPin, Factor::AppApproval],
                place: place(),
            },
        ),
        (
            "code_sent",
            Event::CodeSent { challenge: decision, contact: Some(contact_id()), sendings: 2, expires_at: noon_plus(9) },
        ),
        (
            "code_to_nobody",
            Event::CodeSent { challenge: decision, contact: None, sendings: 1, expires_at: noon_plus(9) },
        ),
        ("transfer_pin_revoked", Event::TransferPinRevoked { id: transfer_pin_id() }),
        ("read", Event::Read { of: ReadOf::Credentials }),
        ("records_listed", Event::RecordsRead { how: AuditStep::Listed, filter: Box::new(filter()) }),
        ("records_watched", Event::RecordsRead { how: AuditStep::Watched, filter: Box::default() }),
        ("checkpoint_made", Event::CheckpointMade { accounts: 0, digest: [0xcc; 32] }),
        ("export_asked", Event::ExportAsked { filter: Box::new(filter()) }),
        ("export_asked_for_all", Event::ExportAsked { filter: Box::default() }),
        ("export_approved", Event::ExportApproved { export: record_id(6) }),
        ("export_begun", Event::ExportBegun { export: record_id(6) }),
        ("export_done", Event::ExportDone { export: record_id(6), records: 0, digest: [0xee; 32] }),
        ("alerted", Event::Alerted { reason: reference("CHANNEL_MISMATCH") }),
        ("segment_archived", Event::SegmentArchived(segment())),
        ("segment_deleted", Event::SegmentDeleted(segment())),
        ("account_created", Event::AccountCreated { lines: 0 }),
        ("account_changed", Event::AccountChanged { fields }),
        ("line_added", Event::LineAdded),
        ("line_moved", Event::LineEnded { to: Some(account_id()) }),
        ("line_ended", Event::LineEnded { to: None }),
    ]
}
