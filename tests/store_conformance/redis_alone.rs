//! What only a store on Redis can meet: servers that do not keep what they are given, parts that are missing, memory that is
//! used up, engines that ask under the same key at once.

use portcullis::crypto::{Ids, Keyring, Token};
use portcullis::store::redis::{
    Address, RedisDurability, RedisLogin, RedisOpenError, RedisOptions, RedisPlace, RedisStore, examine,
};
use portcullis::store::{
    Before, Charge, ChargeWindows, Commit, CommitError, Load, Reservation, Reserve, Slot, Store, StoreError, Urgency,
    WINDOW_KEPT,
};
use redis::cmd;

use crate::harness::{Account, Home, all, at, charge, fresh, request, write};
use crate::on_redis::OnRedis;
use crate::redis_servers::{Pair, Server, Settings, beside};

fn options(server: &Server, durability: RedisDurability) -> RedisOptions {
    let ids = Ids::new(&Keyring::generate(at(0)).unwrap());
    let place = RedisPlace::Single(server.address());
    RedisOptions { clock_ahead_max: None, begins: true, ..RedisOptions::new(place, durability, ids, 1) }
}

fn refusal(options: RedisOptions) -> String {
    match beside(RedisStore::open(options)) {
        Ok(_) => panic!("it was opened"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_server_that_keeps_nothing_is_refused_with_what_to_set() {
    for (setting, value, advice) in [
        ("maxmemory-policy", "allkeys-lru", "set `maxmemory-policy noeviction`"),
        ("maxmemory-policy", "volatile-ttl", "set `maxmemory-policy noeviction`"),
        ("appendonly", "no", "set `appendonly yes`"),
        ("appendfsync", "everysec", "set `appendfsync always`"),
        ("appendfsync", "no", "set `appendfsync always`"),
    ] {
        let server = Server::start(&Settings::careful().with(setting, value));
        let told = refusal(options(&server, RedisDurability::Fsync));
        assert!(told.contains(advice) && told.contains(&server.port.to_string()), "{setting} {value}: {told}");
        let examined = beside(examine(options(&server, RedisDurability::Fsync)));
        assert!(examined.is_err_and(|error| error.to_string() == told), "whoever looks is told the same");
    }
    let careless = Server::start(&Settings::default().with("maxmemory-policy", "noeviction"));
    let lost = RedisDurability::LoseAcknowledged(RedisDurability::ACCEPT_LOSS.to_owned());
    beside(RedisStore::open(options(&careless, lost))).unwrap();
    let told = refusal(options(&careless, RedisDurability::LoseAcknowledged("yes".to_owned())));
    assert!(told.contains(RedisDurability::ACCEPT_LOSS), "{told}");
}

#[test]
fn what_cannot_promise_is_not_asked() {
    let server = Server::start(&Settings::careful());
    let told = refusal(options(&server, RedisDurability::Replicated(2)));
    assert!(told.contains("has 0 replicas and `replicated` asks for 2"), "{told}");
    assert!(refusal(options(&server, RedisDurability::Replicated(0))).contains("say `fsync`"));
    let seeds = vec![server.address()];
    for place in [
        RedisPlace::Cluster { seeds: seeds.clone() },
        RedisPlace::Sentinel { sentinels: seeds, name: "main".to_owned() },
    ] {
        let told = refusal(RedisOptions { place, ..options(&server, RedisDurability::Fsync) });
        assert!(told.contains("say `replicated`"), "{told}");
    }
    for prefix in ["", "a{b}", "a:b"] {
        let told = refusal(RedisOptions { prefix: prefix.to_owned(), ..options(&server, RedisDurability::Fsync) });
        assert!(told.contains("prefix"), "{told}");
    }
    let nobody = RedisPlace::Single(Address { host: "127.0.0.1".to_owned(), port: 1 });
    let told = refusal(RedisOptions { place: nobody, ..options(&server, RedisDurability::Fsync) });
    assert!(told.contains("cannot reach the store's Redis"), "{told}");
}

#[tokio::test]
async fn a_password_is_asked_for_and_given() {
    let server = Server::start(&Settings::careful().with("requirepass", "open-sesame"));
    let told = refusal(options(&server, RedisDurability::Fsync));
    assert!(told.contains("cannot reach"), "{told}");
    let login = RedisLogin { password: Some("open-sesame".to_owned().into()), ..RedisLogin::default() };
    beside(RedisStore::open(RedisOptions { login, ..options(&server, RedisDurability::Fsync) })).unwrap();
    let login = RedisLogin { password: Some("open-says-me".to_owned().into()), ..RedisLogin::default() };
    let told = refusal(RedisOptions { login, ..options(&server, RedisDurability::Fsync) });
    assert!(!told.contains("open-says-me"), "{told}");
}

#[tokio::test]
async fn a_store_of_which_a_part_is_missing_is_not_opened() {
    let server = Server::start(&Settings::careful());
    let options = options(&server, RedisDurability::Fsync);
    drop(beside(RedisStore::open(options.clone())).unwrap());
    let mut connection = server.connect().await;
    let meta = "portcullis:{0517}:m";
    let gone: i64 = cmd("DEL").arg(meta).query_async(&mut connection).await.unwrap();
    assert_eq!(gone, 1);
    assert!(refusal(options.clone()).contains("partition 517"));
    let _: () = cmd("HSET").arg(meta).arg(&["e", "2", "v", "1"]).query_async(&mut connection).await.unwrap();
    assert!(refusal(options.clone()).contains("partition 517 of the store is of another store"));
    let _: () = cmd("HSET").arg(meta).arg(&["e", "1", "v", "2"]).query_async(&mut connection).await.unwrap();
    assert!(refusal(options).contains("layout 2"));
}

/// A Redis that lost everything looks like one that never had anything.
#[tokio::test]
async fn no_engine_begins_a_store_by_itself() {
    let server = Server::start(&Settings::careful());
    let options = RedisOptions { begins: false, ..options(&server, RedisDurability::Fsync) };
    let is_not_begun = |options| matches!(beside(RedisStore::open(options)), Err(RedisOpenError::NotBegun { .. }));
    assert!(is_not_begun(options.clone()));
    assert!(refusal(options.clone()).contains("portcullis store begin"));
    let epoch = beside(RedisStore::begin(options.clone())).unwrap();
    assert_eq!(beside(examine(options.clone())).unwrap().epoch, Some(epoch));
    drop(beside(RedisStore::open(options.clone())).unwrap());
    assert!(matches!(beside(RedisStore::begin(options.clone())), Err(RedisOpenError::Occupied)));
    // One that was not begun to its end is begun again, and by nobody else.
    let mut connection = server.connect().await;
    let gone: i64 = cmd("HDEL").arg(&["portcullis:{0000}:m", "b"]).query_async(&mut connection).await.unwrap();
    assert_eq!(gone, 1);
    assert!(is_not_begun(options.clone()));
    assert_eq!(beside(RedisStore::begin(options.clone())).unwrap(), epoch);
    let _: () = cmd("FLUSHALL").query_async(&mut connection).await.unwrap();
    assert!(is_not_begun(options));
}

#[test]
fn a_store_is_opened_with_the_keyring_it_was_made_with() {
    let server = Server::start(&Settings::careful());
    let mark = |name: &str, number: u64| (name.to_owned(), crate::harness::token(number));
    let with = |key_marks| RedisOptions { key_marks, ..options(&server, RedisDurability::Fsync) };
    drop(beside(RedisStore::open(with(vec![mark("index 1", 1), mark("seal 1", 2)]))).unwrap());
    let open = |marks| beside(RedisStore::open(with(marks))).map(drop);
    open(vec![mark("index 1", 1), mark("seal 1", 2), mark("seal 2", 3)]).unwrap();
    let missing = open(vec![mark("index 1", 1), mark("seal 1", 2)]);
    assert!(matches!(missing, Err(RedisOpenError::MissingKey { name }) if name == "seal 2"));
    let other = open(vec![mark("index 1", 1), mark("seal 1", 9), mark("seal 2", 3)]);
    assert!(matches!(other, Err(RedisOpenError::OtherKey { name }) if name == "seal 1"));
    let keyring = open(vec![mark("index 1", 9), mark("seal 1", 2), mark("seal 2", 3)]);
    assert!(matches!(keyring, Err(RedisOpenError::OtherKeyring)));
}

/// With its memory used up a server takes nothing but what protects, and nothing is half done.
#[tokio::test]
async fn where_memory_is_used_up_protection_goes_on() {
    let server = Server::start(&Settings::careful());
    let options = options(&server, RedisDurability::Fsync);
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options);
    let account = Account::new(&home);
    account.put(&store, Slot::Head, 0, b"head").await.unwrap();
    let mut connection = server.connect().await;
    let _: () = cmd("CONFIG").arg(&["SET", "maxmemory", "1mb"]).query_async(&mut connection).await.unwrap();
    let ordinary = |urgency| {
        let record = account.record(at(0), b"record");
        let claim = portcullis::store::Claim { reserve: request(1), record: record.id };
        let writes = vec![write(Slot::Head, 1, b"more")];
        Commit { urgency, writes, records: vec![record], claim: Some(claim), ..account.commit(at(0)) }
    };
    let refused = store.commit(ordinary(Urgency::Ordinary)).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::DiskReserve))), "{refused:?}");
    let looked = account.charge(&store, request(2), &[charge(account.window(), Before::Look)]).await;
    assert!(matches!(looked, Err(StoreError::DiskReserve)), "what cannot be counted is not looked at: {looked:?}");
    let read = account.charge(&store, request(3), &[]).await.unwrap();
    assert_eq!(read.reservation, Reservation::Made, "what only protects looks at nothing");
    store.commit(ordinary(Urgency::Protective)).await.unwrap();
    assert_eq!(account.get(&store, Slot::Head).await.unwrap().version, 2);
}

