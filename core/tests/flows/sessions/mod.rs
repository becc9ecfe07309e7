//! Clients, sessions and revocation, driven through the public interface.

mod credentials;
mod subjects;

use std::fmt::Write as _;

use tokenmint::dialect::entities::{self, User};
use tokenmint::dialect::ledger::ClientConditions;
use tokenmint::directory::{self, Client};
use tokenmint::*;

const NOW: i64 = 1_700_000_000;
const CLIENT: &str = "client_1";
const SECRET: &str = "the first secret of client_1";
const OTHER: &str = "client_2";
const OTHER_SECRET: &str = "the first secret of client_2";
const USER: &str = "user_1";

/// A store with two clients, and an issuer under a policy.
struct World {
    issuer: Issuer,
    store: MemoryStore,
    /// Everything that was ever shown: events, errors, debug texts. No token or secret may be in it.
    shown: std::cell::RefCell<String>,
    tokens: std::cell::RefCell<Vec<String>>,
    seed: std::cell::Cell<u64>,
}

fn policy() -> Policy {
    Policy::new("https://api.example.com").audience("api").session_secret([9; 32].as_slice())
}

impl World {
    fn new(policy: Policy) -> Self {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let world = World {
            issuer: Issuer::new(keys, policy).unwrap(),
            store: MemoryStore::new(),
            shown: Default::default(),
            tokens: Default::default(),
            seed: std::cell::Cell::new(1),
        };
        for (id, secret) in [(CLIENT, SECRET), (OTHER, OTHER_SECRET)] {
            world.remember(secret);
            let client = Client::new(id, "org", SecretHash::of(secret.as_bytes()))
                .permission(Permission::ClientCredentials)
                .permission(Permission::EntityUser)
                .permission(Permission::Sessions);
            world.ok(directory::create_client(client, &world.at(NOW)));
        }
        let user = User {
            id: USER.into(),
            foreign_id: None,
            organization: "org".into(),
            entity: Some("ent_1".into()),
            group: None,
            disabled: false,
        };
        world.ok(entities::create_user(user, &world.at(NOW)));
        world
    }

    fn at(&self, now: i64) -> Context {
        let seed = self.seed.replace(self.seed.get() + 1);
        let mut bytes = [5; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Context::new(UnixTime::from_seconds(now), bytes)
    }

    fn run<T: std::fmt::Debug + 'static>(&self, task: Task<T>) -> Outcome<T> {
        let outcome = task.run(&self.store);
        let events = serde_json::to_string(&outcome.events).unwrap();
        let mut shown = self.shown.borrow_mut();
        write!(shown, "{outcome:?} {events}").unwrap();
        if let Err(error) = &outcome.result {
            write!(shown, " {error}").unwrap();
        }
        outcome
    }

    fn ok<T: std::fmt::Debug + 'static>(&self, task: Task<T>) -> T {
        self.run(task).result.unwrap()
    }

    fn code<T: std::fmt::Debug + 'static>(&self, task: Task<T>) -> ErrorCode {
        self.run(task).result.unwrap_err().code()
    }

    fn remember(&self, token: &str) {
        self.tokens.borrow_mut().push(token.to_owned());
    }

    fn token_of(&self, id: &str, secret: &str, now: i64) -> String {
        let proof = ClientProof::new(id, secret);
        let token = self.ok(self.issuer.client_credentials(proof, &self.at(now))).access_token;
        self.remember(&token);
        token
    }

    fn token(&self, now: i64) -> String {
        self.token_of(CLIENT, SECRET, now)
    }

    fn user_token(&self, now: i64) -> String {
        let proof = ClientProof::new(CLIENT, SECRET);
        let token = self.ok(self.issuer.entity_user(proof, USER, &self.at(now))).access_token;
        self.remember(&token);
        token
    }

    fn session(&self, now: i64) -> TokenPair {
        let proof = ClientProof::new(CLIENT, SECRET);
        let pair = self.ok(self.issuer.exchange_api_key(proof, ClientConditions::default(), &self.at(now)));
        self.remember(&pair.access_token);
        self.remember(&pair.refresh_token);
        pair
    }

    fn refresh(&self, token: &str, now: i64) -> Outcome<TokenPair> {
        let outcome = self.run(self.issuer.refresh(token, &self.at(now)));
        if let Ok(pair) = &outcome.result {
            self.remember(&pair.access_token);
            self.remember(&pair.refresh_token);
        }
        outcome
    }

    fn stands(&self, token: &str, now: i64) -> bool {
        match self.run(self.issuer.check(token, &self.at(now))).result {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.code(), ErrorCode::TokenRevoked, "{error}");
                false
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let shown = self.shown.borrow();
        for secret in self.tokens.borrow().iter() {
            assert!(!shown.contains(secret), "something shows a token or a secret");
            // Nor the part of a JWT that makes it one.
            let signature = secret.rsplit('.').next().unwrap();
            assert!(!shown.contains(signature), "something shows a signature");
        }
    }
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

