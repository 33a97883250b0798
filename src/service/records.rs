//! Reading records as they are kept: a page of one account's, or of all of the brand's in the order of their commits.
//!
//! Whoever reads is written down first: on the account's own chain, or in the brand's ledger with what they looked for. The
//! pages after the first name the record of that; a page that names none, or another's, is a first page.

use chrono::{DateTime, TimeDelta, Utc};

use super::budget::Budget;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::caller_of;
use super::refusal::Refusal;
use super::rights::{Authorised, right};
use super::separations::{may_see, may_see_event};
use super::target::Scope;
use crate::audit::{AuditStep, Event, ReadOf, RecordFilter};
use crate::crypto::Ids;
use crate::domain::{AccountId, RecordId, Requester, Role};
use crate::store::{Found, Journalled, Kept, StoreError};

/// The most records of one page.
pub const RECORDS_PAGE_MAX: usize = 200;

/// Records looked at for one page, at most: a page may be empty, and yet not the last.
const RECORDS_SCANNED_MAX: usize = 2_000;

/// Records read from a journal at a time.
pub(super) const JOURNAL_PAGE: usize = 256;

/// How long the pages of one list may follow the first, before the look is written down anew.
const LOOK_LASTS: TimeDelta = TimeDelta::hours(1);

/// Commits may be as far apart from the order of their instants, with a margin.
pub(super) const OUT_OF_ORDER: TimeDelta = TimeDelta::seconds(10);

/// What one caller sees of all the brand's records without a second person; for more there are exports.
const PAGES: Budget = Budget {
    name: "record-pages",
    most: 250,
    what: "so many pages of all records are shown to nobody alone: ask for an export",
};

/// Which records somebody wants to read, and from where on.
#[derive(Debug, Clone)]
pub struct RecordQuery {
    /// Which. Its account and line are filled in from the scope.
    pub filter: RecordFilter,
    /// Whose; all of the brand's where nothing is named.
    pub scope: Option<RecordScope>,
    /// Where an earlier page ended.
    pub from: Option<PagePlace>,
    /// How many at most.
    pub size: usize,
}

/// Whose records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordScope {
    /// One account's or line's.
    Of(Scope),
    /// One record alone, whoever's of the brand it is.
    One(RecordId),
}

/// Where a page ended. It grants nothing: what is read next is checked as the first page was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PagePlace {
    /// The record that says who looks.
    pub look: RecordId,
    /// Where the next page begins.
    pub next: NextPage,
}

/// Where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPage {
    /// With this record, going back an account's chain.
    Back(RecordId),
    /// After this place of this journal.
    On {
        /// The journal.
        journal: u16,
        /// The place.
        place: u64,
    },
}

/// A record with whose it is.
#[derive(Debug, Clone)]
pub struct RecordView {
    /// Its account.
    pub account: AccountId,
    /// What can be told of it.
    pub told: Told,
    /// Where whoever has come to here goes on; none at the end.
    pub after: Option<NextPage>,
    /// Whether who reads may see what the shadow policy would have said.
    pub shadow_shown: bool,
}

/// What can be told of a record.
#[derive(Debug, Clone)]
pub enum Told {
    /// All of it.
    Whole(Box<Kept>),
    /// It stands there and cannot be read: verification tells more.
    Unreadable(RecordId),
}

/// A page of records.
#[derive(Debug, Clone)]
pub struct RecordPage {
    /// The records.
    pub records: Vec<RecordView>,
    /// The record that says who looks.
    pub look: RecordId,
    /// Where the next page begins; none at the end.
    pub next: Option<NextPage>,
    /// Whether an account's list ends here because what is older was archived.
    pub older_archived: bool,
}

impl Engine {
    /// A page of records: of an account or a line the newest first, of all in the order of their commits.
    pub async fn list_records(
        &self,
        who: &Authorised<right::ReadRecords>,
        mut query: RecordQuery,
    ) -> Result<RecordPage, ServiceError> {
        query.size = query.size.clamp(1, RECORDS_PAGE_MAX);
        let now = self.now()?.instant();
        match query.scope.take() {
            Some(RecordScope::Of(scope)) => self.list_of_account(who.requester(), &scope, query, now).await,
            Some(RecordScope::One(record)) => self.list_of_one(who.requester(), record, query, now).await,
            None => self.list_of_brand(who.requester(), query, now).await,
        }
    }

