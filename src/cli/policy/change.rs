//! `portcullis policy show | stage | activate`: the policy of a running service, changed by two people.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::command::EXAMPLES;
use crate::cli::answers::{instant, spoken};
use crate::cli::connection::{ConnectionArgs, RequestIdArgs, answered};
use crate::cli::failure::{EXIT_CODES, Exit, Failure};
use crate::cli::output::{Answer, Output, pairs};
use crate::cli::serve::read_public;
use crate::grpc::pb::v1 as pb;

/// Flags of `policy show`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct ShowArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Flags of `policy stage`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct StageArgs {
    /// A policy file
    #[arg(value_name = "FILE")]
    policy: PathBuf,
    /// Why, up to 128 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// It may be a policy that decided before
    #[arg(long)]
    goes_back: bool,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Flags of `policy activate`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(in crate::cli) struct ActivateArgs {
    /// The revision that waits, as `policy show` says it
    #[arg(value_name = "REVISION")]
    revision: String,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Shows which policy decides, and which one waits.
pub(super) async fn show(args: ShowArgs, output: Output) -> Result<Exit, Failure> {
    let mut service = args.connection.connect().await?.policies();
    let told = service.get_policy(pb::GetPolicyRequest {}).await?.into_inner();
    tell(told.policy, output)
}

/// Wants another policy.
pub(super) async fn stage(args: StageArgs, output: Output) -> Result<Exit, Failure> {
    let StageArgs { policy, reason, goes_back, request_id, connection } = args;
    let (request_id, policy_text) = (request_id.get()?, read_public("FILE", &policy)?);
    let mut service = connection.connect().await?.policies();
    let request = pb::StagePolicyRequest { request_id: request_id.clone(), policy_text, reason, goes_back };
    tell(answered(&request_id, service.stage_policy(request)).await?.policy, output)
}

/// Agrees to the policy that waits.
pub(super) async fn activate(args: ActivateArgs, output: Output) -> Result<Exit, Failure> {
    let ActivateArgs { revision, request_id, connection } = args;
    let request_id = request_id.get()?;
    let mut service = connection.connect().await?.policies();
    let request = pb::ActivatePolicyRequest { request_id: request_id.clone(), policy_revision: revision };
    tell(answered(&request_id, service.activate_policy(request)).await?.policy, output)
}

fn tell(policy: Option<pb::PolicyStanding>, output: Output) -> Result<Exit, Failure> {
    output.show(&Standing(policy.unwrap_or_default()))?;
    Ok(Exit::Done)
}

/// Which policy decides, and which one waits.
struct Standing(pb::PolicyStanding);

impl Answer for Standing {
    fn json(&self) -> Value {
        let pb::PolicyStanding { policy_revision, since_time, policy_text, changed_by_two, staged, past_revisions } =
            &self.0;
        let staged = staged.as_ref().map(|staged| {
            let pb::StagedPolicy {
                policy_revision,
                policy_text,
                staged_by_subject,
                stage_time,
                expire_time,
                reason,
                goes_back,
            } = staged;
            json!({
                "policy_revision": policy_revision,
                "policy_text": policy_text,
                "staged_by_subject": staged_by_subject,
                "stage_time": instant(*stage_time),
                "expire_time": instant(*expire_time),
                "reason": reason,
                "goes_back": goes_back,
            })
        });
        json!({
            "policy_revision": policy_revision,
            "since_time": instant(*since_time),
            "policy_text": policy_text,
            "changed_by_two": changed_by_two,
            "staged": staged,
            "past_revisions": past_revisions,
        })
    }

    fn text(&self) -> String {
        let standing = &self.0;
        let by = if standing.changed_by_two { "two people" } else { "its file" };
        let waits = standing.staged.as_ref().map_or_else(
            || "none".to_owned(),
            |staged| {
                let pb::StagedPolicy { policy_revision, staged_by_subject, reason, .. } = staged;
                let until = spoken(staged.expire_time);
                format!("{policy_revision}, wanted by {staged_by_subject} until {until}: {reason}")
            },
        );
        pairs([
            ("decides", standing.policy_revision.clone()),
            ("since", spoken(standing.since_time)),
            ("changed by", by.to_owned()),
            ("waits", waits),
            ("before it", standing.past_revisions.len().to_string()),
        ])
    }
}
