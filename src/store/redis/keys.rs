//! What is kept under which key.
//!
//! Every key is `<prefix>:{<partition>}:<kind>` and, where there are many of a kind, `:` and the raw bytes of a name. What
//! stands in braces decides a key's slot, so a partition lives in one slot, and a step touches one partition.
//!
//! | kind | type | holds |
//! | --- | --- | --- |
//! | `m` | hash | of the partition: `e` epoch, `v` layout, `s` position, `t` highest instant, `r` records, `g` permits, `a` `at` `am` how far records were taken out, `w` proofs; while the store is being filled `c` from what, `cr` how far; `mv` the epoch of the store that took its place |
//! | `a` account | hash | its rows but permits: `h`, `c`, `d` document, `l` line |
//! | `p` permit's id | string | version, account, body |
//! | `r` record's id | string | account, body |
//! | `q` request | string | digest, and the record that answered it |
//! | `v` request | string | its digest, in the slot of its own token |
//! | `w` window | string | events |
//! | `n` bucket | hash | names and where they lead |
//! | `k` bucket | sorted set | accounts that have a row |
//! | `d` | sorted set | due entries, in their order |
//! | `j`, `g` | stream | ids of records and of permits, by place |
//! | `l` name | hash | a lease: `h` holder, `u` until, `f` fencing number |
//! | `x` | hash | marks of keys, in partition 0 |
//! | `o` | string | who carries the store away or fills it, in partition 0 |
//!
//! A row is its version (8 bytes, big end first) and its body. Versions, places and instants are compared by the scripts.
//! These names and forms stand in every store: a change of one is another [`LAYOUT`].

use crc16::{State, XMODEM};

use crate::crypto::{Partition, Token};
use crate::domain::RecordId;
use crate::store::{Place, Slot};

/// The version of all this.
pub(super) const LAYOUT: &str = "1";

/// Slots of a cluster.
pub(super) const SLOTS: u16 = 16_384;

/// Accounts and names share a bucket by so many bits after those of the partition. A bucket is kept in one piece, at a few
/// bytes more than what it holds; one of 500 million names has some 500, which is as long as a look through it may take.
const ACCOUNT_BUCKET_BITS: u32 = 6;
const NAME_BUCKET_BITS: u32 = 10;

/// How many buckets of names a partition has.
pub(super) const NAME_BUCKETS: u16 = 1 << NAME_BUCKET_BITS;

/// Makes keys.
#[derive(Clone)]
pub(super) struct Keys {
    prefix: String,
}

impl Keys {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    fn key(&self, partition: Partition, kind: u8, name: &[u8]) -> Vec<u8> {
        let mut key = Vec::with_capacity(self.prefix.len().saturating_add(name.len()).saturating_add(12));
        key.extend_from_slice(self.prefix.as_bytes());
        key.extend_from_slice(tag(partition).as_bytes());
        key.push(kind);
        if !name.is_empty() {
            key.push(b':');
            key.extend_from_slice(name);
        }
        key
    }

    pub(super) fn meta(&self, partition: Partition) -> Vec<u8> {
        self.key(partition, b'm', &[])
    }

    pub(super) fn account(&self, account: Token) -> Vec<u8> {
        self.key(account.partition(), b'a', account.as_bytes())
    }

    pub(super) fn permit(&self, partition: Partition, id: RecordId) -> Vec<u8> {
        self.key(partition, b'p', &id.to_bytes())
    }

    pub(super) fn record(&self, partition: Partition, id: RecordId) -> Vec<u8> {
        self.key(partition, b'r', &id.to_bytes())
    }

    /// A request's key in the partition of the account it asks about.
    pub(super) fn request(&self, partition: Partition, request: Token) -> Vec<u8> {
        self.key(partition, b'q', request.as_bytes())
    }

    /// A request's reservation in its own partition.
    pub(super) fn reservation(&self, request: Token) -> Vec<u8> {
        self.key(request.partition(), b'v', request.as_bytes())
    }

    pub(super) fn window(&self, partition: Partition, window: Token) -> Vec<u8> {
        self.key(partition, b'w', window.as_bytes())
    }

    pub(super) fn names(&self, name: Token) -> Vec<u8> {
        self.bucket_of_names(name.partition(), bucket(name, NAME_BUCKET_BITS))
    }

    pub(super) fn bucket_of_names(&self, partition: Partition, bucket: u16) -> Vec<u8> {
        self.key(partition, b'n', &bucket.to_be_bytes())
    }

    pub(super) fn accounts(&self, partition: Partition, bucket: u8) -> Vec<u8> {
        self.key(partition, b'k', &[bucket])
    }

    pub(super) fn due(&self, partition: Partition) -> Vec<u8> {
        self.key(partition, b'd', &[])
    }

