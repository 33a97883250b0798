//! threats.md E06, E07, E08, E10, E37: what a permit is good for, and what it is not.

use portcullis::domain::{Channel, LockSet, Requester, Role};
use portcullis::service::{Answer, PermitText, Redemption, Refusal, ServiceError, authorise};

use crate::world::{GAINING, NEW_SIM, World, carrier, customer, line_ref, port_out, requester, sim_to};

fn permit(answer: &Answer) -> PermitText {
    answer.permit.clone().unwrap_or_else(|| panic!("no permit: {:?}", answer.decided()))
}

async fn approved_port(world: &World) -> PermitText {
    let pin = world.transfer_pin(None).await;
    permit(&world.decide(carrier(), world.port_with(&pin)).await.unwrap())
}

fn refusal(result: Result<(), ServiceError>) -> Refusal {
    match result {
        Err(ServiceError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_permit_is_good_once() {
    let world = World::populated().await;
    let permit = approved_port(&world).await;
    world.redeem(carrier(), &permit, port_out(GAINING)).await.unwrap();
    assert_eq!(refusal(world.redeem(carrier(), &permit, port_out(GAINING)).await), Refusal::PermitUsed);
}

#[tokio::test]
async fn the_same_redemption_is_answered_again() {
    let world = World::populated().await;
    let permit = approved_port(&world).await;
    let request_id = world.request_id();
    let body = portcullis::service::Body(b"redeem".to_vec());
    let redemption = Redemption { request_id, body, permit, line: line_ref(), change: port_out(GAINING) };
    let first = world.engine.redeem(authorise(carrier()).unwrap(), redemption.clone()).await.unwrap();
    let again = world.engine.redeem(authorise(carrier()).unwrap(), redemption).await.unwrap();
    assert_eq!((first.id, first.at), (again.id, again.at));
}

#[tokio::test]
async fn every_bound_field_binds() {
    let world = World::populated().await;
    let permit = approved_port(&world).await;
    let other_carrier = refusal(world.redeem(carrier(), &permit, port_out("7777")).await);
    let other_action = refusal(world.redeem(carrier(), &permit, sim_to(NEW_SIM)).await);
    let other_caller: Requester = requester(Role::PortingSystem, "another-hub");
    let other_caller = refusal(world.redeem(other_caller, &permit, port_out(GAINING)).await);
    assert_eq!([other_carrier, other_action, other_caller], [Refusal::PermitMismatch; 3]);
    let mut forged = permit.0.clone();
    let last = if forged.ends_with('A') { "B" } else { "A" };
    forged.replace_range(forged.len() - 1.., last);
    let forged = refusal(world.redeem(carrier(), &PermitText(forged), port_out(GAINING)).await);
    assert!(matches!(forged, Refusal::PermitMismatch | Refusal::PermitUnknown));
    // The right one still works: nothing above used it up.
    world.redeem(carrier(), &permit, port_out(GAINING)).await.unwrap();
}

#[tokio::test]
async fn a_permit_ends_with_its_window() {
    let world = World::populated().await;
    let permit = approved_port(&world).await;
    world.pass(world.policy.permit_life);
    assert_eq!(refusal(world.redeem(carrier(), &permit, port_out(GAINING)).await), Refusal::PermitExpired);
}

#[tokio::test]
async fn a_lock_turned_on_in_between_voids_it() {
    let world = World::populated().await;
    let permit = approved_port(&world).await;
    world.lock(customer(), LockSet::Port).await.unwrap();
    assert_eq!(refusal(world.redeem(carrier(), &permit, port_out(GAINING)).await), Refusal::PermitVoid);
}

#[tokio::test]
async fn a_lock_that_does_not_cover_it_leaves_it() {
    let world = World::populated().await;
    let permit = approved_port(&world).await;
    world.lock(customer(), LockSet::Sim).await.unwrap();
    world.redeem(carrier(), &permit, port_out(GAINING)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_64_parallel_redemptions_one_succeeds() {
    let world = std::sync::Arc::new(World::populated().await);
    let permit = approved_port(&world).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (world, permit) = (world.clone(), permit.clone());
        tasks.spawn(async move { world.redeem(carrier(), &permit, port_out(GAINING)).await });
    }
    let (mut redeemed, mut refused) = (0, 0);
    while let Some(result) = tasks.join_next().await {
        match result.unwrap() {
            Ok(()) => redeemed += 1,
            Err(ServiceError::Refused(Refusal::PermitUsed) | ServiceError::Exhausted { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((redeemed, refused), (1, 63));
}

#[tokio::test]
async fn one_transfer_pin_pays_for_one_port() {
    let world = World::populated().await;
    let pin = world.transfer_pin(None).await;
    let first = permit(&world.decide(carrier(), world.port_with(&pin)).await.unwrap());
    let second = permit(&world.decide(carrier(), world.port_with(&pin)).await.unwrap());
    world.redeem(carrier(), &first, port_out(GAINING)).await.unwrap();
    let refused = refusal(world.redeem(carrier(), &second, port_out(GAINING)).await);
    assert_eq!(refused, Refusal::PermitVoid);
}

#[tokio::test]
async fn a_redeemed_sim_change_is_remembered() {
    let world = World::populated().await;
    let mut question = world.sim_change(Channel::App);
    question.evidence.account_pin = Some(portcullis::domain::PinDigits::parse_offered(crate::world::PIN).unwrap());
    let answer = world.decide(customer(), question).await.unwrap();
    world.redeem(customer(), &permit(&answer), sim_to(NEW_SIM)).await.unwrap();
    let again = world.decide(customer(), world.sim_change(Channel::App)).await;
    assert!(matches!(again, Err(ServiceError::Invalid { field: "change.sim_change.iccid", .. })), "{again:?}");
}
