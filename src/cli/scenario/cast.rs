//! Who asks: the people, systems and devices of every scenario, and the households they ask about.

use chrono::{DateTime, TimeDelta, Utc};

use super::dice::Dice;
use super::file::{Household, length};
use super::mailbox::contacts;
use super::till::IN_STORE;
use crate::cli::failure::Failure;
use crate::cli::flags::timestamp;
use crate::grpc::client::Timestamp;
use crate::grpc::pb::v1 as pb;

/// The brand of all of them.
pub(super) const BRAND: &str = "default";

/// The PIN of every household.
pub(super) const PIN: &str = "482951";

/// What a carrier of scenarios is called.
pub(super) const GAINING: &str = "6529";

/// Somebody who asks: their role, the name in their token, where they are bound to, and their usual channel.
#[derive(Clone, Copy)]
pub(super) struct Who {
    pub(super) name: &'static str,
    pub(super) role: &'static str,
    pub(super) channel: pb::Channel,
    pub(super) store: Option<&'static str>,
    /// The kind of device in it that they use.
    pub(super) device: Option<&'static str>,
    /// The stores of their roster; none where it is the one that their token is bound to.
    pub(super) roster: &'static [&'static str],
    /// Of a customer: the person and the device.
    pub(super) customer: Option<(&'static str, &'static str)>,
    pub(super) doc: &'static str,
}

const fn staff(name: &'static str, role: &'static str, channel: pb::Channel, doc: &'static str) -> Who {
    Who { name, role, channel, store: None, device: None, roster: &[], customer: None, doc }
}

const fn at_store(name: &'static str, role: &'static str, at: [&'static str; 2], doc: &'static str) -> Who {
    let [store, device] = at;
    Who { store: Some(store), device: Some(device), ..staff(name, role, pb::Channel::Store, doc) }
}

const fn customer(name: &'static str, person: &'static str, device: &'static str, doc: &'static str) -> Who {
    Who { customer: Some((person, device)), ..staff(name, "customer", pb::Channel::App, doc) }
}

/// Everybody.
pub(super) const CAST: [Who; 16] = [
    customer("owner", "owner", "owner-phone", "the account's owner, signed in on their phone"),
    customer("owner-elsewhere", "owner", "never-seen", "the owner's log-in on a device that nobody knows"),
    customer("user", "user", "user-phone", "an authorised user of the first line, on their phone"),
    at_store("clerk", "retail_agent", ["S-1", "tablet"], "a clerk in the first store"),
    at_store("clerk-2", "retail_agent", ["S-2", "tablet"], "a clerk in another store"),
    at_store("manager", "retail_manager", ["S-1", "office"], "the first store's manager"),
    Who {
        roster: &["S-2"],
        ..at_store(
            "district-manager",
            "retail_manager",
            ["S-1", "office"],
            "a manager of other stores, signed in at the first",
        )
    },
    at_store(
        "pad",
        "pin_pad",
        ["S-1", "pad"],
        "the PIN pad of the first store: what is entered there, the customer entered",
    ),
    staff("care", "care_agent", pb::Channel::Care, "somebody in care, on the phone or in chat"),
    staff("ivr", "ivr", pb::Channel::Ivr, "the voice system: what is entered there, the customer entered"),
    staff("carrier", "porting_system", pb::Channel::Port, "the gaining carrier's porting system"),
    staff("provisioning", "provisioning", pb::Channel::Batch, "the carrier's own CRM"),
    staff("network", "network_signals", pb::Channel::Batch, "the network and the log-in service, which report events"),
    staff("fraud-1", "fraud_ops", pb::Channel::Care, "somebody of fraud operations"),
    staff("fraud-2", "fraud_ops", pb::Channel::Care, "somebody else of fraud operations"),
    staff("auditor", "auditor", pb::Channel::Care, "reads what was decided, for the test itself"),
];

/// The one of a name.
pub(super) fn who(name: &str) -> Result<&'static Who, Failure> {
    CAST.iter().find(|who| who.name == name).ok_or_else(|| {
        let known: Vec<String> = CAST.iter().map(|who| format!("  {:<16}{}", who.name, who.doc)).collect();
        Failure::invalid(format!("`who`: there is no `{name}`; there are\n{}", known.join("\n")))
    })
}

/// An account's id.
pub(super) fn account(household: u32) -> String {
    format!("A-{household}")
}

/// A line's number.
pub(super) fn msisdn(household: u32, line: u32) -> String {
    // Exchanges 555 and on: 10,000 households of up to ten lines.
    format!("+1212{:03}{:04}", 555_u32.saturating_add(household / 1_000), (household % 1_000) * 10 + line)
}

/// An account's number.
pub(super) fn account_number(household: u32) -> String {
    format!("{:08}", 100_000_u32.saturating_add(household))
}

/// A SIM by a name: the same name is the same card.
pub(super) fn iccid(name: &str) -> String {
    with_check_digit(&format!("8901260{:011}", number_of(name, 100_000_000_000)))
}

