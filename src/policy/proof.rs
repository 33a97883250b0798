//! Which of the evidence is accepted as proof.
//!
//! INVARIANT (stricter-only): nothing but accepted evidence lets a request through.

use super::document::Policy;
use super::facts::{AppFact, CodeFact, DocumentFact, Facts, TransferPinFact};
use crate::domain::{Action, Factor, Level, Standing, level_of};

/// The factors that count for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a factor of its own")]
pub struct Accepted {
    /// The account PIN.
    pub account_pin: bool,
    /// The transfer PIN.
    pub transfer_pin: bool,
    /// The one-time code.
    pub code: bool,
    /// The app approval.
    pub app: bool,
    /// The identity document.
    pub document: bool,
}

impl Accepted {
    /// None of them.
    #[cfg(test)]
    pub(in crate::policy) const NONE: Self =
        Self { account_pin: false, transfer_pin: false, code: false, app: false, document: false };

    /// Weighs the checks: a right PIN is proof only if entered by the customer, neither too new nor too old, and not by the
    /// channel that lately released a lock.
    pub fn of(facts: &Facts, policy: &Policy) -> Self {
        // INVARIANT (unknown-looks-known): for a line that is not there nothing proves anything.
        let known = facts.standing == Standing::Known;
        let app = known && matches!(facts.app, AppFact::Approved { .. });
        let account_pin = known && facts.pin_is_right();
        let transfer_pin = known
            && facts.action == Action::PortOut
            && policy.transfer_pin.issued
            && matches!(facts.transfer_pin, TransferPinFact::Right { same_way_as_release: false, .. });
        let code = match facts.code {
            CodeFact::Right => known,
            CodeFact::Beside => account_pin || transfer_pin || app || (known && facts.document_is_right()),
            _ => false,
        };
        // Beside a factor of another class it need not rest, but where the line is flagged.
        let need_not_rest = matches!(facts.document, DocumentFact::Rests { .. }) && !facts.flagged;
        let beside = account_pin || transfer_pin || code || app;
        let document = known && (facts.document_is_right() || (need_not_rest && facts.document_may_count() && beside));
        Self { account_pin, transfer_pin, code, app, document }
    }

    /// Whether any is: customer proof.
    pub const fn any(self) -> bool {
        self.account_pin || self.transfer_pin || self.code || self.app || self.document
    }

    /// As a list, for the verdict.
    pub fn factors(self) -> Vec<Factor> {
        self.each().collect()
    }

    fn each(self) -> impl Iterator<Item = Factor> {
        let listed = [
            (self.account_pin, Factor::AccountPin),
            (self.transfer_pin, Factor::TransferPin),
            (self.code, Factor::OneTimeCode),
            (self.app, Factor::AppApproval),
            (self.document, Factor::IdDocument),
        ];
        listed.into_iter().filter_map(|(accepted, factor)| accepted.then_some(factor))
    }

    /// The level they reach together.
    pub fn level(self) -> Level {
        level_of(self.each())
    }
}
