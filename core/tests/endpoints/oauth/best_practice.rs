//! What holds for every token and every refusal (RFC 6750, RFC 8725, RFC 9068, RFC 9700).

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::*;

const GRANT: &str = "grant_type=client_credentials";
const ASSERTED: &str =
    "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion";

/// A host of each form of access tokens.
fn hosts() -> [(Host, Policy); 2] {
    [AccessFormat::Jwt, AccessFormat::Opaque].map(|format| {
        let policy = policy().access_format(format);
        (host_with(policy.clone()), policy)
    })
}

#[test]
fn rfc_6750_section_2_1_tokens_have_the_characters_of_a_bearer() {
    let is_bearer = |token: &str| {
        let token = token.trim_end_matches('=');
        !token.is_empty() && token.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c))
    };
    for (host, policy) in hosts() {
        let pair = session(&host, policy, CLIENT);
        for token in [ask(&host, GRANT).text("access_token"), pair.access_token, pair.refresh_token] {
            assert!(is_bearer(&token), "{token}");
        }
    }
}

#[test]
fn rfc_6749_section_10_10_tokens_cannot_be_guessed() {
    for (host, policy) in hosts() {
        let tokens: Vec<String> = (0..64).map(|_| ask(&host, GRANT).text("access_token")).collect();
        // No two have anything in common but what each of them says: id and signature of a JWT, all of a handle.
        let secret = |token: &str| match unverified::decode(token) {
            Ok(seen) => seen.claim_json("jti").unwrap().to_owned() + token.rsplit('.').next().unwrap(),
            Err(_) => token.to_owned(),
        };
        let mut secrets: Vec<String> = tokens.iter().map(|token| secret(token)).collect();
        // Section 10.10: the probability MUST be at most 2^-128; of base64url that is 22 characters.
        assert!(secrets.iter().all(|secret| secret.len() >= 22), "{secrets:?}");
        secrets.sort_unstable();
        secrets.dedup();
        assert_eq!(secrets.len(), 64);
        // Section 10.3: none is made by changing one.
        let mut forged = tokens[0].clone().into_bytes();
        let middle = forged.len() / 2;
        forged[middle] = if forged[middle] == b'A' { b'B' } else { b'A' };
        assert!(!stands(&host, policy.clone(), std::str::from_utf8(&forged).unwrap()));
        assert!(stands(&host, policy, &tokens[0]));
    }
}

#[test]
fn rfc_8725_section_3_12_no_token_is_taken_for_one_of_another_kind() {
    let host = host();
    let pair = session(&host, policy(), CLIENT);
    let own = ask(&host, GRANT).text("access_token");
    for access in [&own, &pair.access_token] {
        refused(
            &ask(&host, &format!("grant_type=refresh_token&refresh_token={access}")),
            400,
            "invalid_grant",
        );
        refused(&post(&host, &format!("{GRANT}&{ASSERTED}={access}")), 401, "invalid_client");
    }
    let refresh = &pair.refresh_token;
    refused(&post(&host, &format!("{GRANT}&{ASSERTED}={refresh}")), 401, "invalid_client");
    let answer = post_as(&host, "/oauth/introspect", &basic(CLIENT, SECRET), &format!("token={refresh}"));
    assert_eq!(answer.body, json!({ "active": false }));
    assert!(issuer(policy()).check(refresh, &host.context()).run(&host.store).result.is_err());
    // Section 3.11: the types say it, too.
    let typ = |token: &str| unverified::decode(token).unwrap().header().token_type();
    assert_eq!((typ(&own).as_deref(), typ(refresh).as_deref()), (Some("at+jwt"), Some("refresh+jwt")));
}

/// A token with any header, rightly signed with HMAC-SHA-256 by the key of these bytes.
fn signed(header: &Value, payload: &str, key: u8) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let encode = |bytes: &[u8]| base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes);
    let input = format!("{}.{}", encode(header.to_string().as_bytes()), encode(payload.as_bytes()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&[key; 32]).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", encode(&mac.finalize().into_bytes()))
}