fn both_formats(test: impl Fn(World)) {
    for format in [AccessFormat::Jwt, AccessFormat::Opaque] {
        test(World::new(policy().access_format(format)));
    }
}

#[test]
fn a_check_judges_the_audience_and_gives_the_claims() {
    both_formats(|world| {
        let token = world.user_token(0);
        let active = world.ok(world.issuer.check(&token, &world.at(1)));
        assert_eq!(active.audience, ["api"]);
        let claims: serde_json::Value = serde_json::from_str(&active.claims).unwrap();
        assert_eq!(claims["sub"].as_str(), active.subject.as_deref());
        assert_eq!((&claims["aud"], &claims["client_id"]), (&"api".into(), &"client_1".into()));
        // A custom claim of the flow.
        assert_eq!(claims["entity_id"], "ent_1");
    });
    let world = World::new(policy());
    let mint = |audiences: &[&str]| {
        let claims = audiences.iter().fold(Claims::new(), |claims, audience| claims.audience(*audience));
        world.issuer.mint(&claims, Lifetime::HOUR, &world.at(0)).unwrap()
    };
    let other = mint(&["other"]);
    assert_eq!(world.code(world.issuer.check(&other, &world.at(1))), ErrorCode::AudienceMismatch);
    let both = world.ok(world.issuer.check(&mint(&["other", "api"]), &world.at(1)));
    assert_eq!(both.audience, ["other", "api"]);

    // Without an audience in the policy there is nothing to judge it by.
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, Policy::new("https://issuer.example")).unwrap();
    for audiences in [&[][..], &["other"]] {
        let claims = audiences.iter().fold(Claims::new(), |claims, audience| claims.audience(*audience));
        let token = issuer.mint(&claims, Lifetime::HOUR, &world.at(0)).unwrap();
        assert_eq!(world.ok(issuer.check(&token, &world.at(1))).audience, audiences);
    }
}

#[test]
fn one_token_is_revoked_and_no_other() {
    both_formats(|world| {
        let (one, two) = (world.token(NOW), world.token(NOW));
        let outcome = world.run(world.issuer.revoke_token(&one, CLIENT, &world.at(NOW)));
        assert_eq!(kinds(&outcome.events), [EventKind::TokenRevoked]);
        assert!(!world.stands(&one, NOW) && world.stands(&two, NOW));
        // Again, of somebody else, or no token: nothing happens.
        let garbage = "garbage".to_owned();
        for (token, client) in [(&one, CLIENT), (&two, OTHER), (&garbage, CLIENT)] {
            let outcome = world.run(world.issuer.revoke_token(token, client, &world.at(NOW)));
            assert!(outcome.result.is_ok() && outcome.events.is_empty());
        }
        assert!(world.stands(&two, NOW));
    });
}

#[test]
fn a_revoked_token_stays_revoked_for_as_long_as_leeway_keeps_it() {
    // Leeway beyond the time that a store keeps an entry after its end.
    let leeway = 2 * i64::try_from(SLACK_MS / 1000).unwrap();
    let world = World::new(policy().leeway_seconds(leeway.unsigned_abs()));
    let token = world.token(NOW);
    world.ok(world.issuer.revoke_token(&token, CLIENT, &world.at(NOW)));
    let late = NOW + 3600 + leeway - 1;
    let before_ms = u64::try_from(late).unwrap() * 1000 - SLACK_MS;
    world.store.execute(Command::Sweep { before_ms, limit: 100 }).unwrap();
    assert!(!world.stands(&token, late));
}

