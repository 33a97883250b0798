//! Keys and their upkeep. No key's material is within reach here.

use chrono::DateTime;

use crate::crypto::{KeyId, KeyState, Purpose, Token};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::{HeldKey, KeyUse, UpkeepStep};

/// A key that the service started with.
pub(in crate::grpc) fn held_key(held: &HeldKey) -> pb::Key {
    let HeldKey { info, mark } = held;
    pb::Key {
        purpose: purpose(info.purpose).into(),
        number: i32::from(info.id),
        active: info.state == KeyState::Active,
        create_time: Some(timestamp(info.created)),
        key_id: info.key_id.as_ref().map(KeyId::to_string).unwrap_or_default(),
        mark: mark_text(mark),
    }
}

/// A mark as it travels.
fn mark_text(mark: &Token) -> String {
    format!("{:032x}", u128::from_be_bytes(*mark.as_bytes()))
}

/// How far counting is.
pub(in crate::grpc) fn key_uses(step: UpkeepStep) -> pb::CountKeyUsesResponse {
    let bodies_read = read(&step);
    match step {
        UpkeepStep::Counted { uses, .. } => {
            pb::CountKeyUsesResponse { bodies_read, done: true, uses: uses.into_iter().map(key_use).collect() }
        }
        _ => pb::CountKeyUsesResponse { bodies_read, done: false, uses: Vec::new() },
    }
}

/// How far sealing anew is.
pub(in crate::grpc) fn resealed(step: UpkeepStep) -> pb::ResealResponse {
    let bodies_read = read(&step);
    let (bodies_resealed, done) = match step {
        UpkeepStep::Going { resealed, .. } => (resealed, false),
        UpkeepStep::Resealed { resealed, .. } => (resealed, true),
        UpkeepStep::Counted { .. } | UpkeepStep::Retired { .. } | UpkeepStep::InUse { .. } => (0, false),
    };
    pb::ResealResponse { bodies_read, bodies_resealed: whole(bodies_resealed), done }
}

/// How far doing without a key is.
pub(in crate::grpc) fn retired_key(step: UpkeepStep) -> pb::RetireKeyResponse {
    let bodies_read = read(&step);
    let (done, by) = match step {
        UpkeepStep::Retired { .. } => (true, None),
        UpkeepStep::InUse { by, .. } => (true, Some(key_use(by))),
        UpkeepStep::Going { .. } | UpkeepStep::Resealed { .. } | UpkeepStep::Counted { .. } => (false, None),
    };
    pb::RetireKeyResponse { bodies_read, done, r#use: by }
}

fn key_use(found: KeyUse) -> pb::KeyUse {
    let KeyUse { purpose: what, number, uses, free_at } = found;
    let free_time = free_at.map(|at: DateTime<_>| timestamp(at));
    pb::KeyUse { purpose: purpose(what).into(), number: i32::from(number), uses: whole(uses), free_time }
}

const fn read(step: &UpkeepStep) -> i64 {
    let (UpkeepStep::Going { read, .. }
    | UpkeepStep::Resealed { read, .. }
    | UpkeepStep::Counted { read, .. }
    | UpkeepStep::Retired { read }
    | UpkeepStep::InUse { read, .. }) = step;
    read.cast_signed()
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A purpose on the wire.
const fn purpose(purpose: Purpose) -> pb::KeyPurpose {
    match purpose {
        Purpose::Index => pb::KeyPurpose::Index,
        Purpose::Pepper => pb::KeyPurpose::Pepper,
        Purpose::Seal => pb::KeyPurpose::Seal,
        Purpose::Permit => pb::KeyPurpose::Permit,
        Purpose::PermitSigning => pb::KeyPurpose::PermitSigning,
        Purpose::RecordSigning => pb::KeyPurpose::RecordSigning,
    }
}
