//! What is stored today must be read for ever: the bytes of fixed values, and the numbers of every enum.

use super::sample_records::records;
use super::samples::{accounts, credentials, lines, permits};
use super::samples_of_ledger::documents;
use crate::domain::Reason;
use crate::store::codec::numbers::{Numbered, tables};
use crate::store::codec::{
    decode_account, decode_credentials, decode_document, decode_line, decode_permit, decode_record, encode_account,
    encode_credentials, encode_document, encode_line, encode_permit, encode_record,
};

/// `name hex`, a line each. A changed line is a changed format: stored bytes of that kind are no longer read.
const GOLDEN_BYTES: &str = include_str!("golden_bytes.txt");

/// `Type.Variant = number`, a line each. Lines may be added and none changed.
const GOLDEN_NUMBERS: &str = include_str!("golden_numbers.txt");

fn golden(name: &str) -> Vec<u8> {
    let line = GOLDEN_BYTES.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let hex = line.unwrap_or_else(|| panic!("{name} has no golden bytes"));
    let digits: Vec<u8> = hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[test]
fn every_sample_has_its_golden_bytes_and_no_other_has() {
    let mut written = Vec::new();
    written.extend(accounts().iter().map(|(name, value)| format!("{name} {}", hex(&encode_account(value)))));
    written.extend(lines().iter().map(|(name, value)| format!("{name} {}", hex(&encode_line(value)))));
    written.extend(credentials().iter().map(|(name, value)| format!("{name} {}", hex(&encode_credentials(value)))));
    written.extend(permits().iter().map(|(name, value)| format!("{name} {}", hex(&encode_permit(value)))));
    written.extend(documents().iter().map(|(name, value)| format!("{name} {}", hex(&encode_document(value)))));
    written.extend(records().iter().map(|(name, value)| format!("{name} {}", hex(&encode_record(value)))));
    let kept: Vec<&str> = GOLDEN_BYTES.lines().collect();
    assert_eq!(written, kept, "to be kept:\n{}\n", written.join("\n"));
}

#[test]
fn golden_bytes_are_read_as_what_they_were() {
    for (name, account) in accounts() {
        assert_eq!(decode_account(&golden(name)), Ok(account), "{name}");
    }
    for (name, line) in lines() {
        assert_eq!(decode_line(&golden(name)), Ok(line), "{name}");
    }
    for (name, credentials) in credentials() {
        assert_eq!(decode_credentials(&golden(name)), Ok(credentials), "{name}");
    }
    for (name, permit) in permits() {
        assert_eq!(decode_permit(&golden(name)), Ok(permit), "{name}");
    }
    for (name, document) in documents() {
        assert_eq!(decode_document(&golden(name)), Ok(document), "{name}");
    }
    for (name, record) in records() {
        assert_eq!(decode_record(&golden(&name)), Ok(record), "{name}");
    }
}

#[test]
fn every_enum_keeps_its_numbers() {
    let reasons = Reason::ALL.iter().map(|reason| format!("Reason.{reason:?} = {}", reason.number()));
    let written: Vec<String> = tables().into_iter().chain(reasons).collect();
    let kept: Vec<&str> = GOLDEN_NUMBERS.lines().collect();
    assert_eq!(written, kept, "to be kept:\n{}\n", written.join("\n"));
}
