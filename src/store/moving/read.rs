//! A store read whole, page by page.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::by_time::ByTime;
use super::contract::{Movable, Page, Thing, Walked};
use super::stage::Stage;
use crate::crypto::Token;
use crate::store::contract::{PAGE_BYTES, ROWS_MAX, Row, Slot, StoreError};

/// Accounts whose rows are read side by side, a page each.
const ACCOUNTS_AT_ONCE: usize = 128;

/// A page of rows with fewer bytes did not end because of them.
const SURELY_SHORT_BYTES: usize = PAGE_BYTES / 2;

/// In which order the records of many journals are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// One journal after the other.
    ByJournal,
    /// The oldest first: for a store that keeps all of them in one.
    ByTime,
}

/// Reads a store.
pub(super) struct Reading {
    store: Arc<dyn Movable>,
    order: Order,
    /// Accounts behind the last one that was read.
    waiting: VecDeque<Token>,
    by_time: Option<ByTime>,
}

impl Reading {
    pub(super) fn new(store: Arc<dyn Movable>, order: Order) -> Self {
        Self { store, order, waiting: VecDeque::new(), by_time: None }
    }

    /// The things of a stage, and what is read after them. There may be none although it is not over.
    pub(super) async fn next(&mut self, stage: &Stage) -> Result<(Vec<Thing>, Stage), StoreError> {
        match stage {
            Stage::Rows(Some(account), Some(slot)) => self.more_rows(*account, *slot).await,
            Stage::Rows(after, _) => self.rows(*after).await,
            Stage::Permits(after) => self.permits(*after).await,
            Stage::Journal(journal, after) => self.journal(*journal, *after).await,
            Stage::ByTime(places) => self.by_time(places).await,
            Stage::Walked(kind, after) => {
                let Page { things, next } = self.store.walk(*kind, after.clone(), ROWS_MAX).await?;
                let behind = next.map_or_else(|| behind(*kind), |mark| Stage::Walked(*kind, Some(mark)));
                Ok((things, behind))
            }
            Stage::Archived => {
                let archived = self.store.all_archived().await?;
                Ok((
                    archived.into_iter().map(|(journal, up_to)| Thing::Archived(journal, up_to)).collect(),
                    Stage::Over,
                ))
            }
            Stage::Over => Ok((Vec::new(), Stage::Over)),
        }
    }

    /// The rows of accounts. One that has more than a page ends it: its other rows come next.
    async fn rows(&mut self, after: Option<Token>) -> Result<(Vec<Thing>, Stage), StoreError> {
        if self.waiting.is_empty() {
            self.waiting = self.store.accounts(after, ROWS_MAX).await?.into();
        }
        let some: Vec<Token> = self.waiting.drain(..ACCOUNTS_AT_ONCE.min(self.waiting.len())).collect();
        let Some(last) = some.last().copied() else { return Ok((Vec::new(), Stage::Permits(None))) };
        let mut pages = self.first_pages(&some).await?;
        let mut things = Vec::new();
        for (number, account) in some.iter().enumerate() {
            let page = pages.get_mut(number).map(std::mem::take).unwrap_or_default();
            let end = page.last().map(|(slot, _)| *slot).filter(|_| !is_whole(&page));
            things.extend(of_account(*account, page));
            if let Some(slot) = end {
                for account in some.iter().copied().skip(number.saturating_add(1)).rev() {
                    self.waiting.push_front(account);
                }
                return Ok((things, Stage::Rows(Some(*account), Some(slot))));
            }
        }
        Ok((things, Stage::Rows(Some(last), None)))
    }

