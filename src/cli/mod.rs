//! The command line: one file a subcommand. It puts the program together and is the only part that prints.
//!
//! | file | holds |
//! | --- | --- |
//! | `run`, `args`, `dumps` | the start, the commands there are, and no trace of secrets in a crash |
//! | `failure`, `output` | exit codes, errors, and answers as text or JSON |
//! | `finding` | what a doctor found |
//! | `connection` | the flags of a connection, and the connection |
//! | `secret` | PINs, permits and tokens: from a prompt, a file or standard input, never from an argument |
//! | `flags/` | flags that commands share, turned into messages of the contract |
//! | `answers/` | messages of the contract as text and as JSON |
//! | `jsonl/` | files of one JSON object a line |
//! | `serve/` | the service itself |
//! | `doctor/` | looks at all that a service needs |
//! | `store/` | copies of the store |
//! | `stores` | stores for commands that start services of their own |
//! | `bench/` | the load generator |
//! | `scenario/` | plays what a policy must answer, step by step |
//! | `policy/` | looks at policies, before they decide |
//! | `keys/`, `token` | keys, and tokens of the development issuer |
//! | `decide`, `challenge`, `decision`, `lock`, `pin`, `transfer_pin`, `account`, `import/`, `events/`, `incident/`, `notice`, `separation`, `audit/` | calls of a running service |
//!
//! Deliberately absent: rules. What a value must be like the service says, naming its field; here only what would not
//! reach it is refused.

mod account;
mod answers;
mod args;
mod audit;
mod bench;
mod challenge;
mod connection;
mod day;
mod decide;
mod decision;
mod device;
mod doctor;
mod dumps;
mod events;
mod failure;
mod finding;
mod flags;
mod import;
mod incident;
mod jsonl;
mod keys;
mod lock;
mod notice;
mod output;
mod pin;
mod policy;
mod run;
mod scenario;
mod secret;
mod separation;
mod serve;
mod store;
mod stores;
mod swap;
mod token;
mod transfer_pin;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use audit::parse_public_keys;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use events::parse_event;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use import::parse_seed as parse_import_row;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use jsonl::{Line as JsonLine, Lines as JsonLines, Problem as JsonProblem};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use policy::decision_line;
pub use run::main;
