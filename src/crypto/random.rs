//! Random bytes, from the operating system, through one door.
//!
//! Nonces, salts and ids take theirs from a batch each thread holds, since a system call for every twelve bytes would
//! be dear. Keys come straight from the system. A machine that is restored from a memory snapshot can repeat at most
//! what was left of a batch.

use std::cell::RefCell;

use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, Zeroizing};

/// The operating system gave no random bytes. Nothing may be minted or sealed without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct RandomError;

/// Large enough that the system call vanishes behind 300 nonces, small enough for every thread to hold one.
const BATCH_BYTES: usize = 4096;

struct Batch {
    bytes: Zeroizing<[u8; BATCH_BYTES]>,
    used: usize,
}

thread_local! {
    static BATCH: RefCell<Batch> =
        RefCell::new(Batch { bytes: Zeroizing::new([0; BATCH_BYTES]), used: BATCH_BYTES });
}

impl Batch {
    /// Moves the next `N` bytes out: they are wiped here, so none is ever given twice.
    fn take<const N: usize>(&mut self) -> Result<[u8; N], RandomError> {
        if BATCH_BYTES.saturating_sub(self.used) < N {
            fill(self.bytes.as_mut_slice())?;
            self.used = 0;
        }
        let end = self.used.saturating_add(N);
        let next = self.bytes.get_mut(self.used..end).ok_or(RandomError)?;
        let taken = <[u8; N]>::try_from(&*next).map_err(|_| RandomError)?;
        next.zeroize();
        self.used = end;
        Ok(taken)
    }
}

/// Fills `out` straight from the operating system. For keys.
pub(super) fn fill(out: &mut [u8]) -> Result<(), RandomError> {
    SystemRandom::new().fill(out).map_err(|_| RandomError)
}

/// `N` random bytes (at most 4096) from the thread's batch. For nonces, salts and ids.
pub(super) fn take<const N: usize>() -> Result<[u8; N], RandomError> {
    let batched = BATCH.try_with(|batch| batch.try_borrow_mut().map_err(|_| RandomError)?.take());
    // A thread on its way out has no batch any more.
    batched.unwrap_or_else(|_| {
        let mut bytes = [0; N];
        fill(&mut bytes).map(|()| bytes)
    })
}

/// `N` random bytes (at most 4096), for names that nobody may guess and none may repeat. For keys each kind of key has a
/// way of its own.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    take()
}

/// A random UUID (version 4) as text, for who names their own requests (AIP-155).
pub fn random_uuid() -> Result<String, RandomError> {
    Ok(uuid::Builder::from_random_bytes(take()?).into_uuid().hyphenated().to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{BATCH, BATCH_BYTES, random_uuid, take};

    #[test]
    fn no_bytes_are_given_twice_within_and_across_batches_and_threads() {
        let draw = || (0..BATCH_BYTES).map(|_| take::<12>().unwrap()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(draw)).collect();
        let mut all = draw();
        all.extend(threads.into_iter().flat_map(|thread| thread.join().unwrap()));
        let distinct: HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), 4 * BATCH_BYTES);
    }

    #[test]
    fn what_was_taken_is_wiped_from_the_batch() {
        let taken = take::<16>().unwrap();
        BATCH.with_borrow(|batch| {
            assert!(batch.bytes[..batch.used].iter().all(|byte| *byte == 0));
            assert!(!batch.bytes.windows(16).any(|window| window == taken));
        });
    }

    #[test]
    fn a_batch_serves_its_whole_size_and_no_more() {
        assert!(take::<BATCH_BYTES>().is_ok());
        assert!(take::<{ BATCH_BYTES + 1 }>().is_err());
        assert!(take::<1>().is_ok());
    }

    #[test]
    fn a_request_is_named_by_a_uuid_of_version_4() {
        let (one, other) = (random_uuid().unwrap(), random_uuid().unwrap());
        assert_ne!(one, other);
        let parsed = uuid::Uuid::parse_str(&one).unwrap();
        assert_eq!((parsed.get_version_num(), parsed.to_string()), (4, one));
    }
}
