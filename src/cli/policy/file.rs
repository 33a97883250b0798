//! Reading a policy.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::output::hex;
use crate::cli::serve::read_public;
use crate::config::Policy as Settings;
use crate::crypto::sha256_plain;
use crate::domain::PolicyRevision;
use crate::policy::{BUILT_IN, Policy, built_in, load};

/// The policy where none is named.
pub(super) const DEFAULT: &str = BUILT_IN[0].0;

/// The policy that the settings name.
pub(in crate::cli) fn policy_of(settings: &Settings) -> Result<Policy, Failure> {
    match &settings.file {
        Some(file) => read(file, "policy.file"),
        None => read(Path::new(DEFAULT), "policy.file"),
    }
}

/// The policy that the settings name to be asked beside it, if they name one.
pub(in crate::cli) fn shadow_of(settings: &Settings) -> Option<Result<Policy, Failure>> {
    settings.shadow_file.as_ref().map(|file| read(file, "policy.shadow_file"))
}

/// The policy of a file, or a built-in one by its name, with its revision.
pub(super) fn named(policy: &Path) -> Result<Policy, Failure> {
    read(policy, "FILE")
}

/// The built-in policy of a revision.
pub(super) fn decided_by(revision: &str) -> Option<Policy> {
    let mut built_in = BUILT_IN.iter().filter_map(|(name, _, _)| named(Path::new(name)).ok());
    built_in.find(|policy| hex(&policy.revision.0) == revision)
}

fn read(policy: &Path, setting: &str) -> Result<Policy, Failure> {
    let name = policy.display().to_string();
    let loaded = match built_in(&name) {
        Some(loaded) => loaded,
        None => load(&name, &read_public(setting, policy)?),
    };
    let mut policy = loaded.map_err(|error| Failure::invalid(error.to_string()))?;
    policy.revision = PolicyRevision(sha256_plain(policy.canonical().as_bytes()));
    Ok(policy)
}
