//! Where things are kept in the tables: integer keys.
//!
//! An integer key made of a name is a bucket of [`PROBES`] places, never an identity: the row holds the whole 128-bit name,
//! and it is compared. Integers because keys of bytes halve the speed. What is read together lies together, and what is new
//! goes to the end of its table:
//!
//! | table | bits of the key, highest first |
//! | --- | --- |
//! | `rows` | 1 unused, 39 the account's number, 20 slot, 4 probe |
//! | `permits`, `record_ids` | 38 time (16 ms units), 22 id, 4 probe |
//! | `accounts`, `directory`, `requests` | 60 name, 4 probe |
//! | `records`, `fresh`, `journal` | the order of commits |
//!
//! Slots: 0 is the head, 1 the credentials, `0x40000` and 18 bits a document, `0x80000` and 19 bits a line.
//!
//! These keys stand in every store's files: a change of one is a change of [`super::schema::SCHEMA`]'s version.

use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::Slot;

const SLOT_BITS: u32 = 20;
const PROBE_BITS: u32 = 4;
const DOCUMENT_SLOTS: u64 = 0x4_0000;
const DOCUMENT_SLOT_BITS: u32 = 18;
const LINE_SLOTS: u64 = 0x8_0000;
const LINE_SLOT_BITS: u32 = 19;
const TIME_BITS: u32 = 38;
const TIME_UNIT_BITS: u32 = 4;
const ID_BITS: u32 = 22;
const _: () = assert!(TIME_BITS + ID_BITS + PROBE_BITS == u64::BITS);

/// Places of a bucket. Hashing alone never fills one: 17 names that share 60 bits.
pub(super) const PROBES: u32 = 1 << PROBE_BITS;

/// How many accounts a store can number: five hundred times mankind.
const ACCOUNTS_MAX: u64 = 1 << (u64::BITS - 1 - SLOT_BITS - PROBE_BITS);

/// The number of an account in this store: counted up as accounts come, so that new ones lie at the end of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AccountNumber(u64);

impl AccountNumber {
    /// That number; `None` beyond what keys have room for.
    pub(super) const fn new(number: u64) -> Option<Self> {
        if number < ACCOUNTS_MAX { Some(Self(number)) } else { None }
    }

    /// As kept.
    pub(super) const fn get(self) -> u64 {
        self.0
    }

    /// The keys of all its rows: first and last.
    pub(super) const fn rows(self) -> (i64, i64) {
        let first = (self.0 << (SLOT_BITS + PROBE_BITS)).cast_signed();
        (first, first | ((1 << (SLOT_BITS + PROBE_BITS)) - 1))
    }
}

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

    /// Whether a key is one of its places.
    pub(super) const fn holds(self, key: i64) -> bool {
        self.0 == key & !(PROBES as i64 - 1)
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

/// Where a row of an account is; a permit's place does not depend on the account.
pub(super) fn row(number: AccountNumber, slot: Slot) -> Bucket {
    let slot = match slot {
        Slot::Head => 0,
        Slot::Credentials => 1,
        Slot::Document(document) => DOCUMENT_SLOTS | (first_64(document) >> (u64::BITS - DOCUMENT_SLOT_BITS)),
        Slot::Line(line) => LINE_SLOTS | (first_64(line) >> (u64::BITS - LINE_SLOT_BITS)),
        Slot::Permit(id) => return record(id),
    };
    // Keys of rows are not negative: the account's number has a bit to spare.
    Bucket(number.rows().0 | (slot << PROBE_BITS).cast_signed())
}

/// A row's name within its account; a permit's name within its table, where all accounts' permits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowName {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

impl RowName {
    const BYTES_MAX: usize = 1 + 2 * Token::BYTES;

    /// The name of that slot of that account.
    pub(super) fn new(account: Token, slot: Slot) -> Self {
        let mut name = Self { bytes: [0; Self::BYTES_MAX], length: 0 };
        match slot {
            Slot::Head => name.push(&[1]),
            Slot::Credentials => name.push(&[2]),
            Slot::Line(line) => {
                name.push(&[3]);
                name.push(line.as_bytes());
            }
            Slot::Permit(id) => {
                name.push(&[4]);
                name.push(account.as_bytes());
                name.push(&id.to_bytes());
            }
            Slot::Document(document) => {
                name.push(&[5]);
                name.push(document.as_bytes());
            }
        }
        name
    }

    fn push(&mut self, more: &[u8]) {
        let end = self.length.saturating_add(more.len());
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(more);
            self.length = end;
        }
    }

    /// As kept.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&self.bytes)
    }
}

/// The slot that a row's name says, and for a permit its account; `None` for what is no row's name.
pub(super) fn slot_named(name: &[u8]) -> Option<(Option<Token>, Slot)> {
    let token = |bytes: &[u8]| bytes.try_into().ok().map(Token::from_bytes);
    match name {
        [1] => Some((None, Slot::Head)),
        [2] => Some((None, Slot::Credentials)),
        [3, line @ ..] => Some((None, Slot::Line(token(line)?))),
        [4, permit @ ..] => {
            let (account, id) = permit.split_at_checked(Token::BYTES)?;
            let id = RecordId::from_u128(u128::from_be_bytes(id.try_into().ok()?));
            Some((Some(token(account)?), Slot::Permit(id)))
        }
        [5, document @ ..] => Some((None, Slot::Document(token(document)?))),
        _ => None,
    }
}

