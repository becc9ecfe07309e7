//! Security events: what is told of what happened, to whom, and until when.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokenmint::directory::{self, ChangeClient, Client};
use tokenmint::*;

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://id.example.com";
const RECEIVER: &str = "https://rp.example.com";

struct World {
    issuer: Issuer,
    store: MemoryStore,
    seed: std::cell::Cell<u16>,
}

fn world() -> World {
    with(|policy| policy.event_receiver(EventReceiver::new(RECEIVER)))
}

fn with(receivers: impl Fn(Policy) -> Policy) -> World {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new(ISSUER).audience("api").session_secret([9; 32].as_slice());
    let issuer = Issuer::new(keys, receivers(policy)).unwrap();
    let world = World { issuer, store: MemoryStore::new(), seed: 0.into() };
    world.run(Issuer::adopt_store);
    world
}

impl World {
    fn context(&self, after: i64) -> Context {
        let mut seed = [0; 32];
        self.seed.set(self.seed.get() + 1);
        seed[..2].copy_from_slice(&self.seed.get().to_be_bytes());
        Context::new(UnixTime::from_seconds(NOW + after), seed)
    }

    fn run<T: 'static>(&self, task: impl FnOnce(&Issuer, &Context) -> Task<T>) -> T {
        task(&self.issuer, &self.context(0)).run(&self.store).result.unwrap()
    }

    fn polled(&self, request: PollEvents, after: i64) -> PolledEvents {
        self.issuer.poll_events(request, &self.context(after)).run(&self.store).result.unwrap()
    }

    /// What the receiver is told, each acknowledged.
    fn told(&self) -> Vec<Value> {
        self.told_to(RECEIVER, 5)
    }

    fn told_to(&self, receiver: &str, after: i64) -> Vec<Value> {
        let mut found = Vec::new();
        let mut ask = PollEvents::new(receiver);
        loop {
            let polled = self.polled(ask, after);
            if polled.sets.is_empty() {
                return found;
            }
            ask = PollEvents::new(receiver);
            for set in polled.sets {
                found.push(claims(&set));
                ask = ask.ack(set.id);
            }
        }
    }
}

fn claims(set: &SecurityEventToken) -> Value {
    let claims: Value = serde_json::from_str(unverified::decode(&set.token).unwrap().json()).unwrap();
    assert_eq!(claims["jti"], set.id);
    claims
}

/// The type of the one event in it, and what it says.
fn event(claims: &Value) -> (String, Value) {
    let events = claims["events"].as_object().unwrap();
    assert_eq!(events.len(), 1);
    let (uri, payload) = events.iter().next().unwrap();
    let name = uri.strip_prefix("https://schemas.openid.net/secevent/caep/event-type/").unwrap();
    (name.to_owned(), payload.clone())
}

fn user(sub: &str) -> Value {
    json!({ "format": "iss_sub", "iss": ISSUER, "sub": sub })
}

fn opaque(id: &str) -> Value {
    json!({ "format": "opaque", "id": id })
}

#[test]
fn rfc_8417_section_2_the_token() {
    let world = world();
    let pair = world.run(|issuer, context| issuer.start_session(StartSession::new("u1"), context));
    world.run(|issuer, context| issuer.revoke_session(&pair.session, context));
    let polled = world.polled(PollEvents::new(RECEIVER), 5);
    let [set] = &polled.sets[..] else { panic!("{polled:?}") };
    assert!(!polled.more_available);
    let told = claims(set);
    let expected = json!({
        "iss": ISSUER, "jti": set.id, "iat": NOW + 5, "aud": RECEIVER, "txn": told["txn"],
        "sub_id": { "format": "complex", "session": opaque(&pair.session), "user": user("u1") },
        "events": {
            "https://schemas.openid.net/secevent/caep/event-type/session-revoked": { "event_timestamp": NOW },
        },
    });
    assert_eq!(told, expected);
    // Section 4: for nobody else, and no token of another kind.
    let verifier = world.issuer.verifier().any_audience().without_expiry();
    let error = verifier.verify(&set.token, UnixTime::from_seconds(NOW)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TypeMismatch);
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let verifier =
        Verifier::new(keys).issuer(ISSUER).audience(RECEIVER).token_type("secevent+jwt").without_expiry();
    assert!(verifier.verify(&set.token, UnixTime::from_seconds(NOW + 5)).is_ok());
}

