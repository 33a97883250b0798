//! What is verified where there is no service: segments of an archive and what is signed beside them, checkpoints, signed
//! permits, and the keys that all of it is verified with.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::kept::turned;
use crate::audit::archive::{
    Digest, Segment, SegmentBuilder, SegmentError, Series, SignedManifest, SignedTombstone, Summary, Tombstone,
    parse_segment,
};
use crate::audit::{
    CHECKPOINT_LINE_BYTES_MAX, ChainMark, CheckpointLine, CheckpointReader, CheckpointSeal, CheckpointWriter,
};
use crate::cli::parse_public_keys;
use crate::crypto::{
    AppKey, KeyId, Keyring, PermitNames, PermitSigner, PermitStatement, PublicKey, RecordSigner, Signature, Signed,
    change_digest, permit_key_set, sha256_plain,
};
use crate::domain::{
    AccountId, Brand, Change, Eid, Iccid, LineId, Msisdn, OwnerChange, Pon, PortOut, RecordId, SimChange,
    SimChangeCause, SimTarget, Spid,
};

/// Longer than every word that an error about public keys needs, and shorter than a key.
const KEYS_WORD_MAX: usize = 40;

fn signer() -> &'static RecordSigner {
    static SIGNER: OnceLock<RecordSigner> = OnceLock::new();
    SIGNER.get_or_init(|| RecordSigner::new(&Keyring::known()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

/// A segment. After the first byte: its bytes as they come, or what its digest is put behind. What is read is written
/// again as it was; with a bit turned it is none.
pub(super) fn segment(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    let digest = if *kind == 0 { Vec::new() } else { sha256_plain(bytes).to_vec() };
    let bytes = [bytes, &digest].concat();
    match parse_segment(&bytes) {
        Ok(segment) => {
            assert_eq!(segment.summary().sha256, Digest(sha256_plain(&bytes)));
            let again = written_again(&segment);
            assert!(again == Ok((bytes.clone(), segment.summary().clone())), "it is written otherwise: {again:?}");
            assert!(parse_segment(&turned(&bytes, &bytes)).is_err(), "it is read with a bit turned");
        }
        Err(SegmentError { at, what }) => assert!(at <= bytes.len() as u64, "`{what}` at {at}, behind its end"),
    }
}

fn written_again(segment: &Segment<'_>) -> Result<(Vec<u8>, Summary), SegmentError> {
    let Summary { epoch, journal, after, .. } = segment.summary();
    let mut builder = SegmentBuilder::new(*epoch, *journal, *after);
    for record in segment.records() {
        assert!(builder.push(record)?, "it is fuller than a segment");
    }
    builder.finish()
}

/// A manifest or a tombstone: never both, read member by member, and verified exactly where it is what the key signs, to
/// the last byte of the signature.
pub(super) fn manifest(data: &[u8]) {
    let (manifest, tombstone) = (SignedManifest::parse(data), SignedTombstone::parse(data));
    assert!(manifest.is_err() || tombstone.is_err(), "it is read as both");
    if let Ok(read) = manifest {
        let json = read.to_json();
        assert_same_members(data, &json);
        assert_eq!(SignedManifest::parse(&json).as_ref(), Ok(&read));
        let Ok(signed) = read.unverified().clone().sign(signer()) else { return };
        assert_eq!(read.verify(signer()).is_ok(), read == signed, "what is verified is not what was signed");
        assert_eq!(read.digest(), signed.digest());
        let verifies = |json: &[u8]| SignedManifest::parse(json).is_ok_and(|read| read.verify(signer()).is_ok());
        assert_text_alone_verifies(&signed.to_json(), data, verifies);
        // Whatever stands in it, it follows or does not.
        let _ = Series::default().follow(&read);
    }
    if let Ok(read) = tombstone {
        let json = read.to_json();
        assert_same_members(data, &json);
        assert_eq!(SignedTombstone::parse(&json).as_ref(), Ok(&read));
        let Tombstone { manifest, deleted_at, retention_days } = read.unverified().clone();
        let Ok(manifest) = manifest.unverified().clone().sign(signer()) else { return };
        let Ok(signed) = (Tombstone { manifest, deleted_at, retention_days }).sign(signer()) else { return };
        assert_eq!(read.verify(signer()).is_ok(), read == signed, "what is verified is not what was signed");
        let verifies = |json: &[u8]| SignedTombstone::parse(json).is_ok_and(|read| read.verify(signer()).is_ok());
        assert_text_alone_verifies(&signed.to_json(), data, verifies);
        let _ = read.unverified().is_timely();
    }
}

/// Spaces and the order of members may be others; nothing else.
fn assert_same_members(given: &[u8], written: &[u8]) {
    let [given, written] = [given, written].map(|json| serde_json::from_slice::<Value>(json).ok());
    assert!(given.is_some() && given == written, "{given:?} is written as {written:?}");
}

/// What was signed here verifies, by the key's public half as well, and with a bit turned it does not.
fn assert_text_alone_verifies(signed: &[u8], data: &[u8], verifies: impl Fn(&[u8]) -> bool) {
    assert!(verifies(signed), "what was signed does not verify");
    let turned = turned(signed, data);
    assert!(!verifies(&turned), "it verifies with a bit turned: {}", String::from_utf8_lossy(&turned));
}

/// What was read of a checkpoint's text.
#[derive(Default)]
struct Checkpoint {
    brand: Option<Brand>,
    made: Option<DateTime<Utc>>,
    marks: Vec<ChainMark>,
    end: Option<(bool, CheckpointSeal)>,
}

impl Checkpoint {
    /// As far as it is one.
    fn read(text: &str) -> Self {
        let (mut read, mut reader) = (Self::default(), CheckpointReader::default());
        for line in text.split_inclusive('\n') {
            let line = line.strip_suffix('\n').filter(|line| line.len() <= CHECKPOINT_LINE_BYTES_MAX);
            match line.map(|line| (line, reader.line(line))) {
                Some((line, Ok(CheckpointLine::Passed))) => read.made = read.made.or_else(|| made(line)),
                Some((_, Ok(CheckpointLine::Brand(brand)))) => read.brand = Some(brand),
                Some((_, Ok(CheckpointLine::Mark(mark)))) => read.marks.push(mark),
                Some((_, Ok(CheckpointLine::End { digest_holds, seal }))) => read.end = Some((digest_holds, seal)),
                // An end with something behind it is none.
                None | Some((_, Err(_))) => {
                    read.end = None;
                    break;
                }
            }
        }
        assert!(read.end.is_none() || reader.is_whole(), "it has an end and is not whole");
        read
    }

    /// Whether it is a whole one that the engine's key signed.
    fn holds(&self) -> bool {
        self.end.as_ref().is_some_and(|(digest_holds, seal)| *digest_holds && seal.is_signed_by(signer()))
    }

    /// The text that says the same: up to the marks, and whole.
    fn written(&self) -> Option<(String, String)> {
        let (mut writer, mut text) = CheckpointWriter::begin(self.brand.as_ref()?, self.made?);
        self.marks.iter().for_each(|mark| text.push_str(&writer.mark(mark)));
        let (accounts, digest, end) = writer.end(signer()).ok()?;
        assert_eq!(accounts, self.marks.len() as u64);
        let whole = format!("{text}{end}");
        assert!(whole.contains(&hex(&digest)), "its digest is not in it");
        Some((text, whole))
    }
}

fn made(line: &str) -> Option<DateTime<Utc>> {
    let text = line.strip_prefix("made ")?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.with_timezone(&Utc))
}

/// A checkpoint's text. After the first byte: as it comes, or up to the line that is signed, which it is given. What is
/// read is written alike; what the engine's key signed is one text, and with a bit turned it is none.
pub(super) fn checkpoint(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let text = if *kind == 0 { text.to_owned() } else { signed_over(text) };
    let read = Checkpoint::read(&text);
    assert_eq!(*kind != 0 && read.end.is_some(), *kind != 0 && read.holds(), "what was signed does not hold");
    let Some((marks, whole)) = read.written() else {
        assert!(read.end.is_none(), "a whole one says neither whose it is nor when it was made");
        return;
    };
    assert!(text.starts_with(&marks), "`{text}` is written as `{marks}`");
    if read.holds() {
        assert_eq!(whole, text);
    }
    let turned = turned(whole.as_bytes(), rest);
    let holds = String::from_utf8(turned).is_ok_and(|turned| Checkpoint::read(&turned).holds());
    assert!(!holds, "it holds with a bit turned");
    assert!(Checkpoint::read(&whole).holds(), "what was written does not hold");
}

fn signed_over(text: &str) -> String {
    let signed = format!("sha256 {}\n", hex(&sha256_plain(text.as_bytes())));
    let signature = signer().sign(Signed::Checkpoint, signed.as_bytes());
    let key = signature.and_then(|signature| Ok((signature, signer().named(signature.key)?.jwk())));
    assert!(key.is_ok(), "nothing can be signed");
    let (signature, key) = key.map(|(signature, key)| (hex(&signature.bytes), key)).unwrap_or_default();
    format!("{text}{signed}key {key}\nsignature {signature}\n")
}

/// A public key, its name, or a set of keys.
pub(super) fn public_key(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(name) = text.parse::<KeyId>() {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(key) = PublicKey::parse(text) {
        let json: Option<Value> = serde_json::from_str(text).ok();
        assert!(json.is_some_and(|json| json.is_object() && json.get("d").is_none()), "`{text}` is no public JWK");
        assert_usable(&key);
    }
    match parse_public_keys(data) {
        Ok(keys) => {
            keys.iter().for_each(assert_usable);
            let written: Vec<String> = keys.iter().map(PublicKey::jwk).collect();
            let written = format!(r#"{{"keys":[{}]}}"#, written.join(","));
            assert_eq!(parse_public_keys(written.as_bytes()), Ok(keys));
        }
        Err(problem) => {
            let longest = problem.split_whitespace().map(str::len).max().unwrap_or_default();
            assert!(longest < KEYS_WORD_MAX, "`{problem}` tells a key");
        }
    }
}

/// It is told as it is read, under one name, and nothing verifies that its owner did not sign.
fn assert_usable(key: &PublicKey) {
    assert_eq!(PublicKey::parse(&key.jwk()).as_ref(), Ok(key));
    assert_eq!(key.id().to_string().parse(), Ok(key.id()));
    // The neutral point and zero: what fits every eighth message under a key of small order.
    let mut bytes = [0; 64];
    if let Some(first) = bytes.first_mut() {
        *first = 1;
    }
    for bytes in [bytes, [0; 64], [1; 64]] {
        let signature = Signature { key: key.id(), bytes };
        let fits = (0..32_u8).any(|message| key.verify(Signed::Checkpoint, &[message], &signature).is_ok());
        assert!(!fits, "a signature that nobody made verifies");
    }
}

/// What a relying party knows: the published key, whoever signs with it, and one permit.
struct Party {
    signer: PermitSigner,
    key: Option<AppKey>,
    golden: &'static str,
}

fn party() -> &'static Party {
    static PARTY: OnceLock<Party> = OnceLock::new();
    PARTY.get_or_init(|| {
        let audience = vec!["https://sim.carrier.example".to_owned(), "https://port.carrier.example".to_owned()];
        let names = PermitNames { issuer: "https://portcullis.carrier.example".to_owned(), audience };
        let published: Option<Value> = serde_json::from_str(&permit_key_set(&Keyring::known())).ok();
        let key = published.and_then(|set| AppKey::parse(&set.get("keys")?.get(0)?.to_string()).ok());
        assert!(key.is_some(), "no key is published");
        let golden = include_str!("../crypto/signed_permit.txt").trim_ascii();
        Party { signer: PermitSigner::new(&Keyring::known(), names), key, golden }
    })
}

impl Party {
    /// The claims of a text that the published key signed.
    fn verified(&self, text: &str) -> Option<Value> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let is_signed = self.key.as_ref()?.verify(signed.as_bytes(), &signature);
        let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).ok()?).ok()?;
        let is_permit = head.get("alg")? == "EdDSA" && head.get("typ")? == "portcullis-permit+jwt";
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        (is_signed && is_permit).then_some(claims)
    }
}

