//! What falls due by time alone: applied by every load, recorded by the next commit, and looked for by a worker.

use chrono::{DateTime, Utc};

use super::error::ServiceError;
use super::target::Target;
use crate::audit::Event;
use crate::crypto::Token;
use crate::domain::{Account, DueStep, StepScope, advance};
use crate::store::{DueEntry, Entry, OpenAccount};

/// Applies what has fallen due and records each step with its own instant.
///
/// INVARIANT (time-is-an-argument): what is due is computed from stored instants; that nobody looked delays nothing.
pub(super) fn apply(
    open: &mut OpenAccount,
    line: Option<Token>,
    now: DateTime<Utc>,
) -> Result<Vec<DueStep>, ServiceError> {
    let steps = match line {
        Some(token) if open.line(token).is_some_and(|line| line.protection.due_at().is_some_and(|at| at <= now)) => {
            let (account, line) = open.account_and_line_mut(token);
            account.map_or_else(Vec::new, |account| advance(account, line, now))
        }
        _ => open.account_mut().map_or_else(Vec::new, |account| advance(account, None, now)),
    };
    for step in &steps {
        let about = match step.scope() {
            StepScope::Account => None,
            StepScope::Line => line,
        };
        let event = match step {
            DueStep::Lock { scope, named } => Event::LockStepped { scope: *scope, name: named.name, step: named.step },
            DueStep::DeviceWaits { device, .. } => Event::DeviceWaits { device: device.clone() },
        };
        open.append(Entry { at: step.at(), line: about, caller: None, channel: None, event })?;
    }
    Ok(steps)
}

/// When the account and the line must be looked at again.
pub(super) fn upcoming(open: &OpenAccount, line: Option<Token>) -> Vec<DueEntry> {
    let account = open.token();
    let of_account = open.account().and_then(Account::due_at);
    let of_line = line.and_then(|token| open.line(token)).and_then(|line| line.protection.due_at());
    let entry = |line: Option<Token>| move |at| DueEntry { at, account, line };
    of_account.map(entry(None)).into_iter().chain(of_line.map(entry(line))).collect()
}

/// The entries that these steps were queued under.
pub(super) fn done(steps: &[DueStep], target: &Target) -> Vec<DueEntry> {
    let entry = |step: &DueStep| {
        let line = match step.scope() {
            StepScope::Account => None,
            StepScope::Line => target.line,
        };
        DueEntry { at: step.at(), account: target.account, line }
    };
    steps.iter().map(entry).collect()
}
