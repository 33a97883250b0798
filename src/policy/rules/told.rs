//! The order in which reasons of equal strength are told.

use crate::domain::Reason;

/// Account numbers come first: until one matches, a carrier is told nothing else. That nothing was proven comes last: it says
/// the least.
const TOLD: &[Reason] = &[
    Reason::AccountNumberMissing,
    Reason::AccountNumberWrong,
    Reason::PostalCodeWrong,
    Reason::HolderNameWrong,
    Reason::PinMismatch,
    Reason::PinNotChecked,
    Reason::TransferPinWrong,
    Reason::TransferPinExpired,
    Reason::TransferPinVoid,
    Reason::UnknownLine,
    Reason::LineInactive,
    Reason::LockOn,
    Reason::CoolingDown,
    Reason::ReleasedRecently,
    Reason::OwnerOnly,
    Reason::ChallengeDeclined,
    Reason::ChallengeLapsed,
    Reason::CodeWrong,
    Reason::ContactUnusable,
    Reason::DocumentElsewhere,
    Reason::DocumentRests,
    Reason::TransferPinMissing,
    Reason::TransferPinUnproven,
    Reason::PinAttemptsExhausted,
    Reason::PinAttemptsMany,
    Reason::PinTooNew,
    Reason::PinBeforeBreach,
    Reason::PinIsDefault,
    Reason::PinDormant,
    Reason::Flagged,
    Reason::ResetRecently,
    Reason::LogInsFailed,
    Reason::SimChangedRecently,
    Reason::ContactChangedRecently,
    Reason::StaffHeld,
    Reason::CarrierHeld,
    Reason::OffRoster,
    Reason::NetworkNotRegistered,
    Reason::SourceSpraying,
    Reason::StaffVelocity,
    Reason::AccountSweep,
    Reason::HandsetElsewhere,
    Reason::AnomalousRead,
    Reason::NewDevice,
    Reason::PhoneAttached,
    Reason::PhoneNotAtHand,
    Reason::SimNotAsStated,
    Reason::ProofTooWeak,
    Reason::SignalMissing,
    Reason::ScoreHigh,
    Reason::NoUsableFactor,
    Reason::NoCustomerProof,
];

/// A reason's place. A policy's own are told where those are that only risk explains.
pub(super) fn rank(reason: Reason) -> usize {
    let reason = if let Reason::Own(_) = reason { Reason::PhoneNotAtHand } else { reason };
    TOLD.iter().position(|told| *told == reason).unwrap_or(TOLD.len())
}

#[cfg(test)]
mod tests {
    use super::{TOLD, rank};
    use crate::domain::Reason;

    #[test]
    fn every_reason_has_its_place() {
        assert!(Reason::ALL.iter().all(|reason| rank(*reason) < TOLD.len()));
        assert_eq!(TOLD.len(), Reason::ALL.len());
    }
}
