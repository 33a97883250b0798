//! What is written is read as it was, for all values.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::samples::{lines, noon_plus};
use crate::audit::arbitrary::record;
use crate::domain::arbitrary::{account, credentials, document, line, permit};
use crate::store::codec::{
    decode_account, decode_credentials, decode_document, decode_line, decode_permit, decode_record, encode_account,
    encode_credentials, encode_document, encode_line, encode_permit, encode_record,
};

proptest! {
    #[test]
    fn accounts(account in account()) {
        prop_assert_eq!(decode_account(&encode_account(&account)), Ok(account));
    }

    #[test]
    fn lines_of_accounts(line in line()) {
        prop_assert_eq!(decode_line(&encode_line(&line)), Ok(line));
    }

    #[test]
    fn credentials_of_accounts(credentials in credentials()) {
        prop_assert_eq!(decode_credentials(&encode_credentials(&credentials)), Ok(credentials));
    }

    #[test]
    fn permits(permit in permit()) {
        prop_assert_eq!(decode_permit(&encode_permit(&permit)), Ok(permit));
    }

    #[test]
    fn documents(document in document()) {
        prop_assert_eq!(decode_document(&encode_document(&document)), Ok(document));
    }

    #[test]
    fn records(record in record()) {
        prop_assert_eq!(decode_record(&encode_record(&record)), Ok(record));
    }
}

#[test]
fn what_is_finer_than_a_millisecond_is_cut_off() {
    let (_, mut line) = lines().remove(0);
    line.forwarding_set_at = Some(noon_plus(0) + TimeDelta::nanoseconds(999_999));
    let read = decode_line(&encode_line(&line)).unwrap();
    assert_eq!(read.forwarding_set_at, Some(noon_plus(0)));
}
