//! What a code sent to a contact proves, and whom a notice goes to: P5, channels under attack.

use chrono::{DateTime, TimeDelta, Utc};

use super::document::{ContactKnobs, Policy};
use super::facts::{Asker, AskerDevice, PersonStanding, Seen};
use super::persons;
use super::request::Request;
use crate::domain::{
    Account, Action, Contact, ContactId, ContactKind, ContactValue, History, Line, LineStatus, Person, PersonRole,
    Reason, SimChangeCause, Snapshot,
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
        let (reach, knobs) = (self.reach(), &self.policy.contact);
        let changed = reach.changed_at(contact);
        let attacked = match reach.attack(contact) {
            Attack::Lasting => return ContactFitness::Unfit,
            Attack::Until(until) => Some(until),
            Attack::None => None,
        };
        let rests = [attacked, rest(changed, knobs.usable_after)];
        if let Some(until) = rests.into_iter().flatten().max().filter(|until| self.now <= *until) {
            return ContactFitness::NotBefore(super::rules::just_after(until));
        }
        // Who has the line, or is about to, reads what is sent there.
        let is_moved = matches!(self.request.change.action(), Action::SimChange | Action::PortOut);
        let is_beside = reach.is_young(contact) || (is_moved && reach.is_own_number(&contact.value));
        if is_beside { ContactFitness::Beside } else { ContactFitness::Fit }
    }

    fn reach(&self) -> Reach<'_> {
        Reach {
            knobs: &self.policy.contact,
            account: self.snapshot.account,
            history: &self.snapshot.credentials.history,
            lines: std::slice::from_ref(&self.snapshot.line),
            cause: self.request.change.sim_cause(),
            now: self.now,
        }
    }
}

/// What happened around the contacts of an account, and to the lines that something is about.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    /// For how long what happened matters.
    pub knobs: &'a ContactKnobs,
    /// The account.
    pub account: &'a Account,
    /// What happened on it.
    pub history: &'a History,
    /// The lines that it is about.
    pub lines: &'a [&'a Line],
    /// Why a SIM is to be changed, where one is and that is believed.
    pub cause: Option<SimChangeCause>,
    /// When.
    pub now: DateTime<Utc>,
}

/// Whether others may read what is sent to a contact.
enum Attack {
    /// Nothing says so.
    None,
    /// They may, up to and including this instant.
    Until(DateTime<Utc>),
    /// They may, and no time ends it.
    Lasting,
}

impl Reach<'_> {
    /// When it came to be what it is; nothing where the account was opened with it, whenever that was.
    fn changed_at(&self, contact: &Contact) -> Option<DateTime<Utc>> {
        self.history.contacts_changed.of(contact.value.kind()).map(|_| contact.since)
    }

    fn attack(&self, contact: &Contact) -> Attack {
        let used = self.account.resets.iter().filter(|reset| self.is_same_place(reset.mailbox.as_ref(), contact));
        self.attack_of(&contact.value, used.map(|reset| reset.at).max())
    }

    fn attack_of(&self, value: &ContactValue, used_at: Option<DateTime<Utc>>) -> Attack {
        let (knobs, own) = (self.knobs, self.own_number(value));
        if own.is_some_and(|line| self.is_lost(line)) {
            return Attack::Lasting;
        }
        let forwarded = self.lines.iter().filter_map(|line| line.forwarding_set_at).max();
        let rests = [
            rest(used_at, knobs.mailbox_used),
            rest(forwarded.filter(|_| value.kind() == ContactKind::Voice), knobs.forwarding_set),
            own.and_then(|line| self.sim_rest(line)),
        ];
        let until = rests.into_iter().flatten().max().filter(|until| self.now <= *until);
        until.map_or(Attack::None, Attack::Until)
    }

    /// Until when a line's SIM is too new to be sent a code. One that is back on its own is the customer's again.
    fn sim_rest(&self, line: &Line) -> Option<DateTime<Utc>> {
        match line.went_back_at() {
            Some(at) => rest(Some(at), self.knobs.went_back),
            None => rest(line.sim_changed_at(), self.knobs.sim_changed),
        }
    }

    /// Whether a reset went to that contact, under whatever name the place is kept.
    fn is_same_place(&self, mailbox: Option<&ContactId>, contact: &Contact) -> bool {
        let Some(mailbox) = mailbox else { return false };
        let all = self.account.persons.iter().flat_map(|person| &person.contacts);
        *mailbox == contact.id || all.filter(|known| known.id == *mailbox).any(|known| known.value == contact.value)
    }

    fn is_own_number(&self, value: &ContactValue) -> bool {
        self.own_number(value).is_some()
    }

    /// The line that the contact is, of those that it is about.
    fn own_number(&self, value: &ContactValue) -> Option<&Line> {
        value.number().and_then(|number| self.lines.iter().copied().find(|line| line.msisdn == number))
    }

    /// Whether a line's number may be another customer's by now. One that left for another carrier is its people's still, or whose
    /// who took it.
    fn is_strangers(&self, line: &Line) -> bool {
        matches!(line.status, LineStatus::Closed | LineStatus::Moved)
            || self.history.number_ended_at(&line.id).is_some()
    }

    /// Whether a line is said not to be with its people, or is somebody else's by now.
    fn is_lost(&self, line: &Line) -> bool {
        use SimChangeCause::{Broken, Lost, Stolen};
        let is_gone = line.status != LineStatus::Active || self.history.number_ended_at(&line.id).is_some();
        matches!(self.cause, Some(Lost | Stolen | Broken)) || is_gone
    }
}

