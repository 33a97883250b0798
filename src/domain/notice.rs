//! Notices: how far what happened was told to the people whom it is about.
//!
//! Deliberately absent: what a notice says. It is made anew from its record each time that it is told.

use chrono::{DateTime, TimeDelta, Utc};

use super::RecordId;

/// Notices that wait for another try at a time. Where so many do, nothing new is begun: what comes after waits in the ledger.
pub const WAITING_NOTICES_MAX: usize = 1_024;

/// Of those so many places are left while others are taken: what its receiver does not want never keeps anybody else's from them.
const PLACES_LEFT: usize = 512;

/// Notices that nobody took which are remembered, the newest. The others are still on record, and can be told again by name.
pub const DEAD_NOTICES_MAX: usize = 1_024;

/// For so long a notice is tried.
pub const NOTICE_TRIED_FOR: TimeDelta = TimeDelta::days(3);

/// How far a brand's records were told of, kept in its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeBook {
    /// The store's life in which the places were read. In another they mean nothing.
    pub epoch: u64,
    /// How far each journal was read.
    pub places: Vec<NoticePlace>,
    /// What happened before that was read, whatever the places mean.
    pub read_until: DateTime<Utc>,
    /// What was tried and not taken, and is tried again.
    pub waiting: Vec<WaitingNotice>,
    /// What is not tried any more, in the order in which it was given up.
    pub dead: Vec<DeadNotice>,
}

/// A place in a journal: what stands there, and all before, was told of, waits, or needs no telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticePlace {
    /// The place.
    pub place: u64,
    /// What stood there when it was read, so that it is seen where it became another's; not known of where telling began.
    pub record: Option<RecordId>,
}

/// The name of one recipient of a record's notice: a keyed digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NoticeMark(pub u128);

/// One notice: of a record to one recipient, or to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeName {
    /// The record that it tells of.
    pub record: RecordId,
    /// To whom; none is everybody.
    pub to: Option<NoticeMark>,
    /// The how many-eth of its kind in its hour it is.
    pub nth: u32,
}

/// A notice that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingNotice {
    /// Which.
    pub name: NoticeName,
    /// How often it was tried.
    pub tries: u32,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is tried next.
    pub next_at: DateTime<Utc>,
    /// Whether its receiver said so: then not before.
    pub asked: bool,
    /// How often it was not taken while others were.
    pub vain: u32,
}

/// A notice that is not tried any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadNotice {
    /// Which.
    pub name: NoticeName,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub end: NoticeEnd,
}

/// Why a notice is not tried any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NoticeEnd {
    /// Its receiver wants it never again.
    Refused = 1,
    /// It was tried for as long as one is, or in vain for longer than others while too many waited.
    GivenUp = 2,
    /// Its record or its account cannot be read, or left the store.
    Unreadable = 3,
}

impl NoticeEnd {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "REFUSED",
            Self::GivenUp => "GIVEN_UP",
            Self::Unreadable => "UNREADABLE",
        }
    }
}

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeTry {
    /// It was taken, or there was nobody to be told.
    Done,
    /// It was not; it is tried again after this time.
    Again {
        /// The time.
        after: TimeDelta,
        /// Whether its receiver said so.
        asked: bool,
    },
    /// It was not, and is not tried any more.
    Never(NoticeEnd),
}

/// What was done since the book was written last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoticeRound {
    /// How far journals were read.
    pub places: Vec<(u16, NoticePlace)>,
    /// Journals that lost what was read of them, and from where on they are read again.
    pub lost: Vec<(u16, u64)>,
    /// What happened before that was read, where all journals were read to their ends.
    pub read_until: Option<DateTime<Utc>>,
    /// What was tried, and what came of it.
    pub tried: Vec<(NoticeName, NoticeTry)>,
    /// Since when the receiver had taken nothing, where it takes something again.
    pub was_away_since: Option<DateTime<Utc>>,
}

impl NoticeBook {
    /// Nothing of what happened before `now` is told.
    pub fn begin(epoch: u64, places: impl IntoIterator<Item = u64>, now: DateTime<Utc>) -> Self {
        let places = places.into_iter().map(|place| NoticePlace { place, record: None }).collect();
        Self { epoch, places, read_until: now, waiting: Vec::new(), dead: Vec::new() }
    }

    /// Takes over what was done. Two that did the same leave the same, and none takes back what another read, but where it is lost.
    pub fn take(&mut self, round: &NoticeRound, now: DateTime<Utc>) {
        for (journal, read) in &round.places {
            if let Some(known) = self.places.get_mut(usize::from(*journal)).filter(|known| known.place <= read.place) {
                *known = *read;
            }
        }
        for (journal, place) in &round.lost {
            if let Some(known) = self.places.get_mut(usize::from(*journal)) {
                *known = NoticePlace { place: *place, record: None };
            }
        }
        self.read_until = round.read_until.map_or(self.read_until, |until| until.max(self.read_until));
        let any_taken = round.tried.iter().any(|(_, result)| *result == NoticeTry::Done);
        for (name, result) in &round.tried {
            self.note((*name, *result), any_taken, now);
        }
        if let Some(away_since) = round.was_away_since {
            // Nobody waits for a receiver that is back, but who it told to, and what it did not take when it took others.
            let waited = self.waiting.iter_mut().filter(|waiting| waiting.since >= away_since && !waiting.asked);
            waited.for_each(|waiting| waiting.next_at = waiting.next_at.min(now));
        }
        if any_taken {
            self.give_way(now);
        }
        let surplus = self.dead.len().saturating_sub(DEAD_NOTICES_MAX);
        self.dead.drain(..surplus);
    }

