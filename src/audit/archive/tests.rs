//! The formats as they are for ever, and what is refused.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::collection::vec;
use proptest::prelude::*;

use super::digest::hex;
use super::{
    Archived, Digest, Manifest, SEGMENT_BYTES_MAX, SegmentBuilder, SegmentName, Series, SeriesError, SignedManifest,
    SignedTombstone, Summary, Tombstone, may_go_from, parse_segment,
};
use crate::crypto::{Keyring, PublicKey, RecordSigner, SignatureError, Token};
use crate::domain::RecordId;

fn signer() -> RecordSigner {
    RecordSigner::new(&Keyring::known())
}

fn stranger() -> RecordSigner {
    RecordSigner::new(&Keyring::generate(at(0)).unwrap())
}

fn at(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap()
}

fn id(millis: u64, low: u64) -> RecordId {
    RecordId::from_u128((u128::from(millis) << 80) | (7 << 76) | (0b10 << 62) | u128::from(low))
}

const MADE: u64 = 1_790_000_000_123;

fn built(epoch: u64, after: u64, records: &[(u64, RecordId, Token, Vec<u8>)]) -> (Vec<u8>, Summary) {
    let mut builder = SegmentBuilder::new(epoch, 4, after);
    for (place, id, account, body) in records {
        assert!(builder.push(&Archived { place: *place, id: *id, account: *account, body }).unwrap());
    }
    builder.finish().unwrap()
}

fn two_records() -> (Vec<u8>, Summary) {
    let account = Token::from_bytes([0xa; 16]);
    let records = [
        (3, id(MADE, 1), account, vec![1, 2, 9, 9]),
        (5, id(MADE - 1_000, 2), Token::from_bytes([0xb; 16]), vec![1, 1, 8, 8, 8]),
    ];
    built(7, 2, &records)
}

fn manifest() -> SignedManifest {
    let (_, summary) = two_records();
    Manifest { summary, previous: Digest::NONE, made_at: at(1_800_000_000_000) }.sign(&signer()).unwrap()
}

/// Segments are read for years.
#[test]
fn golden_segment() {
    let (bytes, summary) = two_records();
    let golden = concat!(
        "5054434c53454731000000000000000700040000000000000002",
        "0000002c000000000000000301a0c4506c7b70008000000000000001",
        "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a01020909",
        "0000002d000000000000000501a0c450689370008000000000000002",
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0101080808",
        "00000000000000020000000000000005",
    );
    assert_eq!(hex(&bytes[..bytes.len() - 32]), golden);
    let read = parse_segment(&bytes).unwrap();
    assert_eq!(read.summary(), &summary);
    let places: Vec<u64> = read.records().iter().map(|record| record.place).collect();
    assert_eq!(places, [3, 5]);
    assert_eq!((summary.first_at, summary.last_at), (at(MADE.cast_signed() - 1_000), at(MADE.cast_signed())));
    assert_eq!(summary.seal_keys, [1, 2]);
}

/// An auditor's own program may read these.
#[test]
fn golden_manifest_and_tombstone() {
    let tombstone = Tombstone { manifest: manifest(), deleted_at: at(1_900_000_000_000), retention_days: 1_095 };
    let tombstone = tombstone.sign(&signer()).unwrap();
    let told = String::from_utf8([manifest().to_json(), tombstone.to_json()].concat()).unwrap();
    assert_eq!(told, include_str!("golden.txt"));
    assert_eq!(SignedManifest::parse(&manifest().to_json()), Ok(manifest()));
    assert_eq!(SignedTombstone::parse(&tombstone.to_json()), Ok(tombstone.clone()));
    assert!(tombstone.verify(&signer()).unwrap().is_timely());
}

/// Members are named: their values alone, in the same order, are no other spelling of it.
#[test]
fn a_list_is_no_manifest_and_no_tombstone() {
    fn listed(json: &[u8]) -> serde_json::Value {
        // In the order of the text, which a map of JSON does not keep.
        let text = std::str::from_utf8(json).unwrap();
        let mut members: Vec<_> = serde_json::from_str::<serde_json::Map<_, _>>(text).unwrap().into_iter().collect();
        members.sort_by_key(|(name, _)| text.find(&format!("\"{name}\":")).unwrap());
        members.into_iter().map(|(_, value)| value).collect()
    }
    let refused = |value: &serde_json::Value| {
        let json = serde_json::to_vec(value).unwrap();
        SignedManifest::parse(&json).is_err() && SignedTombstone::parse(&json).is_err()
    };
    let manifest_listed = listed(&manifest().to_json());
    assert!(manifest_listed[1] == manifest().unverified().name().to_string() && refused(&manifest_listed));
    let tombstone = Tombstone { manifest: manifest(), deleted_at: at(1_900_000_000_000), retention_days: 1_095 };
    let json = tombstone.sign(&signer()).unwrap().to_json();
    let mut whole: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert!(!refused(&whole));
    whole["manifest"] = manifest_listed;
    assert!(refused(&whole));
}

