//! Windows in memory. Random rows for them would halve the speed of the whole store, so they live here, and a journal
//! that only grows at its end tells after a restart what they held.
//!
//! What bounds the memory: so many windows and so many events at a time, and each event goes once its charge's time is
//! over. Beyond the bound nothing new is charged, so no secret of a new window is looked at. The last quarter is for
//! charges that stand before a look: nothing else that is counted can take their room.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, TimeDelta, Utc};

use super::tables::journal::Happened;
use crate::crypto::Token;
use crate::store::windows::Charged;
use crate::store::{Before, Charge, StoreError, Window, WindowEvent, WindowKey};

/// How much may count at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Windows that hold an event, some 150 bytes each with the first.
    pub(super) windows: usize,
    /// Events in all of them, 48 bytes each.
    pub(super) events: usize,
}

impl Room {
    /// Some 350 MB at most.
    pub(super) const FULL: Self = Self { windows: 1_000_000, events: 4_000_000 };

    /// What charges may fill that stand before no look.
    const fn for_others(self) -> Self {
        Self { windows: self.windows / 4 * 3, events: self.events / 4 * 3 }
    }
}

/// Charges that may wait in memory for the next commit before the writer is woken for them.
pub(super) const PENDING_MAX: usize = 1_024;

/// Parts of the map: it grows, and is swept, a part at a time.
const SHARDS: usize = 64;

/// Events go so much later than their time is over: a request's clock may be a little behind.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// A window and what is known of its charges.
#[derive(Debug)]
struct Counted {
    window: Window,
    /// The longest time that any of its charges said.
    kept: TimeDelta,
    /// Whether its charges are journalled.
    lasting: bool,
}

/// All windows that hold an event.
#[derive(Debug)]
pub(super) struct Counters {
    shards: Vec<HashMap<WindowKey, Counted>>,
    room: Room,
    windows: usize,
    events: usize,
    /// Those of them that the journal holds.
    lasting: usize,
    /// The part that is swept next.
    sweep: usize,
    /// What happened and is not yet in the journal: charges that need not be durable before the next commit.
    pending: Vec<Happened>,
}

impl Default for Counters {
    fn default() -> Self {
        Self::with_room(Room::FULL)
    }
}

impl Counters {
    /// None yet, and room for so many.
    pub(super) fn with_room(room: Room) -> Self {
        let shards = std::iter::repeat_with(HashMap::new).take(SHARDS).collect();
        Self { shards, room, windows: 0, events: 0, lasting: 0, sweep: 0, pending: Vec::new() }
    }

    /// Charges a window. What is to be journalled, if it was not charged before.
    pub(super) fn charge(
        &mut self,
        charge: &Charge,
        attempt: Token,
        now: DateTime<Utc>,
    ) -> Result<Option<Happened>, StoreError> {
        if !self.has_room(charge) {
            return Err(StoreError::Unavailable("too many windows count at a time".into()));
        }
        let event = WindowEvent { at: now, subject: charge.subject, attempt };
        let Charge { window, cap, kept, before, .. } = *charge;
        let lasting = before != Before::Nothing;
        let counted = self.count(window, event, cap, kept, lasting);
        Ok((counted && lasting).then_some(Happened::Charged { window, event, cap, kept }))
    }

    fn has_room(&self, charge: &Charge) -> bool {
        let room = if charge.before == Before::Look { self.room } else { self.room.for_others() };
        let is_known = || self.shard(&charge.window).contains_key(&charge.window);
        self.events < room.events && (self.windows < room.windows || is_known())
    }

    /// The window as it stands.
    pub(super) fn read(&self, window: &WindowKey) -> Window {
        self.shard(window).get(window).map(|counted| counted.window.clone()).unwrap_or_default()
    }

    /// Takes a charge back. Whether the journal is to hold it.
    pub(super) fn settle(&mut self, window: WindowKey, attempt: Token) -> bool {
        let Entry::Occupied(mut entry) = self.shard_mut(&window).entry(window) else { return false };
        let counted = entry.get_mut();
        let (settled, lasting) = (counted.window.settle(attempt), counted.lasting);
        if counted.window.events.is_empty() {
            entry.remove();
            self.windows = self.windows.saturating_sub(1);
        }
        self.less(usize::from(settled), lasting);
        lasting
    }

    /// Takes a charge back, and leaves for the journal what it must know: nothing, if it does not know of the charge yet.
    pub(super) fn settle_and_defer(&mut self, window: WindowKey, attempt: Token) {
        if !self.settle(window, attempt) {
            return;
        }
        let is_of = |happened: &Happened| match happened {
            Happened::Charged { window: charged, event, .. } => *charged == window && event.attempt == attempt,
            Happened::Settled { .. } => false,
        };
        match self.pending.iter().rposition(is_of) {
            // Neither is told. What the charge had pushed out of a full window comes back after a restart: too much, never
            // too little.
            Some(place) => drop(self.pending.remove(place)),
            None => self.pending.push(Happened::Settled { window, attempt }),
        }
    }

