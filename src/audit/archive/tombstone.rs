//! What is left of a segment that was deleted: its manifest, and since when it is gone, signed again.
//!
//! ```json
//! { "format": 1, "manifest": { … }, "deleted_time": "…", "retention_days": 1095, "signing_key": "…", "signature": "…" }
//! ```
//!
//! Signed is the line `portcullis archive deletion v1` and then `format`, `manifest` (the manifest's digest),
//! `deleted_time` and `retention_days`, one a line as a manifest's are. So the series of manifests stays whole, and a
//! segment that is not there was either deleted in its time or is missing.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::digest::hex;
use super::manifest::{ManifestError, ManifestForm, SignedManifest, Verifying, canonical, read, signature, written};
use super::text::{instant, parse_instant};
use crate::crypto::{KeyId, RecordSigner, Signature, SignatureError, Signed, object};

const FORMAT: u16 = 1;

/// A segment that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Its manifest.
    pub manifest: SignedManifest,
    /// When it was deleted.
    pub deleted_at: DateTime<Utc>,
    /// How long records had to be kept then, in days.
    pub retention_days: u32,
}

/// A tombstone with a signature that was not looked at yet, or was made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTombstone {
    tombstone: Tombstone,
    signature: Signature,
}

/// From when on a segment whose latest record was made at `last_at` may be deleted.
pub fn may_go_from(last_at: DateTime<Utc>, retention_days: u32) -> DateTime<Utc> {
    // An instant beyond the calendar never comes.
    last_at.checked_add_signed(TimeDelta::days(retention_days.into())).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

impl Tombstone {
    /// Signs it.
    pub fn sign(self, signer: &RecordSigner) -> Result<SignedTombstone, SignatureError> {
        let signature = signer.sign(Signed::ArchiveDeletion, self.canonical().as_bytes())?;
        Ok(SignedTombstone { tombstone: self, signature })
    }

    /// Whether the segment was old enough to be deleted.
    pub fn is_timely(&self) -> bool {
        may_go_from(self.manifest.unverified().summary.last_at, self.retention_days) <= self.deleted_at
    }

    fn canonical(&self) -> String {
        canonical(&[
            ("format", FORMAT.to_string()),
            ("manifest", self.manifest.digest().to_string()),
            ("deleted_time", instant(self.deleted_at)),
            ("retention_days", self.retention_days.to_string()),
        ])
    }
}

impl SignedTombstone {
    /// Reads a tombstone. Any bytes give one or an error.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        let form: TombstoneForm = read(json)?;
        let wrong = |what| ManifestError::Malformed { what };
        if form.format != FORMAT {
            return Err(wrong("format"));
        }
        let tombstone = Tombstone {
            manifest: form.manifest.taken()?,
            deleted_at: parse_instant(&form.deleted_time).ok_or(wrong("deleted_time"))?,
            retention_days: form.retention_days,
        };
        Ok(Self { tombstone, signature: signature(&form.signing_key, &form.signature)? })
    }

    /// As it is written.
    pub fn to_json(&self) -> Vec<u8> {
        let SignedTombstone { tombstone, signature } = self;
        written(&TombstoneForm {
            format: FORMAT,
            manifest: ManifestForm::of(&tombstone.manifest),
            deleted_time: instant(tombstone.deleted_at),
            retention_days: tombstone.retention_days,
            signing_key: signature.key.to_string(),
            signature: hex(&signature.bytes),
        })
    }

    /// What it says, if its signature and its manifest's are good.
    pub fn verify(&self, keys: &(impl Verifying + ?Sized)) -> Result<&Tombstone, SignatureError> {
        keys.check(Signed::ArchiveDeletion, self.tombstone.canonical().as_bytes(), &self.signature)?;
        self.tombstone.manifest.verify(keys)?;
        Ok(&self.tombstone)
    }

    /// The key that it says it was signed with.
    pub const fn signed_by(&self) -> KeyId {
        self.signature.key
    }

    /// What it says, whoever wrote it.
    pub const fn unverified(&self) -> &Tombstone {
        &self.tombstone
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TombstoneForm {
    format: u16,
    #[serde(deserialize_with = "object")]
    manifest: ManifestForm,
    deleted_time: String,
    retention_days: u32,
    signing_key: String,
    signature: String,
}
