//! Certificates for this machine: the server's, one caller's, and the authorities that sign these and nothing else. Their
//! keys are forgotten.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, Datelike as _, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType, date_time_ymd,
};
use zeroize::Zeroizing;

use crate::cli::failure::{Exit, Failure};

/// For how many years certificates for development are good.
const LIFE_YEARS: i32 = 5;

/// What a server and its callers need, PEM.
pub(super) struct DevelopmentTls {
    /// The authority's certificate, for callers.
    pub(super) authority: String,
    /// The server's certificate.
    pub(super) certificate: String,
    /// The server's private key.
    pub(super) private_key: Zeroizing<String>,
}

/// A certificate for `localhost`, 127.0.0.1 and ::1, good from the day before `now`.
pub(super) fn certificate(now: DateTime<Utc>) -> Result<DevelopmentTls, Failure> {
    make(now).map_err(|error| Failure::caused(Exit::Failed, &error))
}

fn make(now: DateTime<Utc>) -> Result<DevelopmentTls, rcgen::Error> {
    let (root, root_key, authority) = authority(now, "Portcullis development authority")?;
    let server_key = KeyPair::generate()?;
    let mut server = params(now, "localhost");
    server.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let certificate = server.signed_by(&server_key, &Issuer::from_params(&root, &root_key))?;
    Ok(DevelopmentTls {
        authority,
        certificate: certificate.pem(),
        private_key: Zeroizing::new(server_key.serialize_pem()),
    })
}

/// What a caller needs that is known by its certificate, PEM.
pub(super) struct DevelopmentCaller {
    /// The callers' authority, for the server.
    pub(super) authority: String,
    /// The caller's certificate.
    pub(super) certificate: String,
    /// Its private key.
    pub(super) private_key: Zeroizing<String>,
}

/// A caller's certificate in this name, a URI, good from the day before `now`.
pub(super) fn caller(now: DateTime<Utc>, name: &str) -> Result<DevelopmentCaller, Failure> {
    make_caller(now, name).map_err(|error| Failure::caused(Exit::Failed, &error))
}

fn make_caller(now: DateTime<Utc>, name: &str) -> Result<DevelopmentCaller, rcgen::Error> {
    let (root, root_key, authority) = authority(now, "Portcullis development callers' authority")?;
    let key = KeyPair::generate()?;
    let mut caller = params(now, "porting system");
    caller.subject_alt_names = vec![SanType::URI(name.try_into()?)];
    caller.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    caller.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    caller.use_authority_key_identifier_extension = true;
    let certificate = caller.signed_by(&key, &Issuer::from_params(&root, &root_key))?.pem();
    Ok(DevelopmentCaller { authority, certificate, private_key: Zeroizing::new(key.serialize_pem()) })
}

/// An authority that signs and is then forgotten.
fn authority(now: DateTime<Utc>, name: &str) -> Result<(CertificateParams, KeyPair, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut root = params(now, name);
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = root.self_signed(&key)?.pem();
    Ok((root, key, certificate))
}

fn params(now: DateTime<Utc>, name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let from = now.date_naive().pred_opt().unwrap_or(now.date_naive());
    let part = |number: u32| u8::try_from(number).unwrap_or(1);
    params.not_before = date_time_ymd(from.year(), part(from.month()), part(from.day()));
    // The first of the month: every month of every year has one.
    params.not_after = date_time_ymd(from.year().saturating_add(LIFE_YEARS), part(from.month()), 1);
    params
}
