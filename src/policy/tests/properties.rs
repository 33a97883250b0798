//! Invariants over everything that can be thrown at a decision.

use std::sync::LazyLock;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::dice::Dice;
use super::documents::shown;
use super::world::{Ask, World, held, iccid, lock_release, now, policy_with, sim_change, transfer_pin_issue};
use crate::domain::{
    Action, AppCheck, Change, ChangeDigest, Channel, CodeCheck, Completing, ContactChange, ContactId, ContactKind,
    ContactValue, DocumentCheck, HoldKind, Level, LineStatus, LockHolder, LockSet, LogIn, Mode, Msisdn, Network,
    ObservedSignal, Outcome, OutcomeKind, OwnerChange, PinCheck, PinOrigin, Protection, Reason, RecordId,
    RegisteredStore, Release, ReleaseGuard, ReleaseId, ReleaseScope, Reset, ResetKind, Role, RosterHours, SignalKind,
    SimChangeCause, SimDelivery, SourceFailures, SourceKind, Spid, Standing, TransferPinCheck, TransferPinOrigin,
    Usability, Velocity, Verdict, level_of,
};
use crate::policy::{
    Audience, CutOff, Dialect, Facts, Policy, RequiredSignal, SignalName, WireAnswer, account_number_matched, outward,
    wire,
};

fn random_change(dice: &mut Dice<'_>) -> Change {
    let causes = [SimChangeCause::Upgrade, SimChangeCause::Lost, SimChangeCause::Revert, SimChangeCause::Broken];
    let cause = dice.pick(&causes);
    let mut with_old_sim = sim_change(cause);
    if let Change::Sim(sim) = &mut with_old_sim {
        sim.old_iccid = Some(iccid("8901260000000000001"));
        sim.delivery = dice.pick(&[None, Some(SimDelivery::InHand), Some(SimDelivery::Shipped)]);
    }
    let contact = ContactChange { contact: ContactId::parse("mail").unwrap(), value: None };
    dice.pick(&[
        sim_change(cause),
        with_old_sim,
        Ask::carrier().request.change,
        transfer_pin_issue(),
        lock_release(),
        Change::PinChange,
        Change::Contact(contact),
        Change::CallForwarding { target: Msisdn::parse("+12125550188").unwrap() },
        Change::DeviceAdd { public_key_jwk: String::new(), model: None },
        Change::Owner(OwnerChange::Close),
    ])
}

fn random_ask(dice: &mut Dice<'_>) -> Ask {
    let askers = [
        Ask::owner(),
        Ask::customer("ann", "ann-new"),
        Ask::customer("bob", "bob-phone"),
        Ask::customer("cal", "cal-phone"),
        Ask::clerk(),
        Ask::care(),
        Ask::pad(),
        Ask::carrier(),
    ];
    let mut ask = dice.pick(&askers).change(random_change(dice));
    if dice.rarely() {
        ask.request.requester.role = dice.pick(&Role::NAMED).1;
    }
    if dice.rarely() {
        ask.request.interaction.channel = dice.pick(&Channel::ALL);
    }
    if dice.yes() {
        ask = ask.account_number(dice.pick(&["0012345678", "0012345678", "9"]));
    }
    if dice.rarely() {
        ask = ask.postal_code(dice.pick(&["84073", "10001"]));
    }
    let pins = [
        PinCheck::Matched,
        PinCheck::Matched,
        PinCheck::Mismatched,
        PinCheck::NotSet,
        PinCheck::Exhausted { until: now() + TimeDelta::hours(3) },
        PinCheck::NotAdmitted,
        PinCheck::Shed,
        PinCheck::Given,
    ];
    if dice.yes() {
        ask = ask.pin(dice.pick(&pins));
    }
    if dice.yes() {
        ask = ask.right_transfer_pin();
    } else if dice.rarely() {
        let wrong = [TransferPinCheck::Mismatched, TransferPinCheck::Expired, TransferPinCheck::Void];
        ask = ask.transfer_pin(dice.pick(&wrong));
    }
    if dice.yes() {
        ask = ask.app(dice.pick(&["ann-phone", "ann-phone", "ann-new", "bob-phone", "cal-phone", "never-seen"]));
    }
    if dice.rarely() {
        ask.checks.app = dice.pick(&[AppCheck::Refused, AppCheck::NewDevice]);
    }
    if dice.rarely() {
        let found =
            [CodeCheck::Matched, CodeCheck::Given, CodeCheck::Mismatched, CodeCheck::Expired, CodeCheck::NotSent];
        ask = ask.code(dice.pick(&found), dice.pick(&["mail", "mail", "own-number", "never-seen"]));
    }
    ask.request.waits = dice.yes();
    if dice.rarely() {
        ask = random_document(dice, ask);
    }
    ask.request.digest = ChangeDigest([dice.below(2); 32]);
    ask.request.mode = if dice.rarely() { Mode::Advise } else { Mode::Enforce };
    if dice.rarely() {
        ask.request.plan_time = Some(dice.instant());
    }
    ask.request.signals = random_signals(dice);
    if dice.rarely() {
        let levels = [Level::Basic, Level::TwoClasses, Level::Strong];
        let (required, with_pin) = (dice.pick(&levels), dice.pick(&levels));
        let open = Completing::Open { required, with_pin: with_pin.min(required) };
        ask = ask.completing(dice.pick(&[open, open, Completing::Declined, Completing::Lapsed]));
    }
    ask
}

