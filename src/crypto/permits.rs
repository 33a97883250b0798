//! Permits as they travel: opaque texts under the permit key, bound to everything that was approved.
//!
//! A permit names its decision and carries a tag over what the decision allowed. The store keeps what was allowed; the
//! text proves that whoever brings it holds this engine's answer. A permit that verifies is a claim: redemption is the
//! right. Deterministic, so an answer that is given again carries the same text.
//!
//! Text: base64url without padding of format byte, number of the permit key, 16 bytes of decision id, 32 bytes of tag.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::keyring::Keyring;
use super::mac::{self, Macs, TAG_BYTES};
use super::tokens::Token;
use crate::domain::{ChangeDigest, PolicyRevision, RecordId};

const FORMAT: u8 = 1;
const ID_BYTES: usize = 16;
const PERMIT_BYTES: usize = 2 + ID_BYTES + TAG_BYTES;
/// Characters of a permit.
const TEXT_LENGTH: usize = 67;
const PREFIX: &[u8] = b"portcullis permit v1";

/// A permit that cannot be read or made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    /// The text is no permit.
    #[error("the text is no permit")]
    Malformed,
    /// The permit key it names is not in the keyring.
    #[error("permit key {key_id} is not in the keyring: put it back until its permits have ended")]
    UnknownKey {
        /// The key's number.
        key_id: u8,
    },
}

/// Everything a permit is bound to. Another value of any of these is another permit.
///
/// INVARIANT (permit-once): a permit says yes to one change of one line by one caller, inside one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermitBinding {
    /// The decision that approved.
    pub decision: RecordId,
    /// The line's token.
    pub line: Token,
    /// The exact change.
    pub change: ChangeDigest,
    /// The digest of who may redeem it.
    pub caller: [u8; 32],
    /// From this instant on, in milliseconds since 1970.
    pub not_before_ms: i64,
    /// Until just before this instant, in milliseconds since 1970.
    pub expires_ms: i64,
    /// The policy that approved.
    pub policy: PolicyRevision,
}

/// What a permit's text says, before it is compared with what was approved.
#[derive(Clone, Copy)]
pub struct PermitClaim {
    /// The permit key it was made under.
    pub key_id: u8,
    /// The decision it names.
    pub decision: RecordId,
    tag: [u8; TAG_BYTES],
}

/// Makes and checks permits.
#[derive(Clone)]
pub struct Permits {
    keys: Macs,
}

impl Permits {
    /// Prepares the permit keys. The active one makes permits, all of them verify.
    pub fn new(keyring: &Keyring) -> Self {
        Self { keys: Macs::new(&keyring.permit) }
    }

    /// The key new permits are made under. Kept with the decision, so that its permit can be given again after a rotation.
    pub fn active_key_id(&self) -> u8 {
        self.keys.active().0
    }

    /// The permit of `binding` under the active key.
    pub fn mint(&self, binding: &PermitBinding) -> String {
        let (key_id, key) = self.keys.active();
        encode(key_id, binding, &tag(key, key_id, binding))
    }

    /// The permit of `binding` as it was first made, under the key kept with the decision.
    pub fn mint_again(&self, binding: &PermitBinding, key_id: u8) -> Result<String, PermitError> {
        let key = self.keys.named(key_id).ok_or(PermitError::UnknownKey { key_id })?;
        Ok(encode(key_id, binding, &tag(key, key_id, binding)))
    }

    /// Reads a permit's text. Proves nothing yet: [`Permits::verify`] does.
    pub fn decode(text: &str) -> Result<PermitClaim, PermitError> {
        // The length first: a text of any other is not worth decoding.
        if text.len() != TEXT_LENGTH {
            return Err(PermitError::Malformed);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PermitError::Malformed)?;
        let [FORMAT, key_id, rest @ ..] = bytes.as_slice() else { return Err(PermitError::Malformed) };
        let (id, tag) = rest.split_at_checked(ID_BYTES).ok_or(PermitError::Malformed)?;
        match (id.try_into(), tag.try_into()) {
            (Ok(id), Ok(tag)) => {
                Ok(PermitClaim { key_id: *key_id, decision: RecordId::from_u128(u128::from_be_bytes(id)), tag })
            }
            _ => Err(PermitError::Malformed),
        }
    }

    /// Whether the claim was made here for exactly `binding`, in time that does not depend on where they differ.
    pub fn verify(&self, claim: &PermitClaim, binding: &PermitBinding) -> Result<bool, PermitError> {
        let key_id = claim.key_id;
        let key = self.keys.named(key_id).ok_or(PermitError::UnknownKey { key_id })?;
        let bytes = BindingBytes::new(key_id, binding);
        Ok(claim.decision == binding.decision && mac::is_tag(key, PREFIX, &bytes.fields(binding), &claim.tag))
    }
}

/// The parts of a binding that are not bytes yet.
struct BindingBytes {
    form: [u8; 2],
    decision: [u8; ID_BYTES],
    not_before: [u8; 8],
    expires: [u8; 8],
}

impl BindingBytes {
    fn new(key_id: u8, binding: &PermitBinding) -> Self {
        Self {
            form: [FORMAT, key_id],
            decision: binding.decision.to_bytes(),
            not_before: binding.not_before_ms.to_be_bytes(),
            expires: binding.expires_ms.to_be_bytes(),
        }
    }

    fn fields<'a>(&'a self, binding: &'a PermitBinding) -> [&'a [u8]; 8] {
        // By name, so that a field that is added must be bound too.
        let PermitBinding { decision: _, line, change, caller, not_before_ms: _, expires_ms: _, policy } = binding;
        let Self { form, decision, not_before, expires } = self;
        [form, decision, line.as_bytes(), &change.0, caller, not_before, expires, &policy.0]
    }
}

