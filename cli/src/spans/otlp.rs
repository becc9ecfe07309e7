//! Spans by OTLP over HTTP, in protobuf: to whom, with what and how many is said by the variables of OpenTelemetry.

use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use hyper::body::Bytes;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer,
    TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use crate::client::agent;
use crate::failure::{Failure, Result};
use crate::trace::Trace;

const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
/// How long the other end may take.
const TIME: Duration = Duration::from_secs(10);

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// What sends the spans.
pub(crate) struct Spans(Option<SdkTracerProvider>);

/// A span under way; it ends when it is dropped at the latest.
pub(crate) struct Span(Context);

/// Begins, where somebody is named who takes spans.
pub(crate) fn start() -> Result<Spans> {
    let Some(endpoint) = ENDPOINTS.iter().find_map(|name| variable(name)) else { return Ok(Spans(None)) };
    let is = |name, value| variable(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return Ok(Spans(None));
    }
    let client = Client(agent(&endpoint, TIME, "application/x-protobuf"));
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(client)
        .build();
    let exporter = exporter.map_err(|error| Failure::runtime("OTLP", error))?;
    let named = variable("OTEL_SERVICE_NAME").is_some()
        || variable("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|all| all.contains("service.name="));
    let resource = match named {
        true => Resource::builder(),
        false => Resource::builder().with_service_name("tokenmint"),
    };
    let provider =
        SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter).build();
    // Only this program sets it, and once.
    let _ = TRACER.set(provider.tracer("tokenmint"));
    Ok(Spans(Some(provider)))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Spans {
    /// Sends what is left.
    pub(crate) fn end(self) {
        if let Some(provider) = self.0 {
            // Who does not take them does not hold up the end; the log has said so.
            let _ = provider.shutdown();
        }
    }
}

impl Span {
    /// Of a request, which may be a part of a trace.
    pub(crate) fn request(method: &'static str, route: &'static str, parent: Option<&Trace>) -> Option<Self> {
        let tracer = TRACER.get()?;
        let remote = parent.and_then(|trace| {
            let (id, parent) =
                (TraceId::from_hex(&trace.id).ok()?, SpanId::from_hex(trace.parent.as_ref()?).ok()?);
            let flags = if trace.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
            Some(SpanContext::new(id, parent, flags, true, TraceState::default()))
        });
        let outside = Context::new();
        let parent = remote.map(|remote| outside.with_remote_span_context(remote)).unwrap_or(outside);
        let attributes = [KeyValue::new("http.request.method", method), KeyValue::new("http.route", route)];
        let span = tracer.span_builder(format!("{method} {route}")).with_kind(SpanKind::Server);
        let span = tracer.build_with_context(span.with_attributes(attributes), &parent);
        Some(Span(Context::new().with_span(span)))
    }

    /// Of a command to the store, below this one.
    pub(crate) fn command(&self, name: &'static str) -> Option<Self> {
        let tracer = TRACER.get()?;
        let span = tracer.span_builder(format!("store {name}")).with_kind(SpanKind::Client);
        let span = span.with_attributes([KeyValue::new("db.operation.name", name)]);
        Some(Span(Context::new().with_span(tracer.build_with_context(span, &self.0))))
    }

    pub(crate) fn trace_id(&self) -> String {
        self.0.span().span_context().trace_id().to_string()
    }

    /// The request was answered.
    pub(crate) fn answered(&self, status: u16) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        if status >= 500 {
            span.set_status(Status::error(""));
        }
        span.end();
    }

    /// The store has answered.
    pub(crate) fn done(&self, result: &'static str, failed: bool) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("tokenmint.result", result));
        if failed {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// Sends by what this program asks others with. It is called on a thread of its own.
#[derive(Debug)]
struct Client(ureq::Agent);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, body.to_vec());
        let (parts, mut body) = self.0.run(request)?.into_parts();
        Ok(http::Response::from_parts(parts, Bytes::from(body.read_to_vec()?)))
    }
}
