//! How a client proves itself: by a secret, by an assertion that it has signed (RFC 7523), or not at all.

use std::sync::atomic::{AtomicU64, Ordering};

use tokenmint::directory::*;
use tokenmint::*;

use crate::drive::drive;
use crate::signer::{ALGORITHMS, Signer, jwks};

const NOW: i64 = 1_700_000_000;
const ISSUER: &str = "https://issuer.example";
const ENDPOINT: &str = "https://issuer.example/oauth/token";

fn context(after: i64, seed: u8) -> Context {
    Context::new(UnixTime::from_seconds(NOW + after), [seed; 32])
}

fn issuer() -> Issuer {
    issuer_with_leeway(0)
}

fn issuer_with_leeway(seconds: u64) -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new(ISSUER).token_endpoint(ENDPOINT).audience("api");
    Issuer::new(keys, policy.leeway_seconds(seconds)).unwrap()
}

fn keyed(id: &str, signers: &[&Signer]) -> Client {
    let keys = serde_json::from_str(&jwks(signers)).unwrap();
    Client::without_secret(id, "org_1").jwks(keys).permission(Permission::ClientCredentials)
}

fn with(client: Client) -> MemoryStore {
    let store = MemoryStore::new();
    create_client(client, &context(0, 1)).run(&store).result.unwrap();
    store
}

/// The claims of a right assertion of `c1`.
fn claims(jti: &str) -> String {
    let exp = NOW + 60;
    format!(r#"{{"iss":"c1","sub":"c1","aud":"{ISSUER}","iat":{NOW},"exp":{exp},"jti":"{jti}"}}"#)
}

/// Each request has a seed of its own: with the same one, it would be the same request.
fn asked(store: &MemoryStore, jwt: &str, after: i64) -> Outcome<AccessToken> {
    static SEED: AtomicU64 = AtomicU64::new(0);
    let seed = SEED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let context = Context::new(
        UnixTime::from_seconds(NOW + after),
        [[0xff; 8], seed, seed, seed].concat().try_into().unwrap(),
    );
    issuer().client_credentials(ClientProof::assertion(jwt), &context).run(store)
}

#[test]
fn a_client_proves_itself_with_a_key_of_each_algorithm_once() {
    for alg in ALGORITHMS {
        let signer = Signer::new(alg, "c1-key");
        let store = with(keyed("c1", &[&signer]));
        let jwt = signer.token(&claims("a"));
        let token = asked(&store, &jwt, 0).result.unwrap().access_token;
        let active = issuer().check(&token, &context(1, 2)).run(&store).result.unwrap();
        assert_eq!(active.client.as_deref(), Some("c1"), "{alg}");
        let again = asked(&store, &jwt, 0);
        let error = again.result.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::InvalidClient, Some("client_assertion")));
        assert_eq!(again.events[0].reason, Some(ErrorCode::InvalidClient));
        assert!(asked(&store, &signer.token(&claims("b")), 0).result.is_ok(), "{alg}");
    }
}