#[test]
fn an_event_comes_with_the_same_id_and_claims_until_it_is_acknowledged() {
    let world = world();
    world.run(|issuer, context| issuer.revoke_subject("u1", context));
    let first = world.polled(PollEvents::new(RECEIVER), 1);
    let again = world.polled(PollEvents::new(RECEIVER), 100);
    assert_eq!((first.sets.len(), &first), (1, &again));
    let done = world.polled(PollEvents::new(RECEIVER).ack(&first.sets[0].id).ack("unknown"), 101);
    assert_eq!(done, PolledEvents { sets: vec![], more_available: false });
    // Another act is another event.
    world.run(|issuer, context| issuer.revoke_subject("u1", context));
    let next = world.polled(PollEvents::new(RECEIVER), 102);
    assert_eq!(next.sets.len(), 1);
    assert_ne!(next.sets[0].id, first.sets[0].id);
}

#[test]
fn each_act_is_told_in_the_words_of_caep() {
    let world = world();
    let [one, two, three] = [1, 2, 3]
        .map(|_| world.run(|issuer, context| issuer.start_session(StartSession::new("u1"), context)).session);
    let session = |id: &str| json!({ "format": "complex", "session": opaque(id), "user": user("u1") });
    let told = |act: &str, expected: &[(&str, Value)]| {
        let mut found: Vec<_> =
            world.told().iter().map(|claims| (event(claims).0, claims["sub_id"].clone())).collect();
        let mut expected: Vec<_> =
            expected.iter().map(|(name, id)| ((*name).to_owned(), id.clone())).collect();
        for list in [&mut found, &mut expected] {
            list.sort_by_key(|told| told.1.to_string());
        }
        assert_eq!(found, expected, "{act}");
    };
    const REVOKED: &str = "session-revoked";

    world.run(|issuer, context| issuer.revoke_session(&one, context));
    told("a session", &[(REVOKED, session(&one))]);
    world.run(|issuer, context| issuer.revoke_sessions("u1", Some(&two), context));
    told("all but one: each by itself, and not one that was over", &[(REVOKED, session(&three))]);
    world.run(|issuer, context| issuer.revoke_sessions("u1", None, context));
    told("all of a subject", &[(REVOKED, user("u1"))]);
    world.run(|issuer, context| issuer.revoke_subject("u1", context));
    told("a subject", &[(REVOKED, user("u1"))]);
    world.run(|issuer, context| issuer.revoke_client("c1", context));
    let application = || json!({ "format": "complex", "application": opaque("c1") });
    told("a client", &[(REVOKED, application())]);
    world.run(Issuer::revoke_all);
    told("everything", &[(REVOKED, json!({ "format": "complex", "tenant": opaque(ISSUER) }))]);

    let client = Client::new("c1", "o", SecretHash::of(b"first")).permission(Permission::ClientCredentials);
    world.run(|_, context| directory::create_client(client, context));
    told("a client is made", &[]);
    let proof = ClientProof::new("c1", "first");
    let token = world.run(|issuer, context| issuer.client_credentials(proof, context)).access_token;
    world.run(|issuer, context| issuer.revoke_token(&token, "c1", context));
    let jti: Value =
        serde_json::from_str(unverified::decode(&token).unwrap().claim_json("jti").unwrap()).unwrap();
    told("a token", &[("credential-change", json!({ "format": "jwt_id", "iss": ISSUER, "jti": jti }))]);
    world.run(|_, context| directory::rotate_client_secret("c1", None, context));
    told("a client's secret", &[("credential-change", application())]);
    world.run(|_, context| directory::change_client("c1", ChangeClient::new().scope("read"), context));
    told("what a client's tokens say", &[("token-claims-change", application())]);
    world.run(|_, context| directory::change_client("c1", ChangeClient::new().name("C"), context));
    told("what no token says", &[]);
    world.run(|_, context| directory::disable_client("c1", context));
    told("a client is refused", &[(REVOKED, application())]);
    world.run(|_, context| directory::change_client("c1", ChangeClient::new().disabled(false), context));
    told("a client is taken back", &[]);
    // Not the event of before, although nothing else of the client is another.
    world.run(|_, context| directory::disable_client("c1", context));
    told("a client is refused again", &[(REVOKED, application())]);

    let key = world.run(|issuer, context| issuer.create_api_key(CreateApiKey::new("u1"), context));
    let key_id = || json!({ "format": "complex", "user": user("u1"), "api_key": opaque(&key.id) });
    world.run(|issuer, context| issuer.rotate_api_key(&key.id, None, context));
    told("an API key's secret", &[("credential-change", key_id())]);
    world.run(|issuer, context| issuer.revoke_api_key(&key.id, context));
    told("an API key", &[("credential-change", key_id())]);
}

