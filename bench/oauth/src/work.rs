//! What is asked of a server, over and over on one connection.

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::measure::Work;
use crate::servers::{CLIENT, Format, SECRET, Server};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    ClientCredentials,
    Refresh,
    Introspection,
    Exchange,
}

impl Operation {
    pub(crate) const ALL: [Operation; 4] =
        [Operation::ClientCredentials, Operation::Refresh, Operation::Introspection, Operation::Exchange];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Operation::ClientCredentials => "client credentials",
            Operation::Refresh => "refresh",
            Operation::Introspection => "introspection",
            Operation::Exchange => "exchange",
        }
    }

    /// Neither peer has an exchange of its own.
    pub(crate) fn is_known_to(self, server: &Server) -> bool {
        self != Operation::Exchange || server.name == "tokenmint"
    }

    /// node-oidc-provider introspects no JWT.
    pub(crate) fn is_for(self, format: Format) -> bool {
        self != Operation::Introspection || format == Format::Opaque
    }
}

/// A connection, and what it asks for next.
pub(crate) struct Client {
    operation: Operation,
    connection: SendRequest<Full<Bytes>>,
    host: String,
    authorization: String,
    path: &'static str,
    /// The refresh token to be exchanged next, or the access token to be asked about.
    token: String,
}

impl Client {
    pub(crate) async fn connect(server: &Server, number: usize, operation: Operation) -> Result<Self> {
        let stream = TcpStream::connect(&server.address).await?;
        stream.set_nodelay(true)?;
        let (connection, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        let basic = base64_simd::STANDARD.encode_to_string(format!("{CLIENT}:{SECRET}"));
        let mut client = Client {
            operation,
            connection,
            host: server.address.clone(),
            authorization: format!("Basic {basic}"),
            path: server.token_path,
            token: server.refresh_tokens.get(number).context("too few sessions")?.clone(),
        };
        if matches!(operation, Operation::Introspection | Operation::Exchange) {
            client.token = text(
                &client.post("grant_type=client_credentials&scope=read%20write").await?,
                "access_token",
            )?;
        }
        if operation == Operation::Introspection {
            client.path = server.introspection_path;
        }
        Ok(client)
    }

    async fn post(&mut self, form: &str) -> Result<Value> {
        let request = hyper::Request::post(self.path)
            .header("host", &self.host)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("authorization", &self.authorization)
            .body(Full::new(Bytes::from(form.to_owned())))?;
        self.connection.ready().await?;
        let response = self.connection.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        ensure!(status == 200, "{}: {status}: {}", self.path, String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Work for Client {
    async fn once(&mut self, _: u64) -> Result<()> {
        match self.operation {
            Operation::ClientCredentials => {
                text(&self.post("grant_type=client_credentials&scope=read").await?, "access_token")?;
            }
            Operation::Refresh => {
                let form = format!("grant_type=refresh_token&refresh_token={}", self.token);
                self.token = text(&self.post(&form).await?, "refresh_token")?;
            }
            Operation::Introspection => {
                let form = format!("token={}", self.token);
                ensure!(self.post(&form).await?["active"] == true, "the token is not active");
            }
            Operation::Exchange => {
                let form = format!(
                    "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&scope=read\
                     &subject_token_type=urn:ietf:params:oauth:token-type:access_token&subject_token={}",
                    self.token
                );
                text(&self.post(&form).await?, "access_token")?;
            }
        }
        Ok(())
    }
}

fn text(body: &Value, name: &str) -> Result<String> {
    match body[name].as_str() {
        Some(text) => Ok(text.to_owned()),
        None => bail!("no {name} in {body}"),
    }
}
