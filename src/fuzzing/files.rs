//! Files that the engine reads at its start.

use crate::config::Config;
use crate::crypto::Keyring;

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

/// A file of settings. What is wrong is told with a line that the file has.
pub(super) fn settings(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(crate::config::ConfigError::File { line, .. }) = Config::parse(text) {
        assert!((1..=text.lines().count().saturating_add(1)).contains(&line), "line {line} is not there");
    }
}