#[test]
fn an_assertion_is_of_the_client_for_us_and_for_now() {
    let signer = Signer::new("ES256", "c1-key");
    let store = with(keyed("c1", &[&signer]));
    let right = |seed: usize| claims(&format!("jti-{seed}"));
    let is = |n: usize, from: &str, to: &str| right(n).replacen(from, to, 1);
    let (iss, sub, exp) = (r#""iss":"c1""#, r#""sub":"c1""#, format!(r#""exp":{}"#, NOW + 60));
    let aud = format!(r#""aud":"{ISSUER}""#);
    let iat = format!(r#""iat":{NOW}"#);
    for (n, taken) in [
        right(0),
        is(1, &aud, &format!(r#""aud":"{ENDPOINT}""#)),
        is(2, &aud, &format!(r#""aud":["{ISSUER}","{ENDPOINT}"]"#)),
        is(3, &exp, &format!(r#""exp":{}"#, NOW + 7200)),
        is(4, &format!("{iat},"), ""),
    ]
    .iter()
    .enumerate()
    {
        assert!(asked(&store, &signer.token(taken), 0).result.is_ok(), "{n}");
    }
    for (claim, payload) in [
        ("iss", is(10, iss, r#""iss":"c2""#)),
        ("iss", is(11, iss, r#""iss":["c1"]"#)),
        ("iss", is(12, &format!("{iss},"), "")),
        ("aud", is(13, &aud, r#""aud":"https://other.example""#)),
        ("aud", is(14, &aud, &format!(r#""aud":["{ISSUER}","https://other.example"]"#))),
        ("aud", is(15, &aud, &format!(r#""aud":"{ISSUER}/""#))),
        ("aud", is(16, &aud, r#""aud":[]"#)),
        ("aud", is(17, &format!("{aud},"), "")),
        ("exp", is(18, &format!("{exp},"), "")),
        ("exp", is(19, &exp, &format!(r#""exp":{NOW}"#))),
        ("exp", is(20, &exp, &format!(r#""exp":{}"#, NOW + 7201))),
        ("exp", is(21, &exp, &format!(r#""exp":"{}""#, NOW + 60))),
        ("iat", is(22, &iat, &format!(r#""iat":{}"#, NOW + 1))),
        ("nbf", is(23, &iat, &format!(r#""nbf":{}"#, NOW + 1))),
        ("jti", is(24, r#""jti":"jti-24""#, r#""jti":"""#)),
        ("jti", is(25, r#""jti":"jti-25""#, r#""jti":25"#)),
        ("jti", is(26, r#","jti":"jti-26""#, "")),
    ] {
        let error = asked(&store, &signer.token(&payload), 0).result.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::InvalidClient, Some("client_assertion")),
            "{payload}"
        );
        assert!(error.message().starts_with(&format!("{claim}: ")), "{payload}: {error}");
    }
    // The client is whom `sub` names, and that one has not signed it.
    for payload in [is(30, sub, r#""sub":"c2""#), is(31, &format!("{sub},"), ""), is(32, sub, r#""sub":"""#)]
    {
        let error = asked(&store, &signer.token(&payload), 0).result.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::InvalidClient, None), "{payload}");
    }
    for typ in [r#","typ":"client-authentication+jwt""#, ""] {
        let header = format!(r#"{{"alg":"ES256","kid":"c1-key"{typ}}}"#);
        assert!(asked(&store, &signer.token_as(&header, &right(40 + typ.len())), 0).result.is_ok());
    }
    for typ in ["at+jwt", "refresh+jwt", "dpop+jwt", "logout+jwt"] {
        let header = format!(r#"{{"alg":"ES256","kid":"c1-key","typ":"{typ}"}}"#);
        let error = asked(&store, &signer.token_as(&header, &right(99)), 0).result.unwrap_err();
        assert!(error.message().starts_with("typ: "), "{error}");
    }
}

#[test]
fn an_assertion_is_known_as_long_as_it_could_be_presented() {
    let signer = Signer::new("EdDSA", "c1-key");
    let store = with(keyed("c1", &[&signer]));
    let jwt = signer.token(&claims("a").replace(&format!("{}", NOW + 60), &format!("{}", NOW + 7200)));
    assert!(asked(&store, &jwt, 0).result.is_ok());
    for after in [1, 60, 3600, 7199] {
        let before_ms = u64::try_from(NOW + after).unwrap() * 1000;
        store.execute(Command::Sweep { before_ms, limit: 100 }).unwrap();
        assert!(asked(&store, &jwt, after).result.unwrap_err().message().contains("jti"), "{after}");
    }
    assert!(asked(&store, &jwt, 7200).result.unwrap_err().message().contains("exp"));
}

/// Else it could be presented once more between its end and the end of the leeway.
#[test]
fn an_assertion_is_known_beyond_its_end_for_as_long_as_leeway_takes_it() {
    let signer = Signer::new("EdDSA", "c1-key");
    let store = with(keyed("c1", &[&signer]));
    let issuer = issuer_with_leeway(30);
    let asked = |jti: &str, after: i64, seed: u8| {
        let proof = ClientProof::assertion(signer.token(&claims(jti)));
        issuer.client_credentials(proof, &context(after, seed)).run(&store).result
    };
    assert!(asked("a", 0, 11).is_ok());
    let before_ms = u64::try_from(NOW + 89).unwrap() * 1000;
    store.execute(Command::Sweep { before_ms, limit: 100 }).unwrap();
    assert!(asked("a", 89, 12).unwrap_err().message().contains("jti"));
    assert!(asked("b", 89, 13).is_ok(), "a new one is taken as late");
    assert!(asked("c", 90, 14).unwrap_err().message().contains("exp"));
}

/// What each command is, without its keys.
fn commands(store: &MemoryStore, proof: ClientProof) -> Vec<&'static str> {
    let mut commands = Vec::new();
    let outcome = drive(issuer().client_credentials(proof, &context(0, 3)), |command| {
        commands.push(match &command {
            Command::Load { keys } => ["no", "load 1", "load 2", "load 3", "load 4"][keys.len()],
            Command::Cas { .. } => "cas",
            _ => "other",
        });
        store.execute(command)
    });
    let error = outcome.result.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::InvalidClient, None));
    assert_eq!(error.message(), ErrorCode::InvalidClient.text());
    commands
}

#[test]
fn nobody_learns_by_an_assertion_which_clients_there_are() {
    let (own, other) = (Signer::new("ES256", "c1-key"), Signer::new("ES256", "c1-key"));
    let store = with(keyed("c1", &[&own]));
    let secret = Client::new("c3", "org_1", SecretHash::of(b"s")).permission(Permission::ClientCredentials);
    create_client(secret, &context(0, 2)).run(&store).result.unwrap();
    let claims_of = |id: &str| claims("a").replace("c1", id);
    let (ed, hmac) = (Signer::new("EdDSA", "c1-key"), r#"{"alg":"HS256","kid":"c1-key"}"#);
    for id in ["c1", "c2", "c3"] {
        for jwt in [
            other.token(&claims_of(id)),
            ed.token(&claims_of(id)),
            other.token_as(hmac, &claims_of(id)),
            other.token_as(r#"{"alg":"ES256","kid":"another"}"#, &claims_of(id)),
        ] {
            assert_eq!(commands(&store, ClientProof::assertion(jwt)), ["load 4"], "{id}");
        }
        assert_eq!(commands(&store, ClientProof::public(id)), ["load 4"], "{id}");
        assert_eq!(commands(&store, ClientProof::new(id, "wrong")), ["load 4"], "{id}");
    }
}

/// RFC 8725 section 3.1: with the public key as an HMAC secret.
#[test]
fn a_public_key_is_no_secret_and_no_algorithm_at_all_is_no_proof() {
    use hmac::{Hmac, KeyInit, Mac};
    let signer = Signer::new("ES256", "c1-key");
    let store = with(keyed("c1", &[&signer]));
    for secret in [signer.jwk(), jwks(&[&signer]), String::new()] {
        let jwt = signer.token_as(r#"{"alg":"HS256","kid":"c1-key"}"#, &claims("a"));
        let input = jwt.rsplit_once('.').unwrap().0;
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(input.as_bytes());
        let forged = format!("{input}.{}", crate::signer::base64url(&mac.finalize().into_bytes()));
        assert_eq!(asked(&store, &forged, 0).result.unwrap_err().code(), ErrorCode::InvalidClient);
    }
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"None","kid":"c1-key"}"#, r#"{"alg":"","kid":"c1-key"}"#] {
        let jwt = signer.token_as(header, &claims("a"));
        let unsigned = format!("{}.", jwt.rsplit_once('.').unwrap().0);
        for jwt in [jwt, unsigned] {
            assert_eq!(asked(&store, &jwt, 0).result.unwrap_err().code(), ErrorCode::InvalidClient);
        }
    }
}

#[test]
fn a_public_client_is_taken_at_its_word_and_gets_nothing_for_itself() {
    let public = |id: &str| Client::without_secret(id, "org_1").public();
    let store = with(public("app").permission(Permission::Sessions));
    let refused = |proof| issuer().client_credentials(proof, &context(0, 2)).run(&store).result.unwrap_err();
    for proof in [ClientProof::public("app"), ClientProof::new("app", ""), ClientProof::new("app", "x")] {
        assert_eq!(refused(proof).code(), ErrorCode::InvalidClient);
    }
    let create = |client| create_client(client, &context(0, 3)).run(&store).result.unwrap_err();
    let field = |error: Error| (error.code(), error.field().unwrap_or_default().to_owned());
    let at = |name: &str| (ErrorCode::FieldInvalid, name.to_owned());
    assert_eq!(field(create(public("x").permission(Permission::ClientCredentials))), at("permissions"));
    assert_eq!(field(create(Client::without_secret("x", "org_1"))), at("secret"));
    assert_eq!(field(create(Client::new("x", "org_1", SecretHash::of(b"s")).public())), at("public"));
    let signer = Signer::new("EdDSA", "k");
    assert_eq!(field(create(keyed("x", &[&signer]).public())), at("public"));

    let change = |change| change_client("app", change, &context(0, 4)).run(&store).result;
    let all = ChangeClient::new().permissions([Permission::ClientCredentials]);
    assert_eq!(field(change(all).unwrap_err()), at("permissions"));
    let add = add_client_secret("app", SecretHash::of(b"s"), &context(0, 5)).run(&store).result;
    assert_eq!(field(add.unwrap_err()), at("public"));
    let rotate = rotate_client_secret("app", None, &context(0, 6)).run(&store).result;
    assert_eq!(field(rotate.unwrap_err()), at("public"));
    assert_eq!(field(change(ChangeClient::new().public(false)).unwrap_err()), at("secret"));
    // An app that gets a back end has keys from then on.
    let keys = serde_json::from_str(&jwks(&[&signer])).unwrap();
    change(ChangeClient::new().public(false).jwks(keys)).unwrap();
}

#[test]
fn a_client_changes_over_from_a_secret_to_keys_and_from_a_key_to_the_next() {
    let (first, second) = (Signer::new("EdDSA", "1"), Signer::new("ES256", "2"));
    let store =
        with(Client::new("c1", "org_1", SecretHash::of(b"s")).permission(Permission::ClientCredentials));
    let secret = || {
        issuer().client_credentials(ClientProof::new("c1", "s"), &context(0, 9)).run(&store).result.is_ok()
    };
    let key = |signer: &Signer, jti: &str| asked(&store, &signer.token(&claims(jti)), 0).result.is_ok();
    let change = |signers: &[&Signer]| {
        let keys = serde_json::from_str(&jwks(signers)).unwrap();
        change_client("c1", ChangeClient::new().jwks(keys), &context(0, 2)).run(&store).result
    };
    assert!(secret() && !key(&first, "a"));
    change(&[&first]).unwrap();
    assert!(secret() && key(&first, "b"));
    let retire = |seed| retire_client_secret("c1", &context(0, seed)).run(&store).result;
    retire(3).unwrap();
    assert_eq!(retire(4).unwrap_err().code(), ErrorCode::NotFound);
    assert!(!secret() && key(&first, "c"));
    change(&[&first, &second]).unwrap();
    assert!(key(&first, "d") && key(&second, "e"));
    change(&[&second]).unwrap();
    assert!(!key(&first, "f") && key(&second, "g"));
    let none =
        change_client("c1", ChangeClient::new().jwks(Default::default()), &context(0, 5)).run(&store).result;
    assert_eq!(none.unwrap_err().field(), Some("secret"));
    let view = list_clients(ListClients::new(), &context(0, 6)).run(&store).result.unwrap().clients.remove(0);
    assert!(!view.public && JsonText::of(&view.jwks).unwrap().as_str().contains(r#""kid":"2""#));
}

#[test]
fn keys_that_cannot_prove_anything_are_refused_when_they_are_given() {
    let signer = Signer::new("EdDSA", "k");
    let set = |keys: String| format!(r#"{{"keys":[{keys}]}}"#);
    let oct = r#"{"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","alg":"HS256"}"#.to_owned();
    let private = Key::generate_jwk(None, Algorithm::ES256, &mut Entropy::new([5; 32])).unwrap();
    let private = String::from_utf8(private.expose().to_vec()).unwrap();
    let many = vec![signer.jwk(); 200].join(",");
    for jwks in [
        set(String::new()),
        set(oct),
        set(private.clone()),
        set(format!("{},{{}}", signer.jwk())),
        set(r#"{"kty":"OKP","crv":"Ed25519"}"#.to_owned()),
        set(many),
        r#"{"key":[]}"#.to_owned(),
        r#"{"keys":{}}"#.to_owned(),
    ] {
        let client = Client::without_secret("c1", "org_1").jwks(serde_json::from_str(&jwks).unwrap());
        let error = create_client(client, &context(0, 1)).run(&MemoryStore::new()).result.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::FieldInvalid, Some("jwks")), "{jwks}");
        let d = private.split(r#""d":""#).nth(1).unwrap().split('"').next().unwrap();
        assert!(!error.to_string().contains(d), "a private key is not repeated");
    }
}
