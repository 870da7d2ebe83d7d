//! Traces for an OpenTelemetry collector, under the feature `otel`.
//!
//! Spans are those of the log: one for each request, by its route, and one for each request to a vendor, by the template of
//! its path. They hold ids of requests and accounts, and nothing about a person. Where to send them is said by the standard
//! variables, such as `OTEL_EXPORTER_OTLP_ENDPOINT`; without that one nothing is sent. This is the one module that knows
//! OpenTelemetry.

use axum::http::HeaderMap;

#[cfg(feature = "otel")]
pub use on::{Traces, start};

/// Makes a request's span part of the trace that its client began, as `traceparent` says.
#[cfg_attr(not(feature = "otel"), allow(unused_variables))]
pub fn adopt(span: &tracing::Span, headers: &HeaderMap) {
    #[cfg(feature = "otel")]
    on::adopt(span, headers);
}

#[cfg(feature = "otel")]
mod on {
    use axum::http::HeaderMap;
    use opentelemetry::propagation::{Extractor, TextMapPropagator};
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
    use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
    use tracing_subscriber::registry::LookupSpan;

    /// Where traces go, and the variable that turns them on.
    const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
    /// What this program is called in a trace, unless `OTEL_SERVICE_NAME` says otherwise.
    const SERVICE: &str = "userdir";

    /// Sends what is left when it is dropped.
    #[derive(Debug)]
    pub struct Traces(SdkTracerProvider);

    impl Drop for Traces {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "the last traces could not be sent");
            }
        }
    }

    /// The layer, and what has to be kept until the end.
    type Started<S> = (OpenTelemetryLayer<S, SdkTracer>, Traces);

    /// The layer that makes traces of spans, where the environment names a collector.
    ///
    /// # Errors
    /// Where what the environment says cannot be used.
    pub fn start<S>() -> Result<Option<Started<S>>, ExporterBuildError>
    where
        S: tracing::Subscriber + for<'span> LookupSpan<'span>,
    {
        if !ENDPOINTS.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
            return Ok(None);
        }
        userdir::runtime::install_crypto();
        let exporter = SpanExporter::builder().with_http().build()?;
        let name = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
        let resource = Resource::builder().with_service_name(name.unwrap_or_else(|| SERVICE.to_owned())).build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer(SERVICE));
        Ok(Some((layer, Traces(provider))))
    }

    pub(super) fn adopt(span: &tracing::Span, headers: &HeaderMap) {
        let context = TraceContextPropagator::new().extract(&Headers(headers));
        // a span that nobody records has no parent to take
        let _ = span.set_parent(context);
    }

    struct Headers<'h>(&'h HeaderMap);

    impl Extractor for Headers<'_> {
        fn get(&self, key: &str) -> Option<&str> {
            self.0.get(key)?.to_str().ok()
        }

        fn keys(&self) -> Vec<&str> {
            self.0.keys().map(axum::http::HeaderName::as_str).collect()
        }
    }
}
