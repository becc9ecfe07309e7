//! Flows with a signer that goes away: nothing half written, nothing lost, nobody told a wrong verdict.

use super::vault::Vault;
use super::*;
use tokenmint::dialect::entities;
use tokenmint::dialect::ledger::ClientConditions;
use tokenmint::dialect::mercoa::*;
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

fn base64_url(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
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
fn while_the_signer_is_away_a_refresh_writes_nothing_and_can_be_asked_for_again() {
    let world = World::new();
    let pair = world.session();
    world.vault.go_away(true);
    for seconds in [0, 3, 9] {
        let task = world.issuer.refresh(&pair.refresh_token, &at(60 + seconds, seconds as u8 + 9));
        let (result, asked) = world.run(task);
        let error = result.unwrap_err();
        assert_eq!((error.code(), error.code().http_status()), (ErrorCode::StoreUnavailable, 503));
        assert!(error.retry_after().is_some());
        assert_eq!(kinds(&asked), ["load", "sign"]);
    }

    // The signer is back, long after the grace of 10 seconds: the same token is the current one.
    world.vault.go_away(false);
    let (result, asked) = world.run(world.issuer.refresh(&pair.refresh_token, &at(600, 30)));
    let next = result.unwrap();
    assert_eq!(kinds(&asked), ["load", "sign", "cas"]);
    let (active, _) = world.run(world.issuer.check(&next.access_token, &at(601, 31)));
    assert_eq!(active.unwrap().client.as_deref(), Some("client"));
    // A retry within the grace gets the same successor, and writes nothing.
    let (result, asked) = world.run(world.issuer.refresh(&pair.refresh_token, &at(605, 32)));
    assert_eq!(result.unwrap().refresh_token, next.refresh_token);
    assert_eq!(kinds(&asked), ["load", "sign"]);
    world.run(world.issuer.refresh(&next.refresh_token, &at(660, 33))).0.unwrap();
}

#[test]
fn a_signature_for_a_write_that_was_lost_is_thrown_away() {
    let world = World::new();
    let pair = world.session();
    // Somebody else refreshes between the signature and the write.
    let mut task = world.issuer.refresh(&pair.refresh_token, &at(60, 3));
    let host = WithSigner::new(&world.store, &world.vault);
    let (mut reply, mut other, mut signed) = (None, None, Vec::new());
    let outcome = loop {
        match task.step(reply.take()) {
            Step::Need(command) => {
                if matches!(command, Command::Cas { .. }) && other.is_none() {
                    let refresh = world.issuer.refresh(&pair.refresh_token, &at(60, 4));
                    other = Some(refresh.run(&host).result.unwrap());
                }
                let answer = host.execute(command);
                if let Ok(Reply::Signed(signature)) = &answer {
                    signed.push(signature.clone());
                }
                reply = Some(answer);
            }
            Step::Done(outcome) => break outcome,
            Step::Spent => panic!("no end"),
        }
    };
    let given = outcome.result.unwrap();
    assert_eq!(given.refresh_token, other.unwrap().refresh_token, "one successor");
    assert_eq!(signed.len(), 2);
    let parts: Vec<&str> = given.access_token.split('.').collect();
    assert_eq!(base64_url(&signed[1]), parts[2]);
    let issued = outcome.events.iter().filter(|event| event.kind == EventKind::TokenIssued).count();
    assert_eq!(issued, 1, "{:?}", outcome.events);
}

#[test]
fn while_the_signer_is_away_no_session_begins() {
    let world = World::new();
    directory::create_bearer_key(
        &"bearer".into(),
        directory::BearerKey {
            organization: "org".into(),
            permissions: vec![Permission::EntityTokens],
            disabled: false,
        },
        &at(0, 40),
    )
    .run(&world.store)
    .result
    .unwrap();
    let entity = entities::Entity {
        organization: "org".into(),
        id: "ent_1".into(),
        foreign_id: None,
        disabled: false,
    };
    entities::create_entity(entity, &at(0, 41)).run(&world.store).result.unwrap();
    let open = || {
        let proof = ClientProof::new("client", SECRET);
        world.run(world.issuer.exchange_api_key(proof, ClientConditions::default(), &at(60, 3))).1
    };
    let named = || {
        let request = EntityTokenRequest {
            bearer: "bearer".into(),
            target: EntityTarget::Entity("ent_1".into()),
            expires_in: None,
            options: EntityOptions { session_id: Some("s1".into()), ..EntityOptions::default() },
        };
        world.run(world.issuer.entity_token(request, &at(60, 4))).1
    };
    world.vault.go_away(true);
    for asked in [open(), named()] {
        assert_eq!(kinds(&asked).last(), Some(&"sign"));
        assert!(!kinds(&asked).contains(&"cas"), "{asked:?}");
    }
    world.vault.go_away(false);
    for asked in [open(), named()] {
        assert!(kinds(&asked).ends_with(&["sign", "cas"]), "{asked:?}");
    }
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
