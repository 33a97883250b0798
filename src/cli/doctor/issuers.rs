//! Who is believed: issuers' keys, and callers known by their certificates.

use crate::cli::finding::Finding;
use crate::cli::serve::{clients, issuers};
use crate::config::Identity;
use crate::crypto::install_jwt_provider;

/// Looks whether the keys of every issuer can be read, and whether the list of clients stands.
pub(super) fn look(identity: &Identity) -> Vec<Finding> {
    const ISSUERS: &str = "identity.issuers";
    const CLIENTS: &str = "identity.clients";
    const ADVICE: &str = "look at the files and names in `[identity]`";
    if let Err(error) = install_jwt_provider() {
        return vec![Finding::error(ISSUERS, &error, "this program cannot verify tokens here")];
    }
    let issuers = match issuers(identity) {
        Ok(found) => Finding::ok(ISSUERS, format!("{}, their keys can be used", found.len())),
        Err(failure) => Finding::fail(ISSUERS, failure.message(), ADVICE),
    };
    let clients = match clients(identity) {
        Ok(_) => Finding::ok(CLIENTS, format!("{} known by a certificate", identity.clients.len())),
        Err(failure) => Finding::fail(CLIENTS, failure.message(), ADVICE),
    };
    vec![issuers, clients]
}
