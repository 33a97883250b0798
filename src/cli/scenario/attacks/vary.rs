//! One variation, made by a seed, and the digest that tells it from the others.

use std::collections::HashSet;

use chrono::TimeDelta;

use super::super::cast::{Who, who};
use super::super::dice::Dice;
use super::super::file::Step;
use super::families::{Families, Family, Part, Told, is_honest};
use crate::cli::failure::Failure;
use crate::crypto::sha256_plain;

/// Minutes of a week: an attack begins at any of them.
const WEEK_MINUTES: u32 = 7 * 24 * 60;

/// Why a SIM may be said to be changed.
const CAUSES: [&str; 5] = ["UPGRADE", "DAMAGED", "LOST", "STOLEN", "BROKEN"];

/// Facts that an attacker may have found out: none proves anything.
const FACTS: [&str; 7] = ["birth-date", "national-id", "last-payment", "call-log", "security-answer", "zip", "name"];

/// Failed log-ins that are an attack, at least.
const EVENTS_MIN: u32 = 20;

/// How far from home somebody may be, in miles.
const MILES: [i64; 5] = [2, 40, 180, 350, 2_000];

/// A variation of an attack.
pub(super) struct Variation {
    /// Which family.
    pub(super) family: usize,
    /// How long after the one before it it begins.
    pub(super) after: TimeDelta,
    pub(super) steps: Vec<Varied>,
}

/// One step of it.
pub(super) struct Varied {
    /// Its number in the scenario.
    pub(super) number: usize,
    /// When, from its beginning on.
    pub(super) at: TimeDelta,
    /// How long apart, where there are several.
    pub(super) pause: TimeDelta,
    pub(super) step: Step,
}

impl Variation {
    /// What tells it from others: everything that varies, and no name or number that every variation has of its own.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut text = format!("{} {}", self.family, self.after.num_minutes());
        for Varied { number, at, pause, step } in &self.steps {
            let parts = [
                number.to_string(),
                at.num_seconds().to_string(),
                pause.num_seconds().to_string(),
                step.who.clone(),
                step.action.clone(),
                format!("{:?}", step.channel),
                step.household.to_string(),
                step.line.to_string(),
                format!("{:?}", step.cause),
                step.offer.join("+"),
                step.times.to_string(),
                toml::to_string(&step.signals).unwrap_or_default(),
            ];
            text.push('\n');
            text.push_str(&parts.join(" "));
        }
        sha256_plain(text.as_bytes())
    }
}

/// As many as are wanted, each different: one that was made before is made anew.
pub(super) fn vary(families: &Families, count: u32, seed: u64) -> Result<Vec<Variation>, Failure> {
    let mut dice = Dice::new(seed);
    let mut known = HashSet::new();
    let mut made = Vec::new();
    let places: Vec<usize> = (0..families.all.len()).collect();
    // So many tries that an end is no accident.
    for _ in 0..count.saturating_mul(20) {
        if made.len() == usize::try_from(count).unwrap_or(usize::MAX) {
            return Ok(made);
        }
        let weight = |place: &usize| families.all.get(*place).map_or(0, |family| family.told.weight);
        let place = dice.one_of(&places, weight).copied().unwrap_or(0);
        let Some(family) = families.all.get(place) else { continue };
        let variation = one(family, place, &mut dice)?;
        if known.insert(variation.digest()) {
            made.push(variation);
        }
    }
    Err(Failure::invalid("there are not so many variations that are different"))
}

fn one(family: &Family, place: usize, dice: &mut Dice) -> Result<Variation, Failure> {
    let told = &family.told;
    let pick = |dice: &mut Dice, list: &[String]| dice.one_of(list, |_| 1).cloned();
    let people: Vec<(&String, Option<String>)> = told.who.iter().map(|(from, to)| (from, pick(dice, to))).collect();
    let channels: Vec<(&String, Option<String>)> =
        told.channel.iter().map(|(who, list)| (who, pick(dice, list))).collect();
    let line = if told.varies(Part::Line) { dice.below(2).saturating_add(1) } else { 1 };
    let cause = dice.one_of(&CAUSES, |_| 1).copied().filter(|_| told.varies(Part::Cause));
    let after = TimeDelta::minutes(i64::from(dice.below(WEEK_MINUTES)));
    let mut steps = Vec::new();
    let (mut at, mut before) = (TimeDelta::zero(), TimeDelta::zero());
    for (number, step) in reordered(family, dice) {
        let starts = step.starts()?;
        at = at.checked_add(&stretched(starts - before, told.time, dice)).unwrap_or(at);
        before = starts;
        let mut step = step;
        for (from, to) in &people {
            if step.who == **from && !is_honest(&step) {
                step.who.clone_from(to.as_ref().unwrap_or(from));
            }
        }
        for (who, channel) in &channels {
            if step.who == **who {
                step.channel.clone_from(channel);
            }
        }
        if step.line == 1 {
            step.line = line;
        }
        let asks = who(&step.who)?;
        if step.who == "network" {
            step.times = fewer(step.times, dice);
        } else if !is_honest(&step) && step.is_decided() {
            attempt(&mut step, asks, (cause, told), dice);
        }
        let pause = stretched(step.pause()?, told.time, dice);
        steps.push(Varied { number, at, pause, step });
    }
    Ok(Variation { family: place, after, steps })
}

