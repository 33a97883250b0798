//! What is in force in a brand, in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use crate::crypto::Token;
use crate::domain::{
    AccountMark, Brand, Change, Cohort, Document, Hold, HoldKind, HoldTarget, Incident, Interaction, Place, RecordId,
    Requester, each_holdable,
};
use crate::service::engine::Engine;
use crate::service::error::{Refusal, ServiceError};

/// Brands with a book. They come from tokens of trusted issuers, so that they are few.
const BRANDS_MAX: usize = 4_096;

/// All books, each read from the store when it is first asked for.
#[derive(Default)]
pub(in crate::service) struct Shelf {
    books: Mutex<HashMap<Brand, Arc<OnceCell<Arc<Book>>>>>,
    /// One breach at a time is told of: what may be listed is counted, and then listed.
    pub(super) opening: tokio::sync::Mutex<()>,
}

/// What a decision asks: the book of its brand, and the carrier's own, whose breaches may be everyone's.
#[derive(Clone)]
pub(in crate::service) struct Books {
    own: Arc<Book>,
    house: Arc<Book>,
}

/// The book of one brand.
#[derive(Default)]
pub(in crate::service) struct Book(RwLock<Pages>);

/// What stands in it. Versions are those of the store's rows: of two changes the later one stays.
#[derive(Default)]
struct Pages {
    holds: [HashMap<String, (u64, Hold)>; HoldKind::ALL.len()],
    incidents: BTreeMap<RecordId, (u64, Incident)>,
    listed: HashMap<RecordId, Arc<[AccountMark]>>,
}

impl Pages {
    fn of_kind(&self, kind: HoldKind) -> Option<&HashMap<String, (u64, Hold)>> {
        HoldKind::ALL.iter().position(|known| *known == kind).and_then(|place| self.holds.get(place))
    }

    fn put_hold(&mut self, version: u64, hold: Hold) {
        let place = HoldKind::ALL.iter().position(|known| *known == hold.target.kind);
        let Some(holds) = place.and_then(|place| self.holds.get_mut(place)) else { return };
        let name = hold.target.name.as_str().to_owned();
        if holds.get(&name).is_none_or(|(before, _)| *before < version) {
            holds.insert(name, (version, hold));
        }
    }

    fn put_incident(&mut self, version: u64, incident: Incident) {
        if !incident.ending.stands() {
            self.listed.remove(&incident.id);
        }
        if self.incidents.get(&incident.id).is_none_or(|(before, _)| *before < version) {
            self.incidents.insert(incident.id, (version, incident));
        }
    }
}

impl Book {
    fn read<T>(&self, look: impl FnOnce(&Pages) -> T) -> T {
        // A panic elsewhere leaves the pages whole: each change is one insertion.
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Pages)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Puts a hold in force as it now stands.
    pub(super) fn put_hold(&self, version: u64, hold: Hold) {
        self.change(|pages| pages.put_hold(version, hold));
    }

    /// Puts an incident in force as it now stands, with the accounts that it lists.
    pub(super) fn put_incident(&self, version: u64, incident: Incident, listed: Option<Arc<[AccountMark]>>) {
        self.change(|pages| {
            if let Some(listed) = listed {
                pages.listed.insert(incident.id, listed);
            }
            pages.put_incident(version, incident);
        });
    }

    /// A hold as it stands.
    pub(super) fn hold(&self, target: &HoldTarget) -> Option<Hold> {
        self.read(|pages| pages.of_kind(target.kind)?.get(target.name.as_str()).map(|(_, hold)| hold.clone()))
    }

    /// How many holds there are, lifted ones too.
    pub(super) fn hold_count(&self) -> usize {
        self.read(|pages| pages.holds.iter().map(HashMap::len).sum())
    }

    /// Holds after one, in their order, at most `limit`; whether there are more.
    pub(super) fn holds(&self, after: Option<&HoldTarget>, standing: bool, limit: usize) -> (Vec<Hold>, bool) {
        self.read(|pages| {
            let all = pages.holds.iter().flat_map(HashMap::values).map(|(_, hold)| hold);
            let wanted = all.filter(|hold| !standing || hold.lifting.stands());
            let mut found: Vec<&Hold> = wanted.filter(|hold| after.is_none_or(|after| hold.target > *after)).collect();
            found.sort_by(|one, other| one.target.cmp(&other.target));
            let more = found.len() > limit;
            (found.into_iter().take(limit).cloned().collect(), more)
        })
    }

    /// All incidents, in the order of their opening.
    pub(super) fn incidents(&self) -> Vec<Incident> {
        self.read(|pages| pages.incidents.values().map(|(_, incident)| incident.clone()).collect())
    }

    /// An incident as it stands.
    pub(super) fn incident(&self, id: RecordId) -> Option<Incident> {
        self.read(|pages| pages.incidents.get(&id).map(|(_, incident)| incident.clone()))
    }

    /// How many accounts all incidents that stand list.
    pub(super) fn listed_count(&self) -> usize {
        self.read(|pages| pages.listed.values().map(|listed| listed.len()).sum())
    }

    /// The latest instant at which secrets of an account, or of everybody's, may have been taken.
    fn cut_off(&self, account: Option<AccountMark>) -> Option<DateTime<Utc>> {
        self.read(|pages| {
            let standing = pages.incidents.values().map(|(_, incident)| incident);
            let standing = standing.filter(|incident| incident.ending.stands());
            let covers = |incident: &&Incident| match (incident.cohort, account) {
                (Cohort::Everyone, _) | (Cohort::Brand, Some(_)) => true,
                (Cohort::Listed { .. }, Some(account)) => {
                    // INVARIANT (fail-closed): a list that is not there lists everybody.
                    pages.listed.get(&incident.id).is_none_or(|listed| listed.binary_search(&account).is_ok())
                }
                (Cohort::Brand | Cohort::Listed { .. }, None) => false,
            };
            standing.filter(covers).map(|incident| incident.cut_off).max()
        })
    }
}

