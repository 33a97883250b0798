//! The one text of a policy that its revision is the digest of.

use std::collections::BTreeSet;
use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};

use super::document::{
    Budget, ContactKnobs, CoolDowns, DocumentKnobs, LockKnobs, PinKnobs, Policy, Thresholds, TransferPinKnobs,
    TransferPinLife,
};
use super::rules::{Rule, Rules};
use crate::domain::{DeviceWaits, Reason, ReleaseTimes};

impl Policy {
    /// One `name=value` a line: every knob, then every rule with what it does. Times are microseconds. Two policies that decide
    /// alike by the same rules have the same text; the revision itself is left out.
    ///
    /// Every struct is taken apart without a rest, so a new knob cannot be forgotten.
    pub fn canonical(&self) -> String {
        let Self {
            revision: _,
            thresholds,
            locks,
            pin,
            transfer_pin,
            permit_life,
            challenge_life,
            cooldown,
            contact,
            document,
            device,
            recovery_life,
            unknown_numbers,
            port_account_number_required,
            signals_required,
            rules,
        } = self;
        let mut text = Text("portcullis-policy-v1\n".to_owned());
        text.thresholds(*thresholds);
        text.locks(*locks);
        text.pin(pin);
        text.transfer_pin(*transfer_pin);
        text.span("permit.life", *permit_life);
        text.span("challenge.life", *challenge_life);
        text.cooldown(*cooldown);
        text.contact(*contact);
        text.document(*document);
        text.device(*device);
        text.span("recovery.life", *recovery_life);
        text.budget("unknown_numbers", *unknown_numbers);
        text.put("port.account_number_required", port_account_number_required);
        text.all(
            "signals.required",
            signals_required.iter().map(|r| format!("{},{},{}", r.signal.name(), r.action.name(), r.channel.name())),
        );
        text.rules(rules);
        text.0
    }
}

struct Text(String);

impl Text {
    fn put(&mut self, name: &str, value: impl Display) {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{name}={value}");
    }

    fn span(&mut self, name: &str, span: TimeDelta) {
        self.put(name, micros(span));
    }

    /// A list whose order means nothing.
    fn all(&mut self, name: &str, values: impl Iterator<Item = String>) {
        let mut values: Vec<String> = values.collect();
        values.sort_unstable();
        for value in values {
            self.put(name, value);
        }
    }

    fn budget(&mut self, name: &str, Budget { count, window }: Budget) {
        self.put(name, format_args!("{count},{}", micros(window)));
    }

    fn thresholds(&mut self, Thresholds { challenge, strong, deny }: Thresholds) {
        self.put("thresholds.challenge", challenge);
        self.put("thresholds.strong", strong);
        self.put("thresholds.deny", deny);
    }

    fn locks(&mut self, LockKnobs { release, reset_window }: LockKnobs) {
        let ReleaseTimes { delay, guard, relock, relock_max } = release;
        self.span("locks.release_delay", delay);
        self.span("locks.release_guard", guard);
        self.span("locks.relock", relock);
        self.span("locks.relock_max", relock_max);
        self.span("locks.reset_window", reset_window);
    }

    fn pin(&mut self, pin: &PinKnobs) {
        let PinKnobs {
            fresh_after,
            dormant_after,
            cutoffs,
            failures_challenge,
            failures_exhausted,
            failures_window,
            guessable_refused,
        } = pin;
        self.span("pin.fresh_after", *fresh_after);
        self.span("pin.dormant_after", *dormant_after);
        self.all(
            "pin.cutoff",
            cutoffs.iter().map(|cutoff| {
                let brand = cutoff.brand.as_ref().map_or("", |brand| brand.as_str());
                format!("{},{brand}", micros(cutoff.instant - DateTime::<Utc>::UNIX_EPOCH))
            }),
        );
        self.put("pin.failures_challenge", failures_challenge);
        self.put("pin.failures_exhausted", failures_exhausted);
        self.span("pin.failures_window", *failures_window);
        self.put("pin.guessable_refused", guessable_refused);
    }

