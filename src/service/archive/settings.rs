//! Where old records go, and how long they are kept where.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, Right};
use crate::store::archive::ArchiveFolder;

/// Where old records go, and how long they are kept where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// The folder of the segments.
    pub folder: PathBuf,
    /// How long a record stays in the store, in days, at least.
    pub keep_in_store_days: u32,
    /// How long a record is kept at all, in days, at least.
    pub retention_days: u32,
}

impl ArchiveSettings {
    /// What was made before this instant may leave the store.
    pub(super) fn may_leave_before(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        // Before the calendar begins there is nothing to archive.
        now.checked_sub_signed(TimeDelta::days(self.keep_in_store_days.into())).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

impl Engine {
    /// The archive, for who may see to it: one archive holds the records of all brands, so it is the house's own matter.
    pub(super) fn archive<R: Right>(&self, who: &Authorised<R>) -> Result<&ArchiveSettings, ServiceError> {
        if who.requester().brand != self.carrier.brand {
            return Err(ServiceError::Refused(Refusal::HouseOnly));
        }
        self.archive.as_ref().ok_or(ServiceError::Refused(Refusal::ArchiveOff))
    }
}

/// Work on a folder, which blocks while the disk works, off the threads that answer.
pub(super) async fn on_disk<T: Send + 'static>(
    settings: &ArchiveSettings,
    work: impl FnOnce(&ArchiveFolder) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let path = settings.folder.clone();
    let worked = tokio::task::spawn_blocking(move || work(&ArchiveFolder::make(&path)?));
    let broken = |_| ServiceError::Unavailable("work on the archive was not carried to its end".to_owned());
    worked.await.map_err(broken)?
}
