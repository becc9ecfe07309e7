//! OAuth's own dialect. Each test names the section that it holds.

mod assertions;
mod best_practice;
mod client_credentials;
mod client_keys;
mod delegation;
#[cfg(feature = "aws-lc")]
mod dpop;
mod errors;
mod events;
mod exchange;
mod introspect;
mod metadata;
mod refresh;
mod revoke;
#[cfg(feature = "aws-lc")]
mod trusted_keys;

use serde_json::Value;
use tokenmint::dialect::oauth::{OAuth, oauth_policy};
use tokenmint::directory::{self, Client};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use crate::common::base64;
use crate::host::{Answer, Host, request};

pub(crate) const ISSUER: &str = "https://id.example.com";
pub(crate) const API: &str = "https://api.example.com";
pub(crate) const TOKEN: &str = "/oauth/token";
pub(crate) const CLIENT: &str = "client-one";
pub(crate) const SECRET: &str = "the-secret-of-client-one";
pub(crate) const OTHER: &str = "client-two";
pub(crate) const OTHER_SECRET: &str = "the-secret-of-client-two";
/// A client that can keep no secret.
pub(crate) const PUBLIC: &str = "client-public";
/// A client that may do nothing.
pub(crate) const IDLE: &str = "client-idle";
pub(crate) const IDLE_SECRET: &str = "the-secret-of-the-idle-one";
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn policy() -> Policy {
    oauth_policy(Policy::new(ISSUER).audience(API).session_secret([9; 32].as_slice()))
}

pub(crate) fn issuer(policy: Policy) -> Issuer {
    Issuer::new(KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap(), policy).unwrap()
}

pub(crate) fn client(id: &str, secret: &str) -> Client {
    Client::new(id, "org", SecretHash::of(secret.as_bytes()))
}

pub(crate) fn host_with(policy: Policy) -> Host {
    let host = Host::new(Endpoint::builder().dialect(OAuth::new(issuer(policy))).build().unwrap());
    let one = client(CLIENT, SECRET).audience(API).audience("https://files.example.com");
    let public = may_be_given_more(Client::without_secret(PUBLIC, "org").public());
    for client in
        [may_do_all(one), client(IDLE, IDLE_SECRET), may_do_all(client(OTHER, OTHER_SECRET)), public]
    {
        host.run(directory::create_client(client, &host.context()));
    }
    for secret in [SECRET, IDLE_SECRET, OTHER_SECRET] {
        host.keep_secret(secret);
    }
    host
}

fn may_do_all(client: Client) -> Client {
    may_be_given_more(client.permission(Permission::ClientCredentials))
}

fn may_be_given_more(client: Client) -> Client {
    let client = client.scope("read write").permission(Permission::RefreshToken);
    client.permission(Permission::TokenExchange)
}

pub(crate) fn host() -> Host {
    host_with(policy())
}

pub(crate) fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64(format!("{id}:{secret}").as_bytes()))
}

/// A request of a form, with a client's credentials in the header.
pub(crate) fn post_as(host: &Host, path: &str, authorization: &str, form: &str) -> Answer {
    host.send(request("POST", path, &[FORM, ("authorization", authorization)], form))
}

/// A request of a form at the token endpoint, with whatever credentials are in it.
pub(crate) fn post(host: &Host, form: &str) -> Answer {
    host.send(request("POST", TOKEN, &[FORM], form))
}

/// A request at the token endpoint by the first client.
pub(crate) fn ask(host: &Host, form: &str) -> Answer {
    post_as(host, TOKEN, &basic(CLIENT, SECRET), form)
}

/// RFC 6749 section 5.2.
#[track_caller]
pub(crate) fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.text("error").as_str()), (status, code), "{:?}", answer.body);
    let description = answer.text("error_description");
    assert_eq!(answer.body.as_object().unwrap().len(), 2);
    let allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    assert!(!description.is_empty() && description.chars().all(allowed), "{description}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// As [`refused`], with a description that names the parameter at fault.
#[track_caller]
pub(crate) fn refused_at(answer: &Answer, code: &str, parameter: &str) {
    refused(answer, 400, code);
    let description = answer.text("error_description");
    assert!(description.starts_with(&format!("{parameter}: ")), "{description}");
}

/// The claims of a JWT, unverified.
pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_str(unverified::decode(token).unwrap().json()).unwrap()
}

/// A session of a client, opened by the host: its first tokens.
pub(crate) fn session(host: &Host, policy: Policy, client: &str) -> TokenPair {
    let request = StartSession::new("user_1").client(client).scope("read write");
    let pair = host.run(issuer(policy).start_session(request, &host.context()));
    host.keep_secret(&pair.access_token);
    host.keep_secret(&pair.refresh_token);
    pair
}

/// Whether a token of these tests stands.
pub(crate) fn stands(host: &Host, policy: Policy, token: &str) -> bool {
    issuer(policy).check(token, &host.context()).run(&host.store).result.is_ok()
}
