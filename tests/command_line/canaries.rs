//! E12: what comes out of a life of canaries is what the contract shows to that caller; logs, errors, counters and a copy of
//! the store hold none of them.

use std::collections::BTreeSet;
use std::fs;

use redis::cmd;

use crate::canary_beside::{BESIDE, OF_A_SERVICE};
use crate::canary_life::{canaries, commands, live};
use crate::redis_servers::{Server, Settings, beside};
use crate::spelt::{Search, copy_of};

#[test]
fn commands_logs_and_pages_show_no_canary() {
    for format in ["log.format=json", "log.format=text"] {
        let run = live(&[format, "archive.folder=dev/archive"]);
        let log = run.service.log();
        assert!(log.contains("Decide") && log.contains("ImportAccounts"), "{log}");
        let pages = ["/metrics", "/readyz", "/healthz", "/nowhere/491512345678901"].map(|path| run.service.page(path));
        for text in [&[log][..], &pages].concat() {
            let found = run.search.found_in(text.as_bytes());
            assert!(found.is_empty(), "{found:?} in {text}");
        }
        let done: BTreeSet<String> = run.ran.iter().map(|words| words.trim().to_owned()).collect();
        // Those that ask no running service are tried beside this.
        let others = [&["serve", "bench", "day"][..], &BESIDE].concat();
        let untried: Vec<String> = commands(&run.service.place, &others, false)
            .into_iter()
            .chain(OF_A_SERVICE.map(str::to_owned))
            .filter(|leaf| {
                // A permit is redeemed alike for every change.
                let tried = if leaf.starts_with("decision redeem") { "decision redeem sim-change" } else { leaf };
                !done.contains(tried)
            })
            .collect();
        assert!(untried.is_empty(), "not tried: {untried:?}; tried: {done:?}");
    }
}

#[test]
fn a_copy_of_the_store_without_the_keys_holds_no_canary() {
    let run = live(&["archive.folder=dev/archive"]);
    let mut canaries = canaries(&run.cards);
    let x = run.new_key.split("\"x\":\"").nth(1).unwrap().split('"').next().unwrap();
    canaries.extend([("device key", x), ("subject", "https://issuer.portcullis.example|ada")]);
    let search = Search::new(canaries);
    assert!(search.len() > 400, "only {} spellings are looked for", search.len());
    // The file that was imported holds what is looked for, and is found to.
    let (found, _) = search.found_under(&{
        let folder = run.service.place.path("planted");
        fs::create_dir(&folder).unwrap();
        fs::copy(run.service.place.path("one.jsonl"), folder.join("one.jsonl")).unwrap();
        folder
    });
    assert!(found.len() >= 12, "{found:?}");
    // While it serves, with its log beside it; and once it has stopped.
    let store = run.service.place.path("dev/store");
    let copy = copy_of(&store);
    let (found, bytes) = search.found_under(copy.path());
    assert!(found.is_empty(), "{found:?}");
    assert!(bytes > 100_000, "only {bytes} bytes were looked at");
    let (status, place) = run.service.stop();
    assert!(status.success());
    let (found, bytes) = search.found_under(&place.path("dev/store"));
    assert!(found.is_empty() && bytes > 100_000, "{found:?} in {bytes} bytes");
}

/// What a Redis writes to its disk: a whole picture of it (RDB), and the log of its commands (AOF).
#[test]
fn the_files_of_a_redis_hold_no_canary() {
    let server = Server::start(&Settings::careful().with("rdbcompression", "no"));
    let url = format!("redis.url=redis://127.0.0.1:{}", server.port);
    let run = live(&["archive.folder=dev/archive", "store.kind=redis", &url]);
    let picture = |planted: Option<&str>| {
        beside(async {
            let mut connection = server.connect().await;
            if let Some(planted) = planted {
                let _: () = cmd("SET").arg("planted").arg(planted).query_async(&mut connection).await.unwrap();
            }
            let _: () = cmd("SAVE").query_async(&mut connection).await.unwrap();
        });
        run.search.found_under(&server.folder())
    };
    let (found, bytes) = picture(None);
    assert!(server.folder().join("dump.rdb").is_file() && server.folder().join("appendonlydir").is_dir());
    assert!(found.is_empty(), "{found:?}");
    assert!(bytes > 200_000, "only {bytes} bytes were looked at");
    // What stands there is found.
    let (found, _) = picture(Some(&run.cards.new_imei));
    assert!(found.len() >= 2, "in the picture and in the log: {found:?}");
}
