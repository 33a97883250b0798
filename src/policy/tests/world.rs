//! A small world to decide in: one account, one line, and those who ask about them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{
    Account, AccountId, AccountKind, AccountNumber, AccountPin, AppCheck, Brand, ChainHead, Change, ChangeDigest,
    Channel, Checks, Claims, Completing, Connection, ContactId, Credentials, Device, DeviceId, Flags, Held, HoldKind,
    HolderName, Iccid, IccidCheck, Interaction, Line, LineId, LineStatus, LockHolder, LockSet, Mode, Msisdn,
    ObservedSignal, OutcomeKind, Person, PersonId, PersonRole, PinCheck, PinOrigin, Pon, PortOut, PostalCode,
    Protection, Reason, RecordId, RegisteredStore, Release, ReleaseGuard, ReleaseId, ReleaseOpens, ReleaseScope,
    Requester, Role, Roster, SimChange, SimChangeCause, SimTarget, Snapshot, Spid, Standing, Subject, TransferPinCheck,
    TransferPinId, TransferPinOrigin, Velocity, Verdict, Verifier,
};
use crate::policy::{Admission, Offered, Policy, Request, admit, evaluate};

/// The instant of every decision here.
pub(in crate::policy) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

pub(in crate::policy) fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

pub(in crate::policy) fn hours_ago(hours: i64) -> DateTime<Utc> {
    now() - TimeDelta::hours(hours)
}

pub(in crate::policy) fn days_ago(days: i64) -> DateTime<Utc> {
    now() - TimeDelta::days(days)
}

/// The shortest time that facts tell apart.
pub(in crate::policy) const TICK: TimeDelta = TimeDelta::microseconds(1);

/// The default policy with something turned or added, as a file would.
pub(in crate::policy) fn policy_with(text: &str) -> Policy {
    crate::policy::load("test.toml", &format!("extends = \"us-default\"\n{text}")).unwrap()
}

/// Ann owns the account and has a phone for a year and another since yesterday. Bob is authorised for its line and has a
/// phone; Cal carries the line and has one too; Dora is authorised for some other line.
#[derive(Debug, Clone)]
pub(in crate::policy) struct World {
    pub(in crate::policy) policy: Policy,
    pub(in crate::policy) account: Account,
    pub(in crate::policy) credentials: Credentials,
    pub(in crate::policy) line: Line,
    pub(in crate::policy) standing: Standing,
    pub(in crate::policy) pin_failures: Vec<DateTime<Utc>>,
    pub(in crate::policy) transfer_pin_failures: Vec<DateTime<Utc>>,
    pub(in crate::policy) velocity: Velocity,
    pub(in crate::policy) held: Option<HoldKind>,
    pub(in crate::policy) breached_until: Option<DateTime<Utc>>,
    pub(in crate::policy) store: Option<RegisteredStore>,
}

impl World {
    pub(in crate::policy) fn new() -> Self {
        let account_id = AccountId::parse("acct-1").unwrap();
        let pin = AccountPin {
            verifier: Verifier(Vec::new()),
            set_at: days_ago(200),
            verified_at: None,
            origin: PinOrigin::EndUser,
        };
        Self {
            policy: Policy::us_default(),
            account: Account {
                id: account_id.clone(),
                brand: Brand::parse("main").unwrap(),
                number: AccountNumber::parse("0012345678").unwrap(),
                kind: AccountKind::Postpaid,
                persons: vec![
                    person("ann", PersonRole::Owner, &[]),
                    person("bob", PersonRole::AuthorisedUser, &["line-1"]),
                    person("cal", PersonRole::LineUser, &["line-1"]),
                    person("dora", PersonRole::AuthorisedUser, &["line-2"]),
                ],
                devices: vec![
                    device("ann-phone", "ann", days_ago(400)),
                    device("ann-new", "ann", days_ago(1)),
                    device("bob-phone", "bob", days_ago(400)),
                    device("cal-phone", "cal", days_ago(400)),
                    device("dora-phone", "dora", days_ago(400)),
                ],
                protection: Protection::default(),
                flags: Flags::default(),
                resets: Vec::new(),
                line_count: 2,
                chain: ChainHead::default(),
                separation: None,
            },
            credentials: Credentials { pin: Some(pin), ..Credentials::default() },
            line: Line {
                iccid: Some(iccid("8901260000000000001")),
                ..Line::stand_in(account_id, Msisdn::parse("+12125550123").unwrap()).unwrap()
            }
            .named("line-1"),
            standing: Standing::Known,
            pin_failures: Vec::new(),
            transfer_pin_failures: Vec::new(),
            velocity: Velocity::QUIET,
            held: None,
            breached_until: None,
            store: None,
        }
    }

