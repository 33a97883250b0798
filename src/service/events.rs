//! What outside sources tell: each event once, in the account's history, and on its record where it stands there.
//!
//! What comes often is on no record: log-ins and calls are kept with the account's credentials alone, that a SIM is attached
//! with its line. A flood of it leaves the head of the account as it is, so that it never stands in the way of a lock.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::ask::CONFLICT_RETRIES_MAX;
use super::due;
use super::engine::Engine;
use super::error::ServiceError;
use super::incidents::Disputed;
use super::protect::reading;
use super::question::{Body, caller_of};
use super::rights::{Authorised, Right, Whose, may_tell, right};
use super::standing::stand_in;
use super::target::{Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::{Event, ToldEvent};
use crate::crypto::Token;
use crate::domain::{
    Action, CallMark, Counted, EVENT_AGE_MAX, EVENT_AHEAD_MAX, Flags, Happening, LineId, LogIn, LogInResult,
    LogInSource, RecordId, Recorded, RequestId, Requester, Reset, ResetKind, Standing,
};
use crate::store::{Claim, Closing, CommitError, Entry, Found, OpenAccount, Opening, Reserve, Urgency};

/// So many failed log-ins within [`FAILURES_TOLD_WITHIN`] are put on record: once, when they become so many.
const FAILURES_TOLD: usize = 20;

/// The time in which they are counted.
const FAILURES_TOLD_WITHIN: TimeDelta = TimeDelta::hours(24);

/// An event as its source tells it.
#[derive(Debug, Clone)]
pub struct ToldBySource {
    /// The source's own name of the event.
    pub event: RequestId,
    /// Everything that was said of it.
    pub body: Body,
    /// The line or account it happened to.
    pub scope: Scope,
    /// When, by the source's clock.
    pub occurred_at: DateTime<Utc>,
    /// What.
    pub what: Happening,
}

/// An event with who tells it and when: what stays the same over every attempt.
struct Hearing<'a> {
    requester: &'a Requester,
    told: &'a ToldBySource,
    reserve: Reserve,
    /// The one reading of the clock.
    now: DateTime<Utc>,
}

