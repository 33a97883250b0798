//! The manifest of a segment: one JSON object, signed with Ed25519.
//!
//! ```json
//! {
//!   "format": 1,
//!   "segment": "00000-00000000000000000001-00000000000000000042",
//!   "store_epoch": "0000000000000007",
//!   "journal": 0,
//!   "after": 0,
//!   "first": 1,
//!   "last": 42,
//!   "records": 40,
//!   "bytes": 31180,
//!   "first_time": "2026-01-01T00:00:00.000Z",
//!   "last_time": "2026-01-31T23:59:59.999Z",
//!   "sha256": "…",
//!   "seal_keys": [1],
//!   "previous": "…",
//!   "made_time": "2026-05-01T03:00:00.000Z",
//!   "signing_key": "FxVhuO_Ir82yjJ8FMIoWpXpN_BZn-l_LcBqPspZfzfk",
//!   "signature": "…"
//! }
//! ```
//!
//! What is signed is not the JSON but a text: the line `portcullis archive manifest v1`, then `name=value` for every member
//! before `signing_key` in this order, values as they stand above, the numbers of `seal_keys` with commas between them;
//! every line ends with a line feed. Digests and signatures are in hexadecimal; keys go by their thumbprint (RFC 7638).
//! The SHA-256 of the text without its first line is the manifest's digest, which the next one of the journal holds as
//! `previous`; zeros stand before the first.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::digest::{Digest, bytes, hex};
use super::segment::Summary;
use super::text::{instant, parse_instant};
use crate::crypto::{KeyId, PublicKey, RecordSigner, Signature, SignatureError, Signed, parse_object, sha256_plain};

/// The longest manifest or tombstone, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 16 * 1_024;

const FORMAT: u16 = 1;

/// Who knows the keys that signatures are believed of.
pub trait Verifying {
    /// Whether the signature is over that message, and by a key that is known.
    fn check(&self, what: Signed, message: &[u8], signature: &Signature) -> Result<(), SignatureError>;
}

/// What a segment holds and which one it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// What it holds.
    pub summary: Summary,
    /// The digest of the manifest before it; [`Digest::NONE`] before the first.
    pub previous: Digest,
    /// When it was made.
    pub made_at: DateTime<Utc>,
}

/// A manifest with a signature that was not looked at yet, or was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedManifest {
    manifest: Manifest,
    signature: Signature,
}

/// A text that is no manifest or tombstone, or not what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not the JSON of one.
    #[error("not of a known format: {what}")]
    Malformed {
        /// The member, or what is wrong with the whole.
        what: &'static str,
    },
    /// Its signature is not believed.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A segment's name: its journal, its first and its last place. Names sort as the segments follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentName {
    /// The journal.
    pub journal: u16,
    /// The place of its first record.
    pub first: u64,
    /// The place of its last record.
    pub last: u64,
}

impl SegmentName {
    /// From its text, as it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (journal, first, last) = (parts.next()?, parts.next()?, parts.next()?);
        let name = Self { journal: journal.parse().ok()?, first: first.parse().ok()?, last: last.parse().ok()? };
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05}-{:020}-{:020}", self.journal, self.first, self.last)
    }
}

impl Verifying for RecordSigner {
    fn check(&self, what: Signed, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        self.verify(what, message, signature)
    }
}

impl Verifying for [PublicKey] {
    fn check(&self, what: Signed, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key = self.iter().find(|key| key.id() == signature.key);
        key.ok_or(SignatureError::UnknownKey { key: signature.key })?.verify(what, message, signature)
    }
}

impl Manifest {
    /// The name of its segment.
    pub const fn name(&self) -> SegmentName {
        let Summary { journal, first, last, .. } = self.summary;
        SegmentName { journal, first, last }
    }

    /// Signs it.
    pub fn sign(self, signer: &RecordSigner) -> Result<SignedManifest, SignatureError> {
        let signature = signer.sign(Signed::ArchiveManifest, self.canonical().as_bytes())?;
        Ok(SignedManifest { manifest: self, signature })
    }

    /// What is signed.
    fn canonical(&self) -> String {
        let Summary { epoch, journal, after, first, last, records, bytes, first_at, last_at, seal_keys, sha256 } =
            &self.summary;
        canonical(&[
            ("format", FORMAT.to_string()),
            ("segment", self.name().to_string()),
            ("store_epoch", hex(&epoch.to_be_bytes())),
            ("journal", journal.to_string()),
            ("after", after.to_string()),
            ("first", first.to_string()),
            ("last", last.to_string()),
            ("records", records.to_string()),
            ("bytes", bytes.to_string()),
            ("first_time", instant(*first_at)),
            ("last_time", instant(*last_at)),
            ("sha256", sha256.to_string()),
            ("seal_keys", seal_keys.iter().map(u8::to_string).collect::<Vec<_>>().join(",")),
            ("previous", self.previous.to_string()),
            ("made_time", instant(self.made_at)),
        ])
    }
}