#[test]
fn a_revoked_session_takes_its_tokens_along() {
    both_formats(|world| {
        let (one, two) = (world.session(NOW), world.session(NOW));
        let outcome = world.run(world.issuer.revoke_session(&one.session, &world.at(NOW)));
        assert_eq!(kinds(&outcome.events), [EventKind::SessionRevoked]);
        assert_eq!(outcome.events[0].session.as_deref(), Some(one.session.as_str()));
        assert!(!world.stands(&one.access_token, NOW) && world.stands(&two.access_token, NOW));
        let refused = world.refresh(&one.refresh_token, NOW);
        assert_eq!(refused.result.unwrap_err().code(), ErrorCode::InvalidGrant);
        assert_eq!(kinds(&refused.events), [EventKind::TokenRefused]);
        assert!(world.refresh(&two.refresh_token, NOW).result.is_ok());
        for session in [&*one.session, "unknown"] {
            let again = world.run(world.issuer.revoke_session(session, &world.at(NOW)));
            assert!(again.result.is_ok() && again.events.is_empty());
        }
    });
}

#[test]
fn watermarks_end_what_was_before_and_nothing_after() {
    type Revoke = fn(&Issuer, &Context) -> Task<()>;
    // Whether it ends: the client's own token, one for a user, a session, another client's token.
    let cases: [(Revoke, [bool; 4]); 4] = [
        (|issuer, context| issuer.revoke_subject(USER, context), [false, true, false, false]),
        (|issuer, context| issuer.revoke_subject(CLIENT, context), [true, false, true, false]),
        (|issuer, context| issuer.revoke_client(CLIENT, context), [true, true, true, false]),
        (|issuer, context| issuer.revoke_all(context), [true, true, true, true]),
    ];
    for (revoke, ends) in cases {
        both_formats(|world| {
            let issue = |now| {
                let session = world.session(now);
                let theirs = world.token_of(OTHER, OTHER_SECRET, now);
                let tokens = [world.token(now), world.user_token(now), session.access_token, theirs];
                (tokens, session.refresh_token)
            };
            let (before, refresh_before) = issue(NOW);
            let outcome = world.run(revoke(&world.issuer, &world.at(NOW)));
            assert_eq!(kinds(&outcome.events), [EventKind::WatermarkRaised]);
            // The very same second: what came after the revocation lives.
            let (after, refresh_after) = issue(NOW);
            for now in [NOW, NOW + 1] {
                for (token, ended) in before.iter().zip(ends) {
                    assert_eq!(world.stands(token, now), !ended);
                }
                assert!(after.iter().all(|token| world.stands(token, now)));
            }
            assert_eq!(world.refresh(&refresh_before, NOW).result.is_err(), ends[2]);
            assert!(world.refresh(&refresh_after, NOW).result.is_ok());
            // Once more ends the second lot too.
            world.ok(revoke(&world.issuer, &world.at(NOW)));
            for (token, ended) in after.iter().zip(ends) {
                assert_eq!(world.stands(token, NOW), !ended);
            }
        });
    }
}

#[test]
fn a_token_minted_without_the_store_falls_to_every_watermark_of_its_second() {
    let world = World::new(policy());
    let mint = |now| {
        let claims = Claims::new().subject(USER).set("client_id", CLIENT);
        world.issuer.mint(&claims, Lifetime::HOUR, &world.at(now)).unwrap()
    };
    let (before, same, after) = (mint(NOW - 1), mint(NOW), mint(NOW + 1));
    assert!(world.stands(&same, NOW));
    world.ok(world.issuer.revoke_subject(USER, &world.at(NOW)));
    assert!(!world.stands(&before, NOW) && !world.stands(&same, NOW) && world.stands(&after, NOW + 1));
    // A clock that steps back moves no watermark back.
    world.ok(world.issuer.revoke_client(CLIENT, &world.at(NOW - 100)));
    assert!(!world.stands(&same, NOW) && world.stands(&after, NOW + 1));
}

