//! Names that serde_json has for itself: to tokenmint they are names like any other.

use std::sync::LazyLock;

use http::Request;
use serde_json::Value;
use tokenmint::config::{Config, InlineOnly, IssuerConfig, RemoteConfig, VerifierConfig};
use tokenmint::dialect::mercoa::Mercoa;
use tokenmint::dialect::merge::{Merge, MergeOptions};
use tokenmint::endpoint::Endpoint;
use tokenmint::*;

use crate::judge_error;
use crate::reference::{ISSUER, NOW, SECRET, signed};

/// Each of them, and a name of the same length that sorts beside it.
const NAMES: [[&str; 2]; 2] = [
    ["$serde_json::private::RawValue", "$serde_json::private::RawValud"],
    ["$serde_json::private::Number", "$serde_json::private::Numbeq"],
];

/// Takes a text, and says in a text what came of it.
type Entrance = fn(&str) -> String;

/// Wherever JSON comes in, by the first line of the input.
const ENTRANCES: [(&str, Entrance); 12] = [
    ("claims", claims),
    ("client", client),
    ("command", |text| told(Command::from_json(text), |command| command.to_json())),
    ("config", config),
    ("issuer", issuer_config),
    ("keys", keys),
    ("link", link),
    ("link-token", |text| post("/api/ats/v1/link-token", text)),
    ("mercoa", |text| post("/entity/e/token", text)),
    ("options", |text| told(operation(&store(), "entity_token", text), |output| claims_of(&output, "token"))),
    ("payload", payload),
    ("reply", |text| told(Reply::from_json(text), |reply| Reply::to_json(&reply))),
];

/// A line that names the entrance, and a text in which `$name` stands for such a name: what comes of it is what comes of a
/// harmless name in its place.
pub fn names(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((entrance, text)) = text.split_once('\n') else { return };
    let Some((_, entrance)) = ENTRANCES.iter().find(|(name, _)| *name == entrance) else { return };
    // With a name of its own like these, what is sorted by name may come in another order.
    if text.contains("$serde_json") {
        return;
    }
    for [private, harmless] in NAMES {
        let taken = entrance(&text.replace("$name", private));
        let wanted = entrance(&text.replace("$name", harmless));
        assert_eq!(taken.replace(private, harmless), wanted, "{private}");
    }
}

static ISSUING: LazyLock<Issuer> = LazyLock::new(|| {
    let keys =
        KeySet::builder().hmac("k1", SECRET.as_slice()).and_then(KeySetBuilder::build).expect("good keys");
    let categories = vec!["ats".to_owned()];
    let policy = Policy::new(ISSUER)
        .audience("app")
        .session_secret(SECRET.as_slice())
        .integration(Integration { slug: "lever".into(), name: "Lever".into(), categories });
    Issuer::new(keys, policy).expect("a good policy")
});

static ENDPOINT: LazyLock<Endpoint> = LazyLock::new(|| {
    let endpoint = Endpoint::builder().dialect(Mercoa::new(ISSUING.clone()));
    endpoint.dialect(Merge::new(ISSUING.clone(), MergeOptions::default())).build().expect("a good endpoint")
});

fn context(seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW), [seed; 32])
}

