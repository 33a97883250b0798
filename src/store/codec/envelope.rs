//! What all rows and records have around them: the format number and the refusal of what would be lost.

use prost::Message;

use super::CodecError;

/// A message that is kept by itself.
pub(super) trait Envelope: Message + Default {
    /// What it is, for errors.
    const NAME: &'static str;
    /// The format that is written, and the highest that is read.
    const FORMAT: u32;
}

/// The key of field 1 as a varint: every row and record begins with it.
const FORMAT_KEY: u8 = 0x08;

/// The bytes to seal.
pub(super) fn write<M: Envelope>(message: &M) -> Vec<u8> {
    message.encode_to_vec()
}

/// The message in `bytes`, if this engine knows all of it.
pub(super) fn read<M: Envelope>(bytes: &[u8]) -> Result<M, CodecError> {
    let message = M::NAME;
    // Before all else: what a newer format means by the other fields is not known.
    let found = match bytes {
        [FORMAT_KEY, format @ 1..=0x7f, ..] => u32::from(*format),
        _ => return Err(CodecError::NoFormat { message }),
    };
    if found > M::FORMAT {
        return Err(CodecError::Newer { message, found, known: M::FORMAT });
    }
    let read = M::decode(bytes).map_err(|cause| CodecError::Unreadable { message, cause })?;
    // Unknown and repeated fields are dropped in reading. What was dropped shows in the length.
    if read.encoded_len() != bytes.len() {
        return Err(CodecError::Surplus { message });
    }
    Ok(read)
}
