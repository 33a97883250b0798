//! Who is at the other end of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;

use crate::crypto::sha256_plain;

/// Names of a certificate that are looked at; a certificate with more is not believed to mean one client.
const NAMES_MAX: usize = 16;

/// The other end of a connection. Cheap to clone: every call on it carries one.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where it calls from.
    pub address: SocketAddr,
    /// The certificate it showed, which the handshake found good; none where it showed none.
    pub certificate: Option<Arc<PeerCertificate>>,
}

/// A certificate that a caller showed and whose key it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// SHA-256 of the whole certificate: what a token is bound to (`x5t#S256`, RFC 8705, section 3.1).
    pub thumbprint: [u8; 32],
    /// Its alternative names of the kinds URI and DNS, such as `spiffe://carrier.example/porting`.
    pub names: Vec<String>,
}

impl PeerCertificate {
    /// How tokens, alerts and holds name it (`x5t#S256`): the thumbprint in base64url without padding.
    pub fn name(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.thumbprint)
    }

    /// Of a certificate that the handshake found good. One with too many names gets none.
    pub fn new(certificate: &CertificateDer<'_>) -> Self {
        let parsed = webpki::EndEntityCert::try_from(certificate).ok();
        let names = parsed.map(|parsed| {
            let names = parsed.valid_uri_names().chain(parsed.valid_dns_names());
            names.take(NAMES_MAX + 1).map(str::to_owned).collect::<Vec<_>>()
        });
        Self {
            thumbprint: sha256_plain(certificate.as_ref()),
            names: names.filter(|names| names.len() <= NAMES_MAX).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::SanType;

    use super::{NAMES_MAX, PeerCertificate};

    fn with_names(names: Vec<SanType>) -> PeerCertificate {
        let mut params = rcgen::CertificateParams::default();
        params.subject_alt_names = names;
        let made = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap();
        PeerCertificate::new(made.der())
    }

    #[test]
    fn names_are_read_as_they_stand() {
        let uri = SanType::URI("spiffe://carrier.example/till/S1".try_into().unwrap());
        let dns = SanType::DnsName("till.carrier.example".try_into().unwrap());
        let read = with_names(vec![dns.clone(), uri]);
        assert_eq!(read.names, ["spiffe://carrier.example/till/S1", "till.carrier.example"]);
        assert!(with_names(Vec::new()).names.is_empty());
        assert!(with_names(vec![dns; NAMES_MAX + 1]).names.is_empty());
    }
}
