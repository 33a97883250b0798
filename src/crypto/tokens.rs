//! Lookup tokens: what stands in the store where a number, an account or a caller would stand.
//!
//! A token is a truncated HMAC under the index key. Who steals the store cannot turn one back into a number, nor make
//! the token of a number they know. The kind stands first in every message, so tokens of two kinds never meet.

use ring::hmac;

use super::keyring::Keyring;
use super::mac;
use crate::domain::{AccountId, Brand, DeviceId, LineId, Msisdn, RequestId, SpentApproval, Subject};

/// A keyed name, 128 bits. Safe to log: without the index key it tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token([u8; Token::BYTES]);

impl Token {
    /// Bytes of a token.
    pub const BYTES: usize = 16;

    /// From the bytes as stored.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// The partition of what this token names. Means something only for what lives on its own: accounts, requests,
    /// number-index entries, windows. A line lives with its account, whatever its own token says.
    pub const fn partition(self) -> Partition {
        Partition::of_first_bits(self.0[0], self.0[1])
    }

    /// The first 64 bits as an integer key. A bucket, never an identity: the row keeps the whole token, and it is compared.
    pub const fn bucket(self) -> i64 {
        ((u128::from_be_bytes(self.0) >> 64) as u64).cast_signed()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let first = u128::from_be_bytes(self.0) >> 96;
        write!(f, "Token({first:08x}..)")
    }
}

/// One of the 1,024 parts of a store. What lives in one is committed together or not at all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(u16);

impl Partition {
    /// How many there are.
    pub const COUNT: u16 = 1024;
    /// Bits of a partition's number.
    pub(super) const BITS: u32 = Self::COUNT.trailing_zeros();

    /// The partition of that number; `None` from 1,024 on.
    pub const fn new(number: u16) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number, 0 to 1,023.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Every partition, in order.
    pub fn all() -> impl ExactSizeIterator<Item = Self> {
        (0..Self::COUNT).map(Self)
    }

    pub(super) const fn of_first_bits(first: u8, second: u8) -> Self {
        Self(u16::from_be_bytes([first, second]) >> (16 - Self::BITS))
    }

    /// From the low bits of `bits`; the others are dropped.
    pub(super) const fn of_low_bits(bits: u16) -> Self {
        Self(bits % Self::COUNT)
    }
}

impl std::fmt::Debug for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "p{:04}", self.0)
    }
}

/// What a token names. The numbers are stored for ever: never reused, never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum TokenKind {
    /// A telephone number of a brand.
    Number = 1,
    /// A line of a brand.
    Line = 2,
    /// An account of a brand.
    Account = 3,
    /// A request of a caller.
    Request = 4,
    /// A window that counts.
    Window = 5,
    /// An authenticated identity.
    Subject = 6,
    /// The account that unknown numbers of a partition belong to.
    Phantom = 7,
    /// The mask over an id's partition.
    IdMask = 8,
    /// The check value a store keeps of its keyring.
    KeyringCheck = 9,
    /// A keyed digest: the whole 256 bits.
    Digest = 10,
    /// The account of the engine itself in a brand.
    Ledger = 11,
    /// What a ledger keeps besides its chain.
    Document = 12,
}

/// Makes lookup tokens. Cheap to clone; every token costs one keyed hash.
#[derive(Clone)]
pub struct Tokens {
    index: hmac::Key,
}

impl Tokens {
    /// Prepares the index key.
    pub fn new(keyring: &Keyring) -> Self {
        Self { index: keyring.index_mac() }
    }

    /// The token of a number: where the index entry that leads from a number to its line is kept.
    pub fn number(&self, brand: &Brand, number: Msisdn) -> Token {
        self.derive(TokenKind::Number, &[brand.as_str().as_bytes(), &number.digits().to_be_bytes()])
    }

    /// The token of a line.
    pub fn line(&self, brand: &Brand, line: &LineId) -> Token {
        self.derive(TokenKind::Line, &[brand.as_str().as_bytes(), line.as_str().as_bytes()])
    }

    /// The token of an account. Its partition is where the account and all its records live.
    pub fn account(&self, brand: &Brand, account: &AccountId) -> Token {
        self.derive(TokenKind::Account, &[brand.as_str().as_bytes(), account.as_str().as_bytes()])
    }

