//! No secret in any `Debug` text, error or event: every public type that holds one is formatted and searched.

#![cfg(any(feature = "aws-lc", feature = "rustcrypto"))]

use serde_json::Value;
use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::*;

const SECRET: &str = "correct horse battery staple, 32 bytes or more";
const NOW: UnixTime = UnixTime::from_seconds(1_700_000_000);

/// Secrets in every form in which a program prints bytes.
#[derive(Default)]
struct Secrets(Vec<(String, String)>);

impl Secrets {
    fn add(&mut self, bytes: &[u8]) {
        let whole = String::from_utf8_lossy(bytes).into_owned();
        let list = |bytes: &[u8]| bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        // Part of a secret is a leak too: the middle, at each of base64's three alignments.
        let middle = bytes.get(4..28).unwrap_or(bytes);
        let mut needles =
            vec![list(middle), hex[..hex.len().min(24)].to_owned(), hex[..hex.len().min(24)].to_uppercase()];
        needles.extend(text(middle));
        for start in 0..3 {
            let encoded = base64_simd::STANDARD.encode_to_string(&middle[start.min(middle.len())..]);
            let inner: String = encoded.chars().skip(1).take(16).collect();
            needles.push(inner.replace('+', "-").replace('/', "_"));
            needles.push(inner);
        }
        self.0.extend(
            needles.into_iter().filter(|needle| needle.len() >= 8).map(|needle| (whole.clone(), needle)),
        );
    }

