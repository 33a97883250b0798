//! What an account remembers of what outside sources told: bounded lists in the order of instants, the newest kept.
//!
//! A history is what was told, not the order it came in: events that arrive late, or in another order, leave the same one.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CallPhase, ContactKind, DeviceId, LineId};

/// How far a source's clock may be ahead. What is ahead within it is taken as now, so that no event lies in the future.
pub const EVENT_AHEAD_MAX: TimeDelta = TimeDelta::minutes(2);

/// How old an event may be when it is told: nothing looks further back.
pub const EVENT_AGE_MAX: TimeDelta = TimeDelta::days(31);

/// How many failed log-ins an account remembers: twice as many as the default policy counts to.
pub const LOG_IN_FAILURES_KEPT_MAX: usize = 40;

/// How many log-ins that succeeded an account remembers. Apart from the failures: no number of them hides one.
pub const LOG_INS_KEPT_MAX: usize = 8;

/// How many calls an account remembers, over all its lines.
pub const CALLS_KEPT_MAX: usize = 32;

/// How long a call lasts at most: one whose end was never told counts for so long.
pub const CALL_LENGTH_MAX: TimeDelta = TimeDelta::hours(4);

/// How many proven devices an account remembers.
pub const PROVEN_DEVICES_KEPT_MAX: usize = 16;

/// How many numbers that were given to others an account remembers.
pub const ENDED_NUMBERS_KEPT_MAX: usize = 8;

/// How many readers an account remembers.
pub const READERS_KEPT_MAX: usize = 8;

/// So long a read of an account matters to its ports.
pub const READ_MATTERS_FOR: TimeDelta = TimeDelta::days(7);

/// Where a log-in came from: a keyed token of the network address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogInSource(pub u128);

/// A log-in, or a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIn {
    /// When.
    pub at: DateTime<Utc>,
    /// On which device.
    pub device: Option<DeviceId>,
    /// From where.
    pub source: Option<LogInSource>,
}

/// A call: a keyed token of what the network calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallMark(pub u128);

/// A call to a line, as far as it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundCall {
    /// The line.
    pub line: LineId,
    /// Which call.
    pub call: CallMark,
    /// When it was answered; not told yet where its end came first.
    pub started: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
}

/// A device on which a customer proved themselves strongly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenDevice {
    /// Which.
    pub device: DeviceId,
    /// Since when, as far as the engine was told: from here its age counts.
    pub since: DateTime<Utc>,
}

/// A line whose number is another subscription's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedNumber {
    /// The line.
    pub line: LineId,
    /// Since when.
    pub at: DateTime<Utc>,
}

/// Who read an account: a keyed token of the identity at the end of the client's own chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderMark(pub u128);

/// The reads of an account by one identity, as far as they matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountReading {
    /// Who read.
    pub reader: ReaderMark,
    /// The first of them.
    pub first: DateTime<Utc>,
    /// The last of them.
    pub last: DateTime<Utc>,
}

/// When contacts last changed, by what kind they are. What an account was opened with did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ContactTimes {
    /// A mailbox.
    pub email: Option<DateTime<Utc>>,
    /// A number for texts.
    pub sms: Option<DateTime<Utc>>,
    /// A number for calls.
    pub voice: Option<DateTime<Utc>>,
    /// A postal address.
    pub postal: Option<DateTime<Utc>>,
}

impl ContactTimes {
    /// A kind's last change.
    pub const fn of(&self, kind: ContactKind) -> Option<DateTime<Utc>> {
        match kind {
            ContactKind::Email => self.email,
            ContactKind::Sms => self.sms,
            ContactKind::Voice => self.voice,
            ContactKind::Postal => self.postal,
        }
    }

    /// The last change of any.
    pub fn last(&self) -> Option<DateTime<Utc>> {
        ContactKind::ALL.into_iter().filter_map(|kind| self.of(kind)).max()
    }

