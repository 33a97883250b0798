//! Moving the write-ahead log into the database.
//!
//! The bulk is moved by a thread of its own, which stands in nobody's way. It never catches up with a busy writer, though,
//! and the log can only begin anew when all of it was moved and nobody reads it: so the writer moves the small rest between
//! two groups, with the readers held back. The log stays short: that bounds the time to serve again after a crash.

use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::fault::Fault;
use super::shared::{Sentinel, Shared};

/// Frames not yet moved at which the thread is woken: 16 MiB.
const MOVE_FRAMES: u64 = 4_096;

/// Frames that the writer moves itself, between two groups.
const REST_FRAMES: u64 = 1_024;

/// Frames at which the writer moves all the rest, however much: 128 MiB, read back in a third of a second.
const LOG_FRAMES_MAX: u64 = 32_768;

/// How long the thread waits for work before it moves what little there is.
const IDLE: Duration = Duration::from_secs(2);

/// The writer's end.
pub(super) struct Checkpoints {
    wake: SyncSender<()>,
    busy: Arc<AtomicBool>,
    /// The length of the log, in frames, at which it is worth trying again to begin it anew.
    blocked_until: u64,
}

/// The thread's end.
pub(super) struct Mover {
    db: Connection,
    shared: Arc<Shared>,
    woken: Receiver<()>,
    busy: Arc<AtomicBool>,
}

/// Both ends.
pub(super) fn pair(db: Connection, shared: Arc<Shared>) -> (Checkpoints, Mover) {
    let (wake, woken) = sync_channel(1);
    let busy = Arc::new(AtomicBool::new(false));
    (Checkpoints { wake, busy: Arc::clone(&busy), blocked_until: 0 }, Mover { db, shared, woken, busy })
}

impl Checkpoints {
    /// Keeps the log short.
    pub(super) fn after_group(&mut self, db: &Connection, shared: &Shared) -> Result<(), Fault> {
        if self.busy.load(Ordering::Acquire) {
            return Ok(());
        }
        let log = checkpoint(db, "NOOP")?;
        let rest = log.frames.saturating_sub(log.moved);
        let begin_anew = log.frames >= LOG_FRAMES_MAX || (log.frames >= MOVE_FRAMES && rest <= REST_FRAMES);
        if begin_anew && log.frames >= self.blocked_until {
            let started = Instant::now();
            let readers_out = shared.gate.write().unwrap_or_else(PoisonError::into_inner);
            let after = checkpoint(db, "RESTART")?;
            drop(readers_out);
            // Where someone reads beside the store (a check, a backup), the log goes on growing until they are done.
            self.blocked_until = if after.blocked { log.frames.saturating_add(MOVE_FRAMES) } else { 0 };
            shared.observer.checkpoint(rest, started.elapsed().as_secs_f64());
        } else if rest >= MOVE_FRAMES && !begin_anew {
            self.busy.store(true, Ordering::Release);
            // Full: it is awake already. Gone: the store is closing.
            let _ = self.wake.try_send(());
        }
        Ok(())
    }
}

impl Mover {
    /// Works until the writer is gone.
    pub(super) fn run(self) {
        let sentinel = Sentinel(Arc::clone(&self.shared));
        while let Ok(()) | Err(RecvTimeoutError::Timeout) = self.woken.recv_timeout(IDLE) {
            if self.shared.check().is_ok()
                && let Err(fault) = self.move_bulk()
            {
                self.shared.fail(fault.told());
            }
            self.busy.store(false, Ordering::Release);
        }
        drop(sentinel);
    }

    fn move_bulk(&self) -> Result<(), Fault> {
        let before = checkpoint(&self.db, "NOOP")?;
        if before.frames > before.moved {
            let started = Instant::now();
            let after = checkpoint(&self.db, "PASSIVE")?;
            let moved = after.moved.saturating_sub(before.moved);
            self.shared.observer.checkpoint(moved, started.elapsed().as_secs_f64());
        }
        Ok(())
    }
}

/// Marks the store closed in good order, with an empty log.
pub(super) fn mark_clean(db: &Connection, shared: &Shared) -> Result<(), Fault> {
    db.execute("UPDATE meta SET clean = 1", [])?;
    let readers_out = shared.gate.write().unwrap_or_else(PoisonError::into_inner);
    checkpoint(db, "TRUNCATE")?;
    drop(readers_out);
    Ok(())
}

/// Marks the store open: should it end without being closed, the next start checks it.
pub(super) fn mark_open(db: &Connection) -> Result<(), Fault> {
    db.execute("UPDATE meta SET clean = 0", [])?;
    Ok(())
}

/// The log's length, and how much of it was moved, in frames of one page.
struct Log {
    frames: u64,
    moved: u64,
    /// Whether a reader or another checkpoint stood in the way.
    blocked: bool,
}

fn checkpoint(db: &Connection, mode: &str) -> Result<Log, Fault> {
    let mut statement = db.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
    Ok(statement.query_row([], |row| {
        let told = |column| row.get::<_, i64>(column).map(|frames| u64::try_from(frames).unwrap_or(0));
        Ok(Log { frames: told(1)?, moved: told(2)?, blocked: row.get(0)? })
    })?)
}
