//! The policy beside the one that decides: what it would have said of the same facts is on the decision's record.
//!
//! INVARIANT (shadow-answers-nothing): it is asked after the verdict is there, about facts that it cannot change, and what it
//! says goes into the record alone. That it is missing, broken or panics changes no answer.
//!
//! Its rules, its thresholds and the signals it requires are its own. What the deciding policy's knobs made of the world
//! before it became facts (windows, ages) is not asked again.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::engine::Engine;
use crate::audit::ShadowVerdict;
use crate::domain::Verdict;
use crate::policy::{self, Facts, Policy};

impl Engine {
    /// What the shadow policy says; none where there is none, or where it broke.
    pub(super) fn ask_shadow(&self, facts: &Facts) -> Option<Box<ShadowVerdict>> {
        let shadow = self.shadow.load();
        let said = said(shadow.as_deref()?, facts);
        if said.is_none() {
            self.tally.shadow_failed();
        }
        said
    }
}

/// What a policy says of facts; none where asking it breaks.
fn said(policy: &Policy, facts: &Facts) -> Option<Box<ShadowVerdict>> {
    // Nothing that is changed outlives the call: neither policy nor facts have parts that change.
    let verdict = catch_unwind(AssertUnwindSafe(|| policy::decide(policy, &facts.under(policy)))).ok()?;
    // Nobody is held for what a shadow says.
    let Verdict { outcome, reasons, contributions, score, required, accepted: _, holds: _, locks: _ } = verdict;
    Some(Box::new(ShadowVerdict {
        policy: policy.revision,
        outcome: outcome.kind(),
        required,
        score,
        reasons: reasons.into_iter().map(Into::into).collect(),
        contributions: contributions.into_iter().map(Into::into).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use chrono::{DateTime, TimeDelta};

    use super::said;
    use crate::audit::Decided;
    use crate::clock::ManualClock;
    use crate::crypto::{Cost, Keyring};
    use crate::domain::{Action, Brand, Channel, OutcomeKind, StoreRegister};
    use crate::policy::{Asker, Facts, Policy};
    use crate::service::{Carrier, Engine, Parts, PolicySource, Tally};
    use crate::store::embedded::{EmbeddedStore, OpenOptions};

    /// Counts shadows that broke.
    #[derive(Default)]
    struct Broken(AtomicUsize);

    impl Tally for Broken {
        fn decided(&self, _: Action, _: &Decided) {}
        fn pin_verified(&self, _: f64) {}
        fn pin_shed(&self) {}
        fn due_applied(&self, _: usize) {}
        fn notice_taken(&self, _: f64) {}
        fn notice_untaken(&self, _: bool) {}
        fn notice_to_nobody(&self) {}
        fn notices_behind(&self, _: Option<f64>) {}
        fn shadow_failed(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A policy that breaks wherever it would challenge: no instant is so far ahead. None that is loaded has such a knob.
    fn broken() -> Policy {
        Policy { challenge_life: TimeDelta::MAX, ..Policy::us_default() }
    }

    /// What a member of staff alone is challenged for.
    fn facts() -> Facts {
        Facts::quiet(Action::SimChange, Channel::Care, Asker::Staff, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_policy_that_panics_says_nothing() {
        let outcome = |policy: &Policy| said(policy, &facts()).map(|said| said.outcome);
        assert_eq!(outcome(&Policy::us_default()), Some(OutcomeKind::Challenge));
        assert_eq!(outcome(&broken()), None);
        assert!(broken().validate().is_err(), "a file cannot say it");
    }

    #[tokio::test]
    async fn a_shadow_that_breaks_is_counted_and_leaves_no_trace_on_record() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let keyring = Arc::new(Keyring::generate_at_cost(now, Cost::LowForTestPurposesOnly).unwrap());
        let (folder, broke) = (tempfile::tempdir().unwrap(), Arc::new(Broken::default()));
        let options = OpenOptions::new(folder.path(), keyring.marks(), 7);
        let engine = Engine::new(Parts {
            store: Arc::new(EmbeddedStore::open(&options).unwrap()),
            keyring,
            clock: Arc::new(ManualClock::at(now)),
            permit_names: None,
            policy: Policy::us_default(),
            policy_source: PolicySource::File,
            carrier: Carrier { brand: Brand::parse("main").unwrap(), own_spids: Vec::new() },
            stores: StoreRegister::default(),
            pin_threads: 1,
            pin_queue: 1,
            tally: broke.clone(),
            archive: None,
        })
        .unwrap();
        let asked = || (engine.ask_shadow(&facts()).map(|said| said.outcome), broke.0.load(Ordering::Relaxed));
        assert_eq!(asked(), (None, 0), "there is none yet");
        engine.replace_shadow(Policy::us_default()).unwrap();
        assert_eq!(asked(), (Some(OutcomeKind::Challenge), 0));
        engine.shadow.store(Some(Arc::new(broken())));
        assert_eq!(asked().0, None);
        assert_eq!(broke.0.load(Ordering::Relaxed), 1);
    }
}
