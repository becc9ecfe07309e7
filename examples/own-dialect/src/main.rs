//! A host for any endpoint, here with a dialect of one's own.
//!
//! `cargo run -p own-dialect` serves it.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::{Router, extract::Request, extract::State};
use tokenmint::endpoint::{Endpoint, MAX_BODY};
use tokenmint::{Algorithm, Claims, Context, ErrorCode, Issuer, Key, KeySet, Lifetime, MemoryStore, Policy};

mod devices;
#[cfg(test)]
mod tests;

/// The clock, and 32 random bytes.
fn context() -> Context {
    let (now, mut seed) = (std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970"), [0; 32]);
    getrandom::fill(&mut seed).expect("the system's randomness");
    Context::at_micros(now.as_micros() as u64, seed)
}

/// Answers a request. It knows no dialect: it would serve any other just so.
async fn answer(
    State((endpoint, store)): State<(Endpoint, Arc<MemoryStore>)>,
    request: Request,
) -> http::Response<Body> {
    let (parts, body) = request.into_parts();
    let response = match to_bytes(body, MAX_BODY + 1).await {
        Ok(body) => {
            let request = http::Request::from_parts(parts.clone(), body.to_vec());
            endpoint.handle(request, &context()).run(&*store).result
        }
        Err(_) => Err(ErrorCode::BodyTooLarge.into()),
    };
    response.unwrap_or_else(|error| endpoint.refuse(parts.uri.path(), &parts.headers, error)).map(Body::from)
}

fn issuer() -> Result<Issuer, tokenmint::Error> {
    let mut entropy = context().entropy();
    let key = Key::generate(Some("k1"), Algorithm::EdDSA, &mut entropy)?; // in earnest: one that is kept
    let policy = Policy::new("https://api.example.com")
        .audience("api")
        .session_secret(entropy.bytes::<32>().as_slice());
    Issuer::new(KeySet::builder().key(key)?.build()?, policy)
}

fn service(issuer: Issuer) -> Result<Router, tokenmint::Error> {
    let endpoint = Endpoint::builder().dialect(devices::Devices(issuer)).build()?;
    Ok(Router::new().fallback(answer).with_state((endpoint, Arc::default())))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = issuer()?;
    println!("token of u1: {}", issuer.mint(&Claims::new().subject("u1"), Lifetime::HOUR, &context())?);
    Ok(axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8080").await?, service(issuer)?).await?)
}
