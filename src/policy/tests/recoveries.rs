//! P22: what the way back to the SIM before needs, and what it does not wait for.

use chrono::{DateTime, TimeDelta, Utc};

use super::documents::{named, shown};
use super::world::{Ask, World, hours_ago, iccid, minutes_ago, now, sim_change};
use crate::domain::{
    Annulled, Change, Channel, Factor, Level, LogIn, Reason, Recovery, RecoveryState, Reset, ResetKind, SimChangeCause,
    SimDelivery, SimTarget,
};

impl World {
    /// Its line may go back to the SIM that [`sim_change`] names, until then.
    pub(super) fn reported(self, until: DateTime<Utc>) -> Self {
        self.with(|world| {
            let state = RecoveryState::Open { until, annulled: Annulled::default() };
            let back_to = SimTarget::Iccid(iccid("8901260000000000099"));
            let recovery = Recovery { disputed_at: hours_ago(2), back_to, suspends: true, state };
            world.line.recovery = Some(Box::new(recovery));
        })
    }

    /// Two resets lately, and a burst of failed log-ins.
    fn besieged(self) -> Self {
        self.with(|world| {
            let reset = |kind| Reset { at: hours_ago(1), kind, via: Channel::Web, mailbox: None };
            world.account.resets = vec![reset(ResetKind::Pin), reset(ResetKind::Password)];
            let failure = LogIn { at: minutes_ago(30), device: None, source: None };
            world.credentials.history.log_in_failures = vec![failure; 20];
        })
    }
}

/// With a document that two have seen.
fn back() -> Ask {
    Ask::clerk().change(sim_change(SimChangeCause::Revert)).given(shown(Some("ann"), Some(now())))
}

#[test]
fn it_waits_for_no_cool_down_and_nothing_else_is_let_through() {
    let tomorrow = now() + TimeDelta::hours(24);
    let refused = &[Reason::ResetRecently, Reason::LogInsFailed];
    named().besieged().denies(&back(), refused);
    let world = named().besieged().reported(tomorrow);
    assert_eq!(world.approves(&back()).accepted, [Factor::IdDocument]);
    // Over, to another SIM, or as a parcel: none of them is the way back.
    named().besieged().reported(now()).denies(&back(), refused);
    let to = |iccid_of: &str, delivery| {
        let target = SimTarget::Iccid(iccid(iccid_of));
        back().with(|request| {
            if let Change::Sim(sim) = &mut request.change {
                (sim.target, sim.delivery) = (target.clone(), delivery);
            }
        })
    };
    world.approves(&to("8901260000000000099", Some(SimDelivery::InHand)));
    for elsewhere in [to("8901260000000000077", None), to("8901260000000000099", Some(SimDelivery::Shipped))] {
        world.denies(&elsewhere, refused);
    }
}

#[test]
fn it_needs_strong_proof_in_every_policy() {
    let pin = Ask::pad().right_pin().change(sim_change(SimChangeCause::Revert));
    World::new().approves(&pin);
    let verdict = World::new().reported(now() + TimeDelta::hours(1)).challenges(&pin, &[Reason::ProofTooWeak]);
    assert_eq!(verdict.required, Level::Strong);
}
