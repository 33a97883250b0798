//! What is in force in a brand, in memory.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock};

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use tokio::sync::OnceCell;

use super::following::{Followed, Rings};
use crate::crypto::Token;
use crate::domain::{
    AccountMark, Brand, Change, Cohort, Document, Given, Hold, HoldKind, HoldTarget, Incident, Interaction, Place,
    RecordId, Requester, Subject, each_holdable,
};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::service::trail::Trail;

/// Brands with a book. They come from tokens of trusted issuers, so that they are few.
const BRANDS_MAX: usize = 4_096;

/// All books, each read from the store when it is first asked for.
#[derive(Default)]
pub(in crate::service) struct Shelf {
    books: ArcSwap<HashMap<Brand, Arc<OnceCell<Arc<Book>>>>>,
    /// One breach at a time is told of: what may be listed is counted, and then listed.
    pub(super) opening: tokio::sync::Mutex<()>,
    /// What other engines commit.
    pub(super) rings: Rings,
}

impl Shelf {
    /// A place for a brand's book, if there is room for one more. Brands are met once: who looks one up waits for nobody.
    fn add(&self, brand: &Brand) -> Option<Arc<OnceCell<Arc<Book>>>> {
        self.books.rcu(|books| {
            let mut books = HashMap::clone(books);
            if books.len() < BRANDS_MAX {
                books.entry(brand.clone()).or_default();
            }
            books
        });
        self.books.load().get(brand).map(Arc::clone)
    }
}

/// What a decision asks: the book of its brand, and the carrier's own, whose breaches may be everyone's.
#[derive(Clone)]
pub(in crate::service) struct Books {
    own: Arc<Book>,
    house: Arc<Book>,
}

/// The book of one brand.
pub(in crate::service) struct Book {
    pages: RwLock<Pages>,
    followed: Followed,
}

/// What is in force. What was lifted or ended is in the store alone.
#[derive(Default)]
pub(super) struct Pages {
    holds: [HashMap<String, Hold>; HoldKind::ALL.len()],
    incidents: BTreeMap<RecordId, Incident>,
    listed: HashMap<RecordId, Arc<[AccountMark]>>,
}

impl Pages {
    fn of_kind(&self, kind: HoldKind) -> Option<&HashMap<String, Hold>> {
        HoldKind::ALL.iter().position(|known| *known == kind).and_then(|place| self.holds.get(place))
    }

    fn put(&mut self, document: Document) {
        match document {
            Document::Hold(hold) => self.put_hold(*hold),
            Document::Incident(incident) => self.put_incident(*incident),
            // What decides is no matter of the fraud desk's; a list says nothing by itself; challenges are customers'.
            Document::Policies(_)
            | Document::Listed(_)
            | Document::Challenge(_)
            | Document::Prompts(_)
            | Document::Notices(_) => {}
        }
    }

    fn put_hold(&mut self, hold: Hold) {
        let place = HoldKind::ALL.iter().position(|known| *known == hold.target.kind);
        let Some(holds) = place.and_then(|place| self.holds.get_mut(place)) else { return };
        if hold.lifting.stands() {
            holds.insert(hold.target.name.as_str().to_owned(), hold);
        } else {
            holds.remove(hold.target.name.as_str());
        }
    }

    fn put_incident(&mut self, incident: Incident) {
        if incident.ending.stands() {
            self.incidents.insert(incident.id, incident);
        } else {
            self.incidents.remove(&incident.id);
            self.listed.remove(&incident.id);
        }
    }
}

