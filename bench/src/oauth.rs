//! The standard token endpoint, and the flows beside it, in process on the store in memory.

use anyhow::{Context as _, Result, ensure};
use base64_simd::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokenmint::config::{Config, InlineOnly};
use tokenmint::endpoint::Endpoint;
use tokenmint::{Context, MemoryStore, SecretHash};

use crate::measure::Table;
use crate::service::context;
use crate::work::SECRET;

const CLIENT_SECRET: &str = "the-secret-of-a-client-of-the-benchmark";
const ISSUER: &str = "https://issuer.example.com";

/// A server with its store, and a clock that goes on from request to request.
struct Service {
    endpoint: Endpoint,
    store: MemoryStore,
    requests: u64,
}

impl Service {
    fn new(access_format: &str) -> Result<Self> {
        let config = json!({
            "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
            "oauth": {
                "issuer": ISSUER,
                "key": "k1",
                "audience": "https://api.example.com",
                "access_format": access_format,
                "lifetime": "1h",
                "session_secret": "another secret of at least thirty-two bytes",
            },
            "clients": [{
                "id": "bench-client",
                "organization": "org_1",
                "secret_sha256": SecretHash::of(CLIENT_SECRET.as_bytes()).to_string(),
                "permissions": ["client_credentials", "refresh_token", "token_exchange"],
                "scope": "read write",
            }],
        });
        let service = Config::from_json(&config.to_string())?.build(&mut InlineOnly)?;
        let (store, context) = (MemoryStore::new(), context(0));
        service.prepare_store(&context).run(&store).result?;
        Ok(Service { endpoint: service.endpoint, store, requests: 0 })
    }

    fn next(&mut self) -> Context {
        self.requests += 1;
        context(self.requests)
    }

    fn post(&mut self, path: &str, form: &str) -> Result<Vec<u8>> {
        let basic = STANDARD.encode_to_string(format!("bench-client:{CLIENT_SECRET}"));
        let request = http::Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", format!("Basic {basic}"))
            .body(form.as_bytes().to_vec())?;
        let context = self.next();
        let response = self.endpoint.handle(request, &context).run(&self.store).result?;
        let body = response.into_body();
        ensure!(body.starts_with(b"{\"a"), "{}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    fn operation(&mut self, name: &str, input: &Value) -> Result<Value> {
        let context = self.next();
        let output =
            self.endpoint.operation(None, name, &input.to_string(), &context).run(&self.store).result?;
        Ok(serde_json::from_str(&output)?)
    }
}

pub(crate) fn table() -> Result<Table> {
    let mut table = Table::new("standard endpoint");
    let keyed = Hmac::<Sha256>::new_from_slice(&SECRET)?;
    table.case("HMAC-SHA256 over 449 bytes", move || keyed.clone().chain_update([0; 449]).finalize());
    for (name, format) in [("JWT, HS256", "jwt"), ("opaque", "opaque")] {
        let mut service = Service::new(format)?;
        table.case(format!("client credentials, {name}"), move || {
            service.post("/oauth/token", "grant_type=client_credentials&scope=read")
        });

        let mut service = Service::new(format)?;
        let session = json!({ "subject": "user_1", "client_id": "bench-client", "scope": "read write" });
        let mut refresh = text(&service.operation("start_session", &session)?, "refresh_token")?;
        table.case(format!("refresh, {name}"), move || {
            let body =
                service.post("/oauth/token", &format!("grant_type=refresh_token&refresh_token={refresh}"))?;
            refresh = text(&serde_json::from_slice(&body)?, "refresh_token")?;
            anyhow::Ok(())
        });

        let mut service = Service::new(format)?;
        let token = token(&mut service)?;
        let exchange = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&scope=read&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:access_token"
        );
        table.case(format!("exchange, {name}"), move || service.post("/oauth/token", &exchange));

        let mut service = Service::new(format)?;
        let form = format!("token={}", self::token(&mut service)?);
        table.case(format!("introspection, {name}"), move || service.post("/oauth/introspect", &form));
    }
    let mut service = Service::new("jwt")?;
    let made = service.operation("create_api_key", &json!({ "owner": "org_1", "scope": "read" }))?;
    let key = json!({ "api_key": text(&made, "api_key")? });
    service.operation("verify_api_key", &key)?;
    table.case("verify_api_key", move || service.operation("verify_api_key", &key));
    Ok(table)
}

fn token(service: &mut Service) -> Result<String> {
    let body = service.post("/oauth/token", "grant_type=client_credentials&scope=read%20write")?;
    text(&serde_json::from_slice(&body)?, "access_token")
}

fn text(body: &Value, name: &str) -> Result<String> {
    Ok(body[name].as_str().with_context(|| format!("no {name} in {body}"))?.to_owned())
}
