//! A factor proves its person, and persons may do different things.

use super::facts::{Asker, PersonStanding};
use crate::domain::{Account, Action, Device, HolderName, LineId, PersonId, PersonRole, Requester, Role};

/// The place of a person on an account, as far as one line goes.
pub(super) fn standing_of(account: &Account, person: &PersonId, line: &LineId) -> PersonStanding {
    let Some(person) = account.person(person) else { return PersonStanding::Stranger };
    let named = person.lines.contains(line);
    match (person.role, named) {
        (PersonRole::Owner, _) => PersonStanding::Owner,
        (PersonRole::AuthorisedUser, true) => PersonStanding::AuthorisedForLine,
        (PersonRole::AuthorisedUser, false) => PersonStanding::AuthorisedElsewhere,
        (PersonRole::LineUser, true) => PersonStanding::CarriesLine,
        (PersonRole::LineUser, false) => PersonStanding::Stranger,
    }
}

/// What kind of identity asks. A customer of another account, or without a person, is a stranger.
pub(super) fn asker_of(requester: &Requester, account: &Account, line: &LineId) -> Asker {
    let on_account = requester.account.as_ref().is_none_or(|id| *id == account.id);
    match requester.role {
        Role::Customer | Role::BusinessAdmin => Asker::Customer(match &requester.person {
            _ if !on_account => PersonStanding::Stranger,
            Some(person) => standing_of(account, person, line),
            // An administrator's token may name no person; they act for the business's lines and own nothing.
            None if requester.role == Role::BusinessAdmin && requester.account.is_some() => {
                PersonStanding::AuthorisedForLine
            }
            None => PersonStanding::Stranger,
        }),
        Role::PinPad | Role::Ivr => Asker::CustomerEntry,
        Role::RetailAgent | Role::RetailManager | Role::CareAgent => Asker::Staff,
        Role::PortingSystem => Asker::Carrier,
        Role::Provisioning
        | Role::NetworkSignals
        | Role::FraudOps
        | Role::Auditor
        | Role::RelyingParty
        | Role::Admin => Asker::System,
    }
}

/// Whether only the owner's factors count for an action.
pub(super) const fn is_owners(action: Action) -> bool {
    matches!(action, Action::LockRelease | Action::PinChange | Action::ContactChange | Action::OwnerChange)
}

/// Whether a person's own approval counts for an action.
pub(super) const fn approval_counts(person: PersonStanding, action: Action) -> bool {
    match person {
        PersonStanding::Owner => true,
        PersonStanding::AuthorisedForLine => !is_owners(action),
        // Who carries a line answers for that line, not for the account.
        PersonStanding::CarriesLine => {
            matches!(action, Action::SimChange | Action::PortOut | Action::CallForwardingSet)
        }
        PersonStanding::AuthorisedElsewhere | PersonStanding::Stranger => false,
    }
}

/// Whether an approval by a device's key counts for an action on a line that `asker` asks for.
pub fn key_counts(account: &Account, line: &LineId, action: Action, asker: &Requester, device: &Device) -> bool {
    person_counts(account, line, action, asker, &device.person)
}

/// Whether what proves a person counts for an action on a line that `asker` asks for.
pub fn person_counts(account: &Account, line: &LineId, action: Action, asker: &Requester, person: &PersonId) -> bool {
    let standing = standing_of(account, person, line);
    // A key is its person's: nobody but the owner lets one in for another.
    let for_themselves =
        standing == PersonStanding::Owner || action != Action::DeviceAdd || asker.person.as_ref() == Some(person);
    for_themselves && approval_counts(standing, action)
}

/// Whose a document is, of those whose proof counts and who have a name on record; an error where nobody has one.
pub fn holder_of<'a>(
    account: &'a Account,
    line: &LineId,
    action: Action,
    asker: &Requester,
    holder: &HolderName,
) -> Result<Option<&'a PersonId>, NobodyNamed> {
    let counting = account.persons.iter().filter(|person| person_counts(account, line, action, asker, &person.id));
    let mut named = counting.filter_map(|person| Some((&person.id, person.name.as_ref()?))).peekable();
    named.peek().ok_or(NobodyNamed)?;
    Ok(named.find(|(_, name)| holder.matches(name)).map(|(person, _)| person))
}

/// Nobody whose proof counts has a name on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NobodyNamed;

/// Whether an account PIN counts as proof when this identity enters it. How it was entered comes from the identity, never from
/// a field: typed by staff it is matched and proves nothing.
pub(super) const fn pin_entry_counts(asker: Asker, action: Action, transfer_pins_issued: bool) -> bool {
    if matches!(action, Action::PortOut) {
        // Carriers that issue no transfer PINs take the account PIN, as the gaining carrier passes it on.
        return !transfer_pins_issued && matches!(asker, Asker::Carrier | Asker::CustomerEntry);
    }
    match asker {
        Asker::CustomerEntry => true,
        // The PIN is the account's, so it is no proof of one who merely carries a line.
        Asker::Customer(PersonStanding::CarriesLine) => false,
        Asker::Customer(person) => approval_counts(person, action),
        Asker::Staff | Asker::Carrier | Asker::System => false,
    }
}
