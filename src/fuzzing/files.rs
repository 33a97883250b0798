//! Files that the engine reads at its start, and those that operators give its tools.

use crate::cli::decision_line;
use crate::config::{Config, parse_store_register};
use crate::crypto::{Keyring, MessageKey, MessageSigner};
use crate::domain::{Brand, OutcomeKind};
use crate::policy::{self, Policy, explain, read_condition};

/// Longer than every word that an error about a keyring needs, and shorter than a key.
const KEYRING_WORD_MAX: usize = 40;

/// A keyring's file. What is read is written alike; what is wrong is told without a key.
pub(super) fn keyring(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Keyring::parse(text) {
        Ok(keyring) => {
            let written = keyring.to_json();
            let again = std::str::from_utf8(&written).ok().and_then(|text| Keyring::parse(text).ok());
            assert_eq!(again.map(|again| again.to_json()), Some(written));
        }
        Err(problem) => {
            let longest = problem.split_whitespace().map(str::len).max().unwrap_or_default();
            assert!(longest < KEYRING_WORD_MAX, "`{problem}` tells a key");
        }
    }
}

/// The file of a secret that messages are signed with. What is read signs as its kind does, and always alike.
pub(super) fn message_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let signed = || {
        let signer = MessageSigner::new(vec![MessageKey::parse(text).ok()?]);
        Some(signer.sign(uuid::Uuid::nil(), chrono::DateTime::UNIX_EPOCH, data))
    };
    if let Some(signature) = signed() {
        let (kind, characters) = if text.trim_ascii().starts_with("whsec_") { ("v1,", 44) } else { ("v1a,", 88) };
        let rest = signature.strip_prefix(kind);
        assert_eq!(rest.map(str::len), Some(characters), "`{signature}`");
        assert_eq!(signed(), Some(signature));
    }
}

/// A file of settings. What is wrong is told with a line that the file has.
pub(super) fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(crate::config::ConfigError::File { line, .. }) = Config::parse(text) {
        assert!((1..=text.lines().count().saturating_add(1)).contains(&line), "line {line} is not there");
    }
}

/// A register of stores. One text is one register; what is wrong is told with a line that the file has.
pub(super) fn store_register(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(own) = Brand::parse("default") else { return };
    match parse_store_register(text, &own) {
        Ok(register) => assert_eq!(parse_store_register(text, &own), Ok(register)),
        Err(error) => {
            let lines = text.lines().count().saturating_add(1);
            assert!((1..=lines).contains(&error.line) && !error.problem.is_empty(), "{error}");
        }
    }
}

/// A policy file. What is loaded has conditions that are read back from what they are written as; what is wrong is told with a
/// place that the file has.
pub(super) fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match policy::load("policy.toml", text) {
        Ok(policy) => {
            assert_eq!(policy.validate(), Ok(()));
            assert!(policy.rules.all().iter().any(|rule| rule.id == "P1-lock-on"));
            assert_eq!(policy::load("policy.toml", text).map(|again| again.canonical()), Ok(policy.canonical()));
        }
        Err(error) => {
            // One that is wrong by what it extends is told at the place of that.
            let lines = text.split('\n').count();
            assert!((1..=lines).contains(&error.line) && error.column >= 1, "{error}");
            assert!(!error.message.is_empty());
        }
    }
}

/// A rule's condition. What is read is written so that it is read as the same; what is wrong is told with a place inside.
pub(super) fn rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let policy = Policy::us_default();
    match read_condition(&policy, text) {
        Ok(test) => assert_eq!(read_condition(&policy, &test.to_string()), Ok(test)),
        Err(error) => assert!(error.at <= text.len() && !error.message.is_empty(), "{error}"),
    }
}

/// A record as it is printed. What is read as a decision is explained whole, and is approved only on proof.
pub(super) fn record_line(data: &[u8]) {
    decision_line(data, |recorded| {
        let policy = Policy::us_default();
        let explained = explain(&policy, recorded);
        assert_eq!(explained.rules.len(), policy.rules.all().len());
        let replayed = &explained.replayed;
        assert!(replayed.outcome != OutcomeKind::Approve || explained.achieved >= replayed.required);
        let read = explained.rules.iter().flat_map(|one| &one.read);
        for (fact, value) in read {
            assert!(!fact.shown(*value).is_empty(), "{}", fact.label);
        }
    });
}
