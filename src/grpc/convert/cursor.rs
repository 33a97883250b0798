//! Places in the records: where a page of them begins, and where a stream goes on. Opaque to callers, without a secret. A
//! page's grants nothing; a stream's is good for whom it was given to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::field::FieldError;
use crate::domain::{HeldName, HoldKind, HoldTarget, RecordId};
use crate::service::{DocumentPlace, NextPage, PagePlace, Reached};

const PAGE_TOKEN: &str = "must be a page token as it was given";
const RESUME_TOKEN: &str = "must be a resume token as it was given";

/// Marks what kind of token it is, so that one is never read as another: see [`super::position`], which has 1 and 2.
const PAGE_BACK_KIND: u8 = 3;
const PAGE_ON_KIND: u8 = 4;
const RESUME_KIND: u8 = 6;

/// A page of holds or incidents that stand, and of all that there ever were.
const HOLDS_KIND: u8 = 7;
const INCIDENTS_KIND: u8 = 8;
const ALL_HOLDS_KIND: u8 = 9;
const ALL_INCIDENTS_KIND: u8 = 10;

/// Journals of a store, at most: one a partition.
const JOURNALS_MAX: usize = 1_024;

/// The token of the next page; empty at the end.
pub(crate) fn record_page_token(next: Option<PagePlace>) -> String {
    next.map_or_else(String::new, |PagePlace { look, next }| {
        let look = look.to_bytes();
        URL_SAFE_NO_PAD.encode(match next {
            NextPage::Back(id) => [&[PAGE_BACK_KIND][..], &look, &id.to_bytes()].concat(),
            NextPage::On { journal, place } => {
                [&[PAGE_ON_KIND][..], &look, &journal.to_be_bytes(), &place.to_be_bytes()].concat()
            }
        })
    })
}

/// Where a page begins; none for the first.
pub(crate) fn record_page(token: &str, name: &str) -> Result<Option<PagePlace>, FieldError> {
    if token.is_empty() {
        return Ok(None);
    }
    read_page(token).map(Some).ok_or_else(|| FieldError::new(name, PAGE_TOKEN))
}

fn read_page(token: &str) -> Option<PagePlace> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (kind, rest) = bytes.split_first()?;
    let (look, rest) = rest.split_first_chunk()?;
    let next = match *kind {
        PAGE_BACK_KIND => NextPage::Back(id(rest.try_into().ok()?)),
        PAGE_ON_KIND => {
            let (journal, place) = rest.split_first_chunk()?;
            let (journal, place) = (u16::from_be_bytes(*journal), u64::from_be_bytes(place.try_into().ok()?));
            NextPage::On { journal, place }
        }
        _ => return None,
    };
    Some(PagePlace { look: id(*look), next })
}

const fn id(bytes: [u8; 16]) -> RecordId {
    RecordId::from_u128(u128::from_be_bytes(bytes))
}

/// The token of the next page of holds; empty at the end.
pub(crate) fn hold_page_token(next: Option<&HoldTarget>) -> String {
    next.map_or_else(String::new, |HoldTarget { kind, name }| {
        URL_SAFE_NO_PAD.encode([&[HOLDS_KIND, *kind as u8][..], name.as_str().as_bytes()].concat())
    })
}

/// The hold after which a page begins; none for the first.
pub(crate) fn hold_page(token: &str, name: &str) -> Result<Option<HoldTarget>, FieldError> {
    if token.is_empty() {
        return Ok(None);
    }
    read_hold_page(token).map(Some).ok_or_else(|| FieldError::new(name, PAGE_TOKEN))
}

fn read_hold_page(token: &str) -> Option<HoldTarget> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let ([HOLDS_KIND, number], held) = bytes.split_first_chunk()? else { return None };
    let kind = HoldKind::ALL.into_iter().find(|kind| *kind as u8 == *number)?;
    Some(HoldTarget { kind, name: HeldName::parse(std::str::from_utf8(held).ok()?).ok()? })
}

/// The token of the next page of incidents; empty at the end.
pub(crate) fn incident_page_token(next: Option<RecordId>) -> String {
    named_page_token(INCIDENTS_KIND, next.map(RecordId::to_bytes))
}

/// The incident after which a page begins; none for the first.
pub(crate) fn incident_page(token: &str, name: &str) -> Result<Option<RecordId>, FieldError> {
    Ok(named_page(INCIDENTS_KIND, token, name)?.map(id))
}

/// The token of the next page of all holds that there ever were; empty at the end.
pub(crate) fn all_holds_page_token(next: Option<DocumentPlace>) -> String {
    named_page_token(ALL_HOLDS_KIND, next.map(|DocumentPlace(place)| place))
}

/// The place after which such a page begins; none for the first.
pub(crate) fn all_holds_page(token: &str, name: &str) -> Result<Option<DocumentPlace>, FieldError> {
    Ok(named_page(ALL_HOLDS_KIND, token, name)?.map(DocumentPlace))
}

