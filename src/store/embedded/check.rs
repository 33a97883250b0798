//! Checking the files after an unclean end, while they are served: a large store takes minutes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle};

use super::fault::Fault;
use super::schema;
use super::shared::{Sentinel, Shared};
use crate::store::StoreError;

/// How long one waits for a check to notice that it is to stop, before it is told again.
const STOP_AGAIN: Duration = Duration::from_millis(1);

/// A check about to run.
pub(super) struct Check {
    db: Connection,
    shared: Arc<Shared>,
    stop: Arc<AtomicBool>,
}

/// How a check is ended early.
pub(super) struct Stop {
    interrupt: InterruptHandle,
    stop: Arc<AtomicBool>,
}

/// Prepares a check, on a connection of its own.
pub(super) fn prepare(path: &Path, shared: &Arc<Shared>) -> Result<(Check, Stop), Fault> {
    let db = schema::reader(path)?;
    let stop = Arc::new(AtomicBool::new(false));
    let interrupt = db.get_interrupt_handle();
    let check = Check { db, shared: Arc::clone(shared), stop: Arc::clone(&stop) };
    Ok((check, Stop { interrupt, stop }))
}

impl Check {
    /// Looks through every table. Damage ends the store's service.
    pub(super) fn run(self) {
        let sentinel = Sentinel(Arc::clone(&self.shared));
        if let Err(fault) = self.look()
            && fault.is_damage()
        {
            self.shared.fail(fault.told());
        }
        drop(sentinel);
    }

    /// A table at a time: while one is looked through, the write-ahead log cannot begin anew.
    fn look(&self) -> Result<(), Fault> {
        let mut names = self.db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for name in names {
            if self.stop.load(Ordering::Acquire) || self.shared.check().is_err() {
                break;
            }
            let told: String = self.db.query_row(&format!("PRAGMA quick_check({name})"), [], |row| row.get(0))?;
            if told != "ok" {
                self.shared.fail(StoreError::Damaged(told));
            }
        }
        Ok(())
    }
}

impl Stop {
    /// Ends the check, and returns when `ended` says it has.
    pub(super) fn stop(&self, ended: impl Fn() -> bool) {
        self.stop.store(true, Ordering::Release);
        while !ended() {
            // It only reaches a statement that runs: one may be about to.
            self.interrupt.interrupt();
            std::thread::sleep(STOP_AGAIN);
        }
    }
}
