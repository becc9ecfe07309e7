//! Issuers. `mint` is called for every token: see [`crate::exchange`].

use std::cell::RefCell;

use tokenmint::Reply;
use tokenmint::config::IssuerConfig;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::error::Result;
use crate::exchange::{self, Answer};
use crate::functions::{context_of_seconds, seed_of};
use crate::keys::KeySet;
use crate::lifetime::{context, lifetime};
use crate::task::{Question, Task};
use crate::verifier::Verifier;

/// An issuer.
#[wasm_bindgen]
pub struct Issuer {
    issuer: tokenmint::Issuer,
    /// Whether the host signs.
    asks: bool,
    /// The token for which the host is being asked.
    pending: RefCell<Option<Question<String>>>,
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
        match self.begin(claims, members, lifetime_seconds, now, seeded) {
            Ok(Begun::Minted(token)) => exchange::leave(Ok(Answer::Bytes(token.as_bytes()))),
            Ok(Begun::Asked(question)) => question.go_on(None, &self.pending),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// Goes on with the host's signature, which stands in the input.
    pub fn mint_finish(&self, signature: u32) -> i32 {
        let Some(question) = self.pending.take() else {
            return exchange::leave(Err(exchange::not_asked().into()));
        };
        match exchange::read(0, signature, <[u8]>::to_vec) {
            Ok(signature) => question.go_on(Some(Reply::Signed(signature)), &self.pending),
            Err(error) => exchange::leave(Err(error)),
        }
    }

    /// `mint` as a task, for hosts that answer later. Its result is the token.
    pub fn mint_task(
        &self,
        claims: &str,
        members: Option<String>,
        lifetime_seconds: f64,
        now: f64,
        seed: &[u8],
    ) -> Result<Task> {
        let context = context_of_seconds(now, seed_of(seed)?)?;
        let lifetime = lifetime(lifetime_seconds)?;
        let task = self.issuer.mint_claims_task(claims, members.as_deref(), lifetime, &context);
        Ok(Task::new(task.map(|token| Ok(token.into_bytes()))))
    }

    /// A flow by its name, with JSON in and out.
    pub fn operation(&self, name: &str, input: &str, now_us: f64, seed: &[u8]) -> Result<Task> {
        let flow = self.issuer.operation(name, input, &context(now_us, seed)?);
        Ok(Task::new(flow.map(|output| Ok(output.into_bytes()))))
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
        Issuer { issuer, asks, pending: RefCell::default() }
    }
}

enum Begun {
    Minted(String),
    Asked(Question<String>),
}

impl Issuer {
    fn begin(&self, claims: u32, members: u32, life: f64, now: f64, seeded: bool) -> Result<Begun> {
        let seed = match seeded {
            true => exchange::read(claims + members, 32, seed_of)??,
            false => [0; 32],
        };
        let (context, life) = (context_of_seconds(now, seed)?, lifetime(life)?);
        let given = |then: &dyn Fn(&str, Option<&str>) -> Result<Begun>| {
            exchange::read_text(0, claims, |claims_text| match members {
                0 => then(claims_text, None),
                length => exchange::read_text(claims, length, |members| then(claims_text, Some(members)))?,
            })?
        };
        if self.asks {
            return given(&|claims, members| {
                let task = self.issuer.mint_claims_task(claims, members, life, &context);
                Ok(Begun::Asked(Question::new(task)))
            });
        }
        given(&|claims, members| Ok(Begun::Minted(self.issuer.mint_claims(claims, members, life, &context)?)))
    }
}
