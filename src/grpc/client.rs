//! The other end of the contract: what the command line and the load generator call a running service with.
//!
//! INVARIANT (secrets-stay-in): without TLS it speaks to this machine alone, and a token is marked sensitive, so that no
//! library logs it.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration as Time;

pub use prost_types::{Duration, Timestamp};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
pub use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::StatusExt as _;

use super::pb::bench::echo_service_client::EchoServiceClient;
use super::pb::v1::account_service_client::AccountServiceClient;
use super::pb::v1::archive_service_client::ArchiveServiceClient;
use super::pb::v1::audit_service_client::AuditServiceClient;
use super::pb::v1::challenge_service_client::ChallengeServiceClient;
use super::pb::v1::credential_service_client::CredentialServiceClient;
use super::pb::v1::decision_service_client::DecisionServiceClient;
use super::pb::v1::event_service_client::EventServiceClient;
use super::pb::v1::export_service_client::ExportServiceClient;
use super::pb::v1::incident_service_client::IncidentServiceClient;
use super::pb::v1::key_service_client::KeyServiceClient;
use super::pb::v1::notice_service_client::NoticeServiceClient;
use super::pb::v1::policy_service_client::PolicyServiceClient;
use super::pb::v1::protection_service_client::ProtectionServiceClient;
use super::pb::v1::separation_service_client::SeparationServiceClient;
use super::status::code_name;

/// How long a connection may take to come about.
const CONNECT_TIME_MAX: Time = Time::from_secs(5);

/// Asked on a quiet connection, so that a long import notices a peer that is gone.
const KEEP_ALIVE: Time = Time::from_secs(20);

/// Where the service is, and who calls it. Has no `Debug`: it holds a token.
pub struct Target<'a> {
    /// `https://host:port`; `http://` on this machine alone.
    pub endpoint: &'a str,
    /// Who signed the service's certificate, PEM. Needed with `https`.
    pub root_pem: Option<&'a str>,
    /// What the caller shows of itself. Needed where the service takes no others.
    pub certificate: Option<CallerCertificate<'a>>,
    /// The access token; none where the certificate alone says who calls.
    pub token: Option<&'a str>,
    /// How long one answer may take.
    pub answer_time_max: Time,
    /// The address of this machine that it calls from; none is the system's choice.
    pub from: Option<IpAddr>,
}

/// A certificate that a caller shows, PEM. Has no `Debug`: it holds a private key.
#[derive(Clone, Copy)]
pub struct CallerCertificate<'a> {
    /// The certificate, then its intermediates.
    pub chain_pem: &'a str,
    /// Its private key.
    pub key_pem: &'a str,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The endpoint is no address of a service.
    #[error("the endpoint must be like `https://localhost:8443`")]
    Endpoint,
    /// Without TLS, tokens and PINs would cross a network in the clear.
    #[error("without TLS only a service on this machine is called: use `https://`, or a loopback address")]
    Plaintext,
    /// With TLS and nobody to vouch for the service.
    #[error("with `https://` the file of the authority that signed the service's certificate is needed")]
    NoRoot,
    /// PEM files that hold no such thing.
    #[error("the authority's certificate, or the caller's own certificate and key, are not what they should be")]
    Certificates,
    /// Without TLS nobody can show a certificate.
    #[error("a caller's certificate is shown over `https://` alone")]
    PlaintextCertificate,
    /// The token cannot stand in a header.
    #[error("the access token is not one line of ASCII")]
    Token,
    /// The service was not reached, or is not the one that the authority vouches for.
    #[error("cannot connect to {endpoint}: {cause}")]
    Unreached {
        /// Where.
        endpoint: String,
        /// Why not.
        cause: String,
    },
}

/// What every call carries: the token, and a deadline.
#[derive(Clone)]
pub struct Bearer {
    value: Option<MetadataValue<Ascii>>,
    answer_time_max: Option<Time>,
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.value {
            request.metadata_mut().insert("authorization", value.clone());
        }
        if let Some(most) = self.answer_time_max {
            request.set_timeout(most);
        }
        Ok(request)
    }
}

/// The way of one call.
pub type Wire = InterceptedService<Channel, Bearer>;

/// Calls of the decision service.
pub type DecisionClient = DecisionServiceClient<Wire>;

/// Calls of the load generator's echo.
pub type EchoClient = EchoServiceClient<Wire>;

/// How many bytes a message has on the wire.
pub fn message_bytes(message: &impl prost::Message) -> usize {
    message.encoded_len()
}

