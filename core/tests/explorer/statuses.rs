//! Status lists: a token is minted, or what it hangs on ends, while the lists are made. What the lists say of a token, in the end,
//! is what the issuer says of it.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use serde_json::Value;
use tokenmint::dialect::entities::{Entity, create_entity};
use tokenmint::dialect::mercoa::{EntityOptions, EntityTarget, EntityTokenRequest};
use tokenmint::directory::{
    BearerKey, ChangeClient, Client, Permission, change_client, create_bearer_key, create_client,
    disable_client,
};
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Turn, explore};

use crate::world::{NOW, context, is_unsure, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("a token of a client x revoke the client and make status lists, no fault", || {
        explore(0, || ended(for_itself, End::Client, true))
    }),
    ("a token of a client x disable it and make status lists, no fault", || {
        explore(0, || ended(for_itself, End::Disabled, true))
    }),
    ("refresh x revoke session and make status lists, no fault", || {
        explore(0, || ended(refresh, End::Session, true))
    }),
    ("repeated refresh x revoke session and make status lists, no fault", || {
        explore(0, || ended(repeat, End::Session, true))
    }),
    ("refresh x reuse of a token and make status lists, no fault", || {
        explore(0, || ended(refresh, End::Reuse, true))
    }),
    ("session start x revoke sessions and make status lists, no fault", || {
        explore(0, || ended(start, End::Sessions, true))
    }),
    ("a token of a named session x end it and make status lists, no fault", || {
        explore(0, || ended(entity, End::Named, true))
    }),
    ("token exchange x revoke the token and make status lists, no fault", || {
        explore(0, || ended(narrow, End::Token, true))
    }),
    ("refresh x revoke session with a status, up to 1 fault", || {
        explore(1, || ended(refresh, End::Session, false))
    }),
    ("revoke subject x make status lists, up to 1 fault", || explore(1, || while_made(End::Subject))),
    ("revoke session x make status lists, up to 1 fault", || explore(1, || while_made(End::Session))),
    ("revoke all, a token and its end x make status lists, no fault", || explore(0, anew)),
];

#[test]
fn no_schedule_breaks_a_status() {
    assert_unbroken(CASES);
}

const KEY: &str = "the-key-of-an-organization";

const ISSUER: &str = "https://issuer.example";

static KEYS: LazyLock<KeySet> =
    LazyLock::new(|| KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap());

static ISSUING: LazyLock<Issuer> = LazyLock::new(|| {
    let lists = StatusPolicy::new("https://issuer.example/status");
    let policy =
        Policy::new(ISSUER).session_secret([9; 32].as_slice()).lifetime(Lifetime::DAY).status_lists(lists);
    Issuer::new(KEYS.clone(), policy).unwrap()
});

fn issuer() -> &'static Issuer {
    &ISSUING
}

/// What ends, for good.
#[derive(Clone, Copy)]
enum End {
    Token,
    Session,
    Reuse,
    Named,
    Sessions,
    Subject,
    Client,
    Disabled,
}

async fn end(store: &Turn, what: End, seed: u8) -> Answer {
    let (at, pair) = (context(NOW + 1, seed), &BEFORE.pair);
    let task = match what {
        End::Token => issuer().revoke_token(&pair.access_token, "app", &at),
        End::Session => issuer().revoke_session(&pair.session, &at),
        End::Named => issuer().invalidate_tokens(KEY.into(), Some(vec!["s1".to_owned()]), &at),
        End::Sessions => issuer().revoke_sessions("u1", None, &at),
        End::Subject => issuer().revoke_subject("u1", &at),
        End::Client => issuer().revoke_client("app", &at),
        End::Disabled => disable_client("app", &at),
        End::Reuse => {
            // Whoever presents what was exchanged long ago is refused, and the session ends.
            let task = issuer().refresh(&BEFORE.exchanged, &context(NOW + 15, seed));
            return match task.run_async(store).await.result.map_err(|error| error.code()) {
                Err(ErrorCode::InvalidGrant) => Ok("ended".into()),
                Err(code) => Err(code),
                Ok(_) => Err(ErrorCode::Internal),
            };
        }
    };
    task.run_async(store).await.result.map(|()| "ended".into()).map_err(|error| error.code())
}

