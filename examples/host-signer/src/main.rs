//! Mints and verifies a token without ever having the private key.
//!
//! ```sh
//! cargo run -p host-signer
//! ```
//!
//! This program starts itself a second time, as the signer: that process makes the key, keeps it, and signs what it
//! is asked to, one line of JSON in, one line out. Whatever holds the keys of a real service (a key management
//! service, a security module) takes the signer's place; `signer.rs` shows what it has to answer.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use tokenmint::{Claims, Context, Issuer, Key, KeySet, Lifetime, MemoryStore, Policy, UnixTime, WithSigner};

mod client;
mod signer;

/// The key, as both processes call it.
const KID: &str = "2026-01";

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("signer") {
        return signer::run();
    }

    let signer = client::Process::start()?;
    // With the public half, tokens are verified here, and a signature that is not right never leaves as a token.
    let public = Key::from_jwk(&signer.public_jwk()?)?;
    let key = Key::held_by_host(KID, public.algorithm(), Some(public))?;
    let keys = KeySet::builder().key(key)?.build()?;
    let issuer = Issuer::new(keys, Policy::new("https://api.example.com").audience("app"))?;

    // Whatever a flow asks for goes to the store, or to the signer beside it.
    let host = WithSigner::new(MemoryStore::new(), signer);
    let context = now()?;
    let claims = Claims::new().subject("ent_1").set("seats", 12);
    let token = issuer.mint_task(&claims, Lifetime::HOUR, &context).run(&host).result?;
    println!("{token}");

    let verified = issuer.verifier().verify(&token, context.now())?;
    println!("{}", verified.json());
    println!("{}", issuer.public_jwks());
    Ok(())
}

/// The clock and 32 random bytes: the core has neither.
fn now() -> Result<Context> {
    let since: Duration = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("no randomness")?;
    Ok(Context::new(UnixTime::from_seconds(i64::try_from(since.as_secs())?), seed))
}
