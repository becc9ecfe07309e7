//! Status lists: what one weighs on its way, what the status of a token costs whoever verifies it, and what it costs the store
//! to mint a token that has one.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use anyhow::{Context as _, Result, ensure};
use tokenmint::dialect::mercoa::Mercoa;
use tokenmint::directory::{self, Client};
use tokenmint::endpoint::Endpoint;
use tokenmint::{
    Algorithm, ClientProof, Command, Context, Issuer, KeySet, MemoryStore, Permission, Policy, Reply,
    SecretHash, StatusListToken, StatusLists, StatusPolicy, StatusResolution, Store, StoreError, UnixTime,
};

use crate::material::Material;
use crate::measure::Table;
use crate::work;

/// As many as there are in a list.
const TOKENS: usize = 1_000_000;
/// One of a thousand.
const REVOKED: usize = TOKENS / 1000;

const SECRET: &str = "a client's secret";

/// A store that counts what it is asked.
#[derive(Default)]
struct Counting {
    store: MemoryStore,
    commands: AtomicUsize,
}

impl Store for Counting {
    fn execute(&self, command: Command) -> Result<Reply, StoreError> {
        self.commands.fetch_add(1, Relaxed);
        self.store.execute(command)
    }
}

struct World {
    issuer: Issuer,
    keys: KeySet,
    store: Counting,
    now: i64,
    seed: u64,
}

impl World {
    fn new(lists: bool) -> Result<Self> {
        let keys = KeySet::builder().key(Material::new(Algorithm::ES256)?.key)?.build()?;
        let policy = Policy::new(work::ISSUER).audience(work::AUDIENCE);
        let policy = match lists {
            true => policy.status_lists(StatusPolicy::new("https://api.example.com/status")),
            false => policy,
        };
        let issuer = Issuer::new(keys.clone(), policy)?;
        let mut world = World { issuer, keys, store: Counting::default(), now: work::IAT, seed: 0 };
        let client = Client::new("c1", "org", SecretHash::of(SECRET.as_bytes()));
        let client = client.permission(Permission::ClientCredentials);
        directory::create_client(client, &world.context()).run(&world.store).result?;
        let context = world.context();
        world.issuer.adopt_store(&context).run(&world.store).result?;
        Ok(world)
    }

    fn context(&mut self) -> Context {
        self.seed += 1;
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&self.seed.to_be_bytes());
        Context::new(UnixTime::from_seconds(self.now), seed)
    }

    fn token(&mut self) -> Result<String> {
        let context = self.context();
        let task = self.issuer.client_credentials(ClientProof::new("c1", SECRET), &context);
        Ok(task.run(&self.store).result?.access_token)
    }

    /// The list after the last was old.
    fn list(&mut self) -> Result<StatusListToken> {
        self.now += 10;
        let context = self.context();
        self.issuer.status_lists(&context).run(&self.store).result?.lists.into_iter().next().context("a list")
    }

    /// How many bytes the endpoint sends for a list.
    fn sent(&mut self, list: &StatusListToken) -> Result<usize> {
        let endpoint = Endpoint::builder().dialect(Mercoa::new(self.issuer.clone())).build()?;
        let request =
            http::Request::get(list.uri.as_str()).header("accept-encoding", "gzip").body(Vec::new())?;
        let response = endpoint.handle(request, &self.context()).run(&self.store).result?;
        ensure!(response.headers().get("content-encoding").is_some());
        Ok(response.body().len())
    }
}

/// What a list weighs, and what a token with a status costs the store.
pub(crate) fn sizes() -> Result<()> {
    let mut world = World::new(true)?;
    println!(
        "\n### status list of {TOKENS} tokens\n\n| | bytes, signed by ES256 | bytes sent, gzip |\n|---|---:|---:|"
    );
    let row = |name: &str, world: &mut World| -> Result<()> {
        let list = world.list()?;
        println!("| {name} | {} | {} |", list.token.len(), world.sent(&list)?);
        Ok(())
    };
    // Those that are not revoked say nothing in a list: it is the same without them.
    world.token()?;
    row("none revoked", &mut world)?;
    for _ in 0..REVOKED {
        let token = world.token()?;
        let context = world.context();
        world.issuer.revoke_token(&token, "c1", &context).run(&world.store).result?;
    }
    row("one of 1000 revoked", &mut world)?;

    println!("\n### client credentials, store commands\n\n| | commands |\n|---|---:|");
    for (name, lists) in [("without a status", false), ("with a status", true)] {
        let mut world = World::new(lists)?;
        world.token()?;
        world.store.commands.store(0, Relaxed);
        world.token()?;
        println!("| {name} | {} |", world.store.commands.load(Relaxed));
    }
    Ok(())
}

/// The first row is the verification that comes before.
pub(crate) fn table() -> Result<Table> {
    let mut world = World::new(true)?;
    let (token, list, now) = (world.token()?, world.list()?, UnixTime::from_seconds(work::IAT + 10));
    let (verifier, lists) = (world.issuer.verifier(), StatusLists::new());
    lists.fetched(&list.uri, Ok(list.token.as_bytes()), &world.keys, now)?;
    let verified = verifier.verify(&token, now)?;
    ensure!(matches!(lists.resolve(&verified, now), StatusResolution::Valid));
    let mut table = Table::new("status of a token");
    table.case("verify ES256, without its status", move || verifier.verify(&token, now));
    table.case("its status, by a list that was read", move || lists.resolve(&verified, now));
    Ok(table)
}
