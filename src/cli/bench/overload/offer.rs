//! Calls as fast as they are answered, and calls at a rate, answered or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::super::figures::figure;
use super::count::{Count, Ended};
use super::prepared::{Asked, Prepared};
use crate::grpc::lean::LeanConnection;

/// How long a call may take, from when it is due: its caller does not wait longer.
pub(super) const ANSWER_TIME_MAX: Duration = Duration::from_secs(1);

/// Every caller asks again as soon as it is answered, for `limit`: so many callers on each connection. Answers with the
/// decisions a second that were answered.
pub(super) async fn closed(
    connections: &[LeanConnection],
    callers: usize,
    calls: Vec<Prepared>,
    limit: Duration,
) -> (Count, Duration) {
    let (calls, next) = (Arc::<[Prepared]>::from(calls), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let mut asking = JoinSet::new();
    for connection in connections.iter().flat_map(|connection| std::iter::repeat_n(connection, callers)) {
        let (mut connection, calls, next) = (connection.clone(), Arc::clone(&calls), Arc::clone(&next));
        asking.spawn(async move {
            let mut count = Count::default();
            while started.elapsed() < limit {
                let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let due = Instant::now();
                let ended = ask(&mut connection, call, due).await;
                count.note(call.asked, ended, due.elapsed());
            }
            count
        });
    }
    let count = gather(asking).await;
    (count, started.elapsed())
}

/// Calls begin at `rate` a second, whatever became of those before: each has its time in a schedule, and its turn on a
/// connection. What its connection does not take in time is not sent.
pub(super) async fn at_rate(connections: &[LeanConnection], calls: Vec<Prepared>, rate: f64) -> Count {
    let gap = Duration::from_secs_f64(1.0 / rate.max(1.0));
    let mut shares: Vec<Vec<(Duration, Prepared)>> = vec![Vec::new(); connections.len().max(1)];
    let turns = shares.len();
    for (number, call) in calls.into_iter().enumerate() {
        let after = gap.mul_f64(figure(u64::try_from(number).unwrap_or(u64::MAX)));
        if let Some(share) = shares.get_mut(number % turns) {
            share.push((after, call));
        }
    }
    let started = Instant::now();
    let mut offering = JoinSet::new();
    for (connection, share) in connections.iter().zip(shares) {
        offering.spawn(offer(connection.clone(), share, started));
    }
    gather(offering).await
}

/// One connection's share of the schedule.
async fn offer(mut connection: LeanConnection, share: Vec<(Duration, Prepared)>, started: Instant) -> Count {
    let (mut count, mut answers) = (Count::default(), JoinSet::new());
    for (after, call) in share {
        let due = started + after;
        if due > Instant::now() {
            tokio::time::sleep_until(due.into()).await;
        }
        let sent = match left(due) {
            Some(left) => tokio::time::timeout(left, connection.call(&call.head, call.message)).await,
            None => {
                count.note(call.asked, Ended::NotSent, due.elapsed());
                continue;
            }
        };
        match sent {
            Err(_elapsed) => count.note(call.asked, Ended::NotSent, due.elapsed()),
            Ok(Err(error)) => count.note(call.asked, Ended::Broken(error), due.elapsed()),
            Ok(Ok(answering)) => {
                answers.spawn(async move {
                    let ended = waited(due, answering.answer()).await;
                    (call.asked, ended, due.elapsed())
                });
            }
        }
        while let Some(Ok((asked, ended, took))) = answers.try_join_next() {
            count.note(asked, ended, took);
        }
    }
    while let Some(answered) = answers.join_next().await {
        if let Ok((asked, ended, took)) = answered {
            count.note(asked, ended, took);
        }
    }
    count
}

async fn ask(connection: &mut LeanConnection, call: &Prepared, due: Instant) -> Ended {
    match connection.call(&call.head, call.message.clone()).await {
        Ok(answering) => waited(due, answering.answer()).await,
        Err(error) => Ended::Broken(error),
    }
}

async fn waited(
    due: Instant,
    answer: impl Future<Output = Result<crate::grpc::lean::Answered, crate::grpc::lean::LeanError>>,
) -> Ended {
    match tokio::time::timeout(left(due).unwrap_or_default(), answer).await {
        Ok(Ok(answered)) => Ended::Answered(answered),
        Ok(Err(error)) => Ended::Broken(error),
        Err(_elapsed) => Ended::Late,
    }
}

/// What is left of a call's time.
fn left(due: Instant) -> Option<Duration> {
    ANSWER_TIME_MAX.checked_sub(due.elapsed()).filter(|left| !left.is_zero())
}

async fn gather(mut tasks: JoinSet<Count>) -> Count {
    let mut all = Count::default();
    while let Some(count) = tasks.join_next().await {
        // A task that broke has told so itself; its calls are missing from the count.
        if let Ok(count) = count {
            all.add(count);
        }
    }
    all
}

/// Only the locks, or all but them.
pub(super) fn split_locks(calls: Vec<Prepared>) -> (Vec<Prepared>, Vec<Prepared>) {
    calls.into_iter().partition(|call| call.asked == Asked::Lock)
}
