//! `portcullis audit verify`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::text::{Checked, Lines, check};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output, pairs};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::verify_chain_request::Step;

/// How often the bar moves while nothing is told, in milliseconds.
const TICK_MILLISECONDS: u64 = 100;

/// Bytes of a checkpoint's text in one message, and messages that wait to be sent.
const PIECE_BYTES: usize = 32 * 1_024;
const PIECES_WAITING_MAX: usize = 4;

/// `portcullis audit verify`.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// One account's chain, by its id; every chain of the brand without it
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    account: String,
    /// Also against what was written down then: finds a tail that was cut together with its head
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The key that must have signed the checkpoint, by its thumbprint (RFC 7638)
    // A thumbprint may begin with a hyphen.
    #[arg(long, value_name = "THUMBPRINT", requires = "checkpoint", allow_hyphen_values = true)]
    signed_by: Option<String>,
    /// Check the checkpoint's text and signature alone, and ask no service
    #[arg(long, requires = "signed_by")]
    offline: bool,
}

/// Runs it.
pub(super) async fn run(args: VerifyArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let VerifyArgs { account, checkpoint, signed_by, offline } = args;
    let checked = checkpoint.as_deref().map(check).transpose()?;
    if let (Some(checked), Some(wanted)) = (&checked, &signed_by)
        && checked.seal.key.id().to_string() != *wanted
    {
        let found = checked.seal.key.id();
        return Err(Failure::denied(format!("the checkpoint is signed by another key than `{wanted}`: by `{found}`")));
    }
    if let (Some(checked), true) = (&checked, offline) {
        output.show(&Sealed(checked))?;
        return Ok(Exit::Done);
    }
    let verdict = ask(account, checkpoint.as_deref(), connection, output).await?;
    let holds = verdict.faults == 0;
    output.show(&verdict)?;
    Ok(if holds { Exit::Done } else { Exit::Denied })
}

/// Asks the service, and follows what it finds.
async fn ask(
    account_id: String,
    checkpoint: Option<&Path>,
    connection: &ConnectionArgs,
    output: Output,
) -> Result<Verdict, Failure> {
    let mut audit = connection.connect().await?.audit_without_deadline();
    let (steps, sent) = mpsc::channel(PIECES_WAITING_MAX);
    let start = pb::VerifyStart { account_id, with_checkpoint: checkpoint.is_some() };
    let first = pb::VerifyChainRequest { step: Some(Step::Start(start)) };
    let bar = bar();
    let (sent, verdict) = tokio::join!(
        async move {
            // Who does not listen any more says why in the answer.
            match (steps.send(first).await, checkpoint) {
                (Ok(()), Some(path)) => send_text(path, &steps).await,
                _ => Ok(()),
            }
        },
        async {
            let mut stream = audit.verify_chain(ReceiverStream::new(sent)).await?.into_inner();
            let mut verdict = Verdict::default();
            while let Some(step) = stream.message().await? {
                for fault in verdict.take(step) {
                    bar.suspend(|| output.show(&Found(fault)))?;
                }
                bar.set_message(format!("{} records, {} faults", verdict.records, verdict.faults));
            }
            Ok::<_, Failure>(verdict)
        }
    );
    bar.finish_and_clear();
    let verdict = verdict?;
    sent?;
    if verdict.done { Ok(verdict) } else { Err(Failure::failed("the verification broke off without a verdict")) }
}

