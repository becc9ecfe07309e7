//! An operation by the admin API of a server.

use std::env::VarError;
use std::net::IpAddr;
use std::time::Duration;

use serde::Deserialize;
use tokenmint::operation::Operation;
use tokenmint::{Error, ErrorCode, Secret};
use url::{Host, Url};

use super::refused;
use crate::args::admin::{Admin, URL};
use crate::client::{agent, reason};
use crate::failure::{Failure, Result};
use crate::keys;

/// The variable that holds the admin key, where nothing else is said.
const KEY: &str = "TOKENMINT_ADMIN_KEY";

/// The variable that holds the address, where no option does.
const ADDRESS: &str = "TOKENMINT_ADMIN_URL";

/// A call has this long, from name to last byte.
const TIME: Duration = Duration::from_secs(60);

/// No answer is larger, in bytes: a page of a list has at most as many records as fit.
const MAX_ANSWER: u64 = 64 * 1024 * 1024;

/// An error as the API tells it.
#[derive(Deserialize)]
struct Refusal {
    error: String,
    field: Option<String>,
    message: String,
}

pub(super) fn run(args: &Admin, operation: &Operation, input: &str) -> Result<String> {
    let base = base(args)?;
    let url = address(&base, args, operation)?;
    let key = key(args)?;
    let key = std::str::from_utf8(key.expose()).map_err(|_| Failure::config("the admin key is not text"))?;
    let fail = |error: ureq::Error| Failure::runtime(&base, reason(&error));
    let request = agent(&base, TIME, "application/json")
        .post(url.as_str())
        .header("Authorization", format!("Bearer {key}"))
        .header("Content-Type", "application/json");
    let mut answer = request.send(input).map_err(fail)?;
    let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_string().map_err(fail)?;
    if answer.status() == 200 {
        return Ok(body);
    }
    let other = || Failure::runtime(&base, format!("status {}: this is no admin API", answer.status()));
    let refusal: Refusal = serde_json::from_str(&body).map_err(|_| other())?;
    let code = ErrorCode::ALL.iter().find(|code| code.name() == refusal.error).ok_or_else(other)?;
    let error = Error::new(*code).because(refusal.message);
    Err(refused(&match refusal.field {
        Some(field) => error.at(field),
        None => error,
    }))
}

/// Where the admin API is.
fn base(args: &Admin) -> Result<String> {
    match (&args.url, std::env::var(ADDRESS)) {
        (Some(url), _) => Ok(url.clone()),
        (None, Ok(url)) => Ok(url),
        (None, Err(VarError::NotPresent)) => Ok(URL.to_owned()),
        (None, Err(VarError::NotUnicode(_))) => {
            Err(Failure::usage(format!("the environment variable {ADDRESS} is not UTF-8 text")))
        }
    }
}

/// Where the operation is. The key goes there, so nobody may listen on the way.
fn address(base: &str, args: &Admin, operation: &Operation) -> Result<Url> {
    let wrong =
        || Failure::usage(format!("{base}: the address is a URL of https, or of http on this machine"));
    let mut url = Url::parse(base).map_err(|_| wrong())?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
        return Err(wrong());
    }
    // Behind whatever path leads to it.
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(["v1", operation.name]);
    url.set_fragment(None);
    url.set_query(None);
    if let Some(issuer) = &args.issuer {
        url.query_pairs_mut().append_pair("issuer", issuer);
    }
    Ok(url)
}

fn key(args: &Admin) -> Result<Secret> {
    match (&args.key_file, &args.key_env) {
        (Some(path), _) => keys::file(path),
        (None, name) => keys::env(name.as_deref().unwrap_or(KEY)),
    }
}