fn random_signals(dice: &mut Dice<'_>) -> Vec<ObservedSignal> {
    let kinds = [
        SignalKind::DistanceFromHomeMiles(u32::from(dice.below(4)) * 100),
        SignalKind::DeviceSale(dice.yes()),
        SignalKind::StoreClosesWithin(TimeDelta::minutes(i64::from(dice.below(3)) * 40)),
    ];
    let observed = |kind| ObservedSignal { kind, source: None, observed_at: None };
    kinds.into_iter().filter(|_| dice.rarely()).map(observed).collect()
}

fn random_release(dice: &mut Dice<'_>) -> Release {
    let proven_at = dice.instant();
    let guard_ends = proven_at + TimeDelta::hours(24);
    Release {
        id: ReleaseId::from_u128(u128::from(dice.below(250)) + 1),
        proven_at,
        effective_at: proven_at + TimeDelta::minutes(15),
        relock_at: proven_at + TimeDelta::days(7),
        scope: dice.pick(&[
            ReleaseScope::Window,
            ReleaseScope::Only(ChangeDigest([0; 32]), None),
            ReleaseScope::Only(ChangeDigest([1; 32]), Some(Spid::parse("6529").unwrap())),
        ]),
        via: dice.pick(&Channel::ALL),
        device: None,
        guard: dice
            .pick(&[ReleaseGuard::OtherChannelUntil(guard_ends), ReleaseGuard::DeniedUntilThenStrong(guard_ends)]),
        decision: RecordId::from_u128(1),
    }
}

fn random_locks(dice: &mut Dice<'_>, protection: &mut Protection) {
    for _ in 0..dice.below(3) {
        let (set, holder) = (dice.pick(&LockSet::ALL), dice.pick(&[LockHolder::Customer, LockHolder::Carrier]));
        protection.set(set, holder, held(), 1);
        if dice.yes() {
            protection.release(set, holder, random_release(dice), 0).unwrap();
        }
    }
    protection.advance(now(), 2);
}

/// The default policy with some knobs turned, and perhaps a rule more.
fn variant(issued: bool, number_required: bool, harsher: bool) -> Policy {
    static VARIANTS: LazyLock<Vec<Policy>> = LazyLock::new(|| {
        let bits = |number: usize| [number & 1 == 1, number & 2 == 2, number & 4 == 4];
        (0..8).map(bits).map(|[issued, required, harsher]| loaded(issued, required, harsher)).collect()
    });
    let number = usize::from(issued) + 2 * usize::from(number_required) + 4 * usize::from(harsher);
    VARIANTS[number].clone()
}

fn loaded(issued: bool, number_required: bool, harsher: bool) -> Policy {
    let rule = "[[rule]]\nid = \"X1\"\nwhen = 'pin.failures >= 1'\npoints = 50\nreason = \"SCORE_HIGH\"\n";
    let knobs = format!("[transfer_pin]\nissued = {issued}\n[port]\naccount_number_required = {number_required}\n");
    policy_with(&format!("{knobs}{}", if harsher { rule } else { "" }))
}

fn random_document(dice: &mut Dice<'_>, ask: Ask) -> Ask {
    use DocumentCheck::{Differs, Given, Matched, NotOnRecord, Seconded};
    let seconded = dice.yes().then(|| dice.instant());
    let shown = shown(dice.pick(&[Some("ann"), Some("bob"), None]), seconded).elsewhere_if(dice.rarely());
    ask.shows(dice.pick(&[Matched, Differs, NotOnRecord, Seconded, Given]), shown)
}

