//! Locks and epochs.

use std::collections::BTreeMap;

use prost::{Message, Oneof};

use super::CodecError;
use super::field::{
    at, counted, digest, id, instant, millis, nested, number_of, numbered, of_number, optional_text, required,
};
use super::numbers::Numbered;
use crate::domain::{
    ChangeDigest, Flags, Held, Lock, LockName, Protection, RecordId, Release, ReleaseGuard, ReleaseId, ReleaseScope,
};

/// INVARIANT (fail-closed): the counts stand beside the lists, because a list that lost a lock reads like one that never had it.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredProtection {
    #[prost(message, repeated, tag = "1")]
    locks: Vec<StoredLock>,
    #[prost(uint64, optional, tag = "2")]
    locks_count: Option<u64>,
    // An epoch is an action and a sequence number: two lists of one length cost less than a list of messages.
    #[prost(uint32, repeated, tag = "3")]
    epoch_actions: Vec<u32>,
    #[prost(uint64, repeated, tag = "4")]
    epoch_seqs: Vec<u64>,
    #[prost(uint64, optional, tag = "5")]
    epochs_count: Option<u64>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredLock {
    #[prost(uint32, optional, tag = "1")]
    set: Option<u32>,
    #[prost(uint32, optional, tag = "2")]
    holder: Option<u32>,
    #[prost(oneof = "StoredLockState", tags = "3, 4, 5, 6")]
    state: Option<StoredLockState>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredLockState {
    #[prost(message, tag = "3")]
    Off(()),
    #[prost(message, tag = "4")]
    On(StoredHeld),
    #[prost(message, tag = "5")]
    Releasing(Box<StoredOpening>),
    #[prost(message, tag = "6")]
    Released(Box<StoredOpening>),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOpening {
    #[prost(message, optional, tag = "1")]
    held: Option<StoredHeld>,
    #[prost(message, optional, tag = "2")]
    release: Option<StoredRelease>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredHeld {
    #[prost(sint64, optional, tag = "1")]
    since: Option<i64>,
    #[prost(string, optional, tag = "2")]
    by: Option<String>,
    #[prost(string, optional, tag = "3")]
    reason: Option<String>,
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredRelease {
    #[prost(bytes = "vec", optional, tag = "1")]
    id: Option<Vec<u8>>,
    #[prost(sint64, optional, tag = "2")]
    proven_at: Option<i64>,
    #[prost(sint64, optional, tag = "3")]
    effective_at: Option<i64>,
    #[prost(sint64, optional, tag = "4")]
    relock_at: Option<i64>,
    #[prost(oneof = "StoredScope", tags = "5, 6")]
    scope: Option<StoredScope>,
    #[prost(uint32, optional, tag = "7")]
    via: Option<u32>,
    #[prost(string, optional, tag = "8")]
    device: Option<String>,
    #[prost(oneof = "StoredGuard", tags = "9, 10")]
    guard: Option<StoredGuard>,
    #[prost(bytes = "vec", optional, tag = "11")]
    decision: Option<Vec<u8>>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredScope {
    #[prost(message, tag = "5")]
    Window(()),
    #[prost(message, tag = "6")]
    Only(StoredOnly),
}

#[derive(Message)]
#[prost(skip_debug)]
struct StoredOnly {
    #[prost(bytes = "vec", optional, tag = "1")]
    change: Option<Vec<u8>>,
    #[prost(string, optional, tag = "2")]
    gaining_spid: Option<String>,
}

#[derive(Oneof)]
#[prost(skip_debug)]
enum StoredGuard {
    #[prost(sint64, tag = "9")]
    OtherChannelUntil(i64),
    #[prost(sint64, tag = "10")]
    DeniedUntilThenStrong(i64),
}

/// Marks of an account or a line.
#[derive(Message)]
#[prost(skip_debug)]
pub(super) struct StoredFlags {
    #[prost(bool, optional, tag = "1")]
    heightened: Option<bool>,
    #[prost(bool, optional, tag = "2")]
    victim: Option<bool>,
}

impl From<&Protection> for StoredProtection {
    fn from(protection: &Protection) -> Self {
        let locks: Vec<StoredLock> = protection.locks().map(StoredLock::from).collect();
        let (epoch_actions, epoch_seqs): (Vec<u32>, Vec<u64>) =
            protection.epochs().map(|(action, seq)| (Numbered::number(action), seq)).unzip();
        Self {
            locks_count: Some(locks.len() as u64),
            locks,
            epochs_count: Some(epoch_actions.len() as u64),
            epoch_actions,
            epoch_seqs,
        }
    }
}

impl TryFrom<StoredProtection> for Protection {
    type Error = CodecError;

    fn try_from(stored: StoredProtection) -> Result<Self, CodecError> {
        let StoredProtection { locks, locks_count, epoch_actions, epoch_seqs, epochs_count } = stored;
        counted(locks.len(), locks_count, "protection.locks")?;
        counted(epoch_actions.len(), epochs_count, "protection.epochs")?;
        counted(epoch_seqs.len(), epochs_count, "protection.epochs")?;
        let locks = unique(locks.into_iter().map(StoredLock::named), "protection.locks")?;
        let epochs = epoch_actions.into_iter().zip(epoch_seqs);
        let epoch = |(action, seq)| Ok((of_number(action, "protection.epochs")?, seq));
        Ok(Self::from_parts(locks, unique(epochs.map(epoch), "protection.epochs")?))
    }
}

/// Things by their names, each named once: of two that have one name, one would be lost.
fn unique<K: Ord, V>(
    entries: impl Iterator<Item = Result<(K, V), CodecError>>,
    field: &'static str,
) -> Result<BTreeMap<K, V>, CodecError> {
    let mut map = BTreeMap::new();
    for entry in entries {
        let (name, value) = entry?;
        if map.insert(name, value).is_some() {
            return Err(CodecError::Twice { field });
        }
    }
    Ok(map)
}

impl From<(LockName, &Lock)> for StoredLock {
    fn from(((set, holder), lock): (LockName, &Lock)) -> Self {
        let opening = |held, release| {
            Box::new(StoredOpening { held: Some(StoredHeld::from(held)), release: Some(StoredRelease::from(release)) })
        };
        let state = match lock {
            Lock::Off => StoredLockState::Off(()),
            Lock::On(held) => StoredLockState::On(held.into()),
            Lock::Releasing(held, release) => StoredLockState::Releasing(opening(held, release)),
            Lock::Released(held, release) => StoredLockState::Released(opening(held, release)),
        };
        Self { set: Some(number_of(set)), holder: Some(number_of(holder)), state: Some(state) }
    }
}

impl StoredLock {
    fn named(self) -> Result<(LockName, Lock), CodecError> {
        let Self { set, holder, state } = self;
        let name = (numbered(set, "lock.set")?, numbered(holder, "lock.holder")?);
        let lock = match required(state, "lock.state")? {
            StoredLockState::Off(()) => Lock::Off,
            StoredLockState::On(held) => Lock::On(held.try_into()?),
            StoredLockState::Releasing(opening) => {
                let (held, release) = open(*opening)?;
                Lock::Releasing(held, release)
            }
            StoredLockState::Released(opening) => {
                let (held, release) = open(*opening)?;
                Lock::Released(held, release)
            }
        };
        Ok((name, lock))
    }
}

fn open(opening: StoredOpening) -> Result<(Held, Release), CodecError> {
    let StoredOpening { held, release } = opening;
    Ok((nested(held, "lock.held")?, nested(release, "lock.release")?))
}

impl From<&Held> for StoredHeld {
    fn from(held: &Held) -> Self {
        let Held { since, by, reason } = held;
        Self {
            since: Some(millis(*since)),
            by: by.as_ref().map(|by| by.as_str().to_owned()),
            reason: reason.as_ref().map(|reason| reason.as_str().to_owned()),
        }
    }
}

impl TryFrom<StoredHeld> for Held {
    type Error = CodecError;

    fn try_from(stored: StoredHeld) -> Result<Self, CodecError> {
        let StoredHeld { since, by, reason } = stored;
        Ok(Self {
            since: instant(since, "held.since")?,
            by: optional_text(by, "held.by")?,
            reason: optional_text(reason, "held.reason")?,
        })
    }
}

impl From<&Release> for StoredRelease {
    fn from(release: &Release) -> Self {
        let Release { id, proven_at, effective_at, relock_at, scope, via, device, guard, decision } = release;
        Self {
            id: Some(id.to_bytes().to_vec()),
            proven_at: Some(millis(*proven_at)),
            effective_at: Some(millis(*effective_at)),
            relock_at: Some(millis(*relock_at)),
            scope: Some(match scope {
                ReleaseScope::Window => StoredScope::Window(()),
                ReleaseScope::Only(ChangeDigest(change), spid) => StoredScope::Only(StoredOnly {
                    change: Some(change.to_vec()),
                    gaining_spid: spid.as_ref().map(|spid| spid.as_str().to_owned()),
                }),
            }),
            via: Some(number_of(*via)),
            device: device.as_ref().map(|device| device.as_str().to_owned()),
            guard: Some(match guard {
                ReleaseGuard::OtherChannelUntil(until) => StoredGuard::OtherChannelUntil(millis(*until)),
                ReleaseGuard::DeniedUntilThenStrong(until) => StoredGuard::DeniedUntilThenStrong(millis(*until)),
            }),
            decision: Some(decision.to_bytes().to_vec()),
        }
    }
}

impl TryFrom<StoredRelease> for Release {
    type Error = CodecError;

    fn try_from(stored: StoredRelease) -> Result<Self, CodecError> {
        let StoredRelease { id: name, proven_at, effective_at, relock_at, scope, via, device, guard, decision } =
            stored;
        Ok(Self {
            id: id(name, "release.id", ReleaseId::from_u128)?,
            proven_at: instant(proven_at, "release.proven_at")?,
            effective_at: instant(effective_at, "release.effective_at")?,
            relock_at: instant(relock_at, "release.relock_at")?,
            scope: nested(scope, "release.scope")?,
            via: numbered(via, "release.via")?,
            device: optional_text(device, "release.device")?,
            guard: nested(guard, "release.guard")?,
            decision: id(decision, "release.decision", RecordId::from_u128)?,
        })
    }
}

impl TryFrom<StoredScope> for ReleaseScope {
    type Error = CodecError;

    fn try_from(stored: StoredScope) -> Result<Self, CodecError> {
        match stored {
            StoredScope::Window(()) => Ok(Self::Window),
            StoredScope::Only(StoredOnly { change, gaining_spid }) => Ok(Self::Only(
                ChangeDigest(digest(change, "release.change")?),
                optional_text(gaining_spid, "release.gaining_spid")?,
            )),
        }
    }
}

impl TryFrom<StoredGuard> for ReleaseGuard {
    type Error = CodecError;

    fn try_from(stored: StoredGuard) -> Result<Self, CodecError> {
        match stored {
            StoredGuard::OtherChannelUntil(until) => Ok(Self::OtherChannelUntil(at(until, "release.guard")?)),
            StoredGuard::DeniedUntilThenStrong(until) => Ok(Self::DeniedUntilThenStrong(at(until, "release.guard")?)),
        }
    }
}

impl From<&Flags> for StoredFlags {
    fn from(flags: &Flags) -> Self {
        let Flags { heightened, victim } = flags;
        Self { heightened: Some(*heightened), victim: Some(*victim) }
    }
}

impl TryFrom<StoredFlags> for Flags {
    type Error = CodecError;

    fn try_from(stored: StoredFlags) -> Result<Self, CodecError> {
        let StoredFlags { heightened, victim } = stored;
        Ok(Self { heightened: required(heightened, "flags.heightened")?, victim: required(victim, "flags.victim")? })
    }
}