    /// Remembers a change. One whose kind nobody told may be of any, and counts for all.
    pub fn note(&mut self, kind: Option<ContactKind>, at: DateTime<Utc>) {
        for one in ContactKind::ALL.into_iter().filter(|one| kind.is_none_or(|kind| kind == *one)) {
            let last = self.last_mut(one);
            *last = (*last).max(Some(at));
        }
    }

    const fn last_mut(&mut self, kind: ContactKind) -> &mut Option<DateTime<Utc>> {
        match kind {
            ContactKind::Email => &mut self.email,
            ContactKind::Sms => &mut self.sms,
            ContactKind::Voice => &mut self.voice,
            ContactKind::Postal => &mut self.postal,
        }
    }

    fn len(&self) -> usize {
        ContactKind::ALL.into_iter().filter(|kind| self.of(*kind).is_some()).count()
    }
}

/// What outside sources told of an account. Nothing here proves anything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Log-ins that failed, oldest first, at most [`LOG_IN_FAILURES_KEPT_MAX`].
    pub log_in_failures: Vec<LogIn>,
    /// Log-ins that succeeded, oldest first, at most [`LOG_INS_KEPT_MAX`].
    pub log_ins: Vec<LogIn>,
    /// Calls to its lines, at most [`CALLS_KEPT_MAX`].
    pub calls: Vec<InboundCall>,
    /// Devices that were proven, oldest first, at most [`PROVEN_DEVICES_KEPT_MAX`].
    pub proven_devices: Vec<ProvenDevice>,
    /// When somebody else last paid.
    pub third_party_paid_at: Option<DateTime<Utc>>,
    /// Lines whose numbers were given away, oldest first, at most [`ENDED_NUMBERS_KEPT_MAX`].
    pub ended_numbers: Vec<EndedNumber>,
    /// When its contacts last changed, here or elsewhere.
    pub contacts_changed: ContactTimes,
    /// Who read it, those who read it longest ago first, at most [`READERS_KEPT_MAX`].
    pub readings: Vec<AccountReading>,
}

impl History {
    /// Counts a log-in that failed.
    pub fn note_failure(&mut self, log_in: LogIn) {
        insert_newest(&mut self.log_in_failures, log_in, LOG_IN_FAILURES_KEPT_MAX, |log_in| log_in.at);
    }

    /// Remembers a log-in that succeeded.
    pub fn note_log_in(&mut self, log_in: LogIn) {
        insert_newest(&mut self.log_ins, log_in, LOG_INS_KEPT_MAX, |log_in| log_in.at);
    }

    /// How many log-ins failed in the `window` up to `now`, both ends included.
    pub fn failures_within(&self, window: TimeDelta, now: DateTime<Utc>) -> usize {
        self.log_in_failures.iter().filter(|failure| now.signed_duration_since(failure.at) <= window).count()
    }

    /// Remembers where a call stands. Its two ends may come in either order, and each may come again.
    pub fn note_call(&mut self, line: LineId, call: CallMark, phase: CallPhase, at: DateTime<Utc>) {
        let known = self.calls.iter().position(|known| known.call == call && known.line == line);
        let mut noted = match known {
            Some(place) => self.calls.remove(place),
            None => InboundCall { line, call, started: None, ended: None },
        };
        match phase {
            CallPhase::Started => noted.started = Some(noted.started.map_or(at, |known| known.min(at))),
            CallPhase::Ended => noted.ended = noted.ended.max(Some(at)),
        }
        self.calls.push(noted);
        self.calls.sort_by_key(|call| (call.started.or(call.ended), call.call.0));
        if self.calls.len() > CALLS_KEPT_MAX {
            // A call that is over matters less than one that is not.
            let rank = |call: &InboundCall| (call.ended.is_none(), call.ended.or(call.started));
            let least = self.calls.iter().enumerate().min_by_key(|(_, call)| rank(call));
            if let Some(place) = least.map(|(place, _)| place) {
                self.calls.remove(place);
            }
        }
    }