    fn note(&mut self, (name, result): (NoticeName, NoticeTry), any_taken: bool, now: DateTime<Utc>) {
        let is_it = |known: &NoticeName| known.record == name.record && known.to == name.to;
        let before = self.waiting.iter().position(|waiting| is_it(&waiting.name));
        let before = before.map(|place| self.waiting.remove(place));
        self.dead.retain(|dead| !is_it(&dead.name));
        let (since, tries, vain) = before.map_or((now, 0, 0), |before| (before.since, before.tries, before.vain));
        let (tries, vain) = (tries.saturating_add(1), vain.saturating_add(any_taken.into()));
        let end = match result {
            NoticeTry::Done => return,
            NoticeTry::Again { after, asked } if now.signed_duration_since(since) < NOTICE_TRIED_FOR => {
                self.waiting.push(WaitingNotice { name, tries, since, next_at: now + after, asked, vain });
                return;
            }
            NoticeTry::Again { .. } => NoticeEnd::GivenUp,
            NoticeTry::Never(end) => end,
        };
        self.dead.push(DeadNotice { name, at: now, end });
    }

    /// What was not taken most often while others were makes room. What waits since its receiver is away does not.
    fn give_way(&mut self, now: DateTime<Utc>) {
        let in_vain = self.waiting.iter().filter(|waiting| waiting.vain > 0).count();
        let surplus = (self.waiting.len() + PLACES_LEFT).saturating_sub(WAITING_NOTICES_MAX).min(in_vain);
        if surplus > 0 {
            self.waiting.sort_by_key(|waiting| (std::cmp::Reverse(waiting.vain), waiting.since));
            let gone = self.waiting.drain(..surplus);
            self.dead.extend(gone.map(|WaitingNotice { name, .. }| DeadNotice {
                name,
                at: now,
                end: NoticeEnd::GivenUp,
            }));
        }
    }

    /// Has records told again to everybody, whatever became of their notices; how many there was room for.
    pub fn replay(&mut self, records: &[RecordId], now: DateTime<Utc>) -> usize {
        let mut taken = 0;
        for record in records {
            if self.waiting.len() >= WAITING_NOTICES_MAX {
                break;
            }
            let names = self.waiting.iter().map(|waiting| waiting.name).chain(self.dead.iter().map(|dead| dead.name));
            let nth = names.into_iter().find(|name| name.record == *record).map_or(1, |name| name.nth);
            self.waiting.retain(|waiting| waiting.name.record != *record);
            self.dead.retain(|dead| dead.name.record != *record);
            let name = NoticeName { record: *record, to: None, nth };
            self.waiting.push(WaitingNotice { name, tries: 0, since: now, next_at: now, asked: false, vain: 0 });
            taken += 1;
        }
        taken
    }

    /// What is to be tried now, what waited longest first.
    pub fn due(&self, now: DateTime<Utc>, limit: usize) -> Vec<WaitingNotice> {
        let mut due: Vec<_> = self.waiting.iter().filter(|waiting| waiting.next_at <= now).cloned().collect();
        due.sort_by_key(|waiting| waiting.next_at);
        due.truncate(limit);
        due
    }

    /// When the next one is to be tried.
    pub fn next_at(&self) -> Option<DateTime<Utc>> {
        self.waiting.iter().map(|waiting| waiting.next_at).min()
    }