fn random_velocity(dice: &mut Dice<'_>) -> Velocity {
    if !dice.rarely() {
        return Velocity::QUIET;
    }
    let accounts = dice.pick(&[0, 9, 10, 19, 20]);
    Velocity {
        unread: dice.rarely(),
        source: SourceFailures { accounts, kind: Some(dice.pick(&SourceKind::ALL)) },
        pin_value_failed_accounts: dice.pick(&[0, 10, 20]),
        staff_unproven_accounts: u32::from(dice.below(5)),
        staff_lapsed_accounts: u32::from(dice.below(3)),
        staff_accounts_at_once: u32::from(dice.rarely()),
        lines_leaving: u32::from(dice.below(4)),
        sweeps_lapsed: u32::from(dice.below(3)),
        ports_to_carrier: u32::from(dice.below(4)),
        ports_to_dealer: u32::from(dice.below(4)),
        handset_other_accounts: u32::from(dice.below(3)),
        document_other_accounts: u32::from(dice.rarely()),
        documents_of_pair: 0,
        read_accounts_leaving: dice.pick(&[0, 1, 4, 5]),
    }
}

fn random_world(dice: &mut Dice<'_>) -> World {
    let mut world = if dice.rarely() { World::unknown() } else { World::new() };
    if let Some(pin) = world.credentials.pin.as_mut()
        && dice.yes()
    {
        pin.set_at = dice.instant();
        pin.verified_at = dice.yes().then(|| dice.instant());
        pin.origin = dice.pick(&[PinOrigin::EndUser, PinOrigin::EndUser, PinOrigin::Carrier]);
    }
    world = world.contact("mail", ContactValue::Email("ann@example.com".to_owned()), dice.instant());
    let own = ContactValue::Sms(world.line.msisdn);
    world = world.contact("own-number", own, dice.instant());
    if dice.yes() {
        let origin =
            TransferPinOrigin { channel: dice.pick(&Channel::ALL), known_device: dice.yes(), in_call: dice.yes() };
        world = world.transfer_pin(dice.instant(), origin);
    }
    if dice.rarely() {
        world.account.devices.retain(|_| dice.yes());
    }
    world.line.attached_at =
        dice.rarely().then(|| now() - TimeDelta::minutes(10) - TimeDelta::nanoseconds(dice.pick(&[-1, 0, 1])));
    world.line.status = if dice.rarely() { LineStatus::Suspended } else { LineStatus::Active };
    let changed = if dice.yes() { dice.instants(2) } else { Vec::new() };
    world.line.sim_changes = changed.into_iter().map(Into::into).collect();
    world.pin_failures = if dice.yes() { dice.instants(6) } else { Vec::new() };
    world.transfer_pin_failures = if dice.rarely() { dice.instants(6) } else { Vec::new() };
    if dice.rarely() {
        let reset = |at| Reset { at, kind: ResetKind::Contact, via: Channel::Web, mailbox: None };
        world.account.resets = dice.instants(3).into_iter().map(reset).collect();
    }
    world.line.flags.heightened = dice.rarely();
    world.velocity = random_velocity(dice);
    world.held = dice.rarely().then_some(HoldKind::Device);
    if dice.rarely() {
        let kind = dice.pick(&[None, Some(ContactKind::Postal), Some(ContactKind::Email)]);
        world.credentials.history.contacts_changed.note(kind, dice.instant());
    }
    world.breached_until = dice.rarely().then(|| dice.instant());
    world.account.flags.victim = dice.rarely();
    world.policy = variant(!dice.rarely(), !dice.rarely(), false);
    if dice.rarely() {
        world.policy.pin.cutoffs.push(CutOff { instant: dice.instant(), brand: None });
    }
    if dice.rarely() {
        world.policy.signals_required.push(RequiredSignal {
            signal: dice.pick(&SignalName::ALL),
            action: dice.pick(&Action::ALL),
            channel: dice.pick(&Channel::ALL),
        });
    }
    world
}

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 96)
}

/// A world whose locks are open more often than not, and a request in it.
pub(super) fn random(bytes: &[u8]) -> (World, Ask) {
    let mut dice = Dice(bytes.iter());
    let ask = random_ask(&mut dice);
    let mut world = random_world(&mut dice);
    if dice.rarely() {
        random_locks(&mut dice, &mut world.line.protection);
        random_locks(&mut dice, &mut world.account.protection);
    }
    (world, ask)
}

