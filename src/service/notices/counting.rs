//! Of what comes often, which ones are told: the first few of an hour, then ever fewer, each with how many there were.
//!
//! What is counted stands on record, so nothing is kept: who does not know it counts the account's records of that hour, back
//! from this one.

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

use super::matter::Matter;
use crate::audit::Record;
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::store::Kept;

/// The how many-eth of an hour are told.
const TOLD: [u32; 6] = [1, 2, 3, 10, 100, 1_000];

/// Records looked at to count those of an hour.
const COUNTED_BACK_MAX: usize = 1_024;

/// Accounts whose hour is remembered, some 100 bytes each.
const HOURS_KEPT: usize = 16_384;

const HOUR_SECONDS: i64 = 3_600;

/// How many there were of an account's current hour.
#[derive(Debug, Clone, Copy)]
struct Counted {
    hour: i64,
    /// Up to which record, that included.
    up_to: RecordId,
    count: u32,
}

/// What was counted of late.
pub(super) struct Hours(Cache<Token, Counted>);

impl Default for Hours {
    fn default() -> Self {
        Self(Cache::new(HOURS_KEPT))
    }
}

/// Whether the how many-eth of an hour is told.
pub(super) fn is_told(nth: u32) -> bool {
    TOLD.contains(&nth)
}

fn hour_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(HOUR_SECONDS)
}

fn counts(record: &Record, hour: i64) -> bool {
    hour_of(record.at) == hour && Matter::of(record).is_some_and(|matter| !matter.always)
}

impl Engine {
    /// The how many-eth of its hour something is that comes often, of all that does on its account.
    ///
    /// INVARIANT (fail-closed): where the hour has more records than are looked at, counting begins anew: too much is told, not
    /// too little.
    pub(super) async fn count_of_hour(&self, hours: &Hours, kept: &Kept) -> Result<u32, ServiceError> {
        let (account, record) = (kept.account(), kept.record());
        let hour = hour_of(record.at);
        let known = hours.0.get(&account).filter(|known| known.hour == hour);
        let (mut count, mut previous) = (1_u32, record.previous);
        for _ in 0..COUNTED_BACK_MAX {
            let Some(id) = previous else { break };
            if let Some(known) = known.filter(|known| known.up_to == id) {
                count = count.saturating_add(known.count);
                break;
            }
            // What left the store, or cannot be read, is not counted.
            let Ok(Some(before)) = self.vault.record(id).await else { break };
            // What time alone did carries its own instant, which may be before the hour of what was written after it.
            if hour_of(before.record().id.minted_at()) < hour {
                break;
            }
            count = count.saturating_add(counts(before.record(), hour).into());
            previous = before.record().previous;
        }
        hours.0.insert(account, Counted { hour, up_to: record.id, count });
        Ok(count)
    }
}
