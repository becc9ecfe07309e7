//! What the clients stand on: a server and its owner, and HTTP for the crate `oauth2`.

use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use oauth2::basic::BasicRequestTokenError;
use oauth2::{HttpRequest, HttpResponse, RequestTokenError};
use serde_json::Value;

/// What a call of the crate fails with.
pub type Failure = BasicRequestTokenError<ureq::Error>;

/// Sends a request, as the crate asks for it; a status that says no is an answer, too.
pub fn send(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let (head, mut body) = agent.run(request)?.into_parts();
    let mut bytes = Vec::new();
    body.as_reader().read_to_end(&mut bytes)?;
    Ok(HttpResponse::from_parts(head, bytes))
}

/// An operation of the server's owner.
pub fn admin(address: &str, operation: &str, input: &Value) -> Value {
    let request = oauth2::http::Request::post(format!("{address}/v1/{operation}"))
        .header("authorization", "Bearer demo-admin-key")
        .header("content-type", "application/json")
        .body(input.to_string().into_bytes())
        .unwrap();
    let answer = send(request).unwrap();
    let text = String::from_utf8_lossy(answer.body());
    assert_eq!(answer.status(), 200, "{operation}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// A name that nobody had before.
pub fn fresh(kind: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("{kind}-{}-{now}", std::process::id())
}

/// The error of the protocol that a call failed with, or what else went wrong.
pub fn error(failure: &Failure) -> String {
    match failure {
        RequestTokenError::ServerResponse(said) => said.error().as_ref().to_owned(),
        other => format!("{other:?}"),
    }
}

/// `tokenmint serve`, which ends with this value.
pub struct Server {
    pub address: String,
    pub admin: String,
    process: Child,
    // Held open: the server has more to say.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the program with a configuration and a store.
    pub fn start(program: &Path, config: &Path, store: &str) -> Self {
        let mut command = Command::new(program);
        command.args(["serve", "--port", "0", "--store", "env:STORE", "--config"]).arg(config);
        // A store that is away is warned of at length.
        command.env("STORE", store).env("RUST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let (address, second) = (line(), line());
        let admin =
            second.strip_prefix("admin ").unwrap_or_else(|| panic!("no address of the admin API: {second}"));
        Server { address, admin: admin.to_owned(), process, _output: output }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
