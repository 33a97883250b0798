//! How a window keeps its events, and what can be counted in it: one set of functions for every store.
//!
//! A window is a pure function of the *set* of what was charged and settled, not of the order it came in: events stand by
//! instant and attempt. So stores that replay a journal, merge two lists or append one agree to the byte.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::contract::{Window, WindowEvent};
use crate::crypto::Token;

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charged {
    /// It counts.
    Counted,
    /// The attempt counted before.
    Already,
    /// The window is full of newer events: it counts as much as it ever will.
    Outranked,
}

impl Window {
    /// Counts an event, and lets the oldest go beyond `cap`.
    pub fn charge(&mut self, event: WindowEvent, cap: u16) -> Charged {
        let cap = usize::from(cap);
        if self.events.iter().any(|known| known.attempt == event.attempt) {
            return Charged::Already;
        }
        let place = self.events.partition_point(|known| rank(known) < rank(&event));
        if place == 0 && self.events.len() >= cap {
            return Charged::Outranked;
        }
        self.events.insert(place, event);
        let surplus = self.events.len().saturating_sub(cap);
        self.events.drain(..surplus);
        Charged::Counted
    }

    /// Takes an attempt's event back. Whether there was one.
    pub fn settle(&mut self, attempt: Token) -> bool {
        let before = self.events.len();
        self.events.retain(|event| event.attempt != attempt);
        self.events.len() < before
    }

    /// How many events are later than `after`.
    pub fn count_after(&self, after: DateTime<Utc>) -> usize {
        self.later(after).count()
    }

    /// How many different subjects the events later than `after` have.
    pub fn subjects_after(&self, after: DateTime<Utc>) -> usize {
        self.later(after).map(|event| event.subject).collect::<HashSet<_>>().len()
    }

    /// The instants later than `after`, without those of `attempt`: what was there before it, oldest first.
    pub fn instants_before(&self, attempt: Token, after: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        self.later(after).filter(|event| event.attempt != attempt).map(|event| event.at).collect()
    }

    fn later(&self, after: DateTime<Utc>) -> impl Iterator<Item = &WindowEvent> {
        self.events.iter().filter(move |event| event.at > after)
    }
}

fn rank(event: &WindowEvent) -> (DateTime<Utc>, Token) {
    (event.at, event.attempt)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    use super::{Charged, Window, WindowEvent, rank};
    use crate::crypto::Token;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn event(second: i64, attempt: u8) -> WindowEvent {
        let token = |byte| Token::from_bytes([byte; Token::BYTES]);
        WindowEvent { at: at(second), subject: token(attempt / 2), attempt: token(attempt) }
    }

    fn charged(events: &[WindowEvent], cap: u16) -> Window {
        let mut window = Window::default();
        for event in events {
            window.charge(*event, cap);
        }
        window
    }

    #[test]
    fn an_attempt_counts_once() {
        let mut window = charged(&[event(1, 1)], 5);
        assert_eq!(window.charge(event(2, 1), 5), Charged::Already);
        assert_eq!(window.events, [event(1, 1)]);
    }

    #[test]
    fn settling_takes_only_its_own_back() {
        let mut window = charged(&[event(1, 1), event(2, 2)], 5);
        assert!(window.settle(event(1, 1).attempt));
        assert!(!window.settle(event(1, 1).attempt));
        assert_eq!(window.events, [event(2, 2)]);
    }

    #[test]
    fn what_is_counted() {
        let window = charged(&[event(1, 2), event(2, 3), event(3, 4)], 5);
        assert_eq!(window.count_after(at(1)), 2, "an instant is not later than itself");
        assert_eq!(window.count_after(at(0) - TimeDelta::days(1)), 3);
        assert_eq!(window.subjects_after(at(0)), 2);
        assert_eq!(window.instants_before(event(3, 4).attempt, at(0)), [at(1), at(2)]);
    }

    #[test]
    fn a_full_window_ranks_by_instant() {
        let mut window = charged(&[event(1, 1), event(3, 3)], 2);
        assert_eq!(window.charge(event(0, 9), 2), Charged::Outranked);
        assert_eq!(window.charge(event(2, 2), 2), Charged::Counted);
        assert_eq!(window.events, [event(2, 2), event(3, 3)]);
    }

    proptest! {
        #[test]
        fn the_order_of_charges_does_not_matter(
            mut events in proptest::collection::vec((0..20_i64, 0..40_u8), 0..30),
            cap in 1..8_u16,
            shift in 0..30_usize,
        ) {
            events.sort_by_key(|(_, attempt)| *attempt);
            events.dedup_by_key(|(_, attempt)| *attempt);
            let mut events: Vec<_> = events.into_iter().map(|(second, attempt)| event(second, attempt)).collect();
            let first = charged(&events, cap);
            let middle = shift.min(events.len());
            events.rotate_left(middle);
            prop_assert_eq!(&charged(&events, cap), &first);
            events.sort_by_key(rank);
            let newest: Vec<_> = events.iter().rev().take(usize::from(cap)).rev().copied().collect();
            prop_assert_eq!(first.events, newest);
        }
    }
}
