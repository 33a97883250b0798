//! Who messages to customers are given to.

use crate::cli::finding::Finding;
use crate::config::Messages;
use crate::outbound::{Again, Courier};

/// Looks whether the receiver is there and is who it should be; nothing to look at where nobody is named. No message is sent.
pub(super) fn look(settings: Option<&Messages>) -> Option<Finding> {
    const CHECK: &str = "messages";
    const ADVICE: &str = "look at `[messages]`; docs/messages.md says what a receiver must be";
    let settings = settings?;
    if let Messages::File(folder) = settings {
        // Looking closer would make it.
        let found = format!("they are written to {}, and reach nobody", folder.display());
        return Some(Finding::warn(
            CHECK,
            found,
            "name the messaging system in `messages.webhook` before lines depend on it",
        ));
    }
    let courier = match Courier::open(settings) {
        Ok(courier) => courier,
        Err(error) => return Some(Finding::error(CHECK, &error, ADVICE)),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Some(Finding::error(CHECK, &error, "give this process threads")),
    };
    Some(match runtime.block_on(courier.reach()) {
        Ok(()) => Finding::ok(CHECK, format!("{} is there, and is who it should be", courier.receiver())),
        // It may be back in a moment.
        Err(error) if error.again() == Again::Soon => Finding::doubt(CHECK, &error, ADVICE),
        Err(error) => Finding::error(CHECK, &error, ADVICE),
    })
}
