//! Where something was asked, inside a decision and a permit. A place of which nothing is known is not written.

use prost::Message;

use super::CodecError;
use super::field::optional_text;
use crate::domain::{Place, Spot};

/// A place.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredPlace {
    #[prost(string, optional, tag = "1")]
    bound_store: Option<String>,
    #[prost(string, optional, tag = "2")]
    bound_device: Option<String>,
    #[prost(string, optional, tag = "3")]
    said_store: Option<String>,
    #[prost(string, optional, tag = "4")]
    said_device: Option<String>,
    #[prost(string, optional, tag = "5")]
    rep: Option<String>,
}

/// A place as it is stored, if anything is known of it.
pub(super) fn stored(place: &Place) -> Option<StoredPlace> {
    let Place { bound, said, rep } = place;
    let of = |spot: &Spot| {
        let Spot { store, device } = spot;
        (store.as_ref().map(|id| id.as_str().to_owned()), device.as_ref().map(|id| id.as_str().to_owned()))
    };
    let ((bound_store, bound_device), (said_store, said_device)) = (of(bound), of(said));
    let rep = rep.as_ref().map(|rep| rep.as_str().to_owned());
    (!place.is_empty()).then_some(StoredPlace { bound_store, bound_device, said_store, said_device, rep })
}

/// What a row says of its place: nothing, where it was written before places were.
pub(super) fn place(stored: Option<StoredPlace>) -> Result<Place, CodecError> {
    let Some(StoredPlace { bound_store, bound_device, said_store, said_device, rep }) = stored else {
        return Ok(Place::default());
    };
    Ok(Place {
        bound: Spot {
            store: optional_text(bound_store, "place.bound_store")?,
            device: optional_text(bound_device, "place.bound_device")?,
        },
        said: Spot {
            store: optional_text(said_store, "place.said_store")?,
            device: optional_text(said_device, "place.said_device")?,
        },
        rep: optional_text(rep, "place.rep")?,
    })
}