#[test]
fn a_token_minted_without_the_store_stands_in_the_second_of_a_watermark_that_was_raised_before_it() {
    let world = World::new(policy());
    let at = |micros: u64, seed: u8| {
        Context::at_micros(u64::try_from(NOW).unwrap() * 1_000_000 + micros, [seed; 32])
    };
    let mint = |micros, seed, claims: Claims| {
        let claims = claims.subject(USER).set("client_id", CLIENT);
        world.issuer.mint(&claims, Lifetime::HOUR, &at(micros, seed)).unwrap()
    };
    let (before, same) = (mint(300_000, 1, Claims::new()), mint(300_001, 2, Claims::new()));
    world.ok(world.issuer.revoke_subject(USER, &at(300_001, 3)));
    let after = mint(300_002, 4, Claims::new());
    assert!(!world.stands(&before, NOW) && !world.stands(&same, NOW) && world.stands(&after, NOW));
    // Nothing finer than its second is known of one whose id was chosen.
    assert!(!world.stands(&mint(300_003, 5, Claims::new().id("chosen")), NOW));
    // A watermark of a clock that knows whole seconds may have been raised at any time of its second.
    world.ok(world.issuer.revoke_client(CLIENT, &world.at(NOW)));
    assert!(!world.stands(&after, NOW));
}

#[test]
fn a_watermark_that_goes_back_is_noticed() {
    let world = World::new(policy());
    world.ok(world.issuer.revoke_all(&world.at(NOW)));
    let (token, pair) = (world.token(NOW), world.session(NOW));
    // The store forgets the watermark, as after a fail-over that lost a write: only the directory and the session
    // are as they were.
    let forgetful = Forgetful(&world.store);
    let outcome = world.issuer.check(&token, &world.at(NOW)).run(&forgetful);
    assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::StoreRegressed);
    assert_eq!(kinds(&outcome.events), [EventKind::StoreRegressed]);
    let outcome = world.issuer.refresh(&pair.refresh_token, &world.at(NOW)).run(&forgetful);
    assert_eq!(outcome.result.unwrap_err().code(), ErrorCode::StoreRegressed);
    assert_eq!(kinds(&outcome.events), [EventKind::StoreRegressed]);
}

/// A store whose clock is so far off, in milliseconds.
struct Skewed<'a>(&'a MemoryStore, i64);

impl Store for Skewed<'_> {
    fn execute(&self, command: Command) -> std::result::Result<Reply, StoreError> {
        let mut reply = self.0.execute(command)?;
        if let Reply::Loaded { store_now_ms, .. } = &mut reply {
            *store_now_ms = u64::try_from(NOW * 1000 + self.1).ok();
        }
        Ok(reply)
    }
}

#[test]
fn a_store_whose_clock_is_off_is_noticed() {
    let world = World::new(policy());
    let pair = world.session(NOW);
    for (off, kinds_of_events) in [
        (2000, vec![]),
        (-2000, vec![]),
        (2001, vec![EventKind::ClockSkew]),
        (-3_600_000, vec![EventKind::ClockSkew]),
    ] {
        let outcome = world.issuer.check(&pair.access_token, &world.at(NOW)).run(&Skewed(&world.store, off));
        outcome.result.unwrap();
        assert_eq!(kinds(&outcome.events), kinds_of_events, "{off}");
    }
}

/// A store that has no watermarks.
struct Forgetful<'a>(&'a MemoryStore);

impl Store for Forgetful<'_> {
    fn execute(&self, command: Command) -> std::result::Result<Reply, StoreError> {
        let marks: Vec<bool> = match &command {
            Command::Load { keys } => keys.iter().map(|key| key.as_bytes().starts_with(b"mark-")).collect(),
            _ => Vec::new(),
        };
        let mut reply = self.0.execute(command)?;
        if let Reply::Loaded { entries, .. } = &mut reply {
            for (entry, mark) in entries.iter_mut().zip(marks) {
                if mark {
                    *entry = None;
                }
            }
        }
        Ok(reply)
    }
}

