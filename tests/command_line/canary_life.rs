//! E12: values of which each stands nowhere else, and the life of one account with them: every command and every mistake.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::canary_events::CALL;
use crate::canary_keys::key_material;
use crate::canary_separations::{SURVIVOR, SURVIVORS_DOCUMENT, SURVIVORS_MAIL, separations};
use crate::program::{Place, Ran, Service, ended};
use crate::spelt::Search;

pub(crate) const LONG_AGO: &str = "2025-01-01T00:00:00Z";
pub(crate) const NUMBER: &str = "+491512345678901";
pub(crate) const PIN: &str = "730519482660317";
const NEW_PIN: &str = "918273105546372";
const WRONG_PIN: &str = "604417392085166";
const ACCOUNT_NUMBER: &str = "QX730519284461ZK";
const HOLDER: &str = "Quillon Featherstone";
const POSTAL_CODE: &str = "K1A 0B1-77";
const EMAIL: &str = "quillon.f@canary.example";
pub(crate) const SMS: &str = "+498912345670011";
const VOICE: &str = "+498912345670022";
const NEW_EMAIL: &str = "new.quillon@canary.example";
const NEW_SMS: &str = "+498912345670033";
const NEW_VOICE: &str = "+498912345670044";
const NEW_POSTAL_CODE: &str = "V6B-4Y8 99";
pub(crate) const FORWARDED_TO: &str = "+498912345670055";
pub(crate) const UNKNOWN: &str = "+491512345678977";
pub(crate) const CLIENT_ADDRESS: &str = "203.0.113.199";
const OTHER_HOLDER: &str = "Barnaby Wrongsmith";
const OTHER_ACCOUNT_NUMBER: &str = "WRONG553107218840";

