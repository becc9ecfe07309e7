//! Connections that break at every point of a command: no link is redeemed twice, no session is forked or lost, and
//! whoever asks again gets the answer that was lost.

#![cfg(any(feature = "postgres", feature = "redis"))]

mod servers;

use std::time::{Duration, Instant};

use servers::proxy::{Mode, Proxy};
use tokenmint::dialect::ledger::ClientConditions;
use tokenmint::dialect::merge::*;
use tokenmint::directory::{self, BearerKey, Client};
use tokenmint::*;
use tokenmint_store::{Database, Severity};

const SECRET: &str = "the secret of client_1";
/// For what comes in a moment, or never.
const LONG: Duration = Duration::from_secs(120);

const KEY: &str = "the-key-of-the-organization";

/// An issuer with its clock and seeds, and the store without the proxy before it.
struct World {
    issuer: Issuer,
    direct: Database,
    seed: std::cell::Cell<u64>,
}

impl World {
    async fn new(url: &str) -> Self {
        let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
        let bamboo =
            Integration { slug: "bamboohr".into(), name: "BambooHR".into(), categories: vec!["hris".into()] };
        let policy =
            Policy::new("https://api.example.com").session_secret([9; 32].as_slice()).integration(bamboo);
        let world = World {
            issuer: Issuer::new(keys, policy).unwrap(),
            direct: Database::open(url).await.unwrap(),
            seed: std::cell::Cell::new(1),
        };
        let client = Client::new("client_1", "org", SecretHash::of(SECRET.as_bytes()))
            .permission(Permission::Sessions);
        world.ok(directory::create_client(client, &world.context())).await;
        let permissions = vec![Permission::Links];
        let key = BearerKey { organization: "org".into(), permissions, disabled: false };
        world.ok(directory::create_bearer_key(&Secret::from(KEY), key, &world.context())).await;
        world
    }

    fn context(&self) -> Context {
        let seed = self.seed.replace(self.seed.get() + 1);
        let mut bytes = [5; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        // Redis forgets by its own clock: for it, nothing of this is over.
        Context::new(UnixTime::from_seconds(4_000_000_000), bytes)
    }

    async fn ok<T: 'static>(&self, task: Task<T>) -> T {
        task.run_async(&self.direct).await.result.unwrap()
    }

    async fn session(&self) -> String {
        let proof = ClientProof::new("client_1", SECRET);
        let task = self.issuer.exchange_api_key(proof, ClientConditions::default(), &self.context());
        self.ok(task).await.refresh_token
    }

    async fn link(&self) -> String {
        let details = LinkDetails {
            origin_id: "1".into(),
            end_user_organization: "Test".into(),
            end_user_email: "example@example.com".into(),
            categories: vec!["hris".into()],
            integration: Some("bamboohr".into()),
            settings: Default::default(),
        };
        let made = self.issuer.create_link(Secret::from(KEY), details, Lifetime::HOUR, &self.context());
        self.ok(made).await.link_token
    }

    fn redeem(&self, link: &str, redeemer: &str) -> Task<PublicToken> {
        let request =
            RedeemRequest { link_token: link.into(), redeemer: Some(redeemer.into()), integration: None };
        self.issuer.redeem_link(request, &self.context())
    }
}

/// What a request met: an answer, or the store's own error. Anything else is a fault.
fn met<T>(outcome: Outcome<T>) -> Option<T> {
    match outcome.result {
        Ok(answer) => Some(answer),
        Err(error) => {
            let code = error.code();
            assert!(matches!(code, ErrorCode::StoreUnavailable | ErrorCode::StoreUnknown), "{error}");
            assert!(error.retry_after().is_some(), "{error}");
            None
        }
    }
}

