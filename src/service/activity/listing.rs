//! What happened to an account or a line, newest first, by following its chain.

use crate::audit::{Event, ReadOf, RecoveryStep};
use crate::domain::RecordId;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::rights::{Authorised, Whose, right};
use crate::service::target::Scope;
use crate::store::{Found, Kept};

/// The most entries of one page.
pub const ACTIVITY_PAGE_MAX: usize = 100;

/// One page of a history.
#[derive(Debug, Clone)]
pub struct ActivityPage {
    /// Records, newest first.
    pub records: Vec<Kept>,
    /// Where the next page starts; none at the end.
    pub next: Option<RecordId>,
    /// Whether it ends here because what is older was archived.
    pub older_archived: bool,
}

impl Engine {
    /// A page of what happened to an account or a line. `from` is where an earlier page ended: it grants nothing, because a
    /// record of another account is not shown whatever the token says.
    pub async fn list_activity(
        &self,
        who: &Authorised<right::ReadActivity>,
        scope: &Scope,
        from: Option<RecordId>,
        size: usize,
    ) -> Result<ActivityPage, ServiceError> {
        let target = self.target(who.requester(), scope).await?;
        self.check_reach(who, &target)?;
        self.note_read(who.requester(), scope, ReadOf::Activity).await?;
        let now = self.now()?.instant();
        let (open, target) = self.peek(who.requester(), scope, None, now).await?;
        let line = target.line.and_then(|token| open.line(token));
        let newest = match target.line {
            Some(_) => line.and_then(|line| line.last_record),
            None => open.account().and_then(|account| account.chain.last),
        };
        let mut next = from.or(newest);
        let (mut records, mut older_archived) = (Vec::new(), false);
        while records.len() < size.clamp(1, ACTIVITY_PAGE_MAX) {
            let Some(id) = next else { break };
            let about_it = |kept: &Kept| {
                let trace = kept.record().line.as_ref().map(|line| &line.id);
                kept.account() == target.account && (target.line.is_none() || trace == line.map(|line| &line.id))
            };
            let kept = match self.vault.find(id).await? {
                Found::Kept(kept) if about_it(&kept) => *kept,
                Found::Kept(_) | Found::Nowhere => {
                    let expected = "must be a token of this list";
                    return Err(ServiceError::Invalid { field: "page_token", expected });
                }
                Found::Archived => {
                    (next, older_archived) = (None, true);
                    break;
                }
            };
            let record = kept.record();
            next = match (&target.line, &record.line) {
                (Some(_), Some(line)) => line.previous,
                (Some(_), None) => None,
                (None, _) => record.previous,
            };
            if is_shown(&kept, who.whose()) {
                records.push(kept);
            }
        }
        Ok(ActivityPage { records, next, older_archived })
    }
}

/// What one person of the fraud desk thinks is not the customer's to know, or whoever is signed in as them: nothing has happened yet.
pub(super) fn is_shown(kept: &Kept, whose: Whose) -> bool {
    let is_thought = match &kept.record().event {
        Event::RecoveryChanged(step) => matches!(step.as_ref(), RecoveryStep::Proposed { .. }),
        _ => false,
    };
    !(is_thought && whose == Whose::OwnAccount)
}
