//! The admin API: what stands at its own address, for whom, and what the log says of it.

use std::io::Write;

use serde_json::{Value, json};
use tokenmint::OPERATIONS;

use crate::config::{Folder, small};
use crate::support::{Answer, Request, Server, connect_to, read_answer, until};

pub(crate) const KEY: &str = "demo-admin-key";

/// A configuration with an admin key for all, and one that only looks.
pub(crate) fn server() -> (Folder, Server) {
    let hash = |key: &str| tokenmint::SecretHash::of(key.as_bytes()).to_string();
    let folder = Folder::new(&small(&format!(
        "[ledger]\nissuer = \"https://second.example.com\"\nkey = \"k1\"\n\
         session_secret = \"another secret of at least 32 bytes\"\n\n\
         [[clients]]\nid = \"of-the-configuration\"\norganization = \"o\"\nsecret_sha256 = \"{}\"\npermissions = []\n\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n\n\
         [[admin.keys]]\nid = \"root\"\nkey_sha256 = \"{}\"\n\n\
         [[admin.keys]]\nid = \"support\"\nkey_sha256 = \"{}\"\noperations = [\"list_sessions\", \"check\"]\n",
        hash("s1"),
        hash(KEY),
        hash("key-that-only-looks"),
    )));
    let server = Server::with_config(&folder.config());
    (folder, server)
}

fn call(server: &Server, operation: &str, input: &Value) -> Answer {
    Request::to(&server.admin(), "POST", &format!("/v1/{operation}")).bearer(KEY).json(input).send()
}

#[test]
fn the_second_line_is_its_address_and_the_first_has_nothing_of_it() {
    let server = Server::demo();
    assert_ne!(server.admin(), server.address());
    let sessions = json!({ "sessions": [] });
    assert_eq!(call(&server, "list_sessions", &json!({ "subject": "u1" })).json(200), sessions);

    let outside = server.request("POST", "/v1/list_sessions").bearer(KEY).json(&json!({ "subject": "u1" }));
    outside.send().json(404);
    for path in
        ["/introspect", "/.well-known/jwks.json", "/v1", "/v1/", "/v1/list_sessions/", "/list_sessions"]
    {
        let answer = Request::to(&server.admin(), "POST", path).bearer(KEY).json(&json!({})).send();
        assert_eq!(answer.json(404)["error"], "route_not_found", "{path}");
    }
}

