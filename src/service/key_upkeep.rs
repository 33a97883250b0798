//! Upkeep of keys while the service runs: what still names one, sealing anew, and doing without a retired one.
//!
//! Nothing of an account is changed by it and nothing of one is told, so nothing is recorded on any.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::archive::ArchiveKey;
use super::engine::Engine;
use super::error::ServiceError;
use super::rights::{Authorised, right};
use crate::crypto::{KeyInfo, KeyState, Keyring, Purpose, Token};
use crate::store::{KeyNamed, Walk};

/// Bodies that are sealed anew in one transaction. Live commits wait behind one no longer than behind a group of their own.
const RESEALED_AT_ONCE: usize = 64;

/// Bodies that are only read weigh so much less than those that are written.
const READ_TO_WRITTEN: u64 = 16;

/// A key that the service started with.
#[derive(Debug, Clone)]
pub struct HeldKey {
    /// What may be told of it.
    pub info: KeyInfo,
    /// What only this key gives: tells whether another keyring's key is the same.
    pub mark: Token,
}

impl HeldKey {
    /// All of a keyring.
    pub(super) fn all(keyring: &Keyring) -> Vec<Self> {
        let marks = keyring.marks().into_iter().map(|(_, mark)| mark);
        keyring.list().into_iter().zip(marks).map(|(info, mark)| Self { info, mark }).collect()
    }
}

/// What still names a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUse {
    /// What the key is for.
    pub purpose: Purpose,
    /// Its number.
    pub number: u8,
    /// In how many places.
    pub uses: u64,
    /// When time alone will have ended all of them; none where it does not.
    pub free_at: Option<DateTime<Utc>>,
}

/// How far upkeep is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpkeepStep {
    /// So many bodies were read, and so many sealed anew.
    Going {
        /// Read.
        read: u64,
        /// Sealed anew.
        resealed: u64,
    },
    /// All that was to be done is done.
    Resealed {
        /// Read.
        read: u64,
        /// Sealed anew.
        resealed: u64,
    },
    /// What names the retired keys, and nothing else does.
    Counted {
        /// Read.
        read: u64,
        /// Every retired key, also those that nothing names.
        uses: Vec<KeyUse>,
    },
    /// Nothing names the key, and the store does without it from now on.
    Retired {
        /// Read.
        read: u64,
    },
    /// Something names the key.
    InUse {
        /// Read.
        read: u64,
        /// What.
        by: KeyUse,
    },
}

/// Where steps go. Upkeep ends where nobody listens.
pub type UpkeepSteps = mpsc::Sender<Result<UpkeepStep, ServiceError>>;

/// Which key is to be retired for good.
#[derive(Debug, Clone, Copy)]
pub struct Retirement {
    /// What it is for.
    pub purpose: Purpose,
    /// Its number.
    pub number: u8,
    /// Its mark in the keyring that it is to leave.
    pub mark: Token,
}

impl Engine {
    /// The keys that the service started with.
    pub fn held_keys(&self, _who: &Authorised<right::MaintainKeys>) -> &[HeldKey] {
        &self.held_keys
    }

    /// Counts what names each retired key.
    pub async fn count_key_uses(self: Arc<Self>, _who: Authorised<right::MaintainKeys>, steps: UpkeepSteps) {
        let ended = self.counted(&steps).await.map(|(read, uses)| UpkeepStep::Counted { read, uses });
        // Whoever listened may have gone meanwhile.
        let _ = steps.send(ended).await;
    }

    /// Seals anew what is under retired keys, at most so many bodies a second. Whoever begins again goes on where it was cut
    /// off: what is under the active key is left alone.
    pub async fn reseal(
        self: Arc<Self>,
        _who: Authorised<right::MaintainKeys>,
        bodies_per_second: u32,
        steps: UpkeepSteps,
    ) {
        let ended = self.resealed(bodies_per_second, &steps).await;
        if let Ok(UpkeepStep::Resealed { read, resealed }) = ended {
            tracing::info!(read, resealed, "all is sealed under the active key");
        }
        let _ = steps.send(ended).await;
    }

