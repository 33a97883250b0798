//! Signatures of customers' devices: the app's public key as JWK, Ed25519 or P-256.
//!
//! A JWK has one canonical text (RFC 7638), so one key counts once however it was spelt.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::digest::sha256_plain;
use super::json::parse_object;

/// A public key with every member it may have is under 400 bytes.
const JWK_BYTES_MAX: usize = 1024;
const COORDINATE_BYTES: usize = 32;
/// What stands before the two coordinates of a point that is written out in full.
const UNCOMPRESSED: u8 = 4;

/// A text that is no key a device may register, and why. Nothing of the text is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AppKeyError {
    /// Not a JWK, or with members that a device's key has no use for.
    #[error("must be a JWK: kty, crv, x and for P-256 y; beside them only alg, use, key_ops, kid and ext")]
    NotJwk,
    /// Another kind of key.
    #[error("must be an Ed25519 key (kty OKP) or a P-256 key (kty EC), for signatures")]
    OtherKind,
    /// Not a point of the curve that can be a key.
    #[error("must be a public key of its curve: 32 bytes a coordinate in base64url, and no point of small order")]
    NotAPoint,
    /// A private key. The device should make a new one: this one has left it.
    #[error("must be a public key: this is a private one, which must never leave its device")]
    Private,
}

/// A device's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppKey {
    curve: Curve,
    /// As `ring` takes it: 32 bytes for Ed25519, the uncompressed point for P-256.
    public: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    Ed25519,
    P256,
}

/// A JWK, taken apart: every member by name, unknown and repeated ones refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JwkForm {
    kty: String,
    crv: String,
    x: String,
    y: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    #[serde(rename = "kid")]
    _kid: Option<String>,
    #[serde(rename = "ext")]
    _ext: Option<bool>,
    d: Option<IgnoredAny>,
}

impl AppKey {
    /// Reads a public key from a JWK of at most 1,024 bytes. Whether a P-256 point lies on its curve shows with the first
    /// signature: none verifies under one that does not.
    pub fn parse(jwk: &str) -> Result<Self, AppKeyError> {
        if jwk.len() > JWK_BYTES_MAX {
            return Err(AppKeyError::NotJwk);
        }
        let form: JwkForm = parse_object(jwk.as_bytes()).map_err(|_| AppKeyError::NotJwk)?;
        if form.d.is_some() {
            return Err(AppKeyError::Private);
        }
        let curve = form.curve().filter(|_| form.is_for_signatures()).ok_or(AppKeyError::OtherKind)?;
        let x = coordinate(&form.x)?;
        let public = match (curve, &form.y) {
            (Curve::Ed25519, None) if !is_of_small_order(x) => x.to_vec(),
            (Curve::P256, Some(y)) => [[UNCOMPRESSED].as_slice(), &x, &coordinate(y)?].concat(),
            _ => return Err(AppKeyError::NotAPoint),
        };
        Ok(Self { curve, public })
    }

    /// Whether `signature` is this key's over `message`: Ed25519, or ECDSA with SHA-256 as JWS has it (r and s, 64 bytes).
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &'static dyn VerificationAlgorithm = match self.curve {
            Curve::Ed25519 => &ED25519,
            Curve::P256 => &ECDSA_P256_SHA256_FIXED,
        };
        UnparsedPublicKey::new(algorithm, &self.public).verify(message, signature).is_ok()
    }

    /// The key's one canonical text: its required members in order, without spaces (RFC 7638).
    pub fn canonical_jwk(&self) -> String {
        match self.curve {
            Curve::Ed25519 => Self::ed25519_jwk(&self.public),
            Curve::P256 => {
                let coordinates = self.public.get(1..).unwrap_or_default();
                let (x, y) = coordinates.split_at_checked(COORDINATE_BYTES).unwrap_or_default();
                let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
        }
    }

    /// The SHA-256 of the canonical text: the key's name.
    pub fn thumbprint(&self) -> [u8; 32] {
        sha256_plain(self.canonical_jwk().as_bytes())
    }

    /// The 32 bytes of an Ed25519 key.
    pub(super) fn ed25519(&self) -> Option<[u8; COORDINATE_BYTES]> {
        match self.curve {
            Curve::Ed25519 => self.public.as_slice().try_into().ok(),
            Curve::P256 => None,
        }
    }

    pub(super) fn ed25519_jwk(public: &[u8]) -> String {
        format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(public))
    }
}