    fn check(&self, text: &str) {
        for (secret, needle) in &self.0 {
            assert!(!text.contains(needle), "{needle:?}, of {secret:?}, stands in {text}");
        }
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add(SECRET.as_bytes());
    secrets.add(&[0xc7; 32]);
    secrets
}

#[test]
fn the_search_finds_what_it_should() {
    let secrets = secrets();
    let forms = [
        format!("{:?}", SECRET),
        format!("{:?}", SECRET.as_bytes()),
        format!("{:02x?}", [0xc7_u8; 32]).replace(", ", ""),
        base64_simd::URL_SAFE_NO_PAD.encode_to_string(SECRET),
        base64_simd::STANDARD.encode_to_string([&b"xy"[..], SECRET.as_bytes()].concat()),
    ];
    for form in forms {
        assert!(std::panic::catch_unwind(|| secrets.check(&form)).is_err(), "{form} was not found");
    }
}

#[test]
fn no_type_shows_its_secret() {
    let secrets = secrets();
    let keys = KeySet::builder().hmac("k1", SECRET).unwrap();
    secrets.check(&format!("{keys:?}"));
    let keys = keys.build().unwrap();
    let policy = Policy::new("i").session_secret(SECRET);
    let issuer = Issuer::new(keys.clone(), policy.clone()).unwrap();
    let context = Context::new(NOW, [0xc7; 32]);
    let hash = SecretHash::of(SECRET.as_bytes());
    let target = EntityTarget::Entity("e".into());
    let request = EntityTokenRequest {
        bearer: SECRET.into(),
        target,
        expires_in: None,
        options: EntityOptions::default(),
    };
    let redeem = RedeemRequest { link_token: SECRET.into(), integration: None, redeemer: None };
    let exchange = ExchangeRequest {
        bearer: SECRET.into(),
        category: "hris".into(),
        public_token: SECRET.into(),
        redeemer: None,
    };
    let endpoint = endpoint::Endpoint::builder().mercoa(issuer.clone(), endpoint::MercoaOptions::default());
    secrets.check(&format!("{endpoint:?}"));
    secrets.check(&format!("{:?}", endpoint.build().unwrap()));
    for text in [
        format!(
            "{:?} {:#?} {:?}",
            Secret::from(SECRET),
            Secret::from(SECRET),
            Secret::from(SECRET.as_bytes())
        ),
        format!("{keys:?} {policy:?} {issuer:?} {:?}", issuer.verifier()),
        format!("{context:?} {:?}", context.entropy()),
        format!("{hash:?} {:?}", Credentials::new(hash)),
        format!("{:?} {request:?} {redeem:?} {exchange:?}", ClientProof::new("c", SECRET)),
        format!("{:?}", issuer.redeem_link(redeem.clone(), &context)),
        format!("{:?}", directory::create_api_key(&SECRET.into(), directory_key(), &context)),
    ] {
        secrets.check(&text);
    }
}

fn directory_key() -> directory::ApiKey {
    directory::ApiKey { organization: "org_1".into(), permissions: Default::default(), disabled: false }
}

#[test]
fn no_refused_key_shows_itself() {
    let mut secrets = secrets();
    secrets.add(&SECRET.as_bytes()[..20]);
    let k = base64_simd::URL_SAFE_NO_PAD.encode_to_string(SECRET);
    let short = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&SECRET[..20]);
    let pem = include_str!("../tests-data/keys/ed25519.pem");
    let body = pem.lines().nth(1).unwrap();
    secrets.add(&base64_simd::STANDARD.decode_to_vec(body).unwrap()[16..]);
    let private = |member: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{k}","d":{member}}}"#);
    let errors = [
        Key::hmac(None, Algorithm::HS256, &SECRET[..20]).unwrap_err(),
        Key::hmac(None, Algorithm::ES256, SECRET).unwrap_err(),
        Key::from_jwk(SECRET).unwrap_err(),
        Key::from_jwk(&format!(r#"{{"kty":"oct","alg":"HS256","k":"{short}"}}"#)).unwrap_err(),
        Key::from_jwk(&format!(r#"{{"kty":"oct","alg":"HS256","k":"{k}="}}"#)).unwrap_err(),
        Key::from_jwk(&format!(r#"{{"kty":"oct","alg":"RS256","k":"{k}"}}"#)).unwrap_err(),
        Key::from_jwk(&format!(r#"{{"kty":"oct","k":["{k}"]}}"#)).unwrap_err(),
        Key::from_jwk(&private(&format!("\"{k}\""))).unwrap_err(),
        Key::from_jwk(&private(&format!("[\"{k}\"]"))).unwrap_err(),
        Key::from_pem(None, None, SECRET).unwrap_err(),
        Key::from_pem(None, Some(Algorithm::RS256), pem).unwrap_err(),
        Key::from_pem(None, None, &pem.replace("-----END", "A-----END")).unwrap_err(),
        Key::from_pem(None, None, &pem.replace("PRIVATE", "SECRET")).unwrap_err(),
        Key::from_pem(None, None, body).unwrap_err(),
        KeySet::from_jwks(SECRET).unwrap_err(),
        Config::from_json(SECRET).unwrap_err(),
        Config::from_json(&format!(r#"{{"keys":"{SECRET}"}}"#)).unwrap_err(),
        Config::from_json(&format!(r#"{{"keys":[{{"kid":"k","secret":["{SECRET}"]}}]}}"#)).unwrap_err(),
        Config::from_json(&format!(r#"{{"server":{{"port":"{SECRET}"}}}}"#)).unwrap_err(),
        Config::from_json(&format!(
            r#"{{"keys":[{{"kid":"k","jwk":"{SECRET}"}}],"monite":{{"issuer":"i","key":"k"}}}}"#
        ))
        .unwrap()
        .build(&mut InlineOnly)
        .unwrap_err(),
    ];
    for error in errors {
        secrets.check(&format!("{error} {error:?} {error:#?}"));
    }
    let set =
        KeySet::from_jwks(&format!(r#"{{"keys":[{{"kty":"oct","alg":"HS256","k":"{short}"}},"{SECRET}"]}}"#));
    let set = set.unwrap();
    secrets.check(&format!("{set:?} {:?}", set.skipped()));
    let forged = format!("{k}.{k}.{k}");
    let keys = KeySet::builder().hmac("k1", SECRET).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, Policy::new("i").audience("a")).unwrap();
    secrets.check(&format!("{:?}", issuer.verifier().verify(&forged, NOW).unwrap_err()));
}

/// Every exchange of the transcripts, which between them run every flow: what is sent as a credential or given out
/// as a token stands in no event, no error and no `Debug`.
#[test]
fn no_event_tells_a_token() {
    let file: Value =
        serde_json::from_str(include_str!("../../bindings-tests/vectors/transcripts.json")).unwrap();
    let config = Config::from_json(&file["config"].to_string()).unwrap();
    let service: Service = config.clone().build(&mut InlineOnly).unwrap();
    let mut fixed = Secrets::default();
    for key in file["config"]["keys"].as_array().unwrap() {
        for name in ["secret", "pem"] {
            key[name].as_str().into_iter().for_each(|text| fixed.add(text.as_bytes()));
        }
    }
    for dialect in ["ledger", "merge"] {
        fixed.add(file["config"][dialect]["session_secret"].as_str().unwrap().as_bytes());
    }
    fixed.check(&format!("{config:?} {service:?}"));

    let mut events = 0;
    for case in file["cases"].as_array().unwrap() {
        let store = MemoryStore::new();
        let mut secrets = Secrets::default();
        let mut told = String::new();
        let before = Context::new(UnixTime::from_seconds(1_699_999_999), [0xee; 32]);
        for record in &service.directory {
            told += &format!("{:?}", record.clone().create(&before).run(&store).events);
        }
        for (at, exchange) in case["exchanges"].as_array().unwrap().iter().enumerate() {
            let given = &exchange["request"];
            let answers = &case["exchanges"];
            let mut request = http::Request::builder()
                .method(given["method"].as_str().unwrap())
                .uri(fill(given["target"].as_str().unwrap(), answers));
            for (name, value) in given["headers"].as_object().into_iter().flatten() {
                let value = fill(value.as_str().unwrap(), answers);
                if let Some(token) = value.strip_prefix("Bearer ").filter(|token| token.len() >= 12) {
                    secrets.add(token.as_bytes());
                }
                request = request.header(name, value);
            }
            let body = fill(given["body"].as_str().unwrap_or_default(), answers);
            let sent: Value = serde_json::from_str(&body).unwrap_or_default();
            collect(&sent, &mut secrets);
            let seed = u8::try_from(at + 1).unwrap();
            let now = UnixTime::from_seconds(exchange["now"].as_i64().unwrap());
            let context = Context::new(now, [seed; 32]);
            let task = service.endpoint.handle(request.body(body.into_bytes()).unwrap(), &context);
            told += &format!("{task:?}");
            let outcome = task.run(&store);
            let answer = serde_json::from_slice(outcome.result.unwrap().body()).unwrap_or_default();
            match &answer {
                Value::String(token) if token.len() >= 20 => secrets.add(token.as_bytes()),
                other => collect(other, &mut secrets),
            }
            events += outcome.events.len();
            told += &format!("{:?} {}", outcome.events, serde_json::to_string(&outcome.events).unwrap());
        }
        fixed.check(&told);
        secrets.check(&told);
    }
    assert!(events > 100, "{events} events are too few to prove anything");
}

/// The members that are credentials, in requests and in responses.
fn collect(body: &Value, secrets: &mut Secrets) {
    for name in [
        "access_token",
        "refresh_token",
        "link_token",
        "public_token",
        "account_token",
        "client_secret",
        "api_key",
        "api_key_secret",
        "token",
    ] {
        if let Some(secret) = body[name].as_str().filter(|secret| secret.len() >= 12) {
            secrets.add(secret.as_bytes());
        }
    }
}

/// Puts parts of earlier responses in the places that name them.
fn fill(text: &str, exchanges: &Value) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, tail) = after.split_once("}}").unwrap();
        let (at, member) = name.split_once('.').unwrap_or((name, ""));
        let answer = exchanges[at.parse::<usize>().unwrap()]["response"]["body"].as_str().unwrap();
        let answer: Value = serde_json::from_str(answer).unwrap();
        let found = if member.is_empty() { &answer } else { &answer[member] };
        filled += before;
        filled += found.as_str().unwrap();
        rest = tail;
    }
    filled + rest
}