    async fn list_of_account(
        &self,
        requester: &Requester,
        scope: &Scope,
        query: RecordQuery,
        now: DateTime<Utc>,
    ) -> Result<RecordPage, ServiceError> {
        let (open, target) = self.peek(requester, scope, None, now).await?;
        let account = super::ask::account_of(&open)?.clone();
        let line = target.line.and_then(|token| open.line(token)).map(|line| line.id.clone());
        let filter = RecordFilter { account: Some(account.id.clone()), line, ..query.filter };
        let was_noted = |kept: &Kept| kept.account() == target.account && is_read_of_records(kept);
        let resumed = match query.from {
            Some(from) => self.resumed(requester, from, now, was_noted).await?,
            None => None,
        };
        let (look, mut next) = match resumed {
            Some(PagePlace { look, next: NextPage::Back(id) }) => (look, Some(id)),
            Some(PagePlace { next: NextPage::On { .. }, .. }) => return Err(other_list()),
            None => {
                let look = self.note_look(requester, scope).await?;
                let from = match query.from.map(|from| from.next) {
                    Some(NextPage::Back(id)) => Some(id),
                    Some(NextPage::On { .. }) => return Err(other_list()),
                    None => account.chain.last,
                };
                (look, from)
            }
        };
        let mut page = RecordPage { records: Vec::new(), look, next: None, older_archived: false };
        for _ in 0..RECORDS_SCANNED_MAX {
            let Some(id) = next else { break };
            if page.records.len() >= query.size {
                break;
            }
            let told = match self.vault.find(id).await {
                // Where the chain goes on is in the record: a list ends here, and verification tells why.
                Err(StoreError::Damaged(_)) => Told::Unreadable(id),
                found => match found? {
                    Found::Kept(kept) if kept.account() == target.account => Told::Whole(kept),
                    Found::Archived => return Ok(RecordPage { older_archived: true, ..page }),
                    Found::Kept(_) | Found::Nowhere => return Err(other_list()),
                },
            };
            next = match &told {
                Told::Whole(kept) => kept.record().previous,
                Told::Unreadable(_) => None,
            };
            if told.is_meant(&filter) {
                let after = next.map(NextPage::Back);
                let shadow_shown = shows_shadow(requester);
                page.records.push(RecordView { account: account.id.clone(), told, after, shadow_shown });
            }
        }
        page.next = next.map(NextPage::Back);
        Ok(page)
    }

    /// One record. Who looks is written down on its account's chain, or in the ledger where the account is no customer's.
    ///
    /// INVARIANT (unknown-looks-known): another brand's record is not there.
    async fn list_of_one(
        &self,
        requester: &Requester,
        record: RecordId,
        query: RecordQuery,
        now: DateTime<Utc>,
    ) -> Result<RecordPage, ServiceError> {
        if query.from.is_some() {
            return Err(other_list());
        }
        let no_record = || ServiceError::NotFound("record");
        let kept = match self.vault.find(record).await? {
            Found::Kept(kept) => kept,
            Found::Archived => return Err(ServiceError::Refused(Refusal::RecordArchived)),
            Found::Nowhere => return Err(no_record()),
        };
        let owner = self.owner(kept.account(), now).await?;
        let owner = owner.filter(|owner| may_see(requester, &owner.brand, &owner.account));
        let owner = owner.filter(|_| may_see_event(requester, &kept.record().event));
        let account = owner.ok_or_else(no_record)?.account;
        let filter = RecordFilter { account: Some(account.clone()), ..query.filter };
        let look = match self.note_read(requester, &Scope::Account(account.clone()), ReadOf::Records).await? {
            Some(look) => look,
            None => {
                let event = Event::RecordsRead { how: AuditStep::Listed, filter: Box::new(filter.clone()) };
                self.note(&requester.brand, Some(caller_of(requester)), event).await?
            }
        };
        let told = Told::Whole(kept);
        let is_meant = told.is_meant(&filter);
        let view = RecordView { account, told, after: None, shadow_shown: shows_shadow(requester) };
        let records = is_meant.then_some(view).into_iter().collect();
        Ok(RecordPage { records, look, next: None, older_archived: false })
    }

    async fn list_of_brand(
        &self,
        requester: &Requester,
        query: RecordQuery,
        now: DateTime<Utc>,
    ) -> Result<RecordPage, ServiceError> {
        let RecordQuery { filter, from, size, .. } = query;
        let event = Event::RecordsRead { how: AuditStep::Listed, filter: Box::new(filter.clone()) };
        let ledger = self.vault.tokens().ledger(&requester.brand);
        let was_noted = |kept: &Kept| kept.account() == ledger && kept.record().event == event;
        let resumed = match from {
            Some(from) => self.resumed(requester, from, now, was_noted).await?,
            None => None,
        };
        let look = match resumed {
            Some(from) => from.look,
            None => self.note(&requester.brand, Some(caller_of(requester)), event.clone()).await?,
        };
        let (mut journal, mut place) = match from.map(|from| from.next) {
            Some(NextPage::On { journal, place }) if journal < self.vault.store().journals() => (journal, place),
            Some(_) => return Err(other_list()),
            None => (0, self.first_place(0, filter.from).await?),
        };
        let (mut page, mut scanned) =
            (RecordPage { records: Vec::new(), look, next: None, older_archived: false }, 0_usize);
        while page.records.len() < size && scanned < RECORDS_SCANNED_MAX {
            let entries = self.vault.store().journal(journal, place, JOURNAL_PAGE).await?;
            if entries.is_empty() {
                journal = journal.saturating_add(1);
                if journal >= self.vault.store().journals() {
                    return self.shown(requester, page, now).await;
                }
                place = self.first_place(journal, filter.from).await?;
            }
            for entry in entries {
                if page.records.len() >= size {
                    break;
                }
                (place, scanned) = (entry.place, scanned.saturating_add(1));
                page.records.extend(self.view((journal, entry), requester, &filter, now).await?);
            }
        }
        page.next = Some(NextPage::On { journal, place });
        self.shown(requester, page, now).await
    }