/// A handset by a name.
pub(super) fn imei(name: &str) -> String {
    with_check_digit(&format!("35{:012}", number_of(name, 1_000_000_000_000)))
}

/// A number that a name stands for (FNV-1a).
fn number_of(name: &str, below: u64) -> u64 {
    let mixed = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mixed.checked_rem(below).unwrap_or(0)
}

/// The digits with their Luhn check digit.
fn with_check_digit(digits: &str) -> String {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let weigh = |(place, digit): (usize, u32)| if place % 2 == 0 { doubled(digit) } else { digit };
    let sum: u32 = digits.chars().rev().filter_map(|digit| digit.to_digit(10)).enumerate().map(weigh).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The secrets of a household, as those who ask enter them.
pub(super) struct Secrets {
    /// Its PIN.
    pub(super) pin: String,
    /// Another.
    pub(super) wrong_pin: String,
    /// One that many have.
    pub(super) common_pin: String,
}

impl Default for Secrets {
    fn default() -> Self {
        Self { pin: PIN.to_owned(), wrong_pin: "305817".to_owned(), common_pin: "246813".to_owned() }
    }
}

impl Secrets {
    /// Any that nobody would guess: no digit twice.
    pub(super) fn any(dice: &mut Dice) -> Self {
        let mut digits = || {
            let mut all: Vec<char> = ('0'..='9').collect();
            dice.shuffle(&mut all);
            all.into_iter().take(6).collect()
        };
        Self { pin: digits(), wrong_pin: digits(), common_pin: digits() }
    }
}

/// Where somebody sits.
pub(super) struct Seat {
    /// The name in their token.
    pub(super) name: String,
    /// The store that it is bound to, and the device.
    pub(super) store: Option<String>,
    pub(super) device: Option<String>,
    /// The stores and the devices of its roster.
    pub(super) roster_stores: Vec<String>,
    pub(super) roster_devices: Vec<String>,
    /// The network address that their store's devices have.
    pub(super) address: Option<String>,
}

/// The kinds of devices that a store has, one of each for each of its seats.
const DEVICES: [&str; 3] = ["tablet", "office", "pad"];

const SEATS_PER_STORE: u32 = 4;

/// An address in no store's network.
const ELSEWHERE: &str = "198.51.100.7";

/// A store by its name and number: the first are 0.
fn store_name(store: &str, number: u32) -> String {
    if number == 0 { store.to_owned() } else { format!("{store}-{number}") }
}

/// The network of a store, without what follows its prefix.
fn network(store: &str, number: u32) -> String {
    format!("2001:db8:{}:{number:x}:", store.trim_start_matches("S-"))
}

/// A device of a store, by its kind and its seat.
fn device_name(store: &str, kind: &str, place: u32) -> String {
    format!("{store}-{kind}-{place}")
}

/// The register of the first stores and so many more.
pub(super) fn register(more: u32) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    for (store, number) in ["S-1", "S-2"].into_iter().flat_map(|store| (0..=more).map(move |number| (store, number))) {
        let (name, network) = (store_name(store, number), network(store, number));
        let seats = DEVICES.into_iter().flat_map(|kind| (0..SEATS_PER_STORE).map(move |place| (kind, place)));
        let devices: Vec<String> =
            seats.map(|(kind, place)| format!("\"{}\"", device_name(&name, kind, place))).collect();
        let devices = devices.join(", ");
        // The first store's till calls from this machine.
        let till = if name == "S-1" { format!(", \"{IN_STORE}\"") } else { String::new() };
        let networks = format!("\"{network}:/64\"{till}");
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "[[store]]\nid = \"{name}\"\nbrand = \"{BRAND}\"\nnetworks = [{networks}]\ndevices = [{devices}]"
        );
    }
    text
}

impl Who {
    /// Whether what they enter, the customer entered.
    pub(super) fn enters_as_customer(&self) -> bool {
        matches!(self.role, "customer" | "pin_pad" | "ivr")
    }

    /// What the token says of who sits in a seat, on their own device or another kind of one. Where nobody else has this role, it
    /// is seat 0. Stores have four seats each.
    pub(super) fn at(&self, seat: u32, on: Option<&str>) -> Seat {
        let (number, place) = (seat / SEATS_PER_STORE, seat % SEATS_PER_STORE);
        let store = self.store.map(|store| store_name(store, number));
        let own = store.as_ref().zip(self.device).map(|(store, kind)| device_name(store, kind, place));
        Seat {
            name: if seat == 0 { self.name.to_owned() } else { format!("{}-at-{seat}", self.name) },
            device: store.as_ref().zip(on.or(self.device)).map(|(store, kind)| device_name(store, kind, place)),
            // A manager works in the office.
            roster_devices: own.filter(|_| self.role == "retail_manager").into_iter().collect(),
            roster_stores: self.roster.iter().map(|store| store_name(store, number)).collect(),
            address: self.store.map(|store| format!("{}:9", network(store, number))),
            store,
        }
    }

