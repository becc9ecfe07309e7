//! The token endpoints: a request in, a response out.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};
use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::endpoint::{MAX_BODY, Response};
use tokenmint::{Error, ErrorCode, Issuer};

use crate::errors::{Result, unpicklable};
use crate::host::Now;
use crate::json;
use crate::task::Task;

/// The token endpoints of one host.
#[pyclass(frozen, subclass, module = "tokenmint._tokenmint")]
pub(crate) struct Endpoint(Service);

#[pymethods]
impl Endpoint {
    /// The largest body that is read, in bytes.
    #[classattr]
    const MAX_BODY: usize = MAX_BODY;

    #[new]
    #[pyo3(signature = (config, /))]
    fn new(config: &Bound<'_, PyAny>) -> Result<Self> {
        let config = match config.cast::<PyString>() {
            Ok(text) => Config::from_json(text.to_str()?)?,
            Err(_) => Config::from_json(&json::input(config)?)?,
        };
        Ok(Endpoint(config.build(&mut InlineOnly)?))
    }

    #[pyo3(signature = (method, target, headers, body, now, seed))]
    fn _handle(
        &self,
        method: &str,
        target: &str,
        headers: Vec<(String, String)>,
        body: &[u8],
        now: Option<&Bound<'_, PyAny>>,
        seed: Option<&Bound<'_, PyBytes>>,
    ) -> Result<Task> {
        let request = request(method, target, &headers, body)?;
        let task = self.0.endpoint.handle(request, &Now::of(now)?.context(seed)?);
        Ok(Task::new(task, |py, response| answer(py, &response)))
    }

    #[pyo3(signature = (target, headers, code))]
    fn _refuse<'py>(
        &self,
        py: Python<'py>,
        target: &str,
        headers: Vec<(String, String)>,
        code: &str,
    ) -> Result<Bound<'py, PyAny>> {
        let request = request("GET", target, &headers, &[])?;
        let code = ErrorCode::ALL.iter().find(|known| known.name() == code);
        let code = code.ok_or_else(|| PyValueError::new_err("error: a class of tokenmint.errors"))?;
        answer(py, &self.0.endpoint.refuse(request.uri().path(), request.headers(), (*code).into()))
    }

    #[pyo3(signature = (now, seed))]
    fn _prepare(&self, now: Option<&Bound<'_, PyAny>>, seed: Option<&Bound<'_, PyBytes>>) -> Result<Task> {
        let now = Now::of(now)?;
        let task = self.0.prepare_store(&now.context(seed)?);
        Ok(Task::new(task, |py, ()| Ok(py.None().into_bound(py))))
    }

    fn __reduce__(&self) -> Result<()> {
        unpicklable("Endpoint")
    }
}

impl Endpoint {
    /// One of its issuers; the first where none is named.
    pub(crate) fn issuer(&self, name: Option<&str>) -> std::result::Result<Issuer, Error> {
        self.0.endpoint.issuer(name)
    }
}

fn request(
    method: &str,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<http::Request<Vec<u8>>> {
    let mut request = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.body(body.to_vec()).map_err(|_| {
        Error::new(ErrorCode::InvalidRequest)
            .at("request")
            .because("the method, the target or a header is none of HTTP")
    });
    Ok(request?)
}

/// A response as `tokenmint.results` has it.
fn answer<'py>(py: Python<'py>, response: &Response) -> Result<Bound<'py, PyAny>> {
    let parts = PyDict::new(py);
    parts.set_item("status", response.status().as_u16())?;
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str(), text(value)));
    parts.set_item("headers", headers.collect::<Vec<_>>())?;
    parts.set_item("body", PyBytes::new(py, response.body()))?;
    Ok(py.import("tokenmint.results")?.getattr("Response")?.call((), Some(&parts))?)
}
