//! From one store into another.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::compare::{Compared, Difference, compare};
use super::contract::{Filling, Movable, Thing};
use super::read::{Order, Reading};
use super::stage::{Reached, Stage};
use super::tally::Counts;
use crate::store::contract::StoreError;

/// Why a copy was not carried to its end. Whatever it is, the target serves nobody.
#[derive(Debug, thiserror::Error)]
pub enum MovingError {
    /// A store did not do what it was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Somebody used the source meanwhile.
    #[error("the source has changed since the copy began")]
    Changed,
    /// What the target remembers cannot be read.
    #[error("the target was begun by another version")]
    OtherVersion,
    /// The target is not what the source is.
    #[error("the target is not what the source is: {}", told(.0))]
    Differs(Vec<Difference>),
}

/// How many differences are told one by one.
const TOLD_MAX: usize = 5;

fn told(differences: &[Difference]) -> String {
    let mut told: Vec<String> = differences.iter().take(TOLD_MAX).map(ToString::to_string).collect();
    if let more @ 1.. = differences.len().saturating_sub(TOLD_MAX) {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moving {
    /// So much was put.
    Put(Counts),
    /// So many things were read again.
    Compared(u64),
}

/// A copy that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// What was put, by this run and by those before it that were cut off.
    pub put: Counts,
    /// What was there when this run began.
    pub before: Counts,
    /// What both stores hold.
    pub compared: Compared,
}

/// Copies a store into one that is open to be filled, or goes on where a copy of it was cut off; compares both; and only
/// then lets the target be a store. `now` is the instant that times are counted from.
///
/// # Errors
///
/// When it is not carried to its end: the target goes on from where it is, or must be begun anew if it differs.
pub async fn copy(
    source: Arc<dyn Movable>,
    target: Arc<dyn Movable>,
    now: DateTime<Utc>,
    tell: &mut (dyn FnMut(Moving) + Send),
) -> Result<Moved, MovingError> {
    let standing = source.standing().await?;
    let now = standing.highest.map_or(now, |highest| highest.max(now));
    let order = if source.journals() > target.journals() { Order::ByTime } else { Order::ByJournal };
    let mut reached = match target.filled().await? {
        Some(bytes) => Reached::from_bytes(&bytes).ok_or(MovingError::OtherVersion)?,
        None => {
            // Records that get places of their own get none that was archived before.
            let archived = source.all_archived().await?;
            let last_place = archived.iter().map(|(_, up_to)| up_to.place).max().unwrap_or(0);
            Reached { stage: Stage::Rows(None, None), last_place, counts: Counts::default() }
        }
    };
    let before = reached.counts;
    let mut reading = Reading::new(Arc::clone(&source), order);
    let mut read = reading.next(&reached.stage).await?;
    while reached.stage != Stage::Over {
        let (mut things, behind) = read;
        placed(&mut things, &*target, order, &mut reached.last_place);
        reached.counts.add(&things);
        reached.stage = behind;
        if things.is_empty() && reached.stage != Stage::Over {
            read = reading.next(&reached.stage).await?;
            continue;
        }
        let filling = Filling { things, now, reached: reached.to_bytes() };
        let (filled, next) = tokio::join!(target.fill(filling), reading.next(&reached.stage));
        filled?;
        read = next?;
        tell(Moving::Put(reached.counts));
    }
    let compared = match compare(&source, &target, tell).await? {
        Ok(compared) => compared,
        Err(differences) => return Err(MovingError::Differs(differences)),
    };
    if source.standing().await? != standing {
        return Err(MovingError::Changed);
    }
    // Before the target is one: there is no instant at which both serve.
    source.moved(Some(target.epoch())).await?;
    target.complete(standing.highest).await?;
    Ok(Moved { put: reached.counts, before, compared })
}

/// Gives records the journal of the target, and their place there: the one they had, or the next where many journals
/// become one.
fn placed(things: &mut [Thing], target: &dyn Movable, order: Order, last_place: &mut u64) {
    for thing in things {
        if let Thing::Record { journal, record } = thing {
            *journal = target.journal_of(record.account.partition());
            if order == Order::ByTime {
                *last_place = last_place.saturating_add(1);
                record.place = *last_place;
            }
        }
    }
}
