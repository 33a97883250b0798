//! What an access token says, and the requester it makes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::TokenError;
use crate::domain::{
    AccountId, Brand, Connection, DeviceId, FormatError, HeldName, PersonId, Requester, Role, Roster, RosterHours,
    Spid, StoreId, Subject,
};

/// The most stores, and the most devices, that the roster of one token lists.
const ROSTER_LISTED_MAX: usize = 64;

/// The claims of an access token: those of RFC 9068, and what it binds its holder to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessTokenClaims {
    /// The issuer.
    pub iss: String,
    /// The holder, unique at the issuer.
    pub sub: String,
    /// Whom it is for.
    pub aud: Audience,
    /// The client that got it.
    pub client_id: String,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// When it was issued, in seconds since 1970.
    pub iat: i64,
    /// From when it is good, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Its own name.
    pub jti: String,
    /// Roles; exactly one of them is one of this engine's.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The brand its holder belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// A customer's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// A customer's person on that account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person_id: Option<String>,
    /// The device that is signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The store of a clerk or PIN pad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_id: Option<String>,
    /// The carrier a porting system speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spid: Option<String>,
    /// When its holder's hours in the store begin by the roster, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster_begin: Option<i64>,
    /// When they end, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster_end: Option<i64>,
    /// The stores in which its holder works by the roster; where there is none, `store_id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roster_stores: Vec<String>,
    /// The devices on which they work by the roster; where there is none, any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roster_devices: Vec<String>,
    /// The certificate it is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
}

/// What shows that a token is its holder's own (RFC 7800).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// SHA-256 of the holder's certificate, base64url without padding (RFC 8705, section 3.1). A way to confirm that is
    /// not known here leaves it out, and such a token is not believed.
    #[serde(rename = "x5t#S256", default)]
    pub certificate_sha256: Option<String>,
}

impl Confirmation {
    /// That of a certificate.
    pub fn of(thumbprint: &[u8; 32]) -> Self {
        Self { certificate_sha256: Some(URL_SAFE_NO_PAD.encode(thumbprint)) }
    }

    /// The certificate's SHA-256.
    pub(super) fn thumbprint(&self) -> Result<[u8; 32], TokenError> {
        let text = self.certificate_sha256.as_ref().ok_or(TokenError::Claim("cnf"))?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Claim("cnf"))?;
        bytes.try_into().map_err(|_| TokenError::Claim("cnf"))
    }
}

/// Whom a token is for: one text, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Audience {
    /// Whether `name` is among them.
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
        }
    }
}

impl AccessTokenClaims {
    /// Who this makes its holder. What the role must be bound to has to be there.
    pub fn requester(&self) -> Result<Requester, TokenError> {
        require_text("client_id", &self.client_id)?;
        require_text("jti", &self.jti)?;
        let requester = Requester {
            // The bar keeps issuer and holder apart: a holder cannot name themselves into another issuer.
            subject: claim("sub", Some(&format!("{}|{}", self.iss, self.sub)), Subject::parse)?
                .ok_or(TokenError::Claim("sub"))?,
            role: the_role(&self.roles)?,
            brand: claim("brand", self.brand.as_ref(), Brand::parse)?.ok_or(TokenError::Claim("brand"))?,
            account: claim("account_id", self.account_id.as_ref(), AccountId::parse)?,
            person: claim("person_id", self.person_id.as_ref(), PersonId::parse)?,
            device: claim("device_id", self.device_id.as_ref(), DeviceId::parse)?,
            store: claim("store_id", self.store_id.as_ref(), StoreId::parse)?,
            spid: claim("spid", self.spid.as_ref(), Spid::parse)?,
            token: HeldName::parse(&self.jti).ok(),
            roster: self.roster()?,
            connection: Connection::default(),
        };
        check_bindings(&requester)?;
        Ok(requester)
    }

    fn roster(&self) -> Result<Roster, TokenError> {
        let hours = match (self.roster_begin, self.roster_end) {
            (None, None) => None,
            (Some(begin), Some(end)) => {
                Some(RosterHours { begin: seconds("roster_begin", begin)?, end: seconds("roster_end", end)? })
            }
            (None, Some(_)) => return Err(TokenError::Claim("roster_begin")),
            (Some(_), None) => return Err(TokenError::Claim("roster_end")),
        };
        Ok(Roster {
            hours,
            stores: listed("roster_stores", &self.roster_stores, StoreId::parse)?,
            devices: listed("roster_devices", &self.roster_devices, DeviceId::parse)?,
        })
    }
}

/// An instant of a claim.
pub(super) fn seconds(name: &'static str, value: i64) -> Result<DateTime<Utc>, TokenError> {
    // A century is beyond every token's life, and keeps the leeway's arithmetic far from its limits.
    const LATEST_SECONDS: i64 = 32_503_680_000;
    (0..=LATEST_SECONDS)
        .contains(&value)
        .then(|| DateTime::from_timestamp(value, 0))
        .flatten()
        .ok_or(TokenError::Claim(name))
}

