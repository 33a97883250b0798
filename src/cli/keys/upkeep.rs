//! What the commands share that have a running service look after its keys.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::hex;
use crate::crypto::{Keyring, Purpose};
use crate::grpc::client::Timestamp;
use crate::grpc::pb::v1 as pb;

/// How often the line that tells progress is drawn anew, in milliseconds.
const TICK_MILLISECONDS: u64 = 200;

/// A purpose by its name.
pub(super) fn purpose() -> impl TypedValueParser<Value = Purpose> {
    PossibleValuesParser::new(Purpose::ALL.map(Purpose::name))
        .try_map(|name| Purpose::ALL.into_iter().find(|purpose| purpose.name() == name).ok_or("no purpose of a key"))
}

/// A purpose as the contract names it.
pub(super) fn on_wire(purpose: Purpose) -> pb::KeyPurpose {
    let name = format!("KEY_PURPOSE_{}", purpose.name().to_ascii_uppercase());
    pb::KeyPurpose::from_str_name(&name).unwrap_or(pb::KeyPurpose::Unspecified)
}

/// A purpose of the contract as the keyring names it.
pub(super) fn off_wire(purpose: i32) -> &'static str {
    let known = Purpose::ALL.into_iter().find(|known| i32::from(on_wire(*known)) == purpose);
    known.map_or("unknown", Purpose::name)
}

/// The mark of a keyring's key, as the contract has it.
pub(super) fn mark(keyring: &Keyring, purpose: Purpose, number: u8) -> Option<String> {
    let name = format!("{} {number}", purpose.name());
    let mark = keyring.marks().into_iter().find(|(of, _)| *of == name).map(|(_, mark)| mark);
    mark.map(|mark| hex(mark.as_bytes()))
}

/// What still names a key.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// What it is for.
    pub(super) purpose: &'static str,
    /// Its number.
    pub(super) number: i32,
    /// In how many places.
    pub(super) uses: i64,
    /// When time alone will have ended all of them.
    pub(super) free: Option<String>,
}

impl From<pb::KeyUse> for Use {
    fn from(told: pb::KeyUse) -> Self {
        let pb::KeyUse { purpose, number, uses, free_time } = told;
        Self { purpose: off_wire(purpose), number, uses, free: free_time.and_then(spoken) }
    }
}

impl Use {
    pub(super) fn json(&self) -> Value {
        let Self { purpose, number, uses, free } = self;
        json!({ "purpose": purpose, "id": number, "uses": uses, "free_time": free })
    }

    /// What can be done so that nothing names it.
    pub(super) fn advice(&self) -> String {
        let until = self.free.as_ref().map(|free| format!("nothing will name it after {free}"));
        let by_purpose = match self.purpose {
            "seal" => "`portcullis keys reseal` seals all of it anew",
            "pepper" => {
                "each account PIN is made anew when its owner next enters or changes it; until then keep the key"
            }
            _ => "wait until its permits have ended, and the requests that asked for them can be repeated no more",
        };
        until.unwrap_or_else(|| by_purpose.to_owned())
    }
}

fn spoken(time: Timestamp) -> Option<String> {
    DateTime::from_timestamp(time.seconds, 0).map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// The service said nothing more before it was done.
pub(super) fn cut_off() -> Failure {
    Failure::failed("the service broke off before it was done").advise("the same again: it goes on where it was")
}

/// A key that the command cannot work on.
pub(super) fn unusable(error: &crate::crypto::KeyringError) -> Failure {
    Failure::caused(Exit::Invalid, error)
}

/// A line on the terminal that tells progress; nothing where there is no terminal.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template that does not fit leaves the bar as it comes.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(TICK_MILLISECONDS));
    bar
}
