//! Line separation: two trained people of the fraud desk give a survivor of abuse lines of an account whose owner is not asked.
//!
//! The lines stand from then on, as the survivor's, on an account that this made, and whatever is asked under the separation's
//! reference is asked of that one. So nothing here knows how to override a lock, a cool-down or an owner: there is none on that
//! account, and the proof that is asked for is its owner's.
//!
//! INVARIANT (separation-is-unseen): the account that the lines are on is read, and nothing of it is ever written.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::ask::account_of;
use super::engine::Engine;
use super::error::{Refusal, ServiceError};
use super::question::{Body, caller_of};
use super::rights::{Authorised, right};
use super::standing::answers_to;
use super::target::{LineRef, Scope, Target};
use super::unbroken::Unbroken;
use crate::audit::{Event, SeparationStep};
use crate::crypto::Token;
use crate::domain::{
    Account, AccountId, AccountKind, AccountNumber, Brand, ChainHead, Contact, ContactId, ContactValue, Credentials,
    DocumentReference, Flags, Line, LineName, LineStatus, PROPOSAL_LASTS, Person, PersonId, PersonRole, Protection,
    RecordId, Reference, RequestId, Requester, Role, SEPARATED_PREFIX, Separation, SeparationReference,
    SeparationStanding, Subject, Word, is_separated,
};
use crate::store::{
    Ask, Claim, Closing, CommitError, Entry, IndexEntry, OpenAccount, Opening, Place, Reserve, Urgency,
};

/// What the digest of a reference is called.
const REFERENCE: &str = "separation-reference";

/// The one person on such an account.
const SURVIVOR: &str = "survivor";

/// The one way to reach them.
const CONTACT: &str = "survivor-1";

/// The alert by which auditors are told that lines can be separated. It names neither account nor line.
const OPENED: &str = "SEPARATION_OPENED";

const ONE_ACCOUNT: &str = "must be lines in service of one account, none of them twice";
const OWN_CONTACT: &str =
    "must be the survivor's alone: nobody else's on the account, and none of its lines, may be told";

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
    /// The lines, all of one account.
    pub lines: Vec<LineRef>,
    /// Where the survivor can be reached, and nobody else.
    pub contact: ContactValue,
    /// The identity document that the lines' user showed, as a scanner named it.
    pub document: DocumentReference,
}

/// A person's word on a separation that was proposed.
#[derive(Debug, Clone)]
pub struct SeparationOrder {
    /// The caller's name for the request.
    pub request_id: RequestId,
    /// Everything the request said.
    pub body: Body,
    /// The separation, by its account.
    pub separation: AccountId,
}

/// A separation as it stands.
#[derive(Debug, Clone)]
pub struct SeparationView {
    /// Its account, which is its name.
    pub account: AccountId,
    /// What a port request states as its account number.
    pub number: AccountNumber,
    /// The survivor, as tokens for them name their person.
    pub person: PersonId,
    /// What is kept of it.
    pub separation: Separation,
    /// Where it stands.
    pub standing: SeparationStanding,
    /// What opens it; given to who agreed, alone.
    pub reference: Option<SeparationReference>,
}

/// What a change of a separation came to.
enum Changed {
    Done(Box<SeparationView>),
    Again,
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

