//! All the facts of one request.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    AppFact, Asker, AskerDevice, CodeFact, DocumentFact, Documents, Field, SignalSet, ToldFacts, TransferPinFact,
    WayBackFact,
};
use crate::domain::{
    Action, Channel, Completing, HoldKind, LineStatus, NetworkStanding, PinCheck, Reason, RosterStanding, Signal,
    SimChangeCause, Stance, Standing, Usability, Velocity,
};
use crate::policy::contacts::ContactFitness;
use crate::policy::document::{Policy, SignalName};
use crate::policy::fitness::PinFitness;

/// What is known about one request at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, numbered in records")]
pub struct Facts {
    /// The one instant.
    pub now: DateTime<Utc>,
    /// When the change is to be made: now, or the planned time.
    pub change_at: DateTime<Utc>,
    /// What is asked.
    pub action: Action,
    /// Through what.
    pub channel: Channel,
    /// By what kind of identity.
    pub asker: Asker,
    /// On which device of theirs.
    pub asker_device: AskerDevice,
    /// Whether the line is really there.
    pub standing: Standing,
    /// Whether it is in service.
    pub line_status: LineStatus,
    /// What the locks of line and account say together.
    pub stance: Stance,
    /// Whether a guarding release came by this request's own channel or device.
    pub same_way_as_release: bool,
    /// Whether line or account is flagged.
    pub flagged: bool,
    /// When the line's SIM last changed.
    pub sim_changed_at: Option<DateTime<Utc>>,
    /// Whether the change takes the line back to its SIM after another was reported as somebody else's.
    pub way_back: WayBackFact,
    /// Why the SIM is changed, where it is.
    pub cause: Option<SimChangeCause>,
    /// Resets of PIN and contacts within their cool-down.
    pub resets: u32,
    /// Until when, that instant included, two of them are within it.
    pub resets_two_until: Option<DateTime<Utc>>,
    /// Until when, that instant included, one of them is.
    pub resets_one_until: Option<DateTime<Utc>>,
    /// What looking at the account PIN found.
    pub pin_check: PinCheck,
    /// What a right account PIN is worth.
    pub pin_fitness: PinFitness,
    /// Whether who entered it, and what it is for, let it count.
    pub pin_entry_counts: bool,
    /// Failures at the account PIN within the window, this one included.
    pub pin_failures: u32,
    /// Until when, that instant included, there are enough of them to raise the proof.
    pub pin_failures_many_until: Option<DateTime<Utc>>,
    /// Until when, that instant included, the account PIN is off.
    pub pin_off_until: Option<DateTime<Utc>>,
    /// What looking at the transfer PIN found, and how it was issued.
    pub transfer_pin: TransferPinFact,
    /// What looking at the one-time code found, and whether it counts.
    pub code: CodeFact,
    /// Whether a code can be sent for what is asked.
    pub codes_sent: bool,
    /// What a code sent to the best contact of those whose contacts count would prove.
    pub best_contact: ContactFitness,
    /// What looking at the app approval found, and whether its signer counts.
    pub app: AppFact,
    /// What looking at the identity document found, and whether it counts.
    pub document: DocumentFact,
    /// Whether it, or the one that was shown before, was shown on another customer's account lately.
    pub document_elsewhere: bool,
    /// Whether one could be shown.
    pub documents: Documents,
    /// Whether the policy takes any. Rules read it as the knob that it is.
    pub documents_taken: bool,
    /// Whether an app approval could be given now by somebody whose approval counts.
    pub app_usable: Usability,
    /// Whether the account has a known device.
    pub has_known_device: bool,
    /// The account number given.
    pub account_number: Field,
    /// The postal code given.
    pub postal_code: Field,
    /// The holder's name given.
    pub holder_name: Field,
    /// The present SIM given.
    pub old_sim: Field,
    /// How many worthless facts were offered. No rule reads it: they are worth nothing in any number.
    pub worthless: u32,
    /// Miles from the customer's home.
    pub distance_from_home_miles: Signal<u32>,
    /// Whether a device is sold along.
    pub device_sale: Signal<bool>,
    /// Time until the store closes.
    pub store_closes_within: Signal<TimeDelta>,
    /// The signals that the policy requires here and that are missing.
    pub signals_missing: SignalSet,
    /// What windows over many accounts say.
    pub velocity: Velocity,
    /// Whether staff began it, without a sign of the customer.
    pub begun_without_customer: bool,
    /// What part of the account's lines asked to leave lately, in hundredths rounded down.
    pub lines_leaving_percent: u32,
    /// Whether the account is a business's.
    pub business: bool,
    /// What of the request is held.
    pub held: Option<HoldKind>,
    /// Whether the new SIM goes to the postal address on record.
    pub shipped: bool,
    /// How the challenge stands that it completes.
    pub completing: Completing,
    /// How who asks stands to the roster.
    pub roster: RosterStanding,
    /// How the store's device stands to its store's networks.
    pub store_network: NetworkStanding,
    /// What outside sources told.
    pub told: ToldFacts,
}

