//! Names of things: those that carriers give and those that the engine mints.

use chrono::{DateTime, Utc};

use super::text::{FormatError, is_identifier_char, text_type};

const IDENTIFIER: &str = "must be 1 to 64 letters, digits, `-`, `_`, `.`, `:`, `@` or `|`";

text_type! {
    /// An account, as the carrier's billing system names it.
    AccountId, 64, is_identifier_char, IDENTIFIER, shown
}
text_type! {
    /// A line's subscription. It survives renumbering; a recycled number gets a new one.
    LineId, 64, is_identifier_char, IDENTIFIER, shown
}
text_type! {
    /// A person on an account.
    PersonId, 64, is_identifier_char, IDENTIFIER, shown
}
text_type! {
    /// A contact of a person.
    ContactId, 64, is_identifier_char, IDENTIFIER, shown
}
text_type! {
    /// An app key on a customer's device.
    DeviceId, 64, is_identifier_char, IDENTIFIER, shown
}
text_type! {
    /// A retail store.
    StoreId, 64, is_identifier_char, IDENTIFIER, shown
}
text_type! {
    /// An authenticated identity: a token's subject together with its issuer.
    Subject, 160, |c: char| is_identifier_char(c) || c == '/', "must be 1 to 160 identifier characters", shown
}
impl Subject {
    /// What the subjects of certificates begin with: no issuer of tokens is called so.
    pub const OF_CERTIFICATE: &str = "certificate|";

    /// Whether it is a system's, known by its certificate alone, and nobody's who can be asked what they meant.
    pub fn is_machine(&self) -> bool {
        self.0.starts_with(Self::OF_CERTIFICATE)
    }
}

text_type! {
    /// A caller's own reference for a contact with a customer, an order or a case.
    Reference, 128, |c: char| !c.is_control(), "must be 1 to 128 characters, none of them control characters", shown
}

const UUID: &str = "must be a UUID, like 0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91";

macro_rules! uuid_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u128);

        impl $name {
            /// Parses the hyphenated form.
            pub fn parse(text: &str) -> Result<Self, FormatError> {
                let hyphenated = text.len() == 36;
                match uuid::Uuid::try_parse(text) {
                    Ok(id) if hyphenated && !id.is_nil() => Ok(Self(id.as_u128())),
                    _ => Err(FormatError::new(UUID)),
                }
            }

            /// From the 128 bits, as minted or stored.
            pub const fn from_u128(bits: u128) -> Self {
                Self(bits)
            }

            /// The 128 bits.
            pub const fn as_u128(self) -> u128 {
                self.0
            }

            /// The 16 bytes, most significant first.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", uuid::Uuid::from_u128(self.0).hyphenated())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

uuid_type! {
    /// A request, named by its caller (AIP-155).
    RequestId
}
uuid_type! {
    /// A record in an account's chain; a decision's id is its record's.
    RecordId
}
uuid_type! {
    /// A release of a lock.
    ReleaseId
}
uuid_type! {
    /// A transfer PIN, never its value.
    TransferPinId
}

impl RecordId {
    /// When it was minted, to the millisecond: the instant of the commit that holds the record. Of an id that was never
    /// minted, some instant.
    pub fn minted_at(self) -> DateTime<Utc> {
        let millis = (self.0 >> 80) as i64;
        DateTime::from_timestamp_millis(millis).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::{AccountId, RecordId, RequestId};

    #[test]
    fn a_record_tells_when_it_was_minted() {
        let id = RecordId::parse("01a0c450-6c7b-7012-8d15-9e26af37bf8c").unwrap();
        assert_eq!(Some(id.minted_at()), DateTime::from_timestamp_millis(1_790_000_000_123));
        assert!(RecordId::from_u128(u128::MAX).minted_at() > id.minted_at());
    }

    #[test]
    fn formats() {
        assert!(RequestId::parse("0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91").is_ok());
        for wrong in [
            "",
            "00000000-0000-0000-0000-000000000000",
            "0190d4f07c3e7a529a630d1f3c5e7b91",
            "{0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91}",
        ] {
            assert!(RequestId::parse(wrong).is_err(), "`{wrong}` was accepted");
        }
        assert!(AccountId::parse("acct-0001").is_ok());
        assert!(AccountId::parse("acct 0001").is_err());
        assert!(AccountId::parse("").is_err());
    }
}
