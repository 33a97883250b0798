//! A checkpoint: where every chain of a brand stood, in a text that is kept elsewhere. Who cuts a chain's tail and puts its
//! head back, too, leaves a chain that holds; what a checkpoint says it had, it no longer has.
//!
//! The text is lines, each ended by one line feed:
//!
//! ```text
//! portcullis checkpoint 1
//! brand main
//! made 2026-11-28T19:00:00Z
//! 402214af156f31c20b440778364da95b 17 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//! accounts 1
//! sha256 <hex>
//! key <public key, a JSON Web Key>
//! signature <hex>
//! ```
//!
//! One line an account, in the order of their tokens: token, number of records, hash of the last. A token names nobody
//! without the engine's keys. `sha256` is over every byte before its own line; `signature` is Ed25519 by `key` over two
//! lines: `portcullis checkpoint v1`, and the line `sha256 <hex>`, each with its line feed.

use chrono::{DateTime, SecondsFormat, Utc};

use crate::crypto::{PublicKey, RecordSigner, RunningDigest, Signature, SignatureError, Signed, Token};
use crate::domain::{Brand, Seq};

/// The first line.
const FIRST_LINE: &str = "portcullis checkpoint 1";

/// The longest line, in bytes: the longest is the key.
pub const CHECKPOINT_LINE_BYTES_MAX: usize = 256;

/// Where one chain stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainMark {
    /// The account.
    pub account: Token,
    /// How many records it had: at least one.
    pub seq: Seq,
    /// The hash of the last.
    pub hash: [u8; 32],
}

/// What stands at a checkpoint's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointSeal {
    /// The digest of all before it.
    pub digest: [u8; 32],
    /// The key that is said to have signed it.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

impl CheckpointSeal {
    /// Whether the key in it signed it. Whose key that is, its thumbprint tells.
    pub fn is_signed(&self) -> bool {
        self.key.verify(Signed::Checkpoint, signed_line(&self.digest).as_bytes(), &self.signature).is_ok()
    }

    /// Whether one of the engine's own keys signed it.
    pub fn is_signed_by(&self, signer: &RecordSigner) -> bool {
        signer.verify(Signed::Checkpoint, signed_line(&self.digest).as_bytes(), &self.signature).is_ok()
    }
}

fn signed_line(digest: &[u8; 32]) -> String {
    format!("sha256 {}\n", hex(digest))
}

/// Writes a checkpoint, line by line.
pub struct CheckpointWriter {
    digest: RunningDigest,
    accounts: u64,
}

impl CheckpointWriter {
    /// Begins one. The text so far comes back, as from every step.
    pub fn begin(brand: &Brand, made: DateTime<Utc>) -> (Self, String) {
        let text = format!("{FIRST_LINE}\nbrand {}\nmade {}\n", brand.as_str(), instant(made));
        let mut writer = Self { digest: RunningDigest::default(), accounts: 0 };
        writer.digest.update(text.as_bytes());
        (writer, text)
    }

    /// Adds where a chain stood. Accounts come in the order of their tokens.
    pub fn mark(&mut self, mark: &ChainMark) -> String {
        let line = format!("{} {} {}\n", hex(mark.account.as_bytes()), mark.seq, hex(&mark.hash));
        self.digest.update(line.as_bytes());
        self.accounts = self.accounts.saturating_add(1);
        line
    }

    /// Ends and signs it. The number of accounts and the digest come back beside the text.
    pub fn end(mut self, signer: &RecordSigner) -> Result<(u64, [u8; 32], String), SignatureError> {
        let count = format!("accounts {}\n", self.accounts);
        self.digest.update(count.as_bytes());
        let digest = self.digest.finish();
        let signed = signed_line(&digest);
        let signature = signer.sign(Signed::Checkpoint, signed.as_bytes())?;
        let key = signer.named(signature.key)?.jwk();
        Ok((self.accounts, digest, format!("{count}{signed}key {key}\nsignature {}\n", hex(&signature.bytes))))
    }
}

/// A text that is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the checkpoint {expected}")]
pub struct CheckpointError {
    /// Which line, from 1.
    pub line: u64,
    /// What it must be.
    pub expected: &'static str,
}

/// What a line of a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointLine {
    /// Something on the way.
    Passed,
    /// Whose it is.
    Brand(Brand),
    /// Where a chain stood.
    Mark(ChainMark),
    /// The end: whether the text has the digest that it says, and the seal.
    End {
        /// Whether it has.
        digest_holds: bool,
        /// What was signed, by whom.
        seal: CheckpointSeal,
    },
}

/// Which line comes next.
enum Expected {
    First,
    Brand,
    Made,
    Mark,
    Digest,
    Key([u8; 32]),
    Signature([u8; 32], PublicKey),
    Nothing,
}