/// Of many that ask under one key, for two accounts and with two bodies, one is charged: and of the others nothing is left,
/// not even that they pushed something out.
#[tokio::test]
async fn who_asks_under_anothers_key_leaves_no_trace() {
    const CAP: u16 = 4;
    let home = OnRedis::server();
    let store = home.open();
    for _ in 0..40 {
        let (one, other) = (Account::new(&home), Account::new(&home));
        let windows = [one.window(), other.window()];
        let charge_of =
            |window, subject: Token| Charge { window, subject, cap: CAP, kept: WINDOW_KEPT, before: Before::Look };
        let mut earlier = Vec::new();
        for (account, window) in [(&one, windows[0]), (&other, windows[1])] {
            let mut attempts = Vec::new();
            for _ in 0..CAP {
                let reserve = request(7);
                account.charge(&*store, reserve, &[charge_of(window, fresh())]).await.unwrap();
                attempts.push(reserve.request);
            }
            attempts.sort_unstable();
            earlier.push(attempts);
        }
        let key = fresh();
        let asks = (0..8_u8).map(|turn| {
            let (account, window) = if turn % 2 == 0 { (&one, windows[0]) } else { (&other, windows[1]) };
            let reserve = Reserve { request: key, digest: [turn / 4; 32] };
            let load = Load {
                reserve: Some(reserve),
                charges: vec![charge_of(window, fresh())],
                slots: vec![Slot::Head],
                ..account.load(at(1))
            };
            store.load(load)
        });
        let answers = all(asks).await;
        let made: Vec<bool> =
            answers.into_iter().map(|answer| answer.unwrap().reservation == Reservation::Made).collect();
        assert!(made.iter().any(|made| *made), "somebody was first");
        let kinds: std::collections::BTreeSet<(usize, usize)> =
            made.iter().enumerate().filter(|(_, made)| **made).map(|(turn, _)| (turn % 2, turn / 4)).collect();
        assert_eq!(kinds.len(), 1, "one account, one body: {kinds:?}");
        let charged = kinds.first().unwrap().0;
        for (number, (account, window)) in [(&one, windows[0]), (&other, windows[1])].into_iter().enumerate() {
            let load = Load { windows: vec![window], ..account.load(at(1)) };
            let found = store.load(load).await.unwrap().windows.remove(0);
            let mut attempts: Vec<Token> = found.events.iter().map(|event| event.attempt).collect();
            assert_eq!(attempts.contains(&key), number == charged, "charged is who may look");
            attempts.sort_unstable();
            if number != charged {
                assert_eq!(attempts, earlier[number], "all is as if nobody had come");
            }
        }
    }
}

