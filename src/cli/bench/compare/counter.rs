//! Who asks, and which windows that writes.

use super::super::asks::sim_change;
use super::super::callers::outcome;
use super::super::drive::Caller;
use super::super::population::{BRAND, Kind, nth_of};
use super::super::tally::Ended;
use super::super::world::{Connection, World};
use crate::cli::failure::Failure;
use crate::domain::Role;
use crate::grpc::client::DecisionClient;
use crate::grpc::pb::v1 as pb;
use crate::grpc::status::code_name;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mix {
    /// Devices at the counter: reads windows and writes none.
    NoWindow,
    /// Clerks, who begin something without their customer: two windows are written, that of what is begun without proof and
    /// that of what is asked at once.
    TwoWindows,
}

impl Mix {
    pub(super) const ALL: [Self; 2] = [Self::NoWindow, Self::TwoWindows];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NoWindow => "no_window",
            Self::TwoWindows => "two_windows",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::NoWindow => Role::PinPad,
            Self::TwoWindows => Role::RetailAgent,
        }
    }
}

/// Those who ask at most, all callers together. Each asks about one account and no other: a clerk who asked about a second one
/// would be refused, and a refusal is another decision.
const ASKERS_MAX: u64 = 4_000;

/// One caller: some who ask, one after the other, each about the own account.
pub(super) struct Counter {
    askers: Vec<(DecisionClient, u64)>,
    next: usize,
    questions: std::vec::IntoIter<(usize, pb::DecideRequest)>,
}

impl Counter {
    /// Callers on these connections, so many on each, for a population of so many accounts.
    pub(super) fn all(
        world: &World,
        connections: &[Connection],
        (mix, streams, accounts): (Mix, usize, u64),
    ) -> Result<Vec<Self>, Failure> {
        let on = connections.iter().cycle().take(connections.len().saturating_mul(streams));
        let mut counters: Vec<(&Connection, Self)> = on
            .map(|connection| (connection, Self { askers: Vec::new(), next: 0, questions: Vec::new().into_iter() }))
            .collect();
        let count = counters.len();
        for nth in 0..(accounts / 10 * 4).min(ASKERS_MAX) {
            let place = usize::try_from(nth).unwrap_or(0).checked_rem(count).unwrap_or(0);
            let Some((connection, counter)) = counters.get_mut(place) else { continue };
            let token = world.token_of(mix.role(), &format!("{}-{nth}", mix.name()), BRAND)?;
            let client = connection.provisioning.with_token(&token)?.decisions();
            counter.askers.push((client, nth_of(Kind::Open, nth)));
        }
        Ok(counters.into_iter().map(|(_, counter)| counter).filter(|counter| !counter.askers.is_empty()).collect())
    }

    /// Makes its next questions ready.
    pub(super) fn prepare(&mut self, count: usize) -> Result<(), Failure> {
        let mut questions = Vec::with_capacity(count);
        for _ in 0..count {
            let place = self.next.checked_rem(self.askers.len()).unwrap_or(0);
            self.next = place.wrapping_add(1);
            if let Some((_, account)) = self.askers.get(place) {
                questions.push((place, sim_change(*account)?));
            }
        }
        self.questions = questions.into_iter();
        Ok(())
    }
}

impl Caller for Counter {
    async fn call(&mut self) -> Option<Ended> {
        let (place, request) = self.questions.next()?;
        let (client, _) = self.askers.get_mut(place)?;
        Some(match client.decide(request).await {
            Ok(answer) => outcome(answer.get_ref()),
            Err(status) => Err(code_name(status.code())),
        })
    }
}
