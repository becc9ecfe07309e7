//! API keys of customers: one read, no key for whoever has less than all of it, and no gap when the secret is replaced.

use std::sync::Mutex;

use regex_automata::hybrid::regex::Regex;
use tokenmint::*;

const NOW: i64 = 1_700_000_000;
const HOUR: Lifetime = Lifetime::HOUR;

/// A store that writes down which commands it was given.
#[derive(Default)]
struct Watched {
    store: MemoryStore,
    commands: Mutex<Vec<&'static str>>,
}

impl Store for Watched {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.commands.lock().unwrap().push(match command {
            Command::Load { .. } => "load",
            Command::Cas { .. } => "cas",
            Command::Throttle { .. } => "throttle",
            _ => "other",
        });
        self.store.execute(command)
    }
}

struct World {
    issuer: Issuer,
    store: Watched,
}

fn of(policy: Policy) -> World {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    World { issuer: Issuer::new(keys, policy).unwrap(), store: Watched::default() }
}

fn world() -> World {
    of(Policy::new("https://api.example.com"))
}

fn context(after: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW + after), [seed; 32])
}

impl World {
    fn create(&self, request: CreateApiKey, seed: u8) -> NewApiKey {
        self.issuer.create_api_key(request, &context(0, seed)).run(&self.store).result.unwrap()
    }

    fn verify(&self, key: &str, after: i64) -> Result<VerifiedApiKey> {
        self.issuer.verify_api_key(&key.into(), &context(after, 90)).run(&self.store).result
    }

    fn rotate(&self, id: &str, keep_for: Option<Lifetime>, after: i64, seed: u8) -> Result<NewApiKey> {
        self.issuer.rotate_api_key(id, keep_for, &context(after, seed)).run(&self.store).result
    }

    fn revoke(&self, id: &str) -> Result<()> {
        self.issuer.revoke_api_key(id, &context(0, 91)).run(&self.store).result
    }

    fn list(&self, request: ListApiKeys) -> Result<ApiKeyList> {
        self.issuer.list_api_keys(request, &context(0, 92)).run(&self.store).result
    }

    fn commands(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.store.commands.lock().unwrap())
    }
}

fn code<T>(result: Result<T>) -> ErrorCode {
    result.err().expect("it was refused").code()
}

#[test]
fn a_key_gives_back_what_it_was_made_with_by_one_read() {
    let world = world();
    let claims = [("plan".to_owned(), JsonText::of("pro").unwrap())];
    let request = CreateApiKey::new("customer_1").scope("read write").claims(claims.clone().into());
    let made = world.create(request.lifetime(HOUR).name("ci").prefix("acme_live"), 1);
    assert!(made.api_key.starts_with(&format!("acme_live_{}", made.id)), "{}", made.api_key);
    assert_eq!(made.expires_at.unwrap().seconds(), NOW + 3600);
    world.commands();

    let key = world.verify(&made.api_key, 3599).unwrap();
    assert_eq!(world.commands(), ["load"]);
    assert_eq!((key.id, key.owner.as_str(), key.name.as_deref()), (made.id, "customer_1", Some("ci")));
    assert_eq!((key.scope.as_deref(), key.claims), (Some("read write"), claims.into()));
    assert_eq!(code(world.verify(&made.api_key, 3600)), ErrorCode::TokenExpired);
}

#[test]
fn what_cannot_be_a_key_asks_for_nothing_and_the_unknown_costs_what_the_wrong_costs() {
    let limit = Rate::new(1, HOUR, 3).unwrap();
    let world = of(Policy::new("https://api.example.com").failure_rate(limit));
    let made = world.create(CreateApiKey::new("customer_1"), 1);
    // Of the same owner: one that was never stored, and one whose secret was replaced.
    let unknown = self::world().create(CreateApiKey::new("customer_1"), 2).api_key;
    world.rotate(&made.id, None, 1, 3).unwrap();
    world.commands();

    let last = made.api_key.len() - 1;
    let typo = format!("{}{}", &made.api_key[..last], if made.api_key.ends_with('0') { "1" } else { "0" });
    for text in ["", "key", &typo, &made.api_key[..last], "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"] {
        assert_eq!(code(world.verify(text, 1)), ErrorCode::Unauthenticated, "{text}");
        assert_eq!(world.commands(), Vec::<&str>::new(), "{text}");
    }
    let not_utf8 = world.issuer.verify_api_key(&Secret::from(&b"\xff\xfe"[..]), &context(1, 5));
    assert_eq!(code(not_utf8.run(&world.store).result), ErrorCode::Unauthenticated);
    for text in [&unknown, &made.api_key] {
        assert_eq!(code(world.verify(text, 1)), ErrorCode::Unauthenticated, "{text}");
        assert_eq!(world.commands(), ["load", "throttle"]);
    }
    // A limit of three failures, for each of the two.
    for text in [&unknown, &made.api_key] {
        assert_eq!(code(world.verify(text, 1)), ErrorCode::Unauthenticated);
        assert_eq!(code(world.verify(text, 1)), ErrorCode::Unauthenticated);
        assert_eq!(code(world.verify(text, 1)), ErrorCode::RateLimited);
    }
    let right = world.rotate(&made.id, None, 1, 4).unwrap();
    assert!(world.verify(&right.api_key, 1).is_ok(), "a right key is never locked out by wrong ones");
}

