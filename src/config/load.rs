//! Lays the layers: file, environment, flags.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::{Table, Value};

use super::raw::{RawConfig, SECTIONS};
use super::{Config, ConfigError};

/// What the name of every variable of this program begins with.
pub(super) const VARIABLE_PREFIX: &str = "PORTCULLIS_";

/// Variables that belong to the command line, not to the server's settings.
pub const RESERVED_VARIABLES: [&str; 6] = [
    "PORTCULLIS_CONFIG",
    "PORTCULLIS_ENDPOINT",
    "PORTCULLIS_TOKEN_FILE",
    "PORTCULLIS_CA_FILE",
    "PORTCULLIS_CERT_FILE",
    "PORTCULLIS_KEY_FILE",
];

/// The longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1_048_576;

/// Settings from flags: the last layer.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Vec<(String, String)>);

impl Overrides {
    /// Adds a setting by its `section.key`. The value is written as in the file; a text may stand without quotes.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((key.into(), value.into()));
        self
    }
}

impl Config {
    /// Reads the file if there is one, lays the environment over it, then the flags.
    ///
    /// Relative paths count from the working directory.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its place.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        if let Some(path) = file {
            layers.lay_file(path, &read(path)?)?;
        }
        layers.lay_variables(environment())?;
        layers.lay_overrides(overrides)?;
        layers.finish()
    }

    /// Reads the text of a file alone.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let mut layers = Layers::default();
        layers.lay_file(Path::new("settings"), text)?;
        layers.finish()
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// Where the service manager wants to be told how far the service is (`sd_notify`); none where none does.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn notify_socket() -> Option<OsString> {
    std::env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty())
}

fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLong { path: path.to_owned(), bytes_max: FILE_BYTES_MAX });
    }
    Ok(text)
}

/// What has been laid so far. Each layer is checked when it is laid, so that the error names the layer.
#[derive(Debug, Default)]
struct Layers(Table);

impl Layers {
    fn lay_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let problem = |error: toml::de::Error| ConfigError::File {
            path: path.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            problem: error.message().to_owned(),
        };
        // Typed from the text and not from the table, which knows no lines.
        toml::from_str::<RawConfig>(text).map_err(problem)?;
        self.0 = toml::from_str(text).map_err(problem)?;
        Ok(())
    }

    fn lay_variables(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<(), ConfigError> {
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            if !name.starts_with(VARIABLE_PREFIX) || RESERVED_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            if let Err(problem) = self.lay_variable(&name, value) {
                return Err(ConfigError::Variable { name, problem });
            }
        }
        Ok(())
    }

    fn lay_variable(&mut self, name: &str, value: OsString) -> Result<(), String> {
        let value = value.into_string().map_err(|_| "must be UTF-8".to_owned())?;
        let lower = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(name).to_ascii_lowercase();
        let found = SECTIONS.iter().find_map(|section| {
            let key = lower.strip_prefix(section)?.strip_prefix('_')?;
            Some((*section, key))
        });
        let (section, key) = found.ok_or_else(|| "is not the name of a setting".to_owned())?;
        self.lay(section, key, &value)
    }

    fn lay_overrides(&mut self, overrides: &Overrides) -> Result<(), ConfigError> {
        for (name, value) in &overrides.0 {
            let laid = match name.split_once('.') {
                Some((section, key)) => self.lay(section, key, value),
                None => Err("must be named as `section.key`".to_owned()),
            };
            laid.map_err(|problem| ConfigError::Flag { key: name.clone(), problem })?;
        }
        Ok(())
    }

    /// Lays one setting, read as the file would read it, or as a text without quotes when that is what fits.
    fn lay(&mut self, section: &str, key: &str, text: &str) -> Result<(), String> {
        let as_text = Value::String(text.to_owned());
        let value = match literal(text) {
            None => {
                check(section, key, &as_text)?;
                as_text
            }
            Some(literal) => match check(section, key, &literal) {
                Ok(()) => literal,
                Err(problem) => {
                    check(section, key, &as_text).map_err(|_| problem)?;
                    as_text
                }
            },
        };
        let section = self.0.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(settings) = section {
            settings.insert(key.to_owned(), value);
        }
        Ok(())
    }

    fn finish(self) -> Result<Config, ConfigError> {
        let raw: RawConfig = self.0.try_into().map_err(|error: toml::de::Error| ConfigError::Flag {
            key: "configuration".to_owned(),
            problem: error.message().to_owned(),
        })?;
        raw.complete()
    }
}

/// The value that the text is in TOML: one value and nothing after it.
fn literal(text: &str) -> Option<Value> {
    let mut table: Table = toml::from_str(&format!("value = {text}")).ok()?;
    if table.len() == 1 { table.remove("value") } else { None }
}

/// Whether a setting exists and may have the value, as if it stood in a file of its own.
fn check(section: &str, key: &str, value: &Value) -> Result<(), String> {
    let settings = Table::from_iter([(key.to_owned(), value.clone())]);
    let table = Table::from_iter([(section.to_owned(), Value::Table(settings))]);
    let checked: Result<RawConfig, toml::de::Error> = table.try_into();
    checked.map(|_| ()).map_err(|error| error.message().to_owned())
}

/// The line of a byte in a text, counted from 1.
pub(super) fn line_of(text: &str, byte: usize) -> usize {
    1 + text.bytes().take(byte).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests;
