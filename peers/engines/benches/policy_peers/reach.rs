//! How far rules are asked: whether the answer is found at a rule's last operand or before.

use portcullis::policy::{Accepted, Facts, Policy, Test, Tri, Values};

use crate::engine::about;
use crate::translate::two_valued;

/// How many rules were asked, and how many of them to their last operand.
#[derive(Default, Clone, Copy)]
pub(crate) struct Reach {
    pub(crate) asked: usize,
    pub(crate) to_the_last: usize,
}

impl Reach {
    pub(crate) fn share(self) -> f64 {
        self.to_the_last as f64 / self.asked as f64
    }

    fn count(&mut self, to_the_last: bool) {
        self.asked += 1;
        self.to_the_last += usize::from(to_the_last);
    }
}

/// Of all rules about the actions of all fact sets, and of those alone that have more than one operand.
pub(crate) fn reach(policy: &Policy, sets: &[Facts]) -> (Reach, Reach) {
    let (mut all, mut several) = (Reach::default(), Reach::default());
    for facts in sets {
        let values = Values::of(facts, Accepted::of(facts, policy));
        for (_, rule) in about(policy, facts.action) {
            let test = two_valued(rule);
            let reached = reaches_the_last(&test, &values);
            all.count(reached);
            if operands(&test) > 1 {
                several.count(reached);
            }
        }
    }
    (all, several)
}

fn operands(test: &Test) -> usize {
    match test {
        Test::All(tests) | Test::Any(tests) => tests.iter().map(operands).sum(),
        Test::Not(test) => operands(test),
        Test::Same(pair) => operands(&pair.0) + operands(&pair.1),
        _ => 1,
    }
}

/// Whether the operand that is written last is asked.
fn reaches_the_last(test: &Test, values: &Values) -> bool {
    let through = |tests: &[Test], decides: Tri| {
        let (last, before) = tests.split_last().unwrap();
        before.iter().all(|test| test.ask(values) != decides) && reaches_the_last(last, values)
    };
    match test {
        Test::All(tests) => through(tests, Tri::False),
        Test::Any(tests) => through(tests, Tri::True),
        Test::Not(test) => reaches_the_last(test, values),
        Test::Same(pair) => reaches_the_last(&pair.1, values),
        _ => true,
    }
}
