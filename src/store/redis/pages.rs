//! Reading all of something, page by page. None of it is on the way of a decision, and none holds up a commit for longer
//! than it takes to read one page.

use chrono::{DateTime, Utc};
use redis::{Cmd, Pipeline, Value, cmd};

use super::keys::{self, ACCOUNT_BUCKETS, FIRST, account_bucket, slot_named};
use super::loading::count;
use super::node::NoAnswer;
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire::{self, Told, bytes, list};
use crate::crypto::{Partition, Token};
use crate::domain::RecordId;
use crate::store::bounds::check_journal;
use crate::store::{DueEntry, Journalled, PAGE_BYTES, PermitRow, ROWS_MAX, Row, Slot, StoreError};

/// Bodies fetched in one go: a page of the longest ones is not much longer than a page may be.
const BODIES_AT_ONCE: usize = 4;

/// Short bodies are fetched many at a time, once a few have shown how long they are.
const SHORT_BODIES_AT_ONCE: usize = 256;

/// Places of permits: so many low bits count within a partition.
const PERMIT_BITS: u32 = 48;

impl RedisStore {
    pub(super) async fn journal_page(
        &self,
        journal: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Journalled>, StoreError> {
        check_journal(journal, Partition::COUNT)?;
        let partition = Partition::new(journal).unwrap_or(FIRST);
        let ids = self.journalled(partition, after, limit.clamp(1, ROWS_MAX)).await?;
        let key = |(_, id): &(u64, RecordId)| self.fabric.keys.record(partition, *id);
        let bodies = self.bodies(partition, &ids, key).await?;
        let mut page = Vec::with_capacity(bodies.len());
        for ((place, id), body) in ids.into_iter().zip(bodies) {
            // What was taken out meanwhile is no longer part of the journal.
            let Some(body) = body else { continue };
            let record = wire::record_of(body)?;
            page.push(Journalled { place, id, account: record.account, body: record.body });
        }
        Ok(page)
    }

    /// The places and ids of a journal after a place. Their bodies never change: whoever has them has the record.
    async fn journalled(
        &self,
        partition: Partition,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, RecordId)>, StoreError> {
        let Some(args) = behind(after, limit) else { return Ok(Vec::new()) };
        places(self.read_proven(partition, "XRANGE", self.fabric.keys.journal(partition), args).await?)
    }

    /// The places and ids of permits after a place.
    async fn granted(
        &self,
        partition: Partition,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, RecordId)>, StoreError> {
        let Some(args) = behind(after, limit) else { return Ok(Vec::new()) };
        let read = cmd("XRANGE").arg(self.fabric.keys.permits(partition)).arg(&args).to_owned();
        places(self.fabric.carry_out(Step::read(partition, read)).await?)
    }

    /// What a command reads of one key. What it finds is told once the server that found it has proven it: whoever acts on
    /// what is read acts on nothing that a failover loses. Where nothing is found there is nothing to prove.
    async fn read_proven(
        &self,
        partition: Partition,
        name: &'static str,
        key: Vec<u8>,
        args: Vec<Vec<u8>>,
    ) -> Result<Value, StoreError> {
        let read = cmd(name).arg(&key).arg(&args).to_owned();
        let found = self.fabric.carry_out(Step::read(partition, read)).await?;
        let is_nothing = matches!(&found, Value::Array(all) if all.iter().all(|one| *one == Value::Nil));
        if is_nothing || self.fabric.options.durability.replicas().is_none() {
            return Ok(found);
        }
        // Read again and written behind in one step: another server may have taken over since.
        let keys = vec![self.fabric.keys.meta(partition), key];
        let args = [self.life(), name.as_bytes().to_vec()].into_iter().chain(args).collect();
        let (_, mut told) = self.ask(Step::script(partition, &SCRIPTS.look, keys, args).proven(true)).await?;
        told.next()
    }

    /// The bodies of as many as fit on a page.
    async fn bodies<T>(
        &self,
        partition: Partition,
        wanted: &[T],
        key: impl Fn(&T) -> Vec<u8>,
    ) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let (mut found, mut length, mut at_once) = (Vec::with_capacity(wanted.len()), 0_usize, BODIES_AT_ONCE);
        while length <= PAGE_BYTES && found.len() < wanted.len() {
            let mut get = cmd("MGET");
            for one in wanted.iter().skip(found.len()).take(at_once) {
                get.arg(key(one));
            }
            for body in list(self.fabric.carry_out(Step::read(partition, get)).await?)? {
                let body = bytes(body)?;
                if length <= PAGE_BYTES {
                    length = length.saturating_add(body.as_ref().map_or(0, Vec::len));
                    found.push(body);
                }
            }
            let average = length.checked_div(found.len()).unwrap_or(0).max(1);
            at_once = (PAGE_BYTES / 4 / average).clamp(BODIES_AT_ONCE, SHORT_BODIES_AT_ONCE);
        }
        Ok(found)
    }

