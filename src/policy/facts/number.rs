//! Facts as numbers, for the record: a stable number for each fact, one integer for its value.
//!
//! A fact in its quiet state (no, none, not given, unknown) is left out. Instants are microseconds from the decision's own
//! instant, ahead positive; spans of time are microseconds. A number is never given to another fact.

use chrono::{DateTime, TimeDelta, Utc};

use super::{AppFact, Facts, TransferPinFact, WayBackFact, codes};
use crate::domain::{Standing, Usability, Velocity};

impl Facts {
    /// The facts as numbers, ascending.
    pub fn numbered(&self) -> Vec<(u16, i64)> {
        let mut facts = Vec::with_capacity(40);
        self.number_into(&mut facts);
        facts
    }

    /// Gives the same facts one by one.
    pub(super) fn number_into(&self, to: &mut impl Numbers) {
        let mut list = List { to, now: self.now.timestamp_micros() };
        self.put_place(&mut list);
        self.put_line(&mut list);
        self.put_pins(&mut list);
        self.put_app(&mut list);
        self.put_claims(&mut list);
        self.put_velocity(&mut list);
        self.put_later(&mut list);
        self.told.put(&mut list);
        list.put_flag(88, self.way_back != WayBackFact::None);
        list.put_flag(89, self.way_back == WayBackFact::PastLock);
    }

    fn put_place(&self, list: &mut List<impl Numbers>) {
        list.put(1, Some(i64::from(self.action.number())));
        list.put(2, Some(i64::from(self.channel as u8)));
        list.put(3, Some(codes::asker(self.asker)));
        list.put(4, codes::asker_device(self.asker_device));
        list.put_instant(5, Some(self.change_at).filter(|at| *at != self.now));
    }

    fn put_line(&self, list: &mut List<impl Numbers>) {
        list.put_flag(6, self.standing == Standing::Unknown);
        list.put(7, Some(i64::from(self.line_status as u8)));
        let (stance, until) = codes::stance(self.stance);
        list.put(8, stance);
        list.put_instant(9, until);
        list.put_flag(10, self.same_way_as_release);
        list.put_flag(11, self.flagged);
        list.put_instant(12, self.sim_changed_at);
        list.put(13, self.cause.map(|cause| i64::from(cause as u8)));
        list.put_count(14, self.resets);
        list.put_instant(15, self.resets_two_until);
        list.put_instant(16, self.resets_one_until);
    }

    fn put_pins(&self, list: &mut List<impl Numbers>) {
        list.put(17, codes::pin_check(self.pin_check));
        let (fitness, too_new_until) = codes::fitness(self.pin_fitness);
        list.put(18, fitness);
        list.put_instant(19, too_new_until);
        list.put_flag(20, self.pin_entry_counts);
        list.put_count(21, self.pin_failures);
        list.put_instant(22, self.pin_failures_many_until);
        list.put_instant(23, self.pin_off_until);
        list.put(24, codes::transfer_pin(self.transfer_pin));
        if let TransferPinFact::Right { issued_at, proven, same_way_as_release } = self.transfer_pin {
            list.put_instant(25, Some(issued_at));
            list.put_flag(26, proven);
            list.put_flag(27, same_way_as_release);
        }
    }

    fn put_app(&self, list: &mut List<impl Numbers>) {
        list.put(28, codes::app(self.app));
        if let AppFact::Approved { older_than_resets, same_device, added_at: _ } = self.app {
            list.put_flag(29, older_than_resets);
            list.put_flag(30, same_device);
        }
        match self.app_usable {
            Usability::Usable => list.put(31, Some(0)),
            Usability::NotBefore(from, _) => list.put_instant(31, Some(from)),
            Usability::Unusable(_) => {}
        }
        list.put_flag(32, self.has_known_device);
    }

    fn put_claims(&self, list: &mut List<impl Numbers>) {
        list.put(33, codes::field(self.account_number));
        list.put(34, codes::field(self.postal_code));
        list.put(35, codes::field(self.holder_name));
        list.put(36, codes::field(self.old_sim));
        list.put_count(37, self.worthless);
        list.put(38, codes::known(self.distance_from_home_miles).map(i64::from));
        list.put(39, codes::known(self.device_sale).map(i64::from));
        list.put(40, codes::known(self.store_closes_within).map(micros));
        list.put_count(41, u32::from(self.signals_missing.bits()));
    }

    fn put_velocity(&self, list: &mut List<impl Numbers>) {
        let Velocity {
            unread,
            source,
            pin_value_failed_accounts,
            staff_unproven_accounts,
            staff_lapsed_accounts: _,
            staff_accounts_at_once,
            lines_leaving,
            sweeps_lapsed: _,
            ports_to_carrier,
            ports_to_dealer,
            handset_other_accounts,
            document_other_accounts: _,
            documents_of_pair: _,
            read_accounts_leaving: _,
        } = self.velocity;
        list.put_flag(42, unread);
        list.put_count(43, source.accounts);
        list.put(44, source.kind.map(|kind| i64::from(kind as u8)));
        list.put_count(45, pin_value_failed_accounts);
        list.put_count(46, staff_unproven_accounts);
        list.put_count(47, staff_accounts_at_once);
        list.put_flag(48, self.begun_without_customer);
        list.put_count(49, lines_leaving);
        list.put_count(50, self.lines_leaving_percent);
        list.put_flag(51, self.business);
        list.put_count(52, ports_to_carrier);
        list.put_count(53, ports_to_dealer);
        list.put_count(54, handset_other_accounts);
        list.put(55, self.held.map(|kind| i64::from(kind as u8)));
    }

