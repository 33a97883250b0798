//! Why a use case gives no answer. The edge turns each into one status; none of them can be read as a yes.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::audit::archive::SegmentError;
use crate::clock::ClockError;
use crate::crypto::{RandomError, SignatureError};
use crate::store::archive::ArchiveError;
use crate::store::{CommitError, StoreError};

/// Why there is no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ServiceError {
    /// A field has a value that this use case cannot take.
    #[error("{field}: {expected}")]
    Invalid {
        /// The field's path in the request.
        field: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// The caller may not do this, or not to this account.
    #[error("the caller may not do this")]
    Forbidden,
    /// What was named is not there, or not the caller's to see.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The request id was used before for something else.
    #[error("the request id was used before for another request")]
    RequestIdReused,
    /// Things do not stand as the request needs them.
    #[error("{}", .0.message())]
    Refused(Refusal),
    /// Too many requests wait for one account, or the caller asked for too many unknown numbers.
    #[error("{what}")]
    Exhausted {
        /// What ran out.
        what: &'static str,
        /// When to come back.
        retry_at: Option<DateTime<Utc>>,
    },
    /// The archive does not hold, or cannot be read or written: an operator must look.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A segment must be kept longer.
    #[error("the segment must be kept until {}", .0.to_rfc3339_opts(SecondsFormat::Secs, true))]
    KeptUntil(DateTime<Utc>),
    /// Nothing can be decided now.
    ///
    /// INVARIANT (fail-closed): every doubt about store, clock or keys ends here: retryable, and never an approval.
    #[error("cannot decide now: {0}")]
    Unavailable(String),
}

/// Why something that exists cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The permit is not one of the engine's.
    PermitUnknown,
    /// The permit is for another line, change or caller.
    PermitMismatch,
    /// The permit's window has not opened.
    PermitNotYet,
    /// The permit's window is over.
    PermitExpired,
    /// The permit was used.
    PermitUsed,
    /// The permit was given back, or a lock or flag was set since.
    PermitVoid,
    /// A lock binds now.
    PermitLocked,
    /// The decision has no permit to give back.
    DecisionFinal,
    /// The lock is not on.
    LockNotOn,
    /// A release is under way already.
    ReleaseUnderWay,
    /// No such release is under way.
    NoSuchRelease,
    /// The change needs the redeemed permit of its action.
    PermitNeeded,
    /// The PIN is easily guessed.
    PinGuessable,
    /// The PIN is the one before.
    PinUnchanged,
    /// A lock forbids making a transfer PIN.
    AccountExistsElsewhere,
    /// The record has left the store.
    RecordArchived,
    /// What belongs to all brands is the house's own matter.
    HouseOnly,
    /// Who asked for an export cannot approve it.
    SecondPersonNeeded,
    /// A machine has no word where two people must agree.
    PersonNeeded,
    /// Nobody has approved the export yet.
    ExportNotApproved,
    /// The export's time is over.
    ExportExpired,
    /// There is no archive.
    ArchiveOff,
    /// A younger segment would go before an older one.
    SegmentNotOldest,
    /// The segment was deleted before.
    SegmentGone,
    /// Who or what asks is held.
    Held,
    /// The policy decided before, and nobody said that it may again.
    PolicyGoesBack,
    /// The staged policy waited too long.
    PolicyExpired,
    /// The policy is changed by a file.
    PolicyByFile,
    /// The challenge is over.
    ChallengeOver,
    /// This service sends no codes.
    CodesOff,
    /// The challenge asks for more than a code can prove.
    CodeNotEnough,
    /// No code goes to that contact now.
    ContactUnusable,
    /// The challenge does not wait for others.
    AskAgain,
    /// The line has left the account.
    LineMoved,
    /// Nobody has scanned a document for the challenge.
    NoDocument,
    /// The two saw too many documents together.
    PairWorn,
    /// A second person has seen a document for the challenge, or as many were scanned as are.
    DocumentSeen,
    /// The policy takes no documents.
    DocumentsOff,
    /// Nobody is named who may separate lines.
    SeparationsOff,
    /// The separation's reference opens nothing here.
    SeparationRefused,
    /// The separation is not one that waits for a second word.
    SeparationNotProposed,
}

