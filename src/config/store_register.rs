//! The register of stores: which networks and devices each has, in a file of its own that the settings name.

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use thiserror::Error;
use toml::Spanned;

use super::load::line_of;
use crate::domain::{Brand, DeviceId, FormatError, Network, RegisteredStore, StoreId, StoreRegister};

/// The most stores.
const STORES_MAX: usize = 65_536;

/// The most networks of one store.
const NETWORKS_MAX: usize = 64;

/// The most devices of one store.
const DEVICES_MAX: usize = 4_096;

/// A register that is refused: nothing of it is used.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct StoreRegisterError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRegister {
    #[serde(default)]
    store: Vec<Spanned<RawStore>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStore {
    #[serde(deserialize_with = "id")]
    id: StoreId,
    #[serde(default, deserialize_with = "brand")]
    brand: Option<Brand>,
    #[serde(default, deserialize_with = "networks")]
    networks: Vec<Network>,
    #[serde(default, deserialize_with = "devices")]
    devices: Vec<DeviceId>,
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StoreId, D::Error> {
    one("id", &String::deserialize(deserializer)?, StoreId::parse)
}

fn brand<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Brand>, D::Error> {
    one("brand", &String::deserialize(deserializer)?, Brand::parse).map(Some)
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    listed(deserializer, ("networks", NETWORKS_MAX), Network::parse)
}

fn devices<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DeviceId>, D::Error> {
    listed(deserializer, ("devices", DEVICES_MAX), DeviceId::parse)
}

fn one<T, E: Error>(field: &str, text: &str, parse: fn(&str) -> Result<T, FormatError>) -> Result<T, E> {
    parse(text).map_err(|wrong| E::custom(format_args!("`{field}`: `{text}` {wrong}")))
}

/// An empty list is refused: it would say that there are none, and be taken as if nothing were said.
fn listed<'de, D: Deserializer<'de>, T: PartialEq>(
    deserializer: D,
    (field, most): (&str, usize),
    parse: fn(&str) -> Result<T, FormatError>,
) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.is_empty() || texts.len() > most {
        return Err(D::Error::custom(format_args!(
            "`{field}` must list 1 to {most}; leave it out where they are not registered"
        )));
    }
    texts.iter().map(|text| one(field, text, parse)).collect()
}

/// The register that a text holds. A store that names no brand is of the carrier's `own`.
///
/// # Errors
///
/// The first thing that is wrong, with its line.
pub fn parse_store_register(text: &str, own: &Brand) -> Result<StoreRegister, StoreRegisterError> {
    let at = |byte: usize, problem: String| StoreRegisterError { line: line_of(text, byte), problem };
    let raw: RawRegister = toml::from_str(text)
        .map_err(|error| at(error.span().map_or(0, |span| span.start), error.message().to_owned()))?;
    if raw.store.len() > STORES_MAX {
        return Err(at(0, format!("there may be at most {STORES_MAX} stores")));
    }
    let mut register = StoreRegister::default();
    for store in raw.store {
        let place = store.span().start;
        let RawStore { id, brand, networks, devices } = store.into_inner();
        if networks.is_empty() && devices.is_empty() {
            return Err(at(place, format!("store `{id}` has neither `networks` nor `devices`: nothing is said of it")));
        }
        let known = RegisteredStore { networks, devices };
        if !register.add(brand.unwrap_or_else(|| own.clone()), id.clone(), known) {
            return Err(at(place, format!("store `{id}` stands here twice")));
        }
    }
    Ok(register)
}

#[cfg(test)]
mod tests {
    use super::parse_store_register;
    use crate::domain::{Brand, StoreRegister};

    fn parse(text: &str) -> Result<StoreRegister, String> {
        parse_store_register(text, &Brand::parse("default").unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_register_of_the_examples_is_one() {
        assert_eq!(parse(include_str!("../../examples/stores.toml")).unwrap().count(), 3);
        assert_eq!(parse("").unwrap().count(), 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_field() {
        for (text, told) in [
            ("[[store]]\nid = \"S1\"\n", "line 1: store `S1` has neither `networks` nor `devices`"),
            ("[[store]]\nnetworks = [\"192.0.2.0/24\"]\n", "line 1: missing field `id`"),
            ("[[store]]\nid = \"S 1\"\n", "line 2: `id`: `S 1` must be"),
            (
                "[[store]]\nid = \"S1\"\nnetworks = [\"192.0.2.0/24\", \"192.0.2.1/24\"]\n",
                "line 3: `networks`: `192.0.2.1/24` must be a network",
            ),
            ("[[store]]\nid = \"S1\"\nnetworks = []\n", "line 3: `networks` must list 1 to 64"),
            ("[[store]]\nid = \"S1\"\ndevices = [\"a b\"]\n", "line 3: `devices`: `a b` must be"),
            ("[[store]]\nid = \"S1\"\nbrand = \"\"\n", "line 3: `brand`: `` must be"),
            ("[[store]]\nid = \"S1\"\nnetwork = [\"192.0.2.0/24\"]\n", "line 3: unknown field `network`"),
            ("[[stores]]\nid = \"S1\"\n", "line 1: unknown field `stores`"),
            (
                "[[store]]\nid = \"S1\"\ndevices = [\"t\"]\n\n[[store]]\nid = \"S1\"\nbrand = \"default\"\ndevices = [\"t\"]\n",
                "line 5: store `S1` stands here twice",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
        let same_name =
            "[[store]]\nid = \"S1\"\ndevices = [\"t\"]\n[[store]]\nid = \"S1\"\nbrand = \"b\"\ndevices = [\"t\"]\n";
        assert_eq!(parse(same_name).unwrap().count(), 2, "brands have stores of their own");
    }
}
