//! Being filled from another store: what is put stands there as the other one kept it.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use redis::cmd;

use super::keys::{self, FIRST, account_bucket, field};
use super::loading::number;
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire;
use crate::crypto::{Partition, Token};
use crate::store::{Filling, MovedRequest, Slot, StoreError, Thing};

/// Whose a reservation is that was made for an account nobody knows any more: the next one that asks the same.
pub(super) const NOBODY: Token = Token::from_bytes([0; Token::BYTES]);

/// What goes into one partition: keys and arguments of the script.
#[derive(Default)]
struct Part {
    keys: Vec<Vec<u8>>,
    args: Vec<Vec<u8>>,
}

impl Part {
    fn put<const K: usize, const A: usize>(&mut self, kind: u8, keys: [Vec<u8>; K], args: [Vec<u8>; A]) {
        self.keys.extend(keys);
        self.args.push(vec![kind]);
        self.args.extend(args);
    }
}

/// What goes into each.
#[derive(Default)]
struct Parts(BTreeMap<Partition, Part>);

impl Parts {
    fn of(&mut self, partition: Partition) -> &mut Part {
        self.0.entry(partition).or_default()
    }
}

impl RedisStore {
    pub(super) async fn fill_checked(&self, filling: Filling) -> Result<(), StoreError> {
        self.is_filling()?;
        let mut parts = Parts::default();
        for thing in filling.things {
            self.put(thing, &mut parts)?;
        }
        let steps = parts.0.into_iter().map(|(partition, part)| {
            let keys = [self.fabric.keys.meta(partition)].into_iter().chain(part.keys).collect();
            let args = [self.life()].into_iter().chain(part.args).collect();
            self.ask(Step::script(partition, &SCRIPTS.fill, keys, args).proven(true))
        });
        for done in futures_util::future::join_all(steps).await {
            done?;
        }
        // Only once all of it is there.
        self.remember_filled(&filling.reached).await
    }

    async fn remember_filled(&self, reached: &[u8]) -> Result<(), StoreError> {
        let put = cmd("HSET").arg(self.fabric.keys.meta(FIRST)).arg("cr").arg(reached).to_owned();
        self.fabric.carry_out(Step::read(FIRST, put).proven(true)).await.map(|_| ())
    }

    fn put(&self, thing: Thing, parts: &mut Parts) -> Result<(), StoreError> {
        let names = &self.fabric.keys;
        match thing {
            Thing::Row { account, slot: Slot::Permit(id), row } => {
                let partition = account.partition();
                let value = wire::row(row.version, Some(account), &row.body);
                let keys = [names.permit(partition, id), names.permits(partition)];
                parts.of(partition).put(b'p', keys, [id.to_bytes().to_vec(), value]);
            }
            Thing::Row { account, slot, row } => {
                let partition = account.partition();
                let keys = [names.account(account), names.accounts(partition, account_bucket(account))];
                let value = wire::row(row.version, None, &row.body);
                let args = [field(slot).unwrap_or_default(), value, account.as_bytes().to_vec()];
                parts.of(partition).put(b'a', keys, args);
            }
            Thing::Record { journal: _, record } => {
                let partition = record.account.partition();
                let keys = [names.record(partition, record.id), names.journal(partition)];
                let value = wire::record(record.account, &record.body);
                parts.of(partition).put(b'r', keys, [record.id.to_bytes().to_vec(), value, number(record.place)]);
            }
            Thing::Name(entry) => {
                let args = [entry.name.as_bytes().to_vec(), keys::place(entry.name, entry.place)];
                parts.of(entry.name.partition()).put(b'n', [names.names(entry.name)], args);
            }
            Thing::Due(due) => {
                let partition = due.account.partition();
                parts.of(partition).put(b'd', [names.due(partition)], [wire::due(&due)]);
            }
            Thing::Request(request) => self.put_request(&request, parts),
            Thing::Window(window) => {
                let partition = window.key.partition;
                let key = names.window(partition, window.key.token);
                parts.of(partition).put(b't', [key], [wire::window(&window.window), millis(window.left)]);
            }
            Thing::Archived(journal, up_to) => {
                let partition = Partition::new(journal).ok_or(StoreError::Refused("there is no such journal"))?;
                let part = parts.of(partition);
                part.put(b'm', [], [b"a".to_vec(), number(up_to.place)]);
                part.put(b'm', [], [b"at".to_vec(), wire::instant(up_to.at).to_vec()]);
                part.put(b'm', [], [b"am".to_vec(), up_to.manifest.to_vec()]);
            }
        }
        Ok(())
    }

    /// Its answer stands with the account, and its reservation where its own token says.
    fn put_request(&self, moved: &MovedRequest, parts: &mut Parts) {
        let names = &self.fabric.keys;
        let kept = millis(moved.left + KEPT_LONGER);
        let answered_in = moved.record.map(|id| moved.account.map_or_else(|| self.partition_of(id), Token::partition));
        let account = moved.account.or_else(|| answered_in.map(somebody)).unwrap_or(NOBODY);
        let reservation = [&moved.digest[..], account.as_bytes()].concat();
        let own = moved.request.partition();
        parts.of(own).put(b't', [names.reservation(moved.request)], [reservation, kept.clone()]);
        if let Some((partition, record)) = answered_in.zip(moved.record) {
            let answer = [&moved.digest[..], &record.to_bytes()].concat();
            let key = names.request(partition, moved.request);
            parts.of(partition).put(b't', [key], [answer, kept]);
        }
    }
}

/// By the servers' own clock keys are kept a day longer than they must be.
pub(super) const KEPT_LONGER: TimeDelta = TimeDelta::days(1);

/// An account of a partition that nobody has: where a record is all that is known of an answer, whoever asks again is sent
/// to its partition.
fn somebody(partition: Partition) -> Token {
    let first = u128::from(partition.number()) << (u128::BITS - Partition::COUNT.trailing_zeros());
    Token::from_bytes((first | 1).to_be_bytes())
}

fn millis(time: TimeDelta) -> Vec<u8> {
    number(time.num_milliseconds().max(1).cast_unsigned())
}
