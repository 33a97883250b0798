//! A walk over all that is sealed: which keys it names, and sealing it anew under the active one.
//!
//! A walk meets everything that was there when it began. What comes meanwhile is under the active keys, so it need not be
//! met. A body is replaced only where it is still the one that was read, and keeps its version: whoever changes the row at
//! the same time neither waits nor fails.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::codec;
use super::contract::{REQUEST_KEPT, Slot, StoreError};
use super::sealed_rows::{damaged, place_of, record_place, undecodable};
use super::upkeep::{PermitRow, Reseal, SealedAt};
use super::vault::Vault;
use crate::audit::{AnswerWindow, Event, Record};
use crate::crypto::{AccountSealer, PinError, PinHasher, Purpose, Sealer, ShortSecrets, Token};
use crate::domain::{Credentials, TransferPinState};

/// How much of one kind is read at once.
const PAGE_BODIES: usize = 64;

/// Accounts read at once.
const PAGE_ACCOUNTS: usize = 1_024;

/// Sealed bytes as they were met.
pub struct SealedBody {
    at: SealedAt,
    account: Token,
    version: u64,
    body: Vec<u8>,
}

/// A key that something names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyNamed {
    /// What the key is for.
    pub purpose: Purpose,
    /// Its number.
    pub number: u8,
    /// When it is needed for this no more; none while it is needed as long as this is kept.
    pub until: Option<DateTime<Utc>>,
}

/// How far a walk is.
#[derive(Debug, Default)]
pub struct Walk(Stage);

#[derive(Debug)]
enum Stage {
    /// Accounts after one.
    Accounts(Option<Token>),
    /// The rows of accounts, those of the first after a slot.
    Rows {
        waiting: VecDeque<Token>,
        after: Option<Slot>,
        last: Token,
    },
    /// Permits after a place.
    Permits(Option<u64>),
    /// Records of a journal after a place.
    Records(u16, u64),
    Over,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Accounts(None)
    }
}

impl Vault {
    /// What a walk meets next; nothing once it has met everything.
    pub async fn walk(&self, walk: &mut Walk) -> Result<Vec<SealedBody>, StoreError> {
        let store = self.store();
        loop {
            match &mut walk.0 {
                Stage::Accounts(after) => {
                    let page = store.accounts(*after, PAGE_ACCOUNTS).await?;
                    walk.0 = match page.last().copied() {
                        Some(last) => Stage::Rows { waiting: page.into(), after: None, last },
                        None => Stage::Permits(None),
                    };
                }
                Stage::Rows { waiting, after, last } => {
                    let Some(account) = waiting.front().copied() else {
                        walk.0 = Stage::Accounts(Some(*last));
                        continue;
                    };
                    let page = store.rows(account, *after, PAGE_BODIES).await?;
                    let Some((slot, _)) = page.last() else {
                        waiting.pop_front();
                        *after = None;
                        continue;
                    };
                    *after = Some(*slot);
                    return Ok(page.into_iter().map(|(slot, row)| SealedBody::row(account, slot, row)).collect());
                }
                Stage::Permits(after) => {
                    let page = store.permits(*after, PAGE_BODIES).await?;
                    let Some(last) = page.last() else {
                        walk.0 = Stage::Records(0, 0);
                        continue;
                    };
                    *after = Some(last.place);
                    let body =
                        |PermitRow { place: _, account, id, row }| SealedBody::row(account, Slot::Permit(id), row);
                    return Ok(page.into_iter().map(body).collect());
                }
                Stage::Records(number, _) if *number == store.journals() => walk.0 = Stage::Over,
                Stage::Records(number, after) => {
                    let page = store.journal(*number, *after, PAGE_BODIES).await?;
                    let Some(last) = page.last() else {
                        walk.0 = Stage::Records(number.saturating_add(1), 0);
                        continue;
                    };
                    *after = last.place;
                    let body = |record: super::Journalled| SealedBody {
                        at: SealedAt::Record(record.id),
                        account: record.account,
                        version: 0,
                        body: record.body,
                    };
                    return Ok(page.into_iter().map(body).collect());
                }
                Stage::Over => return Ok(Vec::new()),
            }
        }
    }