impl Refusal {
    /// The machine-readable reason.
    pub const fn code(self) -> &'static str {
        match self {
            Self::PermitUnknown => "PERMIT_UNKNOWN",
            Self::PermitMismatch => "PERMIT_MISMATCH",
            Self::PermitNotYet => "PERMIT_NOT_YET",
            Self::PermitExpired => "PERMIT_EXPIRED",
            Self::PermitUsed => "PERMIT_USED",
            Self::PermitVoid => "PERMIT_VOID",
            Self::PermitLocked => "PERMIT_LOCKED",
            Self::DecisionFinal => "DECISION_FINAL",
            Self::LockNotOn => "LOCK_NOT_ON",
            Self::ReleaseUnderWay => "RELEASE_UNDER_WAY",
            Self::NoSuchRelease => "NO_SUCH_RELEASE",
            Self::PermitNeeded => "PERMIT_NEEDED",
            Self::PinGuessable => "PIN_GUESSABLE",
            Self::PinUnchanged => "PIN_UNCHANGED",
            Self::AccountExistsElsewhere => "LINE_ON_ANOTHER_ACCOUNT",
            Self::RecordArchived => "RECORD_ARCHIVED",
            Self::HouseOnly => "HOUSE_ONLY",
            Self::SecondPersonNeeded => "SECOND_PERSON_NEEDED",
            Self::PersonNeeded => "PERSON_NEEDED",
            Self::ExportNotApproved => "EXPORT_NOT_APPROVED",
            Self::ExportExpired => "EXPORT_EXPIRED",
            Self::ArchiveOff => "ARCHIVE_OFF",
            Self::SegmentNotOldest => "SEGMENT_NOT_OLDEST",
            Self::SegmentGone => "SEGMENT_GONE",
            Self::Held => "HELD",
            Self::PolicyGoesBack => "POLICY_GOES_BACK",
            Self::PolicyExpired => "POLICY_EXPIRED",
            Self::PolicyByFile => "POLICY_BY_FILE",
            Self::ChallengeOver => "CHALLENGE_OVER",
            Self::CodesOff => "CODES_OFF",
            Self::CodeNotEnough => "CODE_NOT_ENOUGH",
            Self::ContactUnusable => "CONTACT_UNUSABLE",
            Self::AskAgain => "ASK_AGAIN",
            Self::LineMoved => "LINE_MOVED",
            Self::NoDocument => "NO_DOCUMENT",
            Self::PairWorn => "PAIR_WORN",
            Self::DocumentSeen => "DOCUMENT_SEEN",
            Self::DocumentsOff => "DOCUMENTS_OFF",
            Self::SeparationsOff => "SEPARATIONS_OFF",
            Self::SeparationRefused => "SEPARATION_REFUSED",
            Self::SeparationNotProposed => "SEPARATION_NOT_PROPOSED",
        }
    }

    /// What to do about it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::PermitUnknown => "the permit is not known: ask for a decision",
            Self::PermitMismatch => "the permit is for another line, change or caller: ask for a decision on this one",
            Self::PermitNotYet => "the permit's window has not opened: wait for not_before_time",
            Self::PermitExpired => "the permit has expired: ask for a decision again",
            Self::PermitUsed => "the permit was used: it is good for one change",
            Self::PermitVoid => {
                "the permit is void: it was given back, or protection changed since; ask for a decision again"
            }
            Self::PermitLocked => "a lock binds now: the change must not be carried out",
            Self::DecisionFinal => "the decision has nothing left to give back",
            Self::LockNotOn => "the lock is not on",
            Self::ReleaseUnderWay => "a release of this lock is already under way: cancel it first to ask for another",
            Self::NoSuchRelease => "no such release is under way",
            Self::PermitNeeded => {
                "this lowers protection or moves what is protected: redeem a permit of its action first"
            }
            Self::PinGuessable => {
                "the PIN is easily guessed: choose one without a pattern, a date or digits from the account"
            }
            Self::PinUnchanged => "the PIN is the one before: choose another",
            Self::AccountExistsElsewhere => "the line belongs to another account: move it with MoveLine",
            Self::RecordArchived => "records of that time have left the store: they are in the archive",
            Self::HouseOnly => "this concerns all brands: only the carrier's own brand may do it",
            Self::SecondPersonNeeded => "nobody is two people: somebody else must agree",
            Self::PersonNeeded => {
                "two people must agree, and a client that is known by its certificate alone is none: sign in with a token"
            }
            Self::ExportNotApproved => "nobody has approved the export yet: a second person must",
            Self::ExportExpired => "the export's time is over: ask for it again",
            Self::ArchiveOff => "this service has no archive: its settings name no `archive.folder`",
            Self::SegmentNotOldest => "an older segment is there: the oldest goes first",
            Self::SegmentGone => "the segment was deleted before",
            Self::PolicyGoesBack => {
                "this policy decided before: to go back to it must be said (`goes_back`; for a file `policy.may_go_back`)"
            }
            Self::PolicyExpired => {
                "the policy waited longer than a week, or for another program than this one: stage it again"
            }
            Self::PolicyByFile => "the policy is changed by its file here: the setting `policy.source` says so",
            Self::ChallengeOver => "the challenge is over: whoever still wants the change asks anew",
            Self::LineMoved => {
                "the line has left this account, and no lock set here would protect it: the fraud desk must stop it where it is"
            }
            Self::CodesOff => "this service sends no codes: its settings have no `messages`",
            Self::CodeNotEnough => "the challenge asks for more than a code can prove",
            Self::ContactUnusable => "no code goes to this contact now: choose another one",
            Self::AskAgain => "this challenge waits for nobody: whoever asked asks again and brings the proof along",
            Self::NoDocument => "nobody has scanned an identity document for this challenge: that comes first",
            Self::DocumentSeen => {
                "two have seen a document for this challenge, or three were scanned: whoever wants to show another asks anew"
            }
            Self::DocumentsOff => "no identity documents are taken here: `document.taken` of the policy says so",
            Self::SeparationsOff => {
                "no lines are separated here: `separations.people` of the settings names nobody who was trained for it"
            }
            Self::SeparationRefused => {
                "the separation's reference is forged, over or of another line: nothing was asked of the line's account"
            }
            Self::SeparationNotProposed => {
                "the separation does not wait for a second person: it is open, over, or nobody agreed within a day"
            }
            Self::PairWorn => {
                "these two have seen as many documents together as is allowed within a day: somebody else must"
            }
            Self::Held => "who asks, or the carrier that gains, is held: the fraud desk must look first",
        }
    }
}

impl From<SegmentError> for ServiceError {
    fn from(error: SegmentError) -> Self {
        Self::Unavailable(format!("no segment can be made: {error}"))
    }
}

impl From<SignatureError> for ServiceError {
    fn from(error: SignatureError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ClockError> for ServiceError {
    fn from(error: ClockError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<RandomError> for ServiceError {
    fn from(error: RandomError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CommitError> for ServiceError {
    /// A conflict that the use case did not start again from: another engine is at work on the account.
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Taken => Self::RequestIdReused,
            CommitError::Conflict | CommitError::Answered(_) => Self::Unavailable(error.to_string()),
        }
    }
}
