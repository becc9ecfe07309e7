//! Status lists as whoever verifies a token reads them (draft-ietf-oauth-status-list): what ends a token is in the next list.

use std::cell::Cell;

use serde_json::Value;
use tokenmint::directory::{self, ChangeClient, Client};
use tokenmint::*;

use crate::drive::{drive, drive_to_write};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://as.example";
const SECRET: &str = "a client's secret";

const VALID: u8 = 0;
const INVALID: u8 = 1;
const SUSPENDED: u8 = 2;

fn keys() -> KeySet {
    KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap()
}

fn issuer(bits: u8) -> Issuer {
    let statuses = StatusPolicy::new("https://as.example/status").bits(bits);
    let policy =
        Policy::new(ISSUER).audience("api").session_secret([9; 32].as_slice()).status_lists(statuses);
    Issuer::new(keys(), policy).unwrap()
}

/// An issuer on a store of its own, with clients, and a clock that is moved.
struct World {
    issuer: Issuer,
    store: MemoryStore,
    now: Cell<i64>,
    seed: Cell<u64>,
}

impl World {
    fn new(bits: u8) -> Self {
        let world = World {
            issuer: issuer(bits),
            store: MemoryStore::new(),
            now: Cell::new(NOW),
            seed: Cell::new(1),
        };
        world.adopt();
        world
    }

    /// Makes the store ready, with its clients.
    fn adopt(&self) {
        self.run(Issuer::adopt_store);
        for id in ["c1", "c2"] {
            let client = Client::new(id, "org", SecretHash::of(SECRET.as_bytes()))
                .permission(Permission::ClientCredentials)
                .permission(Permission::TokenExchange);
            self.run(|_, context| directory::create_client(client, context));
        }
    }

    fn context(&self) -> Context {
        let seed = self.seed.replace(self.seed.get() + 1);
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Context::new(UnixTime::from_seconds(self.now.get()), bytes)
    }

    fn run<T: 'static>(&self, task: impl FnOnce(&Issuer, &Context) -> Task<T>) -> T {
        task(&self.issuer, &self.context()).run(&self.store).result.unwrap()
    }

    fn wait(&self, seconds: i64) {
        self.now.set(self.now.get() + seconds);
    }

    fn token_of(&self, client: &str) -> String {
        self.run(|issuer, context| issuer.client_credentials(ClientProof::new(client, SECRET), context))
            .access_token
    }

    fn session_of(&self, subject: &str) -> TokenPair {
        self.run(|issuer, context| issuer.start_session(StartSession::new(subject), context))
    }

    fn narrowed(&self, token: &str, client: Option<&str>) -> String {
        let request = client.into_iter().fold(Narrow::new(token), Narrow::client);
        self.run(|issuer, context| issuer.narrow(request, context)).access_token
    }

    fn lists(&self) -> StatusListTokens {
        self.run(Issuer::status_lists)
    }

    /// What the lists say of a token that are made next.
    fn status(&self, token: &str) -> u8 {
        self.wait(10);
        self.status_in(&self.lists(), token)
    }

    fn status_in(&self, published: &StatusListTokens, token: &str) -> u8 {
        let status = &claims(token)["status"]["status_list"];
        let list =
            published.lists.iter().find(|list| status["uri"] == *list.uri).expect("a list of the token");
        at(&self.read(list), status["idx"].as_u64().unwrap())
    }

    /// The claims of a list, as a verifier takes them.
    fn read(&self, list: &StatusListToken) -> Value {
        let verifier = Verifier::new(keys()).issuer(ISSUER).any_audience().token_type("statuslist+jwt");
        let verified = verifier.verify(&list.token, UnixTime::from_seconds(self.now.get())).unwrap();
        serde_json::from_str(verified.json()).unwrap()
    }
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap()).unwrap()
}

/// The bit array of a list.
fn array(list: &Value) -> Vec<u8> {
    let lst = list["status_list"]["lst"].as_str().unwrap();
    let zlib = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(lst).unwrap();
    miniz_oxide::inflate::decompress_to_vec_zlib(&zlib).unwrap()
}

