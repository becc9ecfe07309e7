//! No secret in any `Debug` text, error or event: every public type that holds one is formatted and searched.

use serde_json::Value;
use tokenmint::config::{Config, InlineOnly, Service};
use tokenmint::dialect::entities;
use tokenmint::dialect::ledger::ClientConditions;
use tokenmint::dialect::mercoa::*;
use tokenmint::dialect::merge::*;
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
    let endpoint = endpoint::Endpoint::builder().dialect(Mercoa::new(issuer.clone()));
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
        format!("{:?} {:?}", Refresh::new(SECRET), Narrow::new(SECRET)),
        format!("{:?}", issuer.redeem_link(redeem.clone(), &context)),
        format!("{:?}", directory::create_bearer_key(&SECRET.into(), directory_key(), &context)),
    ] {
        secrets.check(&text);
    }
}

#[test]
fn no_key_shows_itself() {
    let mut secrets = secrets();
    let mut ring = KeyRing::new(RotationRules::default()).unwrap();
    let mut told = String::new();
    for (seed, algorithm) in [(1, Algorithm::HS256), (2, Algorithm::ES256), (3, Algorithm::EdDSA)] {
        let jwk = Key::generate_jwk(Some("k"), algorithm, &mut Entropy::new([seed; 32])).unwrap();
        let text = std::str::from_utf8(jwk.expose()).unwrap();
        let json: Value = serde_json::from_str(text).unwrap();
        let private = json["k"].as_str().or(json["d"].as_str()).unwrap();
        secrets.add(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(private).unwrap());
        let key = Key::from_jwk(text).unwrap();
        told += &format!("{key:?} {:?} {jwk:?}", KeySet::builder().key(key.clone()).unwrap().build());
        if seed == 1 {
            ring.announce("k", algorithm, jwk, NOW).unwrap();
        } else {
            told += &format!("{:?}", Key::held_by_host("h", algorithm, Some(key.clone())).unwrap_err());
            let again = ring.announce("k", algorithm, jwk, NOW);
            told += &format!("{:?}", again.unwrap_err());
        }
    }
    let json = ring.to_json().unwrap();
    let json = std::str::from_utf8(json.expose()).unwrap();
    told += &format!("{ring:?} {:?} {:?}", ring.plan(NOW), ring.keys().collect::<Vec<_>>());
    for (old, new) in [("rules", "rule"), ("HS256", "ES256"), ("active", "gone"), ("{", "")] {
        told += &format!("{:?}", KeyRing::from_json(&json.replacen(old, new, 1)).unwrap_err());
    }
    let text = serde_json::to_string(SECRET).unwrap();
    told += &format!("{:?}", KeyRing::from_json(&text).unwrap_err());
    told += &format!("{:?}", ring.announce("x", Algorithm::HS256, SECRET, NOW).unwrap_err());
    told += &format!(
        "{:?}",
        Key::held_by_host("h", Algorithm::HS256, Key::hmac(None, Algorithm::HS256, SECRET).ok())
    );
    told += &format!(
        "{:?}",
        Issuer::new(KeySet::builder().hmac("k", SECRET).unwrap().build().unwrap(), Policy::new(""))
    );
    told += &format!("{:?}", Policy::new("i").session_secret(&SECRET[..20]));
    told += &format!(
        "{:?} {:?}",
        SecretHash::parse(SECRET).unwrap_err(),
        Template::from_json(SECRET).unwrap_err()
    );
    secrets.check(&told);
}

/// A host that writes down the debug text of all that passes it.
#[derive(Default)]
struct Chronicle {
    store: MemoryStore,
    told: std::sync::Mutex<String>,
}

impl Store for Chronicle {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.tell(&command);
        let keys = KeySet::builder().hmac("k1", SECRET).unwrap().build().unwrap();
        let reply = WithSigner::new(&self.store, keys).execute(command);
        self.tell(&reply);
        reply
    }
}

impl Chronicle {
    fn tell(&self, what: &dyn std::fmt::Debug) {
        *self.told.lock().unwrap() += &format!("{what:?} {what:#?}\n");
    }

    fn run<T: std::fmt::Debug + 'static>(&self, mut task: Task<T>) -> T {
        self.tell(&task);
        let mut reply = None;
        loop {
            let step = task.step(reply.take());
            self.tell(&step);
            match step {
                Step::Need(command) => reply = Some(self.execute(command)),
                Step::Done(outcome) => return outcome.result.unwrap(),
                Step::Spent => panic!("no end"),
            }
        }
    }
}

