//! What waits for a customer: the open challenges of an account, found by following its chain back for as long as one lives.

use chrono::{DateTime, Utc};

use super::finding::challenged;
use crate::audit::Decided;
use crate::crypto::Token;
use crate::domain::{
    Channel, Claims, Completing, Contact, Interaction, Level, Mode, Pending, RecordId, Snapshot, Standing, Velocity,
};
use crate::policy::{self, CHALLENGE_LIFE_MAX, ContactFitness, Offered};
use crate::service::answer::{DecisionState, pending_state};
use crate::service::ask::account_of;
use crate::service::due;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::rights::{Authorised, right};
use crate::service::target::Scope;
use crate::store::{Ask, Found, Kept, OpenAccount, Opening};

/// The most challenges of one page.
pub const PENDING_PAGE_MAX: usize = 100;

/// How many records are looked at for one page: where much happens on an account, a page may be short.
const RECORDS_LOOKED_AT_MAX: usize = 512;

/// A challenge that waits, with the decision that it is.
#[derive(Debug, Clone)]
pub struct WaitingChallenge {
    /// The record of the decision.
    pub kept: Kept,
    /// What is kept of the challenge.
    pub pending: Pending,
    /// The contacts that a code for it can go to, and what it would prove; none where no code helps.
    pub code_targets: Vec<(Contact, ContactFitness)>,
}

impl WaitingChallenge {
    /// What was decided. Built only over records that hold a challenge.
    pub fn decided(&self) -> Option<&Decided> {
        challenged(&self.kept).map(|(decided, _)| decided)
    }
}

type CodeTargets = Vec<(Contact, ContactFitness)>;

/// A page of them, newest first.
#[derive(Debug, Clone)]
pub struct PendingPage {
    /// The challenges.
    pub challenges: Vec<WaitingChallenge>,
    /// Where the next page starts; none at the end.
    pub next: Option<RecordId>,
}

impl Engine {
    /// A page of what waits on an account. `from` is where an earlier page ended: it grants nothing, because a record of another
    /// account is not shown whatever it says.
    pub async fn list_pending_challenges(
        &self,
        who: &Authorised<right::AnswerChallenge>,
        account: &Scope,
        from: Option<RecordId>,
        size: usize,
    ) -> Result<PendingPage, ServiceError> {
        let now = self.now()?.instant();
        let target = self.target(who.requester(), account).await?;
        self.check_reach(who, &target)?;
        let (open, target) = self.peek(who.requester(), account, None, now).await?;
        let newest = open.account().and_then(|account| account.chain.last);
        // For which a document was shown lives longer than others.
        let policy = self.policy();
        let of_document = policy.challenge_life + policy.document.delay + policy.document.valid_for;
        let life_max = CHALLENGE_LIFE_MAX.max(of_document);
        let mut page = PendingPage { challenges: Vec::new(), next: from.or(newest) };
        for _ in 0..RECORDS_LOOKED_AT_MAX {
            let Some(id) = page.next else { break };
            let kept = match self.vault.find(id).await? {
                Found::Kept(kept) if kept.account() == target.account => *kept,
                Found::Kept(_) | Found::Nowhere => {
                    let expected = "must be a token of this list";
                    return Err(ServiceError::Invalid { field: "page_token", expected });
                }
                Found::Archived => {
                    page.next = None;
                    break;
                }
            };
            let record = kept.record();
            if now.signed_duration_since(record.at) > life_max {
                page.next = None;
                break;
            }
            page.next = record.previous;
            if challenged(&kept).is_some()
                && let Some((pending, code_targets)) = self.still_open(who, &kept, now).await?
            {
                page.challenges.push(WaitingChallenge { kept, pending, code_targets });
            }
            if page.challenges.len() >= size.clamp(1, PENDING_PAGE_MAX) {
                break;
            }
        }
        Ok(page)
    }

    /// What is kept of a challenge, if it is still open.
    async fn still_open(
        &self,
        who: &Authorised<right::AnswerChallenge>,
        kept: &Kept,
        now: DateTime<Utc>,
    ) -> Result<Option<(Pending, CodeTargets)>, ServiceError> {
        let record = kept.record();
        let line = record.line.as_ref().map(|line| self.vault.tokens().line(&who.requester().brand, &line.id));
        let ask = Ask {
            account: kept.account(),
            lines: line.into_iter().collect(),
            permit: None,
            reserve: None,
            charges: Vec::new(),
            windows: Vec::new(),
            now,
            at_least: None,
        };
        let Opening::Open(mut open) = self.vault.open_with(ask, vec![self.challenge_token(record.id)]).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        due::apply(&mut open, line, now)?;
        let Some(pending) = open.challenge(record.id) else { return Ok(None) };
        let of_line = line.and_then(|token| open.line(token)).map(|line| &line.protection);
        let state = pending_state(pending, [Some(&account_of(&open)?.protection), of_line], now);
        if !matches!(state, DecisionState::Pending | DecisionState::Answered) {
            return Ok(None);
        }
        let is_of_use = self.sends_codes() && pending.with_pin <= Level::TwoClasses;
        let targets = if is_of_use { self.targets_of(who, kept, (&open, line), now) } else { Vec::new() };
        Ok(Some((pending.clone(), targets)))
    }

    /// The contacts that a code for a challenge can go to.
    fn targets_of(
        &self,
        who: &Authorised<right::AnswerChallenge>,
        kept: &Kept,
        (open, line): (&OpenAccount, Option<Token>),
        now: DateTime<Utc>,
    ) -> CodeTargets {
        let (Some(account), Some(credentials)) = (open.account(), open.credentials()) else { return Vec::new() };
        let Some(line) = line.and_then(|token| open.line(token)) else { return Vec::new() };
        let Some((decided, _)) = challenged(kept) else { return Vec::new() };
        let channel = kept.record().channel.unwrap_or(Channel::App);
        let interaction =
            Interaction { channel, reference: None, store: None, device: None, rep: None, client_address: None };
        let request = policy::Request {
            requester: who.requester(),
            change: &decided.change,
            digest: decided.digest,
            mode: Mode::Enforce,
            interaction: &interaction,
            claims: &Claims::default(),
            offered: Offered::default(),
            signals: &[],
            codes_sent: true,
            waits: true,
            gives: false,
            completing: Completing::Nothing,
            plan_time: None,
        };
        let snapshot = Snapshot {
            account,
            credentials,
            line,
            standing: Standing::Known,
            pin_failures: &[],
            transfer_pin_failures: &[],
            velocity: &Velocity::QUIET,
            store: None,
            held: None,
            breached_until: None,
        };
        policy::code_targets(&self.policy(), &request, &snapshot, now).contacts
    }
}
