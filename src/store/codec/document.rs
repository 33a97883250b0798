//! What an account keeps besides its chain: challenges, and of a ledger holds, incidents and the accounts that they list.

use prost::{Message, Oneof};

use super::CodecError;
use super::challenge::{StoredChallenge, StoredPrompts};
use super::envelope::{Envelope, read, write};
use super::field::{id, instant, millis, nested, number_of, numbered, required, text};
use super::notices::StoredNotices;
use super::policy_shelf::StoredShelf;
use crate::domain::{
    AccountMark, Cohort, Consent, Document, Hold, HoldCause, HoldTarget, Incident, ListedPage, NoticeBook, Pending,
    PolicyShelf, RecordId, Undoing,
};

/// The bytes of a document, to be sealed.
pub fn encode_document(document: &Document) -> Vec<u8> {
    write(&StoredDocument::from(document))
}

/// The document in `bytes`.
///
/// # Errors
/// Whatever is not read in full, with the place.
pub fn decode_document(bytes: &[u8]) -> Result<Document, CodecError> {
    match required(read::<StoredDocument>(bytes)?.what, "document.what")? {
        StoredWhat::Hold(hold) => Ok(Document::Hold(Box::new(Hold::try_from(*hold)?))),
        StoredWhat::Incident(incident) => Ok(Document::Incident(Box::new(Incident::try_from(*incident)?))),
        StoredWhat::Policies(shelf) => Ok(Document::Policies(Box::new(PolicyShelf::try_from(*shelf)?))),
        StoredWhat::Challenge(challenge) => Ok(Document::Challenge(Box::new(Pending::try_from(*challenge)?))),
        StoredWhat::Prompts(prompts) => Ok(Document::Prompts(prompts.try_into()?)),
        StoredWhat::Notices(book) => Ok(Document::Notices(Box::new(NoticeBook::try_from(*book)?))),
        StoredWhat::Listed(page) => Ok(Document::Listed(ListedPage::try_from(page)?)),
    }
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredDocument {
    #[prost(uint32, tag = "1")]
    format: u32,
    // Last, because it must be there: bytes that were cut off anywhere lack it.
    #[prost(oneof = "StoredWhat", tags = "2, 3, 4, 5, 6, 7, 8")]
    what: Option<StoredWhat>,
}

impl Envelope for StoredDocument {
    const NAME: &'static str = "document";
    const FORMAT: u32 = 1;
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredWhat {
    #[prost(message, tag = "2")]
    Hold(Box<StoredHold>),
    #[prost(message, tag = "3")]
    Incident(Box<StoredIncident>),
    #[prost(message, tag = "4")]
    Listed(StoredListed),
    #[prost(message, tag = "5")]
    Policies(Box<StoredShelf>),
    #[prost(message, tag = "6")]
    Challenge(Box<StoredChallenge>),
    #[prost(message, tag = "7")]
    Prompts(StoredPrompts),
    #[prost(message, tag = "8")]
    Notices(Box<StoredNotices>),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredHold {
    #[prost(message, optional, tag = "1")]
    target: Option<StoredTarget>,
    #[prost(message, optional, tag = "2")]
    cause: Option<StoredCause>,
    #[prost(string, optional, tag = "3")]
    reason: Option<String>,
    #[prost(sint64, optional, tag = "4")]
    since: Option<i64>,
    #[prost(message, optional, tag = "5")]
    lifting: Option<StoredUndoing>,
}

/// Who or what is held.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredTarget {
    #[prost(uint32, optional, tag = "1")]
    kind: Option<u32>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
}

/// Why it is held.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredCause {
    #[prost(oneof = "StoredCauseKind", tags = "1, 2, 3")]
    kind: Option<StoredCauseKind>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredCauseKind {
    #[prost(string, tag = "1")]
    Hand(String),
    #[prost(message, tag = "2")]
    Rule(StoredRule),
    #[prost(bytes = "vec", tag = "3")]
    FraudReport(Vec<u8>),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredRule {
    #[prost(string, optional, tag = "1")]
    rule: Option<String>,
    #[prost(bytes = "vec", optional, tag = "2")]
    decision: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredUndoing {
    #[prost(oneof = "StoredUndoingKind", tags = "1, 2, 3")]
    kind: Option<StoredUndoingKind>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredUndoingKind {
    #[prost(message, tag = "1")]
    Stands(()),
    #[prost(message, tag = "2")]
    Asked(StoredConsent),
    #[prost(message, tag = "3")]
    Done(StoredConsents),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredConsents {
    #[prost(message, optional, tag = "1")]
    first: Option<StoredConsent>,
    #[prost(message, optional, tag = "2")]
    second: Option<StoredConsent>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredConsent {
    #[prost(string, optional, tag = "1")]
    by: Option<String>,
    #[prost(sint64, optional, tag = "2")]
    at: Option<i64>,
    #[prost(string, optional, tag = "3")]
    reason: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredIncident {
    #[prost(bytes = "vec", optional, tag = "1")]
    id: Option<Vec<u8>>,
    #[prost(message, optional, tag = "2")]
    cohort: Option<StoredCohort>,
    #[prost(sint64, optional, tag = "3")]
    cut_off: Option<i64>,
    #[prost(string, optional, tag = "4")]
    reason: Option<String>,
    #[prost(string, optional, tag = "5")]
    opened_by: Option<String>,
    #[prost(sint64, optional, tag = "6")]
    opened_at: Option<i64>,
    #[prost(message, optional, tag = "7")]
    ending: Option<StoredUndoing>,
}

/// Whose secrets.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredCohort {
    #[prost(oneof = "StoredCohortKind", tags = "1, 2, 3")]
    kind: Option<StoredCohortKind>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredCohortKind {
    #[prost(message, tag = "1")]
    Everyone(()),
    #[prost(message, tag = "2")]
    Brand(()),
    #[prost(message, tag = "3")]
    Listed(StoredSize),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredSize {
    #[prost(uint32, optional, tag = "1")]
    accounts: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    pages: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredListed {
    #[prost(bytes = "vec", optional, tag = "1")]
    incident: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "2")]
    page: Option<u32>,
    /// 16 bytes each, one after the other.
    #[prost(bytes = "vec", optional, tag = "3")]
    accounts: Option<Vec<u8>>,
}

impl From<&Document> for StoredDocument {
    fn from(document: &Document) -> Self {
        let what = match document {
            Document::Hold(hold) => StoredWhat::Hold(Box::new(hold.as_ref().into())),
            Document::Incident(incident) => StoredWhat::Incident(Box::new(incident.as_ref().into())),
            Document::Listed(page) => StoredWhat::Listed(page.into()),
            Document::Challenge(challenge) => StoredWhat::Challenge(Box::new(challenge.as_ref().into())),
            Document::Prompts(prompts) => StoredWhat::Prompts(prompts.into()),
            Document::Notices(book) => StoredWhat::Notices(Box::new(book.as_ref().into())),
            Document::Policies(shelf) => StoredWhat::Policies(Box::new(shelf.as_ref().into())),
        };
        Self { format: Self::FORMAT, what: Some(what) }
    }
}

impl From<&Hold> for StoredHold {
    fn from(hold: &Hold) -> Self {
        let Hold { target, cause, reason, since, lifting } = hold;
        Self {
            target: Some(target.into()),
            cause: Some(cause.into()),
            reason: Some(reason.as_str().to_owned()),
            since: Some(millis(*since)),
            lifting: Some(lifting.into()),
        }
    }
}

impl TryFrom<StoredHold> for Hold {
    type Error = CodecError;

    fn try_from(stored: StoredHold) -> Result<Self, CodecError> {
        let StoredHold { target, cause, reason, since, lifting } = stored;
        Ok(Self {
            target: nested(target, "hold.target")?,
            cause: nested(cause, "hold.cause")?,
            reason: text(reason, "hold.reason")?,
            since: instant(since, "hold.since")?,
            lifting: nested(lifting, "hold.lifting")?,
        })
    }
}

impl From<&HoldTarget> for StoredTarget {
    fn from(HoldTarget { kind, name }: &HoldTarget) -> Self {
        Self { kind: Some(number_of(*kind)), name: Some(name.as_str().to_owned()) }
    }
}

impl TryFrom<StoredTarget> for HoldTarget {
    type Error = CodecError;

    fn try_from(StoredTarget { kind, name }: StoredTarget) -> Result<Self, CodecError> {
        Ok(Self { kind: numbered(kind, "hold_target.kind")?, name: text(name, "hold_target.name")? })
    }
}

impl From<&HoldCause> for StoredCause {
    fn from(cause: &HoldCause) -> Self {
        let kind = match cause {
            HoldCause::Hand(by) => StoredCauseKind::Hand(by.as_str().to_owned()),
            HoldCause::Rule { rule, decision } => {
                let decision = Some(decision.to_bytes().to_vec());
                StoredCauseKind::Rule(StoredRule { rule: Some(rule.clone()), decision })
            }
            HoldCause::FraudReport { decision } => StoredCauseKind::FraudReport(decision.to_bytes().to_vec()),
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<StoredCause> for HoldCause {
    type Error = CodecError;

    fn try_from(StoredCause { kind }: StoredCause) -> Result<Self, CodecError> {
        let record = |bytes| id(bytes, "hold_cause.decision", RecordId::from_u128);
        Ok(match required(kind, "hold_cause.kind")? {
            StoredCauseKind::Hand(by) => Self::Hand(text(Some(by), "hold_cause.hand")?),
            StoredCauseKind::Rule(StoredRule { rule, decision }) => {
                Self::Rule { rule: required(rule, "hold_cause.rule")?, decision: record(decision)? }
            }
            StoredCauseKind::FraudReport(decision) => Self::FraudReport { decision: record(Some(decision))? },
        })
    }
}

impl From<&Undoing> for StoredUndoing {
    fn from(undoing: &Undoing) -> Self {
        let kind = match undoing {
            Undoing::Stands => StoredUndoingKind::Stands(()),
            Undoing::Asked(first) => StoredUndoingKind::Asked(first.into()),
            Undoing::Done { first, second } => {
                let (first, second) = (Some(first.into()), Some(second.into()));
                StoredUndoingKind::Done(StoredConsents { first, second })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<StoredUndoing> for Undoing {
    type Error = CodecError;

    fn try_from(StoredUndoing { kind }: StoredUndoing) -> Result<Self, CodecError> {
        Ok(match required(kind, "undoing.kind")? {
            StoredUndoingKind::Stands(()) => Self::Stands,
            StoredUndoingKind::Asked(first) => Self::Asked(first.try_into()?),
            StoredUndoingKind::Done(StoredConsents { first, second }) => {
                Self::Done { first: nested(first, "undoing.first")?, second: nested(second, "undoing.second")? }
            }
        })
    }
}

impl From<&Consent> for StoredConsent {
    fn from(Consent { by, at, reason }: &Consent) -> Self {
        let (by, reason) = (by.as_str().to_owned(), reason.as_str().to_owned());
        Self { by: Some(by), at: Some(millis(*at)), reason: Some(reason) }
    }
}

impl TryFrom<StoredConsent> for Consent {
    type Error = CodecError;

    fn try_from(StoredConsent { by, at, reason }: StoredConsent) -> Result<Self, CodecError> {
        let at = instant(at, "consent.at")?;
        Ok(Self { by: text(by, "consent.by")?, at, reason: text(reason, "consent.reason")? })
    }
}

impl From<&Incident> for StoredIncident {
    fn from(incident: &Incident) -> Self {
        let Incident { id, cohort, cut_off, reason, opened_by, opened_at, ending } = incident;
        Self {
            id: Some(id.to_bytes().to_vec()),
            cohort: Some(cohort.into()),
            cut_off: Some(millis(*cut_off)),
            reason: Some(reason.as_str().to_owned()),
            opened_by: Some(opened_by.as_str().to_owned()),
            opened_at: Some(millis(*opened_at)),
            ending: Some(ending.into()),
        }
    }
}

impl TryFrom<StoredIncident> for Incident {
    type Error = CodecError;

    fn try_from(stored: StoredIncident) -> Result<Self, CodecError> {
        let StoredIncident { id: name, cohort, cut_off, reason, opened_by, opened_at, ending } = stored;
        Ok(Self {
            id: id(name, "incident.id", RecordId::from_u128)?,
            cohort: nested(cohort, "incident.cohort")?,
            cut_off: instant(cut_off, "incident.cut_off")?,
            reason: text(reason, "incident.reason")?,
            opened_by: text(opened_by, "incident.opened_by")?,
            opened_at: instant(opened_at, "incident.opened_at")?,
            ending: nested(ending, "incident.ending")?,
        })
    }
}

impl From<&Cohort> for StoredCohort {
    fn from(cohort: &Cohort) -> Self {
        let kind = match cohort {
            Cohort::Everyone => StoredCohortKind::Everyone(()),
            Cohort::Brand => StoredCohortKind::Brand(()),
            Cohort::Listed { accounts, pages } => {
                StoredCohortKind::Listed(StoredSize { accounts: Some(*accounts), pages: Some(*pages) })
            }
        };
        Self { kind: Some(kind) }
    }
}

impl TryFrom<StoredCohort> for Cohort {
    type Error = CodecError;

    fn try_from(StoredCohort { kind }: StoredCohort) -> Result<Self, CodecError> {
        Ok(match required(kind, "cohort.kind")? {
            StoredCohortKind::Everyone(()) => Self::Everyone,
            StoredCohortKind::Brand(()) => Self::Brand,
            StoredCohortKind::Listed(StoredSize { accounts, pages }) => Self::Listed {
                accounts: required(accounts, "cohort.accounts")?,
                pages: required(pages, "cohort.pages")?,
            },
        })
    }
}

impl From<&ListedPage> for StoredListed {
    fn from(ListedPage { incident, page, accounts }: &ListedPage) -> Self {
        let accounts = accounts.iter().flat_map(|AccountMark(mark)| mark.to_be_bytes()).collect();
        Self { incident: Some(incident.to_bytes().to_vec()), page: Some(*page), accounts: Some(accounts) }
    }
}

impl TryFrom<StoredListed> for ListedPage {
    type Error = CodecError;

    fn try_from(StoredListed { incident, page, accounts }: StoredListed) -> Result<Self, CodecError> {
        const FIELD: &str = "listed.accounts";
        let (marks, rest) = required(accounts.as_deref(), FIELD)?.as_chunks::<16>();
        if !rest.is_empty() {
            return Err(CodecError::Invalid { field: FIELD, expected: "must be 16 bytes for each account" });
        }
        Ok(Self {
            incident: id(incident, "listed.incident", RecordId::from_u128)?,
            page: required(page, "listed.page")?,
            accounts: marks.iter().map(|mark| AccountMark(u128::from_be_bytes(*mark))).collect(),
        })
    }
}
