//! `tokenmint verify`.

use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;
use tokenmint::{KeySet, RemoteKeySet, Verifier};

use crate::args::{Verify, VerifyOptions};
use crate::failure::{Failure, Result, print};
use crate::keys;
use crate::mint::now;
use crate::remote;

pub(crate) fn run(args: &Verify) -> Result<()> {
    let args = &args.options;
    let token = match args.token.as_str() {
        "-" => keys::text(Path::new("-"))?,
        token => token.to_owned(),
    };
    let verifier = verifier(args, key_set(args, &token)?);
    let verified = verifier.verify(&token, now())?;
    if !args.json {
        return print(verified.json());
    }
    #[derive(Serialize)]
    struct Good<'a> {
        claims: &'a RawValue,
        alg: &'static str,
        kid: Option<&'a str>,
    }
    print(json(&Good {
        claims: raw(verified.json())?,
        alg: verified.algorithm().name(),
        kid: verified.key_id(),
    })?)
}

/// JSON text that stays as it is, digit for digit.
pub(crate) fn raw(text: &str) -> Result<&RawValue> {
    serde_json::from_str(text).map_err(|error| Failure::runtime("JSON", error))
}

pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Failure::runtime("JSON", error))
}

pub(crate) fn key_set(args: &VerifyOptions, token: &str) -> Result<KeySet> {
    if let Some(url) = &args.jwks_url {
        // One address, whatever the issuer's name; the verifier checks that.
        let remote = RemoteKeySet::new().algorithms(args.key.alg.as_slice());
        let remote = match args.allow_plain_http {
            true => remote.allow_plain_http_issuer("any", url),
            false => remote.issuer("any", url),
        };
        return remote::keys_for(&remote?, token);
    }
    let Some(path) = &args.jwks else {
        return Ok(KeySet::builder().key(keys::read(&args.key)?)?.build()?);
    };
    let algorithms = args.key.alg.as_slice();
    let set = KeySet::from_jwks_as(algorithms, &keys::text(path)?)?;
    if set.keys().len() == 0 {
        // An empty set would refuse every token with a reason that says nothing about the file.
        let reasons: Vec<String> = set.skipped().iter().map(|(_, reason)| reason.to_string()).collect();
        let reasons = if reasons.is_empty() { "the set is empty".to_owned() } else { reasons.join("; ") };
        return Err(Failure::config(format!("{}: no key can be used: {reasons}", path.display())));
    }
    Ok(set)
}

pub(crate) fn verifier(args: &VerifyOptions, keys: KeySet) -> Verifier {
    let mut verifier = Verifier::new(keys).leeway_seconds(args.leeway);
    verifier = match args.any_issuer {
        true => verifier.any_issuer(),
        false => args.issuer.iter().fold(verifier, Verifier::issuer),
    };
    verifier = match args.any_audience {
        true => verifier.any_audience(),
        false => args.audience.iter().fold(verifier, Verifier::audience),
    };
    verifier = match args.any_typ {
        true => verifier.any_token_type(),
        false => verifier.token_type(&args.typ),
    };
    if let Some(subject) = &args.subject {
        verifier = verifier.subject(subject);
    }
    if args.without_expiry {
        verifier = verifier.without_expiry();
    }
    if let Some(alg) = args.key.alg {
        verifier = verifier.algorithms(&[alg]);
    }
    verifier
}
