//! What a code sent to a contact proves: P5, channels under attack.

use chrono::{DateTime, TimeDelta, Utc};

use super::document::Policy;
use super::facts::{Asker, AskerDevice, PersonStanding, Seen};
use super::persons;
use super::request::Request;
use crate::domain::{
    Action, Change, Contact, ContactId, ContactKind, ContactValue, LineStatus, Person, Reason, SimChangeCause, Snapshot,
};

/// What a code sent to a contact proves now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactFitness {
    /// That who reads it has the contact.
    Fit,
    /// The same, but only beside a factor of another class.
    Beside,
    /// Nothing before this instant.
    NotBefore(DateTime<Utc>),
    /// Nothing.
    Unfit,
}

impl ContactFitness {
    /// The better of two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::NotBefore(one), Self::NotBefore(another)) => Self::NotBefore(one.min(another)),
            (one, another) if one.rank() <= another.rank() => one,
            (_, another) => another,
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Fit => 0,
            Self::Beside => 1,
            Self::NotBefore(_) => 2,
            Self::Unfit => 3,
        }
    }

    /// Why a code is not sent there.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Fit | Self::Beside => None,
            Self::NotBefore(_) | Self::Unfit => Some(Reason::ContactUnusable),
        }
    }
}

/// To whom a code for a change can go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeTargets {
    /// The contacts, and what a code would prove that is sent there.
    pub contacts: Vec<(Contact, ContactFitness)>,
    /// Whether the owner asks, on a known device: what they start themselves prompts them as often as they like.
    pub for_owner: bool,
}

/// To whom a code for the change that is asked can go. `snapshot` has its due changes applied.
pub fn code_targets(
    policy: &Policy,
    request: &Request<'_>,
    snapshot: &Snapshot<'_>,
    now: DateTime<Utc>,
) -> CodeTargets {
    let seen = Seen { policy, request, snapshot: *snapshot, now };
    let asker = persons::asker_of(request.requester, snapshot.account, &snapshot.line.id);
    CodeTargets {
        contacts: seen.contacts().map(|(contact, fitness)| (contact.clone(), fitness)).collect(),
        for_owner: asker == Asker::Customer(PersonStanding::Owner) && seen.asker_device(asker) == AskerDevice::Known,
    }
}

impl<'a> Seen<'a> {
    /// The contacts to which a code for this change can go at all, and what one would prove.
    ///
    /// INVARIANT (fail-closed): a contact proves its person, and a person counts for a code for what they count for with a key.
    pub(in crate::policy) fn contacts(&self) -> impl Iterator<Item = (&'a Contact, ContactFitness)> {
        let seen = *self;
        let persons = seen.snapshot.account.persons.iter().filter(move |person| seen.person_counts(person));
        let contacts = persons.flat_map(|person| &person.contacts);
        let reached = contacts.filter(|contact| contact.ended.is_none() && contact.value.kind() != ContactKind::Postal);
        reached.map(move |contact| (contact, seen.contact_fitness(contact)))
    }

    /// What the best of them would prove.
    pub(in crate::policy) fn best_contact(&self) -> ContactFitness {
        self.contacts().map(|(_, fitness)| fitness).fold(ContactFitness::Unfit, ContactFitness::or)
    }

    /// What a code sent to one of them proves; nothing where it is none of them.
    pub(in crate::policy) fn fitness_of(&self, id: &ContactId) -> ContactFitness {
        let found = self.contacts().find(|(contact, _)| contact.id == *id);
        found.map_or(ContactFitness::Unfit, |(_, fitness)| fitness)
    }

    fn person_counts(&self, person: &Person) -> bool {
        let (line, action) = (&self.snapshot.line.id, self.request.change.action());
        persons::person_counts(self.snapshot.account, line, action, self.request.requester, &person.id)
    }

    fn contact_fitness(&self, contact: &Contact) -> ContactFitness {
        let (knobs, snapshot) = (&self.policy.contact, &self.snapshot);
        let kind = contact.value.kind();
        // What the account was opened with did not change, whenever that was.
        let ever_changed = snapshot.credentials.history.contacts_changed.of(kind).is_some();
        let changed = ever_changed.then_some(contact.since);
        let used = snapshot.account.resets.iter().filter(|reset| self.is_same_place(reset.mailbox.as_ref(), contact));
        let forwarded = snapshot.line.forwarding_set_at.filter(|_| kind == ContactKind::Voice);
        let rests = [
            rest(changed, knobs.usable_after),
            rest(used.map(|reset| reset.at).max(), knobs.mailbox_used),
            rest(forwarded, knobs.forwarding_set),
        ];
        let fitness = match self.is_own_number(contact) {
            true if self.own_number_is_lost() => ContactFitness::Unfit,
            true => match snapshot.line.sim_changed_at().map(|at| at + knobs.sim_changed) {
                Some(until) if self.now <= until => ContactFitness::NotBefore(super::rules::just_after(until)),
                // Who has the line, or is about to, reads what is sent there.
                _ if matches!(self.request.change.action(), Action::SimChange | Action::PortOut) => {
                    ContactFitness::Beside
                }
                _ => ContactFitness::Fit,
            },
            false => ContactFitness::Fit,
        };
        let young = changed.is_some_and(|at| self.now - at <= knobs.alone_after);
        let fitness = if young && fitness == ContactFitness::Fit { ContactFitness::Beside } else { fitness };
        let until = rests.into_iter().flatten().max().filter(|until| self.now <= *until);
        match (until.map(super::rules::just_after), fitness) {
            (None, fitness) => fitness,
            (Some(until), ContactFitness::NotBefore(other)) => ContactFitness::NotBefore(until.max(other)),
            (Some(_), ContactFitness::Unfit) => ContactFitness::Unfit,
            (Some(until), ContactFitness::Fit | ContactFitness::Beside) => ContactFitness::NotBefore(until),
        }
    }

    /// Whether a reset went to that contact, under whatever name the place is kept.
    fn is_same_place(&self, mailbox: Option<&ContactId>, contact: &Contact) -> bool {
        let Some(mailbox) = mailbox else { return false };
        let all = self.snapshot.account.persons.iter().flat_map(|person| &person.contacts);
        *mailbox == contact.id || all.filter(|known| known.id == *mailbox).any(|known| known.value == contact.value)
    }

    /// Whether the contact is the line that is to be changed.
    fn is_own_number(&self, contact: &Contact) -> bool {
        match &contact.value {
            ContactValue::Sms(number) | ContactValue::Voice(number) => *number == self.snapshot.line.msisdn,
            ContactValue::Email(_) | ContactValue::Postal(_) => false,
        }
    }

    /// Whether the line is said not to be with its people, or is somebody else's by now.
    fn own_number_is_lost(&self) -> bool {
        let cause = match &self.request.change {
            Change::Sim(sim) => Some(sim.cause),
            _ => None,
        };
        let (line, history) = (self.snapshot.line, &self.snapshot.credentials.history);
        matches!(cause, Some(SimChangeCause::Lost | SimChangeCause::Stolen | SimChangeCause::Broken))
            || line.status != LineStatus::Active
            || history.number_ended_at(&line.id).is_some()
    }
}

/// Until when something that happened still counts.
fn rest(at: Option<DateTime<Utc>>, lasts: TimeDelta) -> Option<DateTime<Utc>> {
    at.map(|at| at + lasts)
}
