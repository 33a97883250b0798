//! What the store knew at the moment of a decision, and what time alone has changed since.

use chrono::{DateTime, Utc};

use super::protection::NamedStep;
use super::{Account, Credentials, Device, DeviceId, HoldKind, Line, RegisteredStore, Velocity};

/// Everything a decision rests on besides the request.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    /// The account, due changes applied.
    pub account: &'a Account,
    /// Its secrets' records.
    pub credentials: &'a Credentials,
    /// The line, due changes applied. For a change of the whole account, a stand-in.
    pub line: &'a Line,
    /// Whether the line is really there. An unknown line is decided with the same steps and answered like a known one.
    pub standing: Standing,
    /// Failed attempts at the account PIN before this one, oldest first.
    pub pin_failures: &'a [DateTime<Utc>],
    /// Failed attempts at transfer PINs of the account before this one, oldest first.
    pub transfer_pin_failures: &'a [DateTime<Utc>],
    /// What windows over many accounts say, this request included.
    pub velocity: &'a Velocity,
    /// The store that it comes from, where its operator registered that one.
    pub store: Option<&'a RegisteredStore>,
    /// What of the request is held: who asks, where they ask, or the carrier that gains.
    pub held: Option<HoldKind>,
    /// The latest instant at which a breach may have taken the account's secrets.
    pub breached_until: Option<DateTime<Utc>>,
}

/// Whether a line is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Known,
    /// It is not: a phantom stands in its place.
    Unknown,
}

/// What time alone did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueStep {
    /// A lock changed.
    Lock {
        /// Whether it was the account's lock or the line's.
        scope: StepScope,
        /// What happened.
        named: NamedStep,
    },
    /// A new device still waits to be known: its account's people are told again.
    DeviceWaits {
        /// When it was to be told.
        at: DateTime<Utc>,
        /// Which.
        device: DeviceId,
    },
}

impl DueStep {
    /// When it fell due.
    pub const fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Lock { named, .. } => named.step.at,
            Self::DeviceWaits { at, .. } => *at,
        }
    }

    /// Whether it is of the account or of the line.
    pub const fn scope(&self) -> StepScope {
        match self {
            Self::Lock { scope, .. } => *scope,
            Self::DeviceWaits { .. } => StepScope::Account,
        }
    }
}

/// Whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepScope {
    /// The account's.
    Account,
    /// The line's.
    Line,
}

/// Applies to an account and a line all that has fallen due by `now`, in order of their instants.
///
/// INVARIANT (time-is-an-argument): expiry is computed here from stored instants, so every store behaves alike.
pub fn advance(account: &mut Account, line: Option<&mut Line>, now: DateTime<Utc>) -> Vec<DueStep> {
    let seq = account.chain.seq;
    let tag = |scope| move |named| DueStep::Lock { scope, named };
    let mut steps: Vec<DueStep> =
        account.protection.advance(now, seq).into_iter().map(tag(StepScope::Account)).collect();
    if let Some(line) = line {
        steps.extend(line.protection.advance(now, seq).into_iter().map(tag(StepScope::Line)));
    }
    steps.extend(account.devices.iter_mut().flat_map(|device| remind(device, now)));
    steps.sort_by_key(DueStep::at);
    steps
}

/// All that should have been told of a device by now.
fn remind(device: &mut Device, now: DateTime<Utc>) -> Vec<DueStep> {
    let mut steps = Vec::new();
    while let Some(at) = device.remind_at.filter(|at| *at <= now) {
        device.remind_at = Device::next_reminder(device.added_at, at);
        steps.push(DueStep::DeviceWaits { at, device: device.id.clone() });
    }
    steps
}
