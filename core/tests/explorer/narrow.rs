//! Token exchange: what a client gets for another's token, while that token, its session or a client ends.

use tokenmint::directory::{Client, Permission, create_client, disable_client};
use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Turn, explore};

use crate::world::{NOW, context, is_unsure, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("2 token exchanges x revoke the token, up to 1 fault", || explore(1, || ended(2, exchange, End::Token))),
    ("token exchange x revoke session, up to 2 faults", || explore(2, || ended(1, exchange, End::Session))),
    ("token exchange x revoke the token's client, up to 2 faults", || {
        explore(2, || ended(1, exchange, End::Client))
    }),
    ("token exchange x disable the client that asks, up to 2 faults", || {
        explore(2, || ended(1, exchange, End::Asker))
    }),
];

#[test]
fn no_schedule_breaks_an_exchange() {
    assert_unbroken(CASES);
}

#[test]
fn an_exchange_for_a_token_of_its_own_is_found_out() {
    for end in [End::Token, End::Session, End::Client] {
        let naive = explore(0, || ended(1, naive_exchange, end));
        assert!(naive.broken.contains_key("alive after revocation"), "{naive:?}");
    }
}

/// What ends, for good.
#[derive(Clone, Copy)]
enum End {
    Token,
    Session,
    Client,
    Asker,
}

/// Opaque tokens: each is a record, too.
fn issuer() -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new("https://issuer.example").session_secret([9; 32].as_slice());
    Issuer::new(keys, policy.access_format(AccessFormat::Opaque)).unwrap()
}

fn end(what: End, pair: &TokenPair, seed: u8) -> Request {
    let at = context(NOW + 1, seed);
    let task = match what {
        End::Token => issuer().revoke_token(&pair.access_token, "app", &at),
        End::Session => issuer().revoke_session(&pair.session, &at),
        End::Client => issuer().revoke_client("app", &at),
        End::Asker => disable_client("service", &at),
    };
    Request::of(task, |()| "ended".into())
}

/// A service has the token of an app's user, and asks for one of its own for the same user.
fn exchange(token: &str, seed: u8) -> Request {
    let task = issuer().narrow(Narrow::new(token).client("service"), &context(NOW + 1, seed));
    Request::of(task, |narrower| narrower.access_token)
}

/// As one would write it: look whether the token is good, and give another.
fn naive_exchange(token: &str, seed: u8) -> Request {
    let token = token.to_owned();
    Request::new(move |store: Turn| async move {
        let (issuer, context) = (issuer(), context(NOW + 1, seed));
        let proof = ClientProof::new("service", Secret::from("secret"));
        let checked = issuer.check(&token, &context).run_async(&store).await.result;
        checked.map_err(|error| error.code())?;
        let given = issuer.client_credentials(proof, &context).run_async(&store).await.result;
        given.map(|given| given.access_token).map_err(|error| error.code())
    })
}

fn ended(exchanges: u8, exchange: fn(&str, u8) -> Request, what: End) -> World<MemoryStore> {
    let store = MemoryStore::new();
    for (id, seed) in [("app", 1), ("service", 2)] {
        let client = Client::new(id, "org_1", SecretHash::of(b"secret"));
        let client = client.permission(Permission::ClientCredentials);
        create_client(client, &context(NOW, seed)).run(&store).result.unwrap();
    }
    let start = StartSession::new("u1").client("app");
    let pair = issuer().start_session(start, &context(NOW, 3)).run(&store).result.unwrap();
    let mut requests = vec![end(what, &pair, 10)];
    requests.extend((0..exchanges).map(|i| exchange(&pair.access_token, 20 + i)));
    let judge = move |store: &MemoryStore, answers: &[Option<Answer>]| {
        if is_unsure(&answers[0]) && end(what, &pair, 40).run(store).is_err() {
            return vec!["revocation refused"];
        }
        let mut narrower = successes(&answers[1..]);
        narrower.extend(exchange(&pair.access_token, 50).run(store));
        let is_good = |token: &String| issuer().check(token, &context(NOW + 2, 60)).run(store).result.is_ok();
        if narrower.iter().any(is_good) { vec!["alive after revocation"] } else { Vec::new() }
    };
    World { store, requests, judge: Box::new(judge) }
}
