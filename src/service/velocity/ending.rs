//! What becomes of a request's charges once its answer is known.

use super::plan::{Counted, Of, Use};
use super::tally::{Found, as_right};
use crate::audit::Decided;
use crate::crypto::Token;
use crate::domain::{
    AppCheck, Checks, CodeCheck, DocumentCheck, OutcomeKind, PinCheck, Reason, Standing, TransferPinCheck,
};
use crate::service::engine::Engine;
use crate::store::{Before, Charge, ChargeWindows, Settle, Window};

/// How a request ended, as far as its charges go.
#[derive(Debug, Clone, Copy)]
pub(in crate::service) struct Ending {
    found: Found,
    /// Whether there was a sign of the customer.
    sign: bool,
    outcome: OutcomeKind,
    /// Whether it was told to be one line of many that leave.
    swept: bool,
    /// Whether the line is there, and who asked may know of it.
    shown: bool,
}

impl Found {
    /// What looking found.
    pub(in crate::service) const fn of(checks: &Checks) -> Self {
        let pin_failed = checks.pin.is_failure();
        let failed = pin_failed
            || matches!(checks.transfer_pin, TransferPinCheck::Mismatched)
            || matches!(checks.code, CodeCheck::Mismatched);
        let right = matches!(checks.pin, PinCheck::Matched | PinCheck::Given)
            || matches!(checks.transfer_pin, TransferPinCheck::Matched { .. })
            || matches!(checks.code, CodeCheck::Matched | CodeCheck::Given)
            || matches!(checks.app, AppCheck::Signed { .. });
        Self { failed, pin_failed, right: right && !failed }
    }
}

impl Ending {
    /// Of one decision.
    pub(in crate::service) fn new(checks: &Checks, outcome: OutcomeKind, shown: bool) -> Self {
        Self { found: Found::of(checks), sign: has_sign(checks), outcome, swept: false, shown }
    }

    /// The same with the reasons that were given.
    pub(in crate::service) fn because(self, mut reasons: impl Iterator<Item = Reason>) -> Self {
        Self { swept: reasons.any(|reason| reason == Reason::AccountSweep), ..self }
    }

    /// Of one on record. `may_not_know` tells whether its caller has to show that it knows the line.
    pub(in crate::service) fn of(decided: &Decided, may_not_know: bool) -> Self {
        let shown = decided.standing == Standing::Known && (decided.account_number_matched || !may_not_know);
        Self::new(&decided.checks, decided.outcome, shown).because(decided.reasons.iter().map(|given| given.reason))
    }

    /// Of several that are answered together: what counts for one counts.
    pub(in crate::service) fn with(self, other: Self) -> Self {
        let (one, other_found) = (self.found, other.found);
        let failed = one.failed || other_found.failed;
        Self {
            found: Found {
                failed,
                pin_failed: one.pin_failed || other_found.pin_failed,
                right: (one.right || other_found.right) && !failed,
            },
            sign: self.sign || other.sign,
            outcome: self.outcome.max(other.outcome),
            swept: self.swept || other.swept,
            shown: self.shown || other.shown,
        }
    }

    /// Whether what was charged stays.
    const fn keeps(self, of: Of) -> bool {
        match of {
            Of::Source(_) => self.found.failed,
            Of::PinValue => self.found.pin_failed,
            // A mistyped number is nobody's account.
            Of::Begun => !self.sign && self.shown,
            Of::AtOnce => true,
            Of::Leaving | Of::Read => self.shown,
            Of::Swept => self.shown && self.swept && matches!(self.outcome, OutcomeKind::Challenge),
            Of::Carrier | Of::Dealer => self.shown && !matches!(self.outcome, OutcomeKind::Deny),
            Of::Handset => matches!(self.outcome, OutcomeKind::Approve),
            // Of a mistyped number it was nobody's, and what is refused was not kept.
            Of::Document => self.shown && !matches!(self.outcome, OutcomeKind::Deny),
            Of::Pair => !matches!(self.outcome, OutcomeKind::Deny),
        }
    }
}

/// Whether looking at a request's evidence found a sign that the customer is there: any answer of an app of theirs, or the right
/// PIN that they entered for the challenge themselves, or the code that was sent to them, or their document.
pub(in crate::service) const fn has_sign(checks: &Checks) -> bool {
    matches!(checks.app, AppCheck::Signed { .. } | AppCheck::NewDevice)
        || matches!(checks.pin, PinCheck::Given)
        || matches!(checks.code, CodeCheck::Matched | CodeCheck::Given)
        || matches!(checks.document, DocumentCheck::Matched | DocumentCheck::Given)
}

