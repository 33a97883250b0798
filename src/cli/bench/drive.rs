//! Loads: many callers at once, closed loop or open.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::figures::figure;
use super::tally::{Ended, Tally};

/// One caller: makes one call at a time.
pub(super) trait Caller: Send + 'static {
    /// Makes the next call. `None` when it has nothing left to ask.
    fn call(&mut self) -> impl Future<Output = Option<Ended>> + Send;
}

/// Every caller asks again as soon as it is answered, for `limit`. Answers with the callers, which may go on.
pub(super) async fn closed_loop<C: Caller>(callers: Vec<C>, limit: Duration) -> (Tally, Vec<C>) {
    let start = Arc::new(Barrier::new(callers.len().max(1)));
    let cpu = cpu_time();
    let work = callers.into_iter().map(|mut caller| {
        let start = Arc::clone(&start);
        async move {
            let mut tally = Tally::default();
            start.wait().await;
            let started = Instant::now();
            while started.elapsed() < limit {
                let asked = Instant::now();
                let Some(ended) = caller.call().await else { break };
                tally.note(ended, asked.elapsed());
            }
            tally.elapsed = started.elapsed();
            (tally, caller)
        }
    });
    let (mut tally, callers) = gather(work).await;
    tally.cpu = cpu_time().saturating_sub(cpu);
    (tally, callers)
}

/// What this process has used of the machine's cores. Unlike the clock it does not see what other programs use.
fn cpu_time() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(used).unwrap_or_default()
}

/// Calls begin at a steady `rate` a second, whether or not the ones before are answered, as long as a caller is free.
///
/// A latency counts from when the call was due: one that had to wait for a free caller has waited. A caller that was free
/// in time counts from when it asked, so that the timer's coarseness is not taken for the service's.
pub(super) async fn open_loop<C: Caller>(callers: Vec<C>, rate: f64, limit: Duration) -> (Tally, Vec<C>) {
    let gap = Duration::from_secs_f64(1.0 / rate.max(1.0));
    let tickets = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let work = callers.into_iter().map(|mut caller| {
        let tickets = Arc::clone(&tickets);
        async move {
            let mut tally = Tally::default();
            loop {
                let ticket = tickets.fetch_add(1, Ordering::Relaxed);
                let after = gap.mul_f64(figure(ticket));
                if after >= limit {
                    break;
                }
                let mut due = started + after;
                if due > Instant::now() {
                    tokio::time::sleep_until(due.into()).await;
                    due = Instant::now();
                }
                let Some(ended) = caller.call().await else { break };
                tally.note(ended, due.elapsed());
            }
            tally.elapsed = started.elapsed();
            (tally, caller)
        }
    });
    gather(work).await
}

async fn gather<C: Caller, W>(work: impl Iterator<Item = W>) -> (Tally, Vec<C>)
where
    W: Future<Output = (Tally, C)> + Send + 'static,
{
    let mut tasks: JoinSet<_> = work.collect();
    let (mut all, mut callers) = (Tally::default(), Vec::new());
    while let Some(joined) = tasks.join_next().await {
        // A caller that broke has told so itself; its calls are missing from the count.
        let Ok((tally, caller)) = joined else { continue };
        all.add(&tally);
        all.elapsed = all.elapsed.max(tally.elapsed);
        callers.push(caller);
    }
    (all, callers)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Caller, closed_loop, open_loop};
    use crate::cli::bench::tally::Ended;

    struct Countdown(u32);

    impl Caller for Countdown {
        async fn call(&mut self) -> Option<Ended> {
            self.0 = self.0.checked_sub(1)?;
            tokio::task::yield_now().await;
            Some(if self.0 == 0 { Err("LAST") } else { Ok("DONE") })
        }
    }

    #[tokio::test]
    async fn every_call_of_every_caller_is_counted() {
        let (tally, callers) = closed_loop(vec![Countdown(3), Countdown(5)], Duration::from_secs(60)).await;
        assert_eq!((tally.answered(), tally.errors["LAST"], callers.len()), (6, 2, 2));
    }

    #[tokio::test]
    async fn an_open_loop_keeps_its_pace() {
        let callers = (0..4).map(|_| Countdown(1_000)).collect();
        let (tally, _) = open_loop(callers, 1e6, Duration::from_nanos(5_500)).await;
        assert_eq!(tally.answered(), 6, "at 0, 1, 2, 3, 4 and 5 microseconds");
    }
}
