//! A connection to a running service, and the flags that make it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use zeroize::Zeroizing;

use super::failure::{Exit, Failure};
use crate::crypto::{random_uuid, read_secret_file};
use crate::grpc::client::{CallerCertificate, Client, Response, Status, Target};

/// The longest file of certificates that is read, in bytes.
const CERTIFICATE_BYTES_MAX: u64 = 1_048_576;

/// Flags of every command that calls a service.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionArgs {
    /// The service; http:// on this machine alone
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_ENDPOINT",
        hide_env_values = true,
        default_value = "https://localhost:8443",
        value_name = "URL"
    )]
    endpoint: String,
    /// The access token's file, for its owner alone
    #[arg(long, global = true, env = "PORTCULLIS_TOKEN_FILE", hide_env_values = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The authority that signed the service's certificate, a PEM file
    #[arg(long, global = true, env = "PORTCULLIS_CA_FILE", hide_env_values = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The caller's own certificate, a PEM file; with it a token may be left out
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_CERT_FILE",
        hide_env_values = true,
        value_name = "FILE",
        requires = "key_file"
    )]
    cert_file: Option<PathBuf>,
    /// Its private key, a PEM file for its owner alone
    #[arg(
        long,
        global = true,
        env = "PORTCULLIS_KEY_FILE",
        hide_env_values = true,
        value_name = "FILE",
        requires = "cert_file"
    )]
    key_file: Option<PathBuf>,
    /// How long an answer may take
    #[arg(long, global = true, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout_seconds: u64,
}

impl ConnectionArgs {
    /// Connects.
    pub(crate) async fn connect(&self) -> Result<Client, Failure> {
        let token = self.token()?;
        let root = self.ca_file.as_deref().map(read_authority).transpose()?;
        let certificate = self.certificate()?;
        let certificate = certificate.as_ref().map(|(chain_pem, key_pem)| CallerCertificate { chain_pem, key_pem });
        let target = Target {
            endpoint: &self.endpoint,
            root_pem: root.as_deref(),
            certificate,
            token: token.as_ref().map(|token| token.trim()),
            answer_time_max: Duration::from_secs(self.timeout_seconds),
            from: None,
        };
        Ok(Client::connect(&target).await?)
    }

    fn token(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        match (&self.token_file, &self.cert_file) {
            (Some(path), _) => {
                let token = read_secret_file(path).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
                Ok(Some(token))
            }
            // The certificate says who calls.
            (None, Some(_)) => Ok(None),
            (None, None) => Err(Failure::invalid("an access token is needed").advise(
                "--token-file, or PORTCULLIS_TOKEN_FILE; for development `portcullis token mint --out FILE` makes one",
            )),
        }
    }

    fn certificate(&self) -> Result<Option<(String, Zeroizing<String>)>, Failure> {
        let (Some(cert_file), Some(key_file)) = (&self.cert_file, &self.key_file) else { return Ok(None) };
        let key = read_secret_file(key_file).map_err(|error| Failure::caused(Exit::Invalid, &error))?;
        Ok(Some((read_certificate(cert_file, "--cert-file, or PORTCULLIS_CERT_FILE")?, key)))
    }
}

fn read_authority(path: &Path) -> Result<String, Failure> {
    read_certificate(path, "--ca-file, or PORTCULLIS_CA_FILE; `keys generate --development` makes ca.pem")
}

fn read_certificate(path: &Path, advice: &str) -> Result<String, Failure> {
    let unreadable = |cause: String| {
        let message = format!("cannot read the certificate `{}`: {cause}", path.display());
        Failure::invalid(message).advise(advice)
    };
    let length = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if length > CERTIFICATE_BYTES_MAX {
        return Err(unreadable(format!("it is longer than {CERTIFICATE_BYTES_MAX} bytes")));
    }
    fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))
}

/// The answer to a call. A failure names the request: to ask the same again is safe under the same name alone.
pub(crate) async fn answered<T>(
    request_id: &str,
    call: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Failure> {
    let answer = call.await.map_err(|status| Failure::from(status).of_request(request_id))?;
    Ok(answer.into_inner())
}

/// The flag that names a request.
#[derive(Debug, Clone, Args)]
pub(crate) struct RequestIdArgs {
    /// The request's name, a UUID: the same again gives the first answer and counts nothing twice. A new one by default
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
}

impl RequestIdArgs {
    /// The name given, or a new one.
    pub(crate) fn get(self) -> Result<String, Failure> {
        match self.request_id {
            Some(given) => Ok(given),
            None => random_uuid().map_err(|error| Failure::caused(Exit::Failed, &error)),
        }
    }
}
