//! What the service tells its operators: log lines and counters.
//!
//! INVARIANT (secrets-stay-in): labels of counters are texts of the program, never of a request, so no phone number or
//! account can be one; a panic is logged by its place, never by its message, which may quote what it choked on.

mod catalogue;
mod logging;
mod metrics;
mod standing;

pub use catalogue::Described;
pub use logging::{TelemetryError, install, subscriber};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics};
pub use standing::Standing;
