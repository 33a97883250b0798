//! Where everything is kept: one contract with its laws, one key layout, sealed bytes only.
//!
//! | file | holds |
//! | --- | --- |
//! | `contract`, `error` | the trait every store implements, the laws it keeps, and why it gives no answer |
//! | `charges` | what is counted: windows, their events, what is charged to them and taken back |
//! | `around` | a store around another: what it does otherwise, and all else passed on |
//! | `bounds` | what a call may ask at all, for every store alike |
//! | `chain_check`, `all_chains` | verify one account's chain, or every one of a brand, and say where it does not hold |
//! | `codec/` | stored messages: what a row or a record is before it is sealed |
//! | `vault` | opens an account's rows for one use case and closes them into one commit |
//! | `open_account`, `sealed_rows` | the account in between, and its rows under their seals |
//! | `upkeep`, `walk` | all that is sealed, page by page; which keys it names, and sealing it anew |
//! | `moving/` | a store carried into another one, whatever either is made of |
//! | `archive/` | records outside the store: signed segments in a folder |
//! | `stats` | how much a store holds |
//! | `windows` | how a window keeps its events and what can be counted in it, for every store alike |
//! | `key_marks` | which keyring a store was made with |
//! | `embedded/` | the store inside the process, on SQLite: the only place that names it |
//! | `redis/` | the store of many engines, on Redis: the only place that names it |
//!
//! The laws are run against every store by `tests/store_conformance.rs`. Deliberately absent: the clock, the keys, and
//! every meaning of what is stored.

mod all_chains;
pub mod archive;
mod around;
mod bounds;
mod chain_check;
mod charges;
mod codec;
mod contract;
pub mod embedded;
mod error;
mod key_marks;
mod moving;
mod open_account;
pub mod redis;
mod sealed_rows;
mod stats;
mod upkeep;
mod vault;
mod walk;
mod windows;

pub use all_chains::{AllChains, Marks, Verified, VerifyError, Verifying};
pub use around::Around;
pub use chain_check::ChainFault;
pub use codec::{
    CodecError, decode_account, decode_credentials, decode_document, decode_line, decode_permit, decode_record,
    encode_account, encode_credentials, encode_document, encode_line, encode_permit, encode_record,
};
pub use contract::{
    ArchivedUpTo, BODY_BYTES_MAX, Before, CLOCK_BEHIND_MAX, Charge, ChargeWindows, Claim, Commit, CommitError,
    DueEntry, Fence, Forget, IndexEntry, Journalled, LeaseRequest, Load, Loaded, NewRecord, PAGE_BYTES, Place,
    Position, REQUEST_KEPT, ROWS_MAX, Reply, Reservation, Reserve, Row, Settle, Slot, Store, StoreError, StoredRecord,
    Urgency, WINDOW_KEPT, Window, WindowEvent, WindowKey, Write,
};
pub use key_marks::KeyFault;
pub use moving::{
    Compared, Counts, Difference, Filling, Kind, Mark, Movable, Moved, MovedRequest, MovedWindow, Moving, MovingError,
    Page, Standing, Thing, Walked, copy,
};
pub use open_account::{Entry, OpenAccount};
pub use stats::{KindStats, LedgerStats, Stats};
pub use upkeep::{PermitRow, Reseal, SealedAt};
pub use vault::{Ask, Closed, Closing, Found, Kept, Opening, Vault};
pub use walk::{KeyNamed, SealedBody, Walk};
