//! The log of fresh names: one entry a group, which holds all that the group put under names. After a start it is read
//! back into memory; what is merged into the names' own tables is cut off at its beginning.

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout::AccountNumber;
use super::super::names::{KeptRequest, Named};
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::Place;

const ACCOUNT: u8 = 1;
const PLACE: u8 = 2;
const RESERVED: u8 = 3;
const CLAIMED: u8 = 4;

impl Named {
    fn write(self, bytes: &mut Vec<u8>) {
        match self {
            Self::Account(name, number) => {
                bytes.push(ACCOUNT);
                bytes.extend(name.as_bytes());
                bytes.extend(number.get().to_be_bytes());
            }
            Self::Place(name, place) => {
                bytes.push(PLACE);
                bytes.extend(name.as_bytes());
                bytes.extend(place.account.as_bytes());
                bytes.extend(place.line.as_bytes());
            }
            Self::Request(name, kept) => {
                bytes.push(if kept.record.is_some() { CLAIMED } else { RESERVED });
                bytes.extend(name.as_bytes());
                bytes.extend(kept.digest);
                bytes.extend(kept.at.to_be_bytes());
                bytes.extend(kept.record.iter().flat_map(|record| record.to_bytes()));
            }
        }
    }

    /// The first of them, and the rest of the bytes.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (kind, rest) = bytes.split_first()?;
        let (name, rest) = token(rest)?;
        match *kind {
            ACCOUNT => {
                let (number, rest) = rest.split_first_chunk()?;
                Some((Self::Account(name, AccountNumber::new(u64::from_be_bytes(*number))?), rest))
            }
            PLACE => {
                let (account, rest) = token(rest)?;
                let (line, rest) = token(rest)?;
                Some((Self::Place(name, Place { account, line }), rest))
            }
            RESERVED | CLAIMED => {
                let (digest, rest) = rest.split_first_chunk()?;
                let (at, rest) = rest.split_first_chunk()?;
                let (record, rest) = match *kind {
                    CLAIMED => {
                        let (record, rest) = rest.split_first_chunk()?;
                        (Some(RecordId::from_u128(u128::from_be_bytes(*record))), rest)
                    }
                    _ => (None, rest),
                };
                let kept = KeptRequest { digest: *digest, record, at: i64::from_be_bytes(*at) };
                Some((Self::Request(name, kept), rest))
            }
            _ => None,
        }
    }
}

fn token(bytes: &[u8]) -> Option<(Token, &[u8])> {
    let (token, rest) = bytes.split_first_chunk()?;
    Some((Token::from_bytes(*token), rest))
}

/// Writes what a group put under names, under a number.
pub(in super::super) fn append(db: &Connection, seq: i64, named: &[Named]) -> Result<(), Fault> {
    let mut bytes = Vec::new();
    for named in named {
        named.write(&mut bytes);
    }
    db.prepare_cached("INSERT INTO fresh (seq, named) VALUES (?1, ?2)")?.execute((seq, bytes))?;
    Ok(())
}

/// Reads all that the log holds, in order: each entry's number, and what it holds.
pub(in super::super) fn replay(db: &Connection, mut apply: impl FnMut(i64, Named)) -> Result<(), Fault> {
    let mut statement = db.prepare("SELECT seq, named FROM fresh ORDER BY seq")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let seq = row.get(0)?;
        let mut bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        while !bytes.is_empty() {
            let (named, rest) = Named::read(bytes).ok_or(Fault::Damaged("an entry of fresh names cannot be read"))?;
            apply(seq, named);
            bytes = rest;
        }
    }
    Ok(())
}

/// Cuts the log off before a number.
pub(in super::super) fn forget_before(db: &Connection, first: i64) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM fresh WHERE seq < ?1")?.execute([first])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{AccountNumber, KeptRequest, Named, Place};
    use crate::crypto::Token;
    use crate::domain::RecordId;

    fn token(byte: u8) -> Token {
        Token::from_bytes([byte; 16])
    }

    /// Entries stand in every store's log.
    #[test]
    fn golden_entries() {
        let request = |record| KeptRequest { digest: [5; 32], record, at: 0x0607 };
        let golden = [
            (
                Named::Account(token(9), AccountNumber::new(0x0203).unwrap()),
                [&[1][..], &[9; 16], &[0, 0, 0, 0, 0, 0, 2, 3]].concat(),
            ),
            (
                Named::Place(token(9), Place { account: token(3), line: token(4) }),
                [&[2][..], &[9; 16], &[3; 16], &[4; 16]].concat(),
            ),
            (
                Named::Request(token(9), request(None)),
                [&[3][..], &[9; 16], &[5; 32], &[0, 0, 0, 0, 0, 0, 6, 7]].concat(),
            ),
            (
                Named::Request(token(9), request(Some(RecordId::from_u128(8)))),
                [&[4][..], &[9; 16], &[5; 32], &[0, 0, 0, 0, 0, 0, 6, 7], &8_u128.to_be_bytes()].concat(),
            ),
        ];
        let mut all = Vec::new();
        for (named, bytes) in &golden {
            let mut written = Vec::new();
            named.write(&mut written);
            assert_eq!(&written, bytes);
            assert_eq!(Named::read(bytes), Some((*named, &[][..])));
            assert_eq!(Named::read(&bytes[..bytes.len() - 1]), None, "half an entry is none");
            all.extend(written);
        }
        let mut rest = &all[..];
        for (named, _) in &golden {
            let (read, left) = Named::read(rest).unwrap();
            assert_eq!(read, *named);
            rest = left;
        }
        assert_eq!(Named::read(&[9; 80]), None);
    }
}