/// A command behind the proxy that will work again: the driver connects anew.
async fn recovered(database: &Database) {
    let end = Instant::now() + LONG;
    let load = Command::Load { keys: vec![RecordKey::new(b"any").unwrap()] };
    while database.execute(load.clone()).await.is_err() {
        assert!(Instant::now() < end, "the store is not used again after a fault");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The URL with another time for each command.
fn within(url: &str, timeout_ms: u32) -> String {
    format!("{url}{}timeout_ms={timeout_ms}", if url.contains('?') { '&' } else { '?' })
}

/// A store that does not wait for long, once it is reached in so short a time.
async fn impatient(url: &str) -> Database {
    let end = Instant::now() + LONG;
    loop {
        if let Ok(database) = Database::open(&within(url, 1000)).await {
            recovered(&database).await;
            return database;
        }
        assert!(Instant::now() < end, "the store cannot be opened in a second");
    }
}

async fn endures(url: &str, proxied: &str, proxy: &Proxy) {
    let world = World::new(&within(url, 60_000)).await;
    let (patient, hasty) =
        (Database::open(&within(proxied, 60_000)).await.unwrap(), impatient(proxied).await);
    for mode in [Mode::CutBeforeRequest, Mode::CutBeforeReply, Mode::CutInReply, Mode::Hang] {
        // Only silence takes all the time that a command has.
        let faulted = if mode == Mode::Hang { &hasty } else { &patient };
        for round in 0..4 {
            let (link, refresh) = (world.link().await, world.session().await);

            // The fault comes at the first command, or between the first and the second.
            let mut task = world.redeem(&link, "alice");
            let mut reply = None;
            if round % 2 == 1 {
                let Step::Need(load) = task.step(None) else { panic!("no command") };
                reply = Some(faulted.execute(load).await);
            }
            proxy.set(mode);
            let redeemed = loop {
                match task.step(reply.take()) {
                    Step::Need(command) => reply = Some(faulted.execute(command).await),
                    Step::Done(outcome) => break met(outcome),
                    Step::Spent => panic!("spent"),
                }
            };
            let rotated = met(world.issuer.refresh(&refresh, &world.context()).run_async(faulted).await);
            proxy.set(Mode::Pass);
            proxy.cut();
            recovered(&patient).await;

            let again = world.redeem(&link, "alice").run_async(&patient).await.result.unwrap();
            if let Some(first) = redeemed {
                assert_eq!(first.public_token, again.public_token, "{mode:?}: redeemed twice");
            }
            let other = world.redeem(&link, "mallory").run_async(&patient).await.result.unwrap_err();
            assert_eq!(other.code(), ErrorCode::LinkUsed, "{mode:?}");

            let pair = world.issuer.refresh(&refresh, &world.context()).run_async(&patient).await;
            let pair = pair.result.unwrap_or_else(|error| panic!("{mode:?}: the session was lost: {error}"));
            if let Some(first) = rotated {
                assert_eq!(first.refresh_token, pair.refresh_token, "{mode:?}: the session was forked");
            }
            world
                .issuer
                .refresh(&pair.refresh_token, &world.context())
                .run_async(&patient)
                .await
                .result
                .unwrap();
        }
    }
}

/// A server that is silent for ever holds nobody.
async fn keeps_its_deadline(proxied: &str, proxy: &Proxy) {
    let database = impatient(proxied).await;
    proxy.set(Mode::Hang);
    let key = RecordKey::new(b"deadline").unwrap();
    let load = database.execute(Command::Load { keys: vec![key.clone()] }).await;
    assert_eq!(load, Err(StoreError::Unavailable), "a read changes nothing");
    let entry = Entry {
        version: Version::new(&[1; 16]).unwrap(),
        value: Vec::new(),
        expires_at_ms: 253_402_300_799_000,
        index: Index::default(),
    };
    let put = Command::Cas { key, expect: Expect::Absent, write: Write::Put(entry) };
    let put = database.execute(put).await;
    assert!(matches!(put, Err(StoreError::Unknown | StoreError::Unavailable)), "{put:?}");
    proxy.set(Mode::Pass);
    proxy.cut();
    recovered(&database).await;
}

/// A host whose clock is an hour ahead of the store's is told, and one that is not is not.
async fn finds_a_clock_that_is_off(url: &str) {
    let database = Database::open(&within(url, 60_000)).await.unwrap();
    let end = Instant::now() + LONG;
    for (ahead_ms, severity) in [(0, Severity::Fine), (3_600_000, Severity::Fault)] {
        loop {
            let now_ms = database.now_ms().await.unwrap();
            let findings = database.doctor(now_ms + ahead_ms).await.unwrap();
            let clock = findings.iter().find(|finding| finding.check == "clock").unwrap();
            if clock.severity == severity {
                break;
            }
            // Two seconds may pass on a machine that is very slow.
            assert!(Instant::now() < end, "{clock:?}");
        }
    }
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
async fn redis_endures_broken_connections() {
    let server = servers::redis::Redis::start(&[]);
    let proxy = Proxy::before(std::net::SocketAddr::from(([127, 0, 0, 1], server.port())));
    let proxied = format!("redis://{}", proxy.address());
    endures(&server.url(), &proxied, &proxy).await;
    finds_a_clock_that_is_off(&server.url()).await;
    keeps_its_deadline(&proxied, &proxy).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_endures_broken_connections() {
    let server = servers::postgres::Postgres::shared();
    let proxy = Proxy::before(server.address());
    let url = server.url(&server.database());
    let proxied = url.replace(&server.address().to_string(), &proxy.address().to_string());
    endures(&url, &proxied, &proxy).await;
    finds_a_clock_that_is_off(&url).await;
    keeps_its_deadline(&proxied, &proxy).await;
}
