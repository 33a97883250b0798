//! What is to be changed: one subcommand a change, the same for asking and for redeeming.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::line::LineArgs;
use super::names::{CauseName, ChannelName, DeliveryName, PersonRoleName};
use crate::cli::failure::Failure;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::change::Change;

/// How much of a public key's file is read, in bytes: the service takes 1,024.
const JWK_BYTES_MAX: u64 = 4_096;

/// A change of a line, and what else a command needs to know.
#[derive(Subcommand)]
pub(crate) enum ChangeCommand<A: Args> {
    /// The number moves to another carrier
    PortOut(Of<PortOutArgs, A>),
    /// The line moves to another SIM or eSIM
    SimChange(Of<SimChangeArgs, A>),
    /// A contact of the account is added, changed or removed
    ContactChange(Of<ContactChangeArgs, A>),
    /// Calls to the line go elsewhere
    CallForwarding(Of<CallForwardingArgs, A>),
    /// A person's role, or the account a line belongs to
    OwnerChange(Of<OwnerChangeArgs, A>),
    /// A new app key
    DeviceAdd(Of<DeviceAddArgs, A>),
}

/// A line, its change, and the rest.
#[derive(Args)]
pub(crate) struct Of<C: Args, A: Args> {
    #[command(flatten)]
    line: LineArgs,
    #[command(flatten)]
    change: C,
    #[command(flatten)]
    rest: A,
}

/// A change command taken apart.
pub(crate) struct ChangeParts<A> {
    /// The line.
    pub(crate) line: pb::LineRef,
    /// The change.
    pub(crate) change: pb::Change,
    /// Through what such a change is usually asked.
    pub(crate) channel: ChannelName,
    /// The rest.
    pub(crate) rest: A,
}

impl<A: Args> ChangeCommand<A> {
    /// Takes it apart.
    pub(crate) fn into_parts(self) -> Result<ChangeParts<A>, Failure> {
        match self {
            Self::PortOut(of) => of.parts(ChannelName::Port, |args| Ok(args.change())),
            Self::SimChange(of) => of.parts(ChannelName::Store, |args| Ok(args.change())),
            Self::ContactChange(of) => of.parts(ChannelName::Care, |args| Ok(args.change())),
            Self::CallForwarding(of) => of.parts(ChannelName::Care, |args| Ok(args.change())),
            Self::OwnerChange(of) => of.parts(ChannelName::Store, |args| Ok(args.change())),
            Self::DeviceAdd(of) => of.parts(ChannelName::App, DeviceAddArgs::change),
        }
    }
}

impl<C: Args, A: Args> Of<C, A> {
    fn parts(
        self,
        channel: ChannelName,
        change: impl FnOnce(C) -> Result<Change, Failure>,
    ) -> Result<ChangeParts<A>, Failure> {
        let change = pb::Change { change: Some(change(self.change)?) };
        Ok(ChangeParts { line: self.line.line_ref()?, change, channel, rest: self.rest })
    }
}

/// Flags of a port-out.
#[derive(Args)]
pub(crate) struct PortOutArgs {
    /// The gaining carrier's SPID
    #[arg(long, value_name = "SPID")]
    to: String,
    /// The port request's purchase order number
    #[arg(long)]
    pon: String,
    /// The gaining carrier's name, as the customer knows it
    #[arg(long, value_name = "TEXT")]
    gaining_name: Option<String>,
    /// The dealer who brings the customer
    #[arg(long, value_name = "ID")]
    dealer_id: Option<String>,
}

impl PortOutArgs {
    fn change(self) -> Change {
        Change::PortOut(pb::PortOut {
            gaining_spid: self.to,
            gaining_name: self.gaining_name.unwrap_or_default(),
            pon: self.pon,
            dealer_id: self.dealer_id.unwrap_or_default(),
        })
    }
}

/// Flags of a SIM change.
#[derive(Args)]
pub(crate) struct SimChangeArgs {
    #[command(flatten)]
    target: SimTargetArgs,
    /// Why, as the customer says
    #[arg(long, value_enum)]
    cause: CauseName,
    /// The device the SIM goes into
    #[arg(long)]
    imei: Option<String>,
    /// The SIM that you believe to be active
    #[arg(long, value_name = "ICCID")]
    old_iccid: Option<String>,
    /// How the new SIM gets to the customer
    #[arg(long, value_enum)]
    delivery: Option<DeliveryName>,
}

/// The SIM: exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SimTargetArgs {
    /// The card or profile
    #[arg(long)]
    iccid: Option<String>,
    /// The eSIM chip
    #[arg(long)]
    eid: Option<String>,
}