/// Each flow by its own function, with a key that the host holds, so that signing inputs and signatures pass, too.
#[test]
fn no_flow_shows_a_token() {
    const BEARER: &str = "the-bearer-of-organization-1-4f8a2c6e";
    let at =
        |seconds: i64, seed: u8| Context::new(UnixTime::from_seconds(NOW.seconds() + seconds), [seed; 32]);
    let mut secrets = secrets();
    secrets.add(BEARER.as_bytes());
    let host = Chronicle::default();
    let issuer = |format| {
        let key = Key::held_by_host("k1", Algorithm::HS256, None).unwrap();
        let lever =
            Integration { slug: "lever".into(), name: "Lever".into(), categories: vec!["hris".into()] };
        let policy =
            Policy::new("i").audience("a").session_secret(SECRET).integration(lever).access_format(format);
        Issuer::new(KeySet::builder().key(key).unwrap().build().unwrap(), policy).unwrap()
    };
    let (jwt, opaque) = (issuer(AccessFormat::Jwt), issuer(AccessFormat::Opaque));
    let client = directory::Client::new("c", "org_1", SecretHash::of(SECRET.as_bytes()))
        .permission(Permission::ClientCredentials)
        .permission(Permission::Sessions);
    host.run(directory::create_client(client, &at(0, 1)));
    let permissions = vec![Permission::EntityTokens, Permission::Links];
    let key = directory::BearerKey { organization: "org_1".into(), permissions, disabled: false };
    host.run(directory::create_bearer_key(&BEARER.into(), key, &at(0, 2)));
    let entity =
        entities::Entity { id: "e".into(), foreign_id: None, organization: "org_1".into(), disabled: false };
    host.run(entities::create_entity(entity, &at(0, 3)));

    let proof = || ClientProof::new("c", SECRET);
    let mut tokens = Vec::new();
    for (seed, issuer) in [(10, &jwt), (20, &opaque)] {
        let access = host.run(issuer.client_credentials(proof(), &at(1, seed)));
        host.tell(&access);
        let pair = host.run(issuer.exchange_api_key(proof(), ClientConditions::default(), &at(1, seed + 1)));
        host.tell(&pair);
        let next = host.run(issuer.refresh(&pair.refresh_token, &at(2, seed + 2)));
        host.tell(&host.run(issuer.check(&next.access_token, &at(3, seed + 3))));
        host.run(issuer.revoke_token(&access.access_token, "c", &at(3, seed + 4)));
        host.tell(&issuer.check(&access.access_token, &at(4, seed + 5)).run(&host));
        host.tell(&issuer.refresh(&next.access_token, &at(4, seed + 6)).run(&host));
        tokens.extend([access.access_token, pair.access_token, pair.refresh_token]);
        tokens.extend([next.access_token, next.refresh_token]);
    }
    let entity_token = |bearer: Secret, seed| {
        let target = EntityTarget::Entity("e".into());
        let request =
            EntityTokenRequest { bearer, target, expires_in: None, options: EntityOptions::default() };
        host.run(jwt.entity_token(request, &at(5, seed)))
    };
    let first = entity_token(BEARER.into(), 30);
    tokens.extend([entity_token(first.as_str().into(), 31), first]);
    tokens.push(host.run(jwt.mint_task(&Claims::new(), Lifetime::HOUR, &at(5, 32))));

    let details = LinkDetails {
        origin_id: "u".into(),
        end_user_organization: "o".into(),
        end_user_email: "m".into(),
        categories: vec!["hris".into()],
        integration: Some("lever".into()),
        settings: Default::default(),
    };
    let link = host.run(jwt.create_link(BEARER.into(), details, Lifetime::HOUR, &at(6, 40)));
    let redeem = RedeemRequest { link_token: link.link_token.clone(), integration: None, redeemer: None };
    host.tell(&redeem);
    let public = host.run(jwt.redeem_link(redeem, &at(7, 41)));
    let exchange = ExchangeRequest {
        bearer: BEARER.into(),
        category: "hris".into(),
        public_token: public.public_token.clone(),
        redeemer: None,
    };
    host.tell(&exchange);
    let account = host.run(jwt.exchange_public_token(exchange, &at(8, 42)));
    let again = jwt.regenerate_account_token(BEARER.into(), "hris", &account.account_token, &at(60, 43));
    let again = host.run(again);
    host.tell(&(&link, &public, &account, &again));
    tokens.extend([link.link_token, public.public_token, account.account_token, again.account_token]);

    for token in &tokens {
        secrets.add(token.as_bytes());
        // A signing input is no token; its signature makes it one.
        if let Some((_, signature)) = token.rsplit_once('.') {
            secrets.add(signature.as_bytes());
            secrets.add(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(signature).unwrap());
        }
    }
    let told = host.told.into_inner().unwrap();
    assert!(told.contains("Sign {") && told.contains("Signed(") && told.contains("Cas {"));
    secrets.check(&told);
}

fn directory_key() -> directory::BearerKey {
    directory::BearerKey { organization: "org_1".into(), permissions: Default::default(), disabled: false }
}

#[test]
fn no_refused_key_shows_itself() {
    let mut secrets = secrets();
    secrets.add(&SECRET.as_bytes()[..20]);
    let k = base64_simd::URL_SAFE_NO_PAD.encode_to_string(SECRET);
    let short = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&SECRET[..20]);
    let pem = include_str!("../../tests-data/keys/ed25519.pem");
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

