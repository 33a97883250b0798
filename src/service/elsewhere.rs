//! Whether a contact is another line of the same store that others may have by now (P5).

use chrono::{DateTime, Utc};

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::{Brand, ContactKind, ContactValue, LineStatus, Msisdn};
use crate::store::{Ask, Opening};

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
        let (ContactValue::Sms(number) | ContactValue::Voice(number)) = contact else { return Ok(Elsewhere::Fit) };
        if Some(*number) == own {
            return Ok(Elsewhere::Fit);
        }
        let Some(place) = self.place_of(self.vault.tokens().number(brand, *number)).await? else {
            return Ok(Elsewhere::Fit);
        };
        let (lines, charges, windows) = (vec![place.line], Vec::new(), Vec::new());
        let ask =
            Ask { account: place.account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        let Opening::Open(open) = self.vault.open(ask).await? else { return Err(ServiceError::RequestIdReused) };
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
}