    /// Forgets what is old in the next part.
    pub(super) fn sweep(&mut self, now: DateTime<Utc>) {
        self.sweep = self.sweep.wrapping_add(1) % SHARDS;
        let Some(shard) = self.shards.get_mut(self.sweep) else { return };
        let (mut windows, mut events, mut lasting) = (0_usize, 0_usize, 0_usize);
        shard.retain(|_, counted| {
            let before = counted.window.events.len();
            let kept = counted.kept;
            counted.window.events.retain(|event| !is_old(event, kept, now));
            let gone = before.saturating_sub(counted.window.events.len());
            events = events.saturating_add(gone);
            lasting = lasting.saturating_add(if counted.lasting { gone } else { 0 });
            let is_empty = counted.window.events.is_empty();
            windows = windows.saturating_add(usize::from(is_empty));
            !is_empty
        });
        self.windows = self.windows.saturating_sub(windows);
        self.events = self.events.saturating_sub(events);
        self.lasting = self.lasting.saturating_sub(lasting);
    }

    /// Applies an entry of the journal.
    pub(super) fn replay(&mut self, happened: Happened) {
        match happened {
            Happened::Charged { window, event, cap, kept } => {
                self.count(window, event, cap, kept, true);
            }
            Happened::Settled { window, attempt } => {
                self.settle(window, attempt);
            }
        }
    }

    /// Whether an event still counts.
    pub(super) fn holds(&self, window: &WindowKey, event: &WindowEvent) -> bool {
        self.shard(window).get(window).is_some_and(|counted| counted.window.events.contains(event))
    }

    /// The windows of a part, and how long each must still be kept after an instant; nothing where there is no such part.
    pub(super) fn part(&self, part: usize, now: DateTime<Utc>) -> Option<Vec<(WindowKey, Window, TimeDelta)>> {
        let left = |counted: &Counted| {
            let newest = counted.window.events.last().map(|event| event.at);
            newest.map_or(TimeDelta::zero(), |newest| newest + counted.kept - now)
        };
        let window = |(key, counted): (&WindowKey, &Counted)| {
            let left = left(counted);
            // What is over for every request that may still be decided is no longer kept.
            (left >= -SLACK).then(|| (*key, counted.window.clone(), left.max(TimeDelta::zero())))
        };
        Some(self.shards.get(part)?.iter().filter_map(window).collect())
    }

    /// Whether so many windows and events more can be held.
    pub(super) fn has_room_for(&self, windows: usize, events: usize) -> bool {
        self.windows.saturating_add(windows) <= self.room.windows
            && self.events.saturating_add(events) <= self.room.events
    }

    /// Events that count and that the journal holds.
    pub(super) const fn lasting(&self) -> usize {
        self.lasting
    }

    /// Leaves entries for the next group to journal. How many wait now.
    pub(super) fn defer(&mut self, happened: Vec<Happened>) -> usize {
        self.pending.extend(happened);
        self.pending.len()
    }

    /// What waits to be journalled.
    pub(super) fn take_pending(&mut self) -> Vec<Happened> {
        std::mem::take(&mut self.pending)
    }

    fn count(&mut self, key: WindowKey, event: WindowEvent, cap: u16, kept: TimeDelta, lasting: bool) -> bool {
        let (is_new, counted) = match self.shard_mut(&key).entry(key) {
            Entry::Occupied(entry) => (false, entry.into_mut()),
            // Most windows hold one event for all their time.
            Entry::Vacant(entry) => {
                (true, entry.insert(Counted { window: Window { events: Vec::with_capacity(1) }, kept, lasting }))
            }
        };
        let before = counted.window.events.len();
        let charged = counted.window.charge(event, cap);
        let after = counted.window.events.len();
        counted.kept = counted.kept.max(kept);
        counted.lasting |= lasting;
        let lasting = counted.lasting;
        self.windows = self.windows.saturating_add(usize::from(is_new));
        self.events = self.events.saturating_add(after.saturating_sub(before));
        self.lasting = self.lasting.saturating_add(if lasting { after.saturating_sub(before) } else { 0 });
        self.less(before.saturating_sub(after), lasting);
        charged == Charged::Counted
    }

    fn less(&mut self, events: usize, lasting: bool) {
        self.events = self.events.saturating_sub(events);
        self.lasting = self.lasting.saturating_sub(if lasting { events } else { 0 });
    }

    #[expect(clippy::indexing_slicing, reason = "the index is below the number of parts, which never changes")]
    fn shard(&self, window: &WindowKey) -> &HashMap<WindowKey, Counted> {
        &self.shards[part_of(window)]
    }

    #[expect(clippy::indexing_slicing, reason = "the index is below the number of parts, which never changes")]
    fn shard_mut(&mut self, window: &WindowKey) -> &mut HashMap<WindowKey, Counted> {
        &mut self.shards[part_of(window)]
    }
}