    /// A number nobody has.
    pub(in crate::policy) fn unknown() -> Self {
        let known = Self::new();
        let account = Account::phantom(known.account.brand.clone()).unwrap();
        Self {
            line: Line::stand_in(account.id.clone(), known.line.msisdn).unwrap(),
            account,
            credentials: Credentials::default(),
            standing: Standing::Unknown,
            ..known
        }
    }

    /// The same, changed.
    pub(in crate::policy) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(in crate::policy) fn without_devices(self) -> Self {
        self.with(|world| world.account.devices.clear())
    }

    pub(in crate::policy) fn without_pin(self) -> Self {
        self.with(|world| world.credentials.pin = None)
    }

    pub(in crate::policy) fn pin_set(self, at: DateTime<Utc>) -> Self {
        self.with(|world| world.credentials.pin.as_mut().unwrap().set_at = at)
    }

    /// Wrong PINs, oldest first.
    pub(in crate::policy) fn failures(self, failures: &[DateTime<Utc>]) -> Self {
        self.with(|world| world.pin_failures = failures.to_vec())
    }

    /// A lock on the line.
    pub(in crate::policy) fn locked(self, set: LockSet) -> Self {
        self.with(|world| world.line.protection.set(set, LockHolder::Customer, held(), 1))
    }

    /// A release of the line's lock that was proven `ago`, and took effect if its delay is over.
    pub(in crate::policy) fn released(
        self,
        set: LockSet,
        ago: TimeDelta,
        via: Channel,
        guard: fn(DateTime<Utc>) -> ReleaseGuard,
    ) -> Self {
        self.locked(set).with(|world| {
            let proven_at = now() - ago;
            let release = Release {
                id: ReleaseId::from_u128(1),
                proven_at,
                effective_at: proven_at + TimeDelta::minutes(15),
                relock_at: proven_at + TimeDelta::days(7),
                scope: ReleaseScope::Window,
                via,
                device: None,
                guard: guard(proven_at + TimeDelta::hours(24)),
                decision: RecordId::from_u128(2),
            };
            world.line.protection.release(set, LockHolder::Customer, release, 0).unwrap();
            world.line.protection.advance(now(), 2);
        })
    }

    pub(in crate::policy) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot {
            account: &self.account,
            credentials: &self.credentials,
            line: &self.line,
            standing: self.standing,
            pin_failures: &self.pin_failures,
            transfer_pin_failures: &self.transfer_pin_failures,
            velocity: &self.velocity,
            held: self.held,
            breached_until: self.breached_until,
            store: self.store.as_ref(),
        }
    }

    pub(in crate::policy) fn decide(&self, ask: &Ask) -> Verdict {
        evaluate(&self.policy, &ask.request.request(), &self.snapshot(), &ask.checks, now())
    }

    pub(in crate::policy) fn admit(&self, ask: &Ask) -> Admission {
        admit(&self.policy, &ask.request.request(), &self.snapshot(), now())
    }

    /// Decides, and holds the answer against what must be answered.
    #[track_caller]
    pub(in crate::policy) fn answers(&self, ask: &Ask, outcome: OutcomeKind, reasons: &[Reason]) -> Verdict {
        let verdict = self.decide(ask);
        let given: Vec<Reason> = verdict.reasons.iter().map(|given| given.reason).collect();
        assert_eq!((verdict.outcome.kind(), given.as_slice()), (outcome, reasons));
        verdict
    }

    #[track_caller]
    pub(in crate::policy) fn approves(&self, ask: &Ask) -> Verdict {
        let verdict = self.decide(ask);
        assert_eq!(verdict.outcome.kind(), OutcomeKind::Approve, "{:?}", verdict.reasons);
        verdict
    }

    #[track_caller]
    pub(in crate::policy) fn challenges(&self, ask: &Ask, reasons: &[Reason]) -> Verdict {
        self.answers(ask, OutcomeKind::Challenge, reasons)
    }

    #[track_caller]
    pub(in crate::policy) fn denies(&self, ask: &Ask, reasons: &[Reason]) -> Verdict {
        self.answers(ask, OutcomeKind::Deny, reasons)
    }
}

trait Named {
    fn named(self, id: &str) -> Self;
}

impl Named for Line {
    fn named(mut self, id: &str) -> Self {
        self.id = LineId::parse(id).unwrap();
        self.status = LineStatus::Active;
        self
    }
}

