//! The servers: each is a process of its own on one core, with a client and a session for each connection.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

pub(crate) const CLIENT: &str = "bench-client";
pub(crate) const SECRET: &str = "the-secret-of-a-client-of-the-benchmark";
const ADMIN_KEY: &str = "the-admin-key-of-the-benchmark";

/// What access tokens are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Jwt,
    Opaque,
}

impl Format {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Format::Jwt => "ES256",
            Format::Opaque => "opaque",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Format::Jwt => "jwt",
            Format::Opaque => "opaque",
        }
    }
}

pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) address: String,
    pub(crate) token_path: &'static str,
    pub(crate) introspection_path: &'static str,
    pub(crate) refresh_tokens: Vec<String>,
    child: Child,
    /// What it says: it ends where nobody listens.
    _lines: Lines<BufReader<ChildStdout>>,
    /// What it is configured by.
    _folder: Option<tempfile::TempDir>,
}

impl Server {
    /// All of them; tokenmint is the first.
    pub(crate) async fn all(format: Format, sessions: usize) -> Result<Vec<Self>> {
        let node = ["node", "bench/oauth/node/provider.mjs"].map(str::to_owned);
        let fosite = [std::env::var("FOSITE")?];
        Ok(vec![
            Self::tokenmint(format, sessions).await?,
            Self::peer("node-oidc-provider 9.13.3", &node, format, sessions)?,
            Self::peer("fosite 0.49.0", &fosite, format, sessions)?,
        ])
    }

    /// How long it has used a processor, all its threads together.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name stands in brackets and may hold blanks; `utime` and `stime` are the 14th and 15th field.
        let fields = text.rsplit_once(')').context("/proc/PID/stat")?.1;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        // Linux tells them in hundredths of a second, whatever the kernel's own clock.
        Ok(Duration::from_millis(10 * ticks.sum::<Result<u64, _>>()?))
    }

    async fn tokenmint(format: Format, sessions: usize) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("tokenmint.toml");
        let hash = |secret: &str| tokenmint::SecretHash::of(secret.as_bytes()).to_string();
        let text = include_str!("serve.toml")
            .replace("FORMAT", format.word())
            .replace("CLIENT", CLIENT)
            .replace("HASH", &hash(SECRET))
            .replace("ADMIN", &hash(ADMIN_KEY));
        std::fs::write(&config, text)?;
        let config = config.to_str().context("a path that is no text")?;
        let program = std::env::var("TOKENMINT")?;
        let (child, mut lines) = start(&[
            program,
            "serve".into(),
            "--config".into(),
            config.into(),
            "--port".into(),
            "0".into(),
            "--quiet".into(),
        ])?;
        let address = read_address(&mut lines, "http://")?;
        let admin = read_address(&mut lines, "admin http://")?;
        let mut refresh_tokens = Vec::new();
        for number in 0..sessions {
            refresh_tokens.push(start_session(&admin, number).await?);
        }
        let (token_path, introspection_path) = ("/oauth/token", "/oauth/introspect");
        Ok(Server {
            name: "tokenmint",
            address,
            token_path,
            introspection_path,
            refresh_tokens,
            child,
            _lines: lines,
            _folder: Some(folder),
        })
    }

    fn peer(name: &'static str, program: &[String], format: Format, sessions: usize) -> Result<Self> {
        let arguments = [sessions.to_string(), format.word().to_owned()];
        let (child, mut lines) = start(&[program, &arguments].concat())?;
        let address = read_address(&mut lines, "http://")?;
        let mut refresh_tokens = Vec::new();
        loop {
            let line = lines.next().context("it ended early")??;
            match line.split_once(' ') {
                Some(("refresh", token)) => refresh_tokens.push(token.to_owned()),
                _ if line == "end" => break,
                _ => {}
            }
        }
        let (token_path, introspection_path) = ("/token", "/token/introspection");
        Ok(Server {
            name,
            address,
            token_path,
            introspection_path,
            refresh_tokens,
            child,
            _lines: lines,
            _folder: None,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program on the first core; what asks runs on the second.
fn start(program: &[String]) -> Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut child = Command::new("taskset")
        .args(["-c", "0"])
        .args(program)
        .env("GOMAXPROCS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(child.stdout.take().context("no output")?).lines();
    Ok((child, lines))
}

fn read_address(lines: &mut Lines<BufReader<ChildStdout>>, prefix: &str) -> Result<String> {
    let line = lines.next().context("the server did not start")??;
    match line.strip_prefix(prefix) {
        Some(address) => Ok(address.to_owned()),
        None => bail!("{line:?} instead of an address"),
    }
}

async fn start_session(admin: &str, number: usize) -> Result<String> {
    let stream = TcpStream::connect(admin).await?;
    let (mut connection, driver) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(driver);
    let body = format!(r#"{{"subject":"user_{number}","client_id":"{CLIENT}","scope":"read write"}}"#);
    let request = hyper::Request::post("/v1/start_session")
        .header("host", admin)
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {ADMIN_KEY}"))
        .body(Full::new(Bytes::from(body)))?;
    let response = connection.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    ensure!(status == 200, "{status}: {}", String::from_utf8_lossy(&body));
    let body: serde_json::Value = serde_json::from_slice(&body)?;
    Ok(body["refresh_token"].as_str().context("no refresh token")?.to_owned())
}
