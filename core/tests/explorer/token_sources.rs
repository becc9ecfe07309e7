//! Token sources: clients that share a record, and the token endpoint that they ask, on one store. Whoever crashes while it asks
//! takes the server's request with it at any of the server's commands; or the answer alone is lost on its way back.

use tokenmint::*;
use tokenmint_certify::explorer::{Answer, Turn, Unguarded, explore};

use crate::world::{NOW, context, is_unsure, issuer, successes};
use crate::{Case, Request, World, assert_unbroken};

const CASES: &[Case] = &[
    ("2 token sources, up to 2 faults", || explore(2, || sources(2, ENDED, 10, MemoryStore::new))),
    ("3 token sources, no fault", || explore(0, || sources(3, ENDED, 10, MemoryStore::new))),
    ("2 token sources in good time, up to 1 fault", || explore(1, || sources(2, DUE, 10, MemoryStore::new))),
    ("2 token sources without a grace, no fault", || explore(0, || sources(2, ENDED, 0, MemoryStore::new))),
    ("token source x sign-in, up to 1 fault", || explore(1, || source_and_sign_in(MemoryStore::new))),
    ("token source x revoke, up to 1 fault", || explore(1, || source_and_revoke(MemoryStore::new))),
];

#[test]
fn no_schedule_loses_a_credential_or_asks_for_a_needless_sign_in() {
    assert_unbroken(CASES);
}

#[test]
fn sources_without_their_claim_are_found_out() {
    // Where the claim is overwritten, two ask with one token; a server without a grace takes the second for a thief.
    let findings = explore(0, || sources(2, ENDED, 0, || Unguarded(MemoryStore::new())));
    assert!(findings.broken.contains_key("needless sign-in"), "{findings:?}");
}

/// When an access token of a quarter of an hour is to be replaced, and when it has ended.
const DUE: i64 = NOW + 870;
const ENDED: i64 = NOW + 900;

/// What a source says that waits for another's answer.
const WAITS: &str = "waits";

fn source() -> TokenSource {
    TokenSource::new("https://issuer.example/token", "app").unwrap().named("u1")
}

fn server(grace: u64) -> Issuer {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    Issuer::new(keys, issuer().policy().clone().refresh_grace_seconds(grace)).unwrap()
}

/// A store with an open session, whose tokens the sources keep.
fn signed_in<S: Store>(store: S) -> (S, TokenPair) {
    let pair =
        server(10).start_session(StartSession::new("u1"), &context(NOW, 1)).run(&store).result.unwrap();
    source().keep(pair.clone().into(), &context(NOW, 2)).run(&store).result.unwrap();
    (store, pair)
}

