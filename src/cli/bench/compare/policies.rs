//! The policies that are held against each other.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::cli::failure::Failure;
use crate::policy::BUILT_IN;

/// A policy of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli::bench) enum Compared {
    /// No rule but those that every policy has
    Minimal,
    /// The default policy
    Default,
}

/// What begins the first rule of a policy's text.
const RULE: &str = "[[rule]]";

impl Compared {
    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Default => "default",
        }
    }

    /// The file that it is loaded from: none for the policy that decides where no file is named.
    pub(super) fn file(self, folder: &Path) -> Result<Option<PathBuf>, Failure> {
        match self {
            Self::Default => Ok(None),
            Self::Minimal => {
                let path = folder.join("minimal.toml");
                std::fs::write(&path, minimal())
                    .map_err(|error| Failure::failed(format!("cannot write a policy: {error}")))?;
                Ok(Some(path))
            }
        }
    }
}

/// The default policy's knobs without its rules: what loads from it has the rules of `policies/always.toml` alone.
fn minimal() -> &'static str {
    let [(_, _, text), ..] = BUILT_IN;
    text.split_once(RULE).map_or(text, |(knobs, _)| knobs)
}

#[cfg(test)]
mod tests {
    use super::minimal;
    use crate::policy::{Policy, load};

    #[test]
    fn the_minimal_policy_has_the_rules_that_every_policy_has() {
        let (minimal, default) = (load("minimal.toml", minimal()).unwrap(), Policy::us_default());
        let always = include_str!("../../../../policies/always.toml").matches("\n[[rule]]\n").count();
        assert_eq!(minimal.rules.all().len(), always);
        assert!(default.rules.all().len() > 2 * always, "{}", default.rules.all().len());
        assert_eq!(minimal.pin, default.pin);
    }
}