/// A store in which the API key `b` may do everything for the entity `e`.
fn store() -> MemoryStore {
    let store = MemoryStore::new();
    for (name, input) in [
        ("create_bearer_key", r#"{"bearer":"b","organization":"o","permissions":["links","entity_tokens"]}"#),
        ("create_entity", r#"{"id":"e","organization":"o"}"#),
    ] {
        operation(&store, name, input).expect("a good record");
    }
    store
}

fn operation(store: &MemoryStore, name: &str, input: &str) -> Result<String> {
    // A link made and one looked at are told apart by their inputs alone: the seed may be the same.
    ISSUING.operation(name, input, &context(1)).run(store).result
}

fn told<T>(result: Result<T>, tell: impl FnOnce(T) -> String) -> String {
    match result {
        Ok(value) => tell(value),
        Err(error) => {
            judge_error(&error);
            format!("{error:?}")
        }
    }
}

fn member(output: &str, name: &str) -> String {
    let output: Value = serde_json::from_str(output).expect("an output is JSON");
    output[name].as_str().expect("an output's member").to_owned()
}

/// The claims of a token in an output, as they stand in it.
fn claims_of(output: &str, name: &str) -> String {
    unverified::decode(&member(output, name)).expect("a token").json().to_owned()
}

/// Custom claims, by each of the ways into a token.
fn claims(text: &str) -> String {
    let json = |token: Result<String>| {
        told(token, |token| unverified::decode(&token).expect("a token").json().to_owned())
    };
    let claims = text.parse::<JsonText>().map(|text| Claims::new().set("x", text));
    [
        json(ISSUING.mint_json(&Claims::new(), text, Lifetime::HOUR, &context(1))),
        json(ISSUING.mint_claims(text, None, Lifetime::HOUR, &context(1))),
        json(claims.and_then(|claims| ISSUING.mint(&claims, Lifetime::HOUR, &context(1)))),
    ]
    .join("\n")
}

/// A client whose claims are the text, and the token of its session.
fn client(text: &str) -> String {
    let store = store();
    let input =
        format!(r#"{{"id":"c","organization":"o","secret":"s","permissions":["sessions"],"claims":{text}}}"#);
    let proof = r#"{"client_id":"c","client_secret":"s"}"#;
    let pair =
        operation(&store, "create_client", &input).and_then(|_| operation(&store, "exchange_api_key", proof));
    told(pair, |pair| claims_of(&pair, "access_token"))
}

/// A link whose settings are the text, and what is kept of it.
fn link(text: &str) -> String {
    let store = store();
    let input = format!(
        r#"{{"bearer":"b","expires_in":"1h","details":{{"origin_id":"u","end_user_organization":"o",
        "end_user_email":"m","categories":["ats"],"settings":{text}}}}}"#
    );
    told(operation(&store, "create_link", &input), |link| {
        let peek = format!(r#"{{"link_token":"{}"}}"#, member(&link, "link_token"));
        operation(&store, "peek_link", &peek).expect("what was stored can be read")
    })
}

fn config(text: &str) -> String {
    let built = Config::from_json(text).and_then(|config| config.build(&mut InlineOnly));
    told(built, |_| String::new())
}

fn issuer_config(text: &str) -> String {
    let keys = || KeySet::builder().hmac("k1", SECRET.as_slice()).and_then(KeySetBuilder::build);
    let minted = IssuerConfig::from_json(text)
        .and_then(|config| config.build(keys()?))
        .and_then(|issuer| issuer.mint(&Claims::new(), Lifetime::MINUTE, &context(1)));
    [
        told(minted, |token| unverified::decode(&token).expect("a token").json().to_owned()),
        told(VerifierConfig::from_json(text), |config| format!("{config:?}")),
        told(RemoteConfig::from_json(text), |config| format!("{config:?}")),
    ]
    .join("\n")
}

fn keys(text: &str) -> String {
    [
        told(Key::from_jwk(text), |key| format!("{key:?}")),
        told(KeySet::from_jwks(text), |set| format!("{set:?}")),
        told(KeyRing::from_json(text), |ring| format!("{ring:?}")),
    ]
    .join("\n")
}

/// A body, and the answer to it.
fn post(path: &str, body: &str) -> String {
    let request = Request::post(path)
        .header("authorization", "Bearer b")
        .header("content-type", "application/json")
        .body(body.as_bytes().to_vec())
        .expect("a good request");
    let response = ENDPOINT.handle(request, &context(1)).run(&store()).result.expect("always a response");
    let (status, body) = (response.status(), String::from_utf8_lossy(response.body()).into_owned());
    assert_ne!(status, 500, "a fault of the library: {body}");
    // A token is told by what it says.
    let token = serde_json::from_str::<String>(&body).ok().and_then(|token| unverified::decode(&token).ok());
    format!("{status} {}", token.map_or(body, |token| token.json().to_owned()))
}

/// A payload under a right signature: as a text it is what it is; a tree of values is it or is refused.
fn payload(text: &str) -> String {
    let token = signed(br#"{"alg":"HS256","typ":"JWT"}"#, text.as_bytes());
    told(ISSUING.verifier().verify(&token, UnixTime::from_seconds(NOW)), |verified| {
        if let Ok(tree) = verified.claims::<Value>() {
            let again = serde_json::to_string(&tree).expect("a tree can be written");
            assert_eq!(serde_json::from_str::<Value>(&again).ok(), Some(tree), "{text}");
        }
        format!("{} {:?}", verified.json(), verified.subject())
    })
}
