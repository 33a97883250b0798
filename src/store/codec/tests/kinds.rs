//! Each kind of stored message: what it has inside and what it may lack.

use super::sample_records::records;
use super::samples::{accounts, credentials, lines, permits};
use super::samples_of_ledger::documents;
use crate::store::codec::{
    CodecError, decode_account, decode_credentials, decode_document, decode_line, decode_permit, decode_record,
    encode_account, encode_credentials, encode_document, encode_line, encode_permit, encode_record,
};

/// A kind of stored message. Fields are named by the tags that lead to them, with dots between, and spaces between names.
pub(super) struct Kind {
    /// Bytes of values that together have every field.
    pub(super) samples: Vec<Vec<u8>>,
    /// Reads bytes.
    pub(super) read: fn(&[u8]) -> Result<(), CodecError>,
    /// The fields that are messages.
    pub(super) messages: &'static str,
    /// The fields that may be absent: options and lists of the domain, nothing else.
    pub(super) may_be_absent: &'static str,
    /// The fields that are numbers of enums.
    pub(super) numbered: &'static str,
}

impl Kind {
    pub(super) fn is_message(&self, path: &[u32]) -> bool {
        is_among(self.messages, path)
    }

    pub(super) fn may_lack(&self, path: &[u32]) -> bool {
        is_among(self.may_be_absent, path)
    }
}

fn is_among(names: &str, path: &[u32]) -> bool {
    let name = spelled(path);
    names.split(' ').any(|one| one == name)
}

