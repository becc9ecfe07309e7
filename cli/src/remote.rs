//! Fetches key sets, for `verify --jwks-url` and for those who trust other issuers. When, and what to make of them, is for the core's `RemoteKeySet`.

use std::time::Duration;

use tokenmint::{Error, ErrorCode, KeySet, RemoteKeySet, Resolution};

use crate::client::{agent, reason};
use crate::failure::{Failure, Result};
use crate::mint::now;

/// A fetch has this long, from name to last byte.
pub(crate) const TIME: Duration = Duration::from_secs(10);

/// The keys for this token.
pub(crate) fn keys_for(remote: &RemoteKeySet, token: &str) -> Result<KeySet> {
    // Once to be told to fetch, once to use what came.
    for _ in 0..2 {
        match remote.resolve_token(token, now()) {
            Resolution::Use(keys) => return Ok(keys),
            Resolution::Refuse(error) => return Err(error.into()),
            Resolution::Wait { .. } => break,
            Resolution::Fetch { url } => {
                let fetched = fetch(&url, remote.max_body());
                let (answer, max_age) = match &fetched {
                    Ok((body, max_age)) => (Ok(body.as_slice()), *max_age),
                    Err(error) => (Err(error.clone()), None),
                };
                if let Err(error) = remote.fetched(&url, answer, max_age, now()) {
                    return Err(Failure::runtime(url, error));
                }
            }
        }
    }
    Err(Failure::runtime("the key set", "fetched, and not used"))
}

/// The body of an answer 200, and its `max-age`.
pub(crate) fn fetch(url: &str, max_body: usize) -> Result<(Vec<u8>, Option<u64>), Error> {
    let fail = |error: ureq::Error| match error {
        ureq::Error::BodyExceedsLimit(limit) => {
            Error::new(ErrorCode::BodyTooLarge).because(format!("the key set has more than {limit} bytes"))
        }
        error => Error::new(ErrorCode::KeysUnavailable).because(reason(&error)),
    };
    let agent = agent(url, TIME, "application/jwk-set+json, application/json");
    let mut answer = agent.get(url).call().map_err(fail)?;
    if answer.status() != 200 {
        return Err(Error::new(ErrorCode::KeysUnavailable)
            .because(format!("the answer has status {}; 200 is needed", answer.status().as_u16())));
    }
    let max_age =
        answer.headers().get("cache-control").and_then(|value| value.to_str().ok()).and_then(max_age);
    let limit = u64::try_from(max_body).unwrap_or(u64::MAX);
    let body = answer.body_mut().with_config().limit(limit).read_to_vec().map_err(fail)?;
    Ok((body, max_age))
}

/// RFC 9111 section 5.2.2.1.
fn max_age(cache_control: &str) -> Option<u64> {
    let mut directives = cache_control.split(',').map(str::trim);
    directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse().ok())?
    })
}