/// The status at an index (section 4.1).
fn at(list: &Value, index: u64) -> u8 {
    let bits = list["status_list"]["bits"].as_u64().unwrap();
    let per_byte = 8 / bits;
    let byte = array(list)[usize::try_from(index / per_byte).unwrap()];
    (byte >> (index % per_byte * bits)) & u8::try_from((1_u16 << bits) - 1).unwrap()
}

/// Sections 5.1 and 6.2: what a list and a token that refers to it say.
#[test]
fn a_list_and_a_token_are_as_the_draft_says() {
    for bits in [1, 2, 4, 8] {
        let world = World::new(bits);
        let status = &claims(&world.token_of("c1"))["status"];
        assert_eq!(status.as_object().unwrap().len(), 1);
        let (index, uri) = (status["status_list"]["idx"].as_u64().unwrap(), &status["status_list"]["uri"]);
        assert!(index < 1 << 20);
        assert_eq!(status["status_list"].as_object().unwrap().len(), 2);

        let published = world.lists();
        assert_eq!(published.lists.len(), 1, "only what is in use");
        let list = &published.lists[0];
        assert_eq!(*uri, *list.uri);
        let header =
            base64_simd::URL_SAFE_NO_PAD.decode_to_vec(list.token.split('.').next().unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&header).unwrap()["typ"], "statuslist+jwt");
        let read = world.read(list);
        let names: Vec<&str> = read.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["iss", "sub", "iat", "exp", "ttl", "status_list"]);
        assert_eq!((&read["iss"], &read["sub"]), (&ISSUER.into(), uri));
        assert_eq!((read["iat"].as_i64(), read["exp"].as_i64()), (Some(NOW), Some(NOW + 3600)));
        assert_eq!(
            (read["ttl"].as_i64(), read["status_list"]["bits"].as_u64()),
            (Some(10), Some(bits.into()))
        );
        assert_eq!(array(&read).len(), (1 << 20) / 8 * usize::from(bits));
        assert!(array(&read).iter().all(|byte| *byte == 0));
        assert_eq!((published.issued_at.seconds(), published.time_to_live.seconds()), (NOW, 10));
    }
}

#[test]
fn places_tell_nobody_in_which_order_tokens_were_made() {
    let world = World::new(1);
    let indexes: Vec<u64> = (0..20)
        .map(|_| claims(&world.token_of("c1"))["status"]["status_list"]["idx"].as_u64().unwrap())
        .collect();
    assert!(!indexes.is_sorted() && !indexes.iter().rev().is_sorted());
}

#[test]
fn whatever_ends_a_token_is_in_the_next_list() {
    type End = fn(&World, &TokenPair);
    let ends: [(&str, End); 8] = [
        ("the session", |world, pair| {
            world.run(|issuer, context| issuer.revoke_session(&pair.session, context));
        }),
        ("all sessions", |world, _| world.run(|issuer, context| issuer.revoke_sessions("u1", None, context))),
        ("all but another", |world, _| {
            let other = world.session_of("u1").session;
            world.run(|issuer, context| issuer.revoke_sessions("u1", Some(&other), context));
        }),
        ("the subject", |world, _| world.run(|issuer, context| issuer.revoke_subject("u1", context))),
        ("everything", |world, _| world.run(Issuer::revoke_all)),
        ("reuse of a refresh token", |world, pair| {
            let next = |token: &str| {
                let context = world.context();
                world.issuer.refresh(token, &context).run(&world.store).result
            };
            next(&pair.refresh_token).unwrap();
            world.wait(60);
            assert_eq!(next(&pair.refresh_token).unwrap_err().code(), ErrorCode::InvalidGrant);
        }),
        ("an older token of the session, too", |world, pair| {
            world.run(|issuer, context| issuer.refresh(&pair.refresh_token, context));
            world.run(|issuer, context| issuer.revoke_session(&pair.session, context));
        }),
        ("the session of a narrowed token", |world, pair| {
            let token = world.narrowed(&world.narrowed(&pair.access_token, None), None);
            assert_eq!(world.status(&token), VALID);
            world.run(|issuer, context| issuer.revoke_session(&pair.session, context));
            assert_eq!(world.status(&token), INVALID);
        }),
    ];
    for (what, end) in ends {
        let world = World::new(1);
        let (pair, other) = (world.session_of("u1"), world.session_of("u2"));
        assert_eq!(world.status(&pair.access_token), VALID, "{what}");
        end(&world, &pair);
        assert_eq!(world.status(&pair.access_token), INVALID, "{what}");
        let of_another = if what == "everything" { INVALID } else { VALID };
        assert_eq!(world.status(&other.access_token), of_another, "{what}");
        // And it stays there.
        world.wait(300);
        assert_eq!(world.status(&pair.access_token), INVALID, "{what}");
    }
}

