//! Being carried into another store: what the contract has no pages for.
//!
//! Names and due entries stand in sets that are known. Windows and requests' keys stand nowhere but under themselves, so
//! each server is asked for all of its keys (`SCAN`). Where servers changed meanwhile it begins anew: what is met twice is
//! put once.

use chrono::TimeDelta;
use futures_util::future::{join_all, try_join_all};
use redis::{Pipeline, Value, cmd};

use super::filling::{KEPT_LONGER, NOBODY};
use super::keys::{self, FIRST, NAME_BUCKETS};
use super::layout::Layout;
use super::node::Node;
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire::{self, bytes, list, unexpected};
use crate::crypto::{Partition, Token, sha256};
use crate::store::{
    IndexEntry, Mark, MovedRequest, MovedWindow, Page, REQUEST_KEPT, StoreError, Thing, Walked, WindowKey,
};

/// Keys that a server looks at in one go.
const LOOKED_AT: usize = 2_000;

const UNMARKED: StoreError = StoreError::Refused("a walk goes on from where none was");

/// Where a look at all keys goes on.
#[derive(Clone, Copy)]
struct Scan {
    /// Which servers those are: another number once one of them is another.
    servers: u64,
    /// Which of them is asked.
    server: u16,
    /// Where it goes on.
    cursor: u64,
}

impl Scan {
    fn of(mark: &[u8]) -> Option<Self> {
        let (servers, rest) = mark.split_first_chunk()?;
        let (server, cursor) = rest.split_first_chunk()?;
        let cursor = u64::from_be_bytes(cursor.try_into().ok()?);
        Some(Self { servers: u64::from_be_bytes(*servers), server: u16::from_be_bytes(*server), cursor })
    }

    fn mark(self) -> Mark {
        [&self.servers.to_be_bytes()[..], &self.server.to_be_bytes(), &self.cursor.to_be_bytes()].concat()
    }
}

impl RedisStore {
    pub(super) async fn walk_checked(
        &self,
        kind: Walked,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        match kind {
            Walked::Names => self.walk_names(after.as_deref(), limit).await,
            Walked::Due => self.walk_due(after.as_deref(), limit).await,
            Walked::Requests | Walked::Windows => self.walk_keys(kind, after.as_deref()).await,
        }
    }

    /// Whole buckets, as many as have some `limit` names.
    async fn walk_names(&self, after: Option<&[u8]>, limit: usize) -> Result<Page, StoreError> {
        let mut next = Some(match after {
            None => (FIRST, 0),
            Some([high, low, bucket @ ..]) => {
                let partition = Partition::new(u16::from_be_bytes([*high, *low])).ok_or(UNMARKED)?;
                (partition, bucket.try_into().map(u16::from_be_bytes).map_err(|_| UNMARKED)?)
            }
            Some(_) => return Err(UNMARKED),
        });
        let mut things = Vec::new();
        while let Some((partition, first)) = next.take_if(|_| things.len() < limit) {
            let (some, behind) = self.buckets_of_names(partition, first, limit).await?;
            things.extend(some);
            next = behind;
        }
        let mark =
            |(partition, bucket): (Partition, u16)| [partition.number().to_be_bytes(), bucket.to_be_bytes()].concat();
        Ok(Page { things, next: next.map(mark) })
    }

    /// The names of a partition's buckets from one on, and where it goes on; at least one bucket.
    async fn buckets_of_names(
        &self,
        partition: Partition,
        first: u16,
        limit: usize,
    ) -> Result<(Vec<Thing>, Option<(Partition, u16)>), StoreError> {
        let names = &self.fabric.keys;
        let buckets = (first..NAME_BUCKETS).map(|bucket| names.bucket_of_names(partition, bucket));
        let keys = [names.meta(partition)].into_iter().chain(buckets).collect();
        let (_, mut told) = self.ask(Step::script(partition, &SCRIPTS.lengths, keys, vec![self.life()])).await?;
        let mut lengths = list(told.next()?)?.into_iter();
        let (mut names, mut get, mut next) = (0_usize, Pipeline::new(), None);
        while let (Some(bucket), Some(length)) = (lengths.next(), lengths.next()) {
            let bucket = u16::try_from(wire::number(&bucket)?).ok().and_then(|behind| first.checked_add(behind));
            let bucket = bucket.ok_or_else(unexpected)?;
            names = names.saturating_add(usize::try_from(wire::number(&length)?).unwrap_or(usize::MAX));
            if names > limit && !get.is_empty() {
                next = Some((partition, bucket));
                break;
            }
            get.cmd("HGETALL").arg(self.fabric.keys.bucket_of_names(partition, bucket));
        }
        let mut things = Vec::new();
        if !get.is_empty() {
            for found in self.pipeline(partition, &get, get.len()).await? {
                things.extend(named(found)?);
            }
        }
        Ok((things, next.or_else(|| Some((Partition::new(partition.number().checked_add(1)?)?, 0)))))
    }

