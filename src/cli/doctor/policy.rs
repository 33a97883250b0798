//! The policy.

use crate::cli::finding::Finding;
use crate::cli::output::hex;
use crate::cli::policy::{policy_of, shadow_of};
use crate::config::Policy as Settings;
use crate::crypto::sha256_plain;
use crate::policy::Policy;

/// Looks whether the policy stands, and names it as records do.
pub(super) fn look(settings: &Settings) -> Finding {
    const CHECK: &str = "policy";
    let policy = match policy_of(settings) {
        Ok(policy) => policy,
        Err(failure) => return Finding::fail(CHECK, failure.message(), "mend it: `portcullis policy check FILE`"),
    };
    let place = settings.file.as_ref().map_or_else(
        || "the built-in one for carriers in the United States".to_owned(),
        |file| file.display().to_string(),
    );
    let shadow = match shadow_of(settings) {
        None => String::new(),
        Some(Ok(shadow)) => format!("; beside it a shadow of revision {}", short(&shadow)),
        // It answers nobody, so the service starts without it.
        Some(Err(failure)) => {
            return Finding::warn(CHECK, failure.message(), "mend the shadow: `portcullis policy check FILE`");
        }
    };
    let rules = policy.rules.all().len();
    Finding::ok(CHECK, format!("{place}, revision {}, {rules} rules{shadow}", short(&policy)))
}

/// The beginning of a policy's revision.
fn short(policy: &Policy) -> String {
    hex(&sha256_plain(policy.canonical().as_bytes())).chars().take(16).collect()
}