/// A change, by its number, of what stands in the texts; no other part of it is told in a permit.
fn change(kind: u8, what: &str, beside: &str) -> Option<Change> {
    let sim = |target| {
        Change::Sim(SimChange { target, imei: None, cause: SimChangeCause::Upgrade, old_iccid: None, delivery: None })
    };
    match kind {
        1 => Some(sim(SimTarget::Iccid(Iccid::parse(what).ok()?))),
        2 => Some(sim(SimTarget::Eid(Eid::parse(what).ok()?))),
        3 => Some(Change::PortOut(PortOut {
            gaining_spid: Spid::parse(what).ok()?,
            gaining_name: None,
            pon: Pon::parse(beside).ok()?,
            dealer: None,
        })),
        4 => Some(Change::Owner(OwnerChange::ToAccount {
            brand: Brand::parse(what).ok()?,
            account: AccountId::parse(beside).ok()?,
        })),
        5 => Some(Change::CallForwarding { target: Msisdn::parse(what).ok()? }),
        _ => Some(Change::Owner(OwnerChange::Close)),
    }
}

/// A signed permit. After the first byte: a text as it comes, of which one alone is known to be signed; or what is to be
/// permitted, of a line, with zero bytes between, by the kind of change.
pub(super) fn signed_permit(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    if *kind == 0 {
        let is_signed = party().verified(text).is_some();
        assert_eq!(is_signed, text == party().golden, "`{text}`");
        return;
    }
    let mut parts = text.split('\0');
    let [line, what, beside] = [(); 3].map(|()| parts.next().unwrap_or_default());
    let (Ok(line), Some(change)) = (LineId::parse(line), change(*kind, what, beside)) else { return };
    let at = |seconds| DateTime::from_timestamp(seconds, 999_000_000).unwrap_or_default();
    let permit = PermitStatement {
        decision: RecordId::from_u128(0x019c_a8f1_2233_7444_8555_6677_8899_aa00),
        line: &line,
        change: &change,
        digest: change_digest(&change),
        decided_at: at(1_800_000_000),
        not_before: at(1_800_000_000),
        expires_at: at(1_800_000_900),
    };
    let signed = party().signer.sign(1, &permit).ok().flatten().unwrap_or_default();
    assert_eq!(party().signer.sign(1, &permit), Ok(Some(signed.clone())), "it is signed otherwise a second time");
    let told = party().verified(&signed);
    assert_tells_what_is_permitted(told.as_ref(), &permit);
    let turned = String::from_utf8(turned(signed.as_bytes(), rest)).unwrap_or_default();
    assert_eq!(party().verified(&turned), None, "it verifies with a bit turned: `{turned}`");
}

