//! App keys taken off an account. They are added as any other change is: by an approval and its permit.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::ask::account_of;
use super::engine::Engine;
use super::error::ServiceError;
use super::refusal::Refusal;
use super::rights::{Authorised, right};
use super::taking_back::TakingBack;
use super::unbroken::Unbroken;
use crate::audit::Event;
use crate::domain::{Account, Action, Device, DeviceId, DeviceWaits, PersonRole, Requester, Role};

impl Engine {
    /// Takes an app key off an account; what was granted before is void. For as long as a new one waits, adding another asks for as much
    /// proof as it did with this one.
    pub async fn revoke_device(
        self: &Arc<Self>,
        who: Authorised<right::RevokeDevice>,
        taking: TakingBack<DeviceId>,
    ) -> Result<(), ServiceError> {
        let engine = Arc::clone(self);
        Unbroken::new(async move {
            let (now, waits) = (engine.now()?.instant(), engine.policy().device);
            let taken = engine.take_back(&who, &taking, now, |open| {
                let account = account_of(open)?;
                let device = account.device(&taking.id).ok_or(NO_DEVICE)?;
                check_may_revoke(account, who.requester(), device, waits, now)?;
                let seq = open.next_seq();
                let account = open.account_mut().ok_or(NO_DEVICE)?;
                account.revoke_device(&taking.id, now);
                // INVARIANT (permit-once): nothing that it approved outlives it.
                for action in Action::ALL {
                    account.protection.void(action, seq);
                }
                Ok((Event::DeviceRemoved { device: taking.id.clone() }, ()))
            });
            taken.await.map(|_: Option<()>| ())
        })
        .await
    }
}

const NO_DEVICE: ServiceError = ServiceError::NotFound("device");

/// The owner may take every key off, others their own. One that is known is taken off by who holds one that is, or by the fraud desk:
/// else a stolen sign-in would take the owner's word away, and then ask.
fn check_may_revoke(
    account: &Account,
    requester: &Requester,
    device: &Device,
    waits: DeviceWaits,
    now: DateTime<Utc>,
) -> Result<(), ServiceError> {
    if requester.role == Role::FraudOps {
        return Ok(());
    }
    let person = requester.person.as_ref().and_then(|person| account.person(person));
    let is_theirs = match person {
        Some(person) => person.role == PersonRole::Owner || person.id == device.person,
        // An administrator's token may name no person.
        None => requester.person.is_none() && requester.role == Role::BusinessAdmin,
    };
    if !is_theirs {
        return Err(ServiceError::Forbidden);
    }
    let held = requester.device.as_ref().and_then(|id| account.device(id));
    let is_new = |device: &Device| device.is_contestable(waits, now);
    let holds = |held: &Device| {
        let is_theirs = person.is_none_or(|person| person.id == held.person);
        // One that can still be contested itself takes no older one off.
        held.is_known(waits, now) && is_theirs && (!is_new(held) || is_new(device))
    };
    if !device.is_known(waits, now) || held.is_some_and(holds) {
        return Ok(());
    }
    Err(ServiceError::Refused(Refusal::DeviceKnown))
}
