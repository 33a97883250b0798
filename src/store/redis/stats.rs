//! How much a store holds, counted key by key while engines go on; and what it takes, from a sample of each kind.

use std::collections::BTreeMap;

use redis::{Pipeline, Value, cmd};

use super::fabric::Fabric;
use super::keys::slot_named;
use super::node::Node;
use super::opening::learnt;
use super::options::{RedisOpenError, RedisOptions};
use super::wire::{Told, bytes, list, number, unexpected};
use crate::store::{KindStats, LedgerStats, Slot, Stats, StoreError};

/// Keys that a server looks at in one go.
const LOOKED_AT: usize = 1_000;

/// Keys of each kind that are weighed of those.
const WEIGHED: usize = 16;

/// Kinds of keys, and what they are told as. What shares a name is counted together.
const KEYS: [(u8, &str); 14] = [
    (b'a', "accounts"),
    (b'p', "permits"),
    (b'r', "records"),
    (b'n', "names"),
    (b'd', "due entries"),
    (b'q', "requests"),
    (b'v', "reservations"),
    (b'w', "windows"),
    (b'k', "lists of accounts"),
    (b'j', "lists of records"),
    (b'g', "lists of permits"),
    (b'm', "partitions"),
    (b'l', "leases"),
    (b'x', "marks of keys"),
];

/// Of a kind of key.
#[derive(Default, Clone, Copy)]
struct Weighed {
    keys: u64,
    /// What is in them, where a key holds many.
    members: u64,
    sampled: u64,
    bytes: u64,
}

/// What is met.
#[derive(Default)]
struct Met {
    by_letter: BTreeMap<u8, Weighed>,
    lines: u64,
    credentials: u64,
    documents: u64,
    ledgers: BTreeMap<u16, LedgerStats>,
}

/// Looks at all keys of a store. `tell` hears how many were looked at so far.
///
/// # Errors
///
/// When a server cannot be reached, or does not tell.
pub async fn stats(options: RedisOptions, tell: &mut (dyn FnMut(u64) + Send)) -> Result<Stats, RedisOpenError> {
    let fabric = learnt(options).await?;
    let (mut met, mut looked_at, mut memory) = (Met::default(), 0_u64, 0_u64);
    let pattern = [fabric.options.prefix.as_bytes(), b":{*}:*"].concat();
    for node in &fabric.whole_layout()?.primaries {
        let mut cursor = 0;
        loop {
            let scan = cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(LOOKED_AT).to_owned();
            let mut told = Told::list(asked(&fabric, node, &single(scan)).await?.pop().ok_or_else(unexpected)?)?;
            cursor = told.number()?;
            let keys: Result<Vec<_>, StoreError> =
                list(told.next()?)?.into_iter().map(|key| bytes(key)?.ok_or_else(unexpected)).collect();
            let keys = keys?;
            looked_at = looked_at.saturating_add(keys.len() as u64);
            met.take(&fabric, node, &keys).await?;
            tell(looked_at);
            if cursor == 0 {
                break;
            }
        }
        let info = asked(&fabric, node, &single(cmd("INFO").arg("memory").to_owned())).await?;
        memory = memory.saturating_add(used_memory(info.into_iter().next().ok_or_else(unexpected)?)?);
    }
    Ok(met.told(memory))
}

fn single(command: redis::Cmd) -> Pipeline {
    let mut one = Pipeline::new();
    one.add_command(command);
    one
}

async fn asked(fabric: &Fabric, node: &Node, ask: &Pipeline) -> Result<Vec<Value>, StoreError> {
    let lost = || StoreError::Unavailable(format!("the Redis at {} did not answer", node.address));
    let sent = tokio::time::timeout(fabric.options.call_timeout, node.send_all(ask, ask.len())).await;
    let one = |value| match value {
        Value::ServerError(error) => Err(StoreError::Unavailable(redis::RedisError::from(error).to_string())),
        value => Ok(value),
    };
    sent.map_err(|_| lost())?.map_err(|_| lost())?.into_iter().map(one).collect()
}

fn used_memory(info: Value) -> Result<u64, StoreError> {
    let text = match info {
        Value::VerbatimString { text, .. } => text,
        other => String::from_utf8(bytes(other)?.unwrap_or_default()).map_err(|_| unexpected())?,
    };
    let used = text.lines().find_map(|line| line.strip_prefix("used_memory:")?.trim().parse().ok());
    used.ok_or_else(unexpected)
}

