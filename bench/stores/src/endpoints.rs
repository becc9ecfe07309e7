//! `tokenmint serve` over HTTP: client credentials, refresh and redemption, at 1, 8 and 64 connections.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::Place;
use crate::filter::Filter;
use crate::measure::{Work, slice, sum};

const TURNS: usize = 3;
const CONNECTIONS: [usize; 3] = [1, 8, 64];
const SECRET: &str = "the-secret-of-a-client-of-the-benchmark";

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, store: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("tokenmint.toml");
        let hash = tokenmint::SecretHash::of(SECRET.as_bytes()).to_string();
        let mut text = include_str!("serve.toml").to_owned();
        for number in 0..CONNECTIONS[2] {
            text += &format!(
                "\n[[clients]]\nid = \"{}\"\norganization = \"org_1\"\nsecret_sha256 = \"HASH\"\n\
                 permissions = [\"client_credentials\", \"sessions\"]\n",
                client_id(number)
            );
        }
        std::fs::write(&config, text.replace("HASH", &hash))?;
        let config = config.to_str().context("a path that is no text")?;
        let mut child = Command::new(program)
            .args(["serve", "--config", config, "--port", "0", "--quiet", "--store", store])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("http://").context("the server did not start")?.to_owned();
        Ok(Server { child, address })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection, and what it asks for next.
struct Client {
    id: String,
    operation: Operation,
    connection: SendRequest<Full<Bytes>>,
    address: String,
    refresh: String,
    links: Vec<String>,
}

#[derive(Clone, Copy)]
enum Operation {
    ClientCredentials,
    Refresh,
    Redeem,
}

pub(crate) async fn table(place: &Place, program: &str, entries: u64, filter: &Filter) -> Result<()> {
    println!("\n### {}, {entries} entries, endpoints\n", place.name);
    println!("| connections | requests/s | p50 | p99 |\n|---|---:|---:|---:|");
    let server = Server::start(program, &place.url)?;
    for (name, operation) in [
        ("client credentials", Operation::ClientCredentials),
        ("refresh", Operation::Refresh),
        ("redeem", Operation::Redeem),
    ] {
        // The last word of it.
        if !filter.admits(name.rsplit(' ').next().unwrap_or_default()) {
            continue;
        }
        for connections in CONNECTIONS {
            if !filter.admits_workers(connections) {
                continue;
            }
            let mut clients = Vec::new();
            for number in 0..connections {
                clients.push(Client::connect(&server.address, number, operation).await?);
            }
            let mut slices = Vec::new();
            for _ in 0..TURNS {
                if matches!(operation, Operation::Redeem) {
                    for client in &mut clients {
                        client.make_links(4000 / connections).await?;
                    }
                }
                let measured;
                (clients, measured) = slice(clients).await?;
                slices.push(measured);
            }
            let all = sum(slices);
            println!(
                "| {name} x{connections} | {:.0} | {:.0?} | {:.0?} |",
                all.per_second(),
                all.quantile(0.5),
                all.quantile(0.99)
            );
        }
    }
    Ok(())
}

impl Client {
    async fn connect(address: &str, number: usize, operation: Operation) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let mut client = Client {
            id: client_id(number),
            operation,
            connection,
            address: address.to_owned(),
            refresh: String::new(),
            links: Vec::new(),
        };
        if matches!(operation, Operation::Refresh) {
            let body = json!({ "api_key_id": client.id, "api_key_secret": SECRET });
            client.refresh = text(&client.post("/auth/token", &body).await?, "refresh_token")?;
        }
        Ok(client)
    }

    async fn make_links(&mut self, count: usize) -> Result<()> {
        while self.links.len() < count {
            let body = json!({
                "end_user_email_address": "example@example.com",
                "end_user_organization_name": "Test Organization",
                "end_user_origin_id": "12345",
                "categories": ["hris"],
                "integration": "bamboohr",
            });
            let link = text(&self.post("/api/hris/v1/link-token", &body).await?, "link_token")?;
            self.links.push(link);
        }
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let request = hyper::Request::post(path)
            .header("host", &self.address)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {SECRET}"))
            .header("x-monite-version", "2024-05-25")
            .body(Full::new(Bytes::from(body.to_string())))?;
        self.connection.ready().await?;
        let response = self.connection.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == 200, "{path}: {status}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Work for Client {
    async fn once(&mut self, _: u64) -> Result<()> {
        match self.operation {
            Operation::ClientCredentials => {
                let body = json!({ "grant_type": "client_credentials", "client_id": self.id, "client_secret": SECRET });
                text(&self.post("/v1/auth/token", &body).await?, "access_token")?;
            }
            Operation::Refresh => {
                let body = json!({ "refresh_token": self.refresh });
                self.refresh = text(&self.post("/auth/token/refresh", &body).await?, "refresh_token")?;
            }
            Operation::Redeem => {
                let link = match self.links.pop() {
                    Some(link) => link,
                    // Faster than was thought: the rest of the time is spent on making them, and counts.
                    None => {
                        self.make_links(1).await?;
                        self.links.pop().context("no link")?
                    }
                };
                let body = json!({ "link_token": link });
                text(&self.post("/api/link-token/redeem", &body).await?, "public_token")?;
            }
        }
        Ok(())
    }
}

/// Each connection has a client of its own: a limit that all of them share would be what is measured.
fn client_id(number: usize) -> String {
    format!("eb959578-a74d-4ac3-8b25-{number:012}")
}

fn text(body: &Value, name: &str) -> Result<String> {
    match body[name].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("no {name} in {body}"),
    }
}
