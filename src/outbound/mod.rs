//! Messages that leave the engine: given to the carrier's messaging system, which brings them to the customer.
//!
//! | file | holds |
//! | --- | --- |
//! | `message` | what is sent, and how it is written (CloudEvents) |
//! | `recipient` | where it goes |
//! | `courier` | who it is given to: a webhook, or a file for who tries the engine out |
//! | `webhook`, `answer` | one signed POST, and what its answer means |
//! | `guard` | which addresses may be sent to |
//! | `resolver` | names and their addresses, asked once a delivery |
//! | `kept` | connections that are kept for the next message |
//! | `https` | one connection over TLS; issuers' key sets are fetched over it too |
//! | `file` | the file |
//! | `retry` | when a message that was not taken is sent again |
//!
//! Deliberately absent: what a message says and to whom (the use cases), and when it is sent again: a delivery is one try.

mod answer;
mod courier;
mod error;
mod file;
mod guard;
pub(crate) mod https;
mod kept;
mod message;
mod recipient;
mod resolver;
mod retry;
#[cfg(test)]
mod tests;
mod webhook;

pub use courier::{Courier, CourierError};
pub use error::{Again, DeliveryError};
pub use guard::AddressKind;
pub use message::Message;
pub use recipient::recipient;
pub use retry::next_attempt;
