//! Opening: what is checked before anything is served, and what is started.

use std::sync::Arc;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::check;
use super::checkpoint::{self, mark_open};
use super::counters::Counters;
use super::fault::Fault;
use super::folder::{Acknowledged, Folder};
use super::group::State;
use super::housekeeping::Housekeeping;
use super::merge::Merger;
use super::names::{Names, Recent};
use super::options::{OpenError, OpenOptions};
use super::reader::{self, READERS, Reader};
use super::schema::{self, Meta, refused};
use super::shared::Shared;
use super::store::Parts;
use super::tables::{copying, fresh, journal};
use super::writer::{self, Writer};

/// Opens the store and starts its threads.
pub(super) fn open(options: &OpenOptions) -> Result<Parts, OpenError> {
    let folder = Arc::new(Folder::take(&options.path)?);
    if !options.carries && options.filled_from.is_none() {
        let moved = folder.moved_to();
        let moved =
            moved.map_err(|source| OpenError::Io { action: "read", what: "note of where it was copied", source })?;
        if let Some(epoch) = moved {
            return Err(OpenError::Moved { epoch });
        }
    }
    let path = folder.database();
    let mut db = schema::writer(&path, options)?;
    let meta = schema::meta(&db)?;
    let acknowledged = folder.acknowledged()?;
    nothing_lost(&acknowledged, &meta)?;
    check_filling(&mut db, options, &meta)?;
    schema::note_keys(&mut db, &options.key_marks)?;
    let (counters, journal_first, journal_next) = replayed(&db).map_err(|fault| refused(&fault))?;
    let (recent, fresh_log) = recent(&db).map_err(|fault| refused(&fault))?;
    mark_open(&db).map_err(|fault| refused(&fault))?;

    let shared = Arc::new(Shared::new(meta.epoch, meta.seq, counters, recent, Arc::clone(&options.observer)));
    let mut threads = Threads::default();
    let (writer_jobs, jobs) = mpsc::channel(writer::QUEUE_JOBS_MAX);
    let mut reader = |name: String| {
        let (reader_jobs, jobs) = mpsc::channel(reader::QUEUE_JOBS_MAX);
        let db = schema::reader(&path).map_err(|fault| refused(&fault))?;
        let reader = Arc::new(Reader::new(db, Arc::clone(&shared), writer_jobs.downgrade()));
        let thread = Arc::clone(&reader);
        threads.start(name, move || thread.run(jobs))?;
        Ok((reader, reader_jobs))
    };
    let readers =
        (0..READERS).map(|number| reader(format!("store-read-{number}"))).collect::<Result<_, OpenError>>()?;
    let (_, pager) = reader("store-page".to_owned())?;
    let mover = schema::checkpointer(&path).map_err(|fault| refused(&fault))?;
    let (checkpoints, mover) = checkpoint::pair(mover, Arc::clone(&shared));
    threads.start("store-move".to_owned(), move || mover.run())?;
    let Meta { groups, seq, highest, accounts, clean, .. } = meta;
    let writer = Writer {
        db,
        shared: Arc::clone(&shared),
        folder: Arc::clone(&folder),
        acknowledged,
        checkpoints,
        housekeeping: Housekeeping::default(),
        merger: Merger::new(options.fresh_names.max(1)),
        named: 0,
        state: State {
            groups,
            seq,
            highest,
            journal_first,
            journal_next,
            fresh_log,
            next_account: accounts,
            below_reserve: true,
        },
        disk_reserve_bytes: options.disk_reserve_bytes,
        jobs,
    };
    threads.start("store-write".to_owned(), move || writer.run())?;
    let check = if clean {
        None
    } else {
        let (check, stop) = check::prepare(&path, &shared).map_err(|fault| refused(&fault))?;
        Some((threads.start("store-check".to_owned(), move || check.run())?, stop))
    };
    Ok(Parts { shared, writer: writer_jobs, readers, pager, threads: threads.0, check, folder })
}

/// What was acknowledged must be there.
fn nothing_lost(acknowledged: &Acknowledged, meta: &Meta) -> Result<(), OpenError> {
    let told =
        acknowledged.read().map_err(|source| OpenError::Io { action: "read", what: "acknowledgement file", source })?;
    match told.map_or(0, |groups| groups.saturating_sub(meta.groups)) {
        0 => Ok(()),
        groups => Err(OpenError::LostCommits { groups }),
    }
}

/// A store that is being filled is opened by who fills it, from the same source; and only an empty one is begun so.
///
/// INVARIANT (fail-closed): what is half there has locks missing.
fn check_filling(db: &mut Connection, options: &OpenOptions, meta: &Meta) -> Result<(), OpenError> {
    let begun = copying::source(db).map_err(|fault| refused(&fault))?;
    match (begun, options.filled_from) {
        (None, None) => Ok(()),
        (Some(_), None) => Err(OpenError::HalfFilled),
        (Some(begun), Some(source)) if begun == source => Ok(()),
        (Some(_), Some(_)) => Err(OpenError::FilledFromElsewhere),
        (None, Some(_)) if meta.groups > 0 => Err(OpenError::Occupied),
        (None, Some(source)) => copying::begin(db, &source).map_err(|fault| refused(&fault)),
    }
}

/// The windows as the journal tells them, and the numbers of its first and its next entry.
fn replayed(db: &Connection) -> Result<(Counters, i64, i64), Fault> {
    let mut counters = Counters::default();
    let (mut first, mut next) = (None, 1);
    journal::replay(db, |seq, happened| {
        counters.replay(happened);
        first.get_or_insert(seq);
        next = seq.saturating_add(1);
        Ok(())
    })?;
    Ok((counters, first.unwrap_or(next), next))
}

/// The names that the log holds, and the numbers of its first and its next entry.
fn recent(db: &Connection) -> Result<(Recent, (i64, i64)), Fault> {
    let mut names = Names::default();
    let (mut first, mut next) = (None, 1);
    fresh::replay(db, |seq, named| {
        names.put(named);
        first.get_or_insert(seq);
        next = seq.saturating_add(1);
    })?;
    Ok((Recent::new(names), (first.unwrap_or(next), next)))
}

/// The threads started so far.
#[derive(Default)]
struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Starts one. Where it is among them.
    fn start(&mut self, name: String, run: impl FnOnce() + Send + 'static) -> Result<usize, OpenError> {
        let thread = std::thread::Builder::new().name(name).spawn(run).map_err(OpenError::Thread)?;
        self.0.push(thread);
        Ok(self.0.len().saturating_sub(1))
    }
}
