//! Consistency tokens and page tokens: opaque to callers, without a secret, and granting nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::field::FieldError;
use crate::crypto::Partition;
use crate::domain::RecordId;
use crate::store::Position;

const CONSISTENCY_TOKEN: &str = "must be a consistency token as it was given";
const PAGE_TOKEN: &str = "must be a page token as it was given";
const PAGE_SIZE: &str = "must be 0 or more";

/// Entries of a page when the caller does not say.
const PAGE_SIZE_DEFAULT: usize = 50;

/// Marks what kind of token it is, so that one is never read as the other.
const POSITION_KIND: u8 = 1;
const PAGE_KIND: u8 = 2;

/// The token of a position; empty where nothing was written.
pub(crate) fn consistency_token(position: Option<Position>) -> String {
    position.map_or_else(String::new, |Position { epoch, partition, seq }| {
        let parts: [&[u8]; 4] =
            [&[POSITION_KIND], &epoch.to_be_bytes(), &partition.number().to_be_bytes(), &seq.to_be_bytes()];
        URL_SAFE_NO_PAD.encode(parts.concat())
    })
}

/// The position of a token; none where the caller brings none.
pub(crate) fn position(token: &str, name: &str) -> Result<Option<Position>, FieldError> {
    if token.is_empty() {
        return Ok(None);
    }
    read_position(token).map(Some).ok_or_else(|| FieldError::new(name, CONSISTENCY_TOKEN))
}

fn read_position(token: &str) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (kind, rest) = bytes.split_first_chunk::<1>()?;
    let (epoch, rest) = rest.split_first_chunk::<8>()?;
    let (partition, rest) = rest.split_first_chunk::<2>()?;
    let seq: [u8; 8] = rest.try_into().ok()?;
    let partition = Partition::new(u16::from_be_bytes(*partition))?;
    (*kind == [POSITION_KIND]).then(|| Position {
        epoch: u64::from_be_bytes(*epoch),
        partition,
        seq: u64::from_be_bytes(seq),
    })
}

/// The token of the next page; empty at the end.
pub(crate) fn page_token(next: Option<RecordId>) -> String {
    next.map_or_else(String::new, |id| URL_SAFE_NO_PAD.encode([&[PAGE_KIND][..], &id.to_bytes()].concat()))
}

/// Where a page starts; none for the first.
pub(crate) fn page_start(token: &str, name: &str) -> Result<Option<RecordId>, FieldError> {
    if token.is_empty() {
        return Ok(None);
    }
    read_page(token).map(Some).ok_or_else(|| FieldError::new(name, PAGE_TOKEN))
}

fn read_page(token: &str) -> Option<RecordId> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (kind, id) = bytes.split_first_chunk::<1>()?;
    let id: [u8; 16] = id.try_into().ok()?;
    (*kind == [PAGE_KIND]).then(|| RecordId::from_u128(u128::from_be_bytes(id)))
}

/// How many entries a page has: what was asked, the default for 0, never more than `most` (AIP-158).
pub(in crate::grpc) fn page_size(size: i32, name: &str, most: usize) -> Result<usize, FieldError> {
    let size = usize::try_from(size).map_err(|_| FieldError::new(name, PAGE_SIZE))?;
    Ok(if size == 0 { PAGE_SIZE_DEFAULT } else { size.min(most) })
}

#[cfg(test)]
mod tests {
    use super::{consistency_token, page_size, page_start, page_token, position};
    use crate::crypto::Partition;
    use crate::domain::RecordId;
    use crate::store::Position;

    #[test]
    fn tokens_come_back_as_they_went() {
        let there = Position { epoch: u64::MAX, partition: Partition::new(1_023).unwrap(), seq: 7 };
        assert_eq!(position(&consistency_token(Some(there)), "t"), Ok(Some(there)));
        assert_eq!(position(&consistency_token(None), "t"), Ok(None));
        let id = RecordId::from_u128(u128::MAX - 5);
        assert_eq!(page_start(&page_token(Some(id)), "t"), Ok(Some(id)));
        assert_eq!(page_start("", "t"), Ok(None));
    }

    #[test]
    fn one_kind_of_token_is_not_another() {
        let there = Position { epoch: 1, partition: Partition::new(1).unwrap(), seq: 7 };
        let (seen, page) = (consistency_token(Some(there)), page_token(Some(RecordId::from_u128(1))));
        assert!(position(&page, "t").is_err() && page_start(&seen, "t").is_err());
        for wrong in ["!", "AA", &format!("{seen}AA")] {
            assert!(position(wrong, "t").is_err(), "{wrong}");
        }
    }

    #[test]
    fn page_sizes_are_bounded() {
        assert_eq!(page_size(0, "n", 100), Ok(50));
        assert_eq!(page_size(7, "n", 100), Ok(7));
        assert_eq!(page_size(i32::MAX, "n", 100), Ok(100));
        assert!(page_size(-1, "n", 100).is_err());
    }
}