    /// Lets the store do without a retired key that nothing names: the next start does not ask for it.
    ///
    /// INVARIANT (fail-closed): the key makes nothing any more in this process, and what it made is counted before the store
    /// forgets it. It is the keyring's last step to drop it.
    pub async fn retire_key(
        self: Arc<Self>,
        _who: Authorised<right::MaintainKeys>,
        retirement: Retirement,
        steps: UpkeepSteps,
    ) {
        let ended = self.retired(retirement, &steps).await;
        let _ = steps.send(ended).await;
    }

    async fn resealed(&self, bodies_per_second: u32, steps: &UpkeepSteps) -> Result<UpkeepStep, ServiceError> {
        let (mut read, mut resealed) = (0_u64, 0_u64);
        let mut waiting = Vec::with_capacity(2 * RESEALED_AT_ONCE);
        let mut pace = Pace { began: Instant::now(), bodies_per_second, weight: 0 };
        let mut walk = Walk::default();
        loop {
            let page = self.vault.walk(&mut walk).await?;
            let is_over = page.is_empty();
            read = read.saturating_add(page.len() as u64);
            pace.weight = pace.weight.saturating_add(page.len() as u64);
            waiting.extend(page.into_iter().filter(|sealed| !self.vault.is_current(sealed)));
            if waiting.len() >= RESEALED_AT_ONCE || (is_over && !waiting.is_empty()) {
                let some = std::mem::replace(&mut waiting, Vec::with_capacity(2 * RESEALED_AT_ONCE));
                pace.weight = pace.weight.saturating_add((some.len() as u64).saturating_mul(READ_TO_WRITTEN));
                resealed = resealed.saturating_add(self.vault.reseal(some).await? as u64);
            }
            if is_over {
                return Ok(UpkeepStep::Resealed { read, resealed });
            }
            tell(steps, UpkeepStep::Going { read, resealed })?;
            pace.keep().await;
        }
    }

    async fn counted(&self, steps: &UpkeepSteps) -> Result<(u64, Vec<KeyUse>), ServiceError> {
        let now = self.now()?.instant();
        let retired = self.held_keys.iter().filter(|key| key.info.state == KeyState::Retired);
        let mut uses: BTreeMap<(Purpose, u8), KeyUse> =
            retired.map(|key| key.info).map(|key| ((key.purpose, key.id), KeyUse::none(key.purpose, key.id))).collect();
        let (mut read, mut walk) = (0_u64, Walk::default());
        loop {
            let page = self.vault.walk(&mut walk).await?;
            if page.is_empty() {
                self.count_in_archive(&mut uses).await?;
                return Ok((read, uses.into_values().collect()));
            }
            read = read.saturating_add(page.len() as u64);
            for sealed in &page {
                for named in self.vault.keys_named(sealed)? {
                    if let Some(found) = uses.get_mut(&(named.purpose, named.number)) {
                        found.count(&named, now);
                    }
                }
            }
            tell(steps, UpkeepStep::Going { read, resealed: 0 })?;
            tokio::task::yield_now().await;
        }
    }

    /// What is archived is never sealed or signed anew: its keys are needed until it is deleted.
    async fn count_in_archive(&self, uses: &mut BTreeMap<(Purpose, u8), KeyUse>) -> Result<(), ServiceError> {
        for named in self.keys_of_archive().await? {
            let number = match named.key {
                ArchiveKey::Seal(number) => Some((Purpose::Seal, number)),
                ArchiveKey::Signing(id) => {
                    let held = self.held_keys.iter().find(|key| key.info.key_id == Some(id));
                    held.map(|key| (key.info.purpose, key.info.id))
                }
            };
            if let Some(found) = number.and_then(|key| uses.get_mut(&key)) {
                (found.uses, found.free_at) = (found.uses.saturating_add(named.uses), None);
            }
        }
        Ok(())
    }