impl SimTargetArgs {
    /// As a message of the contract names it.
    pub(crate) fn named<T>(self, by_iccid: impl Fn(String) -> T, by_eid: impl Fn(String) -> T) -> Option<T> {
        self.iccid.map(by_iccid).or(self.eid.map(by_eid))
    }
}

impl SimChangeArgs {
    fn change(self) -> Change {
        use pb::sim_change::Target;
        Change::SimChange(pb::SimChange {
            target: self.target.named(Target::Iccid, Target::Eid),
            imei: self.imei.unwrap_or_default(),
            cause: self.cause.into(),
            old_iccid: self.old_iccid.unwrap_or_default(),
            delivery: self.delivery.map_or(0, i32::from),
        })
    }
}

/// Flags of a contact change.
#[derive(Args)]
pub(crate) struct ContactChangeArgs {
    /// The contact, or the id that a new one will have
    #[arg(long, value_name = "ID")]
    contact_id: String,
    #[command(flatten)]
    value: ContactValueArgs,
}

/// A contact's new value: exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ContactValueArgs {
    /// An e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// A number for text messages
    #[arg(long, value_name = "NUMBER")]
    sms: Option<String>,
    /// A number for voice calls
    #[arg(long, value_name = "NUMBER")]
    voice: Option<String>,
    /// A postal address, by its code
    #[arg(long, value_name = "TEXT")]
    new_postal_code: Option<String>,
    /// The contact is removed
    #[arg(long)]
    remove: bool,
}

impl ContactChangeArgs {
    fn change(self) -> Change {
        use pb::contact_change::Value;
        let ContactValueArgs { email, sms, voice, new_postal_code, remove } = self.value;
        let value = email
            .map(Value::Email)
            .or(sms.map(Value::Sms))
            .or(voice.map(Value::Voice))
            .or(new_postal_code.map(Value::PostalCode))
            .or(remove.then_some(Value::Remove(true)));
        Change::ContactChange(pb::ContactChange { contact_id: self.contact_id, value })
    }
}

/// Flags of call forwarding.
#[derive(Args)]
pub(crate) struct CallForwardingArgs {
    /// Where calls go
    #[arg(long, value_name = "NUMBER")]
    target: String,
}

impl CallForwardingArgs {
    fn change(self) -> Change {
        Change::CallForwardingSet(pb::CallForwarding { target_msisdn: self.target })
    }
}

/// Flags of an owner change.
#[derive(Args)]
pub(crate) struct OwnerChangeArgs {
    #[command(flatten)]
    target: OwnerTargetArgs,
    /// What the person becomes
    #[arg(long, value_enum, requires = "person", required_unless_present_any = ["to_account", "close"])]
    role: Option<PersonRoleName>,
}

/// Who or where to: exactly one.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct OwnerTargetArgs {
    /// A person of the account gets another role
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// The line moves to this account
    #[arg(long, value_name = "ID")]
    to_account: Option<String>,
    /// The line is closed
    #[arg(long)]
    close: bool,
}

impl OwnerChangeArgs {
    fn change(self) -> Change {
        use pb::owner_change::Target;
        let OwnerTargetArgs { person, to_account, close } = self.target;
        let role = self.role.map_or(0, i32::from);
        let person = person.map(|person_id| Target::Person(pb::PersonRoleChange { person_id, role }));
        let target = person.or(to_account.map(Target::ToAccountId)).or(close.then_some(Target::Close(true)));
        Change::OwnerChange(pb::OwnerChange { target })
    }
}

/// Flags of a new device.
#[derive(Args)]
pub(crate) struct DeviceAddArgs {
    /// The public key, a JSON Web Key
    #[arg(long, value_name = "FILE")]
    public_key_file: PathBuf,
    /// What the customer knows the device as
    #[arg(long, value_name = "TEXT")]
    model: Option<String>,
}

impl DeviceAddArgs {
    fn change(self) -> Result<Change, Failure> {
        let unreadable = |error| Failure::invalid(format!("cannot read `{}`: {error}", self.public_key_file.display()));
        let mut jwk = String::new();
        File::open(&self.public_key_file)
            .and_then(|file| file.take(JWK_BYTES_MAX).read_to_string(&mut jwk))
            .map_err(unreadable)?;
        let public_key_jwk = jwk.trim().to_owned();
        Ok(Change::DeviceAdd(pb::DeviceAdd { public_key_jwk, model: self.model.unwrap_or_default() }))
    }
}