/// The token of the next page of all incidents that there ever were; empty at the end.
pub(crate) fn all_incidents_page_token(next: Option<DocumentPlace>) -> String {
    named_page_token(ALL_INCIDENTS_KIND, next.map(|DocumentPlace(place)| place))
}

/// The place after which such a page begins; none for the first.
pub(crate) fn all_incidents_page(token: &str, name: &str) -> Result<Option<DocumentPlace>, FieldError> {
    Ok(named_page(ALL_INCIDENTS_KIND, token, name)?.map(DocumentPlace))
}

fn named_page_token(kind: u8, after: Option<[u8; 16]>) -> String {
    after.map_or_else(String::new, |after| URL_SAFE_NO_PAD.encode([&[kind][..], &after].concat()))
}

fn named_page(kind: u8, token: &str, name: &str) -> Result<Option<[u8; 16]>, FieldError> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (found, after) = bytes.split_first()?;
        (*found == kind).then(|| after.try_into().ok()).flatten()
    };
    read().map(Some).ok_or_else(|| FieldError::new(name, PAGE_TOKEN))
}

/// The token of where somebody came to.
pub(crate) fn resume_token(reached: &Reached) -> String {
    let mut bytes = vec![RESUME_KIND];
    bytes.extend(reached.mark);
    bytes.extend(reached.places.iter().flat_map(|place| place.to_be_bytes()));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where a stream goes on; none where the caller brings no token.
pub(crate) fn reached(token: &str, name: &str) -> Result<Option<Reached>, FieldError> {
    if token.is_empty() {
        return Ok(None);
    }
    read_reached(token).map(Some).ok_or_else(|| FieldError::new(name, RESUME_TOKEN))
}

fn read_reached(token: &str) -> Option<Reached> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (kind, rest) = bytes.split_first()?;
    let (mark, rest) = rest.split_first_chunk()?;
    let (places, left) = rest.as_chunks::<8>();
    let is_whole = *kind == RESUME_KIND && left.is_empty() && (1..=JOURNALS_MAX).contains(&places.len());
    let places = || places.iter().map(|place| u64::from_be_bytes(*place)).collect();
    is_whole.then(|| Reached { places: places(), mark: *mark })
}

#[cfg(test)]
mod tests {
    use super::{
        all_holds_page, all_holds_page_token, all_incidents_page, all_incidents_page_token, incident_page,
        incident_page_token, reached, record_page, record_page_token, resume_token,
    };
    use crate::domain::RecordId;
    use crate::service::{DocumentPlace, NextPage, PagePlace, Reached};

    fn at(places: &[u64]) -> Reached {
        Reached { places: places.to_vec(), mark: [7; 32] }
    }

    #[test]
    fn tokens_come_back_as_they_went() {
        let look = RecordId::from_u128(u128::MAX - 5);
        for next in [NextPage::Back(RecordId::from_u128(7)), NextPage::On { journal: 9, place: u64::MAX }] {
            let place = PagePlace { look, next };
            assert_eq!(record_page(&record_page_token(Some(place)), "t"), Ok(Some(place)));
        }
        assert_eq!(record_page(&record_page_token(None), "t"), Ok(None));
        for place in [at(&[0]), at(&[u64::MAX, 3])] {
            assert_eq!(reached(&resume_token(&place), "t"), Ok(Some(place)));
        }
        assert_eq!(reached("", "t"), Ok(None));
    }

    #[test]
    fn a_lists_token_is_good_for_that_list_alone() {
        let (id, place) = (RecordId::from_u128(7), DocumentPlace([9; 16]));
        let tokens =
            [incident_page_token(Some(id)), all_holds_page_token(Some(place)), all_incidents_page_token(Some(place))];
        let [incidents, all_holds, all_incidents] = &tokens;
        assert_eq!(incident_page(incidents, "t"), Ok(Some(id)));
        assert_eq!(all_holds_page(all_holds, "t"), Ok(Some(place)));
        assert_eq!(all_incidents_page(all_incidents, "t"), Ok(Some(place)));
        for token in &tokens {
            let read = [
                incident_page(token, "t").is_ok(),
                all_holds_page(token, "t").is_ok(),
                all_incidents_page(token, "t").is_ok(),
            ];
            assert_eq!(read.iter().filter(|read| **read).count(), 1, "{token}");
            assert!(all_holds_page(&format!("{token}AA"), "t").is_err());
        }
        assert_eq!((incident_page("", "t"), all_holds_page_token(None)), (Ok(None), String::new()));
    }

    #[test]
    fn one_kind_of_token_is_not_another() {
        let look = RecordId::from_u128(1);
        let back = record_page_token(Some(PagePlace { look, next: NextPage::Back(look) }));
        let resume = resume_token(&at(&[1, 2, 3]));
        assert!(record_page(&resume, "t").is_err() && reached(&back, "t").is_err());
        for wrong in ["!", "AA", &format!("{back}AA"), &resume_token(&at(&[]))] {
            assert!(record_page(wrong, "t").is_err() && reached(wrong, "t").is_err(), "{wrong}");
        }
    }
}