/// What makes a token.
type Make = fn(u8) -> Request;

fn refresh(seed: u8) -> Request {
    Request::of(issuer().refresh(&BEFORE.pair.refresh_token, &context(NOW + 1, seed)), |pair| {
        pair.access_token
    })
}

/// Within its grace, a refresh token is good for one more access token.
fn repeat(seed: u8) -> Request {
    Request::of(issuer().refresh(&BEFORE.exchanged, &context(NOW + 1, seed)), |pair| pair.access_token)
}

/// In a named session that was touched just now: it is not written again.
fn entity(seed: u8) -> Request {
    Request::of(entity_token(NOW + 1, seed), |token| token)
}

fn entity_token(now: i64, seed: u8) -> Task<String> {
    let options = EntityOptions { session_id: Some("s1".into()), ..EntityOptions::default() };
    let (bearer, target) = (KEY.into(), EntityTarget::Entity("ent_1".into()));
    let request = EntityTokenRequest { bearer, target, expires_in: None, options };
    issuer().entity_token(request, &context(now, seed))
}

fn start(seed: u8) -> Request {
    let start = StartSession::new("u1").client("app");
    Request::of(issuer().start_session(start, &context(NOW + 1, seed)), |pair| pair.access_token)
}

fn narrow(seed: u8) -> Request {
    let narrow = Narrow::new(&BEFORE.pair.access_token).client("service");
    Request::of(issuer().narrow(narrow, &context(NOW + 1, seed)), |token| token.access_token)
}

fn for_itself(seed: u8) -> Request {
    let proof = ClientProof::new("app", Secret::from("secret"));
    Request::of(issuer().client_credentials(proof, &context(NOW + 1, seed)), |token| token.access_token)
}

/// Makes what the lists say, as one of several machines does: up to the write that all of them read from then on. Signing them
/// changes nothing.
async fn make_lists(store: &Turn, now: i64, seed: u8) -> Answer {
    let mut making = issuer().status_lists(&context(now, seed));
    let mut reply = None;
    loop {
        match making.step(reply.take()) {
            Step::Need(command) => {
                let writes = matches!(&command, Command::Cas { key, .. } if *key == statuses_key());
                let answer = store.execute(command).await;
                if writes && answer == Ok(Reply::Done) {
                    return Ok("made".into());
                }
                reply = Some(answer);
            }
            Step::Done(Outcome { result, .. }) => {
                return result.map(|_| "made".into()).map_err(|error| error.code());
            }
            _ => return Err(ErrorCode::Internal),
        }
    }
}

fn lists(now: i64, seed: u8) -> Request {
    Request::new(move |store: Turn| async move { make_lists(&store, now, seed).await })
}

fn statuses_key() -> RecordKey {
    RecordKey::of("statuses", &[ISSUER])
}

/// What the lists say that are made then.
struct Verdicts {
    generation: u64,
    /// What of it is not valid: each place is a number of list and index.
    set: BTreeSet<u64>,
}

impl Verdicts {
    fn made<S: Store>(store: &S, now: i64, seed: u8) -> Verdicts {
        lists(now, seed).run(store).unwrap();
        let Ok(Reply::Loaded { entries, .. }) = store.execute(Command::Load { keys: vec![statuses_key()] })
        else {
            panic!("no lists");
        };
        let said: Value = serde_json::from_slice(&entries[0].as_ref().unwrap().value).unwrap();
        assert_eq!(said["made_at"], now, "they are made anew");
        let set = said["set"].as_array().into_iter().flatten().step_by(2);
        let set = set.map(|number| number.as_u64().unwrap() >> 2).collect();
        Verdicts { generation: said["generation"].as_u64().unwrap(), set }
    }

    /// Whether a token is valid by its list.
    fn take(&self, token: &str, now: i64) -> bool {
        let verified = issuer().verifier().any_audience().verify(token, UnixTime::from_seconds(now)).unwrap();
        let status: Value = serde_json::from_str(verified.claim_json("status").expect("a status")).unwrap();
        let (index, uri) = (&status["status_list"]["idx"], status["status_list"]["uri"].as_str().unwrap());
        let (generation, list) = uri.rsplit_once('/').unwrap().1.split_once('-').unwrap();
        let place = list.parse::<u64>().unwrap() << 20 | index.as_u64().unwrap();
        generation.parse() == Ok(self.generation) && !self.set.contains(&place)
    }
}

