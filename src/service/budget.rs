//! How often something may be done in a day, whatever engine is asked, and also after a restart.

use chrono::{DateTime, TimeDelta, Utc};

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::Brand;
use crate::store::{Before, Charge, ChargeWindows, Opening, Window, WindowKey};

/// The time that is looked back on.
const DAY: TimeDelta = TimeDelta::hours(24);

/// What there is only so much of.
pub(super) struct Budget {
    /// Its name, for ever: windows are found by it.
    pub(super) name: &'static str,
    /// How much there is in 24 hours.
    pub(super) most: u16,
    /// What is told where there is no more.
    pub(super) what: &'static str,
}

impl Engine {
    /// Takes one from a brand's budget for `of`, durably with the next commit, or refuses. What is refused does not count:
    /// who asks too often waits no longer for it.
    ///
    /// INVARIANT (one-counter): of two who take the last one at once, at most one gets it.
    pub(super) async fn spend(
        &self,
        budget: &Budget,
        (brand, of): (&Brand, &[u8]),
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let tokens = self.vault.tokens();
        let partition = tokens.ledger(brand).partition();
        let window = WindowKey { partition, token: tokens.window(budget.name, &[brand.as_str().as_bytes(), of]) };
        let Opening::Open(open) = self.open_ledger(brand, None, (Vec::new(), vec![window]), now).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        budget.check(open.windows().first(), now, 1)?;
        let attempt = Token::from_bytes(self.vault.ids().mint(now, partition)?.to_be_bytes());
        // One more than there may be, so that the first too many is seen.
        let cap = budget.most.saturating_add(1);
        let charge = Charge { window, subject: attempt, cap, kept: DAY, before: Before::Commit };
        let windows =
            self.vault.charge(ChargeWindows { charges: vec![charge], reads: Vec::new(), attempt, now }).await?;
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
