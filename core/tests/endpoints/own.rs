//! A dialect of somebody else's, on the public interface alone.

use http::{Method, StatusCode};
use serde_json::json;
use tokenmint::config::{Config, InlineOnly};
use tokenmint::dialect::fields::{Problem, boolean, text_of};
use tokenmint::dialect::mercoa::Mercoa;
use tokenmint::dialect::{Answer, Call, Dialect, Rejection, Response, method_not_allowed, response};
use tokenmint::endpoint::{Endpoint, MAX_BODY};
use tokenmint::*;

use crate::host::{Host, request};

/// Hands out names. It tells everything that is wrong with a request's fields.
#[derive(Debug)]
struct Names {
    issuer: Issuer,
    paths: Vec<&'static str>,
}

impl Dialect for Names {
    fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    fn paths(&self) -> &[&str] {
        &self.paths
    }

    fn check(&self) -> Result<()> {
        self.issuer.check_session_secret()
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            match (call.request().method(), call.request().segments().as_slice()) {
                (&Method::POST, ["names"]) => {
                    let (name, _) = call.request().read(|fields| {
                        let name = fields.required("name", text_of(1, 3));
                        let known = fields.nullable("known", boolean);
                        Some((name?, known))
                    })?;
                    let claims = Claims::new().subject(name);
                    let mint = |context: &Context| self.issuer.mint_task(&claims, Lifetime::HOUR, context);
                    let tokens = [call.run(mint).await?, call.run(mint).await?];
                    Ok(response::json(StatusCode::CREATED, tokens))
                }
                (_, ["names"]) => Err(method_not_allowed("POST")),
                (&Method::GET, ["names", name]) => Ok(response::json(StatusCode::OK, name)),
                _ => Err(ErrorCode::RouteNotFound.into()),
            }
        })
    }

    fn openapi(&self) -> Option<&str> {
        Some(r#"{"paths":{"/names":{"post":{"responses":{"201":{"description":"Two tokens."}}}}}}"#)
    }

    fn refuse(&self, rejection: Rejection) -> Response {
        let (wrong, error) = match rejection {
            Rejection::Fields(problems) => {
                (problems.iter().map(Problem::name).collect(), problems[0].error())
            }
            Rejection::Error(error) => (Vec::new(), error),
        };
        let body = json!({ "code": error.code().name(), "wrong": wrong });
        response::with_error_headers(response::json(response::status(&error), body), &error)
    }
}

fn policy() -> Policy {
    Policy::new("https://names.example.com").session_secret([9; 32].as_slice())
}

