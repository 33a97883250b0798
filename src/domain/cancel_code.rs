//! A code that can only lock: whoever was told of something with it can cancel that, and do nothing else.

use super::text::{proven, with_proof};
use super::{FormatError, RecordId};

const CODE: &str = "must be the code of a notice: a UUID, a dot and 32 hexadecimal digits";

/// The record of what is told, and the proof that whoever brings it was told of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CancelCode {
    /// The record.
    pub record: RecordId,
    /// The proof.
    pub proof: [u8; 16],
}

impl CancelCode {
    /// Reads the text of one. Whether it is genuine is not said by its form.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let (record, proof) = proven(text).ok_or(FormatError::new(CODE))?;
        Ok(Self { record: RecordId::parse(record).map_err(|_| FormatError::new(CODE))?, proof })
    }

    /// The text that is told.
    pub fn to_text(self) -> String {
        with_proof(&self.record.to_string(), self.proof)
    }
}

/// It opens nothing, and whoever reads it in a log could still annoy its owner.
impl std::fmt::Debug for CancelCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CancelCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::CancelCode;

    #[test]
    fn codes_are_read_as_they_were_written_and_nothing_else_is_one() {
        const TEXT: &str = "0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91.000102030405060708090a0b0c0d0e0f";
        assert_eq!(CancelCode::parse(TEXT).map(CancelCode::to_text).as_deref(), Ok(TEXT));
        for wrong in [
            "",
            "0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91",
            &TEXT.replace('.', "-"),
            &format!("{TEXT}0"),
            &TEXT.replace(".0", ".+"),
        ] {
            assert!(CancelCode::parse(wrong).is_err(), "`{wrong}` was accepted");
        }
    }
}
