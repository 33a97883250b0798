//! Where everything is kept: one contract with its laws, one key layout, sealed bytes only.

mod contract;

pub use contract::{
    Before, CLOCK_BEHIND_MAX, Charge, ChargeWindows, Claim, Commit, CommitError, DueEntry, Fence, IndexEntry, LeaseRequest,
    Load, Loaded, NewRecord, Place, Position, Reply, Reservation, Reserve, Row, Slot, Store, StoreError, StoredRecord,
    Urgency, Window, WindowEvent, WindowKey, Write,
};