    /// A page of each account, in their order.
    async fn first_pages(&self, accounts: &[Token]) -> Result<Vec<Vec<(Slot, Row)>>, StoreError> {
        let mut asked = JoinSet::new();
        for (number, account) in accounts.iter().copied().enumerate() {
            let store = Arc::clone(&self.store);
            asked.spawn(async move { (number, store.rows(account, None, ROWS_MAX).await) });
        }
        let mut pages = vec![Vec::new(); accounts.len()];
        while let Some(answer) = asked.join_next().await {
            let broken = |_| StoreError::Unavailable("the work was not carried to its end".to_owned());
            let (number, page) = answer.map_err(broken)?;
            if let Some(place) = pages.get_mut(number) {
                *place = page?;
            }
        }
        Ok(pages)
    }

    async fn more_rows(&mut self, account: Token, slot: Slot) -> Result<(Vec<Thing>, Stage), StoreError> {
        let page = self.store.rows(account, Some(slot), ROWS_MAX).await?;
        let end = page.last().map(|(slot, _)| *slot);
        Ok((of_account(account, page).collect(), Stage::Rows(Some(account), end)))
    }

    async fn permits(&self, after: Option<u64>) -> Result<(Vec<Thing>, Stage), StoreError> {
        let page = self.store.permits(after, ROWS_MAX).await?;
        let Some(last) = page.last().map(|permit| permit.place) else {
            return Ok((Vec::new(), self.records()));
        };
        let thing = |permit: crate::store::PermitRow| Thing::Row {
            account: permit.account,
            slot: Slot::Permit(permit.id),
            row: permit.row,
        };
        Ok((page.into_iter().map(thing).collect(), Stage::Permits(Some(last))))
    }

    fn records(&self) -> Stage {
        match self.order {
            Order::ByJournal => Stage::Journal(0, 0),
            Order::ByTime => Stage::ByTime(vec![0; usize::from(self.store.journals())]),
        }
    }

    /// A page of a journal, and where that is short the next ones too: most of a thousand are.
    async fn journal(&self, mut journal: u16, mut after: u64) -> Result<(Vec<Thing>, Stage), StoreError> {
        let (mut things, mut bytes) = (Vec::new(), 0_usize);
        while journal < self.store.journals() {
            let limit = ROWS_MAX.saturating_sub(things.len());
            if limit == 0 || bytes > PAGE_BYTES {
                return Ok((things, Stage::Journal(journal, after)));
            }
            let (of, page) = (journal, self.store.journal(journal, after, limit).await?);
            (journal, after) = match page.last() {
                Some(last) => (journal, last.place),
                None => (journal.saturating_add(1), 0),
            };
            bytes = page.iter().fold(bytes, |sum, record| sum.saturating_add(record.body.len()));
            things.extend(page.into_iter().map(|record| Thing::Record { journal: of, record }));
        }
        Ok((things, Stage::Walked(Walked::Names, None)))
    }

    async fn by_time(&mut self, places: &[u64]) -> Result<(Vec<Thing>, Stage), StoreError> {
        let by_time = match &mut self.by_time {
            Some(by_time) => by_time,
            none => none.insert(ByTime::after(Arc::clone(&self.store), places).await?),
        };
        let things = by_time.next(ROWS_MAX).await?;
        let behind =
            if things.is_empty() { Stage::Walked(Walked::Names, None) } else { Stage::ByTime(by_time.places()) };
        Ok((things, behind))
    }
}

const fn behind(kind: Walked) -> Stage {
    match kind {
        Walked::Names => Stage::Walked(Walked::Due, None),
        Walked::Due => Stage::Walked(Walked::Requests, None),
        Walked::Requests => Stage::Walked(Walked::Windows, None),
        Walked::Windows => Stage::Archived,
    }
}

/// Whether a page has all that is left of an account: it ended neither by its number of rows nor by their bytes.
fn is_whole(page: &[(Slot, Row)]) -> bool {
    let bytes = page.iter().fold(0_usize, |sum, (_, row)| sum.saturating_add(row.body.len()));
    page.len() < ROWS_MAX && bytes < SURELY_SHORT_BYTES
}

fn of_account(account: Token, page: Vec<(Slot, Row)>) -> impl Iterator<Item = Thing> {
    page.into_iter().map(move |(slot, row)| Thing::Row { account, slot, row })
}
