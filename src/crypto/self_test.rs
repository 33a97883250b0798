//! Tries every purpose of a keyring once: what it seals opens, what it makes and signs verifies.

use super::keyring::{Keyring, Purpose};
use super::permit_signer::permit_key_set;
use super::permits::{PermitBinding, Permits};
use super::pins::{PinHasher, Scratch};
use super::record_signer::{RecordSigner, Signed};
use super::seal::{Place, Sealer};
use super::signatures::SigningKeys;
use super::tokens::Token;
use crate::domain::{ChangeDigest, PinDigits, PolicyRevision, RecordId};

/// A purpose whose keys do not do what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {} keys do not do what they are for", purpose.name())]
pub struct SelfTestError {
    /// Which.
    pub purpose: Purpose,
}

/// What tries one purpose; nothing where it could not be tried.
type Test = fn(&Keyring) -> Option<bool>;

/// Tries it. Takes as long as hashing a PIN twice.
pub fn self_test(keyring: &Keyring) -> Result<(), SelfTestError> {
    let tests: [(Purpose, Test); 5] = [
        (Purpose::Seal, seals),
        (Purpose::Pepper, peppers),
        (Purpose::Permit, permits),
        (Purpose::PermitSigning, signs_permits),
        (Purpose::RecordSigning, signs_records),
    ];
    for (purpose, test) in tests {
        if test(keyring) != Some(true) {
            return Err(SelfTestError { purpose });
        }
    }
    Ok(())
}

const ACCOUNT: Token = Token::from_bytes([7; Token::BYTES]);
const TEXT: &[u8] = b"portcullis self-test";

fn seals(keyring: &Keyring) -> Option<bool> {
    let sealer = Sealer::new(keyring).for_account(&ACCOUNT);
    let place = Place { kind: 0, owner: ACCOUNT, extra: &[], version: 1 };
    let sealed = sealer.seal(place, TEXT).ok()?;
    let moved = Place { version: 2, ..place };
    Some(sealer.open_copy(place, &sealed).ok()?.as_slice() == TEXT && sealer.open_copy(moved, &sealed).is_err())
}

fn peppers(keyring: &Keyring) -> Option<bool> {
    let (hasher, mut scratch) = (PinHasher::new(keyring).ok()?, Scratch::default());
    let (pin, other) = (PinDigits::parse_new("482951").ok()?, PinDigits::parse_new("482952").ok()?);
    let verifier = hasher.hash(&mut scratch, &pin, &ACCOUNT).ok()?;
    let right = hasher.verify(&mut scratch, &pin, &ACCOUNT, &verifier).ok()?;
    Some(right && !hasher.verify(&mut scratch, &other, &ACCOUNT, &verifier).ok()?)
}

fn permits(keyring: &Keyring) -> Option<bool> {
    let permits = Permits::new(keyring);
    let binding = PermitBinding {
        decision: RecordId::from_u128(7),
        line: ACCOUNT,
        change: ChangeDigest([7; 32]),
        caller: [7; 32],
        not_before_ms: 0,
        expires_ms: 1,
        policy: PolicyRevision([7; 32]),
    };
    let claim = Permits::decode(&permits.mint(&binding)).ok()?;
    let other = PermitBinding { expires_ms: 2, ..binding };
    Some(permits.verify(&claim, &binding).ok()? && !permits.verify(&claim, &other).ok()?)
}

fn signs_permits(keyring: &Keyring) -> Option<bool> {
    let keys = SigningKeys::new(&keyring.permit_signing);
    let active = keys.active().ok()?;
    let signature = active.sign(TEXT).ok()?;
    let published = permit_key_set(keyring).contains(&active.id().to_string());
    Some(published && active.public().is_over(TEXT, &signature) && !active.public().is_over(b"other", &signature))
}

fn signs_records(keyring: &Keyring) -> Option<bool> {
    let signer = RecordSigner::new(keyring);
    let signature = signer.sign(Signed::Checkpoint, TEXT).ok()?;
    let public = signer.named(signature.key).ok()?;
    let is_over = |what| public.verify(what, TEXT, &signature).is_ok();
    Some(is_over(Signed::Checkpoint) && !is_over(Signed::ArchiveManifest))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::self_test;
    use crate::crypto::{Keyring, Purpose};

    #[test]
    fn a_whole_keyring_does_all_that_it_is_for() {
        assert_eq!(self_test(&Keyring::known()), Ok(()));
        let rotated = Purpose::ALL.into_iter().filter(|purpose| *purpose != Purpose::Index);
        let rotated =
            rotated.fold(Keyring::known(), |keyring, purpose| keyring.rotate(purpose, DateTime::UNIX_EPOCH).unwrap());
        assert_eq!(self_test(&rotated), Ok(()));
    }
}
