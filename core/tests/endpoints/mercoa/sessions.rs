//! Rows 1.25-1.27 and 1.50-1.56: sessions, and the end of tokens.

use super::*;

const END: &str = "/organization/invalidateTokens";
const DAY: i64 = 86_400;

#[track_caller]
fn end(host: &Host, body: &str) {
    // As every HTTP client sends it: an empty body is announced.
    let request = post(END, KEY).header("Content-Type", "application/json");
    let response = host.send(request.header("Content-Length", body.len()), body);
    assert_eq!(response.status(), 200, "{}", String::from_utf8_lossy(response.body()));
    assert_eq!(response.body(), b"{}");
}

fn of_session(host: &Host, name: &str) -> String {
    host.token(&serde_json::json!({ "sessionId": name, "expiresIn": "30d" }).to_string())
}

/// Rows 1.50, 1.55: everything before ends and everything after stands, in one and the same second.
#[test]
fn all_tokens_of_the_organization_end() {
    for body in ["", "{}", r#"{"sessionId":null}"#, r#"{"unknown":1}"#] {
        let host = Host::new();
        let other = token(&host.post("/entity/ent_9/token", OTHER_KEY, ""));
        let old = [
            host.token("{}"),
            of_session(&host, "s1"),
            token(&host.post("/entity/ent_1/user/user_1/token", KEY, "")),
            token(&host.post("/entityGroup/entg_1/token", KEY, "")),
        ];
        end(&host, body);
        for token in &old {
            assert!(!host.stands(token));
        }
        refused(&host.post("/entity/ent_1/token", &old[0], "{}"), 401, "Unauthorized", "");
        assert!(host.stands(&other), "another organization's tokens stand");
        let new = [host.token("{}"), of_session(&host, "s1")];
        for token in &new {
            assert!(host.stands(token));
            assert_eq!(claims(token)["iat"].as_i64(), Some(START));
        }
        end(&host, body);
        assert!(!host.stands(&new[0]) && !host.stands(&new[1]));
    }
}

/// A request that says nothing of a body may have lost the one it had.
#[test]
fn nothing_said_of_a_body_is_not_an_empty_one() {
    let host = Host::new();
    let token = host.token("{}");
    let lost = [post(END, KEY), post(END, KEY).header("Transfer-Encoding", "chunked")];
    for request in lost {
        refused(&host.send(request, ""), 411, "LengthRequired", "Content-Length: 0");
        assert!(host.stands(&token));
    }
    assert_eq!(host.send(post(END, KEY), "{}").status(), 200);
    assert!(!host.stands(&token));
}

