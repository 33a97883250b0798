//! Layers over each other, and every way to get them wrong.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Layers, SECTIONS, check};
use crate::config::{
    Config, ConfigError, Limits, Log, LogLevel, Messages, Overrides, PinPool, Server, Store, StoreDurability, Transport,
};

const EXAMPLE: &str = include_str!("../../../examples/portcullis.toml");

/// The least that a file must hold.
const LEAST: &str = r#"
[tls]
cert_file = "server.pem"
key_file = "server.key"
[[identity.issuers]]
issuer = "https://issuer.example"
audience = "portcullis"
public_key_file = "issuer.pem"
[store]
path = "data"
[keys]
keyring_file = "keyring.json"
[carrier]
own_spids = ["1234"]
"#;

fn assemble(file: &str, variables: &[(&str, &str)], overrides: &Overrides) -> Result<Config, ConfigError> {
    let mut layers = Layers::default();
    layers.lay_file(Path::new("portcullis.toml"), file)?;
    layers.lay_variables(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))?;
    layers.lay_overrides(overrides)?;
    layers.finish()
}

fn file_error(file: &str) -> String {
    assemble(file, &[], &Overrides::default()).unwrap_err().to_string()
}

fn variable_error(name: &str, value: &str) -> String {
    assemble(LEAST, &[(name, value)], &Overrides::default()).unwrap_err().to_string()
}