/// The steps of a family; those that may come in any order stand in another, each at the time of its new place.
fn reordered(family: &Family, dice: &mut Dice) -> Vec<(usize, Step)> {
    let mut steps = family.steps.clone();
    for order in &family.told.orders {
        let places: Vec<usize> = (0..steps.len())
            .filter(|place| steps.get(*place).is_some_and(|(number, _)| order.contains(number)))
            .collect();
        let mut moved: Vec<(usize, Step)> = places.iter().filter_map(|place| steps.get(*place).cloned()).collect();
        dice.shuffle(&mut moved);
        for (place, (number, step)) in places.into_iter().zip(moved) {
            if let Some(there) = steps.get_mut(place) {
                let at = there.1.at.clone();
                *there = (number, Step { at, ..step });
            }
        }
    }
    steps
}

/// A time that shrinks or grows by some percent.
fn stretched(time: TimeDelta, [least, most]: [u32; 2], dice: &mut Dice) -> TimeDelta {
    let percent = i64::from(dice.between(least, most));
    TimeDelta::seconds(time.num_seconds().saturating_mul(percent) / 100)
}

/// Of many events as few as still make an attack.
fn fewer(times: u32, dice: &mut Dice) -> u32 {
    if times > EVENTS_MIN { dice.between(EVENTS_MIN, times) } else { times }
}

/// What an attacker tries besides.
fn attempt(step: &mut Step, asks: &Who, (cause, told): (Option<&str>, &Told), dice: &mut Dice) {
    if step.action != "SIM_CHANGE" {
        return;
    }
    if let Some(cause) = cause {
        step.cause = Some(cause.to_owned());
    }
    if told.varies(Part::Signals) && dice.below(2) == 1 {
        step.signals.insert("device_sale".to_owned(), (dice.below(2) == 1).into());
    }
    if told.varies(Part::Signals) && dice.below(2) == 1 {
        let miles = dice.one_of(&MILES, |_| 1).copied().unwrap_or_default();
        step.signals.insert("distance_from_home_miles".to_owned(), miles.into());
    }
    for fact in FACTS {
        if dice.below(3) == 0 && !step.offer.iter().any(|offered| offered == fact) {
            step.offer.push(fact.to_owned());
        }
    }
    let offers_pin = step.offer.iter().any(|offered| offered.ends_with("pin"));
    // Where it is entered as the customer's it is the attack; where staff types it, it may come or not.
    if told.varies(Part::Pin) && !offers_pin && (asks.enters_as_customer() || dice.below(2) == 1) {
        step.offer.push("pin".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::{Families, vary};

    fn families() -> Families {
        Families::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), None).unwrap()
    }

    #[test]
    fn all_are_different_and_the_same_seed_makes_them_again() {
        let families = families();
        let digests = |seed| -> Vec<[u8; 32]> {
            vary(&families, 5_000, seed).unwrap().iter().map(super::Variation::digest).collect()
        };
        let made = digests(families.seed);
        assert_eq!(made.iter().collect::<HashSet<_>>().len(), 5_000);
        assert_eq!(made, digests(families.seed));
        assert_ne!(made, digests(families.seed + 1));
    }

    #[test]
    fn every_family_comes_and_every_attack_has_one_or_waits() {
        let families = families();
        let made = vary(&families, 5_000, families.seed).unwrap();
        let came: HashSet<usize> = made.iter().map(|variation| variation.family).collect();
        assert_eq!(came.len(), families.all.len());
        assert!(families.waiting.is_empty(), "{:?}", families.waiting);
    }
}
