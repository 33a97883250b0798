//! Notices: how far what happened was told to the people whom it is about.
//!
//! Deliberately absent: what a notice says and to whom. It is made anew from its record each time that it is told.

use chrono::{DateTime, TimeDelta, Utc};

use super::RecordId;

/// Notices that wait for another try at a time. Where so many do, nothing new is begun: what comes after waits in the ledger.
pub const WAITING_NOTICES_MAX: usize = 1_024;

/// Notices that nobody took which are remembered, the newest. The others are still on record, and can be told again by name.
pub const DEAD_NOTICES_MAX: usize = 1_024;

/// For so long a notice is tried.
pub const NOTICE_TRIED_FOR: TimeDelta = TimeDelta::days(3);

/// How far a brand's records were told of, kept in its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeBook {
    /// The store's life in which the places were read. In another they mean nothing.
    pub epoch: u64,
    /// Of each journal the last place whose record was told of, waits, or needs no telling.
    pub places: Vec<u64>,
    /// What happened before that was read, whatever the places mean.
    pub read_until: DateTime<Utc>,
    /// What was tried and not taken, and is tried again.
    pub waiting: Vec<WaitingNotice>,
    /// What is not tried any more, in the order in which it was given up.
    pub dead: Vec<DeadNotice>,
}

/// A notice that is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingNotice {
    /// The record that it tells of.
    pub record: RecordId,
    /// The how many-eth of its kind in its hour it is.
    pub nth: u32,
    /// How often it was tried.
    pub tries: u32,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it is tried next.
    pub next_at: DateTime<Utc>,
}

/// A notice that is not tried any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadNotice {
    /// The record that it tells of.
    pub record: RecordId,
    /// The how many-eth of its kind in its hour it is.
    pub nth: u32,
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
    /// It was tried for as long as one is.
    GivenUp = 2,
    /// Its record cannot be read, or left the store.
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
    /// It was taken.
    Taken,
    /// It was not; it is tried again after this time.
    Again(TimeDelta),
    /// It was not, and is not tried any more.
    Never(NoticeEnd),
}

/// What was done since the book was written last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NoticeRound {
    /// How far journals were read.
    pub places: Vec<(u16, u64)>,
    /// What happened before that was read, where all journals were read to their ends.
    pub read_until: Option<DateTime<Utc>>,
    /// What was tried, and what came of it.
    pub tried: Vec<(RecordId, u32, NoticeTry)>,
    /// Whether the receiver took something again after it took nothing: then nobody waits any longer.
    pub is_back: bool,
}

impl NoticeBook {
    /// Nothing of what happened before `now` is told.
    pub const fn begin(epoch: u64, places: Vec<u64>, now: DateTime<Utc>) -> Self {
        Self { epoch, places, read_until: now, waiting: Vec::new(), dead: Vec::new() }
    }

    /// Takes over what was done. Two that did the same leave the same, and none takes back what another read.
    pub fn take(&mut self, round: &NoticeRound, now: DateTime<Utc>) {
        for (journal, place) in &round.places {
            if let Some(known) = self.places.get_mut(usize::from(*journal)) {
                *known = (*known).max(*place);
            }
        }
        self.read_until = round.read_until.map_or(self.read_until, |until| until.max(self.read_until));
        for (record, nth, result) in &round.tried {
            self.note((*record, *nth), *result, now);
        }
        if round.is_back {
            self.waiting.iter_mut().for_each(|waiting| waiting.next_at = waiting.next_at.min(now));
        }
        let surplus = self.dead.len().saturating_sub(DEAD_NOTICES_MAX);
        self.dead.drain(..surplus);
    }

    fn note(&mut self, (record, nth): (RecordId, u32), result: NoticeTry, now: DateTime<Utc>) {
        let before = self.waiting.iter().position(|waiting| waiting.record == record);
        let before = before.map(|place| self.waiting.remove(place));
        self.dead.retain(|dead| dead.record != record);
        let (since, tries) = before.map_or((now, 1), |before| (before.since, before.tries.saturating_add(1)));
        let end = match result {
            NoticeTry::Taken => return,
            NoticeTry::Again(after) if now.signed_duration_since(since) < NOTICE_TRIED_FOR => {
                self.waiting.push(WaitingNotice { record, nth, tries, since, next_at: now + after });
                return;
            }
            NoticeTry::Again(_) => NoticeEnd::GivenUp,
            NoticeTry::Never(end) => end,
        };
        self.dead.push(DeadNotice { record, nth, at: now, end });
    }

