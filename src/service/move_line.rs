//! Lines that end or go to another account, under the permit of an owner change.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::PermitText;
use super::engine::Engine;
use super::error::ServiceError;
use super::permits::{Redeemed, Redemption};
use super::question::Body;
use super::refusal::Refusal;
use super::rights::{Authorised, authorise, right};
use super::separations::Leaving;
use super::target::{LineRef, Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::Event;
use crate::crypto::Token;
use crate::domain::{
    AccountId, Change, Line, LineId, LineName, LineStatus, OwnerChange, Protection, RequestId, Requester,
    SeparationReference,
};
use crate::store::{Ask, Closing, Entry, IndexEntry, OpenAccount, Opening, Place, Position, Urgency};

/// A line to be moved or closed.
#[derive(Debug, Clone)]
pub struct Move {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The line.
    pub line: LineId,
    /// The separation under which it moves, where it does under one.
    pub separation: Option<SeparationReference>,
    /// Where it goes, or that it ends.
    pub change: OwnerChange,
    /// The permit that `Decide` granted for exactly this.
    pub permit: PermitText,
}

/// A line after its move.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The line as it now is.
    pub line: Line,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

impl Engine {
    /// Moves or closes a line. The redemption of the permit and the line's leaving are one commit; where it goes to another
    /// account, its arrival is the next, and a request that was cut between the two is finished by repeating it.
    pub async fn move_line(
        self: &Arc<Self>,
        who: Authorised<right::Provision>,
        order: Move,
    ) -> Result<Moved, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.move_now(who.requester(), &order).await }).await
    }

    async fn move_now(self: &Arc<Self>, requester: &Requester, order: &Move) -> Result<Moved, ServiceError> {
        self.check_not_held(requester).await?;
        let now = self.now()?.instant();
        let name = LineName::LineId(order.line.clone());
        let line_ref = LineRef { name, brand: None, separation: order.separation.clone() };
        if let OwnerChange::ToAccount { account, .. } = &order.change {
            self.account_exists(requester, account, now).await?;
        }
        let place = self.place_to_leave(requester, &line_ref).await?;
        let redemption = Redemption {
            request_id: order.request_id,
            body: order.body.clone(),
            permit: order.permit.clone(),
            line: line_ref,
            change: Change::Owner(order.change.clone()),
        };
        let redeemer = authorise::<right::RedeemPermit>(requester.clone())?;
        let redeemed = self.redeem_any(redeemer, redemption).await?;
        // INVARIANT (locked-never-approved): read once it has left, when no lock can be set on it any more: none is lost.
        let left = self.open_line(place, now).await?;
        let before = left.line(place.line).cloned().ok_or(ServiceError::NotFound("line"))?;
        let account = left.account().ok_or(ServiceError::NotFound("account"))?;
        match account.separation.as_deref() {
            Some(separation) => {
                let (separation, line) = ((&account.id, separation), (place.line, order.line.clone()));
                let leaving = Leaving { separation, line, status: before.status, now };
                self.move_separated(requester, order, &leaving, (before, redeemed)).await
            }
            None => self.go_on(requester, order, (before, redeemed), now).await,
        }
    }

    /// The same of a line that leaves under a separation, and leaves another account too.
    async fn move_separated(
        &self,
        requester: &Requester,
        order: &Move,
        leaving: &Leaving<'_>,
        (before, redeemed): (Line, Redeemed),
    ) -> Result<Moved, ServiceError> {
        let (token, now) = (leaving.line.0, leaving.now);
        if let Some(there) = self.arrived_before(requester, leaving.separation.1, (token, &before)).await? {
            let line = self.open_line(there, now).await?.line(there.line).cloned();
            return match line {
                Some(line) if goes_to(order).is_none_or(|to| *to == line.account) => {
                    Ok(Moved { line, position: redeemed.position })
                }
                // It went on since, or somewhere else before.
                _ => Err(ServiceError::Refused(Refusal::SeparationRefused)),
            };
        }
        self.leave_behind(&requester.brand, leaving).await?;
        let moved = self.go_on(requester, order, (before, redeemed), now).await?;
        self.note_left(requester, leaving, goes_to(order).cloned()).await?;
        Ok(moved)
    }

    async fn go_on(
        &self,
        requester: &Requester,
        order: &Move,
        (before, redeemed): (Line, Redeemed),
        now: DateTime<Utc>,
    ) -> Result<Moved, ServiceError> {
        match goes_to(order) {
            // A request that was answered before and comes again finds the line where it went, or where it has gone since.
            Some(account) if before.status == LineStatus::Moved => {
                self.arrive(requester, order, account, before, redeemed, now).await
            }
            _ => Ok(Moved { line: before, position: redeemed.position }),
        }
    }

    async fn account_exists(
        &self,
        requester: &Requester,
        id: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        self.peek(requester, &Scope::Account(id.clone()), None, now).await.and_then(|(open, _)| {
            if open.account().is_some() { Ok(()) } else { Err(ServiceError::NotFound("account")) }
        })
    }

    /// Where a line is that is to leave: asked of the index, and not of a hint.
    async fn place_to_leave(&self, requester: &Requester, line: &LineRef) -> Result<Place, ServiceError> {
        if line.separation.is_some() {
            let Target { account, line, name, .. } = self.line_target(requester, line).await?;
            return Ok(Place { account, line: line.unwrap_or(name) });
        }
        let name = self.line_token(requester, line)?;
        self.vault.resolve(name).await?.ok_or(ServiceError::NotFound("line"))
    }

    pub(super) async fn open_line(&self, place: Place, now: DateTime<Utc>) -> Result<Box<OpenAccount>, ServiceError> {
        let (lines, charges, windows) = (vec![place.line], Vec::new(), Vec::new());
        let ask =
            Ask { account: place.account, lines, permit: None, reserve: None, charges, windows, now, at_least: None };
        match self.vault.open(ask).await? {
            Opening::Open(open) => Ok(open),
            Opening::Answered(_) | Opening::Taken => Err(ServiceError::RequestIdReused),
        }
    }

    /// The line comes to its new account with its own locks and flags, and without what was granted on the old one.
    async fn arrive(
        &self,
        requester: &Requester,
        order: &Move,
        account: &AccountId,
        before: Line,
        redeemed: Redeemed,
        now: DateTime<Utc>,
    ) -> Result<Moved, ServiceError> {
        let tokens = self.vault.tokens();
        let place = Place {
            account: tokens.account(&requester.brand, account),
            line: tokens.line(&requester.brand, &order.line),
        };
        let _turn = self.queues.enter(place.account).await?;
        let mut open = self.open_line(place, now).await?;
        let protection = Protection::arrived(&before.protection, open.next_seq());
        let line =
            Line { account: account.clone(), status: LineStatus::Active, last_record: None, protection, ..before };
        let mut position = redeemed.position;
        if open.line(place.line).is_none_or(|row| row.status == LineStatus::Moved) {
            open.create_line(place.line, line.clone());
            let caller = Some(super::question::caller_of(requester));
            open.append(Entry { at: now, line: Some(place.line), caller, channel: None, event: Event::LineAdded })?;
            let closing = Closing {
                urgency: Urgency::Ordinary,
                claim: None,
                settle: Vec::new(),
                due: super::due::upcoming(&open, Some(place.line)),
                done: Vec::new(),
            };
            position = Some(self.vault.close(open, closing).await?.position);
        }
        self.point_line(requester, &line, place).await?;
        Ok(Moved { line, position })
    }

    async fn point_line(&self, requester: &Requester, line: &Line, place: Place) -> Result<(), ServiceError> {
        let number: Token = self.vault.tokens().number(&requester.brand, line.msisdn);
        let entries = vec![IndexEntry { name: number, place }, IndexEntry { name: place.line, place }];
        for entry in &entries {
            self.hints.forget(entry.name);
        }
        Ok(self.vault.index(entries).await?)
    }
}

/// The account to which a line goes; none where it ends.
const fn goes_to(order: &Move) -> Option<&AccountId> {
    match &order.change {
        OwnerChange::ToAccount { account, .. } => Some(account),
        OwnerChange::Close | OwnerChange::Role { .. } => None,
    }
}
