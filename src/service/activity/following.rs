//! What happens to an account or a line, as it happens: for the customer who looks on.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::listing::is_shown;
use crate::domain::{Brand, RecordId};
use crate::service::bell::Bell;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::target::{Scope, Target};
use crate::store::{Found, Kept};

/// So much is told of at a time, the oldest first; more follows.
const NEWS_MAX: usize = 100;

/// So far back is looked for what was seen last. Who was away for longer lists anew.
const BACK_MAX: usize = 1_000;

const NOT_SEEN: ServiceError = ServiceError::Invalid {
    field: "after_activity_id",
    expected: "must be of this list, and have at most 1,000 after it: list anew",
};

/// Somebody who follows what happens on their account.
pub struct ActivityWatch {
    engine: Arc<Engine>,
    who: Authorised<right::WatchActivity>,
    scope: Scope,
    /// What was told last; none where there was nothing yet.
    last: Option<RecordId>,
    bell: Bell,
}

impl Engine {
    /// Begins to follow, with this engine or any other: a ring says that there may be something new, and what there is, the store
    /// says. `after` is what was seen last; without one it begins with what comes.
    pub async fn watch_activity(
        self: &Arc<Self>,
        who: Authorised<right::WatchActivity>,
        scope: Scope,
        after: Option<RecordId>,
    ) -> Result<ActivityWatch, ServiceError> {
        let seat = self.activity_watchers.take_seat(&who.requester().subject)?;
        let target = self.target(who.requester(), &scope).await?;
        self.check_reach(&who, &target)?;
        let bell = Bell::new(self.vault.store(), target.account.partition(), (&self.activity_watchers, seat));
        let mut watch = ActivityWatch { engine: Arc::clone(self), who, scope, last: after, bell };
        match after {
            None => watch.last = watch.newest(self.now()?.instant()).await?.0,
            // One that never was on this list is told so at once, and costs one look.
            Some(id) => self.check_seen(&watch.who.requester().brand, id, &target).await?,
        }
        Ok(watch)
    }

    async fn check_seen(&self, brand: &Brand, id: RecordId, target: &Target) -> Result<(), ServiceError> {
        let line = |kept: &Kept| kept.record().line.as_ref().map(|line| self.vault.tokens().line(brand, &line.id));
        match self.vault.find(id).await? {
            Found::Kept(kept)
                if kept.account() == target.account && (target.line.is_none() || line(&kept) == target.line) =>
            {
                Ok(())
            }
            Found::Archived => Err(ServiceError::Refused(Refusal::RecordArchived)),
            Found::Kept(_) | Found::Nowhere => Err(NOT_SEEN),
        }
    }
}

impl ActivityWatch {
    /// Whether the service stops.
    pub fn is_over(&self) -> bool {
        self.bell.is_over()
    }

    /// Waits until something may have happened.
    pub async fn rung(&mut self) -> Result<(), ServiceError> {
        self.bell.rung().await
    }

    /// What happened since, the oldest first; and it counts as told.
    pub async fn look(&mut self) -> Result<Vec<Kept>, ServiceError> {
        let news = self.news().await?;
        if let Some(newest) = news.last() {
            self.last = Some(newest.record().id);
        }
        Ok(news.into_iter().filter(|kept| is_shown(kept, self.who.whose())).collect())
    }

    /// The newest record, and whether it is a line's.
    async fn newest(&self, now: DateTime<Utc>) -> Result<(Option<RecordId>, bool), ServiceError> {
        let (open, target) = self.engine.peek(self.who.requester(), &self.scope, None, now).await?;
        self.engine.check_reach(&self.who, &target)?;
        Ok(match target.line {
            Some(token) => (open.line(token).and_then(|line| line.last_record), true),
            None => (open.account().and_then(|account| account.chain.last), false),
        })
    }

    /// Follows the chain back to what was told last.
    async fn news(&self) -> Result<Vec<Kept>, ServiceError> {
        let (mut next, is_line) = self.newest(self.engine.now()?.instant()).await?;
        let mut news = Vec::new();
        while next != self.last {
            let Some(id) = next.filter(|_| news.len() < BACK_MAX) else { return Err(NOT_SEEN) };
            let kept = match self.engine.vault.find(id).await? {
                Found::Kept(kept) => *kept,
                Found::Archived => return Err(ServiceError::Refused(Refusal::RecordArchived)),
                Found::Nowhere => return Err(NOT_SEEN),
            };
            let record = kept.record();
            next = if is_line { record.line.as_ref().and_then(|line| line.previous) } else { record.previous };
            news.push(kept);
        }
        news.reverse();
        news.truncate(NEWS_MAX);
        Ok(news)
    }
}