pub(super) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(4_000))]

    /// INVARIANT (locked-never-approved).
    #[test]
    fn no_input_with_a_covering_lock_is_ever_approved(
        bytes in bytes(), on_line in any::<bool>(), by_carrier in any::<bool>(), releasing in any::<bool>(), all in any::<bool>(),
    ) {
        let (mut world, mut ask) = random(&bytes);
        if ask.request.change.action() == Action::LockRelease {
            // The one action that no lock covers, or none would ever come off.
            ask = ask.because(SimChangeCause::Upgrade);
        }
        let action = ask.request.change.action();
        let covering: Vec<LockSet> = LockSet::ALL.into_iter().filter(|set| set.covers(action)).collect();
        let set = if all { covering.last() } else { covering.first() };
        let (set, holder) = (*set.unwrap(), if by_carrier { LockHolder::Carrier } else { LockHolder::Customer });
        let protection = if on_line { &mut world.line.protection } else { &mut world.account.protection };
        protection.set(set, holder, held(), 1);
        if releasing {
            let mut release = random_release(&mut Dice(bytes.iter()));
            release.effective_at = now() + TimeDelta::nanoseconds(1);
            protection.release(set, holder, release, 0).unwrap();
        }
        let verdict = world.decide(&ask);
        prop_assert_eq!(verdict.outcome.kind(), OutcomeKind::Deny);
        let admission = world.admit(&ask);
        prop_assert!(!admission.transfer_pin && admission.account_pin == crate::policy::PinAdmission::No);
    }

    /// What a verdict promises by its shape, and INVARIANT (fail-closed): an approval rests on accepted proof of the level.
    #[test]
    fn verdicts_are_well_formed(bytes in bytes()) {
        let (world, ask) = random(&bytes);
        let verdict = world.decide(&ask);
        prop_assert!(is_well_formed(&verdict), "{:?}", verdict);
        if verdict.outcome.kind() == OutcomeKind::Approve {
            prop_assert_eq!(world.standing, Standing::Known);
            prop_assert_eq!(ask.request.mode, Mode::Enforce);
        }
        prop_assert_eq!(&verdict, &world.decide(&ask));
        let facts = Facts::gather(&world.policy, &ask.request.request(), &world.snapshot(), &ask.checks, now());
        let numbers: Vec<u16> = facts.numbered().into_iter().map(|(number, _)| number).collect();
        prop_assert!(numbers.is_sorted());
    }

    /// INVARIANT (unknown-looks-known), and that no refusal of a port lets it succeed.
    #[test]
    fn carriers_are_told_codes_and_nothing_else(bytes in bytes()) {
        let (world, ask) = random(&bytes);
        let verdict = world.decide(&ask);
        let matched = account_number_matched(&ask.request.request(), &world.snapshot());
        prop_assert!(!(matched && world.standing == Standing::Unknown));
        for dialect in Dialect::ALL {
            let reply = wire(dialect, verdict.outcome.kind(), &verdict.reasons, matched);
            prop_assert_eq!(reply.answer == WireAnswer::ResolutionRequired, !reply.codes.is_empty());
            prop_assert!(!reply.codes.contains(&"7599"));
        }
        let audience = Audience::of(&ask.request.request(), &world.snapshot());
        let told = outward(audience, &verdict);
        if matches!(audience, Audience::Carrier { .. }) {
            prop_assert!(told.reasons.is_empty() && told.next_step.is_empty());
        }
        prop_assert_eq!(told.explained, audience == Audience::Everything);
    }

    /// INVARIANT (stricter-only): no fact that is worse makes an answer milder.
    ///
    /// That nothing usable is left is told only to who has proven something (INVARIANT unknown-looks-known). A fact that takes that
    /// proof away turns this refusal into the challenge that anybody would get, and that nobody can meet.
    #[test]
    fn a_worse_fact_never_softens(bytes in bytes(), worse in 0_usize..30) {
        let (world, mut ask) = random(&bytes);
        // A signal that was missing and now is there is not a worse one.
        ask.request.signals.push(distance(0));
        let before = world.decide(&ask);
        let (worse_world, worse_ask) = worsen(worse, world, ask);
        let after = worse_world.decide(&worse_ask);
        let nothing_left = before.reasons.iter().any(|given| given.reason == Reason::NoUsableFactor);
        let unproven = !before.accepted.is_empty() && after.accepted.is_empty();
        let least = if nothing_left && unproven { OutcomeKind::Challenge } else { before.outcome.kind() };
        prop_assert!(after.outcome.kind() >= least, "{:?} then {:?}", before, after);
        prop_assert!(after.score >= before.score);
        let denied = after.outcome.kind() == OutcomeKind::Deny;
        prop_assert!(denied || after.required >= before.required, "{:?} then {:?}", before, after);
    }
}

