//! What a server must promise before anything is entrusted to it.

use redis::{Pipeline, Value};

use super::node::{NoAnswer, Node};
use super::options::{RedisDurability, RedisOpenError};

/// The oldest server that does what the scripts ask.
const VERSION_MIN: (u32, u32) = (7, 0);

/// Looks whether a primary keeps what it is given, and how many replicas follow it.
pub(super) async fn keeps(node: &Node, durability: &RedisDurability) -> Result<u32, RedisOpenError> {
    let told = Told::by(node).await?;
    let refused = |what: String, advice| Err(RedisOpenError::Unsafe { address: node.address.clone(), what, advice });
    if told.version() < VERSION_MIN {
        let what = format!("is of version {}", told.info("redis_version").unwrap_or("unknown"));
        return refused(what, "use 7.0 or a later one");
    }
    if told.info("role") != Some("master") {
        return Err(RedisOpenError::NotPrimary { address: node.address.clone() });
    }
    let policy = told.setting("maxmemory-policy").or_else(|| told.info("maxmemory_policy"));
    if policy != Some("noeviction") {
        let what = format!("throws away what it has no room for (maxmemory-policy {})", policy.unwrap_or("unknown"));
        return refused(what, "set `maxmemory-policy noeviction`");
    }
    let replicas = told.replicas();
    if matches!(durability, RedisDurability::LoseAcknowledged(_)) {
        return Ok(replicas);
    }
    if told.setting("appendonly") != Some("yes") && told.info("aof_enabled") != Some("1") {
        return refused("keeps nothing when it ends (appendonly no)".to_owned(), "set `appendonly yes`");
    }
    match durability {
        RedisDurability::Fsync => match told.setting("appendfsync") {
            Some("always") => Ok(replicas),
            found => refused(
                format!("answers before what it was given is on its disk (appendfsync {})", found.unwrap_or("unknown")),
                "set `appendfsync always`, and let the engine's user read it with CONFIG GET",
            ),
        },
        RedisDurability::Replicated(asked) => {
            let found = told.info("connected_slaves").and_then(|text| text.parse().ok()).unwrap_or(0);
            if found < *asked {
                return Err(RedisOpenError::FewReplicas { address: node.address.clone(), found, asked: *asked });
            }
            Ok(replicas)
        }
        RedisDurability::LoseAcknowledged(_) => Ok(replicas),
    }
}

/// What a server says of itself.
struct Told {
    info: String,
    settings: Vec<(String, String)>,
}

impl Told {
    async fn by(node: &Node) -> Result<Self, RedisOpenError> {
        let mut commands = Pipeline::new();
        commands.cmd("INFO");
        for setting in ["maxmemory-policy", "appendonly", "appendfsync"] {
            commands.cmd("CONFIG").arg("GET").arg(setting);
        }
        let unreachable =
            |error: &dyn std::fmt::Display| RedisOpenError::Unreachable(format!("{} at {}", error, node.address));
        let answers = node.send_all(&commands, 4).await.map_err(|error| match error {
            NoAnswer::Refused(error) | NoAnswer::Lost(error) | NoAnswer::NotSent(error) => unreachable(&error),
            NoAnswer::Unproven => unreachable(&"no proof"),
        })?;
        let mut answers = answers.into_iter();
        let info = match answers.next() {
            Some(Value::BulkString(text)) => String::from_utf8_lossy(&text).into_owned(),
            Some(Value::VerbatimString { text, .. }) => text,
            Some(Value::ServerError(error)) => return Err(unreachable(&redis::RedisError::from(error))),
            _ => return Err(unreachable(&"it does not tell INFO")),
        };
        // A user that may not read settings is told what INFO tells.
        let settings = answers.filter_map(|answer| match answer {
            Value::Array(pair) => match pair.as_slice() {
                [Value::BulkString(name), Value::BulkString(value)] => {
                    Some((String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(value).into_owned()))
                }
                _ => None,
            },
            _ => None,
        });
        Ok(Self { info, settings: settings.collect() })
    }

    fn info(&self, name: &str) -> Option<&str> {
        self.info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    /// Replicas that have all of it, and are given what comes.
    fn replicas(&self) -> u32 {
        let is_online = |line: &&str| {
            let of = line.strip_prefix("slave").and_then(|rest| rest.split_once(':'));
            of.is_some_and(|(number, told)| {
                number.bytes().all(|digit| digit.is_ascii_digit()) && told.split(',').any(|part| part == "state=online")
            })
        };
        u32::try_from(self.info.lines().map(str::trim).filter(is_online).count()).unwrap_or(u32::MAX)
    }

    fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn version(&self) -> (u32, u32) {
        let mut parts = self.info("redis_version").unwrap_or("0").split('.').map(|part| part.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }
}
