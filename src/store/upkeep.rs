//! What upkeep asks of a store: all that is sealed, page by page, and the same sealed anew in its place.

use std::fmt;

use super::contract::{Row, Slot};
use crate::crypto::Token;
use crate::domain::RecordId;

/// A permit's row, met on the way through all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermitRow {
    /// Its place: whoever asks on from here meets what comes after.
    pub place: u64,
    /// Its account.
    pub account: Token,
    /// The decision that granted it.
    pub id: RecordId,
    /// The row.
    pub row: Row,
}

/// Where sealed bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SealedAt {
    /// In a row of an account.
    Row(Token, Slot),
    /// In a record.
    Record(RecordId),
}

/// Sealed bytes, and what takes their place if they are still there.
#[derive(Clone, PartialEq, Eq)]
pub struct Reseal {
    /// Where.
    pub at: SealedAt,
    /// What must still stand there.
    pub old: Vec<u8>,
    /// What is to stand there.
    pub new: Vec<u8>,
}

impl fmt::Debug for Reseal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reseal({:?}, {} bytes)", self.at, self.new.len())
    }
}
