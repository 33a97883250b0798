//! Random histories against the simple model.

use proptest::test_runner::{Config, TestRunner};

use crate::harness::Home;
use crate::model::{History, steps};

/// Histories tried.
const CASES: u32 = 64;

pub(crate) async fn every_history_agrees_with_the_model(home: &(impl Home + Sync)) {
    let tried = std::thread::scope(|scope| {
        // A thread without a runtime of its own: proptest calls back, and knows nothing of futures.
        let tries = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
            runner.run(&steps(), |steps| {
                runtime.block_on(History::new(home).run(&steps));
                Ok(())
            })
        });
        tries.join()
    });
    tried.unwrap().unwrap();
}