/// The settings of a section, as serde lists them when asked for one that is not there.
fn known_keys(section: &str) -> BTreeSet<String> {
    let listed = check(section, "?", &toml::Value::Boolean(true)).unwrap_err();
    listed.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_example_holds_every_setting_and_its_default() {
    let table: toml::Table = toml::from_str(EXAMPLE).unwrap();
    for section in SECTIONS {
        let mut known = known_keys(section);
        // Dangerous words are not shown as an example to follow.
        known.remove("plaintext");
        known.remove("accept_data_loss");
        let shown: BTreeSet<String> = table[section].as_table().unwrap().keys().cloned().collect();
        assert_eq!(shown, known, "section `{section}`");
    }
    let example = assemble(EXAMPLE, &[], &Overrides::default()).unwrap();
    assert_eq!(example.server, Server::default());
    assert_eq!(example.limits, Limits::default());
    assert_eq!(example.pin_pool, PinPool::default());
    assert_eq!(example.log, Log::default());
    let least = assemble(LEAST, &[], &Overrides::default()).unwrap();
    let (shown, usual) = (&example.identity.issuers[0], &least.identity.issuers[0]);
    assert_eq!(shown.leeway_seconds, usual.leeway_seconds);
    assert_eq!((&shown.algorithms, shown.certificate_binding), (&usual.algorithms, usual.certificate_binding));
    let reserve = |config: &Config| config.store.folder().unwrap().disk_reserve_mib;
    assert_eq!(reserve(&example), reserve(&least));
    assert_eq!(example.carrier.brand, least.carrier.brand);
    let Some(Messages::Webhook(messages)) = example.messages else { panic!() };
    assert_eq!((messages.timeout_seconds.get(), least.messages), (5, None));
    let archive =
        assemble(LEAST, &[("PORTCULLIS_ARCHIVE_FOLDER", "/var/lib/portcullis-archive")], &Overrides::default());
    assert_eq!((least.archive, example.archive), (None, archive.unwrap().archive));
}

#[test]
fn a_store_on_redis_is_named_whole() {
    let redis = |lines: &str| {
        let file = LEAST.replace("path = \"data\"", "kind = \"redis\"");
        assemble(&format!("{file}\n[redis]\n{lines}"), &[], &Overrides::default())
    };
    let Store::Redis(least) = redis("url = \"redis://localhost\"").unwrap().store else { panic!() };
    assert_eq!((least.prefix.as_str(), least.replicas.get(), least.call_timeout_ms.get()), ("portcullis", 0, 1_500));
    assert_eq!((least.durability, least.identity, least.ca_file), (StoreDurability::Full, None, None));
    let example = assemble(EXAMPLE, &[("PORTCULLIS_STORE_KIND", "redis")], &Overrides::default()).unwrap();
    let Store::Redis(example) = example.store else { panic!() };
    assert_eq!(
        (&example.prefix, example.replicas, example.call_timeout_ms),
        (&least.prefix, least.replicas, least.call_timeout_ms)
    );
    assert!(example.url.tls && example.identity.is_some() && example.ca_file.is_some());
    for (lines, problem) in [
        ("", "setting `redis.url` is missing"),
        ("url = \"http://localhost\"", "begins with `redis://`"),
        ("url = \"redis://u:secret@localhost\"", "holds no password"),
        ("url = \"redis://localhost\"\nprefix = \"a:b\"", "`redis.prefix`: has 1 to 32"),
        ("url = \"redis://localhost\"\nca_file = \"ca.pem\"", "say `rediss://`"),
        ("url = \"rediss://localhost\"\nkey_file = \"k\"", "needs `redis.cert_file`"),
        ("url = \"rediss://localhost\"\ncert_file = \"c\"", "needs `redis.key_file`"),
        ("url = \"redis://localhost\"\nreplicas = 9", "0 to 8"),
        ("url = \"redis://localhost\"\ncall_timeout_ms = 99", "100 to 10000"),
        ("url = \"redis://localhost\"\npassword = \"p\"", "unknown field"),
    ] {
        let told = redis(lines).unwrap_err().to_string();
        assert!(told.contains(problem) && !told.contains("secret@"), "{lines}: {told}");
    }
    assert!(assemble(LEAST, &[("PORTCULLIS_STORE_KIND", "mongo")], &Overrides::default()).is_err());
}

#[test]
fn messages_are_named_in_the_file_or_by_variables() {
    let variables = [("PORTCULLIS_MESSAGES_KIND", "file"), ("PORTCULLIS_MESSAGES_FILE", "{ folder = \"messages\" }")];
    let messages = assemble(LEAST, &variables, &Overrides::default()).unwrap().messages;
    assert_eq!(messages, Some(Messages::File(PathBuf::from("messages"))));
    let error = file_error(&format!("{LEAST}[messages]\nkind = \"webhook\"\n"));
    assert!(error.starts_with("setting `messages.webhook.url` is missing"), "{error}");
    let error = file_error("[messages.webhook]\nurl = \"https://a.example/\"\nallow = [\"0.0.0.0/0\"]\n");
    assert!(error.starts_with("portcullis.toml, line 3: `0.0.0.0/0` must be a network"), "{error}");
}

#[test]
fn an_archive_needs_its_folder_and_keeps_no_record_shorter_than_the_store() {
    for key in ["keep_in_store_days", "retention_days"] {
        let error = file_error(&format!("{LEAST}\n[archive]\n{key} = 400"));
        assert_eq!(
            error,
            format!("setting `archive.{key}`: needs `archive.folder`: without a folder nothing is archived")
        );
    }
    let shorter = "[archive]\nfolder = \"a\"\nkeep_in_store_days = 400\nretention_days = 399";
    let error = file_error(&format!("{LEAST}\n{shorter}"));
    assert_eq!(error, "setting `archive.retention_days`: must be at least `archive.keep_in_store_days`");
    let younger = file_error(&format!("{LEAST}\n[archive]\nfolder = \"a\"\nkeep_in_store_days = 89"));
    assert!(younger.contains("90 to 3650"), "{younger}");
}

#[test]
fn signed_permits_are_named_whole_or_not_at_all() {
    let permits = |lines: &str| assemble(&format!("{LEAST}\n[permits]\n{lines}"), &[], &Overrides::default());
    assert_eq!(permits("").unwrap().permits, None);
    let named = permits("issuer = \"https://a.example\"\naudience = [\"b\", \"c\"]").unwrap().permits.unwrap();
    assert_eq!((named.issuer.as_str(), named.audience), ("https://a.example", vec!["b".to_owned(), "c".to_owned()]));
    let names: Vec<String> = (0..17).map(|number| format!("\"{number}\"")).collect();
    let many = format!("issuer = \"a\"\naudience = [{}]", names.join(", "));
    let long = format!("issuer = \"{}\"\naudience = [\"b\"]", "a".repeat(257));
    for (lines, key) in [
        ("audience = [\"b\"]", "permits.issuer"),
        ("issuer = \"\"\naudience = [\"b\"]", "permits.issuer"),
        ("issuer = \"a b\"\naudience = [\"b\"]", "permits.issuer"),
        (&long, "permits.issuer"),
        ("issuer = \"a\"", "permits.audience"),
        ("issuer = \"a\"\naudience = [\"b\", \"b\"]", "permits.audience"),
        ("issuer = \"a\"\naudience = [\"\"]", "permits.audience"),
        (&many, "permits.audience"),
    ] {
        let told = permits(lines).unwrap_err().to_string();
        assert!(told.contains(key), "`{told}` should name {key}");
    }
}

#[test]
fn later_layers_win() {
    let file = format!("{LEAST}\n[pin_pool]\nthreads = 3\nqueue = 5\n[log]\nlevel = \"warn\"");
    let variables = [("PORTCULLIS_PIN_POOL_THREADS", "4"), ("PORTCULLIS_PIN_POOL_QUEUE", "6")];
    let overrides = Overrides::default().with("pin_pool.queue", "7");
    let config = assemble(&file, &variables, &overrides).unwrap();
    assert_eq!(config.pin_pool.threads.get(), 4);
    assert_eq!(config.pin_pool.queue.get(), 7);
    assert_eq!(config.log.level, LogLevel::Warn);
}

#[test]
fn every_setting_has_a_variable() {
    for section in SECTIONS {
        for key in known_keys(section) {
            let name = format!("PORTCULLIS_{section}_{key}").to_ascii_uppercase();
            let error = assemble(LEAST, &[(&name, "\u{0}")], &Overrides::default()).err();
            let unknown = error.is_some_and(|error| error.to_string().contains("not the name of a setting"));
            assert!(!unknown, "{name}");
        }
    }
}

#[test]
fn variables_are_read_as_the_file_is_or_as_plain_text() {
    let variables = [
        ("PORTCULLIS_CARRIER_OWN_SPIDS", r#"["12ab", "9999"]"#),
        ("PORTCULLIS_CARRIER_BRAND", "007"),
        ("PORTCULLIS_STORE_PATH", "/var/lib/portcullis"),
        ("PORTCULLIS_SERVER_LISTEN", "[::]:443"),
        ("PORTCULLIS_LOG_LEVEL", "\"debug\""),
    ];
    let config = assemble(LEAST, &variables, &Overrides::default()).unwrap();
    let spids: Vec<&str> = config.carrier.own_spids.iter().map(|spid| spid.as_str()).collect();
    assert_eq!(spids, ["12AB", "9999"]);
    assert_eq!(config.carrier.brand.as_str(), "007");
    assert_eq!(config.store.folder().unwrap().path, PathBuf::from("/var/lib/portcullis"));
    assert_eq!(config.server.listen.to_string(), "[::]:443");
    assert_eq!(config.log.level, LogLevel::Debug);
}

#[test]
fn a_wrong_line_is_named() {
    let unknown_key = file_error("[server]\nlisten = \"127.0.0.1:1\"\nlissten = \"127.0.0.1:1\"");
    assert!(unknown_key.starts_with("portcullis.toml, line 3: unknown field `lissten`"), "{unknown_key}");
    let unknown_section = file_error("\n\n[sever]\n");
    assert!(unknown_section.starts_with("portcullis.toml, line 3: unknown field `sever`"), "{unknown_section}");
    let bounds = file_error("[limits]\nmax_message_bytes = 4096\nrequest_timeout_seconds = 301\n");
    assert_eq!(bounds, "portcullis.toml, line 3: invalid value: integer `301`, expected a whole number of 1 to 300");
    let negative = file_error("[limits]\ndrain_seconds = -1\n");
    assert_eq!(negative, "portcullis.toml, line 2: invalid value: integer `-1`, expected a whole number of 0 to 600");
    let kind = file_error("[store]\npath = \"data\"\ndisk_reserve_mib = \"much\"\n");
    assert!(kind.contains("line 3: invalid type") && kind.contains("16 to 1048576"), "{kind}");
    let spid = file_error("[carrier]\nown_spids = [\"12345\"]\n");
    assert_eq!(spid, "portcullis.toml, line 2: `12345` must be a SPID: exactly 4 letters and digits");
    let syntax = file_error("[server]\nlisten = \n");
    assert!(syntax.starts_with("portcullis.toml, line 2: "), "{syntax}");
    let twice = file_error("[log]\nlevel = \"info\"\nlevel = \"info\"\n");
    assert!(twice.starts_with("portcullis.toml, line 3: duplicate key"), "{twice}");
}

#[test]
fn a_wrong_variable_is_named() {
    let unknown = variable_error("PORTCULLIS_SEVER_LISTEN", "127.0.0.1:1");
    assert_eq!(unknown, "environment variable `PORTCULLIS_SEVER_LISTEN`: is not the name of a setting");
    let key = variable_error("PORTCULLIS_SERVER_LISSTEN", "127.0.0.1:1");
    assert!(key.contains("unknown field `lissten`, expected `listen` or `ops_listen`"), "{key}");
    let bounds = variable_error("PORTCULLIS_LIMITS_DRAIN_SECONDS", "601");
    assert!(bounds.ends_with("invalid value: integer `601`, expected a whole number of 0 to 600"), "{bounds}");
    let smuggled = variable_error("PORTCULLIS_PIN_POOL_QUEUE", "7\nthreads = 64");
    assert!(smuggled.contains("invalid type"), "{smuggled}");
}

#[test]
fn variables_of_others_are_left_alone() {
    let variables = [("PATH", "/bin"), ("PORTCULLIS_CONFIG", "portcullis.toml"), ("PORTCULLISX", "1")];
    assert!(assemble(LEAST, &variables, &Overrides::default()).is_ok());
}

#[test]
fn a_wrong_flag_is_named() {
    for (key, value) in [("pin_pool.threads", "0"), ("pin_pool.thread", "1"), ("threads", "1")] {
        let error = assemble(LEAST, &[], &Overrides::default().with(key, value)).unwrap_err();
        assert!(error.to_string().starts_with(&format!("setting `{key}`: ")), "{error}");
    }
}

#[test]
fn what_has_no_default_must_be_given() {
    let required = ["tls.cert_file", "tls.key_file", "store.path", "keys.keyring_file", "carrier.own_spids"];
    for key in required {
        let name = key.split_once('.').unwrap().1;
        let kept: Vec<&str> = LEAST.lines().filter(|line| !line.starts_with(name)).collect();
        let error = file_error(&kept.join("\n"));
        let variable = format!("PORTCULLIS_{}", key.replace('.', "_").to_ascii_uppercase());
        assert!(error.starts_with(&format!("setting `{key}` is missing")) && error.contains(&variable), "{error}");
        let emptied = assemble(LEAST, &[(&variable, "")], &Overrides::default());
        assert!(emptied.is_err(), "an empty `{key}` was accepted");
    }
}

#[test]
fn plaintext_is_for_loopback_alone() {
    let plain = LEAST.replace("cert_file = \"server.pem\"\nkey_file = \"server.key\"\n", "");
    let consent = ("PORTCULLIS_TLS_PLAINTEXT", "yes_on_loopback_only");
    let open = ("PORTCULLIS_SERVER_LISTEN", "0.0.0.0:8443");
    let nothing = Overrides::default();
    assert_eq!(assemble(&plain, &[consent], &nothing).unwrap().transport, Transport::LoopbackPlaintext);
    assert!(assemble(&plain, &[consent, open], &nothing).is_err());
    assert!(assemble(&plain, &[("PORTCULLIS_TLS_PLAINTEXT", "true")], &nothing).is_err());
    assert!(assemble(LEAST, &[consent], &nothing).is_err());
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some(Path::new("/nowhere/portcullis.toml")), &Overrides::default()).unwrap_err();
    assert_eq!(error.to_string(), "cannot read the configuration file `/nowhere/portcullis.toml`");
}

#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "#".repeat(1_048_577)).unwrap();
    let error = Config::load(Some(file.path()), &Overrides::default()).unwrap_err();
    assert!(matches!(error, ConfigError::TooLong { .. }), "{error}");
}