    /// Whether a body is under the active seal key.
    pub fn is_current(&self, sealed: &SealedBody) -> bool {
        self.sealer().is_current(&sealed.body)
    }

    /// Seals bodies anew under the active key, those that are still as they were met. Returns how many were; durable then.
    pub async fn reseal(&self, bodies: Vec<SealedBody>) -> Result<usize, StoreError> {
        let anew: Result<Vec<Reseal>, StoreError> = bodies.into_iter().map(|sealed| self.sealed_anew(sealed)).collect();
        self.store().reseal(anew?).await
    }

    fn sealed_anew(&self, sealed: SealedBody) -> Result<Reseal, StoreError> {
        let sealer = self.sealer().for_account(&sealed.account);
        let plain = sealed.open(&sealer)?;
        let new = sealed.at_place(|place| sealer.seal(place, &plain)).map_err(damaged)?;
        Ok(Reseal { at: sealed.at, old: sealed.body, new })
    }

    /// The keys that a body names: the one it is sealed under, and those that what is in it was made with.
    pub fn keys_named(&self, sealed: &SealedBody) -> Result<Vec<KeyNamed>, StoreError> {
        let number = Sealer::key_number(&sealed.body).map_err(damaged)?;
        let mut named = vec![KeyNamed { purpose: Purpose::Seal, number, until: None }];
        let plain = || sealed.open(&self.sealer().for_account(&sealed.account));
        match sealed.at {
            SealedAt::Row(_, Slot::Credentials) => {
                let credentials = codec::decode_credentials(&plain()?).map_err(undecodable)?;
                named.extend(peppers(&credentials).map_err(|error| StoreError::Damaged(error.to_string()))?);
            }
            SealedAt::Record(_) => named.extend(permit_keys(&codec::decode_record(&plain()?).map_err(undecodable)?)),
            SealedAt::Row(..) => {}
        }
        Ok(named)
    }
}

impl SealedBody {
    fn row(account: Token, slot: Slot, row: super::Row) -> Self {
        Self { at: SealedAt::Row(account, slot), account, version: row.version, body: row.body }
    }

    fn open(&self, sealer: &AccountSealer) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreError> {
        self.at_place(|place| sealer.open_copy(place, &self.body)).map_err(damaged)
    }

    fn at_place<T>(&self, work: impl FnOnce(crate::crypto::Place<'_>) -> T) -> T {
        match self.at {
            SealedAt::Row(account, slot) => place_of(account, slot, self.version, work),
            SealedAt::Record(id) => work(record_place(self.account, &id.to_bytes())),
        }
    }
}

/// The peppers that may still be asked for: an account PIN's until it is made anew, a transfer PIN's while it lives.
fn peppers(credentials: &Credentials) -> Result<Vec<KeyNamed>, PinError> {
    let mut named = Vec::new();
    let pepper = |number, until| KeyNamed { purpose: Purpose::Pepper, number, until };
    if let Some(pin) = &credentials.pin {
        named.push(pepper(PinHasher::needs_pepper(&pin.verifier)?, None));
    }
    for pin in credentials.transfer_pins.iter().filter(|pin| pin.state == TransferPinState::Live) {
        named.push(pepper(ShortSecrets::needs_pepper(&pin.verifier)?, Some(pin.expires_at)));
    }
    Ok(named)
}

/// The keys that a decision's permit was made with: needed while it may be redeemed, and while the request that asked for
/// it may be repeated, which is given the same texts.
fn permit_keys(record: &Record) -> Vec<KeyNamed> {
    let Event::Decided(decided) = &record.event else { return Vec::new() };
    let AnswerWindow::Permit { expires_at, key_id, signing_key, .. } = decided.window else { return Vec::new() };
    let until = Some(expires_at.max(record.at.checked_add_signed(REQUEST_KEPT).unwrap_or(expires_at)));
    let mut named = vec![KeyNamed { purpose: Purpose::Permit, number: key_id, until }];
    named.extend(signing_key.map(|number| KeyNamed { purpose: Purpose::PermitSigning, number, until }));
    named
}