#[test]
fn a_key_is_its_issuers() {
    let (world, other) = (world(), of(Policy::new("https://other.example.com")));
    let made = world.create(CreateApiKey::new("customer_1"), 1);
    let verified = other.issuer.verify_api_key(&made.api_key.as_str().into(), &context(0, 2));
    assert_eq!(code(verified.run(&world.store).result), ErrorCode::Unauthenticated);
    let list = other.issuer.list_api_keys(ListApiKeys::new("customer_1"), &context(0, 3)).run(&world.store);
    assert_eq!(list.result.unwrap().api_keys, []);
}

#[test]
fn revocations_end_keys_and_a_new_one_is_good_at_once() {
    let world = world();
    let made = world.create(CreateApiKey::new("customer_1"), 1);
    let other = world.create(CreateApiKey::new("customer_2"), 2);
    world.revoke(&made.id).unwrap();
    world.revoke(&made.id).unwrap();
    assert_eq!(code(world.verify(&made.api_key, 0)), ErrorCode::TokenRevoked);
    assert_eq!(code(world.rotate(&made.id, None, 0, 3)), ErrorCode::NotFound);
    assert_eq!(code(world.revoke("no such id")), ErrorCode::NotFound);
    assert!(world.verify(&other.api_key, 0).is_ok());

    let raise: [fn(&Issuer, &Context) -> Task<()>; 2] = [
        |issuer, context| issuer.revoke_subject("customer_2", context),
        |issuer, context| issuer.revoke_all(context),
    ];
    for (raise, seed) in raise.into_iter().zip([10, 20]) {
        let [first, kept] = [seed, seed + 1].map(|seed| world.create(CreateApiKey::new("customer_2"), seed));
        world.rotate(&kept.id, Some(HOUR), 0, seed + 2).unwrap();
        raise(&world.issuer, &context(0, seed + 3)).run(&world.store).result.unwrap();
        for key in [first.api_key, kept.api_key] {
            assert_eq!(code(world.verify(&key, 0)), ErrorCode::TokenRevoked);
        }
        assert_eq!(code(world.rotate(&first.id, None, 0, seed + 4)), ErrorCode::NotFound);
        let next = world.create(CreateApiKey::new("customer_2"), seed + 5);
        assert!(world.verify(&next.api_key, 0).is_ok());
        let list = world.list(ListApiKeys::new("customer_2")).unwrap().api_keys;
        let living: Vec<_> = list.iter().filter(|key| !key.revoked).collect();
        assert!(living.len() == 1 && living[0].id == next.id, "{list:?}");
    }
}

#[test]
fn a_replaced_secret_keeps_its_time_also_after_a_lost_answer() {
    let world = world();
    let old = world.create(CreateApiKey::new("customer_1").prefix("acme"), 1);
    let lost = world.rotate(&old.id, Some(HOUR), 10, 2).unwrap();
    let new = world.rotate(&old.id, Some(HOUR), 20, 3).unwrap();
    for key in [&old, &lost, &new] {
        assert!(key.id == old.id && key.api_key.starts_with("acme_"));
        assert!(world.verify(&key.api_key, 3609).is_ok());
    }
    assert_eq!(code(world.verify(&old.api_key, 3610)), ErrorCode::Unauthenticated);
    assert!(world.verify(&lost.api_key, 3619).is_ok());
    assert_eq!(code(world.verify(&lost.api_key, 3620)), ErrorCode::Unauthenticated);
    // Without a time the newest ends at once; those before it keep theirs.
    let newest = world.rotate(&old.id, None, 30, 4).unwrap();
    assert_eq!(code(world.verify(&new.api_key, 30)), ErrorCode::Unauthenticated);
    assert!(world.verify(&old.api_key, 30).is_ok() && world.verify(&newest.api_key, 30).is_ok());

    world.rotate(&old.id, Some(HOUR), 40, 5).unwrap();
    world.rotate(&old.id, Some(HOUR), 40, 6).unwrap();
    let last = world.rotate(&old.id, Some(HOUR), 41, 7);
    assert_eq!(code(last), ErrorCode::AlreadyExists);
    assert!(world.verify(&old.api_key, 41).is_ok(), "nothing was ended");
    assert!(world.rotate(&old.id, Some(HOUR), 3610, 8).is_ok(), "the oldest has ended");
}

