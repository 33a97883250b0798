//! `portcullis token`: access tokens of the development issuer.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::{EXIT_CODES, Exit, Failure};
use super::flags::parse_length;
use super::keys::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_BRAND, DEVELOPMENT_ISSUER};
use super::output::{Answer, Output};
use crate::clock::{Clock as _, SystemClock};
use crate::crypto::{SigningKey, install_jwt_provider, random_uuid, read_secret_file, write_new_secret_file};
use crate::domain::Role;
use crate::grpc::identity::{AccessTokenClaims, Audience, DevelopmentIssuer, TokenError};

/// The client that development tokens name.
const CLIENT_ID: &str = "portcullis-cli";

/// What the three parts of a signed token begin with: `{"` in base64url.
const TOKEN_BEGINS: &str = "eyJ";

/// The longest that a development token may live, in days.
const LIFETIME_DAYS_MAX: i64 = 30;

const EXAMPLES: &str = "\
The service only verifies tokens. This issues them in the place of a carrier's identity provider, for development \
and tests: keep its key away from any service that decides on customers' lines.

What a role is bound to has to be named:
  porting_system                         --spid
  retail_agent, retail_manager, pin_pad  --store
  customer, business_admin               --account, --person; --device where an app is signed in

Examples:
  portcullis token mint --issuer-key dev/issuer.key --role porting_system --subject hub --spid 5678
  portcullis token mint --issuer-key dev/issuer.key --role customer --subject ada \\
      --account A-1 --person P-1 --device D-1 --out dev/customer.token
";

/// `portcullis token`.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Issue an access token, for development only
    Mint(MintArgs),
}

/// Flags of `token mint`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct MintArgs {
    /// The development issuer's private key, as `keys generate --development` makes it
    #[arg(long, value_name = "FILE")]
    issuer_key: PathBuf,
    /// What its holder is
    #[arg(long, value_parser = role())]
    role: Role,
    /// Who its holder is, unique at the issuer
    #[arg(long, value_name = "TEXT")]
    subject: String,
    /// A customer's account
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// A customer's person on the account
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// The device that is signed in
    #[arg(long, value_name = "ID")]
    device: Option<String>,
    /// A clerk's or PIN pad's store
    #[arg(long, value_name = "ID")]
    store: Option<String>,
    /// The carrier that a porting system speaks for
    #[arg(long)]
    spid: Option<String>,
    /// The brand its holder belongs to
    #[arg(long, default_value = DEVELOPMENT_BRAND)]
    brand: String,
    /// How long it is good, like 90s, 15m, 8h or 7d; at most 30d
    #[arg(long, default_value = "1h", value_parser = parse_length, value_name = "LENGTH")]
    lifetime: TimeDelta,
    /// The issuer it names: the service's `identity.issuer`
    #[arg(long, default_value = DEVELOPMENT_ISSUER, value_name = "URL")]
    issuer: String,
    /// Whom it is for: the service's `identity.audience`
    #[arg(long, default_value = DEVELOPMENT_AUDIENCE, value_name = "TEXT")]
    audience: String,
    /// Write it to this file, for its owner alone, in place of an older token; else it is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn role() -> impl clap::builder::TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::NAMED.map(|(name, _)| name)).try_map(|name| Role::from_name(&name).ok_or("no role"))
}

/// Runs it.
pub(super) fn run(command: TokenCommand, output: Output) -> Result<Exit, Failure> {
    let TokenCommand::Mint(args) = command;
    let now = SystemClock::start().now().map_err(|error| Failure::caused(Exit::Failed, &error))?.instant();
    let out = args.out.clone();
    let minted = mint(args, now)?;
    match &out {
        Some(path) => {
            write_token(path, &minted.token)?;
            output.show(&Written { path, expire_time: minted.expire_time })?;
        }
        None => output.show(&minted)?,
    }
    Ok(Exit::Done)
}

fn mint(args: MintArgs, now: DateTime<Utc>) -> Result<Minted, Failure> {
    let MintArgs { issuer_key, role, subject, account, person, device, store, spid, brand, lifetime, .. } = args;
    if lifetime > TimeDelta::days(LIFETIME_DAYS_MAX) {
        return Err(Failure::invalid(format!("--lifetime must be at most {LIFETIME_DAYS_MAX}d")));
    }
    let expire_time = now + lifetime;
    let claims = AccessTokenClaims {
        iss: args.issuer,
        sub: subject,
        aud: Audience::One(args.audience),
        client_id: CLIENT_ID.to_owned(),
        exp: expire_time.timestamp(),
        iat: now.timestamp(),
        jti: random_uuid().map_err(|error| Failure::caused(Exit::Failed, &error))?,
        roles: vec![role.name().to_owned()],
        brand: Some(brand),
        account_id: account,
        person_id: person,
        device_id: device,
        store_id: store,
        spid,
        ..AccessTokenClaims::default()
    };
    // The service would refuse it: better here, where the flag can be named.
    claims.requester().map_err(|error| unusable(role, error))?;
    install_jwt_provider().map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let pem = read_secret_file(&issuer_key).map_err(|error| {
        Failure::caused(Exit::Invalid, &error)
            .advise("`portcullis keys generate DIR --development` makes an issuer's key")
    })?;
    let key = SigningKey::from_private_pem(&pem).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
    let issuer = DevelopmentIssuer::new(&key).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let token = issuer.issue(&claims).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    Ok(Minted { token, expire_time })
}

fn unusable(role: Role, error: TokenError) -> Failure {
    let flag = match error {
        TokenError::Claim("sub") => "--subject",
        TokenError::Claim("account_id") => "--account",
        TokenError::Claim("person_id") => "--person",
        TokenError::Claim("device_id") => "--device",
        TokenError::Claim("store_id") => "--store",
        TokenError::Claim("spid") => "--spid",
        TokenError::Claim("brand") => "--brand",
        _ => return Failure::caused(Exit::Invalid, &error),
    };
    Failure::invalid(format!("{flag} is missing or has no usable value for role `{}`", role.name()))
}

/// Replaces an older token, and nothing else: a name mistyped must not cost a key.
fn write_token(path: &Path, token: &str) -> Result<(), Failure> {
    if path.exists() {
        let old = read_secret_file(path).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
        if !old.starts_with(TOKEN_BEGINS) {
            let message = format!("`{}` is there and holds no token, so it is not overwritten", path.display());
            return Err(Failure::invalid(message));
        }
        fs::remove_file(path)
            .map_err(|error| Failure::failed(format!("cannot replace `{}`: {error}", path.display())))?;
    }
    write_new_secret_file(path, token.as_bytes()).map_err(|error| Failure::caused(Exit::Failed, &error))
}

/// A token. Has no `Debug`.
struct Minted {
    token: String,
    expire_time: DateTime<Utc>,
}

impl Answer for Minted {
    fn json(&self) -> Value {
        json!({ "token": self.token, "expire_time": instant(self.expire_time) })
    }

    fn text(&self) -> String {
        self.token.clone()
    }
}

struct Written<'a> {
    path: &'a Path,
    expire_time: DateTime<Utc>,
}

impl Answer for Written<'_> {
    fn json(&self) -> Value {
        json!({ "path": self.path, "expire_time": instant(self.expire_time) })
    }

    fn text(&self) -> String {
        format!("token in {}, good until {}", self.path.display(), instant(self.expire_time))
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
