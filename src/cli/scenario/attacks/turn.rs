//! A variation as a person takes it: as the attack, or with the owner's proof at one step.

use std::collections::BTreeMap;

use super::super::cast::Secrets;
use super::super::dice::Dice;
use super::super::file::Step;
use super::super::play::{APPROVE, Left, Reads, Taker, take};
use super::super::stage::Stage;
use super::families::{Family, is_honest};
use super::vary::{Variation, Varied};
use crate::cli::failure::Failure;

/// How a variation is taken.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// As the attack that it is.
    Attack,
    /// Up to a step that the owner's app approves.
    Honest(usize),
    /// The same, where that does not help.
    Never(usize),
}

/// The ways in which a family's variations are taken.
pub(super) fn ways(family: &Family) -> impl Iterator<Item = Way> {
    let (honest, never) = (family.told.honest.map(Way::Honest), family.told.never.map(Way::Never));
    [Way::Attack].into_iter().chain(honest).chain(never)
}

/// What came of a turn.
#[derive(Default)]
pub(super) struct Turn {
    /// Steps that are attacks, by what they came to.
    pub(super) outcomes: BTreeMap<String, u32>,
    /// What is not as it must be.
    pub(super) problem: Option<String>,
}

/// Names that no other turn has.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// The turn's number.
    pub(super) turn: u32,
    /// Its first household.
    pub(super) household: u32,
}

impl Names {
    /// A seat of a store that nobody else sits in: stores have four seats.
    const fn seat(self) -> u32 {
        self.turn.saturating_add(1).saturating_mul(4)
    }

    /// A carrier to which nobody else goes.
    fn carrier(self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
        let mut left = usize::try_from(self.turn).unwrap_or(0);
        let mut name = String::from("X");
        for _ in 0..3 {
            let letter = LETTERS.get(left % LETTERS.len()).copied().unwrap_or(b'A');
            name.push(char::from(letter));
            left /= LETTERS.len();
        }
        name
    }

    /// A step about this turn's households, carriers and handsets.
    fn own(self, step: &Step) -> Step {
        Step {
            household: self.household.saturating_add(step.household).saturating_sub(1),
            gaining: Some(self.carrier()),
            imei: step.imei.as_ref().map(|imei| format!("{imei} of {}", self.turn)),
            ..step.clone()
        }
    }
}

/// Takes a variation.
pub(super) async fn turn(
    stage: &Stage,
    family: &Family,
    variation: &Variation,
    (way, names): (Way, Names),
) -> Result<Turn, Failure> {
    let secrets = Secrets::any(&mut Dice::new(u64::from(names.turn)));
    stage.pass(variation.after);
    for household in 0..family.scenario.households {
        stage.import(names.household.saturating_add(household), &family.scenario.household, &secrets).await?;
    }
    let (begins, mut left, mut turn) = (stage.now()?, Left::default(), Turn::default());
    for Varied { number, at, pause, step } in &variation.steps {
        let due = begins.checked_add_signed(*at).unwrap_or(begins);
        stage.pass((due - stage.now()?).max(chrono::TimeDelta::zero()));
        let is_last = matches!(way, Way::Honest(last) | Way::Never(last) if last == *number);
        let mut own = names.own(step);
        if is_last {
            own.offer.retain(|offered| !matches!(offered.as_str(), "app" | "user-app"));
            own.offer.push("app".to_owned());
        }
        for time in 0..own.times {
            let household = if own.each_household { names.household.saturating_add(time) } else { own.household };
            let taker = Taker { household, seat: names.seat(), secrets: &secrets, reads: Reads::Nothing };
            let came = take(stage, &own, taker, &mut left).await?;
            let passed = matches!(came.outcome.as_str(), APPROVE | "DONE");
            let told = || format!("step {number} ({}): {} {}", own.who, came.outcome, came.reasons.join(" "));
            let wrong = match way {
                Way::Attack if is_honest(step) => came.outcome != step.outcome,
                Way::Attack | Way::Never(_) if !is_honest(step) || is_last => {
                    // A message that is refused is no attack that was held off, unless the scenario says so.
                    passed || (came.outcome == "REFUSED" && step.outcome != "REFUSED")
                }
                Way::Honest(_) if is_last => !passed,
                _ => false,
            };
            if wrong && turn.problem.is_none() {
                turn.problem = Some(told());
            }
            if !is_honest(step) {
                let count = turn.outcomes.entry(came.outcome).or_default();
                *count = count.saturating_add(1);
            }
            stage.pass(*pause);
        }
        if is_last {
            break;
        }
    }
    Ok(turn)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Names;

    #[test]
    fn no_two_turns_share_a_carrier_or_a_store() {
        let names = (0..13_000).map(|turn| Names { turn, household: 1 });
        let own: HashSet<(String, u32)> = names.map(|names| (names.carrier(), names.seat() / 4)).collect();
        assert_eq!(own.iter().map(|(carrier, _)| carrier).collect::<HashSet<_>>().len(), 13_000);
        assert_eq!(own.iter().map(|(_, store)| store).collect::<HashSet<_>>().len(), 13_000);
    }
}