    /// Agrees to what another person proposed, having seen the same document. The reference comes back.
    pub async fn agree_to_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        order: SeparationOrder,
        document: DocumentReference,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (requester, life) = (who.requester(), engine.separations_of(who.requester()).await?.life);
            let seen = engine.document_digest(&document);
            let agree = |separation: &mut Separation, now: DateTime<Utc>| {
                if separation.proposed.by == requester.subject {
                    return Err(ServiceError::Refused(Refusal::SecondPersonNeeded));
                }
                if separation.standing(now) != SeparationStanding::Proposed {
                    return Err(ServiceError::Refused(Refusal::SeparationNotProposed));
                }
                if separation.document != seen {
                    let expected = "must be the document that whoever proposed the separation named";
                    return Err(ServiceError::Invalid { field: "document_reference", expected });
                }
                separation.agreed = Some(Word { by: requester.subject.clone(), at: now });
                separation.expires_at = now + life;
                Ok(SeparationStep::Agreed { expires_at: separation.expires_at })
            };
            engine.change_separation(requester, &order, &agree).await
        })
        .await
    }

    /// Ends a separation: its reference opens nothing any more, and a number that has left under it can be given out again. One
    /// person is enough, since it only takes away.
    pub async fn end_separation(
        self: &Arc<Self>,
        who: Authorised<right::SeparateLines>,
        order: SeparationOrder,
    ) -> Result<SeparationView, ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let requester = who.requester();
            engine.separations_of(requester).await?;
            let end = |separation: &mut Separation, now: DateTime<Utc>| {
                if separation.ended.is_some() {
                    return Err(ServiceError::Refused(Refusal::SeparationNotProposed));
                }
                separation.ended = Some(Word { by: requester.subject.clone(), at: now });
                Ok(SeparationStep::Ended)
            };
            let ended = engine.change_separation(requester, &order, &end).await?;
            engine.leave_for_good(&requester.brand, &ended.account, &ended.separation).await?;
            Ok(ended)
        })
        .await
    }

    /// The settings, for somebody who was trained: a person, and not held.
    async fn separations_of(&self, requester: &Requester) -> Result<&SeparationSettings, ServiceError> {
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
        let (from, lines) = self.lines_to_separate(requester, proposal, now).await?;
        self.check_contact(&requester.brand, &from, &proposal.contact).await?;
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
        let separation = Separation {
            from: from.id.clone(),
            lines: lines.iter().map(|line| line.id.clone()).collect(),
            document: self.document_digest(&proposal.document),
            proposed: Word { by: requester.subject.clone(), at: now },
            agreed: None,
            expires_at: now + PROPOSAL_LASTS,
            ended: None,
        };
        let step = SeparationStep::Proposed { from: separation.from.clone(), lines: separation.lines.clone() };
        let created = self.account_of_survivor(&requester.brand, &id, (separation, proposal.contact.clone()), now)?;
        open.create(created, Some(Credentials::default()));
        for (token, line) in tokens.into_iter().zip(&lines) {
            open.create_line(token, separated_line(line, &id));
        }
        let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
        let entry = |event| Entry { at: now, line: None, caller: Some(caller_of(requester)), channel: None, event };
        open.append(entry(Event::AccountCreated { lines: count }))?;
        let record = open.append(entry(Event::SeparationChanged(step)))?;
        let view = self.view_of(account_of(&open)?, now, false)?;
        match self.vault.close(open, closing(Claim { reserve, record })).await {
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
        for line in &proposal.lines {
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
        let rows = tokens.iter().zip(&proposal.lines).map(|(token, named)| {
            open.line(*token).filter(|row| answers_to(row, named) && is_in_service(row)).cloned()
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
        let known = all.any(|known| {
            known.value == *contact || known.value.number().is_some_and(|number| contact.number() == Some(number))
        });
        let account = self.vault.tokens().account(brand, &from.id);
        let own = match contact.number() {
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
        (separation, contact): (Separation, ContactValue),
        now: DateTime<Utc>,
    ) -> Result<Account, ServiceError> {
        let digits =
            u128::from_be_bytes(self.vault.tokens().short_digest("separated-number", &[id.as_str().as_bytes()]));
        let number = AccountNumber::parse(&format!("{:012}", digits % 1_000_000_000_000)).map_err(never)?;
        let contact =
            Contact { id: ContactId::parse(CONTACT).map_err(never)?, value: contact, since: now, ended: None };
        let survivor = Person {
            id: PersonId::parse(SURVIVOR).map_err(never)?,
            role: PersonRole::Owner,
            name: None,
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

    async fn change_separation(
        &self,
        requester: &Requester,
        order: &SeparationOrder,
        change: &(impl Fn(&mut Separation, DateTime<Utc>) -> Result<SeparationStep, ServiceError> + Sync),
    ) -> Result<SeparationView, ServiceError> {
        let now = self.now()?.instant();
        for _ in 0..=super::ask::CONFLICT_RETRIES_MAX {
            if let Changed::Done(view) = self.try_change(requester, order, change, now).await? {
                return Ok(*view);
            }
        }
        Err(ServiceError::Unavailable("the account keeps changing".to_owned()))
    }

    async fn try_change(
        &self,
        requester: &Requester,
        order: &SeparationOrder,
        change: &(impl Fn(&mut Separation, DateTime<Utc>) -> Result<SeparationStep, ServiceError> + Sync),
        now: DateTime<Utc>,
    ) -> Result<Changed, ServiceError> {
        let account = self.vault.tokens().account(&requester.brand, &order.separation);
        let reserve = self.reserve(requester, order.request_id, &order.body);
        let _turn = self.queues.enter(account).await?;
        let mut open = match self.vault.open(asking(account, Vec::new(), Some(reserve), now)).await? {
            Opening::Open(open) => open,
            Opening::Answered(_) => return self.changed_before(requester, &order.separation, now).await,
            Opening::Taken => return Err(ServiceError::RequestIdReused),
        };
        let separation = open.account_mut().and_then(|account| account.separation.as_deref_mut());
        let step = change(separation.ok_or(NO_SEPARATION)?, now)?;
        let gives = matches!(step, SeparationStep::Agreed { .. });
        if gives {
            // Before it opens anything: whoever watches over this desk may be told of what then does not, and never the other way.
            self.alert_opened(requester, account).await?;
        }
        let (caller, event) = (Some(caller_of(requester)), Event::SeparationChanged(step));
        let record = open.append(Entry { at: now, line: None, caller, channel: None, event })?;
        let view = self.view_of(account_of(&open)?, now, gives)?;
        match self.vault.close(open, closing(Claim { reserve, record })).await {
            Ok(_) => Ok(Changed::Done(Box::new(view))),
            Err(CommitError::Conflict) => Ok(Changed::Again),
            Err(CommitError::Answered(_)) => self.changed_before(requester, &order.separation, now).await,
            Err(error @ (CommitError::Taken | CommitError::Store(_))) => Err(error.into()),
        }
    }

    async fn alert_opened(&self, requester: &Requester, account: Token) -> Result<(), ServiceError> {
        let reason = Reference::parse(OPENED).map_err(never)?;
        let once = Reserve {
            request: self.vault.tokens().window("separation-opened", &[account.as_bytes()]),
            digest: self.vault.tokens().digest("separation-opened", &[account.as_bytes()]),
        };
        let (caller, event) = (Some(caller_of(requester)), Event::Alerted { reason });
        self.note_once(&requester.brand, caller, event, Some(once)).await.map(drop)
    }

    /// What was answered before. Who agreed is given the reference again.
    async fn changed_before(
        &self,
        requester: &Requester,
        id: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<Changed, ServiceError> {
        let mut view = self.separation_now(&requester.brand, id, now).await?;
        let agreed = view.separation.agreed.as_ref().is_some_and(|word| word.by == requester.subject);
        view.reference = agreed.then(|| self.reference_of(&requester.brand, id));
        Ok(Changed::Done(Box::new(view)))
    }

    async fn separation_now(
        &self,
        brand: &Brand,
        id: &AccountId,
        now: DateTime<Utc>,
    ) -> Result<SeparationView, ServiceError> {
        let account = self.vault.tokens().account(brand, id);
        let Opening::Open(open) = self.vault.open(asking(account, Vec::new(), None, now)).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        self.view_of(open.account().ok_or(NO_SEPARATION)?, now, false)
    }

    fn view_of(&self, account: &Account, now: DateTime<Utc>, gives: bool) -> Result<SeparationView, ServiceError> {
        let separation = account.separation.as_deref().ok_or(NO_SEPARATION)?.clone();
        Ok(SeparationView {
            account: account.id.clone(),
            number: account.number.clone(),
            person: account.owner().ok_or(NO_SEPARATION)?.id.clone(),
            standing: separation.standing(now),
            separation,
            reference: gives.then(|| self.reference_of(&account.brand, &account.id)),
        })
    }

    /// Names of lines that have left under a separation lead to where they left, so that their numbers are free again.
    async fn leave_for_good(&self, brand: &Brand, id: &AccountId, separation: &Separation) -> Result<(), ServiceError> {
        let (tokens, now) = (self.vault.tokens(), self.now()?.instant());
        let (account, from) = (tokens.account(brand, id), tokens.account(brand, &separation.from));
        let names: Vec<Token> = separation.lines.iter().map(|line| tokens.line(brand, line)).collect();
        let Opening::Open(open) = self.vault.open(asking(account, names.clone(), None, now)).await? else {
            return Err(ServiceError::RequestIdReused);
        };
        for token in names {
            let Some(line) = open.line(token).filter(|line| has_left(line)) else { continue };
            for name in [token, tokens.number(brand, line.msisdn)] {
                // What moved to the survivor's own account leads there already.
                if self.vault.resolve(name).await? == Some(Place { account: from, line: token }) {
                    self.hints.forget(name);
                    self.vault.index(vec![IndexEntry { name, place: Place { account, line: token } }]).await?;
                }
            }
        }
        Ok(())
    }

    /// What opens a separation: made from its name, so nothing of it is kept.
    fn reference_of(&self, brand: &Brand, id: &AccountId) -> SeparationReference {
        let parts = [brand.as_str().as_bytes(), id.as_str().as_bytes()];
        SeparationReference { account: id.clone(), proof: self.vault.tokens().short_digest(REFERENCE, &parts) }
    }

    /// The reference by which an account's lines are asked about; none of one that is no separation's.
    pub(super) fn reference_to(&self, account: &Account) -> Option<SeparationReference> {
        account.separation.as_ref().map(|_| self.reference_of(&account.brand, &account.id))
    }

    /// The account of a separation that a line is asked about under: by its reference, or because the survivor asks.
    ///
    /// INVARIANT (fail-closed): a reference that is not genuine is refused before anything is read, whatever it names.
    pub(super) fn separated_account(
        &self,
        requester: &Requester,
        line: &LineRef,
    ) -> Result<Option<AccountId>, ServiceError> {
        let Some(reference) = &line.separation else {
            return Ok(requester.account.as_ref().filter(|account| is_separated(account)).cloned());
        };
        let parts = [requester.brand.as_str().as_bytes(), reference.account.as_str().as_bytes()];
        if !self.vault.tokens().is_short_digest(REFERENCE, &parts, &reference.proof) {
            return Err(ServiceError::Refused(Refusal::SeparationRefused));
        }
        Ok(Some(reference.account.clone()))
    }

    /// Where a line is asked about under a separation. Whether that is open is looked at once its account is.
    pub(super) async fn separated_target(
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
        Ok(Target { account, line: Some(line), name, indexed: true })
    }

    /// Refuses what may not be asked of an opened account because it is a separation's, or because it is none. Where nobody may know
    /// that it is there, what answers instead of it comes back.
    pub(super) async fn check_separated(
        &self,
        requester: &Requester,
        open: &OpenAccount,
        (scope, target): (&Scope, &Target),
    ) -> Result<Option<Target>, ServiceError> {
        let refused = Err(ServiceError::Refused(Refusal::SeparationRefused));
        let account = open.account().filter(|account| account.separation.is_some());
        let is_survivor = requester.account.as_ref().is_some_and(is_separated);
        let by_reference = matches!(scope, Scope::Line(LineRef { separation: Some(_), .. }));
        let Some(account) = account else {
            return if is_survivor || by_reference { refused } else { Ok(None) };
        };
        let Some(separation) = account.separation.as_deref() else { return refused };
        if requester.role == Role::Auditor && !by_reference {
            return Ok(None);
        }
        match scope {
            Scope::Line(line) if is_survivor || by_reference => {
                self.check_open(&requester.brand, open, (separation, line, target)).await?;
                Ok(None)
            }
            // What has left under a separation that was ended is found there by its number, and nobody is told.
            Scope::Line(_) => Ok(Some(self.phantom_target(&requester.brand, target.name))),
            Scope::Account(_) if is_survivor && separation.standing(open.now()) == SeparationStanding::Open => Ok(None),
            Scope::Account(_) => Err(ServiceError::NotFound("account")),
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
        let origin = self.open_line(from, open.now()).await?;
        match origin.line(token) {
            Some(there) if there.msisdn == row.msisdn && is_in_service(there) => Ok(()),
            _ => Err(refused),
        }
    }
}

/// Whether a reader of a brand's records may see those of an account.
///
/// INVARIANT (separation-is-unseen, unknown-looks-known): another brand's are not there, and those of a separation are there for
/// auditors and for the survivor alone.
pub(super) fn may_see(requester: &Requester, brand: &Brand, account: &AccountId) -> bool {
    let is_theirs = requester.role == Role::Auditor || requester.account.as_ref() == Some(account);
    requester.brand == *brand && (is_theirs || !is_separated(account))
}

/// A line as it stands with the survivor: what locks it, what happened to it and who was told what of it stays behind.
fn separated_line(line: &Line, account: &AccountId) -> Line {
    Line {
        account: account.clone(),
        status: LineStatus::Active,
        sim_changes: Vec::new(),
        forwarding_set_at: None,
        attached_at: None,
        protection: Protection::default(),
        last_record: None,
        ..line.clone()
    }
}

const fn is_in_service(line: &Line) -> bool {
    matches!(line.status, LineStatus::Active | LineStatus::Suspended)
}

const fn has_left(line: &Line) -> bool {
    matches!(line.status, LineStatus::PortedOut | LineStatus::Closed)
}

const NO_SEPARATION: ServiceError = ServiceError::NotFound("separation");

fn asking(account: Token, lines: Vec<Token>, reserve: Option<Reserve>, now: DateTime<Utc>) -> Ask {
    let (charges, windows) = (Vec::new(), Vec::new());
    Ask { account, lines, permit: None, reserve, charges, windows, now, at_least: None }
}

fn closing(claim: Claim) -> Closing {
    let (settle, due, done) = (Vec::new(), Vec::new(), Vec::new());
    Closing { urgency: Urgency::Ordinary, claim: Some(claim), settle, due, done }
}

fn never(error: crate::domain::FormatError) -> ServiceError {
    ServiceError::Unavailable(format!("a name that the engine made {error}"))
}
