//! Where things are kept in the tables: integer keys made of tokens.
//!
//! An integer key is a bucket of [`PROBES`] places, never an identity: the row holds the whole 128-bit name, and it is
//! compared. Integers because keys of bytes halve the speed. What is read together lies together:
//!
//! | table | bits of the key, highest first | so that |
//! | --- | --- | --- |
//! | `rows` | 42 account, 18 slot, 4 probe | the rows of an account share a page |
//! | `directory` | 60 name, 4 probe | |
//! | `requests` | 60 request, 4 probe | |
//! | `record_ids` | 36 time (64 ms units), 24 id, 4 probe | new ones go to the end |
//! | `records`, `journal` | the order of commits | new ones go to the end |
//!
//! Slots: 0 is the head, 1 the credentials, `0x10000` and 16 bits a line, `0x20000` and 17 bits a permit.
//!
//! These keys stand in every store's files: a change of one is a change of [`super::schema::SCHEMA`]'s version.

use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::Slot;

const ACCOUNT_BITS: u32 = 42;
const SLOT_BITS: u32 = 18;
const PROBE_BITS: u32 = 4;
const LINE_SLOTS: u64 = 0x1_0000;
const PERMIT_SLOTS: u64 = 0x2_0000;
const PERMIT_SLOT_BITS: u32 = 17;
const TIME_BITS: u32 = 36;
const TIME_UNIT_BITS: u32 = 6;
const RECORD_HASH_BITS: u32 = 24;
const _: () = assert!(ACCOUNT_BITS + SLOT_BITS + PROBE_BITS == u64::BITS);
const _: () = assert!(TIME_BITS + RECORD_HASH_BITS + PROBE_BITS == u64::BITS);

/// Places of a bucket. Hashing alone never fills one: 17 names that share 60 bits.
pub(super) const PROBES: u32 = 1 << PROBE_BITS;

/// The place of a name: a run of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bucket(i64);

impl Bucket {
    /// From 60 bits, leaving room for the probe. The order of buckets is the order of the bits.
    const fn new(bits: u64) -> Self {
        let unsigned = bits << PROBE_BITS;
        Self((unsigned ^ (1 << 63)).cast_signed())
    }

    /// The first key.
    pub(super) const fn first(self) -> i64 {
        self.0
    }

    /// The last key.
    pub(super) const fn last(self) -> i64 {
        self.0 | (PROBES as i64 - 1)
    }
}

/// Which places of a bucket are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places {
    bucket: Bucket,
    taken: u16,
}

impl Places {
    /// None is.
    pub(super) const fn free(bucket: Bucket) -> Self {
        Self { bucket, taken: 0 }
    }

    /// The bucket.
    pub(super) const fn bucket(self) -> Bucket {
        self.bucket
    }

    /// Takes the place of a key of the bucket.
    pub(super) const fn take(&mut self, key: i64) {
        self.taken |= 1 << (key & (PROBES as i64 - 1));
    }

    /// The key of the `nth` free place, counted from 0; `None` where the bucket has fewer.
    pub(super) fn nth_free(self, nth: usize) -> Option<i64> {
        let first = self.bucket.first();
        (first..=self.bucket.last()).filter(|key| self.taken & (1 << (key & (i64::from(PROBES) - 1))) == 0).nth(nth)
    }
}

/// Where a row is.
pub(super) fn row(account: Token, slot: Slot) -> Bucket {
    let account = first_64(account) >> (u64::BITS - ACCOUNT_BITS);
    let slot = match slot {
        Slot::Head => 0,
        Slot::Credentials => 1,
        Slot::Line(line) => LINE_SLOTS | (first_64(line) >> 48),
        Slot::Permit(id) => PERMIT_SLOTS | (mixed(id) >> (u64::BITS - PERMIT_SLOT_BITS)),
    };
    Bucket::new((account << SLOT_BITS) | slot)
}

/// A row's whole name: the account, what kind of slot, and which.
pub(super) fn row_name(account: Token, slot: Slot) -> Vec<u8> {
    let (tag, which) = match slot {
        Slot::Head => (1, None),
        Slot::Credentials => (2, None),
        Slot::Line(line) => (3, Some(*line.as_bytes())),
        Slot::Permit(id) => (4, Some(id.to_bytes())),
    };
    let mut name = Vec::with_capacity(2 * Token::BYTES + 1);
    name.extend_from_slice(account.as_bytes());
    name.push(tag);
    name.extend(which.into_iter().flatten());
    name
}

/// Where an entry of the directory or a request is.
pub(super) fn name(token: Token) -> Bucket {
    Bucket::new(first_64(token) >> PROBE_BITS)
}

