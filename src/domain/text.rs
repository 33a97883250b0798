//! How short texts become types: one rule a type, checked once, never repeated.

/// A value that does not have its type's format. Says what would be right, never what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct FormatError {
    /// The format, as an instruction: "must be ...".
    pub expected: &'static str,
}

impl FormatError {
    pub(crate) const fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

/// `Ok` when `holds`, the format's error when not.
pub(crate) const fn require(holds: bool, expected: &'static str) -> Result<(), FormatError> {
    if holds { Ok(()) } else { Err(FormatError::new(expected)) }
}

/// True for 1 to `max` characters that all satisfy `allowed`.
pub(crate) fn is_text(text: &str, max: usize, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.len() <= max && text.chars().all(allowed)
}

/// True for letters, digits and the marks that identifiers of carriers' systems use.
pub(crate) fn is_identifier_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '@' | '|')
}

/// A text newtype with one format rule. `shown` ones print themselves, `private` ones never do.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $max:expr, $allowed:expr, $expected:expr, shown) => {
        text_type!(@body $(#[$doc])* $name, $max, $allowed, $expected);
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
    ($(#[$doc:meta])* $name:ident, $max:expr, $allowed:expr, $expected:expr, private) => {
        text_type!(@body $(#[$doc])* $name, $max, $allowed, $expected);
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
    (@body $(#[$doc:meta])* $name:ident, $max:expr, $allowed:expr, $expected:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The only way in: checks the format.
            pub fn parse(text: &str) -> Result<Self, $crate::domain::FormatError> {
                Self::check(text)?;
                Ok(Self(text.to_owned()))
            }

            fn check(text: &str) -> Result<(), $crate::domain::FormatError> {
                $crate::domain::text::require(
                    $crate::domain::text::is_text(text, $max, $allowed),
                    $expected,
                )
            }

            /// The text as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// The same check, keeping the text that is there.
        impl TryFrom<String> for $name {
            type Error = $crate::domain::FormatError;

            fn try_from(text: String) -> Result<Self, $crate::domain::FormatError> {
                Self::check(&text)?;
                Ok(Self(text))
            }
        }
    };
}
pub(crate) use text_type;

/// The Luhn check over decimal digits, the check digit last.
pub(crate) fn luhn_holds(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            match (place % 2, digit) {
                (0, d) => d,
                (_, d) if d > 4 => d * 2 - 9,
                (_, d) => d * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// A name and the proof of it that stands behind a dot: 32 hexadecimal digits.
pub(crate) fn proven(text: &str) -> Option<(&str, [u8; 16])> {
    let (name, proof) = text.split_once('.')?;
    let is_hex = proof.len() == 32 && proof.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = u128::from_str_radix(proof, 16).ok().filter(|_| is_hex)?;
    Some((name, bits.to_be_bytes()))
}

/// The text that [`proven`] reads.
pub(crate) fn with_proof(name: &str, proof: [u8; 16]) -> String {
    format!("{name}.{:032x}", u128::from_be_bytes(proof))
}

/// True for exactly decimal digits, at least one.
pub(crate) fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