    pub(super) fn journal(&self, partition: Partition) -> Vec<u8> {
        self.key(partition, b'j', &[])
    }

    pub(super) fn permits(&self, partition: Partition) -> Vec<u8> {
        self.key(partition, b'g', &[])
    }

    pub(super) fn lease(&self, partition: Partition, name: &str) -> Vec<u8> {
        self.key(partition, b'l', name.as_bytes())
    }

    pub(super) fn marks(&self) -> Vec<u8> {
        self.key(FIRST, b'x', &[])
    }

    /// Who carries the store away or fills it.
    pub(super) fn hold(&self) -> Vec<u8> {
        self.key(FIRST, b'o', &[])
    }

    /// All keys with that letter, as a pattern. A prefix has no character that means anything in one.
    pub(super) fn all_of(&self, kind: u8) -> Vec<u8> {
        [self.prefix.as_bytes(), b":{*}:", &[kind], b":*"].concat()
    }

    /// The partition and the name that a key with that letter has; nothing for any other key.
    pub(super) fn named(&self, key: &[u8], kind: u8) -> Option<(Partition, Token)> {
        let rest = key.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b":{")?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let name = rest.strip_prefix(b"}:")?.strip_prefix(&[kind])?.strip_prefix(b":")?;
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some((Partition::new(number)?, Token::from_bytes(name.try_into().ok()?)))
    }

    /// Where rings are heard.
    pub(super) fn rings(&self) -> String {
        format!("{}:rings", self.prefix)
    }
}

/// The partition that knows of the whole store.
pub(super) const FIRST: Partition = match Partition::new(0) {
    Some(first) => first,
    None => unreachable!(),
};

fn tag(partition: Partition) -> String {
    format!(":{{{:04}}}:", partition.number())
}

/// The slot of a partition's keys: CRC16 (XMODEM) of what stands in braces, as a cluster counts it.
pub(super) fn slot_of(partition: Partition) -> u16 {
    State::<XMODEM>::calculate(format!("{:04}", partition.number()).as_bytes()) % SLOTS
}

/// How many buckets of accounts a partition has.
pub(super) const ACCOUNT_BUCKETS: u8 = 1 << ACCOUNT_BUCKET_BITS;

/// The bucket of an account: the order of buckets is the order of accounts.
pub(super) fn account_bucket(account: Token) -> u8 {
    let [_, low] = bucket(account, ACCOUNT_BUCKET_BITS).to_be_bytes();
    low
}

/// The bits of a token that follow those of its partition.
fn bucket(token: Token, bits: u32) -> u16 {
    let all = u128::from_be_bytes(*token.as_bytes());
    let rest = all << Partition::COUNT.trailing_zeros();
    let [first, second, ..] = rest.to_be_bytes();
    u16::from_be_bytes([first, second]) >> u16::BITS.saturating_sub(bits)
}

/// A lease lives where its name says: FNV-1a, so that every engine agrees.
pub(super) fn partition_of_lease(name: &str) -> Partition {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let number = u16::try_from(hash % u64::from(Partition::COUNT)).unwrap_or(0);
    Partition::new(number).unwrap_or(FIRST)
}

/// The field of an account's hash that a row stands in; none for a permit.
pub(super) fn field(slot: Slot) -> Option<Vec<u8>> {
    let named = |kind: u8, name: Token| [&[kind][..], name.as_bytes()].concat();
    match slot {
        Slot::Head => Some(b"h".to_vec()),
        Slot::Credentials => Some(b"c".to_vec()),
        Slot::Document(document) => Some(named(b'd', document)),
        Slot::Line(line) => Some(named(b'l', line)),
        Slot::Permit(_) => None,
    }
}

/// The row that a field holds.
pub(super) fn slot_named(field: &[u8]) -> Option<Slot> {
    let token = |name: &[u8]| Some(Token::from_bytes(name.try_into().ok()?));
    match field {
        b"h" => Some(Slot::Head),
        b"c" => Some(Slot::Credentials),
        [b'd', name @ ..] => token(name).map(Slot::Document),
        [b'l', name @ ..] => token(name).map(Slot::Line),
        _ => None,
    }
}

/// Where a name leads: its account and its line; the line is left out where it is the name itself.
pub(super) fn place(name: Token, place: Place) -> Vec<u8> {
    let mut bytes = place.account.as_bytes().to_vec();
    if place.line != name {
        bytes.extend_from_slice(place.line.as_bytes());
    }
    bytes
}

/// Back from it.
pub(super) fn place_named(name: Token, bytes: &[u8]) -> Option<Place> {
    let (account, line) = bytes.split_at_checked(Token::BYTES)?;
    let account = Token::from_bytes(account.try_into().ok()?);
    let line = if line.is_empty() { name } else { Token::from_bytes(line.try_into().ok()?) };
    Some(Place { account, line })
}
