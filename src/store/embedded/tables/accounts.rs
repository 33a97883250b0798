//! The numbers of accounts.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::super::fault::Fault;
use super::super::layout::{self, AccountNumber};
use super::{names_after, place_for};
use crate::crypto::Token;

/// An account's number, if it was merged.
pub(in super::super) fn find(db: &Connection, account: Token) -> Result<Option<AccountNumber>, Fault> {
    let bucket = layout::name(account);
    let mut statement = db.prepare_cached("SELECT name, number FROM accounts WHERE key BETWEEN ?1 AND ?2")?;
    let mut found = statement.query((bucket.first(), bucket.last()))?;
    while let Some(row) = found.next()? {
        if row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)? == account.as_bytes() {
            let number = u64::try_from(row.get::<_, i64>(1)?).ok().and_then(AccountNumber::new);
            return number.ok_or(Fault::Damaged("an account's number cannot be one")).map(Some);
        }
    }
    Ok(None)
}

/// Accounts whose names come after one, in order: at least `limit` if there are so many.
pub(in super::super) fn after(db: &Connection, after: Option<Token>, limit: usize) -> Result<BTreeSet<Token>, Fault> {
    let sql = "SELECT key, name FROM accounts WHERE key >= ?1 ORDER BY key";
    Ok(names_after(db, sql, after, limit, |_| Ok(()))?.into_keys().collect())
}

/// Merges an account's number into the table.
pub(in super::super) fn put(db: &Connection, account: Token, number: AccountNumber) -> Result<(), Fault> {
    let mut statement = db.prepare_cached("SELECT key, name FROM accounts WHERE key BETWEEN ?1 AND ?2")?;
    let key = place_for(&mut statement, account)?;
    db.prepare_cached("INSERT OR REPLACE INTO accounts (key, name, number) VALUES (?1, ?2, ?3)")?.execute((
        key,
        account.as_bytes(),
        number.get().cast_signed(),
    ))?;
    Ok(())
}
