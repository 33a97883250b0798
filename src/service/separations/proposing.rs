//! The first person's word.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::changing::{SeparationView, asking, closing, never};
use crate::audit::{Event, SeparationStep};
use crate::crypto::Token;
use crate::domain::{
    Account, AccountId, AccountKind, AccountNumber, Brand, ChainHead, Contact, ContactId, ContactValue, Credentials,
    DocumentScan, Flags, Line, LineStatus, PROPOSAL_LASTS, Person, PersonId, PersonRole, Protection, RecordId,
    RequestId, Requester, SEPARATED_PREFIX, Separation, Subject, Word, is_separated,
};
use crate::service::ask::account_of;
use crate::service::budget::Budget;
use crate::service::engine::Engine;
use crate::service::error::ServiceError;
use crate::service::question::{Body, caller_of};
use crate::service::refusal::Refusal;
use crate::service::rights::{Authorised, right};
use crate::service::standing::answers_to;
use crate::service::target::LineRef;
use crate::service::unbroken::Unbroken;
use crate::store::{Claim, CommitError, Entry, Opening};

/// The one person on such an account.
const SURVIVOR: &str = "survivor";

/// The one way to reach them.
const CONTACT: &str = "survivor-1";

const ONE_ACCOUNT: &str = "must be lines in service of one account, none of them twice";
const OWN_CONTACT: &str =
    "must be the survivor's alone: nobody else's on the account, and none of its lines, may be told";

/// So many separations one person proposes a day.
const PROPOSALS: Budget = Budget {
    name: "separation-proposals",
    most: 10,
    what: "one person proposes so many separations a day: another one must",
};

/// Who may separate lines, and for how long a reference is good.
#[derive(Debug, Clone)]
pub struct SeparationSettings {
    /// The people who were trained for it, as their tokens name them.
    pub people: BTreeSet<Subject>,
    /// How long a reference is good.
    pub life: TimeDelta,
}

/// Lines that somebody proposes to separate.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// What is to be separated, for whom.
    pub seen: SeenSeparation,
}

/// What each of two people has seen by themselves.
#[derive(Debug, Clone)]
pub struct SeenSeparation {
    /// The lines, all of one account.
    pub lines: Vec<LineRef>,
    /// Where the survivor can be reached, and nobody else.
    pub contact: ContactValue,
    /// The identity document that the survivor showed.
    pub document: DocumentScan,
}

