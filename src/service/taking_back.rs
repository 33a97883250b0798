//! What a customer or the carrier takes back at once, with no decision: it opens nothing, so it checks no credential.

use chrono::{DateTime, Utc};

use super::ask::CONFLICT_RETRIES_MAX;
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::protect::reading;
use super::question::{Body, caller_of};
use super::rights::{Authorised, Right};
use super::target::{Scope, Target};
use crate::audit::Event;
use crate::domain::{AccountId, Channel, RequestId};
use crate::store::{Claim, Closing, CommitError, Entry, OpenAccount, Opening, Urgency};

/// Something of an account's to be taken back.
#[derive(Debug, Clone)]
pub struct TakingBack<T> {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The account.
    pub account: AccountId,
    /// What.
    pub id: T,
    /// The channel, where it was said.
    pub channel: Option<Channel>,
}

impl Engine {
    /// Takes something back, and records it. Like a lock it passes below the disk reserve. `take` may be asked again; nothing comes of
    /// a request that did it before.
    pub(super) async fn take_back<R: Right, T, D>(
        &self,
        who: &Authorised<R>,
        taking: &TakingBack<T>,
        now: DateTime<Utc>,
        take: impl Fn(&mut OpenAccount) -> Result<(Event, D), ServiceError> + Sync,
    ) -> Result<Option<D>, ServiceError>
    where
        T: Sync,
        D: Send,
    {
        let requester = who.requester();
        let scope = Scope::Account(taking.account.clone());
        let target = self.target(requester, &scope).await?;
        self.check_reach(who, &target)?;
        let reserve = self.reserve(requester, taking.request_id, &taking.body);
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter_to_protect(target.account).await?;
            let mut open = match self.vault.open(reading(&target, Some(reserve), None, now)).await? {
                Opening::Open(open) => open,
                Opening::Answered(_) => return Ok(None),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            self.check_separated(requester, &open, (&scope, &target)).await?;
            let steps = due::apply(&mut open, None, now)?;
            let (event, done) = take(&mut open)?;
            let (caller, channel) = (Some(caller_of(requester)), taking.channel);
            let record = open.append(Entry { at: now, line: None, caller, channel, event })?;
            let closing = Closing {
                urgency: Urgency::Protective,
                claim: Some(Claim { reserve, record }),
                settle: Vec::new(),
                due: if steps.is_empty() { Vec::new() } else { due::upcoming(&open, None) },
                done: due::done(&steps, &Target { line: None, ..target }),
            };
            match self.vault.close(open, closing).await {
                Ok(_) => return Ok(Some(done)),
                // The next attempt finds what another engine, or this request, did.
                Err(CommitError::Conflict | CommitError::Answered(_)) => {}
                Err(error @ (CommitError::Taken | CommitError::Store(_))) => return Err(error.into()),
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }
}
