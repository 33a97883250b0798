//! Where something is over HTTPS, in one line.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// The port where none is said.
const PORT: u16 = 443;

/// A line that is longer is no address.
const BYTES_MAX: usize = 2_048;

/// `https://host[:port][/path][?query]`. Nothing but TLS: whoever could read or change what goes there would be believed. No
/// user, no password and no fragment, and an IPv6 host by its name alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpsUrl {
    /// The host, as its certificate names it.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path, with its query if there is one.
    pub path: String,
}

impl HttpsUrl {
    /// Takes one apart; `None` where the text is none.
    pub fn parse(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("https://").filter(|_| url.len() <= BYTES_MAX)?;
        let is_plain = rest.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'@' | b'\\' | b'"'));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = if authority.contains(':') { host_and_port(authority)? } else { (authority, PORT) };
        let url = || Self { host: host.to_owned(), port, path: format!("/{path}") };
        (is_plain && is_host(host)).then(url)
    }

    /// Host and port as they stand in a request; a port that goes without saying is left out.
    pub fn authority(&self) -> String {
        match self.port {
            PORT => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

/// `host:port` taken apart.
pub(super) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|port| *port > 0 && is_number)?;
    is_host(host).then_some((host, port))
}

/// Whether it is the name of a host, or an IPv4 address. An empty label would make one host of two spellings.
fn is_host(host: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    host.bytes().all(is_name) && host.split('.').all(|label| !label.is_empty())
}

impl<'de> Deserialize<'de> for HttpsUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str =
            "must be like `https://messages.carrier.example/portcullis`, without a user or a fragment";
        // The text is not told: people put secrets into addresses.
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(EXPECTED))
    }
}

#[cfg(test)]
mod tests {
    use super::HttpsUrl;

    #[test]
    fn an_address_is_taken_apart() {
        let told = |host: &str, port, path: &str| Some(HttpsUrl { host: host.into(), port, path: path.into() });
        for (url, expected, authority) in [
            ("https://login.example/a/keys?x=1", told("login.example", 443, "/a/keys?x=1"), "login.example"),
            ("https://localhost:8443", told("localhost", 8443, "/"), "localhost:8443"),
            ("https://127.0.0.1:443/", told("127.0.0.1", 443, "/"), "127.0.0.1"),
        ] {
            let parsed = HttpsUrl::parse(url);
            assert_eq!(parsed, expected);
            assert_eq!(parsed.unwrap().authority(), authority);
        }
    }

    #[test]
    fn what_is_no_plain_address_over_tls_is_refused() {
        let long = format!("https://login.example/{}", "a".repeat(2_048));
        for wrong in [
            "",
            "http://login.example/keys",
            "HTTPS://login.example/keys",
            "ftp://login.example",
            "file:///etc/passwd",
            "//login.example",
            "https://",
            "https:///keys",
            "https://login.example:0/keys",
            "https://login.example:99999/keys",
            "https://login.example:+1/keys",
            "https://login.example:/keys",
            "https://login.example:1:2/keys",
            "https://user@login.example/keys",
            "https://user:password@login.example/keys",
            "https://login.example?x=1",
            "https://login.example/keys#top",
            "https://login.example/ke ys",
            "https://login.example/ke\r\nys",
            "https://login.example\\keys",
            "https://login..example/keys",
            "https://.example/keys",
            "https://login.example./keys",
            "https://l\u{f6}gin.example/keys",
            "https://[::1]/keys",
            "https://[::ffff:127.0.0.1]:443/",
            "https://%31%32%37.0.0.1/",
            &long,
        ] {
            assert_eq!(HttpsUrl::parse(wrong), None, "`{wrong}`");
        }
    }
}