#[test]
fn caep_section_3_2_and_3_3_what_is_required() {
    let world = world();
    let client = Client::new("c1", "o", SecretHash::of(b"first"));
    world.run(|_, context| directory::create_client(client, context));
    world.run(|_, context| directory::rotate_client_secret("c1", None, context));
    let claims = [("plan".to_owned(), JsonText::of("pro").unwrap())].into();
    world.run(|_, context| directory::change_client("c1", ChangeClient::new().claims(claims), context));
    let key = world.run(|issuer, context| issuer.create_api_key(CreateApiKey::new("u1"), context));
    world.run(|issuer, context| issuer.revoke_api_key(&key.id, context));
    let told: BTreeSet<String> = world.told().iter().map(|claims| format!("{:?}", event(claims))).collect();
    let expected = [
        (
            "credential-change",
            json!({ "event_timestamp": NOW, "credential_type": "client_secret", "change_type": "update" }),
        ),
        (
            "credential-change",
            json!({ "event_timestamp": NOW, "credential_type": "api_key", "change_type": "revoke" }),
        ),
        ("token-claims-change", json!({ "event_timestamp": NOW, "claims": { "plan": "pro", "scope": "" } })),
    ];
    assert_eq!(told, expected.map(|(name, payload)| format!("{:?}", (name.to_owned(), payload))).into());
}

#[test]
fn nothing_is_told_of_what_did_not_happen() {
    let world = world();
    world.run(|issuer, context| issuer.revoke_session("unknown", context));
    world.run(|issuer, context| issuer.revoke_token("a.b.c", "c1", context));
    assert!(
        world
            .issuer
            .revoke_sessions("u1", Some("unknown"), &world.context(0))
            .run(&world.store)
            .result
            .is_err()
    );
    assert!(world.issuer.revoke_api_key("unknown", &world.context(0)).run(&world.store).result.is_err());
    let pair = world.run(|issuer, context| issuer.start_session(StartSession::new("u1"), context));
    for _ in 0..3 {
        world.run(|issuer, context| issuer.revoke_session(&pair.session, context));
    }
    assert_eq!(world.told().len(), 1);
}

#[test]
fn a_receiver_is_told_of_what_it_wants_and_each_by_its_own_id() {
    let world = with(|policy| {
        let some = EventReceiver::new("some").event(SecurityEvent::CredentialChange);
        policy
            .event_receiver(some)
            .event_receiver(EventReceiver::new("all"))
            .event_receiver(EventReceiver::new("too"))
    });
    world.run(|issuer, context| issuer.revoke_subject("u1", context));
    assert!(world.told_to("some", 1).is_empty());
    let [one, two] = ["all", "too"].map(|receiver| world.told_to(receiver, 1).remove(0));
    assert_eq!((&one["aud"], &two["aud"]), (&json!("all"), &json!("too")));
    assert_eq!(one["txn"], two["txn"], "the same act");
    assert_ne!(one["jti"], two["jti"], "another token");
    let error =
        world.issuer.poll_events(PollEvents::new("nobody"), &world.context(1)).run(&world.store).result;
    let error = error.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::NotFound, Some("receiver")));
}

#[test]
fn what_a_receiver_refuses_is_not_given_out_again_and_is_told_to_the_host() {
    let world = world();
    world.run(|issuer, context| issuer.revoke_subject("u1", context));
    let id = world.polled(PollEvents::new(RECEIVER), 1).sets.remove(0).id;
    let ask = PollEvents::new(RECEIVER).refused(&id, "invalid_key \n\"x\"").max_events(0);
    let outcome = world.issuer.poll_events(ask.clone(), &world.context(2)).run(&world.store);
    assert!(outcome.result.unwrap().sets.is_empty());
    let [event] = &outcome.events[..] else { panic!("{:?}", outcome.events) };
    assert_eq!((event.kind, event.client.as_deref()), (EventKind::SecurityEventRefused, Some(RECEIVER)));
    assert_eq!((event.id.as_deref(), event.err.as_deref()), (Some(&*id), Some("invalid_keyx")));
    assert!(world.polled(PollEvents::new(RECEIVER), 3).sets.is_empty());
    assert!(world.issuer.poll_events(ask, &world.context(4)).run(&world.store).events.is_empty());
}

