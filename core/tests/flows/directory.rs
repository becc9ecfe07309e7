//! The directory: made once, found under two ids, disabled and never somebody else.

use tokenmint::dialect::entities::*;
use tokenmint::dialect::mercoa::{EntityOptions, EntityTarget, EntityTokenRequest};
use tokenmint::directory::*;
use tokenmint::*;

use crate::drive::drive_to_write;

const NOW: i64 = 1_700_000_000;
const KEY: &str = "key-of-organization-1";

fn context(seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW), [seed; 32])
}

fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    Issuer::new(keys, Policy::new("https://issuer.example").audience("api")).unwrap()
}

fn store() -> MemoryStore {
    let store = MemoryStore::new();
    create_bearer_key(&Secret::from(KEY), api_key("org_1"), &context(1)).run(&store).result.unwrap();
    store
}

fn api_key(organization: &str) -> BearerKey {
    let permissions = vec![Permission::EntityTokens, Permission::Links];
    BearerKey { organization: organization.into(), permissions, disabled: false }
}

fn entity(id: &str, foreign_id: Option<&str>) -> Entity {
    Entity {
        id: id.into(),
        foreign_id: foreign_id.map(Into::into),
        organization: "org_1".into(),
        disabled: false,
    }
}

fn user(id: &str, foreign_id: &str, entity: Option<&str>, group: Option<&str>) -> User {
    User {
        id: id.into(),
        foreign_id: Some(foreign_id.into()),
        organization: "org_1".into(),
        entity: entity.map(Into::into),
        group: group.map(Into::into),
        disabled: false,
    }
}

#[track_caller]
fn done(task: Task<()>, store: &MemoryStore) {
    task.run(store).result.unwrap();
}

#[track_caller]
fn refused(task: Task<()>, store: &MemoryStore, code: ErrorCode) {
    let outcome = task.run(store);
    assert_eq!(outcome.result.unwrap_err().code(), code);
    assert!(outcome.events.is_empty(), "nothing was changed");
}

/// The subject of a token for this target: its id, whichever name was used. None where there is no such target.
fn resolves(store: &MemoryStore, target: EntityTarget) -> Option<String> {
    let request = EntityTokenRequest {
        bearer: Secret::from(KEY),
        target,
        expires_in: None,
        options: EntityOptions::default(),
    };
    let token = issuer().entity_token(request, &context(9)).run(store).result.ok()?;
    let claims = issuer().verifier().verify(&token, UnixTime::from_seconds(NOW)).unwrap();
    claims.subject()
}

fn entity_of(store: &MemoryStore, named: &str) -> Option<String> {
    resolves(store, EntityTarget::Entity(named.into()))
}

fn user_of(store: &MemoryStore, entity: &str, named: &str) -> Option<String> {
    resolves(store, EntityTarget::EntityUser(entity.into(), named.into()))
}

#[test]
fn creating_the_same_again_is_no_error_and_creating_another_is() {
    let store = store();
    let make = |entity: Entity, seed| create_entity(entity, &context(seed));
    let first = make(entity("ent_1", Some("F")), 10).run(&store);
    assert_eq!(first.events.len(), 1);
    assert_eq!(first.events[0].kind, EventKind::DirectoryChanged);
    let again = make(entity("ent_1", Some("F")), 11).run(&store);
    assert!(again.result.is_ok() && again.events.is_empty());
    refused(make(entity("ent_1", Some("G")), 12), &store, ErrorCode::AlreadyExists);
    refused(make(entity("ent_1", None), 13), &store, ErrorCode::AlreadyExists);
    refused(make(entity("ent_2", Some("F")), 14), &store, ErrorCode::AlreadyExists);
    assert_eq!(entity_of(&store, "ent_2"), None);

    // Another organization has names of its own, and groups are no entities.
    let elsewhere = Entity { organization: "org_2".into(), ..entity("ent_1", Some("F")) };
    done(make(elsewhere, 15), &store);
    done(create_group(entity("ent_1", Some("F")), &context(16)), &store);
}

#[test]
fn foreign_ids_lead_to_the_record() {
    let store = store();
    done(create_entity(entity("ent_1", Some("MY/ID é")), &context(10)), &store);
    for name in ["ent_1", "MY/ID é"] {
        assert_eq!(entity_of(&store, name).as_deref(), Some("ent_1"));
    }
    for name in ["MY/ID", "my/id é", "", "ent_2"] {
        assert_eq!(entity_of(&store, name), None, "{name}");
    }
}

#[test]
fn a_foreign_id_of_a_refused_creation_is_free() {
    let store = store();
    done(create_entity(entity("ent_1", Some("F")), &context(10)), &store);
    // Refused, since ent_1 is there with another foreign id: G must not be blocked by that.
    refused(create_entity(entity("ent_1", Some("G")), &context(11)), &store, ErrorCode::AlreadyExists);
    assert_eq!(entity_of(&store, "G"), None);
    done(create_entity(entity("ent_2", Some("G")), &context(12)), &store);
    assert_eq!(entity_of(&store, "G").as_deref(), Some("ent_2"));
    assert_eq!(entity_of(&store, "F").as_deref(), Some("ent_1"));
}

