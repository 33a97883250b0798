//! Keys and bytes as they stand in every store.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use std::sync::Arc;

use super::fabric::Fabric;
use super::keys::{self, Keys, account_bucket, partition_of_lease, place, place_named, slot_of};
use super::options::{Address, RedisDurability, RedisOptions, RedisPlace};
use super::store::RedisStore;
use super::wire;
use crate::crypto::{Cost, Ids, Keyring, Partition, Token};
use crate::domain::RecordId;
use crate::store::{DueEntry, Movable as _, Place, Row, Slot, Store as _, StoreError, Walked};
use tokio::task::JoinSet;

const ACCOUNT: u128 = 0xa375_fffb_987e_c0ac_5eb7_5958_4f3e_a101;
const LINE: u128 = 0xf779_0bf8_af60_b8d9_06d9_693b_59c6_150d;
const RECORD: RecordId = RecordId::from_u128(0x01a0_c450_6c7b_7012_8d15_9e26_af37_bf8c);

fn token(bits: u128) -> Token {
    Token::from_bytes(bits.to_be_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 5).unwrap()
}

/// A key's readable beginning, and the hex of what is a name.
fn shown(key: &[u8]) -> String {
    let readable = key.iter().rposition(|byte| *byte == b'}').unwrap() + 3;
    let (readable, name) = key.split_at(readable.min(key.len()));
    format!("{}{}", String::from_utf8_lossy(readable), hex(name))
}

#[test]
fn golden_keys() {
    let keys = Keys::new("portcullis");
    let (account, line) = (token(ACCOUNT), token(LINE));
    let partition = account.partition();
    let golden = [
        (keys.meta(partition), "portcullis:{0653}:m"),
        (keys.account(account), "portcullis:{0653}:a3aa375fffb987ec0ac5eb759584f3ea101"),
        (keys.permit(partition, RECORD), "portcullis:{0653}:p3a01a0c4506c7b70128d159e26af37bf8c"),
        (keys.record(partition, RECORD), "portcullis:{0653}:r3a01a0c4506c7b70128d159e26af37bf8c"),
        (keys.request(partition, line), "portcullis:{0653}:q3af7790bf8af60b8d906d9693b59c6150d"),
        (keys.reservation(line), "portcullis:{0989}:v3af7790bf8af60b8d906d9693b59c6150d"),
        (keys.window(partition, line), "portcullis:{0653}:w3af7790bf8af60b8d906d9693b59c6150d"),
        (keys.names(line), "portcullis:{0989}:n3a0390"),
        (keys.accounts(partition, account_bucket(account)), "portcullis:{0653}:k3a35"),
        (keys.due(partition), "portcullis:{0653}:d"),
        (keys.journal(partition), "portcullis:{0653}:j"),
        (keys.permits(partition), "portcullis:{0653}:g"),
        (keys.lease(partition_of_lease("due"), "due"), "portcullis:{0213}:l3a647565"),
        (keys.marks(), "portcullis:{0000}:x"),
    ];
    for (made, kept) in golden {
        assert_eq!(shown(&made), kept);
    }
    assert_eq!(keys.rings(), "portcullis:rings");
}

#[test]
fn golden_values() {
    let (account, line) = (token(ACCOUNT), token(LINE));
    let due = DueEntry { at: at(), account, line: Some(line) };
    let golden = [
        (wire::instant(at()).to_vec(), "800000006b49d20000000005"),
        (wire::version(0), ""),
        (wire::version(7), "0000000000000007"),
        (wire::row(7, None, b"body"), "0000000000000007626f6479"),
        (wire::row(7, Some(account), b"body"), "0000000000000007a375fffb987ec0ac5eb759584f3ea101626f6479"),
        (wire::record(account, b"body"), "a375fffb987ec0ac5eb759584f3ea101626f6479"),
        (wire::due(&due), "800000006b49d20000000005a375fffb987ec0ac5eb759584f3ea101f7790bf8af60b8d906d9693b59c6150d"),
        (wire::due(&DueEntry { line: None, ..due }), "800000006b49d20000000005a375fffb987ec0ac5eb759584f3ea101"),
        (place(token(1), Place { account, line }), "a375fffb987ec0ac5eb759584f3ea101f7790bf8af60b8d906d9693b59c6150d"),
        (place(line, Place { account, line }), "a375fffb987ec0ac5eb759584f3ea101"),
        (keys::field(Slot::Head).unwrap(), "68"),
        (keys::field(Slot::Credentials).unwrap(), "63"),
        (keys::field(Slot::Document(line)).unwrap(), "64f7790bf8af60b8d906d9693b59c6150d"),
        (keys::field(Slot::Line(line)).unwrap(), "6cf7790bf8af60b8d906d9693b59c6150d"),
    ];
    for (made, kept) in golden {
        assert_eq!(hex(&made), kept);
    }
}

