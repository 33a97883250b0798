//! Which asks a goal is about, and what came of them.
//!
//! What is asked about a line is asked once, or again with what the challenge asked for. A goal counts it once: whether it was
//! approved in the end, and beside that whether at once. A challenge that only something could answer which is not built is not
//! approved in the end; it is told apart, since it will be.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cast::who;
use super::super::file::{Household, Step, length};
use super::super::play::APPROVE;
use super::draw::Visit;
use super::mix::Mix;
use super::play::Told;

/// The goals of ordinary traffic, lock off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Goal {
    /// From a device of the customer's that is known.
    KnownDevice,
    /// In a store.
    Store,
    /// Ports under a fresh transfer PIN and right fields.
    FreshTransferPin,
}

impl Goal {
    pub(super) const ALL: [Self; 3] = [Self::KnownDevice, Self::Store, Self::FreshTransferPin];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::KnownDevice => "known_device",
            Self::Store => "store",
            Self::FreshTransferPin => "fresh_transfer_pin",
        }
    }

    /// The least that is approved, in thousand.
    pub(super) const fn bar(self) -> u32 {
        match self {
            Self::KnownDevice => 950,
            Self::Store => 900,
            Self::FreshTransferPin => 970,
        }
    }

    /// The goal that an ask belongs to.
    fn of(visit: &Visit, told: &Told, step: &Step) -> Option<Self> {
        let who = who(&step.who).ok()?;
        if step.action == "PORT_OUT" {
            let wrong = step.offer.iter().any(|offered| offered.starts_with("wrong-"));
            return (told.transfer_pin_is_fresh && !wrong).then_some(Self::FreshTransferPin);
        }
        if who.store.is_some() {
            return Some(Self::Store);
        }
        let (_, device) = who.customer?;
        let known = match device {
            "owner-phone" => is_known(&visit.household),
            "user-phone" => true,
            _ => false,
        };
        known.then_some(Self::KnownDevice)
    }
}

/// Whether the app on the owner's phone is old enough to be known.
fn is_known(household: &Household) -> bool {
    let added = household.phone_added.as_deref().unwrap_or("400d");
    length(added, "phone_added").is_ok_and(|age| age.num_days() >= 7)
}

/// The reasons of denials that the goals leave out: locks, PINs that are off, and fields that are wrong.
const LEFT_OUT: [&str; 13] = [
    "LOCK_ON",
    "COOLING_DOWN",
    "PIN_ATTEMPTS_EXHAUSTED",
    "PIN_MISMATCH",
    "ACCOUNT_NUMBER_MISSING",
    "ACCOUNT_NUMBER_WRONG",
    "POSTAL_CODE_WRONG",
    "HOLDER_NAME_WRONG",
    "TRANSFER_PIN_WRONG",
    "TRANSFER_PIN_EXPIRED",
    "TRANSFER_PIN_VOID",
    "SIM_NOT_AS_STATED",
    "UNKNOWN_LINE",
];

/// The most that is denied for another reason, in thousand of all asks.
pub(super) const DENIED_AT_MOST: u32 = 1;

/// What came of all that a goal is about.
#[derive(Default)]
pub(super) struct Share {
    /// What was asked.
    pub(super) all: u32,
    pub(super) at_once: u32,
    pub(super) in_the_end: u32,
    /// What is left open since what would answer the challenge is not built, by what that is.
    pub(super) waiting: BTreeMap<String, u32>,
    /// The reasons for which the rest was not approved in the end.
    pub(super) reasons: BTreeMap<String, u32>,
}

/// What came of the day.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) goals: BTreeMap<Goal, Share>,
    /// Decisions that were asked for.
    pub(super) asked: u32,
    pub(super) outcomes: BTreeMap<String, u32>,
    /// Denials by their reasons: of those that the goals leave out, and of the others.
    pub(super) left_out: BTreeMap<String, u32>,
    pub(super) denied: BTreeMap<String, u32>,
    /// By matter: how often it came, and what came of its asks.
    pub(super) matters: BTreeMap<String, (u32, BTreeMap<String, u32>)>,
    /// What was refused, and should not have been: by matter and reason.
    pub(super) errors: BTreeSet<String>,
}

impl Tally {
    /// Counts a visit.
    pub(super) fn note(&mut self, mix: &Mix, visit: &Visit, told: &[Told]) {
        let Some(matter) = mix.matters.get(visit.matter) else { return };
        let (count, ends) = self.matters.entry(matter.id.clone()).or_default();
        *count = count.saturating_add(1);
        let mut things: BTreeMap<(&str, u32), Vec<(&Told, &Step)>> = BTreeMap::new();
        for one in told {
            let Some(ask) = visit.asks.get(one.ask) else { continue };
            if one.outcome == "REFUSED" {
                self.errors.insert(format!("{}: {}", matter.id, one.reasons.join(" ")));
            }
            if !ask.step.is_decided() {
                continue;
            }
            self.asked = self.asked.saturating_add(1);
            add(&mut self.outcomes, &one.outcome);
            add(ends, &one.outcome);
            if one.outcome == "DENY" {
                let free = one.reasons.iter().all(|reason| LEFT_OUT.contains(&reason.as_str()));
                add(if free { &mut self.left_out } else { &mut self.denied }, &one.reasons.join(" "));
            }
            things.entry((&ask.step.action, ask.step.line)).or_default().push((one, &ask.step));
        }
        if matter.household.locks.is_empty() {
            for asked in things.values() {
                self.thing(visit, matter.waits_for.as_deref(), asked);
            }
        }
    }

    /// Counts what was asked about a line, once or again.
    fn thing(&mut self, visit: &Visit, waits_for: Option<&str>, asked: &[(&Told, &Step)]) {
        let Some((goal, first)) = asked.iter().find_map(|(one, step)| Some((Goal::of(visit, one, step)?, one))) else {
            return;
        };
        let Some((last, _)) = asked.last() else { return };
        let share = self.goals.entry(goal).or_default();
        share.all = share.all.saturating_add(1);
        share.at_once = share.at_once.saturating_add(u32::from(first.outcome == APPROVE));
        if last.outcome == APPROVE {
            share.in_the_end = share.in_the_end.saturating_add(1);
            return;
        }
        add(&mut share.reasons, &last.reasons.join(" "));
        let no_app = (!is_known(&visit.household)).then_some("a code to a contact: no app that is known");
        if let Some(what) = waits_for.or(no_app).filter(|_| last.outcome == "CHALLENGE") {
            add(&mut share.waiting, what);
        }
    }
}

fn add(counts: &mut BTreeMap<String, u32>, what: &str) {
    let count = counts.entry(what.to_owned()).or_default();
    *count = count.saturating_add(1);
}
