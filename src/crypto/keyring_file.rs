//! The keyring's file: JSON that its owner alone may read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::cost::Cost;
use super::keyring::{KEY_BYTES, Key, KeySet, KeyState, Keyring, Purpose};
use super::random::RandomError;
use super::secret_file::{
    FILE_BYTES_MAX, SecretFileError, read_secret_file, replace_secret_file, write_new_secret_file,
};

const FORMAT: &str = "portcullis-keyring-v1";

/// A keyring that cannot be used or kept, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read or written.
    #[error("the keyring file is out of reach: `portcullis keys generate` makes a new one")]
    File(#[from] SecretFileError),
    /// The file is no keyring.
    #[error("the keyring `{path}` is damaged: {problem}; restore it from its backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without any of its content.
        problem: String,
    },
    /// The file was written before there was such a key.
    #[error(
        "the keyring `{path}` has no {name} key, which older ones lack: `portcullis keys rotate {path} {name}` adds it",
        name = purpose.name()
    )]
    Lacks {
        /// The file.
        path: PathBuf,
        /// The purpose.
        purpose: Purpose,
    },
    /// Key numbers end at 255.
    #[error("there are no more numbers for {purpose:?} keys: copy the store into a new one under a new keyring")]
    TooManyKeys {
        /// The purpose.
        purpose: Purpose,
    },
    /// It makes new things.
    #[error("{} key {id} is the active one: `portcullis keys rotate` puts another in its place", purpose.name())]
    StillActive {
        /// The purpose.
        purpose: Purpose,
        /// The number.
        id: u8,
    },
    /// There is none of that number.
    #[error("there is no {} key {id} in the keyring: `portcullis keys list` shows those that are", purpose.name())]
    NoSuchKey {
        /// The purpose.
        purpose: Purpose,
        /// The number.
        id: u8,
    },
    /// The index key names every record.
    #[error("the index key cannot be rotated: copy the store into a new one under a new keyring")]
    IndexNeverRotates,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm<'a> {
    format: &'a str,
    cost: Cost,
    #[serde(borrow)]
    keys: Vec<KeyForm<'a>>,
}

/// One key as written. The material is borrowed from the file's text, so that no copy of it escapes wiping.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyForm<'a> {
    purpose: Purpose,
    id: u8,
    state: KeyState,
    created: String,
    material: &'a str,
}

impl Keyring {
    /// Reads a keyring. Refuses a file that others than its owner may read or write.
    pub fn load(path: &Path) -> Result<Self, KeyringError> {
        parse(&read_secret_file(path)?, |purpose| Err(Problem::Lacks(purpose))).map_err(|problem| problem.at(path))
    }

    /// The same, where a keyring that was written before there were keys of some purpose gets its first one. Returns what
    /// was added; it is in the file once the keyring is saved.
    pub fn load_completed(path: &Path, now: DateTime<Utc>) -> Result<(Self, Vec<Purpose>), KeyringError> {
        let mut added = Vec::new();
        let keyring = parse(&read_secret_file(path)?, |purpose| {
            added.push(purpose);
            KeySet::generate(now).map_err(Problem::Random)
        });
        Ok((keyring.map_err(|problem| problem.at(path))?, added))
    }

    /// The keyring in a file's text, or what is wrong with it.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        parse(text, |purpose| Err(Problem::Lacks(purpose)))
            .map_err(|problem| problem.at(Path::new("keyring")).to_string())
    }

    /// Writes the keyring, mode 0600, in place of the file of that name: after a crash there is the old one or the new.
    pub fn save(&self, path: &Path) -> Result<(), KeyringError> {
        Ok(replace_secret_file(path, &self.to_json())?)
    }

    /// Writes the keyring to a new file, mode 0600. Never overwrites one.
    pub fn save_new(&self, path: &Path) -> Result<(), KeyringError> {
        Ok(write_new_secret_file(path, &self.to_json())?)
    }

    /// The file's text.
    pub(crate) fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let materials: Vec<Zeroizing<String>> =
            self.keys().map(|(_, key, _)| Zeroizing::new(URL_SAFE_NO_PAD.encode(key.material.as_slice()))).collect();
        let forms = self.keys().zip(&materials).map(|((purpose, key, state), material)| KeyForm {
            purpose,
            id: key.id,
            state,
            created: key.created.to_rfc3339_opts(SecondsFormat::Secs, true),
            material: material.as_str(),
        });
        let form = FileForm { format: FORMAT, cost: self.cost, keys: forms.collect() };
        let mut text = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX));
        // Writing to memory fails only where a value has no JSON form, and all of these have; an empty file would be
        // refused when read.
        if serde_json::to_writer_pretty(&mut *text, &form).is_err() {
            text.clear();
        }
        text.push(b'\n');
        text
    }
}

/// Why a text is no keyring that can be used.
enum Problem {
    /// What is wrong with it, without any of its content.
    Damaged(String),
    /// It was written before there were keys of this purpose.
    Lacks(Purpose),
    /// No key could be added.
    Random(RandomError),
}