/// Where an account's number, an entry of the directory or a request is.
pub(super) fn name(token: Token) -> Bucket {
    Bucket::new(first_64(token) >> PROBE_BITS)
}

/// Where a record's number or a permit stands. Ids are `UUIDv7`; any other id works too, only not at the end of the table.
pub(super) fn record(id: RecordId) -> Bucket {
    let millis = (id.as_u128() >> 80) as u64;
    let time = (millis >> TIME_UNIT_BITS) & ((1 << TIME_BITS) - 1);
    Bucket::new((time << ID_BITS) | (mixed(id) >> (u64::BITS - ID_BITS)))
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

    use super::{ACCOUNTS_MAX, AccountNumber, Bucket, PROBES, Places, RowName, name, record, row, slot_named};
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
        let number = AccountNumber::new(0x12_3456_789a).unwrap();
        let golden = [
            (row(number, Slot::Head), 0x1234_5678_9a00_0000),
            (row(number, Slot::Credentials), 0x1234_5678_9a00_0010),
            (row(number, Slot::Line(token(LINE))), 0x1234_5678_9afb_bc80),
            (row(number, Slot::Document(token(LINE))), 0x1234_5678_9a7d_de40),
            (row(number, Slot::Permit(RECORD)), -0x17ce_ebe4_e275_7970),
            (name(token(LINE)), 0x7779_0bf8_af60_b8d0),
            (record(RECORD), -0x17ce_ebe4_e275_7970),
        ];
        let told: Vec<_> =
            golden.iter().map(|(made, kept)| (format!("{:016x}", made.first()), format!("{kept:016x}"))).collect();
        assert!(golden.iter().all(|(made, kept)| made.first() == *kept), "{told:#?}");
    }

    #[test]
    fn golden_names() {
        let account = token(ACCOUNT);
        let named = |slot| RowName::new(account, slot).as_bytes().to_vec();
        assert_eq!(named(Slot::Head), [1]);
        assert_eq!(named(Slot::Credentials), [2]);
        assert_eq!(named(Slot::Line(token(LINE))), [&[3], &LINE.to_be_bytes()[..]].concat());
        let permit = [&[4], &ACCOUNT.to_be_bytes()[..], &RECORD.to_bytes()[..]].concat();
        assert_eq!(named(Slot::Permit(RECORD)), permit);
        assert_eq!(named(Slot::Document(token(LINE))), [&[5], &LINE.to_be_bytes()[..]].concat());
    }

    #[test]
    fn a_rows_name_says_what_it_is_of() {
        let account = token(ACCOUNT);
        let document = Slot::Document(token(LINE));
        for slot in [Slot::Head, Slot::Credentials, document, Slot::Line(token(LINE)), Slot::Permit(RECORD)] {
            let whose = matches!(slot, Slot::Permit(_)).then_some(account);
            assert_eq!(slot_named(RowName::new(account, slot).as_bytes()), Some((whose, slot)));
        }
        for name in [&[][..], &[0], &[6], &[1, 1], &[3, 7], &[5, 7], &[4; 32], &[4; 34]] {
            assert_eq!(slot_named(name), None, "{name:?}");
        }
    }

    #[test]
    fn an_accounts_rows_lie_between_its_neighbours() {
        assert_eq!(AccountNumber::new(ACCOUNTS_MAX), None);
        for number in [0, 1, 77, ACCOUNTS_MAX - 2] {
            let (number, next) = (AccountNumber::new(number).unwrap(), AccountNumber::new(number + 1).unwrap());
            let (first, last) = number.rows();
            assert_eq!(last + 1, next.rows().0);
            let edges = [0, u128::MAX].map(token);
            let slots = [Slot::Head, Slot::Credentials];
            let slots = slots.into_iter().chain(edges.map(Slot::Document)).chain(edges.map(Slot::Line));
            let buckets: Vec<_> = slots.map(|slot| row(number, slot)).collect();
            assert!(buckets.iter().all(|bucket| first <= bucket.first() && bucket.last() <= last));
            assert!(
                buckets.is_sorted_by(|one, next| one.last() < next.first()),
                "{number:?}: slots lie in their order"
            );
        }
    }

    #[test]
    fn a_bucket_ends_before_the_next_begins() {
        for bits in [0, 1, (1 << 59) - 1, 1 << 59, (1 << 60) - 2] {
            let bucket = Bucket::new(bits);
            assert_eq!(bucket.last() - bucket.first(), i64::from(PROBES) - 1);
            assert_eq!(bucket.last() + 1, Bucket::new(bits + 1).first());
            assert!(bucket.holds(bucket.first()) && bucket.holds(bucket.last()));
            assert!(!bucket.holds(bucket.last() + 1));
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
