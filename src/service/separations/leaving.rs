//! Lines that leave under a separation: from then on they are not where they were taken from any more.

use chrono::{DateTime, Utc};

use super::changing::{NO_SEPARATION, SeparationView, asking, closing};
use crate::audit::Event;
use crate::crypto::Token;
use crate::domain::{AccountId, Action, Brand, Line, LineId, LineStatus, RecordId, Requester, Separation};
use crate::service::ask::CONFLICT_RETRIES_MAX;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::caller_of;
use crate::service::refusal::Refusal;
use crate::store::{CommitError, Entry, Found, OpenAccount, Opening, Place};

/// A line on its way.
pub(in crate::service) struct Leaving<'a> {
    /// The separation under which it leaves, and its account.
    pub(in crate::service) separation: (&'a AccountId, &'a Separation),
    pub(in crate::service) line: (Token, LineId),
    /// What becomes of it where it was taken from.
    pub(in crate::service) status: LineStatus,
    pub(in crate::service) now: DateTime<Utc>,
}

impl Engine {
    /// Ported and closed lines have left. One that moved did so with `MoveLine`.
    pub(super) async fn leave_for_good(
        &self,
        requester: &Requester,
        ended: &SeparationView,
        now: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let tokens = self.vault.tokens();
        let account = tokens.account(&requester.brand, &ended.account);
        let lines = ended.separation.lines.iter().filter(|line| !ended.separation.left.contains(line));
        let lines: Vec<(Token, LineId)> =
            lines.map(|line| (tokens.line(&requester.brand, line), line.clone())).collect();
        let names = lines.iter().map(|(token, _)| *token).collect();
        let Opening::Open(open) = self.vault.open(asking(account, names, None, now)).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        for (token, id) in lines {
            let status = open.line(token).map(|line| line.status);
            let Some(status @ (LineStatus::PortedOut | LineStatus::Closed)) = status else { continue };
            let separation = (&ended.account, &ended.separation);
            let leaving = Leaving { separation, line: (token, id), status, now };
            match self.leave_behind(&requester.brand, &leaving).await {
                // What its account closed by itself meanwhile is gone there, too.
                Ok(()) | Err(ServiceError::Refused(Refusal::SeparationRefused)) => {}
                Err(error) => return Err(error),
            }
            self.note_left(requester, &leaving, None).await?;
        }
        Ok(())
    }

    /// A line that has left under a separation is no longer on the account that it was taken from: from here on its number leads
    /// elsewhere, or nowhere, and so does every hint. Nothing is put on record there, and nobody is told. What is so already is written
    /// again: it may have been read where no replica had it.
    ///
    /// INVARIANT (fail-closed): what left that account by itself meanwhile is nobody else's to take.
    pub(in crate::service) async fn leave_behind(
        &self,
        brand: &Brand,
        leaving: &Leaving<'_>,
    ) -> Result<(), ServiceError> {
        let Leaving { separation: (_, separation), line: (token, _), status, now } = *leaving;
        let account = self.vault.tokens().account(brand, &separation.from);
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter(account).await?;
            let Opening::Open(mut open) = self.vault.open(asking(account, vec![token], None, now)).await? else {
                return Err(ServiceError::RequestIdReused);
            };
            let (seq, there) = (open.next_seq(), open.line(token));
            let goes = match there {
                Some(line) if line.status.is_in_service() => true,
                Some(line) if line.status == status => !self.moved_itself(line).await?,
                _ => false,
            };
            let Some(line) = open.line_mut(token).filter(|_| goes) else {
                return Err(ServiceError::Refused(Refusal::SeparationRefused));
            };
            line.status = status;
            for action in Action::ALL {
                line.protection.void(action, seq);
            }
            if self.close_quietly(open).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    /// Whether it was committed; if not, another engine changed the account.
    async fn close_quietly(&self, open: Box<OpenAccount>) -> Result<bool, ServiceError> {
        match self.vault.close(open, closing(None)).await {
            Ok(_) => Ok(true),
            Err(CommitError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the last that happened to a line is that its own account let it go: what leaves under a separation leaves no record.
    async fn moved_itself(&self, line: &Line) -> Result<bool, ServiceError> {
        let Some(Event::PermitRedeemed { decision }) = self.event_of(line.last_record).await? else { return Ok(false) };
        Ok(match self.event_of(Some(decision)).await? {
            Some(Event::Decided(decided)) => {
                matches!(decided.change.action(), Action::OwnerChange | Action::PortOut)
            }
            _ => true,
        })
    }

    async fn event_of(&self, record: Option<RecordId>) -> Result<Option<Event>, ServiceError> {
        let Some(record) = record else { return Ok(None) };
        match self.vault.find(record).await? {
            Found::Kept(kept) => Ok(Some(kept.record().event.clone())),
            Found::Archived | Found::Nowhere => Ok(None),
        }
    }

    /// Where a line is that moved under a separation before; none where it is still on its way.
    pub(in crate::service) async fn arrived_before(
        &self,
        requester: &Requester,
        separation: &Separation,
        (token, line): (Token, &Line),
    ) -> Result<Option<Place>, ServiceError> {
        let tokens = self.vault.tokens();
        let from = Place { account: tokens.account(&requester.brand, &separation.from), line: token };
        let place = self.vault.resolve(tokens.number(&requester.brand, line.msisdn)).await?;
        let has_left = separation.left.contains(&line.id);
        Ok(place.filter(|place| has_left || *place != from))
    }

    /// Writes down, with the separation, that a line has left, and to where: it does not leave twice.
    pub(in crate::service) async fn note_left(
        &self,
        requester: &Requester,
        leaving: &Leaving<'_>,
        to: Option<AccountId>,
    ) -> Result<(), ServiceError> {
        let Leaving { separation: (id, _), line: (token, line), now, .. } = leaving;
        let account = self.vault.tokens().account(&requester.brand, id);
        for _ in 0..=CONFLICT_RETRIES_MAX {
            let _turn = self.queues.enter(account).await?;
            let Opening::Open(mut open) = self.vault.open(asking(account, vec![*token], None, *now)).await? else {
                return Err(ServiceError::RequestIdReused);
            };
            let separation = open.account_mut().and_then(|account| account.separation.as_deref_mut());
            let separation = separation.ok_or(NO_SEPARATION)?;
            if separation.left.contains(line) {
                return Ok(());
            }
            separation.left.push(line.clone());
            let (caller, event) = (Some(caller_of(requester)), Event::LineEnded { to: to.clone() });
            open.append(Entry { at: *now, line: Some(*token), caller, channel: None, event })?;
            if self.close_quietly(open).await? {
                return Ok(());
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }
}
