//! Policies for other countries: the default one, and what is stricter there.

use super::world::{Ask, FROM_HOME, World, days_ago, hours_ago};
use crate::domain::Reason;
use crate::policy::{BUILT_IN, Policy, built_in};

fn profile(name: &str) -> Policy {
    built_in(name).unwrap().unwrap()
}

fn under(name: &str, world: &World) -> World {
    World { policy: profile(name), ..world.clone() }
}

#[test]
fn every_built_in_policy_stands_and_is_its_own() {
    let mut texts: Vec<String> = BUILT_IN.iter().map(|(name, _, _)| profile(name).canonical()).collect();
    assert!(BUILT_IN.iter().all(|(name, _, _)| profile(name).validate().is_ok()));
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), BUILT_IN.len());
}

#[test]
fn in_india_no_number_leaves_within_a_week_of_a_sim_change() {
    let world = World::new()
        .transfer_pin(hours_ago(2), FROM_HOME)
        .with(|world| world.line.sim_changes.push(days_ago(6).into()));
    let ask = Ask::carrier().right_transfer_pin();
    world.approves(&ask);
    let denied = under("in-trai", &world).denies(&ask, &[Reason::SimChangedRecently]);
    let crate::domain::Outcome::Deny(denial) = denied.outcome else { panic!("not denied") };
    assert!(denial.retry_at.is_some(), "when it may leave is told");
}

#[test]
fn in_australia_one_factor_is_not_enough() {
    let world = under("au-acma", &World::new());
    World::new().approves(&Ask::pad().right_pin());
    world.challenges(&Ask::pad().right_pin(), &[Reason::ProofTooWeak]);
    world.approves(&Ask::owner().right_pin().app("ann-phone"));
}
