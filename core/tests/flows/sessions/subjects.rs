//! Sessions of the host's own users: started, listed and ended.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};
use tokenmint::*;

use super::{CLIENT, NOW, World, both_formats, policy};

fn members(value: Value) -> BTreeMap<String, JsonText> {
    let Value::Object(members) = value else { panic!("no object") };
    members.into_iter().map(|(name, value)| (name, JsonText::of(&value).unwrap())).collect()
}

impl World {
    fn start(&self, request: StartSession) -> TokenPair {
        let pair = self.ok(self.issuer.start_session(request, &self.at(NOW)));
        self.remember(&pair.access_token);
        self.remember(&pair.refresh_token);
        pair
    }

    fn listed(&self, subject: &str) -> Vec<String> {
        let list = self.ok(self.issuer.list_sessions(subject, &self.at(NOW)));
        list.sessions.into_iter().map(|session| session.session).collect()
    }
}

#[test]
fn an_error_names_the_field_at_fault() {
    let world = World::new(policy().max_lifetime(Lifetime::HOUR));
    let start = || StartSession::new("u1");
    let (week, year): (Lifetime, Lifetime) = ("7d".parse().unwrap(), "365d".parse().unwrap());
    for (request, code, field) in [
        (StartSession::new(""), ErrorCode::FieldInvalid, "subject"),
        (start().client(""), ErrorCode::FieldInvalid, "client_id"),
        (start().client("nobody"), ErrorCode::NotFound, "client_id"),
        (start().scope(" "), ErrorCode::InvalidScope, "scope"),
        (start().claims(members(json!({ "exp": 1 }))), ErrorCode::ClaimReserved, "exp"),
        (start().claims(members(json!({ "sid": "s" }))), ErrorCode::ClaimReserved, "sid"),
        (start().details(members(json!({ "device": "x".repeat(1024) }))), ErrorCode::FieldInvalid, "details"),
        (start().access_lifetime(Lifetime::DAY), ErrorCode::LifetimeTooLong, "access_lifetime"),
        (start().idle(year), ErrorCode::LifetimeTooLong, "idle"),
        (start().absolute(year), ErrorCode::LifetimeTooLong, "absolute"),
        (start().idle(week).absolute(Lifetime::DAY), ErrorCode::FieldInvalid, "idle"),
        (
            start().idle(Lifetime::MINUTE).access_lifetime(Lifetime::HOUR),
            ErrorCode::FieldInvalid,
            "access_lifetime",
        ),
    ] {
        let error = world.run(world.issuer.start_session(request, &world.at(NOW))).result.unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some(field)), "{error}");
    }
    let error = world.run(world.issuer.revoke_sessions("u1", Some("s"), &world.at(NOW))).result.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::NotFound, Some("except")));
    assert!(world.listed("u1").is_empty(), "a session that was refused is there");
}

#[test]
fn a_session_claim_of_the_policy_is_its_own() {
    let world = World::new(policy().session_claim("session_state"));
    let request = StartSession::new("u1").claims(members(json!({ "session_state": "s" })));
    assert_eq!(world.code(world.issuer.start_session(request, &world.at(NOW))), ErrorCode::ClaimReserved);
}

#[test]
fn issuers_that_share_a_store_do_not_know_each_others_sessions() {
    both_formats(|world| {
        let pair = world.start(StartSession::new("u1"));
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let policy = Policy::new("https://other.example").session_secret([8; 32].as_slice());
        let other = Issuer::new(keys, policy).unwrap();
        assert!(world.ok(other.list_sessions("u1", &world.at(NOW))).sessions.is_empty());
        world.ok(other.revoke_sessions("u1", None, &world.at(NOW)));
        assert!(world.stands(&pair.access_token, NOW));
        assert_eq!(world.listed("u1"), [pair.session]);
    });
}

#[test]
fn whatever_ends_a_session_takes_it_off_the_list() {
    both_formats(|world| {
        type End = fn(&World, &TokenPair) -> Task<()>;
        let ends: [End; 5] = [
            |world, pair| world.issuer.revoke_session(&pair.session, &world.at(NOW)),
            |world, _| world.issuer.revoke_sessions("u1", None, &world.at(NOW)),
            |world, _| world.issuer.revoke_subject("u1", &world.at(NOW)),
            |world, _| world.issuer.revoke_client(CLIENT, &world.at(NOW)),
            |world, _| world.issuer.revoke_all(&world.at(NOW)),
        ];
        for end in ends {
            let pair = world.start(StartSession::new("u1").client(CLIENT));
            assert!(world.stands(&pair.access_token, NOW));
            assert_eq!(world.listed("u1"), [&*pair.session]);
            world.ok(end(&world, &pair));
            assert!(world.listed("u1").is_empty());
            assert!(!world.stands(&pair.access_token, NOW));
            let refreshed = world.refresh(&pair.refresh_token, NOW).result;
            assert_eq!(refreshed.unwrap_err().code(), ErrorCode::InvalidGrant);
            let except = world.issuer.revoke_sessions("u1", Some(&pair.session), &world.at(NOW));
            assert_eq!(world.code(except), ErrorCode::NotFound);
        }
    });
}

