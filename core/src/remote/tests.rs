#![cfg(any(feature = "aws-lc", feature = "rustcrypto"))]
use super::*;
use crate::entropy::Entropy;
use crate::error::Retry;
use crate::key::Key;

const ISSUER: &str = "https://a.example";
const URL: &str = "https://a.example/jwks.json";

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(1_700_000_000 + seconds)
}

/// Fresh for 600 s, 30 s between fetches, 3600 s longer in an outage.
fn remote() -> RemoteKeySet {
    RemoteKeySet::new()
        .time_to_live(Lifetime::from_seconds(600).unwrap())
        .cooldown(Lifetime::from_seconds(30).unwrap())
        .last_known_good(Lifetime::HOUR)
        .issuer(ISSUER, URL)
        .unwrap()
}

fn jwks(kids: &[&str]) -> String {
    let keys: Vec<String> = kids
        .iter()
        .map(|kid| {
            let key = Key::generate(Some(kid), Algorithm::EdDSA, &mut Entropy::new([7; 32])).unwrap();
            key.public_jwk().unwrap()
        })
        .collect();
    format!("{{\"keys\":[{}]}}", keys.join(","))
}

fn give(remote: &RemoteKeySet, kids: &[&str], seconds: i64) {
    remote.fetched(URL, Ok(jwks(kids).as_bytes()), None, at(seconds)).unwrap();
}

fn fail(remote: &RemoteKeySet, seconds: i64) {
    let outage = Error::new(ErrorCode::KeysUnavailable).because("no route to host");
    remote.fetched(URL, Err(outage), None, at(seconds)).unwrap_err();
}

/// `use`, `fetch`, `wait`, or the name of the code.
fn ask(remote: &RemoteKeySet, kid: &str, seconds: i64) -> &'static str {
    word(&remote.resolve(ISSUER, Some(kid), at(seconds)))
}

fn word(resolution: &Resolution) -> &'static str {
    match resolution {
        Resolution::Use(_) => "use",
        Resolution::Fetch { url } => {
            assert_eq!(url, URL);
            "fetch"
        }
        Resolution::Wait { .. } => "wait",
        Resolution::Refuse(error) => error.code().name(),
    }
}

#[test]
fn keys_of_one_id_are_all_fetched() {
    let remote = remote();
    let pair = |alg| Key::generate(Some("k1"), alg, &mut Entropy::new([7; 32])).unwrap();
    let (ed, ec) = (pair(Algorithm::EdDSA), pair(Algorithm::ES256));
    for keys in [[&ed, &ec], [&ec, &ed]] {
        let keys: Vec<String> = keys.iter().filter_map(|key| key.public_jwk()).collect();
        let body = format!("{{\"keys\":[{}]}}", keys.join(","));
        remote.fetched(URL, Ok(body.as_bytes()), None, at(0)).unwrap();
        let Resolution::Use(set) = remote.resolve(ISSUER, Some("k1"), at(0)) else { panic!() };
        for key in [&ed, &ec] {
            let mut signature = Vec::new();
            key.sign(b"m", &mut signature).unwrap();
            let fits = set.named("k1").find(|one| one.algorithm() == key.algorithm()).unwrap();
            assert!(fits.verify(b"m", &signature));
        }
    }
}

#[test]
fn keys_are_fetched_once_and_used_until_they_are_old() {
    let remote = remote();
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    assert_eq!(ask(&remote, "k1", 0), "wait");
    assert_eq!(ask(&remote, "k1", 29), "wait");
    give(&remote, &["k1"], 29);
    assert_eq!(ask(&remote, "k1", 29), "use");
    assert_eq!(ask(&remote, "k1", 628), "use");
    assert_eq!(ask(&remote, "k1", 629), "fetch");
    // Meanwhile the others are served.
    assert_eq!(ask(&remote, "k1", 629), "use");
    give(&remote, &["k2"], 630);
    assert_eq!(ask(&remote, "k1", 630), "key_not_found");
    assert_eq!(ask(&remote, "k2", 630), "use");
}