/// What there is before anything ends: two sessions, of an app's user and of another, and the writes that made them.
struct Before {
    /// The refresh token before that of the pair.
    exchanged: String,
    pair: TokenPair,
    bystander: TokenPair,
    /// Of an entity, in a named session.
    named: String,
    writes: Vec<Command>,
}

static BEFORE: LazyLock<Before> = LazyLock::new(|| {
    let store = Recorded::default();
    for (id, seed) in [("app", 1), ("service", 2), ("other", 3)] {
        let client = Client::new(id, "org_1", SecretHash::of(b"secret"));
        let client = client.permission(Permission::ClientCredentials);
        create_client(client, &context(NOW, seed)).run(&store).result.unwrap();
    }
    let begin = |subject, client, seed| {
        let start = StartSession::new(subject).client(client);
        issuer().start_session(start, &context(NOW, seed)).run(&store).result.unwrap()
    };
    let (first, bystander) = (begin("u1", "app", 4), begin("u2", "other", 5));
    let pair = issuer().refresh(&first.refresh_token, &context(NOW, 6)).run(&store).result.unwrap();
    let permissions = vec![Permission::EntityTokens];
    let key = BearerKey { organization: "org".into(), permissions, disabled: false };
    create_bearer_key(&KEY.into(), key, &context(NOW, 7)).run(&store).result.unwrap();
    let entity = Entity { id: "ent_1".into(), foreign_id: None, organization: "org".into(), disabled: false };
    create_entity(entity, &context(NOW, 8)).run(&store).result.unwrap();
    let named = entity_token(NOW, 9).run(&store).result.unwrap();
    Before {
        exchanged: first.refresh_token,
        named,
        pair,
        bystander,
        writes: store.writes.into_inner().unwrap(),
    }
});

/// A store, and what was written to it: so that each schedule begins with the same, and soon.
#[derive(Default)]
struct Recorded {
    store: MemoryStore,
    writes: Mutex<Vec<Command>>,
}

impl Store for Recorded {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        if matches!(command, Command::Cas { .. }) {
            self.writes.lock().unwrap().push(command.clone());
        }
        self.store.execute(command)
    }
}

/// A token is made while something ends, and at once after that the lists, or when all is over.
fn ended(make: Make, what: End, at_once: bool) -> World<MemoryStore> {
    let ends = Request::new(move |store: Turn| async move {
        let ended = end(&store, what, 10).await?;
        if at_once { make_lists(&store, NOW + 1, 30).await } else { Ok(ended) }
    });
    World {
        store: before(),
        requests: vec![ends, make(20)],
        judge: Box::new(move |store, answers| judge(what, store, answers)),
    }
}

/// Something ends while the lists are made, where a fault may be between its announcement and its end.
fn while_made(what: End) -> World<MemoryStore> {
    let ends = Request::new(move |store: Turn| async move { end(&store, what, 10).await });
    let requests = vec![ends, lists(NOW + 1, 30)];
    World {
        store: before(),
        requests,
        judge: Box::new(move |store, answers| judge(what, store, &answers[..1])),
    }
}

fn judge(what: End, store: &MemoryStore, answers: &[Option<Answer>]) -> Vec<&'static str> {
    let (ends, makes) = answers.split_at(1);
    let mut tokens = successes(makes);
    let Before { pair, bystander, named, .. } = &*BEFORE;
    tokens.extend([pair.access_token.clone(), bystander.access_token.clone(), named.clone()]);
    // What has no effect ends nothing.
    let mut broken = Vec::from_iter(judged(store, &tokens, NOW + 20));
    // Whoever got no answer asks again.
    let again = Request::new(move |store: Turn| async move { end(&store, what, 40).await });
    if is_unsure(&ends[0]) && again.run(store).is_err() {
        broken.push("revocation refused");
    }
    broken.extend(judged(store, &tokens, NOW + 40));
    broken
}