impl SignedManifest {
    /// Reads a manifest. Any bytes give one or an error.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        read::<ManifestForm>(json)?.taken()
    }

    /// As it is written.
    pub fn to_json(&self) -> Vec<u8> {
        written(&ManifestForm::of(self))
    }

    /// What it says, if its signature is good.
    pub fn verify(&self, keys: &(impl Verifying + ?Sized)) -> Result<&Manifest, SignatureError> {
        keys.check(Signed::ArchiveManifest, self.manifest.canonical().as_bytes(), &self.signature)?;
        Ok(&self.manifest)
    }

    /// What the next one names it by.
    pub fn digest(&self) -> Digest {
        Digest(sha256_plain(self.manifest.canonical().as_bytes()))
    }

    /// The key that it says it was signed with.
    pub const fn signed_by(&self) -> KeyId {
        self.signature.key
    }

    /// What it says, whoever wrote it.
    pub const fn unverified(&self) -> &Manifest {
        &self.manifest
    }
}

/// A manifest as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ManifestForm {
    format: u16,
    segment: String,
    store_epoch: String,
    journal: u16,
    after: u64,
    first: u64,
    last: u64,
    records: u32,
    bytes: u64,
    first_time: String,
    last_time: String,
    sha256: String,
    seal_keys: Vec<u8>,
    previous: String,
    made_time: String,
    signing_key: String,
    signature: String,
}

impl ManifestForm {
    pub(super) fn of(signed: &SignedManifest) -> Self {
        let SignedManifest { manifest, signature } = signed;
        let Summary { epoch, journal, after, first, last, records, bytes, first_at, last_at, seal_keys, sha256 } =
            &manifest.summary;
        Self {
            format: FORMAT,
            segment: manifest.name().to_string(),
            store_epoch: hex(&epoch.to_be_bytes()),
            journal: *journal,
            after: *after,
            first: *first,
            last: *last,
            records: *records,
            bytes: *bytes,
            first_time: instant(*first_at),
            last_time: instant(*last_at),
            sha256: sha256.to_string(),
            seal_keys: seal_keys.clone(),
            previous: manifest.previous.to_string(),
            made_time: instant(manifest.made_at),
            signing_key: signature.key.to_string(),
            signature: hex(&signature.bytes),
        }
    }

    pub(super) fn taken(self) -> Result<SignedManifest, ManifestError> {
        let wrong = |what| ManifestError::Malformed { what };
        if self.format != FORMAT {
            return Err(wrong("format"));
        }
        if self.first <= self.after || self.last < self.first {
            return Err(wrong("after, first and last"));
        }
        if !self.seal_keys.is_sorted_by(|one, next| one < next) {
            return Err(wrong("seal_keys"));
        }
        let summary = Summary {
            epoch: bytes(&self.store_epoch).map(u64::from_be_bytes).ok_or(wrong("store_epoch"))?,
            journal: self.journal,
            after: self.after,
            first: self.first,
            last: self.last,
            records: self.records,
            bytes: self.bytes,
            first_at: parse_instant(&self.first_time).ok_or(wrong("first_time"))?,
            last_at: parse_instant(&self.last_time).ok_or(wrong("last_time"))?,
            seal_keys: self.seal_keys,
            sha256: Digest::parse(&self.sha256).ok_or(wrong("sha256"))?,
        };
        let previous = Digest::parse(&self.previous).ok_or(wrong("previous"))?;
        let made_at = parse_instant(&self.made_time).ok_or(wrong("made_time"))?;
        let manifest = Manifest { summary, previous, made_at };
        if self.segment != manifest.name().to_string() {
            return Err(wrong("segment"));
        }
        Ok(SignedManifest { manifest, signature: signature(&self.signing_key, &self.signature)? })
    }
}

/// Lines of `name=value`.
pub(super) fn canonical(lines: &[(&str, String)]) -> String {
    lines.iter().fold(String::new(), |mut text, (name, value)| {
        text.extend([*name, "=", value, "\n"]);
        text
    })
}

pub(super) fn signature(key: &str, signature: &str) -> Result<Signature, ManifestError> {
    let key: KeyId = key.parse().map_err(|_| ManifestError::Malformed { what: "signing_key" })?;
    let bytes = bytes(signature).ok_or(ManifestError::Malformed { what: "signature" })?;
    Ok(Signature { key, bytes })
}

pub(super) fn read<F: DeserializeOwned>(json: &[u8]) -> Result<F, ManifestError> {
    if json.len() > MANIFEST_BYTES_MAX {
        return Err(ManifestError::Malformed { what: "longer than any manifest" });
    }
    parse_object(json).map_err(|_| ManifestError::Malformed { what: "not the JSON of a manifest" })
}

pub(super) fn written<F: Serialize>(form: &F) -> Vec<u8> {
    // Numbers, texts and lists of numbers: nothing that JSON has no form for.
    let mut json = serde_json::to_vec_pretty(form).unwrap_or_default();
    json.push(b'\n');
    json
}
