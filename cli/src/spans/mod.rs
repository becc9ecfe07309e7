//! Spans of requests and of the store's commands, for OpenTelemetry: nothing unless this is built with the feature `otlp`.

#[cfg(not(feature = "otlp"))]
mod none;
#[cfg(feature = "otlp")]
mod otlp;

#[cfg(not(feature = "otlp"))]
pub(crate) use none::{Span, start};
#[cfg(feature = "otlp")]
pub(crate) use otlp::{Span, start};
