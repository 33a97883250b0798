//! Signals: a closed set of names, each with its own kind of value.

use chrono::TimeDelta;

use super::field::{FieldError, elements, first_repeated, optional_text, required};
use super::time::{length, optional_instant};
use crate::domain::{ObservedSignal, Reference, SignalKind};
use crate::grpc::pb::v1 as pb;

/// How many signals one request may bring.
const SIGNALS_MAX: usize = 16;

const NAMES: &str = "must be `distance_from_home_miles`, `device_sale` or `store_closes_within`";
const DISTANCE: &str = "must be a number of miles from 0 to 25,000";
const FLAG: &str = "must be a flag";
const CLOSES: &str = "must be a length of time from 0 to 24 hours";

/// More than half the way round the Earth.
const DISTANCE_MILES_MAX: u32 = 25_000;

/// All the signals of a request, none twice.
pub(in crate::grpc) fn signals(values: Vec<pb::Signal>, name: &str) -> Result<Vec<ObservedSignal>, FieldError> {
    let observed = elements(values, name, SIGNALS_MAX, signal)?;
    let names: Vec<&str> = observed.iter().map(|signal| signal.kind.name()).collect();
    match first_repeated(&names) {
        Some(index) => Err(FieldError::new(&format!("{name}[{index}].name"), "must name each signal at most once")),
        None => Ok(observed),
    }
}

fn signal(value: pb::Signal) -> Result<ObservedSignal, FieldError> {
    let pb::Signal { name, value, source, observe_time } = value;
    Ok(ObservedSignal {
        kind: kind(&name, value)?,
        source: optional_text(&source, "source", Reference::parse)?,
        observed_at: optional_instant(observe_time, "observe_time")?,
    })
}

fn kind(name: &str, value: Option<pb::signal::Value>) -> Result<SignalKind, FieldError> {
    use pb::signal::Value;
    match name {
        "distance_from_home_miles" => match required(value, "value")? {
            Value::Number(number) => u32::try_from(number)
                .ok()
                .filter(|miles| *miles <= DISTANCE_MILES_MAX)
                .map(SignalKind::DistanceFromHomeMiles)
                .ok_or_else(|| FieldError::new("number", DISTANCE)),
            other => Err(FieldError::new(member(&other), DISTANCE)),
        },
        "device_sale" => match required(value, "value")? {
            Value::Flag(flag) => Ok(SignalKind::DeviceSale(flag)),
            other => Err(FieldError::new(member(&other), FLAG)),
        },
        "store_closes_within" => match required(value, "value")? {
            Value::Duration(value) => {
                let within = length(value, "duration")?;
                let fits = (TimeDelta::zero()..=TimeDelta::days(1)).contains(&within);
                if fits { Ok(SignalKind::StoreClosesWithin(within)) } else { Err(FieldError::new("duration", CLOSES)) }
            }
            other => Err(FieldError::new(member(&other), CLOSES)),
        },
        _ => Err(FieldError::new("name", NAMES)),
    }
}

const fn member(value: &pb::signal::Value) -> &'static str {
    match value {
        pb::signal::Value::Flag(_) => "flag",
        pb::signal::Value::Number(_) => "number",
        pb::signal::Value::Duration(_) => "duration",
    }
}
