//! Clients that are changed while they are in use: what they may do, and their secrets.

use tokenmint::directory::*;
use tokenmint::*;

const NOW: i64 = 1_700_000_000;
const HOUR: Lifetime = Lifetime::HOUR;

fn context(after: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW + after), [seed; 32])
}

fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    Issuer::new(keys, Policy::new("https://issuer.example").audience("api")).unwrap()
}

fn client(id: &str) -> Client {
    Client::new(id, "org_1", SecretHash::of(b"first")).permission(Permission::ClientCredentials)
}

fn with_client(id: &str) -> MemoryStore {
    let store = MemoryStore::new();
    create_client(client(id), &context(0, 1)).run(&store).result.unwrap();
    store
}

fn accepted(store: &MemoryStore, secret: &Secret, after: i64) -> bool {
    let proof = ClientProof::new("c1", secret.clone());
    issuer().client_credentials(proof, &context(after, 99)).run(store).result.is_ok()
}

fn rotate(store: &MemoryStore, keep_for: Option<Lifetime>, after: i64, seed: u8) -> Result<Secret> {
    rotate_client_secret("c1", keep_for, &context(after, seed)).run(store).result.map(|new| new.secret)
}

fn listed(store: &MemoryStore) -> Vec<ClientView> {
    list_clients(ListClients::new(), &context(0, 98)).run(store).result.unwrap().clients
}

fn code<T>(result: Result<T>) -> ErrorCode {
    result.err().expect("it was refused").code()
}

#[test]
fn the_secret_in_use_keeps_its_time_also_after_a_lost_answer() {
    let store = with_client("c1");
    let first = Secret::from("first");
    let lost = rotate(&store, Some(HOUR), 10, 2).unwrap();
    let new = rotate(&store, Some(HOUR), 20, 3).unwrap();
    assert!([&first, &lost, &new].into_iter().all(|secret| accepted(&store, secret, 3609)));
    assert!(!accepted(&store, &first, 3610) && accepted(&store, &lost, 3619));
    assert!(!accepted(&store, &lost, 3620) && accepted(&store, &new, 3620));

    // Without a time the newest ends at once; what was replaced before keeps its time.
    let newest = rotate(&store, None, 30, 4).unwrap();
    assert!(!accepted(&store, &new, 30) && accepted(&store, &first, 30) && accepted(&store, &newest, 30));
    for seed in [5, 6] {
        rotate(&store, Some(HOUR), 40, seed).unwrap();
    }
    assert_eq!(code(rotate(&store, Some(HOUR), 50, 7)), ErrorCode::AlreadyExists);
    assert!(accepted(&store, &first, 50), "nothing was ended");
    let nobody = rotate_client_secret("nobody", None, &context(0, 8)).run(&store).result;
    assert_eq!(code(nobody), ErrorCode::NotFound);
}

#[test]
fn both_secrets_of_a_change_over_by_hand_are_kept_for_the_time() {
    let store = with_client("c1");
    add_client_secret("c1", SecretHash::of(b"second"), &context(0, 2)).run(&store).result.unwrap();
    let new = rotate(&store, Some(HOUR), 0, 3).unwrap();
    let before = [Secret::from("first"), Secret::from("second")];
    assert!(before.iter().chain([&new]).all(|secret| accepted(&store, secret, 3599)));
    assert!(!before.iter().any(|secret| accepted(&store, secret, 3600)) && accepted(&store, &new, 3600));
}

#[test]
fn what_is_not_said_stays() {
    let store = with_client("c1");
    let change =
        |change: ChangeClient, seed| change_client("c1", change, &context(0, seed)).run(&store).result;
    let first = listed(&store).remove(0);
    change(ChangeClient::new(), 2).unwrap();
    assert_eq!(listed(&store), std::slice::from_ref(&first));

    let all = ChangeClient::new().scope("read write").audience(["api".to_owned()]).name("n");
    change(all.claims([("plan".to_owned(), JsonText::of("pro").unwrap())].into()), 3).unwrap();
    let changed = listed(&store).remove(0);
    assert_eq!((changed.scope.as_deref(), changed.name.as_deref()), (Some("read write"), Some("n")));
    assert_eq!((changed.audience.as_slice(), changed.claims.len()), (["api".to_owned()].as_slice(), 1));
    let none = ChangeClient::new().scope("").audience([]).name("").claims(Default::default());
    change(none, 4).unwrap();
    assert_eq!(listed(&store), [first]);

    change(ChangeClient::new().permissions([]), 5).unwrap();
    assert!(!accepted(&store, &"first".into(), 0));
    change(ChangeClient::new().permissions([Permission::ClientCredentials]).disabled(true), 6).unwrap();
    assert!(!accepted(&store, &"first".into(), 0));
    change(ChangeClient::new().disabled(false), 7).unwrap();
    assert!(accepted(&store, &"first".into(), 0));

    for name in ["exp", "scope"] {
        let claims = [(name.to_owned(), JsonText::of(&1).unwrap())].into();
        assert_eq!(code(change(ChangeClient::new().claims(claims), 8)), ErrorCode::ClaimReserved, "{name}");
    }
    assert_eq!(code(change(ChangeClient::new().scope("a  b"), 9)), ErrorCode::InvalidScope);
    assert_eq!(code(change(ChangeClient::new().audience([String::new()]), 10)), ErrorCode::FieldInvalid);
    let nobody = change_client("nobody", ChangeClient::new(), &context(0, 11)).run(&store).result;
    assert_eq!(code(nobody), ErrorCode::NotFound);
}