/// What the lists say of tokens is what the issuer says.
fn judged<S: Store>(store: &S, tokens: &[String], now: i64) -> Option<&'static str> {
    let verdicts = Verdicts::made(store, now, 50);
    let is_good = |token: &String| issuer().check(token, &context(now, 60)).run(store).result.is_ok();
    tokens.iter().find_map(|token| match (verdicts.take(token, now), is_good(token)) {
        (true, false) => Some("valid after revocation"),
        (false, true) => Some("an honest token is invalid"),
        _ => None,
    })
}

/// A store as it is before anything ends.
fn before() -> MemoryStore {
    let store = MemoryStore::new();
    for write in &BEFORE.writes {
        store.execute(write.clone()).unwrap();
    }
    store
}

/// The lists are made while everything ends, and while a token of the generation that begins then is given, and ends.
fn anew() -> World<MemoryStore> {
    let sequence = Request::new(|store: Turn| async move {
        let (run, at) = (|error: Error| error.code(), |seed| context(NOW + 1, seed));
        issuer().revoke_all(&at(10)).run_async(&store).await.result.map_err(run)?;
        let proof = ClientProof::new("app", Secret::from("secret"));
        let token = issuer().client_credentials(proof, &at(11)).run_async(&store).await.result;
        let token = token.map_err(run)?.access_token;
        issuer().revoke_token(&token, "app", &at(12)).run_async(&store).await.result.map_err(run)?;
        Ok(token)
    });
    let judge = |store: &MemoryStore, answers: &[Option<Answer>]| {
        judged(store, &successes(&answers[..1]), NOW + 20).into_iter().collect()
    };
    World { store: before(), requests: vec![sequence, lists(NOW + 1, 30)], judge: Box::new(judge) }
}

#[test]
fn who_was_second_tells_again_before_it_ends_what_came_between() {
    let store = before();
    let revoke = |seed| issuer().revoke_client("app", &context(NOW, seed));
    let mark = RecordKey::of("mark-client", &[ISSUER, "app"]);
    let mut second = revoke(70);
    let mut step = second.step(None);
    while let Step::Need(command) = step {
        if matches!(&command, Command::Cas { key, .. } if *key == mark) {
            break;
        }
        step = second.step(Some(store.execute(command)));
    }
    // It has told so, and is about to write: another is first, and what both have told is read.
    revoke(71).run(&store).result.unwrap();
    let proof = ClientProof::new("app", Secret::from("secret"));
    let token =
        issuer().client_credentials(proof, &context(NOW, 72)).run(&store).result.unwrap().access_token;
    assert_eq!(judged(&store, std::slice::from_ref(&token), NOW + 20), None);
    second.run(&store).result.unwrap();
    assert!(issuer().check(&token, &context(NOW + 30, 73)).run(&store).result.is_err());
    assert_eq!(judged(&store, &[token], NOW + 40), None);
}

#[test]
fn a_place_of_a_generation_before_says_nothing_about_who_has_it_next() {
    let store = before();
    let token = |client, now| {
        let proof = ClientProof::new(client, Secret::from("secret"));
        issuer().client_credentials(proof, &context(now, 70)).run(&store).result.unwrap().access_token
    };
    let place = |token: &str| {
        let claims = issuer().verifier().any_audience().verify(token, UnixTime::from_seconds(NOW)).unwrap();
        claims.claim::<Value>("status").unwrap().unwrap()["status_list"]["idx"].clone()
    };
    let former = token("app", NOW);
    issuer().revoke_all(&context(NOW, 71)).run(&store).result.unwrap();
    issuer().revoke_client("app", &context(NOW, 72)).run(&store).result.unwrap();
    lists(NOW, 73).run(&store).unwrap();
    // By the same random numbers.
    let honest = token("other", NOW);
    assert_eq!(place(&honest), place(&former));
    assert_eq!(judged(&store, &[former, honest], NOW + 20), None);
}

#[test]
fn a_place_is_another_tokens_when_no_list_can_speak_of_the_one_before() {
    let store = before();
    let place = |now| {
        let proof = ClientProof::new("app", Secret::from("secret"));
        let token = issuer().client_credentials(proof, &context(now, 70)).run(&store).result.unwrap();
        let now = UnixTime::from_seconds(now);
        let claims = issuer().verifier().any_audience().verify(&token.access_token, now).unwrap();
        claims.claim::<Value>("status").unwrap().unwrap()["status_list"]["idx"].clone()
    };
    // The token lives for a day, a list for an hour, and clocks differ by less than an hour.
    let (first, end) = (place(NOW), NOW + 26 * 3600);
    assert_ne!(place(end - 1), first);
    assert_eq!(place(end), first);
}

