//! Facts that outside sources told: log-ins, calls, resets, contacts, forwarding, payments, proven devices.
//!
//! They are what the engine was told and keeps. Nothing told is the quiet state, and no fact here lets anything through but
//! one: a device that was proven long enough ago is a known one.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::counts::{count, many_until};
use super::number::{List, Numbers};
use super::seen::Seen;
use crate::domain::{ContactTimes, TransferPin, TransferPinCheck};

/// The time in which failed log-ins are counted.
const LOG_INS_WITHIN: TimeDelta = TimeDelta::hours(24);

/// As many as the default policy calls a burst: until when they are so many is on record.
const LOG_INS_MANY: u32 = 20;

/// What outside sources told of account and line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ToldFacts {
    /// Log-ins that failed within 24 hours.
    pub log_in_failures: u32,
    /// Until when, that instant included, 20 of them are within it.
    pub log_in_failures_many_until: Option<DateTime<Utc>>,
    /// From how many network addresses they came.
    pub log_in_failure_sources: u32,
    /// When somebody last signed in.
    pub logged_in_at: Option<DateTime<Utc>>,
    /// When forwarding was last set.
    pub forwarding_set_at: Option<DateTime<Utc>>,
    /// How many of PIN, password and contact were reset within the cool-down.
    pub reset_kinds: u32,
    /// When a PIN or password was last reset through a mailbox or messages.
    pub reset_by_mailbox_at: Option<DateTime<Utc>>,
    /// When somebody else last paid.
    pub third_party_paid_at: Option<DateTime<Utc>>,
    /// Whether a right transfer PIN was issued while the line was in an inbound call.
    pub transfer_pin_in_call: bool,
    /// Whether the line is in an inbound call.
    pub in_call: bool,
    /// Since when the device that asks is proven.
    pub device_proven_since: Option<DateTime<Utc>>,
    /// When the line's number was given to another subscription.
    pub number_reassigned_at: Option<DateTime<Utc>>,
    /// Whether fraud on line or account was reported.
    pub fraud_reported: bool,
    /// When contacts of the account last changed, here or elsewhere.
    pub contacts_changed: ContactTimes,
    /// When the network last had the line on its SIM.
    pub attached_at: Option<DateTime<Utc>>,
}

impl ToldFacts {
    pub(super) fn of(seen: &Seen<'_>, transfer_pin: TransferPinCheck) -> Self {
        let (account, line) = (seen.snapshot.account, seen.snapshot.line);
        let history = &seen.snapshot.credentials.history;
        let is_recent = |at: DateTime<Utc>, within: TimeDelta| seen.now - at <= within;
        let failures = || history.log_in_failures.iter().filter(|failure| is_recent(failure.at, LOG_INS_WITHIN));
        let instants: Vec<_> = failures().map(|failure| failure.at).collect();
        let sources: HashSet<u128> = failures().filter_map(|failure| failure.source).map(|source| source.0).collect();
        let resets = || account.resets.iter();
        let within = seen.policy.cooldown.reset_to_sim;
        let kinds: HashSet<u8> =
            resets().filter(|reset| is_recent(reset.at, within)).map(|reset| reset.kind as u8).collect();
        let mailboxes = resets().filter(|reset| reset.mailbox.is_some());
        Self {
            log_in_failures: count(instants.len()),
            log_in_failures_many_until: many_until(&instants, LOG_INS_MANY, LOG_INS_WITHIN),
            log_in_failure_sources: count(sources.len()),
            logged_in_at: history.log_ins.iter().map(|log_in| log_in.at).max(),
            forwarding_set_at: line.forwarding_set_at,
            reset_kinds: count(kinds.len()),
            reset_by_mailbox_at: mailboxes.map(|reset| reset.at).max(),
            third_party_paid_at: history.third_party_paid_at,
            transfer_pin_in_call: matched(seen, transfer_pin)
                .is_some_and(|pin| pin.origin.in_call || history.in_call(Some(&line.id), pin.issued_at)),
            in_call: history.in_call(Some(&line.id), seen.now),
            device_proven_since: seen.request.requester.device.as_ref().and_then(|id| history.proven_since(id)),
            number_reassigned_at: history.number_ended_at(&line.id),
            fraud_reported: account.flags.victim || line.flags.victim,
            contacts_changed: history.contacts_changed,
            attached_at: line.attached_at,
        }
    }

    /// The facts as numbers, ascending.
    pub(super) fn put(&self, list: &mut List<impl Numbers>) {
        list.put_count(70, self.log_in_failures);
        list.put_instant(71, self.log_in_failures_many_until);
        list.put_count(72, self.log_in_failure_sources);
        list.put_instant(73, self.logged_in_at);
        list.put_instant(74, self.forwarding_set_at);
        list.put_count(75, self.reset_kinds);
        list.put_instant(76, self.reset_by_mailbox_at);
        list.put_instant(77, self.third_party_paid_at);
        list.put_flag(78, self.transfer_pin_in_call);
        list.put_flag(79, self.in_call);
        list.put_instant(80, self.device_proven_since);
        list.put_instant(81, self.number_reassigned_at);
        list.put_flag(82, self.fraud_reported);
        let ContactTimes { email, sms, voice, postal } = self.contacts_changed;
        list.put_instant(83, self.contacts_changed.last());
        list.put_instant(84, postal);
        list.put_instant(85, email);
        list.put_instant(86, sms.max(voice));
        list.put_instant(87, self.attached_at);
    }
}

/// The transfer PIN that was right, as it is kept. A call that was told of late counts, too.
fn matched<'a>(seen: &Seen<'a>, check: TransferPinCheck) -> Option<&'a TransferPin> {
    let TransferPinCheck::Matched { id, .. } = check else { return None };
    seen.snapshot.credentials.transfer_pins.iter().find(|pin| pin.id == id)
}
