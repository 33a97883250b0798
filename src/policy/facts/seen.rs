//! Reading single facts out of request and snapshot.

use chrono::{DateTime, TimeDelta, Utc};

use super::counts::Resets;
use super::{
    AppFact, Asker, AskerDevice, CodeFact, DocumentFact, Documents, Field, SignalSet, TransferPinFact, WayBackFact,
};
use crate::domain::{
    Account, Action, AppCheck, Change, Channel, CodeCheck, Device, DocumentCheck, Person, PersonId, PersonRole,
    Protection, Reason, Release, Roster, RosterStanding, Signal, SignalKind, SimChange, Snapshot, Stance, Standing,
    TransferPin, TransferPinCheck, TransferPinState, Usability,
};
use crate::policy::contacts::ContactFitness;
use crate::policy::document::{Policy, SignalName};
use crate::policy::request::Request;
use crate::policy::{PinFitness, attempts, persons};

/// What one decision looks at.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Seen<'a> {
    pub(in crate::policy) policy: &'a Policy,
    pub(in crate::policy) request: &'a Request<'a>,
    pub(in crate::policy) snapshot: Snapshot<'a>,
    pub(in crate::policy) now: DateTime<Utc>,
}

impl<'a> Seen<'a> {
    fn account(&self) -> &'a Account {
        self.snapshot.account
    }

    /// Whether a device has been on the account long enough.
    fn is_known(&self, device: &Device) -> bool {
        device.is_known(self.policy.device, self.now)
    }

    /// Whether the account has a known device, or had one until lately.
    pub(super) fn had_known_device(&self) -> bool {
        self.account().devices.iter().any(|device| device.was_known(self.policy.device, self.now))
    }

    /// How who asks stands to the roster.
    pub(in crate::policy) fn roster(&self) -> RosterStanding {
        let Request { requester, interaction, .. } = self.request;
        Roster::standing(requester, interaction, self.snapshot.store, self.now)
    }

    /// What a right account PIN is worth.
    pub(super) fn pin_fitness(&self) -> PinFitness {
        let Snapshot { account, credentials, breached_until, .. } = &self.snapshot;
        PinFitness::judge(self.policy, &account.brand, credentials.pin.as_ref(), *breached_until, self.now)
    }

    pub(in crate::policy) fn asker_device(&self, asker: Asker) -> AskerDevice {
        if !matches!(asker, Asker::Customer(_)) {
            return AskerDevice::NotCustomers;
        }
        let requester = &self.request.requester;
        let device = requester.device.as_ref().and_then(|id| self.account().device(id));
        let theirs = |device: &&Device| requester.person.as_ref().is_none_or(|person| *person == device.person);
        match device.filter(theirs) {
            Some(device) if self.is_known(device) => AskerDevice::Known,
            None if self.is_proven() => AskerDevice::Known,
            _ => AskerDevice::New,
        }
    }

    /// Whether the customer asks on a device that holds no app key and on which they proved themselves strongly, long enough
    /// ago: it is as old as its first such proof, however often somebody signed in there before.
    fn is_proven(&self) -> bool {
        let Some(id) = &self.request.requester.device else { return false };
        // A key that was revoked, or is somebody else's, is not made good by another proof.
        let holds_key = self.account().devices.iter().any(|device| device.id == *id);
        let since = self.snapshot.credentials.history.proven_since(id);
        !holds_key && since.is_some_and(|since| since + self.policy.device.known_after <= self.now)
    }

    /// The releases that hold covered actions to another channel now.
    fn guarding_releases(&self) -> impl Iterator<Item = &'a Release> {
        let (request, snapshot, now) = (self.request, self.snapshot, self.now);
        let (action, gaining) = (request.change.action(), request.change.gaining_spid());
        let guards = move |protection: &'a Protection| {
            protection
                .locks()
                .filter(move |((set, _), lock)| {
                    set.covers(action)
                        && lock.stance(action, &request.digest, gaining, now) == Stance::GuardedOtherChannel
                })
                .filter_map(|(_, lock)| lock.current_release())
        };
        guards(&snapshot.line.protection).chain(guards(&snapshot.account.protection))
    }

    /// Whether a guarding release came by this request's channel, or from a device this request names.
    pub(super) fn same_way_as_release(&self) -> bool {
        let Request { requester, interaction, .. } = self.request;
        self.guarding_releases().any(|release| {
            let same_device = |device: &Option<_>| device.is_some() && *device == release.device;
            release.via == interaction.channel || same_device(&requester.device) || same_device(&interaction.device)
        })
    }

    pub(super) fn app(&self, check: AppCheck, resets: &Resets) -> AppFact {
        let (added_at, same_device) = match check {
            AppCheck::NotSupplied => return AppFact::NotOffered,
            AppCheck::Refused => return AppFact::Refused,
            AppCheck::NewDevice => return AppFact::NewDevice,
            AppCheck::Signed { added_at, same_device } => (added_at, same_device),
        };
        // INVARIANT (fail-closed): a signature by a device that is not on record proves nobody.
        let device = self.request.offered.app_device.as_ref().and_then(|id| self.account().device(id));
        let Some(device) = device else { return AppFact::Refused };
        let added_at = added_at.max(device.added_at);
        let waits = device.known_from(self.policy.device) - device.added_at;
        if added_at + waits > self.now {
            AppFact::NewDevice
        } else if self.approval_counts(device) {
            let older_than_resets = resets.oldest.is_none_or(|oldest| added_at < oldest);
            AppFact::Approved { older_than_resets, same_device, added_at }
        } else {
            AppFact::WrongPerson
        }
    }

    /// A code is proof of who has the contact, if they enter it themselves: read out to somebody, it proves that they listen.
    pub(super) fn code(&self, check: CodeCheck, asker: Asker) -> CodeFact {
        let by_customer = match check {
            CodeCheck::NotSupplied => return CodeFact::NotOffered,
            CodeCheck::Mismatched => return CodeFact::Wrong,
            CodeCheck::Expired => return CodeFact::Expired,
            CodeCheck::NotSent => return CodeFact::NotSent,
            CodeCheck::Matched => matches!(asker, Asker::Customer(_) | Asker::CustomerEntry),
            CodeCheck::Given => true,
        };
        // INVARIANT (fail-closed): a code to a contact that is not on record proves nobody.
        let fitness = self.request.offered.code_contact.map_or(ContactFitness::Unfit, |id| self.fitness_of(id));
        match fitness {
            ContactFitness::NotBefore(_) | ContactFitness::Unfit => CodeFact::Unfit,
            _ if !by_customer => CodeFact::TypedByOthers,
            ContactFitness::Beside => CodeFact::Beside,
            ContactFitness::Fit => CodeFact::Right,
        }
    }

    /// A document is proof of whose it is, once another person has seen both and it has rested.
    pub(super) fn document(&self, check: DocumentCheck) -> DocumentFact {
        match check {
            DocumentCheck::NotSupplied => return DocumentFact::NotOffered,
            DocumentCheck::Differs | DocumentCheck::NotOnRecord => return DocumentFact::Differs,
            DocumentCheck::Matched => return DocumentFact::Scanned,
            DocumentCheck::Seconded | DocumentCheck::Given => {}
        }
        let Some(shown) = self.request.offered.document else { return DocumentFact::NotOffered };
        // Whoever set a lock takes it off: past one it takes the owner's.
        let is_owners = |person: &PersonId| self.account().owner().is_some_and(|owner| owner.id == *person);
        let counts =
            |person| self.person_is_proof(person) && (self.way_back() != WayBackFact::PastLock || is_owners(person));
        if !shown.person.is_some_and(counts) {
            return DocumentFact::Differs;
        }
        let Some((seconded, seen)) = shown.seconded else { return DocumentFact::Scanned };
        if !seen.agrees {
            return DocumentFact::Differs;
        }
        if self.flagged() && seconded.place.shares_a_store_with(&shown.scanned.place) {
            return DocumentFact::SameStore;
        }
        let until = seen.counts_from;
        if self.now < until { DocumentFact::Rests { until } } else { DocumentFact::Right }
    }

    /// Whether it was shown on another customer's account lately.
    pub(super) fn document_elsewhere(&self) -> bool {
        let seconded = self.request.offered.document.and_then(|shown| shown.seconded);
        seconded.is_some_and(|(_, seen)| seen.elsewhere)
    }

    /// Whether it is the way back after a reported SIM change, and what that passes.
    pub(super) fn way_back(&self) -> WayBackFact {
        let (Request { change, digest, .. }, line) = (self.request, self.snapshot.line);
        match line.way_back(change, self.now) {
            None => WayBackFact::None,
            Some(_) if line.passes_lock(self.account(), change, digest, self.now) => WayBackFact::PastLock,
            Some(_) => WayBackFact::Open,
        }
    }

    /// Whether line or account is flagged.
    pub(super) fn flagged(&self) -> bool {
        self.account().flags.any() || self.snapshot.line.flags.any()
    }

    /// The SIM that is asked for, where one is.
    pub(super) fn sim(&self) -> Option<&'a SimChange> {
        if let Change::Sim(sim) = self.request.change { Some(sim) } else { None }
    }

    /// Whether a document could be shown for it: in a store, for what waits, of somebody whose name is on record.
    pub(super) fn documents(&self, asker: Asker) -> Documents {
        let is_store = self.request.interaction.channel == Channel::Store;
        let is_here = is_store && matches!(asker, Asker::Staff | Asker::CustomerEntry);
        if !(self.policy.document.taken && self.request.waits && is_here) {
            return Documents::NotHere;
        }
        let is_named = |person: &Person| person.name.is_some() && self.person_is_proof(&person.id);
        if self.account().persons.iter().any(is_named) { Documents::Here } else { Documents::NotOnRecord }
    }

    fn person_is_proof(&self, person: &PersonId) -> bool {
        let (line, action) = (&self.snapshot.line.id, self.request.change.action());
        persons::person_counts(self.account(), line, action, self.request.requester, person)
    }

    fn approval_counts(&self, device: &Device) -> bool {
        let (line, action) = (&self.snapshot.line.id, self.request.change.action());
        persons::key_counts(self.account(), line, action, self.request.requester, device)
    }

    /// Whether someone whose approval counts has a device that could approve now, or when one could.
    pub(super) fn app_usable(&self) -> Usability {
        let devices = self.account().devices.iter().filter(|device| device.revoked_at.is_none());
        match devices.filter(|d| self.approval_counts(d)).map(|d| d.known_from(self.policy.device)).min() {
            None => Usability::Unusable(Reason::NoUsableFactor),
            Some(known_from) if known_from <= self.now => Usability::Usable,
            Some(known_from) => Usability::NotBefore(known_from, Reason::NewDevice),
        }
    }

    pub(super) fn transfer_pin(&self, check: TransferPinCheck, stance: Stance) -> TransferPinFact {
        let (id, known_device) = match check {
            TransferPinCheck::NotSupplied => return TransferPinFact::NotOffered,
            TransferPinCheck::NotAdmitted => return TransferPinFact::NotAdmitted,
            TransferPinCheck::Mismatched => return TransferPinFact::Wrong,
            TransferPinCheck::Expired => return TransferPinFact::Expired,
            TransferPinCheck::Void => return TransferPinFact::Void,
            TransferPinCheck::Matched { id, known_device, .. } => (id, known_device),
        };
        // INVARIANT (fail-closed): what a check matched must be on record and good; the check's word alone is not enough.
        let kept = self.snapshot.credentials.transfer_pins.iter().find(|pin| pin.id == id);
        let Some(pin) = kept.filter(|pin| self.is_unspent(pin)) else { return TransferPinFact::Void };
        if !pin.covers(&self.snapshot.line.id) || !pin.admits(self.request.change.gaining_spid()) {
            return TransferPinFact::Wrong;
        }
        if pin.expires_at <= self.now {
            return TransferPinFact::Expired;
        }
        let released_by = |release: &Release| release.via == pin.origin.channel && release.proven_at <= pin.issued_at;
        TransferPinFact::Right {
            issued_at: pin.issued_at,
            proven: known_device && pin.origin.known_device && pin.origin.channel != Channel::Care,
            same_way_as_release: stance == Stance::GuardedOtherChannel && self.guarding_releases().any(released_by),
        }
    }

    /// Neither used nor void: not by its state, not by too many wrong tries, not by a lock turned on since.
    fn is_unspent(&self, pin: &TransferPin) -> bool {
        let alive = |protection: &Protection| protection.is_alive(Action::TransferPinIssue, pin.granted_seq);
        pin.state == TransferPinState::Live
            && !attempts::transfer_pin_void(
                &self.policy.transfer_pin,
                self.snapshot.transfer_pin_failures,
                pin.issued_at,
            )
            && alive(&self.snapshot.line.protection)
            && alive(&self.account().protection)
    }

    /// A field as given, and what it is on record, compared.
    ///
    /// INVARIANT (unknown-looks-known): whatever is given for an unknown line is wrong, as a stranger's guess would be.
    fn field<T>(&self, given: Option<&T>, matches: impl FnOnce(&T) -> Option<bool>) -> Field {
        let Some(given) = given else { return Field::NotGiven };
        match matches(given) {
            _ if self.snapshot.standing == Standing::Unknown => Field::Differs,
            None => Field::NotOnRecord,
            Some(true) => Field::Matches,
            Some(false) => Field::Differs,
        }
    }

    /// The account number given.
    pub(in crate::policy) fn account_number(&self) -> Field {
        let given = self.request.claims.account_number.as_ref();
        self.field(given, |given| Some(given.matches(&self.account().number)))
    }

    /// The postal code given.
    pub(in crate::policy) fn postal_code(&self) -> Field {
        let given = self.request.claims.postal_code.as_ref();
        self.field(given, |given| self.any_owner(|owner| owner.postal_code.as_ref().map(|kept| given.matches(kept))))
    }

    /// The holder's name given.
    pub(in crate::policy) fn holder_name(&self) -> Field {
        let given = self.request.claims.holder_name.as_ref();
        self.field(given, |given| self.any_owner(|owner| owner.name.as_ref().map(|kept| given.matches(kept))))
    }

    /// The present SIM given with a SIM change.
    pub(in crate::policy) fn old_sim(&self) -> Field {
        let given = match &self.request.change {
            Change::Sim(sim) => sim.old_iccid.as_ref(),
            _ => None,
        };
        self.field(given, |given| self.snapshot.line.iccid.as_ref().map(|kept| kept == given))
    }

    /// Whether it holds for any owner who has one on record.
    fn any_owner(&self, holds: impl Fn(&Person) -> Option<bool>) -> Option<bool> {
        let owners = self.account().persons.iter().filter(|person| person.role == PersonRole::Owner);
        owners.filter_map(holds).reduce(|a, b| a || b)
    }

    fn signals<T>(&self, of: impl Fn(SignalKind) -> Option<T>, worse: impl Fn(T, T) -> T) -> Signal<T> {
        self.request.signals.iter().filter_map(|signal| of(signal.kind)).reduce(worse).into()
    }

    pub(super) fn distance(&self) -> Signal<u32> {
        let of = |kind| if let SignalKind::DistanceFromHomeMiles(miles) = kind { Some(miles) } else { None };
        self.signals(of, Ord::max)
    }

    pub(super) fn device_sale(&self) -> Signal<bool> {
        let of = |kind| if let SignalKind::DeviceSale(sold) = kind { Some(sold) } else { None };
        self.signals(of, |a, b| a && b)
    }

    pub(super) fn closes_within(&self) -> Signal<TimeDelta> {
        let of = |kind| if let SignalKind::StoreClosesWithin(time) = kind { Some(time) } else { None };
        self.signals(of, Ord::min)
    }

    pub(super) fn signals_missing(&self) -> SignalSet {
        let here = (self.request.change.action(), self.request.interaction.channel);
        let known = |name: SignalName| self.request.signals.iter().any(|signal| signal.kind.name() == name.name());
        self.policy.signals_missing(here, known)
    }
}
