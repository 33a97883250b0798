//! Windows in memory. Random rows for them would halve the speed of the whole store, so they live here, and a journal
//! that only grows at its end tells after a restart what they held.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use chrono::{DateTime, Utc};

use super::tables::journal::Happened;
use crate::crypto::Token;
use crate::store::windows::Charged;
use crate::store::{Charge, StoreError, Window, WindowEvent, WindowKey};

/// How many windows may count at a time, some 300 bytes each. Beyond, nothing new can be charged, so no secret of a new
/// window is looked at until old events are forgotten.
const WINDOWS_MAX: usize = 1_000_000;

/// Charges that may wait in memory for the next commit before the writer is woken for them.
pub(super) const PENDING_MAX: usize = 1_024;

/// All windows that hold an event.
#[derive(Debug, Default)]
pub(super) struct Counters {
    windows: HashMap<WindowKey, Window>,
    events: usize,
    /// What happened and is not yet in the journal: charges that need not be durable before the next commit.
    pending: Vec<Happened>,
}

impl Counters {
    /// Charges a window. What is to be journalled, if it was not charged before.
    pub(super) fn charge(
        &mut self,
        charge: &Charge,
        attempt: Token,
        now: DateTime<Utc>,
    ) -> Result<Option<Happened>, StoreError> {
        let event = WindowEvent { at: now, subject: charge.subject, attempt };
        if self.windows.len() >= WINDOWS_MAX && !self.windows.contains_key(&charge.window) {
            return Err(StoreError::Unavailable("too many windows count at a time".into()));
        }
        let counted = self.count(charge.window, event, charge.cap);
        Ok(counted.then_some(Happened::Charged { window: charge.window, event, cap: charge.cap }))
    }

    /// The window as it stands.
    pub(super) fn read(&self, window: &WindowKey) -> Window {
        self.windows.get(window).cloned().unwrap_or_default()
    }

    /// Takes a charge back.
    pub(super) fn settle(&mut self, window: WindowKey, attempt: Token) {
        if let Entry::Occupied(mut entry) = self.windows.entry(window)
            && entry.get_mut().settle(attempt)
        {
            self.events = self.events.saturating_sub(1);
            if entry.get().events.is_empty() {
                entry.remove();
            }
        }
    }

    /// Applies an entry of the journal.
    pub(super) fn replay(&mut self, happened: Happened) {
        match happened {
            Happened::Charged { window, event, cap } => {
                self.count(window, event, cap);
            }
            Happened::Settled { window, attempt } => self.settle(window, attempt),
        }
    }

    /// Whether an event still counts.
    pub(super) fn holds(&self, window: &WindowKey, event: &WindowEvent) -> bool {
        self.windows.get(window).is_some_and(|window| window.events.contains(event))
    }

    /// Events that count.
    pub(super) const fn events(&self) -> usize {
        self.events
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

    fn count(&mut self, key: WindowKey, event: WindowEvent, cap: u16) -> bool {
        let window = self.windows.entry(key).or_default();
        let before = window.events.len();
        let charged = window.charge(event, cap);
        self.events = self.events.saturating_add(window.events.len()).saturating_sub(before);
        charged == Charged::Counted
    }
}