/// Whether `signature` is the one of the key in `jwk` over `message`. An error where the text is no key.
pub fn verify_app_signature(jwk: &str, message: &[u8], signature: &[u8]) -> Result<bool, AppKeyError> {
    Ok(AppKey::parse(jwk)?.verify(message, signature))
}

impl JwkForm {
    fn curve(&self) -> Option<Curve> {
        match (self.kty.as_str(), self.crv.as_str(), self.alg.as_deref()) {
            ("OKP", "Ed25519", None | Some("EdDSA" | "Ed25519")) => Some(Curve::Ed25519),
            ("EC", "P-256", None | Some("ES256")) => Some(Curve::P256),
            _ => None,
        }
    }

    fn is_for_signatures(&self) -> bool {
        let operations = self.key_ops.as_ref();
        self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && operations.is_none_or(|operations| operations.iter().all(|operation| operation == "verify"))
    }
}

fn coordinate(text: &str) -> Result<[u8; COORDINATE_BYTES], AppKeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| AppKeyError::NotAPoint)?;
    bytes.try_into().map_err(|_| AppKeyError::NotAPoint)
}

/// The encodings of Ed25519's points of small order, the sign left out. Under such a "key" a signature can be made that
/// fits many messages, without any private key.
const SMALL_ORDER: [[u8; COORDINATE_BYTES]; 7] = [
    bracketed(0x00, 0x00, 0x00),
    bracketed(0x01, 0x00, 0x00),
    bracketed(0xec, 0xff, 0x7f),
    bracketed(0xed, 0xff, 0x7f),
    bracketed(0xee, 0xff, 0x7f),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

const fn bracketed(first: u8, between: u8, last: u8) -> [u8; COORDINATE_BYTES] {
    let mut bytes = [between; COORDINATE_BYTES];
    bytes[0] = first;
    bytes[COORDINATE_BYTES - 1] = last;
    bytes
}

fn is_of_small_order(mut point: [u8; COORDINATE_BYTES]) -> bool {
    if let Some(last) = point.last_mut() {
        *last &= 0x7f;
    }
    SMALL_ORDER.contains(&point)
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::{AppKey, AppKeyError, SMALL_ORDER, verify_app_signature};
    use crate::crypto::SigningKey;

    /// Made by other programs: openssl and the Python package `cryptography`.
    const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"62WEWyAmxjS74icBpCacv3zt4J53i0SVVBBvICIeFHM"}"#;
    const ED25519_SIGNATURE: &str =
        "x4mtXdpB0bhiK4VenSssWSGSONOxS+a8ZlQQFWnVl2m46YhKbQjcQ81VRteprmyjYLTW9oEZnpSdxUs7qZi7Dw==";
    const P256: &str = r#"{"kty": "EC", "crv": "P-256", "x": "Rxw-dYxJBChbun5TEY7Q9SSt6wdX0lvS-Oew1236cUw", "y": "3VIPesqKi5F6zDf1HejwybvjrYWDgucC3CWhLQn3qFg"}"#;
    const P256_SIGNATURE: &str =
        "c2PnPWuoB59eW17O9M8ShTPuptlvQrOpKiT7-3o3a5tE9MTzkEbSQqWKyamCH9R75dBMXdcSIdBOOZ1RfkHx4w";

    fn signatures() -> [(&'static str, Vec<u8>); 2] {
        let p256 = URL_SAFE_NO_PAD.decode(P256_SIGNATURE).unwrap();
        [(ED25519, STANDARD.decode(ED25519_SIGNATURE).unwrap()), (P256, p256)]
    }

    #[test]
    fn signatures_of_other_programs_verify_and_changed_ones_do_not() {
        for (jwk, signature) in signatures() {
            assert_eq!(verify_app_signature(jwk, b"approve", &signature), Ok(true));
            assert_eq!(verify_app_signature(jwk, b"approved", &signature), Ok(false));
            assert_eq!(verify_app_signature(jwk, b"approve", &signature[..63]), Ok(false));
            assert_eq!(verify_app_signature(jwk, b"approve", &[]), Ok(false));
            for at in 0..signature.len() {
                let mut changed = signature.clone();
                changed[at] ^= 1;
                assert_eq!(verify_app_signature(jwk, b"approve", &changed), Ok(false));
            }
        }
        let crossed = verify_app_signature(ED25519, b"approve", &signatures()[1].1);
        assert_eq!(crossed, Ok(false));
    }

    #[test]
    fn one_key_has_one_name_however_it_is_spelt() {
        let spelt = ED25519.replacen(
            '{',
            r#"{ "kid": "a", "use": "sig", "alg": "EdDSA", "key_ops": ["verify"], "ext": true, "#,
            1,
        );
        let (one, other) = (AppKey::parse(ED25519).unwrap(), AppKey::parse(&spelt).unwrap());
        assert_eq!(one, other);
        assert_eq!(one.thumbprint(), other.thumbprint());
        for jwk in [ED25519, P256] {
            let key = AppKey::parse(jwk).unwrap();
            assert_eq!(AppKey::parse(&key.canonical_jwk()), Ok(key));
        }
    }

    /// The example of RFC 8037, appendix A.3.
    #[test]
    fn golden_thumbprint() {
        let jwk = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let name = URL_SAFE_NO_PAD.encode(AppKey::parse(jwk).unwrap().thumbprint());
        assert_eq!(name, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn other_texts_are_refused_each_with_its_reason() {
        let ed = |from: &str, to: &str| ED25519.replacen(from, to, 1);
        let cases = [
            (String::new(), AppKeyError::NotJwk),
            ("[]".to_owned(), AppKeyError::NotJwk),
            // Its members' values in their order, without the names.
            (
                format!(r#"["OKP","Ed25519","62WEWyAmxjS74icBpCacv3zt4J53i0SVVBBvICIeFHM"{}]"#, ",null".repeat(7)),
                AppKeyError::NotJwk,
            ),
            (ed("\"x\"", "\"z\""), AppKeyError::NotJwk),
            (ed("{", r#"{"nonsense":1,"#), AppKeyError::NotJwk),
            (ed("{", r#"{"kty":"OKP","#), AppKeyError::NotJwk),
            (ed("{", &format!("{{{}", " ".repeat(1024))), AppKeyError::NotJwk),
            (ed("{", r#"{"d":"AAAA","#), AppKeyError::Private),
            (ed("OKP", "EC"), AppKeyError::OtherKind),
            (ed("Ed25519", "X25519"), AppKeyError::OtherKind),
            (ed("{", r#"{"alg":"ES256","#), AppKeyError::OtherKind),
            (ed("{", r#"{"use":"enc","#), AppKeyError::OtherKind),
            (ed("{", r#"{"key_ops":["verify","sign"],"#), AppKeyError::OtherKind),
            (P256.replace("P-256", "secp256k1"), AppKeyError::OtherKind),
            (ed("62WE", ""), AppKeyError::NotAPoint),
            (ed("62WE", "62W="), AppKeyError::NotAPoint),
            (ed("{", r#"{"y":"62WEWyAmxjS74icBpCacv3zt4J53i0SVVBBvICIeFHM","#), AppKeyError::NotAPoint),
            (P256.replacen("\"y\"", "\"kid\"", 1), AppKeyError::NotAPoint),
        ];
        for (jwk, expected) in cases {
            assert_eq!(AppKey::parse(&jwk), Err(expected), "{jwk}");
        }
    }

    #[test]
    fn points_of_small_order_are_refused_with_either_sign() {
        for point in SMALL_ORDER {
            for sign in [0, 0x80] {
                let mut point = point;
                point[31] |= sign;
                assert_eq!(AppKey::parse(&AppKey::ed25519_jwk(&point)), Err(AppKeyError::NotAPoint));
            }
        }
    }

    proptest! {
        #[test]
        fn what_a_device_signs_verifies(message: Vec<u8>, other: Vec<u8>) {
            let device = SigningKey::generate().unwrap();
            let signature = device.sign(&message);
            prop_assert_eq!(verify_app_signature(&device.public_jwk(), &message, &signature), Ok(true));
            prop_assert_eq!(verify_app_signature(&device.public_jwk(), &other, &signature), Ok(message == other));
        }

        #[test]
        fn no_text_brings_it_down(jwk in ".{0,200}") {
            prop_assert!(AppKey::parse(&jwk).is_err());
        }
    }
}
