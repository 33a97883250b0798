//! The token in a call's metadata.

use tonic::metadata::MetadataMap;

use super::TokenError;

/// The one bearer token of a call. Two authorization entries are refused: it could not be said which one counts.
pub fn bearer_token(metadata: &MetadataMap) -> Result<&str, TokenError> {
    let mut values = metadata.get_all("authorization").iter();
    let value = values.next().ok_or(TokenError::Missing)?;
    if values.next().is_some() {
        return Err(TokenError::Invalid);
    }
    let text = value.to_str().map_err(|_| TokenError::Invalid)?;
    let (scheme, token) = text.split_once(' ').ok_or(TokenError::Invalid)?;
    let token = token.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(TokenError::Invalid) }
}

#[cfg(test)]
mod tests {
    use tonic::metadata::MetadataMap;

    use super::{TokenError, bearer_token};

    fn metadata(values: &[&str]) -> MetadataMap {
        let mut map = MetadataMap::new();
        for value in values {
            map.append("authorization", value.parse().unwrap());
        }
        map
    }

    #[test]
    fn one_bearer_token() {
        assert_eq!(bearer_token(&metadata(&["Bearer a.b.c"])), Ok("a.b.c"));
        assert_eq!(bearer_token(&metadata(&["bearer  a.b.c"])), Ok("a.b.c"));
        assert_eq!(bearer_token(&metadata(&[])), Err(TokenError::Missing));
        for wrong in [&["Basic a.b.c"][..], &["Bearer"], &["Bearer "], &["a.b.c"], &["Bearer a.b.c", "Bearer a.b.c"]] {
            assert_eq!(bearer_token(&metadata(wrong)), Err(TokenError::Invalid), "{wrong:?}");
        }
    }
}
