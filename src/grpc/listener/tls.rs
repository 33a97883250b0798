//! TLS as the listener speaks it.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ServerConfig, WebPkiClientVerifier};

/// The only protocol that is spoken inside.
const ALPN: &[u8] = b"h2";

/// What the listener shows to callers, PEM. The private key has no `Debug`.
#[derive(Clone)]
pub struct TlsIdentity {
    /// The certificate, then its intermediates.
    pub certificate_chain_pem: String,
    /// The private key.
    pub private_key_pem: zeroize::Zeroizing<String>,
    /// Whose certificates callers may show; none where they show none.
    pub clients: Option<ClientAuthority>,
}

impl std::fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsIdentity(..)")
    }
}

/// Who signs callers' certificates, PEM.
#[derive(Debug, Clone)]
pub struct ClientAuthority {
    /// The authorities' certificates.
    pub roots_pem: String,
    /// Their lists of certificates that were taken back.
    pub revoked_pem: Option<String>,
    /// Whether every caller must show one.
    pub presence: Presence,
}

/// Whether callers must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Who shows none is not spoken with.
    Required,
    /// Who shows none is known by its token alone. One that is shown must be good.
    Optional,
}

/// Certificates or keys that TLS cannot be spoken with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate chain.
    #[error("the server's certificate chain is not PEM, or empty")]
    Chain,
    /// The private key.
    #[error("the server's private key is not a PEM private key")]
    Key,
    /// Chain and key do not fit, or the key's kind is not known.
    #[error("the server's certificate and private key cannot be used together")]
    Pair(#[source] rustls::Error),
    /// The authorities of callers.
    #[error("the authorities that sign callers' certificates are not PEM certificates, or none")]
    ClientRoots,
    /// Lists of certificates that were taken back.
    #[error("the revocation list of callers' certificates is not a PEM list of a known authority")]
    ClientRevocations,
}

/// What TLS is spoken with now. Handshakes take what is here when they begin; those that are over keep theirs.
pub struct Tls(ArcSwap<ServerConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(..)")
    }
}

impl Tls {
    /// Speaks as `identity`.
    ///
    /// # Errors
    ///
    /// What of it cannot be used.
    pub fn new(identity: &TlsIdentity) -> Result<Self, TlsError> {
        Ok(Self(ArcSwap::new(server_config(identity)?)))
    }

    /// Speaks as `identity` from the next handshake on. What cannot be used changes nothing.
    ///
    /// # Errors
    ///
    /// What of it cannot be used.
    pub fn replace(&self, identity: &TlsIdentity) -> Result<(), TlsError> {
        self.0.store(server_config(identity)?);
        Ok(())
    }

    /// What the next handshake is made with.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.0.load_full()
    }
}

fn server_config(identity: &TlsIdentity) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(default_provider());
    let chain = certificates(&identity.certificate_chain_pem).ok_or(TlsError::Chain)?;
    let key = PrivateKeyDer::from_pem_slice(identity.private_key_pem.as_bytes()).map_err(|_| TlsError::Key)?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Pair)?;
    let builder = match &identity.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => builder.with_client_cert_verifier(verifier(clients, provider)?),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Arc::new(config))
}

fn verifier(clients: &ClientAuthority, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for root in certificates(&clients.roots_pem).ok_or(TlsError::ClientRoots)? {
        roots.add(root).map_err(|_| TlsError::ClientRoots)?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match &clients.revoked_pem {
        None => builder,
        Some(pem) => {
            let lists: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(pem.as_bytes()).collect();
            let lists = lists.ok().filter(|lists| !lists.is_empty()).ok_or(TlsError::ClientRevocations)?;
            // A list that is out of date still names who was taken back; nobody comes off it by its age. An authority
            // without a list here is one that takes nothing back.
            builder.with_crls(lists).allow_unknown_revocation_status()
        }
    };
    let builder = match clients.presence {
        Presence::Required => builder,
        Presence::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|_| TlsError::ClientRevocations)
}

/// At least one certificate.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    found.ok().filter(|certificates| !certificates.is_empty())
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::{ClientAuthority, Presence, Tls, TlsError, TlsIdentity};

    fn identity() -> TlsIdentity {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        TlsIdentity {
            certificate_chain_pem: made.cert.pem(),
            private_key_pem: Zeroizing::new(made.signing_key.serialize_pem()),
            clients: None,
        }
    }

    fn with_clients(roots_pem: String, revoked_pem: Option<String>) -> TlsIdentity {
        let presence = Presence::Required;
        TlsIdentity { clients: Some(ClientAuthority { roots_pem, revoked_pem, presence }), ..identity() }
    }

    #[test]
    fn what_cannot_be_used_is_named_and_changes_nothing() {
        let good = identity();
        let tls = Tls::new(&good).unwrap();
        let before = tls.current();
        let other_key = TlsIdentity { private_key_pem: identity().private_key_pem, ..good.clone() };
        assert!(matches!(tls.replace(&other_key), Err(TlsError::Pair(_))));
        let no_chain = TlsIdentity { certificate_chain_pem: String::new(), ..good.clone() };
        assert!(matches!(tls.replace(&no_chain), Err(TlsError::Chain)));
        let no_key = TlsIdentity { private_key_pem: Zeroizing::new("no key".to_owned()), ..good.clone() };
        assert!(matches!(tls.replace(&no_key), Err(TlsError::Key)));
        assert!(matches!(tls.replace(&with_clients(String::new(), None)), Err(TlsError::ClientRoots)));
        let no_list = with_clients(good.certificate_chain_pem.clone(), Some("no list".to_owned()));
        assert!(matches!(tls.replace(&no_list), Err(TlsError::ClientRevocations)));
        assert!(std::sync::Arc::ptr_eq(&before, &tls.current()));
        tls.replace(&with_clients(good.certificate_chain_pem, None)).unwrap();
        assert!(!std::sync::Arc::ptr_eq(&before, &tls.current()));
    }

    #[test]
    fn a_key_is_in_no_debug_text() {
        assert_eq!(format!("{:?}", identity()), "TlsIdentity(..)");
    }
}
