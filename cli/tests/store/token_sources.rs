//! Eight processes that share the tokens of some users in one file, and are killed while they ask a real server for the next
//! ones: nobody is logged out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokenmint::{
    Context, ErrorCode, TokenAnswer, TokenEndpoint, TokenRequest, TokenResponse, TokenSource, UnixTime,
};
use tokenmint_store::BlockingDatabase;

use super::*;

const PROCESSES: usize = 8;
const USERS: usize = 4;

/// How many access tokens end, of all users together; more of them where somebody has time.
fn expiries() -> usize {
    std::env::var("TOKENMINT_EXPIRIES").map_or(40, |number| number.parse().unwrap())
}

/// What a process that shares the tokens is told by its environment: the token endpoint, and the store.
const SHARES: [&str; 2] = ["TOKENMINT_TEST_ENDPOINT", "TOKENMINT_TEST_STORE"];

fn source(endpoint: &str, user: usize) -> TokenSource {
    TokenSource::new(endpoint, "demo-client")
        .unwrap()
        .secret("demo-client-secret-for-everybody")
        .named(format!("user_{user}"))
        .patience("2s".parse().unwrap())
}

/// The host of one process; it says before each request that it asks.
struct Host;

impl TokenEndpoint for Host {
    fn context(&self) -> Context {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).unwrap();
        Context::at_micros(now.as_micros().try_into().unwrap(), seed)
    }

    fn post(&self, request: &TokenRequest) -> TokenAnswer {
        println!("asks");
        sent(request).unwrap_or_else(|_| TokenAnswer::lost())
    }

    fn pause(&self, milliseconds: u64) {
        std::thread::sleep(Duration::from_millis(milliseconds));
    }
}

fn sent(request: &TokenRequest) -> std::io::Result<TokenAnswer> {
    let (address, path) = request.url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_millis(request.within_ms)))?;
    let TokenRequest { authorization, body, .. } = request;
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        authorization.as_deref().unwrap(),
        TokenRequest::MEDIA_TYPE,
        body.len(),
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(std::io::ErrorKind::InvalidData)?;
    Ok(TokenAnswer { status, body: body.into(), retry_after: None })
}

/// One of the processes; by itself it does nothing.
#[test]
#[ignore = "it is a process of the test below"]
fn shares_the_tokens() {
    let [Ok(endpoint), Ok(store)] = SHARES.map(std::env::var) else { return };
    // It ends with whoever has begun it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    let store = BlockingDatabase::open(&store).unwrap();
    let mut seen = BTreeSet::new();
    for user in (0..USERS).cycle() {
        match source(&endpoint, user).token(&store, &Host) {
            Ok(token) => {
                let claims = tokenmint::unverified::decode(&token.access_token).unwrap();
                assert!(claims.json().contains(&format!(r#""sub":"user_{user}""#)), "{}", claims.json());
                if seen.insert(tokenmint::fingerprint(token.access_token.as_bytes())) {
                    println!("uses {user} {}", tokenmint::fingerprint(token.access_token.as_bytes()));
                }
            }
            Err(error) => println!("fails {}", error.code().name()),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Begins one of the processes, which tells what it does with its number.
fn begin(number: usize, server: &Server, store: &str, told: &Sender<(usize, String)>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["token_sources::shares_the_tokens", "--exact", "--ignored", "--nocapture"])
        .env(SHARES[0], format!("{}/oauth/token", server.base))
        .env(SHARES[1], store)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, told) = (BufReader::new(child.stdout.take().unwrap()).lines(), told.clone());
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if told.send((number, line)).is_err() {
                return;
            }
        }
    });
    child
}

/// Signs a user in at the server, by its admin API: with tokens that live for a second.
fn sign_in_by_admin(server: &Server, user: usize) -> TokenResponse {
    let asked = json!({ "subject": format!("user_{user}"), "client_id": "demo-client", "scope": "read", "access_lifetime": "1s" });
    let call = support::Request::to(&server.admin(), "POST", "/v1/start_session").bearer("demo-admin-key");
    TokenResponse::read(call.json(&asked).send().body.as_bytes()).unwrap()
}

#[test]
fn nobody_is_logged_out_where_processes_share_tokens_and_die() {
    let folder = tempfile::tempdir().unwrap();
    let store = patient(&format!("sqlite:{}", folder.path().join("tokens.db").display()));
    let server = Server::demo();
    let kept = BlockingDatabase::open(&store).unwrap();
    for user in 0..USERS {
        let source = source(&format!("{}/oauth/token", server.base), user);
        source.keep(sign_in_by_admin(&server, user), &Host.context()).run(&kept).result.unwrap();
    }

    let (told, tells): (Sender<_>, Receiver<(usize, String)>) = channel();
    let mut processes: Vec<Child> =
        (0..PROCESSES).map(|number| begin(number, &server, &store, &told)).collect();
    let (mut tokens, mut asked, mut killed, mut failed) = (BTreeSet::new(), 0, 0, BTreeMap::new());
    while tokens.len() < expiries() + USERS {
        let (number, line) = tells.recv_timeout(Duration::from_secs(120)).expect("somebody gets a token");
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["asks"] => {
                asked += 1;
                // Each fifth that asks dies at once: before its request, with it, or with the answer in its hands.
                if asked % 5 == 0 {
                    // Child::kill is SIGKILL.
                    processes[number].kill().unwrap();
                    processes[number].wait().unwrap();
                    processes[number] = begin(number, &server, &store, &told);
                    killed += 1;
                }
            }
            ["uses", user, token] => {
                tokens.insert(format!("{user} {token}"));
            }
            ["fails", code] => {
                assert_ne!(
                    *code,
                    ErrorCode::SignInRequired.name(),
                    "after {} tokens and {killed} deaths",
                    tokens.len()
                );
                *failed.entry((*code).to_owned()).or_insert(0) += 1;
            }
            // What the test program says of itself.
            _ => {}
        }
    }
    for mut process in processes {
        process.kill().unwrap();
        process.wait().unwrap();
    }
    println!(
        "{} expiries, {asked} requests, {killed} processes killed, no log-out; {failed:?}",
        tokens.len() - USERS
    );
    assert!(killed > expiries() / 10, "{killed}");
    // The sessions are those of the beginning.
    for user in 0..USERS {
        let source = source(&format!("{}/oauth/token", server.base), user);
        assert!(source.token(&kept, &Host).unwrap().expires_at > Some(UnixTime::from_seconds(0)));
    }
}
