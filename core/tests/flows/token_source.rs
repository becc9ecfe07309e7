//! Token sources, step by step: when they ask, what they make of an answer, and when one is to sign in.

use std::cell::Cell;
use std::sync::Mutex;

use tokenmint::*;

const NOW: u64 = 1_700_000_000_000_000;
const SECOND: u64 = 1_000_000;

/// A context that no other is like.
fn at(after_us: u64) -> Context {
    thread_local!(static DRAWN: Cell<u64> = const { Cell::new(0) });
    let number = DRAWN.replace(DRAWN.get() + 1);
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    Context::at_micros(NOW + after_us, seed)
}

fn source() -> TokenSource {
    TokenSource::new("https://as.example/token", "app").unwrap()
}

fn granted(access: &str, refresh: Option<&str>) -> TokenAnswer {
    let refresh = refresh.map(|token| format!(r#","refresh_token":"{token}""#)).unwrap_or_default();
    answer(200, &format!(r#"{{"access_token":"{access}","token_type":"Bearer","expires_in":900{refresh}}}"#))
}

fn answer(status: u16, body: &str) -> TokenAnswer {
    TokenAnswer { status, body: body.into(), retry_after: None }
}

/// A store with `a1` and `r1`, fresh at the beginning.
fn kept() -> MemoryStore {
    let store = MemoryStore::new();
    let tokens = TokenResponse::read(&granted("a1", Some("r1")).body).unwrap();
    source().keep(tokens, &at(0)).run(&store).result.unwrap();
    store
}

fn next(store: &MemoryStore, after_us: u64) -> Result<SourceStep> {
    source().next(&at(after_us)).run(store).result
}

fn tell(
    store: &MemoryStore,
    request: &TokenRequest,
    answer: TokenAnswer,
    after_us: u64,
) -> Result<SourceStep> {
    source().answered(&request.attempt, answer, &at(after_us)).run(store).result
}

#[track_caller]
fn asked(step: Result<SourceStep>) -> TokenRequest {
    match step.unwrap() {
        SourceStep::Ask(request) => request,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn used(step: Result<SourceStep>) -> String {
    match step.unwrap() {
        SourceStep::Use(token) => token.access_token,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn one_asks_before_the_end_and_the_others_go_on() {
    let store = kept();
    assert_eq!(used(next(&store, 839 * SECOND)), "a1");
    let request = asked(next(&store, 840 * SECOND));
    assert_eq!(request.body, "grant_type=refresh_token&refresh_token=r1&client_id=app");
    assert_eq!((request.authorization.as_deref(), request.after_ms, request.within_ms), (None, 0, 4000));
    assert_eq!(used(next(&store, 840 * SECOND)), "a1");
    assert_eq!(used(tell(&store, &request, granted("a2", Some("r2")), 841 * SECOND)), "a2");
    // Its time counts from when it was asked for.
    assert_eq!(used(next(&store, (840 + 839) * SECOND)), "a2");
    assert!(asked(next(&store, (840 + 840) * SECOND)).body.contains("refresh_token=r2"));
}

#[test]
fn behind_the_end_the_others_wait() {
    let store = kept();
    let request = asked(next(&store, 900 * SECOND));
    assert_eq!(next(&store, 900 * SECOND).unwrap(), SourceStep::Wait { milliseconds: 50 });
    assert_eq!(used(tell(&store, &request, granted("a2", None), 901 * SECOND)), "a2");
    assert_eq!(used(next(&store, 901 * SECOND)), "a2");
    // A server that does not rotate: the refresh token stays.
    assert!(asked(next(&store, 1800 * SECOND)).body.contains("refresh_token=r1"));
}

#[test]
fn who_died_while_it_asked_is_followed_by_the_next() {
    let store = kept();
    let died = asked(next(&store, 900 * SECOND));
    assert!(matches!(next(&store, 905 * SECOND - 1), Ok(SourceStep::Wait { milliseconds: 1 })));
    let follows = asked(next(&store, 905 * SECOND));
    assert_eq!((follows.body.as_str(), follows.attempt == died.attempt), (died.body.as_str(), false));
    // The first was not dead after all, and brings what is good.
    assert_eq!(used(tell(&store, &died, granted("a2", Some("r2")), 906 * SECOND)), "a2");
    // By what the other hears, nobody is to sign in: another refresh token is kept by now.
    let refused = answer(400, r#"{"error":"invalid_grant"}"#);
    assert_eq!(used(tell(&store, &follows, refused, 907 * SECOND)), "a2");
}

#[test]
fn a_refusal_counts_for_who_asks_alone() {
    let store = kept();
    let late = asked(next(&store, 900 * SECOND));
    let asks = asked(next(&store, 906 * SECOND));
    let refused = || answer(400, r#"{"error":"invalid_grant"}"#);
    // The one that asks now may have the answer in its hands.
    assert!(matches!(tell(&store, &late, refused(), 907 * SECOND), Ok(SourceStep::Wait { .. })));
    assert_eq!(code(tell(&store, &asks, refused(), 908 * SECOND)), ErrorCode::SignInRequired);
    assert_eq!(code(next(&store, 909 * SECOND)), ErrorCode::SignInRequired);
    // And if it was not: tokens are the proof that the session is not over.
    assert_eq!(used(tell(&store, &late, granted("a2", Some("r2")), 910 * SECOND)), "a2");
    assert_eq!(used(next(&store, 911 * SECOND)), "a2");
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_refresh_token() {
    let store = kept();
    let mut request = asked(next(&store, 900 * SECOND));
    for (lost, after_ms) in
        [(TokenAnswer::lost(), 100), (answer(502, "<html>"), 200), (answer(200, "{"), 300)]
    {
        let again = asked(tell(&store, &request, lost, 900 * SECOND));
        assert_eq!((again.body.as_str(), again.after_ms), (request.body.as_str(), after_ms));
        request = again;
    }
    // It is asked for four times; then the next waits for a while, and longer each time.
    let error = tell(&store, &request, TokenAnswer::lost(), 900 * SECOND).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TokenEndpointUnavailable);
    assert_eq!(error.retry_after().unwrap().after_seconds, 2);
    assert_eq!(code(next(&store, 902 * SECOND - 1)), ErrorCode::TokenEndpointUnavailable);
    let request = asked(next(&store, 902 * SECOND));
    assert_eq!(used(tell(&store, &request, granted("a2", Some("r2")), 902 * SECOND)), "a2");
}

#[test]
fn a_server_says_when_to_come_again() {
    let later =
        |status, after: &str| TokenAnswer { retry_after: Some(after.to_owned()), ..answer(status, "{}") };
    let store = kept();
    let request = asked(next(&store, 840 * SECOND));
    // In good time the token from before serves, and nobody asks before it is time to.
    assert_eq!(used(tell(&store, &request, later(429, "50"), 840 * SECOND)), "a1");
    assert_eq!(used(next(&store, 884 * SECOND)), "a1");
    let error = next(&store, 889 * SECOND).unwrap_err();
    assert_eq!(
        (error.code(), error.retry_after().unwrap().after_seconds),
        (ErrorCode::TokenEndpointUnavailable, 1)
    );
    let request = asked(next(&store, 890 * SECOND));
    // Where the server may have done something, a short pause is waited out: its grace is short, too.
    assert_eq!(asked(tell(&store, &request, later(503, "1"), 890 * SECOND)).after_ms, 1000);

    let store = kept();
    let request = asked(next(&store, 900 * SECOND));
    let error = tell(&store, &request, later(503, "30"), 900 * SECOND).unwrap_err();
    assert_eq!(error.retry_after().unwrap().after_seconds, 30);
}

#[test]
fn a_server_that_refuses_the_client_costs_no_credential() {
    let store = kept();
    let request = asked(next(&store, 900 * SECOND));
    let error =
        tell(&store, &request, answer(401, r#"{"error":"invalid_client"}"#), 900 * SECOND).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TokenEndpointRefused);
    assert_eq!(error.message(), "the token endpoint answers invalid_client");
    let request = asked(next(&store, 910 * SECOND));
    assert!(request.body.contains("refresh_token=r1"));
    assert_eq!(used(tell(&store, &request, granted("a2", None), 910 * SECOND)), "a2");
}

#[test]
fn a_token_that_a_resource_refused_is_replaced() {
    let store = kept();
    let refused = |after| source().next_instead_of("a1", &at(after)).run(&store).result;
    let request = asked(refused(10 * SECOND));
    // It is of no use to the others, either.
    assert!(matches!(next(&store, 10 * SECOND), Ok(SourceStep::Wait { .. })));
    assert!(matches!(refused(10 * SECOND), Ok(SourceStep::Wait { .. })));
    assert_eq!(used(tell(&store, &request, granted("a2", Some("r2")), 11 * SECOND)), "a2");
    // Who comes late with the same one gets what is there.
    assert_eq!(used(refused(12 * SECOND)), "a2");
}

#[test]
fn what_happens_meanwhile_counts_more_than_an_answer() {
    let store = kept();
    let request = asked(next(&store, 900 * SECOND));
    assert_eq!(source().forget(&at(901 * SECOND)).run(&store).result.unwrap().unwrap().expose(), b"r1");
    // Signed out: no answer brings the session back.
    assert_eq!(
        code(tell(&store, &request, granted("a2", Some("r2")), 902 * SECOND)),
        ErrorCode::SignInRequired
    );
    assert!(source().forget(&at(903 * SECOND)).run(&store).result.unwrap().is_none());

    let store = kept();
    let request = asked(next(&store, 900 * SECOND));
    let tokens = TokenResponse::read(&granted("b1", Some("s1")).body).unwrap();
    source().keep(tokens, &at(901 * SECOND)).run(&store).result.unwrap();
    // Signed in anew: the old session's answer is nothing to the new one.
    assert_eq!(used(tell(&store, &request, answer(400, r#"{"error":"invalid_grant"}"#), 902 * SECOND)), "b1");
}

#[test]
fn a_client_gets_tokens_by_its_credentials_alone() {
    let store = MemoryStore::new();
    let source = || {
        source().secret("s:1").scope("read").parameter("resource", "https://api.example").client_credentials()
    };
    let next = |after| source().next(&at(after)).run(&store).result;
    let request = asked(next(0));
    assert_eq!(request.body, "grant_type=client_credentials&scope=read&resource=https%3A%2F%2Fapi.example");
    assert_eq!(request.authorization.as_deref(), Some("Basic YXBwOnMlM0Ex"));
    assert!(matches!(next(0), Ok(SourceStep::Wait { .. })));
    // Of a grant without a refresh token, there is no session that could be over.
    let told =
        source().answered(&request.attempt, answer(400, r#"{"error":"invalid_grant"}"#), &at(0)).run(&store);
    assert_eq!(code(told.result), ErrorCode::TokenEndpointRefused);
    let request = asked(next(3 * SECOND));
    let told = source().answered(&request.attempt, granted("a1", None), &at(3 * SECOND)).run(&store);
    assert_eq!(used(told.result), "a1");
    assert_eq!(used(next(800 * SECOND)), "a1");
    let in_body = source().secret_in_body().next(&at(900 * SECOND)).run(&store).result;
    let in_body = asked(in_body);
    assert_eq!(in_body.authorization, None);
    assert!(in_body.body.contains("&client_id=app&client_secret=s%3A1&resource="), "{}", in_body.body);
}

#[test]
fn each_name_and_client_has_its_own_tokens() {
    let store = kept();
    let other = source().named("u2").next(&at(0)).run(&store).result;
    assert_eq!(code(other), ErrorCode::SignInRequired);
    let other = TokenSource::new("https://as.example/token", "app2").unwrap().next(&at(0)).run(&store).result;
    assert_eq!(code(other), ErrorCode::SignInRequired);
}

#[test]
fn a_source_that_cannot_work_is_refused() {
    for (endpoint, client, field) in [
        ("http://as.example/token", "app", "endpoint"),
        ("ftp://as.example/token", "app", "endpoint"),
        ("https://user@as.example/token", "app", "endpoint"),
        ("https://as.example/token", "", "client_id"),
    ] {
        let error = TokenSource::new(endpoint, client).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some(field)), "{endpoint}");
    }
    assert!(TokenSource::new("http://127.0.0.1:8080/token", "app").is_ok());
    assert!(TokenSource::allow_plain_http("http://as.example/token", "app").is_ok());
}

#[test]
fn no_secret_is_shown() {
    let source = source().secret("hunter2").parameter("assertion", "hunter2");
    let (store, tokens) =
        (MemoryStore::new(), TokenResponse::read(&granted("hunter2", Some("hunter2")).body).unwrap());
    let mut shown = format!("{source:?} {tokens:?}");
    source.keep(tokens, &at(0)).run(&store).result.unwrap();
    let step = source.next(&at(0)).run(&store);
    shown += &format!("{step:?} {:?}", step.result);
    let step = source.next(&at(900 * SECOND)).run(&store);
    let request = asked(step.result.clone());
    let answer = answer(400, r#"{"error":"hunter2","error_description":"hunter2"}"#);
    shown += &format!("{step:?} {:?} {request:?} {answer:?}", step.result);
    let told = source.answered(&request.attempt, answer, &at(901 * SECOND)).run(&store);
    shown += &format!("{told:?}");
    assert!(shown.contains("TokenSource") && !shown.contains("hunter2"), "{shown}");
}

/// A host whose token endpoint is an issuer on a store of its own.
struct Host {
    issuer: Issuer,
    server: MemoryStore,
    now_us: Mutex<u64>,
    /// How many answers are lost from now on.
    lost: Mutex<u32>,
}

impl TokenEndpoint for Host {
    fn context(&self) -> Context {
        at(*self.now_us.lock().unwrap())
    }

    fn post(&self, request: &TokenRequest) -> TokenAnswer {
        let token = request.body.split('&').find_map(|field| field.strip_prefix("refresh_token=")).unwrap();
        let answer = self.issuer.refresh(token, &self.context()).run(&self.server).result;
        let mut lost = self.lost.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return TokenAnswer::lost();
        }
        match answer {
            Ok(pair) => granted(&pair.access_token, Some(&pair.refresh_token)),
            Err(error) => answer_of(error.code()),
        }
    }

    fn pause(&self, milliseconds: u64) {
        *self.now_us.lock().unwrap() += milliseconds * 1000;
    }
}

fn answer_of(code: ErrorCode) -> TokenAnswer {
    answer(code.http_status(), &format!(r#"{{"error":"{}"}}"#, code.oauth_error()))
}

#[test]
fn a_session_is_kept_over_many_lives_and_lost_answers() {
    let keys = KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap();
    let policy = Policy::new("https://as.example").session_secret([9; 32].as_slice());
    let issuer = Issuer::new(keys, policy).unwrap();
    let server = MemoryStore::new();
    let pair = issuer.start_session(StartSession::new("u1"), &at(0)).run(&server).result.unwrap();
    let session = pair.session.clone();
    let host = Host { issuer, server, now_us: Mutex::new(0), lost: Mutex::new(0) };
    let store = MemoryStore::new();
    source().keep(pair.into(), &at(0)).run(&store).result.unwrap();

    let mut seen = Vec::new();
    for life in 0..50 {
        *host.lost.lock().unwrap() = life % 4;
        let token = source().token(&store, &host).unwrap();
        assert!(host.issuer.check(&token.access_token, &host.context()).run(&host.server).result.is_ok());
        seen.push(token.access_token);
        host.pause(900_000);
    }
    seen.dedup();
    assert_eq!(seen.len(), 50);

    host.issuer.revoke_session(&session, &host.context()).run(&host.server).result.unwrap();
    assert_eq!(code(source().token(&store, &host)), ErrorCode::SignInRequired);
}
