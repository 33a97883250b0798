//! Where everything is kept: one contract with its laws, one key layout, sealed bytes only.

mod codec;
mod contract;

pub use codec::{
    CodecError, decode_account, decode_credentials, decode_line, decode_permit, decode_record, encode_account,
    encode_credentials, encode_line, encode_permit, encode_record,
};
pub use contract::{
    Before, CLOCK_BEHIND_MAX, Charge, ChargeWindows, Claim, Commit, CommitError, DueEntry, Fence, IndexEntry,
    LeaseRequest, Load, Loaded, NewRecord, Place, Position, Reply, Reservation, Reserve, Row, Slot, Store, StoreError,
    StoredRecord, Urgency, Window, WindowEvent, WindowKey, Write,
};
