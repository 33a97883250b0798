//! Our evaluation of rules beside three other engines: the same rules, the same facts, the same outcomes, in one run.
//!
//! `cargo bench -p peers --bench policy_peers`. The last line is one JSON object; `peers/README.md` says what was done for whom.

mod cedar_peer;
mod cel_peer;
mod engine;
mod facts;
mod ours;
mod outcome;
mod reach;
mod timing;
mod translate;
mod zen_peer;

use portcullis::policy::{Facts, Policy, built_in};
use serde_json::json;

use crate::engine::Engine;
use crate::reach::Reach;
use crate::timing::{Timed, timed};
use crate::zen_peer::Form;

const FACT_SETS: usize = 1_000;
const SEED: u64 = 20_260_701;

/// How much faster than each of the others ours must be, and how fast by itself.
const TIMES_FASTER: f64 = 10.0;
const OURS_NS_MAX: f64 = 2_000.0;

fn main() {
    let policy = built_in("us-default").unwrap().unwrap();
    assert!(policy.signals_required.is_empty(), "the translation knows no required signals");
    assert!(policy.rules.all().len() <= 128, "an outcome has a bit for each rule");
    let sets = facts::fact_sets(FACT_SETS, SEED);
    let (all, several) = reach::reach(&policy, &sets);

    let ours = ours::Ours { policy: &policy, sets: &sets };
    let rules_alone = ours::Rules::new(&policy, &sets);
    let cel = cel_peer::Cel::new(&policy, &sets);
    let table = zen_peer::Zen::new(&policy, &sets, Form::Table);
    let expression = zen_peer::Zen::new(&policy, &sets, Form::Expression);
    let cedar = cedar_peer::Cedar::new(&policy, &sets);
    agree(&ours, &rules_alone);
    agree(&ours, &cel);
    agree(&ours, &table);
    agree(&ours, &expression);
    agree(&ours, &cedar);

    let mut timed = [
        timed(&ours, FACT_SETS),
        timed(&rules_alone, FACT_SETS),
        timed(&cel, FACT_SETS),
        timed(&table, FACT_SETS),
        timed(&expression, FACT_SETS),
        timed(&cedar, FACT_SETS),
    ];
    timing::rounds(&mut timed);
    let rules = policy.rules.all().len();
    told(&policy, &sets, all, several);
    let ns = table_of(&timed);
    let [evaluate_ns, _, cel_ns, zen_table_ns, zen_expression_ns, cedar_ns] = ns;
    // The better of its two forms.
    let zen_ns = zen_table_ns.min(zen_expression_ns);
    let slowest_allowed =
        [cel_ns, zen_ns, cedar_ns].map(|ns| ns / TIMES_FASTER).into_iter().fold(OURS_NS_MAX, f64::min);
    let verdict = if evaluate_ns <= slowest_allowed { "met" } else { "MISSED" };
    println!("\nBar, {OURS_NS_MAX} ns and a tenth of each of the others: {verdict}.\n");
    let rounded = |ns: f64| (ns * 10.0).round() / 10.0;
    println!(
        "{}",
        json!({
            "evaluate_ns": rounded(evaluate_ns), "cel_ns": rounded(cel_ns), "zen_ns": rounded(zen_ns),
            "cedar_ns": rounded(cedar_ns), "rules": rules, "fact_sets": FACT_SETS,
            "last_operand_share": (all.share() * 1_000.0).round() / 1_000.0,
        })
    );
}

fn told(policy: &Policy, sets: &[Facts], all: Reach, several: Reach) {
    let rules = policy.rules.all().len();
    let about: usize = sets.iter().map(|facts| engine::about(policy, facts.action).len()).sum();
    println!(
        "{rules} rules, of which {:.1} are about an action; {} fact sets, for which all",
        about as f64 / sets.len() as f64,
        sets.len()
    );
    println!(
        "come to the same outcomes, down to which rules hold. Asked to their last operand: {:.1} % of",
        all.share() * 100.0
    );
    println!("rules, {:.1} % of those that have more than one.\n", several.share() * 100.0);
}

/// Prints what each took for one fact set, and gives the medians.
fn table_of<const N: usize>(timed: &[Timed<'_>; N]) -> [f64; N] {
    let ours = timed[0].spread()[1];
    println!(
        "{:<34} {:>10} {:>10} {:>10} {:>8}",
        "nanoseconds for one fact set", "median", "fastest", "slowest", "times"
    );
    for engine in timed {
        let [fastest, median, slowest] = engine.spread();
        println!("{:<34} {median:>10.0} {fastest:>10.0} {slowest:>10.0} {:>8.1}", engine.name, median / ours);
    }
    std::array::from_fn(|place| timed[place].spread()[1])
}

/// Every engine comes to the same outcome for every fact set, down to which rules hold.
fn agree(ours: &impl Engine, other: &impl Engine) {
    for set in 0..FACT_SETS {
        let expected = ours.outcome(ours.evaluate(set));
        let found = other.outcome(other.evaluate(set));
        assert_eq!(expected, found, "{} and {} differ in fact set {set}", ours.name(), other.name());
    }
}
