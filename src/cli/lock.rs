//! `portcullis lock`.

use std::path::PathBuf;

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answers::{Decided, Guarded, Protections, Released, exit_of};
use super::connection::{ConnectionArgs, RequestIdArgs, answered};
use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::{
    ChannelName, DeliveryName, HolderName, LockName, PlaceArgs, ProofArgs, Scope, ScopeArgs, SignalArgs, duration,
    parse_length, signing_text,
};
use super::output::{Answer, Output};
use super::secret;
use crate::grpc::client::Client;
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::release_lock_request::Purpose;

/// The purchase order number of a release for one port: it is no part of what is released.
const NO_PON: &str = "-";

const EXAMPLES: &str = "\
Anyone signed in on an account may turn protection on, at once. Only its owner may turn it off, with strong proof \
and after a delay; what is released turns itself on again.

Examples:
  portcullis lock on +12125550123 --set all
  portcullis lock on --account A-1 --set port --holder carrier --reason-code FRAUD-7
  portcullis lock release +12125550123 --set port --only-port-to 5678 \\
      --app-key-file app.key --app-device D-1
  portcullis lock release --account A-1 --set all --window 24h \\
      --app-key-file app.key --app-device D-1
  portcullis lock show +12125550123
  portcullis lock cancel 0190f3c2-0000-7000-8000-000000000001 --account A-1
";

/// `portcullis lock`.
#[derive(Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(crate) struct LockArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(subcommand)]
    command: LockCommand,
}

#[derive(Subcommand)]
enum LockCommand {
    /// Turn a lock on, from this instant
    On(OnArgs),
    /// Ask to turn a lock off, for one change or for a time
    #[command(visible_alias = "off")]
    Release(Box<ReleaseArgs>),
    /// Show the locks of a line together with its account's, or of an account
    Show(ShowArgs),
    /// End a release: the lock is on again, from this instant
    Cancel(CancelArgs),
    /// End what a notice told of with the code that it has, which can only lock
    CancelByCode(CodeArgs),
}

/// Which lock.
#[derive(Args)]
struct WhichArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// What it covers
    #[arg(long, value_enum)]
    set: LockName,
    /// Whose lock
    #[arg(long, value_enum, default_value_t = HolderName::Customer)]
    holder: HolderName,
}

#[derive(Args)]
struct OnArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// With --holder carrier: why
    #[arg(long, value_name = "TEXT")]
    reason_code: Option<String>,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Args)]
struct ReleaseArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    purpose: ForArgs,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    signals: SignalArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    proof: ProofArgs,
}

/// What a release is for: exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct PurposeArgs {
    /// Every change that the lock covers, for so long, like 24h
    #[arg(long, value_name = "LENGTH", value_parser = parse_length)]
    window: Option<TimeDelta>,
    /// One port to this carrier alone
    #[arg(long, value_name = "SPID")]
    only_port_to: Option<String>,
    /// One change to this card or profile alone
    #[arg(long, value_name = "ICCID")]
    only_iccid: Option<String>,
    /// One change to this eSIM chip alone
    #[arg(long, value_name = "EID")]
    only_eid: Option<String>,
}

/// What a release is for, and of a SIM how it gets to the customer.
#[derive(Args)]
struct ForArgs {
    #[command(flatten)]
    purpose: PurposeArgs,
    /// Of one SIM: how it gets to the customer, as it will be asked
    #[arg(long, value_enum, conflicts_with_all = ["window", "only_port_to"])]
    delivery: Option<DeliveryName>,
}

#[derive(Args)]
struct ShowArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Answer only if the store holds the write that gave this token
    #[arg(long, value_name = "TOKEN")]
    consistency_token: Option<String>,
}

#[derive(Args)]
struct CancelArgs {
    /// The release, as `lock show` tells it
    #[arg(value_name = "RELEASE")]
    release_id: String,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Args)]
struct CodeArgs {
    /// The code; read from a file of its owner alone, `-` is standard input
    #[arg(long, value_name = "FILE")]
    code_file: PathBuf,
    #[command(flatten)]
    request_id: RequestIdArgs,
    #[command(flatten)]
    place: PlaceArgs,
}

/// Runs it.
pub(crate) async fn run(args: LockArgs, output: Output) -> Result<Exit, Failure> {
    let LockArgs { connection, command } = args;
    match command {
        LockCommand::On(args) => {
            let request = set_lock(args)?;
            let request_id = request.request_id.clone();
            let client = connection.connect().await?;
            let told = answered(&request_id, client.protection().set_lock(request)).await?;
            let pb::SetLockResponse { protection, consistency_token } = told;
            output.show(&Guarded(protection, consistency_token))?;
            Ok(Exit::Done)
        }
        LockCommand::Release(args) => release(&connection.connect().await?, *args, output).await,
        LockCommand::Show(args) => {
            let request = get_protection(&args)?;
            let told = connection.connect().await?.protection().get_protection(request).await?.into_inner();
            output.show(&Protections(told.protections))?;
            Ok(Exit::Done)
        }
        LockCommand::Cancel(args) => {
            let request = cancel_release(args)?;
            let request_id = request.request_id.clone();
            let client = connection.connect().await?;
            let told = answered(&request_id, client.protection().cancel_release(request)).await?;
            let pb::CancelReleaseResponse { protection, consistency_token } = told;
            output.show(&Guarded(protection, consistency_token))?;
            Ok(Exit::Done)
        }
        LockCommand::CancelByCode(args) => cancel_by_code(&connection.connect().await?, args, output).await,
    }
}

