//! Issuers. `mint` is called for every token: see [`crate::exchange`].

use tokenmint::config::IssuerConfig;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::exchange::{self, Answer};
use crate::functions::{context_of_seconds, seed_of};
use crate::keys::KeySet;
use crate::lifetime::lifetime;
use crate::question;
use crate::verifier::Verifier;

/// An issuer.
#[wasm_bindgen]
pub struct Issuer {
    issuer: tokenmint::Issuer,
    /// Whether the host signs.
    asks: bool,
}

#[wasm_bindgen]
impl Issuer {
    /// An issuer that signs with the first key that can; the configuration is JSON.
    #[wasm_bindgen(constructor)]
    pub fn new(keys: &KeySet, config: &str) -> Result<Issuer> {
        let issuer = IssuerConfig::from_json(config)?.build(keys.0.clone())?;
        Ok(issuer.into())
    }

    /// Mints a token of what stands in the input: the claims as JSON, ready-made members as JSON (`members` may be 0),
    /// and 32 bytes of seed where `seeded`, which only claims with a `jti` can do without. Leaves the token.
    pub fn mint(&self, claims: u32, members: u32, lifetime_seconds: f64, now: f64, seeded: bool) -> i32 {
        self.minted(claims, members, lifetime_seconds, now, seeded)
            .unwrap_or_else(|error| exchange::leave(Err(error)))
    }

    /// A flow by its name, with JSON in and out.
    #[cfg(feature = "flows")]
    pub fn operation(&self, name: &str, input: &str, now_us: f64, seed: &[u8]) -> Result<crate::task::Task> {
        let flow = self.issuer.operation(name, input, &crate::lifetime::context(now_us, seed)?);
        Ok(crate::task::Task::new(flow.map(|output| Ok(output.into_bytes()))))
    }

    /// A verifier of its tokens.
    pub fn verifier(&self, audience: Option<String>) -> Verifier {
        let verifier = self.issuer.verifier();
        let verifier = match audience {
            Some(audience) => verifier.audience(audience),
            None => verifier,
        };
        Verifier::with(verifier, self.issuer.keys())
    }

    /// The public halves of its keys.
    pub fn public_jwks(&self) -> String {
        self.issuer.public_jwks()
    }
}

impl From<tokenmint::Issuer> for Issuer {
    fn from(issuer: tokenmint::Issuer) -> Self {
        let asks = issuer.keys().signing_key().is_some_and(tokenmint::Key::is_held_by_host);
        Issuer { issuer, asks }
    }
}

impl Issuer {
    fn minted(&self, claims: u32, members: u32, life: f64, now: f64, seeded: bool) -> Result<i32> {
        let seed = match seeded {
            true => exchange::read(claims + members, 32, seed_of)??,
            false => [0; 32],
        };
        let (context, life) = (context_of_seconds(now, seed)?, lifetime(life)?);
        if self.asks {
            let task = given(claims, members, |claims, members| {
                self.issuer.mint_claims_task(claims, members, life, &context)
            })?;
            return Ok(question::begin(task.map(|token| Ok(token.into_bytes()))));
        }
        let token = given(claims, members, |claims, members| {
            self.issuer.mint_claims(claims, members, life, &context)
        })??;
        Ok(exchange::leave(Ok(Answer::Bytes(token.as_bytes()))))
    }
}

/// Takes the claims and the members that stand in the input.
fn given<T>(claims: u32, members: u32, then: impl FnOnce(&str, Option<&str>) -> T) -> Result<T> {
    exchange::read_text(0, claims, |text| match members {
        0 => Ok(then(text, None)),
        length => exchange::read_text(claims, length, |members| then(text, Some(members))),
    })?
}
