//! Forgetting what is old, a little with each group: expired events of windows, and the keys of requests.
//!
//! Old means by the highest instant committed: the store reads no clock, so one that commits nothing forgets nothing.

use rusqlite::Connection;

use super::counters::is_old;
use super::fault::Fault;
use super::group::State;
use super::instant::from_nanos;
use super::shared::Shared;
use super::tables::journal::{self, Happened};
use super::tables::requests;
use crate::store::REQUEST_KEPT;

/// A turn comes every so many groups.
const TURN_GROUPS: u64 = 16;

/// Entries of the journal that one turn tidies.
const JOURNAL_ENTRIES: usize = 1_024;

/// Entries of the journal beyond twice the events that count, before it is tidied: read back in a millisecond.
const JOURNAL_SLACK: i64 = 4_096;

/// Request keys that one turn looks at, for each position taken since the last: the table then holds at most half as many
/// old keys as young ones.
const KEYS_PER_POSITION: u64 = 3;

/// Request keys that one turn looks at, at most.
const KEYS_MAX: u64 = 8_192;

/// What is remembered between turns. After a start the first lap over the keys begins anew.
#[derive(Debug, Default)]
pub(super) struct Housekeeping {
    /// The last key looked at in this lap.
    cursor: Option<i64>,
    /// The oldest instant met in this lap and left, in nanoseconds.
    oldest: Option<i64>,
    /// No key can be old before this instant, in nanoseconds.
    rest_until: Option<i64>,
    /// The position at the last turn.
    seq: u64,
}

impl Housekeeping {
    /// Does a turn's work in the group's transaction, before its jobs: settled charges of earlier groups are out of memory by
    /// then, so none of them is written anew.
    pub(super) fn turn(&mut self, db: &Connection, shared: &Shared, state: &mut State) -> Result<(), Fault> {
        let Some(highest) = state.highest.filter(|_| state.groups.is_multiple_of(TURN_GROUPS)) else { return Ok(()) };
        tidy_journal(db, shared, state, highest)?;
        let taken = state.seq.saturating_sub(self.seq);
        self.seq = state.seq;
        self.sweep_requests(db, highest, taken.saturating_mul(KEYS_PER_POSITION).min(KEYS_MAX))
    }

    fn sweep_requests(&mut self, db: &Connection, highest: i64, limit: u64) -> Result<(), Fault> {
        if limit == 0 || self.rest_until.is_some_and(|until| highest < until) {
            return Ok(());
        }
        let old = highest.saturating_sub(nanoseconds(REQUEST_KEPT));
        let keys = requests::after(db, self.cursor.unwrap_or(i64::MIN), limit)?;
        for (key, at) in &keys {
            if *at < old {
                requests::forget(db, *key)?;
            } else {
                self.oldest = Some(self.oldest.map_or(*at, |oldest| oldest.min(*at)));
            }
        }
        self.cursor = keys.last().map(|(key, _)| *key);
        if self.cursor.is_none() {
            // The lap is over: rest until the oldest key that was left, or one made from now on, is old.
            let oldest = self.oldest.take().unwrap_or(highest);
            self.rest_until = Some(oldest.saturating_add(nanoseconds(REQUEST_KEPT)));
        }
        Ok(())
    }
}

/// Takes the oldest entries out of the journal, and writes those that still count anew at its end.
fn tidy_journal(db: &Connection, shared: &Shared, state: &mut State, highest: i64) -> Result<(), Fault> {
    let mut counters = shared.counters();
    let now = from_nanos(highest);
    counters.sweep(now);
    let counting = i64::try_from(counters.lasting()).unwrap_or(i64::MAX);
    let entries = state.journal_next.saturating_sub(state.journal_first);
    let overlong = entries > counting.saturating_mul(2).saturating_add(JOURNAL_SLACK);
    if !overlong && !expired(journal::oldest(db, 1)?.first(), now) {
        return Ok(());
    }
    for (seq, happened) in journal::oldest(db, JOURNAL_ENTRIES)? {
        if let Happened::Charged { window, event, kept, .. } = happened {
            if is_old(&event, kept, now) {
                counters.settle(window, event.attempt);
            } else if !overlong {
                break;
            } else if counters.holds(&window, &event) {
                journal::append(db, state.journal_next, happened)?;
                state.journal_next = state.journal_next.saturating_add(1);
            }
        }
        state.journal_first = seq.saturating_add(1);
    }
    journal::forget_before(db, state.journal_first)
}

fn expired(entry: Option<&(i64, Happened)>, now: chrono::DateTime<chrono::Utc>) -> bool {
    match entry {
        Some((_, Happened::Charged { event, kept, .. })) => is_old(event, *kept, now),
        // What it took back is gone already.
        Some((_, Happened::Settled { .. })) => true,
        None => false,
    }
}

fn nanoseconds(span: chrono::TimeDelta) -> i64 {
    span.num_nanoseconds().unwrap_or(i64::MAX)
}
