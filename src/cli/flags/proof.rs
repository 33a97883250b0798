//! Evidence. Secrets come from a prompt or a file, never from an argument.

use std::path::PathBuf;

use clap::Args;

use super::approval::sign;
use crate::cli::failure::Failure;
use crate::cli::secret;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::evidence::Evidence as Piece;

/// Flags of proof.
#[derive(Clone, Args)]
#[command(next_help_heading = "Proof: secrets are read from a prompt or a file, never from an argument")]
pub(crate) struct ProofArgs {
    /// Ask for the account PIN at the terminal
    #[arg(long)]
    ask_pin: bool,
    /// Read the account PIN from a file of its owner alone; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "ask_pin")]
    pin_file: Option<PathBuf>,
    /// Ask for the transfer PIN at the terminal
    #[arg(long)]
    ask_transfer_pin: bool,
    /// Read the transfer PIN from a file of its owner alone; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "ask_transfer_pin")]
    transfer_pin_file: Option<PathBuf>,
    /// Ask for the one-time code at the terminal
    #[arg(long)]
    ask_code: bool,
    /// Read the one-time code from a file of its owner alone; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "ask_code")]
    code_file: Option<PathBuf>,
    /// Approve with this app key, as the customer's app would: for development
    #[arg(long, value_name = "FILE", requires = "app_device")]
    app_key_file: Option<PathBuf>,
    /// The device whose key that is
    #[arg(long, value_name = "ID", requires = "app_key_file")]
    app_device: Option<String>,
}

/// Flags of what staff see of the customer.
#[derive(Clone, Args)]
#[command(next_help_heading = "Identity documents: by staff of a store, and a second person")]
pub(crate) struct DocumentArgs {
    /// What the scanner calls the document; read from a file of its owner alone, `-` is standard input
    #[arg(long, value_name = "FILE", requires = "holder_name")]
    document_file: Option<PathBuf>,
    /// The name on it
    #[arg(long, value_name = "NAME")]
    holder_name: Option<String>,
    /// Say that you have seen the customer, and the document that somebody else has scanned, for this number
    #[arg(long, value_name = "MSISDN", conflicts_with = "document_file", requires = "holder_name")]
    second_person: Option<String>,
}

impl DocumentArgs {
    /// The evidence.
    pub(crate) fn evidence(self) -> Result<Vec<pb::Evidence>, Failure> {
        let Self { document_file, holder_name, second_person } = self;
        let holder_name = holder_name.unwrap_or_default();
        let scan = secret_of(false, document_file, "Document")?;
        let scan =
            scan.map(|reference| Piece::DocumentScan(pb::DocumentScan { reference, holder_name: holder_name.clone() }));
        let second = second_person.map(|msisdn| Piece::SecondPerson(pb::SecondPerson { holder_name, msisdn }));
        let pieces: Vec<Piece> = scan.into_iter().chain(second).collect();
        Ok(pieces.into_iter().map(|piece| pb::Evidence { evidence: Some(piece) }).collect())
    }
}

impl ProofArgs {
    /// The evidence. `signing_text` is asked for only where an app key approves.
    pub(crate) fn evidence(
        self,
        signing_text: impl FnOnce() -> Result<String, Failure>,
    ) -> Result<Vec<pb::Evidence>, Failure> {
        let Self { ask_pin, pin_file, ask_transfer_pin, transfer_pin_file, .. } = self;
        let Self { ask_code, code_file, app_key_file, app_device, .. } = self;
        let mut pieces = Vec::new();
        if let Some(pin) = secret_of(ask_pin, pin_file, "Account PIN")? {
            pieces.push(Piece::AccountPin(pin));
        }
        if let Some(pin) = secret_of(ask_transfer_pin, transfer_pin_file, "Transfer PIN")? {
            pieces.push(Piece::TransferPin(pin));
        }
        if let Some(code) = secret_of(ask_code, code_file, "Code")? {
            pieces.push(Piece::OneTimeCode(code));
        }
        if let (Some(key), Some(device)) = (app_key_file, app_device) {
            pieces.push(Piece::AppApproval(sign(&key, device, &signing_text()?)?));
        }
        Ok(pieces.into_iter().map(|piece| pb::Evidence { evidence: Some(piece) }).collect())
    }
}

fn secret_of(ask: bool, file: Option<PathBuf>, name: &str) -> Result<Option<String>, Failure> {
    let secret = match (ask, file) {
        (_, Some(path)) => secret::from_file(&path)?,
        (true, None) => secret::from_prompt(name)?,
        (false, None) => return Ok(None),
    };
    Ok(Some(String::clone(&secret)))
}