    async fn walk_due(&self, after: Option<&[u8]>, limit: usize) -> Result<Page, StoreError> {
        let after = after.map(|mark| wire::due_of(mark).ok_or(UNMARKED)).transpose()?;
        let first = after.map_or(FIRST, |due| due.account.partition());
        let mut things = Vec::new();
        for partition in Partition::all().skip(usize::from(first.number())) {
            let after = after.filter(|after| after.account.partition() == partition);
            let from = after.map_or_else(|| b"-".to_vec(), |after| [b"(", &wire::due(&after)[..]].concat());
            let rest = limit.saturating_sub(things.len());
            let key = self.fabric.keys.due(partition);
            let ask = cmd("ZRANGEBYLEX").arg(key).arg(from).arg("+").arg("LIMIT").arg(0).arg(rest).to_owned();
            for member in list(self.fabric.carry_out(Step::read(partition, ask)).await?)? {
                let member = bytes(member)?.ok_or_else(unexpected)?;
                let due = wire::due_of(&member).ok_or_else(|| wire::damaged("a due entry"))?;
                things.push(Thing::Due(due));
            }
            if things.len() >= limit {
                let next = match things.last() {
                    Some(Thing::Due(due)) => Some(wire::due(due)),
                    _ => None,
                };
                return Ok(Page { things, next });
            }
        }
        Ok(Page { things, next: None })
    }

    /// The next keys that a server has, and what stands under those of the kind.
    async fn walk_keys(&self, kind: Walked, after: Option<&[u8]>) -> Result<Page, StoreError> {
        let layout = self.fabric.whole_layout()?;
        let begin = Scan { servers: servers(&layout).await?, server: 0, cursor: 0 };
        let at = match after.map(|mark| Scan::of(mark).ok_or(UNMARKED)).transpose()? {
            Some(at) if at.servers == begin.servers => at,
            Some(_) | None => begin,
        };
        let Some(node) = layout.primaries.get(usize::from(at.server)) else { return Ok(Page::default()) };
        let letter = if kind == Walked::Requests { b'v' } else { b'w' };
        let (cursor, found) = self.scan(node, at.cursor, letter).await?;
        let things = if kind == Walked::Requests {
            self.requests_under(found).await?.into_iter().map(Thing::Request).collect()
        } else {
            self.windows_under(found).await?.into_iter().map(Thing::Window).collect()
        };
        let behind = match cursor {
            0 => Scan { server: at.server.saturating_add(1), cursor: 0, ..at },
            cursor => Scan { cursor, ..at },
        };
        if usize::from(behind.server) < layout.primaries.len() {
            return Ok(Page { things, next: Some(behind.mark()) });
        }
        // At the end those must have been the servers all the while, and each the one of the same parts.
        self.fabric.learn().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let servers = servers(&*self.fabric.whole_layout()?).await?;
        let anew = Scan { servers, server: 0, cursor: 0 };
        Ok(Page { things, next: (servers != at.servers).then(|| anew.mark()) })
    }

    /// Some keys of a server with that letter: their partitions and their names.
    pub(super) async fn scan(
        &self,
        node: &Node,
        cursor: u64,
        letter: u8,
    ) -> Result<(u64, Vec<(Partition, Token)>), StoreError> {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(self.fabric.keys.all_of(letter)).arg("COUNT").arg(LOOKED_AT);
        let mut told = wire::Told::list(self.of_node(node, scan).await?)?;
        let cursor = told.number()?;
        let keys = list(told.next()?)?.into_iter().map(|key| bytes(key)?.ok_or_else(unexpected));
        let named = |key: Result<Vec<u8>, StoreError>| key.map(|key| self.fabric.keys.named(&key, letter)).transpose();
        let found: Result<Vec<_>, StoreError> = keys.filter_map(named).collect();
        Ok((cursor, found?))
    }