/// The Luhn check digit put behind the digits.
fn with_luhn(digits: &str) -> String {
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = digit.to_digit(10).unwrap();
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// Check digits of an EID put behind its first 30: the whole modulo 97 is 1.
fn with_check(digits: &str) -> String {
    let rest = digits.parse::<u128>().unwrap() * 100 % 97;
    format!("{digits}{:02}", 98 - rest)
}

/// Values that only some things know.
pub(crate) struct Cards {
    iccid: String,
    new_iccid: String,
    pub(crate) other_iccid: String,
    pub(crate) eid: String,
    imei: String,
    pub(crate) new_imei: String,
}

pub(crate) fn cards() -> Cards {
    Cards {
        iccid: with_luhn("890126730519284461"),
        new_iccid: with_luhn("890126118273645500"),
        other_iccid: with_luhn("890126557700331942"),
        eid: with_check("890490327305192844610099887766"),
        imei: with_luhn("35730519284461"),
        new_imei: with_luhn("35118273645501"),
    }
}

/// One account whose owner everything is known of.
fn seed(cards: &Cards, device: &Value) -> Value {
    let contact = |id: &str, kind: &str, value: &str| json!({ "contact_id": id, kind: value, "since_time": LONG_AGO });
    let line = |id: &str, number: &str, kind: &str, card: &str| {
        json!({ "line_id": id, "msisdn": number, kind: card, "imei": cards.imei, "sim_since_time": LONG_AGO,
            "status": "LINE_STATUS_ACTIVE" })
    };
    let contacts = [
        contact("mail", "email", EMAIL),
        contact("sms", "sms", SMS),
        contact("voice", "voice", VOICE),
        contact("post", "postal_code", POSTAL_CODE),
    ];
    json!({
        "account": {
            "account_id": "A-1", "brand": "default", "account_number": ACCOUNT_NUMBER, "kind": "ACCOUNT_KIND_POSTPAID",
            "persons": [{ "person_id": "P-1", "role": "PERSON_ROLE_OWNER", "name": HOLDER, "postal_code": POSTAL_CODE,
                "contacts": contacts }],
        },
        "lines": [line("L-1", NUMBER, "iccid", &cards.iccid), line("L-2", "+491512345678912", "eid", &cards.eid)],
        "pin": PIN, "pin_set_time": LONG_AGO,
        "devices": [{ "device_id": "D-1", "public_key_jwk": device, "added_time": LONG_AGO, "person_id": "P-1" }],
    })
}

/// A service, its canaries, and what was run.
pub(crate) struct Run {
    pub(crate) service: Service,
    pub(crate) cards: Cards,
    /// The key that a new device has, as its file spells it.
    pub(crate) new_key: String,
    pub(crate) search: Search,
    /// Commands that were run, each by its words.
    pub(crate) ran: BTreeSet<String>,
}

/// A service with nobody in it yet, and files of who will be.
pub(crate) fn begin(settings: &[&str]) -> Run {
    let place = Place::with_keys();
    let messages =
        format!("\n[messages]\nkind = \"file\"\n[messages.file]\nfolder = \"{}\"\n", place.path("messages").display());
    let settled = fs::read_to_string(place.path("dev/portcullis.toml")).unwrap();
    fs::write(place.path("dev/portcullis.toml"), settled + &messages + &separations()).unwrap();
    let key = |name: &str| place.run(&["keys", "app", name, "--json"]).ending(0).json()["public_key_jwk"].clone();
    let (device, new_device) = (key("app.key"), key("new.key"));
    for (subject, role, bound) in [
        ("bss", "provisioning", &[][..]),
        ("hub", "porting_system", &["--spid", "6529"][..]),
        ("clerk", "retail_agent", &["--store", "S-1"][..]),
        ("voice", "ivr", &[][..]),
        ("fraud", "fraud_ops", &[][..]),
        ("desk", "fraud_ops", &[][..]),
        ("net", "network_signals", &[][..]),
        ("aud", "auditor", &[][..]),
        ("ops", "admin", &[][..]),
        ("ada", "customer", &["--account", "A-1", "--person", "P-1", "--device", "D-1"][..]),
    ] {
        place.mint(subject, role, bound);
    }
    let cards = cards();
    fs::write(place.path("one.jsonl"), seed(&cards, &device).to_string()).unwrap();
    let new_key = new_device.as_str().unwrap().to_owned();
    fs::write(place.path("new.jwk"), &new_key).unwrap();
    let keys = key_material(&place);
    for (name, secret) in [("pin", PIN), ("new-pin", NEW_PIN), ("wrong-pin", WRONG_PIN)] {
        place.write_secret(name, secret);
    }
    let keys = keys.iter().map(|(name, spelt)| (*name, spelt.as_str()));
    let search = Search::new(canaries(&cards).into_iter().chain(keys));
    if settings.contains(&"store.kind=redis") {
        let set = settings.iter().flat_map(|setting| ["--set", setting]);
        let begin = ["store", "begin", "--config", "dev/portcullis.toml"];
        place.run(&begin.into_iter().chain(set).collect::<Vec<_>>()).ending(0);
    }
    Run { service: Service::start_with(place, settings), cards, new_key, search, ran: BTreeSet::new() }
}

pub(crate) fn canaries(cards: &Cards) -> Vec<(&'static str, &str)> {
    vec![
        ("number", NUMBER),
        ("number", "+491512345678912"),
        ("unknown number", UNKNOWN),
        ("PIN", PIN),
        ("new PIN", NEW_PIN),
        ("wrong PIN", WRONG_PIN),
        ("account number", ACCOUNT_NUMBER),
        ("account number", OTHER_ACCOUNT_NUMBER),
        ("name", HOLDER),
        ("name", OTHER_HOLDER),
        ("surname", "Featherstone"),
        ("postal code", POSTAL_CODE),
        ("postal code", NEW_POSTAL_CODE),
        ("contact", EMAIL),
        ("contact", NEW_EMAIL),
        ("contact", SMS),
        ("contact", VOICE),
        ("contact", NEW_SMS),
        ("contact", NEW_VOICE),
        ("forwarding", FORWARDED_TO),
        ("address", CLIENT_ADDRESS),
        ("call", CALL),
        ("survivor", SURVIVOR),
        ("survivor's contact", SURVIVORS_MAIL),
        ("survivor's document", SURVIVORS_DOCUMENT),
        ("SIM", &cards.iccid),
        ("SIM", &cards.new_iccid),
        ("SIM", &cards.other_iccid),
        ("eSIM", &cards.eid),
        ("handset", &cards.imei),
        ("handset", &cards.new_imei),
    ]
}

/// How a command's words begin, up to its first value.
pub(crate) fn words(args: &[&str]) -> String {
    let of_words = |c: char| c.is_ascii_lowercase() || c == '-';
    let is_word = |arg: &&&str| !arg.starts_with('-') && arg.chars().all(of_words);
    args.iter().take_while(is_word).take(3).copied().collect::<Vec<_>>().join(" ")
}

impl Run {
    /// Runs a command whose output must hold nothing but what the contract shows: `shown`.
    pub(crate) fn ask(&mut self, subject: &str, args: &[&str], input: &str, shown: &[&str]) -> Ran {
        let ran = self.service.ask_with(subject, args, input);
        self.check(args, &ran, shown);
        let told = self.service.ask_as_person(subject, args);
        self.check(args, &told, shown);
        ran
    }

    /// The same, once: the command does something that it would not do again.
    pub(crate) fn once(&mut self, subject: &str, args: &[&str], input: &str) -> Ran {
        let ran = self.service.ask_with(subject, args, input);
        self.check(args, &ran, &[]);
        ran
    }

    fn check(&mut self, args: &[&str], ran: &Ran, shown: &[&str]) {
        self.ran.insert(words(args));
        let may = Search::new(shown.iter().map(|value| ("shown", *value)));
        let mut stdout = ran.stdout.clone();
        for value in shown {
            stdout = stdout.replace(value, "(shown)");
        }
        let told = self.search.found_in(stdout.as_bytes());
        assert!(told.is_empty(), "{args:?} answers {told:?}");
        let told = self.search.found_in(ran.stderr.as_bytes());
        assert!(told.is_empty(), "{args:?} complains of {told:?}");
        let told = may.found_in(ran.stderr.as_bytes());
        assert!(told.is_empty(), "{args:?} complains of {told:?}");
    }
}

pub(crate) const APP: [&str; 8] =
    ["--channel", "app", "--device-id", "D-1", "--app-key-file", "app.key", "--app-device", "D-1"];

/// Changes that are asked and what becomes of them.
fn decide(run: &mut Run) {
    let (new, old, imei) = (run.cards.new_iccid.clone(), run.cards.iccid.clone(), run.cards.new_imei.clone());
    let sim = ["--iccid", &new, "--cause", "upgrade", "--imei", &imei, "--old-iccid", &old];
    let place = ["--client-address", CLIENT_ADDRESS, "--interaction-id", "visit"];
    let asked = [&["decide", "sim-change", NUMBER][..], &sim, &APP, &place, &["--permit-out", "permit"]].concat();
    let decided = run.once("ada", &asked, "").ending(0).json();
    let id = decided["decision_id"].as_str().unwrap().to_owned();
    let permit = decided["approval"]["permit"].as_str().unwrap().to_owned();
    run.ask("ada", &["decision", "show", &id], "", &[]).ending(0);
    let wrong = ["--iccid", &run.cards.other_iccid.clone(), "--cause", "upgrade", "--permit-file", "permit"];
    run.ask("ada", &[&["decision", "redeem", "sim-change", NUMBER][..], &wrong].concat(), "", &[]).ending(3);
    let redeem = [&["decision", "redeem", "sim-change", NUMBER][..], &sim, &["--permit-file", "permit"]].concat();
    let redeemed = run.once("ada", &redeem, "").ending(0);
    assert!(!redeemed.stdout.contains(&permit));
    run.ask("ada", &redeem, "", &[]).ending(3);
    run.ask("ada", &["decision", "report", &id, "executed", "--note", "done"], "", &[]);
    run.ask("ada", &["decision", "withdraw", &id, "--cause", "no"], "", &[]);

    for value in
        [["--email", NEW_EMAIL], ["--sms", NEW_SMS], ["--voice", NEW_VOICE], ["--new-postal-code", NEW_POSTAL_CODE]]
    {
        run.ask(
            "ada",
            &[&["decide", "contact-change", NUMBER, "--contact-id", "new"][..], &value, &APP].concat(),
            "",
            &[],
        );
    }
    run.ask("ada", &[&["decide", "call-forwarding", NUMBER, "--target", FORWARDED_TO][..], &APP].concat(), "", &[]);
    run.ask("ada", &[&["decide", "owner-change", "L-2", "--to-account", "A-2"][..], &APP].concat(), "", &[]);
    run.ask("ada", &[&["decide", "device-add", NUMBER, "--public-key-file", "new.jwk"][..], &APP].concat(), "", &[]);
    let eid = run.cards.eid.clone();
    let esim = ["decide", "sim-change", NUMBER, "--eid", &eid, "--cause", "lost", "--channel", "ivr", "--pin-file"];
    for pin in ["pin", "wrong-pin"] {
        run.ask("voice", &[&esim[..], &[pin]].concat(), "", &[]);
        let ahead = run.ask("voice", &[&esim[..], &[pin, "--ahead"]].concat(), "", &[]).ending(0).json();
        let handle = ahead["evidence_handle"].as_str().unwrap();
        let asked = ["decide", "sim-change", NUMBER, "--eid", &eid, "--cause", "lost", "--channel", "care"];
        run.ask("clerk", &[&asked[..], &["--evidence-handle", handle]].concat(), "", &[]);
    }
}

/// Ports, with facts that are right and wrong, of numbers that are there and not.
fn ports(run: &mut Run) {
    let issue = [&["transfer-pin", "issue", NUMBER, "--to", "6529"][..], &APP].concat();
    let issued = run.once("ada", &issue, "").json();
    let value = issued["transfer_pin"].as_str().unwrap_or("402917").to_owned();
    run.ask("ada", &["transfer-pin", "list", "--account", "A-1"], "", &[]).ending(0);
    for (line, number, holder) in [
        (NUMBER, ACCOUNT_NUMBER, HOLDER),
        (NUMBER, OTHER_ACCOUNT_NUMBER, OTHER_HOLDER),
        (UNKNOWN, ACCOUNT_NUMBER, HOLDER),
    ] {
        let claims = ["--account-number", number, "--holder-name", holder, "--postal-code", POSTAL_CODE];
        let port = ["decide", "port-out", line, "--to", "6529", "--pon", "P-1", "--dialect", "wicis"];
        run.ask("hub", &[&port[..], &claims].concat(), "", &[]);
        run.once("hub", &[&port[..], &claims, &["--transfer-pin-file", "-"]].concat(), &value);
        run.once("hub", &[&port[..], &claims, &["--pin-file", "-"]].concat(), WRONG_PIN);
    }
    if let Some(id) = issued["status"]["transfer_pin_id"].as_str() {
        run.ask("ada", &["transfer-pin", "revoke", id, "--account", "A-1"], "", &[]);
    }
}

/// Locks, PINs, and what may be looked at.
fn protect_and_look(run: &mut Run) {
    run.once("ada", &["lock", "on", NUMBER, "--set", "all"], "").ending(0);
    let release = [&["lock", "release", NUMBER, "--set", "all", "--only-port-to", "6529"][..], &APP].concat();
    let told = run.once("ada", &release, "").json();
    let locks = told["protection"]["locks"].as_array().unwrap();
    let release = locks.iter().find_map(|lock| lock["release"]["release_id"].as_str()).unwrap();
    run.once("ada", &["lock", "cancel", release, NUMBER], "").ending(0);
    run.ask("ada", &["lock", "show", NUMBER], "", &[]).ending(0);
    run.once("ada", &[&["pin", "set", "--account", "A-1", "--new-pin-file", "new-pin"][..], &APP].concat(), "");
    run.ask("ada", &["pin", "status", "--account", "A-1"], "", &[]).ending(0);
    run.ask("ada", &["account", "activity", "--account", "A-1"], "", &[]).ending(0);
    run.ask("aud", &["account", "activity", NUMBER], "", &[]).ending(0);
    // An auditor and the customer are shown who and how to reach them; a clerk is shown nothing.
    let reach = [
        ACCOUNT_NUMBER,
        HOLDER,
        "Featherstone",
        POSTAL_CODE,
        EMAIL,
        SMS,
        VOICE,
        NEW_EMAIL,
        NEW_SMS,
        NEW_VOICE,
        NEW_POSTAL_CODE,
    ];
    run.ask("aud", &["account", "show", "--account", "A-1"], "", &reach).ending(0);
    run.ask("ada", &["account", "show", NUMBER], "", &reach).ending(0);
    run.ask("clerk", &["account", "show", NUMBER], "", &[]).ending(3);
    run.ask("fraud", &["account", "show", UNKNOWN], "", &[]).ending(2);
}

fn upgrade<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["--cause", "upgrade"][..], rest].concat()
}