#[test]
fn rfc_8725_section_3_1_the_key_says_the_algorithm_and_the_header_names_no_key() {
    let host = host();
    let token = ask(&host, GRANT).text("access_token");
    let payload = unverified::decode(&token).unwrap().json().to_owned();
    let is_active = |token: &str| {
        let form = format!("token={token}");
        post_as(&host, "/oauth/introspect", &basic(CLIENT, SECRET), &form).body["active"].as_bool().unwrap()
    };
    let with = |more: Value| {
        let mut header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "k1" });
        header.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        header
    };
    assert!(is_active(&signed(&with(json!({})), &payload, 7)));
    // Section 3.10: whoever signs cannot say with what it is verified.
    let own = json!({ "kty": "oct", "k": "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg" });
    for more in
        [json!({ "jwk": own }), json!({ "jku": "https://evil.example/jwks" }), json!({ "kid": "../k1" })]
    {
        assert!(!is_active(&signed(&with(more.clone()), &payload, 8)), "{more}");
    }
    // Sections 3.1, 3.2 and 3.11; RFC 7515 section 4.1.11.
    for more in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS512" }),
        json!({ "alg": "RS256" }),
        json!({ "typ": "JWT" }),
        json!({ "typ": "refresh+jwt" }),
        json!({ "typ": null }),
        json!({ "crit": ["exp"] }),
    ] {
        assert!(!is_active(&signed(&with(more.clone()), &payload, 7)), "{more}");
    }
    let unsigned = signed(&with(json!({ "alg": "none" })), &payload, 7);
    assert!(!is_active(&unsigned[..=unsigned.rfind('.').unwrap()]));
    // Section 3.8: right, and of another issuer.
    assert!(!is_active(&signed(&with(json!({})), &payload.replace(ISSUER, "https://elsewhere.example"), 7)));
}

#[test]
fn rfc_9068_section_2_1_whoever_has_the_public_keys_can_verify() {
    // RS256 is the one that all must have (section 2.1); a build without keys of two halves has none of these.
    for alg in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let key = match alg {
            Algorithm::RS256 => {
                Key::from_jwk_as(alg, include_str!("../../../tests-data/keys/rfc7515_a2.json"))
                    .map(|key| key.with_kid(Some("rs")))
            }
            _ => Key::generate(Some("generated"), alg, &mut Entropy::new([3; 32])),
        };
        let Ok(key) = key else { continue };
        let keys = KeySet::builder().key(key).unwrap().build().unwrap();
        let oauth = OAuth::new(Issuer::new(keys, policy()).unwrap());
        let host = Host::new(Endpoint::builder().dialect(oauth).build().unwrap());
        let one = client(CLIENT, SECRET).permission(Permission::ClientCredentials);
        host.run(directory::create_client(one, &host.context()));
        let token = ask(&host, GRANT).text("access_token");
        let jwks = host.send(request("GET", "/.well-known/jwks.json", &[], "")).body;
        assert!(jwks["keys"][0].get("d").is_none() && jwks["keys"].as_array().unwrap().len() == 1);
        let verifier = Verifier::new(KeySet::from_jwks(&jwks.to_string()).unwrap());
        let verifier = verifier.issuer(ISSUER).audience(API).token_type("at+jwt");
        assert_eq!(verifier.verify(&token, host.now()).unwrap().algorithm(), alg);
    }
}

#[test]
fn rfc_9068_section_4_a_token_is_for_its_audience_its_issuer_and_its_time() {
    let host = host();
    let token = ask(&host, &format!("{GRANT}&resource={API}")).text("access_token");
    let verifier = |policy: Policy| issuer(policy).verifier();
    let now = host.now();
    assert!(verifier(policy()).verify(&token, now).is_ok());
    let refusal = |verifier: Verifier, now| verifier.verify(&token, now).unwrap_err().code();
    let files = oauth_policy(Policy::new(ISSUER).audience("https://files.example.com"));
    assert_eq!(refusal(verifier(files), now), ErrorCode::AudienceMismatch);
    let elsewhere = oauth_policy(Policy::new("https://elsewhere.example.com").audience(API));
    assert_eq!(refusal(verifier(elsewhere), now), ErrorCode::IssuerMismatch);
    let plain = policy().token_type("JWT");
    assert_eq!(refusal(verifier(plain), now), ErrorCode::TypeMismatch);
    host.wait(3600);
    assert_eq!(refusal(verifier(policy()), host.now()), ErrorCode::TokenExpired);
}