/// A configuration with every section, and a secret in the place of each of its texts and names in turn.
#[test]
fn no_configuration_with_a_secret_in_a_wrong_place_shows_it() {
    const UUID: &str = "14c84a34-282b-4fd8-8af6-86b5b5f2c212";
    let file: Value =
        serde_json::from_str(include_str!("../../../bindings-tests/vectors/transcripts.json")).unwrap();
    let mut refused = 0;
    for secret in [SECRET, UUID] {
        let mut secrets = Secrets::default();
        secrets.add(secret.as_bytes());
        for config in with_everywhere(&file["config"], &secret.into()) {
            let json = config.to_string();
            let error = Config::from_json(&json).and_then(|config| config.build(&mut InlineOnly)).err();
            refused += usize::from(error.is_some());
            let told = error.map(|error| format!("{error} {error:?}")).unwrap_or_default();
            secrets.check(&told);
        }
    }
    assert!(refused > 100, "{refused}");
}

/// `value` with `secret` in the place of each part of it in turn, and as a name in each object.
fn with_everywhere(value: &Value, secret: &Value) -> Vec<Value> {
    let mut all = vec![secret.clone()];
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                all.extend(with_everywhere(item, secret).into_iter().map(|item| {
                    let mut items = items.clone();
                    items[at] = item;
                    Value::Array(items)
                }));
            }
        }
        Value::Object(members) => {
            let with = |name: &str, item: Value| {
                let mut members = members.clone();
                members.insert(name.to_owned(), item);
                Value::Object(members)
            };
            all.push(with(secret.as_str().unwrap(), 1.into()));
            for (name, item) in members {
                all.extend(with_everywhere(item, secret).into_iter().map(|item| with(name, item)));
            }
        }
        _ => {}
    }
    all
}

/// Every exchange of the transcripts, which between them run every flow: what is sent as a credential or given out
/// as a token stands in no event, no error and no `Debug`.
#[test]
fn no_event_tells_a_token() {
    let file: Value =
        serde_json::from_str(include_str!("../../../bindings-tests/vectors/transcripts.json")).unwrap();
    let config = Config::from_json(&file["config"].to_string()).unwrap();
    let service: Service = config.clone().build(&mut InlineOnly).unwrap();
    let mut fixed = Secrets::default();
    for key in file["config"]["keys"].as_array().unwrap() {
        for name in ["secret", "pem"] {
            key[name].as_str().into_iter().for_each(|text| fixed.add(text.as_bytes()));
        }
    }
    for dialect in ["oauth", "ledger", "merge"] {
        fixed.add(file["config"][dialect]["session_secret"].as_str().unwrap().as_bytes());
    }
    fixed.check(&format!("{config:?} {service:?}"));

    let mut events = 0;
    for case in file["cases"].as_array().unwrap() {
        let store = MemoryStore::new();
        let mut secrets = Secrets::default();
        let mut told = String::new();
        let before = Context::new(UnixTime::from_seconds(1_699_999_999), [0xee; 32]);
        told += &format!("{:?}", service.prepare_store(&before).run(&store).events);
        for (at, exchange) in case["exchanges"].as_array().unwrap().iter().enumerate() {
            let seed = u8::try_from(at + 1).unwrap();
            let now = UnixTime::from_seconds(exchange["now"].as_i64().unwrap());
            let context = Context::new(now, [seed; 32]);
            let task = match exchange["operation"].as_str() {
                Some(name) => {
                    let input = exchange["input"].to_string();
                    service
                        .endpoint
                        .operation(None, name, &input, &context)
                        .map(|output| Ok(output.into_bytes()))
                }
                None => {
                    let request = sent(&exchange["request"], &case["exchanges"], &mut secrets);
                    service.endpoint.handle(request, &context).map(|response| Ok(response.into_body()))
                }
            };
            told += &format!("{task:?}");
            let outcome = task.run(&store);
            let answer = serde_json::from_slice(&outcome.result.unwrap()).unwrap_or_default();
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

/// A request of a transcript; its credentials are kept.
fn sent(given: &Value, answers: &Value, secrets: &mut Secrets) -> http::Request<Vec<u8>> {
    let mut request = http::Request::builder()
        .method(given["method"].as_str().unwrap())
        .uri(fill(given["target"].as_str().unwrap(), answers));
    for (name, value) in given["headers"].as_object().into_iter().flatten() {
        let value = fill(value.as_str().unwrap(), answers);
        let credential = ["Bearer ", "Basic "].iter().find_map(|scheme| value.strip_prefix(scheme));
        credential
            .filter(|token| token.len() >= 12)
            .into_iter()
            .for_each(|token| secrets.add(token.as_bytes()));
        request = request.header(name, value);
    }
    let body = fill(given["body"].as_str().unwrap_or_default(), answers);
    match serde_json::from_str(&body) {
        Ok(json) => collect(&json, secrets),
        Err(_) => {
            let form = body.split('&').filter_map(|pair| pair.split_once('='));
            let form = form.map(|(name, value)| (name.to_owned(), value.into()));
            collect(&Value::Object(form.collect()), secrets);
        }
    }
    request.body(body.into_bytes()).unwrap()
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
        "assertion",
        "client_assertion",
        "subject_token",
        "actor_token",
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
