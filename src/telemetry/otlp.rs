//! Traces to a collector, by OTLP over gRPC.

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::tonic_types::transport::{Certificate, ClientTlsConfig};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::TelemetryError;
use crate::config::Otlp;

/// How long a collector may take to accept spans. Nobody but the sender waits for it.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(5);

/// The service's name in traces.
const SERVICE: &str = env!("CARGO_PKG_NAME");

/// What sends spans. Full queues drop them: a collector that is away never holds a call up.
pub(super) fn provider(settings: &Otlp) -> Result<SdkTracerProvider, TelemetryError> {
    let mut exporter =
        SpanExporter::builder().with_tonic().with_endpoint(settings.endpoint.as_str()).with_timeout(ACCEPTED_WITHIN);
    if let Some(path) = &settings.ca_file {
        let unreadable = |source| TelemetryError::Authority { path: path.clone(), source };
        let pem = std::fs::read_to_string(path).map_err(unreadable)?;
        exporter = exporter.with_tls_config(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)));
    }
    let exporter = exporter.build().map_err(|error| TelemetryError::Exporter(error.to_string()))?;
    let share = f64::from(settings.sampled_percent.to_u32()) / 100.0;
    let resource = Resource::builder_empty().with_service_name(SERVICE).build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
        .with_resource(resource)
        .build())
}

/// What turns this program's spans into what is sent. Events stay in the log.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer(SERVICE))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_level(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with(SERVICE)))
}

/// Makes a span the child of its caller's. What is not a trace's parent is passed over: a call is not refused for it.
pub(super) fn continue_trace(span: &Span, traceparent: &str) {
    let carried = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&carried);
    if let Err(error) = span.set_parent(context) {
        tracing::debug!(%error, "a caller's trace is not followed");
    }
}