/// The partition and the letter of a key.
fn parted(prefix: &str, key: &[u8]) -> Option<(u16, u8)> {
    let rest = key.strip_prefix(prefix.as_bytes())?.strip_prefix(b":{")?;
    let (partition, rest) = rest.split_first_chunk::<4>()?;
    let letter = rest.strip_prefix(b"}:")?.first()?;
    Some((std::str::from_utf8(partition).ok()?.parse().ok()?, *letter))
}

/// What is asked of a key beside its weight.
fn what_of(letter: u8) -> Option<&'static str> {
    match letter {
        b'a' => Some("HKEYS"),
        b'n' => Some("HLEN"),
        b'd' | b'k' => Some("ZCARD"),
        b'j' | b'g' => Some("XLEN"),
        _ => None,
    }
}

impl Met {
    async fn take(&mut self, fabric: &Fabric, node: &Node, keys: &[Vec<u8>]) -> Result<(), StoreError> {
        let mut ask = Pipeline::new();
        let mut asked_of: Vec<(u16, u8, bool)> = Vec::new();
        let mut weighed: BTreeMap<u8, usize> = BTreeMap::new();
        for key in keys {
            let Some((partition, letter)) = parted(&fabric.options.prefix, key) else { continue };
            let kind = self.by_letter.entry(letter).or_default();
            kind.keys = kind.keys.saturating_add(1);
            if let Some(what) = what_of(letter) {
                ask.cmd(what).arg(key);
                asked_of.push((partition, letter, false));
            } else if letter == b'm' {
                ask.cmd("HGET").arg(key).arg("a");
                asked_of.push((partition, letter, false));
            }
            let so_far = weighed.entry(letter).or_default();
            if *so_far < WEIGHED {
                *so_far = so_far.saturating_add(1);
                ask.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0);
                asked_of.push((partition, letter, true));
            }
        }
        if ask.is_empty() {
            return Ok(());
        }
        for ((partition, letter, is_weight), told) in asked_of.into_iter().zip(asked(fabric, node, &ask).await?) {
            self.hear(partition, letter, is_weight, told)?;
        }
        Ok(())
    }

    fn hear(&mut self, partition: u16, letter: u8, is_weight: bool, told: Value) -> Result<(), StoreError> {
        // It went meanwhile, or was never there.
        if told == Value::Nil {
            return Ok(());
        }
        if is_weight {
            let kind = self.by_letter.entry(letter).or_default();
            kind.sampled = kind.sampled.saturating_add(1);
            kind.bytes = kind.bytes.saturating_add(number(&told)?);
            return Ok(());
        }
        let mut ledger = |change: fn(&mut LedgerStats, u64), by| {
            let empty = LedgerStats { journal: partition, records: 0, trimmed_to: 0 };
            change(self.ledgers.entry(partition).or_insert(empty), by);
        };
        match letter {
            b'a' => {
                for field in list(told)? {
                    match slot_named(&bytes(field)?.ok_or_else(unexpected)?) {
                        Some(Slot::Line(_)) => self.lines = self.lines.saturating_add(1),
                        Some(Slot::Credentials) => self.credentials = self.credentials.saturating_add(1),
                        Some(Slot::Document(_)) => self.documents = self.documents.saturating_add(1),
                        _ => {}
                    }
                }
            }
            b'm' => ledger(|ledger, place| ledger.trimmed_to = place, number(&told)?),
            _ => {
                let members = number(&told)?;
                if letter == b'j' {
                    ledger(|ledger, records| ledger.records = records, members);
                }
                let kind = self.by_letter.entry(letter).or_default();
                kind.members = kind.members.saturating_add(members);
            }
        }
        Ok(())
    }

    fn told(self, bytes: u64) -> Stats {
        let mut kinds = Vec::new();
        for (letter, name) in KEYS {
            let kind = self.by_letter.get(&letter).copied().unwrap_or_default();
            let holds_many = matches!(letter, b'n' | b'd');
            let count = if holds_many { kind.members } else { kind.keys };
            let all = u128::from(kind.bytes).saturating_mul(kind.keys.into()).checked_div(kind.sampled.into());
            let bytes = u64::try_from(all.unwrap_or(0)).unwrap_or(u64::MAX);
            kinds.push(KindStats { kind: name, count, bytes: Some(bytes) });
            if letter == b'a' {
                let within = [("credentials", self.credentials), ("lines", self.lines), ("documents", self.documents)];
                kinds.extend(within.map(|(name, count)| KindStats { kind: name, count, bytes: None }));
            }
        }
        Stats { kinds, ledgers: self.ledgers.into_values().collect(), bytes, is_sampled: true }
    }
}
