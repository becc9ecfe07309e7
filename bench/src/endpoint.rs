//! `endpoint.handle` of each dialect on the store in memory.

use anyhow::{Context as _, Result, ensure};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokenmint::config::{Config, InlineOnly};
use tokenmint::endpoint::{Endpoint, Response};
use tokenmint::{Context, MemoryStore};

use crate::measure::Table;
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

    fn with(change: impl FnOnce(&mut serde_json::Value)) -> Result<Self> {
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

    fn post(&mut self, target: &str, bearer: &str, body: &str) -> Result<Response> {
        self.requests += 1;
        let (request, context) = self.request_at(target, bearer, body, self.requests)?;
        Ok(self.endpoint.handle(request, &context).run(&self.store).result?)
    }
}

pub(crate) const ENTITY: &str = "/entity/ent_a0f6ea94-0761-4a5e-a416-3c453cb7eced/token";
pub(crate) const OPTIONS: &str = r#"{"expiresIn":"1h","sessionId":"ses_42","pages":{"paymentMethods":true,"counterparties":false},"vendors":{"network":"all","disableCreation":true}}"#;
const CLIENT: &str = r#"{"grant_type":"client_credentials","client_id":"eb959578-a74d-4ac3-8b25-bf0910027857","client_secret":"14c84a34-282b-4fd8-8af6-86b5b5f2c212"}"#;
const SESSION: &str = r#"{"api_key_id":"2khK02ZRc_TE9nYJyGIfIQ","api_key_secret":"jI0X2n55EHnNaZasmzfOL36wXx6b4D7Wmw-riZCeGWE"}"#;
const LINK: &str = r#"{"end_user_origin_id":"1234","end_user_organization_name":"Test Organization","end_user_email_address":"test@example.com","categories":["hris","ats"]}"#;
const JSON: &str = "application/json";

pub(crate) fn table() -> Result<Table> {
    let mut table = Table::new("endpoint");
    let keyed = Hmac::<Sha256>::new_from_slice(&SECRET)?;
    table.case("HMAC-SHA256 over 449 bytes", move || keyed.clone().chain_update([0; 449]).finalize());

    let service = Service::new("ledger")?;
    table.case("building a request and a context alone", move || {
        service.request_at(ENTITY, "Bearer key", OPTIONS, 0)
    });

    for (name, body) in
        [("options and a session", OPTIONS), ("nothing but `expiresIn`", r#"{"expiresIn":"1h"}"#)]
    {
        let mut service = Service::new("ledger")?;
        let mut entity = move || service.post(ENTITY, "Bearer demo-mercoa-key", body);
        expect_ok(entity()?)?;
        table.case(format!("Mercoa: entity token, {name}, HS256"), entity);
    }
    for (name, format) in [("JWT, HS256", "jwt"), ("opaque", "opaque")] {
        let mut service = Service::with(|config| config["monite"]["access_tokens"] = format.into())?;
        let mut client = move || service.post("/v1/auth/token", "", CLIENT);
        expect_ok(client()?)?;
        table.case(format!("Monite: client credentials, {name}"), client);
    }
    for (name, key) in [("HS256", "mercoa"), ("EdDSA", "ledger")] {
        let mut service = Service::new(key)?;
        let mut token = refresh_token(&service.post("/auth/token", "", SESSION)?)?;
        let mut refresh = move || {
            let body = format!("{{\"refresh_token\":\"{token}\"}}");
            let response = service.post("/auth/token/refresh", "", &body)?;
            token = refresh_token(&response)?;
            anyhow::Ok(response)
        };
        expect_ok(refresh()?)?;
        table.case(format!("Ledger: refresh, {name}"), refresh);
    }
    let mut service = Service::new("ledger")?;
    let mut link = move || service.post("/api/hris/v1/link-token", "Bearer demo-merge-key", LINK);
    expect_ok(link()?)?;
    table.case("Merge: create a link", link);
    Ok(table)
}

fn refresh_token(response: &Response) -> Result<String> {
    let text = std::str::from_utf8(response.body())?;
    let token = text.split_once("\"refresh_token\":\"").and_then(|(_, rest)| rest.split_once('"'));
    Ok(token.with_context(|| format!("no refresh token in {text}"))?.0.to_owned())
}

fn expect_ok(response: Response) -> Result<()> {
    ensure!(response.status().is_success(), "{response:?}, {}", String::from_utf8_lossy(response.body()));
    Ok(())
}

/// 20 ms from request to request, and a seed of its own for each.
pub(crate) fn context(request: u64) -> Context {
    let mut seed = SECRET;
    seed[..8].copy_from_slice(&request.to_be_bytes());
    Context::at_micros(IAT.unsigned_abs() * 1_000_000 + request * 20_000, seed)
}