#[test]
fn what_ends_a_clients_token_is_in_the_next_list() {
    let world = World::new(1);
    let [first, second, of_other] = ["c1", "c1", "c2"].map(|client| world.token_of(client));
    let below = world.narrowed(&second, Some("c2"));
    world.run(|issuer, context| issuer.revoke_token(&first, "c1", context));
    let statuses = || [&first, &second, &below, &of_other].map(|token| world.status(token));
    assert_eq!(statuses(), [INVALID, VALID, VALID, VALID]);
    world.run(|issuer, context| issuer.revoke_client("c1", context));
    assert_eq!(statuses(), [INVALID, INVALID, INVALID, VALID]);
    // What is minted behind it lives.
    assert_eq!(world.status(&world.token_of("c1")), VALID);
}

/// Section 7.1: SUSPENDED can be taken back, and INVALID cannot.
#[test]
fn the_tokens_of_a_disabled_client_are_suspended() {
    for (bits, suspended) in [(1, INVALID), (2, SUSPENDED), (4, SUSPENDED), (8, SUSPENDED)] {
        let world = World::new(bits);
        let [revoked, token, of_other] = ["c1", "c1", "c2"].map(|client| world.token_of(client));
        let below = world.narrowed(&token, Some("c2"));
        world.run(|issuer, context| issuer.revoke_token(&revoked, "c1", context));
        let statuses = || [&revoked, &token, &below, &of_other].map(|token| world.status(token));
        assert_eq!(statuses(), [INVALID, VALID, VALID, VALID]);
        world.run(|_, context| directory::disable_client("c1", context));
        assert_eq!(statuses(), [INVALID, suspended, suspended, VALID]);
        world.run(|_, context| directory::change_client("c1", ChangeClient::new().disabled(false), context));
        assert_eq!(statuses(), [INVALID, VALID, VALID, VALID]);
        world.run(|_, context| directory::disable_client("c1", context));
        world.run(|issuer, context| issuer.revoke_client("c1", context));
        assert_eq!(statuses(), [INVALID, INVALID, INVALID, VALID]);
        world.run(|_, context| directory::change_client("c1", ChangeClient::new().disabled(false), context));
        assert_eq!(statuses(), [INVALID, INVALID, INVALID, VALID]);
    }
}

#[test]
fn a_store_that_was_wiped_revives_nobody() {
    let mut world = World::new(1);
    let [revoked, kept] = ["c1", "c1"].map(|client| world.token_of(client));
    world.run(|issuer, context| issuer.revoke_token(&revoked, "c1", context));
    assert_eq!((world.status(&revoked), world.status(&kept)), (INVALID, VALID));
    world.wait(1);
    world.store = MemoryStore::new();
    // Whether somebody makes the store ready before or not: nobody finds those tokens in a list of now.
    let of_now = world.lists();
    let uri = claims(&kept)["status"]["status_list"]["uri"].clone();
    assert!(of_now.lists.iter().all(|list| uri != *list.uri));
    world.adopt();
    assert_eq!(world.status(&world.token_of("c1")), VALID);
}