#[tokio::test]
async fn engines_hear_each_others_rings() {
    let home = OnRedis::server();
    let (one, other) = (home.open(), home.open());
    let mut heard = other.rings();
    let account = Account::new(&home);
    account.put(&*one, Slot::Head, 0, b"").await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), account.partition());
    assert_eq!(account.get(&*other, Slot::Head).await.unwrap().version, 1, "what a ring told of is there");
}

/// The server's own time, in seconds.
async fn time_of(server: &Server) -> i64 {
    let (seconds, _): (i64, i64) = cmd("TIME").query_async(&mut server.connect().await).await.unwrap();
    seconds
}

/// Also where nobody committed before: a clock that stands is heard nowhere, and counts nothing as older than it is.
#[tokio::test]
async fn who_is_far_behind_the_servers_clock_commits_and_counts_nothing() {
    let server = Server::start(&Settings::careful());
    let options = RedisOptions {
        clock_ahead_max: Some(RedisOptions::CLOCK_AHEAD_MAX),
        ..options(&server, RedisDurability::Fsync)
    };
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options);
    for (behind, is_heard) in [(60, false), (10, true), (0, true), (-60, false)] {
        let now = chrono::DateTime::from_timestamp(time_of(&server).await - behind, 0).unwrap();
        let account = Account::new(&home);
        let (window, outside) = (account.window(), account.window());
        let commit = Commit { writes: vec![write(Slot::Head, 0, b"head")], ..account.commit(now) };
        assert_eq!(store.commit(commit).await.is_ok(), is_heard, "commit, {behind} s behind");
        let charges = vec![charge(window, Before::Look)];
        let load = Load { reserve: Some(request(1)), charges, ..account.load(now) };
        assert_eq!(store.load(load).await.is_ok(), is_heard, "load, {behind} s behind");
        let charges = vec![charge(outside, Before::Look)];
        let outside_of = ChargeWindows { charges, reads: vec![], attempt: fresh(), now };
        assert_eq!(store.charge(outside_of).await.is_ok(), is_heard, "charge, {behind} s behind");
        for window in [window, outside] {
            assert_eq!(account.count(&store, window).await, usize::from(is_heard));
        }
        let read = store.load(Load { slots: vec![Slot::Head], ..account.load(now) }).await;
        assert_eq!(read.unwrap().rows[0].is_some(), is_heard, "what charges nothing is read");
    }
}