impl Facts {
    /// Whether the account PIN is proof: right, entered by the customer, neither too new nor too old, and not by the channel that
    /// lately released a lock. One that was not used for long counts beside a factor of another class.
    pub(in crate::policy) fn pin_is_right(&self) -> bool {
        let fits = match self.pin_fitness {
            PinFitness::Fit => true,
            PinFitness::Dormant => {
                let has_approval = matches!(self.app, AppFact::Approved { .. });
                has_approval || self.document_is_right() || self.code == CodeFact::Right
            }
            PinFitness::NotSet | PinFitness::TooNew { .. } | PinFitness::BeforeBreach | PinFitness::Default => false,
        };
        let is_entered = self.pin_check == PinCheck::Matched && self.pin_entry_counts;
        is_entered && fits && self.pin_off_until.is_none() && !self.same_way_as_release
    }

    /// Whether a document that has rested is proof.
    pub(in crate::policy) fn document_is_right(&self) -> bool {
        self.document == DocumentFact::Right && self.document_may_count()
    }

    /// Whether one can be proof at all.
    pub(in crate::policy) const fn document_may_count(&self) -> bool {
        self.documents_taken && !self.document_elsewhere && !self.same_way_as_release
    }

    /// The same as another policy asks about them: which signals are missing hangs on those that it requires.
    #[must_use]
    pub fn under(&self, policy: &Policy) -> Self {
        let is_known = |name| match name {
            SignalName::DistanceFromHomeMiles => self.distance_from_home_miles != Signal::Unknown,
            SignalName::DeviceSale => self.device_sale != Signal::Unknown,
            SignalName::StoreClosesWithin => self.store_closes_within != Signal::Unknown,
        };
        Self { signals_missing: policy.signals_missing((self.action, self.channel), is_known), ..*self }
    }

    /// Nothing but what is asked, by whom and when: no evidence, no lock, nothing observed, nothing told.
    pub fn quiet(action: Action, channel: Channel, asker: Asker, now: DateTime<Utc>) -> Self {
        Self {
            now,
            change_at: now,
            action,
            channel,
            asker,
            asker_device: AskerDevice::NotCustomers,
            standing: Standing::Known,
            line_status: LineStatus::Active,
            stance: Stance::Open,
            same_way_as_release: false,
            flagged: false,
            sim_changed_at: None,
            way_back: WayBackFact::None,
            cause: None,
            resets: 0,
            resets_two_until: None,
            resets_one_until: None,
            pin_check: PinCheck::NotSupplied,
            pin_fitness: PinFitness::NotSet,
            pin_entry_counts: false,
            pin_failures: 0,
            pin_failures_many_until: None,
            pin_off_until: None,
            transfer_pin: TransferPinFact::NotOffered,
            code: CodeFact::NotOffered,
            codes_sent: false,
            best_contact: ContactFitness::Unfit,
            app: AppFact::NotOffered,
            document: DocumentFact::NotOffered,
            document_elsewhere: false,
            documents: Documents::NotHere,
            documents_taken: true,
            app_usable: Usability::Unusable(Reason::NoUsableFactor),
            has_known_device: false,
            account_number: Field::NotGiven,
            postal_code: Field::NotGiven,
            holder_name: Field::NotGiven,
            old_sim: Field::NotGiven,
            worthless: 0,
            distance_from_home_miles: Signal::Unknown,
            device_sale: Signal::Unknown,
            store_closes_within: Signal::Unknown,
            signals_missing: SignalSet::default(),
            velocity: Velocity::QUIET,
            begun_without_customer: false,
            lines_leaving_percent: 0,
            business: false,
            held: None,
            shipped: false,
            completing: Completing::Nothing,
            roster: RosterStanding::Unknown,
            store_network: NetworkStanding::Unknown,
            told: ToldFacts::default(),
        }
    }
}
