//! Which call comes next: one that what came before makes sense of, mostly.

use std::collections::HashMap;

use chrono::TimeDelta;
use portcullis::domain::{Change, PinDigits};
use portcullis::service::PermitText;

use crate::all_calls_model::{Call, Came, Key, What};
use crate::interleavings::Dice;

/// What the next call on a line can be about.
#[derive(Clone, Default)]
pub(crate) struct Left {
    pub(crate) releases: HashMap<usize, u128>,
    pub(crate) challenges: Vec<u128>,
    pub(crate) permits: Vec<(u128, PermitText, Change)>,
    /// Those of the permits that a clerk asked for.
    pub(crate) by_clerk: Vec<u128>,
    pub(crate) pins: Vec<(u128, PinDigits)>,
}

/// What a call left for later ones.
pub(crate) enum Leaves {
    Nothing,
    Permit(u128, PermitText, Change),
    Pin(u128, PinDigits),
}

/// Mostly so short that what was granted can be used.
pub(crate) fn pause(dice: &mut Dice) -> TimeDelta {
    match dice.roll(10) {
        0..=4 => TimeDelta::seconds(5),
        5 | 6 => TimeDelta::minutes(2),
        7 => TimeDelta::minutes(16),
        8 => TimeDelta::hours(2),
        _ => TimeDelta::days(4),
    }
}

fn pick<T: Clone>(dice: &mut Dice, of: &[T]) -> Option<T> {
    // Mostly the newest.
    let back = if dice.roll(4) == 0 { dice.roll(of.len().max(1)) } else { 0 };
    of.iter().rev().nth(back).cloned()
}

impl Left {
    pub(crate) fn call(&self, dice: &mut Dice) -> Call {
        let key = Key::ALL[dice.roll(4)];
        let only = [None, Some(if key == Key::Sim { What::Sim } else { What::Port })][dice.roll(2)];
        let challenge = pick(dice, &self.challenges);
        let permit = pick(dice, &self.permits).map(|permit| permit.0);
        let pin = pick(dice, &self.pins).map(|pin| pin.0);
        let about = [challenge, permit][dice.roll(2)];
        let wanted = match dice.roll(32) {
            0 | 1 => Some(Call::Lock(key)),
            2 if dice.roll(10) == 0 => Some(Call::Lock(Key::Carrier)),
            2..=5 => Some(Call::Release(key, only)),
            6 => self.releases.get(&(key as usize)).map(|release| Call::Cancel(key, *release)),
            7..=9 => Some(Call::Ask(What::Sim)),
            10 | 11 => Some(Call::Ask(What::Port)),
            12 => Some(Call::Ask(What::TransferPin)),
            13 => Some(Call::Ask(What::Pin)),
            14 | 15 => pin.map(Call::AskWithPin),
            16..=18 => Some(Call::AskWithNothing),
            19 => challenge.map(|of| Call::Give(of, false)),
            20..=22 => challenge.map(|of| Call::Give(of, true)),
            23 => challenge.map(Call::SendCode),
            24..=26 => challenge.map(Call::Complete),
            27 => about.map(|of| Call::Decline(of, dice.roll(4) == 0)),
            28 => about.map(Call::Withdraw),
            29 if dice.roll(2) == 0 => pin.map(Call::Revoke),
            _ => permit.map(Call::Redeem),
        };
        wanted.unwrap_or(Call::Look)
    }

    pub(crate) fn take(&mut self, calls: &[Call], came: &[Came], leaves: Vec<Leaves>) {
        for (call, came) in calls.iter().zip(came) {
            match (call, came) {
                (Call::Release(key, _), Came::Released(id)) => drop(self.releases.insert(*key as usize, *id)),
                (Call::AskWithNothing, Came::Challenged(id)) => self.challenges.push(*id),
                (Call::Complete(_), Came::Approved(id)) => self.by_clerk.push(*id),
                _ => {}
            }
        }
        for leaves in leaves {
            match leaves {
                Leaves::Permit(id, text, change) => self.permits.push((id, text, change)),
                Leaves::Pin(id, digits) => self.pins.push((id, digits)),
                Leaves::Nothing => {}
            }
        }
    }
}