/// Rows 1.25, 1.51, 1.54.
#[test]
fn the_tokens_of_named_sessions_end() {
    let host = Host::new();
    let (s1, s2, s3) = (of_session(&host, "s1"), of_session(&host, "s2"), of_session(&host, "s3"));
    let (second, none) = (of_session(&host, "s1"), host.token("{}"));
    let user = token(&host.post("/entity/ent_1/user/user_1/token", KEY, r#"{"sessionId":"s1"}"#));
    let other = token(&host.post("/entity/ent_9/token", OTHER_KEY, r#"{"sessionId":"s1"}"#));
    end(&host, r#"{"sessionId":["unknown"]}"#);
    assert!(host.stands(&s1));
    end(&host, r#"{"sessionId":["s1","unknown","s3","s1"]}"#);
    assert_eq!([&s1, &second, &user, &s3].map(|token| host.stands(token)), [false; 4]);
    assert_eq!([&s2, &none, &other].map(|token| host.stands(token)), [true; 3]);

    // A session of the same name is another session: its tokens stand, the old ones stay dead.
    let new = of_session(&host, "s1");
    assert!(host.stands(&new) && !host.stands(&s1));
    refused(&host.post("/entity/ent_1/token", &s1, "{}"), 401, "Unauthorized", "");
}

/// Rows 1.52, 1.53: whatever is not clearly a list of names ends nothing.
#[test]
fn what_is_no_list_of_sessions_is_refused() {
    let host = Host::new();
    let standing = [host.token("{}"), of_session(&host, "s1")];
    for body in [
        r#"{"sessionId":[]}"#,
        r#"{"sessionId":"s1"}"#,
        r#"{"sessionId":[1]}"#,
        r#"{"sessionId":["s1",null]}"#,
        r#"{"sessionId":["s1",""]}"#,
        r#"{"sessionId":{}}"#,
        r#"{"sessionId":false}"#,
    ] {
        refused(&host.post(END, KEY, body), 400, "BadRequest", "sessionId: ");
    }
    let names = |count: usize| serde_json::json!({ "sessionId": vec!["s9"; count] }).to_string();
    end(&host, &names(100));
    refused(&host.post(END, KEY, names(101)), 400, "BadRequest", "sessionId: must have at most 100");
    assert!(standing.iter().all(|token| host.stands(token)));
}

/// Row 1.56: and nothing ends.
#[test]
fn a_token_may_not_end_tokens() {
    let host = Host::new();
    let token = of_session(&host, "s1");
    for body in ["", r#"{"sessionId":["s1"]}"#] {
        let request = post(END, &token).header("Content-Length", body.len());
        refused(&host.send(request, body), 403, "Forbidden", "only the organization's API key");
    }
    assert!(host.stands(&token));
    refused(&host.post(END, "unknown", ""), 401, "Unauthorized", "");
}

/// Row 1.27: a new token within 24 hours keeps the session and its older tokens.
#[test]
fn a_session_lives_while_tokens_are_made_for_it() {
    let host = Host::new();
    let first = of_session(&host, "s1");
    host.at(DAY - 1);
    let second = of_session(&host, "s1");
    host.at(2 * DAY - 2);
    assert!(host.stands(&first) && host.stands(&second));
    // A renewal makes a new token too.
    let third = token(&host.post("/entity/ent_1/token", &first, r#"{"expiresIn":"30d"}"#));
    assert_eq!(claims(&third)["sessionId"], "s1");
    // A day, and the minute for which it is not written again.
    host.at(3 * DAY - 2 + 59);
    assert!(host.stands(&first));
    host.at(3 * DAY - 2 + 60);
    for token in [&first, &second, &third] {
        assert!(!host.stands(token));
        refused(&host.post("/entity/ent_1/token", token, "{}"), 401, "Unauthorized", "");
    }
    // The name begins a new session, which revives nothing.
    let new = of_session(&host, "s1");
    assert!(host.stands(&new) && !host.stands(&third));
}

/// Row 1.27: requests for one session do not take turns on its record, and it lives a day after the last of them all the same.
#[test]
fn a_session_is_written_once_in_a_minute() {
    let host = Host::new();
    let body = r#"{"sessionId":"s1","expiresIn":"30d"}"#;
    let writes = |seconds| {
        host.at(seconds);
        let request = post("/entity/ent_1/token", KEY).header("Content-Type", "application/json");
        let request = request.body(body.as_bytes().to_vec()).unwrap();
        let mut task = host.endpoint.handle(request, &host.context());
        let (mut reply, mut writes) = (None, 0);
        loop {
            match task.step(reply.take()) {
                Step::Need(command) => {
                    writes += usize::from(matches!(command, Command::Cas { .. }));
                    reply = Some(host.store.execute(command));
                }
                Step::Done(outcome) => return (writes, token(&outcome.result.unwrap())),
                Step::Spent => panic!("no end"),
            }
        }
    };
    assert_eq!([0, 1, 59, 60, 61].map(|seconds| writes(seconds).0), [1, 0, 0, 1, 0]);
    let (written, last) = writes(119);
    assert_eq!(written, 0);
    host.at(119 + DAY);
    assert!(host.stands(&last));
    host.at(120 + DAY);
    assert!(!host.stands(&last));
    assert_eq!(writes(120 + DAY).0, 1);
}

/// Row 1.27: a token without a session lives its own life.
#[test]
fn a_token_without_a_session_needs_none() {
    let host = Host::new();
    let token = host.token(r#"{"expiresIn":"30d"}"#);
    host.at(29 * DAY);
    assert!(host.stands(&token));
}

/// A clock that is behind does not make a session older.
#[test]
fn a_session_is_never_made_older() {
    let host = Host::new();
    host.at(60);
    let ahead = of_session(&host, "s1");
    host.at(0);
    of_session(&host, "s1");
    host.at(DAY + 59);
    assert!(host.stands(&ahead));
}

/// Row 1.50: a renewal that is under way while all tokens end, at whichever of its steps, leaves no token that stands.
#[test]
fn no_renewal_outruns_the_end_of_all_tokens() {
    let bodies = ["{}", r#"{"sessionId":["s1"]}"#];
    // With a session that is written by the renewal, and one that is not.
    for (body, seconds) in bodies.into_iter().flat_map(|body| [(body, 59), (body, 60)]) {
        let mut answers = Vec::new();
        for before in 0.. {
            let host = Host::new();
            let old = of_session(&host, "s1");
            host.at(seconds);
            let request = post("/entity/ent_1/token", &old).body(Vec::new()).unwrap();
            let mut task = host.endpoint.handle(request, &host.context());
            let (mut reply, mut commands) = (None, 0);
            let response = loop {
                match task.step(reply.take()) {
                    Step::Need(command) => {
                        if commands == before {
                            end(&host, body);
                        }
                        commands += 1;
                        reply = Some(host.store.execute(command));
                    }
                    Step::Done(outcome) => break outcome.result.unwrap(),
                    Step::Spent => unreachable!(),
                }
            };
            if commands <= before {
                break;
            }
            answers.push(response.status().as_u16());
            if response.status() == 200 {
                assert!(!host.stands(&token(&response)), "{body}: ended before command {before}");
            }
        }
        assert!(answers.len() >= 2 && answers.contains(&401), "{body}: {answers:?}");
    }
}
