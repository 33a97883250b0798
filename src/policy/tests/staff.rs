//! Rosters and stores' networks: P6.

use chrono::TimeDelta;

use super::world::{Ask, World, now, policy_with};
use crate::domain::{
    DeviceId, HoldKind, LockSet, Network, OutcomeKind, PinCheck, Reason, RegisteredStore, Roster, RosterHours, StoreId,
};
use crate::policy::{Audience, PinAdmission, load, outward};

/// A roster whose hours ended so long ago.
fn ended(ago: TimeDelta) -> Roster {
    let hours = RosterHours { begin: now() - TimeDelta::hours(9), end: now() - ago };
    Roster { hours: Some(hours), ..Roster::default() }
}

/// A clerk of the store S1, with a device and the owner's approval.
fn clerk(roster: Roster) -> Ask {
    Ask::clerk().app("ann-phone").with(|request| {
        request.requester.store = StoreId::parse("S1").ok();
        request.requester.device = DeviceId::parse("till-1").ok();
        request.requester.roster = roster;
    })
}

fn at(ask: Ask, address: &str) -> Ask {
    ask.with(|request| request.interaction.client_address = Some(address.parse().unwrap()))
}

fn registered() -> World {
    let networks = vec![Network::parse("203.0.113.0/28").unwrap()];
    let devices = vec![DeviceId::parse("till-1").unwrap()];
    World::new().with(|world| world.store = Some(RegisteredStore { networks, devices }))
}

#[test]
fn who_is_off_the_roster_is_refused_whatever_is_proven_and_held() {
    let world = World::new();
    world.approves(&clerk(Roster::default()));
    world.approves(&clerk(ended(TimeDelta::minutes(29))));
    let elsewhere = Roster { stores: vec![StoreId::parse("S2").unwrap()], ..Roster::default() };
    let on_another = Roster { devices: vec![DeviceId::parse("till-2").unwrap()], ..Roster::default() };
    for roster in [ended(TimeDelta::minutes(30)), elsewhere, on_another] {
        let verdict = world.denies(&clerk(roster), &[Reason::OffRoster]);
        assert_eq!(verdict.holds, [(HoldKind::Staff, "P6-off-roster")]);
    }
    registered().approves(&at(clerk(Roster::default()), "203.0.113.1"));
    let on_foreign_till = at(clerk(Roster::default()), "203.0.113.1")
        .with(|request| request.requester.device = DeviceId::parse("till-9").ok());
    registered().denies(&on_foreign_till, &[Reason::OffRoster]);
}

#[test]
fn a_device_off_its_stores_networks_is_refused_and_held_with_its_certificate() {
    let world = registered();
    let verdict = world.denies(&at(clerk(Roster::default()), "198.51.100.7"), &[Reason::NetworkNotRegistered]);
    let rule = "P6-network-not-registered";
    assert_eq!(verdict.holds, [(HoldKind::Device, rule), (HoldKind::Certificate, rule)]);
    world.denies(&at(Ask::pad().right_pin(), "198.51.100.7"), &[Reason::NetworkNotRegistered]);
    // Of what nobody told nothing is known; an operator whose front ends tell it may ask for it.
    world.approves(&clerk(Roster::default()));
    let strict = "[[rule]]\nid = \"X1\"\nwhen = 'store.network == \"NOT_TOLD\"'\nat_least = \"DENY\"\nhold = \"TOKEN\"\n\
                  reason = \"NETWORK_NOT_REGISTERED\"\n";
    let strict = world.with(|world| world.policy = policy_with(strict));
    let verdict = strict.denies(&clerk(Roster::default()), &[Reason::NetworkNotRegistered]);
    assert_eq!(verdict.holds, [(HoldKind::Token, "X1")]);
}

/// INVARIANT (off-hours-opens-nothing): in every policy, whatever else it says.
#[test]
fn off_its_hours_a_token_is_refused_by_every_policy_tries_no_pin_and_learns_nothing() {
    let (knobs, _) = include_str!("../../../policies/us-default.toml").split_once("[[rule]]").unwrap();
    let bare = load("bare.toml", knobs).unwrap();
    let world = World::new().locked(LockSet::All).with(|world| world.policy = bare);
    let ask = clerk(ended(TimeDelta::hours(2))).pin(PinCheck::NotAdmitted);
    let offered = ask.clone().with(|request| request.account_pin = true);
    assert_eq!(World::new().admit(&offered).account_pin, PinAdmission::No);
    let on = offered.with(|request| request.requester.roster = Roster::default());
    assert_eq!(World::new().admit(&on).account_pin, PinAdmission::Admit);
    let verdict = world.decide(&ask);
    assert_eq!(verdict.outcome.kind(), OutcomeKind::Deny);
    let all: Vec<Reason> = verdict.reasons.iter().map(|given| given.reason).collect();
    assert!(all.contains(&Reason::LockOn) && all.contains(&Reason::OffRoster), "{all:?}");
    let told = outward(Audience::of(&ask.request.request(), &world.snapshot()), &verdict);
    let told_reasons: Vec<Reason> = told.reasons.iter().map(|given| given.reason).collect();
    assert_eq!((told_reasons, told.retry_at), (vec![Reason::OffRoster], None));
    assert!(!told.next_step.contains("protection"), "{}", told.next_step);
    let unlocked = outward(Audience::Staff, &World::new().decide(&ask));
    assert_eq!(unlocked, told, "a line with a lock looks like one without");
}
