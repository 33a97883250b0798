//! Servers that are not plain ones beside the engine: behind sentinels, and over TLS.

use std::time::{Duration, Instant};

use portcullis::crypto::Token;
use portcullis::store::redis::{
    Address, RedisDurability, RedisLogin, RedisOptions, RedisPlace, RedisStore, RedisTls, examine,
};
use portcullis::store::{CommitError, Slot, StoreError};

use crate::harness::Account;
use crate::on_redis::OnRedis;
use crate::redis_servers::{NAME, Pair, Sentinels, Server, Settings, Tls, beside};

/// Sentinels name another primary after a second and an election; one that was ended is a replica some ten seconds after
/// its start.
const BACK_WITHIN: Duration = Duration::from_secs(60);

/// Writes accounts until one is acknowledged again. Those that were.
async fn write_until(store: &RedisStore, home: &OnRedis, enough: usize) -> Vec<Token> {
    let (mut acknowledged, begun) = (Vec::new(), Instant::now());
    while acknowledged.len() < enough {
        let account = Account::new(home);
        match account.put(store, Slot::Head, 0, b"locked").await {
            Ok(_) => acknowledged.push(account.token),
            Err(CommitError::Store(StoreError::Unavailable(why))) => {
                assert!(begun.elapsed() < BACK_WITHIN, "not back: {why}");
            }
            Err(other) => panic!("{other}"),
        }
    }
    acknowledged
}

#[tokio::test]
async fn who_the_sentinels_name_is_followed() {
    let mut pair = Pair::start().await;
    let sentinels = Sentinels::watch(&pair.primary).await;
    let place = RedisPlace::Sentinel { sentinels: sentinels.addresses(), name: NAME.to_owned() };
    let options = OnRedis::options(place.clone(), RedisDurability::Replicated(1));
    let options = RedisOptions { call_timeout: Duration::from_millis(500), ..options };
    let store = beside(RedisStore::open(options.clone())).unwrap();
    let home = OnRedis::over(options.clone());
    assert_eq!(beside(examine(options.clone())).unwrap().primaries, [pair.primary.address()]);
    let mut acknowledged = write_until(&store, &home, 50).await;

    pair.primary.kill();
    let account = Account::new(&home);
    let alone = account.put(&store, Slot::Head, 0, b"locked").await;
    assert!(matches!(alone, Err(CommitError::Store(StoreError::Unavailable(_)))), "{alone:?}");
    sentinels.wait_until_named(&pair.replica).await;
    // The replica alone cannot prove anything: the store waits for the other one.
    pair.primary.run_again();
    acknowledged.extend(write_until(&store, &home, 50).await);
    // Where a server was slow they may have named the other one once more: whom they name is followed, whoever it is.
    let named = loop {
        let before = sentinels.named().await;
        let followed = beside(examine(options.clone())).unwrap().primaries;
        if sentinels.named().await == before {
            break (followed, before);
        }
    };
    assert_eq!(named.0, [Address { host: "127.0.0.1".to_owned(), port: named.1 }]);
    for token in acknowledged {
        let found = Account::of(&home, token).get(&store, Slot::Head).await;
        assert!(found.is_some_and(|row| row.body == b"locked"), "what was acknowledged is there");
    }

    let unknown = RedisPlace::Sentinel { sentinels: sentinels.addresses(), name: "other".to_owned() };
    let told = beside(examine(RedisOptions { place: unknown, ..options })).unwrap_err().to_string();
    assert!(told.contains("no sentinel names the primary of `other`"), "{told}");
}

#[test]
fn over_tls_both_sides_show_who_they_are() {
    let tls = Tls::new();
    let _server = Server::start(&tls.settings(Settings::careful()));
    let options = |host: &str, tls_of: Option<RedisTls>| {
        let place = RedisPlace::Single(Address { host: host.to_owned(), port: tls.port });
        let login = RedisLogin { tls: tls_of, ..RedisLogin::default() };
        RedisOptions { login, ..OnRedis::options(place, RedisDurability::Fsync) }
    };
    let options_of = options("localhost", Some(tls.caller()));
    let store = beside(RedisStore::open(options_of.clone())).unwrap();
    let home = OnRedis::over(options_of);
    assert_eq!(beside(write_until(&store, &home, 5)).len(), 5);
    for (why, refused) in [
        ("who shows no certificate", options("localhost", Some(tls.stranger()))),
        ("whose certificate nobody signed", options("localhost", Some(Tls::new().caller()))),
        ("a server of another name", options("127.0.0.1", Some(tls.caller()))),
        ("who does not encrypt", options("localhost", None)),
    ] {
        let Err(error) = beside(RedisStore::open(refused)) else { panic!("{why}: it was opened") };
        assert!(error.to_string().contains("cannot reach the store's Redis"), "{why}: {error}");
    }
}
