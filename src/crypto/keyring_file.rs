//! The keyring's file: JSON, readable by its owner alone, replaced whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keyring::{Cost, KEY_BYTES, Key, KeySet, KeyState, Keyring, Purpose};
use super::random::{self, RandomError};

/// Room for the keys of many years; also keeps the text from moving about in memory while it is written.
const FILE_BYTES_MAX: usize = 65_536;
const FORMAT: &str = "portcullis-keyring-v1";
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

/// A keyring that cannot be used or kept, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file could not be read.
    #[error("the keyring `{path}` cannot be read: make one with `portcullis keys generate`, or name the right file")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than its owner may read or write the file.
    #[error("the keyring `{path}` has mode {mode:03o}: only its owner may touch it, so run `chmod 600` on it")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is no keyring.
    #[error("the keyring `{path}` is damaged: {problem}; restore it from its backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without any of its content.
        problem: String,
    },
    /// The file could not be written.
    #[error("the keyring `{path}` cannot be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file of that name is there. Keys are never overwritten: without them a store is lost.
    #[error("the keyring `{path}` exists already and is not overwritten: move it away if no store needs it")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Key numbers end at 255.
    #[error("there are no more numbers for {purpose:?} keys: retire the old ones and copy into a new store")]
    TooManyKeys {
        /// The purpose.
        purpose: Purpose,
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
        let text = read(path)?;
        parse(&text).map_err(|problem| KeyringError::Damaged { path: path.to_owned(), problem })
    }

    /// Writes the keyring, mode 0600, in place of the file of that name: after a crash there is the old one or the new.
    pub fn save(&self, path: &Path) -> Result<(), KeyringError> {
        self.write_beside(path, |new| fs::rename(new, path))
    }

    /// Writes the keyring to a new file, mode 0600. Never overwrites one.
    pub fn save_new(&self, path: &Path) -> Result<(), KeyringError> {
        // A link, since a rename would overwrite what another process wrote a moment ago.
        self.write_beside(path, |new| fs::hard_link(new, path).and_then(|()| fs::remove_file(new)))
    }

    fn write_beside(&self, path: &Path, put: impl Fn(&Path) -> io::Result<()>) -> Result<(), KeyringError> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{:08x}.new", u32::from_be_bytes(random::take()?)));
        let new = PathBuf::from(name);
        let written = write_synced(&new, &self.to_json()).and_then(|()| put(&new)).and_then(|()| sync_folder(path));
        written.map_err(|source| {
            // What failed is told; a half-written copy of the keys must not stay either way.
            let _ = fs::remove_file(&new);
            match source.kind() {
                io::ErrorKind::AlreadyExists => KeyringError::Exists { path: path.to_owned() },
                _ => KeyringError::Write { path: path.to_owned(), source },
            }
        })
    }

    fn to_json(&self) -> Zeroizing<Vec<u8>> {
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

fn read(path: &Path) -> Result<Zeroizing<String>, KeyringError> {
    let failed = |source| KeyringError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    // Asked of the opened file, not of the name, which may come to mean another.
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        return Err(KeyringError::OpenToOthers { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX));
    file.take(FILE_BYTES_MAX as u64).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// The keyring in `text`, or what is wrong with it, told without its content.
fn parse(text: &str) -> Result<Keyring, String> {
    let form: FileForm<'_> = serde_json::from_str(text)
        .map_err(|error| format!("line {}, column {} is not as a keyring has it", error.line(), error.column()))?;
    if form.format != FORMAT {
        return Err(format!("its format is not `{FORMAT}`"));
    }
    if !form.cost.is_sound() {
        return Err("its cost is below 19456 KiB in two passes, or beyond bounds; \
                    tests say `low_for_test_purposes_only`"
            .to_owned());
    }
    let mut index = set(&form.keys, Purpose::Index)?;
    if !index.retired.is_empty() {
        return Err("it has more than one index key".to_owned());
    }
    index.retired.clear();
    Ok(Keyring {
        cost: form.cost,
        index: index.active,
        pepper: set(&form.keys, Purpose::Pepper)?,
        seal: set(&form.keys, Purpose::Seal)?,
        permit: set(&form.keys, Purpose::Permit)?,
    })
}

fn set(forms: &[KeyForm<'_>], purpose: Purpose) -> Result<KeySet, String> {
    let mut active = Vec::new();
    let mut retired: Vec<Key> = Vec::new();
    let mut seen = std::collections::HashSet::new();
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

fn write_synced(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Makes the name itself durable, not only what it names.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    use chrono::{DateTime, Utc};

    use super::{FILE_BYTES_MAX, KeyringError, parse};
    use crate::crypto::{Cost, Keyring, Purpose};

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
        parse(text).err().unwrap_or_else(|| panic!("accepted: {text}"))
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
    fn a_file_open_to_others_is_refused() {
        let (_folder, path) = folder();
        Keyring::known().save_new(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        for open in [0o640, 0o604, 0o620, 0o602, 0o660, 0o644] {
            fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
            assert!(matches!(Keyring::load(&path), Err(KeyringError::OpenToOthers { mode, .. }) if mode == open));
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(Keyring::load(&path).is_ok());
    }

    #[test]
    fn a_keyring_is_never_overwritten_by_a_new_one_and_is_replaced_whole() {
        let (folder, path) = folder();
        let first = Keyring::known();
        first.save_new(&path).unwrap();
        let second = Keyring::generate(NOW).unwrap();
        assert!(matches!(second.save_new(&path), Err(KeyringError::Exists { .. })));
        assert_eq!(Keyring::load(&path).unwrap().fingerprint(), first.fingerprint());
        second.save(&path).unwrap();
        assert_eq!(Keyring::load(&path).unwrap().fingerprint(), second.fingerprint());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a copy of the keys was left behind");
    }

    #[test]
    fn a_file_that_is_missing_or_in_no_folder_is_told() {
        let (folder, path) = folder();
        assert!(matches!(Keyring::load(&path), Err(KeyringError::Read { .. })));
        let nowhere = folder.path().join("none").join("keyring.json");
        assert!(matches!(Keyring::known().save(&nowhere), Err(KeyringError::Write { .. })));
    }

    #[test]
    fn damaged_files_are_refused_without_telling_what_they_hold() {
        let whole = text(&Keyring::known().rotate(Purpose::Seal, NOW).unwrap());
        assert!(parse(&whole).is_ok());
        let swap = |from: &str, to: &str| {
            assert!(whole.contains(from), "`{from}` is not there to be changed");
            whole.replacen(from, to, 1)
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

    #[test]
    fn a_file_beyond_its_bound_is_cut_and_refused() {
        let (_folder, path) = folder();
        Keyring::known().save_new(&path).unwrap();
        let mut long = " ".repeat(FILE_BYTES_MAX);
        long.push_str(&text(&Keyring::known()));
        fs::write(&path, long).unwrap();
        assert!(matches!(Keyring::load(&path), Err(KeyringError::Damaged { .. })));
    }
}
