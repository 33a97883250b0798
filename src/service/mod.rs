//! Use cases: the only place that puts reading, deciding and writing in order, and that asks the rights table.
//!
//! | file | holds |
//! | --- | --- |
//! | `rights` | who may call what, on whose data |
//! | `engine` | what every use case shares |
//! | `trail`, `rung` | how far somebody read a journal, whether that still stands, and which may hold more |
//! | `target`, `standing`, `hints` | from a name to the account that answers for it |
//! | `unshown` | how many numbers may be asked about by who does not show to know them |
//! | `question`, `ask`, `look`, `given`, `weigh`, `pins` | the way of one decision |
//! | `challenges/` | what waits for its proof: given, refused, completed, followed |
//! | `notices/` | what happened, told to the people whom it is about |
//! | `wording`, `elsewhere` | what is said to customers of a change, and whether a contact is a line that others may have |
//! | `shadow` | the policy beside the one that decides |
//! | `velocity/` | what is counted over many accounts |
//! | `answer` | answers, built from committed records |
//! | `decide`, `batch`, `decisions`, `permits`, `carry_out` | changes carried out elsewhere |
//! | `protect`, `cancelling`, `credentials`, `transfer_pins`, `devices`, `taking_back` | changes carried out here |
//! | `seed`, `accounts`, `move_line` | what provisioning says |
//! | `events` | what outside sources tell |
//! | `activity/`, `ledger`, `alarm` | what happened, to an account and to none, and what must be looked at |
//! | `records`, `watch`, `verify`, `owners` | records as they are kept, for auditors |
//! | `watchers`, `bell`, `rung` | who follows something, how many may, and what tells them that there is news |
//! | `exports`, `budget` | many records leave with two persons; how often one caller may do something in a day |
//! | `archive/` | old records leave the store, and in the end the archive |
//! | `incidents/` | what the fraud desk knows: breaches, and who is held |
//! | `policies` | which policy decides, and who may change it |
//! | `due`, `worker` | what time does |
//! | `key_upkeep` | what still names a key, sealing anew, doing without one |
//!
//! Deliberately absent: any knowledge of how a request arrived or of which store keeps it.

mod accounts;
mod activity;
mod alarm;
mod answer;
mod archive;
mod ask;
mod batch;
mod bell;
mod budget;
mod cancelling;
mod carry_out;
mod challenges;
mod credentials;
mod decide;
mod decided;
mod decisions;
mod devices;
mod due;
mod elsewhere;
mod engine;
mod error;
mod events;
mod exports;
mod given;
mod hints;
mod incidents;
mod key_upkeep;
mod ledger;
mod look;
mod move_line;
mod notices;
mod owners;
mod permits;
mod pins;
mod policies;
mod protect;
mod question;
mod queues;
mod reads;
mod records;
mod recoveries;
mod refusal;
mod rights;
mod rung;
mod seed;
mod separations;
mod shadow;
mod standing;
mod taking_back;
mod tally;
mod target;
mod trail;
mod transfer_pins;
mod unbroken;
mod unshown;
mod velocity;
mod verify;
mod watch;
mod watchers;
mod weigh;
mod wording;
mod worker;

pub use crate::domain::LineName;
pub use accounts::{Upsert, UpsertEffect, Upserted};
pub use activity::{ACTIVITY_PAGE_MAX, ActivityPage, ActivityWatch};
pub use answer::{Answer, DecisionState, PermitText};
pub use archive::{ArchiveSettings, Archiving, SegmentState, ShelvedSegment};
pub use batch::{BATCH_LINES_MAX, BatchAnswer};
pub use cancelling::Cancelling;
pub use challenges::{
    Ahead, CodeKind, CodeSender, CodeToSend, Completed, Completion, DecisionWatch, Declining, Dispute, GivenAhead,
    PENDING_PAGE_MAX, PendingPage, Sending, Sent, Submission, Submitted, WaitingChallenge,
};
pub use credentials::{CredentialStatus, TransferPinStatus};
pub use decisions::{AboutDecision, Report};
pub use engine::{Carrier, Engine, Parts, PolicySource};
pub use error::ServiceError;
pub use events::ToldBySource;
pub use exports::{Export, HandOver, HandedOver};
pub use incidents::{
    Breach, DocumentPlace, HOLDS_PAGE_MAX, HoldOrder, HoldPage, INCIDENTS_PAGE_MAX, IncidentPage, LISTED_MAX, Listing,
    Whom,
};
pub use key_upkeep::{HeldKey, KeyUse, Retirement, UpkeepStep, UpkeepSteps};
pub use move_line::{Move, Moved};
pub use notices::{Carrying, NOTICES_REPLAYED_MAX, NotCarried, Notice, NoticeCarrier, NoticeKind, NoticeStanding};
pub use permits::{Redeemed, Redemption};
pub use policies::{PolicyOrder, PolicyStanding};
pub use protect::{Guarding, LockOrder, ProtectionView};
pub use question::{Body, Question};
pub use records::{NextPage, PagePlace, RECORDS_PAGE_MAX, RecordPage, RecordQuery, RecordScope, RecordView, Told};
pub use recoveries::{RecoveryView, SwapWord};
pub use refusal::Refusal;
pub use rights::{Authorised, RIGHTS, Right, Whose, authorise, may_ask, may_tell, right};
pub use seed::{LineSeed, LockSeed, PinSeed, Seed};
pub use separations::{Proposal, SeenSeparation, SeparationOrder, SeparationSettings, SeparationView};
pub use taking_back::TakingBack;
pub use tally::{Silent, Tally};
pub use target::{LineRef, Scope};
pub use transfer_pins::IssuedTransferPin;
pub use unbroken::{Held, holding};
pub use velocity::{WINDOW_KINDS, WindowKind};
pub use verify::Verification;
pub use watch::{Reached, Seen, Watch};