#[test]
fn tokens_that_name_a_session_without_its_subject_end_with_the_others() {
    let world = World::new(policy());
    world.ok(world.issuer.revoke_sessions("u1", None, &world.at(NOW)));
    let pair = world.start(StartSession::new("u1"));
    let claims = Claims::new().set("sid", &pair.session);
    let token = world.issuer.mint(&claims, Lifetime::HOUR, &world.at(NOW)).unwrap();
    world.remember(&token);
    assert!(world.stands(&token, NOW));
    world.ok(world.issuer.revoke_sessions("u1", None, &world.at(NOW)));
    assert!(!world.stands(&token, NOW));
}

/// A store whose sessions are written as the version before wrote them.
struct VersionBefore<'a>(&'a MemoryStore);

impl Store for VersionBefore<'_> {
    fn execute(&self, mut command: Command) -> Result<Reply, StoreError> {
        if let Command::Cas { write: Write::Put(entry), .. } = &mut command
            && let Ok(Value::Object(mut session)) = serde_json::from_slice(&entry.value)
            && session.contains_key("generation")
        {
            for name in ["id", "created_at", "sessions_epoch"] {
                assert!(session.remove(name).is_some(), "{name}");
            }
            entry.value = serde_json::to_vec(&session).unwrap();
        }
        self.0.execute(command)
    }
}

#[test]
fn a_session_of_the_version_before_goes_on() {
    both_formats(|world| {
        let request = StartSession::new("u1").client(CLIENT).scope("");
        let pair = world.issuer.start_session(request, &world.at(NOW));
        let pair = pair.run(&VersionBefore(&world.store)).result.unwrap();
        assert!(world.stands(&pair.access_token, NOW));
        let next = world.refresh(&pair.refresh_token, NOW + 60).result.unwrap();
        assert_eq!(next.session, pair.session);
        let list = world.ok(world.issuer.list_sessions("u1", &world.at(NOW + 60)));
        assert_eq!(list.sessions.len(), 1);
        assert_eq!(list.sessions[0].session, pair.session);
        world.ok(world.issuer.revoke_sessions("u1", None, &world.at(NOW + 61)));
        assert!(!world.stands(&pair.access_token, NOW + 61) && !world.stands(&next.access_token, NOW + 61));
        assert!(world.refresh(&next.refresh_token, NOW + 61).result.is_err());
    });
}

/// A store where another is always first.
struct AlwaysLate<'a>(&'a MemoryStore, AtomicU32);

impl Store for AlwaysLate<'_> {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        let Command::Cas { key, .. } = command else { return self.0.execute(command) };
        self.1.fetch_add(1, Ordering::Relaxed);
        match self.0.execute(Command::Load { keys: vec![key] })? {
            Reply::Loaded { mut entries, .. } => Ok(Reply::Conflict(entries.remove(0))),
            other => Ok(other),
        }
    }
}

#[test]
fn a_flow_decides_four_times_and_gives_up_when_another_is_always_first() {
    let world = World::new(policy());
    let pair = world.start(StartSession::new("u1"));
    type Ask = fn(&World, &TokenPair) -> Task<()>;
    let asks: [Ask; 3] = [
        |world, pair| world.issuer.revoke_session(&pair.session, &world.at(NOW)),
        |world, _| world.issuer.revoke_sessions("u1", None, &world.at(NOW)),
        |world, pair| world.issuer.refresh(&pair.refresh_token, &world.at(NOW)).map(|_| Ok(())),
    ];
    for ask in asks {
        let store = AlwaysLate(&world.store, 0.into());
        let error = ask(&world, &pair).run(&store).result.unwrap_err();
        assert_eq!((error.code(), store.1.into_inner()), (ErrorCode::StoreBusy, 4));
    }
    assert!(world.stands(&pair.access_token, NOW));
}