#[test]
fn a_fetch_whose_report_never_comes_is_asked_for_again() {
    let remote = remote();
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    assert_eq!(ask(&remote, "k1", 29), "wait");
    assert_eq!(ask(&remote, "k1", 30), "fetch");
}

#[test]
fn an_unknown_id_is_fetched_for_once_in_a_cooldown() {
    let remote = remote();
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    give(&remote, &["k1"], 0);
    let Resolution::Refuse(error) = remote.resolve(ISSUER, Some("k2"), at(29)) else { panic!() };
    assert_eq!((error.code(), error.field()), (ErrorCode::KeyNotFound, Some("kid")));
    assert_eq!(error.retry_after(), Some(Retry { after_seconds: 1, limit: 0 }));
    assert_eq!(ask(&remote, "k2", 30), "fetch");
    assert_eq!((ask(&remote, "k2", 30), ask(&remote, "k1", 30)), ("wait", "use"));
    give(&remote, &["k1", "k2"], 31);
    assert_eq!(ask(&remote, "k2", 31), "use");
    assert_eq!((ask(&remote, "k3", 59), ask(&remote, "k3", 60)), ("key_not_found", "fetch"));
}

#[test]
fn a_flood_of_invented_ids_costs_a_fetch_for_each_cooldown() {
    let remote = remote();
    let mut fetches = Vec::new();
    for second in 0..=3000 {
        for n in 0..20 {
            if ask(&remote, &format!("invented-{second}-{n}"), second) == "fetch" {
                fetches.push(second);
                give(&remote, &["k1"], second);
            }
            assert_eq!(ask(&remote, "k1", second), "use");
        }
    }
    assert_eq!(fetches, (0..=3000).step_by(30).collect::<Vec<_>>());
}

#[test]
fn the_last_keys_outlive_an_outage_for_a_bounded_time() {
    let remote = remote();
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    give(&remote, &["k1"], 0);
    assert_eq!(ask(&remote, "k1", 600), "fetch");
    fail(&remote, 600);
    assert_eq!((ask(&remote, "k1", 629), ask(&remote, "other", 629)), ("use", "key_not_found"));
    assert_eq!(ask(&remote, "k1", 630), "fetch");
    fail(&remote, 630);
    assert_eq!(ask(&remote, "k1", 4190), "fetch");
    fail(&remote, 4190);
    assert_eq!(ask(&remote, "k1", 4199), "use");
    let Resolution::Refuse(error) = remote.resolve(ISSUER, Some("k1"), at(4200)) else { panic!() };
    assert_eq!(error.code(), ErrorCode::KeysUnavailable);
    assert!(error.message().contains("no route to host"), "{error}");
    assert_eq!(error.retry_after().unwrap().after_seconds, 20);
    assert_eq!(ask(&remote, "k1", 4220), "fetch");
    give(&remote, &["k1"], 4221);
    assert_eq!(ask(&remote, "k1", 4221), "use");
}

#[test]
fn an_outage_at_the_start_is_told_and_tried_again() {
    let remote = remote();
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    fail(&remote, 1);
    assert_eq!((ask(&remote, "k1", 1), ask(&remote, "k1", 30)), ("keys_unavailable", "fetch"));
}

#[test]
fn a_body_that_is_no_key_set_counts_as_an_outage() {
    let remote = remote().with_max_body(1000);
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    give(&remote, &["k1"], 0);
    let fitting = format!("{}{}", jwks(&["k2"]), " ".repeat(1000 - jwks(&["k2"]).len()));
    for (body, code) in [
        ("<html>", ErrorCode::KeyMalformed),
        ("", ErrorCode::KeyMalformed),
        ("[]", ErrorCode::KeyMalformed),
        (&format!("{fitting} "), ErrorCode::BodyTooLarge),
    ] {
        assert_eq!(remote.fetched(URL, Ok(body.as_bytes()), None, at(1)).unwrap_err().code(), code);
        assert_eq!(ask(&remote, "k1", 2), "use");
    }
    let not_text = remote.fetched(URL, Ok(b"\xff"), None, at(1)).unwrap_err();
    assert_eq!(not_text.code(), ErrorCode::KeyMalformed);
    assert!(remote.fetched(URL, Ok(fitting.as_bytes()), None, at(3)).is_ok());
    assert_eq!(ask(&remote, "k2", 3), "use");
    let foreign = remote.fetched("https://b.example/", Ok(b"{\"keys\":[]}"), None, at(3)).unwrap_err();
    assert_eq!(foreign.code(), ErrorCode::PolicyInvalid);
}