    pub(super) async fn accounts_page(&self, after: Option<Token>, limit: usize) -> Result<Vec<Token>, StoreError> {
        let limit = limit.clamp(1, ROWS_MAX);
        let first = after.map_or(FIRST, Token::partition);
        let mut found: Vec<Token> = Vec::new();
        for partition in Partition::all().skip(usize::from(first.number())) {
            let after = after.filter(|after| after.partition() == partition);
            let buckets = after.map_or(0, account_bucket)..ACCOUNT_BUCKETS;
            let mut ask = Pipeline::new();
            let from = after.map_or_else(|| b"-".to_vec(), |after| [b"(", &after.as_bytes()[..]].concat());
            for bucket in buckets.clone() {
                let key = self.fabric.keys.accounts(partition, bucket);
                let rest = limit.saturating_sub(found.len());
                ask.cmd("ZRANGEBYLEX").arg(key).arg(&from).arg("+").arg("LIMIT").arg(0).arg(rest);
            }
            for members in self.pipeline(partition, &ask, buckets.len()).await? {
                for member in list(members)? {
                    let member = bytes(member)?.ok_or_else(wire::unexpected)?;
                    found.push(wire::token_of(&member).ok_or_else(|| wire::damaged("an account's name"))?);
                }
            }
            found.truncate(limit);
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    pub(super) async fn due_page(&self, until: DateTime<Utc>, limit: usize) -> Result<Vec<DueEntry>, StoreError> {
        let limit = limit.min(ROWS_MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        // Up to and including: longer than any entry of that instant.
        let last = [b"[", &wire::instant(until)[..], &[0xff; 2 * Token::BYTES + 1]].concat();
        let mut found = Vec::new();
        let asked = self.fabric.whole_layout()?.shares().into_iter().map(|(_, share)| {
            let last = &last;
            async move {
                let mut ask = Pipeline::new();
                for partition in &share {
                    let key = self.fabric.keys.due(*partition);
                    ask.cmd("ZRANGEBYLEX").arg(key).arg("-").arg(last).arg("LIMIT").arg(0).arg(limit);
                }
                match share.first() {
                    Some(partition) => self.pipeline(*partition, &ask, share.len()).await,
                    None => Ok(Vec::new()),
                }
            }
        });
        for answers in futures_util::future::join_all(asked).await {
            for members in answers? {
                for member in list(members)? {
                    let member = bytes(member)?.ok_or_else(wire::unexpected)?;
                    found.push(wire::due_of(&member).ok_or_else(|| wire::damaged("a due entry"))?);
                }
            }
        }
        found.sort_unstable();
        found.truncate(limit);
        Ok(found)
    }

    pub(super) async fn rows_page(
        &self,
        account: Token,
        after: Option<Slot>,
        limit: usize,
    ) -> Result<Vec<(Slot, Row)>, StoreError> {
        let (partition, limit) = (account.partition(), limit.clamp(1, ROWS_MAX));
        let key = self.fabric.keys.account(account);
        let names = list(self.fabric.carry_out(Step::read(partition, cmd("HKEYS").arg(&key).to_owned())).await?)?;
        let mut slots = Vec::with_capacity(names.len());
        for name in names {
            let name = bytes(name)?.ok_or_else(wire::unexpected)?;
            slots.push(slot_named(&name).ok_or_else(|| wire::damaged("a row's name"))?);
        }
        slots.sort_unstable();
        slots.retain(|slot| after.is_none_or(|after| *slot > after));
        slots.truncate(limit);
        let (mut page, mut length, mut at_once) = (Vec::with_capacity(slots.len()), 0_usize, BODIES_AT_ONCE);
        let mut slots = slots.into_iter().peekable();
        while slots.peek().is_some() && length <= PAGE_BYTES {
            let some: Vec<Slot> = slots.by_ref().take(at_once).collect();
            let fields = some.iter().filter_map(|slot| keys::field(*slot)).collect();
            let found = list(self.read_proven(partition, "HMGET", key.clone(), fields).await?)?;
            for (slot, body) in some.into_iter().zip(found) {
                let Some(body) = bytes(body)? else { continue };
                if length <= PAGE_BYTES {
                    length = length.saturating_add(body.len());
                    page.push((slot, wire::row_of(body)?));
                }
            }
            let average = length.checked_div(page.len()).unwrap_or(0).max(1);
            at_once = (PAGE_BYTES / 4 / average).clamp(BODIES_AT_ONCE, SHORT_BODIES_AT_ONCE);
        }
        Ok(page)
    }

    pub(super) async fn permits_page(&self, after: Option<u64>, limit: usize) -> Result<Vec<PermitRow>, StoreError> {
        let limit = limit.clamp(1, ROWS_MAX);
        let after = after.unwrap_or(0);
        let (first, within) = (after >> PERMIT_BITS, after & ((1 << PERMIT_BITS) - 1));
        let Some(first) = u16::try_from(first).ok().and_then(Partition::new) else { return Ok(Vec::new()) };
        for partition in self.with_permits(first).await? {
            let after = if partition == first { within } else { 0 };
            let ids = self.granted(partition, after, limit).await?;
            let key = |(_, id): &(u64, RecordId)| self.fabric.keys.permit(partition, *id);
            let bodies = self.bodies(partition, &ids, key).await?;
            let mut page = Vec::with_capacity(bodies.len());
            for ((number, id), body) in ids.into_iter().zip(bodies) {
                let Some(body) = body else { continue };
                let (account, row) = wire::permit_of(body)?;
                let place = (u64::from(partition.number()) << PERMIT_BITS) | number;
                page.push(PermitRow { place, account, id, row });
            }
            if !page.is_empty() {
                return Ok(page);
            }
        }
        Ok(Vec::new())
    }

    /// The partitions from one on that have permits.
    async fn with_permits(&self, first: Partition) -> Result<Vec<Partition>, StoreError> {
        let mut found = Vec::new();
        for (_, share) in self.fabric.whole_layout()?.shares() {
            let share: Vec<Partition> = share.into_iter().filter(|partition| *partition >= first).collect();
            let Some(any) = share.first() else { continue };
            let mut ask = Pipeline::new();
            for partition in &share {
                ask.cmd("HGET").arg(self.fabric.keys.meta(*partition)).arg("g");
            }
            let told = self.pipeline(*any, &ask, share.len()).await?;
            let has = |(partition, told): (&Partition, Value)| (told != Value::Nil).then_some(*partition);
            found.extend(share.iter().zip(told).filter_map(has));
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Many reads of partitions that one server has. A slot that moved meanwhile makes it unavailable, for a moment.
    pub(super) async fn pipeline(
        &self,
        partition: Partition,
        ask: &Pipeline,
        count: usize,
    ) -> Result<Vec<Value>, StoreError> {
        self.fabric.is_free()?;
        let layout = self.fabric.layout.load_full();
        let node = layout.primary(partition).ok_or_else(|| self.fabric.why_nobody())?;
        let _waiting = self.fabric.waits.begin();
        let sent = tokio::time::timeout(self.fabric.options.call_timeout, node.send_all(ask, count)).await;
        let lost = |why: String| {
            self.fabric.look_again();
            StoreError::Unavailable(why)
        };
        let answers = match sent {
            Err(_) => return Err(lost("the Redis did not answer in time".to_owned())),
            Ok(Err(NoAnswer::Refused(error) | NoAnswer::Lost(error) | NoAnswer::NotSent(error))) => {
                return Err(lost(error.to_string()));
            }
            Ok(Err(NoAnswer::Unproven)) => return Err(wire::unexpected()),
            Ok(Ok(answers)) => answers,
        };
        let one = |value| match value {
            Value::ServerError(error) => Err(lost(redis::RedisError::from(error).to_string())),
            value => Ok(value),
        };
        answers.into_iter().map(one).collect()
    }

    /// The oldest records of a journal up to a place, at most `limit`.
    pub(super) async fn oldest(
        &self,
        partition: Partition,
        up_to: u64,
        limit: usize,
    ) -> Result<Vec<(u64, RecordId)>, StoreError> {
        let mut oldest = self.journalled(partition, 0, limit).await?;
        oldest.retain(|(place, _)| *place <= up_to);
        Ok(oldest)
    }

    /// A command that reads fields of a partition's meta.
    pub(super) fn fields(&self, partition: Partition, names: &[&str]) -> Cmd {
        let mut get = cmd("HMGET");
        get.arg(self.fabric.keys.meta(partition));
        for name in names {
            get.arg(*name);
        }
        get
    }
}

/// What `XRANGE` is given for so many entries after a place; nothing where none can come.
fn behind(after: u64, limit: usize) -> Option<Vec<Vec<u8>>> {
    let from = format!("{}-0", after.checked_add(1)?).into_bytes();
    Some(vec![from, b"+".to_vec(), b"COUNT".to_vec(), count(limit)])
}

/// The places and ids that a stream's entries hold.
fn places(entries: Value) -> Result<Vec<(u64, RecordId)>, StoreError> {
    let one = |entry| {
        let mut entry = Told::list(entry)?;
        let place = entry.bytes()?;
        let place = std::str::from_utf8(&place).ok().and_then(|text| text.strip_suffix("-0")?.parse().ok());
        let mut fields = entry.inner()?;
        fields.bytes()?;
        Ok((place.ok_or_else(|| wire::damaged("a place"))?, wire::id_of(&fields.bytes()?)?))
    };
    list(entries)?.into_iter().map(one).collect()
}
