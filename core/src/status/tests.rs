use hmac::{Hmac, KeyInit, Mac};
use miniz_oxide::deflate::compress_to_vec_zlib;

use super::*;
use crate::encoding::base64url;

const URL: &str = "https://as.example/status/1";

fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(1_700_000_000 + seconds)
}

fn seconds(seconds: u64) -> Lifetime {
    Lifetime::from_seconds(seconds).unwrap()
}

fn keys() -> KeySet {
    KeySet::builder().hmac("k1", [7; 32].as_slice()).unwrap().build().unwrap()
}

fn signed(typ: &str, payload: &str) -> String {
    let header = format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#);
    let input = format!("{}.{}", base64url(header.as_bytes()), base64url(payload.as_bytes()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&[7; 32]).unwrap();
    mac.update(input.as_bytes());
    format!("{input}.{}", base64url(&mac.finalize().into_bytes()))
}

/// A list of 8 tokens, of which the one at `invalid` is revoked.
fn list(iat: i64, extra: &str, invalid: u8) -> String {
    let lst = base64url(&compress_to_vec_zlib(&[1 << invalid], 9));
    let iat = at(iat).seconds();
    let payload = format!(r#"{{"sub":"{URL}","iat":{iat},"status_list":{{"bits":1,"lst":"{lst}"}}{extra}}}"#);
    signed("statuslist+jwt", &payload)
}

/// With `ttl` 10 and an `exp` a minute after it was issued.
fn usual(iat: i64, invalid: u8) -> String {
    list(iat, &format!(r#","ttl":10,"exp":{}"#, at(iat + 60).seconds()), invalid)
}

fn claims(index: u64, url: &str) -> String {
    format!(r#"{{"status":{{"status_list":{{"idx":{index},"uri":"{url}"}}}}}}"#)
}

fn give(lists: &StatusLists, body: &str, now: i64) -> Result<()> {
    lists.fetched(URL, Ok(body.as_bytes()), &keys(), at(now))
}

fn fail(lists: &StatusLists, now: i64) {
    let outage = Error::new(ErrorCode::StatusUnavailable).because("no route to host");
    lists.fetched(URL, Err(outage), &keys(), at(now)).unwrap_err();
}

/// `valid`, `fetch`, `wait`, or the name of the code.
fn ask(lists: &StatusLists, index: u64, now: i64) -> &'static str {
    word(lists.resolve_json(&claims(index, URL), at(now)))
}

fn word(resolution: StatusResolution) -> &'static str {
    match resolution {
        StatusResolution::Valid => "valid",
        StatusResolution::Fetch { .. } => "fetch",
        StatusResolution::Wait { .. } => "wait",
        StatusResolution::Refuse(error) => error.code().name(),
    }
}

/// The code of a check, by the lists that are here.
fn checked(lists: &StatusLists, index: u64, now: i64) -> &'static str {
    lists.check_json(&claims(index, URL), at(now)).map_or_else(|error| error.code().name(), |()| "valid")
}

#[test]
fn one_fetch_serves_all_tokens_of_a_list_until_it_is_old() {
    let lists = StatusLists::new();
    assert_eq!(checked(&lists, 1, 0), "status_unavailable");
    assert_eq!((ask(&lists, 1, 0), ask(&lists, 1, 0), ask(&lists, 2, 4)), ("fetch", "wait", "wait"));
    give(&lists, &usual(0, 2), 0).unwrap();
    for now in [0, 5, 9] {
        assert_eq!((ask(&lists, 1, now), ask(&lists, 2, now)), ("valid", "token_revoked"), "{now}");
    }
    // One is told to fetch again; the others use what is here.
    assert_eq!(
        (ask(&lists, 2, 10), ask(&lists, 1, 10), ask(&lists, 2, 10)),
        ("fetch", "valid", "token_revoked")
    );
    give(&lists, &usual(10, 1), 11).unwrap();
    assert_eq!((ask(&lists, 1, 11), ask(&lists, 2, 11)), ("token_revoked", "valid"));
    assert_eq!(checked(&lists, 8, 11), "claim_invalid", "outside of the list");
}

#[test]
fn whoever_was_told_to_fetch_and_never_reports_is_waited_for_one_cooldown() {
    let lists = StatusLists::new();
    assert_eq!((ask(&lists, 1, 0), ask(&lists, 1, 4), ask(&lists, 1, 5)), ("fetch", "wait", "fetch"));
}

#[test]
fn a_list_serves_until_its_end_and_then_tokens_are_refused() {
    let lists = StatusLists::new();
    give(&lists, &usual(0, 2), 0).unwrap();
    for now in (10..60).step_by(10) {
        assert_eq!(ask(&lists, 1, now), "fetch");
        fail(&lists, now);
        assert_eq!((ask(&lists, 1, now), ask(&lists, 2, now)), ("valid", "token_revoked"), "{now}");
    }
    assert_eq!(ask(&lists, 1, 60), "fetch");
    assert_eq!(ask(&lists, 1, 60), "wait");
    fail(&lists, 60);
    let StatusResolution::Refuse(error) = lists.resolve_json(&claims(1, URL), at(62)) else { panic!() };
    assert_eq!(error.code(), ErrorCode::StatusUnavailable);
    assert_eq!(error.retry_after().map(|retry| retry.after_seconds), Some(3));
    assert!(error.message().ends_with("no route to host"), "{error}");
}

#[test]
fn without_an_end_a_list_serves_while_it_is_fresh() {
    let lists = StatusLists::new();
    give(&lists, &list(0, r#","ttl":10"#, 2), 0).unwrap();
    assert_eq!((ask(&lists, 1, 9), ask(&lists, 1, 10), ask(&lists, 1, 10)), ("valid", "fetch", "wait"));
    fail(&lists, 10);
    assert_eq!(ask(&lists, 1, 10), "status_unavailable");
    // Neither says how long: as long as the policy does.
    let lists = StatusLists::new().time_to_live(seconds(20));
    give(&lists, &list(0, "", 2), 0).unwrap();
    assert_eq!((ask(&lists, 1, 19), ask(&lists, 1, 20)), ("valid", "fetch"));
    give(&lists, &list(20, r#","ttl":40"#, 2), 20).unwrap();
    assert_eq!((ask(&lists, 1, 39), ask(&lists, 1, 40)), ("valid", "fetch"));
}

#[test]
fn an_unreachable_list_may_be_gone_by_for_a_time_that_is_named() {
    let lists = StatusLists::new().accept_unreachable_for(seconds(100));
    give(&lists, &usual(0, 2), 0).unwrap();
    assert_eq!(ask(&lists, 1, 70), "fetch");
    // Nobody knows yet that it cannot be fetched.
    assert_eq!(ask(&lists, 1, 70), "wait");
    fail(&lists, 70);
    assert_eq!((ask(&lists, 1, 74), ask(&lists, 2, 74)), ("valid", "token_revoked"));
    assert_eq!(ask(&lists, 1, 159), "fetch");
    fail(&lists, 159);
    assert_eq!((ask(&lists, 1, 159), ask(&lists, 1, 160)), ("valid", "status_unavailable"));
    give(&lists, &usual(160, 1), 165).unwrap();
    assert_eq!((ask(&lists, 1, 166), ask(&lists, 2, 166)), ("token_revoked", "valid"));
    // Where there never was one, from the first failure on, however many follow.
    let lists = StatusLists::new().accept_unreachable_for(seconds(100));
    assert_eq!((ask(&lists, 1, 0), ask(&lists, 1, 0)), ("fetch", "wait"));
    fail(&lists, 1);
    assert_eq!((ask(&lists, 1, 4), ask(&lists, 1, 50)), ("valid", "fetch"));
    fail(&lists, 50);
    assert_eq!((ask(&lists, 1, 51), ask(&lists, 1, 100), ask(&lists, 1, 101)), ("valid", "fetch", "wait"));
    fail(&lists, 101);
    assert_eq!(ask(&lists, 1, 101), "status_unavailable");
}

#[test]
fn an_older_list_never_replaces_a_newer_one() {
    let lists = StatusLists::new();
    give(&lists, &usual(5, 2), 5).unwrap();
    let error = give(&lists, &usual(4, 1), 5).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::TokenTooOld, Some("iat")));
    assert_eq!((ask(&lists, 1, 5), ask(&lists, 2, 5)), ("valid", "token_revoked"));
    // The same once more is as good as a newer one.
    give(&lists, &usual(5, 2), 14).unwrap();
    assert_eq!((ask(&lists, 1, 23), ask(&lists, 1, 24)), ("valid", "fetch"));
    // One of the future would not be replaced for long.
    give(&lists, &usual(24 + 60, 2), 24).unwrap();
    let error = give(&StatusLists::new(), &usual(24 + 61, 2), 24).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::TokenNotYetValid, Some("iat")));
}

#[test]
fn a_list_is_a_token_of_its_url_and_its_type() {
    let good = |field: &str, value: &str| {
        let mut members = vec![
            ("sub", format!("\"{URL}\"")),
            ("iat", at(0).seconds().to_string()),
            ("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcBXQ"}"#.to_owned()),
        ];
        members.retain(|(name, _)| *name != field);
        let mut members: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        if !value.is_empty() {
            members.push(format!("\"{field}\":{value}"));
        }
        format!("{{{}}}", members.join(","))
    };
    for (field, value, code, at_field) in [
        ("ttl", "0.5", "", ""),
        ("ttl", "1e400", "status_list_malformed", "ttl"),
        ("ttl", "0", "status_list_malformed", "ttl"),
        ("ttl", "-1", "status_list_malformed", "ttl"),
        ("ttl", "\"10\"", "status_list_malformed", "ttl"),
        ("ttl", "null", "status_list_malformed", "ttl"),
        ("sub", "", "claim_missing", "sub"),
        ("sub", "\"https://as.example/status/2\"", "subject_mismatch", "sub"),
        ("iat", "", "claim_missing", "iat"),
        ("iat", "\"1\"", "claim_invalid", "iat"),
        ("exp", "1700000001", "", ""),
        ("exp", "1700000000", "token_expired", "exp"),
        ("nbf", "1700000001", "token_not_yet_valid", "nbf"),
        ("status_list", "", "status_list_malformed", "status_list"),
        ("status_list", "[]", "status_list_malformed", "status_list"),
        ("status_list", r#"{"bits":1}"#, "status_list_malformed", "status_list.lst"),
        ("status_list", r#"{"lst":"eNrbuRgAAhcBXQ"}"#, "status_list_malformed", "status_list.bits"),
        ("status_list", r#"{"bits":3,"lst":"eNrbuRgAAhcBXQ"}"#, "status_list_malformed", "status_list.bits"),
        ("status_list", r#"{"bits":0,"lst":"eNrbuRgAAhcBXQ"}"#, "status_list_malformed", "status_list.bits"),
        (
            "status_list",
            r#"{"bits":"1","lst":"eNrbuRgAAhcBXQ"}"#,
            "status_list_malformed",
            "status_list.bits",
        ),
        ("status_list", r#"{"bits":1,"lst":"eNrbuRgAAhcBXQ=="}"#, "status_list_malformed", "status_list.lst"),
        ("status_list", r#"{"bits":1,"lst":7}"#, "status_list_malformed", "status_list.lst"),
        ("status_list", r#"{"bits":1,"lst":""}"#, "status_list_malformed", "status_list.lst"),
        (
            "status_list",
            r#"{"bits":1,"lst":"eNrbuRgAAhcBXQ","aggregation_uri":"https://as.example/all"}"#,
            "",
            "",
        ),
    ] {
        let result = give(&StatusLists::new(), &signed("statuslist+jwt", &good(field, value)), 0);
        let found = result
            .as_ref()
            .err()
            .map_or(("", ""), |error| (error.code().name(), error.field().unwrap_or("")));
        assert_eq!(found, (code, at_field), "{field} {value}: {result:?}");
    }
    let plain = good("", "");
    for (typ, ok) in [
        ("statuslist+jwt", true),
        ("application/statuslist+jwt", true),
        ("JWT", false),
        ("statuslist+cwt", false),
    ] {
        let result = give(&StatusLists::new(), &signed(typ, &plain), 0);
        assert_eq!(
            result.map_err(|error| error.code()),
            if ok { Ok(()) } else { Err(ErrorCode::TypeMismatch) }
        );
    }
    let other = KeySet::builder().hmac("k1", [8; 32].as_slice()).unwrap().build().unwrap();
    let body = signed("statuslist+jwt", &plain);
    let error = StatusLists::new().fetched(URL, Ok(body.as_bytes()), &other, at(0)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::SignatureInvalid);
}

#[test]
fn sizes_are_bounded_before_and_after_inflation() {
    // Longer than any token: 2^20 states of 8 bits that do not compress.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    })
    .take(1 << 20)
    .collect();
    let body = |bytes: &[u8]| {
        let lst = base64url(&compress_to_vec_zlib(bytes, 1));
        let payload = format!(
            r#"{{"sub":"{URL}","iat":{},"status_list":{{"bits":8,"lst":"{lst}"}}}}"#,
            at(0).seconds()
        );
        signed("statuslist+jwt", &payload)
    };
    let lists = StatusLists::new();
    give(&lists, &body(&noise), 0).unwrap();
    let valid = noise.iter().position(|byte| *byte == 0).unwrap() as u64;
    let revoked = noise.iter().position(|byte| *byte == 1).unwrap() as u64;
    assert_eq!((ask(&lists, valid, 1), ask(&lists, revoked, 1)), ("valid", "token_revoked"));
    assert_eq!(ask(&lists, 1 << 20, 1), "claim_invalid");
    // One byte more, and a bomb.
    for len in [(1 << 20) + 1, 64 << 20] {
        let error = give(&StatusLists::new(), &body(&vec![0; len]), 0).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::StatusListMalformed, Some("status_list.lst")));
        assert!(error.message().contains("larger than any"), "{error}");
    }
    let small = StatusLists::new().with_max_body(1000);
    assert_eq!(give(&small, &body(&noise), 0).unwrap_err().code(), ErrorCode::BodyTooLarge);
    assert_eq!(give(&small, &"a".repeat(1000), 0).unwrap_err().code(), ErrorCode::TokenMalformed);
}

#[test]
fn an_url_is_one_that_is_taken() {
    let ask = |lists: &StatusLists, url: &str| {
        let resolution = lists.resolve_json(&claims(0, url), at(0));
        if let StatusResolution::Refuse(error) = &resolution {
            assert_eq!(error.field(), Some("status.status_list.uri"), "{url}");
        }
        word(resolution)
    };
    let limited = StatusLists::new().prefix("https://as.example/status").unwrap();
    for (url, by_any, by_limited) in [
        (URL, "fetch", "fetch"),
        ("https://as.example/status/../1", "fetch", "claim_invalid"),
        ("https://b.example/status/1", "fetch", "claim_invalid"),
        ("http://127.0.0.1/1", "fetch", "claim_invalid"),
        ("http://b.example/1", "claim_invalid", "claim_invalid"),
        ("urn:list:1", "claim_invalid", "claim_invalid"),
        ("", "claim_invalid", "claim_invalid"),
    ] {
        assert_eq!((ask(&StatusLists::new(), url), ask(&limited, url)), (by_any, by_limited), "{url}");
    }
    assert_eq!(ask(&StatusLists::new().allow_plain_http(), "http://b.example/1"), "fetch");
    let error = limited.fetched("https://b.example/1", Ok(b""), &keys(), at(0)).unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")));
    for prefix in ["", "as.example", "ftp://as.example", "https://u@as.example", "https://as.example/#"] {
        let error = StatusLists::new().prefix(prefix).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("prefix")), "{prefix}");
    }
}

#[test]
fn a_token_without_a_place_is_taken_unless_one_is_required() {
    for (claims, field) in [("{}", "status"), (r#"{"status":{"other":{}}}"#, "status")] {
        assert_eq!(word(StatusLists::new().resolve_json(claims, at(0))), "valid", "{claims}");
        let error = StatusLists::new().required().check_json(claims, at(0)).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::ClaimMissing, Some(field)), "{claims}");
    }
    assert_eq!(word(StatusLists::new().resolve_json(r#"{"status":null}"#, at(0))), "claim_invalid");
    assert_eq!(word(StatusLists::new().resolve_json("[]", at(0))), "payload_malformed");
}

#[test]
fn so_many_lists_are_kept_and_those_that_are_over_make_room() {
    let lists = StatusLists::new();
    let url = |n: usize| format!("https://as.example/status/{n}");
    let ask = |n: usize, now: i64| lists.resolve_json(&claims(1, &url(n)), at(now));
    for n in 0..MAX_LISTS {
        assert_eq!(word(ask(n, 0)), "fetch");
    }
    give(&lists, &usual(0, 2), 0).unwrap(); // number 1
    let StatusResolution::Refuse(error) = ask(MAX_LISTS, 0) else { panic!() };
    assert_eq!(error.code(), ErrorCode::StatusUnavailable);
    assert!(error.message().contains("128"), "{error}");
    // A cooldown later all others are over; the list that is good stays.
    assert_eq!((word(ask(MAX_LISTS, 5)), word(ask(1, 5)), lists.lock().len()), ("fetch", "valid", 2));
}

#[test]
fn a_host_that_inflates_by_itself_takes_the_same_steps() {
    let lists = StatusLists::new();
    assert_eq!(ask(&lists, 1, 0), "fetch");
    let body = usual(0, 2);
    let task = lists.open_task(URL, body.as_bytes(), &keys(), at(0));
    let opened = task.run(&crate::MemoryStore::new()).result.unwrap();
    assert_eq!(opened.most(), 1 << 20);
    let bytes = opened.inflate().unwrap();
    lists.inflated(opened.clone(), bytes, at(0)).unwrap();
    assert_eq!((ask(&lists, 1, 0), ask(&lists, 2, 0)), ("valid", "token_revoked"));
    let error = lists.inflated(opened, vec![0; (1 << 20) + 1], at(0)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::StatusListMalformed);
    let task = lists.open_task("https://as.example/status/2", body.as_bytes(), &keys(), at(0));
    let error = task.run(&crate::MemoryStore::new()).result.unwrap_err();
    assert_eq!(lists.failed("https://as.example/status/2", error, at(0)).code(), ErrorCode::SubjectMismatch);
}

#[test]
fn an_explanation_has_one_more_line() {
    let verifier = Verifier::new(keys()).any_issuer().any_audience().without_expiry();
    let token = signed("JWT", &claims(2, URL));
    let lists = StatusLists::new();
    let explain = |lists: &StatusLists, token: &str| {
        let explanation = lists.explain(verifier.explain(token, at(3)), at(3));
        let check = explanation.checks().last().unwrap().clone();
        assert_eq!(check.name, "status");
        (explanation.error().map(|error| error.code().name()), format!("{:?}", check.outcome), check)
    };
    let (error, outcome, _) = explain(&lists, &token);
    assert_eq!((error, &*outcome), (Some("status_unavailable"), "Failed"));
    give(&lists, &usual(0, 2), 0).unwrap();
    let (error, outcome, check) = explain(&lists, &token);
    assert_eq!((error, &*outcome), (Some("token_revoked"), "Failed"));
    assert_eq!(check.hint.as_deref(), Some("the list was issued 3 s ago"));
    assert!(check.seen.unwrap().contains("\"idx\":2"));
    let (error, outcome, _) = explain(&lists, &signed("JWT", &claims(1, URL)));
    assert_eq!((error, &*outcome), (None, "Passed"));
    let (error, outcome, _) = explain(&lists, &signed("JWT", "{}"));
    assert_eq!((error, &*outcome), (None, "NotAsked"));
    let (error, outcome, _) = explain(&StatusLists::new().required(), &signed("JWT", "{}"));
    assert_eq!((error, &*outcome), (Some("claim_missing"), "Failed"));
    let (error, outcome, _) = explain(&lists, &token[..token.len() - 4]);
    assert_eq!((error, &*outcome), (Some("signature_invalid"), "NotReached"));
    // Nobody was told to fetch.
    assert_eq!(ask(&lists, 1, 10), "fetch");
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let lists = StatusLists::new();
    assert_eq!(ask(&lists, 1, 1_000_000), "fetch");
    give(&lists, &usual(1_000_000, 2), 1_000_000).unwrap();
    assert_eq!(ask(&lists, 1, 999_999), "valid");
    assert_eq!((ask(&lists, 1, 0), ask(&lists, 1, 0)), ("fetch", "valid"));
}

#[test]
#[allow(clippy::disallowed_methods)] // the test stands for a host with threads
fn threads_share_it() {
    fn shared<T: Send + Sync>() {}
    shared::<StatusLists>();
    let lists = StatusLists::new();
    let fetches: usize = std::thread::scope(|scope| {
        let asks = || (0..1000).filter(|n| ask(&lists, n % 8, 0) == "fetch").count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(asks)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(fetches, 1);
    // While lists are replaced, each answer is that of one of them: places 1 and 2 are revoked in turn.
    give(&lists, &usual(0, 1), 0).unwrap();
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            (0..2000).all(|_| {
                ask(&lists, 3, 0) == "valid" && ["valid", "token_revoked"].contains(&ask(&lists, 1, 0))
            })
        });
        for n in 0..50 {
            give(&lists, &usual(0, 1 + n % 2), 0).unwrap();
        }
        assert!(reader.join().unwrap());
    });
}
