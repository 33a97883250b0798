//! A day made of a mix by a seed.

use chrono::TimeDelta;

use super::super::cast::{Secrets, who};
use super::super::dice::{Dice, Weighed};
use super::super::file::{Household, Step};
use super::mix::{Matter, Mix, Part};
use super::seats::Seats;
use crate::cli::failure::Failure;

/// The day goes on in steps of so many seconds: what comes in the same step comes at the same time.
pub(super) const STEP_SECONDS: u32 = 60;

const HOUR_SECONDS: u32 = 3_600;

/// Somebody with a matter.
pub(super) struct Visit {
    /// Which matter of the mix.
    pub(super) matter: usize,
    /// The household's number.
    pub(super) number: u32,
    pub(super) household: Household,
    pub(super) secrets: Secrets,
    /// Where it is, in a store or in care.
    pub(super) seat: u32,
    /// What is asked, in the order of time.
    pub(super) asks: Vec<Ask>,
}

/// One ask of a visit.
pub(super) struct Ask {
    /// When, from the day's midnight on.
    pub(super) at: TimeDelta,
    /// Only where what was asked about this line was not approved.
    pub(super) again: bool,
    pub(super) step: Step,
}

/// Those who come, as many as are needed for the mix's number of asks. What is asked again comes on top.
pub(super) fn draw(mix: &Mix) -> Result<Vec<Visit>, Failure> {
    let visit = mix.visit()?;
    let mut drawing = Drawing {
        mix,
        dice: Dice::new(mix.seed),
        stores: Seats::of_stores(mix, visit),
        care: Seats::of_care(mix, visit),
    };
    let mut beginnings = Vec::new();
    let mut asks = 0_u32;
    while asks < mix.requests {
        let matters: Vec<usize> = (0..mix.matters.len()).collect();
        let weight = |place: &usize| mix.matters.get(*place).map_or(0, |matter| matter.weight);
        let drawn = drawing.dice.one_of(&matters, weight).and_then(|place| Some((*place, mix.matters.get(*place)?)));
        let Some((place, matter)) = drawn else {
            return Err(Failure::invalid("a mix has matters that come"));
        };
        let firm = matter.steps.iter().filter(|part| !part.again && part.step().is_decided());
        asks = firm.fold(asks, |sum, part| sum.saturating_add(part.times));
        beginnings.push((drawing.begins(matter), place));
    }
    // In the order in which they come, so that who comes first is served first.
    beginnings.sort();
    let visits = beginnings.into_iter().zip(1..);
    visits.map(|((at, place), number)| drawing.visit(place, number, at)).collect()
}

struct Drawing<'a> {
    mix: &'a Mix,
    dice: Dice,
    stores: Seats,
    care: Seats,
}

impl Drawing<'_> {
    /// When of the day.
    fn begins(&mut self, matter: &Matter) -> TimeDelta {
        let is_open = |hour: u32| !matter.is_in_store() || (self.mix.opens..self.mix.closes).contains(&hour);
        let hours: Vec<Weighed<u32>> = (0_u32..)
            .zip(&self.mix.hours)
            .map(|(hour, weight)| Weighed(hour, if is_open(hour) { *weight } else { 0 }))
            .collect();
        let hour = self.dice.weighed(&hours).copied().unwrap_or(0);
        let steps = hour * (HOUR_SECONDS / STEP_SECONDS) + self.dice.below(HOUR_SECONDS / STEP_SECONDS);
        TimeDelta::seconds(i64::from(steps * STEP_SECONDS))
    }

    fn visit(&mut self, place: usize, number: u32, at: TimeDelta) -> Result<Visit, Failure> {
        let matter = self.mix.matters.get(place).ok_or_else(|| Failure::invalid("a matter is not there"))?;
        let household = self.household(matter);
        let (seat, at) = self.seat(matter, at);
        let carrier = self.dice.weighed(&self.mix.carriers).cloned();
        let miles = self.dice.weighed(&self.mix.habits.store_miles).cloned().unwrap_or_default();
        let begins = at.checked_sub(&matter.lead()?).unwrap_or(at);
        let (mut asks, mut time) = (Vec::new(), begins);
        let has_app = household.phone_added.as_deref() != Some("none");
        for part in self.parts(matter) {
            if !has_app && part.offer.iter().any(|offered| offered == "app") {
                continue;
            }
            for nth in 0..part.times {
                let pause = if nth == 0 { part.after()? } else { TimeDelta::minutes(1) };
                time = time.checked_add(&pause).unwrap_or(time);
                let mut step = part.step();
                step.gaining.clone_from(&carrier);
                step.imei = Some(format!("handset of {number}"));
                if who(&step.who)?.store.is_some() {
                    self.at_counter(&mut step, time, &miles);
                }
                asks.push(Ask { at: time, again: part.again, step });
            }
        }
        let secrets = Secrets::any(&mut self.dice);
        Ok(Visit { matter: place, number, household, secrets, seat, asks })
    }

    /// What other systems know about somebody at a counter.
    fn at_counter(&self, step: &mut Step, time: TimeDelta, miles: &str) {
        let minute = time.num_minutes().rem_euclid(24 * 60);
        let left = (i64::from(self.mix.closes) * 60 - minute).max(1);
        step.signals.insert("store_closes_within".to_owned(), format!("{left}m").into());
        step.signals.insert("distance_from_home_miles".to_owned(), miles.parse().unwrap_or(0_i64).into());
    }

    /// A matter's steps, with a PIN that is mistyped first.
    fn parts(&mut self, matter: &Matter) -> Vec<Part> {
        let mut parts = matter.steps.clone();
        let habits = &self.mix.habits;
        let enters = |part: &Part| !part.again && part.offer.iter().any(|offered| offered == "pin");
        let Some(place) = parts.iter().position(enters) else { return parts };
        let Some(part) = parts.get(place).cloned() else { return parts };
        if !self.dice.is_in_thousand(habits.pin_mistyped_in_thousand) {
            return parts;
        }
        let offer = part.offer.iter().map(|offered| if offered == "pin" { "wrong-pin" } else { offered }.to_owned());
        let times = if self.dice.is_in_thousand(habits.again_in_thousand) { 2 } else { 1 };
        if let Some(right) = parts.get_mut(place) {
            right.after = Some("1m".to_owned());
        }
        parts.insert(place, Part { offer: offer.collect(), times, ..part });
        parts
    }

    fn seat(&mut self, matter: &Matter, at: TimeDelta) -> (u32, TimeDelta) {
        if matter.is_in_store() {
            self.stores.take(at, &mut self.dice)
        } else if matter.is_in_care() {
            self.care.take(at, &mut self.dice)
        } else {
            (0, at)
        }
    }

    fn household(&mut self, matter: &Matter) -> Household {
        let like = &self.mix.households;
        let mut household = matter.household.clone();
        let needs_phone = matter.steps.iter().any(Part::is_on_owners_phone);
        let phones: Vec<Weighed<String>> = like
            .phone_added
            .iter()
            .map(|one| Weighed(one.0.clone(), if needs_phone && one.0 == "none" { 0 } else { one.1 }))
            .collect();
        for (field, list) in [
            (&mut household.kind, &like.kind),
            (&mut household.pin_set, &like.pin_set),
            (&mut household.phone_added, &phones),
            (&mut household.sim_changed, &like.sim_changed),
        ] {
            let drawn = self.dice.weighed(list);
            if field.is_none() {
                *field = drawn.cloned();
            }
        }
        if self.dice.is_in_thousand(like.heightened_in_thousand) {
            household.flags.push("HEIGHTENED".to_owned());
        }
        household
    }
}
