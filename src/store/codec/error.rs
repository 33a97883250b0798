//! Why stored bytes cannot be read.

/// Stored bytes that are not what this engine writes. Names the place, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes are damaged or are something else.
    #[error("stored {message} cannot be read")]
    Unreadable {
        /// Which kind of message.
        message: &'static str,
        /// What is wrong with the bytes.
        #[source]
        cause: prost::DecodeError,
    },
    /// The first field is not a format number.
    #[error("stored {message} does not begin with its format")]
    NoFormat {
        /// Which kind of message.
        message: &'static str,
    },
    /// A newer engine wrote it.
    #[error("stored {message} has format {found}, and this engine knows none above {known}: run the newer engine")]
    Newer {
        /// Which kind of message.
        message: &'static str,
        /// Its format.
        found: u32,
        /// The highest format known here.
        known: u32,
    },
    /// There are fields that this engine does not know or has read twice: writing it again would lose them.
    #[error("stored {message} has fields that this engine does not know")]
    Surplus {
        /// Which kind of message.
        message: &'static str,
    },
    /// A field that must be there is not.
    #[error("stored `{field}` is missing")]
    Missing {
        /// Message and field.
        field: &'static str,
    },
    /// A number stands for nothing known.
    #[error("stored `{field}` has the unknown number {number}")]
    UnknownNumber {
        /// Message and field.
        field: &'static str,
        /// The number.
        number: u32,
    },
    /// A value does not have its type's format.
    #[error("stored `{field}` {expected}")]
    Invalid {
        /// Message and field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A list is longer or shorter than when it was written.
    #[error("stored `{field}` does not have as many entries as were written")]
    Count {
        /// Message and field.
        field: &'static str,
    },
    /// A list names one thing twice, and only one of the two can hold.
    #[error("stored `{field}` names one thing twice")]
    Twice {
        /// Message and field.
        field: &'static str,
    },
}
