//! The contract of a store that is carried into another one, or filled from one.

use chrono::{DateTime, Utc};
use redis::{Pipeline, cmd};

use super::keys::FIRST;
use super::step::Step;
use super::store::RedisStore;
use super::wire::{self, Told, bytes};
use crate::crypto::{Partition, Token, sha256};
use crate::store::{
    ArchivedUpTo, Filling, Mark, Movable, MovedRequest, Page, ROWS_MAX, Reply, Standing, StoreError, Walked,
};

impl RedisStore {
    async fn standing_checked(&self) -> Result<Standing, StoreError> {
        self.is_held()?;
        let mut positions = vec![0_u64; usize::from(Partition::COUNT)];
        let mut highest: Option<DateTime<Utc>> = None;
        for (_, share) in self.fabric.whole_layout()?.shares() {
            let Some(any) = share.first() else { continue };
            let mut ask = Pipeline::new();
            for partition in &share {
                ask.cmd("HMGET").arg(self.fabric.keys.meta(*partition)).arg("s").arg("t");
            }
            for (partition, told) in share.iter().zip(self.pipeline(*any, &ask, share.len()).await?) {
                let mut told = Told::list(told)?;
                let position = told.found()?.map_or(Ok(0), |text| wire::number(&redis::Value::BulkString(text)))?;
                if let Some(place) = positions.get_mut(usize::from(partition.number())) {
                    *place = position;
                }
                let unreadable = || wire::damaged("the highest instant");
                let at = told.found()?.map(|at| wire::instant_of(&at).ok_or_else(unreadable)).transpose()?;
                highest = highest.max(at);
            }
        }
        let positions: Vec<[u8; 8]> = positions.into_iter().map(u64::to_be_bytes).collect();
        let epoch = self.epoch.to_be_bytes();
        let parts: Vec<&[u8]> = [&epoch[..]].into_iter().chain(positions.iter().map(|one| &one[..])).collect();
        Ok(Standing { mark: sha256(&parts), highest })
    }

    async fn all_archived_checked(&self) -> Result<Vec<(u16, ArchivedUpTo)>, StoreError> {
        let asked = Partition::all().map(|partition| async move {
            Ok::<_, StoreError>(self.archived_up_to(partition).await?.map(|up_to| (partition.number(), up_to)))
        });
        Ok(futures_util::future::try_join_all(asked).await?.into_iter().flatten().collect())
    }

    async fn complete_checked(&self, highest: Option<DateTime<Utc>>) -> Result<(), StoreError> {
        self.is_filling()?;
        if let Some(highest) = highest {
            let at = wire::instant(highest);
            let put = Partition::all().map(|partition| {
                let put = cmd("HSET").arg(self.fabric.keys.meta(partition)).arg("t").arg(&at).to_owned();
                self.fabric.carry_out(Step::read(partition, put).proven(true))
            });
            futures_util::future::try_join_all(put).await?;
        }
        self.is_filling()?;
        let end = cmd("HDEL").arg(self.fabric.keys.meta(FIRST)).arg("c").arg("cr").to_owned();
        self.fabric.carry_out(Step::read(FIRST, end)).await?;
        self.prove_again(FIRST).await
    }

    async fn requests_checked(&self, names: Vec<Token>) -> Result<Vec<Option<MovedRequest>>, StoreError> {
        futures_util::future::try_join_all(names.into_iter().map(|name| self.moved_request(name))).await
    }
}

impl Movable for RedisStore {
    fn standing(&self) -> Reply<'_, Result<Standing, StoreError>> {
        Box::pin(self.standing_checked())
    }

    fn walk(&self, kind: Walked, after: Option<Mark>, limit: usize) -> Reply<'_, Result<Page, StoreError>> {
        Box::pin(self.walk_checked(kind, after, limit.clamp(1, ROWS_MAX)))
    }

    fn requests(&self, names: Vec<Token>) -> Reply<'_, Result<Vec<Option<MovedRequest>>, StoreError>> {
        Box::pin(self.requests_checked(names))
    }

    fn all_archived(&self) -> Reply<'_, Result<Vec<(u16, ArchivedUpTo)>, StoreError>> {
        Box::pin(self.all_archived_checked())
    }

    fn fill(&self, filling: Filling) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(self.fill_checked(filling))
    }

    fn filled(&self) -> Reply<'_, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let get = cmd("HGET").arg(self.fabric.keys.meta(FIRST)).arg("cr").to_owned();
            bytes(self.fabric.carry_out(Step::read(FIRST, get)).await?)
        })
    }

    fn moved(&self, to: Option<u64>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.is_held()?;
            let meta = self.fabric.keys.meta(FIRST);
            let note = match to {
                Some(epoch) => cmd("HSET").arg(meta).arg("mv").arg(epoch).to_owned(),
                None => cmd("HDEL").arg(meta).arg("mv").to_owned(),
            };
            self.fabric.carry_out(Step::read(FIRST, note)).await?;
            self.prove_again(FIRST).await
        })
    }

    fn complete(&self, highest: Option<DateTime<Utc>>) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(self.complete_checked(highest))
    }

    fn leave(&self) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(self.let_go())
    }
}