    /// How many more may wait.
    pub fn room(&self) -> usize {
        WAITING_NOTICES_MAX.saturating_sub(self.waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{
        DEAD_NOTICES_MAX, NOTICE_TRIED_FOR, NoticeBook, NoticeEnd, NoticeMark, NoticeName, NoticePlace, NoticeRound,
        NoticeTry, PLACES_LEFT, WAITING_NOTICES_MAX,
    };
    use crate::domain::RecordId;

    const SOON: NoticeTry = NoticeTry::Again { after: TimeDelta::seconds(10), asked: false };
    const LATE: NoticeTry = NoticeTry::Again { after: TimeDelta::hours(6), asked: false };

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn record(number: usize) -> RecordId {
        RecordId::from_u128(number as u128)
    }

    fn name(number: usize) -> NoticeName {
        NoticeName { record: record(number), to: Some(NoticeMark(7)), nth: 1 }
    }

    fn tried(number: usize, result: NoticeTry) -> NoticeRound {
        NoticeRound { tried: vec![(name(number), result)], ..NoticeRound::default() }
    }

    fn book() -> NoticeBook {
        NoticeBook::begin(7, [5, 5], now())
    }

    #[test]
    fn no_round_takes_back_what_another_read_unless_it_is_lost() {
        let mut book = book();
        let at = |place| NoticePlace { place, record: Some(record(1)) };
        let round =
            |first, second| NoticeRound { places: vec![(0, at(first)), (1, at(second))], ..NoticeRound::default() };
        let places = |book: &NoticeBook| book.places.iter().map(|read| read.place).collect::<Vec<_>>();
        book.take(&round(9, 4), now());
        book.take(&round(8, 6), now());
        book.take(&NoticeRound { places: vec![(2, at(99))], ..NoticeRound::default() }, now());
        assert_eq!(places(&book), [9, 6]);
        book.take(&NoticeRound { lost: vec![(0, 3)], ..NoticeRound::default() }, now());
        assert_eq!(
            (places(&book), book.places.first().copied()),
            (vec![3, 6], Some(NoticePlace { place: 3, record: None }))
        );
        let until = |at| NoticeRound { read_until: Some(at), ..NoticeRound::default() };
        book.take(&until(now() + TimeDelta::hours(2)), now());
        book.take(&until(now() + TimeDelta::hours(1)), now());
        assert_eq!(book.read_until, now() + TimeDelta::hours(2));
    }

    #[test]
    fn what_is_not_taken_waits_until_it_is_or_is_given_up() {
        let mut book = book();
        book.take(&tried(1, SOON), now());
        assert_eq!((book.due(now(), 9).len(), book.next_at()), (0, Some(now() + TimeDelta::seconds(10))));
        let later = now() + TimeDelta::seconds(10);
        assert_eq!(book.due(later, 9).first().map(|due| (due.name, due.tries)), Some((name(1), 1)));
        book.take(&tried(1, SOON), later);
        assert_eq!(book.waiting.first().map(|waiting| (waiting.tries, waiting.since)), Some((2, now())));
        book.take(&tried(1, NoticeTry::Done), later);
        assert_eq!((book.waiting.len(), book.dead.len()), (0, 0));
        book.take(&tried(2, SOON), now());
        book.take(&tried(2, SOON), now() + NOTICE_TRIED_FOR);
        book.take(&tried(3, NoticeTry::Never(NoticeEnd::Refused)), now());
        let ends: Vec<_> = book.dead.iter().map(|dead| (dead.name.record, dead.end)).collect();
        assert_eq!(ends, [(record(2), NoticeEnd::GivenUp), (record(3), NoticeEnd::Refused)]);
        assert!(book.waiting.is_empty());
    }

    #[test]
    fn nobody_waits_for_a_receiver_that_is_back_but_who_it_told_to() {
        let (mut book, away, later) = (book(), now() + TimeDelta::minutes(1), now() + TimeDelta::hours(1));
        book.take(&tried(1, LATE), now());
        book.take(&tried(2, LATE), away);
        book.take(&tried(3, NoticeTry::Again { after: TimeDelta::hours(2), asked: true }), away);
        book.take(&NoticeRound { was_away_since: Some(away), ..tried(4, NoticeTry::Done) }, later);
        let due: Vec<_> = book.due(later, 9).iter().map(|waiting| waiting.name.record).collect();
        assert_eq!(due, [record(2)], "the first was not taken when others were");
    }

    /// What nobody takes keeps no place from others, while others are taken.
    #[test]
    fn what_was_tried_most_makes_room() {
        let mut book = book();
        for number in 0..WAITING_NOTICES_MAX {
            book.take(&tried(number, LATE), now());
        }
        book.take(&tried(9_999, NoticeTry::Done), now());
        assert_eq!(book.room(), 0, "while its receiver was away none was tried in vain");
        let in_vain = |number| NoticeRound {
            tried: vec![(name(number), LATE), (name(9_999), NoticeTry::Done)],
            ..NoticeRound::default()
        };
        book.take(&in_vain(5), now());
        assert_eq!((book.room(), book.dead.first().map(|dead| dead.name.record)), (1, Some(record(5))));
        (0..WAITING_NOTICES_MAX).filter(|number| *number != 5).for_each(|number| book.take(&in_vain(number), now()));
        assert_eq!((book.room(), book.dead.len()), (PLACES_LEFT, PLACES_LEFT));
    }

    #[test]
    fn dead_ones_live_again_and_what_is_remembered_is_bounded() {
        let mut book = book();
        for number in 0..=DEAD_NOTICES_MAX {
            book.take(&tried(number, NoticeTry::Never(NoticeEnd::Refused)), now());
        }
        let oldest = book.dead.first().map(|dead| dead.name.record);
        assert_eq!((book.dead.len(), oldest), (DEAD_NOTICES_MAX, Some(record(1))));
        assert_eq!(book.replay(&[record(1), record(1), record(0)], now()), 3);
        assert_eq!((book.dead.len(), book.due(now(), 9).len()), (DEAD_NOTICES_MAX - 1, 2));
        assert!(book.due(now(), 9).iter().all(|waiting| waiting.name.to.is_none()), "to everybody");
        let more: Vec<_> = (2..=WAITING_NOTICES_MAX + 1).map(record).collect();
        assert_eq!((book.replay(&more, now()), book.room()), (WAITING_NOTICES_MAX - 2, 0));
    }
}
