//! What an operator must look at, written down once for each who did it, and not without end.

use chrono::TimeDelta;

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::Requester;
use crate::store::{Before, Charge, ChargeWindows, WindowKey};

/// The same alert about the same identity counts once in such a time, in seconds.
const MERGED_SECONDS: i64 = 3_600;

/// The same.
const MERGED_TIME: TimeDelta = TimeDelta::seconds(MERGED_SECONDS);

/// Alerts of one brand in an hour, at most. What comes then is logged and counted, and the ledger does not grow.
const ALERTS_PER_HOUR_MAX: u16 = 256;

impl Engine {
    /// Writes an alert down, unless the same about the same identity was in this hour, or there were too many. Whether it
    /// did.
    ///
    /// What was written is told by a window of the store, so that neither a restart nor a second engine makes a flood of it.
    pub async fn alert_once(&self, requester: &Requester, reason: &str) -> Result<bool, ServiceError> {
        let now = self.now()?.instant();
        let hour = now.timestamp().div_euclid(MERGED_SECONDS).to_be_bytes();
        let tokens = self.vault.tokens();
        let token = tokens.window("alerts", &[requester.brand.as_str().as_bytes(), &hour]);
        let attempt = tokens.window("alert", &[requester.subject.as_str().as_bytes(), reason.as_bytes(), &hour]);
        let window = WindowKey { partition: token.partition(), token };
        // One more than there may be, so that the first too many is seen. An hour's window keeps its oldest: none is older.
        let cap = ALERTS_PER_HOUR_MAX.saturating_add(1);
        // Of two that come at once, one counts: by its own mark, as both have the same attempt.
        let mark = Token::from_bytes(self.vault.ids().mint(now, token.partition())?.to_be_bytes());
        let charge = Charge { window, subject: mark, cap, kept: MERGED_TIME, before: Before::Commit };
        let windows =
            self.vault.charge(ChargeWindows { charges: vec![charge], reads: Vec::new(), attempt, now }).await?;
        let events = windows.first().map_or(&[][..], |window| &window.events);
        let is_new = events.iter().any(|event| event.attempt == attempt && event.subject == mark);
        if !is_new || events.len() > usize::from(ALERTS_PER_HOUR_MAX) {
            return Ok(false);
        }
        self.alert(requester, reason).await.map(|_| true)
    }
}