/// A server's clock that is put forward by an hour forgets nothing that still counts.
#[tokio::test]
async fn a_window_is_kept_for_hours_longer_than_it_counts() {
    let server = Server::start(&Settings::careful());
    let options = options(&server, RedisDurability::Fsync);
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options);
    let account = Account::new(&home);
    let window = account.window();
    let kept = chrono::TimeDelta::seconds(1);
    let charges = vec![Charge { kept, ..charge(window, Before::Look) }];
    store.charge(ChargeWindows { charges, reads: vec![], attempt: fresh(), now: at(0) }).await.unwrap();
    let mut key = format!("portcullis:{{{:04}}}:w:", account.partition().number()).into_bytes();
    key.extend_from_slice(window.token.as_bytes());
    let left: i64 = cmd("PTTL").arg(key).query_async(&mut server.connect().await).await.unwrap();
    assert!(left > 5 * 3_600_000, "{left} ms");
}

/// Nothing is written that could not be written whole.
#[tokio::test]
async fn a_journal_that_goes_on_behind_its_count_takes_nothing() {
    let server = Server::start(&Settings::careful());
    let options = options(&server, RedisDurability::Fsync);
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options);
    for stream in ["j", "g"] {
        let account = Account::new(&home);
        let key = format!("portcullis:{{{:04}}}:{stream}", account.partition().number());
        let add = cmd("XADD").arg(key).arg("100-0").arg("i").arg("x").to_owned();
        let _: String = add.query_async(&mut server.connect().await).await.unwrap();
        let permit = Slot::Permit(account.record_id(at(0)));
        let writes = vec![write(Slot::Head, 0, b"head"), write(permit, 0, b"permit")];
        let records = vec![account.record(at(0), b"record")];
        let refused = store.commit(Commit { writes, records, ..account.commit(at(0)) }).await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Damaged(_)))), "{refused:?}");
        assert!(account.get(&store, Slot::Head).await.is_none(), "{stream}: a part of it was written");
    }
}