fn is_well_formed(verdict: &Verdict) -> bool {
    match &verdict.outcome {
        Outcome::Approve(approval) => {
            level_of(verdict.accepted.iter().copied()) >= verdict.required
                && !verdict.accepted.is_empty()
                && approval.not_before >= now()
                && approval.life <= TimeDelta::minutes(10)
        }
        Outcome::Challenge(challenge) => {
            !verdict.reasons.is_empty()
                && challenge.options.iter().any(|option| option.usability == Usability::Usable)
                && challenge.expires_at > now()
        }
        Outcome::Deny(denial) => !verdict.reasons.is_empty() && denial.retry_at.is_none_or(|at| at > now()),
    }
}

fn distance(miles: u32) -> ObservedSignal {
    ObservedSignal { kind: SignalKind::DistanceFromHomeMiles(miles), source: None, observed_at: None }
}

fn worsen(way: usize, mut world: World, mut ask: Ask) -> (World, Ask) {
    match way {
        0 => world.line.flags.heightened = true,
        1 => world.account.flags.victim = true,
        2 => world.pin_failures.push(now()),
        3 => world.pin_failures.extend([now(); 5]),
        4 => world.account.protection.set(LockSet::All, LockHolder::Carrier, held(), 9),
        5 => ask.request.signals.push(distance(900)),
        6 => world.account.resets.push(Reset { at: now(), kind: ResetKind::Contact, via: Channel::Web, mailbox: None }),
        7 => {
            let before = world.policy.clone();
            world.policy = variant(before.transfer_pin.issued, before.port_account_number_required, true);
            world.policy.pin.cutoffs = before.pin.cutoffs;
            world.policy.signals_required = before.signals_required;
        }
        8 => world.line.sim_changes.push(now().into()),
        9 => world.velocity.source.accounts += 1,
        10 => world.velocity.pin_value_failed_accounts += 5,
        11 => world.velocity.staff_unproven_accounts += 1,
        12 => world.velocity.staff_accounts_at_once += 1,
        13 => world.velocity.lines_leaving += 1,
        14 => world.velocity.handset_other_accounts += 1,
        15 => world.velocity.unread = true,
        16 => world.held = Some(HoldKind::Staff),
        17 => world.held = Some(HoldKind::Carrier),
        18 => world.breached_until = Some(now()),
        19 => world.credentials.history.contacts_changed.note(None, now()),
        20 => world.line.attached_at = Some(now()),
        22 => world.velocity.staff_lapsed_accounts += 1,
        23 => world.velocity.sweeps_lapsed += 1,
        24 => world.velocity.read_accounts_leaving += 1,
        25 => {
            let hours = RosterHours { begin: now() - TimeDelta::hours(9), end: now() - TimeDelta::hours(1) };
            ask.request.requester.roster.hours = Some(hours);
        }
        26 => {
            world.store = Some(RegisteredStore {
                networks: vec![Network::parse("203.0.113.0/24").unwrap()],
                ..RegisteredStore::default()
            });
            ask.request.interaction.client_address = "192.0.2.1".parse().ok();
        }
        21 => {
            if let Change::Sim(sim) = &mut ask.request.change {
                sim.delivery = Some(SimDelivery::Shipped);
            }
        }
        28 => ask.request.completing = Completing::Declined,
        29 => ask.request.completing = Completing::Lapsed,
        _ => {
            let failure = LogIn { at: now(), device: None, source: None };
            world.credentials.history.log_in_failures.extend(vec![failure; 20]);
            world.credentials.history.end_number(world.line.id.clone(), now());
        }
    }
    (world, ask)
}

/// The generator reaches every outcome for every action, or the properties above say little.
#[test]
fn the_generator_reaches_approvals_challenges_and_denials() {
    let mut seen = std::collections::BTreeSet::new();
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..96)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let (world, ask) = random(&bytes);
        seen.insert((ask.request.change.action(), world.decide(&ask).outcome.kind()));
    }
    for action in Action::ALL {
        for kind in [OutcomeKind::Approve, OutcomeKind::Challenge, OutcomeKind::Deny] {
            assert!(seen.contains(&(action, kind)), "{} never {}", action.name(), kind.name());
        }
    }
}
