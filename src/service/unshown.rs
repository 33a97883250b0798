//! The budget of numbers that a caller asks about without showing that it knows them.
//!
//! INVARIANT (unknown-looks-known): what is counted, and what is refused once the budget is spent, depends on what the
//! caller itself brought: another carrier's question counts unless it names the account number, be the line known, locked,
//! ended or nobody's. So neither an answer nor a refusal tells one from another.

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;

use super::ask::Asking;
use super::engine::Engine;
use super::error::ServiceError;
use super::protect::reading;
use super::question::Question;
use super::target::Target;
use crate::crypto::Token;
use crate::domain::{Requester, Role, Standing};
use crate::store::{Before, Charge, ChargeWindows, Opening, WindowKey};

/// Callers whose budget is known to be spent; more are found out when they next ask.
const SPENT_MAX: usize = 65_536;

/// Whose budget is spent, and until when. Only a hint: the windows in the store are the truth.
pub(super) struct Spent(Cache<Token, DateTime<Utc>>);

impl Default for Spent {
    fn default() -> Self {
        Self(Cache::new(SPENT_MAX))
    }
}

/// Whether a question comes from who may not know of a line before naming its account number.
pub(super) const fn may_not_know(requester: &Requester, question: &Question) -> bool {
    !requester.role.is_bound_to_account()
        && (matches!(requester.role, Role::PortingSystem) || question.interaction.channel.is_carrier())
}

impl Engine {
    /// Charges the caller's budget of unknown numbers, before anything is kept of the number.
    pub(super) async fn charge_unknown(
        &self,
        requester: &Requester,
        attempt: Token,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let policy = self.policy.load();
        let budget = policy.unknown_numbers;
        let token = self.budget_token(requester);
        let window = WindowKey { partition: token.partition(), token };
        let cap = u16::try_from(budget.count.saturating_add(1)).unwrap_or(u16::MAX);
        let kept = budget.window;
        let charge = Charge { window, subject: attempt, cap, kept, before: Before::Commit };
        let windows =
            self.vault.charge(ChargeWindows { charges: vec![charge], reads: Vec::new(), attempt, now }).await?;
        let events = windows.first().map_or(&[][..], |window| &window.events);
        let recent = || events.iter().filter(|event| now.signed_duration_since(event.at) <= budget.window);
        let (count, most) = (recent().count(), usize::try_from(budget.count).unwrap_or(usize::MAX));
        let free_at = recent().next().and_then(|oldest| oldest.at.checked_add_signed(budget.window));
        if count >= most
            && let Some(free_at) = free_at
        {
            self.spent.0.insert(token, free_at);
        }
        if count > most { Err(exhausted(free_at)) } else { Ok(()) }
    }

    /// Refuses a question that does not show that its caller knows the line, once the caller's budget is spent: after the
    /// same reads, whatever is there.
    pub(super) async fn check_budget(&self, asking: &Asking<'_>, target: &Target) -> Result<(), ServiceError> {
        let Asking { requester, question, now, .. } = *asking;
        if !may_not_know(requester, question) {
            return Ok(());
        }
        let Some(free_at) = self.spent.0.get(&self.budget_token(requester)).filter(|free_at| *free_at >= now) else {
            return Ok(());
        };
        let opening = self.vault.open(reading(target, None, None, now)).await?;
        let Opening::Open(open) = opening else { return Err(ServiceError::RequestIdReused) };
        let given = question.claims.account_number.as_ref();
        let is_shown = open.account().is_some_and(|account| given.is_some_and(|given| given.matches(&account.number)));
        if target.indexed && is_shown { Ok(()) } else { Err(exhausted(Some(free_at))) }
    }

    /// Charges a question about a line that is there as one about a line that is not, unless its caller has shown that it
    /// knows the line.
    pub(super) async fn charge_unshown(
        &self,
        asking: &Asking<'_>,
        standing: Standing,
        account_number_matched: bool,
    ) -> Result<(), ServiceError> {
        let is_counted = may_not_know(asking.requester, asking.question) && !account_number_matched;
        if is_counted && standing == Standing::Known {
            self.charge_unknown(asking.requester, asking.reserve.request, asking.now).await?;
        }
        Ok(())
    }

    fn budget_token(&self, requester: &Requester) -> Token {
        self.vault.tokens().window("unknown-numbers", &[requester.subject.as_str().as_bytes()])
    }
}

const fn exhausted(retry_at: Option<DateTime<Utc>>) -> ServiceError {
    ServiceError::Exhausted { what: "too many numbers were asked for without naming their account", retry_at }
}
