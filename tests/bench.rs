//! The load generator, run short: its mix comes out as it is made, nothing fails, and every figure is told.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails where it is")]

use std::process::Command;

use serde_json::Value;

const FIGURES: [&str; 13] = [
    "decide_per_s",
    "echo_per_s",
    "decide_over_echo",
    "bare_store_per_s",
    "decide_over_bare_store",
    "p50_us",
    "p99_us",
    "solo_p50_us",
    "solo_p99_us",
    "bare_commit_p50_us",
    "pin_decide_over_argon2",
    "open_p99_us",
    "import_per_s",
];

#[test]
fn a_short_run_tells_every_figure_and_its_mix() {
    let count = |report: &Value, outcome: &str| report["outcomes"][outcome].as_f64().unwrap_or(0.0);
    let all =
        |report: &Value| ["deny", "approve", "challenge"].map(|outcome| count(report, outcome)).iter().sum::<f64>();
    // A second is enough, but where the machine has no time for it: of few answers a mix says nothing.
    let mut reports = ["1", "5", "20"].iter().map(|seconds| {
        let report = measured(&["--store", "embedded", "--seconds", seconds, "--accounts", "200"]);
        (all(&report), report)
    });
    let (all, report) = reports.find(|(all, _)| *all >= 500.0).expect("500 decisions within 20 seconds");
    for figure in FIGURES {
        assert!(report[figure].as_f64().is_some_and(|figure| figure > 0.0), "{figure}: {report:#}");
    }
    assert_eq!(report["errors"], 0, "{report:#}");
    for (outcome, share) in [("deny", 0.6), ("approve", 0.3), ("challenge", 0.1)] {
        // Callers stop where they are: the shorter the run, the less exact its mix.
        assert!((count(&report, outcome) / all - share).abs() < 0.1_f64.max(share / 3.0), "{outcome}: {report:#}");
    }
    assert_eq!(report["pin_decide_outcomes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["approve"]);
}

fn measured(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("bench")
        .args(args)
        .args(["--json", "--folder"])
        .arg(folder.path())
        .output()
        .unwrap();
    let told = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{told}\n{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the store is removed");
    serde_json::from_str(told.lines().last().unwrap()).unwrap()
}

/// What is counted, not how fast it was: every approval stands on its record, and nobody is refused without being told
/// when to come back.
#[test]
fn an_overload_ends_by_itself_and_approves_nothing_unchecked() {
    let report = measured(&["--overload", "--seconds", "3", "--accounts", "200"]);
    assert!(report["approvals_checked"].as_u64().unwrap() > 0, "{report:#}");
    assert_eq!(report["approvals_unfounded"], 0, "{report:#}");
    assert!(report["goodput_per_s"].as_f64().unwrap() > 0.0, "{report:#}");
    let (bound, cost) = (&report["goodput_over_peak_at_most"], &report["echo_cpu_us"]);
    assert!(bound.is_null() || (bound.as_f64().unwrap() < 1.0 && cost.as_f64().unwrap() > 0.0), "{report:#}");
    let locks = &report["locks_over_their_own_connection"];
    assert!(locks["set"].as_u64().unwrap() > 0 && locks["shed"] == 0, "{report:#}");
}

/// threats.md E11: times are told, answers are judged.
#[test]
fn answers_about_numbers_of_every_kind_are_alike() {
    let report = measured(&["--oracle", "--samples", "50", "--accounts", "1000"]);
    assert_eq!(report["answers_differing"], 0, "{report:#}");
    assert_eq!(report["mean_us"].as_object().unwrap().len(), 5, "{report:#}");
}

/// What a policy costs is told beside what was asked: the same decisions, with the windows that each mix is said to write.
#[test]
fn policies_are_held_against_each_other_over_the_same_decisions() {
    let report = measured(&["--policy", "minimal,default", "--seconds", "1", "--accounts", "200"]);
    let loads = report["loads"].as_array().unwrap();
    let cells: Vec<(&str, &str, f64)> = loads
        .iter()
        .map(|load| {
            let word = |name: &str| load[name].as_str().unwrap();
            assert!(load["decide_per_s"].as_f64().unwrap() > 0.0, "{load:#}");
            assert_eq!(load["outcomes"].as_object().unwrap().keys().collect::<Vec<_>>(), ["challenge"], "{load:#}");
            (word("policy"), word("mix"), load["windows_charged"].as_f64().unwrap())
        })
        .collect();
    let expected = ["minimal", "default"]
        .into_iter()
        .flat_map(|policy| [("no_window", 0.0), ("two_windows", 2.0)].map(|(mix, windows)| (policy, mix, windows)));
    assert_eq!(cells, expected.collect::<Vec<_>>());
    assert_eq!(report["errors"], 0, "{report:#}");
    for ratio in ["dearer_without_windows", "dearer_with_two_windows", "dearer_by_rules_beside_windows"] {
        assert!(report[ratio].is_f64(), "{ratio}: {report:#}");
    }
}
