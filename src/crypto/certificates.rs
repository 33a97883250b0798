//! What certificates and revocation lists say of themselves: whose they are, and from when to when. Whether to believe
//! them is for TLS to say.

use chrono::{DateTime, Utc};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::{CertificateRevocationList, FromDer as _, X509Certificate};
use x509_parser::time::ASN1Time;

const CERTIFICATE: &str = "CERTIFICATE";
const REVOCATION_LIST: &str = "X509 CRL";

/// A file that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// It holds none of what is looked for.
    #[error("it holds no PEM block of the kind `{0}`")]
    None(&'static str),
    /// One of its blocks cannot be read.
    #[error("block {0} is damaged")]
    Damaged(usize),
}

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose it is.
    pub subject: String,
    /// Its alternative names, of the kinds DNS, URI and IP address.
    pub names: Vec<String>,
    /// It is good from here on.
    pub not_before: DateTime<Utc>,
    /// And until here.
    pub not_after: DateTime<Utc>,
}

/// A list of certificates that were taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationListFacts {
    /// Whose it is.
    pub issuer: String,
    /// When it was made.
    pub this_update: DateTime<Utc>,
    /// When the next one is due, if it says so.
    pub next_update: Option<DateTime<Utc>>,
}

/// The certificates of a PEM file, in their order.
///
/// # Errors
///
/// When there is none, or one cannot be read.
pub fn certificates(pem: &str) -> Result<Vec<CertificateFacts>, CertificateError> {
    blocks(pem, CERTIFICATE, |der| {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let names = certificate.subject_alternative_name().ok()?.map(|found| &found.value.general_names);
        Some(CertificateFacts {
            subject: certificate.subject().to_string(),
            names: names.into_iter().flatten().filter_map(name).collect(),
            not_before: instant(certificate.validity().not_before)?,
            not_after: instant(certificate.validity().not_after)?,
        })
    })
}

/// The revocation lists of a PEM file, in their order.
///
/// # Errors
///
/// When there is none, or one cannot be read.
pub fn revocation_lists(pem: &str) -> Result<Vec<RevocationListFacts>, CertificateError> {
    blocks(pem, REVOCATION_LIST, |der| {
        let (_, list) = CertificateRevocationList::from_der(der).ok()?;
        let next_update = match list.next_update() {
            None => None,
            Some(next) => Some(instant(next)?),
        };
        Some(RevocationListFacts {
            issuer: list.issuer().to_string(),
            this_update: instant(list.last_update())?,
            next_update,
        })
    })
}

/// What `read` makes of each block of this kind. Blocks of other kinds are passed over.
fn blocks<T>(pem: &str, kind: &'static str, read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>, CertificateError> {
    let mut found = Vec::new();
    for (index, block) in Pem::iter_from_buffer(pem.as_bytes()).enumerate() {
        let damaged = CertificateError::Damaged(index.saturating_add(1));
        let block = block.map_err(|_| damaged)?;
        if block.label == kind {
            found.push(read(&block.contents).ok_or(damaged)?);
        }
    }
    if found.is_empty() { Err(CertificateError::None(kind)) } else { Ok(found) }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match (<[u8; 4]>::try_from(*bytes), <[u8; 16]>::try_from(*bytes)) {
            (Ok(four), _) => Some(std::net::Ipv4Addr::from(four).to_string()),
            (_, Ok(sixteen)) => Some(std::net::Ipv6Addr::from(sixteen).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn instant(time: ASN1Time) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(time.timestamp(), 0)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use rcgen::{
        CertificateParams, CertificateRevocationListParams, KeyIdMethod, KeyPair, SerialNumber, date_time_ymd,
    };

    use super::{CertificateError, certificates, revocation_lists};

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn certificates_say_whose_they_are_and_until_when() {
        let mut params = CertificateParams::new(vec!["till.example".to_owned(), "10.0.0.7".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "till");
        params.not_before = date_time_ymd(2024, 2, 29);
        params.not_after = date_time_ymd(2055, 1, 1);
        let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
        let read = certificates(&format!("text before it\n{pem}{pem}")).unwrap();
        assert_eq!(read.len(), 2);
        assert!(read[0].subject.contains("CN=till"), "{}", read[0].subject);
        assert_eq!(read[0].names, ["till.example", "10.0.0.7"]);
        assert_eq!((read[0].not_before, read[0].not_after), (at("2024-02-29T00:00:00Z"), at("2055-01-01T00:00:00Z")));
    }

    #[test]
    fn revocation_lists_say_when_the_next_is_due() {
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
        let issuer = rcgen::CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2024, 2, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let read = revocation_lists(&list.signed_by(&issuer).unwrap().pem().unwrap()).unwrap();
        assert_eq!(read[0].this_update, at("2024-01-01T00:00:00Z"));
        assert_eq!(read[0].next_update, Some(at("2024-02-01T00:00:00Z")));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_place() {
        assert_eq!(certificates("no certificate"), Err(CertificateError::None("CERTIFICATE")));
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(certificates(damaged), Err(CertificateError::Damaged(1)));
        assert_eq!(revocation_lists(damaged), Err(CertificateError::None("X509 CRL")));
    }
}
