//! A server certificate for this machine, and the authority that signs it and nothing else: its key is forgotten.

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
    let root_key = KeyPair::generate()?;
    let mut root = params(now, "Portcullis development authority");
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let authority = root.self_signed(&root_key)?.pem();

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