/// Reads a checkpoint, line by line, each without its line feed.
pub struct CheckpointReader {
    digest: RunningDigest,
    found: [u8; 32],
    line: u64,
    accounts: u64,
    last: Option<Token>,
    expected: Expected,
    whole: bool,
}

impl Default for CheckpointReader {
    fn default() -> Self {
        let (digest, expected) = (RunningDigest::default(), Expected::First);
        Self { digest, found: [0; 32], line: 0, accounts: 0, last: None, expected, whole: false }
    }
}

impl CheckpointReader {
    /// Takes the next line.
    pub fn line(&mut self, line: &str) -> Result<CheckpointLine, CheckpointError> {
        self.line = self.line.saturating_add(1);
        if !matches!(self.expected, Expected::Digest | Expected::Key(_) | Expected::Signature(..)) {
            self.digest.update(line.as_bytes());
            self.digest.update(b"\n");
        }
        match std::mem::replace(&mut self.expected, Expected::Nothing) {
            Expected::First if line == FIRST_LINE => Ok(self.passed(Expected::Brand)),
            Expected::First => Err(self.wrong("must be `portcullis checkpoint 1`")),
            Expected::Brand => {
                let brand = line.strip_prefix("brand ").and_then(|brand| Brand::parse(brand).ok());
                let brand = brand.ok_or_else(|| self.wrong("must name its brand"))?;
                self.expected = Expected::Made;
                Ok(CheckpointLine::Brand(brand))
            }
            Expected::Made => {
                line.strip_prefix("made ").and_then(made).ok_or_else(|| self.wrong("must say when it was made"))?;
                Ok(self.passed(Expected::Mark))
            }
            Expected::Mark => self.mark_or_count(line),
            Expected::Digest => {
                let digest = line.strip_prefix("sha256 ").and_then(bytes::<32>);
                let digest = digest.ok_or_else(|| self.wrong("must be the digest"))?;
                Ok(self.passed(Expected::Key(digest)))
            }
            Expected::Key(digest) => {
                let jwk = line.strip_prefix("key ").unwrap_or_default();
                let key = PublicKey::parse(jwk).ok().filter(|key| key.jwk() == jwk);
                let key = key.ok_or_else(|| self.wrong("must be the key"))?;
                Ok(self.passed(Expected::Signature(digest, key)))
            }
            Expected::Signature(digest, key) => {
                let signature = line.strip_prefix("signature ").and_then(bytes::<64>);
                let bytes = signature.ok_or_else(|| self.wrong("must be the signature"))?;
                let seal = CheckpointSeal { digest, key, signature: Signature { key: key.id(), bytes } };
                self.whole = true;
                Ok(CheckpointLine::End { digest_holds: digest == self.found, seal })
            }
            Expected::Nothing => Err(self.wrong("comes after its end")),
        }
    }

    /// Whether the end was read.
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    fn mark_or_count(&mut self, line: &str) -> Result<CheckpointLine, CheckpointError> {
        if let Some(count) = line.strip_prefix("accounts ") {
            if count != self.accounts.to_string() {
                return Err(self.wrong("must be the number of accounts before it"));
            }
            self.found = std::mem::take(&mut self.digest).finish();
            return Ok(self.passed(Expected::Digest));
        }
        let mark = mark(line).ok_or_else(|| self.wrong("must be a token, a number and a hash"))?;
        if self.last.is_some_and(|last| last >= mark.account) {
            return Err(self.wrong("must come after the account before it, by its token"));
        }
        self.last = Some(mark.account);
        self.accounts = self.accounts.saturating_add(1);
        self.expected = Expected::Mark;
        Ok(CheckpointLine::Mark(mark))
    }

    fn passed(&mut self, next: Expected) -> CheckpointLine {
        self.expected = next;
        CheckpointLine::Passed
    }