fn with_another_digit(text: &str) -> String {
    let at = text.rfind(|c: char| c.is_ascii_digit()).unwrap();
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = b'0' + (bytes[at] - b'0' + 1) % 10;
    String::from_utf8(bytes).unwrap()
}

#[test]
fn every_member_of_a_manifest_is_signed() {
    let json = String::from_utf8(manifest().to_json()).unwrap();
    let form: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
    for (name, value) in &form {
        let changed = match value {
            serde_json::Value::Number(number) => serde_json::json!(number.as_u64().unwrap() + 1),
            serde_json::Value::Array(_) => serde_json::json!([9]),
            other => serde_json::json!(with_another_digit(other.as_str().unwrap())),
        };
        let mut form = form.clone();
        form.insert(name.clone(), changed);
        let read = SignedManifest::parse(&serde_json::to_vec(&form).unwrap());
        let passed = read.is_ok_and(|read| read.verify(&signer()).is_ok());
        assert!(!passed, "`{name}` is not signed");
    }
    let unknown = manifest().verify(&stranger()).map(|_| ());
    assert!(matches!(unknown, Err(SignatureError::UnknownKey { .. })), "{unknown:?}");
    assert!(manifest().verify(&signer().public_keys()[..]).is_ok(), "the public half is enough");
    assert!(manifest().verify(&[] as &[PublicKey]).is_err());
}

#[test]
fn a_tombstone_needs_both_signatures_and_its_time() {
    let made = |manifest, deleted_at, key: &RecordSigner| {
        Tombstone { manifest, deleted_at, retention_days: 10 }.sign(key).unwrap()
    };
    let last_at = manifest().unverified().summary.last_at;
    let early = made(manifest(), last_at + TimeDelta::days(10) - TimeDelta::milliseconds(1), &signer());
    assert!(!early.verify(&signer()).unwrap().is_timely());
    assert!(made(manifest(), may_go_from(last_at, 10), &signer()).verify(&signer()).unwrap().is_timely());
    let theirs = made(manifest(), at(1_900_000_000_000), &stranger());
    assert!(matches!(theirs.verify(&signer()), Err(SignatureError::UnknownKey { .. })));
    let (_, summary) = two_records();
    let forged = Manifest { summary, previous: Digest::NONE, made_at: at(0) }.sign(&stranger()).unwrap();
    let over_forged = made(forged, at(1_900_000_000_000), &signer());
    assert!(matches!(over_forged.verify(&signer()), Err(SignatureError::UnknownKey { .. })));
}

#[test]
fn a_series_has_no_gap_and_no_stranger() {
    let segment = |epoch, after, last: u64, previous| {
        let (_, summary) = built(epoch, after, &[(last, id(MADE, last), Token::from_bytes([1; 16]), vec![1; 4])]);
        Manifest { summary, previous, made_at: at(0) }.sign(&signer()).unwrap()
    };
    let first = segment(7, 0, 5, Digest::NONE);
    let mut series = Series::default();
    series.follow(&first).unwrap();
    let name = SegmentName::parse("00004-00000000000000000009-00000000000000000009").unwrap();
    let next = |epoch, after, previous| series.clone().follow(&segment(epoch, after, 9, previous)).err();
    assert_eq!(next(7, 5, first.digest()), None);
    let gap = SeriesError::Gap { name, after: 6, expected: 5 };
    assert_eq!(next(7, 6, first.digest()), Some(gap));
    assert_eq!(next(7, 4, first.digest()), Some(SeriesError::Gap { name, after: 4, expected: 5 }));
    assert_eq!(next(8, 5, first.digest()), None, "put back from a backup, the store has another life");
    assert_eq!(next(7, 5, Digest([1; 32])), Some(SeriesError::Previous { name }));
    let mut strange = segment(7, 5, 9, first.digest()).unverified().clone();
    strange.summary.journal = 5;
    let name = SegmentName { journal: 5, ..name };
    let strange = strange.sign(&signer()).unwrap();
    assert_eq!(series.clone().follow(&strange).err(), Some(SeriesError::OtherJournal { name }));
}

