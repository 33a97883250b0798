//! Ports and transfer PINs: P10, P11, P14, P23.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{
    Ask, FROM_CARE, FROM_HOME, TICK, TRANSFER_PIN, World, days_ago, hours_ago, minutes_ago, now, policy_with,
    transfer_pin_issue,
};
use crate::domain::{
    Action, Channel, Factor, FactorOption, HolderName, Level, LineStatus, Outcome, PinCheck, Reason, Spid, TransferPin,
    TransferPinCheck, TransferPinOrigin, TransferPinScope, TransferPinState, Usability, Verifier,
};
use crate::policy::CutOff;

impl World {
    /// A live transfer PIN of the line.
    pub(super) fn transfer_pin(self, issued_at: DateTime<Utc>, origin: TransferPinOrigin) -> Self {
        self.with(|world| {
            let scope = TransferPinScope::Line(world.line.id.clone());
            world.credentials.transfer_pins.push(TransferPin {
                id: TRANSFER_PIN,
                verifier: Verifier(Vec::new()),
                scope,
                gaining_spid: None,
                issued_at,
                expires_at: world.policy.transfer_pin.life.expires_at(issued_at),
                origin,
                state: TransferPinState::Live,
                granted_seq: 5,
            });
        })
    }
}

#[test]
fn a_port_with_a_right_transfer_pin_is_approved() {
    // L06, L11.
    let world = World::new().transfer_pin(hours_ago(2), FROM_HOME);
    let verdict = world.approves(&Ask::carrier().right_transfer_pin());
    assert_eq!(verdict.accepted, [Factor::TransferPin]);
    world.approves(&Ask::carrier().postal_code("84073-0001").right_transfer_pin());
}

#[test]
fn without_one_it_is_challenged_for_one() {
    let verdict = World::new().challenges(&Ask::carrier(), &[Reason::TransferPinMissing]);
    let Outcome::Challenge(challenge) = verdict.outcome else { panic!("not challenged") };
    let usable = |factor| FactorOption { factor, usability: Usability::Usable };
    assert_eq!(challenge.options, [usable(Factor::TransferPin), usable(Factor::AppApproval)]);
    assert_eq!(challenge.expires_at, now() + TimeDelta::minutes(10));
    // The customer's approval of exactly this port does without one.
    World::new().approves(&Ask::carrier().app("ann-phone"));
}

#[test]
fn each_wrong_field_has_its_own_reason() {
    let world = World::new().transfer_pin(hours_ago(2), FROM_HOME);
    let right = || Ask::carrier().right_transfer_pin();
    let unnamed = right().with(|request| request.claims.account_number = None);
    world.denies(&unnamed, &[Reason::AccountNumberMissing]);
    world.denies(&right().account_number("12345678"), &[Reason::AccountNumberWrong]);
    world.denies(&right().postal_code("10001"), &[Reason::PostalCodeWrong]);
    let named =
        |name: &str| right().with(|request| request.claims.holder_name = Some(HolderName::parse(name).unwrap()));
    world.denies(&named("Someone Else"), &[Reason::HolderNameWrong]);
    world.approves(&named("ann ohara"));
    world.denies(&right().wrong_pin(), &[Reason::PinMismatch]);
    world.denies(&right().pin(PinCheck::NotSet), &[Reason::PinMismatch]);
    let both = right().postal_code("10001").account_number("9");
    world.denies(&both, &[Reason::AccountNumberWrong, Reason::PostalCodeWrong]);
    // A carrier that does not ask for the number may leave it out, not get it wrong.
    let lenient = world.with(|world| world.policy = policy_with("[port]\naccount_number_required = false"));
    lenient.approves(&unnamed);
    lenient.denies(&right().account_number("9"), &[Reason::AccountNumberWrong]);
}

#[test]
fn transfer_pins_that_do_not_do() {
    let ask = |found| Ask::carrier().transfer_pin(found);
    let world = World::new();
    // A31, L07.
    world.denies(&ask(TransferPinCheck::Mismatched), &[Reason::TransferPinWrong]);
    world.denies(&ask(TransferPinCheck::Expired), &[Reason::TransferPinExpired]);
    world.denies(&ask(TransferPinCheck::Void), &[Reason::TransferPinVoid]);
    // Not on record: nothing to rest on.
    world.denies(&Ask::carrier().right_transfer_pin(), &[Reason::TransferPinVoid]);
}

#[test]
fn what_a_check_matched_must_still_be_good() {
    let right = Ask::carrier().right_transfer_pin();
    let issued = |at| World::new().transfer_pin(at, FROM_HOME);
    let week = days_ago(7);
    issued(week).denies(&right, &[Reason::TransferPinExpired]);
    issued(week + TICK).approves(&right);
    let good = || issued(hours_ago(2));
    let used = good().with(|w| w.credentials.transfer_pins[0].state = TransferPinState::Used { at: hours_ago(1) });
    used.denies(&right, &[Reason::TransferPinVoid]);
    let other = good().with(|w| w.credentials.transfer_pins[0].gaining_spid = Some(Spid::parse("7777").unwrap()));
    other.denies(&right, &[Reason::TransferPinWrong]);
    // A lock that was turned on since, and is long off again.
    let locked_since = good().with(|w| w.line.protection.void(Action::TransferPinIssue, 5));
    locked_since.denies(&right, &[Reason::TransferPinVoid]);
    let account_since = good().with(|w| w.account.protection.void(Action::TransferPinIssue, 5));
    account_since.denies(&right, &[Reason::TransferPinVoid]);
    good().with(|w| w.account.protection.void(Action::TransferPinIssue, 4)).approves(&right);
    // A31: five wrong since it was issued, the sixth right.
    let guessed = good().with(|w| w.transfer_pin_failures = vec![minutes_ago(5); 5]);
    guessed.denies(&right, &[Reason::TransferPinVoid]);
    good().with(|w| w.transfer_pin_failures = vec![hours_ago(3); 5]).approves(&right);
}

