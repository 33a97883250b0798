//! Targets that fail: one that ends like a killed process, and one that loses or changes what it is given.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};
use portcullis::crypto::Token;
use portcullis::store::{
    ArchivedUpTo, Around, Filling, Journalled, Kind, Mark, Movable, MovedRequest, Page, Reply, Slot, Standing, Store,
    StoreError, Thing, Walked,
};

/// What changes things before they are put.
pub(crate) type Spoil = fn(&mut Vec<Thing>);

/// A target that ends like a killed process: what it was asked so often before is done, and then, perhaps, what it was
/// asked last, without its being remembered.
pub(crate) struct Cut {
    inner: Arc<dyn Movable>,
    fills_left: AtomicUsize,
    puts_the_last: bool,
    /// Changes what is put, as a fault would.
    spoil: Spoil,
}

impl Cut {
    pub(crate) fn after(inner: Arc<dyn Movable>, fills: usize, puts_the_last: bool) -> Self {
        Self { inner, fills_left: AtomicUsize::new(fills), puts_the_last, spoil: |_| {} }
    }

    pub(crate) fn spoiling(inner: Arc<dyn Movable>, spoil: Spoil) -> Self {
        Self { inner, fills_left: AtomicUsize::new(usize::MAX), puts_the_last: false, spoil }
    }
}

impl Around for Cut {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }
}

impl Movable for Cut {
    fn standing(&self) -> Reply<'_, Result<Standing, StoreError>> {
        self.inner.standing()
    }

    fn walk(&self, kind: Walked, after: Option<Mark>, limit: usize) -> Reply<'_, Result<Page, StoreError>> {
        self.inner.walk(kind, after, limit)
    }

    fn requests(&self, names: Vec<Token>) -> Reply<'_, Result<Vec<Option<MovedRequest>>, StoreError>> {
        self.inner.requests(names)
    }

    fn all_archived(&self) -> Reply<'_, Result<Vec<(u16, ArchivedUpTo)>, StoreError>> {
        self.inner.all_archived()
    }

    fn fill(&self, mut filling: Filling) -> Reply<'_, Result<(), StoreError>> {
        Box::pin(async move {
            (self.spoil)(&mut filling.things);
            let left = self.fills_left.fetch_sub(1, Ordering::Relaxed);
            if left > 0 {
                return self.inner.fill(filling).await;
            }
            if self.puts_the_last
                && let Some(reached) = self.inner.filled().await?
            {
                self.inner.fill(Filling { reached, ..filling }).await?;
            }
            Err(StoreError::Unavailable("killed".to_owned()))
        })
    }

    fn filled(&self) -> Reply<'_, Result<Option<Vec<u8>>, StoreError>> {
        self.inner.filled()
    }

    fn moved(&self, to: Option<u64>) -> Reply<'_, Result<(), StoreError>> {
        self.inner.moved(to)
    }

    fn complete(&self, highest: Option<DateTime<Utc>>) -> Reply<'_, Result<(), StoreError>> {
        self.inner.complete(highest)
    }

    fn leave(&self) -> Reply<'_, Result<(), StoreError>> {
        self.inner.leave()
    }
}

/// What spoils things, and of which kind the difference is told.
pub(crate) fn spoilers() -> Vec<(Kind, Spoil)> {
    fn without(things: &mut Vec<Thing>, is: impl Fn(&Thing) -> bool) {
        if let Some(place) = things.iter().position(is) {
            things.remove(place);
        }
    }
    vec![
        (Kind::Accounts, |things| without(things, |thing| matches!(thing, Thing::Row { slot: Slot::Head, .. }))),
        (Kind::Permits, |things| without(things, |thing| matches!(thing, Thing::Row { slot: Slot::Permit(_), .. }))),
        (Kind::Records, |things| without(things, |thing| matches!(thing, Thing::Record { .. }))),
        (Kind::Names, |things| without(things, |thing| matches!(thing, Thing::Name(_)))),
        (Kind::Due, |things| without(things, |thing| matches!(thing, Thing::Due(_)))),
        (Kind::Requests, |things| without(things, |thing| matches!(thing, Thing::Request(_)))),
        (Kind::Windows, |things| without(things, |thing| matches!(thing, Thing::Window(_)))),
        (Kind::Archived, |things| without(things, |thing| matches!(thing, Thing::Archived(..)))),
        (Kind::Lines, |things| {
            for thing in things {
                if let Thing::Row { slot: Slot::Line(_), row, .. } = thing {
                    row.body[0] ^= 1;
                }
            }
        }),
        (Kind::Credentials, |things| {
            for thing in things {
                if let Thing::Row { slot: Slot::Credentials, row, .. } = thing {
                    row.version += 1;
                }
            }
        }),
        // Two of one account in the other order, each whole and both there.
        (Kind::Records, |things| {
            let places: Vec<usize> = things
                .iter()
                .enumerate()
                .filter(|(_, thing)| matches!(thing, Thing::Record { .. }))
                .map(|(place, _)| place)
                .collect();
            let account = |place: usize| match &things[place] {
                Thing::Record { record, .. } => record.account,
                _ => unreachable!(),
            };
            let pair = places.iter().flat_map(|one| places.iter().map(move |other| (*one, *other)));
            let pair = pair.into_iter().find(|(one, other)| one < other && account(*one) == account(*other));
            if let Some((one, other)) = pair
                && let Thing::Record { record: first, .. } = things[one].clone()
                && let Thing::Record { record: second, .. } = things[other].clone()
            {
                let place_of = |record: Journalled, place| Journalled { place, ..record };
                if let Thing::Record { record, .. } = &mut things[one] {
                    *record = place_of(second.clone(), first.place);
                }
                if let Thing::Record { record, .. } = &mut things[other] {
                    *record = place_of(first, second.place);
                }
            }
        }),
    ]
}