#[test]
fn every_operation_of_the_table_is_there() {
    let server = Server::demo();
    for operation in OPERATIONS {
        let answer = call(&server, operation, &json!({ "no such member": 1 })).json(400);
        assert_eq!((&answer["error"], &answer["field"]), (&json!("field_invalid"), &json!("no such member")));
        let answer = Request::to(&server.admin(), "GET", &format!("/v1/{operation}")).bearer(KEY).send();
        assert_eq!(answer.json(405)["error"], "method_not_allowed");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    assert_eq!(call(&server, "mint", &json!({})).json(404)["error"], "route_not_found");
}

#[test]
fn a_session_from_its_start_to_its_end() {
    let (_folder, server) = server();
    let second = |operation: &str| format!("{operation}?issuer=https%3A%2F%2Fsecond.example.com");
    let started = call(&server, &second("start_session"), &json!({ "subject": "u1" })).json(200);
    let listed = call(&server, &second("list_sessions"), &json!({ "subject": "u1" })).json(200);
    assert_eq!(listed["sessions"][0]["session"], started["session"]);
    let checked = json!({ "token": started["access_token"] });
    assert_eq!(call(&server, &second("check"), &checked).json(200)["subject"], "u1");
    let session = json!({ "session": started["session"] });
    assert_eq!(call(&server, &second("revoke_session"), &session).json(200), json!({}));
    assert_eq!(call(&server, &second("check"), &checked).json(401)["error"], "token_revoked");
    // The first issuer has no sessions, and a third is nobody.
    let answer = call(&server, "start_session", &json!({ "subject": "u1" })).json(400);
    assert_eq!((&answer["error"], &answer["field"]), (&json!("policy_invalid"), &json!("session_secret")));
    let answer = call(&server, "check?issuer=third", &checked).json(400);
    assert_eq!((&answer["error"], &answer["field"]), (&json!("invalid_request"), &json!("issuer")));
}

#[test]
fn the_clients_of_the_configuration_are_there() {
    let (_folder, server) = server();
    let rotate = |id: &str| call(&server, "rotate_client_secret", &json!({ "id": id, "keep_for": "1h" }));
    assert_eq!(rotate("nobody").json(404)["error"], "not_found");
    let proof = json!({ "client_id": "of-the-configuration", "client_secret": "s1" });
    let answer = call(&server, "client_credentials", &proof).json(401);
    // It is known, and may do nothing.
    assert_eq!(answer["error"], "invalid_client");
}

#[test]
fn only_whoever_has_a_key_may_call_and_only_what_it_is_for() {
    let (_folder, server) = server();
    let admin = server.admin();
    let ask = |operation: &str| {
        Request::to(&admin, "POST", &format!("/v1/{operation}")).json(&json!({ "subject": "u1" }))
    };
    for request in [
        ask("list_sessions"),
        ask("list_sessions").bearer("wrong"),
        ask("list_sessions").bearer(""),
        ask("list_sessions").header("Authorization", "Basic cm9vdDpkZW1vLWFkbWluLWtleQ=="),
        ask("list_sessions").bearer(KEY).bearer(KEY),
    ] {
        let answer = request.send();
        let body = answer.json(401);
        assert_eq!((&body["error"], &body["field"]), (&json!("unauthenticated"), &json!("Authorization")));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    ask("list_sessions").bearer("key-that-only-looks").send().json(200);
    let refused = ask("list_api_keys").bearer("key-that-only-looks").send();
    assert_eq!(refused.json(403)["error"], "forbidden");
    let listed = Request::to(&admin, "POST", "/v1/list_api_keys").bearer(KEY).json(&json!({ "owner": "o" }));
    listed.send().json(200);
}

#[test]
fn what_is_no_call_is_refused_where_it_is_wrong() {
    let (_folder, server) = server();
    let admin = server.admin();
    let post = |path: &str| Request::to(&admin, "POST", path).bearer(KEY);
    let json_body = |body: &str| post("/v1/list_sessions").body("application/json", body);
    let large = format!("{{\"subject\":\"{}\"}}", "x".repeat(64 * 1024));
    for (request, status, error, field) in [
        (post("/v1/list_sessions"), 400, "body_malformed", None),
        (json_body("[]"), 400, "body_malformed", None),
        (json_body("{\"subject\":\"a\",\"subject\":\"b\"}"), 400, "body_malformed", None),
        (json_body("{}"), 400, "field_required", Some("subject")),
        (json_body("{\"subject\":7}"), 400, "field_invalid", Some("subject")),
        (json_body(&large), 413, "body_too_large", None),
        (post("/v1/list_sessions").form("subject=u1"), 415, "media_type_unsupported", Some("Content-Type")),
        (post("/v1/list_sessions?isuer=x").json(&json!({})), 400, "invalid_request", Some("isuer")),
        (
            post("/v1/list_sessions?issuer=x&issuer=y").json(&json!({})),
            400,
            "invalid_request",
            Some("issuer"),
        ),
    ] {
        let body = request.send().json(status);
        assert_eq!((&body["error"], body["field"].as_str()), (&json!(error), field), "{body}");
        assert!(body["message"].is_string(), "{body}");
    }
}

#[test]
fn pages_have_no_access() {
    let (_folder, server) = server();
    let preflight = Request::to(&server.admin(), "OPTIONS", "/v1/list_sessions")
        .header("Origin", "https://app.example.com")
        .header("Access-Control-Request-Method", "POST");
    let call =
        Request::to(&server.admin(), "POST", "/v1/list_sessions").header("Origin", "https://app.example.com");
    for (request, status) in [(preflight, 405), (call.bearer(KEY).json(&json!({ "subject": "u1" })), 200)] {
        let answer = request.send();
        answer.json(status);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{answer:?}");
    }
}

#[test]
fn the_log_has_the_id_of_the_key_and_nothing_that_was_sent() {
    let (_folder, server) = server();
    let input = json!({ "purpose": "reset", "lifetime": "1h", "subject": "subject-7", "payload": { "a": "payload-8" } });
    let token =
        call(&server, "issue_single_use?issuer=https://second.example.com", &input).json(200)["token"]
            .as_str()
            .unwrap()
            .to_owned();
    call(&server, "verify_api_key", &json!({ "api_key": "secret-9" })).json(401);
    let admin = server.admin();
    Request::to(&admin, "POST", "/v1/revoke_all")
        .bearer("key-that-only-looks")
        .json(&json!({}))
        .send()
        .json(403);
    Request::to(&admin, "POST", "/v1/revoke_all?query-11")
        .bearer("bearer-12")
        .json(&json!({}))
        .send()
        .json(401);
    Request::to(&admin, "POST", "/v1/path-10?query-11").bearer("bearer-12").send().json(404);
    let log = server.log();
    for secret in ["payload-8", "secret-9", "path-10", "query-11", "bearer-12", KEY, &token] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let calls: Vec<_> = lines
        .filter(|line| line["event"] == "admin_call")
        .map(|line| {
            ["target", "key", "operation", "result"].map(|name| line[name].as_str().unwrap_or("-").to_owned())
        })
        .collect();
    let expected = [
        ["tokenmint::event", "root", "issue_single_use", "done"],
        ["tokenmint::event", "root", "verify_api_key", "unauthenticated"],
        ["tokenmint::event", "support", "revoke_all", "forbidden"],
        ["tokenmint::event", "-", "revoke_all", "unauthenticated"],
    ];
    assert_eq!(calls, expected);
    assert!(log.contains("\"route\":\"/v1/{operation}\""), "{log}");
}

#[test]
fn a_call_under_way_is_answered_before_the_end() {
    let (_folder, server) = server();
    let admin = server.admin();
    let mut stream = connect_to(&admin);
    let body = "{\"subject\":\"u1\"}";
    let head = format!(
        "POST /v1/list_sessions HTTP/1.1\r\nHost: {admin}\r\nAuthorization: Bearer {KEY}\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // It says so when it reads the body: the call is under way.
    let mut interim = [0; 25];
    std::io::Read::read_exact(&mut stream, &mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 Continue"));
    server.terminate();
    // Nobody is let in any more.
    until("the listener is closed", || std::net::TcpStream::connect(&admin).is_err());
    stream.write_all(body.as_bytes()).unwrap();
    read_answer(&mut stream).json(200);
    let (status, _, log) = server.finish();
    assert_eq!(status.code(), Some(0));
    assert!(!log.contains("did not finish in time"), "{log}");
}

/// A call with an `Idempotency-Key`, by the second issuer.
fn repeated(admin: &str, bearer: &str, operation: &str, key: &str, input: &Value) -> Answer {
    Request::to(admin, "POST", &format!("/v1/{operation}?issuer=https://second.example.com"))
        .bearer(bearer)
        .header("Idempotency-Key", key)
        .json(input)
        .send()
}

#[test]
fn a_creation_that_is_repeated_gives_the_same_answer_again() {
    let (_folder, server) = server();
    let admin = server.admin();
    let again = |operation: &str, input: Value| {
        let ask = || repeated(&admin, KEY, operation, "k-1", &input).json(200);
        let first = ask();
        assert_eq!(ask(), first, "{operation}");
        first
    };
    let session = again("start_session", json!({ "subject": "u1" }));
    let other = repeated(&admin, KEY, "start_session", "k-2", &json!({ "subject": "u1" })).json(200);
    assert_ne!(other["session"], session["session"]);
    let listed =
        call(&server, "list_sessions?issuer=https://second.example.com", &json!({ "subject": "u1" }));
    assert_eq!(listed.json(200)["sessions"].as_array().unwrap().len(), 2);
    again("create_client", json!({ "id": "c1", "organization": "o", "secret": "s", "permissions": [] }));
    again("rotate_client_secret", json!({ "id": "c1" }));
    let made = again("create_api_key", json!({ "owner": "o1" }));
    again("rotate_api_key", json!({ "id": made["id"] }));

    // Whatever has become of it meanwhile: the answer tells what was done, and nothing is done anew.
    let link = json!({ "purpose": "reset", "lifetime": "1h", "slot": "u1" });
    let token = again("issue_single_use", link.clone());
    let redeem = json!({ "purpose": "reset", "token": token["token"], "slot": "u1" });
    let redeem = || repeated(&admin, KEY, "redeem_single_use", "k-redeemed", &redeem);
    redeem().json(200);
    assert_eq!(again("issue_single_use", link), token);
    let path = "/v1/redeem_single_use?issuer=https://second.example.com";
    let body = json!({ "purpose": "reset", "token": token["token"], "slot": "u1" });
    let once_more = Request::to(&admin, "POST", path).bearer(KEY).json(&body).send().json(400);
    assert_eq!(once_more["error"], "link_used");
}

#[test]
fn a_creation_that_is_repeated_at_the_same_time_is_done_once() {
    let server = Server::demo();
    let admin = server.admin();
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let ask = || {
            let path = "/v1/start_session";
            let request = Request::to(&admin, "POST", path).bearer(KEY).header("Idempotency-Key", "k-1");
            request.json(&json!({ "subject": "u1" })).send().json(200)
        };
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    // Not even another signature, which ES256 makes anew each time.
    assert!(answers.iter().all(|answer| *answer == answers[0]), "answers differ");
    let listed = call(&server, "list_sessions", &json!({ "subject": "u1" })).json(200);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1);
}

#[test]
fn one_key_of_one_caller_is_for_one_input() {
    let (_folder, server) = server();
    let admin = server.admin();
    let first = repeated(&admin, KEY, "list_sessions", "k-1", &json!({ "subject": "u1" }));
    first.json(200);
    let other = repeated(&admin, KEY, "list_sessions", "k-1", &json!({ "subject": "u2" })).json(409);
    assert_eq!((&other["error"], &other["field"]), (&json!("already_exists"), &json!("Idempotency-Key")));
    // Somebody else's key is another one, and so is that of another operation.
    repeated(&admin, "key-that-only-looks", "list_sessions", "k-1", &json!({ "subject": "u2" })).json(200);
    repeated(&admin, KEY, "list_api_keys", "k-1", &json!({ "owner": "o" })).json(200);
    for key in ["", "two words", &"x".repeat(201)] {
        let refused = repeated(&admin, KEY, "list_sessions", key, &json!({ "subject": "u1" })).json(400);
        assert_eq!(
            (&refused["error"], &refused["field"]),
            (&json!("field_invalid"), &json!("Idempotency-Key"))
        );
    }
}

#[test]
fn a_refusal_is_not_kept() {
    let (_folder, server) = server();
    let admin = server.admin();
    let rotate = || repeated(&admin, KEY, "rotate_client_secret", "k-1", &json!({ "id": "c1" }));
    assert_eq!(rotate().json(404)["error"], "not_found");
    let client = json!({ "id": "c1", "organization": "o", "secret": "s", "permissions": [] });
    call(&server, "create_client", &client).json(200);
    rotate().json(200);
}

#[test]
fn the_store_cannot_read_an_answer_that_is_kept() {
    let folder = server().0;
    let data = tempfile::tempdir().unwrap();
    let arguments = [
        "serve",
        "--config",
        folder.config().to_str().unwrap(),
        "--port",
        "0",
        "--data-dir",
        data.path().to_str().unwrap(),
    ]
    .map(str::to_owned);
    let start = || Server::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let server = start();
    let input = json!({ "owner": "somebody" });
    let made = repeated(&server.admin(), KEY, "create_api_key", "idempotency-7", &input).json(200);
    server.output();
    for file in std::fs::read_dir(data.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [made["api_key"].as_str().unwrap(), "idempotency-7", KEY] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }
    // Another process finds it again.
    let server = start();
    assert_eq!(repeated(&server.admin(), KEY, "create_api_key", "idempotency-7", &input).json(200), made);
}

#[test]
fn the_document_has_every_operation_and_is_for_everybody() {
    let server = Server::demo();
    let get = |method: &str| Request::to(&server.admin(), method, "/v1/openapi.json").send();
    let document = get("GET").json(200);
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    // Beside itself, the events and the server.
    assert_eq!(paths.len(), OPERATIONS.len() + 3);
    for operation in OPERATIONS {
        let post = &paths[&format!("/v1/{operation}")]["post"];
        assert_eq!(post["operationId"], *operation);
        let codes = post["responses"]["400"]["x-error-codes"].as_array().unwrap();
        assert!(codes.contains(&json!("field_required")), "{post}");
    }
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["StartSessionRequest"]["required"], json!(["subject"]));
    assert_eq!(schemas["StartSessionRequest"]["properties"]["idle"]["anyOf"][1]["type"], "integer");
    assert_eq!(schemas["TokenPair"]["properties"]["expires_in"]["type"], "integer");
    assert_eq!((get("HEAD").status, get("HEAD").body.as_str()), (200, ""));
    assert_eq!(get("POST").json(405)["error"], "method_not_allowed");
}