    /// Whether a line, or where none is named any of the account's, was in a call at an instant.
    ///
    /// INVARIANT (fail-closed): where more calls go on than are remembered, each line may be in one that was forgotten.
    pub fn in_call(&self, line: Option<&LineId>, at: DateTime<Utc>) -> bool {
        let is_full = self.calls.len() >= CALLS_KEPT_MAX && self.calls.iter().all(|call| call.ended.is_none());
        let is_meant = |call: &&InboundCall| line.is_none_or(|line| call.line == *line);
        is_full || self.calls.iter().filter(is_meant).any(|call| call.went_on(at))
    }

    /// Remembers that a device was proven. Only the first time counts.
    pub fn prove(&mut self, device: DeviceId, since: DateTime<Utc>) {
        if self.proven_since(&device).is_none() {
            let proven = ProvenDevice { device, since };
            insert_newest(&mut self.proven_devices, proven, PROVEN_DEVICES_KEPT_MAX, |proven| proven.since);
        }
    }

    /// Since when a device is proven.
    pub fn proven_since(&self, device: &DeviceId) -> Option<DateTime<Utc>> {
        self.proven_devices.iter().find(|proven| proven.device == *device).map(|proven| proven.since)
    }

    /// Remembers that somebody read the account at `at`. Reading it again hides no read that still matters.
    pub fn note_reading(&mut self, reader: ReaderMark, at: DateTime<Utc>) {
        let known = self.readings.iter().position(|known| known.reader == reader);
        let before = known.map(|place| self.readings.remove(place));
        let matters = |read: &DateTime<Utc>| at.signed_duration_since(*read) <= READ_MATTERS_FOR;
        let first = before.iter().flat_map(|known| [known.first, known.last]).filter(matters).min();
        let last = before.map_or(at, |known| known.last.max(at));
        let reading = AccountReading { reader, first: first.map_or(at, |first| first.min(at)), last };
        insert_newest(&mut self.readings, reading, READERS_KEPT_MAX, |reading| reading.last);
    }

    /// Who read the account so lately that it matters at `now`.
    pub fn readers(&self, now: DateTime<Utc>) -> impl Iterator<Item = &AccountReading> {
        self.readings.iter().filter(move |reading| now.signed_duration_since(reading.last) <= READ_MATTERS_FOR)
    }

    /// Remembers a payment by somebody else.
    pub fn note_third_party_payment(&mut self, at: DateTime<Utc>) {
        self.third_party_paid_at = self.third_party_paid_at.max(Some(at));
    }

    /// Remembers that a line's number was given away.
    pub fn end_number(&mut self, line: LineId, at: DateTime<Utc>) {
        let ended = EndedNumber { line, at };
        insert_newest(&mut self.ended_numbers, ended, ENDED_NUMBERS_KEPT_MAX, |ended| ended.at);
    }

