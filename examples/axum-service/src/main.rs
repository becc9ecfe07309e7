//! A service that mints tokens for a widget in a partner's page, and the API that takes them.

use axum::http::{HeaderMap, StatusCode, header};
use axum::{Json, Router, extract::State, routing};
use serde_json::{Value, json};
use tokenmint::{Algorithm, Claims, Context, Error, Issuer, Key, KeySet, Lifetime, Policy, SecretHash};

#[cfg(test)]
mod tests;

type Answer = Result<Json<Value>, StatusCode>;
#[derive(serde::Deserialize)]
struct Wanted {
    entity: String,
    pages: Vec<String>,
}

/// The clock, and 32 random bytes.
fn context() -> Context {
    let (now, mut seed) = (std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970"), [0; 32]);
    getrandom::fill(&mut seed).expect("the system's randomness");
    Context::at_micros(now.as_micros() as u64, seed)
}

fn bearer(headers: &HeaderMap) -> Result<&str, StatusCode> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let (_, token) =
        value.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(token.trim_start_matches(' '))
}

/// The partner's back end asks for a narrow token, and hands it to the page.
async fn widget_token(State(issuer): State<Issuer>, headers: HeaderMap, wanted: Json<Wanted>) -> Answer {
    let partner = SecretHash::of(b"demo-key"); // in earnest: only the hash is here
    partner.matches(bearer(&headers)?.as_bytes()).then_some(()).ok_or(StatusCode::UNAUTHORIZED)?;
    let claims = Claims::new().subject(&*wanted.entity).set("pages", &wanted.pages);
    let token = issuer.mint(&claims, Lifetime::HOUR, &context()).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(json!({ "token": token })))
}

/// The API: what the widget may see.
async fn invoices(State(issuer): State<Issuer>, headers: HeaderMap) -> Answer {
    let claims =
        issuer.verifier().verify(bearer(&headers)?, context().now()).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let pages: Vec<String> = claims.claim("pages").ok().flatten().unwrap_or_default();
    pages.iter().any(|page| page == "invoices").then_some(()).ok_or(StatusCode::FORBIDDEN)?;
    Ok(Json(json!({ "entity": claims.subject(), "invoices": [] })))
}

fn service() -> Result<Router, Error> {
    let key = Key::generate(Some("k1"), Algorithm::EdDSA, &mut context().entropy())?; // in earnest: one that is kept
    let policy = Policy::new("https://api.example.com").audience("widget");
    let issuer = Issuer::new(KeySet::builder().key(key)?.build()?, policy)?;
    let router = Router::new().route("/widget-token", routing::post(widget_token));
    Ok(router.route("/invoices", routing::get(invoices)).with_state(issuer))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, service()?).await?)
}