#[test]
fn what_was_announced_is_read_however_late_and_asked_about_for_an_hour() {
    let store = before();
    let change = |disabled, now, seed| {
        let change = ChangeClient::new().disabled(disabled);
        change_client("other", change, &context(now, seed)).run(&store).result.unwrap();
    };
    let pending = || {
        let Ok(Reply::Loaded { entries, .. }) = store.execute(Command::Load { keys: vec![statuses_key()] })
        else {
            panic!("no lists");
        };
        let said: Value = serde_json::from_slice(&entries[0].as_ref().unwrap().value).unwrap();
        said["pending"].as_array().map_or(0, Vec::len)
    };
    let Before { pair, bystander, .. } = &*BEFORE;
    issuer().revoke_token(&pair.access_token, "app", &context(NOW, 70)).run(&store).result.unwrap();
    let tokens = [pair.access_token.clone(), bystander.access_token.clone()];
    assert_eq!(judged(&store, &tokens, NOW + 7200), None);
    // Disabled and taken back between two lists, again and again: nothing of it is left to be seen.
    for seed in 0..10 {
        change(seed % 2 == 0, NOW + 7200, 80 + seed);
    }
    assert_eq!(judged(&store, &tokens, NOW + 7220), None);
    assert_eq!(pending(), 1);
    assert_eq!(judged(&store, &tokens, NOW + 3 * 3600), None);
    assert_eq!(pending(), 0);
}

/// A context of a number.
fn numbered(now: i64, number: usize) -> Context {
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&number.to_be_bytes());
    Context::new(UnixTime::from_seconds(now), seed)
}

#[test]
fn all_tokens_of_a_session_are_found_however_many() {
    let (store, Before { pair, bystander, .. }) = (before(), &*BEFORE);
    let mut refresh_token = pair.refresh_token.clone();
    let mut tokens = vec![pair.access_token.clone(), bystander.access_token.clone()];
    for number in 0..502 {
        let next = issuer().refresh(&refresh_token, &numbered(NOW, number)).run(&store).result.unwrap();
        refresh_token = next.refresh_token;
        tokens.push(next.access_token);
    }
    for number in 0..502 {
        let narrow = Narrow::new(&pair.access_token);
        let narrower = issuer().narrow(narrow, &numbered(NOW, 1000 + number)).run(&store).result.unwrap();
        tokens.push(narrower.access_token);
    }
    let child = tokens.last().unwrap();
    // Those that a record has names for, and those that it has none for any more.
    let some: Vec<_> = [0, 1, 2, 3, 502, 503, 504, 505, 1003, 1004, 1005].map(|at| tokens[at].clone()).into();
    assert_eq!(judged(&store, &some, NOW + 20), None);
    issuer().revoke_token(child, "app", &context(NOW, 70)).run(&store).result.unwrap();
    assert_eq!(judged(&store, &some, NOW + 40), None);
    issuer().revoke_session(&pair.session, &context(NOW, 71)).run(&store).result.unwrap();
    assert_eq!(judged(&store, &some, NOW + 60), None);
}

#[test]
fn a_journal_of_many_pages_is_read_whole() {
    let (store, Before { pair, bystander, named, .. }) = (before(), &*BEFORE);
    let tokens = [&pair.access_token, &bystander.access_token, named].map(String::clone);
    let revoke = |token: &str, client, number| {
        issuer().revoke_token(token, client, &numbered(NOW, number)).run(&store).result.unwrap();
    };
    revoke(&tokens[0], "app", 0);
    for number in 1..1000 {
        let subject = format!("nobody {number}");
        issuer().revoke_subject(&subject, &numbered(NOW, number)).run(&store).result.unwrap();
        if number == 500 {
            assert_eq!(judged(&store, &tokens, NOW + 20), None);
        }
    }
    revoke(&tokens[1], "other", 1000);
    assert_eq!(judged(&store, &tokens, NOW + 40), None);
}
