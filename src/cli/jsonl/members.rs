//! Members of a JSON object, each taken once, by its type. Errors name the path and what would be right, never the value.

use chrono::DateTime;
use serde_json::{Map, Value};

use super::strict::Strict;
use crate::cli::answers::Named;
use crate::grpc::client::Timestamp;

/// How much of a member's unknown name is told, in characters.
const NAME_CHARACTERS_MAX: usize = 64;

/// A member that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its path in the object, like `lines[0].msisdn`; empty: the object as a whole.
    pub(crate) field: String,
    /// What would be right.
    pub(crate) reason: String,
}

/// An object whose members are taken one by one; [`Members::end`] refuses what is left.
///
/// What is absent, and `null`, are the contract's empty values.
pub(crate) struct Members {
    path: String,
    left: Map<String, Value>,
}

impl Members {
    /// Of the value at `path`.
    pub(crate) fn of(value: Value, path: String) -> Result<Self, Problem> {
        match value {
            Value::Object(left) => Ok(Self { path, left }),
            _ => Err(Problem { field: path, reason: "must be an object".to_owned() }),
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Problem> {
        match self.take(name) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(self.problem(name, "must be a text in quotes")),
        }
    }

    /// A text that is present even if empty: one of a choice.
    pub(crate) fn choice(&mut self, name: &str) -> Result<Option<String>, Problem> {
        if self.left.get(name).is_none_or(Value::is_null) {
            return self.text(name).map(|_| None);
        }
        self.text(name).map(Some)
    }

    /// Yes or no.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(self.problem(name, "must be true or false")),
        }
    }

    /// A whole number, also in quotes, as JSON forms of the contract write 64 bits.
    pub(crate) fn number(&mut self, name: &str) -> Result<i64, Problem> {
        let number = match self.take(name) {
            None => return Ok(0),
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        number.ok_or_else(|| self.problem(name, "must be a whole number"))
    }

    /// An instant.
    pub(crate) fn instant(&mut self, name: &str) -> Result<Option<Timestamp>, Problem> {
        const WRONG: &str = "must be an instant in RFC 3339, like 2026-03-01T12:00:00Z";
        let text = self.text(name).map_err(|problem| Problem { reason: WRONG.to_owned(), ..problem })?;
        if text.is_empty() {
            return Ok(None);
        }
        match DateTime::parse_from_rfc3339(&text) {
            Ok(at) => Ok(Some(crate::cli::flags::timestamp(at.to_utc()))),
            Err(_) => Err(self.problem(name, WRONG)),
        }
    }

    /// A value of a closed set, by the contract's name.
    pub(crate) fn named<T: Named>(&mut self, name: &str) -> Result<i32, Problem> {
        match self.take(name) {
            None => Ok(0),
            Some(value) => known::<T>(&value).ok_or_else(|| self.problem(name, &expected::<T>())),
        }
    }

    /// A list, each element read by `read` at its own path.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        mut read: impl FnMut(Value, String) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let list = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.problem(name, "must be a list")),
        };
        let path = self.path_of(name);
        list.into_iter().enumerate().map(|(index, value)| read(value, format!("{path}[{index}]"))).collect()
    }

    /// An object, read by `read` at its own path.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value, String) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        let path = self.path_of(name);
        self.take(name).map(|value| read(value, path)).transpose()
    }

    /// Refuses members that nobody took.
    pub(crate) fn end(self) -> Result<(), Problem> {
        match self.left.keys().next() {
            None => Ok(()),
            Some(name) => {
                let name: String = name.chars().take(NAME_CHARACTERS_MAX).collect();
                Err(self.problem(&name, "is no field of the contract"))
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn problem(&self, name: &str, reason: &str) -> Problem {
        Problem { field: self.path_of(name), reason: reason.to_owned() }
    }
}

/// The value that a line holds.
pub(crate) fn object(line: &[u8]) -> Result<Value, Problem> {
    let Strict(value) = serde_json::from_slice(line).map_err(|error| {
        // Of the library's words only the place: the others may quote what stands there.
        let reason = if error.is_data() { "must not have a member twice" } else { "must be one JSON object" };
        Problem { field: String::new(), reason: format!("{reason}; see column {}", error.column()) }
    })?;
    Ok(value)
}

/// An element of a list of texts.
pub(crate) fn text_element(value: Value, path: String) -> Result<String, Problem> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Problem { field: path, reason: "must be a text in quotes".to_owned() }),
    }
}

/// An element of a list of values of a closed set.
pub(crate) fn named_element<T: Named>(value: Value, path: String) -> Result<i32, Problem> {
    known::<T>(&value).ok_or_else(|| Problem { field: path, reason: expected::<T>() })
}

fn known<T: Named>(value: &Value) -> Option<i32> {
    value.as_str().and_then(T::of_name).map(Into::into)
}

/// Every name that may stand there. Number 0 of each set is "not said", and an error in a request.
fn expected<T: Named>() -> String {
    let names: Vec<&str> = (1..).map_while(|number| T::try_from(number).ok()).map(|value| value.full()).collect();
    format!("must be one of {}", names.join(", "))
}
