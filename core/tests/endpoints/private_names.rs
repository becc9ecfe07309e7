//! Names that serde_json has for itself are ordinary names of members, wherever JSON comes in.
//!
//! Its tree of values reads an object that begins with one of them as text to be parsed once more: without the rules of
//! the strict reader, and as deep as the text likes.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;
use tokenmint::config::{Config, InlineOnly, IssuerConfig, RemoteConfig, VerifierConfig};
use tokenmint::dialect::merge::{Merge, MergeOptions};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use crate::host::{Answer, Host, request};

const NAMES: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

/// What may stand behind such a name: texts that are JSON once more, and that no strict reader takes.
fn values() -> Vec<String> {
    let deep = format!("{}{}", "[".repeat(700), "]".repeat(700));
    [r#"{"a":1,"a":2}"#, &deep, "1e999", "1", "nonsense"]
        .map(|text| serde_json::to_string(text).unwrap())
        .into()
}

/// An object with such a member, for each name and each value.
fn planted() -> impl Iterator<Item = String> {
    NAMES.into_iter().flat_map(|name| values().into_iter().map(move |value| format!("{{{name:?}:{value}}}")))
}

fn keys() -> KeySet {
    KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap()
}

fn policy() -> Policy {
    Policy::new("https://issuer.example").audience("api").session_secret([9; 32].as_slice()).integration(
        Integration { slug: "lever".into(), name: "Lever".into(), categories: vec!["ats".into()] },
    )
}

/// A context with a seed that was never used.
fn context() -> Context {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let mut seed = [1; 32];
    seed[..8].copy_from_slice(&SEED.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Context::new(UnixTime::from_seconds(1_700_000_000), seed)
}

/// Runs a flow by its name on a store in which an API key `b` may do what it asks for.
fn operation(store: &MemoryStore, name: &str, input: &str) -> Result<String> {
    Issuer::new(keys(), policy()).unwrap().operation(name, input, &context()).run(store).result
}

#[test]
fn a_link_keeps_its_settings_as_they_came() {
    for planted in planted() {
        let store = MemoryStore::new();
        let key = r#"{"bearer":"b","organization":"o","permissions":["links"]}"#;
        operation(&store, "create_bearer_key", key).unwrap();
        let details = |settings: &str| {
            format!(
                r#"{{"origin_id":"u","end_user_organization":"e","end_user_email":"m","categories":["ats"],"settings":{settings}}}"#
            )
        };
        for settings in [planted.clone(), format!(r#"{{"a":[{planted}]}}"#)] {
            let input = format!(r#"{{"bearer":"b","expires_in":"1h","details":{}}}"#, details(&settings));
            let link: serde_json::Value =
                serde_json::from_str(&operation(&store, "create_link", &input).unwrap()).unwrap();
            let peek = format!(r#"{{"link_token":{}}}"#, link["link_token"]);
            let view = operation(&store, "peek_link", &peek).unwrap();
            assert!(
                view.contains(&format!(r#""settings":{settings},"#))
                    || view.contains(&format!(r#""settings":{settings}}}"#)),
                "{view}"
            );
        }
        let unknown = details("{}").replacen('{', &format!("{{\"x\":{planted},"), 1);
        let input = format!(r#"{{"bearer":"b","expires_in":"1h","details":{unknown}}}"#);
        assert_eq!(operation(&store, "create_link", &input).unwrap_err().field(), Some("details.x"));
    }
}

#[test]
fn a_clients_claims_are_in_its_tokens_as_they_came() {
    for planted in planted() {
        let store = MemoryStore::new();
        let client = format!(
            r#"{{"id":"c","organization":"o","secret":"s","permissions":["sessions"],"claims":{{"x":[{planted}]}}}}"#
        );
        operation(&store, "create_client", &client).unwrap();
        let proof = r#"{"client_id":"c","client_secret":"s"}"#;
        let pair: serde_json::Value =
            serde_json::from_str(&operation(&store, "exchange_api_key", proof).unwrap()).unwrap();
        let verifier = Issuer::new(keys(), policy()).unwrap().verifier();
        let verified = verifier.verify(pair["access_token"].as_str().unwrap(), context().now()).unwrap();
        assert_eq!(verified.claim_json("x"), Some(format!("[{planted}]").as_str()));
    }
}

#[test]
fn a_token_says_what_it_says() {
    let issuer = Issuer::new(keys(), policy()).unwrap();
    for planted in planted() {
        let members = format!(r#"{{"x":{planted}}}"#);
        let json = issuer.mint_json(&Claims::new(), &members, Lifetime::HOUR, &context()).unwrap();
        let claims = issuer.mint_claims(&members, None, Lifetime::HOUR, &context()).unwrap();
        let set = Claims::new().set("x", planted.parse::<JsonText>().unwrap());
        let set = issuer.mint(&set, Lifetime::HOUR, &context()).unwrap();
        let template = Template::from_json(&members).unwrap();
        let template = issuer.mint_template(&Claims::new(), &template, Lifetime::HOUR, &context()).unwrap();
        for token in [&json, &claims, &set, &template] {
            let verified = issuer.verifier().verify(token, context().now()).unwrap();
            assert_eq!(verified.claim_json("x"), Some(planted.as_str()));
            assert_eq!(verified.claim::<Box<RawValue>>("x").unwrap().unwrap().get(), planted);
            // Into a tree of values it cannot be read, instead of into another one than it is.
            let error = verified.claim::<serde_json::Value>("x").unwrap_err();
            assert_eq!(error.code(), ErrorCode::ClaimsShape);
            assert!(verified.claims::<serde_json::Value>().is_err());
            let seen = unverified::decode(token).unwrap();
            assert_eq!(seen.claim_json("x"), Some(planted.as_str()));
            assert_eq!(seen.claims::<serde_json::Value>().unwrap_err().code(), ErrorCode::ClaimsShape);
        }
    }
}

#[test]
fn a_configuration_means_what_it_says() {
    let service = |rest: &str| {
        format!(
            r#"{{"keys":[{{"kid":"k1","secret":"a secret of at least thirty-two bytes"}}],
            "mercoa":{{"issuer":"i","key":"k1"{rest}}},"entities":[{{"id":"e","organization":"o"}}],
            "api_keys":[{{"key_sha256":"{}","organization":"o","permissions":["entity_tokens"]}}]}}"#,
            SecretHash::of(b"key")
        )
    };
    for planted in planted() {
        let config = IssuerConfig::from_json(&format!(
            r#"{{"issuer":"i","audience":"a","fixed_claims":{{"x":{planted}}}}}"#
        ));
        let issuer = config.unwrap().build(keys()).unwrap();
        let token = issuer.mint(&Claims::new(), Lifetime::HOUR, &context()).unwrap();
        let verified = issuer.verifier().verify(&token, context().now()).unwrap();
        assert_eq!(verified.claim_json("x"), Some(planted.as_str()));

        let config = Config::from_json(&service(&format!(r#","claims":{{"x":{planted}}}"#))).unwrap();
        let endpoint = config.build(&mut InlineOnly).unwrap().endpoint;
        let asked = request("POST", "/entity/e/token", &[("authorization", "Bearer key")], "");
        let answer = endpoint.handle(asked, &context()).run(&MemoryStore::new()).result.unwrap();
        let token: String = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(unverified::decode(&token).unwrap().claim_json("x"), Some(planted.as_str()));
        for refused in [
            Config::from_json(&service(&format!(r#","lifetime":{planted}"#))).map(drop),
            Config::from_json(&planted).map(drop),
            IssuerConfig::from_json(&planted).map(drop),
            VerifierConfig::from_json(&planted).map(drop),
            RemoteConfig::from_json(&planted).map(drop),
            KeyRing::from_json(&planted).map(drop),
        ] {
            assert_eq!(refused.unwrap_err().code(), ErrorCode::PolicyInvalid);
        }
    }
}

#[test]
fn commands_replies_and_keys_have_no_such_member() {
    for planted in planted() {
        for text in [planted.clone(), format!(r#"{{"reply":"conflict","entry":{planted}}}"#)] {
            assert_eq!(Reply::from_json(&text).unwrap_err().code(), ErrorCode::InvalidRequest);
        }
        for text in [planted.clone(), format!(r#"{{"command":"load","keys":[{planted}]}}"#)] {
            assert_eq!(Command::from_json(&text).unwrap_err().code(), ErrorCode::InvalidRequest);
        }
        assert!(Key::from_jwk(&planted).is_err() && KeySet::from_jwks(&planted).is_err());
        // What nobody knows in a key is passed over.
        let key =
            format!(r#"{{"kty":"oct","alg":"HS256","kid":"k","k":"{}","x":{planted}}}"#, "A".repeat(43));
        assert_eq!(Key::from_jwk(&key).unwrap().kid(), Some("k"));
        let set = KeySet::from_jwks(&format!(r#"{{"x":{planted},"keys":[{key},{planted}]}}"#)).unwrap();
        assert!(set.key("k").is_some() && set.skipped().len() == 1);
        assert!(expires_in::from_json(&planted).is_err());
    }
}

/// A body of the endpoint that makes links, for each place in which its settings may hold anything.
#[test]
fn the_body_of_a_link_is_read_once() {
    let issuer = Issuer::new(keys(), policy()).unwrap();
    let endpoint = Endpoint::builder().dialect(Merge::new(issuer, MergeOptions::default())).build().unwrap();
    let host = Host::new(endpoint);
    operation(
        &host.store,
        "create_bearer_key",
        r#"{"bearer":"b","organization":"o","permissions":["links"]}"#,
    )
    .unwrap();
    let post = |rest: &str| -> Answer {
        let body = format!(
            r#"{{"end_user_email_address":"m","end_user_organization_name":"e","end_user_origin_id":"u","categories":["ats"]{rest}}}"#
        );
        let headers = [("authorization", "Bearer b"), ("content-type", "application/json")];
        host.send(request("POST", "/api/ats/v1/link-token", &headers, body))
    };
    for planted in planted() {
        let answer = post(&format!(r#","integration_specific_config":{planted}"#));
        assert_eq!(answer.status, 200);
        let token = answer.text("link_token");
        let view = operation(&host.store, "peek_link", &format!(r#"{{"link_token":"{token}"}}"#)).unwrap();
        assert!(view.contains(&format!(r#"{{"integration_specific_config":{planted}}}"#)), "{view}");
        assert_eq!(post(&format!(r#","language":{planted}"#)).status, 400);
    }
    for twice in
        [r#"{"a":1,"a":2}"#, r#"{"$serde_json::private::RawValue":"1","$serde_json::private::RawValue":"2"}"#]
    {
        assert_eq!(post(&format!(r#","integration_specific_config":{twice}"#)).status, 400);
    }
    // As deep as a body may be, and what was stored can be read again.
    for (levels, status) in [(30, 200), (31, 200), (32, 400), (1400, 400)] {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
        let answer = post(&format!(r#","integration_specific_config":{deep}"#));
        assert_eq!(answer.status, status, "{levels}");
        if status == 200 {
            let token = answer.text("link_token");
            assert!(operation(&host.store, "peek_link", &format!(r#"{{"link_token":"{token}"}}"#)).is_ok());
        }
    }
}
