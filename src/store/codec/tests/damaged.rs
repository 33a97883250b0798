//! Bytes that were changed at random: reading them ends, and what is read is whole.

use proptest::prelude::*;

use super::kinds::kinds;
use crate::audit::arbitrary::record;
use crate::domain::arbitrary::{account, credentials, line, permit};
use crate::store::codec::{
    decode_account, decode_credentials, decode_line, decode_permit, decode_record, encode_account, encode_credentials,
    encode_line, encode_permit, encode_record,
};

/// Bytes, some of them replaced.
fn damaged(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    changes.prop_map(move |changes| {
        let mut bytes = bytes.clone();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

/// Whatever is still read from damaged bytes can be written and read again: nothing half-read passes.
macro_rules! assert_whole_or_error {
    ($bytes:expr, $decode:ident, $encode:ident) => {
        if let Ok(read) = $decode(&$bytes) {
            prop_assert_eq!($decode(&$encode(&read)), Ok(read));
        }
    };
}

proptest! {
    #[test]
    fn damaged_accounts(bytes in account().prop_map(|a| encode_account(&a)).prop_flat_map(damaged)) {
        assert_whole_or_error!(bytes, decode_account, encode_account);
    }

    #[test]
    fn damaged_lines(bytes in line().prop_map(|l| encode_line(&l)).prop_flat_map(damaged)) {
        assert_whole_or_error!(bytes, decode_line, encode_line);
    }

    #[test]
    fn damaged_credentials(bytes in credentials().prop_map(|c| encode_credentials(&c)).prop_flat_map(damaged)) {
        assert_whole_or_error!(bytes, decode_credentials, encode_credentials);
    }

    #[test]
    fn damaged_permits(bytes in permit().prop_map(|p| encode_permit(&p)).prop_flat_map(damaged)) {
        assert_whole_or_error!(bytes, decode_permit, encode_permit);
    }

    #[test]
    fn damaged_records(bytes in record().prop_map(|r| encode_record(&r)).prop_flat_map(damaged)) {
        assert_whole_or_error!(bytes, decode_record, encode_record);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [&[0x08, 0x01], bytes.as_slice()].concat();
        for kind in kinds() {
            // It must come back; once in a great while it may even have read something.
            let _ = (kind.read)(&bytes);
        }
    }
}
