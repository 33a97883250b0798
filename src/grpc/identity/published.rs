//! Key sets as issuers publish them, fetched over HTTPS.
//!
//! Deliberately absent: redirects, other schemes than `https`, and any memory of what was fetched before.

use std::time::Duration;

use http::header::{ACCEPT, CACHE_CONTROL, HOST, USER_AGENT};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Empty;
use hyper::body::Bytes;
use tokio::net::TcpStream;

use crate::config::HttpsUrl;
use crate::outbound::https;

/// The longest that one fetch may take, in seconds, from the name's look-up to the last byte.
const FETCH_SECONDS_MAX: u64 = 10;

/// The longest key set that is read, in bytes.
const SET_BYTES_MAX: usize = 262_144;

/// How long a set is fresh when its issuer does not say, and the bounds of what it may say, in seconds.
const FRESH_SECONDS_USUAL: u64 = 300;
const FRESH_SECONDS_MIN: u64 = 60;
const FRESH_SECONDS_MAX: u64 = 3_600;

/// Where a set is published.
#[derive(Debug, Clone)]
pub struct KeySetAddress {
    /// Where.
    pub url: HttpsUrl,
    /// Who signed its certificate, PEM; those that the system trusts, where none is given.
    pub authority_pem: Option<String>,
}

/// A set as it was fetched. Nobody has looked into it yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedKeySet {
    /// The JSON text.
    pub text: String,
    /// For how long it need not be fetched again.
    pub fresh_for: Duration,
}

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The authority's certificates cannot be used, or the system has none.
    #[error(transparent)]
    Authority(#[from] https::NoAuthority),
    /// It was not reached, or is not who it should be.
    #[error("the issuer was not reached")]
    Unreached(#[source] std::io::Error),
    /// It does not speak HTTP.
    #[error("the issuer did not answer as HTTP has it")]
    Http(#[from] hyper::Error),
    /// It answered with something else than a set. Redirects are not followed: who may send the keys is said in the settings.
    #[error("the issuer answered with status {0}; redirects are not followed")]
    Status(StatusCode),
    /// The set is too long, broke off, or is no text.
    #[error("the issuer's answer is longer than {SET_BYTES_MAX} bytes, broke off, or is no text")]
    Body,
    /// It took too long.
    #[error("the issuer took longer than {FETCH_SECONDS_MAX} seconds")]
    Late,
}

/// Fetches a set.
///
/// # Errors
///
/// [`FetchError`].
pub async fn fetch_key_set(address: &KeySetAddress) -> Result<FetchedKeySet, FetchError> {
    fetch_within(address, Duration::from_secs(FETCH_SECONDS_MAX)).await
}

async fn fetch_within(address: &KeySetAddress, most: Duration) -> Result<FetchedKeySet, FetchError> {
    tokio::time::timeout(most, fetch(address)).await.map_err(|_elapsed| FetchError::Late)?
}

async fn fetch(address: &KeySetAddress) -> Result<FetchedKeySet, FetchError> {
    let tls = https::trusting(address.authority_pem.as_deref())?;
    let HttpsUrl { host, port, path } = &address.url;
    let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(FetchError::Unreached)?;
    let stream = https::secured(&tls, host, stream).await.map_err(FetchError::Unreached)?;
    let request = Request::get(path)
        .header(HOST, address.url.authority())
        .header(ACCEPT, "application/jwk-set+json, application/json")
        .header(USER_AGENT, https::USER_AGENT)
        .body(Empty::<Bytes>::new())
        .map_err(|_| FetchError::Body)?;
    let answer = https::sent(stream, request).await?;
    if answer.status != StatusCode::OK {
        return Err(FetchError::Status(answer.status));
    }
    let fresh_for = fresh_for(&answer.headers);
    let text = answer.text(SET_BYTES_MAX).await.ok_or(FetchError::Body)?;
    Ok(FetchedKeySet { text, fresh_for })
}

/// `max-age` of Cache-Control (RFC 9111), within bounds: no issuer is asked all the time, and no key lives for days after
/// it was taken back.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let told = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut seconds = FRESH_SECONDS_USUAL;
    for directive in told.split(',').map(str::trim) {
        match directive.split_once('=') {
            Some((name, age)) if name.eq_ignore_ascii_case("max-age") => {
                seconds = age.trim_matches('"').parse().unwrap_or(FRESH_SECONDS_MIN);
            }
            None if directive.eq_ignore_ascii_case("no-store") || directive.eq_ignore_ascii_case("no-cache") => {
                seconds = 0;
            }
            _ => {}
        }
    }
    Duration::from_secs(seconds.clamp(FRESH_SECONDS_MIN, FRESH_SECONDS_MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use http::{HeaderMap, StatusCode};
    use rustls::ServerConfig;
    use rustls::pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::{FetchError, FetchedKeySet, KeySetAddress, SET_BYTES_MAX, fetch_key_set, fetch_within, fresh_for};
    use crate::config::HttpsUrl;

    /// An issuer that answers every connection with the same bytes. Its address, and its certificate.
    async fn issuer(answer: Vec<u8>) -> KeySetAddress {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Who does not believe it hangs up.
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut asked = [0_u8; 2_048];
                let _ = stream.read(&mut asked).await;
                // A reader that has had enough hangs up, too.
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        let authority_pem = Some(made.cert.pem());
        KeySetAddress { url: url(port), authority_pem }
    }

    fn url(port: u16) -> HttpsUrl {
        HttpsUrl { host: "localhost".to_owned(), port, path: "/keys".to_owned() }
    }

    fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[tokio::test]
    async fn a_set_is_fetched_from_who_the_authority_vouches_for() {
        let address = issuer(http("200 OK", "Cache-Control: public, max-age=120\r\n", "{}")).await;
        let fetched = fetch_key_set(&address).await.unwrap();
        assert_eq!(fetched, FetchedKeySet { text: "{}".to_owned(), fresh_for: Duration::from_secs(120) });
        let other = issuer(http("200 OK", "", "{}")).await;
        let wrong = KeySetAddress { authority_pem: other.authority_pem, ..address.clone() };
        assert!(matches!(fetch_key_set(&wrong).await, Err(FetchError::Unreached(_))));
        let none = KeySetAddress { authority_pem: Some("no certificate".to_owned()), ..address };
        assert!(matches!(fetch_key_set(&none).await, Err(FetchError::Authority(_))));
    }

    #[tokio::test]
    async fn redirects_errors_floods_and_stumps_give_no_set() {
        let elsewhere = issuer(http("302 Found", "Location: https://localhost/keys\r\n", "")).await;
        assert!(matches!(fetch_key_set(&elsewhere).await, Err(FetchError::Status(StatusCode::FOUND))));
        let broken = issuer(http("500 Internal Server Error", "", "{}")).await;
        assert!(matches!(fetch_key_set(&broken).await, Err(FetchError::Status(_))));
        let flood = issuer(http("200 OK", "", &" ".repeat(SET_BYTES_MAX + 1))).await;
        assert!(matches!(fetch_key_set(&flood).await, Err(FetchError::Body)));
        let stump = issuer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}".to_vec()).await;
        assert!(matches!(fetch_key_set(&stump).await, Err(FetchError::Body)));
        let noise = issuer(b"SSH-2.0-OpenSSH\r\n".to_vec()).await;
        assert!(matches!(fetch_key_set(&noise).await, Err(FetchError::Http(_))));
    }

    #[tokio::test]
    async fn an_issuer_that_says_nothing_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let pem = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem();
        let address = KeySetAddress { url: url(port), authority_pem: Some(pem) };
        let soon = Duration::from_millis(50);
        assert!(matches!(fetch_within(&address, soon).await, Err(FetchError::Late)));
        drop(listener);
    }

    #[test]
    fn an_issuer_says_within_bounds_how_long_its_keys_are_fresh() {
        let said = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("cache-control", text.parse().unwrap());
            fresh_for(&headers).as_secs()
        };
        assert_eq!(fresh_for(&HeaderMap::new()).as_secs(), 300);
        assert_eq!((said("max-age=900"), said("public, Max-Age=\"900\"")), (900, 900));
        assert_eq!((said("max-age=1"), said("max-age=999999"), said("max-age=x")), (60, 3_600, 60));
        assert_eq!((said("no-store"), said("private")), (60, 300));
    }
}