    /// The token of a request: the same id from another caller is another request.
    pub fn request(&self, caller: &Subject, request: RequestId) -> Token {
        self.derive(TokenKind::Request, &[caller.as_str().as_bytes(), &request.to_bytes()])
    }

    /// The token of a window: its name in the policy, and what it counts by.
    pub fn window(&self, name: &str, parts: &[&[u8]]) -> Token {
        self.named(TokenKind::Window, name, parts)
    }

    /// The token of an authenticated identity.
    pub fn subject(&self, subject: &Subject) -> Token {
        self.derive(TokenKind::Subject, &[subject.as_str().as_bytes()])
    }

    /// The token of the account that a brand's unknown numbers of a partition belong to; it lives in that partition.
    pub fn phantom(&self, brand: &Brand, partition: Partition) -> Token {
        let parts = [brand.as_str().as_bytes(), &partition.number().to_be_bytes()];
        let Token(bytes) = self.derive(TokenKind::Phantom, &parts);
        let rest = u128::from_be_bytes(bytes) & (u128::MAX >> Partition::BITS);
        let place = u128::from(partition.number()) << (u128::BITS - Partition::BITS);
        Token((place | rest).to_be_bytes())
    }

    /// The token of the engine's own account in a brand: no name that a caller can give leads there.
    pub fn ledger(&self, brand: &Brand) -> Token {
        self.derive(TokenKind::Ledger, &[brand.as_str().as_bytes()])
    }

    /// The token of a document in a brand's ledger: what kind of thing it is, and its name.
    pub fn document(&self, kind: &str, name: &[&[u8]]) -> Token {
        self.named(TokenKind::Document, kind, name)
    }

    /// The digest by which an app approval is known once it is used.
    pub fn spent_approval(&self, device: &DeviceId, signed: &str) -> SpentApproval {
        let digest = self.short_digest("spent-approval", &[device.as_str().as_bytes(), signed.as_bytes()]);
        SpentApproval(u128::from_be_bytes(digest))
    }

    /// The first 128 bits of a [`Self::digest`]: enough for a name that nobody can make without the key.
    pub fn short_digest(&self, name: &str, parts: &[&[u8]]) -> [u8; 16] {
        mac::leading(&self.digest(name, parts))
    }

    /// A keyed digest, 256 bits, of something that may hold a secret (a request's body holds PINs): without the index
    /// key nobody can try values against it. `name` tells one use from another.
    pub fn digest(&self, name: &str, parts: &[&[u8]]) -> [u8; 32] {
        mac::tag(&self.index, &[TokenKind::Digest as u8], &with_name(name, parts))
    }

    /// Whether somebody's digest is that [`Self::short_digest`], in time that does not depend on where they differ.
    pub fn is_short_digest(&self, name: &str, parts: &[&[u8]], said: &[u8; 16]) -> bool {
        mac::are_equal(&self.index, &self.short_digest(name, parts), said)
    }

    /// The token of that kind over those fields.
    pub(super) fn derive(&self, kind: TokenKind, fields: &[&[u8]]) -> Token {
        Token(mac::leading(&mac::tag(&self.index, &[kind as u8], fields)))
    }

    fn named(&self, kind: TokenKind, name: &str, parts: &[&[u8]]) -> Token {
        self.derive(kind, &with_name(name, parts))
    }
}

