//! What other engines change: the records of a brand's ledger say which documents to read again.
//!
//! A decision rests on a book that was followed within the last second, and at once where a ring told that the ledger's
//! partition had a commit. A ring may be lost; then it is the second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::{Receiver, error::TryRecvError};
use tokio::time::Instant;

use super::book::Book;
use crate::audit::Event;
use crate::crypto::{Partition, Token};
use crate::domain::{Brand, Cohort, Document, Incident, RecordId};
use crate::service::engine::{Engine, PolicySource};
use crate::service::error::ServiceError;
use crate::service::trail::Trail;
use crate::store::{ROWS_MAX, Store};

/// How long a book is good without being followed.
const FOLLOWED_EVERY: Duration = Duration::from_secs(1);

/// How far a book was followed, and when.
#[derive(Default)]
pub(super) struct Followed {
    /// How far the ledger's journal was read. Held while it is read: one reads, and the others wait for it.
    trail: tokio::sync::Mutex<Trail>,
    /// Until when it is good, in milliseconds after the process's first book; 0 before the first.
    good_until: AtomicU64,
    /// The rings of the ledger's partition that were heard before.
    heard: AtomicU32,
}

impl Followed {
    /// From there on, which was the journal's end before the book was read.
    pub(super) fn from(trail: Trail) -> Self {
        Self { trail: trail.into(), ..Self::default() }
    }

    fn is_good(&self, heard: u32) -> bool {
        self.heard.load(Ordering::Acquire) == heard && elapsed() < self.good_until.load(Ordering::Acquire)
    }

    /// Good from when the reading began.
    fn note(&self, begun: u64, heard: u32) {
        let every = u64::try_from(FOLLOWED_EVERY.as_millis()).unwrap_or(u64::MAX);
        self.heard.store(heard, Ordering::Release);
        self.good_until.store(begun.saturating_add(every), Ordering::Release);
    }
}

