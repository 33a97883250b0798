//! Spans of calls and of the hops of a decision, for traces. Without the feature `otel` there are none and they cost nothing.
//!
//! INVARIANT (secrets-stay-in): a span holds names of the program and a status code; nothing of a request becomes one.

use tracing::Span;

#[cfg(feature = "otel")]
use super::otlp;

/// The span of a call, a child of its caller's (`traceparent`, W3C Trace Context) if it names one.
pub fn call_span(method: &'static str, traceparent: Option<&str>) -> Span {
    #[cfg(feature = "otel")]
    {
        let span = tracing::trace_span!(
            "call",
            otel.name = method,
            otel.kind = "server",
            rpc.system = "grpc",
            rpc.method = method,
            rpc.response.status_code = tracing::field::Empty
        );
        if let Some(traceparent) = traceparent {
            otlp::continue_trace(&span, traceparent);
        }
        span
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = (method, traceparent);
        Span::none()
    }
}

/// The call ended with this code.
pub fn call_ended(span: &Span, code: &'static str) {
    span.record("rpc.response.status_code", code);
}

/// The span of one hop of a decision.
pub fn hop_span(hop: &'static str) -> Span {
    #[cfg(feature = "otel")]
    {
        tracing::trace_span!("hop", otel.name = hop)
    }
    #[cfg(not(feature = "otel"))]
    {
        let _ = hop;
        Span::none()
    }
}
