//! Rows and records under their seals: where each stands, opened one by one and sealed again.

use super::codec::CodecError;
use super::contract::{Row, Slot, StoreError, Write};
use crate::crypto::{self, AccountSealer, SealError, Token};

/// Where sealed rows and records stand, for their associated data. Stored for ever: never reused.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    Head = 1,
    Credentials = 2,
    Line = 3,
    Permit = 4,
    Record = 5,
    Document = 6,
}

/// A value with the version of its row; version 0 has no row yet.
#[derive(Debug, Clone)]
pub(super) struct Versioned<T> {
    pub(super) value: Option<T>,
    pub(super) version: u64,
    pub(super) touched: bool,
}

pub(super) struct Opener<'a> {
    pub(super) sealer: &'a AccountSealer,
    pub(super) account: Token,
    pub(super) rows: &'a mut std::vec::IntoIter<Option<Row>>,
}

impl Opener<'_> {
    pub(super) fn next<T>(
        &mut self,
        slot: Slot,
        decode: impl FnOnce(&[u8]) -> Result<T, CodecError>,
    ) -> Result<Versioned<T>, StoreError> {
        let row = self.rows.next().ok_or_else(|| StoreError::Damaged("fewer rows than asked for".into()))?;
        let Some(row) = row else { return Ok(Versioned { value: None, version: 0, touched: false }) };
        let extra = slot_bytes(slot);
        let plain = self.sealer.open(row_place(self.account, slot, &extra, row.version), row.body).map_err(damaged)?;
        let value = decode(&plain).map_err(undecodable)?;
        Ok(Versioned { value: Some(value), version: row.version, touched: false })
    }
}

pub(super) struct Closer<'a> {
    pub(super) sealer: &'a AccountSealer,
    pub(super) account: Token,
}

impl Closer<'_> {
    /// A touched row is written; an untouched one must still be as it was read.
    pub(super) fn write<T>(
        &self,
        writes: &mut Vec<Write>,
        slot: Slot,
        row: &Versioned<T>,
        encode: impl FnOnce(&T) -> Vec<u8>,
    ) -> Result<(), StoreError> {
        let body = match &row.value {
            Some(value) if row.touched => {
                let extra = slot_bytes(slot);
                let place = row_place(self.account, slot, &extra, row.version.saturating_add(1));
                Some(self.sealer.seal(place, &encode(value)).map_err(damaged)?)
            }
            _ => None,
        };
        writes.push(Write { slot, expect: row.version, body });
        Ok(())
    }
}

const fn kind_of(slot: Slot) -> Kind {
    match slot {
        Slot::Head => Kind::Head,
        Slot::Credentials => Kind::Credentials,
        Slot::Document(_) => Kind::Document,
        Slot::Line(_) => Kind::Line,
        Slot::Permit(_) => Kind::Permit,
    }
}

fn slot_bytes(slot: Slot) -> [u8; 16] {
    match slot {
        Slot::Head | Slot::Credentials => [0; 16],
        Slot::Document(token) | Slot::Line(token) => *token.as_bytes(),
        Slot::Permit(id) => id.to_bytes(),
    }
}

const fn row_place(account: Token, slot: Slot, extra: &[u8; 16], version: u64) -> crypto::Place<'_> {
    crypto::Place { kind: kind_of(slot) as u8, owner: account, extra, version }
}

/// Works at a row's place.
pub(super) fn place_of<T>(account: Token, slot: Slot, version: u64, work: impl FnOnce(crypto::Place<'_>) -> T) -> T {
    let extra = slot_bytes(slot);
    work(row_place(account, slot, &extra, version))
}

pub(super) const fn record_place(account: Token, id: &[u8; 16]) -> crypto::Place<'_> {
    crypto::Place { kind: Kind::Record as u8, owner: account, extra: id, version: 0 }
}

pub(super) fn damaged(error: SealError) -> StoreError {
    StoreError::Damaged(error.to_string())
}

pub(super) fn undecodable(error: CodecError) -> StoreError {
    StoreError::Damaged(error.to_string())
}