/// The one transfer PIN of this world.
pub(in crate::policy) const TRANSFER_PIN: TransferPinId = TransferPinId::from_u128(9);

pub(in crate::policy) const FROM_HOME: TransferPinOrigin =
    TransferPinOrigin { channel: Channel::App, known_device: true, in_call: false };
pub(in crate::policy) const FROM_CARE: TransferPinOrigin =
    TransferPinOrigin { channel: Channel::Care, known_device: false, in_call: false };

fn person(id: &str, role: PersonRole, lines: &[&str]) -> Person {
    Person {
        id: PersonId::parse(id).unwrap(),
        role,
        name: Some(HolderName::parse("Ann O'Hara").unwrap()),
        postal_code: Some(PostalCode::parse("84073").unwrap()),
        contacts: Vec::new(),
        lines: lines.iter().map(|line| LineId::parse(line).unwrap()).collect(),
    }
}

pub(in crate::policy) fn device(id: &str, person: &str, added_at: DateTime<Utc>) -> Device {
    Device {
        id: DeviceId::parse(id).unwrap(),
        person: PersonId::parse(person).unwrap(),
        public_key_jwk: String::new(),
        model: None,
        added_at,
        revoked_at: None,
        vouched: false,
        remind_at: None,
    }
}

pub(in crate::policy) fn iccid(digits: &str) -> Iccid {
    Iccid::parse_with(digits, IccidCheck::FormatOnly).unwrap()
}

pub(in crate::policy) fn held() -> Held {
    Held { since: days_ago(30), by: None, reason: None }
}

/// A request's parts, to be changed.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a kind of proof that is offered, or not")]
pub(in crate::policy) struct Asked {
    pub(in crate::policy) requester: Requester,
    pub(in crate::policy) change: Change,
    pub(in crate::policy) digest: ChangeDigest,
    pub(in crate::policy) mode: Mode,
    pub(in crate::policy) interaction: Interaction,
    pub(in crate::policy) claims: Claims,
    pub(in crate::policy) account_pin: bool,
    pub(in crate::policy) transfer_pin: bool,
    pub(in crate::policy) one_time_code: bool,
    pub(in crate::policy) code_contact: Option<ContactId>,
    pub(in crate::policy) codes_sent: bool,
    pub(in crate::policy) app_device: Option<DeviceId>,
    pub(super) document: Option<super::documents::Shown>,
    pub(in crate::policy) waits: bool,
    pub(in crate::policy) signals: Vec<ObservedSignal>,
    pub(in crate::policy) completing: Completing,
    pub(in crate::policy) plan_time: Option<DateTime<Utc>>,
}

impl Asked {
    pub(in crate::policy) fn request(&self) -> Request<'_> {
        let Self { requester, change, interaction, claims, signals, .. } = self;
        let (account_pin, transfer_pin, app_device) = (self.account_pin, self.transfer_pin, self.app_device.as_ref());
        let (one_time_code, code_contact) = (self.one_time_code, self.code_contact.as_ref());
        let document = self.document.as_ref().map(super::documents::Shown::shown);
        Request {
            requester,
            change,
            digest: self.digest,
            mode: self.mode,
            interaction,
            claims,
            offered: Offered { account_pin, transfer_pin, one_time_code, code_contact, app_device, document },
            signals,
            codes_sent: self.codes_sent,
            waits: self.waits,
            gives: false,
            completing: self.completing,
            plan_time: self.plan_time,
        }
    }
}

/// A request and what looking at its evidence found.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Ask {
    pub(in crate::policy) request: Asked,
    pub(in crate::policy) checks: Checks,
}

impl Ask {
    /// Somebody asks for an upgrade's SIM change.
    fn new(role: Role, channel: Channel) -> Self {
        let brand = Brand::parse("main").unwrap();
        let requester = Requester {
            subject: Subject::parse("issuer/someone").unwrap(),
            role,
            brand,
            account: None,
            person: None,
            device: None,
            store: None,
            spid: None,
            token: None,
            roster: Roster::default(),
            connection: Connection::default(),
        };
        let interaction =
            Interaction { channel, reference: None, store: None, device: None, rep: None, client_address: None };
        let request = Asked {
            requester,
            change: sim_change(SimChangeCause::Upgrade),
            digest: ChangeDigest([1; 32]),
            mode: Mode::Enforce,
            interaction,
            claims: Claims::default(),
            account_pin: false,
            transfer_pin: false,
            one_time_code: false,
            code_contact: None,
            codes_sent: false,
            app_device: None,
            document: None,
            waits: false,
            signals: Vec::new(),
            completing: Completing::Nothing,
            plan_time: None,
        };
        Self { request, checks: Checks::NONE }
    }

