//! Whether a contact is another line of the same store that others may have by now (P5).

use chrono::{DateTime, Utc};

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::{Brand, ContactKind, ContactValue, LineStatus, Msisdn};
use crate::store::{Ask, OpenAccount, Opening, Place};

/// How a contact stands that may be another line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// No other line's, or of one that is with its people.
    Fit,
    /// Of one of the account's own that may not be.
    UnderAttack,
    /// Of another account's that may not be.
    OfAnother,
}

impl Engine {
    /// Whether a contact is another line than `own`, here, that others may have: it has lately got another SIM, its calls were
    /// forwarded, it is no longer in service, its number is another's or its fraud was reported.
    pub(super) async fn stands_elsewhere(
        &self,
        brand: &Brand,
        (account, own): (Token, Option<Msisdn>),
        contact: &ContactValue,
        now: DateTime<Utc>,
    ) -> Result<Elsewhere, ServiceError> {
        let Some(number) = contact.number().filter(|number| Some(*number) != own) else { return Ok(Elsewhere::Fit) };
        let name = self.vault.tokens().number(brand, number);
        let Some(mut place) = self.place_of(name).await? else { return Ok(Elsewhere::Fit) };
        let mut open = self.opened_at(place, now).await?;
        if open.line(place.line).is_none_or(|line| line.status == LineStatus::Moved || line.msisdn != number) {
            // A hint of where it was before.
            self.hints.forget(name);
            let Some(fresh) = self.place_of(name).await? else { return Ok(Elsewhere::Fit) };
            (place, open) = (fresh, self.opened_at(fresh, now).await?);
        }
        // INVARIANT (fail-closed): a line that the index names and that is not there is no place for a code.
        let is_fit = open.line(place.line).is_some_and(|line| {
            let knobs = self.policy().contact;
            let rests =
                |at: Option<DateTime<Utc>>, within| at.is_some_and(|at| now.signed_duration_since(at) <= within);
            let is_call = contact.kind() == ContactKind::Voice;
            let is_victim = line.flags.victim || open.account().is_some_and(|account| account.flags.victim);
            let ended = open.credentials().and_then(|credentials| credentials.history.number_ended_at(&line.id));
            let is_taken = rests(line.sim_changed_at(), knobs.sim_changed)
                || (is_call && rests(line.forwarding_set_at, knobs.forwarding_set))
                || line.status != LineStatus::Active
                || ended.is_some()
                || is_victim;
            !is_taken
        });
        Ok(match is_fit {
            true => Elsewhere::Fit,
            false if place.account == account => Elsewhere::UnderAttack,
            false => Elsewhere::OfAnother,
        })
    }

    async fn opened_at(&self, place: Place, now: DateTime<Utc>) -> Result<Box<OpenAccount>, ServiceError> {
        let (account, lines, charges, windows) = (place.account, vec![place.line], Vec::new(), Vec::new());
        let ask = Ask { account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        let Opening::Open(open) = self.vault.open(ask).await? else { return Err(ServiceError::RequestIdReused) };
        Ok(open)
    }
}
