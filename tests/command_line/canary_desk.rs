//! The fraud desk's own calls, and their mistakes.

use std::fs;

use crate::canary_life::{NUMBER, Run};

/// Holds and lifts, tells of breaches and ends them.
pub(crate) fn look_after(run: &mut Run) {
    let hold = ["--kind", "store", "S-9", "--reason", "case 1"];
    run.ask("fraud", &[&["hold", "place"][..], &hold].concat(), "", &[]).ending(0);
    run.ask("fraud", &["hold", "place", "--kind", "carrier", NUMBER, "--reason", "case 1"], "", &[]).ending(2);
    run.ask("clerk", &[&["hold", "place"][..], &hold].concat(), "", &[]).ending(3);
    run.ask("aud", &["hold", "list", "--page-size", "1"], "", &[]).ending(0);
    run.ask("fraud", &[&["hold", "lift"][..], &hold].concat(), "", &[]).ending(0);
    run.once("desk", &[&["hold", "lift"][..], &hold].concat(), "").ending(0);
    run.ask("fraud", &["hold", "list", "--all"], "", &[]).ending(0);
    let confirm = ["swap", "confirm", NUMBER, "--iccid", "8901260123456789037", "--reason", "case 2"];
    run.ask("fraud", &confirm, "", &[]).ending(3);
    run.ask("clerk", &confirm, "", &[]).ending(3);
    run.ask("aud", &["policy", "show"], "", &[]).ending(0);
    fs::write(run.service.place.path("next.toml"), "extends = \"us-default\"\n").unwrap();
    // Its file changes the policy of this service, and nobody else.
    run.ask("fraud", &["policy", "stage", "next.toml", "--reason", "case 3"], "", &[]).ending(3);
    run.ask("fraud", &["policy", "activate", &"0a".repeat(32)], "", &[]).ending(3);
    run.ask("aud", &["notice", "list"], "", &[]).ending(0);
    run.ask("ops", &["notice", "replay", "019ca8f1-2233-7444-8555-66778899aa0a"], "", &[]).ending(2);
    fs::write(run.service.place.path("touched.txt"), "A-8\nA-9\n").unwrap();
    fs::write(run.service.place.path("wrong.txt"), format!("A-8\n{NUMBER} {NUMBER}\n")).unwrap();
    let open = ["incident", "open", "--cut-off", "2025-01-01T00:00:00Z", "--reason", "case 2", "--cohort", "listed"];
    let of = |file| [&open[..], &["--accounts", file]].concat();
    let opened = run.once("fraud", &of("touched.txt"), "").ending(0).json();
    run.ask("fraud", &of("wrong.txt"), "", &[]).ending(2);
    run.ask("aud", &["incident", "list"], "", &[]).ending(0);
    let end = ["incident", "end", opened["incident_id"].as_str().unwrap(), "--reason", "over"];
    run.ask("fraud", &end, "", &[]).ending(0);
    run.once("desk", &end, "").ending(0);
}
