//! `portcullis doctor`: looks at all that a service needs, running or not, and says what is wrong and what to do.
//!
//! | file | looks at |
//! | --- | --- |
//! | `command` | the settings, and then everything below, in order |
//! | `finding` | what was found, as a table and as JSON |
//! | `store`, `room` | the folder, its owner, its files, the disk |
//! | `keys`, `policy`, `clock` | the keyring, the policy, the time |
//! | `certificates`, `issuers` | the server's certificate, callers' authorities and lists, issuers' keys |
//! | `service` | addresses, readiness, and what the system allows the process |
//!
//! Deliberately absent: any write. A running service is not kept waiting.

mod certificates;
mod clock;
mod command;
mod finding;
mod issuers;
mod keys;
mod policy;
mod room;
mod service;
mod store;

pub(super) use command::{DoctorArgs, run};