#[test]
fn an_alias_left_over_from_a_crash_is_taken() {
    let store = store();
    let mut crashed = create_entity(entity("ent_1", Some("F")), &context(10));
    drive_to_write(&mut crashed, &store, 1);
    drop(crashed);
    assert_eq!(entity_of(&store, "F"), None);
    done(create_entity(entity("ent_2", Some("F")), &context(11)), &store);
    assert_eq!(entity_of(&store, "F").as_deref(), Some("ent_2"));
    refused(create_entity(entity("ent_1", Some("F")), &context(12)), &store, ErrorCode::AlreadyExists);
    assert_eq!(entity_of(&store, "ent_1"), None);

    // And whoever crashed may simply try again.
    let mut crashed = create_entity(entity("ent_3", Some("G")), &context(13));
    drive_to_write(&mut crashed, &store, 1);
    drop(crashed);
    done(create_entity(entity("ent_3", Some("G")), &context(14)), &store);
    assert_eq!(entity_of(&store, "G").as_deref(), Some("ent_3"));
}

#[test]
fn of_two_creations_at_once_one_gets_the_foreign_id() {
    for writes in [1, 2] {
        let store = store();
        let mut slow = create_entity(entity("ent_1", Some("F")), &context(10));
        drive_to_write(&mut slow, &store, writes);
        let fast = create_entity(entity("ent_2", Some("F")), &context(11)).run(&store).result;
        let slow = slow.run(&store).result;
        // Before its record is written an alias counts as left over; afterwards it does not.
        let (winner, loser) = if writes == 1 { ("ent_2", "ent_1") } else { ("ent_1", "ent_2") };
        assert_eq!((fast.is_ok(), slow.is_ok()), (writes == 1, writes == 2));
        assert_eq!(entity_of(&store, "F").as_deref(), Some(winner));
        assert_eq!(entity_of(&store, winner).as_deref(), Some(winner));
        assert_eq!(entity_of(&store, loser), None);
    }
}

#[test]
fn what_is_disabled_stays_disabled() {
    let store = store();
    done(create_entity(entity("ent_1", Some("F")), &context(10)), &store);
    done(create_user(user("user_1", "U", Some("ent_1"), None), &context(11)), &store);
    assert_eq!(user_of(&store, "ent_1", "user_1").as_deref(), Some("user_1"));
    done(disable_user("org_1", "user_1", &context(12)), &store);
    assert_eq!(user_of(&store, "ent_1", "U"), None);
    assert_eq!(entity_of(&store, "ent_1").as_deref(), Some("ent_1"));
    done(disable_entity("org_1", "ent_1", &context(13)), &store);
    done(disable_entity("org_1", "ent_1", &context(14)), &store);
    assert_eq!(entity_of(&store, "F"), None);

    // A retry of the creation does not bring it back, and its foreign id stays its own.
    refused(create_entity(entity("ent_1", Some("F")), &context(15)), &store, ErrorCode::AlreadyExists);
    refused(create_entity(entity("ent_2", Some("F")), &context(16)), &store, ErrorCode::AlreadyExists);
    assert_eq!(entity_of(&store, "ent_1"), None);

    refused(disable_entity("org_2", "ent_1", &context(17)), &store, ErrorCode::NotFound);
    refused(disable_group("org_1", "ent_1", &context(18)), &store, ErrorCode::NotFound);
    refused(disable_user("org_1", "nobody", &context(19)), &store, ErrorCode::NotFound);
}

