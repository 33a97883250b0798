//! Who is told what happened, to count it. Counting is no part of deciding and cannot fail it.

use crate::audit::Decided;
use crate::domain::Action;

/// Hears of what the engine did.
pub trait Tally: Send + Sync {
    /// A decision was committed.
    fn decided(&self, action: Action, decided: &Decided);
    /// A PIN was looked at, in that many seconds.
    fn pin_verified(&self, seconds: f64);
    /// A PIN was not looked at: too many were waiting.
    fn pin_shed(&self);
    /// Time moved that many locks.
    fn due_applied(&self, steps: usize);
    /// The shadow policy broke: it said nothing of a decision, and the decision stands.
    fn shadow_failed(&self);
    /// Who carries notices took one, so many seconds after what it tells of.
    fn notice_taken(&self, seconds: f64);
    /// One was not taken, or is not tried any more.
    fn notice_untaken(&self, is_dead: bool);
    /// There was nobody to tell one to.
    fn notice_to_nobody(&self);
    /// For how many seconds what is not told yet has waited in the ledger; nothing where a round of telling failed.
    fn notices_behind(&self, seconds: Option<f64>);
}

/// Counts nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Tally for Silent {
    fn decided(&self, _: Action, _: &Decided) {}
    fn pin_verified(&self, _: f64) {}
    fn pin_shed(&self) {}
    fn due_applied(&self, _: usize) {}
    fn shadow_failed(&self) {}
    fn notice_taken(&self, _: f64) {}
    fn notice_untaken(&self, _: bool) {}
    fn notice_to_nobody(&self) {}
    fn notices_behind(&self, _: Option<f64>) {}
}