/// What an auditor is shown of all that happened.
/// What is asked for, and so is on record.
pub(crate) fn asked(cards: &Cards) -> [String; 8] {
    [
        cards.new_iccid.as_str(),
        &cards.other_iccid,
        &cards.eid,
        NEW_EMAIL,
        NEW_SMS,
        NEW_VOICE,
        NEW_POSTAL_CODE,
        FORWARDED_TO,
    ]
    .map(str::to_owned)
}

fn audit(run: &mut Run, beginning: &str) {
    // What was asked for is on the record; neither a PIN nor what the account had before.
    let asked = asked(&run.cards);
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    run.ask("aud", &["audit", "list", "--account", "A-1"], "", &asked).ending(0);
    let listed = run.ask("aud", &["audit", "list"], "", &asked).ending(0).stdout.lines().count().to_string();
    // Followed from the beginning on, at least as many come.
    let watch = ["audit", "watch", "--resume-token", beginning, "--count", &listed];
    let watched = run.ask("aud", &watch, "", &asked).ending(0).stdout;
    assert!(watched.contains(NEW_EMAIL) && watched.contains(asked[0]), "{watched}");
    run.once("aud", &["audit", "checkpoint", "--out", "checkpoint"], "").ending(0);
    run.ask("aud", &["audit", "verify", "--checkpoint", "checkpoint"], "", &[]).ending(0);
    let export = run.once("aud", &["audit", "export", "request"], "").ending(0).json();
    let export = export["export_id"].as_str().unwrap();
    run.ask("aud", &["audit", "export", "fetch", export, "--out", "early"], "", &[]).ending(3);
    run.ask("ops", &["audit", "export", "show", export], "", &[]).ending(0);
    run.ask("ops", &["audit", "export", "approve", export], "", &[]).ending(0);
    run.once("aud", &["audit", "export", "fetch", export, "--out", "exported"], "").ending(0);
    let exported = fs::read_to_string(run.service.place.path("exported")).unwrap();
    let exported = asked.iter().fold(exported, |text, value| text.replace(value, "(shown)"));
    assert!(exported.lines().count() > 10 && run.search.found_in(exported.as_bytes()).is_empty());
    run.ask("ops", &["audit", "archive", "run"], "", &[]).ending(0);
    run.ask("ops", &["audit", "archive", "list"], "", &[]).ending(0);
    run.ask("ops", &["audit", "archive", "delete", "0"], "", &[]).ending(2);
    run.ask("ops", &["audit", "archive", "verify", "dev/archive", "--keyring", "dev/keyring.json"], "", &[]);
    run.ask("aud", &["audit", "keys", "dev/keyring.json"], "", &[]).ending(0);
}

