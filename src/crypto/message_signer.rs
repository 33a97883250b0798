//! Signatures of messages that leave the engine, as Standard Webhooks 1.0 has them: who receives one knows by them that it is
//! the engine's, unchanged and of now.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::{DateTime, Utc};
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use uuid::Uuid;
use zeroize::Zeroizing;

/// What a shared secret begins with, and what a private key does.
const SHARED: &str = "whsec_";
const PRIVATE: &str = "whsk_";

/// The lengths of a shared secret, in bytes, as the standard has them.
const SHARED_BYTES_MIN: usize = 24;
const SHARED_BYTES_MAX: usize = 64;

/// A private key is its seed of 32 bytes; some tools write the public half behind it.
const SEED_BYTES: usize = 32;

/// Tools write secrets with padding and without it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text is no secret for signing messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be one line: `whsec_` and 24 to 64 random bytes in base64, or `whsk_` and an Ed25519 private key (its seed of 32 \
     bytes, or that and the public key)"
)]
pub struct MessageKeyError;

/// One secret to sign messages with. Has no `Debug`, and nothing reads it out again.
pub struct MessageKey(Kind);

enum Kind {
    /// `v1`: the receiver has the same secret.
    Shared(hmac::Key),
    /// `v1a`: the receiver has the public key.
    Pair(Ed25519KeyPair),
}

impl MessageKey {
    /// Reads the one line of a secret's file.
    ///
    /// # Errors
    ///
    /// What a secret is, and nothing of the text.
    pub fn parse(text: &str) -> Result<Self, MessageKeyError> {
        let text = text.trim_ascii();
        let decoded = |base64: &str| LENIENT.decode(base64).map(Zeroizing::new).map_err(|_| MessageKeyError);
        if let Some(base64) = text.strip_prefix(SHARED) {
            let secret = decoded(base64)?;
            return match secret.len() {
                SHARED_BYTES_MIN..=SHARED_BYTES_MAX => {
                    Ok(Self(Kind::Shared(hmac::Key::new(hmac::HMAC_SHA256, &secret))))
                }
                _ => Err(MessageKeyError),
            };
        }
        let key = decoded(text.strip_prefix(PRIVATE).ok_or(MessageKeyError)?)?;
        let (seed, public) = key.split_at_checked(SEED_BYTES).ok_or(MessageKeyError)?;
        let pair = match public {
            [] => Ed25519KeyPair::from_seed_unchecked(seed),
            public => Ed25519KeyPair::from_seed_and_public_key(seed, public),
        };
        pair.map(|pair| Self(Kind::Pair(pair))).map_err(|_| MessageKeyError)
    }

    fn sign(&self, signed: &[u8]) -> String {
        match &self.0 {
            Kind::Shared(key) => format!("v1,{}", STANDARD.encode(hmac::sign(key, signed))),
            Kind::Pair(pair) => format!("v1a,{}", STANDARD.encode(pair.sign(signed))),
        }
    }
}

/// Signs messages, with every secret that a receiver may have by now: while one is replaced there are two.
pub struct MessageSigner(Vec<MessageKey>);

impl MessageSigner {
    /// From all secrets; with none, no receiver can believe anything.
    pub const fn new(keys: Vec<MessageKey>) -> Self {
        Self(keys)
    }

    /// What `webhook-signature` says of a message that is sent at this instant: a signature a secret, spaces between them.
    ///
    /// What is signed has a full stop between its parts, and an id of this kind has none: no two messages sign alike.
    pub fn sign(&self, id: Uuid, at: DateTime<Utc>, body: &[u8]) -> String {
        let mut signed = Zeroizing::new(format!("{id}.{}.", at.timestamp()).into_bytes());
        // In one piece, so that growing leaves no copy of the body behind.
        signed.reserve_exact(body.len());
        signed.extend_from_slice(body);
        let signatures: Vec<String> = self.0.iter().map(|key| key.sign(&signed)).collect();
        signatures.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
    use uuid::Uuid;

    use super::{Kind, MessageKey, MessageKeyError, MessageSigner};

    /// What the standard's own libraries are tested with.
    const SIGNED: &[u8] = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
    const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PRIVATE: &str = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";

    const ID: Uuid = Uuid::from_u128(0x01a0_c450_6c7b_7012_8d15_9e26_af37_bf8c);

    fn sign(keys: &[&str], at: i64, body: &[u8]) -> String {
        let keys = keys.iter().map(|key| MessageKey::parse(key).unwrap()).collect();
        MessageSigner::new(keys).sign(ID, DateTime::from_timestamp(at, 999_000_000).unwrap(), body)
    }

    /// Receivers in every language have these.
    #[test]
    fn signatures_are_those_of_the_standards_libraries() {
        for (key, expected) in [
            (SHARED, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
            (PRIVATE, "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="),
        ] {
            assert_eq!(MessageKey::parse(key).unwrap().sign(SIGNED), expected);
        }
    }

    #[test]
    fn id_second_and_body_are_signed_by_every_secret_in_turn() {
        let all = sign(&[SHARED, PRIVATE], 1_790_000_000, b"{}");
        let (first, second) = all.split_once(' ').unwrap();
        let signed = format!("{ID}.1790000000.{{}}");
        assert_eq!(first, MessageKey::parse(SHARED).unwrap().sign(signed.as_bytes()));
        assert_eq!(second, MessageKey::parse(PRIVATE).unwrap().sign(signed.as_bytes()));
        assert_ne!(sign(&[SHARED], 1_790_000_000, b"{ }"), first);
        assert_ne!(sign(&[SHARED], 1_790_000_001, b"{}"), first);
    }

    #[test]
    fn a_private_key_may_have_its_public_half_behind_it_and_no_other() {
        let Kind::Pair(pair) = MessageKey::parse(PRIVATE).unwrap().0 else { panic!() };
        let seed = b"TESTSIGNINGKEYDONOTUSETHISFORANY";
        let written = |public: &[u8]| {
            use base64::Engine as _;
            let both = [seed.as_slice(), public].concat();
            MessageKey::parse(&format!("whsk_{}", super::STANDARD.encode(both)))
        };
        let Kind::Pair(same) = written(pair.public_key().as_ref()).unwrap().0 else { panic!() };
        let public = UnparsedPublicKey::new(&ED25519, pair.public_key().as_ref());
        assert!(public.verify(b"message", same.sign(b"message").as_ref()).is_ok());
        let other = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        for public in [other.public_key().as_ref(), &[0], &pair.public_key().as_ref()[..31]] {
            assert!(written(public).is_err());
        }
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_told() {
        let of = |bytes: usize| {
            use base64::Engine as _;
            super::STANDARD.encode(vec![7; bytes])
        };
        for bytes in [24, 32, 64] {
            let padded = format!("whsec_{}", of(bytes));
            assert!(MessageKey::parse(&padded).is_ok(), "{bytes}");
            assert!(MessageKey::parse(&format!("{}\n", padded.trim_end_matches('='))).is_ok(), "{bytes}");
        }
        let wrong = [
            String::new(),
            "whsec_".to_owned(),
            format!("whsec_{}", of(23)),
            format!("whsec_{}", of(65)),
            format!("whsk_{}", of(31)),
            format!("whpk_{}", of(32)),
            of(32),
            format!("whsec_{}\nwhsec_{}", of(24), of(24)),
            format!("whsec_ {}", of(24)),
            format!("whsec_{}!", of(24)),
        ];
        for text in wrong {
            let error = MessageKey::parse(&text).err();
            assert_eq!(error, Some(MessageKeyError), "`{text}`");
            assert!(!error.unwrap().to_string().contains(&of(3)));
        }
    }
}
