//! The keys of trusted issuers at a URL: what the host is told to fetch, and what it brings (RFC 7523 section 3).

use tokenmint::config::{Config, InlineOnly, Secrets};
use tokenmint::dialect::oauth::OAuth;
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use super::{FORM, ISSUER, TOKEN, issuer, policy};

const CI: &str = "https://ci.example";
const URL: &str = "https://ci.example/jwks";
const OTHER: &str = "https://other.example";
const OTHER_URL: &str = "https://other.example/jwks";
const NOW: i64 = 1_700_000_000;

fn at(after: i64) -> UnixTime {
    UnixTime::from_seconds(NOW + after)
}

fn trusting() -> Endpoint {
    let trusted = |issuer: &str, url: &str| {
        let rule = AssertionRule::new("{sub}").claim("sub", "*");
        TrustedIssuer::at(url).unwrap().issuer(issuer).rule(rule)
    };
    let policy = policy().trusted_issuer(trusted(CI, URL)).trusted_issuer(trusted(OTHER, OTHER_URL));
    Endpoint::builder().dialect(OAuth::new(issuer(policy))).build().unwrap()
}

fn signer(name: &str, seed: u8) -> Issuer {
    let key = Key::generate(Some("own"), Algorithm::EdDSA, &mut Entropy::new([seed; 32])).unwrap();
    Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), Policy::new(name)).unwrap()
}

fn token(signer: &Issuer) -> String {
    let claims = Claims::new().subject("job").audience(ISSUER);
    signer.mint(&claims, Lifetime::HOUR, &Context::new(at(0), [1; 32])).unwrap()
}

fn request(path: &str, body: &str) -> http::Request<Vec<u8>> {
    http::Request::post(path).header(FORM.0, FORM.1).body(body.into()).unwrap()
}

/// What is to be done, as a word and a URL.
fn wanted(endpoint: &Endpoint, body: &str, after: i64) -> String {
    match endpoint.keys_wanted(&request(TOKEN, body), at(after)) {
        None => "nothing".to_owned(),
        Some(Resolution::Fetch { url }) => format!("fetch {url}"),
        Some(Resolution::Wait { url }) => format!("wait {url}"),
        Some(other) => panic!("{other:?}"),
    }
}

#[test]
fn the_first_fetches_and_the_others_wait() {
    let endpoint = trusting();
    let ci = signer(CI, 3);
    for field in ["assertion", "subject_token", "actor_token"] {
        let endpoint = trusting();
        let body = format!("grant_type=x&{field}={}", token(&ci));
        assert_eq!(wanted(&endpoint, &body, 0), format!("fetch {URL}"));
        assert_eq!(wanted(&endpoint, &body, 1), format!("wait {URL}"));
    }
    // Two issuers in one request: one after the other.
    let body = format!("subject_token={}&actor_token={}", token(&ci), token(&signer(OTHER, 4)));
    assert_eq!(wanted(&endpoint, &body, 0), format!("fetch {URL}"));
    endpoint.keys_fetched(URL, Ok(ci.public_jwks().as_bytes()), None, at(1)).unwrap();
    assert_eq!(wanted(&endpoint, &body, 1), format!("fetch {OTHER_URL}"));
    let failed = Error::new(ErrorCode::KeysUnavailable).because("no answer");
    let told = endpoint.keys_fetched(OTHER_URL, Err(failed), None, at(2)).unwrap_err();
    assert_eq!(told.code(), ErrorCode::KeysUnavailable);
    // What cannot be had is not asked for again at once.
    assert_eq!(wanted(&endpoint, &body, 2), "nothing");
    assert_eq!(wanted(&endpoint, &body, 31), format!("fetch {OTHER_URL}"));
    let unknown = endpoint.keys_fetched("https://x.example/jwks", Ok(b"{}"), None, at(3)).unwrap_err();
    assert_eq!((unknown.code(), unknown.field()), (ErrorCode::PolicyInvalid, Some("url")));
}

#[test]
fn nothing_is_fetched_for_whoever_is_not_trusted_or_is_no_token() {
    let endpoint = trusting();
    let job = token(&signer(CI, 3));
    let stranger = token(&signer("https://stranger.example", 3));
    let large = format!("assertion={job}&x={}", "x".repeat(70_000));
    for body in [
        String::new(),
        format!("assertion={stranger}"),
        format!("client_assertion={job}"),
        format!("token={job}"),
        "assertion=a.b.c".to_owned(),
        "assertion=%ff".to_owned(),
        large,
    ] {
        assert_eq!(wanted(&endpoint, &body, 0), "nothing", "{:.80}", body);
    }
    let body = format!("assertion={job}");
    assert!(endpoint.keys_wanted(&request("/v1/auth/token", &body), at(0)).is_none());
    assert!(endpoint.keys_wanted(&request("/introspect", &body), at(0)).is_none());
    let json =
        http::Request::post(TOKEN).header("content-type", "application/json").body(body.into()).unwrap();
    assert!(endpoint.keys_wanted(&json, at(0)).is_none());
}

/// A host that would never fetch says so at once, and not at the first assertion.
#[test]
fn a_configuration_with_keys_at_a_url_is_for_a_host_that_fetches() {
    struct Fetching;
    impl Secrets for Fetching {
        fn keys_at(&mut self, url: &str) -> Result<()> {
            assert_eq!(url, URL);
            Ok(())
        }
    }
    let config = Config::from_json(
        r#"{"keys": [{"kid": "k1", "secret": "a secret of at least thirty-two bytes"}],
            "oauth": {"issuer": "https://id.example.com", "key": "k1", "audience": "api", "trusted_issuers": [
                {"issuer": "https://ci.example", "jwks_url": "https://ci.example/jwks",
                 "rules": [{"claims": {"sub": "repo:org/*"}, "subject": "ci:{sub}"}]}]}}"#,
    );
    let config = config.unwrap();
    let refused = config.build(&mut InlineOnly).unwrap_err();
    let named = (ErrorCode::PolicyInvalid, Some("oauth.trusted_issuers[0].jwks_url"));
    assert_eq!((refused.code(), refused.field()), named, "{refused}");
    assert!(config.build(&mut Fetching).is_ok());
}