    /// A page of all the brand's records, within what its reader may see alone. Counted before it is shown; a page without
    /// records shows nothing.
    async fn shown(
        &self,
        requester: &Requester,
        page: RecordPage,
        now: DateTime<Utc>,
    ) -> Result<RecordPage, ServiceError> {
        if !page.records.is_empty() {
            self.spend(&PAGES, (&requester.brand, requester.subject.as_str().as_bytes()), now).await?;
        }
        Ok(page)
    }

    /// A record of a journal, if it is the brand's and meant.
    ///
    /// INVARIANT (unknown-looks-known): another brand's records are not there.
    pub(super) async fn view(
        &self,
        (journal, entry): (u16, Journalled),
        requester: &Requester,
        filter: &RecordFilter,
        now: DateTime<Utc>,
    ) -> Result<Option<RecordView>, ServiceError> {
        let owner = self.owner(entry.account, now).await?;
        let Some(owner) = owner.filter(|owner| may_see(requester, &owner.brand, &owner.account)) else {
            return Ok(None);
        };
        if filter.account.as_ref().is_some_and(|account| *account != owner.account) {
            return Ok(None);
        }
        let (id, place) = (entry.id, entry.place);
        let told = match self.vault.unseal_journalled(entry) {
            Ok(kept) if !may_see_event(requester, &kept.record().event) => return Ok(None),
            Ok(kept) => Told::Whole(Box::new(kept)),
            Err(_) => Told::Unreadable(id),
        };
        let after = Some(NextPage::On { journal, place });
        let shadow_shown = shows_shadow(requester);
        Ok(told.is_meant(filter).then_some(RecordView { account: owner.account, told, after, shadow_shown }))
    }

    /// The place before the first record of a journal that may have happened at `from` or later: found by halving, because
    /// records are committed nearly in the order of their ids' instants.
    pub(super) async fn first_place(&self, journal: u16, from: Option<DateTime<Utc>>) -> Result<u64, ServiceError> {
        let Some(from) = from.and_then(|from| from.checked_sub_signed(OUT_OF_ORDER)) else { return Ok(0) };
        self.last_place_where(journal, |entry| Ids::minted_at(entry.id.as_u128()) < from).await
    }

    /// The last place of a journal whose records up to there all satisfy `before`; what satisfies it comes first.
    pub(super) async fn last_place_where(
        &self,
        journal: u16,
        before: impl Fn(&Journalled) -> bool,
    ) -> Result<u64, ServiceError> {
        // Out in ever longer steps, then back in ever shorter ones; the record behind each place decides.
        let (mut low, mut step, mut growing) = (0_u64, 1_u64, true);
        while step > 0 {
            let probe = low.saturating_add(step).saturating_sub(1);
            let found = self.vault.store().journal(journal, probe, 1).await?;
            let passed = found.first().filter(|entry| before(entry));
            growing &= passed.is_some();
            low = passed.map_or(low, |entry| entry.place);
            step = if growing { step.saturating_mul(2) } else { step / 2 };
        }
        Ok(low)
    }

    /// A page's place, if the look it names is on record, the caller's own, of this very list, and not long ago.
    async fn resumed(
        &self,
        requester: &Requester,
        from: PagePlace,
        now: DateTime<Utc>,
        was_noted: impl Fn(&Kept) -> bool,
    ) -> Result<Option<PagePlace>, ServiceError> {
        let look = self.vault.record(from.look).await?.filter(|kept| {
            let by = kept.record().caller.as_ref();
            was_noted(kept)
                && by == Some(&caller_of(requester))
                && now.signed_duration_since(kept.record().at) < LOOK_LASTS
        });
        Ok(look.map(|_| from))
    }

    /// Writes a look at an account's records on its chain.
    async fn note_look(&self, requester: &Requester, scope: &Scope) -> Result<RecordId, ServiceError> {
        let noted = self.note_read(requester, scope, ReadOf::Records).await?;
        noted.ok_or(ServiceError::NotFound("account"))
    }
}

impl Told {
    /// Whether it is meant: what cannot be read may be anything.
    fn is_meant(&self, filter: &RecordFilter) -> bool {
        match self {
            Self::Whole(kept) => filter.matches(kept.record()),
            Self::Unreadable(_) => true,
        }
    }
}

/// INVARIANT (shadow-answers-nothing): what a shadow policy says is for auditors.
fn shows_shadow(requester: &Requester) -> bool {
    requester.role == Role::Auditor
}

fn is_read_of_records(kept: &Kept) -> bool {
    kept.record().event == Event::Read { of: ReadOf::Records }
}

const fn other_list() -> ServiceError {
    ServiceError::Invalid { field: "page_token", expected: "must be a token of this list" }
}
