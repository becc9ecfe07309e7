//! A token that another process refuses after its revocation, without a request for it: `serve` publishes status lists, and a
//! verifier at the edge fetches them. The README shows the same.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use tokenmint::*;

use crate::support::{Server, until};

const CONFIG: &str = r#"
    keys = [{ kid = "k1", alg = "ES256", generate = true }]

    [oauth]
    key = "k1"
    audience = "api"
    status_lists = { every = "1s", ttl = "1s" }

    [[clients]]
    id = "worker"
    organization = "o"
    permissions = ["client_credentials"]
    secret_sha256 = "SECRET"
"#;

fn server(config: &str, store: &str) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenmint.toml");
    std::fs::write(&path, config.replace("SECRET", &SecretHash::of(b"s").to_string())).unwrap();
    Server::start(&["serve", "--config", path.to_str().unwrap(), "--port", "0", "--store", store])
}

fn now() -> UnixTime {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    UnixTime::from_seconds(i64::try_from(now).unwrap())
}

fn revoke(server: &Server, token: &str) {
    let form = format!("client_id=worker&client_secret=s&token={token}");
    assert_eq!(server.request("POST", "/oauth/revoke").form(&form).send().status, 200);
}

fn token(server: &Server) -> String {
    let form = "client_id=worker&client_secret=s&grant_type=client_credentials";
    let answer = server.request("POST", "/oauth/token").form(form).send().json(200);
    answer["access_token"].as_str().unwrap().to_owned()
}

/// An API at the edge, which has the issuer's public keys, and asks for nothing but lists.
struct Edge<'a> {
    server: &'a Server,
    issuer: String,
    keys: KeySet,
    verifier: Verifier,
    lists: StatusLists,
    fetches: Cell<usize>,
}

impl<'a> Edge<'a> {
    fn new(server: &'a Server, issuer: &str, keys: KeySet) -> Self {
        let verifier = Verifier::new(keys.clone()).issuer(issuer).audience("api").token_type("at+jwt");
        let lists = StatusLists::new().required().cooldown("1s".parse().unwrap());
        Edge { server, issuer: issuer.to_owned(), keys, verifier, lists, fetches: Cell::new(0) }
    }

    fn check(&self, token: &str, now: UnixTime) -> Result<()> {
        let verified = self.verifier.verify(token, now)?;
        loop {
            match self.lists.resolve(&verified, now) {
                StatusResolution::Valid => return Ok(()),
                StatusResolution::Refuse(error) => return Err(error),
                StatusResolution::Fetch { url } => {
                    self.fetches.set(self.fetches.get() + 1);
                    let answer = self.server.get(url.strip_prefix(&self.issuer).unwrap());
                    assert_eq!(
                        (answer.status, answer.header("content-type")),
                        (200, Some("application/statuslist+jwt"))
                    );
                    self.lists.fetched(&url, Ok(answer.body.as_bytes()), &self.keys, now)?;
                }
                StatusResolution::Wait { .. } => panic!("nobody else fetches"),
            }
        }
    }

    fn refuses(&self, token: &str) -> bool {
        self.check(token, now()).is_err_and(|error| error.code() == ErrorCode::TokenRevoked)
    }
}

#[test]
fn a_token_is_refused_in_another_process_without_a_request_for_it() {
    let server = server(CONFIG, "memory:");
    let keys = KeySet::from_jwks(&server.get("/.well-known/jwks.json").body).unwrap();
    let edge = Edge::new(&server, &server.base, keys);
    let tokens: Vec<String> = (0..20).map(|_| token(&server)).collect();
    let at = now();
    for _ in 0..50 {
        tokens.iter().for_each(|token| edge.check(token, at).unwrap());
    }
    assert_eq!(edge.fetches.get(), 1, "one list for a thousand looks");

    revoke(&server, &tokens[0]);
    until("the list says what was revoked", || edge.refuses(&tokens[0]));
    for token in &tokens[1..] {
        edge.check(token, now()).unwrap();
    }
    // The lists were all that it asked for: the server has seen no token of it.
    let log = server.log();
    assert!(!log.contains("introspect"), "{log}");
}

/// Of two machines one makes the lists, whichever is there, and each serves them.
#[test]
fn a_revocation_at_one_machine_is_in_the_list_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("tokens.db").display());
    let shared = CONFIG
        .replace(r#"alg = "ES256", generate = true"#, r#"secret = "a secret of at least thirty-two bytes""#)
        .replace("[oauth]", "[oauth]\nissuer = \"https://as.example\"");
    let keys = KeySet::builder().hmac("k1", b"a secret of at least thirty-two bytes".as_slice()).unwrap();
    let keys = keys.build().unwrap();
    let (one, other) = (server(&shared, &store), server(&shared, &store));
    let tokens = [&one, &one, &other, &other].map(token);
    let edges = [&one, &other].map(|server| Edge::new(server, "https://as.example", keys.clone()));
    for (edge, token) in edges.iter().flat_map(|edge| tokens.iter().map(move |token| (edge, token))) {
        edge.check(token, now()).unwrap();
    }
    revoke(&one, &tokens[0]);
    revoke(&other, &tokens[2]);
    for edge in &edges {
        until("both are in the list of each", || edge.refuses(&tokens[0]) && edge.refuses(&tokens[2]));
        edge.check(&tokens[1], now()).unwrap();
    }
    one.signal("KILL");
    revoke(&other, &tokens[3]);
    until("the other goes on", || edges[1].refuses(&tokens[3]));
    edges[1].check(&tokens[1], now()).unwrap();
}
