//! A bounded pool of threads that hash PINs, so that hashing neither stalls the threads that answer nor piles up.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::{io, thread};

use super::pins::{PinHasher, Scratch};

/// The pool's queue is full: the PIN was not looked at. Locks still answer; what needs the PIN is challenged or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many PINs are waiting to be checked")]
pub struct Shed;

type Job = Box<dyn FnOnce(&PinHasher, &mut Scratch) + Send>;

/// Threads that hash, each with its own memory, behind one bounded queue. Dropped, it finishes what was taken on.
pub struct PinPool {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl PinPool {
    /// Starts `threads` threads; at most `queue_max` jobs wait for them.
    pub fn start(hasher: Arc<PinHasher>, threads: NonZeroUsize, queue_max: NonZeroUsize) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(queue_max.get());
        let queue = Arc::new(Mutex::new(queue));
        let start = |number: usize| {
            let (hasher, queue) = (Arc::clone(&hasher), Arc::clone(&queue));
            thread::Builder::new().name(format!("pin-{number}")).spawn(move || work(&hasher, &queue))
        };
        let threads = (0..threads.get()).map(start).collect::<io::Result<_>>()?;
        Ok(Self { jobs: Some(jobs), threads })
    }

    /// Puts a job in the queue, or sheds it when the queue is full; never waits. The job sends its own answer, say through
    /// a oneshot channel; an answer that never comes (the job panicked) is not a match.
    pub fn submit(&self, job: impl FnOnce(&PinHasher, &mut Scratch) + Send + 'static) -> Result<(), Shed> {
        self.jobs.as_ref().ok_or(Shed)?.try_send(Box::new(job)).map_err(|_| Shed)
    }

    /// How many threads hash: more in flight than this only wait.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }
}

impl Drop for PinPool {
    fn drop(&mut self) {
        // Without a sender every thread ends after the last job.
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn work(hasher: &PinHasher, queue: &Mutex<Receiver<Job>>) {
    let mut scratch = Scratch::default();
    loop {
        // The lock is let go before the job runs. A poisoned one guards nothing but the receiver, which is whole.
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // A job that panics takes its own answer with it, not the thread.
        let _ = catch_unwind(AssertUnwindSafe(|| job(hasher, &mut scratch)));
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Arc, Barrier};

    use super::{PinPool, Shed};
    use crate::crypto::{Keyring, PinHasher, Token};
    use crate::domain::PinDigits;

    fn pool(threads: usize, queue: usize) -> PinPool {
        let hasher = Arc::new(PinHasher::new(&Keyring::known()).unwrap());
        PinPool::start(hasher, NonZeroUsize::new(threads).unwrap(), NonZeroUsize::new(queue).unwrap()).unwrap()
    }

    fn submit_number(pool: &PinPool, sender: &Sender<usize>, number: usize) -> Result<(), Shed> {
        let sender = sender.clone();
        pool.submit(move |_, _| sender.send(number).unwrap())
    }

    #[test]
    fn hashes_and_verifies_on_its_threads() {
        let (sender, answers) = channel();
        let pool = pool(2, 64);
        for number in 0..16_u32 {
            let sender = sender.clone();
            let job = pool.submit(move |hasher, scratch| {
                let pin = PinDigits::parse_new(&format!("{:06}", 482_000 + number)).unwrap();
                let account = Token::from_bytes([1; 16]);
                let verifier = hasher.hash(scratch, &pin, &account).unwrap();
                sender.send(hasher.verify(scratch, &pin, &account, &verifier)).unwrap();
            });
            assert_eq!(job, Ok(()));
        }
        drop(sender);
        assert_eq!(answers.iter().collect::<Vec<_>>(), vec![Ok(true); 16]);
    }

    /// E35: a full queue sheds at once, and what was taken on is still done.
    #[test]
    fn a_full_queue_sheds() {
        let (sender, answers) = channel();
        let gate = Arc::new(Barrier::new(2));
        let started = Arc::new(Barrier::new(2));
        let pool = pool(1, 2);
        let (hold, begun) = (Arc::clone(&gate), Arc::clone(&started));
        pool.submit(move |_, _| {
            begun.wait();
            hold.wait();
        })
        .unwrap();
        started.wait();
        let taken: Vec<_> = (0..4).map(|number| submit_number(&pool, &sender, number)).collect();
        assert_eq!(taken, [Ok(()), Ok(()), Err(Shed), Err(Shed)]);
        gate.wait();
        drop((pool, sender));
        assert_eq!(answers.iter().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_job_that_panics_leaves_no_answer_and_the_thread_alive() {
        let pool = pool(1, 4);
        let (sender, answer) = channel::<usize>();
        pool.submit(move |_, _| {
            let _sender = sender;
            panic!("on purpose");
        })
        .unwrap();
        assert!(answer.recv().is_err());
        let (sender, answer) = channel();
        submit_number(&pool, &sender, 7).unwrap();
        assert_eq!(answer.recv(), Ok(7));
    }
}