/// Tokens are keyed hashes: each of their bytes spreads well.
const fn part_of(window: &WindowKey) -> usize {
    let [_, _, _, _, byte, ..] = *window.token.as_bytes();
    byte as usize % SHARDS
}

/// Whether an event's time is over for every request that may still be decided.
pub(super) fn is_old(event: &WindowEvent, kept: TimeDelta, now: DateTime<Utc>) -> bool {
    now.signed_duration_since(event.at) > kept + SLACK
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Counters, Happened, Room, SHARDS};
    use crate::crypto::{Partition, Token};
    use crate::store::{Before, Charge, WindowKey};

    const ROOM: Room = Room { windows: 400, events: 1_000 };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    /// Well spread, as keyed tokens are.
    fn token(number: u64) -> Token {
        let mixed = (u128::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        Token::from_bytes(mixed.rotate_left(64).to_be_bytes())
    }

    fn window(number: u64) -> WindowKey {
        WindowKey { partition: Partition::new(1).unwrap(), token: token(number) }
    }

    fn charge(number: u64, before: Before) -> Charge {
        Charge { window: window(number), subject: token(0), cap: 8, kept: TimeDelta::hours(1), before }
    }

    fn in_memory(counters: &Counters) -> (usize, usize) {
        let all = || counters.shards.iter().flat_map(|shard| shard.values());
        (all().count(), all().map(|counted| counted.window.events.len()).sum())
    }

    /// threats.md E34: however many names are tried, so many windows are held, and what is no secret takes no room from
    /// what is.
    #[test]
    fn however_many_windows_are_charged_so_many_are_held() {
        let mut counters = Counters::with_room(ROOM);
        let charge_all = |counters: &mut Counters, from: u64, before| {
            let charges = (from..from + 20_000).map(|number| charge(number, before));
            charges.filter(|one| counters.charge(one, token(9), at(0)).is_ok()).count()
        };
        assert_eq!(charge_all(&mut counters, 0, Before::Commit), 300);
        assert_eq!(charge_all(&mut counters, 50_000, Before::Nothing), 0);
        assert_eq!(charge_all(&mut counters, 100_000, Before::Look), 100, "a quarter is kept for secrets");
        assert_eq!(in_memory(&counters), (400, 400));
        // A window that is there takes more, up to its cap and to the room for events.
        for attempt in 0..20_000 {
            let known = charge(attempt % 300, Before::Look);
            let _ = counters.charge(&known, token(100 + attempt), at(1));
        }
        assert_eq!((in_memory(&counters), counters.events), ((400, 1_000), 1_000));
        assert!(counters.charge(&charge(1, Before::Look), token(7), at(2)).is_err());
    }

    #[test]
    fn what_is_old_makes_room() {
        let mut counters = Counters::with_room(ROOM);
        for number in 0..300 {
            counters.charge(&charge(number, Before::Commit), token(9), at(0)).unwrap();
        }
        counters.charge(&charge(0, Before::Commit), token(10), at(600)).unwrap();
        let swept = |counters: &mut Counters, now| {
            for _ in 0..SHARDS {
                counters.sweep(now);
            }
            in_memory(counters)
        };
        assert_eq!(swept(&mut counters, at(3_660)), (300, 301), "not before its time is over, and a minute");
        assert_eq!(swept(&mut counters, at(3_661)), (1, 1));
        assert_eq!((counters.windows, counters.events, counters.lasting()), (1, 1, 1));
        assert_eq!(swept(&mut counters, at(9_000)), (0, 0));
        assert_eq!((counters.windows, counters.events, counters.lasting()), (0, 0, 0));
        assert!(counters.charge(&charge(1, Before::Commit), token(9), at(9_000)).is_ok());
    }

    #[test]
    fn what_is_taken_back_before_it_is_journalled_is_written_nowhere() {
        let mut counters = Counters::default();
        let (kept, settled) = (token(1), token(2));
        for attempt in [kept, settled] {
            let happened = counters.charge(&charge(1, Before::Commit), attempt, at(0)).unwrap();
            counters.defer(happened.into_iter().collect());
        }
        counters.settle_and_defer(window(1), settled);
        let pending = counters.take_pending();
        assert!(matches!(pending[..], [Happened::Charged { event, .. }] if event.attempt == kept), "{pending:?}");
        counters.settle_and_defer(window(1), kept);
        assert_eq!(counters.take_pending(), [Happened::Settled { window: window(1), attempt: kept }]);
        assert_eq!((counters.windows, counters.events, counters.lasting()), (0, 0, 0));
        // What lasts before nothing is never written.
        assert_eq!(counters.charge(&charge(2, Before::Nothing), kept, at(0)).unwrap(), None);
        counters.settle_and_defer(window(2), kept);
        assert!(counters.take_pending().is_empty());
    }
}
