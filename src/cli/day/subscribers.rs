//! The subscribers: imported over the public interface, once; found again on every later start.

use std::fs;
use std::path::Path;

use super::asker::Asker;
use super::player::Player;
use crate::cli::failure::Failure;
use crate::cli::import::parse_seed;
use crate::cli::jsonl::Problem;
use crate::grpc::client::Code;
use crate::grpc::pb::v1 as pb;

/// What became of the subscribers' file.
pub(super) struct Imported {
    /// Accounts in the file.
    pub(super) accounts: usize,
    /// Their lines.
    pub(super) lines: usize,
    /// Accounts that were created now.
    pub(super) created: i64,
    /// Accounts that were there already.
    pub(super) found: usize,
    /// Rows that were refused, and why.
    pub(super) refused: Vec<String>,
    /// How long the import took, in seconds.
    pub(super) seconds: f64,
}

/// Who tells the service of accounts.
pub(super) fn provisioning() -> Asker {
    Asker::system("provisioning", "billing-1")
}

/// The rows of a subscribers' file. One that is no account ends it: the day is about all of them.
pub(super) fn read(path: &Path) -> Result<Vec<(i64, pb::AccountSeed)>, Failure> {
    let text =
        fs::read(path).map_err(|error| Failure::invalid(format!("cannot read `{}`: {error}", path.display())))?;
    let rows = text.split(|byte| *byte == b'\n').zip(1..).filter(|(line, _)| !line.is_empty());
    let seed = |(line, row)| match parse_seed(line) {
        Ok(seed) => Ok((row, seed)),
        Err(Problem { field, reason }) => {
            Err(Failure::invalid(format!("{} line {row}: {field} {reason}", path.display())))
        }
    };
    rows.map(seed).collect()
}

impl Player {
    /// Imports the accounts that the service does not know yet.
    ///
    /// Those that it knows are left as they are: what the day changed since (SIMs, numbers that left) an import may not
    /// put back.
    pub(super) async fn import(&mut self, rows: &[(i64, pb::AccountSeed)]) -> Result<Imported, Failure> {
        let mut missing = Vec::new();
        for (row, seed) in rows {
            if !self.is_known(seed).await? {
                missing.push(pb::ImportAccountsRequest { row: *row, seed: Some(seed.clone()) });
            }
        }
        let found = rows.len().saturating_sub(missing.len());
        let lines = rows.iter().map(|(_, seed)| seed.lines.len()).sum();
        let mut imported =
            Imported { accounts: rows.len(), lines, created: 0, found, refused: Vec::new(), seconds: 0.0 };
        if missing.is_empty() {
            return Ok(imported);
        }
        let started = std::time::Instant::now();
        let mut accounts = self.under(&provisioning())?.accounts_without_deadline();
        let mut told = accounts.import_accounts(tokio_stream::iter(missing)).await?.into_inner();
        while let Some(progress) = told.message().await? {
            imported.created = progress.created;
            let refused = progress.errors.iter().map(|e| format!("row {}: {} {}", e.row, e.field, e.reason));
            imported.refused.extend(refused);
        }
        imported.seconds = started.elapsed().as_secs_f64();
        Ok(imported)
    }

    async fn is_known(&mut self, seed: &pb::AccountSeed) -> Result<bool, Failure> {
        let account_id = seed.account.as_ref().map(|account| account.account_id.clone()).unwrap_or_default();
        let r#ref = Some(pb::get_account_request::Ref::AccountId(account_id));
        let answer = self.under(&provisioning())?.accounts().get_account(pb::GetAccountRequest { r#ref }).await;
        match answer {
            Ok(_) => Ok(true),
            Err(status) if status.code() == Code::NotFound => Ok(false),
            Err(status) => Err(status.into()),
        }
    }
}