impl Book {
    fn read<T>(&self, look: impl FnOnce(&Pages) -> T) -> T {
        // A panic elsewhere leaves the pages whole: each change is one insertion.
        look(&self.pages.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Pages)) {
        change(&mut self.pages.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Takes over a document as it now stands. Who changes one does this before the ledger's next turn, so that of two changes
    /// the later one stays.
    pub(super) fn put(&self, document: Document) {
        self.change(|pages| pages.put(document));
    }

    /// Takes over all that is in force, for who has the ledger's turn.
    pub(super) fn replace(&self, pages: Pages) {
        self.change(|before| *before = pages);
    }

    /// The accounts of an incident that is about to be opened: nothing names them yet.
    pub(super) fn put_list(&self, incident: RecordId, listed: Arc<[AccountMark]>) {
        self.change(|pages| drop(pages.listed.insert(incident, listed)));
    }

    /// Whether the accounts that an incident lists are there.
    pub(super) fn has_list(&self, incident: RecordId) -> bool {
        self.read(|pages| pages.listed.contains_key(&incident))
    }

    /// How far other engines' changes are in it.
    pub(super) const fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Forgets the list of an incident that was not opened.
    pub(super) fn drop_list(&self, incident: RecordId) {
        self.change(|pages| {
            if !pages.incidents.contains_key(&incident) {
                pages.listed.remove(&incident);
            }
        });
    }

    /// Whether something is held.
    pub(super) fn is_held(&self, target: &HoldTarget) -> bool {
        self.read(|pages| pages.of_kind(target.kind).is_some_and(|holds| holds.contains_key(target.name.as_str())))
    }

    /// How many holds there are.
    pub(super) fn hold_count(&self) -> usize {
        self.read(|pages| pages.holds.iter().map(HashMap::len).sum())
    }

    /// Holds after one, in their order, at most `limit`; whether there are more.
    pub(super) fn holds(&self, after: Option<&HoldTarget>, limit: usize) -> (Vec<Hold>, bool) {
        self.read(|pages| {
            let all = pages.holds.iter().flat_map(HashMap::values);
            let mut found: Vec<&Hold> = all.filter(|hold| after.is_none_or(|after| hold.target > *after)).collect();
            found.sort_by(|one, other| one.target.cmp(&other.target));
            let more = found.len() > limit;
            (found.into_iter().take(limit).cloned().collect(), more)
        })
    }

    /// Incidents after one, in the order of their opening, at most `limit`; whether there are more.
    pub(super) fn incidents(&self, after: Option<RecordId>, limit: usize) -> (Vec<Incident>, bool) {
        self.read(|pages| {
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let mut found = pages.incidents.range((from, Bound::Unbounded)).map(|(_, incident)| incident);
            let page = found.by_ref().take(limit).cloned().collect();
            (page, found.next().is_some())
        })
    }

    /// How many incidents there are.
    pub(super) fn incident_count(&self) -> usize {
        self.read(|pages| pages.incidents.len())
    }

    /// How many accounts all incidents that stand list.
    pub(super) fn listed_count(&self) -> usize {
        self.read(|pages| pages.listed.values().map(|listed| listed.len()).sum())
    }

    /// The latest instant at which secrets of an account, or of everybody's, may have been taken.
    fn cut_off(&self, account: Option<AccountMark>) -> Option<DateTime<Utc>> {
        self.read(|pages| {
            let covers = |incident: &&Incident| match (incident.cohort, account) {
                (Cohort::Everyone, _) | (Cohort::Brand, Some(_)) => true,
                (Cohort::Listed { .. }, Some(account)) => {
                    // INVARIANT (fail-closed): a list that is not there lists everybody.
                    pages.listed.get(&incident.id).is_none_or(|listed| listed.binary_search(&account).is_ok())
                }
                (Cohort::Brand | Cohort::Listed { .. }, None) => false,
            };
            pages.incidents.values().filter(covers).map(|incident| incident.cut_off).max()
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

    /// What of something that was given for a challenge is held: who gave it, or where.
    pub(in crate::service) fn held_given(&self, given: &Given) -> Option<HoldKind> {
        self.first_held(|name| {
            name(HoldKind::Staff, given.by.as_str());
            given.place.each_holdable(name);
        })
    }

    /// Whether somebody is held whose word was given before.
    pub(in crate::service) fn holds_subject(&self, subject: &Subject) -> bool {
        self.first_held(|name| name(HoldKind::Staff, subject.as_str())).is_some()
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
                if pages.of_kind(kind).is_some_and(|holds| holds.contains_key(name)) {
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
        let book = self.book_as_read(brand).await?;
        self.follow(brand, &book).await?;
        Ok(book)
    }

    /// The same as it was last read or changed here: for who has the ledger's turn.
    pub(super) async fn book_as_read(&self, brand: &Brand) -> Result<Arc<Book>, ServiceError> {
        let known = self.shelf.books.load().get(brand).map(Arc::clone);
        let Some(cell) = known.or_else(|| self.shelf.add(brand)) else {
            return Err(ServiceError::Unavailable("tokens name more brands than there can be".to_owned()));
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

    /// Refuses whose word counts for nothing where two people must agree.
    ///
    /// INVARIANT (fail-closed): the word of who is held undoes nothing, least of all their own hold; and a machine is no person.
    pub(in crate::service) async fn check_word(&self, requester: &Requester) -> Result<(), ServiceError> {
        if requester.subject.is_machine() {
            return Err(ServiceError::Refused(Refusal::PersonNeeded));
        }
        self.check_not_held(requester).await
    }

    /// Refuses who is held.
    pub(in crate::service) async fn check_not_held(&self, requester: &Requester) -> Result<(), ServiceError> {
        if self.books(&requester.brand).await?.holds(requester) {
            return Err(ServiceError::Refused(Refusal::Held));
        }
        Ok(())
    }

    async fn read_book(&self, brand: &Brand) -> Result<Arc<Book>, ServiceError> {
        let (pages, trail) = self.read_pages(brand).await?;
        Ok(Arc::new(Book { pages: RwLock::new(pages), followed: Followed::from(trail) }))
    }

    /// What is in force in a brand, and from where in its ledger's journal on it is followed.
    pub(super) async fn read_pages(&self, brand: &Brand) -> Result<(Pages, Trail), ServiceError> {
        let ledger = self.vault.tokens().ledger(brand);
        let mut pages = Pages::default();
        // Before the documents: whatever is committed meanwhile is read twice rather than never.
        let trail = self.followed_from(ledger).await?;
        // Lists come once it is known which of them stand.
        self.each_document(ledger, |document| pages.put(document)).await?;
        let standing: Vec<Incident> = pages.incidents.values().cloned().collect();
        pages.listed = self.lists_of(ledger, &standing).await?;
        Ok((pages, trail))
    }

    /// Every document of a ledger.
    pub(super) async fn each_document(
        &self,
        ledger: Token,
        mut each: impl FnMut(Document) + Send,
    ) -> Result<(), ServiceError> {
        let mut after = None;
        loop {
            let documents = self.vault.documents(ledger, after).await?;
            let Some((last, _)) = documents.last() else { return Ok(()) };
            after = Some(*last);
            for (_, document) in documents {
                each(document);
            }
        }
    }
}
