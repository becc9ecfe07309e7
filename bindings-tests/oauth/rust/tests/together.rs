//! Sixty-four processes of one client refresh one session a thousand times and more, on each store, through two servers
//! where the store can be shared: nobody is logged out, and no refresh token has two successors.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tokenmint_oauth_clients::{Server, admin, fresh};

const PROCESSES: usize = 64;
const ROUNDS: usize = 16;
const UNAVAILABLE: &str = "failed temporarily_unavailable";
/// How long a server may take until it has found its store again.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn memory() {
    Session::start("memory:", 1).refresh_together();
}

#[test]
fn sqlite() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(fresh("sqlite"));
    std::fs::create_dir(&folder).unwrap();
    Session::start(&format!("sqlite:{}", folder.join("tokens.db").display()), 2).refresh_together();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn postgres() {
    refresh_around_an_outage("postgres");
}

#[test]
fn redis() {
    refresh_around_an_outage("redis");
}

/// Where a client asks too often, it learns that it should come again, and not that it is logged out.
#[test]
fn a_limit() {
    let folder = config().parent().unwrap().display().to_string();
    let text = std::fs::read_to_string(config()).unwrap();
    let text = text.replace("jwks_file = \"", &format!("jwks_file = \"{folder}/"));
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(fresh("limited"));
    let limit = "[limits]\nclient = { events = 1, per = \"1h\", burst = 2 }\n";
    std::fs::write(&path, format!("{text}\n{limit}")).unwrap();
    // The start of the session is the first of two.
    let mut session = Session::start_with(&path, "memory:", 1);
    assert!(session.refresh_once().starts_with("next "));
    assert_eq!(session.refresh_once(), UNAVAILABLE);
    session.is_alive();
    std::fs::remove_file(path).unwrap();
}

/// Where the store is away, a client learns that it should come again; when it is back, the session goes on.
fn refresh_around_an_outage(kind: &str) {
    let mut store = StoreServer::start(kind);
    let mut session = Session::start(&store.ask("fresh"), 2);
    session.refresh_together();
    store.ask("stop");
    assert_eq!(session.refresh_once(), UNAVAILABLE);
    store.ask("start");
    session.wait_for_store();
    session.refresh_together();
}

fn config() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../serve.toml")
}

/// One session, the servers that know it, and the processes that share it.
struct Session {
    servers: Vec<Server>,
    clients: Vec<Client>,
    subject: String,
    refresh_token: String,
}

impl Session {
    fn start(store: &str, servers: usize) -> Self {
        Session::start_with(&config(), store, servers)
    }

    fn start_with(config: &Path, store: &str, servers: usize) -> Self {
        let program =
            PathBuf::from(std::env::var_os("TOKENMINT").expect("TOKENMINT is the path of the program"));
        let servers: Vec<_> = (0..servers).map(|_| Server::start(&program, config, store)).collect();
        let clients = (0..PROCESSES).map(|_| Client::start()).collect();
        let subject = fresh("user");
        let input = json!({ "subject": subject, "client_id": "app", "scope": "read write" });
        let started = admin(&servers[0].admin, "start_session", &input);
        let refresh_token = started["refresh_token"].as_str().unwrap().to_owned();
        Session { servers, clients, subject, refresh_token }
    }

    fn refresh_together(&mut self) {
        let mut successors: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for round in 0..ROUNDS {
            // All are told before one is heard: none waits for another.
            for (client, server) in self.clients.iter_mut().zip(self.servers.iter().cycle()) {
                client.tell(&format!("{}/oauth/token {}", server.address, self.refresh_token));
            }
            let next = successors.entry(self.refresh_token.clone()).or_default();
            for client in &mut self.clients {
                let said = client.hear();
                let token = said.strip_prefix("next ");
                next.insert(token.unwrap_or_else(|| panic!("round {round}, logged out: {said}")).to_owned());
            }
            assert_eq!(next.len(), 1, "round {round}, a fork: {next:?}");
            self.refresh_token = next.first().unwrap().clone();
        }
        assert_eq!(successors.len(), ROUNDS, "each refresh token is a new one");
        self.is_alive();
    }

    fn is_alive(&self) {
        for server in &self.servers {
            let listed = admin(&server.admin, "list_sessions", &json!({ "subject": self.subject }));
            assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(1), "{listed}");
        }
    }

    fn refresh_once(&mut self) -> String {
        self.refresh_once_at(0)
    }

    fn refresh_once_at(&mut self, server: usize) -> String {
        self.clients[0].tell(&format!("{}/oauth/token {}", self.servers[server].address, self.refresh_token));
        self.clients[0].hear()
    }

    /// A client that is told to come again does so, at each server, until the store is there.
    fn wait_for_store(&mut self) {
        let end = Instant::now() + PATIENCE;
        for server in 0..self.servers.len() {
            loop {
                let said = self.refresh_once_at(server);
                if said.starts_with("next ") {
                    break;
                }
                assert!(said == UNAVAILABLE && Instant::now() < end, "{said}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// A process of the client, which ends when its input does.
struct Client {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tokenmint-oauth-clients"));
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        Client { process, input, output }
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// A PostgreSQL or a Redis, by the script that all tests of other languages use.
struct StoreServer(Client);

impl StoreServer {
    fn start(kind: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../server.sh");
        let mut command = Command::new("sh");
        let mut process =
            command.arg(script).arg(kind).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (process.stdin.take(), BufReader::new(process.stdout.take().unwrap()));
        let mut server = StoreServer(Client { process, input, output });
        assert_eq!(server.0.hear(), "ready");
        server
    }

    fn ask(&mut self, line: &str) -> String {
        self.0.tell(line);
        self.0.hear()
    }
}