/// A connection under one token. Cheap to clone; all clones share it.
#[derive(Clone)]
pub struct Client {
    channel: Channel,
    bearer: Bearer,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Why it could not, and what would be right.
    pub async fn connect(target: &Target<'_>) -> Result<Self, ConnectError> {
        let bearer = bearer(target.token, target.answer_time_max)?;
        let endpoint = endpoint(target.endpoint, target.root_pem, target.certificate)?.local_address(target.from);
        let unreached = |error: tonic::transport::Error| ConnectError::Unreached {
            endpoint: target.endpoint.to_owned(),
            cause: root_cause(&error),
        };
        Ok(Self { channel: endpoint.connect().await.map_err(unreached)?, bearer })
    }

    /// The same connection under another token.
    ///
    /// # Errors
    ///
    /// [`ConnectError::Token`].
    pub fn with_token(&self, token: &str) -> Result<Self, ConnectError> {
        let answer_time_max = self.bearer.answer_time_max;
        let bearer = Bearer { answer_time_max, ..bearer(Some(token), Time::ZERO)? };
        Ok(Self { channel: self.channel.clone(), bearer })
    }

    /// Calls of the decision service.
    pub fn decisions(&self) -> DecisionServiceClient<Wire> {
        DecisionServiceClient::new(self.wire())
    }

    /// Calls of the protection service.
    pub fn protection(&self) -> ProtectionServiceClient<Wire> {
        ProtectionServiceClient::new(self.wire())
    }

