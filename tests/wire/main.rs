//! The engine as its callers meet it: over gRPC, with access tokens, from request to answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails where it is"
)]
#![allow(clippy::unnecessary_wraps, reason = "requests are built as the messages want them")]

mod alone;
mod archive;
mod audit;
mod canaries;
mod certificates;
mod challenges;
mod changes;
mod events;
mod exports;
mod identity;
mod imports;
mod incidents;
mod overload;
mod own_reasons;
mod pki;
mod protection;
mod reads;
mod rights;
mod rosters;
#[path = "../bad_input/samples.rs"]
mod samples;
mod secrets;
mod shadow;
#[path = "../bad_input/table.rs"]
mod table;
#[path = "../bad_input/table_of_desks.rs"]
mod table_of_desks;
mod unknown;
#[path = "../bad_input/walk.rs"]
mod walk;
mod world;
