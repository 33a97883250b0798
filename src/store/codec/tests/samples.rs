//! Fixed values that fill every field and take every variant.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Account, AccountId, AccountKind, AccountNumber, AccountPin, AccountReading, Action, Annulled, Brand, CallMark,
    ChainHead, ChangeDigest, Channel, Consent, Contact, ContactId, ContactTimes, ContactValue, Credentials, Device,
    DeviceId, DocumentDigest, Eid, EndedNumber, Flags, Held, History, HolderName, Iccid, Imei, InboundCall, Line,
    LineId, LineStatus, Lock, LockHolder, LockName, LockSet, LogIn, LogInSource, Msisdn, Permit, PermitState, Person,
    PersonId, PersonRole, PinOrigin, Place, PolicyRevision, PostalCode, Protection, ProvenDevice, ReaderMark, RecordId,
    Recovery, RecoveryState, Reference, Release, ReleaseGuard, ReleaseId, ReleaseScope, Reset, ResetKind, Separation,
    SimBefore, SimChanged, SimTarget, Spid, Spot, StoreId, Subject, TransferPin, TransferPinId, TransferPinOrigin,
    TransferPinScope, TransferPinState, Verifier, Word,
};

/// An instant `minutes` after noon on 1 March 2026.
pub(super) fn noon_plus(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_772_366_400_250).unwrap() + TimeDelta::minutes(minutes)
}

pub(super) fn record_id(last: u8) -> RecordId {
    RecordId::from_u128(0x019c_a8f1_2233_7444_8555_6677_8899_aa00 + u128::from(last))
}

pub(super) fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

pub(super) fn contact_id() -> ContactId {
    ContactId::parse("mail").unwrap()
}

pub(super) fn line_id() -> LineId {
    LineId::parse("line-1").unwrap()
}

pub(super) fn spid() -> Spid {
    Spid::parse("65ZX").unwrap()
}

pub(super) fn number() -> Msisdn {
    Msisdn::parse("+12125550123").unwrap()
}

pub(super) fn iccid() -> Iccid {
    Iccid::parse("8901260123456789011").unwrap()
}

pub(super) fn eid() -> Eid {
    Eid::parse("89049032123451234512345678901235").unwrap()
}

pub(super) fn imei() -> Imei {
    Imei::parse("490154203237518").unwrap()
}

pub(super) fn release_id() -> ReleaseId {
    ReleaseId::from_u128(0x019c_a8f1_0000_7000_8000_0000_0000_0001)
}

pub(super) fn transfer_pin_id() -> TransferPinId {
    TransferPinId::from_u128(0x019c_a8f1_0000_7000_8000_0000_0000_0002)
}

pub(super) fn person_id(text: &str) -> PersonId {
    PersonId::parse(text).unwrap()
}

pub(super) fn account_id() -> AccountId {
    AccountId::parse("acct-1").unwrap()
}

pub(super) fn brand() -> Brand {
    Brand::parse("north").unwrap()
}

pub(super) fn place() -> Place {
    let spot = |store, device| Spot { store: StoreId::parse(store).ok(), device: DeviceId::parse(device).ok() };
    Place { bound: spot("store-1", "tablet-1"), said: spot("store-2", "tablet-2"), rep: Some(reference("rep 7")) }
}

pub(super) fn accounts() -> Vec<(&'static str, Account)> {
    let told = Account {
        resets: vec![Reset {
            at: noon_plus(-20),
            kind: ResetKind::Password,
            via: Channel::Web,
            mailbox: Some(ContactId::parse("mail").unwrap()),
        }],
        ..Account::phantom(brand()).unwrap()
    };
    let waits = Device { remind_at: Some(noon_plus(2_320)), ..device("phone", None) };
    let with = |device| Account { devices: vec![device], ..Account::phantom(brand()).unwrap() };
    let (waiting, vouched) = (with(waits.clone()), with(Device { vouched: true, ..waits }));
    vec![
        ("account.full", full_account()),
        ("account.device_waits", waiting),
        ("account.device_vouched", vouched),
        ("account.phantom", Account::phantom(brand()).unwrap()),
        ("account.separated", separated_account()),
        ("account.told_reset", told),
    ]
}