#[test]
fn rfc_6749_section_5_2_whatever_is_sent_the_refusal_is_printable_and_tells_no_secret() {
    let host = host();
    let odd = ["%22", "%5C", "%00", "%0A%0D", "%C3%BC", "%F0%9F%98%80", "%7F", "%25", "a%22b%5Cc"];
    for value in odd {
        for parameter in ["grant_type"].into_iter().chain(PARAMETERS) {
            for grant in
                ["client_credentials", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"]
            {
                let form = match parameter {
                    "grant_type" => format!("grant_type={value}"),
                    _ => format!("grant_type={grant}&{parameter}={value}"),
                };
                for answer in [ask(&host, &form), post(&host, &form)] {
                    if answer.status != 200 {
                        refused(&answer, answer.status, &answer.text("error"));
                        assert!(matches!(answer.status, 400 | 401), "{form}: {}", answer.status);
                    }
                }
            }
        }
    }
}

#[test]
fn rfc_9700_section_2_4_nobodys_password_is_asked_for() {
    let host = host();
    let form = format!("grant_type=password&username=user_1&password={SECRET}");
    refused_at(&ask(&host, &form), "unsupported_grant_type", "grant_type");
    let metadata = host.send(request("GET", "/.well-known/oauth-authorization-server", &[], ""));
    let grants = metadata.body["grant_types_supported"].as_array().unwrap();
    assert!(!grants.iter().any(|grant| grant == "password" || grant == "implicit"));
    assert_eq!(metadata.body["response_types_supported"], json!([]));
}

#[test]
fn rfc_6749_section_2_3_1_whoever_guesses_is_slowed_down() {
    let rate = Rate::new(1, Lifetime::MINUTE, 3).unwrap();
    let host = host_with(policy().failure_rate(rate));
    for path in [TOKEN, "/oauth/revoke", "/oauth/introspect"] {
        let guess =
            |n: u32| post_as(&host, path, &basic(CLIENT, &format!("guess-{n}")), &format!("{GRANT}&token=x"));
        for n in 0..3 {
            refused(&guess(n), 401, "invalid_client");
        }
        refused(&guess(3), 429, "temporarily_unavailable");
        // Section 2.3.1 protects the client: nobody locks it out in its name.
        assert_eq!(post_as(&host, path, &basic(CLIENT, SECRET), &format!("{GRANT}&token=x")).status, 200);
        host.wait(600);
    }
}

/// RFC 6749 section 5.2, RFC 8707 section 2.
const ERRORS: [&str; 7] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
];
/// What stands beside the grant.
const PARAMETERS: [&str; 13] = [
    "scope",
    "resource",
    "audience",
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "refresh_token",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "requested_token_type",
];
/// What stands elsewhere, or nowhere.
const OTHERS: [&str; 4] = ["assertion", "token", "token_type_hint", "unknown"];
const GRANTS: [&str; 4] = [
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
];

/// A request: its path, its grant, who asks, and what else stands in the form, for each the fitting value or any.
#[derive(Clone, Debug)]
struct Asked {
    path: &'static str,
    grant: Option<&'static str>,
    client: usize,
    members: Vec<(&'static str, Option<usize>)>,
}

fn asked() -> impl Strategy<Value = Asked> {
    let value = prop_oneof![3 => Just(None), 1 => (0..16_usize).prop_map(Some)];
    let members = proptest::collection::vec((select([&PARAMETERS[..], &OTHERS].concat()), value), 0..6);
    let path = prop_oneof![2 => Just(TOKEN), 1 => Just("/oauth/revoke"), 1 => Just("/oauth/introspect")];
    let client = prop_oneof![3 => Just(0), 1 => 0..5_usize];
    (path, proptest::option::weighted(0.9, select(GRANTS.to_vec())), client, members)
        .prop_map(|(path, grant, client, members)| Asked { path, grant, client, members })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_asked_the_answer_is_one_of_oauths(story in proptest::collection::vec(asked(), 1..12)) {
        let host = host();
        let (own, user) = (session(&host, policy(), CLIENT), session(&host, policy(), PUBLIC));
        let fitting = |name: &str| match name {
            "scope" => "read",
            "resource" | "audience" => API,
            "client_id" => CLIENT,
            "client_secret" => SECRET,
            "client_assertion_type" => "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "refresh_token" => &own.refresh_token,
            "subject_token" | "actor_token" | "token" => &own.access_token,
            "subject_token_type" | "actor_token_type" => "urn:ietf:params:oauth:token-type:access_token",
            "requested_token_type" => "urn:ietf:params:oauth:token-type:jwt",
            _ => "a.b.c",
        };
        let any = [
            &own.access_token, &own.refresh_token, &user.access_token, &user.refresh_token, CLIENT, PUBLIC, SECRET,
            "read", "read write", API, "", "a.b.c", "\u{0}\"\\ü", "urn:x#y", "urn:x", "admin",
        ];
        let whole = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        for Asked { path, grant, client, members } in story {
            let mut form: Vec<_> = grant.iter().map(|grant| format!("grant_type={grant}")).collect();
            form.extend(members.iter().map(|(name, at)| {
                format!("{name}={}", whole(at.map_or_else(|| fitting(name), |at| any[at])))
            }));
            let authorization =
                [basic(CLIENT, SECRET), basic(CLIENT, "wrong"), basic(IDLE, IDLE_SECRET), "Basic".to_owned()];
            let answer = match authorization.get(client) {
                Some(authorization) => post_as(&host, path, authorization, &form.join("&")),
                None => host.send(request("POST", path, &[FORM], form.join("&"))),
            };
            if answer.status != 200 {
                let error = answer.text("error");
                refused(&answer, if error == "invalid_client" { 401 } else { 400 }, &error);
                prop_assert!(ERRORS.contains(&&*error), "{error}");
            }
        }
    }
}