#[test]
fn keys_are_listed_in_pages() {
    let world = world();
    let mut made: Vec<String> =
        (1..=5).map(|seed| world.create(CreateApiKey::new("customer_1"), seed).id).collect();
    world.create(CreateApiKey::new("customer_2"), 6);
    let mut found = Vec::new();
    let mut request = ListApiKeys::new("customer_1").limit(2);
    loop {
        let ApiKeyList { api_keys, next } = world.list(request.clone()).unwrap();
        assert!(api_keys.len() <= 2);
        found.extend(api_keys.into_iter().map(|key| key.id));
        let Some(next) = next else { break };
        request = request.after(next);
    }
    made.sort();
    found.sort();
    assert_eq!(found, made);
    for (request, field) in [
        (ListApiKeys::new("customer_1").limit(0), "limit"),
        (ListApiKeys::new("customer_1").limit(101), "limit"),
        (ListApiKeys::new("customer_1").after("no cursor!"), "after"),
    ] {
        let error = world.list(request).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::FieldInvalid, Some(field)));
    }
}

#[test]
fn what_cannot_work_is_named() {
    let world = world();
    let refused = |request: CreateApiKey| {
        let error =
            world.issuer.create_api_key(request, &context(0, 1)).run(&world.store).result.unwrap_err();
        (error.code(), error.field().unwrap_or_default().to_owned())
    };
    let owner = || CreateApiKey::new("customer_1");
    let claim = |name: &str, value: &str| [(name.to_owned(), JsonText::of(value).unwrap())].into();
    let invalid = |field: &str| (ErrorCode::FieldInvalid, field.to_owned());
    assert_eq!(refused(CreateApiKey::new("")), invalid("owner"));
    assert_eq!(refused(owner().prefix("Acme")), invalid("prefix"));
    assert_eq!(refused(owner().name("n".repeat(201))), invalid("name"));
    assert_eq!(refused(owner().claims(claim("a", &"x".repeat(16 * 1024)))), invalid("claims"));
    for name in ["sub", "client_id"] {
        assert_eq!(refused(owner().claims(claim(name, "x"))), (ErrorCode::ClaimReserved, name.into()));
    }
    assert_eq!(refused(owner().scope("a  b")), (ErrorCode::InvalidScope, "scope".into()));
}

#[test]
fn the_key_is_in_no_record_no_event_and_no_debug_text() {
    let world = world();
    let request = CreateApiKey::new("customer_1");
    let made = world.issuer.create_api_key(request, &context(0, 1)).run(&world.store);
    let key = made.result.unwrap();
    let secret = &key.api_key[key.api_key.len() - 40..];
    let verified =
        world.issuer.verify_api_key(&key.api_key.as_str().into(), &context(0, 2)).run(&world.store);
    let mut texts = vec![format!("{key:?}"), format!("{:?}", verified.result.unwrap())];
    let wrong = format!("{}{}", &key.api_key[..30], &key.api_key[31..]);
    let refused = world.issuer.verify_api_key(&wrong.as_str().into(), &context(0, 3)).run(&world.store);
    texts.push(refused.result.unwrap_err().to_string());
    let events = [made.events, verified.events, refused.events].concat();
    assert_eq!(events.len(), 2, "{events:?}");
    texts.extend(events.iter().map(|event| serde_json::to_string(event).unwrap()));
    for text in texts {
        assert!(!text.contains(secret) && !text.contains(&wrong[wrong.len() - 40..]), "{text}");
    }
}

/// The regular expression of the document.
fn pattern() -> String {
    let document = include_str!("../../../docs/flows.md");
    document.split("```regex\n").nth(1).unwrap().split("\n```").next().unwrap().to_owned()
}

#[test]
fn a_scanner_finds_every_key_and_nothing_else() {
    let pattern = Regex::new(&pattern()).unwrap();
    let mut cache = pattern.create_cache();
    let mut finds = |text: &str| pattern.is_match(&mut cache, text);
    let world = world();
    let prefixes = ["key", "k", "acme_live", "a2345678901234567890"];
    for count in 0..10_000_u32 {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&count.to_be_bytes());
        let context = Context::new(UnixTime::from_seconds(NOW), seed);
        let request = CreateApiKey::new("customer_1").prefix(prefixes[usize::try_from(count % 4).unwrap()]);
        let key = world.issuer.create_api_key(request, &context).run(&world.store).result.unwrap().api_key;
        assert!(finds(&format!("API_KEY={key}\n")), "{key}");
        if count % 4 > 0 {
            continue;
        }
        for text in [key.clone(), format!("{{\"key\":\"{key}\"}}"), format!("It is {key}.")] {
            assert!(finds(&text), "{text}");
        }
        let bytes: [u8; 256] = context.entropy().bytes();
        let token = world.issuer.mint(&Claims::new().set("key", bytes.as_slice()), HOUR, &context).unwrap();
        let uuid = context.entropy().uuid().to_string();
        let base64url: String = bytes.iter().map(|byte| char::from(BASE64[usize::from(byte % 64)])).collect();
        let base64 = base64url.replace('-', "+").replace('_', "/");
        let cut = key[..key.len() - 1].to_owned();
        for text in [token, uuid, base64url, base64, cut, format!("{key}0")] {
            assert!(!finds(&format!("token: {text}\n")), "{text}");
        }
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
