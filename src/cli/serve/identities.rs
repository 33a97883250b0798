//! Certificates, keys and issuers, read from the files that the settings name.

use std::fs;
use std::path::{Path, PathBuf};

use super::key_sets::KeySets;
use super::refusal::refused;
use crate::cli::failure::{Exit, Failure};
use crate::config::{
    CertificateBinding, ClientCertificates, Config, Identity, Issuer, IssuerKeys, TokenAlgorithm, Transport,
    parse_store_register,
};
use crate::crypto::read_secret_file;
use crate::domain::StoreRegister;
use crate::grpc::identity::{Algorithm, ClientBinding, Clients, IdentityError, TokenRules, TrustedIssuer, TrustedKeys};
use crate::grpc::listener::{ClientAuthority, Presence, TlsIdentity};

/// The longest file that is read, in bytes: the certificates of many authorities, a long revocation list.
const FILE_BYTES_MAX: u64 = 16_777_216;

/// What the listener shows, and whose certificates it takes; none without TLS.
pub(in crate::cli) fn tls(transport: &Transport) -> Result<Option<TlsIdentity>, Failure> {
    let Transport::Tls { cert_file, key_file, clients } = transport else { return Ok(None) };
    let private_key_pem = read_secret_file(key_file)
        .map_err(|error| Failure::caused(Exit::Failed, &error).advise("look at `tls.key_file`"))?;
    let clients = clients.as_ref().map(|clients| {
        let revoked = clients.crl_file.as_deref().map(|path| read("tls.client_crl_file", path));
        Ok::<_, Failure>(ClientAuthority {
            roots_pem: read("tls.client_ca_file", &clients.ca_file)?,
            revoked_pem: revoked.transpose()?,
            presence: match clients.presence {
                ClientCertificates::Required => Presence::Required,
                ClientCertificates::Optional => Presence::Optional,
            },
        })
    });
    Ok(Some(TlsIdentity {
        certificate_chain_pem: read("tls.cert_file", cert_file)?,
        private_key_pem,
        clients: clients.transpose()?,
    }))
}

/// The issuers that are believed, with the keys that their files hold now, or that they have published.
pub(in crate::cli) fn issuers(identity: &Identity, published: &KeySets) -> Result<Vec<TrustedIssuer>, Failure> {
    identity.issuers.iter().map(|named| issuer(named, published)).collect()
}

fn issuer(issuer: &Issuer, published: &KeySets) -> Result<TrustedIssuer, Failure> {
    let (keys, advice) = match &issuer.keys {
        IssuerKeys::PublicKeyFile(path) => {
            from_file("identity.issuers[].public_key_file", path, TrustedKeys::from_pem)?
        }
        IssuerKeys::JwksFile(path) => from_file("identity.issuers[].jwks_file", path, TrustedKeys::from_jwks)?,
        IssuerKeys::JwksUrl(_) => {
            (Ok(published.keys_of(&issuer.issuer)), "look at `identity.issuers[].jwks_url`".to_owned())
        }
    };
    let unusable = |error| refused(&error).advise(advice.clone());
    let rules = TokenRules {
        issuer: issuer.issuer.clone(),
        audience: issuer.audience.clone(),
        algorithms: issuer.algorithms.iter().copied().map(algorithm).collect(),
        leeway_seconds: u16::try_from(issuer.leeway_seconds.get()).unwrap_or(u16::MAX),
        roles: issuer.roles.clone(),
        must_be_bound: issuer.certificate_binding == CertificateBinding::Required,
    };
    let trusted = TrustedIssuer::new(rules, keys.map_err(unusable)?).map_err(unusable)?;
    Ok(match published.unknown_key(&issuer.issuer) {
        Some(unknown_key) => trusted.telling(unknown_key),
        None => trusted,
    })
}

/// A file's keys, and where to look if they cannot be used.
fn from_file(
    setting: &str,
    path: &Path,
    parse: fn(&str) -> Result<TrustedKeys, IdentityError>,
) -> Result<(Result<TrustedKeys, IdentityError>, String), Failure> {
    let text = read(setting, path)?;
    Ok((parse(&text), format!("look at `{setting}`, which is {}", path.display())))
}

const fn algorithm(named: TokenAlgorithm) -> Algorithm {
    match named {
        TokenAlgorithm::EdDsa => Algorithm::EdDSA,
        TokenAlgorithm::Es256 => Algorithm::ES256,
        TokenAlgorithm::Es384 => Algorithm::ES384,
        TokenAlgorithm::Ps256 => Algorithm::PS256,
        TokenAlgorithm::Ps384 => Algorithm::PS384,
        TokenAlgorithm::Ps512 => Algorithm::PS512,
        TokenAlgorithm::Rs256 => Algorithm::RS256,
        TokenAlgorithm::Rs384 => Algorithm::RS384,
        TokenAlgorithm::Rs512 => Algorithm::RS512,
    }
}

/// The callers that are known by their certificates.
pub(in crate::cli) fn clients(identity: &Identity) -> Result<Clients, Failure> {
    let known = identity.clients.iter().map(|client| {
        let binding = ClientBinding {
            role: client.role,
            token_roles: client.token_roles.clone(),
            brand: client.brand.clone(),
            spid: client.spid,
            store: client.store.clone(),
            device: client.device.clone(),
        };
        (client.name.clone(), binding)
    });
    Clients::new(known).map_err(|error| refused(&error).advise("look at `identity.clients`"))
}

/// The register of the carrier's stores; an empty one where none is named.
pub(in crate::cli) fn stores(config: &Config) -> Result<StoreRegister, Failure> {
    let Some(path) = &config.stores.file else { return Ok(StoreRegister::default()) };
    let register = parse_store_register(&read("stores.file", path)?, &config.carrier.brand);
    register.map_err(|wrong| Failure::invalid(format!("the register of stores {}, {wrong}", path.display())))
}

/// Every file that shows who calls.
pub(super) fn files(config: &Config) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        config.identity.issuers.iter().filter_map(|issuer| issuer.keys.path().cloned()).collect();
    if let Transport::Tls { cert_file, key_file, clients } = &config.transport {
        files.extend([cert_file.clone(), key_file.clone()]);
        if let Some(clients) = clients {
            files.push(clients.ca_file.clone());
            files.extend(clients.crl_file.clone());
        }
    }
    files
}

/// A file that is no secret. Bounded: what is longer is none of these.
pub(in crate::cli) fn read(setting: &str, path: &Path) -> Result<String, Failure> {
    let unreadable =
        |cause: String| Failure::failed(format!("cannot read `{setting}`, which is {}: {cause}", path.display()));
    let bytes = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(unreadable(format!("it is longer than {FILE_BYTES_MAX} bytes")));
    }
    fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))
}
