//! A share of the cores for the service, another for who offers the calls.

use std::fs;
use std::time::Duration;

use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

use crate::cli::failure::{Exit, Failure};

/// The cores of this process, in two shares. A thread keeps to the cores of the thread that started it.
pub(in crate::cli::bench) struct Cores {
    service: CpuSet,
    offering: CpuSet,
    /// How many each has; both have all of them where there is only one.
    pub(in crate::cli::bench) counts: (u32, u32),
}

impl Cores {
    /// Half of them each; an odd one is the service's.
    pub(in crate::cli::bench) fn split() -> Result<Self, Failure> {
        let all = sched_getaffinity(None).map_err(|error| Failure::caused(Exit::Failed, &error))?;
        if all.count() < 2 {
            return Ok(Self { service: all, offering: all, counts: (all.count(), all.count()) });
        }
        let (mut service, mut offering) = (CpuSet::new(), CpuSet::new());
        let own = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        for (place, core) in own.enumerate() {
            if place % 2 == 0 { service.set(core) } else { offering.set(core) }
        }
        Ok(Self { counts: (service.count(), offering.count()), service, offering })
    }

    /// How long the threads of this process that keep to the service's cores have run; none where the two have the same
    /// cores, or where the system does not count it.
    pub(super) fn spent_by_service(&self) -> Option<Duration> {
        if self.service == self.offering {
            return None;
        }
        let threads = fs::read_dir("/proc/self/task").ok()?.filter_map(Result::ok);
        let own = threads.filter(|thread| {
            let number = thread.file_name().to_str().and_then(|name| name.parse().ok());
            let affinity = number.and_then(Pid::from_raw).map(|thread| sched_getaffinity(Some(thread)));
            matches!(affinity, Some(Ok(cores)) if cores == self.service)
        });
        // The first of its figures: nanoseconds on a core.
        let ran = own.filter_map(|thread| {
            let told = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            told.split(' ').next()?.parse::<u64>().ok()
        });
        let all = Duration::from_nanos(ran.sum());
        (!all.is_zero()).then_some(all)
    }

    /// This thread, and those it starts from here on, keep to the service's cores.
    pub(in crate::cli::bench) fn of_service(&self) -> Result<(), Failure> {
        sched_setaffinity(None, &self.service).map_err(|error| Failure::caused(Exit::Failed, &error))
    }

    /// The same with those of who offers the calls.
    pub(in crate::cli::bench) fn of_offering(&self) -> Result<(), Failure> {
        sched_setaffinity(None, &self.offering).map_err(|error| Failure::caused(Exit::Failed, &error))
    }
}
