//! The metadata (RFC 8414).

use serde_json::json;
use tokenmint::config::{Config, InlineOnly};

use super::*;

const METADATA: &str = "/.well-known/oauth-authorization-server";

fn endpoint_of(policy: Policy) -> Result<Host> {
    Ok(Host::new(
        Endpoint::builder().dialect(OAuth::new(issuer(oauth_policy(policy.audience(API))))).build()?,
    ))
}

fn named(name: &str) -> Result<Host> {
    endpoint_of(Policy::new(name))
}

#[test]
fn rfc_8414_section_2_what_is_configured_and_no_more() {
    let algorithms: Vec<_> =
        Algorithm::ALL.iter().filter(|alg| alg.is_supported() && !alg.is_hmac()).collect();
    let algorithms: Vec<_> = algorithms.into_iter().map(|alg| alg.name()).collect();
    let answer = host().send(request("GET", METADATA, &[], ""));
    let methods = match algorithms.is_empty() {
        true => json!(["client_secret_basic", "client_secret_post"]),
        false => json!(["client_secret_basic", "client_secret_post", "private_key_jwt"]),
    };
    let mut and_none = methods.clone();
    and_none.as_array_mut().unwrap().push(json!("none"));
    let mut expected = json!({
        "issuer": ISSUER,
        "token_endpoint": "https://id.example.com/oauth/token",
        "response_types_supported": [],
        "grant_types_supported":
            ["client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
        "token_endpoint_auth_methods_supported": and_none,
        "revocation_endpoint": "https://id.example.com/oauth/revoke",
        "revocation_endpoint_auth_methods_supported": and_none,
        "introspection_endpoint": "https://id.example.com/oauth/introspect",
        "introspection_endpoint_auth_methods_supported": methods,
    });
    for endpoint in ["token", "revocation", "introspection"] {
        if !algorithms.is_empty() {
            let name = format!("{endpoint}_endpoint_auth_signing_alg_values_supported");
            expected[name] = json!(algorithms);
        }
    }
    assert_eq!((answer.status, answer.body), (200, expected));
    // Without a session secret there are no refresh tokens.
    let answer = named(ISSUER).unwrap().send(request("GET", METADATA, &[], ""));
    assert!(!answer.body["grant_types_supported"].to_string().contains("refresh_token"));
}

#[test]
fn rfc_8414_section_2_public_keys_are_told_of_where_there_are_any() {
    let Ok(key) = Key::generate(Some("ec"), Algorithm::ES256, &mut Entropy::new([3; 32])) else { return };
    let keys = KeySet::builder().key(key).unwrap().build().unwrap();
    let oauth = OAuth::new(Issuer::new(keys, policy()).unwrap());
    let host = Host::new(Endpoint::builder().dialect(oauth).build().unwrap());
    let answer = host.send(request("GET", METADATA, &[], ""));
    assert_eq!(answer.body["jwks_uri"], "https://id.example.com/.well-known/jwks.json");
}

#[test]
fn rfc_8414_section_3_1_the_issuers_path_is_inserted() {
    let host = named("https://id.example.com/one/two/").unwrap();
    let answer = host.send(request("GET", &format!("{METADATA}/one/two"), &[], ""));
    assert_eq!((answer.status, answer.text("issuer")), (200, "https://id.example.com/one/two/".to_owned()));
    assert_eq!(answer.text("token_endpoint"), "https://id.example.com/one/two/oauth/token");
    assert_eq!(host.send(request("GET", METADATA, &[], "")).status, 200);
    for other in ["/one", "/one/two/", "/one/two/three", "/One/two", "/"] {
        refused(&host.send(request("GET", &format!("{METADATA}{other}"), &[], "")), 404, "invalid_request");
    }
}

#[test]
fn the_endpoints_are_where_the_host_is() {
    let host = endpoint_of(Policy::new(ISSUER).token_endpoint("http://127.0.0.1:8080/oauth/token")).unwrap();
    let answer = host.send(request("GET", METADATA, &[], ""));
    assert_eq!(answer.text("issuer"), "https://id.example.com");
    assert_eq!(answer.text("token_endpoint"), "http://127.0.0.1:8080/oauth/token");
}

#[test]
fn rfc_8414_section_2_an_issuer_is_a_url() {
    for name in ["id", "id.example.com", "ftp://id.example.com", "https://", "https:///x", "https://a b"] {
        let error = named(name).err().unwrap();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("issuer")), "{name}");
    }
    for name in ["https://id.example.com?x=1", "https://id.example.com#x"] {
        assert_eq!(named(name).err().unwrap().field(), Some("issuer"), "{name}");
    }
}

#[test]
fn rfc_9068_section_2_2_tokens_are_for_somebody() {
    let oauth = OAuth::new(issuer(oauth_policy(Policy::new(ISSUER))));
    let error = Endpoint::builder().dialect(oauth).build().unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("audience")));

    // In a configuration, it is the section's.
    let keys = r#""keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}]"#;
    let config = format!(r#"{{{keys}, "oauth": {{"issuer": "{ISSUER}", "key": "k1"}}}}"#);
    let error = Config::from_json(&config).unwrap().build(&mut InlineOnly).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("oauth.audience")));
}

#[test]
fn rfc_9110_section_13_caches_ask_whether_it_has_changed() {
    let host = host();
    let answer = host.send(request("GET", METADATA, &[], ""));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    let etag = answer.header("etag").unwrap().to_owned();
    let again = |tag: &str| host.send(request("GET", METADATA, &[("if-none-match", tag)], ""));
    for same in [&*etag, &format!("W/{etag}"), &format!("\"other\", {etag}"), "*"] {
        let unchanged = again(same);
        assert_eq!((unchanged.status, &unchanged.body), (304, &Value::Null), "{same}");
        assert_eq!(unchanged.header("etag"), Some(&*etag));
    }
    assert_eq!(again("\"other\"").status, 200);
    // Another content has another tag.
    let other = named("https://other.example.com").unwrap();
    assert_ne!(other.send(request("GET", METADATA, &[], "")).header("etag"), Some(&*etag));
}

#[test]
fn rfc_9110_section_9_3_2_the_headers_alone() {
    let host = host();
    let length = serde_json::to_vec(&host.send(request("GET", METADATA, &[], "")).body).unwrap().len();
    let head = host.send(request("HEAD", METADATA, &[], ""));
    assert_eq!((head.status, &head.body), (200, &Value::Null));
    assert_eq!(head.header("content-length"), Some(&*length.to_string()));
    let post = host.send(request("POST", METADATA, &[], ""));
    refused(&post, 405, "invalid_request");
    assert_eq!(post.header("allow"), Some("GET, HEAD"));
}