    const fn wrong(&self, expected: &'static str) -> CheckpointError {
        CheckpointError { line: self.line, expected }
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// When it was made, in the one spelling that [`instant`] has.
fn made(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc);
    (instant(at) == text).then_some(at)
}

fn mark(line: &str) -> Option<ChainMark> {
    let (account, rest) = line.split_once(' ')?;
    let (seq, hash) = rest.split_once(' ')?;
    let number: Seq = seq.parse().ok().filter(|number| *number > 0)?;
    // One spelling of a number: the text is signed, and compared.
    let account = Token::from_bytes(bytes(account)?);
    (number.to_string() == seq).then_some(ChainMark { account, seq: number, hash: bytes(hash)? })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// Bytes from lower-case hexadecimal digits.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut found = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in found.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{ChainMark, CheckpointError, CheckpointLine, CheckpointReader, CheckpointSeal, CheckpointWriter};
    use crate::crypto::{Keyring, RecordSigner, Token, sha256_plain};
    use crate::domain::Brand;

    const GOLDEN: &str = include_str!("golden_checkpoint.txt");

    fn signer() -> RecordSigner {
        RecordSigner::new(&Keyring::known())
    }

    fn marks() -> [ChainMark; 2] {
        let mark = |byte, seq| ChainMark { account: Token::from_bytes([byte; 16]), seq, hash: [byte + 1; 32] };
        [mark(0x0a, 1), mark(0xb0, 1_234_567)]
    }

    fn written() -> String {
        let made = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (mut writer, mut text) = CheckpointWriter::begin(&Brand::parse("main").unwrap(), made);
        for mark in marks() {
            text += &writer.mark(&mark);
        }
        let (accounts, _, end) = writer.end(&signer()).unwrap();
        assert_eq!(accounts, 2);
        text + &end
    }

    fn read(text: &str) -> Result<Vec<CheckpointLine>, CheckpointError> {
        let mut reader = CheckpointReader::default();
        let lines = text.lines().map(|line| reader.line(line)).collect();
        assert!(reader.is_whole() || text != GOLDEN);
        lines
    }

    /// Checkpoints are kept for years, and read by others' programs.
    #[test]
    fn golden_text() {
        assert_eq!(written(), GOLDEN, "to be kept:\n{}", written());
        let before = GOLDEN.split_inclusive("sha256 ").next().unwrap().strip_suffix("sha256 ").unwrap();
        let read = read(GOLDEN).unwrap();
        let Some(CheckpointLine::End { digest_holds: true, seal }) = read.last() else { panic!("{read:?}") };
        assert_eq!(seal.digest, sha256_plain(before.as_bytes()), "as `sha256sum` computes it");
        assert!(seal.is_signed() && seal.is_signed_by(&signer()));
        let another = RecordSigner::new(&Keyring::generate(DateTime::UNIX_EPOCH).unwrap());
        assert!(!seal.is_signed_by(&another));
        let forged = CheckpointSeal { digest: [7; 32], ..seal.clone() };
        assert!(!forged.is_signed() && !forged.is_signed_by(&signer()));
        let found = read.iter().filter_map(|line| match line {
            CheckpointLine::Mark(mark) => Some(*mark),
            _ => None,
        });
        assert!(found.collect::<Vec<_>>().eq(&marks()));
    }

    #[test]
    fn every_changed_character_is_found() {
        for place in 0..GOLDEN.len() {
            let mut bytes = GOLDEN.as_bytes().to_vec();
            bytes[place] = if bytes[place] == b'1' { b'2' } else { b'1' };
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let told = read(&changed);
            let same_seal = |seal: &CheckpointSeal| Some(seal) == seal_of(GOLDEN).as_ref();
            let holds = matches!(
                told.as_ref().map(|lines| lines.last()),
                Ok(Some(CheckpointLine::End { digest_holds: true, seal })) if same_seal(seal)
            );
            assert!(!holds, "byte {place}");
        }
    }

    fn seal_of(text: &str) -> Option<CheckpointSeal> {
        match read(text).ok()?.pop()? {
            CheckpointLine::End { seal, .. } => Some(seal),
            _ => None,
        }
    }

    /// The digest is over the text: what says the same in other characters is another text.
    #[test]
    fn an_instant_and_a_number_have_one_spelling() {
        for (written, otherwise) in [
            ("made 2027-01-15T08:00:00Z", "made 2027-01-15T08:00:00.0Z"),
            ("made 2027-01-15T08:00:00Z", "made 2027-01-15T08:00:00+00:00"),
            ("made 2027-01-15T08:00:00Z", "made 2027-01-15t08:00:00z"),
            ("accounts 2", "accounts 02"),
            ("accounts 2", "accounts +2"),
            (" 1234567 ", " +1234567 "),
        ] {
            assert!(GOLDEN.contains(written));
            assert!(read(&GOLDEN.replacen(written, otherwise, 1)).is_err(), "{otherwise}");
        }
    }

    #[test]
    fn lines_that_are_left_out_put_in_or_moved_are_refused() {
        let lines: Vec<&str> = GOLDEN.lines().collect();
        for place in 0..lines.len() {
            let without = [&lines[..place], &lines[place + 1..]].concat().join("\n");
            let twice = [&lines[..=place], &lines[place..]].concat().join("\n");
            for text in [without, twice] {
                let told = read(&text);
                let ended = told.as_ref().is_ok_and(|lines| matches!(lines.last(), Some(CheckpointLine::End { .. })));
                assert!(!ended, "line {place}: {told:?}");
            }
        }
        let mut swapped = lines.clone();
        swapped.swap(3, 4);
        assert!(read(&swapped.join("\n")).is_err());
    }
}