    /// Has notices told again, whatever became of them; how many there was room for.
    pub fn replay(&mut self, records: &[RecordId], now: DateTime<Utc>) -> usize {
        let mut taken = 0;
        for record in records {
            let dead = self.dead.iter().position(|dead| dead.record == *record);
            if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.record == *record) {
                (waiting.since, waiting.next_at) = (now, now);
            } else if self.waiting.len() < WAITING_NOTICES_MAX {
                let nth = dead.and_then(|place| self.dead.get(place)).map_or(1, |dead| dead.nth);
                self.waiting.push(WaitingNotice { record: *record, nth, tries: 0, since: now, next_at: now });
            } else {
                return taken;
            }
            if let Some(place) = dead {
                self.dead.remove(place);
            }
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
        DEAD_NOTICES_MAX, NOTICE_TRIED_FOR, NoticeBook, NoticeEnd, NoticeRound, NoticeTry, WAITING_NOTICES_MAX,
    };
    use crate::domain::RecordId;

    const SOON: NoticeTry = NoticeTry::Again(TimeDelta::seconds(10));

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn record(number: usize) -> RecordId {
        RecordId::from_u128(number as u128)
    }

    fn tried(number: usize, result: NoticeTry) -> NoticeRound {
        NoticeRound { tried: vec![(record(number), 1, result)], ..NoticeRound::default() }
    }

    fn book() -> NoticeBook {
        NoticeBook::begin(7, vec![5, 5], now())
    }

    #[test]
    fn no_round_takes_back_what_another_read() {
        let mut book = book();
        let round = |first, second| NoticeRound { places: vec![(0, first), (1, second)], ..NoticeRound::default() };
        book.take(&round(9, 4), now());
        book.take(&round(8, 6), now());
        book.take(&NoticeRound { places: vec![(2, 99)], ..NoticeRound::default() }, now());
        assert_eq!(book.places, [9, 6]);
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
        assert_eq!(book.due(later, 9).first().map(|due| (due.record, due.tries)), Some((record(1), 1)));
        book.take(&tried(1, SOON), later);
        assert_eq!(book.waiting.first().map(|waiting| (waiting.tries, waiting.since)), Some((2, now())));
        book.take(&tried(1, NoticeTry::Taken), later);
        assert_eq!((book.waiting.len(), book.dead.len()), (0, 0));
        book.take(&tried(2, SOON), now());
        book.take(&tried(2, SOON), now() + NOTICE_TRIED_FOR);
        book.take(&tried(3, NoticeTry::Never(NoticeEnd::Refused)), now());
        let ends: Vec<_> = book.dead.iter().map(|dead| (dead.record, dead.end)).collect();
        assert_eq!(ends, [(record(2), NoticeEnd::GivenUp), (record(3), NoticeEnd::Refused)]);
        assert!(book.waiting.is_empty());
    }

    #[test]
    fn nobody_waits_for_a_receiver_that_is_back() {
        let (mut book, later) = (book(), now() + TimeDelta::hours(1));
        book.take(&tried(1, NoticeTry::Again(TimeDelta::hours(6))), now());
        book.take(&tried(2, NoticeTry::Taken), later);
        assert_eq!(book.next_at(), Some(now() + TimeDelta::hours(6)), "one that alone is not taken is not in a hurry");
        book.take(&NoticeRound { is_back: true, ..tried(3, NoticeTry::Taken) }, later);
        assert_eq!(book.next_at(), Some(later));
    }

    #[test]
    fn dead_ones_live_again_and_what_is_remembered_is_bounded() {
        let mut book = book();
        for number in 0..=DEAD_NOTICES_MAX {
            book.take(&tried(number, NoticeTry::Never(NoticeEnd::Refused)), now());
        }
        assert_eq!((book.dead.len(), book.dead.first().map(|dead| dead.record)), (DEAD_NOTICES_MAX, Some(record(1))));
        assert_eq!(book.replay(&[record(1), record(1), record(0)], now()), 3);
        assert_eq!((book.dead.len(), book.due(now(), 9).len()), (DEAD_NOTICES_MAX - 1, 2));
        let more: Vec<_> = (2..=WAITING_NOTICES_MAX + 1).map(record).collect();
        assert_eq!((book.replay(&more, now()), book.room()), (WAITING_NOTICES_MAX - 2, 0));
    }
}
