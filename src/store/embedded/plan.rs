//! What a commit will write, once all that it expects is checked. Checking reads only, so a commit that must not happen
//! leaves the transaction of its group as it was.

use chrono::TimeDelta;
use rusqlite::Connection;

use super::fault::Fault;
use super::instant::nanos;
use super::layout::{Bucket, Places};
use super::loads::{Stop, no_room};
use super::tables::due::Kept;
use super::tables::requests::{self, Known};
use super::tables::rows::{self, Spot};
use super::tables::{due, journal, records};
use crate::store::embedded::tables::journal::Happened;
use crate::store::{CLOCK_BEHIND_MAX, Commit, CommitError, StoreError, Urgency, WindowKey};

/// What stands between a commit and its group: the state of the store as the group has made it so far.
pub(super) struct Standing {
    /// The highest instant committed, in nanoseconds.
    pub(super) highest: Option<i64>,
    /// Whether the disk reserve is reached.
    pub(super) below_reserve: bool,
}

/// Where each part of a commit goes. Every expectation holds.
pub(super) struct Plan {
    now: i64,
    rows: Vec<RowPlan>,
    request: RequestPlan,
    records: Vec<i64>,
    due: Vec<Kept>,
    done: Vec<Kept>,
}

enum RowPlan {
    Checked,
    Insert { key: i64 },
    Update { key: i64, version: u64 },
}

enum RequestPlan {
    None,
    Insert { key: i64 },
    Claim { key: i64 },
}

/// Checks everything that a commit expects.
pub(super) fn check(db: &Connection, standing: &Standing, commit: &Commit) -> Result<Plan, Stop<CommitError>> {
    let now = nanos(commit.now).map_err(told)?;
    let request = check_request(db, commit)?;
    if behind(standing.highest, now) {
        return Err(told(StoreError::ClockBehind));
    }
    if standing.below_reserve && commit.urgency == Urgency::Ordinary {
        return Err(told(StoreError::DiskReserve));
    }
    let rows = check_rows(db, commit)?;
    let records = check_records(db, commit)?;
    let due = commit.due.iter().map(Kept::new).collect::<Result<_, _>>().map_err(told)?;
    let done = commit.done.iter().map(Kept::new).collect::<Result<_, _>>().map_err(told)?;
    Ok(Plan { now, rows, request, records, due, done })
}

/// Whether a reading of the clock is too far behind what was committed.
fn behind(highest: Option<i64>, now: i64) -> bool {
    let highest = highest.map(TimeDelta::nanoseconds);
    highest.is_some_and(|highest| highest - TimeDelta::nanoseconds(now) > CLOCK_BEHIND_MAX)
}

/// INVARIANT (one-request-one-decision): a key that is claimed, or another's, ends the commit before anything else does.
fn check_request(db: &Connection, commit: &Commit) -> Result<RequestPlan, Stop<CommitError>> {
    let Some(claim) = &commit.claim else { return Ok(RequestPlan::None) };
    match requests::find(db, &claim.reserve)? {
        Known::Taken => Err(Stop::Told(CommitError::Taken)),
        Known::Answered(record) => Err(Stop::Told(CommitError::Answered(record))),
        Known::Reserved { key } => Ok(RequestPlan::Claim { key }),
        Known::Nothing(places) => Ok(RequestPlan::Insert { key: places.nth_free(0).ok_or_else(no_room)? }),
    }
}

fn check_rows(db: &Connection, commit: &Commit) -> Result<Vec<RowPlan>, Stop<CommitError>> {
    let mut plans = Vec::with_capacity(commit.writes.len());
    let mut fresh = Fresh::default();
    for write in &commit.writes {
        plans.push(match (rows::find(db, commit.account, write.slot)?, &write.body) {
            (Spot::At { version, .. }, _) if version != write.expect => return Err(Stop::Told(CommitError::Conflict)),
            (Spot::Nowhere(_), _) if write.expect != 0 => return Err(Stop::Told(CommitError::Conflict)),
            (_, None) => RowPlan::Checked,
            (Spot::At { key, version }, Some(_)) => RowPlan::Update { key, version: version.saturating_add(1) },
            (Spot::Nowhere(places), Some(_)) => RowPlan::Insert { key: fresh.take(places).ok_or_else(no_room)? },
        });
    }
    Ok(plans)
}

fn check_records(db: &Connection, commit: &Commit) -> Result<Vec<i64>, Stop<CommitError>> {
    let mut keys = Vec::with_capacity(commit.records.len());
    let mut fresh = Fresh::default();
    for record in &commit.records {
        let Some(places) = records::places(db, record.id)? else {
            return Err(told(StoreError::Refused("a record of that id was appended before")));
        };
        keys.push(fresh.take(places).ok_or_else(no_room)?);
    }
    Ok(keys)
}

const fn told(error: StoreError) -> Stop<CommitError> {
    Stop::Told(CommitError::Store(error))
}

/// Places that this commit has promised already: two of its rows may share a bucket.
#[derive(Default)]
struct Fresh(Vec<Bucket>);

impl Fresh {
    fn take(&mut self, places: Places) -> Option<i64> {
        let promised = self.0.iter().filter(|bucket| **bucket == places.bucket()).count();
        self.0.push(places.bucket());
        places.nth_free(promised)
    }
}

/// What a commit leaves to be done for it.
pub(super) struct Written {
    /// The last position it took.
    pub(super) seq: u64,
    /// Its instant, in nanoseconds.
    pub(super) now: i64,
}

/// Writes a commit whose expectations hold. `seq` is the last position taken before it, `journal` takes its settlings.
pub(super) fn write(
    db: &Connection,
    plan: &Plan,
    commit: &Commit,
    seq: u64,
    journal_seq: &mut i64,
) -> Result<Written, Fault> {
    for (planned, write) in plan.rows.iter().zip(&commit.writes) {
        match (planned, &write.body) {
            (RowPlan::Insert { key }, Some(body)) => rows::insert(db, *key, commit.account, write.slot, body)?,
            (RowPlan::Update { key, version }, Some(body)) => rows::update(db, *key, *version, body)?,
            (RowPlan::Checked, _) | (_, None) => {}
        }
    }
    // A commit without a record takes a position too: whoever saw it can ask for it.
    let mut last = seq.saturating_add(1);
    for (number, (key, record)) in (last..).zip(plan.records.iter().zip(&commit.records)) {
        records::append(db, number, *key, record.id, commit.account, &record.body)?;
        last = number;
    }
    if let Some(claim) = &commit.claim {
        match plan.request {
            RequestPlan::Insert { key } => requests::insert(db, key, &claim.reserve, Some(claim.record), plan.now)?,
            RequestPlan::Claim { key } => requests::claim(db, key, claim.record, plan.now)?,
            RequestPlan::None => {}
        }
        for token in &commit.settle {
            let window = WindowKey { partition: commit.account.partition(), token: *token };
            journal::append(db, *journal_seq, Happened::Settled { window, attempt: claim.reserve.request })?;
            *journal_seq = journal_seq.saturating_add(1);
        }
    }
    for entry in &plan.done {
        due::take(db, entry)?;
    }
    for entry in &plan.due {
        due::put(db, entry)?;
    }
    Ok(Written { seq: last, now: plan.now })
}