/// Sends a checkpoint's text, in pieces of whole lines.
async fn send_text(path: &Path, steps: &mpsc::Sender<pb::VerifyChainRequest>) -> Result<(), Failure> {
    let mut lines = Lines::open(path)?;
    let mut piece = String::with_capacity(PIECE_BYTES);
    loop {
        let line = lines.next()?;
        let is_end = line.is_none();
        piece.extend(line);
        if piece.len() >= PIECE_BYTES || (is_end && !piece.is_empty()) {
            let step = Some(Step::CheckpointLines(std::mem::take(&mut piece)));
            if steps.send(pb::VerifyChainRequest { step }).await.is_err() {
                return Ok(());
            }
        }
        if is_end {
            return Ok(());
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template that does not fit leaves the bar as it comes.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(TICK_MILLISECONDS));
    bar
}

/// A place where a chain does not hold.
struct Found(pb::ChainFault);

impl Answer for Found {
    fn json(&self) -> Value {
        let pb::ChainFault { kind, account_id, account_token, record_id, account_seq } = &self.0;
        json!({
            "kind": kind,
            "account_id": account_id,
            "account_token": account_token,
            "record_id": record_id,
            "account_seq": account_seq,
        })
    }

    fn text(&self) -> String {
        let pb::ChainFault { kind, account_id, account_token, record_id, account_seq } = &self.0;
        let account = match (account_id.as_str(), account_token.as_str()) {
            ("", "") => String::new(),
            ("", token) => format!("  account with token {token}"),
            (id, _) => format!("  account {id}"),
        };
        let seq = if *account_seq == 0 { String::new() } else { format!("  record number {account_seq}") };
        let record = if record_id.is_empty() { String::new() } else { format!("  {record_id}") };
        format!("{}{account}{seq}{record}", kind.replace('_', " ").to_lowercase())
    }
}

/// How a verification stands.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    accounts: i64,
    records: i64,
    faults: i64,
    done: bool,
}

impl Verdict {
    /// Takes a step; gives the faults that came with it.
    fn take(&mut self, step: pb::VerifyChainResponse) -> Vec<pb::ChainFault> {
        let pb::VerifyChainResponse { accounts, records, faults, fault_count, done } = step;
        *self = Self { accounts, records, faults: fault_count, done };
        faults
    }
}

impl Answer for Verdict {
    fn json(&self) -> Value {
        let Self { accounts, records, faults, done: _ } = self;
        json!({ "holds": *faults == 0, "accounts": accounts, "records": records, "fault_count": faults })
    }

    fn text(&self) -> String {
        let Self { accounts, records, faults, done: _ } = self;
        let verdict = if *faults == 0 { "every chain holds" } else { "chains do not hold" };
        pairs([
            ("verdict", verdict.to_owned()),
            ("accounts", accounts.to_string()),
            ("records", records.to_string()),
            ("faults", faults.to_string()),
        ])
    }
}

/// A checkpoint whose signature fits.
struct Sealed<'a>(&'a Checked);

impl Answer for Sealed<'_> {
    fn json(&self) -> Value {
        json!({ "accounts": self.0.accounts, "signed_by": self.0.seal.key.id().to_string() })
    }

    fn text(&self) -> String {
        pairs([("accounts", self.0.accounts.to_string()), ("signed by", self.0.seal.key.id().to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Verdict};
    use crate::cli::output::Answer as _;
    use crate::grpc::pb::v1 as pb;

    #[test]
    fn a_fault_is_told_by_what_is_known_of_it() {
        let fault = pb::ChainFault { kind: "TAIL_MISSING".to_owned(), account_seq: 7, ..pb::ChainFault::default() };
        let named = pb::ChainFault { account_id: "A-1".to_owned(), ..fault.clone() };
        assert_eq!(Found(named).text(), "tail missing  account A-1  record number 7");
        let token = pb::ChainFault { account_token: "0a".to_owned(), account_seq: 0, ..fault };
        assert_eq!(Found(token).text(), "tail missing  account with token 0a");
    }

    #[test]
    fn one_fault_is_enough() {
        let mut verdict = Verdict::default();
        let step =
            pb::VerifyChainResponse { accounts: 2, records: 9, fault_count: 1, done: true, ..Default::default() };
        assert!(verdict.take(step).is_empty());
        assert_eq!(verdict.json()["holds"], false);
        assert!(verdict.text().starts_with("verdict   chains do not hold\n"), "{}", verdict.text());
    }
}
