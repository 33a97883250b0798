//! What is asked of each table: one file a table, every statement beside its meaning.

pub(super) mod directory;
pub(super) mod due;
pub(super) mod journal;
pub(super) mod leases;
pub(super) mod records;
pub(super) mod requests;
pub(super) mod rows;
