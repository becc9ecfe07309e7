//! What `tokenmint serve` answers to pages of other origins, as browsers ask.

use crate::config::{Folder, small};
use crate::support::{Answer, Request, Server};

const PAGE: &str = "https://app.example.com";

fn server() -> (Folder, Server) {
    let folder = Folder::new(&small(&format!(
        "[server]\ncors_origins = [\"http://localhost:5173\", \"{PAGE}\"]\n\n[[api_keys]]\n\
         key_sha256 = \"UHaA1Gr841RM0e51xKLSZvOCQ3La05rKF3jfY6TgOCo\"\norganization = \"o\"\n\
         permissions = [\"entity_tokens\"]\n\n[[entities]]\nid = \"e\"\norganization = \"o\"\n"
    )));
    let server = Server::with_config(&folder.config());
    (folder, server)
}

fn preflight(server: &Server, path: &str, origin: &str) -> Request {
    let request = server.request("OPTIONS", path).header("Origin", origin);
    request
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization,content-type")
}

fn allowed(answer: &Answer) -> Option<&str> {
    answer.header("access-control-allow-origin")
}

#[test]
fn public_keys_are_for_pages_of_any_origin() {
    for (server, origin) in [(Server::demo(), "https://partner.example"), (server().1, "null")] {
        for method in ["GET", "HEAD"] {
            let answer = server.request(method, "/.well-known/jwks.json").header("Origin", origin).send();
            assert_eq!((answer.status, allowed(&answer)), (200, Some("*")), "{answer:?}");
            // A cache may give the same answer to all.
            assert_eq!(answer.header("vary"), None);
        }
        let answer = preflight(&server, "/.well-known/jwks.json", origin).send();
        assert_eq!((answer.status, allowed(&answer)), (204, Some("*")), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,content-type"));
        // For a page that asks in vain, too: it may read why.
        let answer = server.request("POST", "/.well-known/jwks.json").header("Origin", origin).send();
        assert_eq!((answer.status, allowed(&answer)), (405, Some("*")), "{answer:?}");
    }
}

#[test]
fn the_dialects_are_for_pages_of_the_origins_that_are_listed() {
    let (_folder, server) = server();
    let answer = preflight(&server, "/entity/e/token", PAGE).send();
    assert_eq!((answer.status, answer.body.as_str(), allowed(&answer)), (204, "", Some(PAGE)), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,content-type"));
    assert_eq!(answer.header("access-control-max-age"), Some("7200"));

    let post = |bearer: &str, origin: &str| {
        server.request("POST", "/entity/e/token").bearer(bearer).header("Origin", origin).send()
    };
    for (bearer, status) in [("demo-mercoa-key", 200), ("wrong", 401)] {
        let answer = post(bearer, PAGE);
        assert_eq!((answer.status, allowed(&answer)), (status, Some(PAGE)), "{answer:?}");
        assert_eq!(answer.header("vary"), Some("Origin"));
        assert_eq!(answer.header("access-control-expose-headers"), Some("Retry-After"));
        // Nothing here goes by cookies.
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    // What this host refuses itself can be read as well.
    let answer = server.request("POST", "/entity/e/token").header("Origin", PAGE);
    let answer = answer.header("Transfer-Encoding", "gzip, chunked").send();
    assert_eq!((answer.status, allowed(&answer)), (400, Some(PAGE)), "{answer:?}");
}

#[test]
fn other_pages_learn_nothing_of_the_dialects() {
    let (_folder, listing) = server();
    for (server, vary) in [(&listing, Some("Origin")), (&Server::demo(), None)] {
        for origin in [
            "https://app.example.com.evil.example",
            "https://evil.example",
            "http://app.example.com",
            "https://app.example.com:8443",
            "HTTPS://APP.EXAMPLE.COM",
            "https://app.example.com, https://app.example.com",
            "null",
            "*",
            "",
        ] {
            let answers = [
                preflight(server, "/entity/e/token", origin).send(),
                server.request("POST", "/entity/e/token").header("Origin", origin).send(),
                server.request("POST", "/introspect").header("Origin", origin).send(),
                server.get("/entity/e/token"),
            ];
            assert_eq!(answers.each_ref().map(|answer| answer.status), [204, 401, 401, 405], "{origin}");
            for answer in answers {
                assert_eq!((allowed(&answer), answer.header("vary")), (None, vary), "{origin}: {answer:?}");
                assert_eq!(answer.header("access-control-allow-headers"), None);
            }
        }
    }
}

#[test]
fn what_is_no_preflight_goes_to_the_dialect() {
    let (_folder, server) = server();
    let answer = server.request("OPTIONS", "/entity/e/token").header("Origin", PAGE).send();
    assert_eq!(answer.status, 405);
    let answer =
        server.request("OPTIONS", "/entity/e/token").header("Access-Control-Request-Method", "POST").send();
    assert_eq!(answer.status, 405);
}
