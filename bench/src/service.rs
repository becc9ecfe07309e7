//! A service of all dialects on the store in memory, and what it is asked for.

use anyhow::{Context as _, Result, ensure};
use tokenmint::config::{Config, InlineOnly};
use tokenmint::endpoint::{Endpoint, Response};
use tokenmint::{Context, MemoryStore};

use crate::work::{IAT, SECRET};

/// The configuration that the transcripts of the endpoints are made with.
const TRANSCRIPTS: &str = include_str!("../../bindings-tests/vectors/transcripts.json");

/// A service with its store, and a clock that goes on from request to request, so that no rate limit is met.
pub(crate) struct Service {
    pub(crate) endpoint: Endpoint,
    pub(crate) store: MemoryStore,
    requests: u64,
}

impl Service {
    pub(crate) fn new(ledger_key: &str) -> Result<Self> {
        Self::with(|config| config["ledger"]["key"] = ledger_key.into())
    }

    pub(crate) fn with(change: impl FnOnce(&mut serde_json::Value)) -> Result<Self> {
        let transcripts: serde_json::Value = serde_json::from_str(TRANSCRIPTS)?;
        let mut config = transcripts["config"].clone();
        change(&mut config);
        let service = Config::from_json(&config.to_string())?.build(&mut InlineOnly)?;
        let (store, context) = (MemoryStore::new(), context(0));
        service.prepare_store(&context).run(&store).result?;
        Ok(Service { endpoint: service.endpoint, store, requests: 0 })
    }

    /// A request, and the context of the one with this number.
    pub(crate) fn request_at(
        &self,
        target: &str,
        bearer: &str,
        body: &str,
        number: u64,
    ) -> Result<(http::Request<Vec<u8>>, Context)> {
        let mut request = http::Request::post(target).header("content-type", JSON);
        if !bearer.is_empty() {
            request = request.header("authorization", bearer);
        }
        let request = request.header("x-monite-version", "2024-05-25").body(body.as_bytes().to_vec())?;
        Ok((request, context(number)))
    }

    pub(crate) fn post(&mut self, target: &str, bearer: &str, body: &str) -> Result<Response> {
        self.requests += 1;
        let (request, context) = self.request_at(target, bearer, body, self.requests)?;
        Ok(self.endpoint.handle(request, &context).run(&self.store).result?)
    }

    /// Refreshes again and again: each call redeems the token of the call before.
    pub(crate) fn refreshes(mut self) -> Result<impl FnMut() -> Result<Response>> {
        let mut token = refresh_token(&self.post("/auth/token", "", SESSION)?)?;
        Ok(move || {
            let body = format!("{{\"refresh_token\":\"{token}\"}}");
            let response = self.post("/auth/token/refresh", "", &body)?;
            token = refresh_token(&response)?;
            Ok(response)
        })
    }
}

pub(crate) const ENTITY: &str = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
pub(crate) const OPTIONS: &str = r#"{"expiresIn":"1h","sessionId":"ses_42","pages":{"paymentMethods":true,"counterparties":false},"vendors":{"network":"all","disableCreation":true}}"#;
pub(crate) const CLIENT: &str = r#"{"grant_type":"client_credentials","client_id":"eb959578-a74d-4ac3-8b25-bf0910027857","client_secret":"14c84a34-282b-4fd8-8af6-86b5b5f2c212"}"#;
const SESSION: &str = r#"{"api_key_id":"2khK02ZRc_TE9nYJyGIfIQ","api_key_secret":"jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE"}"#;
pub(crate) const LINK: &str = r#"{"end_user_origin_id":"1234","end_user_organization_name":"Test Organization","end_user_email_address":"test@example.com","categories":["hris","ats"]}"#;
const JSON: &str = "application/json";

/// The refresh token in a response.
fn refresh_token(response: &Response) -> Result<String> {
    let text = std::str::from_utf8(response.body())?;
    let token = text.split_once("\"refresh_token\":\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(token.with_context(|| format!("no refresh token in {text}"))?.0.to_owned())
}

/// An error for a response that is not a good one.
pub(crate) fn expect_ok(response: Response) -> Result<()> {
    ensure!(response.status().is_success(), "{response:?}, {}", String::from_utf8_lossy(response.body()));
    Ok(())
}

/// 20 ms from request to request, and a seed of its own for each.
pub(crate) fn context(request: u64) -> Context {
    let mut seed = SECRET;
    seed[..8].copy_from_slice(&request.to_be_bytes());
    Context::at_micros(IAT.unsigned_abs() * 1_000_000 + request * 20_000, seed)
}
