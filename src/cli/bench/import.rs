//! Imports: accounts sent in one stream, as `portcullis account import` sends them.

use std::time::{Duration, Instant};

use super::figures::figure;
use super::population::Population;
use crate::cli::failure::Failure;
use crate::grpc::client::Client;
use crate::grpc::pb::v1 as pb;

/// What came of an import.
#[derive(Debug, Clone, Copy)]
pub(super) struct Imported {
    /// Accounts created.
    pub(super) created: u64,
    /// How long it took, from the first row sent to the last one durable.
    pub(super) took: Duration,
}

impl Imported {
    /// Accounts a second.
    pub(super) fn per_second(&self) -> f64 {
        figure(self.created) / self.took.as_secs_f64().max(f64::EPSILON)
    }
}

/// Imports these accounts, with this PIN if any; `progress` hears how many are done.
pub(super) async fn import(
    client: &Client,
    population: &Population,
    accounts: Vec<u64>,
    pin: Option<&'static str>,
    progress: impl Fn(u64),
) -> Result<Imported, Failure> {
    let maker = population.clone();
    let seeds = accounts.into_iter().map(move |account| maker.seed(account, pin));
    import_seeds(client, seeds, progress).await
}

/// Imports these.
pub(super) async fn import_seeds<S>(
    client: &Client,
    seeds: impl IntoIterator<Item = pb::AccountSeed, IntoIter = S>,
    progress: impl Fn(u64),
) -> Result<Imported, Failure>
where
    S: ExactSizeIterator<Item = pb::AccountSeed> + Send + 'static,
{
    let seeds = seeds.into_iter();
    let sent = u64::try_from(seeds.len()).unwrap_or(u64::MAX);
    let rows = (1_i64..).zip(seeds).map(|(row, seed)| pb::ImportAccountsRequest { row, seed: Some(seed) });
    let started = Instant::now();
    let answer = client.accounts_without_deadline().import_accounts(tokio_stream::iter(rows)).await?;
    let mut reports = answer.into_inner();
    let mut created = 0_u64;
    while let Some(report) = reports.message().await? {
        created = u64::try_from(report.created).unwrap_or(0);
        progress(u64::try_from(report.rows_done).unwrap_or(0));
        if let Some(refused) = report.errors.first() {
            let what = format!("a generated account was refused: `{}` {}", refused.field, refused.reason);
            return Err(Failure::failed(what));
        }
    }
    let imported = Imported { created, took: started.elapsed() };
    if created == sent {
        Ok(imported)
    } else {
        Err(Failure::failed(format!("of {sent} generated accounts {created} were created")))
    }
}