fn with_name<'a>(name: &'a str, parts: &[&'a [u8]]) -> Vec<&'a [u8]> {
    std::iter::once(name.as_bytes()).chain(parts.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Partition, Token, TokenKind, Tokens};
    use crate::crypto::Keyring;
    use crate::crypto::mac::hex;
    use crate::domain::{AccountId, Brand, LineId, Msisdn, RequestId, Subject};

    fn tokens() -> Tokens {
        Tokens::new(&Keyring::known())
    }

    fn brand(name: &str) -> Brand {
        Brand::parse(name).unwrap()
    }

    /// Every store is keyed by these: a change of one loses every record.
    #[test]
    fn golden_tokens() {
        let tokens = tokens();
        let subject = Subject::parse("issuer/agent-7").unwrap();
        let request = RequestId::parse("0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91").unwrap();
        let golden = [
            (tokens.number(&brand("main"), Msisdn::parse("+12125550123").unwrap()), "402214af156f31c20b440778364da95b"),
            (tokens.line(&brand("main"), &LineId::parse("line-1").unwrap()), "f7790bf8af60b8d906d9693b59c6150d"),
            (tokens.account(&brand("main"), &AccountId::parse("acct-1").unwrap()), "a375fffb987ec0ac5eb759584f3ea101"),
            (tokens.request(&subject, request), "bf239c4a8fb8c021b360b1e46ec2c272"),
            (tokens.window("pin_failures", &[b"acct", b"1"]), "74a2d998359c4acee345f189dfe8abec"),
            (tokens.subject(&subject), "fe109dfbaa33103da31c41533f3804b0"),
            (tokens.document("hold", &[&[1], b"issuer/agent-7"]), "705bd1a011a7468b7e1c3c8c6e305b9e"),
            (tokens.ledger(&brand("main")), "a88a2b831e7f46369a4a3a3fad3250f2"),
            (tokens.phantom(&brand("main"), Partition::new(1023).unwrap()), "fff488a6608708a67f9bed5359f2fc9b"),
        ];
        let told = golden.map(|(token, expected)| (hex(token.as_bytes()), expected));
        for (token, expected) in &told {
            assert_eq!(token, expected, "{told:#?}");
        }
        assert_eq!(tokens.digest("body", &[b"x"])[..4], [115, 207, 248, 170]);
    }

    #[test]
    fn kinds_brands_and_fields_never_meet() {
        let tokens = tokens();
        let mut seen = HashSet::new();
        for brand in [brand("main"), brand("mvno")] {
            assert!(seen.insert(tokens.line(&brand, &LineId::parse("1").unwrap())));
            assert!(seen.insert(tokens.account(&brand, &AccountId::parse("1").unwrap())));
            assert!(seen.insert(tokens.account(&brand, &AccountId::parse("01").unwrap())));
        }
        for parts in [&[b"ab".as_slice(), b"c"], &[b"a".as_slice(), b"bc"]] {
            assert!(seen.insert(tokens.window("w", parts)));
            assert!(seen.insert(tokens.derive(TokenKind::Line, parts)));
        }
    }

    #[test]
    fn another_index_key_gives_other_tokens() {
        let other = Tokens::new(&Keyring::generate(chrono::DateTime::UNIX_EPOCH).unwrap());
        let account = AccountId::parse("acct-1").unwrap();
        assert_ne!(tokens().account(&brand("main"), &account), other.account(&brand("main"), &account));
    }

    #[test]
    fn a_phantom_lives_in_its_partition() {
        let tokens = tokens();
        let phantoms: HashSet<_> =
            Partition::all().map(|partition| (partition, tokens.phantom(&brand("main"), partition))).collect();
        assert_eq!(phantoms.len(), usize::from(Partition::COUNT));
        assert!(phantoms.iter().all(|(partition, token)| token.partition() == *partition));
    }

    #[test]
    fn accounts_spread_over_the_partitions() {
        let tokens = tokens();
        let mut counts = vec![0_u32; usize::from(Partition::COUNT)];
        for number in 0..20_480 {
            let account = AccountId::parse(&format!("acct-{number}")).unwrap();
            counts[usize::from(tokens.account(&brand("main"), &account).partition().number())] += 1;
        }
        // 20 each on average: none empty, none with thrice its share.
        assert!(counts.iter().all(|count| (1..60).contains(count)), "{counts:?}");
    }

    #[test]
    fn partition_and_bucket_are_the_first_bits() {
        let token = Token::from_bytes([0xff, 0xc0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9]);
        assert_eq!(token.partition(), Partition::new(1023).unwrap());
        assert_eq!(token.bucket(), 0xffc0_0000_0000_0001_u64.cast_signed());
        assert_eq!(Partition::new(1024), None);
        assert_eq!(format!("{token:?} {:?}", token.partition()), "Token(ffc00000..) p1023");
    }
}
