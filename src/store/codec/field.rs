//! How single fields are read and written. `field` names message and field, for errors.

use chrono::{DateTime, Utc};

use super::CodecError;
use super::numbers::Numbered;
use super::texts::StoredText;
use crate::domain::{FormatError, Msisdn};

/// A field that must be there.
pub(super) fn required<T>(value: Option<T>, field: &'static str) -> Result<T, CodecError> {
    value.ok_or(CodecError::Missing { field })
}

/// A message inside another that must be there, read as what it stands for.
pub(super) fn nested<S, T>(value: Option<S>, field: &'static str) -> Result<T, CodecError>
where
    T: TryFrom<S, Error = CodecError>,
{
    T::try_from(required(value, field)?)
}

/// A message inside another that may be absent.
pub(super) fn optional_nested<S, T>(value: Option<S>) -> Result<Option<T>, CodecError>
where
    T: TryFrom<S, Error = CodecError>,
{
    value.map(T::try_from).transpose()
}

/// A list, read entry by entry.
pub(super) fn list<S, T>(values: Vec<S>) -> Result<Vec<T>, CodecError>
where
    T: TryFrom<S, Error = CodecError>,
{
    values.into_iter().map(T::try_from).collect()
}

/// A list as its messages.
pub(super) fn to_list<'a, T, S: From<&'a T>>(values: &'a [T]) -> Vec<S> {
    values.iter().map(S::from).collect()
}

/// A list is as long as it was when it was written.
pub(super) fn counted(found: usize, written: Option<u64>, field: &'static str) -> Result<(), CodecError> {
    if required(written, field)? == found as u64 { Ok(()) } else { Err(CodecError::Count { field }) }
}

/// A text that passes its type's check.
pub(super) fn text<T: StoredText>(value: Option<String>, field: &'static str) -> Result<T, CodecError> {
    parsed(required(value, field)?, field)
}

/// A text that may be absent.
pub(super) fn optional_text<T: StoredText>(
    value: Option<String>,
    field: &'static str,
) -> Result<Option<T>, CodecError> {
    value.map(|text| parsed(text, field)).transpose()
}

/// A text through its type's check.
pub(super) fn parsed<T: StoredText>(text: String, field: &'static str) -> Result<T, CodecError> {
    T::of_stored(text).map_err(|wrong| invalid(&wrong, field))
}

/// A number in E.164 from its digits.
pub(super) fn msisdn(digits: u64, field: &'static str) -> Result<Msisdn, CodecError> {
    Msisdn::from_digits(digits).map_err(|wrong| invalid(&wrong, field))
}

const fn invalid(wrong: &FormatError, field: &'static str) -> CodecError {
    CodecError::Invalid { field, expected: wrong.expected }
}

/// An instant in milliseconds since 1970.
pub(super) fn instant(value: Option<i64>, field: &'static str) -> Result<DateTime<Utc>, CodecError> {
    at(required(value, field)?, field)
}

/// An instant that may be absent.
pub(super) fn optional_instant(value: Option<i64>, field: &'static str) -> Result<Option<DateTime<Utc>>, CodecError> {
    value.map(|millis| at(millis, field)).transpose()
}

/// The instant so many milliseconds after the start of 1970.
pub(super) fn at(millis: i64, field: &'static str) -> Result<DateTime<Utc>, CodecError> {
    DateTime::from_timestamp_millis(millis)
        .ok_or(CodecError::Invalid { field, expected: "must be an instant of the calendar" })
}

/// Milliseconds from the start of 1970 to an instant.
pub(super) fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// An id of 16 bytes, most significant first.
pub(super) fn id<T>(value: Option<Vec<u8>>, field: &'static str, from_bits: fn(u128) -> T) -> Result<T, CodecError> {
    let bytes = fixed(&required(value, field)?, field, "must be 16 bytes")?;
    Ok(from_bits(u128::from_be_bytes(bytes)))
}

/// An id that may be absent.
pub(super) fn optional_id<T>(
    value: Option<Vec<u8>>,
    field: &'static str,
    from_bits: fn(u128) -> T,
) -> Result<Option<T>, CodecError> {
    value.map(|bytes| id(Some(bytes), field, from_bits)).transpose()
}

/// A digest of 32 bytes.
pub(super) fn digest(value: Option<Vec<u8>>, field: &'static str) -> Result<[u8; 32], CodecError> {
    fixed(&required(value, field)?, field, "must be 32 bytes")
}

fn fixed<const N: usize>(bytes: &[u8], field: &'static str, expected: &'static str) -> Result<[u8; N], CodecError> {
    bytes.try_into().map_err(|_| CodecError::Invalid { field, expected })
}

/// An enum by its number.
pub(super) fn numbered<T: Numbered>(value: Option<u32>, field: &'static str) -> Result<T, CodecError> {
    of_number(required(value, field)?, field)
}

/// An enum that may be absent.
pub(super) fn optional_numbered<T: Numbered>(value: Option<u32>, field: &'static str) -> Result<Option<T>, CodecError> {
    value.map(|number| of_number(number, field)).transpose()
}

/// What a number stands for.
pub(super) fn of_number<T: Numbered>(number: u32, field: &'static str) -> Result<T, CodecError> {
    T::of_number(number).ok_or(CodecError::UnknownNumber { field, number })
}

/// An enum's number.
pub(super) fn number_of<T: Numbered>(value: T) -> u32 {
    value.number()
}
