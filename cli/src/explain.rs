//! `tokenmint explain`.

use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;
use tokenmint::{UnixTime, unverified};

use crate::args::Explain;
use crate::failure::{Result, print};
use crate::keys;
use crate::mint::now;
use crate::verify::{json, key_set, raw, verifier};

pub(crate) fn run(args: &Explain) -> Result<()> {
    let token = match args.verify.token.as_str() {
        "-" => keys::text(Path::new("-"))?,
        token => token.to_owned(),
    };
    let has_key = args.verify.jwks.is_some()
        || args.verify.jwks_url.is_some()
        || args.verify.key.key.is_some()
        || args.verify.key.jwk_file.is_some()
        || args.verify.key.secret_file.is_some()
        || args.verify.key.secret_env.is_some();
    if !has_key {
        return without_keys(&token, args.verify.json);
    }
    let time = args.now.map_or_else(now, UnixTime::from_seconds);
    let explanation = verifier(&args.verify, key_set(&args.verify, &token)?).explain(&token, time);
    if args.verify.json {
        print(json(&explanation)?)?;
    } else {
        print(explanation.to_string().trim_end())?;
    }
    match explanation.error() {
        Some(error) => Err(error.clone().into()),
        None => Ok(()),
    }
}

fn without_keys(token: &str, as_json: bool) -> Result<()> {
    #[derive(Serialize)]
    struct Seen<'a> {
        verified: bool,
        header: &'a RawValue,
        claims: &'a RawValue,
    }
    let seen = unverified::decode(token)?;
    if as_json {
        return print(json(&Seen {
            verified: false,
            header: raw(seen.header().json())?,
            claims: raw(seen.json())?,
        })?);
    }
    // Line breaks between the parts of JSON are blanks: no line is anybody's but ours.
    let [header, claims] = [seen.header().json(), seen.json()].map(|json| json.replace('\n', " "));
    print(format_args!(
        "not verified: no key was given, so anyone may have written this\nheader: {header}\nclaims: {claims}"
    ))
}