#[test]
fn after_everything_was_revoked_the_lists_before_say_so() {
    let world = World::new(2);
    let old = world.token_of("c1");
    assert_eq!(world.status(&old), VALID);
    world.run(Issuer::revoke_all);
    // At once, whatever the age of the last lists.
    let published = world.lists();
    assert_eq!(published.lists.len(), 2);
    assert_eq!(world.status_in(&published, &old), INVALID);
    let all = array(
        &world.read(
            published
                .lists
                .iter()
                .find(|list| claims(&old)["status"]["status_list"]["uri"] == *list.uri)
                .unwrap(),
        ),
    );
    assert!(all.iter().all(|byte| *byte == 0b0101_0101));
    assert_eq!(world.status(&world.token_of("c1")), VALID);
}

#[test]
fn lists_are_made_when_they_are_old_and_by_one_of_several_machines() {
    let world = World::new(1);
    let token = world.token_of("c1");
    assert_eq!(world.status(&token), VALID);
    world.run(|issuer, context| issuer.revoke_token(&token, "c1", context));
    world.wait(9);
    assert_eq!(world.status_in(&world.lists(), &token), VALID, "they are nine seconds old");
    world.wait(1);

    // Two machines find them old. The first is at its write when the second has made them.
    let (context, other) = (world.context(), issuer(1));
    let mut slow = world.issuer.status_lists(&context);
    let (mut reply, mut write) = (None, None);
    while write.is_none() {
        match slow.step(reply.take()) {
            Step::Need(command @ Command::Cas { .. }) => write = Some(command),
            Step::Need(command) => reply = Some(world.store.execute(command)),
            _ => panic!("it writes what it made"),
        }
    }
    world.wait(1);
    let fast = other.status_lists(&world.context()).run(&world.store).result.unwrap();
    assert_eq!(world.status_in(&fast, &token), INVALID);
    let slow = slow.run(&world.store).result.unwrap();
    assert_eq!(slow, fast);

    // And a third only reads.
    let mut commands = Vec::new();
    let third = drive(other.status_lists(&world.context()), |command| {
        commands.push(matches!(command, Command::Load { .. }));
        world.store.execute(command)
    });
    assert_eq!(third.result.unwrap(), fast);
    assert_eq!(commands, [true, true], "what they say, and how many there are");
}

#[test]
fn a_revocation_that_died_on_its_way_ends_nothing_until_it_is_done() {
    let world = World::new(1);
    let token = world.token_of("c1");
    // It was announced, and no more.
    let mut task = world.issuer.revoke_token(&token, "c1", &world.context());
    drive_to_write(&mut task, &world.store, 1);
    drop(task);
    assert_eq!(world.status(&token), VALID);
    let mut task = world.issuer.revoke_token(&token, "c1", &world.context());
    drive_to_write(&mut task, &world.store, 1);
    // The lists are made between the announcement and the deed.
    assert_eq!(world.status(&token), VALID);
    task.run(&world.store).result.unwrap();
    assert_eq!(world.status(&token), INVALID);
}

#[test]
fn a_revocation_in_a_generation_that_began_meanwhile_is_not_lost() {
    let world = World::new(1);
    let issuer = issuer(1);
    let mut task = issuer.status_lists(&world.context());
    let Step::Need(command) = task.step(None) else { panic!("it loads what the lists said") };
    let reply = world.store.execute(command);
    // The generation is read, and the journal is not.
    world.run(Issuer::revoke_all);
    let (token, kept) = (world.token_of("c1"), world.token_of("c1"));
    world.run(|issuer, context| issuer.revoke_token(&token, "c1", context));
    drop(task.step(Some(reply)));
    let published = task.run(&world.store).result.unwrap();
    assert_eq!((world.status_in(&published, &token), world.status_in(&published, &kept)), (INVALID, VALID));
    assert_eq!((world.status(&token), world.status(&kept)), (INVALID, VALID));
}