fn listed<T>(
    name: &'static str,
    texts: &[String],
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<Vec<T>, TokenError> {
    if texts.len() > ROSTER_LISTED_MAX {
        return Err(TokenError::Claim(name));
    }
    texts.iter().map(|text| parse(text).map_err(|_| TokenError::Claim(name))).collect()
}

fn require_text(name: &'static str, value: &str) -> Result<(), TokenError> {
    if value.is_empty() { Err(TokenError::Claim(name)) } else { Ok(()) }
}

fn claim<T>(
    name: &'static str,
    value: Option<&String>,
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<Option<T>, TokenError> {
    value.map(|text| parse(text).map_err(|_| TokenError::Claim(name))).transpose()
}

/// Roles of other systems are nobody's business here; two of ours would leave open which one acts.
fn the_role(names: &[String]) -> Result<Role, TokenError> {
    let mut known = names.iter().filter_map(|name| Role::from_name(name));
    match (known.next(), known.next()) {
        (Some(role), None) => Ok(role),
        _ => Err(TokenError::Claim("roles")),
    }
}

pub(super) fn check_bindings(requester: &Requester) -> Result<(), TokenError> {
    let bound = |is_bound: bool, name| if is_bound { Ok(()) } else { Err(TokenError::Claim(name)) };
    match requester.role {
        Role::Customer | Role::BusinessAdmin => {
            bound(requester.account.is_some(), "account_id")?;
            bound(requester.person.is_some(), "person_id")
        }
        Role::RetailAgent | Role::RetailManager | Role::PinPad => bound(requester.store.is_some(), "store_id"),
        Role::PortingSystem => bound(requester.spid.is_some(), "spid"),
        Role::CareAgent
        | Role::Ivr
        | Role::Provisioning
        | Role::NetworkSignals
        | Role::FraudOps
        | Role::Auditor
        | Role::RelyingParty
        | Role::Admin => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessTokenClaims, Audience, TokenError};
    use crate::domain::Role;

    pub(super) fn claims() -> AccessTokenClaims {
        AccessTokenClaims {
            iss: "https://issuer.example".to_owned(),
            sub: "clerk-7".to_owned(),
            aud: Audience::One("portcullis".to_owned()),
            client_id: "pos".to_owned(),
            exp: 1_800_000_600,
            iat: 1_800_000_000,
            jti: "t-1".to_owned(),
            roles: vec!["retail_agent".to_owned(), "canteen".to_owned()],
            brand: Some("acme".to_owned()),
            store_id: Some("S1".to_owned()),
            ..AccessTokenClaims::default()
        }
    }

    #[test]
    fn a_clerk_is_bound_to_a_store() {
        let requester = claims().requester().unwrap();
        assert_eq!(requester.role, Role::RetailAgent);
        assert_eq!(requester.subject.as_str(), "https://issuer.example|clerk-7");
        let unbound = AccessTokenClaims { store_id: None, ..claims() };
        assert_eq!(unbound.requester(), Err(TokenError::Claim("store_id")));
    }

    #[test]
    fn each_role_needs_what_binds_it() {
        for (role, missing) in
            [("customer", "account_id"), ("business_admin", "account_id"), ("porting_system", "spid")]
        {
            let unbound = AccessTokenClaims { roles: vec![role.to_owned()], ..claims() };
            assert_eq!(unbound.requester(), Err(TokenError::Claim(missing)), "{role}");
        }
    }

    #[test]
    fn exactly_one_role_is_ours() {
        for roles in [vec![], vec!["canteen"], vec!["retail_agent", "auditor"], vec!["retail_agent", "retail_agent"]] {
            let unclear = AccessTokenClaims { roles: roles.iter().map(ToString::to_string).collect(), ..claims() };
            assert_eq!(unclear.requester(), Err(TokenError::Claim("roles")), "{roles:?}");
        }
    }

    #[test]
    fn a_bad_claim_is_named() {
        let bad = "not an identifier".to_owned();
        let cases = [
            ("brand", AccessTokenClaims { brand: None, ..claims() }),
            ("brand", AccessTokenClaims { brand: Some(bad.clone()), ..claims() }),
            ("sub", AccessTokenClaims { sub: bad.clone(), ..claims() }),
            ("account_id", AccessTokenClaims { account_id: Some(bad.clone()), ..claims() }),
            ("person_id", AccessTokenClaims { person_id: Some(bad.clone()), ..claims() }),
            ("device_id", AccessTokenClaims { device_id: Some(bad.clone()), ..claims() }),
            ("store_id", AccessTokenClaims { store_id: Some(bad.clone()), ..claims() }),
            ("spid", AccessTokenClaims { spid: Some(bad.clone()), ..claims() }),
            ("roster_begin", AccessTokenClaims { roster_end: Some(1), ..claims() }),
            ("roster_end", AccessTokenClaims { roster_begin: Some(1), ..claims() }),
            ("roster_end", AccessTokenClaims { roster_begin: Some(1), roster_end: Some(i64::MAX), ..claims() }),
            ("roster_stores", AccessTokenClaims { roster_stores: vec![bad.clone()], ..claims() }),
            ("roster_stores", AccessTokenClaims { roster_stores: vec!["S1".to_owned(); 65], ..claims() }),
            ("roster_devices", AccessTokenClaims { roster_devices: vec![bad], ..claims() }),
            ("client_id", AccessTokenClaims { client_id: String::new(), ..claims() }),
            ("jti", AccessTokenClaims { jti: String::new(), ..claims() }),
        ];
        for (name, claims) in cases {
            assert_eq!(claims.requester(), Err(TokenError::Claim(name)));
        }
    }
}
