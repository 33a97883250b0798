//! What the service tells its operators: log lines, counters and, with the feature `otel`, traces.
//!
//! INVARIANT (secrets-stay-in): labels of counters are texts of the program, never of a request, so no phone number or
//! account can be one; a panic is logged by its place, never by its message, which may quote what it choked on.

mod catalogue;
mod logging;
mod metrics;
mod notices;
#[cfg(feature = "otel")]
mod otlp;
mod panics;
mod spans;
mod standing;
mod store_calls;

pub use catalogue::Described;
pub use logging::{TelemetryError, Traces, install, install_with_traces, subscriber};
pub use metrics::{METRICS_CONTENT_TYPE, Metrics};
pub use notices::NoticeCounts;
pub use panics::hide_panics;
pub use spans::{call_ended, call_span, hop_span};
pub use standing::Standing;
pub use store_calls::StoreCalls;
