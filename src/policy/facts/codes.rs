//! The numbers of facts that are one of a few. Never changed, never given to another meaning; none for the quiet one.

use chrono::{DateTime, Utc};

use super::{AppFact, Asker, AskerDevice, CodeFact, DocumentFact, Documents, Field, PersonStanding, TransferPinFact};
use crate::domain::{Completing, NetworkStanding, PinCheck, RosterStanding, Signal, Stance};
use crate::policy::fitness::PinFitness;

pub(super) fn known<T>(signal: Signal<T>) -> Option<T> {
    match signal {
        Signal::Known(value) => Some(value),
        Signal::Unknown => None,
    }
}

pub(super) const fn asker(asker: Asker) -> i64 {
    match asker {
        Asker::Customer(PersonStanding::Owner) => 1,
        Asker::Customer(PersonStanding::AuthorisedForLine) => 2,
        Asker::Customer(PersonStanding::AuthorisedElsewhere) => 3,
        Asker::Customer(PersonStanding::CarriesLine) => 4,
        Asker::Customer(PersonStanding::Stranger) => 5,
        Asker::CustomerEntry => 6,
        Asker::Staff => 7,
        Asker::Carrier => 8,
        Asker::System => 9,
    }
}

pub(super) const fn asker_device(device: AskerDevice) -> Option<i64> {
    match device {
        AskerDevice::NotCustomers => None,
        AskerDevice::Known => Some(1),
        AskerDevice::New => Some(2),
    }
}

pub(super) const fn roster(standing: RosterStanding) -> Option<i64> {
    match standing {
        RosterStanding::Unknown => None,
        known => Some(known as i64),
    }
}

pub(super) const fn network(standing: NetworkStanding) -> Option<i64> {
    match standing {
        NetworkStanding::Unknown => None,
        known => Some(known as i64),
    }
}

/// How the challenge stands, and what it asks for: with the right PIN, perhaps less.
pub(super) const fn completing(completing: Completing, pin_is_right: bool) -> (Option<i64>, Option<i64>) {
    match completing {
        Completing::Nothing => (None, None),
        Completing::Open { with_pin, .. } if pin_is_right => (Some(1), Some(with_pin as i64)),
        Completing::Open { required, .. } => (Some(1), Some(required as i64)),
        Completing::Declined => (Some(2), None),
        Completing::Lapsed => (Some(3), None),
    }
}

pub(super) const fn stance(stance: Stance) -> (Option<i64>, Option<DateTime<Utc>>) {
    match stance {
        Stance::Open => (None, None),
        Stance::GuardedOtherChannel => (Some(1), None),
        Stance::GuardedStrong => (Some(2), None),
        Stance::GuardedDeny { until } => (Some(3), Some(until)),
        Stance::CoolingDown { until } => (Some(4), Some(until)),
        Stance::Locked => (Some(5), None),
    }
}

pub(super) const fn pin_check(check: PinCheck) -> Option<i64> {
    match check {
        PinCheck::NotSupplied => None,
        PinCheck::Matched | PinCheck::Given => Some(1),
        PinCheck::Mismatched => Some(2),
        PinCheck::NotSet => Some(3),
        PinCheck::Exhausted { .. } => Some(4),
        PinCheck::NotAdmitted => Some(5),
        PinCheck::Shed => Some(6),
    }
}

pub(super) const fn fitness(fitness: PinFitness) -> (Option<i64>, Option<DateTime<Utc>>) {
    match fitness {
        PinFitness::NotSet => (None, None),
        PinFitness::Fit => (Some(1), None),
        PinFitness::TooNew { until } => (Some(2), Some(until)),
        PinFitness::BeforeBreach => (Some(3), None),
        PinFitness::Default => (Some(4), None),
        PinFitness::Dormant => (Some(5), None),
    }
}

pub(super) const fn transfer_pin(fact: TransferPinFact) -> Option<i64> {
    match fact {
        TransferPinFact::NotOffered => None,
        TransferPinFact::Right { .. } => Some(1),
        TransferPinFact::Wrong => Some(2),
        TransferPinFact::Expired => Some(3),
        TransferPinFact::Void => Some(4),
        TransferPinFact::NotAdmitted => Some(5),
    }
}

pub(super) const fn code(fact: CodeFact) -> Option<i64> {
    match fact {
        CodeFact::NotOffered => None,
        CodeFact::Right => Some(1),
        CodeFact::Beside => Some(2),
        CodeFact::TypedByOthers => Some(3),
        CodeFact::Unfit => Some(4),
        CodeFact::Wrong => Some(5),
        CodeFact::Expired => Some(6),
        CodeFact::NotSent => Some(7),
    }
}

pub(super) const fn app(fact: AppFact) -> Option<i64> {
    match fact {
        AppFact::NotOffered => None,
        AppFact::Approved { .. } => Some(1),
        AppFact::Refused => Some(2),
        AppFact::NewDevice => Some(3),
        AppFact::WrongPerson => Some(4),
    }
}

pub(super) const fn document(fact: DocumentFact) -> (Option<i64>, Option<DateTime<Utc>>) {
    match fact {
        DocumentFact::NotOffered => (None, None),
        DocumentFact::Differs => (Some(1), None),
        DocumentFact::Scanned => (Some(2), None),
        DocumentFact::SameStore => (Some(3), None),
        DocumentFact::Rests { until } => (Some(4), Some(until)),
        DocumentFact::Right => (Some(5), None),
    }
}

pub(super) const fn documents(documents: Documents) -> Option<i64> {
    match documents {
        Documents::NotHere => None,
        Documents::NotOnRecord => Some(1),
        Documents::Here => Some(2),
    }
}

pub(super) const fn field(field: Field) -> Option<i64> {
    match field {
        Field::NotGiven => None,
        Field::Matches => Some(1),
        Field::Differs => Some(2),
        Field::NotOnRecord => Some(3),
    }
}