impl Problem {
    fn at(self, path: &Path) -> KeyringError {
        let path = path.to_owned();
        match self {
            Self::Damaged(problem) => KeyringError::Damaged { path, problem },
            Self::Lacks(purpose) => KeyringError::Lacks { path, purpose },
            Self::Random(error) => error.into(),
        }
    }
}

impl From<String> for Problem {
    fn from(damage: String) -> Self {
        Self::Damaged(damage)
    }
}

/// The keyring in `text`. Asks `add` for the keys of a purpose that the first keyrings did not have.
fn parse(text: &str, mut add: impl FnMut(Purpose) -> Result<KeySet, Problem>) -> Result<Keyring, Problem> {
    let form: FileForm<'_> = serde_json::from_str(text)
        .map_err(|error| format!("line {}, column {} is not as a keyring has it", error.line(), error.column()))?;
    if form.format != FORMAT {
        return Err(format!("its format is not `{FORMAT}`").into());
    }
    if !form.cost.is_sound() {
        return Err("its cost is below 19456 KiB in two passes, or beyond bounds; \
                    tests say `low_for_test_purposes_only`"
            .to_owned()
            .into());
    }
    let index = set(&form.keys, Purpose::Index)?;
    if !index.retired.is_empty() {
        return Err("it has more than one index key".to_owned().into());
    }
    let mut later = |purpose| {
        let is_there = form.keys.iter().any(|form| form.purpose == purpose);
        if is_there { set(&form.keys, purpose).map_err(Problem::from) } else { add(purpose) }
    };
    Ok(Keyring {
        cost: form.cost,
        index: index.active,
        pepper: set(&form.keys, Purpose::Pepper)?,
        seal: set(&form.keys, Purpose::Seal)?,
        permit: set(&form.keys, Purpose::Permit)?,
        permit_signing: later(Purpose::PermitSigning)?,
        record_signing: later(Purpose::RecordSigning)?,
    })
}