#[test]
fn clients_are_listed_in_pages_without_their_secrets() {
    let store = MemoryStore::new();
    for (id, seed) in [("c1", 1), ("c2", 2), ("c3", 3)] {
        create_client(client(id), &context(0, seed)).run(&store).result.unwrap();
    }
    disable_client("c2", &context(0, 4)).run(&store).result.unwrap();
    let (mut found, mut request) = (Vec::new(), ListClients::new().limit(2));
    loop {
        let page = list_clients(request.clone(), &context(0, 5)).run(&store).result.unwrap();
        assert!(page.clients.len() <= 2);
        found.extend(page.clients.into_iter().map(|client| (client.id, client.disabled)));
        let Some(next) = page.next else { break };
        request = request.after(next);
    }
    found.sort();
    assert_eq!(found, [("c1".into(), false), ("c2".into(), true), ("c3".into(), false)]);
}

/// A record of a client as it was written before it had a scope, an audience, a list and secrets that end.
#[test]
fn an_older_record_is_read_and_listed_once_it_is_changed() {
    let store = MemoryStore::new();
    let mut task = create_client(client("c1"), &context(0, 1));
    let Step::Need(Command::Cas { key, write: Write::Put(entry), .. }) = task.step(None) else {
        panic!("no write")
    };
    let hash = SecretHash::of(b"first");
    let value = format!(
        r#"{{"id":"c1","organization":"org_1","secrets":["{hash}"],"permissions":["client_credentials"],"disabled":false}}"#
    );
    assert_eq!(
        String::from_utf8(entry.value.clone()).unwrap(),
        value,
        "a client without any is written as before"
    );
    // What its sessions say was checked less then.
    let value = value.replace(r#","disabled""#, r#","claims":{"scope":"all"},"disabled""#).into_bytes();
    let old = Entry { value, index: Index::default(), ..entry };
    let write = Command::Cas { key, expect: Expect::Absent, write: Write::Put(old) };
    assert!(matches!(store.execute(write), Ok(Reply::Done)));

    assert!(accepted(&store, &"first".into(), 0) && listed(&store).is_empty());
    rotate(&store, Some(HOUR), 0, 2).unwrap();
    assert!(accepted(&store, &"first".into(), 0));
    assert_eq!(listed(&store).remove(0).id, "c1");
    let disable = ChangeClient::new().disabled(true);
    change_client("c1", disable, &context(0, 3)).run(&store).result.unwrap();
    assert!(!accepted(&store, &"first".into(), 0));
}

#[test]
fn a_token_has_what_the_client_has_or_less() {
    let store = MemoryStore::new();
    let policy = Policy::new("https://issuer.example").audience("api").audience("files");
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let issuer = Issuer::new(keys, policy).unwrap();
    let own = client("own").scope("read write").audience("files").audience("api");
    for (client, seed) in [(client("plain"), 1), (own, 2)] {
        create_client(client, &context(0, seed)).run(&store).result.unwrap();
    }
    let request = |id: &str| ClientCredentials::new(ClientProof::new(id, Secret::from("first")));
    let granted = |request: ClientCredentials| {
        let token = issuer.client_credentials(request, &context(0, 3)).run(&store).result?;
        let active = issuer.check(&token.access_token, &context(0, 4)).run(&store).result.unwrap();
        assert_eq!(active.scope, token.scope);
        Ok::<_, Error>((token.scope.unwrap_or_default(), active.audience.join(" ")))
    };
    let is = |scope: &str, audience: &str| (scope.to_owned(), audience.to_owned());
    assert_eq!(granted(request("plain")).unwrap(), is("", "api files"));
    assert_eq!(granted(request("plain").audience("files").scope("")).unwrap(), is("", "files"));
    assert_eq!(granted(request("own")).unwrap(), is("read write", "files api"));
    assert_eq!(granted(request("own").scope("write").audience("api")).unwrap(), is("write", "api"));

    for (request, code, field) in [
        (request("plain").scope("read"), ErrorCode::InvalidScope, "scope"),
        (request("own").scope("read admin"), ErrorCode::InvalidScope, "scope"),
        (request("own").scope("read  write"), ErrorCode::InvalidScope, "scope"),
        (request("own").audience("api").audience("mail"), ErrorCode::InvalidTarget, "audience"),
        (request("plain").audience("mail"), ErrorCode::InvalidTarget, "audience"),
    ] {
        let outcome = issuer.client_credentials(request, &context(0, 5)).run(&store);
        let error = outcome.result.unwrap_err();
        assert_eq!((error.code(), error.field()), (code, Some(field)));
        assert_eq!(outcome.events[0].reason, Some(code));
    }
    // Who does not prove itself learns nothing of what there is.
    let wrong = ClientCredentials::new(ClientProof::new("own", Secret::from("wrong"))).scope("admin");
    assert_eq!(code(granted(wrong)), ErrorCode::InvalidClient);
}
