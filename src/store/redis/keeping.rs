//! Upkeep: taking records out once they are kept elsewhere, and sealing anew.

use std::collections::BTreeMap;

use super::keys::{FIRST, field};
use super::loading::{count, number};
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire::{self, BEFORE_PERMIT, BEFORE_RECORD, BEFORE_ROW, Told};
use crate::crypto::{Ids, Partition};
use crate::store::{ArchivedUpTo, Forget, Reseal, SealedAt, Slot, StoreError};

impl RedisStore {
    pub(super) async fn archived_up_to(&self, partition: Partition) -> Result<Option<ArchivedUpTo>, StoreError> {
        let get = self.fields(partition, &["a", "at", "am"]);
        let mut told = Told::list(self.fabric.carry_out(Step::read(partition, get)).await?)?;
        let (Some(place), Some(at), Some(manifest)) = (told.found()?, told.found()?, told.found()?) else {
            return Ok(None);
        };
        let unreadable = || wire::damaged("how far records were taken out");
        Ok(Some(ArchivedUpTo {
            place: std::str::from_utf8(&place).ok().and_then(|text| text.parse().ok()).ok_or_else(unreadable)?,
            at: wire::instant_of(&at).ok_or_else(unreadable)?,
            manifest: manifest.try_into().map_err(|_| unreadable())?,
        }))
    }

    pub(super) async fn forget_checked(&self, forget: Forget) -> Result<usize, StoreError> {
        let partition = Partition::new(forget.journal).unwrap_or(FIRST);
        let gone = self.oldest(partition, forget.up_to, forget.limit).await?;
        let Some((last, _)) = gone.last() else {
            self.prove_again(partition).await?;
            return Ok(0);
        };
        let newest = gone.iter().map(|(_, id)| Ids::minted_at(id.as_u128())).max().unwrap_or_default();
        let mut keys = vec![self.fabric.keys.meta(partition), self.fabric.keys.journal(partition)];
        keys.extend(gone.iter().map(|(_, id)| self.fabric.keys.record(partition, *id)));
        let args = vec![
            self.life(),
            number(last.saturating_add(1)),
            number(*last),
            wire::instant(newest).to_vec(),
            forget.manifest.to_vec(),
        ];
        self.ask(Step::script(partition, &SCRIPTS.forget, keys, args).proven(true)).await?;
        Ok(gone.len())
    }

    pub(super) async fn reseal_checked(&self, bodies: Vec<Reseal>) -> Result<usize, StoreError> {
        let mut parts: BTreeMap<Partition, Vec<Reseal>> = BTreeMap::new();
        for body in bodies {
            let partition = match &body.at {
                SealedAt::Row(account, _) => account.partition(),
                SealedAt::Record(id) => self.partition_of(*id),
            };
            parts.entry(partition).or_default().push(body);
        }
        let mut put = 0_usize;
        for (partition, part) in parts {
            let mut keys = vec![self.fabric.keys.meta(partition)];
            let mut args = vec![self.life()];
            for body in part {
                let (key, field, before) = match body.at {
                    SealedAt::Record(id) => (self.fabric.keys.record(partition, id), Vec::new(), BEFORE_RECORD),
                    SealedAt::Row(_, Slot::Permit(id)) => {
                        (self.fabric.keys.permit(partition, id), Vec::new(), BEFORE_PERMIT)
                    }
                    SealedAt::Row(account, slot) => {
                        (self.fabric.keys.account(account), field(slot).unwrap_or_default(), BEFORE_ROW)
                    }
                };
                keys.push(key);
                args.extend([field, count(before), body.old, body.new]);
            }
            let (_, mut told) = self.ask(Step::script(partition, &SCRIPTS.reseal, keys, args).proven(true)).await?;
            put = put.saturating_add(usize::try_from(told.number()?).unwrap_or(0));
        }
        Ok(put)
    }
}