/// Milliseconds by the monotonic clock, which no hand moves.
fn elapsed() -> u64 {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    u64::try_from(FIRST.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The rings of a store that others change, counted by partition.
#[derive(Default)]
pub(super) struct Rings(OnceLock<Heard>);

struct Heard {
    rings: Mutex<Receiver<Partition>>,
    counts: Vec<AtomicU32>,
}

impl Rings {
    /// How often a partition rang so far.
    fn of(&self, store: &dyn Store, partition: Partition) -> u32 {
        let heard = self.0.get_or_init(|| Heard {
            rings: store.rings().into(),
            counts: (0..Partition::COUNT).map(|_| AtomicU32::new(0)).collect(),
        });
        heard.take_in();
        heard.counts.get(usize::from(partition.number())).map_or(0, |count| count.load(Ordering::Acquire))
    }
}

impl Heard {
    fn take_in(&self) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let add = |count: &AtomicU32| count.fetch_add(1, Ordering::Release);
        loop {
            match rings.try_recv() {
                Ok(partition) => {
                    self.counts.get(usize::from(partition.number())).map(add);
                }
                // Some were missed: any partition may have rung.
                Err(TryRecvError::Lagged(_)) => {
                    self.counts.iter().for_each(|count| {
                        add(count);
                    });
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }
}

impl Engine {
    /// Brings a brand's book up to what other engines have committed, where there are others.
    ///
    /// INVARIANT (fail-closed): a book that cannot be followed is asked by no decision.
    pub(super) async fn follow(&self, brand: &Brand, book: &Book) -> Result<(), ServiceError> {
        let store = self.vault.store();
        if !store.is_shared() {
            return Ok(());
        }
        let ledger = self.vault.tokens().ledger(brand);
        // Heard before it is read: what rings meanwhile is followed next time.
        let heard = self.shelf.rings.of(store, ledger.partition());
        if book.followed().is_good(heard) {
            return Ok(());
        }
        let mut trail = book.followed().trail.lock().await;
        if book.followed().is_good(heard) {
            return Ok(());
        }
        let begun = elapsed();
        let journal = store.journal_of(ledger.partition());
        loop {
            // What a page shows is proven: no failover takes back what is taken over here.
            let Some(page) = self.behind(journal, &trail, ROWS_MAX).await? else {
                *trail = self.read_again(brand, book).await?;
                continue;
            };
            let mut reached = *trail;
            let Some(()) = page.last().map(|last| reached.reach(last)) else { break };
            for entry in page.into_iter().filter(|entry| entry.account == ledger) {
                let kept = self.vault.unseal_journalled(entry)?;
                self.take_over(brand, book, &kept.record().event).await?;
            }
            *trail = reached;
        }
        book.followed().note(begun, heard);
        Ok(())
    }

    /// Reads all of a book again, and the policy, since the ledger does not have any more what they were read from.
    async fn read_again(&self, brand: &Brand, book: &Book) -> Result<Trail, ServiceError> {
        tracing::error!(brand = brand.as_str(), "the store lost records that were read: the brand's book is read anew");
        let trail = {
            let _turn = self.queues.enter_to_protect(self.vault.tokens().ledger(brand)).await?;
            let (pages, trail) = self.read_pages(brand).await?;
            book.replace(pages);
            trail
        };
        if self.policy_source == PolicySource::Service && *brand == self.carrier.brand {
            self.take_kept_policy().await?;
        }
        Ok(trail)
    }

    /// Reads again what a record of the ledger says has changed.
    async fn take_over(&self, brand: &Brand, book: &Book, event: &Event) -> Result<(), ServiceError> {
        let document = match event {
            Event::HoldChanged { target, .. } => self.hold_token(target),
            Event::IncidentChanged { incident, .. } => self.incident_token(*incident),
            Event::PolicyChanged(_) if self.policy_source == PolicySource::Service && *brand == self.carrier.brand => {
                return self.take_kept_policy().await;
            }
            _ => return Ok(()),
        };
        // In the ledger's turn, as whoever changes it here: of two changes the later one stays.
        let _turn = self.queues.enter_to_protect(self.vault.tokens().ledger(brand)).await?;
        let Some(document) = self.document(brand, document).await? else { return Ok(()) };
        if let Document::Incident(incident) = &document
            && matches!(incident.cohort, Cohort::Listed { .. })
            && incident.ending.stands()
            && !book.has_list(incident.id)
        {
            let ledger = self.vault.tokens().ledger(brand);
            for (id, listed) in self.lists_of(ledger, std::slice::from_ref(incident)).await? {
                book.put_list(id, listed);
            }
        }
        book.put(document);
        Ok(())
    }

    /// The last place of a ledger's journal, for a book that is about to be read.
    pub(super) async fn followed_from(&self, ledger: Token) -> Result<Trail, ServiceError> {
        let (store, mut trail) = (self.vault.store(), Trail::default());
        if !store.is_shared() {
            return Ok(trail);
        }
        let journal = store.journal_of(ledger.partition());
        let place = self.last_place_where(journal, |_| true).await?;
        if let Some(before) = place.checked_sub(1)
            && let Some(last) = store.journal(journal, before, 1).await?.first()
        {
            trail.reach(last);
        }
        Ok(trail)
    }

    /// The accounts of incidents that list some.
    pub(super) async fn lists_of(
        &self,
        ledger: Token,
        incidents: &[Incident],
    ) -> Result<HashMap<RecordId, Arc<[crate::domain::AccountMark]>>, ServiceError> {
        let wanted = incidents.iter().filter_map(|incident| match incident.cohort {
            Cohort::Listed { accounts, .. } => Some((incident.id, (accounts, Vec::new()))),
            Cohort::Everyone | Cohort::Brand => None,
        });
        let mut lists: HashMap<RecordId, (u32, Vec<crate::domain::AccountMark>)> = wanted.collect();
        if lists.is_empty() {
            return Ok(HashMap::new());
        }
        // Of a list whose incident was never opened, or is over, nothing is kept.
        self.each_document(ledger, |document| {
            if let Document::Listed(page) = document
                && let Some((_, marks)) = lists.get_mut(&page.incident)
            {
                marks.extend(page.accounts);
            }
        })
        .await?;
        let whole = |(id, (accounts, mut marks)): (RecordId, (u32, Vec<crate::domain::AccountMark>))| {
            marks.sort_unstable();
            if usize::try_from(accounts).ok() != Some(marks.len()) {
                return Err(ServiceError::Unavailable("an incident's list of accounts is not whole".to_owned()));
            }
            Ok((id, Arc::from(marks)))
        };
        lists.into_iter().map(whole).collect()
    }
}
