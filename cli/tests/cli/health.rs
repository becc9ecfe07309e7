//! What an operator probes and scrapes: whether the server lives and is ready, and what it has counted.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::admin::KEY;
use crate::config::{Folder, small};
use crate::keys::Ring;
use crate::support::{Answer, Request, Server, connect, read_answer, until};

/// Asks the admin listener of a server.
fn ask(admin: &str, path: &str) -> Answer {
    Request::to(admin, "GET", path).send()
}

/// What was counted, each series by its name and labels as they are written.
fn scrape(admin: &str) -> BTreeMap<String, f64> {
    let answer = ask(admin, "/metrics");
    assert_eq!(answer.status, 200);
    let media_type = answer.header("content-type").unwrap();
    assert_eq!(media_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.body.ends_with("# EOF\n"));
    let series = answer.body.lines().filter(|line| !line.starts_with('#'));
    series
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

#[test]
fn a_server_lives_and_is_ready() {
    let server = Server::demo();
    let admin = server.admin();
    assert_eq!(ask(&admin, "/livez").json(200), json!({ "live": true }));
    let fine = json!({ "ready": true, "checks": { "serving": "ok", "store": "ok", "keys": "ok" } });
    assert_eq!(ask(&admin, "/readyz").json(200), fine);
    assert_eq!(Request::to(&admin, "HEAD", "/readyz").send().status, 200);
    let wrong = Request::to(&admin, "POST", "/readyz").json(&json!({})).send();
    assert_eq!((wrong.status, wrong.header("allow")), (405, Some("GET, HEAD")));
    assert!(server.told().contains(r#""route":"/readyz","status":405"#));
    assert!(!server.told().contains(r#""status":200"#), "a probe that finds all well is no news");
    // The dialects' listener has none of it.
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_server_that_ends_is_not_ready() {
    let server = Server::demo();
    let admin = server.admin();
    // A request that is not whole yet: the server waits for it.
    let mut half = connect(&server);
    let head = "POST /introspect HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n";
    half.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    half.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(scrape(&admin)[r#"tokenmint_connections{listener="public"}"#], 1.0);
    server.terminate();
    let ready = || ask(&admin, "/readyz");
    until("the server says that it ends", || ready().status == 503);
    let checks = ready().json(503);
    assert_eq!(checks["ready"], false);
    assert_eq!(checks["checks"], json!({ "serving": "stopping", "store": "ok", "keys": "ok" }));
    assert_eq!(ask(&admin, "/livez").status, 200);
    half.write_all(b"token=x").unwrap();
    assert_eq!(read_answer(&mut half).status, 401);
    assert_eq!(server.finish().0.code(), Some(0));
}

#[test]
fn it_serves_until_load_balancers_have_left() {
    let folder = Folder::new(&small(&format!(
        "\n[server]\ndrain_delay = \"1h\"\n\n[admin]\nlisten = \"127.0.0.1:0\"\n\n[[admin.keys]]\nid = \"root\"\nkey_sha256 = \"{}\"\n",
        tokenmint::SecretHash::of(KEY.as_bytes()),
    )));
    let server = Server::with_config(&folder.config());
    let admin = server.admin();
    server.terminate();
    until("the server says that it ends", || ask(&admin, "/readyz").status == 503);
    assert_eq!(server.get("/.well-known/jwks.json").status, 200);
    server.terminate();
    let (status, _, log) = server.finish();
    assert_eq!(status.code(), Some(0));
    assert!(log.lines().last().unwrap().contains(r#""message":"stopped""#), "{log}");
}

#[test]
fn requests_events_and_commands_are_counted() {
    let server = Server::demo();
    let admin = server.admin();
    let call = |operation: &str, input: &Value, key: &str| {
        Request::to(&admin, "POST", &format!("/v1/{operation}")).bearer(key).json(input).send()
    };
    let before = scrape(&admin);
    for _ in 0..3 {
        server.get("/.well-known/jwks.json");
    }
    server.request("POST", "/introspect").bearer("secret-1").form("token=secret-2").send().json(401);
    server.request("SECRET-3", "/magic-link/secret-4").send();
    let pair = call("start_session", &json!({ "subject": "secret-5" }), KEY).json(200);
    let refresh = json!({ "refresh_token": pair["refresh_token"] });
    for status in [200, 200] {
        // The second is within the grace.
        call("refresh", &refresh, KEY).json(status);
    }
    call("start_session", &json!({ "subject": "" }), KEY);
    call("start_session", &json!({ "subject": "u" }), "secret-6").json(401);
    let after = scrape(&admin);
    let counted = |series: &str| {
        let value = after.get(series).unwrap_or_else(|| panic!("{series} in {after:#?}"));
        value - before.get(series).copied().unwrap_or(0.0)
    };

    let public = |route: &str, method: &str, status: u16| {
        let labels = format!(r#"listener="public",route="{route}",method="{method}",status="{status}""#);
        counted(&format!("tokenmint_http_requests_total{{{labels}}}"))
    };
    assert_eq!(public("/.well-known/jwks.json", "GET", 200), 3.0);
    assert_eq!(public("/introspect", "POST", 401), 1.0);
    assert_eq!(public("/magic-link/{token}", "OTHER", 405), 1.0);
    let labels = r#"listener="public",route="/.well-known/jwks.json",method="GET""#;
    assert_eq!(counted(&format!("tokenmint_http_request_duration_seconds_count{{{labels}}}")), 3.0);
    let all = format!(r#"tokenmint_http_request_duration_seconds_bucket{{le="+Inf",{labels}}}"#);
    assert_eq!(counted(&all), 3.0);
    // The scrape before is counted now; this one is not answered yet.
    let scrapes =
        r#"tokenmint_http_requests_total{listener="admin",route="/metrics",method="GET",status="200"}"#;
    assert_eq!(counted(scrapes), 1.0);

    let event = |event: &str, reason: &str| {
        counted(&format!(r#"tokenmint_events_total{{event="{event}",reason="{reason}"}}"#))
    };
    assert_eq!(event("session_opened", ""), 1.0);
    assert_eq!(event("refresh_rotated", ""), 1.0);
    assert_eq!(event("refresh_replayed", ""), 1.0);
    assert_eq!(event("token_refused", "unauthenticated"), 1.0);
    let operation = |operation: &str, result: &str| {
        counted(&format!(r#"tokenmint_operations_total{{operation="{operation}",result="{result}"}}"#))
    };
    assert_eq!(operation("start_session", "done"), 1.0);
    assert_eq!(operation("start_session", "field_invalid"), 1.0);
    assert_eq!(operation("start_session", "unauthenticated"), 1.0);
    assert_eq!(operation("refresh", "done"), 2.0);

    let command = |command: &str| {
        let labels = format!(r#"command="{command}",result="done""#);
        counted(&format!("tokenmint_store_command_duration_seconds_count{{{labels}}}"))
    };
    assert!(command("load") >= 3.0 && command("cas") >= 2.0);
    // Each request had its own connection, and so had the scrape before.
    assert_eq!(counted(r#"tokenmint_connections_accepted_total{listener="public"}"#), 5.0);
    assert_eq!(counted(r#"tokenmint_connections_accepted_total{listener="admin"}"#), 6.0);
    assert_eq!(counted(r#"tokenmint_connections_refused_total{listener="public"}"#), 0.0);
    assert_eq!(after[concat!(r#"tokenmint_build_info{version=""#, env!("CARGO_PKG_VERSION"), "\"}")], 1.0);
    until("the first sweep is over", || scrape(&admin)[r#"tokenmint_sweeps_total{result="done"}"#] == 1.0);

    let text = ask(&admin, "/metrics").body.to_lowercase();
    assert!(!text.contains("secret"), "{text}");
    assert!(!text.contains(KEY), "{text}");
}

#[test]
fn older_scrapers_are_told_the_older_format() {
    let server = Server::demo();
    let scraped = |accept: &str| {
        let answer = Request::to(&server.admin(), "GET", "/metrics").header("Accept", accept).send();
        answer.header("content-type").unwrap().to_owned()
    };
    // As Prometheus sends it, and as what reads the older one alone does.
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                      text/plain;version=1.0.0;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
    assert!(scraped(prometheus).starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(scraped("*/*").starts_with("application/openmetrics-text"));
    assert_eq!(scraped("text/plain"), "text/plain; version=0.0.4; charset=utf-8");
}

#[test]
fn keys_their_next_step_and_status_lists_are_told() {
    let ring = Ring::new();
    ring.json("generate", &["--kid", "a", "--token-lifetime", "1h", "--active-for", "30d"]);
    ring.json("generate", &["--kid", "b"]);
    let config = format!(
        "[admin]\nlisten = \"127.0.0.1:0\"\n[[admin.keys]]\nid = \"root\"\nkey_sha256 = \"{}\"\n\
         [[keys]]\nkid = \"ring\"\nring_file = \"ring.json\"\n\
         [oauth]\nkey = \"ring\"\naudience = \"api\"\nstatus_lists = {{ every = \"5m\", ttl = \"5m\" }}\n",
        tokenmint::SecretHash::of(KEY.as_bytes()),
    );
    std::fs::write(ring.beside("tokenmint.toml"), config).unwrap();
    let server = Server::with_config(&ring.beside("tokenmint.toml"));
    let counted = scrape(&server.admin());
    for (kid, state) in [("a", "active"), ("b", "announced")] {
        let labels = format!(r#"ring="ring",kid="{kid}",state="{state}""#);
        let age = counted[&format!("tokenmint_key_state_age_seconds{{{labels}}}")];
        assert!((0.0..3600.0).contains(&age), "{age}");
    }
    let due = counted[r#"tokenmint_key_rotation_due_seconds{ring="ring",action="activate"}"#];
    let thirty_days = 30.0 * 86_400.0;
    assert!((thirty_days - 3600.0..=thirty_days).contains(&due), "{due}");
    let age = "tokenmint_status_list_age_seconds";
    until("the lists are made", || scrape(&server.admin()).contains_key(age));
    let aged = scrape(&server.admin())[age];
    until("they age", || scrape(&server.admin())[age] > aged);
}
