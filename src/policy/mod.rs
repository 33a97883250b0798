//! What decides: the policy's knobs, the facts, the rules, and the pure `admit()` and `evaluate()`.
//!
//! Everything here is a function of its arguments: no store, no clock, no secrets. `admit` says which secrets are looked at,
//! `evaluate` what follows from what was found; `wire` and `outward` say how much of it whom is told.
//!
//! A policy is a file (`policies/`): knobs, and rules in the syntax of CEL, which `language/` types and compiles at load.
//!
//! Deliberately absent: proof by scanned document.

mod admit;
mod attempts;
mod canonical;
mod contacts;
mod dialect;
mod document;
mod evaluate;
mod explain;
mod facts;
mod file;
mod fitness;
pub mod guessable;
mod knobs;
mod language;
mod options;
mod outward;
mod persons;
mod proof;
mod release;
mod replay;
mod request;
mod rules;
mod ruling;
mod span;
#[cfg(test)]
mod tests;
mod validate;

pub use admit::{Admission, PinAdmission, admit};
pub use attempts::{failures_within, pin_off_until, transfer_pin_void};
pub use contacts::{CodeTargets, ContactFitness, NoticePeople, NoticeTarget, Reach, TargetStanding, code_targets};
pub use dialect::{Dialect, WireAnswer, WireReply, wire};
pub use document::{
    Budget, ContactKnobs, CoolDowns, CutOff, DocumentKnobs, LockKnobs, PERMIT_LIFE_MAX, PinKnobs, Policy,
    RequiredSignal, SignalName, Thresholds, TransferPinKnobs, TransferPinLife,
};
pub use evaluate::{decide, evaluate};
pub use explain::{Explained, ExplainedRule, Said, explain};
pub use facts::{
    AppFact, Asker, AskerDevice, CodeFact, DocumentFact, Documents, FACTS, Fact, Facts, Field, KNOWN_FACTS, Kind,
    NEVER, Origin, PersonStanding, SignalSet, ToldFacts, TransferPinFact, Values, WayBackFact, fact_name,
};
pub use file::{BUILT_IN, PolicyFileError, built_in, load};
pub use fitness::PinFitness;
pub use guessable::{GuessContext, Guessable};
pub use knobs::read_condition;
pub use language::{ExpressionError, Quantity, Relation, Test, Tri};
pub use outward::{Audience, Outward, message, outward};
pub use persons::{NobodyNamed, holder_of, key_counts, person_counts};
pub use proof::Accepted;
pub use release::ReleasePlan;
pub use replay::{Recorded, Replayed, replay};
pub use request::{Offered, Request, account_number_matched};
pub use rules::{Actions, IfUnknown, Rule, RuleEffect, Rules};
pub use validate::{CHALLENGE_LIFE_MAX, FAILURES_WINDOW_MAX, PolicyError, UNKNOWN_NUMBERS_WINDOW_MAX};
