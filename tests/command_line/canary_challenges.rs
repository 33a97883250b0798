//! The part of the canaries' life in which a clerk asks and the customer answers: at the voice system, in the app, with a code.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::canary_life::{APP, NUMBER, Run, SMS};

/// What a clerk asks, and what the customer makes of it.
pub(crate) fn challenge(run: &mut Run) {
    let card = run.cards.other_iccid.clone();
    let asked = ["decide", "sim-change", NUMBER, "--iccid", &card, "--cause", "upgrade"];
    let waits = |run: &mut Run| {
        let told = run.once("clerk", &asked, "").ending(4).json();
        told["challenge"]["challenge_id"].as_str().unwrap().to_owned()
    };
    let (first, second) = (waits(run), waits(run));
    // Its owner is shown all that waits, and that exactly.
    let eid = run.cards.eid.clone();
    run.ask("ada", &["challenge", "list", "--account", "A-1"], "", &[NUMBER, &card, &eid]).ending(0);
    run.ask("voice", &["challenge", "give", &first, "--channel", "ivr", "--pin-file", "pin"], "", &[]).ending(0);
    run.ask("ada", &[&["challenge", "give", &first, "--account", "A-1"][..], &APP].concat(), "", &[]).ending(0);
    run.once("clerk", &["decision", "complete", &first], "").ending(0);
    run.ask("clerk", &["decision", "watch", &first], "", &[]).ending(0);
    // A code goes to whom the engine knows, and nobody else is told where.
    run.once("clerk", &["challenge", "send-code", &second, "--channel", "store"], "").ending(0);
    let code = code_sent(run);
    run.service.place.write_secret("code", &code);
    let given = run.ask("voice", &["challenge", "give", &second, "--channel", "ivr", "--code-file", "code"], "", &[]);
    assert!(!given.ending(0).stdout.contains(&code));
    run.ask("ada", &["challenge", "decline", &second], "", &[]).ending(0);
    run.ask("clerk", &["decision", "complete", &second], "", &[]).ending(3);
}

/// The code in the message that the carrier's messaging is given.
fn code_sent(run: &Run) -> String {
    let message = message(run, |message| message["type"] == "portcullis.code");
    assert_eq!(message["data"]["to"]["sms"], json!(SMS));
    let text = message["data"]["text"].as_str().unwrap();
    let code = message["data"]["code"].as_str().unwrap();
    assert!(text.starts_with(code) && text.contains("Never read it out"), "{text}");
    code.to_owned()
}

/// The first such message; it is waited for.
pub(crate) fn message(run: &Run, is_meant: impl Fn(&Value) -> bool) -> Value {
    let path = run.service.place.path("messages/messages.jsonl");
    let began = Instant::now();
    loop {
        let written = fs::read_to_string(&path).unwrap_or_default();
        // The last line may be half written.
        let messages = written.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        if let Some(message) = messages.into_iter().find(&is_meant) {
            return message;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "no such message in {}", path.display());
        std::thread::yield_now();
    }
}