#[test]
fn a_disabled_client_has_nothing_left() {
    both_formats(|world| {
        let (token, pair) = (world.token(NOW), world.session(NOW));
        let theirs = world.token_of(OTHER, OTHER_SECRET, NOW);
        let outcome = world.run(directory::disable_client(CLIENT, &world.at(NOW)));
        assert_eq!(kinds(&outcome.events), [EventKind::DirectoryChanged]);
        assert!(!world.stands(&token, NOW) && !world.stands(&pair.access_token, NOW));
        assert!(world.stands(&theirs, NOW));
        let refused = world.refresh(&pair.refresh_token, NOW).result.unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidGrant);
        let proof = || ClientProof::new(CLIENT, SECRET);
        let tasks = [
            world.code(world.issuer.client_credentials(proof(), &world.at(NOW))),
            world.code(world.issuer.entity_user(proof(), USER, &world.at(NOW))),
            world.code(world.issuer.exchange_api_key(proof(), ClientConditions::default(), &world.at(NOW))),
        ];
        assert_eq!(tasks, [ErrorCode::InvalidClient; 3]);
    });
}

#[test]
fn whoever_revokes_proves_itself_twice() {
    both_formats(|world| {
        let (bearer, victim) = (world.token(NOW), world.token(NOW));
        let theirs = world.token_of(OTHER, OTHER_SECRET, NOW);
        let revoke = |bearer: &str, secret: &str| {
            let proof = ClientProof::new(CLIENT, secret);
            world.run(world.issuer.revoke_token_as(bearer.into(), proof, &victim, &world.at(NOW))).result
        };
        assert_eq!(revoke(&theirs, SECRET).unwrap_err().code(), ErrorCode::Unauthenticated);
        assert_eq!(revoke("x", SECRET).unwrap_err().code(), ErrorCode::Unauthenticated);
        assert_eq!(revoke(&bearer, "wrong").unwrap_err().code(), ErrorCode::InvalidClient);
        assert!(world.stands(&victim, NOW));
        assert!(revoke(&bearer, SECRET).is_ok());
        assert!(!world.stands(&victim, NOW) && world.stands(&bearer, NOW));
    });
}

#[test]
fn a_client_of_sessions_only_may_revoke_what_it_has() {
    let world = World::new(policy());
    let client = Client::new("s", "org", SecretHash::of(SECRET.as_bytes())).permission(Permission::Sessions);
    world.ok(directory::create_client(client, &world.at(NOW)));
    let proof = || ClientProof::new("s", SECRET);
    let pair = world.ok(world.issuer.exchange_api_key(proof(), ClientConditions::default(), &world.at(NOW)));
    let token = pair.access_token;
    world.ok(world.issuer.revoke_token_as(token.as_str().into(), proof(), &token, &world.at(NOW)));
    assert!(!world.stands(&token, NOW));
}

#[test]
fn an_opaque_token_is_its_issuers_alone() {
    let world = World::new(policy().access_format(AccessFormat::Opaque));
    let token = world.token(NOW);
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let other =
        Issuer::new(keys, Policy::new("https://other.example.com").access_format(AccessFormat::Opaque))
            .unwrap();
    assert_eq!(world.code(other.check(&token, &world.at(NOW))), ErrorCode::TokenRevoked);
    assert!(world.stands(&token, NOW));
}

#[test]
fn policies_that_cannot_work_are_refused() {
    let keys = || KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let code = |policy| Issuer::new(keys(), policy).unwrap_err().code();
    assert_eq!(code(policy().fixed_claim("a", "1").fixed_claim("a", "2")), ErrorCode::PolicyInvalid);
    assert_eq!(code(policy().session_claim("sub")), ErrorCode::ClaimReserved);
}

#[test]
fn after_a_wipe_one_watermark_ends_all_that_was_issued_before() {
    let mut world = World::new(policy());
    // A token of a time with watermarks, and one of a time without.
    let plain = world.token(NOW);
    world.ok(world.issuer.revoke_client(CLIENT, &world.at(NOW)));
    let marked = world.token(NOW);
    world.store = MemoryStore::new();
    world.ok(world.issuer.revoke_all(&world.at(NOW + 1)));
    for token in [&plain, &marked] {
        let refused = world.code(world.issuer.check(token, &world.at(NOW + 1)));
        assert!(matches!(refused, ErrorCode::TokenRevoked | ErrorCode::StoreRegressed), "{refused:?}");
    }
}