/// Where a record's number stands. Ids are `UUIDv7`; any other id works too, only not at the end of the table.
pub(super) fn record(id: RecordId) -> Bucket {
    let millis = (id.as_u128() >> 80) as u64;
    let time = (millis >> TIME_UNIT_BITS) & ((1 << TIME_BITS) - 1);
    let hash = mixed(id) >> (u64::BITS - RECORD_HASH_BITS);
    Bucket::new((time << RECORD_HASH_BITS) | hash)
}

fn first_64(token: Token) -> u64 {
    (u128::from_be_bytes(*token.as_bytes()) >> 64) as u64
}

/// All bits of an id spread over the high ones (Fibonacci hashing).
const fn mixed(id: RecordId) -> u64 {
    let (high, low) = ((id.as_u128() >> 64) as u64, (id.as_u128() << 64 >> 64) as u64);
    let folded = high ^ low;
    (folded ^ (folded >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Bucket, PROBES, Places, name, record, row, row_name};
    use crate::crypto::Token;
    use crate::domain::RecordId;
    use crate::store::Slot;

    fn token(bits: u128) -> Token {
        Token::from_bytes(bits.to_be_bytes())
    }

    const ACCOUNT: u128 = 0xa375_fffb_987e_c0ac_5eb7_5958_4f3e_a101;
    const LINE: u128 = 0xf779_0bf8_af60_b8d9_06d9_693b_59c6_150d;
    const RECORD: RecordId = RecordId::from_u128(0x01a0_c450_6c7b_7012_8d15_9e26_af37_bf8c);

    /// Every store's files are laid out by these.
    #[test]
    fn golden_keys() {
        let account = token(ACCOUNT);
        let golden = [
            (row(account, Slot::Head), 0x2375_fffb_9840_0000),
            (row(account, Slot::Credentials), 0x2375_fffb_9840_0010),
            (row(account, Slot::Line(token(LINE))), 0x2375_fffb_985f_7790),
            (row(account, Slot::Permit(RECORD)), 0x2375_fffb_986c_5430),
            (name(token(LINE)), 0x7779_0bf8_af60_b8d0),
            (record(RECORD), -0x17ce_ebe4_e9d5_e5a0),
        ];
        let told: Vec<_> =
            golden.iter().map(|(made, kept)| (format!("{:016x}", made.first()), format!("{kept:016x}"))).collect();
        assert!(golden.iter().all(|(made, kept)| made.first() == *kept), "{told:#?}");
        assert_eq!(row_name(account, Slot::Head), [&ACCOUNT.to_be_bytes()[..], &[1]].concat());
        assert_eq!(row_name(account, Slot::Credentials), [&ACCOUNT.to_be_bytes()[..], &[2]].concat());
        let line = [&ACCOUNT.to_be_bytes()[..], &[3], &LINE.to_be_bytes()[..]].concat();
        assert_eq!(row_name(account, Slot::Line(token(LINE))), line);
        let permit = [&ACCOUNT.to_be_bytes()[..], &[4], &RECORD.to_bytes()[..]].concat();
        assert_eq!(row_name(account, Slot::Permit(RECORD)), permit);
    }

    #[test]
    fn a_bucket_ends_before_the_next_begins() {
        for bits in [0, 1, (1 << 59) - 1, 1 << 59, (1 << 60) - 2] {
            assert_eq!(Bucket::new(bits).last() - Bucket::new(bits).first(), i64::from(PROBES) - 1);
            assert_eq!(Bucket::new(bits).last() + 1, Bucket::new(bits + 1).first());
        }
        assert_eq!(Bucket::new((1 << 60) - 1).last(), i64::MAX);
    }

    #[test]
    fn places_fill_up() {
        let mut places = Places::free(name(token(1)));
        let first = places.bucket().first();
        places.take(first);
        places.take(first + 2);
        assert_eq!(places.nth_free(0), Some(first + 1));
        assert_eq!(places.nth_free(1), Some(first + 3));
        assert_eq!(places.nth_free(13), Some(first + 15));
        assert_eq!(places.nth_free(14), None);
    }

    /// A million records of one instant, as an import makes them.
    #[test]
    fn records_of_one_instant_find_room() {
        let mut buckets: HashMap<i64, u32> = HashMap::new();
        for number in 0..1_000_000_u128 {
            let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) >> 66;
            let id = RecordId::from_u128((0x019a_0000_0000 << 80) | (7 << 76) | (0b10 << 62) | random);
            *buckets.entry(record(id).first()).or_default() += 1;
        }
        let fullest = buckets.values().max().copied().unwrap();
        assert!(fullest <= PROBES / 2, "{fullest} in one bucket");
    }
}
