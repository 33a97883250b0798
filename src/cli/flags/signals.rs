//! Facts that only the caller can know.

use clap::Args;

use super::time::{duration, parse_length};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::signal::Value;

/// Flags of signals.
#[derive(Debug, Clone, Args)]
pub(crate) struct SignalArgs {
    /// A fact that only you can know, like device_sale=true, distance_from_home_miles=12 or store_closes_within=30m;
    /// may be repeated
    #[arg(long = "signal", value_name = "NAME=VALUE", value_parser = parse)]
    signals: Vec<Observed>,
}

/// A signal as it was written.
#[derive(Debug, Clone, PartialEq)]
struct Observed {
    name: String,
    value: Value,
}

impl SignalArgs {
    /// The signals, observed now by the caller itself.
    pub(crate) fn signals(self) -> Vec<pb::Signal> {
        let signal = |Observed { name, value }| pb::Signal {
            name,
            value: Some(value),
            source: String::new(),
            observe_time: None,
        };
        self.signals.into_iter().map(signal).collect()
    }
}

fn parse(text: &str) -> Result<Observed, &'static str> {
    let (name, value) = text.split_once('=').ok_or("must be NAME=VALUE")?;
    let value = match value {
        "true" => Value::Flag(true),
        "false" => Value::Flag(false),
        number if number.parse::<i64>().is_ok() => Value::Number(number.parse().unwrap_or_default()),
        length => Value::Duration(duration(
            parse_length(length).map_err(|_| "the value must be true, false, a whole number, or a length like 30m")?,
        )),
    };
    Ok(Observed { name: name.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};
    use crate::grpc::client::Duration;

    #[test]
    fn a_value_tells_its_kind() {
        assert_eq!(parse("device_sale=true").unwrap().value, Value::Flag(true));
        assert_eq!(parse("distance_from_home_miles=12").unwrap().value, Value::Number(12));
        let half_an_hour = Duration { seconds: 1_800, nanos: 0 };
        assert_eq!(parse("store_closes_within=30m").unwrap().value, Value::Duration(half_an_hour));
        for wrong in ["device_sale", "device_sale=", "device_sale=yes"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
