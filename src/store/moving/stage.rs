//! How far a copy is, as the target remembers it.

use super::contract::{Mark, Walked};
use super::tally::Counts;
use crate::crypto::Token;
use crate::domain::RecordId;
use crate::store::contract::Slot;

/// The form of what is remembered: a target that another version began is not gone on with.
const FORM: u8 = 1;

/// What is read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// The rows of accounts after one; those of that one too, after a slot.
    Rows(Option<Token>, Option<Slot>),
    /// Permits after a place.
    Permits(Option<u64>),
    /// Records of a journal after a place, journal by journal.
    Journal(u16, u64),
    /// Records of all journals, the oldest first: the place in each.
    ByTime(Vec<u64>),
    /// What has no page of its own.
    Walked(Walked, Option<Mark>),
    /// How far records were taken out.
    Archived,
    /// Nothing.
    Over,
}

/// How far a copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reached {
    /// What is read next.
    pub(super) stage: Stage,
    /// The place of the last record, where records get places of their own.
    pub(super) last_place: u64,
    /// What was put.
    pub(super) counts: Counts,
}

impl Reached {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![FORM];
        bytes.extend(self.last_place.to_be_bytes());
        bytes.extend(self.counts.each().flat_map(|(_, count)| count.to_be_bytes()));
        self.stage.write(&mut bytes);
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (form, mut rest) = bytes.split_first()?;
        if *form != FORM {
            return None;
        }
        let last_place = number(&mut rest)?;
        let counts = Counts::read(|| number(&mut rest))?;
        Some(Self { stage: Stage::read(rest)?, last_place, counts })
    }
}

const ROWS: u8 = 1;
const PERMITS: u8 = 2;
const JOURNAL: u8 = 3;
const BY_TIME: u8 = 4;
const NAMES: u8 = 5;
const DUE: u8 = 6;
const REQUESTS: u8 = 7;
const WINDOWS: u8 = 8;
const ARCHIVED: u8 = 9;
const OVER: u8 = 10;

impl Stage {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Rows(after, slot) => {
                bytes.push(ROWS);
                bytes.extend(after.iter().flat_map(|token| *token.as_bytes()));
                bytes.extend(slot.iter().flat_map(slot_bytes));
            }
            Self::Permits(after) => {
                bytes.push(PERMITS);
                bytes.extend(after.iter().flat_map(|place| place.to_be_bytes()));
            }
            Self::Journal(journal, after) => {
                bytes.push(JOURNAL);
                bytes.extend(journal.to_be_bytes());
                bytes.extend(after.to_be_bytes());
            }
            Self::ByTime(places) => {
                bytes.push(BY_TIME);
                bytes.extend(places.iter().flat_map(|place| place.to_be_bytes()));
            }
            Self::Walked(kind, mark) => {
                bytes.push(match kind {
                    Walked::Names => NAMES,
                    Walked::Due => DUE,
                    Walked::Requests => REQUESTS,
                    Walked::Windows => WINDOWS,
                });
                if let Some(mark) = mark {
                    bytes.push(1);
                    bytes.extend(mark);
                }
            }
            Self::Archived => bytes.push(ARCHIVED),
            Self::Over => bytes.push(OVER),
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, mut rest) = bytes.split_first()?;
        let walked = |kind| match rest {
            [] => Some(Self::Walked(kind, None)),
            [1, mark @ ..] => Some(Self::Walked(kind, Some(mark.to_vec()))),
            _ => None,
        };
        match *kind {
            ROWS if rest.is_empty() => Some(Self::Rows(None, None)),
            ROWS => {
                let (account, slot) = rest.split_first_chunk()?;
                let slot = if slot.is_empty() { None } else { Some(slot_of(slot)?) };
                Some(Self::Rows(Some(Token::from_bytes(*account)), slot))
            }
            PERMITS if rest.is_empty() => Some(Self::Permits(None)),
            PERMITS => Some(Self::Permits(Some(number(&mut rest)?))),
            JOURNAL => {
                let (journal, mut place) = rest.split_first_chunk()?;
                Some(Self::Journal(u16::from_be_bytes(*journal), number(&mut place)?))
            }
            BY_TIME => {
                let (places, cut) = rest.as_chunks();
                cut.is_empty().then(|| Self::ByTime(places.iter().copied().map(u64::from_be_bytes).collect()))
            }
            NAMES => walked(Walked::Names),
            DUE => walked(Walked::Due),
            REQUESTS => walked(Walked::Requests),
            WINDOWS => walked(Walked::Windows),
            ARCHIVED => Some(Self::Archived),
            OVER => Some(Self::Over),
            _ => None,
        }
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u64::from_be_bytes(*number))
}

/// A slot as bytes that no other slot has.
pub(super) fn slot_bytes(slot: &Slot) -> Vec<u8> {
    match slot {
        Slot::Head => vec![1],
        Slot::Credentials => vec![2],
        Slot::Document(name) => [&[3], &name.as_bytes()[..]].concat(),
        Slot::Line(name) => [&[4], &name.as_bytes()[..]].concat(),
        Slot::Permit(id) => [&[5], &id.to_bytes()[..]].concat(),
    }
}

fn slot_of(bytes: &[u8]) -> Option<Slot> {
    let name = |bytes: &[u8]| Some(Token::from_bytes(bytes.try_into().ok()?));
    match bytes {
        [1] => Some(Slot::Head),
        [2] => Some(Slot::Credentials),
        [3, rest @ ..] => name(rest).map(Slot::Document),
        [4, rest @ ..] => name(rest).map(Slot::Line),
        [5, rest @ ..] => Some(Slot::Permit(RecordId::from_u128(u128::from_be_bytes(rest.try_into().ok()?)))),
        _ => None,
    }
}
