//! Keeps secrets out of what a crash leaves behind.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

use super::failure::Failure;

/// No core of this process is written, neither to a file nor into a collector's pipe, and no other process of the same
/// user may look into its memory. PINs and keys are in there.
///
/// # Errors
///
/// When the system refuses; then nothing that is secret may be read.
pub(super) fn forbid_dumps() -> Result<(), Failure> {
    let refused = |error: rustix::io::Errno| {
        Failure::failed(format!("core dumps cannot be turned off: {}", std::io::Error::from(error)))
    };
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(refused)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(refused)
}
