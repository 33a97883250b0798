//! Signed permits: what an approval allowed, as a JWS that whoever is shown it verifies with the published keys.
//!
//! A signed permit is a claim beside the opaque one, for relying parties who cannot ask the engine. It says nothing that
//! its asker did not say or was not told: the line by its subscription, the new SIM or carrier, and the digest of the exact
//! change; no phone number, no contact, no person. Ed25519 is deterministic and so is the text: a repeated request gets the
//! same one, also after a rotation.
//!
//! JWS in compact form (RFC 7515) with a JWT's claims (RFC 7519); the change stands in `authorization_details` (RFC 9396).

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::keyring::Keyring;
use super::signatures::{SignatureError, SigningKeys};
use crate::domain::{Change, ChangeDigest, LineId, OwnerChange, RecordId, SimTarget};

const ALGORITHM: &str = "EdDSA";
const TYPE: &str = "portcullis-permit+jwt";
/// What kind of authorization the details are of (RFC 9396, section 2.1).
const DETAIL_TYPE: &str = "portcullis_change";

/// Who signs, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermitNames {
    /// The `iss` of every signed permit.
    pub issuer: String,
    /// Its `aud`: the relying parties.
    pub audience: Vec<String>,
}

/// What a signed permit tells.
#[derive(Debug, Clone, Copy)]
pub struct PermitStatement<'a> {
    /// The decision that approved.
    pub decision: RecordId,
    /// The line, by its subscription.
    pub line: &'a LineId,
    /// The exact change.
    pub change: &'a Change,
    /// Its digest.
    pub digest: ChangeDigest,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// The permit is good from here.
    pub not_before: DateTime<Utc>,
    /// Until just before this instant.
    pub expires_at: DateTime<Utc>,
}

/// Signs permits.
#[derive(Clone)]
pub struct PermitSigner {
    keys: SigningKeys,
    names: PermitNames,
}

impl PermitSigner {
    /// Prepares the permit-signing keys.
    pub fn new(keyring: &Keyring, names: PermitNames) -> Self {
        Self { keys: SigningKeys::new(&keyring.permit_signing), names }
    }

    /// The number of the key that signs now. Kept with the decision, so that its permit can be signed again alike.
    pub fn active_key_number(&self) -> Result<u8, SignatureError> {
        Ok(self.keys.active()?.number())
    }

    /// The signed permit, under the key kept with the decision. `None` where the keyring does not hold that key any more:
    /// it was retired for good, after every permit it signed had ended.
    pub fn sign(&self, key_number: u8, permit: &PermitStatement<'_>) -> Result<Option<String>, SignatureError> {
        let Some(pair) = self.keys.numbered(key_number) else { return Ok(None) };
        let header = encoded(&Header { alg: ALGORITHM, kid: pair.id().to_string(), typ: TYPE })?;
        let claims = encoded(&self.claims(permit))?;
        let mut text = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes())?);
        text.push('.');
        text.push_str(&signature);
        Ok(Some(text))
    }

    fn claims<'a>(&'a self, permit: &PermitStatement<'a>) -> Claims<'a> {
        Claims {
            iss: &self.names.issuer,
            aud: &self.names.audience,
            sub: permit.line.as_str(),
            jti: permit.decision.to_string(),
            // Whole seconds, cut off: who verifies at once finds the permit begun. Redemption keeps the exact instants.
            iat: permit.decided_at.timestamp(),
            nbf: permit.not_before.timestamp(),
            exp: permit.expires_at.timestamp(),
            authorization_details: [Detail::new(permit)],
        }
    }
}

/// The public halves of all permit-signing keys, as a JSON Web Key Set (RFC 7517): the active key first.
pub fn permit_key_set(keyring: &Keyring) -> String {
    let keys: Vec<String> = SigningKeys::new(&keyring.permit_signing).public().iter().map(|key| key.jwk()).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

#[derive(Serialize)]
struct Header {
    alg: &'static str,
    kid: String,
    typ: &'static str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a [String],
    sub: &'a str,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    authorization_details: [Detail<'a>; 1],
}

/// The change, as far as a relying party needs to be told what it should do. What names a person or a number is covered by
/// the digest alone.
#[derive(Serialize, Default)]
struct Detail<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    actions: [&'static str; 1],
    /// The line.
    identifier: &'a str,
    /// SHA-256 of the change's canonical text, in hexadecimal.
    change_sha256: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iccid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eid: Option<&'a str>,
    /// Of a SIM that goes to the postal address on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gaining_spid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_brand: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_account_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<bool>,
}

