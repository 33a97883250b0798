//! `portcullis decide`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::answers::{instant, spoken};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::decision::show_and_keep;
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{
    ChangeCommand, ChangeParts, ClaimsArgs, PlaceArgs, ProofArgs, SignalArgs, parse_instant, signing_text, timestamp,
};
use super::output::{Answer, Output, pairs};
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;

const EXAMPLES: &str = "\
The answer is approve, challenge or deny, with reasons. An approval carries a permit: redeem it right before the \
change is made, and make the change only if that succeeds.

Examples:
  portcullis decide port-out +12125550123 --to 5678 --pon PON-1 \\
      --account-number 100042 --ask-transfer-pin
  portcullis decide sim-change +12125550123 --iccid 8914800000000000009 --cause upgrade \\
      --signal device_sale=true --ask-pin --permit-out permit
  portcullis decide sim-change +12125550123 --iccid 8914800000000000009 --cause upgrade \\
      --ask-pin --signed-permit
  portcullis decision redeem sim-change +12125550123 --iccid 8914800000000000009 --cause upgrade \\
      --permit-file permit
  portcullis decide sim-change +12125550123 --iccid 8914800000000000009 --cause upgrade \\
      --channel store --ask-pin --ahead
";

/// `portcullis decide`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct DecideArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    change: ChangeCommand<AskArgs>,
}

/// What is asked besides the change.
#[derive(Args)]
#[command(after_long_help = EXIT_CODES)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    request_id: RequestIdArgs,
    /// Only say what would be decided: it is recorded, nothing is counted, no permit is given
    #[arg(long)]
    advise: bool,
    /// Answer also in this porting dialect: wicis or bandwidth
    #[arg(long, value_name = "NAME")]
    dialect: Option<String>,
    /// When the change is to be made, like 2026-03-01T12:00:00Z; now by default
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    plan_time: Option<DateTime<Utc>>,
    /// Your reference of the order
    #[arg(long, value_name = "TEXT")]
    external_reference: Option<String>,
    /// A decision of yours on this line that this one takes the place of
    #[arg(long, value_name = "UUID")]
    supersedes: Option<String>,
    /// Answer only if the store holds the write that gave this token
    #[arg(long, value_name = "TOKEN")]
    consistency_token: Option<String>,
    /// What the customer gave ahead: the handle that they have for exactly this change
    #[arg(long, value_name = "UUID")]
    evidence_handle: Option<String>,
    /// Ask nothing: give the customer's proof ahead, and show the handle for whoever asks
    #[arg(long, conflicts_with_all = ["advise", "evidence_handle", "permit_out", "signed_permit"])]
    ahead: bool,
    /// Also sign an approval's permit, for a relying party that verifies it by itself with the keys at
    /// /.well-known/jwks.json; only a redeemed permit is the right to make the change
    #[arg(long)]
    signed_permit: bool,
    /// Also write an approval's permit to this new file, for its owner alone
    #[arg(long, value_name = "FILE")]
    permit_out: Option<PathBuf>,
    #[command(flatten)]
    signals: SignalArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    claims: ClaimsArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

/// Runs it.
pub(crate) async fn run(args: DecideArgs, output: Output) -> Result<Exit, Failure> {
    let parts = args.change.into_parts()?;
    let (permit_out, is_ahead) = (parts.rest.permit_out.clone(), parts.rest.ahead);
    let request = request(parts)?;
    if is_ahead {
        return give_ahead(request, &args.connection, output).await;
    }
    let client = args.connection.connect().await?;
    let request_id = request.request_id.clone();
    let decision = answered(&request_id, client.decisions().decide(request)).await?.decision;
    let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
    show_and_keep(decision, permit_out.as_deref(), output)
}

/// An approval in the app signs what it would sign to ask with this request's id.
async fn give_ahead(request: pb::DecideRequest, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let pb::DecideRequest { request_id, line, change, evidence, interaction, .. } = request;
    let ahead = pb::SubmitEvidenceAheadRequest { request_id: request_id.clone(), line, change, evidence, interaction };
    let client = connection.connect().await?;
    output.show(&Ahead(answered(&request_id, client.challenges().submit_evidence_ahead(ahead)).await?))?;
    Ok(Exit::Done)
}

/// What was given ahead.
struct Ahead(pb::SubmitEvidenceAheadResponse);

impl Answer for Ahead {
    fn json(&self) -> Value {
        let pb::SubmitEvidenceAheadResponse { evidence_handle, expire_time } = &self.0;
        json!({ "evidence_handle": evidence_handle, "expire_time": instant(*expire_time) })
    }

    fn text(&self) -> String {
        pairs([("evidence handle", self.0.evidence_handle.clone()), ("good until", spoken(self.0.expire_time))])
    }
}

fn request(parts: ChangeParts<AskArgs>) -> Result<pb::DecideRequest, Failure> {
    let ChangeParts { line, change, channel, rest } = parts;
    let brand = line.brand.clone();
    let mode = if rest.advise { pb::Mode::Advise } else { pb::Mode::Enforce };
    let mut request = pb::DecideRequest {
        request_id: rest.request_id.get()?,
        line: Some(line),
        change: Some(change),
        mode: mode.into(),
        interaction: Some(rest.place.interaction(channel)),
        claims: rest.claims.claims(),
        evidence: Vec::new(),
        signals: rest.signals.signals(),
        dialect: rest.dialect.unwrap_or_default(),
        plan_time: rest.plan_time.map(timestamp),
        external_reference: rest.external_reference.unwrap_or_default(),
        supersedes_decision_id: rest.supersedes.unwrap_or_default(),
        consistency_token: rest.consistency_token.unwrap_or_default(),
        want_signed_permit: rest.signed_permit,
    };
    let signing = || signing_text(request.clone(), &brand, |request, brand| Ok(ask::decide(request, brand)?.0));
    request.evidence = rest.proof.evidence(signing)?;
    let handle = rest.evidence_handle.map(pb::evidence::Evidence::EvidenceHandle);
    request.evidence.extend(handle.map(|handle| pb::Evidence { evidence: Some(handle) }));
    Ok(request)
}
