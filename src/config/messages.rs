//! `[messages]`: where messages to customers are given to who carries them.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::https_url::host_and_port;
use super::{Bounded, ConfigError, HttpsUrl};
use crate::domain::Network;

/// Secrets at once: the one in use and those of a rotation.
const SECRETS_MAX: usize = 8;

/// Places that the list of allowed ones may name.
const ALLOWED_MAX: usize = 64;

/// The widest network that may be allowed, by its prefix: unique local addresses of IPv6 are one of 7 bits, and whoever names
/// a wider one means "all".
const PREFIX_MIN: u8 = 7;

/// `[messages]`: who is given the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Messages {
    /// The carrier's messaging system, over HTTPS.
    Webhook(MessagesWebhook),
    /// A file in this folder, for who tries the engine out.
    File(PathBuf),
}

/// `[messages.webhook]`: the carrier's messaging system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessagesWebhook {
    /// Where messages are posted.
    pub url: HttpsUrl,
    /// The secrets that they are signed with, a file each. At least one.
    pub secret_files: Vec<PathBuf>,
    /// Who signed the receiver's certificate, a PEM file; those that the system trusts, where none is named.
    pub authority_file: Option<PathBuf>,
    /// Places inside that may be sent to. Without them only public addresses are.
    pub allow: Vec<AllowedPlace>,
    /// The longest that one delivery may take, in seconds.
    pub timeout_seconds: Bounded<1, 30>,
}

/// A place that may be sent to though it is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedPlace {
    /// Every address of a network.
    Network(Network),
    /// Whatever private address this host has, at this port.
    Server {
        /// The host, as the URL names it.
        host: String,
        /// The port.
        port: u16,
    },
}

impl AllowedPlace {
    /// Reads one: a network, an address or `host:port`.
    fn parse(text: &str) -> Option<Self> {
        if text.contains('/') || text.parse::<IpAddr>().is_ok() {
            return Network::parse(text).ok().filter(|network| network.prefix() >= PREFIX_MIN).map(Self::Network);
        }
        let (host, port) = host_and_port(text)?;
        Some(Self::Server { host: host.to_owned(), port })
    }
}