fn tag(key: &ring::hmac::Key, key_id: u8, binding: &PermitBinding) -> [u8; TAG_BYTES] {
    mac::tag(key, PREFIX, &BindingBytes::new(key_id, binding).fields(binding))
}

fn encode(key_id: u8, binding: &PermitBinding, tag: &[u8; TAG_BYTES]) -> String {
    let mut bytes = Vec::with_capacity(PERMIT_BYTES);
    bytes.extend_from_slice(&[FORMAT, key_id]);
    bytes.extend_from_slice(&binding.decision.to_bytes());
    bytes.extend_from_slice(tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::{PermitBinding, PermitError, Permits};
    use crate::crypto::{Keyring, Purpose, Token};
    use crate::domain::{ChangeDigest, PolicyRevision, RecordId};

    const BINDING: PermitBinding = PermitBinding {
        decision: RecordId::from_u128(0x0190_d4f0_7c3e_7a52_9a63_0d1f_3c5e_7b91),
        line: Token::from_bytes([1; 16]),
        change: ChangeDigest([2; 32]),
        caller: [3; 32],
        not_before_ms: 1_790_000_000_000,
        expires_ms: 1_790_000_600_000,
        policy: PolicyRevision([4; 32]),
    };

    fn permits() -> Permits {
        Permits::new(&Keyring::known())
    }

    /// Clients hold permits across releases of this engine.
    #[test]
    fn golden_permit() {
        assert_eq!(permits().mint(&BINDING), "AQEBkNTwfD56UppjDR88XnuREnjjCMlcBlBf2ac4tXswT8K6bELSsGu2-qF19E6uX5U");
    }

    /// E06: a permit is good for exactly what was approved.
    #[test]
    fn each_bound_field_changed_is_refused() {
        let claim = Permits::decode(&permits().mint(&BINDING)).unwrap();
        assert_eq!(permits().verify(&claim, &BINDING), Ok(true));
        let changed = [
            PermitBinding { decision: RecordId::from_u128(1), ..BINDING },
            PermitBinding { line: Token::from_bytes([9; 16]), ..BINDING },
            PermitBinding { change: ChangeDigest([9; 32]), ..BINDING },
            PermitBinding { caller: [9; 32], ..BINDING },
            PermitBinding { not_before_ms: BINDING.not_before_ms - 1, ..BINDING },
            PermitBinding { expires_ms: BINDING.expires_ms + 1, ..BINDING },
            PermitBinding { policy: PolicyRevision([9; 32]), ..BINDING },
        ];
        for binding in changed {
            assert_eq!(permits().verify(&claim, &binding), Ok(false), "{binding:?}");
        }
        let renamed = super::PermitClaim { decision: RecordId::from_u128(1), ..claim };
        let binding = PermitBinding { decision: renamed.decision, ..BINDING };
        assert_eq!(permits().verify(&renamed, &binding), Ok(false));
        let other = Permits::new(&Keyring::generate(DateTime::UNIX_EPOCH).unwrap());
        assert_eq!(other.verify(&claim, &BINDING), Ok(false));
    }

    #[test]
    fn after_a_rotation_old_permits_verify_and_are_given_again_as_they_were() {
        let old = permits().mint(&BINDING);
        let rotated = Permits::new(&Keyring::known().rotate(Purpose::Permit, DateTime::UNIX_EPOCH).unwrap());
        assert_eq!((permits().active_key_id(), rotated.active_key_id()), (1, 2));
        assert_eq!(rotated.verify(&Permits::decode(&old).unwrap(), &BINDING), Ok(true));
        assert_eq!(rotated.mint_again(&BINDING, 1).as_ref(), Ok(&old));
        let new = rotated.mint(&BINDING);
        assert_ne!(new, old);
        let claim = Permits::decode(&new).unwrap();
        assert_eq!(permits().verify(&claim, &BINDING), Err(PermitError::UnknownKey { key_id: 2 }));
        assert_eq!(permits().mint_again(&BINDING, 2), Err(PermitError::UnknownKey { key_id: 2 }));
    }

    #[test]
    fn texts_that_are_no_permit_are_refused() {
        let whole = permits().mint(&BINDING);
        let mut wrong = vec![String::new(), format!("{whole}="), format!("{whole}A"), format!(" {whole}")];
        wrong.push(whole.replacen("AQ", "Ag", 1));
        wrong.push(whole.chars().take(66).collect());
        wrong.push(whole.chars().take(66).chain(['+']).collect());
        wrong.push("é".repeat(34).chars().take(33).chain(['A']).collect());
        for text in wrong {
            assert_eq!(Permits::decode(&text).err(), Some(PermitError::Malformed), "`{text}`");
        }
    }

    proptest! {
        #[test]
        fn round_trip_and_every_character_counts(
            id in 1_u128.., line: [u8; 16], change: [u8; 32], caller: [u8; 32], not_before_ms: i64, expires_ms: i64,
            policy: [u8; 32], at in 0_usize..67, other in "[A-Za-z0-9_-]",
        ) {
            let binding = PermitBinding {
                decision: RecordId::from_u128(id), line: Token::from_bytes(line), change: ChangeDigest(change), caller,
                not_before_ms, expires_ms, policy: PolicyRevision(policy),
            };
            let text = permits().mint(&binding);
            prop_assert_eq!(&text, &permits().mint(&binding));
            let claim = Permits::decode(&text).unwrap();
            prop_assert_eq!(permits().verify(&claim, &binding), Ok(true));
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            let passes = Permits::decode(&changed).is_ok_and(|claim| permits().verify(&claim, &binding) == Ok(true));
            prop_assert_eq!(passes, changed == text);
        }
    }
}
