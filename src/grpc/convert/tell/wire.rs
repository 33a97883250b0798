//! Closed sets of names, on their way out.

use crate::domain::{
    AccountKind, Channel, Factor, Flags, Level, LineStatus, LockHolder, LockSet, OutcomeKind, PersonRole, ReasonClass,
    SimChangeCause, SimDelivery,
};
use crate::grpc::pb::v1 as pb;
use crate::policy::WireAnswer;
use crate::service::DecisionState;

macro_rules! enum_to_wire {
    ($function:ident, $domain:ty => $wire:ident, { $($from:pat => $to:ident),+ $(,)? }) => {
        pub(super) fn $function(value: $domain) -> i32 {
            match value {
                $($from => pb::$wire::$to.into(),)+
            }
        }
    };
}

enum_to_wire! { outcome, OutcomeKind => Outcome, {
    OutcomeKind::Approve => Approve, OutcomeKind::Challenge => Challenge, OutcomeKind::Deny => Deny,
} }
enum_to_wire! { state, DecisionState => DecisionState, {
    DecisionState::Pending => Pending, DecisionState::Final => Final, DecisionState::Redeemed => Redeemed,
    DecisionState::Answered => Answered, DecisionState::Satisfied => Satisfied, DecisionState::Declined => Declined,
    DecisionState::Voided => Voided, DecisionState::Withdrawn => Withdrawn, DecisionState::Expired => Expired,
} }
enum_to_wire! { factor, Factor => Factor, {
    Factor::AccountPin => AccountPin, Factor::TransferPin => TransferPin,
    Factor::OneTimeCode => OneTimeCode, Factor::AppApproval => AppApproval, Factor::IdDocument => IdDocument,
} }
enum_to_wire! { strength, Level => Strength, {
    Level::None => Unspecified, Level::Basic => Basic, Level::TwoClasses => TwoClasses, Level::Strong => Strong,
} }
enum_to_wire! { reason_class, ReasonClass => ReasonClass, {
    ReasonClass::Lock => Lock, ReasonClass::Credential => Credential, ReasonClass::IdentityData => IdentityData,
    ReasonClass::LineState => LineState, ReasonClass::CoolDown => CoolDown, ReasonClass::Velocity => Velocity,
    ReasonClass::Risk => Risk, ReasonClass::Rights => Rights,
} }
enum_to_wire! { wire_answer, WireAnswer => WireAnswer, {
    WireAnswer::Confirm => Confirm, WireAnswer::Delay => Delay, WireAnswer::ResolutionRequired => ResolutionRequired,
} }
enum_to_wire! { lock_set, LockSet => LockSet, {
    LockSet::Port => Port, LockSet::Sim => Sim, LockSet::All => All,
} }
enum_to_wire! { lock_holder, LockHolder => LockHolder, {
    LockHolder::Customer => Customer, LockHolder::Carrier => Carrier,
} }
enum_to_wire! { channel, Channel => Channel, {
    Channel::Store => Store, Channel::Care => Care, Channel::Ivr => Ivr, Channel::Web => Web, Channel::App => App,
    Channel::Port => Port, Channel::Batch => Batch, Channel::Wholesale => Wholesale,
} }
enum_to_wire! { account_kind, AccountKind => AccountKind, {
    AccountKind::Postpaid => Postpaid, AccountKind::Prepaid => Prepaid, AccountKind::Business => Business,
} }
enum_to_wire! { person_role, PersonRole => PersonRole, {
    PersonRole::Owner => Owner, PersonRole::AuthorisedUser => AuthorisedUser, PersonRole::LineUser => LineUser,
} }
enum_to_wire! { line_status, LineStatus => LineStatus, {
    LineStatus::Active => Active, LineStatus::Suspended => Suspended, LineStatus::PortedOut => PortedOut,
    // On the account that a line has left, it has ended.
    LineStatus::Closed | LineStatus::Moved => Closed,
} }

enum_to_wire! { sim_change_cause, SimChangeCause => SimChangeCause, {
    SimChangeCause::Upgrade => Upgrade, SimChangeCause::Lost => Lost, SimChangeCause::Stolen => Stolen,
    SimChangeCause::Damaged => Damaged, SimChangeCause::Revert => Revert, SimChangeCause::SecondSim => SecondSim,
    SimChangeCause::Broken => Broken,
} }
enum_to_wire! { sim_delivery, SimDelivery => SimDelivery, {
    SimDelivery::InHand => InHand, SimDelivery::Shipped => Shipped,
} }

/// The marks of a line.
pub(super) fn line_flags(flags: Flags) -> Vec<i32> {
    let Flags { heightened, victim } = flags;
    let named = [(heightened, pb::LineFlag::Heightened), (victim, pb::LineFlag::Victim)];
    named.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag.into()).collect()
}