    /// Facts that came later than those of their kind.
    fn put_later(&self, list: &mut List<impl Numbers>) {
        list.put_flag(56, self.shipped);
        list.put_count(57, self.velocity.staff_lapsed_accounts);
        if let AppFact::Approved { added_at, .. } = self.app {
            list.put_instant(58, Some(added_at));
        }
        list.put_count(59, self.velocity.sweeps_lapsed);
        list.put_count(60, self.velocity.read_accounts_leaving);
        list.put(61, codes::roster(self.roster));
        list.put(62, codes::network(self.store_network));
        let (challenge, required) = codes::completing(self.completing, self.pin_is_right());
        list.put(63, challenge);
        list.put(64, required);
        list.put(65, codes::code(self.code));
        let (document, rests_until) = codes::document(self.document);
        list.put(66, document);
        list.put_instant(67, rests_until);
        list.put_flag(68, self.document_elsewhere);
        list.put(69, codes::documents(self.documents));
    }
}

/// What takes facts as numbers.
pub(super) trait Numbers {
    /// Takes one, none twice.
    fn take(&mut self, number: u16, value: i64);
}

impl Numbers for Vec<(u16, i64)> {
    fn take(&mut self, number: u16, value: i64) {
        self.push((number, value));
    }
}

/// The list as it is given, without what is quiet.
pub(super) struct List<'a, N> {
    to: &'a mut N,
    /// In microseconds since the epoch.
    now: i64,
}

#[expect(
    clippy::inline_always,
    reason = "each number is a literal where it is put: its place is found when it is compiled"
)]
impl<N: Numbers> List<'_, N> {
    #[inline(always)]
    fn put(&mut self, number: u16, value: Option<i64>) {
        if let Some(value) = value {
            self.to.take(number, value);
        }
    }

    #[inline(always)]
    pub(super) fn put_flag(&mut self, number: u16, holds: bool) {
        self.put(number, holds.then_some(1));
    }

    #[inline(always)]
    pub(super) fn put_count(&mut self, number: u16, count: u32) {
        self.put(number, (count > 0).then(|| i64::from(count)));
    }

    #[inline(always)]
    pub(super) fn put_instant(&mut self, number: u16, instant: Option<DateTime<Utc>>) {
        let now = self.now;
        self.put(number, instant.map(|instant| instant.timestamp_micros().saturating_sub(now)));
    }
}

