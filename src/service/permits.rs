//! Redeeming permits: the only authority to carry a change out.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::answer::{DecisionState, Epochs, permit_state};
use super::ask::{CONFLICT_RETRIES_MAX, account_of};
use super::carry_out::{Carried, carry_out};
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::{Body, caller_of};
use super::refusal::Refusal;
use super::rights::{Authorised, right};
use super::target::{LineRef, Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::Event;
use crate::crypto::{PermitBinding, PermitClaim, Permits, Token, change_digest};
use crate::domain::{
    Action, AppCheck, Change, Factor, Line, LineId, LineStatus, LockHolder, LockSet, OwnerChange, Permit, RecordId,
    RequestId, StepScope, TransferPinState,
};
use crate::store::{Ask, Claim, Closing, CommitError, Entry, Found, OpenAccount, Opening, Position, Reserve, Urgency};

/// A permit presented for a change about to be carried out.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The permit's text.
    pub permit: super::answer::PermitText,
    /// The line it is presented for.
    pub line: LineRef,
    /// The change it is presented for.
    pub change: Change,
}

/// A permit used: the change may be carried out, now and once.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// The record of it.
    pub id: RecordId,
    /// When.
    pub at: DateTime<Utc>,
    /// The line's subscription.
    pub line: LineId,
    /// What the caller has now seen of the store.
    pub position: Option<Position>,
}

/// What one attempt came to.
enum Attempt {
    Done(Redeemed),
    Again,
}

impl Engine {
    /// Uses a permit. The same request gives the same answer; any other second use is refused.
    pub async fn redeem(
        self: &Arc<Self>,
        who: Authorised<right::RedeemPermit>,
        redemption: Redemption,
    ) -> Result<Redeemed, ServiceError> {
        if matches!(redemption.change, Change::Owner(OwnerChange::ToAccount { .. })) {
            // Else the line would leave here and arrive nowhere.
            let expected = "must not be a line's move to another account: MoveLine uses that permit";
            return Err(ServiceError::Invalid { field: "change.owner_change.to_account_id", expected });
        }
        self.redeem_any(who, redemption).await
    }

