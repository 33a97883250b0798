//! Why a service does not start, and what to do about it.

use std::error::Error;
use std::net::SocketAddr;

use crate::cli::failure::{Exit, Failure};

/// It does not start for this reason.
pub(super) fn refused(error: &(dyn Error + 'static)) -> Failure {
    Failure::caused(Exit::Failed, error)
}

/// An address that cannot be listened on.
pub(super) fn occupied(setting: &str, address: SocketAddr, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot listen on {address}: {error}")).advise(format!("another address in `{setting}`"))
}