impl Counted {
    /// The charges that are taken back: its own where they do not stay, and those before it where it takes their place.
    fn taken_back(&self, ending: Ending, stands_before_look: bool) -> Vec<Settle> {
        let mut settled = Vec::new();
        let Some(windows) = &self.windows else { return settled };
        for (one, window) in self.uses.iter().zip(windows) {
            if (one.kind.before == Before::Look) != stands_before_look {
                continue;
            }
            let keeps = ending.keeps(one.of);
            if one.charged && !keeps {
                settled.push(Settle { window: one.window, attempt: self.attempt });
            }
            let takes_their_place = one.charged && keeps && one.kind.one_each;
            // What was begun without the customer is proven now.
            let is_proven = one.of == Of::Begun && ending.sign && ending.shown;
            if takes_their_place || is_proven {
                settled.extend(self.before_it(window, one, one.subject));
            }
            // And so is what lapsed, of every line that may leave now.
            if one.of == Of::Swept && ending.shown && ending.outcome == OutcomeKind::Approve {
                settled.extend(self.lines.iter().flat_map(|line| self.before_it(window, one, *line)));
            }
        }
        settled
    }

    /// The charges of others than this attempt that have that subject.
    fn before_it<'a>(&'a self, window: &'a Window, one: &'a Use, subject: Token) -> impl Iterator<Item = Settle> + 'a {
        let others =
            window.events.iter().filter(move |event| event.subject == subject && event.attempt != self.attempt);
        others.map(|event| Settle { window: one.window, attempt: event.attempt })
    }

    /// Where a right secret follows wrong ones of the same source on the same account, that is counted beside them: they are
    /// not erased.
    fn followed_by_right(&self, ending: Ending) -> (Vec<Charge>, Vec<Settle>) {
        let (mut charges, mut settled) = (Vec::new(), Vec::new());
        let Some(windows) = self.windows.as_ref().filter(|_| ending.found.right) else { return (charges, settled) };
        for (one, window) in self.uses.iter().zip(windows) {
            if matches!(one.of, Of::Source(_)) && self.is_failed(one, window) {
                let subject = as_right(one.subject);
                charges.push(Charge { subject, before: Before::Commit, ..one.charge() });
                settled.extend(self.before_it(window, one, subject));
            }
        }
        (charges, settled)
    }
}

impl Engine {
    /// Takes back what was charged for the ask before the commit that records how it ended, where no other engine can decide
    /// the same request: then it is journalled nowhere.
    pub(in crate::service) async fn settle_ask_alone(&self, counted: &Counted, ending: Ending) {
        if !self.vault.store().is_shared() {
            self.settle_ask(counted, ending).await;
        }
    }

    /// The same after that commit, where another engine can.
    ///
    /// INVARIANT (one-request-one-decision): of engines that decide one request at once the charges are one's, and they end
    /// as the decision on record did.
    pub(in crate::service) async fn settle_ask_shared(&self, counted: &Counted, ending: Ending) {
        if self.vault.store().is_shared() {
            self.settle_ask(counted, ending).await;
        }
    }

    /// Takes back what was charged for the ask and does not stay, and counts every other line of a batch that asks to leave.
    ///
    /// Where it fails, too much is counted for a while: the answer does not depend on it.
    pub(in crate::service) async fn settle_ask(&self, counted: &Counted, ending: Ending) {
        let taken_back = counted.taken_back(ending, false);
        if !taken_back.is_empty() {
            let _ = self.vault.settle(taken_back).await;
        }
        let Some(leaving) = counted.uses.iter().find(|one| one.of == Of::Leaving && one.charged) else { return };
        for line in counted.lines.iter().filter(|line| ending.shown && **line != leaving.subject) {
            let attempt = self.vault.tokens().window("leaving-line", &[counted.attempt.as_bytes(), line.as_bytes()]);
            let charges = vec![Charge { subject: *line, ..leaving.charge() }];
            let charge = ChargeWindows { charges, reads: Vec::new(), attempt, now: counted.now };
            let _ = self.vault.charge(charge).await;
        }
    }

    /// Takes back what was charged for secrets that were right or not looked at. After the commit that records it: until
    /// then, and if it never comes, they count.
    ///
    /// INVARIANT (one-counter): a wrong secret stays counted, whatever else the request proves.
    pub(in crate::service) async fn settle_secrets(&self, counted: &Counted, ending: Ending) {
        if let Some(look) = counted.look.as_ref().filter(|_| !ending.found.failed) {
            look.was_right();
        }
        let (charges, before_it) = counted.followed_by_right(ending);
        let mut taken_back = counted.taken_back(ending, true);
        taken_back.extend(before_it);
        if !taken_back.is_empty() {
            let _ = self.vault.settle(taken_back).await;
        }
        if !charges.is_empty() {
            let attempt = self.vault.tokens().window("right-after-wrong", &[counted.attempt.as_bytes()]);
            let now = counted.now;
            let _ = self.vault.charge(ChargeWindows { charges, reads: Vec::new(), attempt, now }).await;
        }
    }
}
