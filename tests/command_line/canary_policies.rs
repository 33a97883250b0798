//! E12: decisions explained and replayed: what was asked for is in the records, and in nothing that is told of them.

use serde_json::Value;

use crate::canary_life::{LONG_AGO, PIN, Run, asked};

/// Every decision of the life so far, under the policy that decided and under another.
pub(crate) fn look_back(run: &mut Run) {
    let asked = asked(&run.cards);
    let shown: Vec<&str> = asked.iter().map(String::as_str).collect();
    let decided = run.ask("aud", &["audit", "list", "--kind", "decided"], "", &shown).ending(0).stdout;
    let decisions: Vec<Value> = decided.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for decision in &decisions {
        let id = decision["record_id"].as_str().unwrap();
        run.once("aud", &["policy", "explain", id], "").ending(0);
    }
    let last = decisions.last().unwrap()["record_id"].as_str().unwrap();
    run.ask("aud", &["audit", "list", "--record", last], "", &shown).ending(0);
    run.ask("aud", &["policy", "explain", last, "--policy", "in-trai", "--all"], "", &[]).ending(0);
    let span = ["policy", "replay", "--from", LONG_AGO, "--to", "2100-01-01T00:00:00Z", "--policy", "in-trai"];
    let replayed = run.ask("aud", &span, "", &[]).ending(0).json();
    assert_eq!(replayed["replayed"], decisions.len());
    run.once("aud", &[&span[..], &["--format", "svg"]].concat(), "").ending(0);
    run.ask("aud", &["policy", "explain", PIN], "", &[]).ending(2);
}