    /// Calls of the protection service that take as long as they take: watches.
    pub fn protection_without_deadline(&self) -> ProtectionServiceClient<Wire> {
        ProtectionServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the credential service.
    pub fn credentials(&self) -> CredentialServiceClient<Wire> {
        CredentialServiceClient::new(self.wire())
    }

    /// Calls of the account service.
    pub fn accounts(&self) -> AccountServiceClient<Wire> {
        AccountServiceClient::new(self.wire())
    }

    /// Calls of the account service that take as long as they take: imports.
    pub fn accounts_without_deadline(&self) -> AccountServiceClient<Wire> {
        AccountServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the event service, which take as long as they take.
    pub fn events(&self) -> EventServiceClient<Wire> {
        EventServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the separation service.
    pub fn separations(&self) -> SeparationServiceClient<Wire> {
        SeparationServiceClient::new(self.wire())
    }

    /// Calls of the incident service.
    pub fn incidents(&self) -> IncidentServiceClient<Wire> {
        IncidentServiceClient::new(self.wire())
    }

    /// Calls of the incident service that take as long as they take: a list of accounts.
    pub fn incidents_without_deadline(&self) -> IncidentServiceClient<Wire> {
        IncidentServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the challenge service.
    pub fn challenges(&self) -> ChallengeServiceClient<Wire> {
        ChallengeServiceClient::new(self.wire())
    }

    /// Calls of the decision service that take as long as they take: watches.
    pub fn decisions_without_deadline(&self) -> DecisionServiceClient<Wire> {
        DecisionServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the policy service.
    pub fn policies(&self) -> PolicyServiceClient<Wire> {
        PolicyServiceClient::new(self.wire())
    }

    /// Calls of the notice service.
    pub fn notices(&self) -> NoticeServiceClient<Wire> {
        NoticeServiceClient::new(self.wire())
    }

    /// Calls of the key service, which take as long as they take.
    pub fn keys(&self) -> KeyServiceClient<Wire> {
        KeyServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the archive service.
    pub fn archive(&self) -> ArchiveServiceClient<Wire> {
        ArchiveServiceClient::new(self.wire())
    }

    /// Calls of the archive service that take as long as they take: runs.
    pub fn archive_without_deadline(&self) -> ArchiveServiceClient<Wire> {
        ArchiveServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the audit service.
    pub fn audit(&self) -> AuditServiceClient<Wire> {
        AuditServiceClient::new(self.wire())
    }

    /// Calls of the audit service that take as long as they take: watches, verifications, checkpoints.
    pub fn audit_without_deadline(&self) -> AuditServiceClient<Wire> {
        AuditServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the export service.
    pub fn exports(&self) -> ExportServiceClient<Wire> {
        ExportServiceClient::new(self.wire())
    }

    /// Calls of the export service that take as long as they take: handing over.
    pub fn exports_without_deadline(&self) -> ExportServiceClient<Wire> {
        ExportServiceClient::new(self.wire_without_deadline())
    }

    /// Calls of the load generator's echo.
    pub fn echo(&self) -> EchoClient {
        EchoServiceClient::new(self.wire())
    }

    fn wire_without_deadline(&self) -> Wire {
        let bearer = Bearer { answer_time_max: None, ..self.bearer.clone() };
        InterceptedService::new(self.channel.clone(), bearer)
    }

    fn wire(&self) -> Wire {
        InterceptedService::new(self.channel.clone(), self.bearer.clone())
    }
}

fn bearer(token: Option<&str>, answer_time_max: Time) -> Result<Bearer, ConnectError> {
    let value = token.map(|token| {
        let mut value: MetadataValue<Ascii> = format!("Bearer {token}").parse().map_err(|_| ConnectError::Token)?;
        value.set_sensitive(true);
        Ok(value)
    });
    Ok(Bearer { value: value.transpose()?, answer_time_max: Some(answer_time_max) })
}

fn endpoint(
    address: &str,
    root_pem: Option<&str>,
    certificate: Option<CallerCertificate<'_>>,
) -> Result<Endpoint, ConnectError> {
    let endpoint = Endpoint::from_shared(address.to_owned()).map_err(|_| ConnectError::Endpoint)?;
    let endpoint = endpoint
        .connect_timeout(CONNECT_TIME_MAX)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .map_err(|_| ConnectError::Endpoint)?;
    let host = endpoint.uri().host().ok_or(ConnectError::Endpoint)?;
    match (endpoint.uri().scheme_str(), root_pem) {
        (Some("https"), Some(root)) => {
            let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(root));
            let tls = match certificate {
                None => tls,
                Some(own) => tls.identity(Identity::from_pem(own.chain_pem, own.key_pem)),
            };
            endpoint.tls_config(tls).map_err(|_| ConnectError::Certificates)
        }
        (Some("https"), None) => Err(ConnectError::NoRoot),
        (Some("http"), _) if certificate.is_some() => Err(ConnectError::PlaintextCertificate),
        (Some("http"), _) if is_loopback(host) => Ok(endpoint),
        (Some("http"), _) => Err(ConnectError::Plaintext),
        _ => Err(ConnectError::Endpoint),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What is at the bottom of an error: the layers above say "transport error".
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A call that was not answered, as its status tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The code of gRPC.
    pub code: Code,
    /// The stable reason; empty where the status is not this service's.
    pub reason: String,
    /// For people.
    pub message: String,
    /// Fields that cannot be used: path, and what would be right.
    pub fields: Vec<(String, String)>,
    /// How long to wait before the same is asked again; absent where that makes no sense.
    pub retry_after: Option<Time>,
}

impl CallError {
    /// The code's name.
    pub const fn code_name(&self) -> &'static str {
        code_name(self.code)
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for CallError {}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let violations = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
        let message = if status.message().is_empty() { root_cause(&status) } else { status.message().to_owned() };
        Self {
            code: status.code(),
            reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
            message,
            fields: violations.iter().map(|field| (field.field.clone(), field.description.clone())).collect(),
            retry_after: details.retry_info().and_then(|info| info.retry_delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration as Time;

    use tonic::Code;

    use super::{CallError, ConnectError, bearer, endpoint};
    use crate::grpc::convert::FieldError;
    use crate::grpc::status;

    #[test]
    fn without_tls_only_this_machine_is_called() {
        for here in ["http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"] {
            assert!(endpoint(here, None, None).is_ok(), "{here}");
        }
        for there in ["http://example.com:1", "http://192.0.2.1:1", "http://localhost.example.com:1"] {
            assert!(matches!(endpoint(there, None, None), Err(ConnectError::Plaintext)), "{there}");
        }
        assert!(matches!(endpoint("https://localhost:1", None, None), Err(ConnectError::NoRoot)));
        for wrong in ["", "localhost:1", "ftp://localhost:1", "https://", "no address"] {
            assert!(matches!(endpoint(wrong, None, None), Err(ConnectError::Endpoint)), "`{wrong}`");
        }
    }

    #[test]
    fn a_token_is_sensitive_and_must_fit_a_header() {
        assert!(
            bearer(Some("a.b.c"), Time::ZERO)
                .is_ok_and(|bearer| bearer.value.is_some_and(|value| value.is_sensitive()))
        );
        assert!(matches!(bearer(Some("a\nb"), Time::ZERO), Err(ConnectError::Token)));
    }

    #[test]
    fn what_the_service_says_is_kept() {
        let error = CallError::from(status::bad_field(&FieldError::new("line.msisdn", "must be E.164")));
        assert_eq!((error.code, error.reason.as_str()), (Code::InvalidArgument, "FIELD_INVALID"));
        assert_eq!(error.fields, [("line.msisdn".to_owned(), "must be E.164".to_owned())]);
        assert_eq!(error.code_name(), "INVALID_ARGUMENT");
        assert!(CallError::from(status::unavailable()).retry_after.is_some());
    }
}