async fn cancel_by_code(client: &Client, args: CodeArgs, output: Output) -> Result<Exit, Failure> {
    let CodeArgs { code_file, request_id, place } = args;
    let (request_id, code) = (request_id.get()?, secret::from_file(&code_file)?);
    let interaction = Some(place.interaction(ChannelName::Web));
    let cancel_code = String::clone(&code);
    let request = pb::CancelByCodeRequest { request_id: request_id.clone(), cancel_code, interaction };
    answered(&request_id, client.protection().cancel_by_code(request)).await?;
    output.show(&Cancelled)?;
    Ok(Exit::Done)
}

/// That what the notice told of is over.
struct Cancelled;

impl Answer for Cancelled {
    fn json(&self) -> Value {
        json!({})
    }

    fn text(&self) -> String {
        "What the notice told of is over, and locked.".to_owned()
    }
}

fn set_lock(args: OnArgs) -> Result<pb::SetLockRequest, Failure> {
    use pb::set_lock_request::Scope as Wire;
    let OnArgs { which, reason_code, request_id, place } = args;
    Ok(pb::SetLockRequest {
        request_id: request_id.get()?,
        scope: Some(match which.scope.scope()? {
            Scope::Line(line) => Wire::Line(line),
            Scope::Account(id) => Wire::AccountId(id),
        }),
        set: which.set.into(),
        holder: which.holder.into(),
        reason_code: reason_code.unwrap_or_default(),
        interaction: Some(place.interaction(ChannelName::Web)),
    })
}

fn get_protection(args: &ShowArgs) -> Result<pb::GetProtectionRequest, Failure> {
    use pb::get_protection_request::Scope as Wire;
    Ok(pb::GetProtectionRequest {
        scope: Some(match args.scope.scope()? {
            Scope::Line(line) => Wire::Line(line),
            Scope::Account(id) => Wire::AccountId(id),
        }),
        consistency_token: args.consistency_token.clone().unwrap_or_default(),
    })
}

fn cancel_release(args: CancelArgs) -> Result<pb::CancelReleaseRequest, Failure> {
    use pb::cancel_release_request::Scope as Wire;
    let CancelArgs { release_id, scope, request_id, place } = args;
    Ok(pb::CancelReleaseRequest {
        request_id: request_id.get()?,
        release_id,
        scope: Some(match scope.scope()? {
            Scope::Line(line) => Wire::Line(line),
            Scope::Account(id) => Wire::AccountId(id),
        }),
        interaction: Some(place.interaction(ChannelName::Web)),
    })
}

async fn release(client: &Client, args: ReleaseArgs, output: Output) -> Result<Exit, Failure> {
    use pb::release_lock_request::Scope as Wire;
    let ReleaseArgs { which, purpose, request_id, signals, place, proof } = args;
    let (scope, brand) = match which.scope.scope()? {
        Scope::Line(line) => (Wire::Line(line.clone()), line.brand),
        Scope::Account(id) => (Wire::AccountId(id), String::new()),
    };
    let mut request = pb::ReleaseLockRequest {
        request_id: request_id.get()?,
        scope: Some(scope),
        set: which.set.into(),
        holder: which.holder.into(),
        purpose: wire_purpose(purpose),
        evidence: Vec::new(),
        interaction: Some(place.interaction(ChannelName::App)),
        signals: signals.signals(),
    };
    request.evidence = proof.evidence(|| signing_text(request.clone(), &brand, ask::release_lock))?;
    let request_id = request.request_id.clone();
    let told = answered(&request_id, client.protection().release_lock(request)).await?;
    let pb::ReleaseLockResponse { decision, protection, consistency_token } = told;
    let decision = decision.ok_or_else(|| Failure::failed("the service answered without a decision"))?;
    let exit = exit_of(&decision);
    output.show(&Released { decision: Decided(decision), protection, consistency_token })?;
    Ok(exit)
}

fn wire_purpose(ForArgs { purpose, delivery }: ForArgs) -> Option<Purpose> {
    use pb::change::Change;
    use pb::sim_change::Target;
    let PurposeArgs { window, only_port_to, only_iccid, only_eid } = purpose;
    let port = only_port_to.map(|gaining_spid| {
        let pon = NO_PON.to_owned();
        Change::PortOut(pb::PortOut { gaining_spid, pon, gaining_name: String::new(), dealer_id: String::new() })
    });
    // The cause merely describes the change, and is no part of what is released.
    let sim = only_iccid.map(Target::Iccid).or(only_eid.map(Target::Eid)).map(|target| {
        Change::SimChange(pb::SimChange {
            target: Some(target),
            imei: String::new(),
            cause: pb::SimChangeCause::Upgrade.into(),
            old_iccid: String::new(),
            delivery: delivery.map_or(0, i32::from),
        })
    });
    let only_for = port.or(sim).map(|change| Purpose::OnlyFor(pb::Change { change: Some(change) }));
    only_for.or(window.map(|window| Purpose::Window(duration(window))))
}