    async fn retired(&self, retirement: Retirement, steps: &UpkeepSteps) -> Result<UpkeepStep, ServiceError> {
        let Retirement { purpose, number, mark } = retirement;
        let wrong = |field, expected| Err(ServiceError::Invalid { field, expected });
        let held = self.held_keys.iter().find(|key| key.info.purpose == purpose && key.info.id == number);
        match held {
            _ if purpose == Purpose::Index => {
                return wrong("purpose", "must not be the index key's, which is never retired");
            }
            None => return wrong("number", "must be that of a key the running service started with"),
            Some(held) if held.mark != mark => {
                return wrong("mark", "must be the key's own: the running service has another key under this number");
            }
            Some(held) if held.info.state == KeyState::Active => {
                return wrong("number", "must be that of a retired key: rotate it, and start the service again");
            }
            Some(_) => {}
        }
        let (read, uses) = self.counted(steps).await?;
        let by = uses.into_iter().find(|found| (found.purpose, found.number) == (purpose, number));
        match by {
            Some(by) if by.uses > 0 => return Ok(UpkeepStep::InUse { read, by }),
            Some(_) => {}
            None => return Err(ServiceError::Unavailable("the key was not counted".to_owned())),
        }
        self.vault.store().forget_key(format!("{} {number}", purpose.name())).await?;
        tracing::info!(purpose = purpose.name(), number, "the store does without a retired key");
        Ok(UpkeepStep::Retired { read })
    }
}

impl KeyUse {
    const fn none(purpose: Purpose, number: u8) -> Self {
        Self { purpose, number, uses: 0, free_at: None }
    }

    /// Counts one more, unless it has ended by now.
    fn count(&mut self, named: &KeyNamed, now: DateTime<Utc>) {
        if named.until.is_some_and(|until| until <= now) {
            return;
        }
        self.free_at = match (self.uses, self.free_at, named.until) {
            (0, _, until) => until,
            (_, Some(before), Some(until)) => Some(before.max(until)),
            _ => None,
        };
        self.uses = self.uses.saturating_add(1);
    }
}

/// Tells how far it is, to whoever keeps up; ends where nobody listens.
fn tell(steps: &UpkeepSteps, step: UpkeepStep) -> Result<(), ServiceError> {
    match steps.try_send(Ok(step)) {
        Err(mpsc::error::TrySendError::Closed(_)) => Err(ServiceError::Unavailable("nobody listens".to_owned())),
        // A later step tells the same and more.
        Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
    }
}

/// Keeps work below so many written bodies a second.
struct Pace {
    began: Instant,
    bodies_per_second: u32,
    weight: u64,
}

impl Pace {
    async fn keep(&self) {
        let per_second = u64::from(self.bodies_per_second.max(1)).saturating_mul(READ_TO_WRITTEN);
        let due = Duration::from_micros(self.weight.saturating_mul(1_000_000) / per_second);
        tokio::time::sleep(due.saturating_sub(self.began.elapsed())).await;
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::KeyUse;
    use crate::crypto::Purpose;
    use crate::store::KeyNamed;

    #[test]
    fn what_has_ended_does_not_count_and_what_does_not_end_has_no_end() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let at = |seconds| Some(now + TimeDelta::seconds(seconds));
        let mut found = KeyUse::none(Purpose::Pepper, 1);
        let mut count = |until| {
            found.count(&KeyNamed { purpose: Purpose::Pepper, number: 1, until }, now);
            (found.uses, found.free_at)
        };
        assert_eq!(count(at(-1)), (0, None));
        assert_eq!(count(at(0)), (0, None));
        assert_eq!(count(at(5)), (1, at(5)));
        assert_eq!(count(at(3)), (2, at(5)));
        assert_eq!(count(None), (3, None));
        assert_eq!(count(at(9)), (4, None));
    }
}