impl Engine {
    /// Proposes to separate lines. Nothing is separated before another person agrees.
    pub async fn propose_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        proposal: Proposal,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move { engine.propose(who.requester(), &proposal).await }).await
    }

    /// The settings, for somebody who was trained: a person, and not held.
    pub(super) async fn separations_of(&self, requester: &Requester) -> Result<&SeparationSettings, ServiceError> {
        let settings = self.separations.get().filter(|settings| !settings.people.is_empty());
        let settings = settings.ok_or(ServiceError::Refused(Refusal::SeparationsOff))?;
        if !settings.people.contains(&requester.subject) {
            return Err(ServiceError::Forbidden);
        }
        self.check_word(requester).await?;
        Ok(settings)
    }

    async fn propose(&self, requester: &Requester, proposal: &Proposal) -> Result<SeparationView, ServiceError> {
        self.separations_of(requester).await?;
        let now = self.now()?.instant();
        let SeenSeparation { contact, document, .. } = &proposal.seen;
        let (from, lines) = self.lines_to_separate(requester, proposal, now).await?;
        self.check_contact(&requester.brand, &from, contact).await?;
        let id = self.separated_id(requester, proposal.request_id)?;
        let account = self.vault.tokens().account(&requester.brand, &id);
        let reserve = self.reserve(requester, proposal.request_id, &proposal.body);
        let _turn = self.queues.enter(account).await?;
        let tokens: Vec<Token> =
            lines.iter().map(|line| self.vault.tokens().line(&requester.brand, &line.id)).collect();
        let mut open = match self.vault.open(asking(account, tokens.clone(), Some(reserve), now)).await? {
            Opening::Open(open) => open,
            Opening::Answered(_) => return self.separation_now(&requester.brand, &id, now).await,
            Opening::Taken => return Err(ServiceError::RequestIdReused),
        };
        if open.account().is_some() {
            return Err(ServiceError::RequestIdReused);
        }
        self.spend(&PROPOSALS, (&requester.brand, requester.subject.as_str().as_bytes()), now).await?;
        let separation = Separation {
            from: from.id.clone(),
            lines: lines.iter().map(|line| line.id.clone()).collect(),
            document: self.document_digest(&document.reference),
            proposed: Word { by: requester.subject.clone(), at: now },
            agreed: None,
            expires_at: now + PROPOSAL_LASTS,
            ended: None,
            left: Vec::new(),
        };
        let step = SeparationStep::Proposed { from: separation.from.clone(), lines: separation.lines.clone() };
        let created = self.account_of_survivor(&requester.brand, &id, (separation, &proposal.seen), now)?;
        open.create(created, Some(Credentials::default()));
        for (token, line) in tokens.into_iter().zip(&lines) {
            open.create_line(token, separated_line(&from, line, &id));
        }
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let entry = |event| Entry { at: now, line: None, caller: Some(caller_of(requester)), channel: None, event };
        open.append(entry(Event::AccountCreated { lines: count }))?;
        let record = open.append(entry(Event::SeparationChanged(step)))?;
        let view = self.view_of(account_of(&open)?, now, false)?;
        match self.vault.close(open, closing(Some(Claim { reserve, record }))).await {
            Ok(_) => Ok(view),
            Err(CommitError::Answered(_)) => self.separation_now(&requester.brand, &id, now).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The account that the lines are on, and they: read, and left as they are.
    async fn lines_to_separate(
        &self,
        requester: &Requester,
        proposal: &Proposal,
        now: DateTime<Utc>,
    ) -> Result<(Account, Vec<Line>), ServiceError> {
        let wrong = || ServiceError::Invalid { field: "lines", expected: ONE_ACCOUNT };
        let mut places = Vec::new();
        for line in &proposal.seen.lines {
            let name = self.line_token(requester, line)?;
            let Some(place) = self.vault.resolve(name).await? else {
                self.charge_unknown(requester, name, now).await?;
                return Err(ServiceError::NotFound("line"));
            };
            places.push(place);
        }
        let account = places.first().ok_or_else(wrong)?.account;
        let tokens: Vec<Token> = places.iter().map(|place| place.line).collect();
        let distinct = tokens.iter().collect::<BTreeSet<_>>().len() == tokens.len();
        if !distinct || places.iter().any(|place| place.account != account) {
            return Err(wrong());
        }
        let Opening::Open(open) = self.vault.open(asking(account, tokens.clone(), None, now)).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        let rows = tokens.iter().zip(&proposal.seen.lines).map(|(token, named)| {
            open.line(*token).filter(|row| answers_to(row, named) && row.status.is_in_service()).cloned()
        });
        let lines: Option<Vec<Line>> = rows.collect();
        let from = account_of(&open)?;
        // Nobody is separated from a separation.
        if is_separated(&from.id) {
            return Err(ServiceError::NotFound("line"));
        }
        Ok((from.clone(), lines.ok_or_else(wrong)?))
    }

    /// Refuses a contact that somebody else on the account reads, or may.
    async fn check_contact(&self, brand: &Brand, from: &Account, contact: &ContactValue) -> Result<(), ServiceError> {
        let mut all = from.persons.iter().flat_map(|person| &person.contacts);
        let (number, mailbox) = (contact.number(), contact.mailbox());
        let known = all.any(|known| {
            (number.is_some() && known.value.number() == number)
                || (mailbox.is_some() && known.value.mailbox() == mailbox)
        });
        let account = self.vault.tokens().account(brand, &from.id);
        let own = match number {
            Some(number) => self.vault.resolve(self.vault.tokens().number(brand, number)).await?,
            None => None,
        };
        if known || own.is_some_and(|place| place.account == account) {
            return Err(ServiceError::Invalid { field: "contact", expected: OWN_CONTACT });
        }
        Ok(())
    }

    /// The same request leads to the same account, so that asking twice separates once.
    fn separated_id(&self, requester: &Requester, request: RequestId) -> Result<AccountId, ServiceError> {
        let parts = [requester.subject.as_str().as_bytes(), &request.to_bytes()];
        let name = RecordId::from_u128(u128::from_be_bytes(self.vault.tokens().short_digest("separation", &parts)));
        AccountId::parse(&format!("{SEPARATED_PREFIX}{name}")).map_err(never)
    }

    fn account_of_survivor(
        &self,
        brand: &Brand,
        id: &AccountId,
        (separation, seen): (Separation, &SeenSeparation),
        now: DateTime<Utc>,
    ) -> Result<Account, ServiceError> {
        let digits =
            u128::from_be_bytes(self.vault.tokens().short_digest("separated-number", &[id.as_str().as_bytes()]));
        let number = AccountNumber::parse(&format!("{:012}", digits % 1_000_000_000_000)).map_err(never)?;
        let id_of_contact = ContactId::parse(CONTACT).map_err(never)?;
        let contact = Contact { id: id_of_contact, value: seen.contact.clone(), since: now, ended: None };
        let survivor = Person {
            id: PersonId::parse(SURVIVOR).map_err(never)?,
            role: PersonRole::Owner,
            name: Some(seen.document.holder.clone()),
            postal_code: None,
            contacts: vec![contact],
            lines: Vec::new(),
        };
        Ok(Account {
            id: id.clone(),
            brand: brand.clone(),
            number,
            kind: AccountKind::Postpaid,
            persons: vec![survivor],
            devices: Vec::new(),
            protection: Protection::default(),
            flags: Flags::default(),
            resets: Vec::new(),
            line_count: u64::try_from(separation.lines.len()).unwrap_or(u64::MAX),
            chain: ChainHead::default(),
            separation: Some(Box::new(separation)),
        })
    }
}

/// A line as it stands with the survivor: what locks it, what happened to it and who was told what of it stays behind.
fn separated_line(from: &Account, line: &Line, account: &AccountId) -> Line {
    Line {
        account: account.clone(),
        status: LineStatus::Active,
        sim_changes: Vec::new(),
        forwarding_set_at: None,
        attached_at: None,
        recovery: None,
        // Marks of the account were the line's, too.
        flags: Flags {
            heightened: line.flags.heightened || from.flags.heightened,
            victim: line.flags.victim || from.flags.victim,
        },
        protection: Protection::default(),
        last_record: None,
        ..line.clone()
    }
}