/// A field's name.
pub(super) fn spelled(path: &[u32]) -> String {
    path.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

pub(super) fn kinds() -> [Kind; 6] {
    [account(), line(), credential(), permit(), document(), record()]
}

fn account() -> Kind {
    Kind {
        samples: accounts().iter().map(|(_, value)| encode_account(value)).collect(),
        read: |bytes| decode_account(bytes).map(drop),
        messages: "6 6.5 7 8 8.1 8.1.4 8.1.5 8.1.5.1 8.1.5.2 8.1.5.2.6 8.1.6 8.1.6.1 8.1.6.2 8.1.6.2.6 9 10 12 13 \
                   13.4 13.5 13.7",
        may_be_absent: "6 6.3 6.4 6.5 6.5.3 6.6 7 7.4 7.6 7.7 7.8 8.1.4.2 8.1.4.3 8.1.5.1.2 8.1.5.1.3 8.1.5.2.8 8.1.6.1.2 \
                        8.1.6.1.3 8.1.6.2.6.2 8.1.6.2.8 10 10.4 12.3 13.2 13.9",
        numbered: "5 6.2 8.1.1 8.1.2 8.1.5.2.7 10.2 10.3",
    }
}

fn line() -> Kind {
    Kind {
        samples: lines().iter().map(|(_, value)| encode_line(value)).collect(),
        read: |bytes| decode_line(bytes).map(drop),
        messages: "11 11.4 11.4.4 11.5 11.5.5 11.5.6 11.5.6.2 13",
        may_be_absent: "6 7 8 9 10 11.3 11.4 11.4.2 11.4.3 11.4.4 11.5 12",
        numbered: "5",
    }
}

fn credential() -> Kind {
    Kind {
        samples: credentials().iter().map(|(_, value)| encode_credentials(value)).collect(),
        read: |bytes| decode_credentials(bytes).map(drop),
        messages: "2 3 6 6.1 6.2 6.3 6.4 6.6 6.11",
        may_be_absent: "2 2.3 3.5 3.14 6.1.2 6.1.3 6.2.2 6.2.3 6.3.3 6.3.4",
        numbered: "2.4 3.8",
    }
}

fn permit() -> Kind {
    Kind {
        samples: permits().iter().map(|(_, value)| encode_permit(value)).collect(),
        read: |bytes| decode_permit(bytes).map(drop),
        messages: "14 16 16.1 16.3",
        may_be_absent: "10 16.1.1 16.1.2 16.1.3 16.1.4 16.1.5",
        numbered: "3 12",
    }
}

fn document() -> Kind {
    Kind {
        samples: documents().iter().map(|(_, value)| encode_document(value)).collect(),
        read: |bytes| decode_document(bytes).map(drop),
        messages: "2 2.1 2.2 2.2.2 2.5 2.5.1 2.5.2 2.5.3 2.5.3.1 2.5.3.2 3 3.2 3.2.1 3.2.2 3.2.3 3.7 3.7.1 3.7.2 3.7.3 \
                   3.7.3.1 3.7.3.2 4 5 5.1 5.2 5.3 6 6.10 6.10.5 6.10.6 6.10.7 6.10.8 6.14 6.18 7 8 8.2 8.4 8.4.1 8.5 8.5.1",
        may_be_absent: "5.1 5.1.3 5.2 6.10 6.10.5 6.10.5.1 6.10.5.2 6.10.5.3 6.10.5.4 6.10.5.5 6.10.7.2 6.16 6.17 6.18 6.18.2 6.19 6.20 7.1 7.2 7.3 7.4 7.5 8.2 8.2.2 8.4 8.4.1.2 8.5 8.5.1.2",
        numbered: "2.1.1 6.4 6.7 6.19 8.5.3",
    }
}

fn record() -> Kind {
    Kind {
        samples: records().iter().map(|(_, value)| encode_record(value)).collect(),
        read: |bytes| decode_record(bytes).map(drop),
        messages: "7 8 10 10.2 10.2.1 10.2.2 10.2.3 10.2.4 10.2.6 10.2.8 10.2.9 10.2.9.1 10.2.9.2 10.6 10.6.3 10.7 10.11 \
                   10.11.8 10.11.14 10.12 10.12.3 10.13 10.16 10.27 10.29 10.27.5 10.27.5.3 10.27.6 11 12 13 15 16 19 21 23 23.2 24 25 27 29 30 32 32.1 32.3 32.3.2 32.4 32.5 33 33.3 33.3.1 33.3.1.3 33.4 33.5 34 35 35.2 35.5 36 37 40 40.3 \
                   40.4 40.6 40.11 10.2.10 10.31 44 44.3 44.3.3",
        may_be_absent: "5 7 7.2 8 9 10.2.1.3 10.2.1.5 10.2.1.6 10.2.2.2 10.2.2.4 10.2.3.1 10.2.6.10 10.2.6.11 10.2.8.2 10.6 10.6.3 \
                        10.7 10.10 10.11.19 10.11.20 10.11.21 10.11.22 10.11.23 10.11.24 10.11.25 10.11.26 10.11.27 10.11.28 10.12 10.13.4 10.16.1 10.22 10.23 10.24 10.25 10.26 10.27 \
                        10.27.5 10.27.5.3 10.27.6 10.28 10.29 10.30 35.3 35.4 35.5 35.5.1 35.5.2 35.5.3 35.5.4 35.5.5 10.29.1 10.29.2 10.29.3 10.29.4 10.29.5 11.4 15.2 16.3 16.4 19.1 21.1 23.2.1 23.2.2 \
                        23.2.3 23.2.4 23.2.5 23.2.6 23.2.7 25.1 25.2 25.3 25.4 25.5 25.6 25.7 40.3.3 40.4.2 40.4.4 34.2 34.5 37.2 40.6.3 40.11.1 10.31 44.3.2",
        numbered: "8.2 9 10.1 10.2.1.4 10.2.1.6 10.2.4.1 10.2.4.2 10.2.9.1.2 10.4 10.5 10.6.1 10.6.3.3 10.6.3.4 10.7.3 10.9 10.12.1 10.12.3.2 \
                   10.12.4 10.27.2 10.27.3 10.27.5.1 10.27.5.3.3 10.27.5.3.4 10.27.6.3 11.1 11.2 11.3 12.1 12.2 12.3 13.1 13.2 13.3 13.5 16.2 23.1 \
                   23.2.7 25.7 32.1.1 34.3 40.3.1 40.3.2 40.4.3 40.4.4",
    }
}