/// Input that cannot be used: its field is named and it is not told.
fn mistakes(run: &mut Run) {
    let cut = |text: &str| text.chars().take(text.len() - 1).collect::<String>();
    let (iccid, eid, imei) = (cut(&run.cards.new_iccid), cut(&run.cards.eid), cut(&run.cards.imei));
    let bare = NUMBER.trim_start_matches('+');
    let spaced = format!("{NUMBER} ");
    let new = run.cards.new_iccid.clone();
    for (line, flags) in [
        (spaced.as_str(), upgrade(&["--iccid", &new])),
        (NUMBER, upgrade(&["--iccid", &iccid])),
        (NUMBER, upgrade(&["--eid", &eid])),
        (NUMBER, upgrade(&["--iccid", &new, "--imei", &imei])),
        (NUMBER, upgrade(&["--iccid", &new, "--client-address", "203.0.113.199/8"])),
        (bare, upgrade(&["--iccid", &new])),
    ] {
        // A number without its `+` is the name of a line that is not theirs: refused, not misspelt.
        let code = run.ask("ada", &[&["decide", "sim-change", line][..], &flags].concat(), "", &[]).code;
        assert!([2, 3].contains(&code), "{line} {flags:?}: {code}");
    }
    run.ask(
        "ada",
        &["decide", "contact-change", NUMBER, "--contact-id", "c", "--email", &EMAIL.replace('@', "")],
        "",
        &[],
    )
    .ending(2);
    run.ask("ada", &["decide", "call-forwarding", NUMBER, "--target", &format!("{FORWARDED_TO}1")], "", &[]).ending(2);
    run.once(
        "voice",
        &["decide", "call-forwarding", NUMBER, "--target", FORWARDED_TO, "--channel", "ivr", "--pin-file", "-"],
        &format!("{PIN}99"),
    )
    .ending(2);
    // What the command line itself does not take: typed where it does not belong.
    for typed in [&["decide", "sim-change", NUMBER, "--ask-pin", PIN][..], &["pin", "set", "--pin", PIN], &[PIN]] {
        let ran = run.service.place.run(typed);
        run.check(typed, &ran.ending(2), &[]);
    }
    let row = seed(&run.cards, &json!("no key")).to_string();
    let quoted = format!("\"{PIN}\"");
    for (name, from, to) in [
        ("number", NUMBER, NUMBER.trim_start_matches('+')),
        ("member", "\"pin\":", "\"pim\":"),
        ("json", "\"pin\":", "\"pin\" "),
        ("type", quoted.as_str(), PIN),
    ] {
        assert!(row.contains(from), "{name}");
        fs::write(run.service.place.path("bad.jsonl"), row.replace(from, to)).unwrap();
        run.ask("bss", &["account", "import", "bad.jsonl"], "", &[]).ending(2);
    }
}

