//! The vocabulary: what telecom engineers call things, as types that cannot hold nonsense.
//!
//! Deliberately absent: async, serialisation, clocks and I/O. Time is an argument everywhere.

mod account;
mod action;
#[cfg(test)]
pub(crate) mod arbitrary;
mod cancel_code;
mod carrier;
mod change;
mod code;
mod decision;
mod device;
mod document;
mod evidence;
mod happening;
mod history;
mod hold;
mod ids;
mod incident;
mod interaction;
mod line;
mod lock;
mod msisdn;
mod network;
mod notice;
mod own_reason;
mod pending;
mod permit;
mod pin;
mod place;
mod policy_shelf;
mod protection;
mod reason;
mod recovery;
mod requester;
mod roster;
mod rule_id;
mod separation;
mod signal;
mod sim;
mod snapshot;
mod stand_in;
mod text;
mod undo;
mod velocity;

pub use account::{
    Account, AccountKind, ChainHead, Contact, Flags, Person, PersonRole, RESETS_KEPT_MAX, Reset, ResetKind,
};
pub use action::{Action, LockHolder, LockSet};
pub use cancel_code::CancelCode;
pub use carrier::{AccountNumber, Brand, DealerId, HolderName, Pon, PostalCode, Spid};
pub use change::{
    Change, ChangeDigest, ContactChange, ContactKind, ContactValue, OwnerChange, PortOut, ReleaseOpens, SimChange,
    SimChangeCause, SimDelivery, SimTarget,
};
pub use code::{CODE_LIFE, PROMPTS_MAX, PROMPTS_WITHIN, PromptFor, Prompts, SentCode, WRONG_CODES_MAX};
pub use decision::{
    Approval, Challenge, Contribution, Denial, Effect, FactorOption, GivenReason, Outcome, OutcomeKind, Usability,
    Verdict,
};
pub use device::{Device, DeviceWaits};
pub use document::Document;
pub use evidence::{
    AppApproval, AppCheck, Beside, Checks, CodeCheck, DocumentCheck, DocumentReference, DocumentScan, Evidence, Factor,
    FactorClass, Level, PinCheck, SecondPerson, TransferPinCheck, level_of,
};
pub use happening::{CallPhase, Counted, Happening, HappeningKind, LogInResult, Recorded};
pub use history::{
    AccountReading, CALL_LENGTH_MAX, CALLS_KEPT_MAX, CallMark, ContactTimes, ENDED_NUMBERS_KEPT_MAX, EVENT_AGE_MAX,
    EVENT_AHEAD_MAX, EndedNumber, History, InboundCall, LOG_IN_FAILURES_KEPT_MAX, LOG_INS_KEPT_MAX, LogIn, LogInSource,
    PROVEN_DEVICES_KEPT_MAX, ProvenDevice, READ_MATTERS_FOR, READERS_KEPT_MAX, ReaderMark,
};
pub use hold::{HeldName, Hold, HoldCause, HoldKind, HoldTarget, each_holdable};
pub use ids::{
    AccountId, ContactId, DeviceId, LineId, PersonId, RecordId, Reference, ReleaseId, RequestId, StoreId, Subject,
    TransferPinId,
};
pub use incident::{AccountMark, Cohort, Incident, LISTED_PAGE_MAX, ListedPage};
pub use interaction::{Channel, Claims, Interaction, Mode};
pub use line::{Line, LineName, LineStatus, SIM_CHANGES_KEPT_MAX, SimChanged};
pub use lock::{
    Held, Lock, LockError, LockName, LockStep, LockStepKind, Release, ReleaseGuard, ReleaseScope, ReleaseTimes, Stance,
};
pub use msisdn::Msisdn;
pub use network::Network;
pub use notice::{
    DEAD_NOTICES_MAX, DeadNotice, NOTICE_TRIED_FOR, NoticeBook, NoticeEnd, NoticeMark, NoticeName, NoticePlace,
    NoticeRound, NoticeTry, WAITING_NOTICES_MAX, WaitingNotice,
};
pub use own_reason::{CarrierCode, OWN_REASON_PREFIX, OwnReason};
pub use pending::{
    Completing, DOCUMENTS_SHOWN_MAX, DocumentDigest, GIVEN_MAX, Given, GivenProof, Pending, PendingStanding,
    PendingState, SENDINGS_MAX, SeenBy, ShownDocument, WRONG_ANSWERS_MAX,
};
pub use permit::{Permit, PermitState, PolicyRevision};
pub use pin::{
    AccountPin, CODE_DIGITS, Credentials, PinDigits, PinOrigin, SPENT_APPROVALS_KEPT_MAX, SpentApproval,
    TRANSFER_PINS_KEPT_MAX, TransferPin, TransferPinOrigin, TransferPinScope, TransferPinState, Verifier,
};
pub use place::{Place, Spot};
pub use policy_shelf::{
    PAST_POLICIES_MAX, POLICY_TEXT_BYTES_MAX, PastPolicy, PolicyInForce, PolicyShelf, StagedPolicy,
};
pub use protection::{NamedStep, Protection, Seq};
pub use reason::{Reason, ReasonClass};
pub use recovery::{Annulled, DISPUTABLE_FOR, NotDisputable, Recovery, RecoveryState};
pub use requester::{Connection, Requester, Role};
pub use roster::{NetworkStanding, RegisteredStore, Roster, RosterHours, RosterStanding, StoreRegister};
pub use rule_id::{RULE_ID_BYTES_MAX, RuleId, is_rule_id, rule_id};
pub use separation::{
    PROPOSAL_LASTS, SEPARATED_LINES_MAX, SEPARATED_PREFIX, Separation, SeparationReference, SeparationStanding, Word,
    is_separated,
};
pub use signal::{ObservedSignal, SIGNAL_NAMES, Signal, SignalKind};
pub use sim::{Eid, Iccid, IccidCheck, Imei, SimBefore};
pub use snapshot::{DueStep, Snapshot, Standing, StepScope, advance};
pub use stand_in::{LEDGER_NAME, RESERVED_NAMES, STAND_IN_NAME};
pub use text::FormatError;
pub use undo::{CONSENT_LASTS, Consent, Undoing, Undone};
pub use velocity::{SourceFailures, SourceKind, Velocity};
