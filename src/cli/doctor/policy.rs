//! The policy.

use crate::cli::finding::Finding;
use crate::cli::output::hex;
use crate::cli::policy::policy_of;
use crate::config::Policy;
use crate::crypto::sha256_plain;

/// Looks whether the policy stands, and names it as records do.
pub(super) fn look(settings: &Policy) -> Finding {
    const CHECK: &str = "policy";
    let policy = match policy_of(settings) {
        Ok(policy) => policy,
        Err(failure) => return Finding::fail(CHECK, failure.message(), "mend it: `portcullis policy check FILE`"),
    };
    let revision = hex(&sha256_plain(policy.canonical().as_bytes()));
    let short = revision.get(..16).unwrap_or(&revision);
    let place = settings.file.as_ref().map_or_else(
        || "the built-in one for carriers in the United States".to_owned(),
        |file| file.display().to_string(),
    );
    Finding::ok(CHECK, format!("{place}, revision {short}, {} rules", policy.rules.all().len()))
}
