//! Who asks: an identity of the day, and the access token that says so.

use chrono::{DateTime, TimeDelta, Utc};

use super::sheet::Row;
use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::{DEVELOPMENT_AUDIENCE, DEVELOPMENT_BRAND, DEVELOPMENT_ISSUER};
use crate::crypto::{SigningKey, install_jwt_provider, random_uuid};
use crate::grpc::identity::{AccessTokenClaims, Audience, DevelopmentIssuer};

/// The client that tokens of the day name.
const CLIENT_ID: &str = "portcullis-day";

/// How long tokens of the day are good, in hours: as long as somebody may want to try something by hand.
const TOKEN_LIFE_HOURS: i64 = 24;

/// An identity, as its token names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Asker {
    /// The role's name.
    pub(super) role: String,
    /// Unique at the issuer. A customer is `account/person`.
    pub(super) who: String,
    /// A clerk's or PIN pad's store; empty for others.
    pub(super) store: String,
    /// The device a customer is signed in on; empty for others.
    pub(super) device: String,
    /// The carrier a porting system speaks for; empty for others.
    pub(super) spid: String,
}

impl Asker {
    /// The identity that a row's columns name.
    pub(super) fn of(row: &Row) -> Self {
        let cell = |column| row.cell(column).to_owned();
        let spid = row.cell("who").strip_prefix("port-").unwrap_or_default().to_owned();
        Self { role: cell("role"), who: cell("who"), store: cell("store"), device: cell("device"), spid }
    }

    /// The system that brings the requests of one gaining carrier.
    pub(super) fn porting(spid: &str) -> Self {
        Self { spid: spid.to_owned(), ..Self::system("porting_system", &format!("port-{spid}")) }
    }

    /// A system bound to nothing.
    pub(super) fn system(role: &str, who: &str) -> Self {
        let (role, who) = (role.to_owned(), who.to_owned());
        Self { role, who, store: String::new(), device: String::new(), spid: String::new() }
    }
}

/// Issues the day's tokens.
pub(super) struct Issuer {
    issuer: DevelopmentIssuer,
    now: DateTime<Utc>,
}

impl Issuer {
    /// With the development issuer's private key.
    pub(super) fn new(private_pem: &str, now: DateTime<Utc>) -> Result<Self, Failure> {
        let failed = |error: &(dyn std::error::Error + 'static)| Failure::caused(Exit::Failed, error);
        install_jwt_provider().map_err(|error| failed(&error))?;
        let key = SigningKey::from_private_pem(private_pem).map_err(|error| failed(&error))?;
        Ok(Self { issuer: DevelopmentIssuer::new(&key).map_err(|error| failed(&error))?, now })
    }

    /// A token for `asker`.
    pub(super) fn issue(&self, asker: &Asker) -> Result<String, Failure> {
        let Asker { role, who, store, device, spid } = asker;
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (account, person) = who.split_once('/').unzip();
        let claims = AccessTokenClaims {
            iss: DEVELOPMENT_ISSUER.to_owned(),
            sub: who.clone(),
            aud: Audience::One(DEVELOPMENT_AUDIENCE.to_owned()),
            client_id: CLIENT_ID.to_owned(),
            exp: (self.now + TimeDelta::hours(TOKEN_LIFE_HOURS)).timestamp(),
            iat: self.now.timestamp(),
            jti: random_uuid().map_err(|error| Failure::caused(Exit::Failed, &error))?,
            roles: vec![role.clone()],
            brand: Some(DEVELOPMENT_BRAND.to_owned()),
            account_id: account.map(str::to_owned),
            person_id: person.map(str::to_owned),
            device_id: given(device),
            store_id: given(store),
            spid: given(spid),
            ..AccessTokenClaims::default()
        };
        let about = |error: &(dyn std::error::Error + 'static)| {
            Failure::caused(Exit::Invalid, error).advise(format!("a role, binding or name that `{who}` may have"))
        };
        claims.requester().map_err(|error| about(&error))?;
        self.issuer.issue(&claims).map_err(|error| about(&error))
    }
}