/// As `CLUSTER KEYSLOT` tells them.
#[test]
fn golden_slots() {
    let slots: Vec<u16> = [0, 1, 653, 1_023].map(|number| slot_of(Partition::new(number).unwrap())).to_vec();
    assert_eq!(slots, [6_794, 2_731, 10_172, 14_911]);
}

#[test]
fn what_no_script_wrote_is_not_read() {
    assert!(wire::row_of(vec![0; 7]).is_err());
    assert!(wire::permit_of(vec![0; 23]).is_err());
    assert!(wire::record_of(vec![0; 15]).is_err());
    assert!(wire::window_of(&[0; 43]).is_err());
    for bytes in [&[0; 11][..], &[0; 27], &[0; 29]] {
        assert_eq!(wire::due_of(bytes), None);
    }
    for field in [&b""[..], b"x", b"l", b"lshort", b"hh"] {
        assert_eq!(keys::slot_named(field), None);
    }
    assert_eq!(place_named(token(1), &[0; 15]), None);
}

#[test]
fn addresses_are_read_as_servers_write_them() {
    let address = |host: &str, port| Some(Address { host: host.to_owned(), port });
    assert_eq!(Address::parse("127.0.0.1:6379"), address("127.0.0.1", 6_379));
    assert_eq!(Address::parse("fd00::1:6379"), address("fd00::1", 6_379));
    assert_eq!(Address::parse("[fd00::1]:6379"), address("fd00::1", 6_379));
    assert_eq!(Address::parse("[fd00::1]:6379").unwrap().to_string(), "[fd00::1]:6379");
    for wrong in ["", ":6379", "host", "host:", "host:0", "host:70000", "a b:1"] {
        assert_eq!(Address::parse(wrong), None, "{wrong}");
    }
}

/// Who reads all of something is not told that a part is empty of which nobody knows who has it.
#[tokio::test]
async fn a_part_that_nobody_has_is_not_an_empty_one() {
    let keyring = Keyring::generate_at_cost(at(), Cost::LowForTestPurposesOnly).unwrap();
    let seeds = vec![Address { host: "127.0.0.1".to_owned(), port: 1 }];
    let place = RedisPlace::Cluster { seeds };
    let fabric = Fabric::new(RedisOptions::new(place, RedisDurability::Replicated(1), Ids::new(&keyring), 1));
    let store = RedisStore::new(Arc::new(fabric), 1, JoinSet::new(), None);
    let refused = |error: StoreError| assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    refused(store.due(at(), 10).await.unwrap_err());
    refused(store.permits(None, 10).await.unwrap_err());
    for kind in [Walked::Requests, Walked::Windows] {
        refused(store.walk(kind, None, 10).await.unwrap_err());
    }
    refused(store.fabric.whole_layout().map(drop).unwrap_err());
}

proptest! {
    /// The order of bytes is the order of instants: due entries are read by it.
    #[test]
    fn instants_are_in_order(one in -10_000_000_000_i64..10_000_000_000, other in -10_000_000_000_i64..10_000_000_000, nanos in 0..1_000_000_000_u32) {
        let instant = |seconds| DateTime::from_timestamp(seconds, nanos).unwrap();
        prop_assert_eq!(wire::instant(instant(one)) < wire::instant(instant(other)), one < other);
        prop_assert_eq!(wire::instant_of(&wire::instant(instant(one))), Some(instant(one)));
        let next = instant(one) + TimeDelta::nanoseconds(1);
        prop_assert!(wire::instant(instant(one)) < wire::instant(next));
    }

    #[test]
    fn what_is_written_is_read(version in 1..u64::MAX, body: Vec<u8>, account: u128, line: u128, name: u128) {
        let (account, line, name) = (token(account), token(line), token(name));
        let row = Row { version, body: body.clone() };
        prop_assert_eq!(wire::row_of(wire::row(version, None, &body)).unwrap(), row.clone());
        prop_assert_eq!(wire::permit_of(wire::row(version, Some(account), &body)).unwrap(), (account, row));
        prop_assert_eq!(wire::record_of(wire::record(account, &body)).unwrap().body, body);
        let due = DueEntry { at: at(), account, line: Some(line) };
        prop_assert_eq!(wire::due_of(&wire::due(&due)), Some(due));
        let there = Place { account, line };
        prop_assert_eq!(place_named(name, &place(name, there)), Some(there));
        for slot in [Slot::Head, Slot::Credentials, Slot::Document(line), Slot::Line(line)] {
            prop_assert_eq!(keys::slot_named(&keys::field(slot).unwrap()), Some(slot));
        }
    }

    /// Accounts are read bucket by bucket, so their buckets are in their order.
    #[test]
    fn buckets_are_in_order(one: u128, other: u128) {
        let (one, other) = (token(one.min(other)), token(one.max(other)));
        if one.partition() == other.partition() {
            prop_assert!(account_bucket(one) <= account_bucket(other));
        }
    }
}
