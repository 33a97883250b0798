//! Log lines on the standard error stream, and panics among them.

use thiserror::Error;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use super::panics::log_panics;
use crate::config::{Log, LogFormat, LogLevel, Telemetry};

/// Why nothing can be logged.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// This process logs already.
    #[error("logging has been set up before")]
    Installed(#[source] tracing::subscriber::SetGlobalDefaultError),
    /// Traces are asked for, and this program knows none.
    #[error("`telemetry.otlp` needs a program that was built with `--features otel`")]
    NoTraces,
    /// Whom a collector is believed by cannot be read.
    #[error("cannot read `telemetry.otlp.ca_file`, which is {}", path.display())]
    Authority {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// What sends traces cannot be made.
    #[error("traces cannot be sent to `telemetry.otlp.endpoint`: {0}")]
    Exporter(String),
}

/// What is still to be sent when the process ends.
#[derive(Debug, Default)]
pub struct Traces {
    #[cfg(feature = "otel")]
    provider: Option<opentelemetry_sdk::trace::SdkTracerProvider>,
}

impl Traces {
    /// Sends it. Blocks until a collector has it, or for a few seconds.
    pub fn finish(self) {
        #[cfg(feature = "otel")]
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Sends the log to the standard error stream, panics included, from here on and for the whole process.
///
/// # Errors
///
/// When it has been done before.
pub fn install(log: Log) -> Result<(), TelemetryError> {
    tracing::subscriber::set_global_default(subscriber(log, std::io::stderr)).map_err(TelemetryError::Installed)?;
    log_panics();
    Ok(())
}

/// The same, and spans to a collector where the settings name one. Within a runtime, which sends them.
///
/// # Errors
///
/// When it has been done before, or spans cannot be sent.
pub fn install_with_traces(log: Log, telemetry: &Telemetry) -> Result<Traces, TelemetryError> {
    let Some(otlp) = &telemetry.otlp else {
        install(log)?;
        return Ok(Traces::default());
    };
    #[cfg(feature = "otel")]
    {
        let provider = super::otlp::provider(otlp)?;
        let subscriber = subscriber(log, std::io::stderr).with(super::otlp::layer(&provider));
        tracing::subscriber::set_global_default(subscriber).map_err(TelemetryError::Installed)?;
        log_panics();
        Ok(Traces { provider: Some(provider) })
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = otlp;
        Err(TelemetryError::NoTraces)
    }
}

/// What turns events into lines and writes them.
pub fn subscriber<W>(log: Log, writer: W) -> impl Subscriber + for<'span> LookupSpan<'span> + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(worth_a_line(log.level)))
}

/// This program's events from the chosen level on; of the libraries warnings at most, since HTTP/2 logs headers at
/// lower levels, and headers hold tokens.
fn worth_a_line(level: LogLevel) -> Targets {
    let own = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    Targets::new().with_default(own.min(LevelFilter::WARN)).with_target(env!("CARGO_PKG_NAME"), own)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::subscriber;
    use crate::config::{Log, LogFormat, LogLevel};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(log: Log, work: impl FnOnce()) -> Vec<String> {
        let written = Written::default();
        let writer = written.clone();
        tracing::subscriber::with_default(subscriber(log, move || writer.clone()), work);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn json_lines_are_objects_with_their_fields() {
        let lines = lines(Log::default(), || tracing::info!(outcome = "DENY", "decided"));
        assert_eq!(lines.len(), 1);
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["message"], "decided");
        assert_eq!(line["outcome"], "DENY");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn text_lines_are_for_people() {
        let log = Log { format: LogFormat::Text, level: LogLevel::Info };
        let lines = lines(log, || tracing::info!(outcome = "DENY", "decided"));
        assert!(lines[0].contains("INFO") && lines[0].ends_with("decided outcome=\"DENY\""), "{}", lines[0]);
    }

    #[test]
    fn libraries_never_log_more_than_warnings() {
        let log = Log { format: LogFormat::Text, level: LogLevel::Debug };
        let lines = lines(log, || {
            tracing::debug!("own");
            tracing::debug!(target: "h2::codec", "authorization header");
            tracing::info!(target: "tonic::transport", "authorization header");
            tracing::warn!(target: "rustls", "theirs");
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].contains("own") && lines[1].contains("theirs"));
    }

    #[test]
    fn quieter_levels_are_quieter_for_all() {
        let log = Log { format: LogFormat::Text, level: LogLevel::Error };
        let lines = lines(log, || {
            tracing::warn!("own");
            tracing::warn!(target: "rustls", "theirs");
        });
        assert!(lines.is_empty(), "{lines:?}");
    }
}