    /// The address that a request comes from: their store's, or elsewhere.
    pub(super) fn address(&self, seat: u32, network: Option<&str>) -> Result<String, Failure> {
        match network {
            None => Ok(self.at(seat, None).address.unwrap_or_default()),
            Some("elsewhere") => Ok(ELSEWHERE.to_owned()),
            Some(other) => Err(Failure::invalid(format!("`network`: `{other}` is not `elsewhere`"))),
        }
    }
}

/// What was set up as long ago as nothing else says.
const LONG_AGO: &str = "400d";

/// A household as it is imported.
pub(super) fn seed(
    number: u32,
    (unlike, secrets): (&Household, &Secrets),
    jwks: [String; 3],
    now: DateTime<Utc>,
) -> Result<pb::AccountSeed, Failure> {
    let ago = |text: &str| -> Result<_, Failure> { Ok(Some(timestamp(before(now, length(text, "household")?)))) };
    let pin = Some(unlike.pin_set.as_deref().unwrap_or(LONG_AGO)).filter(|set| *set != "none");
    let kind = unlike.kind.as_deref().unwrap_or("POSTPAID");
    let kind = named(kind, "kind", |name| pb::AccountKind::from_str_name(&format!("ACCOUNT_KIND_{name}")))?;
    let flag = |name: &String| -> Result<i32, Failure> {
        let flag = named(name, "flags", |name| pb::LineFlag::from_str_name(&format!("LINE_FLAG_{name}")))?;
        Ok(flag.into())
    };
    let line_id = |line: u32| format!("L-{number}-{line}");
    let line = |place: u32| -> Result<pb::Line, Failure> {
        Ok(pb::Line {
            line_id: line_id(place),
            msisdn: msisdn(number, place),
            iccid: iccid(&format!("old {number} {place}")),
            sim_since_time: unlike.sim_changed.as_deref().map_or(Ok(None), ago)?,
            status: pb::LineStatus::Active.into(),
            flags: unlike.flags.iter().filter(|_| place == 1).map(flag).collect::<Result<_, _>>()?,
            ..pb::Line::default()
        })
    };
    let lock = |set: &String| -> Result<pb::LockSeed, Failure> {
        let set = named(set, "locks", |name| pb::LockSet::from_str_name(&format!("LOCK_SET_{name}")))?;
        let holder = pb::LockHolder::Customer.into();
        Ok(pb::LockSeed {
            set: set.into(),
            holder,
            since_time: ago("100d")?,
            line_id: line_id(1),
            ..Default::default()
        })
    };
    Ok(pb::AccountSeed {
        account: Some(pb::Account {
            account_id: account(number),
            brand: BRAND.to_owned(),
            account_number: account_number(number),
            kind: kind.into(),
            persons: vec![
                pb::Person {
                    contacts: contacts(&unlike.contacts, &msisdn(number, 1))?,
                    ..person("owner", pb::PersonRole::Owner, &[])
                },
                person("user", pb::PersonRole::AuthorisedUser, &[line_id(1)]),
            ],
            ..pb::Account::default()
        }),
        lines: vec![line(1)?, line(2)?],
        locks: unlike.locks.iter().map(lock).collect::<Result<_, _>>()?,
        pin: pin.map(|_| secrets.pin.clone()).unwrap_or_default(),
        pin_set_time: pin.map_or(Ok(None), ago)?,
        pin_carrier_generated: unlike.pin_by_carrier,
        devices: devices(unlike, jwks, ago)?,
    })
}

fn devices(
    unlike: &Household,
    [owners, users, tablets]: [String; 3],
    ago: impl Fn(&str) -> Result<Option<Timestamp>, Failure>,
) -> Result<Vec<pb::Device>, Failure> {
    let phone = Some(unlike.phone_added.as_deref().unwrap_or(LONG_AGO)).filter(|added| *added != "none");
    let all = [
        ("user-phone", "user", users, Some(LONG_AGO)),
        ("owner-phone", "owner", owners, phone),
        ("owner-tablet", "owner", tablets, unlike.tablet.then_some(LONG_AGO)),
    ];
    let there = all.into_iter().filter_map(|(id, person, key, added)| Some((id, person, key, added?)));
    let device = |(id, person, public_key_jwk, added): (&str, &str, String, &str)| {
        let (device_id, person_id) = (id.to_owned(), person.to_owned());
        Ok(pb::Device { device_id, person_id, public_key_jwk, model: String::new(), added_time: ago(added)? })
    };
    there.map(device).collect()
}

fn person(id: &str, role: pb::PersonRole, lines: &[String]) -> pb::Person {
    pb::Person {
        person_id: id.to_owned(),
        role: role.into(),
        name: format!("Household {id}"),
        postal_code: "02139".to_owned(),
        contacts: Vec::new(),
        line_ids: lines.to_vec(),
    }
}

fn before(now: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    now.checked_sub_signed(span).unwrap_or(now)
}

/// A word of a closed list.
pub(super) fn named<T>(word: &str, field: &str, of: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
    of(word).ok_or_else(|| Failure::invalid(format!("`{field}`: `{word}` is none of its words")))
}
