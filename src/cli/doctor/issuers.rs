//! Who is believed: issuers' keys, and callers known by their certificates.

use crate::cli::finding::Finding;
use crate::cli::serve::{KeySets, clients, issuers};
use crate::config::Identity;
use crate::crypto::install_jwt_provider;
use crate::telemetry::Metrics;

/// Looks whether the keys of every issuer can be read, and whether the list of clients stands.
pub(super) fn look(identity: &Identity) -> Vec<Finding> {
    const ISSUERS: &str = "identity.issuers";
    const CLIENTS: &str = "identity.clients";
    const ADVICE: &str = "look at the files and names in `[identity]`";
    if let Err(error) = install_jwt_provider() {
        return vec![Finding::error(ISSUERS, &error, "this program cannot verify tokens here")];
    }
    let published = KeySets::new(identity);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        // What is not fetched is told below, by the issuer's name.
        Ok(runtime) => drop(runtime.block_on(published.fetch_due(&Metrics::new()))),
        Err(error) => return vec![Finding::error(ISSUERS, &error, "no key set can be fetched here")],
    }
    let found = issuers(identity, &published);
    let issuers = match (found, published.health()) {
        (Ok(_), Err(cause)) => Finding::fail(ISSUERS, cause, "look at `jwks_url`, and whether it answers this machine"),
        (Ok(found), Ok(())) => Finding::ok(ISSUERS, format!("{}, their keys can be used", found.len())),
        (Err(failure), _) => Finding::fail(ISSUERS, failure.message(), ADVICE),
    };
    let clients = match clients(identity) {
        Ok(_) => Finding::ok(CLIENTS, format!("{} known by a certificate", identity.clients.len())),
        Err(failure) => Finding::fail(CLIENTS, failure.message(), ADVICE),
    };
    vec![issuers, clients]
}
