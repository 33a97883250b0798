//! What shows who calls.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use rustls::pki_types::CertificateDer;
use tonic::metadata::{MetadataMap, MetadataValue};
use zeroize::Zeroizing;

use crate::crypto::{Keyring, SigningKey, Tokens, install_jwt_provider};
use crate::grpc::identity::{Algorithm, Authenticator, Clients, OffHours, TokenRules, TrustedIssuer, TrustedKeys};
use crate::grpc::listener::{ClientAuthority, PeerCertificate, Presence, Tls, TlsIdentity};

/// A key of nobody's, so that seeds stay good.
const SIGNING_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAjoXMVcQlmZdb8M1GTki++ME8fLgXxZ2cUn5kv7cWve\n\
    -----END PRIVATE KEY-----\n";

/// When the tokens come, in seconds since 1970.
const NOW_SECONDS: i64 = 1_800_000_000;

struct World {
    key: SigningKey,
    authenticator: Authenticator,
}

fn rules() -> TokenRules {
    TokenRules {
        issuer: "https://issuer.example".to_owned(),
        audience: "portcullis".to_owned(),
        algorithms: vec![Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256],
        leeway_seconds: 60,
        roles: Vec::new(),
        must_be_bound: false,
    }
}

fn world() -> Option<&'static World> {
    static WORLD: OnceLock<Option<World>> = OnceLock::new();
    let made = WORLD.get_or_init(|| {
        install_jwt_provider().ok()?;
        let key = SigningKey::from_private_pem(SIGNING_KEY).ok()?;
        let issuer = TrustedIssuer::new(rules(), TrustedKeys::from_pem(&key.public_pem()).ok()?).ok()?;
        let authenticator = Authenticator::new(vec![issuer], Clients::default(), Tokens::new(&Keyring::known()), 16);
        Some(World { key, authenticator })
    });
    assert!(made.is_some(), "the world of access tokens cannot be made");
    made.as_ref()
}

impl World {
    fn believes(&self, authorization: MetadataValue<tonic::metadata::Ascii>) -> bool {
        let mut metadata = MetadataMap::new();
        metadata.insert("authorization", authorization);
        let now = DateTime::from_timestamp(NOW_SECONDS, 0).unwrap_or_default();
        self.authenticator.authenticate(&metadata, None, now, OffHours::Refused).is_ok()
    }

    /// `head` and `claims` as a token that the issuer signed.
    fn sign(&self, head: &[u8], claims: &[u8]) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("Bearer {signed}.{signature}")
    }
}

/// An access token in a call's metadata. After the first byte: the header as it comes, or what the issuer signs, JOSE
/// header and claims with a zero byte between. Without its signature nothing is believed.
pub(super) fn access_token(data: &[u8]) {
    let (Some(world), Some((kind, rest))) = (world(), data.split_first()) else { return };
    if *kind == 0 {
        if let Ok(value) = MetadataValue::try_from(rest) {
            world.believes(value);
        }
        return;
    }
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let (head, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let text = world.sign(head, claims);
    let Ok(value) = MetadataValue::try_from(text.as_str()) else { return };
    if world.believes(value) {
        let other = text.rsplit_once('.').map(|(signed, _)| format!("{signed}.{}", URL_SAFE_NO_PAD.encode([1; 64])));
        let forged = other.and_then(|text| MetadataValue::try_from(text).ok());
        assert!(forged.is_some_and(|forged| !world.believes(forged)), "a token is believed without its signature");
    }
}

/// Public keys of an issuer: a key set, or PEM. What is read can be used, or is refused as an issuer's.
pub(super) fn key_set(data: &[u8]) {
    if world().is_none() {
        return;
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    for keys in [TrustedKeys::from_jwks(text), TrustedKeys::from_pem(text)].into_iter().flatten() {
        // A key that no signature can be checked with is found here and not by the first caller.
        let _ = TrustedIssuer::new(rules(), keys);
    }
}

fn server() -> Option<&'static TlsIdentity> {
    static SERVER: OnceLock<Option<TlsIdentity>> = OnceLock::new();
    let made = SERVER.get_or_init(|| {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).ok()?;
        Some(TlsIdentity {
            certificate_chain_pem: made.cert.pem(),
            private_key_pem: Zeroizing::new(made.signing_key.serialize_pem()),
            clients: None,
        })
    });
    assert!(made.is_some(), "a certificate cannot be made");
    made.as_ref()
}

/// After the first byte: a caller's certificate (DER), or one of the files of TLS (PEM) in the place of each.
pub(super) fn certificate(data: &[u8]) {
    let (Some(server), Some((kind, rest))) = (server(), data.split_first()) else { return };
    if *kind == 0 {
        let shown = PeerCertificate::new(&CertificateDer::from(rest));
        assert!(shown.names.len() <= 16, "a certificate with {} names", shown.names.len());
        return;
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let own = server.certificate_chain_pem.clone();
    let clients = |roots_pem: String, revoked_pem: Option<String>| {
        Some(ClientAuthority { roots_pem, revoked_pem, presence: Presence::Optional })
    };
    let identity = match kind {
        1 => TlsIdentity { clients: clients(text.to_owned(), None), ..server.clone() },
        2 => TlsIdentity { clients: clients(own, Some(text.to_owned())), ..server.clone() },
        3 => TlsIdentity { certificate_chain_pem: text.to_owned(), ..server.clone() },
        _ => TlsIdentity { private_key_pem: Zeroizing::new(text.to_owned()), ..server.clone() },
    };
    // Either way: it came back, and a file that cannot be used changes nothing.
    let _ = Tls::new(&identity).map(Arc::new);
}