fn micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use crate::domain::{
        Action, Channel, Completing, ContactTimes, HoldKind, Level, LineStatus, NetworkStanding, PinCheck, Reason,
        RosterStanding, Signal, SimChangeCause, SourceFailures, SourceKind, Stance, Standing, Usability, Velocity,
    };
    use crate::policy::facts::fact_name;
    use crate::policy::{
        AppFact, Asker, AskerDevice, CodeFact, ContactFitness, DocumentFact, Documents, Facts, Field, PersonStanding,
        PinFitness, SignalName, ToldFacts, TransferPinFact, WayBackFact,
    };

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn at(seconds: i64) -> DateTime<Utc> {
        NOW + TimeDelta::seconds(seconds)
    }

    fn loud() -> Facts {
        Facts {
            now: NOW,
            change_at: at(5),
            action: Action::SimChange,
            channel: Channel::Care,
            asker: Asker::Customer(PersonStanding::CarriesLine),
            asker_device: AskerDevice::New,
            standing: Standing::Unknown,
            line_status: LineStatus::Suspended,
            stance: Stance::CoolingDown { until: at(9) },
            same_way_as_release: true,
            flagged: true,
            sim_changed_at: Some(at(-12)),
            way_back: WayBackFact::PastLock,
            cause: Some(SimChangeCause::Stolen),
            resets: 2,
            resets_two_until: Some(at(15)),
            resets_one_until: Some(at(16)),
            pin_check: PinCheck::Shed,
            pin_fitness: PinFitness::TooNew { until: at(19) },
            pin_entry_counts: true,
            pin_failures: 4,
            pin_failures_many_until: Some(at(22)),
            pin_off_until: Some(at(23)),
            transfer_pin: TransferPinFact::Right { issued_at: at(-25), proven: true, same_way_as_release: true },
            code: CodeFact::NotSent,
            document: DocumentFact::Rests { until: at(67) },
            document_elsewhere: true,
            documents: Documents::Here,
            documents_taken: true,
            codes_sent: true,
            best_contact: ContactFitness::Fit,
            app: AppFact::Approved { older_than_resets: true, same_device: true, added_at: at(-58) },
            app_usable: Usability::NotBefore(at(31), Reason::NewDevice),
            has_known_device: true,
            account_number: Field::Matches,
            postal_code: Field::Differs,
            holder_name: Field::NotOnRecord,
            old_sim: Field::Differs,
            worthless: 3,
            distance_from_home_miles: Signal::Known(900),
            device_sale: Signal::Known(true),
            store_closes_within: Signal::Known(TimeDelta::minutes(20)),
            signals_missing: [SignalName::DeviceSale, SignalName::StoreClosesWithin].into_iter().collect(),
            velocity: Velocity {
                unread: true,
                source: SourceFailures { accounts: 43, kind: Some(SourceKind::Device) },
                pin_value_failed_accounts: 45,
                staff_unproven_accounts: 46,
                staff_lapsed_accounts: 57,
                staff_accounts_at_once: 47,
                lines_leaving: 49,
                sweeps_lapsed: 59,
                ports_to_carrier: 52,
                ports_to_dealer: 53,
                handset_other_accounts: 54,
                document_other_accounts: 0,
                documents_of_pair: 0,
                read_accounts_leaving: 60,
            },
            begun_without_customer: true,
            lines_leaving_percent: 50,
            business: true,
            held: Some(HoldKind::Device),
            shipped: true,
            completing: Completing::Open { required: Level::Strong, with_pin: Level::Basic },
            roster: RosterStanding::OffDevice,
            store_network: NetworkStanding::NotTold,
            told: told(),
        }
    }

    fn told() -> ToldFacts {
        let at = |seconds| Some(NOW + TimeDelta::seconds(seconds));
        ToldFacts {
            log_in_failures: 21,
            log_in_failures_many_until: at(71),
            log_in_failure_sources: 2,
            logged_in_at: at(-73),
            forwarding_set_at: at(-74),
            reset_kinds: 3,
            reset_by_mailbox_at: at(-76),
            third_party_paid_at: at(-77),
            transfer_pin_in_call: true,
            in_call: true,
            device_proven_since: at(-80),
            number_reassigned_at: at(-81),
            fraud_reported: true,
            contacts_changed: ContactTimes { email: at(-85), sms: at(-88), voice: at(-86), postal: at(-84) },
            attached_at: at(-87),
        }
    }

    const GOLDEN: [(u16, i64); 89] = [
        (1, 1),
        (2, 2),
        (3, 4),
        (4, 2),
        (5, 5_000_000),
        (6, 1),
        (7, 2),
        (8, 4),
        (9, 9_000_000),
        (10, 1),
        (11, 1),
        (12, -12_000_000),
        (13, 3),
        (14, 2),
        (15, 15_000_000),
        (16, 16_000_000),
        (17, 6),
        (18, 2),
        (19, 19_000_000),
        (20, 1),
        (21, 4),
        (22, 22_000_000),
        (23, 23_000_000),
        (24, 1),
        (25, -25_000_000),
        (26, 1),
        (27, 1),
        (28, 1),
        (29, 1),
        (30, 1),
        (31, 31_000_000),
        (32, 1),
        (33, 1),
        (34, 2),
        (35, 3),
        (36, 2),
        (37, 3),
        (38, 900),
        (39, 1),
        (40, 1_200_000_000),
        (41, 6),
        (42, 1),
        (43, 43),
        (44, 4),
        (45, 45),
        (46, 46),
        (47, 47),
        (48, 1),
        (49, 49),
        (50, 50),
        (51, 1),
        (52, 52),
        (53, 53),
        (54, 54),
        (55, 3),
        (56, 1),
        (57, 57),
        (58, -58_000_000),
        (59, 59),
        (60, 60),
        (61, 4),
        (62, 3),
        (63, 1),
        (64, 3),
        (65, 7),
        (66, 4),
        (67, 67_000_000),
        (68, 1),
        (69, 2),
        (70, 21),
        (71, 71_000_000),
        (72, 2),
        (73, -73_000_000),
        (74, -74_000_000),
        (75, 3),
        (76, -76_000_000),
        (77, -77_000_000),
        (78, 1),
        (79, 1),
        (80, -80_000_000),
        (81, -81_000_000),
        (82, 1),
        (83, -84_000_000),
        (84, -84_000_000),
        (85, -85_000_000),
        (86, -86_000_000),
        (87, -87_000_000),
        (88, 1),
        (89, 1),
    ];

    #[test]
    fn golden_numbers_are_for_ever() {
        assert_eq!(loud().numbered(), GOLDEN);
    }

    #[test]
    fn quiet_facts_are_left_out() {
        let asker = Asker::Customer(PersonStanding::CarriesLine);
        let quiet = Facts::quiet(Action::SimChange, Channel::Care, asker, NOW);
        assert_eq!(quiet.numbered(), [(1, 1), (2, 2), (3, 4), (7, 1)]);
    }

    #[test]
    fn every_number_is_in_the_schema() {
        for (number, _) in loud().numbered() {
            assert!(fact_name(number).is_some(), "{number}");
        }
    }
}