/// Whom a notice is for, besides the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticePeople {
    /// Those that a line is named to.
    OfLine,
    /// Authorised users.
    OfAccount,
    /// All that there are: somebody else may be the owner by now.
    Everybody,
}

/// Where a notice may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeTarget {
    /// The contact; none where it is a line itself.
    pub id: Option<ContactId>,
    /// Where.
    pub value: ContactValue,
    /// How it stands.
    pub standing: TargetStanding,
}

/// Who may read what is sent to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetStanding {
    /// Its people, as they did for long.
    Safe,
    /// Whoever it was changed for, lately.
    Young,
    /// Others too.
    Attacked,
}

/// To so many places a notice goes at most.
const TARGETS_MAX: usize = 32;

impl Reach<'_> {
    /// Whom a notice can go to: every way to reach the people whom it is for, what was taken off so lately that what took its
    /// place does not count alone, and the lines themselves. Those come first that are there and were there longest.
    ///
    /// Deliberately not among them: letters, which come too late, and numbers that are no longer the account's.
    pub fn notice_targets(&self, people: NoticePeople) -> Vec<NoticeTarget> {
        let is_told = |person: &&Person| match (person.role, people) {
            (PersonRole::Owner, _) | (_, NoticePeople::Everybody) => true,
            (role, NoticePeople::OfAccount) => role == PersonRole::AuthorisedUser,
            (_, NoticePeople::OfLine) => self.lines.iter().any(|line| person.lines.contains(&line.id)),
        };
        let is_on_record = |contact: &&Contact| {
            let is_lately = |ended| self.now.signed_duration_since(ended) <= self.knobs.alone_after;
            contact.value.kind() != ContactKind::Postal && contact.ended.is_none_or(is_lately)
        };
        let persons = self.account.persons.iter().filter(is_told);
        let mut contacts: Vec<&Contact> = persons.flat_map(|person| &person.contacts).filter(is_on_record).collect();
        contacts.sort_by_key(|contact| (contact.ended.is_some(), contact.since));
        let contacts = contacts.into_iter().filter_map(|contact| {
            if self.own_number(&contact.value).is_some_and(|line| self.is_strangers(line)) {
                return None;
            }
            let standing = match self.attack(contact) {
                Attack::Lasting | Attack::Until(_) => TargetStanding::Attacked,
                Attack::None if self.is_young(contact) => TargetStanding::Young,
                Attack::None => TargetStanding::Safe,
            };
            Some(NoticeTarget { id: Some(contact.id.clone()), value: contact.value.clone(), standing })
        });
        let lines = self.lines.iter().filter_map(|line| {
            if self.is_strangers(line) {
                return None;
            }
            let value = ContactValue::Sms(line.msisdn);
            let standing = match self.attack_of(&value, None) {
                Attack::Lasting | Attack::Until(_) => TargetStanding::Attacked,
                Attack::None => TargetStanding::Safe,
            };
            Some(NoticeTarget { id: None, value, standing })
        });
        let mut targets: Vec<NoticeTarget> = Vec::new();
        for target in lines.chain(contacts) {
            let room = targets.len() < TARGETS_MAX;
            match targets.iter_mut().find(|known| known.value == target.value) {
                // A line that is a contact too goes by the contact's name.
                Some(known) => known.id = known.id.take().or(target.id),
                None if room => targets.push(target),
                None => {}
            }
        }
        targets
    }

    fn is_young(&self, contact: &Contact) -> bool {
        self.changed_at(contact).is_some_and(|at| self.now.signed_duration_since(at) <= self.knobs.alone_after)
    }
}

/// Until when something that happened still counts.
fn rest(at: Option<DateTime<Utc>>, lasts: TimeDelta) -> Option<DateTime<Utc>> {
    at.map(|at| at + lasts)
}
