//! The policy.

use crate::cli::finding::Finding;
use crate::cli::output::hex;
use crate::crypto::sha256_plain;
use crate::policy::Policy;

/// Looks whether the policy stands, and names it as records do.
pub(super) fn look() -> Finding {
    const CHECK: &str = "policy";
    let policy = Policy::us_default();
    if let Err(error) = policy.validate() {
        return Finding::error(CHECK, &error, "start a version whose policy stands");
    }
    let revision = hex(&sha256_plain(policy.canonical().as_bytes()));
    let short = revision.get(..16).unwrap_or(&revision);
    Finding::ok(CHECK, format!("the built-in one for carriers in the United States, revision {short}"))
}
