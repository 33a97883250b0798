//! The fact sets: seeded, so that every run and every engine sees the same.

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::domain::{
    Action, Channel, Completing, ContactTimes, Level, LineStatus, NetworkStanding, PinCheck, RosterStanding, Signal,
    SimChangeCause, Stance, Standing, Velocity,
};
use portcullis::policy::{
    AppFact, Asker, AskerDevice, CodeFact, DocumentFact, Facts, Field, PersonStanding, PinFitness, ToldFacts,
    TransferPinFact,
};

/// The instant of every decision.
const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// So many fact sets from one seed.
pub(crate) fn fact_sets(many: usize, seed: u64) -> Vec<Facts> {
    let mut dice = Dice(seed);
    (0..many).map(|_| facts(&mut dice)).collect()
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// A time around those that rules ask about.
    fn hours(&mut self) -> TimeDelta {
        TimeDelta::hours(self.pick(&[0, 1, 23, 24, 25, 71, 72, 73, 167, 168, 169, 720]))
    }

    fn known<T>(&mut self, value: T) -> Signal<T> {
        if self.one_in(4) { Signal::Unknown } else { Signal::Known(value) }
    }

    fn field(&mut self) -> Field {
        self.pick(&[Field::Matches, Field::Matches, Field::Differs, Field::NotGiven, Field::NotOnRecord])
    }
}

/// Facts that make rules be asked to their end: where a rule asks one thing after another, the first mostly holds.
fn facts(dice: &mut Dice) -> Facts {
    let action = dice.pick(&Action::ALL);
    let (channel, asker) = (channel(dice), asker(dice));
    let pin_check = pin_check(dice);
    let failures = u32::try_from(dice.below(8)).unwrap();
    let resets = u32::try_from(dice.below(4)).unwrap();
    let until = |holds: bool| holds.then(|| NOW + TimeDelta::hours(5));
    Facts {
        change_at: if dice.one_in(8) { NOW + dice.hours() } else { NOW },
        asker_device: match asker {
            Asker::Customer(_) => dice.pick(&[AskerDevice::Known, AskerDevice::Known, AskerDevice::New]),
            _ => AskerDevice::NotCustomers,
        },
        standing: if dice.one_in(16) { Standing::Unknown } else { Standing::Known },
        line_status: line_status(dice),
        stance: stance(dice),
        same_way_as_release: dice.one_in(8),
        flagged: dice.one_in(8),
        sim_changed_at: if dice.one_in(3) { None } else { Some(NOW - dice.hours()) },
        cause: (action == Action::SimChange).then(|| cause(dice)),
        resets,
        resets_two_until: until(resets >= 2),
        resets_one_until: until(resets >= 1),
        pin_check,
        pin_fitness: fitness(dice),
        pin_entry_counts: !dice.one_in(3),
        pin_failures: failures,
        pin_failures_many_until: until(failures >= 3),
        pin_off_until: until(failures >= 5 || matches!(pin_check, PinCheck::Exhausted { .. })),
        transfer_pin: transfer_pin(dice),
        app: app(dice),
        code: dice.pick(&[
            CodeFact::NotOffered,
            CodeFact::NotOffered,
            CodeFact::Right,
            CodeFact::Beside,
            CodeFact::Wrong,
        ]),
        document: dice.pick(&[
            DocumentFact::NotOffered,
            DocumentFact::NotOffered,
            DocumentFact::Differs,
            DocumentFact::Rests { until: NOW + TimeDelta::hours(2) },
            DocumentFact::Right,
        ]),
        document_elsewhere: !dice.one_in(9),
        has_known_device: dice.one_in(2),
        account_number: dice.field(),
        postal_code: dice.field(),
        holder_name: dice.field(),
        old_sim: dice.field(),
        distance_from_home_miles: {
            let miles = u32::try_from(dice.below(400)).unwrap();
            dice.known(miles)
        },
        device_sale: {
            let sold = dice.one_in(2);
            dice.known(sold)
        },
        store_closes_within: {
            let minutes = i64::try_from(dice.below(180)).unwrap();
            dice.known(TimeDelta::minutes(minutes))
        },
        velocity: velocity(dice),
        begun_without_customer: !dice.one_in(4),
        lines_leaving_percent: u32::try_from(dice.below(10)).unwrap(),
        business: !dice.one_in(4),
        shipped: action == Action::SimChange && dice.one_in(2),
        roster: dice.pick(&[RosterStanding::Unknown, RosterStanding::On, RosterStanding::On, RosterStanding::OffStore]),
        store_network: dice.pick(&[
            NetworkStanding::Unknown,
            NetworkStanding::Registered,
            NetworkStanding::Registered,
            NetworkStanding::NotRegistered,
        ]),
        completing: dice.pick(&[
            Completing::Nothing,
            Completing::Nothing,
            Completing::Open { required: Level::TwoClasses, with_pin: Level::TwoClasses },
            Completing::Declined,
        ]),
        told: told(dice),
        ..Facts::quiet(action, channel, asker, NOW)
    }
}