    /// The same for every change, a line's move among them.
    pub(super) async fn redeem_any(
        self: &Arc<Self>,
        who: Authorised<right::RedeemPermit>,
        redemption: Redemption,
    ) -> Result<Redeemed, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let now = engine.now()?.instant();
            let claim =
                Permits::decode(&redemption.permit.0).map_err(|_| ServiceError::Refused(Refusal::PermitUnknown))?;
            for _ in 0..=CONFLICT_RETRIES_MAX {
                if let Attempt::Done(redeemed) = engine.try_redeem(&who, &redemption, &claim, now).await? {
                    return Ok(redeemed);
                }
            }
            Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
        })
        .await
    }

    async fn try_redeem(
        &self,
        who: &Authorised<right::RedeemPermit>,
        redemption: &Redemption,
        claim: &PermitClaim,
        now: DateTime<Utc>,
    ) -> Result<Attempt, ServiceError> {
        let mut target = self.line_target(who.requester(), &redemption.line).await?;
        let reserve = self.reserve(who.requester(), redemption.request_id, &redemption.body);
        loop {
            // A customer signed in on another account of theirs is another person here: an app key would be added for them.
            self.check_reach(who, &target).map_err(|_| ServiceError::Refused(Refusal::PermitMismatch))?;
            // An unknown line is refused as a permit for another line is: nothing is learnt of the number.
            let token = target.line.filter(|_| target.indexed).ok_or(ServiceError::Refused(Refusal::PermitMismatch))?;
            let _turn = self.queues.enter(target.account).await?;
            let ask = Ask {
                account: target.account,
                lines: vec![token],
                permit: Some(claim.decision),
                reserve: Some(reserve),
                charges: Vec::new(),
                windows: Vec::new(),
                now,
                at_least: None,
            };
            let open = match self.vault.open(ask).await? {
                Opening::Open(open) => open,
                Opening::Answered(id) => return self.repeat_redemption(id).await.map(Attempt::Done),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            match self.better_target(who.requester(), &open, &Scope::Line(redemption.line.clone()), target).await? {
                Some(better) => target = better,
                None => return self.use_permit(who, redemption, claim, reserve, open, target, now).await,
            }
        }
    }

    /// INVARIANT (permit-once): everything the permit is bound to, its window, its state, the locks and the flags are checked
    /// here, and the same commit that marks it used fails if any of them has changed. Who is held, or was where it was asked,
    /// is asked here too.
    #[expect(clippy::too_many_arguments, reason = "the one step that needs all that was gathered")]
    async fn use_permit(
        &self,
        who: &Authorised<right::RedeemPermit>,
        redemption: &Redemption,
        claim: &PermitClaim,
        reserve: Reserve,
        mut open: Box<OpenAccount>,
        target: Target,
        now: DateTime<Utc>,
    ) -> Result<Attempt, ServiceError> {
        let requester = who.requester();
        let steps = due::apply(&mut open, target.line, now)?;
        let token = target.line.ok_or(ServiceError::NotFound("line"))?;
        let change_digest = change_digest(&redemption.change);
        let (line, permit) = presented(&open, token, claim)?;
        let binding = PermitBinding {
            decision: claim.decision,
            line: self.vault.tokens().line(&requester.brand, &line.id),
            change: change_digest,
            caller: self.vault.tokens().digest("permit-caller", &[requester.subject.as_str().as_bytes()]),
            not_before_ms: permit.not_before.timestamp_millis(),
            expires_ms: permit.expires_at.timestamp_millis(),
            policy: permit.policy,
        };
        let bound = self.permits.verify(claim, &binding).map_err(|_| ServiceError::Refused(Refusal::PermitUnknown))?;
        if !bound || permit.line != line.id || permit.change != change_digest || permit.caller != requester.subject {
            return Err(ServiceError::Refused(Refusal::PermitMismatch));
        }
        check_usable(&open, line, permit, &redemption.change, now)?;
        let books = self.books(&requester.brand).await?;
        let held = books.held(requester, None, &redemption.change).or_else(|| books.held_place(&permit.place));
        if held.is_some() {
            return Err(ServiceError::Refused(Refusal::Held));
        }
        let line_id = line.id.clone();
        let redemption_id = RecordId::from_u128(self.vault.ids().mint(now, target.account.partition())?);
        let adds_device = redemption.change.action() == Action::DeviceAdd;
        let vouched = adds_device && self.was_vouched_for(claim.decision).await?;
        let (decision, change) = (claim.decision, &redemption.change);
        let carried = Carried { decision, change, redemption: redemption_id, requester, vouched, now };
        let went_back = carry_out(&mut open, token, &carried);
        let event = Event::PermitRedeemed { decision: claim.decision };
        let caller = Some(caller_of(requester));
        let entry = |caller, event| Entry { at: now, line: Some(token), caller, channel: None, event };
        open.append_as(redemption_id, entry(caller, event))?;
        if went_back {
            let (scope, set, holder) = (StepScope::Line, LockSet::All, LockHolder::Customer);
            open.append(entry(None, Event::LockSet { scope, set, holder, reason: None }))?;
        }
        let due = if steps.is_empty() && !adds_device { Vec::new() } else { due::upcoming(&open, target.line) };
        let closing = Closing {
            urgency: Urgency::Ordinary,
            claim: Some(Claim { reserve, record: redemption_id }),
            settle: Vec::new(),
            due,
            done: due::done(&steps, &target),
        };
        match self.vault.close(open, closing).await {
            Ok(closed) => {
                let position = Some(closed.position);
                Ok(Attempt::Done(Redeemed { id: redemption_id, at: now, line: line_id, position }))
            }
            Err(CommitError::Conflict) => Ok(Attempt::Again),
            Err(CommitError::Answered(id)) => self.repeat_redemption(id).await.map(Attempt::Done),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    /// Whether a decision was approved by a device that had been known for as long as any must be: one that was itself let in sooner
    /// vouches for none, or a thief's would for the next before anybody says no. A record that is gone says that nobody knows.
    async fn was_vouched_for(&self, decision: RecordId) -> Result<bool, ServiceError> {
        let Found::Kept(kept) = self.vault.find(decision).await? else { return Ok(false) };
        let (record, known_after) = (kept.record(), self.policy().device.known_after);
        let Event::Decided(decided) = &record.event else { return Ok(false) };
        let AppCheck::Signed { added_at, .. } = decided.checks.app else { return Ok(false) };
        Ok(decided.accepted.contains(&Factor::AppApproval) && added_at + known_after <= record.at)
    }

    async fn repeat_redemption(&self, id: RecordId) -> Result<Redeemed, ServiceError> {
        let kept = self.answering_record(id).await?;
        match (&kept.record().event, &kept.record().line) {
            (Event::PermitRedeemed { .. }, Some(line)) => {
                Ok(Redeemed { id, at: kept.record().at, line: line.id.clone(), position: None })
            }
            _ => Err(ServiceError::RequestIdReused),
        }
    }
}

/// The line and the permit as they are kept.
fn presented<'a>(
    open: &'a OpenAccount,
    token: Token,
    claim: &PermitClaim,
) -> Result<(&'a Line, &'a Permit), ServiceError> {
    let line = open.line(token).ok_or(ServiceError::Refused(Refusal::PermitMismatch))?;
    // A permit of another account is not among this one's rows.
    let permit = open.permit(claim.decision).ok_or(ServiceError::Refused(Refusal::PermitMismatch))?;
    Ok((line, permit))
}

/// Whether a permit that is the right one may be used now.
fn check_usable(
    open: &OpenAccount,
    line: &Line,
    permit: &Permit,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    let account = account_of(open)?;
    let epochs = Epochs { account: &account.protection, line: &line.protection };
    let refuse = |refusal| Err(ServiceError::Refused(refusal));
    match permit_state(permit, &epochs, now) {
        DecisionState::Redeemed => return refuse(Refusal::PermitUsed),
        DecisionState::Withdrawn | DecisionState::Voided => return refuse(Refusal::PermitVoid),
        // INVARIANT (fail-closed): what no permit is, is none that may be used.
        DecisionState::Pending | DecisionState::Answered | DecisionState::Satisfied | DecisionState::Declined => {
            return refuse(Refusal::PermitVoid);
        }
        DecisionState::Expired => return refuse(Refusal::PermitExpired),
        DecisionState::Final => {}
    }
    if now < permit.not_before {
        return refuse(Refusal::PermitNotYet);
    }
    // INVARIANT (locked-never-approved): locks are asked again, in the step that uses the permit.
    if line.stance(account, change, &permit.change, now).refuses() {
        return refuse(Refusal::PermitLocked);
    }
    let flagged_since = !permit.flagged && (account.flags.any() || line.flags.any());
    if flagged_since || !is_in_service_for(line.status, permit.action) || !transfer_pin_is_live(open, permit) {
        return refuse(Refusal::PermitVoid);
    }
    Ok(())
}

/// A barred line may get a new SIM or have its account's records changed, but it does not leave.
const fn is_in_service_for(status: LineStatus, action: Action) -> bool {
    match status {
        LineStatus::Active => true,
        LineStatus::Suspended => !matches!(action, Action::PortOut | Action::OwnerChange),
        LineStatus::Closed | LineStatus::PortedOut | LineStatus::Moved => false,
    }
}

/// A transfer PIN that was the proof must still be unused: two approvals may rest on it, one redemption uses it up.
fn transfer_pin_is_live(open: &OpenAccount, permit: &Permit) -> bool {
    let Some(id) = permit.transfer_pin else { return true };
    let pins = open.credentials().map_or(&[][..], |credentials| &credentials.transfer_pins);
    pins.iter().any(|pin| pin.id == id && pin.state == TransferPinState::Live)
}
