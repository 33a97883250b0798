//! `portcullis bench --oracle`: whether an answer's time tells a carrier anything about a number it does not know.
//!
//! Numbers that are locked, open, ended, another brand's and nobody's are asked about in turns, one call at a time, under a
//! wrong account number. Answers must be equal, and so must be the time they take.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::asks::wrong_port;
use super::figures::figure;
use super::population::{BRAND, Kind, OTHER_BRAND, Population, msisdn, nth_of};
use super::report::rounded;
use super::world::World;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, pairs};
use crate::domain::Role;
use crate::grpc::lean::{Answered, Head, LeanConnection, decoded, framed};
use crate::grpc::pb::v1 as pb;

/// Numbers of each kind: each is asked about again and again.
const NUMBERS: u64 = 200;

/// Rounds before anything is measured.
const WARM_ROUNDS: usize = 500;

/// Questions under one token: fewer than a caller's budget of numbers that it does not show to know.
const QUESTIONS_PER_CALLER: usize = 900;

/// How long an answer may take.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Of a normal distribution so many standard errors hold 95 of 100.
const ERRORS_95: f64 = 1.96;

/// What numbers may be.
const KINDS: [&str; 5] = ["locked", "open", "ended", "other_brand", "unknown"];

/// Latencies of one kind, in microseconds.
#[derive(Default, Clone, Copy)]
struct Sum {
    count: f64,
    total: f64,
    squares: f64,
}

impl Sum {
    fn note(&mut self, us: f64) {
        self.count += 1.0;
        self.total += us;
        self.squares += us * us;
    }

    fn mean(&self) -> f64 {
        self.total / self.count.max(1.0)
    }

    /// The variance of the mean.
    fn error_squared(&self) -> f64 {
        (self.squares / self.count.max(1.0) - self.mean() * self.mean()).max(0.0) / self.count.max(1.0)
    }
}

/// What was found.
pub(super) struct Report {
    samples: usize,
    sums: [Sum; KINDS.len()],
    differing: u64,
}

/// The accounts that the population does not have: ended lines, and those of another brand. Their numbers begin at `first`.
pub(super) fn seeds(population: &Population, first: u64) -> [Vec<pb::AccountSeed>; 2] {
    let ended = (first..first + NUMBERS).map(|account| {
        let mut seed = population.seed(account, None);
        seed.locks.clear();
        for line in &mut seed.lines {
            line.status = pb::LineStatus::Closed.into();
        }
        seed
    });
    let others = (first + NUMBERS..first + 2 * NUMBERS).map(|account| {
        let mut seed = population.seed(account, None);
        if let Some(account) = &mut seed.account {
            OTHER_BRAND.clone_into(&mut account.brand);
        }
        seed
    });
    [ended.collect(), others.collect()]
}

/// Asks `samples` times about each kind of number.
pub(super) async fn run(world: &World, first: u64, samples: usize) -> Result<Report, Failure> {
    let failed = |error| Failure::caused(Exit::Failed, &error);
    let connection = LeanConnection::connect(world.address()?, world.authority(), world.certificate()).await;
    let mut connection = connection.map_err(failed)?;
    let mut report = Report { samples, sums: [Sum::default(); KINDS.len()], differing: 0 };
    let (mut head, mut asked, mut callers, mut first_heard) = (None, 0_usize, 0_usize, None);
    for round in 0..samples.saturating_add(WARM_ROUNDS) {
        for turn in 0..KINDS.len() {
            // Each kind comes after each other one as often.
            let kind = (turn + round) % KINDS.len();
            let head = match &head {
                Some(head) if asked % QUESTIONS_PER_CALLER != 0 => head,
                _ => {
                    callers += 1;
                    let token = world.token_of(Role::PortingSystem, &format!("hub-{callers}"), BRAND)?;
                    let made =
                        Head::new("portcullis.v1.DecisionService/Decide", &token, ANSWER_TIME_MAX).map_err(failed)?;
                    // Its token is verified with this one.
                    ask(&mut connection, &made, number(first, kind, round)).await?;
                    asked += 1;
                    head.insert(made)
                }
            };
            let (heard, us) = ask(&mut connection, head, number(first, kind, round)).await?;
            asked += 1;
            report.differing += u64::from(*first_heard.get_or_insert_with(|| heard.clone()) != heard);
            if let (true, Some(sum)) = (round >= WARM_ROUNDS, report.sums.get_mut(kind)) {
                sum.note(us);
            }
        }
    }
    Ok(report)
}

/// A number of a kind: the same ones again after a while.
fn number(first: u64, kind: usize, round: usize) -> u64 {
    let nth = u64::try_from(round).unwrap_or(0) % NUMBERS;
    match kind {
        0 => nth_of(Kind::Locked, nth),
        1 => nth_of(Kind::Open, nth),
        2 => first + nth,
        3 => first + NUMBERS + nth,
        _ => first + 2 * NUMBERS + nth,
    }
}

/// What is heard, without what is its own by chance: its name and its instant; and how long it took, in microseconds.
async fn ask(connection: &mut LeanConnection, head: &Head, account: u64) -> Result<(pb::Decision, f64), Failure> {
    let failed = |error| Failure::caused(Exit::Failed, &error);
    let message = framed(&wrong_port(&msisdn(account))?);
    let began = Instant::now();
    let answered = connection.call(head, message).await.map_err(failed)?.answer().await.map_err(failed)?;
    let us = began.elapsed().as_secs_f64() * 1e6;
    match answered {
        Answered::Message(message) => {
            let answer = decoded::<pb::DecideResponse>(message).and_then(|answer| answer.decision);
            let decision = answer.ok_or_else(|| Failure::failed("an answer could not be read"))?;
            Ok((pb::Decision { decision_id: String::new(), decide_time: None, ..decision }, us))
        }
        Answered::Status(error) => Err(Failure::failed(format!("a question was not answered: {error}"))),
    }
}

impl Report {
    /// The largest difference between two kinds' means, and by how much it may be off.
    fn gap_us(&self) -> (f64, f64) {
        let mut widest = (0.0, 0.0);
        for one in &self.sums {
            for other in &self.sums {
                let gap = one.mean() - other.mean();
                if gap > widest.0 {
                    widest = (gap, ERRORS_95 * (one.error_squared() + other.error_squared()).sqrt());
                }
            }
        }
        widest
    }

    fn means(&self) -> impl Iterator<Item = (&'static str, f64)> {
        KINDS.into_iter().zip(self.sums.iter().map(Sum::mean))
    }
}

impl Answer for Report {
    fn json(&self) -> Value {
        let (gap, off) = self.gap_us();
        json!({
            "samples_of_each": self.samples,
            "mean_us": self.means().map(|(kind, mean)| (kind.to_owned(), rounded(mean).into())).collect::<serde_json::Map<_, Value>>(),
            "widest_gap_us": rounded(gap),
            "widest_gap_us_at_most": rounded(gap + off),
            "answers_differing": self.differing,
        })
    }

    fn text(&self) -> String {
        let (gap, off) = self.gap_us();
        let means: Vec<String> = self.means().map(|(kind, mean)| format!("{kind} {mean:.0}")).collect();
        pairs([
            ("asked", format!("{} times about each kind of number", figure(u64::try_from(self.samples).unwrap_or(0)))),
            ("mean, us", means.join(", ")),
            ("widest gap", format!("{gap:.1} us, give or take {off:.1} (95 %)")),
            (
                "answers",
                if self.differing == 0 { "all alike".to_owned() } else { format!("{} differ", self.differing) },
            ),
        ])
    }
}
