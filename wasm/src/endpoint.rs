//! Endpoints: a request in, a response out.

use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde::Serialize;
use std::collections::BTreeMap;
use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::endpoint::Response;
use tokenmint::{Error, ErrorCode};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::{Result, internal};
use crate::issuer::Issuer;
use crate::keys::json;
use crate::lifetime::context;
use crate::task::Task;

/// The token endpoints of a service.
#[wasm_bindgen]
pub struct Endpoint(Service);

#[wasm_bindgen]
impl Endpoint {
    /// The endpoints that a configuration describes; it is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str) -> Result<Endpoint> {
        Ok(Endpoint(Config::from_json(config)?.build(&mut InlineOnly)?))
    }

    /// One of its issuers; the first where none is named.
    pub fn issuer(&self, name: Option<String>) -> Result<Issuer> {
        Ok(self.0.endpoint.issuer(name.as_deref())?.into())
    }

    /// Creates what must be in the store before the first request. The result is `{}`.
    pub fn prepare(&self, now_us: f64, seed: &[u8]) -> Result<Task> {
        let creation = self.0.prepare_store(&context(now_us, seed)?);
        Ok(Task::new(creation.map(|()| Ok(b"{}".to_vec()))))
    }

    /// Answers a request. `headers` holds names and values by turns. The result is a JSON object with `status`, `headers`
    /// and `body`.
    pub fn handle(
        &self,
        method: &str,
        target: &str,
        headers: Vec<String>,
        body: Vec<u8>,
        now_us: f64,
        seed: &[u8],
    ) -> Result<Task> {
        let request = request(method, target, &headers, body)?;
        let task = self.0.endpoint.handle(request, &context(now_us, seed)?);
        Ok(Task::new(task.map(|response| described(&response).map(String::into_bytes))))
    }

    /// The answer to a request that did not arrive whole: `code` says what is wrong. The result is that of `handle`.
    pub fn refuse(&self, target: &str, headers: Vec<String>, code: &str) -> Result<String> {
        let torn = [
            ErrorCode::BodyIncomplete,
            ErrorCode::BodyTimeout,
            ErrorCode::LengthRequired,
            ErrorCode::BodyTooLarge,
        ];
        let code = torn.into_iter().find(|torn| torn.name() == code);
        let code = code.ok_or_else(|| invalid("code", "no code of a request that did not arrive whole"))?;
        let (target, headers) = (uri(target)?, header(&headers)?);
        Ok(described(&self.0.endpoint.refuse(target.path(), &headers, code.into()))?)
    }
}

fn request(method: &str, target: &str, headers: &[String], body: Vec<u8>) -> Result<Request<Vec<u8>>> {
    let mut request = Request::new(body);
    *request.method_mut() =
        Method::from_bytes(method.as_bytes()).map_err(|_| invalid("method", "no HTTP method"))?;
    *request.uri_mut() = uri(target)?;
    *request.headers_mut() = header(headers)?;
    // A response crosses as a text: compressing it is left to whoever sends it.
    request.headers_mut().remove(ACCEPT_ENCODING);
    Ok(request)
}

/// The header of a request, of which names and values come by turns.
fn header(headers: &[String]) -> Result<HeaderMap> {
    let mut header = HeaderMap::new();
    for field in headers.chunks(2) {
        let [name, value] = field else { return Err(internal("headers are pairs").into()) };
        let no_header = |_| invalid("headers", "no header of HTTP");
        let name = HeaderName::try_from(name).map_err(|_| no_header(()))?;
        // As fetch and Node do: one byte for each character.
        let value: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
        let value = value.and_then(|value| HeaderValue::from_bytes(&value).ok());
        header.append(name, value.ok_or_else(|| no_header(()))?);
    }
    Ok(header)
}

fn uri(target: &str) -> Result<Uri, Error> {
    Uri::try_from(target).map_err(|_| invalid("target", "no path with a query"))
}

fn invalid(field: &'static str, reason: &'static str) -> Error {
    Error::new(ErrorCode::FieldInvalid).at(field).because(reason)
}

/// The endpoints write text only, and no field of the header twice.
fn described(response: &Response) -> Result<String, Error> {
    #[derive(Serialize)]
    struct Described<'a> {
        status: u16,
        headers: BTreeMap<&'a str, &'a str>,
        body: &'a str,
    }
    fn text(bytes: &[u8]) -> Result<&str, Error> {
        std::str::from_utf8(bytes).map_err(|_| internal("a response is text"))
    }
    let mut headers = BTreeMap::new();
    for (name, value) in response.headers() {
        headers.insert(name.as_str(), text(value.as_bytes())?);
    }
    let described = Described { status: response.status().as_u16(), headers, body: text(response.body())? };
    json(&described).map_err(|failure| failure.0)
}
