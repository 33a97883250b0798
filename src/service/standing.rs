//! Whether what a request names is really there, and what stands in its place when it is not.

use chrono::{DateTime, Utc};

use super::ask::account_of;
use super::engine::Engine;
use super::error::ServiceError;
use super::question::Question;
use super::rights::{Authorised, Right, Whose};
use super::target::{LineRef, Scope, Target};
use crate::crypto::Token;
use crate::domain::{Account, Credentials, Line, LineName, LineStatus, Msisdn, Requester, STAND_IN_NAME, Standing};
use crate::store::{Ask, OpenAccount, Opening};

impl Engine {
    /// Refuses, before anything is read or charged, accounts that a caller bound to one account does not reach. Another
    /// customer's line and one that does not exist are refused alike.
    pub(super) fn check_reach<R: Right>(&self, who: &Authorised<R>, target: &Target) -> Result<(), ServiceError> {
        let requester = who.requester();
        let bound = who.whose() == Whose::OwnAccount || requester.role.is_bound_to_account();
        if !bound || Some(target.account) == self.own_account(requester) {
            return Ok(());
        }
        Err(ServiceError::Forbidden)
    }

    /// Whether there is such an account. Only a change of a whole account asks: lines are found by the index.
    pub(super) async fn exists(&self, target: &Target, now: DateTime<Utc>) -> Result<bool, ServiceError> {
        let ask = Ask {
            account: target.account,
            lines: Vec::new(),
            permit: None,
            reserve: None,
            charges: Vec::new(),
            windows: Vec::new(),
            now,
            at_least: None,
        };
        Ok(matches!(self.vault.open(ask).await?, Opening::Open(open) if open.account().is_some()))
    }

    pub(super) fn own_account(&self, requester: &Requester) -> Option<Token> {
        requester.account.as_ref().map(|id| self.vault.tokens().account(&requester.brand, id))
    }

    /// Where to look instead, when the row found is not the line that was asked for: the index again, then the phantom.
    pub(super) async fn better_target(
        &self,
        requester: &Requester,
        open: &OpenAccount,
        scope: &Scope,
        target: Target,
    ) -> Result<Option<Target>, ServiceError> {
        self.check_separated(requester, open, (scope, &target)).await?;
        let (Scope::Line(line), Some(token)) = (scope, target.line) else { return Ok(None) };
        if !target.indexed || open.line(token).is_some_and(|row| answers_to(row, line)) {
            return Ok(None);
        }
        self.hints.forget(target.name);
        let fresh = self.vault.resolve(target.name).await?;
        Ok(Some(match fresh {
            // INVARIANT (unknown-looks-known): what went to another account is not who asked's any more.
            Some(place)
                if requester.role.is_bound_to_account() && Some(place.account) != self.own_account(requester) =>
            {
                return Err(ServiceError::Forbidden);
            }
            Some(place) if place.account != target.account || place.line != token => {
                self.hints.put(target.name, place);
                Target::indexed(target.name, place)
            }
            _ => self.phantom_target(&requester.brand, target.name),
        }))
    }
}

/// Makes sure that something answers: the account itself, or the phantom of an unknown number.
pub(super) fn stand_in(
    open: &mut OpenAccount,
    requester: &Requester,
    target: &Target,
) -> Result<Standing, ServiceError> {
    if target.indexed {
        account_of(open)?;
        return Ok(Standing::Known);
    }
    if open.account().is_none() {
        let phantom = Account::phantom(requester.brand.clone()).map_err(never)?;
        open.create(phantom, Some(Credentials::default()));
    }
    Ok(Standing::Unknown)
}

/// The line that stands where there is none: for an unknown number, or for a change of a whole account.
pub(super) fn stood_in(open: &OpenAccount, question: &Question) -> Result<Line, ServiceError> {
    let number = match &question.scope {
        Scope::Line(LineRef { name: LineName::Msisdn(number), .. }) => *number,
        Scope::Line(LineRef { name: LineName::LineId(_), .. }) | Scope::Account(_) => Msisdn::NOWHERE,
    };
    Line::stand_in(account_of(open)?.id.clone(), number).map_err(never)
}

/// Whether a row is the line that was named. INVARIANT (fail-closed): a number that moved on does not answer from its old
/// line, whatever the index still says.
pub(super) fn answers_to(row: &Line, named: &LineRef) -> bool {
    let is_named = match &named.name {
        LineName::Msisdn(number) => row.msisdn == *number,
        LineName::LineId(id) => row.id == *id,
    };
    is_named && row.status != LineStatus::Moved
}

fn never(_: crate::domain::FormatError) -> ServiceError {
    ServiceError::Unavailable(format!("`{STAND_IN_NAME}` is no name"))
}