/// Whoever writes the digest anew must count rightly too.
#[test]
fn a_footer_that_counts_other_records_is_refused_though_its_digest_is_right() {
    let (bytes, _) = two_records();
    let footer = bytes.len() - 32 - 8 - 4;
    for at in [footer + 3, footer + 11] {
        let mut changed = bytes[..bytes.len() - 32].to_vec();
        changed[at] += 1;
        let digest = crate::crypto::sha256_plain(&changed);
        changed.extend(digest);
        let refused = parse_segment(&changed).unwrap_err();
        assert_eq!((refused.at, refused.what), (footer as u64, "the footer counts other records than there are"));
    }
}

#[test]
fn what_cannot_stand_in_a_segment() {
    let account = Token::from_bytes([1; 16]);
    let push = |after, place, body: &[u8]| {
        SegmentBuilder::new(1, 0, after)
            .push(&Archived { place, id: id(1, 1), account, body })
            .map_err(|error| error.what)
    };
    assert_eq!(push(5, 5, &[0; 8]), Err("a record's place is not higher than the one before it"));
    assert_eq!(push(0, 1, &[0; 3]), Err("a record's body is too short to be sealed"));
    assert_eq!(push(0, 1, &vec![0; 256 * 1_024 + 1]), Err("a record's body is too long"));
    assert_eq!(SegmentBuilder::new(1, 0, 0).finish().unwrap_err().what, "a segment without a record");
}

#[test]
fn a_full_segment_takes_no_more() {
    let mut builder = SegmentBuilder::new(1, 0, 0);
    let body = vec![1; 256 * 1_024];
    let record = |place| Archived { place, id: id(1, 1), account: Token::from_bytes([1; 16]), body: &body };
    let mut seq = 1;
    while builder.push(&record(seq)).unwrap() {
        seq += 1;
    }
    let (bytes, summary) = builder.finish().unwrap();
    assert_eq!(u64::from(summary.records), seq - 1);
    assert!(bytes.len() <= SEGMENT_BYTES_MAX && bytes.len() > SEGMENT_BYTES_MAX - 2 * body.len());
    assert!(parse_segment(&bytes).is_ok());
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(
        after in 0..1_000_u64,
        records in vec((1..9_u64, any::<u64>(), any::<[u8; 16]>(), vec(any::<u8>(), 4..40)), 1..20),
    ) {
        let mut seq = after;
        let records: Vec<_> = records
            .into_iter()
            .map(|(step, low, account, body)| {
                seq += step;
                (seq, id(MADE, low), Token::from_bytes(account), body)
            })
            .collect();
        let (bytes, summary) = built(7, after, &records);
        let read = parse_segment(&bytes).unwrap();
        prop_assert_eq!(read.summary(), &summary);
        let again: Vec<_> =
            read.records().iter().map(|r| (r.place, r.id, r.account, r.body.to_vec())).collect();
        prop_assert_eq!(again, records);
    }

    #[test]
    fn any_bytes_give_an_error_or_a_segment(bytes in vec(any::<u8>(), 0..300), keep in 0..24_usize) {
        let (mut hostile, _) = two_records();
        hostile.truncate(keep);
        hostile.extend(&bytes);
        if let Err(error) = parse_segment(&hostile) {
            prop_assert!(error.at <= hostile.len() as u64);
        }
        prop_assert!(SignedManifest::parse(&bytes).is_err());
        prop_assert!(SignedTombstone::parse(&bytes).is_err());
    }

    #[test]
    fn no_changed_byte_and_no_cut_passes(at: prop::sample::Index, bit in 0..8_u8) {
        let (bytes, summary) = two_records();
        let mut changed = bytes.clone();
        *at.get_mut(&mut changed) ^= 1 << bit;
        prop_assert!(parse_segment(&changed).is_err());
        prop_assert_ne!(crate::crypto::sha256_plain(&changed), summary.sha256.0);
        prop_assert!(parse_segment(&bytes[..at.index(bytes.len())]).is_err());
    }
}