/// A place of a generation before may be another token's.
#[test]
fn what_is_revoked_of_a_generation_before_is_in_no_list_of_the_next() {
    let world = World::new(1);
    let pair = world.session_of("u1");
    for _ in 0..3 {
        world.token_of("c1");
    }
    world.run(Issuer::revoke_all);
    let token = world.token_of("c2");
    world.run(|issuer, context| issuer.revoke_client("c1", context));
    world.run(|issuer, context| issuer.revoke_session(&pair.session, context));
    world.wait(10);
    let list = world.read(&world.lists().lists[0]);
    assert_eq!(claims(&token)["status"]["status_list"]["uri"], list["sub"]);
    assert!(array(&list).iter().all(|byte| *byte == 0));
}

#[test]
fn lists_that_nobody_made_for_long_have_all_that_was_revoked() {
    let world = World::new(1);
    let issuer = |policy: Policy| Issuer::new(keys(), policy.lifetime(Lifetime::DAY)).unwrap();
    let world = World { issuer: issuer(world.issuer.policy().clone()), ..world };
    let (token, kept) = (world.token_of("c1"), world.token_of("c1"));
    assert_eq!(world.status(&token), VALID);
    world.run(|issuer, context| issuer.revoke_token(&token, "c1", context));
    world.wait(5 * 3600);
    assert_eq!((world.status(&token), world.status(&kept)), (INVALID, VALID));
}

/// As a client that is taken back before anybody has seen that it was disabled.
#[test]
fn what_was_announced_and_never_done_is_forgotten() {
    let world = World::new(2);
    let token = world.token_of("c1");
    let record_size = |world: &World| {
        let keys = vec![RecordKey::of("statuses", &[ISSUER])];
        let Reply::Loaded { entries, .. } = world.store.execute(Command::Load { keys }).unwrap() else {
            panic!()
        };
        entries[0].as_ref().unwrap().value.len()
    };
    assert_eq!(world.status(&token), VALID);
    let before = record_size(&world);
    for _ in 0..20 {
        world.run(|_, context| directory::disable_client("c1", context));
        world.run(|_, context| directory::change_client("c1", ChangeClient::new().disabled(false), context));
    }
    assert_eq!(world.status(&token), VALID);
    assert!(record_size(&world) < before + 1000, "it is remembered once");
    world.wait(3600);
    world.lists();
    assert!(record_size(&world) < before + 100, "and for an hour");
}

#[test]
fn the_place_of_a_token_that_has_ended_is_forgotten() {
    let world = World::new(1);
    let token = world.token_of("c1");
    world.run(|issuer, context| issuer.revoke_token(&token, "c1", context));
    assert_eq!(world.status(&token), INVALID);
    // Somebody may allow for a minute after its end.
    world.wait(3600);
    assert_eq!(world.status(&token), INVALID);
    world.wait(300);
    assert_eq!(world.status(&token), VALID);
}

#[test]
fn many_revoked_tokens_are_kept_in_parts() {
    let world = World::new(1);
    let tokens: Vec<String> = (0..2500).map(|_| world.token_of("c1")).collect();
    let kept = world.token_of("c1");
    for token in &tokens {
        world.run(|issuer, context| issuer.revoke_token(token, "c1", context));
    }
    world.wait(10);
    let published = world.lists();
    let read: Vec<Value> = published.lists.iter().map(|list| world.read(list)).collect();
    let count: u32 = read.iter().flat_map(array).map(u8::count_ones).sum();
    assert_eq!(count, 2500);
    assert_eq!(world.status_in(&published, &kept), VALID);
    // From the parts, by whoever did not make them.
    assert_eq!(issuer(1).status_lists(&world.context()).run(&world.store).result.unwrap(), published);
    world.run(|issuer, context| issuer.revoke_token(&kept, "c1", context));
    assert_eq!(world.status(&kept), INVALID);
    for token in tokens.iter().step_by(500) {
        assert_eq!(world.status_in(&world.lists(), token), INVALID);
    }
}

#[test]
fn without_lists_nothing_is_told_and_nothing_is_made() {
    let plain = Issuer::new(keys(), Policy::new(ISSUER).audience("api")).unwrap();
    let world = World { issuer: plain, ..World::new(1) };
    assert!(claims(&world.token_of("c1")).get("status").is_none());
    let error = world.issuer.status_lists(&world.context()).run(&world.store).result.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("status_lists")));
}
