//! How often one caller may do something in a day, whatever engine it asks, and also after a restart.

use chrono::{DateTime, TimeDelta, Utc};

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::Requester;
use crate::store::{Ask, Before, Charge, ChargeWindows, Opening, Window, WindowKey};

/// The time that is looked back on.
const DAY: TimeDelta = TimeDelta::hours(24);

/// What there is only so much of.
pub(super) struct Budget {
    /// Its name, for ever: windows are found by it.
    pub(super) name: &'static str,
    /// How much a caller has in 24 hours.
    pub(super) most: u16,
    /// What is told to who has no more.
    pub(super) what: &'static str,
}

impl Engine {
    /// Takes one from a caller's budget, durably with the next commit, or refuses. What is refused does not count: who asks
    /// too often waits no longer for it.
    ///
    /// INVARIANT (one-counter): of two who take the last one at once, at most one gets it.
    pub(super) async fn spend(
        &self,
        budget: &Budget,
        requester: &Requester,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let tokens = self.vault.tokens();
        let parts = [requester.brand.as_str().as_bytes(), requester.subject.as_str().as_bytes()];
        let (ledger, token) = (tokens.ledger(&requester.brand), tokens.window(budget.name, &parts));
        let window = WindowKey { partition: ledger.partition(), token };
        let (lines, charges, windows) = (Vec::new(), Vec::new(), vec![window]);
        let ask = Ask { account: ledger, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        let Opening::Open(open) = self.vault.open(ask).await? else { return Err(ServiceError::RequestIdReused) };
        budget.check(open.windows().first(), now, 1)?;
        let attempt = Token::from_bytes(self.vault.ids().mint(now, ledger.partition())?.to_be_bytes());
        // One more than there may be, so that the first too many is seen.
        let cap = budget.most.saturating_add(1);
        let charge = Charge { window, subject: attempt, cap, before: Before::Commit };
        let windows = self.vault.charge(ChargeWindows { charges: vec![charge], attempt, now }).await?;
        budget.check(windows.first(), now, 0)
    }
}

impl Budget {
    /// Refuses where the day's events, and `more`, are too many.
    fn check(&self, window: Option<&Window>, now: DateTime<Utc>, more: usize) -> Result<(), ServiceError> {
        let events = window.map_or(&[][..], |window| &window.events);
        let of_day = || events.iter().filter(|event| now.signed_duration_since(event.at) < DAY);
        if of_day().count().saturating_add(more) <= usize::from(self.most) {
            return Ok(());
        }
        let retry_at = of_day().next().and_then(|oldest| oldest.at.checked_add_signed(DAY));
        Err(ServiceError::Exhausted { what: self.what, retry_at })
    }
}
