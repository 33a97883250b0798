//! What a separation's reference opens, and who may see what is done under it.

use super::changing::OPENED;
use crate::audit::{Event, EventKind, RecordFilter};
use crate::crypto::Token;
use crate::domain::{
    Account, AccountId, Brand, LineName, Requester, Role, Separation, SeparationReference, SeparationStanding,
    is_separated,
};
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::refusal::Refusal;
use crate::service::standing::answers_to;
use crate::service::target::{LineRef, Scope, Target};
use crate::store::{OpenAccount, Place};

/// What the digest of a reference is called.
const REFERENCE: &str = "separation-reference";

impl Engine {
    /// What opens a separation: made from its name, so nothing of it is kept.
    pub(super) fn reference_of(&self, brand: &Brand, id: &AccountId) -> SeparationReference {
        let parts = [brand.as_str().as_bytes(), id.as_str().as_bytes()];
        SeparationReference { account: id.clone(), proof: self.vault.tokens().short_digest(REFERENCE, &parts) }
    }

    /// The same of an account that is known by its name alone.
    pub(in crate::service) fn reference_by_name(
        &self,
        brand: &Brand,
        account: &AccountId,
    ) -> Option<SeparationReference> {
        is_separated(account).then(|| self.reference_of(brand, account))
    }

    /// The reference by which an account's lines are asked about; none of one that is no separation's.
    pub(in crate::service) fn reference_to(&self, account: &Account) -> Option<SeparationReference> {
        account.separation.as_ref().map(|_| self.reference_of(&account.brand, &account.id))
    }

    /// The account of a separation that a line is asked about under: by its reference, or because the survivor asks.
    ///
    /// INVARIANT (fail-closed): a reference that is not genuine is refused before anything is read, whatever it names.
    pub(in crate::service) fn separated_account(
        &self,
        requester: &Requester,
        line: &LineRef,
    ) -> Result<Option<AccountId>, ServiceError> {
        let Some(reference) = &line.separation else {
            return Ok(survivor(requester).cloned());
        };
        let parts = [requester.brand.as_str().as_bytes(), reference.account.as_str().as_bytes()];
        if !self.vault.tokens().is_short_digest(REFERENCE, &parts, &reference.proof) {
            return Err(ServiceError::Refused(Refusal::SeparationRefused));
        }
        Ok(Some(reference.account.clone()))
    }

    /// Where a line is asked about under a separation. Whether that is open is looked at once its account is.
    pub(in crate::service) async fn separated_target(
        &self,
        requester: &Requester,
        (named, name): (&LineRef, Token),
        account: &AccountId,
    ) -> Result<Target, ServiceError> {
        let line = match &named.name {
            LineName::LineId(_) => Some(name),
            LineName::Msisdn(_) => self.vault.resolve(name).await?.map(|place| place.line),
        };
        let line = line.ok_or(ServiceError::Refused(Refusal::SeparationRefused))?;
        let account = self.vault.tokens().account(&requester.brand, account);
        Ok(Target { account, line: Some(line), name, indexed: true, separated: true })
    }

    /// Refuses what may not be asked of an opened account because it is a separation's, or because it is none.
    pub(in crate::service) async fn check_separated(
        &self,
        requester: &Requester,
        open: &OpenAccount,
        (scope, target): (&Scope, &Target),
    ) -> Result<(), ServiceError> {
        let refused = Err(ServiceError::Refused(Refusal::SeparationRefused));
        let separation = open.account().and_then(|account| account.separation.as_deref());
        let is_survivor = survivor(requester).is_some();
        let by_reference = matches!(scope, Scope::Line(LineRef { separation: Some(_), .. }));
        let Some(separation) = separation else {
            return if is_survivor || by_reference { refused } else { Ok(()) };
        };
        if requester.role == Role::Auditor && !by_reference {
            return Ok(());
        }
        match scope {
            Scope::Line(line) if is_survivor || by_reference => {
                self.check_open(&requester.brand, open, (separation, line, target)).await
            }
            Scope::Account(_) if is_survivor && separation.standing(open.now()) == SeparationStanding::Open => Ok(()),
            // What they tell reads nothing.
            Scope::Account(_) if requester.role == Role::NetworkSignals => Ok(()),
            Scope::Line(_) | Scope::Account(_) => Err(ServiceError::NotFound("account")),
        }
    }

    /// INVARIANT (fail-closed): a separation opens its own lines, in its time, and while they are where they were taken from.
    async fn check_open(
        &self,
        brand: &Brand,
        open: &OpenAccount,
        (separation, named, target): (&Separation, &LineRef, &Target),
    ) -> Result<(), ServiceError> {
        let refused = ServiceError::Refused(Refusal::SeparationRefused);
        let row = target.line.and_then(|token| open.line(token).map(|row| (token, row)));
        let Some((token, row)) = row.filter(|(_, row)| answers_to(row, named)) else { return Err(refused) };
        if separation.standing(open.now()) != SeparationStanding::Open || !separation.lines.contains(&row.id) {
            return Err(refused);
        }
        let tokens = self.vault.tokens();
        let from = Place { account: tokens.account(brand, &separation.from), line: token };
        if self.vault.resolve(tokens.number(brand, row.msisdn)).await? != Some(from) {
            return Err(refused);
        }
        let words = [Some(&separation.proposed), separation.agreed.as_ref()];
        let books = self.books(brand).await?;
        if words.into_iter().flatten().any(|word| books.holds_subject(&word.by)) {
            return Err(refused);
        }
        let origin = self.open_line(from, open.now()).await?;
        let (Some(account), Some(there)) = (origin.account(), origin.line(token)) else { return Err(refused) };
        // Reported since: two people must look again.
        let reported = (there.flags.victim || account.flags.victim) && !row.flags.victim;
        let is_there = there.msisdn == row.msisdn && there.status.is_in_service();
        if is_there && !reported { Ok(()) } else { Err(refused) }
    }
}

/// Whether a reader of a brand's records may see those of an account.
///
/// INVARIANT (separation-is-unseen, unknown-looks-known): another brand's are not there, and those of a separation are there for
/// auditors and for the survivor alone.
pub(in crate::service) fn may_see(requester: &Requester, brand: &Brand, account: &AccountId) -> bool {
    let is_theirs = requester.role == Role::Auditor || survivor(requester) == Some(account);
    requester.brand == *brand && (is_theirs || !is_separated(account))
}

/// Whether a reader of a brand's records may see one that tells that there is a separation: what auditors look for, and are told of.
pub(in crate::service) fn may_see_event(requester: &Requester, event: &Event) -> bool {
    let seeks = |filter: &RecordFilter| {
        filter.kinds.contains(&EventKind::SeparationChanged) || filter.account.as_ref().is_some_and(is_separated)
    };
    let tells = match event {
        Event::Alerted { reason } => reason.as_str() == OPENED,
        Event::RecordsRead { filter, .. } | Event::ExportAsked { filter } => seeks(filter),
        _ => false,
    };
    requester.role == Role::Auditor || !tells
}

/// The account of a survivor who is signed in.
fn survivor(requester: &Requester) -> Option<&AccountId> {
    requester.account.as_ref().filter(|account| requester.role.is_bound_to_account() && is_separated(account))
}