impl<'a> Detail<'a> {
    fn new(permit: &PermitStatement<'a>) -> Self {
        let ChangeDigest(digest) = permit.digest;
        let detail = Self {
            kind: DETAIL_TYPE,
            actions: [permit.change.action().name()],
            identifier: permit.line.as_str(),
            change_sha256: hex(&digest),
            ..Self::default()
        };
        match permit.change {
            Change::Sim(sim) => {
                let detail = Self { delivery: sim.is_shipped().then_some("SHIPPED"), ..detail };
                match &sim.target {
                    SimTarget::Iccid(iccid) => Self { iccid: Some(iccid.as_str()), ..detail },
                    SimTarget::Eid(eid) => Self { eid: Some(eid.as_str()), ..detail },
                }
            }
            Change::PortOut(port) => Self { gaining_spid: Some(port.gaining_spid.as_str().to_owned()), ..detail },
            Change::Owner(OwnerChange::ToAccount { brand, account }) => {
                Self { to_brand: Some(brand.as_str()), to_account_id: Some(account.as_str()), ..detail }
            }
            Change::Owner(OwnerChange::Close) => Self { close: Some(true), ..detail },
            Change::Owner(OwnerChange::Role { .. })
            | Change::Contact(_)
            | Change::CallForwarding { .. }
            | Change::DeviceAdd { .. }
            | Change::TransferPinIssue { .. }
            | Change::LockRelease { .. }
            | Change::SwapReport { .. }
            | Change::PinChange => detail,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn encoded(part: &impl Serialize) -> Result<String, SignatureError> {
    let json = serde_json::to_vec(part).map_err(|_| SignatureError::Malformed)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::{PermitNames, PermitSigner, PermitStatement, permit_key_set};
    use crate::crypto::{Keyring, Purpose, change_digest};
    use crate::domain::{
        AccountId, Brand, Change, ContactChange, ContactId, ContactValue, Iccid, LineId, Msisdn, OwnerChange, Pon,
        PortOut, RecordId, SimChange, SimChangeCause, SimTarget, Spid,
    };

    fn signer(keyring: &Keyring) -> PermitSigner {
        let audience = vec!["https://sim.carrier.example".to_owned(), "https://port.carrier.example".to_owned()];
        PermitSigner::new(keyring, PermitNames { issuer: "https://portcullis.carrier.example".to_owned(), audience })
    }

    fn sim() -> Change {
        let target = SimTarget::Iccid(Iccid::parse("8901260123456789011").unwrap());
        Change::Sim(SimChange { target, imei: None, cause: SimChangeCause::Upgrade, old_iccid: None, delivery: None })
    }

    fn signed(signer: &PermitSigner, key: u8, change: &Change) -> Option<String> {
        let line = LineId::parse("line-1").unwrap();
        let at = |millis| DateTime::from_timestamp_millis(1_800_000_000_000_i64 + millis).unwrap();
        let permit = PermitStatement {
            decision: RecordId::from_u128(0x019c_a8f1_2233_7444_8555_6677_8899_aa00),
            line: &line,
            change,
            digest: change_digest(change),
            decided_at: at(999),
            not_before: at(999),
            expires_at: at(900_999),
        };
        signer.sign(key, &permit).unwrap()
    }

    fn claims(text: &str) -> Value {
        let part = text.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    /// Relying parties' code is written against this. Made with the Python package `cryptography`.
    #[test]
    fn golden_signed_permit() {
        let text = signed(&signer(&Keyring::known()), 1, &sim()).unwrap();
        assert_eq!(text, include_str!("signed_permit.txt").trim());
        assert_eq!(permit_key_set(&Keyring::known()), include_str!("signed_permit_keys.json").trim());
    }

    #[test]
    fn the_same_permit_is_signed_alike_after_a_rotation_and_not_at_all_without_its_key() {
        let before = signed(&signer(&Keyring::known()), 1, &sim()).unwrap();
        let rotated = Keyring::known().rotate(Purpose::PermitSigning, DateTime::UNIX_EPOCH).unwrap();
        let after = signer(&rotated);
        assert_eq!(after.active_key_number(), Ok(2));
        assert_eq!(signed(&after, 1, &sim()).unwrap(), before);
        assert_ne!(signed(&after, 2, &sim()).unwrap(), before);
        assert_eq!(signed(&after, 3, &sim()), None);
        let keys: Value = serde_json::from_str(&permit_key_set(&rotated)).unwrap();
        assert_eq!(keys["keys"].as_array().unwrap().len(), 2);
        let known: Value = serde_json::from_str(&permit_key_set(&Keyring::known())).unwrap();
        assert_eq!(keys["keys"][1], known["keys"][0]);
    }

    #[test]
    fn it_says_what_should_be_done_and_names_no_number_and_no_person() {
        let told = |change: Change| claims(&signed(&signer(&Keyring::known()), 1, &change).unwrap());
        let port = PortOut {
            gaining_spid: Spid::parse("6529").unwrap(),
            gaining_name: None,
            pon: Pon::parse("A1").unwrap(),
            dealer: None,
        };
        let detail = &told(Change::PortOut(port))["authorization_details"][0];
        assert_eq!((&detail["gaining_spid"], &detail["actions"]), (&json!("6529"), &json!(["PORT_OUT"])));
        let number = Msisdn::parse("+12125550123").unwrap();
        let sms = ContactChange { contact: ContactId::parse("c").unwrap(), value: Some(ContactValue::Sms(number)) };
        for change in [Change::CallForwarding { target: number }, Change::Contact(sms)] {
            let detail = told(change)["authorization_details"][0].clone();
            assert_eq!(detail.as_object().unwrap().len(), 4, "{detail}");
            assert!(!detail.to_string().contains("2125550123"), "{detail}");
        }
        let to = OwnerChange::ToAccount {
            brand: Brand::parse("north").unwrap(),
            account: AccountId::parse("acct-2").unwrap(),
        };
        let detail = &told(Change::Owner(to))["authorization_details"][0];
        assert_eq!((&detail["to_brand"], &detail["to_account_id"]), (&json!("north"), &json!("acct-2")));
        assert_eq!(told(Change::Owner(OwnerChange::Close))["authorization_details"][0]["close"], true);
    }
}