impl fmt::Display for AllowedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Server { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl<'de> Deserialize<'de> for AllowedPlace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(format_args!(
                "`{text}` must be a network such as 10.20.0.0/16, with a prefix of {PREFIX_MIN} or more, or host:port such as \
                 messages.carrier.example:8443"
            ))
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawMessages {
    kind: Option<RawKind>,
    webhook: Option<RawWebhook>,
    file: Option<RawFile>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Webhook,
    File,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawWebhook {
    url: Option<HttpsUrl>,
    secret_files: Vec<PathBuf>,
    authority_file: Option<PathBuf>,
    allow: Vec<AllowedPlace>,
    timeout_seconds: Option<Bounded<1, 30>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawFile {
    folder: Option<PathBuf>,
}

impl RawMessages {
    pub(super) fn complete(self) -> Result<Option<Messages>, ConfigError> {
        let Self { kind, webhook, file } = self;
        match kind {
            Some(RawKind::Webhook) => Ok(Some(Messages::Webhook(webhook.unwrap_or_default().complete()?))),
            Some(RawKind::File) => {
                let folder = file.unwrap_or_default().folder;
                let folder = super::raw::path("messages.file.folder", "the folder for the file of messages", folder)?;
                Ok(Some(Messages::File(folder)))
            }
            None if webhook.is_none() && file.is_none() => Ok(None),
            None => Err(ConfigError::Missing { key: "messages.kind", expected: "`webhook` or `file`" }),
        }
    }
}

impl RawWebhook {
    fn complete(self) -> Result<MessagesWebhook, ConfigError> {
        let Self { url, secret_files, authority_file, allow, timeout_seconds } = self;
        let unfit = |key, problem| Err(ConfigError::Unfit { key, problem });
        let expected = "where messages are posted, like `https://messages.carrier.example/portcullis`";
        let url = url.ok_or(ConfigError::Missing { key: "messages.webhook.url", expected })?;
        if secret_files.is_empty() {
            let expected = "the file of at least one secret (`whsec_...` or `whsk_...`)";
            return Err(ConfigError::Missing { key: "messages.webhook.secret_files", expected });
        }
        if secret_files.len() > SECRETS_MAX || secret_files.iter().any(|file| file.as_os_str().is_empty()) {
            return unfit("messages.webhook.secret_files", "must be 1 to 8 files");
        }
        if allow.len() > ALLOWED_MAX {
            return unfit("messages.webhook.allow", "must be at most 64 places");
        }
        let authority_file = authority_file.filter(|file| !file.as_os_str().is_empty());
        let timeout_seconds = timeout_seconds.unwrap_or(Bounded::of::<5>());
        Ok(MessagesWebhook { url, secret_files, authority_file, allow, timeout_seconds })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{AllowedPlace, Messages, RawMessages};
    use crate::config::HttpsUrl;

    const WEBHOOK: &str = "kind = \"webhook\"\n[webhook]\n";
    const URL: &str = "url = \"https://messages.example/in\"\n";
    const SECRET: &str = "secret_files = [\"secret\"]\n";

    fn read(text: &str) -> Result<Option<Messages>, String> {
        let raw: RawMessages = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        raw.complete().map_err(|error| error.to_string())
    }

    #[test]
    fn without_the_section_nothing_can_be_sent() {
        assert_eq!(read(""), Ok(None));
    }

    #[test]
    fn each_kind_is_named_whole() {
        let file = read("kind = \"file\"\n[file]\nfolder = \"messages\"");
        assert_eq!(file, Ok(Some(Messages::File(PathBuf::from("messages")))));
        let Ok(Some(Messages::Webhook(least))) = read(&format!("{WEBHOOK}{URL}{SECRET}")) else { panic!() };
        assert_eq!(Some(least.url), HttpsUrl::parse("https://messages.example/in"));
        assert_eq!((least.secret_files.len(), least.authority_file, least.allow.len()), (1, None, 0));
        assert_eq!(least.timeout_seconds.get(), 5);
        let more = "authority_file = \"ca.pem\"\nallow = [\"10.1.0.0/16\", \"localhost:8443\"]\ntimeout_seconds = 30";
        let Ok(Some(Messages::Webhook(more))) = read(&format!("{WEBHOOK}{URL}{SECRET}{more}")) else { panic!() };
        assert_eq!((more.authority_file, more.timeout_seconds.get()), (Some(PathBuf::from("ca.pem")), 30));
        let shown: Vec<String> = more.allow.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["10.1.0.0/16", "localhost:8443"]);
        // What is not used may stand there, as with stores.
        assert!(read(&format!("kind = \"file\"\n[file]\nfolder = \"a\"\n[webhook]\n{URL}")).is_ok());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_setting() {
        let many = format!("{WEBHOOK}{URL}secret_files = [{}]", "\"a\",".repeat(9));
        let wide = format!("{WEBHOOK}{URL}{SECRET}allow = [{}]", "\"10.0.0.1\",".repeat(65));
        for (text, told) in [
            ("kind = \"mail\"", "unknown variant `mail`"),
            ("[webhook]", "setting `messages.kind` is missing"),
            ("[file]\nfolder = \"a\"", "setting `messages.kind` is missing"),
            ("kind = \"file\"", "setting `messages.file.folder` is missing"),
            ("kind = \"file\"\n[file]\nfolder = \"\"", "setting `messages.file.folder` is missing"),
            ("kind = \"webhook\"", "setting `messages.webhook.url` is missing"),
            (&format!("{WEBHOOK}{SECRET}url = \"http://a.example/\""), "must be like `https://"),
            (&format!("{WEBHOOK}{SECRET}url = \"https://u:hidden@a.example/\""), "without a user"),
            (&format!("{WEBHOOK}{URL}"), "setting `messages.webhook.secret_files` is missing"),
            (&format!("{WEBHOOK}{URL}secret_files = [\"\"]"), "`messages.webhook.secret_files`: must be 1 to 8"),
            (&many, "`messages.webhook.secret_files`: must be 1 to 8"),
            (&format!("{WEBHOOK}{URL}secret = \"whsec_hidden\""), "unknown field `secret`"),
            (&format!("{WEBHOOK}{URL}{SECRET}timeout_seconds = 31"), "1 to 30"),
            (&wide, "`messages.webhook.allow`: must be at most 64"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(told) && !error.contains("hidden"), "{text}: {error}");
        }
    }

    #[test]
    fn allowed_places_are_networks_addresses_and_servers() {
        for text in ["10.20.0.0/16", "127.0.0.1/32", "fd00::/8", "fc00::/7", "::1/128"] {
            let Some(AllowedPlace::Network(network)) = AllowedPlace::parse(text) else { panic!("`{text}`") };
            assert_eq!(network.to_string(), text);
        }
        let one = AllowedPlace::parse("127.0.0.1").unwrap();
        assert_eq!(one.to_string(), "127.0.0.1/32");
        let server = AllowedPlace::parse("messages.carrier.example:8443");
        assert_eq!(server, Some(AllowedPlace::Server { host: "messages.carrier.example".to_owned(), port: 8_443 }));
        for wrong in [
            "",
            "*",
            "10.20.0.1/16",
            "0.0.0.0/0",
            "::/0",
            "f8::/6",
            "messages.carrier.example",
            "messages.carrier.example:0",
            "*:443",
            "https://messages.carrier.example",
            "::ffff:10.0.0.0/104",
        ] {
            assert_eq!(AllowedPlace::parse(wrong), None, "`{wrong}`");
        }
    }
}
