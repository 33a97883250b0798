//! What a commit will write, once all that it expects is checked. Checking reads only, so a commit that must not happen
//! leaves the transaction of its group as it was.

use chrono::TimeDelta;

use super::fault::Fault;
use super::instant::nanos;
use super::layout::{AccountNumber, Bucket, Places};
use super::loads::{Stop, no_room};
use super::lookup::{Known, Lookup};
use super::names::{KeptRequest, Named};
use super::tables::due::Kept;
use super::tables::journal::Happened;
use super::tables::rows::{self, Numbered, Spot};
use super::tables::{due, journal, records};
use crate::store::{CLOCK_BEHIND_MAX, Commit, CommitError, Slot, StoreError, Urgency, WindowKey};

/// What stands between a commit and its group: the state of the store as the group has made it so far.
pub(super) struct Standing {
    /// The highest instant committed, in nanoseconds.
    pub(super) highest: Option<i64>,
    /// Whether the disk reserve is reached.
    pub(super) below_reserve: bool,
    /// The number that the next new account gets; `None` when there are no more.
    pub(super) next_account: Option<AccountNumber>,
}

/// Where each part of a commit goes. Every expectation holds.
pub(super) struct Plan {
    now: i64,
    rows: Vec<RowPlan>,
    new_account: Option<AccountNumber>,
    records: Vec<i64>,
    due: Vec<Kept>,
    done: Vec<Kept>,
}

enum RowPlan {
    Checked,
    Insert { key: i64 },
    Update { key: i64, version: u64 },
}

/// Checks everything that a commit expects.
pub(super) fn check(lookup: Lookup<'_>, standing: &Standing, commit: &Commit) -> Result<Plan, Stop<CommitError>> {
    let now = nanos(commit.now).map_err(told)?;
    check_request(lookup, commit)?;
    if behind(standing.highest, now) {
        return Err(told(StoreError::ClockBehind));
    }
    if standing.below_reserve && commit.urgency == Urgency::Ordinary {
        return Err(told(StoreError::DiskReserve));
    }
    let (rows, new_account) = check_rows(lookup, standing, commit)?;
    let records = check_records(lookup, commit)?;
    let due = commit.due.iter().map(Kept::new).collect::<Result<_, _>>().map_err(told)?;
    let done = commit.done.iter().map(Kept::new).collect::<Result<_, _>>().map_err(told)?;
    Ok(Plan { now, rows, new_account, records, due, done })
}

/// Whether a reading of the clock is too far behind what was committed.
fn behind(highest: Option<i64>, now: i64) -> bool {
    let highest = highest.map(TimeDelta::nanoseconds);
    highest.is_some_and(|highest| highest - TimeDelta::nanoseconds(now) > CLOCK_BEHIND_MAX)
}

/// INVARIANT (one-request-one-decision): a key that is claimed, or another's, ends the commit before anything else does.
fn check_request(lookup: Lookup<'_>, commit: &Commit) -> Result<(), Stop<CommitError>> {
    let Some(claim) = &commit.claim else { return Ok(()) };
    match lookup.request(&claim.reserve)? {
        Known::Taken => Err(Stop::Told(CommitError::Taken)),
        Known::Answered(record) => Err(Stop::Told(CommitError::Answered(record))),
        Known::Reserved | Known::Nothing => Ok(()),
    }
}

fn check_rows(
    lookup: Lookup<'_>,
    standing: &Standing,
    commit: &Commit,
) -> Result<(Vec<RowPlan>, Option<AccountNumber>), Stop<CommitError>> {
    let slots: Vec<Slot> = commit.writes.iter().map(|write| write.slot).collect();
    let known = lookup.account(commit.account)?;
    let Some(number) = known.or(standing.next_account) else {
        return Err(told(StoreError::Refused("the store has no room for another account")));
    };
    let spots = rows::find(lookup.db, Numbered { account: commit.account, number }, &slots)?;
    let mut plans = Vec::with_capacity(spots.len());
    let mut fresh = Fresh::default();
    for (spot, write) in spots.into_iter().zip(&commit.writes) {
        plans.push(match (spot, &write.body) {
            (Spot::At { version, .. }, _) if version != write.expect => return Err(Stop::Told(CommitError::Conflict)),
            (Spot::Nowhere(_), _) if write.expect != 0 => return Err(Stop::Told(CommitError::Conflict)),
            (_, None) => RowPlan::Checked,
            (Spot::At { key, version }, Some(_)) => RowPlan::Update { key, version: version.saturating_add(1) },
            (Spot::Nowhere(places), Some(_)) => RowPlan::Insert { key: fresh.take(places).ok_or_else(no_room)? },
        });
    }
    let inserts = plans.iter().any(|plan| matches!(plan, RowPlan::Insert { .. }));
    Ok((plans, if known.is_none() && inserts { Some(number) } else { None }))
}

fn check_records(lookup: Lookup<'_>, commit: &Commit) -> Result<Vec<i64>, Stop<CommitError>> {
    let mut keys = Vec::with_capacity(commit.records.len());
    let mut fresh = Fresh::default();
    for record in &commit.records {
        let Some(places) = records::places(lookup.db, record.id)? else {
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

/// What a commit changed besides its tables.
pub(super) struct Written {
    /// The last position it took.
    pub(super) seq: u64,
    /// Its instant, in nanoseconds.
    pub(super) now: i64,
    /// The number of its account, where it got one.
    pub(super) new_account: Option<AccountNumber>,
    /// What it put under names.
    pub(super) named: Vec<Named>,
}

/// Writes a commit whose expectations hold. `seq` is the last position taken before it; settled charges go to the journal
/// from `journal_next` on.
pub(super) fn write(
    lookup: Lookup<'_>,
    plan: &Plan,
    commit: &Commit,
    seq: u64,
    journal_next: &mut i64,
) -> Result<Written, Fault> {
    let db = lookup.db;
    let mut named = Vec::new();
    named.extend(plan.new_account.map(|number| Named::Account(commit.account, number)));
    for (planned, write) in plan.rows.iter().zip(&commit.writes) {
        match (planned, &write.body) {
            (RowPlan::Insert { key }, Some(body)) => rows::insert(db, *key, commit.account, write.slot, body)?,
            (RowPlan::Update { key, version }, Some(body)) => rows::update(db, *key, write.slot, *version, body)?,
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
        let request = claim.reserve.request;
        let kept = KeptRequest { digest: claim.reserve.digest, record: Some(claim.record), at: plan.now };
        named.push(Named::Request(request, kept));
        for token in &commit.settle {
            let window = WindowKey { partition: commit.account.partition(), token: *token };
            journal::append(db, *journal_next, Happened::Settled { window, attempt: request })?;
            *journal_next = journal_next.saturating_add(1);
        }
    }
    for entry in &plan.done {
        due::take(db, entry)?;
    }
    for entry in &plan.due {
        due::put(db, entry)?;
    }
    Ok(Written { seq: last, now: plan.now, new_account: plan.new_account, named })
}
