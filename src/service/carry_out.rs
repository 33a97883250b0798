//! What a redeemed change leaves in the engine's own records.

use chrono::{DateTime, Utc};

use crate::crypto::Token;
use crate::domain::{
    Account, Action, Change, Channel, ContactChange, ContactKind, ContactValue, Device, DeviceId, Line, LineStatus,
    OwnerChange, PermitState, RecordId, Requester, Reset, ResetKind, SimChange, TransferPinState,
};
use crate::store::OpenAccount;

/// A change being carried out under a permit.
pub(super) struct Carried<'a> {
    pub decision: RecordId,
    pub change: &'a Change,
    pub redemption: RecordId,
    pub requester: &'a Requester,
    /// Whether a known device approved it.
    pub vouched: bool,
    pub now: DateTime<Utc>,
}

/// Marks the permit used, uses up the transfer PIN it rested on, re-locks a release that was for this change only, and
/// writes down what the change does to account and line. Whether it took the line back after a disputed SIM change, with the lock on.
pub(super) fn carry_out(open: &mut OpenAccount, line: Token, carried: &Carried<'_>) -> bool {
    let Carried { decision, change, redemption, now, .. } = *carried;
    let Some(permit) = open.permit_mut(decision) else { return false };
    permit.state = PermitState::Redeemed { at: now, redemption };
    let (transfer_pin, via, digest) = (permit.transfer_pin, permit.via, permit.change);
    if let Some(id) = transfer_pin
        && let Some(credentials) = open.credentials_mut()
    {
        let pins = credentials.transfer_pins.iter_mut().filter(|pin| pin.id == id);
        pins.for_each(|pin| pin.state = TransferPinState::Used { at: now });
    }
    if let Change::Contact(contact) = change {
        note_contact(open, contact, now);
    }
    let seq = open.next_seq();
    if let (Some(account), Some(line)) = open.account_and_line_mut(line) {
        let goes_back = line.way_back(change, now).map(|recovery| recovery.back_to.clone());
        account.protection.consume(&digest, seq);
        line.protection.consume(&digest, seq);
        apply(account, line, carried, via);
        // What another engine told meanwhile may be the later change: then it is not back.
        if goes_back.is_some_and(|sim| line.is_on(&sim)) {
            line.went_back(now, seq);
            return true;
        }
        if change.action() == Action::PortOut {
            // Nothing granted for a line outlives its leaving.
            for action in Action::ALL {
                line.protection.void(action, seq);
            }
        }
    }
    false
}

/// What kind of contact changes, to what it becomes and from what it was. One that nobody knows may be any.
fn note_contact(open: &mut OpenAccount, contact: &ContactChange, now: DateTime<Utc>) {
    let persons = open.account().map(|account| account.persons.as_slice()).unwrap_or_default();
    let all = persons.iter().flat_map(|person| &person.contacts);
    let before = all.filter(|known| known.id == contact.contact && known.ended.is_none()).map(|known| &known.value);
    let kinds: Vec<ContactKind> = before.chain(&contact.value).map(ContactValue::kind).collect();
    let Some(credentials) = open.credentials_mut() else { return };
    let times = &mut credentials.history.contacts_changed;
    if kinds.is_empty() {
        times.note(None, now);
    }
    for kind in kinds {
        times.note(Some(kind), now);
    }
}

fn apply(account: &mut Account, line: &mut Line, carried: &Carried<'_>, via: Channel) {
    let now = carried.now;
    match carried.change {
        Change::Sim(SimChange { target, imei, .. }) => {
            line.change_sim(target.clone(), imei.clone(), now);
            if line.is_on(target) {
                line.lift_bar();
            }
        }
        Change::PortOut(_) => line.status = LineStatus::PortedOut,
        Change::CallForwarding { .. } => line.forward(now),
        Change::Contact(contact) => {
            account.change_contact(&contact.contact, contact.value.clone(), now);
            account.note_reset(Reset { at: now, kind: ResetKind::Contact, via, mailbox: None });
        }
        Change::DeviceAdd { public_key_jwk, model } => {
            let (Some(person), Ok(id)) = (&carried.requester.person, DeviceId::parse(&carried.redemption.to_string()))
            else {
                return;
            };
            let (person, public_key_jwk, model) = (person.clone(), public_key_jwk.clone(), model.clone());
            let remind_at = Device::next_reminder(now, now);
            account.devices.push(Device {
                id,
                person,
                public_key_jwk,
                model,
                added_at: now,
                vouched: carried.vouched,
                revoked_at: None,
                remind_at,
            });
        }
        Change::Owner(OwnerChange::Role { person, role }) => {
            account.persons.iter_mut().filter(|known| known.id == *person).for_each(|known| known.role = *role);
        }
        Change::Owner(OwnerChange::Close) => line.status = LineStatus::Closed,
        // It arrives with `MoveLine`. From here on nothing answers for it on this account, and no lock is set on a row left behind.
        Change::Owner(OwnerChange::ToAccount { .. }) => line.status = LineStatus::Moved,
        // Carried out by use cases of their own.
        Change::TransferPinIssue { .. }
        | Change::LockRelease { .. }
        | Change::SwapReport { .. }
        | Change::PinChange => {}
    }
}
