//! Requests of the key service.

use crate::crypto::{Purpose, Token};
use crate::domain::FormatError;
use crate::grpc::convert::enums::key_purpose;
use crate::grpc::convert::field::{FieldError, InField, text};
use crate::grpc::pb::v1 as pb;
use crate::service::Retirement;

const PACE: &str = "must be 1 to 100000";
const PACE_MAX: u32 = 100_000;

/// How many bodies are sealed anew in a second, at most.
pub fn reseal(message: &pb::ResealRequest) -> Result<u32, FieldError> {
    let pb::ResealRequest { bodies_per_second } = *message;
    let pace = u32::try_from(bodies_per_second).ok().filter(|pace| (1..=PACE_MAX).contains(pace));
    pace.ok_or_else(|| FieldError::new("bodies_per_second", PACE))
}

/// A key to do without.
pub fn retire_key(message: pb::RetireKeyRequest) -> Result<Retirement, FieldError> {
    let pb::RetireKeyRequest { purpose, number, mark } = message;
    let purpose: Purpose = key_purpose(purpose).in_field("purpose")?;
    let number = u8::try_from(number).ok().filter(|number| *number > 0);
    Ok(Retirement {
        purpose,
        number: number.ok_or_else(|| FieldError::new("number", "must be 1 to 255"))?,
        mark: text(&mark, "mark", parse_mark)?,
    })
}

fn parse_mark(text: &str) -> Result<Token, FormatError> {
    let digits = text.len() == 2 * Token::BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = u128::from_str_radix(text, 16).ok().filter(|_| digits);
    let bits = bits.ok_or(FormatError::new("must be 32 hexadecimal digits"))?;
    Ok(Token::from_bytes(bits.to_be_bytes()))
}