    fn transfer_pin(&mut self, pin: TransferPinKnobs) {
        let TransferPinKnobs { issued, life, wrong_max, digits, unproven_for } = pin;
        self.put("transfer_pin.issued", issued);
        match life {
            TransferPinLife::Exact(life) => self.put("transfer_pin.life", format_args!("exact,{}", micros(life))),
            TransferPinLife::DayOfIssueExcluded { days, utc_offset_minutes } => {
                self.put("transfer_pin.life", format_args!("day_of_issue_excluded,{days},{utc_offset_minutes}"));
            }
        }
        self.put("transfer_pin.wrong_max", wrong_max);
        self.put("transfer_pin.digits", digits);
        self.span("transfer_pin.unproven_for", unproven_for);
    }

    fn contact(&mut self, contact: ContactKnobs) {
        let ContactKnobs { usable_after, alone_after, sim_changed, went_back, forwarding_set, mailbox_used } = contact;
        self.span("contact.usable_after", usable_after);
        self.span("contact.alone_after", alone_after);
        self.span("contact.sim_changed", sim_changed);
        self.span("contact.went_back", went_back);
        self.span("contact.forwarding_set", forwarding_set);
        self.span("contact.mailbox_used", mailbox_used);
    }

    fn document(&mut self, document: DocumentKnobs) {
        let DocumentKnobs { taken, delay, valid_for, pair_max } = document;
        self.put("document.taken", taken);
        self.span("document.delay", delay);
        self.span("document.valid_for", valid_for);
        self.put("document.pair_max", pair_max);
    }

    fn device(&mut self, device: DeviceWaits) {
        let DeviceWaits { known_after, known_after_approval } = device;
        self.span("device.known_after", known_after);
        self.span("device.known_after_approval", known_after_approval);
    }

    fn cooldown(&mut self, cooldown: CoolDowns) {
        let CoolDowns { sim_to_port_challenge, sim_to_port_points, reset_to_sim, sim_to_sim } = cooldown;
        self.span("cooldown.sim_to_port_challenge", sim_to_port_challenge);
        self.span("cooldown.sim_to_port_points", sim_to_port_points);
        self.span("cooldown.reset_to_sim", reset_to_sim);
        self.span("cooldown.sim_to_sim", sim_to_sim);
    }

    /// Each rule is a line, and each reason of the policy's own that a rule gives: no text in them has a line's end.
    fn rules(&mut self, rules: &Rules) {
        let own =
            rules.all().iter().filter_map(|rule| if let Reason::Own(own) = rule.reason { Some(own) } else { None });
        let own: BTreeSet<_> = own.collect();
        for own in own {
            let (code, class, told) = (own.code(), own.class().name(), own.told().wicis());
            self.put("reason", format_args!("{code},{class},{told},{}", own.meaning()));
        }
        for Rule { id, on, when, effect, reason, if_unknown, effective, hold, lock } in rules.all() {
            let on: Vec<&str> = on.names().collect();
            let from = effective.map_or(0, |from| micros(from - DateTime::<Utc>::UNIX_EPOCH));
            let (effect, reason, unknown) = (effect.text(), reason.code(), if_unknown.name());
            let held: Vec<&str> = hold.iter().map(|kind| kind.name()).collect();
            let hold = if held.is_empty() { String::new() } else { format!(" hold {}", held.join("+")) };
            let lock = lock.map_or_else(String::new, |set| format!(" lock {}", set.name()));
            self.put(
                "rule",
                format_args!("{id},{effect}{hold}{lock},{reason},{unknown},{from},{},{when}", on.join("+")),
            );
        }
    }
}

fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use crate::domain::{Action, Brand, Channel, PolicyRevision};
    use crate::policy::{CutOff, Policy, RequiredSignal, Rules, SignalName, TransferPinLife};

    /// What one knob more or less does to a policy.
    type Turn = fn(&mut Policy);

    #[test]
    fn every_knob_changes_the_text() {
        let turns: [Turn; 37] = [
            |p| p.thresholds.challenge += 1,
            |p| p.thresholds.strong += 1,
            |p| p.thresholds.deny += 1,
            |p| p.locks.release.delay += TimeDelta::seconds(1),
            |p| p.locks.release.guard += TimeDelta::seconds(1),
            |p| p.locks.release.relock -= TimeDelta::seconds(1),
            |p| p.locks.release.relock_max += TimeDelta::seconds(1),
            |p| p.locks.reset_window += TimeDelta::seconds(1),
            |p| p.pin.fresh_after += TimeDelta::seconds(1),
            |p| p.pin.dormant_after += TimeDelta::seconds(1),
            |p| p.pin.cutoffs.push(CutOff { instant: DateTime::<Utc>::UNIX_EPOCH, brand: None }),
            |p| p.pin.failures_challenge += 1,
            |p| p.pin.failures_exhausted += 1,
            |p| p.pin.failures_window += TimeDelta::seconds(1),
            |p| p.pin.guessable_refused = false,
            |p| p.transfer_pin.issued = false,
            |p| p.transfer_pin.life = TransferPinLife::DayOfIssueExcluded { days: 7, utc_offset_minutes: 0 },
            |p| p.transfer_pin.wrong_max += 1,
            |p| p.transfer_pin.digits += 1,
            |p| p.permit_life -= TimeDelta::seconds(1),
            |p| p.cooldown.sim_to_sim += TimeDelta::seconds(1),
            |p| p.contact.usable_after += TimeDelta::seconds(1),
            |p| p.contact.alone_after += TimeDelta::seconds(1),
            |p| p.contact.sim_changed += TimeDelta::seconds(1),
            |p| p.contact.went_back += TimeDelta::seconds(1),
            |p| p.contact.forwarding_set += TimeDelta::seconds(1),
            |p| p.contact.mailbox_used += TimeDelta::seconds(1),
            |p| p.document.taken = false,
            |p| p.document.delay += TimeDelta::seconds(1),
            |p| p.document.valid_for += TimeDelta::seconds(1),
            |p| p.document.pair_max += 1,
            |p| p.device.known_after += TimeDelta::seconds(1),
            |p| p.device.known_after_approval += TimeDelta::seconds(1),
            |p| p.recovery_life += TimeDelta::seconds(1),
            |p| p.unknown_numbers.count += 1,
            |p| p.signals_required.push(a_required_signal()),
            |p| p.rules = Rules::default(),
        ];
        let mut texts: Vec<String> = turns
            .iter()
            .map(|turn| {
                let mut policy = Policy::us_default();
                turn(&mut policy);
                policy.canonical()
            })
            .collect();
        texts.push(Policy::us_default().canonical());
        let count = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    fn a_required_signal() -> RequiredSignal {
        RequiredSignal { signal: SignalName::DeviceSale, action: Action::SimChange, channel: Channel::Store }
    }

    #[test]
    fn neither_the_revision_nor_the_order_of_lists_does() {
        let cutoff =
            |brand: &str| CutOff { instant: DateTime::<Utc>::UNIX_EPOCH, brand: Some(Brand::parse(brand).unwrap()) };
        let mut one = Policy::us_default();
        one.pin.cutoffs = vec![cutoff("a"), cutoff("b")];
        let mut other = Policy::us_default();
        other.pin.cutoffs = vec![cutoff("b"), cutoff("a")];
        other.revision = PolicyRevision([7; 32]);
        assert_eq!(one.canonical(), other.canonical());
    }

    #[test]
    fn it_names_knobs_and_rules() {
        let text = Policy::us_default().canonical();
        assert!(text.contains("\npin.fresh_after=86400000000\n"));
        assert!(text.contains("\nrule=P9-flagged,STRONG,FLAGGED,BY_ORIGIN,0,SIM_CHANGE+PORT_OUT+"));
        assert!(text.lines().skip(1).all(|line| line.contains('=')));
    }
}