    /// A customer signed in on a device.
    pub(in crate::policy) fn customer(person: &str, device: &str) -> Self {
        Self::new(Role::Customer, Channel::App).with(|request| {
            request.requester.account = Some(AccountId::parse("acct-1").unwrap());
            request.requester.person = Some(PersonId::parse(person).unwrap());
            request.requester.device = Some(DeviceId::parse(device).unwrap());
        })
    }

    pub(in crate::policy) fn owner() -> Self {
        Self::customer("ann", "ann-phone")
    }

    pub(in crate::policy) fn clerk() -> Self {
        Self::new(Role::RetailAgent, Channel::Store)
    }

    pub(in crate::policy) fn care() -> Self {
        Self::new(Role::CareAgent, Channel::Care)
    }

    pub(in crate::policy) fn pad() -> Self {
        Self::new(Role::PinPad, Channel::Store)
    }

    /// Another carrier that names the account number, for a port.
    pub(in crate::policy) fn carrier() -> Self {
        let gaining_spid = Spid::parse("6529").unwrap();
        let pon = Pon::parse("PON1").unwrap();
        Self::new(Role::PortingSystem, Channel::Port)
            .change(Change::PortOut(PortOut { gaining_spid, gaining_name: None, pon, dealer: None }))
            .account_number("0012345678")
    }

    pub(in crate::policy) fn with(mut self, change: impl FnOnce(&mut Asked)) -> Self {
        change(&mut self.request);
        self
    }

    pub(in crate::policy) fn change(self, change: Change) -> Self {
        self.with(|request| request.change = change)
    }

    pub(in crate::policy) fn because(self, cause: SimChangeCause) -> Self {
        self.change(sim_change(cause))
    }

    pub(in crate::policy) fn account_number(self, number: &str) -> Self {
        self.with(|request| request.claims.account_number = Some(AccountNumber::parse(number).unwrap()))
    }

    pub(in crate::policy) fn postal_code(self, code: &str) -> Self {
        self.with(|request| request.claims.postal_code = Some(PostalCode::parse(code).unwrap()))
    }

    pub(in crate::policy) fn pin(mut self, found: PinCheck) -> Self {
        self.request.account_pin = true;
        self.checks.pin = found;
        self
    }

    pub(in crate::policy) fn right_pin(self) -> Self {
        self.pin(PinCheck::Matched)
    }

    pub(in crate::policy) fn wrong_pin(self) -> Self {
        self.pin(PinCheck::Mismatched)
    }

    pub(in crate::policy) fn transfer_pin(mut self, found: TransferPinCheck) -> Self {
        self.request.transfer_pin = true;
        self.checks.transfer_pin = found;
        self
    }

    pub(in crate::policy) fn right_transfer_pin(self) -> Self {
        self.transfer_pin(TransferPinCheck::Matched { id: TRANSFER_PIN, known_device: true, issued_at: now() })
    }

    /// For a challenge that stands like this.
    pub(in crate::policy) fn completing(self, completing: Completing) -> Self {
        self.with(|request| request.completing = completing)
    }

    /// A right PIN that the customer entered for the challenge before.
    pub(in crate::policy) fn pin_given(mut self) -> Self {
        self.checks.pin = PinCheck::Given;
        self
    }

    /// A signature that holds, by a device's key.
    pub(in crate::policy) fn app(mut self, device: &str) -> Self {
        let device = DeviceId::parse(device).unwrap();
        let same_device = self.request.requester.device.as_ref() == Some(&device);
        self.request.app_device = Some(device);
        self.checks.app = AppCheck::Signed { added_at: DateTime::UNIX_EPOCH, same_device };
        self
    }
}

pub(in crate::policy) fn sim_change(cause: SimChangeCause) -> Change {
    let target = SimTarget::Iccid(iccid("8901260000000000099"));
    Change::Sim(SimChange { target, imei: None, cause, old_iccid: None, delivery: None })
}

pub(in crate::policy) fn transfer_pin_issue() -> Change {
    Change::TransferPinIssue { gaining_spid: None }
}

pub(in crate::policy) fn lock_release() -> Change {
    Change::LockRelease { set: LockSet::Port, holder: LockHolder::Customer, opens: ReleaseOpens::Window(None) }
}
