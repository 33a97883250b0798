//! Who follows something now: how many may at a time, one identity and all, and whether anybody may any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::error::ServiceError;
use crate::domain::Subject;

/// Who follows one kind of thing.
pub(super) struct Watchers {
    seated: Arc<Mutex<HashMap<Subject, usize>>>,
    of_one_max: usize,
    all_max: usize,
    over: watch::Sender<bool>,
}

/// A place among the watchers, given back when it is dropped.
pub(super) struct Seat {
    watchers: Arc<Mutex<HashMap<Subject, usize>>>,
    of: Subject,
}

impl Watchers {
    /// Nobody yet; so many of one identity, and in all.
    pub(super) fn new(of_one_max: usize, all_max: usize) -> Self {
        Self { seated: Arc::default(), of_one_max, all_max, over: watch::Sender::new(false) }
    }

    /// A place, if there is one.
    pub(super) fn take_seat(&self, of: &Subject) -> Result<Seat, ServiceError> {
        let mut seated = self.seated.lock().unwrap_or_else(PoisonError::into_inner);
        if *self.over.borrow() {
            return Err(ServiceError::Unavailable("the service is stopping".to_owned()));
        }
        let full = |what| Err(ServiceError::Exhausted { what, retry_at: None });
        if seated.values().sum::<usize>() >= self.all_max {
            return full("too many follow already");
        }
        let own = seated.entry(of.clone()).or_default();
        if *own >= self.of_one_max {
            return full("this caller follows too much already");
        }
        *own = own.saturating_add(1);
        Ok(Seat { watchers: Arc::clone(&self.seated), of: of.clone() })
    }

    /// Becomes true when all is over.
    pub(super) fn over(&self) -> watch::Receiver<bool> {
        self.over.subscribe()
    }

    /// Ends all that follow, and lets nobody begin.
    pub(super) fn end(&self) {
        self.over.send_replace(true);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seated = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = seated.get_mut(&self.of) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                seated.remove(&self.of);
            }
        }
    }
}
