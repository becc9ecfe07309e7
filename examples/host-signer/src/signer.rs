//! The process that has the private key.

use std::io::{BufRead, Write};

use anyhow::{Context, Result};
use base64_simd::STANDARD;
use serde::{Deserialize, Serialize};
use tokenmint::{Algorithm, Entropy, Key, KeySet, Signer};

use crate::KID;

/// What the signer can be asked.
#[derive(Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Request {
    /// The public half of its key.
    PublicKey,
    /// A signature.
    Sign { kid: String, algorithm: Algorithm, message_base64: String },
}

/// What it answers.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// A public key as a JWK.
    PublicJwk(String),
    /// A signature in the form of JWS.
    SignatureBase64(String),
    /// Why not.
    Error(String),
}

/// Makes a key and answers until the other side closes its end of the pipe.
pub(crate) fn run() -> Result<()> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("no randomness")?;
    let key = Key::generate(Some(KID), Algorithm::ES256, &mut Entropy::new(seed))?;
    let keys = KeySet::builder().key(key)?.build()?;
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&keys, &line?).unwrap_or_else(|error| Answer::Error(error.to_string()));
        writeln!(output, "{}", serde_json::to_string(&answer)?)?;
        output.flush()?;
    }
    Ok(())
}

fn answer(keys: &KeySet, line: &str) -> Result<Answer> {
    match serde_json::from_str(line)? {
        Request::PublicKey => {
            let jwk = keys.key(KID).and_then(Key::public_jwk).context("the key has no public half")?;
            Ok(Answer::PublicJwk(jwk))
        }
        Request::Sign { kid, algorithm, message_base64 } => {
            let message = STANDARD.decode_to_vec(message_base64)?;
            // A set of keys signs for others; a signer of another kind calls its service here.
            let signature = keys.sign(&kid, algorithm, &message)?;
            Ok(Answer::SignatureBase64(STANDARD.encode_to_string(signature)))
        }
    }
}