fn full_account() -> Account {
    Account {
        id: account_id(),
        brand: brand(),
        number: AccountNumber::parse("0012345").unwrap(),
        kind: AccountKind::Business,
        persons: vec![
            Person {
                id: person_id("owner"),
                role: PersonRole::Owner,
                name: Some(HolderName::parse("Ann O'Hara").unwrap()),
                postal_code: Some(PostalCode::parse("02139-4307").unwrap()),
                contacts: contacts(),
                lines: Vec::new(),
            },
            person("helper", PersonRole::AuthorisedUser),
            person("child", PersonRole::LineUser),
        ],
        devices: vec![device("phone", None), device("tablet", Some(noon_plus(7)))],
        protection: protection(),
        flags: Flags { heightened: true, victim: false },
        resets: vec![
            Reset { at: noon_plus(-20), kind: ResetKind::Pin, via: Channel::Care, mailbox: None },
            Reset { at: noon_plus(-10), kind: ResetKind::Contact, via: Channel::App, mailbox: None },
        ],
        line_count: 3,
        chain: ChainHead { seq: 41, hash: [0xc4; 32], last: Some(record_id(1)) },
        separation: None,
    }
}

fn separated_account() -> Account {
    let word = |by, minutes| Word { by: Subject::parse(by).unwrap(), at: noon_plus(minutes) };
    let separation = Separation {
        from: account_id(),
        lines: vec![line_id()],
        document: DocumentDigest([5; 16]),
        proposed: word("issuer|ann", 1),
        agreed: Some(word("issuer|bob", 2)),
        expires_at: noon_plus(20_160),
        ended: Some(word("issuer|ann", 3)),
        left: vec![line_id()],
    };
    let id = AccountId::parse("separated-019ca8f1-2233-7444-8555-66778899aa0a").unwrap();
    Account { id, separation: Some(Box::new(separation)), ..Account::phantom(brand()).unwrap() }
}

fn person(id: &str, role: PersonRole) -> Person {
    Person { id: person_id(id), role, name: None, postal_code: None, contacts: Vec::new(), lines: vec![line_id()] }
}

fn contacts() -> Vec<Contact> {
    let contact =
        |id: &str, value, ended| Contact { id: ContactId::parse(id).unwrap(), value, since: noon_plus(-1_000), ended };
    vec![
        contact("mail", ContactValue::Email("ann@example.net".to_owned()), None),
        contact("text", ContactValue::Sms(number()), Some(noon_plus(-5))),
        contact("call", ContactValue::Voice(Msisdn::parse("+4915112345678").unwrap()), None),
        contact("post", ContactValue::Postal(PostalCode::parse("K1A 0B1").unwrap()), None),
    ]
}

fn device(id: &str, revoked_at: Option<DateTime<Utc>>) -> Device {
    Device {
        id: DeviceId::parse(id).unwrap(),
        person: person_id("owner"),
        public_key_jwk: r#"{"kty":"OKP"}"#.to_owned(),
        model: Some(reference("Pixel 9")),
        added_at: noon_plus(-2_000),
        revoked_at,
        vouched: false,
        remind_at: None,
    }
}

fn protection() -> Protection {
    let held = || Held { since: noon_plus(-500), by: Some(person_id("owner")), reason: Some(reference("asked for")) };
    let bare = Held { since: noon_plus(-400), by: None, reason: None };
    let only_this = ReleaseScope::Only(ChangeDigest([0xd1; 32]), Some(spid()));
    let any_carrier = ReleaseScope::Only(ChangeDigest([0xd2; 32]), None);
    let other_channel = ReleaseGuard::OtherChannelUntil(noon_plus(90));
    let denied = ReleaseGuard::DeniedUntilThenStrong(noon_plus(95));
    let locks: BTreeMap<LockName, Lock> = [
        ((LockSet::Port, LockHolder::Customer), Lock::Off),
        ((LockSet::Port, LockHolder::Carrier), Lock::On(bare)),
        ((LockSet::Sim, LockHolder::Customer), Lock::On(held())),
        ((LockSet::Sim, LockHolder::Carrier), Lock::Releasing(held(), release(ReleaseScope::Window, denied))),
        ((LockSet::All, LockHolder::Customer), Lock::Released(held(), release(only_this, other_channel))),
        ((LockSet::All, LockHolder::Carrier), Lock::Releasing(held(), release(any_carrier, other_channel))),
    ]
    .into();
    let epochs = Action::ALL.into_iter().zip([0, 1, 30, 31, 32, 33, 34, 35, u64::MAX]).collect();
    Protection::from_parts(locks, epochs)
}