impl Books {
    /// What of a request is held, the first of the kinds in their order; none where nothing is.
    pub(in crate::service) fn held(
        &self,
        requester: &Requester,
        interaction: Option<&Interaction>,
        change: &Change,
    ) -> Option<HoldKind> {
        self.first_held(|name| each_holdable(requester, interaction, change, name))
    }

    /// What of the place that something was asked at is held.
    pub(in crate::service) fn held_place(&self, place: &Place) -> Option<HoldKind> {
        self.first_held(|name| place.each_holdable(name))
    }

    fn first_held(&self, each: impl FnOnce(&mut dyn FnMut(HoldKind, &str))) -> Option<HoldKind> {
        self.own.read(|pages| {
            if pages.holds.iter().all(HashMap::is_empty) {
                return None;
            }
            let mut held: Option<HoldKind> = None;
            each(&mut |kind, name| {
                let found = pages.of_kind(kind).and_then(|holds| holds.get(name));
                if found.is_some_and(|(_, hold)| hold.lifting.stands()) {
                    held = Some(held.map_or(kind, |before| before.min(kind)));
                }
            });
            held
        })
    }

    /// Whether who asks is held, whatever they ask for.
    fn holds(&self, requester: &Requester) -> bool {
        self.held(requester, None, &Change::PinChange).is_some()
    }

    /// Until which instant, that instant included, secrets of an account are stale; none where no breach touched them.
    pub(in crate::service) fn breached_until(&self, account: Token) -> Option<DateTime<Utc>> {
        let own = self.own.cut_off(Some(mark_of(account)));
        own.max(self.house.cut_off(None))
    }
}

/// An account as lists have it.
pub(super) const fn mark_of(account: Token) -> AccountMark {
    AccountMark(u128::from_be_bytes(*account.as_bytes()))
}

impl Engine {
    /// The book of a brand.
    ///
    /// INVARIANT (fail-closed): a book that cannot be read is no empty one.
    pub(super) async fn book(&self, brand: &Brand) -> Result<Arc<Book>, ServiceError> {
        let cell = {
            let mut books = self.shelf.books.lock().unwrap_or_else(PoisonError::into_inner);
            match books.get(brand) {
                Some(cell) => Arc::clone(cell),
                None if books.len() >= BRANDS_MAX => {
                    return Err(ServiceError::Unavailable("tokens name more brands than there can be".to_owned()));
                }
                None => Arc::clone(books.entry(brand.clone()).or_default()),
            }
        };
        cell.get_or_try_init(|| self.read_book(brand)).await.cloned()
    }

    /// What a decision of a brand asks.
    pub(in crate::service) async fn books(&self, brand: &Brand) -> Result<Books, ServiceError> {
        let own = self.book(brand).await?;
        let house =
            if *brand == self.carrier.brand { Arc::clone(&own) } else { self.book(&self.carrier.brand).await? };
        Ok(Books { own, house })
    }

    /// INVARIANT (fail-closed): the word of who is held undoes nothing, least of all their own hold.
    pub(in crate::service) async fn check_not_held(&self, requester: &Requester) -> Result<(), ServiceError> {
        if self.books(&requester.brand).await?.holds(requester) {
            return Err(ServiceError::Refused(Refusal::Held));
        }
        Ok(())
    }

    async fn read_book(&self, brand: &Brand) -> Result<Arc<Book>, ServiceError> {
        let ledger = self.vault.tokens().ledger(brand);
        let mut pages = Pages::default();
        self.each_document(ledger, |version, document| match document {
            Document::Hold(hold) => pages.put_hold(version, *hold),
            Document::Incident(incident) => pages.put_incident(version, *incident),
            // What decides is no matter of the fraud desk's; lists come once it is known which of them stand.
            Document::Policies(_) | Document::Listed(_) => {}
        })
        .await?;
        let standing = pages.incidents.values().map(|(_, incident)| incident);
        let standing: Vec<Incident> = standing.filter(|incident| incident.ending.stands()).cloned().collect();
        // Of a list whose incident was never opened, or is over, nothing is kept.
        let mut listed: HashMap<RecordId, Vec<AccountMark>> =
            standing.iter().map(|incident| (incident.id, Vec::new())).collect();
        if standing.iter().any(|incident| matches!(incident.cohort, Cohort::Listed { .. })) {
            self.each_document(ledger, |_, document| {
                if let Document::Listed(page) = document
                    && let Some(marks) = listed.get_mut(&page.incident)
                {
                    marks.extend(page.accounts);
                }
            })
            .await?;
        }
        for incident in &standing {
            let Cohort::Listed { accounts, .. } = incident.cohort else { continue };
            let mut marks = listed.remove(&incident.id).unwrap_or_default();
            marks.sort_unstable();
            if usize::try_from(accounts).ok() != Some(marks.len()) {
                return Err(ServiceError::Unavailable("an incident's list of accounts is not whole".to_owned()));
            }
            pages.listed.insert(incident.id, marks.into());
        }
        Ok(Arc::new(Book(RwLock::new(pages))))
    }

    /// Every document of a ledger, with its version.
    async fn each_document(
        &self,
        ledger: Token,
        mut each: impl FnMut(u64, Document) + Send,
    ) -> Result<(), ServiceError> {
        let mut after = None;
        loop {
            let documents = self.vault.documents(ledger, after).await?;
            let Some((last, _, _)) = documents.last() else { return Ok(()) };
            after = Some(*last);
            for (_, version, document) in documents {
                each(version, document);
            }
        }
    }
}
