//! Whose an account is: asked for each record that is read in the order of commits, and the same for ever.

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

use super::engine::Engine;
use super::error::ServiceError;
use crate::crypto::Token;
use crate::domain::{AccountId, Brand};
use crate::store::StoreError;

/// Owners kept in memory, some 200 bytes each.
const OWNERS_KEPT: usize = 16_384;

/// Whose an account is.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    /// Its brand.
    pub brand: Brand,
    /// Its name in the brand.
    pub account: AccountId,
}

/// The owners met of late.
pub(super) struct Owners(Cache<Token, Owner>);

impl Default for Owners {
    fn default() -> Self {
        Self(Cache::new(OWNERS_KEPT))
    }
}

impl Engine {
    /// Whose an account is; none where its head is not there or cannot be read, which verification tells.
    pub(super) async fn owner(&self, account: Token, now: DateTime<Utc>) -> Result<Option<Owner>, ServiceError> {
        if let Some(owner) = self.owners.0.get(&account) {
            return Ok(Some(owner));
        }
        let head = match self.vault.head(account, now).await {
            Err(StoreError::Damaged(_)) => return Ok(None),
            head => head?,
        };
        let owner = head.map(|head| Owner { brand: head.brand, account: head.id });
        if let Some(owner) = &owner {
            self.owners.0.insert(account, owner.clone());
        }
        Ok(owner)
    }
}
