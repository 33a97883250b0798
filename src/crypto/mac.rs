//! Keyed hashing (HMAC-SHA-256) over fields that cannot run into each other.
//!
//! Every message is a fixed prefix, which keeps the uses of one key apart, and then each field behind its length, so
//! that `("ab", "c")` and `("a", "bc")` never meet.

use ring::hmac;
use zeroize::Zeroizing;

use super::keyring::KeySet;

/// Bytes of a full tag.
pub(super) const TAG_BYTES: usize = 32;

/// The tag of `prefix` and `fields`.
pub(super) fn tag(key: &hmac::Key, prefix: &[u8], fields: &[&[u8]]) -> [u8; TAG_BYTES] {
    let mut context = hmac::Context::with_key(key);
    context.update(prefix);
    for field in fields {
        context.update(&length(field));
        context.update(field);
    }
    leading(context.sign().as_ref())
}

/// Whether `expected` is the tag of `prefix` and `fields`, in time that does not depend on where they differ.
pub(super) fn is_tag(key: &hmac::Key, prefix: &[u8], fields: &[&[u8]], expected: &[u8]) -> bool {
    let mut message = Zeroizing::new(Vec::with_capacity(256));
    message.extend_from_slice(prefix);
    for field in fields {
        message.extend_from_slice(&length(field));
        message.extend_from_slice(field);
    }
    hmac::verify(key, &message, expected).is_ok()
}

/// Whether two secrets are equal, without telling by the time taken how far they agree: their tags are compared.
pub(super) fn are_equal(key: &hmac::Key, one: &[u8], other: &[u8]) -> bool {
    hmac::verify(key, one, hmac::sign(key, other).as_ref()).is_ok()
}

/// The first `N` bytes of a digest. Every digest here is at least as long as what is asked of it.
pub(super) fn leading<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(digest) {
        *to = *from;
    }
    out
}

/// A field's length as it stands before the field.
pub(super) fn length(field: &[u8]) -> [u8; 8] {
    (field.len() as u64).to_be_bytes()
}

/// The keys of one purpose, made ready once: the active one mints, each of them verifies.
#[derive(Clone)]
pub(super) struct Macs {
    active: (u8, hmac::Key),
    retired: Vec<(u8, hmac::Key)>,
}

impl Macs {
    pub(super) fn new(keys: &KeySet) -> Self {
        let (active, retired) = keys.prepared();
        Self { active, retired }
    }

    pub(super) fn active(&self) -> (u8, &hmac::Key) {
        (self.active.0, &self.active.1)
    }

    /// The key that was named; `None` when the keyring does not hold it (any more).
    pub(super) fn named(&self, id: u8) -> Option<&hmac::Key> {
        let mut all = std::iter::once(&self.active).chain(&self.retired);
        all.find(|(held, _)| *held == id).map(|(_, key)| key)
    }
}

/// Bytes as tests write them.
#[cfg(test)]
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::hmac;

    use super::{are_equal, is_tag, tag};

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])
    }

    #[test]
    fn fields_do_not_run_into_each_other() {
        let split = |fields: &[&[u8]]| tag(&key(), b"p", fields);
        assert_ne!(split(&[b"ab", b"c"]), split(&[b"a", b"bc"]));
        assert_ne!(split(&[b"ab"]), split(&[b"ab", b""]));
    }

    #[test]
    fn equality() {
        assert!(are_equal(&key(), b"same", b"same"));
        assert!(!are_equal(&key(), b"same", b"sane"));
        assert!(!are_equal(&key(), b"same", b"same "));
    }

    proptest! {
        #[test]
        fn minting_and_verifying_agree(prefix: Vec<u8>, one: Vec<u8>, two: Vec<u8>, bit in 0_usize..256) {
            let fields: [&[u8]; 2] = [&one, &two];
            let mut minted = tag(&key(), &prefix, &fields);
            prop_assert!(is_tag(&key(), &prefix, &fields, &minted));
            minted[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_tag(&key(), &prefix, &fields, &minted));
        }
    }
}
