//! Bytes that are cut off, lacking or foreign are errors, never another value that protects less.
//!
//! Sealing already refuses all of it. This is for what sealing cannot see: other versions of the engine, and mistakes in it.

use std::collections::BTreeSet;

use super::kinds::{kinds, spelled};
use super::samples::{accounts, lines};
use super::wire::{self, Field, edits, with_replaced, with_unknown, without_one};
use crate::store::codec::{CodecError, decode_account, decode_line, encode_account, encode_line};

/// INVARIANT (fail-closed): whatever may not be absent is an error when it is.
#[test]
fn a_field_that_is_lost_is_an_error_unless_the_domain_may_lack_it() {
    for kind in kinds() {
        let mut absent = BTreeSet::new();
        for bytes in &kind.samples {
            let is_message = |path: &[u32]| kind.is_message(path);
            for (path, bytes) in edits(bytes, &is_message, &without_one) {
                let read = (kind.read)(&bytes);
                assert_eq!(read.is_ok(), kind.may_lack(&path), "without field {}: {read:?}", spelled(&path));
                absent.insert(spelled(&path));
            }
        }
        let named = kind.may_be_absent.split(' ').chain(kind.messages.split(' '));
        for path in named.filter(|path| !path.is_empty()) {
            assert!(absent.contains(path), "no sample has field {path}");
        }
    }
}

#[test]
fn a_field_that_would_be_dropped_is_an_error() {
    for kind in kinds() {
        for bytes in &kind.samples {
            let is_message = |path: &[u32]| kind.is_message(path);
            for (path, bytes) in edits(bytes, &is_message, &with_unknown) {
                let read = (kind.read)(&bytes);
                assert!(matches!(read, Err(CodecError::Surplus { .. })), "with field {}: {read:?}", spelled(&path));
            }
        }
    }
}

#[test]
fn bytes_that_are_cut_off_anywhere_are_an_error() {
    for kind in kinds() {
        for bytes in &kind.samples {
            for length in 0..bytes.len() {
                assert!((kind.read)(&bytes[..length]).is_err(), "{length} of {} bytes were read", bytes.len());
            }
        }
    }
}

#[test]
fn another_format_is_an_error() {
    for kind in kinds() {
        let mut bytes = kind.samples[0].clone();
        bytes[1] = 2;
        assert!(matches!((kind.read)(&bytes), Err(CodecError::Newer { found: 2, known: 1, .. })));
        for none in [[0x08, 0x00], [0x08, 0x81], [0x10, 0x01]] {
            bytes[..2].copy_from_slice(&none);
            assert!(matches!((kind.read)(&bytes), Err(CodecError::NoFormat { .. })));
        }
    }
}

#[test]
fn an_unknown_number_is_an_error() {
    for kind in kinds() {
        for path in kind.numbered.split(' ') {
            let tag = path.rsplit('.').next().unwrap().parse().unwrap();
            let mut found = 0;
            for bytes in &kind.samples {
                let is_message = |path: &[u32]| kind.is_message(path);
                let replace = |fields: &[Field]| with_replaced(fields, &Field::varint(tag, 9_999));
                for (_, bytes) in edits(bytes, &is_message, &replace).into_iter().filter(|(at, _)| spelled(at) == path)
                {
                    let read = (kind.read)(&bytes);
                    assert!(
                        matches!(read, Err(CodecError::UnknownNumber { number: 9_999, .. })),
                        "field {path}: {read:?}"
                    );
                    found += 1;
                }
            }
            assert!(found > 0, "no sample has field {path}");
        }
    }
}

/// The first sample of an account with its protection's fields changed.
fn with_protection(change: impl Fn(&mut Vec<Field>)) -> Result<(), CodecError> {
    let mut fields = wire::parse(&encode_account(&accounts()[0].1));
    let protection = fields.iter_mut().find(|field| field.tag == 8).unwrap();
    let mut inside = wire::parse(&protection.body);
    change(&mut inside);
    protection.body = wire::build(&inside);
    decode_account(&wire::build(&fields)).map(drop)
}

/// The place of the first field of a tag.
fn place_of(fields: &[Field], tag: u32) -> usize {
    fields.iter().position(|field| field.tag == tag).unwrap()
}

const LOCKS: u32 = 1;
const LOCKS_COUNT: u32 = 2;
const EPOCH_ACTIONS: u32 = 3;
const EPOCH_SEQS: u32 = 4;

#[test]
fn locks_are_neither_lost_nor_named_twice() {
    assert_eq!(with_protection(|_| ()), Ok(()));
    let lost = with_protection(|fields| drop(fields.remove(place_of(fields, LOCKS))));
    assert_eq!(lost, Err(CodecError::Count { field: "protection.locks" }));
    let twice = with_protection(|fields| {
        let locks = fields.iter().filter(|field| field.tag == LOCKS).count() as u64;
        let count = place_of(fields, LOCKS_COUNT);
        fields[count] = Field::varint(LOCKS_COUNT, locks + 1);
        fields.insert(0, fields[place_of(fields, LOCKS)].clone());
    });
    assert_eq!(twice, Err(CodecError::Twice { field: "protection.locks" }));
}

#[test]
fn epochs_are_neither_lost_nor_named_twice() {
    let with = |tag, body: &[u8]| {
        with_protection(|fields| {
            let place = place_of(fields, tag);
            fields[place] = Field::bytes(tag, body);
        })
    };
    let field = "protection.epochs";
    assert_eq!(with(EPOCH_ACTIONS, &[1, 2, 3, 4, 5, 6, 7, 8]), Err(CodecError::Count { field }));
    assert_eq!(with(EPOCH_SEQS, &[0, 0, 0, 0, 0, 0, 0, 0]), Err(CodecError::Count { field }));
    assert_eq!(with(EPOCH_ACTIONS, &[1, 2, 3, 4, 5, 6, 7, 8, 8]), Err(CodecError::Twice { field }));
    let unknown = CodecError::UnknownNumber { field, number: 10 };
    assert_eq!(with(EPOCH_ACTIONS, &[1, 2, 3, 4, 5, 6, 7, 8, 10]), Err(unknown));
}

#[test]
fn values_pass_their_types_checks_again() {
    let line = encode_line(&lines()[0].1);
    let with = |replacement: Field| {
        let (_, bytes) = edits(&line, &|_| false, &|fields| with_replaced(fields, &replacement)).remove(0);
        decode_line(&bytes)
    };
    let invalid = |field| move |read| matches!(read, Err(CodecError::Invalid { field: at, .. }) if at == field);
    assert!(invalid("line.id")(with(Field::bytes(2, b"two words"))));
    assert!(invalid("line.msisdn")(with(Field::varint(4, 18_005_550_123))));
    assert!(invalid("line.msisdn")(with(Field::varint(4, 911))));
    assert!(invalid("line.iccid")(with(Field::bytes(6, b"123"))));
    assert!(invalid("line.forwarding_set_at")(with(Field::varint(10, u64::MAX))));
    assert!(invalid("line.last_record")(with(Field::bytes(12, b"not sixteen"))));
    // Whether the check digit counts was decided when the number came in.
    assert!(with(Field::bytes(6, b"8901260123456789013")).is_ok());
}
