//! JSON objects, read by their members' names alone.
//!
//! A list of the values in the members' order is another spelling of the same to `serde`. What is signed, compared or
//! trusted has one.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};

/// Reads a text that is one object.
pub(crate) fn parse_object<T: DeserializeOwned>(text: &[u8]) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = object(&mut reader)?;
    reader.end()?;
    Ok(read)
}

/// Reads an object, for a member that is one.
pub(crate) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Members(PhantomData))
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{object, parse_object};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        a: u8,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[serde(deserialize_with = "object")]
        inner: Inner,
        b: u8,
    }

    #[test]
    fn an_object_is_read_and_a_list_of_its_values_is_not() {
        assert_eq!(parse_object(br#" {"inner":{"a":1},"b":2} "#).ok(), Some(Outer { inner: Inner { a: 1 }, b: 2 }));
        assert!(serde_json::from_slice::<Outer>(br#"[{"a":1},2]"#).is_ok(), "no helper would be needed");
        for text in [
            &br#"[{"a":1},2]"#[..],
            br#"{"inner":[1],"b":2}"#,
            br#"{"inner":{"a":1},"b":2,"c":3}"#,
            br#"{"inner":{"a":1},"b":2,"b":2}"#,
            br#"{"inner":{"a":1},"b":2} {}"#,
            br#""inner""#,
            b"",
        ] {
            assert!(parse_object::<Outer>(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }
}