#[test]
fn an_issuer_can_withdraw_its_keys() {
    let remote = remote();
    give(&remote, &["k1"], 0);
    give(&remote, &[], 1);
    assert_eq!(ask(&remote, "k1", 2), "key_not_found");
}

#[test]
fn an_unusable_key_spoils_no_other_and_is_not_fetched_for() {
    let remote = remote();
    let private = Key::generate_jwk(Some("private"), Algorithm::EdDSA, &mut Entropy::new([8; 32])).unwrap();
    let body = jwks(&["k1"]).replace(
        "]}",
        &format!(
            r#",{{"kty":"RSA","alg":"RS256","kid":"weak","n":"AQAB","e":"AQAB"}},
            {{"kty":"oct","alg":"HS256","kid":"shared","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T"}},
            {}, 7]}}"#,
            std::str::from_utf8(private.expose()).unwrap()
        ),
    );
    let set = remote.fetched(URL, Ok(body.as_bytes()), None, at(0)).unwrap();
    assert_eq!(set.skipped().len(), 4);
    assert_eq!(ask(&remote, "k1", 31), "use");
    for (kid, hint) in [("weak", "2048"), ("shared", "published"), ("private", "published")] {
        let Resolution::Refuse(error) = remote.resolve(ISSUER, Some(kid), at(31)) else { panic!("{kid}") };
        assert_eq!(error.code(), ErrorCode::KeyNotFound);
        assert!(error.message().contains(hint), "{error}");
    }
}

#[test]
fn a_max_age_shortens_and_never_lengthens() {
    for (max_age, fresh) in
        [(None, 600), (Some(60), 60), (Some(600), 600), (Some(u64::MAX), 600), (Some(0), 30)]
    {
        let remote = remote();
        assert_eq!(ask(&remote, "k1", 0), "fetch");
        remote.fetched(URL, Ok(jwks(&["k1"]).as_bytes()), max_age, at(0)).unwrap();
        // Whatever it says, fetches are a cooldown apart.
        assert_eq!(
            (ask(&remote, "k1", fresh - 1), ask(&remote, "k1", fresh)),
            ("use", "fetch"),
            "{max_age:?}"
        );
    }
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let remote = remote();
    assert_eq!(ask(&remote, "k1", 1_000_000), "fetch");
    give(&remote, &["k1"], 1_000_000);
    assert_eq!(ask(&remote, "k1", 999_999), "use");
    assert_eq!(ask(&remote, "k1", 0), "fetch");
    assert_eq!(ask(&remote, "k1", 0), "use");
}

#[test]
fn issuers_are_apart() {
    let remote = remote().issuer("https://b.example", "https://b.example/jwks.json").unwrap();
    give(&remote, &["k1"], 0);
    assert_eq!(ask(&remote, "k1", 1), "use");
    let Resolution::Fetch { url } = remote.resolve("https://b.example", Some("k1"), at(1)) else { panic!() };
    assert_eq!(url, "https://b.example/jwks.json");
    let Resolution::Refuse(error) = remote.resolve("https://c.example", Some("k1"), at(1)) else { panic!() };
    assert_eq!(error.code(), ErrorCode::IssuerMismatch);
}

