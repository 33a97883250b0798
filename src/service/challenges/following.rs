//! How a decision stands, as it changes: for the till that waits for a customer's tap.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::{RecordId, Requester};
use crate::service::answer::{Answer, DecisionState};
use crate::service::bell::Bell;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::rights::{Authorised, right};
use crate::store::Position;

/// Somebody who follows a decision of theirs.
pub struct DecisionWatch {
    engine: Arc<Engine>,
    who: Authorised<right::WatchDecision>,
    decision: RecordId,
    /// When it may be over by time alone.
    until: Option<DateTime<Utc>>,
    told: DecisionState,
    bell: Bell,
}

impl Engine {
    /// Begins to follow a decision, with this engine or any other: a ring says that there may be something new, and what there
    /// is, the store says. Only who asked for the decision follows it.
    ///
    /// INVARIANT (unknown-looks-known): it tells that a challenge is open, answered or over, and nothing of who answered it.
    pub async fn watch_decision(
        self: &Arc<Self>,
        who: Authorised<right::WatchDecision>,
        decision: RecordId,
        at_least: Option<Position>,
    ) -> Result<(Answer, DecisionWatch), ServiceError> {
        let Requester { subject, role, .. } = who.requester();
        let watchers = if role.is_bound_to_account() { &self.customer_watchers } else { &self.decision_watchers };
        let seat = watchers.take_seat(subject)?;
        let partition = self.vault.ids().partition_of(decision.as_u128());
        let bell = Bell::new(self.vault.store(), partition, (watchers, seat));
        let (answer, until) = self.look_at_decision(&who, decision, at_least).await?;
        let told = answer.state;
        let watch = DecisionWatch { engine: Arc::clone(self), who, decision, until, told, bell };
        Ok((answer, watch))
    }
}

impl DecisionWatch {
    /// Whether nothing more can come of it.
    pub fn is_over(&self) -> bool {
        self.bell.is_over() || !matches!(self.told, DecisionState::Pending | DecisionState::Answered)
    }

    /// How long time alone changes nothing; none where it never does.
    pub fn rests_for(&self) -> Result<Option<Duration>, ServiceError> {
        let now = self.engine.now()?.instant();
        Ok(self.until.map(|until| until.signed_duration_since(now).to_std().unwrap_or(Duration::ZERO)))
    }

    /// Waits until something may have changed.
    pub async fn rung(&mut self) -> Result<(), ServiceError> {
        self.bell.rung().await
    }

    /// How it stands now, where that is news.
    pub async fn look(&mut self) -> Result<Option<Answer>, ServiceError> {
        let (answer, until) = self.engine.look_at_decision(&self.who, self.decision, None).await?;
        self.until = until;
        let is_news = self.told != answer.state;
        self.told = answer.state;
        Ok(is_news.then_some(answer))
    }
}
