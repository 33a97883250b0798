//! Looks for values in bytes, spelt in every way that somebody may have written them there.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter spellings stand in random bytes by chance.
const BYTES_MIN: usize = 7;

/// The same for a value just as it is, of which there is one spelling only.
const PLAIN_BYTES_MIN: usize = 6;

/// A smaller number in eight bytes is more zeros than number.
const NUMBER_MIN: u64 = 1 << 32;

/// What a search begins with: bytes of a spelling that are looked up at once.
const START_BYTES: usize = 6;

/// Every way to write a text: how, and the bytes. Of digits also those of numbers.
pub(crate) fn spellings(value: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = of_text(value);
    let digits = value.strip_prefix('+').unwrap_or(value);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if digits != value {
            all.extend(of_text(digits));
        }
        all.extend(of_digits(digits));
    }
    all.retain(|(how, bytes)| bytes.len() >= if *how == "as it is" { PLAIN_BYTES_MIN } else { BYTES_MIN });
    all
}

fn of_text(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let hex = |case: fn(u8) -> String| bytes.iter().map(|byte| case(*byte)).collect::<String>().into_bytes();
    let mut all = vec![
        ("as it is", bytes.to_vec()),
        ("in small letters", text.to_lowercase().into_bytes()),
        ("in capitals", text.to_uppercase().into_bytes()),
        ("backwards", bytes.iter().rev().copied().collect()),
        ("in UTF-16, low byte first", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("in UTF-16, high byte first", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("in hex", hex(|byte| format!("{byte:02x}"))),
        ("in hex with capitals", hex(|byte| format!("{byte:02X}"))),
    ];
    for before in 0..3 {
        all.push(("in base64", inner_base64(&STANDARD_NO_PAD, bytes, before)));
        all.push(("in base64url", inner_base64(&URL_SAFE_NO_PAD, bytes, before)));
    }
    all
}

/// The characters that `bytes` alone make, where so many bytes (modulo 3) stand before them.
fn inner_base64(alphabet: &base64::engine::GeneralPurpose, bytes: &[u8], before: usize) -> Vec<u8> {
    let whole = alphabet.encode([&vec![0; before], bytes].concat());
    let (first, end) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
    whole.as_bytes()[first..end].to_vec()
}

fn of_digits(digits: &str) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    // A digit without a partner gets a zero before it, or a zero or a filler after it.
    for padded in [digits.to_owned(), format!("0{digits}"), format!("{digits}0"), format!("{digits}f")] {
        let nibbles: Vec<u8> = padded.chars().map(|c| u8::try_from(c.to_digit(16).unwrap()).unwrap()).collect();
        if nibbles.len().is_multiple_of(2) {
            all.push(("in packed digits", nibbles.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()));
            all.push(("in packed digits, swapped", nibbles.chunks(2).map(|pair| pair[1] << 4 | pair[0]).collect()));
        }
    }
    if let Ok(number) = digits.parse::<u128>() {
        match u64::try_from(number) {
            // Mostly zeros, which lie everywhere.
            Ok(number) if number < NUMBER_MIN => {}
            // Sixteen bytes hold the same eight beside zeros.
            Ok(number) => all.extend([
                ("as a number, low byte first", number.to_le_bytes().to_vec()),
                ("as a number, high byte first", number.to_be_bytes().to_vec()),
                ("as a number, as it lies in few bytes", significant(number)),
            ]),
            Err(_) => all.extend([
                ("as a number, low byte first", number.to_le_bytes().to_vec()),
                ("as a number, high byte first", number.to_be_bytes().to_vec()),
            ]),
        }
        all.push(("as a varint", varint(number)));
        all.push(("as a signed varint", varint(number << 1)));
    }
    all
}

/// The bytes of a number without the zeros before it: how a database packs one.
fn significant(number: u64) -> Vec<u8> {
    number.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect()
}

fn varint(mut number: u128) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap());
    bytes
}

struct Needle {
    what: String,
    bytes: Vec<u8>,
}

/// Many values looked for at once.
pub(crate) struct Search {
    needles: Vec<Needle>,
    by_start: HashMap<[u8; START_BYTES], Vec<usize>>,
    /// One bit for each beginning of three bytes, so that most places are passed over at once.
    starts: Vec<u64>,
}

impl Search {
    /// For these values, each with its name.
    pub(crate) fn new<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut search = Self { needles: Vec::new(), by_start: HashMap::new(), starts: vec![0; (1 << 24) / 64] };
        let mut known = BTreeSet::new();
        for (name, value) in values {
            for (how, bytes) in spellings(value) {
                if known.insert(bytes.clone()) {
                    search.add(Needle { what: format!("{name} `{value}` {how}"), bytes });
                }
            }
        }
        search
    }

    fn add(&mut self, needle: Needle) {
        let start: [u8; START_BYTES] = needle.bytes[..START_BYTES].try_into().unwrap();
        let (word, bit) = place(&start);
        self.starts[word] |= bit;
        self.by_start.entry(start).or_default().push(self.needles.len());
        self.needles.push(needle);
    }

    /// How many spellings are looked for.
    pub(crate) fn len(&self) -> usize {
        self.needles.len()
    }

    /// What stands in the bytes.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, window) in bytes.windows(START_BYTES).enumerate() {
            let (word, bit) = place(window);
            if self.starts[word] & bit == 0 {
                continue;
            }
            let Some(numbers) = self.by_start.get(window) else { continue };
            let here = numbers.iter().map(|number| &self.needles[*number]);
            found
                .extend(here.filter(|needle| bytes[at..].starts_with(&needle.bytes)).map(|needle| needle.what.clone()));
        }
        found
    }

    /// What stands in the files of a folder, each with its file's name; and how many bytes were looked at.
    pub(crate) fn found_under(&self, folder: &Path) -> (BTreeSet<String>, usize) {
        let (mut found, mut looked_at) = (BTreeSet::new(), 0);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let (inside, bytes) = if path.is_dir() {
                self.found_under(&path)
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let inside = self.found_in(&bytes).into_iter().map(|what| format!("{}: {what}", path.display()));
                (inside.collect(), bytes.len())
            };
            found.extend(inside);
            looked_at += bytes;
        }
        (found, looked_at)
    }
}

fn place(start: &[u8]) -> (usize, u64) {
    let bits = usize::from(start[0]) << 16 | usize::from(start[1]) << 8 | usize::from(start[2]);
    (bits / 64, 1 << (bits % 64))
}

/// Copies a folder's files as they lie there, which a thief would not ask leave for.
pub(crate) fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}
