//! `portcullis doctor`: looks at all that a service needs, running or not, and says what is wrong and what to do.
//!
//! | file | looks at |
//! | --- | --- |
//! | `command` | the settings, and then everything below, in order |
//! | `store`, `room` | the folder, its owner, its files, the disk |
//! | `servers` | the servers of a store on Redis |
//! | `policy`, `stores`, `clock` | the policy, the register of stores, the time |
//! | `certificates`, `issuers` | the server's certificate, callers' authorities and lists, issuers' keys |
//! | `messages` | who messages to customers are given to |
//! | `service` | addresses, readiness, and what the system allows the process |
//!
//! The keyring is looked at by `keys/`. Deliberately absent: any write. A running service is not kept waiting.

mod certificates;
mod clock;
mod command;
mod issuers;
mod messages;
mod policy;
mod room;
mod servers;
mod service;
mod store;
mod stores;

pub(super) use command::{DoctorArgs, run};