/// Sends a request to the server, which works on the same store. One more command stands for the way back.
async fn post(turn: &Turn, request: &TokenRequest, grace: u64, context: &Context) -> TokenAnswer {
    let token = request.body.split('&').find_map(|field| field.strip_prefix("refresh_token=")).unwrap();
    let answer = server(grace).refresh(token, context).run_async(turn).await.result;
    let way_back = Command::Load { keys: vec![RecordKey::of("way back", &["1"])] };
    if AsyncStore::execute(turn, way_back).await.is_err() {
        return TokenAnswer::lost();
    }
    match answer {
        Ok(TokenPair { access_token, refresh_token, expires_in, .. }) => {
            let expires_in = expires_in.seconds();
            let body = format!(
                r#"{{"access_token":"{access_token}","token_type":"Bearer","expires_in":{expires_in},"refresh_token":"{refresh_token}"}}"#
            );
            TokenAnswer { status: 200, body: body.into_bytes(), retry_after: None }
        }
        Err(error) => {
            let body = format!(r#"{{"error":"{}"}}"#, error.code().oauth_error()).into_bytes();
            let retry_after = error.retry_after().map(|retry| retry.after_seconds.to_string());
            TokenAnswer { status: error.code().http_status(), body, retry_after }
        }
    }
}

/// A source that wants an access token. Whoever would wait says so, and is through.
fn token(now: i64, grace: u64, seed: u8) -> Request {
    Request::new(move |turn| async move {
        let code = |error: Error| error.code();
        let mut seeds = seed..;
        let mut context = || context(now, seeds.next().unwrap());
        let mut step = source().next(&context()).run_async(&turn).await.result.map_err(code)?;
        loop {
            step = match step {
                SourceStep::Use(token) => return Ok(token.access_token),
                SourceStep::Wait { .. } => return Ok(WAITS.to_owned()),
                SourceStep::Ask(request) => {
                    let answer = post(&turn, &request, grace, &context()).await;
                    let told = source().answered(&request.attempt, answer.clone(), &context());
                    match told.run_async(&turn).await.result {
                        // As the loop of the library does: the answer may be the only copy.
                        Err(error) if error.code() == ErrorCode::StoreUnknown => {
                            let again = source().answered(&request.attempt, answer, &context());
                            again.run_async(&turn).await.result.map_err(code)?
                        }
                        told => told.map_err(code)?,
                    }
                }
            };
        }
    })
}

/// What an access token that was given is worth.
fn stands<S: Store>(store: &S, token: &str, now: i64) -> bool {
    server(10).check(token, &context(now, 200)).run(store).result.is_ok()
}

fn asked_to_sign_in(answers: &[Option<Answer>]) -> bool {
    answers.iter().flatten().any(|answer| *answer == Err(ErrorCode::SignInRequired))
}

/// `n` sources that want a token at once. When the claim of whoever crashed has lapsed, and the server's grace has not, the next
/// one is asked; and once more a life later.
fn sources<S: Store + 'static>(n: u8, now: i64, grace: u64, store: impl Fn() -> S) -> World<S> {
    let (store, _) = signed_in(store());
    let requests = (0..n).map(|i| token(now, grace, 20 + 30 * i)).collect();
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        let mut broken = Vec::new();
        let mut answers = answers.to_vec();
        for (then, seed) in [(now + 6, 140), (now + 906, 170)] {
            let answer = token(then, grace, seed).run(store);
            if !answer.as_ref().is_ok_and(|token| stands(store, token, then)) {
                broken.push("lost credential");
            }
            answers.push(Some(answer));
        }
        if asked_to_sign_in(&answers) {
            broken.push("needless sign-in");
        }
        // Before its end the token from before is as good.
        let given = successes(&answers[..usize::from(n)]);
        if given.iter().any(|token| token != WAITS && !stands(store, token, now - 1)) {
            broken.push("token of no use");
        }
        broken
    };
    World { store, requests, judge: Box::new(judge) }
}

/// A source while the user signs in anew: whatever it hears of the old session, the new one is kept.
fn source_and_sign_in<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, before) = signed_in(store());
    let start = StartSession::new("u1");
    let pair = server(10).start_session(start, &context(ENDED, 3)).run(&store).result.unwrap();
    // The old session is over: what the source hears of it is that one is to sign in.
    server(10).revoke_session(&before.session, &context(ENDED, 4)).run(&store).result.unwrap();
    let keep = move |seed| {
        let task = source().keep(pair.clone().into(), &context(ENDED, seed));
        Request::of(task, |()| "kept".into())
    };
    let requests = vec![token(ENDED, 10, 20), keep(5)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        // Who was told that it is not kept, or that the store is busy, keeps it once more.
        if !matches!(answers[1], Some(Ok(_))) && keep(6).run(store).is_err() {
            return vec!["sign-in refused"];
        }
        match token(ENDED + 6, 10, 140).run(store) {
            Ok(token) if stands(store, &token, ENDED + 6) => vec![],
            _ => vec!["lost sign-in"],
        }
    };
    World { store, requests, judge: Box::new(judge) }
}

/// A source while the session is revoked: when its last token has ended, one is to sign in.
fn source_and_revoke<S: Store + 'static>(store: impl Fn() -> S) -> World<S> {
    let (store, TokenPair { session, .. }) = signed_in(store());
    let revoke = move |seed| {
        let task = server(10).revoke_session(&session, &context(ENDED, seed));
        Request::of(task, |()| "revoked".into())
    };
    let requests = vec![token(ENDED, 10, 20), revoke(3)];
    let judge = move |store: &S, answers: &[Option<Answer>]| {
        if is_unsure(&answers[1]) && revoke(4).run(store).is_err() {
            return vec!["revocation refused"];
        }
        match token(ENDED + 906, 10, 140).run(store) {
            Err(ErrorCode::SignInRequired) => vec![],
            _ => vec!["no sign-in where the session is over"],
        }
    };
    World { store, requests, judge: Box::new(judge) }
}