    /// What one server answers to one command.
    pub(super) async fn of_node(&self, node: &Node, command: redis::Cmd) -> Result<Value, StoreError> {
        let lost = || StoreError::Unavailable(format!("the Redis at {} did not answer", node.address));
        match tokio::time::timeout(self.fabric.options.call_timeout, node.send(&command, false, false)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) | Err(_) => Err(lost()),
        }
    }

    async fn windows_under(&self, names: Vec<(Partition, Token)>) -> Result<Vec<MovedWindow>, StoreError> {
        let one = |(partition, token): (Partition, Token)| async move {
            let key = self.fabric.keys.window(partition, token);
            let (found, left) = self.for_a_time(partition, key).await?;
            let window = found.map(|bytes| wire::window_of(&bytes)).transpose()?;
            Ok::<_, StoreError>(window.map(|window| {
                let key = WindowKey { partition, token };
                MovedWindow { key, window, left }
            }))
        };
        Ok(try_join_all(names.into_iter().map(one)).await?.into_iter().flatten().collect())
    }

    async fn requests_under(&self, names: Vec<(Partition, Token)>) -> Result<Vec<MovedRequest>, StoreError> {
        let found = join_all(names.into_iter().map(|(_, request)| self.moved_request(request))).await;
        found.into_iter().filter_map(Result::transpose).collect()
    }

    /// What is kept of a request.
    pub(super) async fn moved_request(&self, request: Token) -> Result<Option<MovedRequest>, StoreError> {
        let (found, left) = self.for_a_time(request.partition(), self.fabric.keys.reservation(request)).await?;
        let Some(found) = found else { return Ok(None) };
        let unreadable = || wire::damaged("a reservation");
        let (digest, account) = found.split_first_chunk::<32>().ok_or_else(unreadable)?;
        let account = wire::token_of(account).ok_or_else(unreadable)?;
        let partition = account.partition();
        let get = cmd("GET").arg(self.fabric.keys.request(partition, request)).to_owned();
        let answer = bytes(self.fabric.carry_out(Step::read(partition, get)).await?)?.unwrap_or_default();
        let record = match answer.split_first_chunk::<32>() {
            Some((answered, record)) if answered == digest && !record.is_empty() => Some(wire::id_of(record)?),
            _ => None,
        };
        let left = (left - KEPT_LONGER).clamp(TimeDelta::zero(), REQUEST_KEPT);
        let account = Some(account).filter(|account| *account != NOBODY);
        Ok(Some(MovedRequest { request, digest: *digest, account, record, left }))
    }

    /// What stands under a key that is kept for a time, and how much of that is left.
    async fn for_a_time(&self, partition: Partition, key: Vec<u8>) -> Result<(Option<Vec<u8>>, TimeDelta), StoreError> {
        let get = Step::read(partition, cmd("GET").arg(&key).to_owned());
        let left = Step::read(partition, cmd("PTTL").arg(&key).to_owned());
        let (found, left) = tokio::join!(self.fabric.carry_out(get), self.fabric.carry_out(left));
        let left = match left? {
            Value::Int(millis) => TimeDelta::milliseconds(millis.max(0)),
            _ => return Err(unexpected()),
        };
        Ok((bytes(found?)?, left))
    }
}

/// Which servers those are, by what each calls its run, another one after a restart; and who has which part.
async fn servers(layout: &Layout) -> Result<u64, StoreError> {
    let mut runs = vec![layout.map()];
    for node in &layout.primaries {
        let lost = || StoreError::Unavailable(format!("the Redis at {} does not tell of itself", node.address));
        let info = node.send(cmd("INFO").arg("server"), false, false).await.map_err(|_| lost())?;
        let text = match info {
            Value::VerbatimString { text, .. } => text,
            other => String::from_utf8(bytes(other)?.unwrap_or_default()).map_err(|_| unexpected())?,
        };
        runs.push(
            text.lines().find_map(|line| line.strip_prefix("run_id:")).ok_or_else(lost)?.trim().as_bytes().to_vec(),
        );
    }
    let runs: Vec<&[u8]> = runs.iter().map(Vec::as_slice).collect();
    let digest = sha256(&runs);
    digest.first_chunk().map(|first| u64::from_be_bytes(*first)).ok_or_else(unexpected)
}

/// The names of a bucket.
fn named(found: Value) -> Result<Vec<Thing>, StoreError> {
    let mut found = list(found)?.into_iter();
    let mut names = Vec::new();
    while let (Some(name), Some(place)) = (found.next(), found.next()) {
        let (Some(name), Some(place)) = (bytes(name)?, bytes(place)?) else { return Err(unexpected()) };
        let name = wire::token_of(&name).ok_or_else(|| wire::damaged("a name"))?;
        let place = keys::place_named(name, &place).ok_or_else(|| wire::damaged("a name's place"))?;
        names.push(Thing::Name(IndexEntry { name, place }));
    }
    Ok(names)
}
