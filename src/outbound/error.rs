//! Why a message was not taken, and whether to try again.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;

use super::guard::{AddressKind, Inner};

/// When a message that was not taken may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Soon: such things pass.
    Soon,
    /// Now and then: somebody must mend the receiver, the network or the settings first.
    OnceMended,
    /// Never: the receiver wants no more messages.
    Never,
}

/// Why a message was not taken. None of them tells anything of the message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// It could not be written down.
    #[error("the message cannot be written as JSON")]
    Unwritten(#[source] serde_json::Error),
    /// The request could not be made of it.
    #[error("no request can be made of the message")]
    Unmade(#[from] http::Error),
    /// The name has no address.
    #[error("the receiver's name was not resolved")]
    Unresolved(#[source] io::Error),
    /// The name leads inside, to where nobody said that messages go.
    #[error("the receiver's name leads to {address}, which is {kind}: `messages.webhook.allow` does not name it")]
    Inner {
        /// The address.
        address: IpAddr,
        /// What it is.
        kind: AddressKind,
    },
    /// Nobody answers there.
    #[error("the receiver was not reached")]
    Unreached(#[source] io::Error),
    /// It is not who it should be.
    #[error("the receiver's certificate is not believed")]
    Untrusted(#[source] io::Error),
    /// It does not speak HTTP, or broke off.
    #[error("the receiver did not answer as HTTP has it")]
    Http(#[from] hyper::Error),
    /// It refused the message, or sent elsewhere.
    #[error("the receiver answered with status {status}; redirects are not followed")]
    Status {
        /// What it said.
        status: StatusCode,
        /// After which time it wants to be asked again, within bounds.
        retry_after: Option<Duration>,
    },
    /// It took too long. It may have taken the message.
    #[error("the receiver took longer than {} seconds", .0.as_secs())]
    Late(Duration),
    /// The file could not be written.
    #[error("the file of messages cannot be written")]
    File(#[source] io::Error),
}

impl From<Inner> for DeliveryError {
    fn from(Inner { address, kind }: Inner) -> Self {
        Self::Inner { address, kind }
    }
}

impl DeliveryError {
    /// Whether, and how soon, it is worth another try.
    pub fn again(&self) -> Again {
        match self {
            Self::Unresolved(_) | Self::Unreached(_) | Self::Http(_) | Self::Late(_) => Again::Soon,
            Self::Unwritten(_) | Self::Unmade(_) | Self::Inner { .. } | Self::Untrusted(_) | Self::File(_) => {
                Again::OnceMended
            }
            Self::Status { status, .. } => super::answer::again(*status),
        }
    }

    /// After which time the receiver wants to be asked again, where it said so.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