#[test]
fn a_users_foreign_id_is_its_own_within_the_entity_or_group() {
    let store = store();
    for (id, seed) in [("ent_1", 10), ("ent_2", 11)] {
        done(create_entity(entity(id, None), &context(seed)), &store);
    }
    done(create_group(entity("grp_1", None), &context(12)), &store);
    let both = user("user_1", "U", Some("ent_1"), Some("grp_1"));
    done(create_user(both.clone(), &context(13)), &store);
    done(create_user(both, &context(14)), &store);
    let group_user = |name: &str| EntityTarget::GroupUser("grp_1".into(), name.into());
    assert_eq!(resolves(&store, group_user("U")).as_deref(), Some("user_1"));
    assert_eq!(user_of(&store, "ent_1", "U").as_deref(), Some("user_1"));
    assert_eq!(user_of(&store, "ent_2", "U"), None);

    let other = |id: &str, entity, group| user(id, "U", entity, group);
    refused(
        create_user(other("user_2", Some("ent_1"), None), &context(15)),
        &store,
        ErrorCode::AlreadyExists,
    );
    refused(
        create_user(other("user_2", None, Some("grp_1")), &context(16)),
        &store,
        ErrorCode::AlreadyExists,
    );
    // Refused for the group, after the alias in the entity was claimed: that one must be free again.
    let half = other("user_2", Some("ent_2"), Some("grp_1"));
    refused(create_user(half, &context(17)), &store, ErrorCode::AlreadyExists);
    assert_eq!(user_of(&store, "ent_2", "U"), None);
    done(create_user(other("user_3", Some("ent_2"), None), &context(18)), &store);
    assert_eq!(user_of(&store, "ent_2", "U").as_deref(), Some("user_3"));

    // The same user id with other parents: refused, and no foreign id is blocked by it.
    let moved = user("user_1", "V", Some("ent_2"), None);
    refused(create_user(moved, &context(19)), &store, ErrorCode::AlreadyExists);
    done(create_user(user("user_4", "V", Some("ent_2"), None), &context(20)), &store);
    assert_eq!(user_of(&store, "ent_2", "V").as_deref(), Some("user_4"));
}

#[test]
fn clients_have_one_or_two_secrets() {
    let store = store();
    let (first, second) = (Secret::from("first-secret"), Secret::from("second-secret"));
    let hash = |secret: &Secret| SecretHash::of(secret.expose());
    let client = Client::new("c1", "org_1", hash(&first)).permission(Permission::ClientCredentials);
    done(create_client(client.clone(), &context(10)), &store);
    done(create_client(client.clone(), &context(11)), &store);
    let other = Client::new("c1", "org_1", hash(&second));
    refused(create_client(other, &context(12)), &store, ErrorCode::AlreadyExists);
    for name in ["exp", "sid"] {
        let mut reserved = Client::new("c2", "org_1", hash(&first));
        reserved.claims.insert(name.into(), "1".parse().unwrap());
        refused(create_client(reserved, &context(13)), &store, ErrorCode::ClaimReserved);
    }

    let accepted = |secret: &str, seed| {
        let proof = ClientProof::new("c1", Secret::from(secret));
        issuer().client_credentials(proof, &context(seed)).run(&store).result.is_ok()
    };
    assert!(accepted("first-secret", 14) && !accepted("second-secret", 15));
    refused(retire_client_secret("c1", &context(16)), &store, ErrorCode::NotFound);
    done(add_client_secret("c1", hash(&second), &context(17)), &store);
    assert!(accepted("first-secret", 18) && accepted("second-secret", 19));
    refused(add_client_secret("c1", hash(&second), &context(20)), &store, ErrorCode::AlreadyExists);
    done(retire_client_secret("c1", &context(21)), &store);
    assert!(!accepted("first-secret", 22) && accepted("second-secret", 23));

    done(disable_client("c1", &context(24)), &store);
    assert!(!accepted("second-secret", 25));
    refused(create_client(client, &context(26)), &store, ErrorCode::AlreadyExists);
    refused(disable_client("nobody", &context(27)), &store, ErrorCode::NotFound);
}

#[test]
fn api_keys_are_text_that_a_header_can_hold() {
    let store = store();
    done(create_entity(entity("ent_1", None), &context(10)), &store);
    for key in [&b""[..], b"\xff\xfe", b"with blank", "schl\u{fc}ssel".as_bytes(), b"tab\t"] {
        let task = create_bearer_key(&Secret::from(key), api_key("org_1"), &context(11));
        refused(task, &store, ErrorCode::FieldInvalid);
    }
    // Two texts that are not UTF-8 are not the same key.
    let request = |bearer: &[u8]| EntityTokenRequest {
        bearer: Secret::from(bearer),
        target: EntityTarget::Entity("ent_1".into()),
        expires_in: None,
        options: EntityOptions::default(),
    };
    for bearer in [&b""[..], b"\xff"] {
        let error = issuer().entity_token(request(bearer), &context(12)).run(&store).result.unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unauthenticated);
    }
    let key = Secret::from(KEY);
    done(create_bearer_key(&key, api_key("org_1"), &context(13)), &store);
    refused(create_bearer_key(&key, api_key("org_2"), &context(14)), &store, ErrorCode::AlreadyExists);
    assert!(issuer().entity_token(request(KEY.as_bytes()), &context(15)).run(&store).result.is_ok());
    done(disable_bearer_key(&key, &context(16)), &store);
    let error = issuer().entity_token(request(KEY.as_bytes()), &context(17)).run(&store).result.unwrap_err();
    assert_eq!(error.code(), ErrorCode::Unauthenticated);
    refused(create_bearer_key(&key, api_key("org_1"), &context(18)), &store, ErrorCode::AlreadyExists);
    refused(disable_bearer_key(&Secret::from("nobody"), &context(19)), &store, ErrorCode::NotFound);
}