#[test]
fn rfc_8936_section_2_2_no_more_than_asked_for_and_the_rest_later() {
    let world = world();
    for at in 0..130 {
        world.run(|issuer, context| issuer.revoke_subject(&format!("u{at}"), context));
    }
    assert_eq!(
        world.polled(PollEvents::new(RECEIVER).max_events(0), 1),
        PolledEvents { sets: vec![], more_available: false }
    );
    let some = world.polled(PollEvents::new(RECEIVER).max_events(7), 1);
    assert_eq!((some.sets.len(), some.more_available), (7, true));
    let many = world.polled(PollEvents::new(RECEIVER), 1);
    assert!(many.sets.len() > 7 && many.sets.len() <= 100 && many.more_available, "{}", many.sets.len());
    assert_eq!(many.sets[..7], some.sets);
    let subjects: BTreeSet<String> =
        world.told().iter().map(|claims| claims["sub_id"]["sub"].to_string()).collect();
    assert_eq!(subjects.len(), 130);
}

#[test]
fn a_log_out_of_many_sessions_but_one_is_told_of_each() {
    let world = world();
    let started: Vec<String> = (0..70)
        .map(|_| world.run(|issuer, context| issuer.start_session(StartSession::new("u1"), context)).session)
        .collect();
    world.run(|issuer, context| issuer.revoke_sessions("u1", Some(&started[3]), context));
    let later = world.run(|issuer, context| issuer.start_session(StartSession::new("u1"), context)).session;
    let told = world.told();
    let ids: BTreeSet<&str> =
        told.iter().map(|claims| claims["sub_id"]["session"]["id"].as_str().unwrap()).collect();
    assert_eq!((told.len(), ids.len()), (69, 69));
    assert!(!ids.contains(&*started[3]) && !ids.contains(&*later));
}

#[test]
fn of_several_hosts_that_send_one_has_the_events_for_itself() {
    let world = world();
    world.run(|issuer, context| issuer.revoke_subject("u1", context));
    let ask = |host: &str| PollEvents::new(RECEIVER).holder(host);
    let first = world.polled(ask("a"), 1);
    assert_eq!(first.sets.len(), 1);
    assert!(world.polled(ask("b"), 2).sets.is_empty());
    assert_eq!(world.polled(ask("a"), 3), first);
    // One that is gone does not keep them; and whoever asks without a name is no host that sends.
    assert_eq!(world.polled(ask("b"), 200), first);
    assert_eq!(world.polled(PollEvents::new(RECEIVER), 201), first);
}

#[test]
fn an_issuer_without_receivers_writes_nothing_down() {
    struct Counting(MemoryStore, AtomicUsize);
    impl Store for Counting {
        fn execute(&self, command: Command) -> std::result::Result<Reply, StoreError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.execute(command)
        }
    }
    let count = |world: &World| {
        let store = Counting(MemoryStore::new(), AtomicUsize::new(0));
        world.issuer.revoke_subject("u1", &world.context(0)).run(&store).result.unwrap();
        store.1.into_inner()
    };
    assert_eq!((count(&with(|policy| policy)), count(&world())), (2, 4));
}

#[test]
fn large_names_and_large_claims_fit_into_records_and_tokens() {
    let world = world();
    // Each as long again in JSON.
    let subject = |at: usize| format!("{at}{}", "\"".repeat(6000));
    for at in 0..40 {
        world.run(|issuer, context| issuer.revoke_subject(&subject(at), context));
    }
    let started: Vec<String> = (0..12)
        .map(|_| {
            world.run(|issuer, context| issuer.start_session(StartSession::new(subject(0)), context)).session
        })
        .collect();
    world.run(|issuer, context| issuer.revoke_sessions(&subject(0), Some(&started[0]), context));
    let told: BTreeSet<String> = world.told().iter().map(|claims| claims["sub_id"].to_string()).collect();
    assert_eq!(told.len(), 40 + 11);

    let client = Client::new("c1", "o", SecretHash::of(b"first"));
    world.run(|_, context| directory::create_client(client, context));
    let claims = [("large".to_owned(), JsonText::of(&"x".repeat(30_000)).unwrap())].into();
    let change = ChangeClient::new().claims(claims).scope("read");
    world.run(|_, context| directory::change_client("c1", change, context));
    let told = world.told();
    assert_eq!((told.len(), &event(&told[0]).1["claims"]), (1, &json!({ "scope": "read" })));
}
