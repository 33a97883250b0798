//! Locks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message as _;

use super::wire;
use crate::crypto::sha256_plain;
use crate::domain::{ChangeDigest, Held, Lock, LockName, Release, ReleaseGuard, ReleaseScope, Role};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::ProtectionView;

/// The locks of one scope, as a reader in `role` may see them.
pub(in crate::grpc) fn protection(view: &ProtectionView, role: Role) -> pb::Protection {
    use pb::protection::Scope;
    let scope = match &view.line {
        Some(line) => Scope::Line(by_subscription(line.as_str())),
        None => Scope::AccountId(view.account.as_str().to_owned()),
    };
    let locks = view.protection.locks().filter_map(|(name, lock)| told(name, lock, role)).collect();
    let shown = pb::Protection { scope: Some(scope), locks, etag: String::new(), as_of_time: None };
    pb::Protection { etag: etag(&shown.encode_to_vec()), as_of_time: Some(timestamp(view.as_of)), ..shown }
}

/// A line's name by its subscription.
pub(super) fn by_subscription(line: &str) -> pb::LineRef {
    pb::LineRef { r#ref: Some(pb::line_ref::Ref::LineId(line.to_owned())), ..pb::LineRef::default() }
}

/// A digest of what is shown, never a counter: it tells nothing of other lines.
pub(super) fn etag(shown: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sha256_plain(shown))
}

fn told((set, holder): LockName, lock: &Lock, role: Role) -> Option<pb::Lock> {
    let (held, release) = match lock {
        Lock::Off => return None,
        Lock::On(held) => (held, None),
        Lock::Releasing(held, release) | Lock::Released(held, release) => (held, Some(release)),
    };
    let Held { since, by, reason } = held;
    Some(pb::Lock {
        set: wire::lock_set(set),
        holder: wire::lock_holder(holder),
        since_time: Some(timestamp(*since)),
        placed_by: by.as_ref().filter(|_| knows_persons(role)).map_or_else(String::new, |by| by.as_str().to_owned()),
        release: release.map(release_told),
        reason_code: reason.as_ref().map_or_else(String::new, |reason| reason.as_str().to_owned()),
    })
}

/// Staff see that a lock is on, not who of a family placed it.
const fn knows_persons(role: Role) -> bool {
    matches!(role, Role::Customer | Role::BusinessAdmin | Role::FraudOps | Role::Auditor)
}

fn release_told(release: &Release) -> pb::Release {
    let (ReleaseGuard::OtherChannelUntil(guarded) | ReleaseGuard::DeniedUntilThenStrong(guarded)) = release.guard;
    pb::Release {
        release_id: release.id.to_string(),
        effective_time: Some(timestamp(release.effective_at)),
        guarded_until_time: Some(timestamp(guarded)),
        relock_time: Some(timestamp(release.relock_at)),
        only_for_digest: match release.scope {
            ReleaseScope::Window => Vec::new(),
            ReleaseScope::Only(ChangeDigest(digest), _) => digest.to_vec(),
        },
        decision_id: release.decision.to_string(),
    }
}
