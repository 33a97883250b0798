//! An authority, and certificates of it.

use std::sync::Arc;

use portcullis::grpc::listener::{ClientAuthority, Presence, Tls, TlsIdentity};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, ExtendedKeyUsagePurpose,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

pub(crate) struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key, PEM.
pub(crate) struct Certified {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    pub(crate) thumbprint: [u8; 32],
    serial: SerialNumber,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Self { authority: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    pub(crate) fn root_pem(&self) -> String {
        self.authority.pem()
    }

    fn issue(&self, names: Vec<SanType>, usage: ExtendedKeyUsagePurpose, until_year: i32) -> Certified {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let serial = SerialNumber::from_slice(&portcullis::crypto::random_bytes::<16>().unwrap().map(|byte| byte | 1));
        params.serial_number = Some(serial.clone());
        params.subject_alt_names = names;
        params.extended_key_usages = vec![usage];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        Certified {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            thumbprint: portcullis::crypto::sha256_plain(certificate.der()),
            serial,
        }
    }

    /// A caller's certificate, in the name of this URI.
    pub(crate) fn caller(&self, uri: &str) -> Certified {
        self.issue(vec![SanType::URI(uri.try_into().unwrap())], ExtendedKeyUsagePurpose::ClientAuth, 2090)
    }

    /// The same, whose time is over.
    pub(crate) fn expired_caller(&self, uri: &str) -> Certified {
        self.issue(vec![SanType::URI(uri.try_into().unwrap())], ExtendedKeyUsagePurpose::ClientAuth, 2021)
    }

    /// What a server shows, that takes callers of this authority.
    pub(crate) fn server(&self, presence: Presence, revoked: &[&Certified]) -> TlsIdentity {
        let name = SanType::DnsName("localhost".try_into().unwrap());
        let own = self.issue(vec![name], ExtendedKeyUsagePurpose::ServerAuth, 2090);
        let revoked_pem = (!revoked.is_empty()).then(|| self.revoking(revoked));
        TlsIdentity {
            certificate_chain_pem: own.certificate_pem,
            private_key_pem: own.key_pem.into(),
            clients: Some(ClientAuthority { roots_pem: self.root_pem(), revoked_pem, presence }),
        }
    }

    fn revoking(&self, revoked: &[&Certified]) -> String {
        let revoked = revoked.iter().map(|certified| RevokedCertParams {
            serial_number: certified.serial.clone(),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.authority).unwrap().pem().unwrap()
    }

    /// How a caller speaks that shows `certified`, or nothing.
    pub(crate) fn client(&self, certified: Option<&Certified>) -> ClientTlsConfig {
        let tls =
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(self.root_pem())).domain_name("localhost");
        match certified {
            None => tls,
            Some(own) => tls.identity(Identity::from_pem(&own.certificate_pem, &own.key_pem)),
        }
    }
}

pub(crate) fn tls(identity: &TlsIdentity) -> Arc<Tls> {
    Arc::new(Tls::new(identity).unwrap())
}