#[test]
fn a_token_names_its_issuer_and_its_key() {
    use crate::encoding::base64url;
    let token = |header: &str, payload: &str| {
        format!("{}.{}.AA", base64url(header.as_bytes()), base64url(payload.as_bytes()))
    };
    let one = remote();
    give(&one, &["k1"], 0);
    let two = remote().issuer("https://b.example", "https://b.example/jwks.json").unwrap();
    give(&two, &["k1"], 0);
    for (header, payload, with_one, with_two) in [
        (r#"{"alg":"EdDSA","kid":"k1"}"#, r#"{"iss":"https://a.example"}"#, "use", "use"),
        (r#"{"alg":"EdDSA","kid":"k2"}"#, r#"{"iss":"https://a.example"}"#, "key_not_found", "key_not_found"),
        (r#"{"alg":"EdDSA"}"#, r#"{"iss":"https://a.example"}"#, "use", "use"),
        (r#"{"alg":"EdDSA","kid":"k1"}"#, r#"{"iss":"https://c.example"}"#, "use", "issuer_mismatch"),
        (r#"{"alg":"EdDSA","kid":"k1"}"#, "{}", "use", "claim_missing"),
        (r#"{"alg":"EdDSA","kid":"k1"}"#, r#"{"iss":7}"#, "use", "claim_invalid"),
        (r#"{"alg":"EdDSA","kid":"k1"}"#, "[]", "use", "payload_malformed"),
        (r#"{"alg":"EdDSA","kid":7}"#, "{}", "header_malformed", "header_malformed"),
    ] {
        let token = token(header, payload);
        assert_eq!(word(&one.resolve_token(&token, at(1))), with_one, "{header} {payload}");
        assert_eq!(word(&two.resolve_token(&token, at(1))), with_two, "{header} {payload}");
    }
    for (token, code) in [("", "token_malformed"), ("a.b", "token_malformed"), ("a.b.c.d", "token_malformed")]
    {
        assert_eq!(word(&one.resolve_token(token, at(1))), code);
    }
    assert_eq!(word(&one.resolve_token(&"a".repeat(MAX_TOKEN + 1), at(1))), "token_too_large");
}

#[test]
fn plain_http_is_for_this_machine() {
    for (url, ok) in [
        ("https://a.example/jwks", true),
        ("https://a.example", true),
        ("http://localhost:8080/jwks", true),
        ("http://127.0.0.1/jwks", true),
        ("http://127.9.9.9/jwks", true),
        ("http://[::1]:8080/jwks", true),
        ("http://a.example/jwks", false),
        ("http://localhost.example/jwks", false),
        ("http://128.0.0.1/jwks", false),
        ("http://0.0.0.0/jwks", false),
        ("ftp://localhost/jwks", false),
        ("file:///etc/jwks", false),
        ("https://user@a.example/jwks", false),
        ("https://a.example/jwks#part", false),
        ("/jwks", false),
        ("a.example", false),
        ("", false),
    ] {
        let added = RemoteKeySet::new().issuer(ISSUER, url);
        assert_eq!(added.is_ok(), ok, "{url}");
        if let Err(error) = added {
            assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")));
        }
    }
    assert!(RemoteKeySet::new().allow_plain_http_issuer(ISSUER, "http://a.example/jwks").is_ok());
    assert!(RemoteKeySet::new().allow_plain_http_issuer(ISSUER, "ftp://a.example/jwks").is_err());
    assert_eq!(remote().issuer(ISSUER, URL).unwrap_err().field(), Some("issuer"));
    assert_eq!(RemoteKeySet::new().issuer("", URL).unwrap_err().field(), Some("issuer"));
}

#[test]
#[allow(clippy::disallowed_methods)] // the test stands for a host with threads
fn threads_share_it() {
    fn shared<T: Send + Sync>() {}
    shared::<RemoteKeySet>();
    let remote = remote();
    let fetches: usize = std::thread::scope(|scope| {
        let ask = || (0..1000).filter(|n| ask(&remote, &n.to_string(), 0) == "fetch").count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(fetches, 1);
}
