//! Reads the oldest records of a journal into a segment.

use chrono::{DateTime, Utc};

use crate::audit::archive::{Archived, SegmentBuilder, Summary};
use crate::service::error::ServiceError;
use crate::store::{Journalled, ROWS_MAX, Store};

/// A segment that was read, and whether the journal has more that may go.
pub(super) struct Filled {
    pub(super) bytes: Vec<u8>,
    pub(super) summary: Summary,
}

/// The next segment of a journal after a place: its records in order, up to the first that was made at `before` or later.
/// `None` where there is none.
pub(super) async fn fill(
    store: &dyn Store,
    epoch: u64,
    journal: u16,
    after: u64,
    before: DateTime<Utc>,
) -> Result<Option<Filled>, ServiceError> {
    let mut builder = SegmentBuilder::new(epoch, journal, after);
    let mut last = after;
    loop {
        let page = store.journal(journal, last, ROWS_MAX).await?;
        let (read, ends) = (page.last().map(|record| record.place), page.is_empty());
        for record in page {
            let Journalled { place, id, account, body } = &record;
            // In the order of commits: a younger record ends it, whatever comes after.
            if id.minted_at() >= before
                || !builder.push(&Archived { place: *place, id: *id, account: *account, body })?
            {
                return finished(builder);
            }
        }
        match read {
            Some(place) if !ends => last = place,
            _ => return finished(builder),
        }
    }
}

fn finished(builder: SegmentBuilder) -> Result<Option<Filled>, ServiceError> {
    if builder.is_empty() {
        return Ok(None);
    }
    let (bytes, summary) = builder.finish()?;
    Ok(Some(Filled { bytes, summary }))
}