#[test]
fn the_account_pin_is_no_proof_in_a_port_while_transfer_pins_are_issued() {
    let world = World::new();
    world.challenges(&Ask::carrier().right_pin(), &[Reason::TransferPinMissing]);
    // A29.
    let breached = World::new().with(|world| {
        world.policy.pin.cutoffs.push(CutOff { instant: days_ago(100), brand: None });
    });
    let reasons = [Reason::TransferPinMissing, Reason::PinBeforeBreach];
    breached.challenges(&Ask::carrier().postal_code("84073").right_pin(), &reasons);
    // Carriers that issue none take it.
    let old_way = World::new().with(|world| world.policy = policy_with("[transfer_pin]\nissued = false"));
    old_way.approves(&Ask::carrier().right_pin());
    old_way.denies(&Ask::carrier().wrong_pin(), &[Reason::PinMismatch]);
    let verdict = old_way.challenges(&Ask::carrier(), &[Reason::NoCustomerProof]);
    let Outcome::Challenge(challenge) = verdict.outcome else { panic!("not challenged") };
    assert_eq!(challenge.options.first().map(|option| option.factor), Some(Factor::AccountPin));
}

#[test]
fn a_pin_that_could_not_be_looked_at_holds_a_port() {
    let world = World::new().transfer_pin(hours_ago(2), FROM_HOME);
    world.challenges(&Ask::carrier().right_transfer_pin().pin(PinCheck::Shed), &[Reason::PinNotChecked]);
}

#[test]
fn a_sim_change_holds_ports_for_72_hours_then_adds_points_for_7_days() {
    let changed = |at: DateTime<Utc>| {
        World::new().transfer_pin(hours_ago(2), FROM_HOME).with(|world| world.line.sim_changes.push(at.into()))
    };
    let port = Ask::carrier().right_transfer_pin();
    let issue = Ask::owner().right_pin().change(transfer_pin_issue());
    let (edge, end) = (hours_ago(72), days_ago(7));
    for (ask, app) in [(&port, Ask::carrier().app("ann-phone")), (&issue, issue.clone().app("ann-phone"))] {
        changed(edge).challenges(ask, &[Reason::SimChangedRecently]);
        changed(edge).approves(&app);
        assert_eq!(changed(edge - TICK).approves(ask).score, 10);
        assert_eq!(changed(end).approves(ask).score, 10);
        assert_eq!(changed(end - TICK).approves(ask).score, 0);
    }
}

#[test]
fn a_transfer_pin_is_issued_to_a_known_device_or_to_more_proof() {
    let world = World::new();
    world.approves(&Ask::owner().right_pin().change(transfer_pin_issue()));
    // A26.
    let reasons = [Reason::TransferPinUnproven, Reason::NoCustomerProof];
    world.challenges(&Ask::care().change(transfer_pin_issue()), &reasons);
    world.challenges(&Ask::pad().right_pin().change(transfer_pin_issue()), &[Reason::TransferPinUnproven]);
    let new_device = Ask::customer("ann", "ann-new").right_pin().change(transfer_pin_issue());
    world.challenges(&new_device, &[Reason::TransferPinUnproven, Reason::NewDevice]);
    world.approves(&new_device.app("ann-phone"));
    world.approves(&Ask::care().app("ann-phone").change(transfer_pin_issue()));
}

#[test]
fn a_port_with_a_transfer_pin_from_elsewhere_needs_more_for_a_day() {
    let store = TransferPinOrigin { channel: Channel::Store, known_device: false, in_call: false };
    let care_but_known = TransferPinOrigin { channel: Channel::Care, known_device: true, in_call: false };
    let right = Ask::carrier().right_transfer_pin();
    for origin in [FROM_CARE, store, care_but_known] {
        let issued = |at| World::new().transfer_pin(at, origin);
        let verdict = issued(hours_ago(24)).challenges(&right, &[Reason::TransferPinUnproven]);
        assert_eq!(verdict.required, Level::TwoClasses);
        issued(hours_ago(24) - TICK).approves(&right);
        issued(minutes_ago(8)).approves(&right.clone().app("ann-phone"));
    }
}

#[test]
fn numbers_that_do_not_leave() {
    let world = |status| World::new().transfer_pin(hours_ago(2), FROM_HOME).with(|world| world.line.status = status);
    for status in [LineStatus::Suspended, LineStatus::Closed, LineStatus::PortedOut, LineStatus::Moved] {
        world(status).denies(&Ask::carrier().right_transfer_pin(), &[Reason::LineInactive]);
        world(status).denies(&Ask::owner().right_pin().change(transfer_pin_issue()), &[Reason::LineInactive]);
    }
}

#[test]
fn an_unknown_number_is_refused_like_a_wrong_account_number() {
    let unknown = World::unknown();
    unknown.denies(&Ask::carrier(), &[Reason::AccountNumberWrong, Reason::UnknownLine]);
    let unnamed = Ask::carrier().with(|request| request.claims.account_number = None);
    unknown.denies(&unnamed, &[Reason::AccountNumberMissing, Reason::UnknownLine]);
    // Not even its own phantom's number matches.
    unknown.denies(&Ask::carrier().account_number("unknown"), &[Reason::AccountNumberWrong, Reason::UnknownLine]);
}
