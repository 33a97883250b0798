//! All that a service on one's own machine needs, in one folder.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::config::{DEVELOPMENT_CALLER, development_config};
use super::files::{Made, ToWrite, folder, group_is_there, keyring, write};
use super::tls;
use crate::cli::failure::{Exit, Failure};
use crate::crypto::SigningKey;

/// The settings' file.
pub(crate) const CONFIG_FILE: &str = "portcullis.toml";

/// The keyring's file.
pub(crate) const KEYRING_FILE: &str = "keyring.json";

/// The name of a file, what it holds, and whether its owner alone may read it.
type Kind = (&'static str, &'static str, bool);

const TLS: [Kind; 3] = [
    ("ca.pem", "authority's certificate", false),
    ("server.pem", "server's certificate", false),
    ("server.key", "server's private key", true),
];

const CALLER: [Kind; 3] = [
    ("callers-ca.pem", "callers' authority", false),
    ("port-hub.pem", "porting system's certificate", false),
    ("port-hub.key", "porting system's private key", true),
];

const ISSUER: [Kind; 2] =
    [("issuer.pem", "token issuer's public key", false), ("issuer.key", "token issuer's private key", true)];

const CONFIG: [Kind; 1] = [(CONFIG_FILE, "settings", false)];

/// Makes what is not there yet.
pub(crate) fn make(path: &Path, now: DateTime<Utc>) -> Result<Vec<Made>, Failure> {
    let folder = folder(path)?;
    let mut made = vec![keyring(&folder.join(KEYRING_FILE), now)?];
    made.extend(group(&folder, TLS, || {
        let tls = tls::certificate(now)?;
        Ok([tls.authority.into_bytes(), tls.certificate.into_bytes(), tls.private_key.as_bytes().to_vec()])
    })?);
    made.extend(group(&folder, CALLER, || {
        let caller = tls::caller(now, DEVELOPMENT_CALLER)?;
        Ok([caller.authority.into_bytes(), caller.certificate.into_bytes(), caller.private_key.as_bytes().to_vec()])
    })?);
    made.extend(group(&folder, ISSUER, || {
        let key = SigningKey::generate().map_err(|error| Failure::caused(Exit::Failed, &error))?;
        Ok([key.public_pem().into_bytes(), key.private_pem().as_bytes().to_vec()])
    })?);
    made.extend(group(&folder, CONFIG, || Ok([development_config(&folder).into_bytes()]))?);
    Ok(made)
}

/// Files that belong together: made together, or there together.
fn group<const N: usize>(
    folder: &Path,
    kinds: [Kind; N],
    texts: impl FnOnce() -> Result<[Vec<u8>; N], Failure>,
) -> Result<Vec<Made>, Failure> {
    if group_is_there(folder, &kinds.map(|(name, _, _)| name))? {
        let there = |(name, holds, _)| Made { path: folder.join(name), holds, is_new: false };
        return Ok(kinds.map(there).into());
    }
    let files = kinds.into_iter().zip(texts()?);
    files
        .map(|((name, holds, is_secret), text)| write(folder, &ToWrite { name, holds, text: &text, is_secret }))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use chrono::DateTime;

    use super::{CONFIG_FILE, make};
    use crate::config::{Config, Overrides};
    use crate::crypto::{Keyring, SigningKey, read_secret_file};

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_second_run_changes_nothing_and_what_is_made_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let at = DateTime::from_timestamp(NOW, 0).unwrap();
        let first = make(folder.path(), at).unwrap();
        assert!(first.iter().all(|made| made.is_new));
        let texts: Vec<Vec<u8>> = first.iter().map(|made| fs::read(&made.path).unwrap()).collect();
        let second = make(folder.path(), at).unwrap();
        assert!(second.iter().all(|made| !made.is_new));
        assert_eq!(texts, second.iter().map(|made| fs::read(&made.path).unwrap()).collect::<Vec<_>>());

        let config = Config::load(Some(&folder.path().join(CONFIG_FILE)), &Overrides::default()).unwrap();
        Keyring::load(&config.keys.keyring_file).unwrap();
        let issuer = read_secret_file(&folder.path().join("issuer.key")).unwrap();
        let public = fs::read_to_string(config.identity.issuers[0].keys.path().unwrap()).unwrap();
        assert_eq!(SigningKey::from_private_pem(&issuer).unwrap().public_pem(), public);
    }

    #[test]
    fn private_keys_are_their_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), DateTime::from_timestamp(NOW, 0).unwrap()).unwrap();
        for name in ["keyring.json", "server.key", "port-hub.key", "issuer.key"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name}");
        }
    }

    #[test]
    fn half_a_set_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let at = DateTime::from_timestamp(NOW, 0).unwrap();
        make(folder.path(), at).unwrap();
        fs::remove_file(folder.path().join("server.key")).unwrap();
        let refused = make(folder.path(), at).map(|_| ()).unwrap_err();
        assert!(refused.text().contains("server.key`, and they belong together"), "{}", refused.text());
        assert!(!folder.path().join("server.key").exists());
    }
}
