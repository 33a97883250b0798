//! The server's certificate, and the authorities and revocation lists for callers' certificates.

use std::path::Path;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::cli::finding::Finding;
use crate::cli::serve::{read_public, tls};
use crate::config::{ClientAuthority, Transport};
use crate::crypto::{CertificateFacts, RevocationListFacts, certificates, revocation_lists};
use crate::grpc::listener::Tls;

/// What ends sooner should be renewed now.
const ENDS_SOON: TimeDelta = TimeDelta::days(30);

/// Looks at all of them.
pub(super) fn look(transport: &Transport, now: DateTime<Utc>) -> Vec<Finding> {
    let Transport::Tls { cert_file, clients, .. } = transport else {
        let advice = "`tls.cert_file` and `tls.key_file`, unless callers are on this machine alone";
        return vec![Finding::warn("tls.server", "no TLS, on a loopback address", advice)];
    };
    let mut findings = chain("tls.server", "tls.cert_file", cert_file, now);
    findings.push(pair(transport));
    if let Some(ClientAuthority { ca_file, crl_file, .. }) = clients {
        findings.extend(chain("tls.client_ca", "tls.client_ca_file", ca_file, now));
        findings.extend(crl_file.iter().flat_map(|path| lists(path, now)));
    }
    findings
}

/// Every certificate of a file.
fn chain(check: &'static str, setting: &str, path: &Path, now: DateTime<Utc>) -> Vec<Finding> {
    let advice = || format!("look at `{setting}`, which is {}", path.display());
    let text = match read_public(setting, path) {
        Ok(text) => text,
        Err(failure) => return vec![Finding::fail(check, failure.message(), advice())],
    };
    match certificates(&text) {
        Ok(found) => found.iter().map(|facts| certificate(check, facts, path, now)).collect(),
        Err(error) => vec![Finding::error(check, &error, advice())],
    }
}

fn certificate(check: &'static str, facts: &CertificateFacts, path: &Path, now: DateTime<Utc>) -> Finding {
    let names = if facts.names.is_empty() { String::new() } else { format!(" for {}", facts.names.join(", ")) };
    let named = format!("{}{names}", facts.subject);
    let renew = format!("put a new one into {}; it is taken without a restart", path.display());
    if now < facts.not_before {
        return Finding::fail(check, format!("{named}: not good before {}", told(facts.not_before)), renew);
    }
    ends(check, &named, facts.not_after, now, renew)
}

/// How far off an end is.
fn ends(check: &'static str, what: &str, end: DateTime<Utc>, now: DateTime<Utc>, renew: String) -> Finding {
    let left = end - now;
    let days = left.num_days();
    if left <= TimeDelta::zero() {
        Finding::fail(check, format!("{what}: its time was over at {}", told(end)), renew)
    } else if left < ENDS_SOON {
        Finding::warn(check, format!("{what}: ends in {days} days, at {}", told(end)), renew)
    } else {
        Finding::ok(check, format!("{what}: good for {days} days"))
    }
}

/// Whether all of it can be spoken with: key, chain, authorities, lists.
fn pair(transport: &Transport) -> Finding {
    const CHECK: &str = "tls.pair";
    const ADVICE: &str = "look at the files that `[tls]` names";
    match tls(transport) {
        Err(failure) => Finding::fail(CHECK, failure.message(), ADVICE),
        Ok(None) => Finding::ok(CHECK, "no TLS"),
        Ok(Some(identity)) => match Tls::new(&identity) {
            Ok(_) => Finding::ok(CHECK, "certificate and key fit, and what callers show can be checked"),
            Err(error) => Finding::error(CHECK, &error, ADVICE),
        },
    }
}

fn lists(path: &Path, now: DateTime<Utc>) -> Vec<Finding> {
    const CHECK: &str = "tls.client_crl";
    let advice = || format!("look at `tls.client_crl_file`, which is {}", path.display());
    let text = match read_public("tls.client_crl_file", path) {
        Ok(text) => text,
        Err(failure) => return vec![Finding::fail(CHECK, failure.message(), advice())],
    };
    match revocation_lists(&text) {
        Ok(found) => found.iter().map(|facts| list(CHECK, facts, path, now)).collect(),
        Err(error) => vec![Finding::error(CHECK, &error, advice())],
    }
}

/// A list out of date goes on being used; whoever was taken back since is not on it.
fn list(check: &'static str, facts: &RevocationListFacts, path: &Path, now: DateTime<Utc>) -> Finding {
    let made = format!("of {}, made {} days ago", facts.issuer, (now - facts.this_update).num_days());
    match facts.next_update {
        Some(next) if next <= now => {
            let found = format!("{made}: the next was due at {}", told(next));
            Finding::warn(check, found, format!("fetch a new list into {}", path.display()))
        }
        Some(next) => Finding::ok(check, format!("{made}: the next is due at {}", told(next))),
        None => Finding::ok(check, format!("{made}: it does not say when the next is due")),
    }
}

fn told(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
