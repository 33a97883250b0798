//! A decision inside its record.

use chrono::TimeDelta;
use prost::{Message, Oneof};

use super::CodecError;
use super::change::StoredChange;
use super::checks::StoredChecks;
use super::field::{
    at, digest, id, instant, list, millis, nested, number_of, numbered, of_number, optional_id, optional_instant,
    optional_nested, optional_text, required, to_list,
};
use super::numbers::Numbered;
use super::place::{StoredPlace, place as read_place, stored as stored_place};
use super::shadow::StoredShadow;
use crate::audit::{AnswerWindow, Decided, Made, RecordedContribution, RecordedReason};
use crate::domain::{
    ChangeDigest, Effect, Factor, FactorOption, OwnReason, PolicyRevision, Reason, RecordId, ReleaseId, TransferPinId,
    Usability,
};

/// A decision.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredDecided {
    #[prost(uint32, optional, tag = "1")]
    mode: Option<u32>,
    #[prost(message, optional, tag = "2")]
    change: Option<StoredChange>,
    #[prost(bytes = "vec", optional, tag = "3")]
    digest: Option<Vec<u8>>,
    #[prost(uint32, optional, tag = "4")]
    standing: Option<u32>,
    #[prost(uint32, optional, tag = "5")]
    outcome: Option<u32>,
    #[prost(message, repeated, tag = "6")]
    reasons: Vec<StoredReason>,
    #[prost(message, repeated, tag = "7")]
    contributions: Vec<StoredContribution>,
    #[prost(uint32, optional, tag = "8")]
    score: Option<u32>,
    #[prost(uint32, optional, tag = "9")]
    required: Option<u32>,
    #[prost(uint32, repeated, tag = "10")]
    accepted: Vec<u32>,
    #[prost(message, optional, tag = "11")]
    checks: Option<StoredChecks>,
    #[prost(message, repeated, tag = "12")]
    options: Vec<StoredOption>,
    #[prost(oneof = "StoredWindow", tags = "13, 14, 15, 16")]
    window: Option<StoredWindow>,
    // Facts are many and small: two lists of the same length cost half of one list of pairs.
    #[prost(uint32, repeated, tag = "17")]
    fact_numbers: Vec<u32>,
    #[prost(sint64, repeated, tag = "18")]
    fact_values: Vec<i64>,
    #[prost(bytes = "vec", optional, tag = "19")]
    policy: Option<Vec<u8>>,
    #[prost(bool, optional, tag = "20")]
    account_number_matched: Option<bool>,
    #[prost(bool, optional, tag = "21")]
    owner_asked: Option<bool>,
    #[prost(string, optional, tag = "22")]
    external_reference: Option<String>,
    #[prost(bytes = "vec", optional, tag = "23")]
    supersedes: Option<Vec<u8>>,
    #[prost(oneof = "StoredMade", tags = "24, 25, 26, 31")]
    made: Option<StoredMade>,
    #[prost(message, optional, tag = "27")]
    shadow: Option<StoredShadow>,
    #[prost(bytes = "vec", optional, tag = "28")]
    known_facts: Option<Vec<u8>>,
    #[prost(message, optional, tag = "29")]
    place: Option<StoredPlace>,
    #[prost(bytes = "vec", optional, tag = "30")]
    challenge: Option<Vec<u8>>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredReason {
    #[prost(uint32, optional, tag = "1")]
    reason: Option<u32>,
    #[prost(string, optional, tag = "2")]
    rule: Option<String>,
    // Where it is the policy's own: then the number is the engine's that stands for it.
    #[prost(message, optional, tag = "3")]
    own: Option<StoredOwnReason>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOwnReason {
    #[prost(string, optional, tag = "1")]
    code: Option<String>,
    #[prost(string, optional, tag = "2")]
    meaning: Option<String>,
    #[prost(uint32, optional, tag = "3")]
    class: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    told: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredContribution {
    #[prost(string, optional, tag = "1")]
    rule: Option<String>,
    #[prost(oneof = "StoredEffect", tags = "2, 3, 4, 5")]
    effect: Option<StoredEffect>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredEffect {
    #[prost(uint32, tag = "2")]
    Points(u32),
    #[prost(uint32, tag = "3")]
    AtLeast(u32),
    #[prost(message, tag = "4")]
    Deny(()),
    #[prost(sint64, tag = "5")]
    WaitMillis(i64),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOption {
    #[prost(uint32, optional, tag = "1")]
    factor: Option<u32>,
    #[prost(oneof = "StoredUsability", tags = "2, 3, 4")]
    usability: Option<StoredUsability>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredUsability {
    #[prost(message, tag = "2")]
    Usable(()),
    #[prost(message, tag = "3")]
    NotBefore(StoredNotBefore),
    #[prost(uint32, tag = "4")]
    Unusable(u32),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredNotBefore {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
    #[prost(uint32, optional, tag = "2")]
    reason: Option<u32>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredWindow {
    #[prost(message, tag = "13")]
    Permit(StoredPermitWindow),
    #[prost(message, tag = "14")]
    NoPermit(()),
    #[prost(sint64, tag = "15")]
    OpenUntil(i64),
    #[prost(message, tag = "16")]
    RetryAt(StoredRetry),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredPermitWindow {
    #[prost(sint64, optional, tag = "1")]
    not_before: Option<i64>,
    #[prost(sint64, optional, tag = "2")]
    expires_at: Option<i64>,
    #[prost(uint32, optional, tag = "3")]
    key_id: Option<u32>,
    #[prost(uint32, optional, tag = "4")]
    signing_key: Option<u32>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredRetry {
    #[prost(sint64, optional, tag = "1")]
    at: Option<i64>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredMade {
    #[prost(bytes = "vec", tag = "24")]
    Release(Vec<u8>),
    #[prost(bytes = "vec", tag = "25")]
    TransferPin(Vec<u8>),
    #[prost(message, tag = "26")]
    Pin(()),
    #[prost(message, tag = "31")]
    Recovery(()),
}

impl From<&Decided> for StoredDecided {
    fn from(decided: &Decided) -> Self {
        let Decided {
            mode,
            change,
            digest: ChangeDigest(digest),
            standing,
            outcome,
            reasons,
            contributions,
            score,
            required,
            accepted,
            checks,
            options,
            window,
            facts,
            policy: PolicyRevision(policy),
            account_number_matched,
            owner_asked,
            external_reference,
            supersedes,
            challenge,
            made,
            shadow,
            known_facts,
            place,
        } = decided;
        Self {
            mode: Some(number_of(*mode)),
            change: Some(change.into()),
            digest: Some(digest.to_vec()),
            standing: Some(number_of(*standing)),
            outcome: Some(number_of(*outcome)),
            reasons: to_list(reasons),
            contributions: to_list(contributions),
            score: Some(*score),
            required: Some(number_of(*required)),
            accepted: accepted.iter().copied().map(Factor::number).collect(),
            checks: Some(checks.into()),
            options: to_list(options),
            window: Some(window.into()),
            fact_numbers: facts.iter().map(|(number, _)| u32::from(*number)).collect(),
            fact_values: facts.iter().map(|(_, value)| *value).collect(),
            policy: Some(policy.to_vec()),
            account_number_matched: Some(*account_number_matched),
            owner_asked: Some(*owner_asked),
            external_reference: external_reference.as_ref().map(|reference| reference.as_str().to_owned()),
            supersedes: supersedes.map(|record| record.to_bytes().to_vec()),
            challenge: challenge.map(|record| record.to_bytes().to_vec()),
            made: made.as_ref().map(StoredMade::from),
            shadow: shadow.as_deref().map(StoredShadow::from),
            known_facts: known_facts.map(|facts| facts.to_be_bytes().to_vec()),
            place: stored_place(place),
        }
    }
}

impl TryFrom<StoredDecided> for Decided {
    type Error = CodecError;

    fn try_from(stored: StoredDecided) -> Result<Self, CodecError> {
        let StoredDecided {
            mode,
            change,
            digest: change_digest,
            standing,
            outcome,
            reasons,
            contributions,
            score,
            required: level,
            accepted,
            checks,
            options,
            window,
            fact_numbers,
            fact_values,
            policy,
            account_number_matched,
            owner_asked,
            external_reference,
            supersedes,
            challenge,
            made,
            shadow,
            known_facts,
            place,
        } = stored;
        let factor = |number| of_number(number, "decided.accepted");
        Ok(Self {
            mode: numbered(mode, "decided.mode")?,
            change: nested(change, "decided.change")?,
            digest: ChangeDigest(digest(change_digest, "decided.digest")?),
            standing: numbered(standing, "decided.standing")?,
            outcome: numbered(outcome, "decided.outcome")?,
            reasons: list(reasons)?,
            contributions: list(contributions)?,
            score: required(score, "decided.score")?,
            required: numbered(level, "decided.required")?,
            accepted: accepted.into_iter().map(factor).collect::<Result<_, _>>()?,
            checks: nested(checks, "decided.checks")?,
            options: list(options)?,
            window: nested(window, "decided.window")?,
            facts: facts(&fact_numbers, &fact_values)?,
            policy: PolicyRevision(digest(policy, "decided.policy")?),
            account_number_matched: required(account_number_matched, "decided.account_number_matched")?,
            owner_asked: required(owner_asked, "decided.owner_asked")?,
            external_reference: optional_text(external_reference, "decided.external_reference")?,
            supersedes: optional_id(supersedes, "decided.supersedes", RecordId::from_u128)?,
            challenge: optional_id(challenge, "decided.challenge", RecordId::from_u128)?,
            made: optional_nested(made)?,
            shadow: optional_nested(shadow)?.map(Box::new),
            known_facts: optional_id(known_facts, "decided.known_facts", |bits| bits)?,
            place: read_place(place)?,
        })
    }
}

fn facts(numbers: &[u32], values: &[i64]) -> Result<Vec<(u16, i64)>, CodecError> {
    let field = "decided.facts";
    if numbers.len() != values.len() {
        return Err(CodecError::Count { field });
    }
    let fact = |(number, value): (&u32, &i64)| {
        let known = u16::try_from(*number).map_err(|_| CodecError::UnknownNumber { field, number: *number })?;
        Ok((known, *value))
    };
    numbers.iter().zip(values).map(fact).collect()
}

impl From<&RecordedReason> for StoredReason {
    fn from(given: &RecordedReason) -> Self {
        let RecordedReason { reason, rule } = given;
        let own = match reason {
            Reason::Own(own) => Some(StoredOwnReason {
                code: Some(own.code().to_owned()),
                meaning: Some(own.meaning().to_owned()),
                class: Some(number_of(own.class())),
                told: Some(number_of(own.told())),
            }),
            _ => None,
        };
        Self { reason: Some(number_of(*reason)), rule: Some(rule.to_owned()), own }
    }
}

impl TryFrom<StoredReason> for RecordedReason {
    type Error = CodecError;

    fn try_from(stored: StoredReason) -> Result<Self, CodecError> {
        let StoredReason { reason, rule, own } = stored;
        let of_engine = numbered(reason, "reason.reason")?;
        let own = optional_nested::<_, OwnReason>(own)?;
        Ok(Self { reason: own.map_or(of_engine, Reason::Own), rule: required(rule, "reason.rule")? })
    }
}

impl TryFrom<StoredOwnReason> for OwnReason {
    type Error = CodecError;

    fn try_from(stored: StoredOwnReason) -> Result<Self, CodecError> {
        let StoredOwnReason { code, meaning, class, told } = stored;
        let (code, meaning) = (required(code, "own.code")?, required(meaning, "own.meaning")?);
        let (class, told) = (numbered(class, "own.class")?, numbered(told, "own.told")?);
        Self::new(&code, &meaning, class, told)
            .map_err(|wrong| CodecError::Invalid { field: "own.code", expected: wrong.expected })
    }
}

impl From<&RecordedContribution> for StoredContribution {
    fn from(contribution: &RecordedContribution) -> Self {
        let RecordedContribution { rule, effect } = contribution;
        let effect = match effect {
            Effect::Points(points) => StoredEffect::Points(*points),
            Effect::AtLeast(level) => StoredEffect::AtLeast(level.number()),
            Effect::Wait(wait) => StoredEffect::WaitMillis(wait.num_milliseconds()),
            Effect::Deny => StoredEffect::Deny(()),
        };
        Self { rule: Some(rule.to_owned()), effect: Some(effect) }
    }
}

impl TryFrom<StoredContribution> for RecordedContribution {
    type Error = CodecError;

    fn try_from(stored: StoredContribution) -> Result<Self, CodecError> {
        let StoredContribution { rule, effect } = stored;
        let effect = match required(effect, "contribution.effect")? {
            StoredEffect::Points(points) => Effect::Points(points),
            StoredEffect::AtLeast(level) => Effect::AtLeast(of_number(level, "contribution.at_least")?),
            StoredEffect::WaitMillis(wait) => Effect::Wait(
                TimeDelta::try_milliseconds(wait)
                    .ok_or(CodecError::Invalid { field: "contribution.wait", expected: "must be a time" })?,
            ),
            StoredEffect::Deny(()) => Effect::Deny,
        };
        Ok(Self { rule: required(rule, "contribution.rule")?, effect })
    }
}

impl From<&FactorOption> for StoredOption {
    fn from(option: &FactorOption) -> Self {
        let FactorOption { factor, usability } = option;
        let usability = match usability {
            Usability::Usable => StoredUsability::Usable(()),
            Usability::NotBefore(at, reason) => {
                StoredUsability::NotBefore(StoredNotBefore { at: Some(millis(*at)), reason: Some(number_of(*reason)) })
            }
            Usability::Unusable(reason) => StoredUsability::Unusable(reason.number()),
        };
        Self { factor: Some(number_of(*factor)), usability: Some(usability) }
    }
}

impl TryFrom<StoredOption> for FactorOption {
    type Error = CodecError;

    fn try_from(stored: StoredOption) -> Result<Self, CodecError> {
        let StoredOption { factor, usability } = stored;
        let usability = match required(usability, "option.usability")? {
            StoredUsability::Usable(()) => Usability::Usable,
            StoredUsability::NotBefore(StoredNotBefore { at, reason }) => {
                Usability::NotBefore(instant(at, "option.not_before")?, numbered(reason, "option.reason")?)
            }
            StoredUsability::Unusable(reason) => Usability::Unusable(of_number(reason, "option.reason")?),
        };
        Ok(Self { factor: numbered(factor, "option.factor")?, usability })
    }
}

impl From<&AnswerWindow> for StoredWindow {
    fn from(window: &AnswerWindow) -> Self {
        match window {
            AnswerWindow::Permit { not_before, expires_at, key_id, signing_key } => Self::Permit(StoredPermitWindow {
                not_before: Some(millis(*not_before)),
                expires_at: Some(millis(*expires_at)),
                key_id: Some(u32::from(*key_id)),
                signing_key: signing_key.map(u32::from),
            }),
            AnswerWindow::NoPermit => Self::NoPermit(()),
            AnswerWindow::OpenUntil(until) => Self::OpenUntil(millis(*until)),
            AnswerWindow::RetryAt(at) => Self::RetryAt(StoredRetry { at: at.map(millis) }),
        }
    }
}

impl TryFrom<StoredWindow> for AnswerWindow {
    type Error = CodecError;

    fn try_from(stored: StoredWindow) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredWindow::Permit(StoredPermitWindow { not_before, expires_at, key_id, signing_key }) => Self::Permit {
                not_before: instant(not_before, "window.not_before")?,
                expires_at: instant(expires_at, "window.expires_at")?,
                key_id: key(required(key_id, "window.key_id")?)?,
                signing_key: signing_key.map(key).transpose()?,
            },
            StoredWindow::NoPermit(()) => Self::NoPermit,
            StoredWindow::OpenUntil(until) => Self::OpenUntil(at(until, "window.open_until")?),
            StoredWindow::RetryAt(StoredRetry { at }) => Self::RetryAt(optional_instant(at, "window.retry_at")?),
        })
    }
}

fn key(number: u32) -> Result<u8, CodecError> {
    u8::try_from(number).map_err(|_| CodecError::UnknownNumber { field: "window.key_id", number })
}

impl From<&Made> for StoredMade {
    fn from(made: &Made) -> Self {
        match made {
            Made::Release(id) => Self::Release(id.to_bytes().to_vec()),
            Made::TransferPin(id) => Self::TransferPin(id.to_bytes().to_vec()),
            Made::Pin => Self::Pin(()),
            Made::Recovery => Self::Recovery(()),
        }
    }
}

impl TryFrom<StoredMade> for Made {
    type Error = CodecError;

    fn try_from(stored: StoredMade) -> Result<Self, CodecError> {
        Ok(match stored {
            StoredMade::Release(bytes) => Self::Release(id(Some(bytes), "made.release", ReleaseId::from_u128)?),
            StoredMade::TransferPin(bytes) => {
                Self::TransferPin(id(Some(bytes), "made.transfer_pin", TransferPinId::from_u128)?)
            }
            StoredMade::Pin(()) => Self::Pin,
            StoredMade::Recovery(()) => Self::Recovery,
        })
    }
}