/// Every command there is, by its own help, that begins with one of these words, or with none of them.
pub(crate) fn commands(place: &Place, first: &[&str], begins: bool) -> BTreeSet<String> {
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut leaves = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = place.run(&args).ending(0).stdout;
        let listed = help.split("Commands:\n").nth(1).unwrap_or("").lines().take_while(|line| !line.is_empty());
        let names: Vec<&str> = listed
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help" && (!path.is_empty() || first.contains(name) == begins))
            .collect();
        if names.is_empty() && !path.is_empty() {
            leaves.insert(path.join(" "));
        }
        waiting.extend(names.iter().map(|name| [&path[..], &[(*name).to_owned()]].concat()));
    }
    leaves
}

const WATCH: [&str; 8] = ["audit", "watch", "--kind", "decided", "--resume-file", "place", "--count", "1"];

/// Follows decisions from the beginning on; where that is, comes back beside it.
fn watch(run: &Run) -> (Child, String) {
    let place = run.service.place.path("place");
    fs::write(&place, "").unwrap();
    let mut watching = run.service.asking("aud", &WATCH).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Its place is written once it follows.
    while fs::read_to_string(&place).unwrap().is_empty() {
        assert!(watching.try_wait().unwrap().is_none(), "it ended before anything was decided");
        std::thread::yield_now();
    }
    (watching, fs::read_to_string(&place).unwrap().trim().to_owned())
}

/// The whole life.
pub(crate) fn live(settings: &[&str]) -> Run {
    let mut run = begin(&[settings, &["limits.watch_heartbeat_seconds=1"]].concat());
    let (watching, beginning) = watch(&run);
    run.once("bss", &["account", "import", "one.jsonl"], "").ending(0);
    decide(&mut run);
    let (seen, new) = (ended(watching).ending(0), run.cards.new_iccid.clone());
    assert!(seen.stdout.contains(&new), "{}", seen.stdout);
    run.check(&WATCH, &seen, &[&new]);
    crate::canary_challenges::challenge(&mut run);
    ports(&mut run);
    mistakes(&mut run);
    crate::canary_customers::look_on(&mut run);
    protect_and_look(&mut run);
    audit(&mut run, &beginning);
    crate::canary_policies::look_back(&mut run);
    crate::canary_events::tell(&mut run);
    crate::canary_desk::look_after(&mut run);
    crate::canary_separations::separate(&mut run);
    crate::canary_customers::dispute(&mut run);
    run
}
