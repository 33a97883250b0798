//! The part of the canaries' life in which their owner looks on: a release stopped with the code of its notice, and a no to what
//! happened.

use crate::canary_challenges::message;
use crate::canary_life::{APP, NUMBER, Run};

/// Ends a release with its code, and sees that it ended.
pub(crate) fn look_on(run: &mut Run) {
    run.once("ada", &["lock", "on", NUMBER, "--set", "port"], "").ending(0);
    let release = [&["lock", "release", NUMBER, "--set", "port", "--window", "30m"][..], &APP].concat();
    let released = run.once("ada", &release, "").ending(0).json();
    let told =
        message(run, |message| message["data"]["action"] == "LOCK_RELEASE" && message["data"]["notice"] == "APPROVED");
    let code = told["data"]["cancel_code"].as_str().unwrap();
    run.service.place.write_secret("cancel-code", code);
    let cancel = ["lock", "cancel-by-code", "--code-file", "cancel-code", "--channel", "ivr"];
    let cancelled = run.ask("voice", &cancel, "", &[]);
    assert!(!cancelled.ending(0).stdout.contains(code));
    let after = released["decision"]["decision_id"].as_str().unwrap();
    let watched = run.ask("ada", &["account", "watch", NUMBER, "--after", after, "--count", "1"], "", &[]).ending(0);
    assert!(watched.stdout.contains("RELEASE_CANCELLED"), "{}", watched.stdout);
    let report = [&["swap", "report", NUMBER, "--iccid", "8901260123456789037"][..], &APP].concat();
    run.ask("ada", &report, "", &[]).ending(3);
    run.ask("clerk", &["device", "revoke", "D-1", "--account", "A-1"], "", &[]).ending(3);
    run.ask("ada", &["device", "revoke", "D-9", "--account", "A-1", "--channel", "app"], "", &[]).ending(2);
}

/// The newest of all that happened was not them.
pub(crate) fn dispute(run: &mut Run) {
    let seen = run.ask("ada", &["account", "activity", "--account", "A-1"], "", &[]).ending(0).json();
    let happened = seen["activities"][0]["activity_id"].as_str().unwrap().to_owned();
    run.ask("ada", &["account", "dispute", &happened], "", &[]).ending(0);
    run.ask("clerk", &["account", "dispute", &happened], "", &[]).ending(3);
}
