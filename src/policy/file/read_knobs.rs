//! Reading knobs out of a file's tables.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::PolicyFileError;
use super::place::Source;
use crate::domain::{Action, Brand, Channel};
use crate::policy::document::{CutOff, Policy, RequiredSignal, SignalName, TransferPinLife};
use crate::policy::knobs::{KNOBS, Slot};
use crate::policy::language::nearest;
use crate::policy::span::parse_span;

/// A value with its place.
pub(super) type Value<'a> = Spanned<DeValue<'a>>;

/// The knobs that are lists, or of several kinds.
const SPECIAL: [&str; 3] = ["transfer_pin.life", "pin.cutoff", "signals.required"];

/// Sets every knob of a file, and notes which.
pub(super) struct Knobs<'a> {
    pub(super) source: Source<'a>,
    pub(super) policy: &'a mut Policy,
    pub(super) set: &'a mut BTreeSet<&'static str>,
}

impl Knobs<'_> {
    /// Reads one of the file's tables.
    pub(super) fn table(&mut self, name: &str, at: usize, value: &Value<'_>) -> Result<(), PolicyFileError> {
        let Some(table) = value.get_ref().as_table() else {
            return Err(self.unknown(at, name));
        };
        for (key, value) in table {
            self.knob(&format!("{name}.{}", key.get_ref()), key.span().start, value)?;
        }
        Ok(())
    }

    /// The first knob that every policy needs and that is not among those that were set.
    pub(super) fn missing(set: &BTreeSet<&'static str>) -> Option<&'static str> {
        KNOBS.iter().map(|knob| knob.name).chain(["transfer_pin.life"]).find(|name| !set.contains(name))
    }

    fn knob(&mut self, name: &str, at: usize, value: &Value<'_>) -> Result<(), PolicyFileError> {
        if let Some(knob) = KNOBS.iter().find(|knob| knob.name == name) {
            self.set.insert(knob.name);
            let is_put = self.put(knob.slot, value);
            return if is_put { Ok(()) } else { Err(self.expected(value, name, knob.slot.expected())) };
        }
        match name {
            "transfer_pin.life" => {
                self.set.insert("transfer_pin.life");
                self.policy.transfer_pin.life = self.life(value)?;
                Ok(())
            }
            "pin.cutoff" => self.cutoffs(value),
            "signals.required" => self.required(value),
            _ => Err(self.unknown(at, name)),
        }
    }

    fn put(&mut self, slot: Slot, value: &Value<'_>) -> bool {
        let value = value.get_ref();
        match slot {
            Slot::Span(of) => value.as_str().and_then(parse_span).map(|span| *of(self.policy) = span).is_some(),
            Slot::Count(of) => number(value).map(|count| *of(self.policy) = count).is_some(),
            Slot::Digits(of) => number(value).map(|digits| *of(self.policy) = digits).is_some(),
            Slot::Flag(of) => value.as_bool().map(|flag| *of(self.policy) = flag).is_some(),
        }
    }

    fn life(&self, value: &Value<'_>) -> Result<TransferPinLife, PolicyFileError> {
        const EXPECTED: &str = "a span of time in quotes, or { days_after_issue = 7, utc_offset_minutes = 0 }";
        let wrong = || self.expected(value, "transfer_pin.life", EXPECTED);
        if let Some(life) = value.get_ref().as_str().and_then(parse_span) {
            return Ok(TransferPinLife::Exact(life));
        }
        let table = value.get_ref().as_table().ok_or_else(wrong)?;
        let days = field(table, "days_after_issue").and_then(|value| number(value.get_ref())).ok_or_else(wrong)?;
        let utc_offset_minutes = match field(table, "utc_offset_minutes") {
            Some(offset) => number(offset.get_ref()).ok_or_else(wrong)?,
            None => 0,
        };
        self.only(table, "transfer_pin.life", &["days_after_issue", "utc_offset_minutes"])?;
        Ok(TransferPinLife::DayOfIssueExcluded { days, utc_offset_minutes })
    }

    fn cutoffs(&mut self, value: &Value<'_>) -> Result<(), PolicyFileError> {
        const NAME: &str = "pin.cutoff";
        let mut cutoffs = Vec::new();
        for (value, table) in self.tables(value, NAME)? {
            let wrong = |expected| self.expected(value, NAME, expected);
            let instant = field(table, "instant").and_then(|value| instant(value.get_ref()));
            let instant = instant.ok_or_else(|| wrong("an `instant` such as 2026-01-31T00:00:00Z"))?;
            let brand = match field(table, "brand") {
                Some(brand) => Some(
                    brand
                        .get_ref()
                        .as_str()
                        .and_then(|name| Brand::parse(name).ok())
                        .ok_or_else(|| wrong("a brand's name as `brand`"))?,
                ),
                None => None,
            };
            self.only(table, NAME, &["instant", "brand"])?;
            cutoffs.push(CutOff { instant, brand });
        }
        self.policy.pin.cutoffs = cutoffs;
        Ok(())
    }

    fn required(&mut self, value: &Value<'_>) -> Result<(), PolicyFileError> {
        const NAME: &str = "signals.required";
        let mut required = Vec::new();
        for (value, table) in self.tables(value, NAME)? {
            let text = |name| field(table, name).and_then(|value| value.get_ref().as_str());
            let signal = text("signal").and_then(|name| SignalName::ALL.into_iter().find(|s| s.name() == name));
            let action = text("action").and_then(|name| Action::ALL.into_iter().find(|a| a.name() == name));
            let channel = text("channel").and_then(|name| Channel::ALL.into_iter().find(|c| c.name() == name));
            let (Some(signal), Some(action), Some(channel)) = (signal, action, channel) else {
                return Err(self.expected(value, NAME, "the names of a `signal`, an `action` and a `channel`"));
            };
            self.only(table, NAME, &["signal", "action", "channel"])?;
            required.push(RequiredSignal { signal, action, channel });
        }
        self.policy.signals_required = required;
        Ok(())
    }

    fn tables<'v>(
        &self,
        value: &'v Value<'v>,
        name: &str,
    ) -> Result<Vec<(&'v Value<'v>, &'v DeTable<'v>)>, PolicyFileError> {
        let wrong = || self.expected(value, name, &format!("a list of tables, [[{name}]]"));
        let array = value.get_ref().as_array().ok_or_else(wrong)?;
        array.iter().map(|value| value.get_ref().as_table().map(|table| (value, table)).ok_or_else(wrong)).collect()
    }

    fn only(&self, table: &DeTable<'_>, name: &str, known: &[&str]) -> Result<(), PolicyFileError> {
        match table.keys().find(|key| !known.contains(&key.get_ref().as_ref())) {
            Some(key) => {
                let message = format!("`{name}` has no `{}`: it has {}", key.get_ref(), known.join(", "));
                Err(self.source.error(key.span().start, message))
            }
            None => Ok(()),
        }
    }

    fn expected(&self, value: &Value<'_>, name: &str, expected: &str) -> PolicyFileError {
        self.source.error(value.span().start, format!("`{name}` must be {expected}"))
    }

    fn unknown(&self, at: usize, name: &str) -> PolicyFileError {
        let known = KNOBS.iter().map(|knob| knob.name).chain(SPECIAL);
        let meant = nearest(name, known).map_or_else(String::new, |meant| format!(": did you mean `{meant}`?"));
        self.source.error(at, format!("there is no `{name}` in a policy{meant}"))
    }
}

/// A field of a table.
pub(super) fn field<'v>(table: &'v DeTable<'v>, name: &str) -> Option<&'v Value<'v>> {
    table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
}

/// A whole number that fits.
pub(super) fn number<N: TryFrom<i64>>(value: &DeValue<'_>) -> Option<N> {
    let integer = value.as_integer()?;
    let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok()?;
    N::try_from(number).ok()
}

/// An instant, with its offset from UTC.
pub(super) fn instant(value: &DeValue<'_>) -> Option<DateTime<Utc>> {
    let written = value.as_datetime().map(ToString::to_string).or_else(|| value.as_str().map(str::to_owned))?;
    let instant = DateTime::parse_from_rfc3339(&written).ok()?.to_utc();
    // Far enough from both ends of time for every span of a policy.
    let bound = TimeDelta::days(36_525 * 2);
    ((DateTime::UNIX_EPOCH - bound)..=(DateTime::UNIX_EPOCH + bound)).contains(&instant).then_some(instant)
}
