//! How bad input is named: by the path of its field and what would be right, never by its value.

use std::borrow::Cow;

use crate::domain::FormatError;

/// A field of a request that cannot be used.
///
/// INVARIANT (secrets-stay-in): it holds a path and an expectation, and nothing that the caller sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {expected}")]
pub struct FieldError {
    /// From the request's top, like `change.sim_change.iccid` or `lines[2].msisdn`.
    pub path: String,
    /// What would be right, as an instruction: "must be ...".
    pub expected: Cow<'static, str>,
}

impl FieldError {
    /// The field at `path` is wrong; `expected` says what would be right.
    pub fn new(path: &str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.to_owned(), expected: expected.into() }
    }

    /// The field at `path` is not there and has to be.
    pub fn required(path: &str) -> Self {
        Self::new(path, "is required")
    }
}

/// Names the place of an error on its way up.
pub trait InField<T> {
    /// The error happened in, or inside, the field `name`.
    fn in_field(self, name: &str) -> Result<T, FieldError>;

    /// The error happened in, or inside, element `index` of the repeated field `name`.
    fn in_element(self, name: &str, index: usize) -> Result<T, FieldError>;
}

impl<T> InField<T> for Result<T, FormatError> {
    fn in_field(self, name: &str) -> Result<T, FieldError> {
        self.map_err(|error| FieldError::new(name, error.expected))
    }

    fn in_element(self, name: &str, index: usize) -> Result<T, FieldError> {
        self.in_field(&format!("{name}[{index}]"))
    }
}

impl<T> InField<T> for Result<T, FieldError> {
    fn in_field(self, name: &str) -> Result<T, FieldError> {
        self.map_err(|inner| FieldError { path: format!("{name}.{}", inner.path), expected: inner.expected })
    }

    fn in_element(self, name: &str, index: usize) -> Result<T, FieldError> {
        self.in_field(&format!("{name}[{index}]"))
    }
}

/// A message or oneof that has to be there.
pub(in crate::grpc) fn required<T>(value: Option<T>, name: &str) -> Result<T, FieldError> {
    value.ok_or_else(|| FieldError::required(name))
}

/// A text that has to be there, in its type's format.
pub(in crate::grpc) fn text<T>(
    value: &str,
    name: &str,
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<T, FieldError> {
    parse(value).in_field(name)
}

/// A text that may be absent: the empty text is absence, as the contract says of each such field.
pub(in crate::grpc) fn optional_text<T>(
    value: &str,
    name: &str,
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<Option<T>, FieldError> {
    if value.is_empty() { Ok(None) } else { parse(value).map(Some).in_field(name) }
}

/// At most `max` elements, each converted; an error names its element.
pub(in crate::grpc) fn elements<S, T>(
    values: Vec<S>,
    name: &str,
    max: usize,
    convert: impl Fn(S) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    if values.len() > max {
        return Err(FieldError::new(name, format!("must have at most {max} elements")));
    }
    values.into_iter().enumerate().map(|(index, value)| convert(value).in_element(name, index)).collect()
}

/// A field that must stay empty here.
pub(in crate::grpc) fn absent(is_absent: bool, name: &str, expected: &'static str) -> Result<(), FieldError> {
    if is_absent { Ok(()) } else { Err(FieldError::new(name, expected)) }
}

/// The first element of `keys` that was there before it, by its place.
pub(in crate::grpc) fn first_repeated<K: PartialEq>(keys: &[K]) -> Option<usize> {
    keys.iter().enumerate().find(|(index, key)| keys.iter().take(*index).any(|earlier| earlier == *key)).map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::{FieldError, InField, elements, first_repeated};
    use crate::domain::Spid;

    #[test]
    fn paths_grow_from_the_inside_out() {
        let error = Spid::parse("secret!").in_field("gaining_spid").in_field("port_out").in_element("changes", 3);
        assert_eq!(
            error.unwrap_err().to_string(),
            "changes[3].port_out.gaining_spid: must be a SPID: exactly 4 letters and digits"
        );
    }

    #[test]
    fn elements_are_bounded_and_named() {
        let odd = |n: i32| if n % 2 == 1 { Ok(n) } else { Err(FieldError::new("n", "must be odd")) };
        assert_eq!(elements(vec![1, 3], "list", 2, odd), Ok(vec![1, 3]));
        assert_eq!(elements(vec![1, 4], "list", 2, odd).unwrap_err().path, "list[1].n");
        assert_eq!(elements(vec![1, 3, 5], "list", 2, odd).unwrap_err().path, "list");
    }

    #[test]
    fn repeated_is_the_second_one() {
        assert_eq!(first_repeated(&["a", "b", "a"]), Some(2));
        assert_eq!(first_repeated(&["a", "b"]), None);
    }
}
