//! Private keys and tokens, as programs spell them.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::program::Place;

/// What the place's files hold of private keys and of tokens, as programs spell it.
pub(crate) fn key_material(place: &Place) -> Vec<(&'static str, String)> {
    let inside = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let (folders, files): (Vec<_>, Vec<_>) = inside(place.folder.path()).into_iter().partition(|path| path.is_dir());
    let files = files.into_iter().chain(folders.iter().flat_map(|folder| inside(folder)));
    let of_file = |path: PathBuf| {
        let text = || fs::read_to_string(&path).unwrap();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") if path.ends_with("keyring.json") => of_keyring(&text()),
            Some("key") => of_pem(&text()),
            // Its header is that of every token.
            Some("token") => text().trim().split('.').skip(1).map(|part| ("token", part.to_owned())).collect(),
            _ => Vec::new(),
        }
    };
    files.flat_map(of_file).collect()
}

fn of_keyring(text: &str) -> Vec<(&'static str, String)> {
    let keyring: Value = serde_json::from_str(text).unwrap();
    let materials = keyring["keys"].as_array().unwrap().iter().map(|key| key["material"].as_str().unwrap());
    materials.flat_map(|material| spelt("key of the keyring", &URL_SAFE_NO_PAD.decode(material).unwrap())).collect()
}

/// Its lines, and the number in it: 32 bytes behind their tag and length, of either curve.
fn of_pem(text: &str) -> Vec<(&'static str, String)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(lines.concat()).unwrap();
    let at = der.windows(2).position(|pair| pair == [4, 32]).unwrap() + 2;
    let whole = lines.into_iter().filter(|line| line.len() > 32).map(|line| ("private key's line", line.to_owned()));
    whole.chain(spelt("private key", &der[at..at + 32])).collect()
}

fn spelt(name: &'static str, secret: &[u8]) -> Vec<(&'static str, String)> {
    assert_eq!(secret.len(), 32, "{name}");
    let hex = secret.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    // As bytes are printed: those of the key, and those of a file that holds it as text.
    let numbers = |bytes: &[u8]| format!("{bytes:?}").trim_matches(['[', ']']).to_owned();
    let [url, plain] = [URL_SAFE_NO_PAD.encode(secret), STANDARD_NO_PAD.encode(secret)];
    let printed = [numbers(secret), numbers(url.as_bytes()), numbers(plain.as_bytes())];
    [url, plain, hex].into_iter().chain(printed).map(|spelt| (name, spelt)).collect()
}