impl Engine {
    /// Keeps an event, once. The same event again is kept already; under its name another one is refused.
    pub async fn record_event(
        self: &Arc<Self>,
        who: Authorised<right::RecordEvents>,
        told: ToldBySource,
    ) -> Result<(), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.hear(&who, &told).await }).await
    }

    async fn hear(&self, who: &Authorised<right::RecordEvents>, told: &ToldBySource) -> Result<(), ServiceError> {
        let (requester, kind) = (who.requester(), told.what.kind());
        if !may_tell(requester.role, kind) {
            let expected = "must be told by a source whose role it is";
            return Err(ServiceError::Invalid { field: kind.field(), expected });
        }
        if kind.is_of_a_line() && matches!(told.scope, Scope::Account(_)) {
            return Err(ServiceError::Invalid {
                field: "account_id",
                expected: "must be a line: this happens to lines",
            });
        }
        self.check_not_held(requester).await?;
        let now = self.now()?.instant();
        let hearing = Hearing { requester, told, reserve: self.reserve(requester, told.event, &told.body), now };
        for _ in 0..=CONFLICT_RETRIES_MAX {
            if self.try_to_hear(&hearing).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    /// Whether it is kept; not where another engine changed the account meanwhile.
    async fn try_to_hear(&self, hearing: &Hearing<'_>) -> Result<bool, ServiceError> {
        let Hearing { requester, told, reserve, now } = *hearing;
        let mut target = self.target(requester, &told.scope).await?;
        loop {
            if !target.indexed && may_know(requester) {
                self.charge_unknown(requester, target.name, now).await?;
                return Err(ServiceError::NotFound("line"));
            }
            let _turn = self.queues.enter(target.account).await?;
            let open = match self.vault.open(reading(&target, Some(reserve), None, now)).await? {
                Opening::Open(open) => open,
                Opening::Answered(_) => return Ok(true),
                Opening::Taken => return Err(ServiceError::RequestIdReused),
            };
            if target.indexed && open.account().is_none() {
                target = self.phantom_target(&requester.brand, target.name);
                continue;
            }
            match self.better_target(requester, &open, &told.scope, target).await? {
                Some(better) => target = better,
                None => return self.keep(hearing, open, target).await,
            }
        }
    }

    /// INVARIANT (unknown-looks-known): for an unknown line the same reads, checks and commit, in its phantom's account.
    async fn keep(
        &self,
        hearing: &Hearing<'_>,
        mut open: Box<OpenAccount>,
        target: Target,
    ) -> Result<bool, ServiceError> {
        let Hearing { requester, told, reserve, now } = *hearing;
        let at = occurred(told.occurred_at, now)?;
        let is_known = stand_in(&mut open, requester, &target)? == Standing::Known;
        let (mut due, mut done) = (Vec::new(), Vec::new());
        let record = match &told.what {
            Happening::Counted(counted) => {
                if is_known {
                    self.note_counted(hearing, &mut open, target.line, counted, at)?;
                }
                // The key is claimed for an id of its own: the answer says that it is kept, and no more.
                RecordId::from_u128(self.vault.ids().mint(now, target.account.partition())?)
            }
            Happening::Recorded(what) => {
                let steps = due::apply(&mut open, target.line, now)?;
                if is_known {
                    self.check_disputed(what, &target).await?;
                    if let Recorded::FraudReported { decision } = what {
                        // Before the report is kept: a report that is kept has held whom it must.
                        self.hold_disputed(requester, disputed(&open, target.line, *decision), now).await?;
                    }
                    if let Recorded::AccountRead { reader } = what {
                        let who = (&requester.brand, reader);
                        let reader = self.count_read(who, target.account, reserve.request, now).await?;
                        if let Some(credentials) = open.credentials_mut() {
                            credentials.history.note_reading(reader, now);
                        }
                    }
                    take_over(&mut open, target.line, what, at, now);
                }
                if !steps.is_empty() {
                    (due, done) = (due::upcoming(&open, target.line), due::done(&steps, &target));
                }
                let event = ToldEvent { event: told.event, occurred_at: told.occurred_at, what: what.clone() };
                open.append(entry(hearing, target.line, Event::Told(Box::new(event))))?
            }
        };
        let claim = Some(Claim { reserve, record });
        let closing = Closing { urgency: Urgency::Ordinary, claim, settle: Vec::new(), due, done };
        match self.vault.close(open, closing).await {
            Ok(_) | Err(CommitError::Answered(_)) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    /// Counts what comes often. Only the commonest of it is ever on record, once a day.
    fn note_counted(
        &self,
        hearing: &Hearing<'_>,
        open: &mut OpenAccount,
        line: Option<Token>,
        counted: &Counted,
        at: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let known = line.and_then(|token| open.line(token));
        if let Counted::SimAttached { target } = counted {
            // The line's row is written only where it says something new.
            if let Some(token) = line.filter(|_| known.is_some_and(|line| line.is_news_of(target, at)))
                && let Some(line) = open.line_mut(token)
            {
                line.attach(target, at);
            }
            return Ok(());
        }
        let line_id: Option<LineId> = known.map(|line| line.id.clone());
        let tokens = self.vault.tokens();
        let credentials = open.credentials_mut().ok_or(ServiceError::NotFound("account"))?;
        let history = &mut credentials.history;
        match counted {
            Counted::LogIn { result, device, address } => {
                let source = address.map(|address| tokens.window("log-in-source", &[address.to_string().as_bytes()]));
                let source = source.map(|token| LogInSource(u128::from_be_bytes(*token.as_bytes())));
                let log_in = LogIn { at, device: device.clone(), source };
                if *result == LogInResult::Succeeded {
                    history.note_log_in(log_in);
                    return Ok(());
                }
                let before = history.failures_within(FAILURES_TOLD_WITHIN, hearing.now);
                history.note_failure(log_in);
                let after = history.failures_within(FAILURES_TOLD_WITHIN, hearing.now);
                if before < FAILURES_TOLD && after >= FAILURES_TOLD {
                    let count = u32::try_from(after).unwrap_or(u32::MAX);
                    open.append(entry(hearing, line, Event::LogInsFailed { count }))?;
                }
            }
            Counted::InboundCall { call, phase } => {
                let line_id = line_id.ok_or(ServiceError::NotFound("line"))?;
                let name = tokens.window("inbound-call", &[call.as_str().as_bytes()]);
                history.note_call(line_id, CallMark(u128::from_be_bytes(*name.as_bytes())), *phase, at);
            }
            Counted::SimAttached { .. } => {}
        }
        Ok(())
    }

    /// A disputed decision is one of this account's. Of one whose time has left the store nothing can be compared.
    async fn check_disputed(&self, what: &Recorded, target: &Target) -> Result<(), ServiceError> {
        let Recorded::FraudReported { decision: Some(id) } = what else { return Ok(()) };
        let is_theirs = match self.vault.find(*id).await? {
            Found::Kept(kept) => kept.account() == target.account && matches!(kept.record().event, Event::Decided(_)),
            Found::Archived => true,
            Found::Nowhere => false,
        };
        if is_theirs {
            return Ok(());
        }
        Err(ServiceError::Invalid {
            field: "fraud_reported.decision_id",
            expected: "must be a decision on this account",
        })
    }
}

/// What a report of fraud is about.
fn disputed(open: &OpenAccount, line: Option<Token>, decision: Option<RecordId>) -> Disputed {
    match (decision, line) {
        (Some(decision), _) => Disputed::Decision(decision),
        (None, Some(token)) => Disputed::OnLine(open.line(token).and_then(|line| line.last_record)),
        (None, None) => Disputed::OnAccount(open.account().and_then(|account| account.chain.last)),
    }
}

/// Whether a source may know which lines there are: who may read accounts.
fn may_know(requester: &Requester) -> bool {
    <right::ReadAccount as Right>::whose(requester.role) == Some(Whose::Brand)
}

/// When it happened, as it is kept. Asked only of an event that is new: a repetition grows no older.
fn occurred(told: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, ServiceError> {
    let ahead = told.signed_duration_since(now);
    if ahead > EVENT_AHEAD_MAX {
        let expected = "must be at most 2 minutes ahead of the service's clock";
        return Err(ServiceError::Invalid { field: "occur_time", expected });
    }
    if -ahead > EVENT_AGE_MAX {
        return Err(ServiceError::Invalid { field: "occur_time", expected: "must be at most 31 days ago" });
    }
    // INVARIANT (time-is-an-argument): nothing that is kept lies in the future, whatever a source's clock says.
    Ok(told.min(now))
}

fn entry(hearing: &Hearing<'_>, line: Option<Token>, event: Event) -> Entry {
    let channel = match &hearing.told.what {
        Happening::Recorded(Recorded::CredentialReset { via, .. } | Recorded::ContactChanged { via, .. }) => Some(*via),
        _ => None,
    };
    Entry { at: hearing.now, line, caller: Some(caller_of(hearing.requester)), channel, event }
}

/// What an event leaves in the records of account and line: added, never taken back.
fn take_over(open: &mut OpenAccount, line: Option<Token>, what: &Recorded, at: DateTime<Utc>, now: DateTime<Utc>) {
    match what {
        Recorded::CredentialReset { kind, via, mailbox } => {
            note_reset(open, Reset { at, kind: *kind, via: *via, mailbox: mailbox.clone() });
        }
        // What a customer database says of the past makes no contact older: its age starts here.
        Recorded::ContactChanged { contact, via, kind, .. } => {
            // As it is kept it may be of another kind than was told.
            let kept = open.account().and_then(|account| account.contact(contact)).map(|kept| kept.value.kind());
            if let Some(account) = open.account_mut() {
                account.contact_changed_elsewhere(contact, now);
            }
            note_reset(open, Reset { at: now, kind: ResetKind::Contact, via: *via, mailbox: None });
            if let Some(credentials) = open.credentials_mut() {
                credentials.history.contacts_changed.note(*kind, now);
                if kept.is_some() {
                    credentials.history.contacts_changed.note(kept, now);
                }
            }
        }
        // Nor is a device older than the engine knows of its proof.
        Recorded::DeviceProven { device } => {
            if let Some(credentials) = open.credentials_mut() {
                credentials.history.prove(device.clone(), now);
            }
        }
        Recorded::SimActivated { target, imei } => {
            if let Some(line) = line.and_then(|token| open.line_mut(token)) {
                line.change_sim(target.clone(), imei.clone(), at);
            }
        }
        Recorded::ForwardingSet { .. } => {
            if let Some(line) = line.and_then(|token| open.line_mut(token)) {
                line.forward(at);
            }
        }
        Recorded::ThirdPartyPayment => {
            if let Some(credentials) = open.credentials_mut() {
                credentials.history.note_third_party_payment(at);
            }
        }
        // Counted over many accounts, and noted with what that says.
        Recorded::AccountRead { .. } => {}
        Recorded::NumberReassigned => end_number(open, line, at),
        Recorded::FraudReported { .. } => report_fraud(open, line),
    }
}

fn note_reset(open: &mut OpenAccount, reset: Reset) {
    if let Some(account) = open.account_mut() {
        account.note_reset(reset);
    }
}

/// The number is somebody else's: nothing that was granted for the line is good any more.
fn end_number(open: &mut OpenAccount, line: Option<Token>, at: DateTime<Utc>) {
    let seq = open.next_seq();
    let Some(line) = line.and_then(|token| open.line_mut(token)) else { return };
    for action in Action::ALL {
        line.protection.void(action, seq);
    }
    let id = line.id.clone();
    if let Some(credentials) = open.credentials_mut() {
        credentials.history.end_number(id, at);
    }
}

/// Everything needs strong proof from here on, and no device is trusted for having been proven before.
fn report_fraud(open: &mut OpenAccount, line: Option<Token>) {
    let mark = |flags: &mut Flags| flags.victim = true;
    match line {
        Some(token) => open.line_mut(token).map(|line| mark(&mut line.flags)),
        None => open.account_mut().map(|account| mark(&mut account.flags)),
    };
    if let Some(credentials) = open.credentials_mut() {
        credentials.history.proven_devices.clear();
    }
}