fn names(paths: &[&'static str], policy: Policy) -> Names {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    Names { issuer: Issuer::new(keys, policy).unwrap(), paths: paths.to_vec() }
}

fn host() -> Host {
    Host::new(Endpoint::builder().dialect(names(&["/names"], policy())).build().unwrap())
}

#[test]
fn what_is_below_its_paths_is_asked_of_it_and_nothing_else() {
    let host = host();
    let named = host.send(request("GET", "/names/a%2Fb", &[], ""));
    assert_eq!((named.status, named.body), (200, json!("a/b")));
    for path in ["/name", "/namesake", "/n%61mes/x", "/"] {
        let other = host.send(request("GET", path, &[], ""));
        assert_eq!((other.status, &other.body["error"]), (404, &json!("invalid_request")), "{path}");
    }
}

#[test]
fn it_refuses_in_its_own_shape_whatever_is_refused() {
    let host = host();
    let large = "x".repeat(MAX_BODY + 1);
    for (sent, status, code, wrong) in [
        (
            request("POST", "/names", &[], r#"{"name":"long","known":1}"#),
            400,
            "field_invalid",
            json!(["name", "known"]),
        ),
        (request("POST", "/names", &[], r#"{"known":null}"#), 400, "field_required", json!(["name"])),
        (request("POST", "/names", &[], "{"), 400, "body_malformed", json!([])),
        (request("POST", "/names", &[], large), 413, "body_too_large", json!([])),
        (request("POST", "/names", &[("content-length", "9")], "{}"), 400, "body_incomplete", json!([])),
        (request("PUT", "/names", &[], ""), 405, "method_not_allowed", json!([])),
        (request("GET", "/names/%ff", &[], ""), 404, "route_not_found", json!([])),
    ] {
        let answer = host.send(sent);
        assert_eq!((answer.status, &answer.body), (status, &json!({ "code": code, "wrong": wrong })));
    }
    let endpoint = Endpoint::builder().dialect(names(&["/names"], policy())).build().unwrap();
    let refused = endpoint.refuse("/names", &http::HeaderMap::new(), ErrorCode::BodyTimeout.into());
    assert_eq!(
        (refused.status(), refused.body().as_slice()),
        (StatusCode::REQUEST_TIMEOUT, br#"{"code":"body_timeout","wrong":[]}"#.as_slice())
    );
}

#[test]
fn the_document_of_the_endpoint_has_what_it_says_of_itself() {
    let paths = |host: Host| host.send(request("GET", "/openapi.json", &[], "")).body["paths"].clone();
    assert_eq!(paths(host())["/names"]["post"]["responses"]["201"]["description"], "Two tokens.");
    // One that says nothing is served all the same.
    let silent = Endpoint::builder().dialect(Me(names(&[], policy()).issuer)).build().unwrap();
    assert!(paths(Host::new(silent)).get("/me").is_none());
}

#[test]
fn each_task_of_a_request_has_randomness_of_its_own() {
    let made = host().send(request("POST", "/names", &[], r#"{"name":"a"}"#));
    let ids: Vec<String> = made
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|token| {
            let claims = unverified::decode(token.as_str().unwrap()).unwrap();
            claims.claim_json("jti").unwrap().to_owned()
        })
        .collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[test]
fn two_dialects_with_one_path_are_refused_when_the_endpoint_is_built() {
    let build = |first: &[&'static str], second: &[&'static str]| {
        let built =
            Endpoint::builder().dialect(names(first, policy())).dialect(names(second, policy())).build();
        built
            .map(drop)
            .map_err(|error| (error.code(), error.field().map(str::to_owned), error.message().to_owned()))
    };
    assert_eq!(build(&["/names", "/a/b"], &["/namesake", "/a/c"]), Ok(()));
    for (first, second) in [
        (["/names"], ["/names"]),
        (["/names"], ["/names/x"]),
        (["/a/b/c"], ["/a/b"]),
        (["/x"], ["/introspect"]),
        (["/x"], ["/.well-known"]),
        (["/x"], ["names"]),
        (["/x"], ["/"]),
        (["/x"], ["/y/"]),
        (["/x"], ["/y//z"]),
        (["/x"], ["/y%20"]),
        (["/x"], ["/y?z"]),
    ] {
        let (code, field, text) = build(&first, &second).unwrap_err();
        assert_eq!((code, field.as_deref()), (ErrorCode::PolicyInvalid, Some("paths")), "{second:?}");
        assert!(text.contains(second[0]), "{text}");
    }
    let mercoa = Mercoa::new(names(&[], policy()).issuer);
    let error =
        Endpoint::builder().dialect(mercoa).dialect(names(&["/entity/x"], policy())).build().unwrap_err();
    assert_eq!(
        error.message(),
        "\"/entity/x\" and \"/entity\" cannot both be served: a request is for one dialect"
    );
}

#[test]
fn what_it_lacks_is_told_when_the_endpoint_is_built() {
    let without = Policy::new("https://names.example.com");
    let error = Endpoint::builder().dialect(names(&["/names"], without)).build().unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("session_secret")));
}

/// A client's own name, told to whoever proves to be it.
#[derive(Debug)]
struct Me(Issuer);

impl Dialect for Me {
    fn issuer(&self) -> &Issuer {
        &self.0
    }

    fn paths(&self) -> &[&str] {
        &["/me"]
    }

    fn answer<'a>(&'a self, call: &'a Call) -> Answer<'a> {
        Box::pin(async move {
            let client = call.request().basic()?;
            let token = call.run(|context| self.0.client_credentials(client, context)).await?;
            let active = call.run(|context| self.0.check(&token.access_token, context)).await?;
            Ok(response::json(StatusCode::OK, active.client))
        })
    }
}

#[test]
fn a_configurations_clients_are_there_for_it() {
    let config = json!({ "clients": [{
        "id": "c 1", "organization": "o", "secret_sha256": SecretHash::of(b"s").to_string(),
        "permissions": ["client_credentials"],
    }] });
    let config = Config::from_json(&config.to_string()).unwrap();
    let me = Me(names(&[], policy()).issuer);
    let service = config.build_with(&mut InlineOnly, |endpoint| endpoint.dialect(me)).unwrap();
    let host = Host::new(service.endpoint);
    // RFC 6749 section 2.3.1: encoded as in a form, `c+1:s`.
    let known = host.send(request("GET", "/me", &[("authorization", "Basic YysxOnM=")], ""));
    assert_eq!((known.status, known.body), (200, json!("c 1")));
    let unknown = host.send(request("GET", "/me", &[("authorization", "Basic YzI6cw==")], ""));
    assert_eq!((unknown.status, &unknown.body["error"]), (401, &json!("invalid_client")));
}
