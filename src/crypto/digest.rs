//! Unkeyed digests (SHA-256): of what is sealed or public anyway, and of an account's chain of records.
//!
//! What may hold a secret or a number and is stored in the open needs the index key instead: `Tokens::digest`.

use std::io::{self, Read};

use ring::digest::{Context, SHA256};

use super::mac;
use crate::domain::{Change, ChangeDigest};

const CHAIN_PREFIX: &[u8] = b"portcullis chain v1";

/// SHA-256 over `parts`, each behind its length, so that no two lists of parts are one message.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&mac::length(part));
        context.update(part);
    }
    mac::leading(context.finish().as_ref())
}

/// SHA-256 over `bytes` alone, as anyone computes it: of a file, of a text others check too.
pub fn sha256_plain(bytes: &[u8]) -> [u8; 32] {
    mac::leading(ring::digest::digest(&SHA256, bytes).as_ref())
}

/// SHA-256 of bytes that come one after the other: as [`sha256_plain`] of them all.
pub struct RunningDigest(Context);

impl Default for RunningDigest {
    fn default() -> Self {
        Self(Context::new(&SHA256))
    }
}

impl RunningDigest {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn finish(self) -> [u8; 32] {
        mac::leading(self.0.finish().as_ref())
    }
}

/// SHA-256 of all that is read, as anyone computes it, and how many bytes that were.
///
/// # Errors
///
/// When it cannot be read to its end.
pub fn sha256_of(read: &mut impl Read) -> io::Result<(u64, [u8; 32])> {
    let mut digest = RunningDigest::default();
    let (mut bytes, mut part) = (0_u64, vec![0; 65_536]);
    loop {
        let length = read.read(&mut part)?;
        let Some(part) = part.get(..length).filter(|part| !part.is_empty()) else { break };
        digest.update(part);
        bytes = bytes.saturating_add(length as u64);
    }
    Ok((bytes, digest.finish()))
}

/// The digest that binds permits, releases and app approvals to one exact change: SHA-256 of its canonical text.
pub fn change_digest(change: &Change) -> ChangeDigest {
    ChangeDigest(sha256_plain(change.canonical().as_bytes()))
}

/// The hash of a record in an account's chain: over the hash before it (zeros before the first) and its own bytes.
pub fn chain(previous: &[u8; 32], body: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(CHAIN_PREFIX);
    context.update(previous);
    context.update(body);
    mac::leading(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::{chain, change_digest, sha256, sha256_plain};
    use crate::crypto::mac::hex;
    use crate::domain::Change;

    /// Records of many years hang on these.
    #[test]
    fn golden_digests() {
        let golden = [
            (sha256(&[b"ab", b"c"]), "601d5476e2ccfe2c87a2bba7a322659734a05749d5b5aa781f513e4912db0d5f"),
            (sha256_plain(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (change_digest(&Change::PinChange).0, "866b732a9a0fb41a65fe58b6d9c84502c46bda93eadec6b3d0e14a7957cd1f5d"),
            (chain(&[0; 32], b"first"), "2a999b1ed0c65ad97d85a09d8e2dc4b7c7208e9dcb818b51c80cc25e7553e4c5"),
            (
                chain(&chain(&[0; 32], b"first"), b"second"),
                "5295423d374104bd1c9fc59b5625d86f0031011193ee7317f4f36097febe747f",
            ),
        ];
        let told = golden.map(|(digest, expected)| (hex(&digest), expected));
        for (digest, expected) in &told {
            assert_eq!(digest, expected, "{told:#?}");
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(sha256(&[b"ab", b"c"]), sha256(&[b"a", b"bc"]));
        assert_ne!(sha256(&[]), sha256(&[b""]));
    }

    #[test]
    fn a_link_depends_on_all_before_it() {
        let one = chain(&[0; 32], b"one");
        assert_ne!(chain(&one, b"two"), chain(&[0; 32], b"two"));
        assert_ne!(chain(&one, b"two"), chain(&one, b"twp"));
    }
}
