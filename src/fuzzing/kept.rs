//! What is kept or handed out as bytes, and comes back.

use crate::crypto::{
    AppKey, Keyring, PermitBinding, Permits, PinHasher, Place, Sealer, ShortSecret, ShortSecrets, Token,
};
use crate::domain::{ChangeDigest, PinDigits, PolicyRevision, RecordId, Verifier};
use crate::store::{
    decode_account, decode_credentials, decode_line, decode_permit, decode_record, encode_account, encode_credentials,
    encode_line, encode_permit, encode_record,
};

/// What is read of stored bytes can be written and is then read alike: nothing half-read passes.
macro_rules! assert_whole_or_error {
    ($bytes:expr, $decode:ident, $encode:ident) => {
        if let Ok(read) = $decode($bytes) {
            assert_eq!($decode(&$encode(&read)).as_ref(), Ok(&read));
        }
    };
}

/// A stored row or record, before it is sealed; the first byte says which kind.
pub(super) fn stored(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind {
        0 => assert_whole_or_error!(bytes, decode_account, encode_account),
        1 => assert_whole_or_error!(bytes, decode_line, encode_line),
        2 => assert_whole_or_error!(bytes, decode_credentials, encode_credentials),
        3 => assert_whole_or_error!(bytes, decode_permit, encode_permit),
        4 => assert_whole_or_error!(bytes, decode_record, encode_record),
        _ => {}
    }
}

const ACCOUNT: Token = Token::from_bytes([7; 16]);

/// Sealed bytes as a thief would put them back, and any content sealed: with a bit turned it does not open.
pub(super) fn sealed(data: &[u8]) {
    let sealer = Sealer::new(&Keyring::known()).for_account(&ACCOUNT);
    let place = Place { kind: 1, owner: ACCOUNT, extra: &[], version: 1 };
    assert!(sealer.open_copy(place, data).is_err(), "bytes that nobody sealed were opened");
    let Ok(sealed) = sealer.seal(place, data) else { return };
    assert_eq!(sealer.open_copy(place, &sealed).map(|opened| opened.to_vec()), Ok(data.to_vec()));
    assert!(sealer.open_copy(Place { version: 2, ..place }, &sealed).is_err(), "it opens at another version");
    assert!(sealer.open_copy(place, &turned(&sealed, data)).is_err(), "it opens with a bit turned");
}

/// The bytes with one bit turned, in a place that follows from `chosen_by`.
pub(super) fn turned(bytes: &[u8], chosen_by: &[u8]) -> Vec<u8> {
    let sum = chosen_by.iter().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let place = sum.checked_rem(bytes.len()).unwrap_or_default();
    let mut turned = bytes.to_vec();
    if let Some(byte) = turned.get_mut(place) {
        *byte ^= 1;
    }
    turned
}

/// Verifiers of PINs as stored: read, or an error; what was not made here matches nothing.
pub(super) fn verifier(data: &[u8]) {
    let verifier = Verifier(data.to_vec());
    // Account PINs' are only read: checking one costs what its own figures say.
    let _ = PinHasher::needs_pepper(&verifier);
    let _ = ShortSecrets::needs_pepper(&verifier);
    let Ok(value) = PinDigits::parse_transfer("402917") else { return };
    let secrets = ShortSecrets::new(&Keyring::known());
    let matches = secrets.verify(ShortSecret::TransferPin, &ACCOUNT, 1, &value, &verifier);
    let made = secrets.verifier(ShortSecret::TransferPin, &ACCOUNT, 1, &value);
    assert_eq!(matches == Ok(true), made == verifier, "a verifier of another value matches");
}

const BINDING: PermitBinding = PermitBinding {
    decision: RecordId::from_u128(0x0190_d4f0_7c3e_7a52_9a63_0d1f_3c5e_7b91),
    line: Token::from_bytes([1; 16]),
    change: ChangeDigest([2; 32]),
    caller: [3; 32],
    not_before_ms: 1_790_000_000_000,
    expires_ms: 1_790_000_600_000,
    policy: PolicyRevision([4; 32]),
};

/// A permit's text: one alone is good for what was approved.
pub(super) fn permit(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let permits = Permits::new(&Keyring::known());
    let Ok(claim) = Permits::decode(text) else { return };
    let good = permits.verify(&claim, &BINDING) == Ok(true);
    assert_eq!(good, text == permits.mint(&BINDING), "`{text}`");
}

/// A device's public key: one key has one canonical text, which reads as itself.
pub(super) fn app_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(key) = AppKey::parse(text) else { return };
    let canonical = key.canonical_jwk();
    assert_eq!(AppKey::parse(&canonical).as_ref(), Ok(&key), "`{canonical}`");
    assert!(!key.verify(b"message", &[1; 64]), "a signature that nobody made verifies");
}
