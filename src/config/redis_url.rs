//! Where a Redis is, in one line.

use std::fmt;

use serde::Deserialize;

/// How its servers stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisWay {
    /// One server.
    Server,
    /// A primary that sentinels name, by this name.
    Sentinel(String),
    /// A cluster.
    Cluster,
}

/// `redis://[user@]host[:port][,host[:port]…]`: `redis` or, over TLS, `rediss`; with `+cluster` the nodes of a cluster to begin
/// with, with `+sentinel` sentinels and after a slash what they call the primary. Never a password: that is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisUrl {
    /// Whether its connections are encrypted.
    pub tls: bool,
    /// How its servers stand together.
    pub way: RedisWay,
    /// The user of its access list; none for the usual one.
    pub user: Option<String>,
    /// Hosts and ports, at least one.
    pub servers: Vec<(String, u16)>,
}

const PORT: u16 = 6_379;
const SENTINEL_PORT: u16 = 26_379;
const SERVERS_MAX: usize = 64;

impl RedisUrl {
    /// Reads one. What is wrong, where something is.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("begins with `redis://` or `rediss://`")?;
        let (base, way) = scheme.split_once('+').map_or((scheme, None), |(base, way)| (base, Some(way)));
        let tls = match base {
            "redis" => false,
            "rediss" => true,
            _ => return Err("begins with `redis://` or `rediss://`"),
        };
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        if user.is_some_and(|user| user.contains(':')) {
            return Err("holds no password: name its file in `redis.password_file`");
        }
        let user = user.filter(|user| !user.is_empty()).map(str::to_owned);
        let (hosts, name) = rest.split_once('/').map_or((rest, None), |(hosts, name)| (hosts, Some(name)));
        let name = name.filter(|name| !name.is_empty());
        let (way, port) = match (way, name) {
            (None, None) => (RedisWay::Server, PORT),
            (Some("cluster"), None) => (RedisWay::Cluster, PORT),
            (Some("sentinel"), Some(name)) => (RedisWay::Sentinel(name.to_owned()), SENTINEL_PORT),
            (Some("sentinel"), None) => return Err("names, after a slash, what the sentinels call the primary"),
            (None | Some("cluster"), Some(_)) => return Err("has nothing after its servers: there is one database"),
            (Some(_), _) => return Err("is `+cluster` or `+sentinel`, or one server"),
        };
        let servers = hosts.split(',').map(|host| server(host, port)).collect::<Option<Vec<_>>>();
        let servers = servers.ok_or("has servers like `host:6379`, with commas between them")?;
        if servers.len() > SERVERS_MAX {
            return Err("has at most 64 servers: the others are found through them");
        }
        if way == RedisWay::Server && servers.len() > 1 {
            return Err("has several servers: say `+cluster` or `+sentinel`");
        }
        Ok(Self { tls, way, user, servers })
    }
}

fn server(text: &str, port: u16) -> Option<(String, u16)> {
    let (host, given) = match text.strip_prefix('[') {
        // An IPv6 address.
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some(""))?)
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if given.is_empty() { port } else { given.parse().ok().filter(|port| *port != 0)? };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    (!host.is_empty() && host.bytes().all(fits)).then(|| (host.to_owned(), port))
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (way, name) = match &self.way {
            RedisWay::Server => ("", None),
            RedisWay::Cluster => ("+cluster", None),
            RedisWay::Sentinel(name) => ("+sentinel", Some(name)),
        };
        write!(f, "{}{way}://", if self.tls { "rediss" } else { "redis" })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        for (number, (host, port)) in self.servers.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            if host.contains(':') { write!(f, "{comma}[{host}]:{port}")? } else { write!(f, "{comma}{host}:{port}")? }
        }
        name.map_or(Ok(()), |name| write!(f, "/{name}"))
    }
}

impl<'de> Deserialize<'de> for RedisUrl {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{RedisUrl, RedisWay};

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            "redis://127.0.0.1:6379",
            "rediss://portcullis@redis.example:6380",
            "redis+cluster://a:7000,b:7001,[fd00::1]:7002",
            "rediss+sentinel://gate@s1:26379,s2:26379/main",
        ] {
            assert_eq!(RedisUrl::parse(text).unwrap().to_string(), text);
        }
        let usual = RedisUrl::parse("redis+sentinel://s1/main").unwrap();
        assert_eq!(
            (usual.servers, usual.way),
            (vec![("s1".to_owned(), 26_379)], RedisWay::Sentinel("main".to_owned()))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, problem) in [
            ("localhost:6379", "begins with"),
            ("http://localhost", "begins with"),
            ("redis://user:secret@localhost", "no password"),
            ("redis://:secret@localhost", "no password"),
            ("redis://", "has servers like"),
            ("redis://a:0", "has servers like"),
            ("redis://a:6379/1", "one database"),
            ("redis://a,b", "several servers"),
            ("redis+sentinel://a", "after a slash"),
            ("redis+other://a", "`+cluster` or `+sentinel`"),
            ("redis://a b", "has servers like"),
            ("redis://[fd00::1", "has servers like"),
        ] {
            let told = RedisUrl::parse(text).unwrap_err();
            assert!(told.contains(problem), "{text}: {told}");
            assert!(!told.contains("secret"));
        }
    }
}
