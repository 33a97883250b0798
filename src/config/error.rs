//! What is wrong with the settings, for the person who wrote them.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no configuration. Every variant names where to look and what would be right.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file is longer than any configuration is.
    #[error("the configuration file `{}` is longer than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The longest that is read.
        bytes_max: u64,
    },
    /// The file holds something that is not a setting, or a value that a setting cannot have.
    #[error("{}, line {line}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// An environment variable is not a setting, or holds a value that its setting cannot have.
    #[error("environment variable `{name}`: {problem}")]
    Variable {
        /// The variable.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A flag holds a value that its setting cannot have.
    #[error("setting `{key}`: {problem}")]
    Flag {
        /// The setting, as `section.key`.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting without a default has not been given.
    #[error(
        "setting `{key}` is missing: {expected}; set it in the file, or by the environment variable `{}`",
        variable(key)
    )]
    Missing {
        /// The setting, as `section.key`.
        key: &'static str,
        /// What belongs there.
        expected: &'static str,
    },
    /// Settings that are right alone do not go together.
    #[error("setting `{key}`: {problem}")]
    Unfit {
        /// The setting, as `section.key`.
        key: &'static str,
        /// What is wrong, and what would be right.
        problem: &'static str,
    },
}

/// The environment variable of a setting.
pub(super) fn variable(key: &str) -> String {
    format!("{}{}", super::load::VARIABLE_PREFIX, key.replace('.', "_").to_ascii_uppercase())
}
