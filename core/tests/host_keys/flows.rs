//! Flows with a signer that goes away: nothing half written, nothing lost, nobody told a wrong verdict.

use super::vault::Vault;
use super::*;
use tokenmint::directory::{self, Client};

const SECRET: &str = "a secret that a machine made, long enough";

struct World {
    issuer: Issuer,
    store: MemoryStore,
    vault: Vault,
}

impl World {
    fn new() -> Self {
        let secret = Key::hmac(Some("k1"), Algorithm::HS256, [7; 32].as_slice()).unwrap();
        let issuer = issuer(Key::held_by_host("k1", Algorithm::HS256, None).unwrap());
        let world = World { issuer, store: MemoryStore::new(), vault: Vault::new(secret) };
        let client = Client::new("client", "org", SecretHash::of(SECRET.as_bytes()))
            .permission(Permission::ClientCredentials)
            .permission(Permission::Sessions);
        world.run(directory::create_client(client, &at(0, 1))).0.unwrap();
        world
    }

    fn run<T: 'static>(&self, task: Task<T>) -> (Result<T>, Vec<Command>) {
        // By reference: the store and the signer belong to the host.
        watch(task, &WithSigner::new(&self.store, &self.vault))
    }

    fn session(&self) -> TokenPair {
        let proof = ClientProof::new("client", SECRET);
        let task = self.issuer.exchange_api_key(proof, ClientConditions::default(), &at(0, 2));
        self.run(task).0.unwrap()
    }
}

fn at(seconds: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW.seconds() + seconds), [seed; 32])
}

fn kinds(commands: &[Command]) -> Vec<&'static str> {
    let kind = |command: &Command| match command {
        Command::Load { .. } => "load",
        Command::Cas { .. } => "cas",
        Command::Throttle { .. } => "throttle",
        Command::Sign { .. } => "sign",
        Command::VerifySignature { .. } => "verify",
        _ => "other",
    };
    commands.iter().map(kind).collect()
}

#[test]
fn a_refresh_is_signed_after_its_one_write_and_can_be_asked_for_again() {
    let world = World::new();
    let pair = world.session();
    world.vault.go_away(true);
    let (result, asked) = world.run(world.issuer.refresh(&pair.refresh_token, &at(60, 3)));
    let error = result.unwrap_err();
    assert_eq!((error.code(), error.code().http_status()), (ErrorCode::StoreUnavailable, 503));
    assert!(error.retry_after().is_some());
    let asked = kinds(&asked);
    assert_eq!(asked.iter().filter(|kind| **kind == "cas").count(), 1);
    assert_eq!(asked.last(), Some(&"sign"), "{asked:?}");

    // The signer is back within the grace period: the same successor, no second write, no log-out.
    world.vault.go_away(false);
    let (again, asked) = world.run(world.issuer.refresh(&pair.refresh_token, &at(65, 4)));
    let next = again.unwrap();
    assert!(!kinds(&asked).contains(&"cas"), "{asked:?}");
    assert_ne!(next.refresh_token, pair.refresh_token);
    let (active, _) = world.run(world.issuer.check(&next.access_token, &at(66, 5)));
    assert_eq!(active.unwrap().client.as_deref(), Some("client"));
    world.run(world.issuer.refresh(&next.refresh_token, &at(120, 6))).0.unwrap();
}

#[test]
fn a_retry_while_the_signer_is_away_does_not_end_the_session() {
    let world = World::new();
    let pair = world.session();
    world.vault.go_away(true);
    for seconds in [0, 3, 9] {
        let (result, _) =
            world.run(world.issuer.refresh(&pair.refresh_token, &at(60 + seconds, seconds as u8 + 9)));
        assert_eq!(result.unwrap_err().code(), ErrorCode::StoreUnavailable);
    }
    world.vault.go_away(false);
    world.run(world.issuer.refresh(&pair.refresh_token, &at(70, 30))).0.unwrap();
}

#[test]
fn nobody_is_told_that_a_token_is_bad_because_the_signer_is_away() {
    let world = World::new();
    let proof = ClientProof::new("client", SECRET);
    let token = world.run(world.issuer.client_credentials(proof.clone(), &at(0, 3))).0.unwrap().access_token;
    world.vault.go_away(true);
    let (result, asked) = world.run(world.issuer.check(&token, &at(1, 4)));
    assert_eq!((result.unwrap_err().code(), kinds(&asked)), (ErrorCode::StoreUnavailable, vec!["verify"]));
    // Nor that it is revoked when it is not.
    let (result, asked) = world.run(world.issuer.revoke_token(&token, "client", &at(2, 5)));
    assert_eq!(result.unwrap_err().code(), ErrorCode::StoreUnavailable);
    assert!(!kinds(&asked).contains(&"cas"));

    world.vault.go_away(false);
    world.run(world.issuer.check(&token, &at(3, 6))).0.unwrap();
    world.run(world.issuer.revoke_token(&token, "client", &at(4, 7))).0.unwrap();
    let (result, _) = world.run(world.issuer.check(&token, &at(5, 8)));
    assert_eq!(result.unwrap_err().code(), ErrorCode::TokenRevoked);
}

#[test]
fn but_for_the_signature_a_flow_asks_for_what_it_asks_for_with_a_local_key() {
    let world = World::new();
    let local = issuer(Key::hmac(Some("k1"), Algorithm::HS256, [7; 32].as_slice()).unwrap());
    let proof = || ClientProof::new("client", SECRET);
    let (held_token, held_asked) = world.run(world.issuer.client_credentials(proof(), &at(0, 3)));
    let (local_token, local_asked) = world.run(local.client_credentials(proof(), &at(0, 3)));
    assert_eq!(held_token.unwrap(), local_token.unwrap());
    let (questions, others): (Vec<_>, Vec<_>) =
        held_asked.into_iter().partition(|command| matches!(command, Command::Sign { .. }));
    assert_eq!((questions.len(), others), (1, local_asked));
}
