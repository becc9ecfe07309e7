//! The authorization server's metadata (RFC 8414): what is configured, and no more.

use super::token::grants;
use super::{TOKEN, introspect};
use crate::dialect::JWKS_MAX_AGE;
use crate::dialect::request::Request;
use crate::dialect::response::{Response, json_text, set};
use crate::dpop_policy::DpopPolicy;
use crate::encoding::{base64url, sha256};
use crate::issuer::Issuer;
use crate::json::{self, object};
use crate::key::Algorithm;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, ETAG};

/// Where the metadata is; below it where the issuer's name has a path (RFC 8414 section 3.1).
pub(super) const METADATA: &str = "/.well-known/oauth-authorization-server";

/// What is answered, ready-made.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    /// The path of the issuer's name, in segments.
    inserted: Vec<String>,
    body: Vec<u8>,
    etag: String,
}

object! {
    /// The members (RFC 8414 section 2) that have a value here.
    #[json(write)]
    struct Members<'a> {
        issuer: &'a str,
        token_endpoint: String,
        #[json(omit)]
        jwks_uri: Option<String>,
        /// Required, although nothing here answers at an authorization endpoint.
        response_types_supported: [&'a str; 0],
        grant_types_supported: Vec<&'a str>,
        token_endpoint_auth_methods_supported: &'a [&'a str],
        #[json(omit)]
        token_endpoint_auth_signing_alg_values_supported: &'a [&'a str],
        revocation_endpoint: String,
        revocation_endpoint_auth_methods_supported: &'a [&'a str],
        #[json(omit)]
        revocation_endpoint_auth_signing_alg_values_supported: &'a [&'a str],
        introspection_endpoint: String,
        introspection_endpoint_auth_methods_supported: &'a [&'a str],
        #[json(omit)]
        introspection_endpoint_auth_signing_alg_values_supported: &'a [&'a str],
        /// RFC 9701 section 7.
        #[json(omit)]
        introspection_signing_alg_values_supported: Option<[&'a str; 1]>,
        /// RFC 9449 section 5.1.
        #[json(omit)]
        dpop_signing_alg_values_supported: Vec<&'a str>,
    }
}

impl Metadata {
    pub(super) fn new(issuer: &Issuer) -> Self {
        let (name, endpoint) = (&issuer.policy().issuer, issuer.policy().token_endpoint.as_deref());
        let base = endpoint.and_then(|url| url.strip_suffix(TOKEN)).unwrap_or_default();
        // Whoever can check an HMAC could have made it: clients prove themselves by keys of two halves.
        let algorithms: Vec<&str> = Algorithm::asymmetric().map(Algorithm::name).collect();
        let all = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
        let without_keys = ["client_secret_basic", "client_secret_post", "none"];
        let methods = if algorithms.is_empty() { &without_keys[..] } else { &all };
        // RFC 7662 section 2.1: whoever introspects proves who they are.
        let proving = methods.split_last().map(|(_, proving)| proving).unwrap_or_default();
        let has_public_keys = issuer.keys().keys().any(|key| key.public_jwk().is_some());
        let members = Members {
            issuer: name,
            token_endpoint: format!("{base}{TOKEN}"),
            jwks_uri: has_public_keys.then(|| format!("{base}/.well-known/jwks.json")),
            response_types_supported: [],
            grant_types_supported: grants(issuer).collect(),
            token_endpoint_auth_methods_supported: methods,
            token_endpoint_auth_signing_alg_values_supported: &algorithms,
            revocation_endpoint: format!("{base}/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: methods,
            revocation_endpoint_auth_signing_alg_values_supported: &algorithms,
            introspection_endpoint: format!("{base}/oauth/introspect"),
            introspection_endpoint_auth_methods_supported: proving,
            introspection_endpoint_auth_signing_alg_values_supported: &algorithms,
            introspection_signing_alg_values_supported: introspect::algorithm(issuer).map(|alg| [alg]),
            dpop_signing_alg_values_supported: issuer
                .policy()
                .dpop
                .iter()
                .flat_map(DpopPolicy::names)
                .collect(),
        };
        let body = json::to_bytes(&members);
        let etag = format!("\"{}\"", base64url(sha256(&body).get(..12).unwrap_or_default()));
        let path = name.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
        let path = path.map(|(_, path)| path.trim_end_matches('/')).filter(|path| !path.is_empty());
        let inserted = path.map(|path| path.split('/').map(str::to_owned).collect()).unwrap_or_default();
        Metadata { inserted, body, etag }
    }

    /// Whether the metadata is at this path behind the well-known one: none, for whoever knows the server by its address
    /// alone, or that of the issuer's name.
    pub(super) fn is_at(&self, path: &[&str]) -> bool {
        path.is_empty() || self.inserted == path
    }

    /// The answer to a `GET` or `HEAD`.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let mut response = json_text(StatusCode::OK, self.body.clone());
        set(&mut response, CACHE_CONTROL, &format!("public, max-age={JWKS_MAX_AGE}"));
        set(&mut response, ETAG, &self.etag);
        if request.knows(&self.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response.headers_mut().remove(http::header::CONTENT_TYPE);
            response.body_mut().clear();
        } else if request.method() == http::Method::HEAD {
            // RFC 9110 section 9.3.2: the headers of a GET, and no content.
            set(&mut response, CONTENT_LENGTH, &self.body.len().to_string());
            response.body_mut().clear();
        }
        response
    }
}

/// Whether an issuer's name is a URL without query and fragment (RFC 8414 section 2). Without TLS it is one for tests.
pub(super) fn is_url(name: &str) -> bool {
    let host = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        && name.parse::<http::Uri>().is_ok()
        && !name.contains(['?', '#'])
}