fn set(forms: &[KeyForm<'_>], purpose: Purpose) -> Result<KeySet, String> {
    let mut active = Vec::new();
    let mut retired: Vec<Key> = Vec::new();
    let mut seen = HashSet::new();
    for form in forms.iter().filter(|form| form.purpose == purpose) {
        if form.id == 0 || !seen.insert(form.id) {
            return Err(format!("a {purpose:?} key's number is 0 or is there twice"));
        }
        match form.state {
            KeyState::Active => active.push(key(form)?),
            KeyState::Retired => retired.push(key(form)?),
        }
    }
    retired.sort_by_key(|key| std::cmp::Reverse(key.id));
    match (active.pop(), active.is_empty()) {
        (Some(active), true) => Ok(KeySet { active, retired }),
        _ => Err(format!("it needs exactly one active {purpose:?} key")),
    }
}

fn key(form: &KeyForm<'_>) -> Result<Key, String> {
    let wrong = |what: &str| format!("{what} of {:?} key {} is not as it must be", form.purpose, form.id);
    let created = DateTime::parse_from_rfc3339(&form.created).map_err(|_| wrong("the instant"))?;
    let mut material = Zeroizing::new([0; KEY_BYTES]);
    let length = URL_SAFE_NO_PAD.decode_slice(form.material, material.as_mut_slice());
    if length != Ok(KEY_BYTES) {
        return Err(wrong("the material"));
    }
    Ok(Key { id: form.id, created: created.with_timezone(&Utc), material })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

    use chrono::{DateTime, Utc};

    use super::{FILE_BYTES_MAX, KeyringError, Problem, parse};
    use crate::crypto::{Cost, Keyring, Purpose, SecretFileError, write_new_secret_file};

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring.json");
        (folder, path)
    }

    fn text(keyring: &Keyring) -> String {
        String::from_utf8(keyring.to_json().to_vec()).unwrap()
    }

    fn problem(text: &str) -> String {
        match parse(text, |purpose| Err(Problem::Lacks(purpose))) {
            Err(Problem::Damaged(told)) => told,
            Err(Problem::Lacks(purpose)) => format!("lacks {}", purpose.name()),
            Err(Problem::Random(error)) => error.to_string(),
            Ok(_) => panic!("accepted: {text}"),
        }
    }

    const GOLDEN: &str = r#"{
  "format": "portcullis-keyring-v1",
  "cost": "low_for_test_purposes_only",
  "keys": [
    {
      "purpose": "index",
      "id": 1,
      "state": "active",
      "created": "1970-01-01T00:00:00Z",
      "material": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"
    },"#;

    /// The file of a keyring lives as long as its store.
    #[test]
    fn golden_file() {
        let known = Keyring::known();
        let written = text(&known);
        assert_eq!(written.lines().take(11).collect::<Vec<_>>().join("\n"), GOLDEN);
        assert!(text(&Keyring::generate(NOW).unwrap()).contains("\"memory_kib\": 19456"));
    }

    #[test]
    fn what_is_saved_is_loaded_with_every_key() {
        let (_folder, path) = folder();
        let saved = Keyring::generate(NOW).unwrap().rotate(Purpose::Pepper, NOW).unwrap();
        saved.save_new(&path).unwrap();
        let loaded = Keyring::load(&path).unwrap();
        assert_eq!(loaded.list(), saved.list());
        assert_eq!(text(&loaded), text(&saved));
        assert_eq!((loaded.cost(), loaded.fingerprint()), (Cost::STANDARD, saved.fingerprint()));
    }

    #[test]
    fn a_file_open_to_others_is_refused_and_a_keyring_is_never_overwritten() {
        let (_folder, path) = folder();
        let first = Keyring::known();
        first.save_new(&path).unwrap();
        let second = Keyring::generate(NOW).unwrap();
        assert!(matches!(second.save_new(&path), Err(KeyringError::File(SecretFileError::Exists { .. }))));
        assert_eq!(Keyring::load(&path).unwrap().fingerprint(), first.fingerprint());
        second.save(&path).unwrap();
        assert_eq!(Keyring::load(&path).unwrap().fingerprint(), second.fingerprint());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Keyring::load(&path).err();
        assert!(matches!(refused, Some(KeyringError::File(SecretFileError::OpenToOthers { mode: 0o640, .. }))));
    }

    #[test]
    fn damaged_files_are_refused_without_telling_what_they_hold() {
        let whole = text(&Keyring::known().rotate(Purpose::Seal, NOW).unwrap());
        assert!(parse(&whole, |_| unreachable!()).is_ok());
        let swap = |from: &str, to: &str| {
            assert!(whole.contains(from), "`{from}` is not there to be changed");
            whole.replacen(from, to, 1)
        };
        let of = |purpose: &str, id: u8, state: &str| {
            format!("\"purpose\": \"{purpose}\",\n      \"id\": {id},\n      \"state\": \"{state}\"")
        };
        let material = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
        let cases = [
            (String::new(), "line 1"),
            (whole.chars().take(whole.len() / 2).collect(), "line"),
            (swap("-v1", "-v2"), "format"),
            (swap("\"format\"", "\"extra\": 1, \"format\""), "line"),
            (swap("low_for_test_purposes_only", "low"), "line"),
            (
                swap("\"low_for_test_purposes_only\"", r#"{"argon2id": {"memory_kib": 64, "passes": 1, "lanes": 1}}"#),
                "low_for_test",
            ),
            (swap("\"purpose\": \"index\"", "\"purpose\": \"pepper\""), "Index"),
            (swap("\"purpose\": \"permit\"", "\"purpose\": \"index\""), "twice"),
            (swap(&of("permit", 1, "active"), &of("index", 2, "retired")), "more than one index key"),
            (swap("\"state\": \"retired\"", "\"state\": \"active\""), "exactly one active Seal"),
            (swap("\"id\": 1", "\"id\": 0"), "0"),
            (swap("\"id\": 1", "\"id\": 256"), "line"),
            (swap(material, "AQEB"), "material"),
            (swap(material, &format!("{material}AQ")), "material"),
            (swap("1970-01-01T00:00:00Z", "yesterday"), "instant"),
        ];
        for (damaged, expected) in cases {
            let told = problem(&damaged);
            assert!(told.contains(expected), "`{told}` should say `{expected}`");
            assert!(!told.contains("AQEB"), "`{told}` tells a key");
        }
    }

    /// Keyrings of the first version have keys of four purposes.
    #[test]
    fn an_older_keyring_is_refused_with_what_to_do_and_completed_on_request() {
        let (_folder, path) = folder();
        let known = Keyring::known();
        let mut whole: serde_json::Value = serde_json::from_str(&text(&known)).unwrap();
        whole["keys"].as_array_mut().unwrap().truncate(4);
        write_new_secret_file(&path, whole.to_string().as_bytes()).unwrap();
        let told = Keyring::load(&path).err().unwrap().to_string();
        let file = path.display();
        assert!(told.ends_with(&format!("`portcullis keys rotate {file} permit_signing` adds it")), "{told}");
        let (completed, added) = Keyring::load_completed(&path, NOW).unwrap();
        assert_eq!(added, [Purpose::PermitSigning, Purpose::RecordSigning]);
        completed.save(&path).unwrap();
        let (loaded, added) = Keyring::load_completed(&path, NOW).unwrap();
        assert_eq!((loaded.list(), added), (completed.list(), Vec::new()));
        assert_eq!(loaded.list()[..4], known.list()[..4]);
        assert_eq!(text(&Keyring::load(&path).unwrap()), text(&completed));
    }

    #[test]
    fn a_file_beyond_its_bound_is_cut_and_refused() {
        let (_folder, path) = folder();
        Keyring::known().save_new(&path).unwrap();
        assert!(Keyring::load(&path).is_ok());
        let mut long = " ".repeat(FILE_BYTES_MAX);
        long.push_str(&text(&Keyring::known()));
        fs::write(&path, long).unwrap();
        assert!(matches!(Keyring::load(&path), Err(KeyringError::Damaged { .. })));
    }
}