fn told(dice: &mut Dice) -> ToldFacts {
    let minutes = i64::try_from(dice.below(20)).unwrap();
    ToldFacts {
        log_in_failures: 5 * u32::try_from(dice.below(8)).unwrap(),
        attached_at: dice.one_in(2).then(|| NOW - TimeDelta::minutes(minutes)),
        contacts_changed: ContactTimes {
            postal: dice.one_in(2).then(|| NOW - dice.hours()),
            ..ContactTimes::default()
        },
        ..ToldFacts::default()
    }
}

/// Windows that could be read: what is counted over many accounts is known.
fn velocity(dice: &mut Dice) -> Velocity {
    let mut few = |most| u32::try_from(dice.below(most)).unwrap();
    Velocity {
        pin_value_failed_accounts: 3 * few(8),
        staff_unproven_accounts: few(6),
        staff_accounts_at_once: few(2),
        lines_leaving: few(5),
        ports_to_carrier: few(5),
        handset_other_accounts: few(4),
        sweeps_lapsed: few(2),
        read_accounts_leaving: few(7),
        ..Velocity::QUIET
    }
}

fn channel(dice: &mut Dice) -> Channel {
    if dice.one_in(3) { Channel::Store } else { dice.pick(&Channel::ALL) }
}

fn asker(dice: &mut Dice) -> Asker {
    dice.pick(&[
        Asker::Customer(PersonStanding::Owner),
        Asker::Customer(PersonStanding::Owner),
        Asker::Customer(PersonStanding::AuthorisedForLine),
        Asker::Customer(PersonStanding::AuthorisedElsewhere),
        Asker::Customer(PersonStanding::CarriesLine),
        Asker::Customer(PersonStanding::Stranger),
        Asker::CustomerEntry,
        Asker::Staff,
        Asker::Carrier,
        Asker::System,
    ])
}

fn line_status(dice: &mut Dice) -> LineStatus {
    dice.pick(&[
        LineStatus::Active,
        LineStatus::Active,
        LineStatus::Active,
        LineStatus::Suspended,
        LineStatus::Closed,
        LineStatus::PortedOut,
    ])
}

fn stance(dice: &mut Dice) -> Stance {
    let until = NOW + TimeDelta::hours(5);
    dice.pick(&[
        Stance::Open,
        Stance::Open,
        Stance::Open,
        Stance::Open,
        Stance::GuardedOtherChannel,
        Stance::GuardedStrong,
        Stance::GuardedDeny { until },
        Stance::CoolingDown { until },
        Stance::Locked,
    ])
}

fn cause(dice: &mut Dice) -> SimChangeCause {
    dice.pick(&[SimChangeCause::Upgrade, SimChangeCause::Lost, SimChangeCause::Stolen, SimChangeCause::Broken])
}

fn pin_check(dice: &mut Dice) -> PinCheck {
    dice.pick(&[
        PinCheck::Matched,
        PinCheck::Matched,
        PinCheck::Matched,
        PinCheck::Matched,
        PinCheck::Matched,
        PinCheck::Matched,
        PinCheck::Mismatched,
        PinCheck::NotSet,
        PinCheck::Exhausted { until: NOW + TimeDelta::hours(3) },
        PinCheck::Shed,
    ])
}

fn fitness(dice: &mut Dice) -> PinFitness {
    let until = NOW + TimeDelta::hours(7);
    dice.pick(&[
        PinFitness::Fit,
        PinFitness::TooNew { until },
        PinFitness::BeforeBreach,
        PinFitness::Default,
        PinFitness::Dormant,
    ])
}

fn transfer_pin(dice: &mut Dice) -> TransferPinFact {
    let issued_at = NOW - dice.hours();
    let right = TransferPinFact::Right { issued_at, proven: dice.one_in(4), same_way_as_release: dice.one_in(2) };
    dice.pick(&[
        right,
        right,
        right,
        TransferPinFact::NotOffered,
        TransferPinFact::NotOffered,
        TransferPinFact::NotOffered,
        TransferPinFact::Wrong,
        TransferPinFact::Expired,
        TransferPinFact::Void,
    ])
}

fn app(dice: &mut Dice) -> AppFact {
    let added_at = NOW - dice.hours();
    let approved = AppFact::Approved { older_than_resets: dice.one_in(2), same_device: dice.one_in(2), added_at };
    dice.pick(&[
        approved,
        AppFact::NotOffered,
        AppFact::NotOffered,
        AppFact::Refused,
        AppFact::NewDevice,
        AppFact::WrongPerson,
    ])
}