    /// When a line's number was last given away.
    pub fn number_ended_at(&self, line: &LineId) -> Option<DateTime<Utc>> {
        self.ended_numbers.iter().filter(|ended| ended.line == *line).map(|ended| ended.at).max()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        let Self {
            log_in_failures,
            log_ins,
            calls,
            proven_devices,
            third_party_paid_at,
            ended_numbers,
            contacts_changed,
            readings,
        } = self;
        let lists = [log_in_failures.len(), log_ins.len(), calls.len(), proven_devices.len(), ended_numbers.len()];
        lists
            .into_iter()
            .chain([contacts_changed.len(), readings.len()])
            .fold(usize::from(third_party_paid_at.is_some()), usize::saturating_add)
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl InboundCall {
    fn went_on(&self, at: DateTime<Utc>) -> bool {
        let not_yet_over = self.ended.is_none_or(|ended| at <= ended);
        let begun = match (self.started, self.ended) {
            (Some(started), _) => started <= at && at.signed_duration_since(started) <= CALL_LENGTH_MAX,
            (None, Some(ended)) => ended.signed_duration_since(at) <= CALL_LENGTH_MAX,
            (None, None) => false,
        };
        begun && not_yet_over
    }
}

/// Puts an item into a list that stands in the order of instants, and lets the oldest go beyond `kept_max`: what is older
/// than all of a full list is not kept.
pub(super) fn insert_newest<T>(list: &mut Vec<T>, item: T, kept_max: usize, at: impl Fn(&T) -> DateTime<Utc>) {
    let place = list.partition_point(|known| at(known) <= at(&item));
    list.insert(place, item);
    let surplus = list.len().saturating_sub(kept_max);
    list.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    use super::{CALLS_KEPT_MAX, CallMark, History, LOG_IN_FAILURES_KEPT_MAX, LogIn, LogInSource};
    use super::{READERS_KEPT_MAX, ReaderMark};
    use crate::domain::{CallPhase, ContactKind, DeviceId, LineId};

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn line(name: &str) -> LineId {
        LineId::parse(name).unwrap()
    }

    fn log_in(minutes: i64) -> LogIn {
        let source = u128::try_from(minutes).ok().map(LogInSource);
        LogIn { at: at(minutes), device: None, source }
    }

    #[test]
    fn failures_count_within_their_window_whatever_succeeded() {
        let mut history = History::default();
        for minute in [0, 10, 20] {
            history.note_failure(log_in(minute));
            history.note_log_in(log_in(minute));
        }
        let day = TimeDelta::hours(24);
        assert_eq!(history.failures_within(day, at(24 * 60)), 3, "the window's end is in it");
        assert_eq!(history.failures_within(day, at(24 * 60 + 1)), 2);
        for minute in 0..1_000 {
            history.note_log_in(log_in(minute));
        }
        assert_eq!(history.failures_within(day, at(24 * 60)), 3, "no success hides a failure");
    }

    #[test]
    fn a_call_goes_on_between_its_ends_whichever_came_first() {
        let name = CallMark(7);
        for phases in
            [[(CallPhase::Started, 0), (CallPhase::Ended, 9)], [(CallPhase::Ended, 9), (CallPhase::Started, 0)]]
        {
            let mut history = History::default();
            for (phase, minute) in phases {
                history.note_call(line("a"), name, phase, at(minute));
            }
            for (minute, goes_on) in [(-1, false), (0, true), (9, true), (10, false)] {
                assert_eq!(history.in_call(Some(&line("a")), at(minute)), goes_on, "{minute}");
                assert_eq!(history.in_call(None, at(minute)), goes_on, "{minute}");
            }
            assert!(!history.in_call(Some(&line("b")), at(5)));
        }
    }

    #[test]
    fn a_call_whose_end_is_not_told_counts_as_long_as_calls_last() {
        let mut history = History::default();
        history.note_call(line("a"), CallMark(1), CallPhase::Started, at(0));
        assert!(history.in_call(Some(&line("a")), at(240)) && !history.in_call(Some(&line("a")), at(241)));
        let mut history = History::default();
        history.note_call(line("a"), CallMark(1), CallPhase::Ended, at(0));
        assert!(history.in_call(Some(&line("a")), at(-240)) && !history.in_call(Some(&line("a")), at(-241)));
    }

    #[test]
    fn calls_that_are_over_leave_first_and_too_many_that_are_not_are_taken_for_all() {
        let mut history = History::default();
        history.note_call(line("a"), CallMark(0), CallPhase::Started, at(0));
        for call in 1..=200_u8 {
            history.note_call(line("b"), CallMark(call.into()), CallPhase::Started, at(i64::from(call)));
            history.note_call(line("b"), CallMark(call.into()), CallPhase::Ended, at(i64::from(call)));
        }
        assert_eq!(history.calls.len(), CALLS_KEPT_MAX);
        assert!(history.in_call(Some(&line("a")), at(230)), "the one that goes on is remembered");
        assert!(!history.in_call(Some(&line("b")), at(230)));
        for call in 300..332_u16 {
            history.note_call(line("b"), CallMark(call.into()), CallPhase::Started, at(230));
        }
        assert!(history.in_call(Some(&line("c")), at(231)), "who knows");
    }

    #[test]
    fn a_device_is_as_old_as_its_first_proof() {
        let mut history = History::default();
        let device = |name: &str| DeviceId::parse(name).unwrap();
        history.prove(device("phone"), at(5));
        history.prove(device("phone"), at(9));
        assert_eq!(
            (history.proven_since(&device("phone")), history.proven_since(&device("till"))),
            (Some(at(5)), None)
        );
    }

    #[test]
    fn the_last_payment_and_the_last_end_of_a_number_never_become_older() {
        let mut history = History::default();
        for minute in [5, 9, 7] {
            history.note_third_party_payment(at(minute));
            history.end_number(line("a"), at(minute));
        }
        assert_eq!((history.third_party_paid_at, history.number_ended_at(&line("a"))), (Some(at(9)), Some(at(9))));
        assert_eq!((history.number_ended_at(&line("b")), history.len()), (None, 4));
    }

    #[test]
    fn an_account_knows_its_last_readers_and_their_first_read_that_matters() {
        let day = 24 * 60;
        let mut history = History::default();
        let mut read = |reader, minute| {
            history.note_reading(ReaderMark(reader), at(minute));
            let known = history.readings.iter().find(|known| known.reader == ReaderMark(reader));
            known.map(|known| (known.first, known.last))
        };
        assert_eq!(read(1, 0), Some((at(0), at(0))));
        assert_eq!(read(1, 7 * day), Some((at(0), at(7 * day))));
        assert_eq!(read(1, 7 * day + 1), Some((at(7 * day), at(7 * day + 1))), "the first is over");
        assert_eq!(read(1, 6 * day), Some((at(6 * day), at(7 * day + 1))), "told in another order");
        for reader in 2..=9 {
            read(reader, 8 * day);
        }
        assert_eq!(history.readings.len(), READERS_KEPT_MAX);
        assert!(history.readings.iter().all(|known| known.reader != ReaderMark(1)), "the oldest leaves");
        assert_eq!((history.readers(at(15 * day)).count(), history.readers(at(15 * day + 1)).count()), (8, 0));
    }

    #[test]
    fn a_contact_is_as_old_as_the_last_change_of_its_kind() {
        let mut history = History::default();
        for (kind, minute) in [(ContactKind::Email, 5), (ContactKind::Postal, 9), (ContactKind::Email, 3)] {
            history.contacts_changed.note(Some(kind), at(minute));
        }
        let times = history.contacts_changed;
        assert_eq!((times.email, times.postal, times.sms, times.voice), (Some(at(5)), Some(at(9)), None, None));
        assert_eq!((times.last(), history.len()), (Some(at(9)), 2));
        history.contacts_changed.note(None, at(7));
        let all = ContactKind::ALL.map(|kind| history.contacts_changed.of(kind));
        assert_eq!(all, [Some(at(7)), Some(at(7)), Some(at(7)), Some(at(9))], "one of no kind may be any");
    }

    proptest! {
        #[test]
        fn the_order_of_log_ins_does_not_matter(
            minutes in proptest::collection::btree_set(0..10_000_i64, 0..80),
            shift in any::<prop::sample::Index>(),
        ) {
            let noted = |minutes: &[i64]| {
                let mut history = History::default();
                for minute in minutes {
                    history.note_failure(log_in(*minute));
                }
                history
            };
            let sorted: Vec<i64> = minutes.into_iter().collect();
            let mut turned = sorted.clone();
            if !turned.is_empty() {
                turned.rotate_left(shift.index(sorted.len()));
            }
            let history = noted(&turned);
            prop_assert_eq!(&history, &noted(&sorted));
            let newest = sorted.iter().rev().take(LOG_IN_FAILURES_KEPT_MAX).rev().map(|minute| at(*minute));
            prop_assert!(history.log_in_failures.iter().map(|failure| failure.at).eq(newest));
        }
    }
}