fn release(scope: ReleaseScope, guard: ReleaseGuard) -> Release {
    Release {
        id: release_id(),
        proven_at: noon_plus(0),
        effective_at: noon_plus(10),
        relock_at: noon_plus(70),
        scope,
        via: Channel::App,
        device: Some(DeviceId::parse("phone").unwrap()),
        guard,
        decision: record_id(2),
    }
}

pub(super) fn lines() -> Vec<(&'static str, Line)> {
    let full = Line {
        id: line_id(),
        account: account_id(),
        msisdn: number(),
        status: LineStatus::PortedOut,
        iccid: Some(iccid()),
        eid: Some(eid()),
        imei: Some(imei()),
        sim_changes: vec![noon_plus(-90_000).into(), noon_plus(-60).into()],
        forwarding_set_at: Some(noon_plus(-30)),
        attached_at: None,
        flags: Flags { heightened: false, victim: true },
        protection: protection(),
        recovery: None,
        last_record: Some(record_id(3)),
    };
    let attached = Line { attached_at: Some(noon_plus(-2)), ..full.clone() };
    let stand_in = Line::stand_in(account_id(), number()).unwrap();
    let recovery = |back_to, state| {
        let (disputed_at, suspends) = (noon_plus(-60), matches!(state, RecoveryState::Open { .. }));
        Some(Box::new(Recovery { disputed_at, back_to, suspends, state }))
    };
    let word = Consent {
        by: Subject::parse("desk|bob").unwrap(),
        at: noon_plus(-8),
        reason: Reference::parse("case 4711").unwrap(),
    };
    let open = RecoveryState::Open { until: noon_plus(10_080), annulled: annulled() };
    let from = SimBefore { iccid: Some(iccid()), eid: Some(eid()) };
    let left = SimChanged { at: noon_plus(-60), from, goes_back: false };
    let back = SimChanged { at: noon_plus(-3), from: SimTarget::Eid(eid()).into(), goes_back: true };
    let changes = vec![noon_plus(-90_000).into(), left];
    let proposed = Line {
        sim_changes: changes.clone(),
        recovery: recovery(SimTarget::Eid(eid()), RecoveryState::Proposed(word)),
        ..full.clone()
    };
    let reported =
        Line { sim_changes: changes.clone(), recovery: recovery(SimTarget::Iccid(iccid()), open), ..full.clone() };
    let went_back = Line { sim_changes: [changes, vec![back]].concat(), ..full.clone() };
    vec![
        ("line.full", full),
        ("line.stand_in", stand_in),
        ("line.attached", attached),
        ("line.swap_proposed", proposed),
        ("line.swap_reported", reported),
        ("line.went_back", went_back),
    ]
}

pub(super) fn annulled() -> Annulled {
    Annulled {
        locks: 2,
        contacts_ended: 1,
        contacts_restored: 3,
        devices: 4,
        pin: true,
        forwarding: false,
        suspended: true,
    }
}

pub(super) fn credentials() -> Vec<(&'static str, Credentials)> {
    let pin = |verified_at, origin| AccountPin {
        verifier: Verifier(b"verifier".to_vec()),
        set_at: noon_plus(-3_000),
        verified_at,
        origin,
    };
    let transfer_pins = [
        TransferPinState::Live,
        TransferPinState::Used { at: noon_plus(4) },
        TransferPinState::Void { at: noon_plus(5) },
    ]
    .map(transfer_pin);
    let carriers = AccountPin { verifier: Verifier(Vec::new()), ..pin(None, PinOrigin::Carrier) };
    vec![
        (
            "credentials.full",
            Credentials {
                pin: Some(pin(Some(noon_plus(-1)), PinOrigin::EndUser)),
                transfer_pins: transfer_pins.to_vec(),
                spent_approvals: Vec::new(),
                history: History::default(),
            },
        ),
        ("credentials.default_pin", Credentials { pin: Some(carriers), ..Credentials::default() }),
        ("credentials.none", Credentials::default()),
        ("credentials.told", told_credentials()),
        ("credentials.contacts_changed", contacts_changed()),
        ("credentials.read", read_credentials()),
    ]
}