/// The line, the change and the window as they are, and of a number nothing.
fn assert_tells_what_is_permitted(claims: Option<&Value>, permit: &PermitStatement<'_>) {
    let of = |name: &str| claims.and_then(|claims| claims.get(name));
    let detail = |name: &str| of("authorization_details")?.get(0)?.get(name);
    let PermitStatement { line, change, digest, decided_at, not_before, expires_at, decision } = permit;
    assert_eq!([of("sub"), detail("identifier")], [Some(&Value::from(line.as_str())); 2]);
    assert_eq!(of("jti"), Some(&Value::from(decision.to_string())));
    assert_eq!(detail("change_sha256"), Some(&Value::from(hex(&digest.0))));
    let window = [decided_at, not_before, expires_at].map(|at| Some(Value::from(at.timestamp())));
    assert_eq!(["iat", "nbf", "exp"].map(|name| of(name).cloned()), window);
    let told = match change {
        Change::Sim(SimChange { target: SimTarget::Iccid(iccid), .. }) => Some(("iccid", iccid.as_str().to_owned())),
        Change::Sim(SimChange { target: SimTarget::Eid(eid), .. }) => Some(("eid", eid.as_str().to_owned())),
        Change::PortOut(port) => Some(("gaining_spid", port.gaining_spid.to_string())),
        Change::Owner(OwnerChange::ToAccount { account, .. }) => Some(("to_account_id", account.as_str().to_owned())),
        _ => None,
    };
    if let Some((name, value)) = told {
        assert_eq!(detail(name), Some(&Value::from(value)), "`{name}`");
    }
    if let Change::CallForwarding { .. } = change {
        let members = of("authorization_details").and_then(|details| details.get(0)?.as_object());
        assert_eq!(members.map(serde_json::Map::len), Some(4), "more is told than a number may be told by");
    }
}