/// Waits until the store says that it can be used, or that it cannot, and why.
async fn until_it_is(store: &RedisStore, well: bool) -> String {
    let begun = std::time::Instant::now();
    loop {
        match store.health() {
            Ok(()) if well => return String::new(),
            Err(error) if !well => return error.to_string(),
            _ => {}
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "it does not become so");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// What a server promised when it was opened it must go on to promise: told otherwise while it runs, or started otherwise, it
/// is given nothing.
#[tokio::test]
async fn a_server_is_asked_again_what_it_keeps() {
    let mut server = Server::start(&Settings::careful());
    let options = options(&server, RedisDurability::Fsync);
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options);
    let account = Account::new(&home);
    account.put(&store, Slot::Head, 0, b"1").await.unwrap();
    let set = async |server: &Server, name: &str, value: &str| {
        let set = cmd("CONFIG").arg(&["SET", name, value]).to_owned();
        let _: () = set.query_async(&mut server.connect().await).await.unwrap();
    };
    for (name, careless, careful) in
        [("maxmemory-policy", "allkeys-lru", "noeviction"), ("appendfsync", "everysec", "always")]
    {
        set(&server, name, careless).await;
        let told = until_it_is(&store, false).await;
        assert!(told.contains(careless), "{told}");
        let refused = account.put(&store, Slot::Head, 1, b"2").await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{name}: {refused:?}");
        set(&server, name, careful).await;
        until_it_is(&store, true).await;
    }
    server.kill();
    server.run_again_with("maxmemory-policy", "allkeys-random");
    let told = until_it_is(&store, false).await;
    if !told.contains("allkeys-random") {
        // It was gone first.
        let begun = std::time::Instant::now();
        while !store.health().is_err_and(|error| error.to_string().contains("allkeys-random")) {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "nobody asks it again");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    server.kill();
    server.run_again_with("maxmemory-policy", "noeviction");
    until_it_is(&store, true).await;
    account.put(&store, Slot::Head, 1, b"2").await.unwrap();
}

/// Where a primary has more replicas than the settings ask for, all of them have what is acknowledged.
#[tokio::test]
async fn all_replicas_that_there_are_have_what_is_acknowledged() {
    let (pair, second) = (Pair::start().await, Server::start(&Settings::careful().with("appendfsync", "everysec")));
    let of = cmd("REPLICAOF").arg("127.0.0.1").arg(pair.primary.port).to_owned();
    let _: () = of.query_async(&mut second.connect().await).await.unwrap();
    let begun = std::time::Instant::now();
    let both = async || {
        let mut connection = pair.primary.connect().await;
        let info: String = cmd("INFO").arg("replication").query_async(&mut connection).await.unwrap();
        info.matches("state=online").count() == 2
    };
    while !both().await {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "a replica does not keep up");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let options = options(&pair.primary, RedisDurability::Replicated(1));
    let options = RedisOptions { call_timeout: std::time::Duration::from_millis(500), ..options };
    // What follows the primary only just now may be slow at first.
    let store = loop {
        match beside(RedisStore::open(options.clone())) {
            Ok(store) => break store,
            Err(error) => assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{error}"),
        }
    };
    let home = OnRedis::over(options);
    let until_acknowledged = async || {
        while let Err(error) = Account::new(&home).put(&store, Slot::Head, 0, b"1").await {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{error}");
        }
    };
    until_acknowledged().await;
    second.signal("STOP");
    let refused = Account::new(&home).put(&store, Slot::Head, 0, b"1").await;
    second.signal("CONT");
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{refused:?}");
    until_acknowledged().await;
}

/// An engine that a copy did not hear of answers nothing while the copy is at work, or has left its target half filled.
#[tokio::test]
async fn who_was_not_heard_answers_nothing_while_the_store_is_carried_away() {
    let server = Server::start(&Settings::careful());
    let options = options(&server, RedisDurability::Fsync);
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options);
    let account = Account::new(&home);
    account.put(&store, Slot::Head, 0, b"1").await.unwrap();
    let told = async |words: &[&str]| {
        let (name, args) = words.split_first().unwrap();
        let _: i64 = cmd(name).arg(args).query_async(&mut server.connect().await).await.unwrap();
    };
    for (taken, given_back) in [
        (["SETNX", "portcullis:{0000}:o", "copy"].as_slice(), ["DEL", "portcullis:{0000}:o"].as_slice()),
        (&["HSET", "portcullis:{0000}:m", "c", "copy"], &["HDEL", "portcullis:{0000}:m", "c"]),
    ] {
        told(taken).await;
        assert!(until_it_is(&store, false).await.contains("store copy"));
        let refused = account.put(&store, Slot::Head, 1, b"2").await;
        assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))), "{refused:?}");
        assert!(matches!(store.accounts(None, 10).await, Err(StoreError::Unavailable(_))));
        told(given_back).await;
        until_it_is(&store, true).await;
    }
    account.put(&store, Slot::Head, 1, b"2").await.unwrap();
}
