//! Runs the program, and speaks HTTP to it.
#![allow(dead_code, reason = "each test program uses a part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What a finished command left.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Finished {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs `tokenmint` to its end.
pub(crate) fn run(arguments: &[&str]) -> Finished {
    run_with(arguments, "", &[])
}

/// Runs `tokenmint` with standard input and environment variables.
pub(crate) fn run_with(arguments: &[&str], input: &str, env: &[(&str, &str)]) -> Finished {
    finish(tokenmint().args(arguments).envs(env.iter().copied()), input)
}

/// Runs lines that a person would paste into a shell in this folder, where `tokenmint` is in the path. The first that
/// fails ends them.
pub(crate) fn shell(lines: &str, folder: &Path) -> Finished {
    let program = Path::new(env!("CARGO_BIN_EXE_tokenmint"));
    let path = std::env::join_paths(
        std::iter::once(program.parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new("sh");
    without_surroundings(&mut command);
    finish(command.args(["-eu", "-c", lines]).current_dir(folder).env("PATH", path.unwrap()), "")
}

fn finish(command: &mut Command, input: &str) -> Finished {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Beside the reading, as a command may answer before it has read everything.
    let writer = std::thread::spawn(move || {
        // A command that reads no input may be gone already.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Finished {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn tokenmint() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tokenmint"));
    without_surroundings(&mut command);
    command
}

/// Every server of these tests is on this machine.
fn without_surroundings(command: &mut Command) {
    for name in
        ["RUST_LOG", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
    {
        command.env_remove(name);
    }
}

/// A running `tokenmint serve`; it ends with the test.
pub(crate) struct Server {
    child: Child,
    pub(crate) base: String,
    /// What stands on standard output after the address.
    out: Told,
    log: Told,
}

impl Server {
    /// `serve --demo` at any free port.
    pub(crate) fn demo() -> Self {
        Self::start(&["serve", "--demo", "--port", "0"])
    }

    /// `serve --config` at any free port.
    pub(crate) fn with_config(path: &Path) -> Self {
        Self::start(&["serve", "--config", path.to_str().unwrap(), "--port", "0"])
    }

    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// With environment variables.
    pub(crate) fn start_with(arguments: &[&str], env: &[(&str, &str)]) -> Self {
        let mut child = tokenmint()
            .args(arguments)
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let log = Told::by(BufReader::new(child.stderr.take().unwrap()));
        let mut base = String::new();
        out.read_line(&mut base).unwrap();
        if base.is_empty() {
            panic!("the server did not start: {}", log.whole());
        }
        Server { child, base: base.trim_end().to_owned(), out: Told::by(out), log }
    }

    /// The address without the scheme.
    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// The address of the admin API, without the scheme: the second line says it.
    pub(crate) fn admin(&self) -> String {
        let line = || self.out.so_far().split_once('\n').map(|(line, _)| line.to_owned());
        until("the server says where its admin API is", || line().is_some());
        line().unwrap().strip_prefix("admin http://").unwrap().to_owned()
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::to(self.address(), method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// Asks it to stop, as an operator does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Waits for its end: how it ended, its standard output after the address, its log.
    pub(crate) fn finish(mut self) -> (ExitStatus, String, String) {
        let end = Instant::now() + Duration::from_secs(120);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < end, "the server does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        (status, self.out.whole(), self.log.whole())
    }

    /// What it has logged until now.
    pub(crate) fn told(&self) -> String {
        self.log.so_far()
    }

    /// Stops it and gives its log.
    pub(crate) fn log(self) -> String {
        self.terminate();
        self.finish().2
    }

    /// Stops it and gives its standard output after the address.
    pub(crate) fn output(self) -> String {
        self.terminate();
        self.finish().1
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program has written to one of its outputs.
struct Told {
    text: Arc<Mutex<String>>,
    reader: Mutex<Option<JoinHandle<()>>>,
}

impl Told {
    fn by(mut output: impl BufRead + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let telling = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while output.read_line(&mut line).unwrap() > 0 {
                telling.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        Told { text, reader: Mutex::new(Some(reader)) }
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    /// All of it, when the program has ended.
    fn whole(&self) -> String {
        if let Some(reader) = self.reader.lock().unwrap().take() {
            reader.join().unwrap();
        }
        self.so_far()
    }
}

/// A request in the making.
#[must_use]
pub(crate) struct Request {
    address: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request to whatever listens at an address.
    pub(crate) fn to(address: &str, method: &str, path: &str) -> Self {
        Request {
            address: address.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", media_type)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn form(self, body: &str) -> Self {
        self.body("application/x-www-form-urlencoded", body)
    }

    pub(crate) fn send(self) -> Answer {
        let mut stream = connect_to(&self.address);
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.path, self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n", self.body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&self.body).unwrap();
        read_answer(&mut stream)
    }
}

/// A connection for what is no whole request.
pub(crate) fn connect(server: &Server) -> TcpStream {
    connect_to(server.address())
}

pub(crate) fn connect_to(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
    stream
}

/// Waits until it is so; how long a slow machine takes for it does not matter.
#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !done() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Reads to the end of the connection, and takes the answer apart.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    // Where the server has left something unread, the end behind its answer is a reset.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
    let split = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    Answer { status, headers: lines.map(split).collect(), body: body.to_owned() }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body of an answer that must have this status, and be JSON that no cache keeps.
    #[track_caller]
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        if !self.header("cache-control").is_some_and(|value| value.starts_with("public")) {
            assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        }
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
