//! The part of the canaries' life in which a line is separated from their account, by two people who saw its user.

use std::fs;

use crate::canary_life::Run;

pub(crate) const SURVIVOR: &str = "Kestrel Moonhollow";
pub(crate) const SURVIVORS_MAIL: &str = "kestrel.m@canary.example";
pub(crate) const SURVIVORS_DOCUMENT: &str = "scan-8837264519-canary";

/// Who may separate lines.
pub(crate) fn separations() -> String {
    let people = ["fraud", "desk"].map(|person| format!("\"https://issuer.portcullis.example|{person}\""));
    format!("[separations]\npeople = [{}]\n", people.join(", "))
}

/// Separates a line, asks under its reference, and ends it.
pub(crate) fn separate(run: &mut Run) {
    run.service.place.write_secret("scanned", SURVIVORS_DOCUMENT);
    let saw = ["--line", "L-2", "--email", SURVIVORS_MAIL, "--document-file", "scanned", "--holder-name", SURVIVOR];
    let propose = [&["separation", "propose"][..], &saw].concat();
    run.ask("clerk", &propose, "", &[]).ending(3);
    let proposed = run.ask("fraud", &propose, "", &[]).ending(0).json();
    let separation = proposed["separation"]["separation_id"].as_str().unwrap();
    let agree = [&["separation", "agree", separation, "--out", "reference"][..], &saw].concat();
    let wrong: Vec<&str> =
        agree.iter().map(|word| if *word == SURVIVOR { "Kestrel Otherwise" } else { word }).collect();
    run.ask("desk", &wrong, "", &[]).ending(2);
    let agreed = run.once("desk", &agree, "").ending(0);
    let reference = fs::read_to_string(run.service.place.path("reference")).unwrap();
    assert!(!agreed.stdout.contains(reference.trim()));
    let iccid = run.cards.other_iccid.clone();
    let ask = ["decide", "sim-change", "L-2", "--iccid", &iccid, "--cause", "upgrade", "--channel", "ivr"];
    let under = ["--separation-reference-file", "reference"];
    let asked = run.ask("voice", &[&ask[..], &under].concat(), "", &[]);
    assert!([3, 4].contains(&asked.code), "{}", asked.stdout);
    run.once("desk", &["separation", "end", separation], "").ending(0);
    run.ask("voice", &[&ask[..], &under].concat(), "", &[]).ending(3);
}