/// With all that outside sources tell.
fn told_credentials() -> Credentials {
    let mut called = transfer_pin(TransferPinState::Live);
    called.origin.in_call = true;
    let phone = DeviceId::parse("phone").unwrap();
    let call = |call, started, ended| InboundCall { line: line_id(), call: CallMark(call), started, ended };
    let history = History {
        log_in_failures: vec![
            LogIn { at: noon_plus(-9), device: None, source: None },
            LogIn { at: noon_plus(-8), device: Some(phone.clone()), source: Some(LogInSource(0x5e)) },
        ],
        log_ins: vec![LogIn { at: noon_plus(-7), device: Some(phone.clone()), source: Some(LogInSource(0x5f)) }],
        calls: vec![
            call(0xca11, Some(noon_plus(-6)), None),
            call(0xca12, None, Some(noon_plus(-5))),
            call(0xca13, Some(noon_plus(-5)), Some(noon_plus(-4))),
        ],
        proven_devices: vec![ProvenDevice { device: phone, since: noon_plus(-20_000) }],
        third_party_paid_at: Some(noon_plus(-3)),
        ended_numbers: vec![EndedNumber { line: line_id(), at: noon_plus(-2) }],
        ..History::default()
    };
    Credentials { transfer_pins: vec![called], history, ..Credentials::default() }
}

/// With contacts that changed.
fn contacts_changed() -> Credentials {
    let at = |minutes| Some(noon_plus(minutes));
    let contacts_changed = ContactTimes { email: at(-4), sms: at(-3), voice: at(-2), postal: at(-1) };
    Credentials { history: History { contacts_changed, ..History::default() }, ..Credentials::default() }
}

/// With somebody who read the account.
fn read_credentials() -> Credentials {
    let reading = AccountReading { reader: ReaderMark(0xbad), first: noon_plus(-90), last: noon_plus(-3) };
    Credentials { history: History { readings: vec![reading], ..History::default() }, ..Credentials::default() }
}

fn transfer_pin(state: TransferPinState) -> TransferPin {
    let is_live = state == TransferPinState::Live;
    TransferPin {
        id: transfer_pin_id(),
        verifier: Verifier(b"short".to_vec()),
        scope: if is_live { TransferPinScope::Line(line_id()) } else { TransferPinScope::Account },
        gaining_spid: is_live.then(spid),
        issued_at: noon_plus(0),
        expires_at: noon_plus(10_080),
        origin: TransferPinOrigin { channel: Channel::Web, known_device: is_live, in_call: false },
        state,
        granted_seq: 40,
    }
}

pub(super) fn permits() -> Vec<(&'static str, Permit)> {
    let permit = |state, transfer_pin| Permit {
        line: line_id(),
        action: Action::PortOut,
        change: ChangeDigest([0xd1; 32]),
        caller: Subject::parse("issuer/porting-1").unwrap(),
        policy: PolicyRevision([0x70; 32]),
        not_before: noon_plus(0),
        expires_at: noon_plus(15),
        granted_seq: 41,
        transfer_pin,
        flagged: true,
        via: Channel::Port,
        place: Place::default(),
        state,
    };
    let placed = |state| Permit { place: place(), ..permit(state, None) };
    let redeemed = PermitState::Redeemed { at: noon_plus(3), redemption: record_id(4) };
    vec![
        ("permit.open", permit(PermitState::Open, Some(transfer_pin_id()))),
        ("permit.redeemed", permit(redeemed, None)),
        ("permit.withdrawn", permit(PermitState::Withdrawn { at: noon_plus(2) }, None)),
        ("permit.placed.open", placed(PermitState::Open)),
        ("permit.placed.redeemed", placed(redeemed)),
        ("permit.placed.withdrawn", placed(PermitState::Withdrawn { at: noon_plus(2) })),
    ]
}
