//! Certificates for servers that are reached over TLS, and for who reaches them.

use std::path::{Path, PathBuf};

use portcullis::store::redis::RedisTls;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tempfile::TempDir;

use super::server::{Settings, free_port};

/// An authority, with files for a server that takes its callers alone.
pub(crate) struct Tls {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
    /// Where a server of these settings is reached over TLS.
    pub(crate) port: u16,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // One that is named as those it signs would be taken for signed by itself.
        params.distinguished_name.push(DnType::CommonName, "authority.example");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let tls = Self { authority, folder: TempDir::new().unwrap(), port: free_port() };
        let (certificate, key) = tls.issue("localhost", ExtendedKeyUsagePurpose::ServerAuth);
        for (name, text) in [("root", tls.authority.pem()), ("certificate", certificate), ("key", key)] {
            std::fs::write(tls.file(name), text).unwrap();
        }
        tls
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name).with_extension("pem")
    }

    fn issue(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, &self.authority).unwrap().pem(), key.serialize_pem())
    }

    /// A server's settings.
    pub(crate) fn settings(&self, settings: Settings) -> Settings {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        settings
            .with("tls-port", &self.port.to_string())
            .with("tls-cert-file", &path(&self.file("certificate")))
            .with("tls-key-file", &path(&self.file("key")))
            .with("tls-ca-cert-file", &path(&self.file("root")))
            .with("tls-auth-clients", "yes")
    }

    /// Who believes this authority, and shows nothing.
    pub(crate) fn stranger(&self) -> RedisTls {
        RedisTls { roots: Some(self.authority.pem().into_bytes()), identity: None }
    }

    /// Who believes this authority, and shows a certificate of it.
    pub(crate) fn caller(&self) -> RedisTls {
        let (certificate, key) = self.issue("engine.example", ExtendedKeyUsagePurpose::ClientAuth);
        RedisTls { identity: Some((certificate.into_bytes(), key.into_bytes().into())), ..self.stranger() }
    }
}
