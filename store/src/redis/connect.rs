//! One multiplexed connection, made again when it breaks.
//!
//! The client's own manager would hide two things that matter here: whether a command was sent at all, and which
//! connection it went over, since WAIT counts the writes of its own connection only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, ErrorKind, IntoConnectionInfo, Pipeline,
    ProtocolVersion, PushInfo, PushKind, RedisError, RedisFuture, RedisResult, Value,
};
use tokio::sync::Mutex;
use url::Url;

/// How long after a failed attempt there is no other one: a server that is down is not stormed, and one that came back
/// is used soon.
const PAUSE: Duration = Duration::from_millis(100);

/// How old a connection is at least before it is left because its server became a replica.
const SETTLED: Duration = Duration::from_secs(1);

/// Where the password is taken from if the URL has none, as `redis-cli` does.
const PASSWORD: &str = "REDISCLI_AUTH";

/// What a URL and the environment say about connecting.
pub(super) fn settings(url: &Url) -> RedisResult<ConnectionInfo> {
    if url.scheme() == "rediss" {
        // Without a default, the TLS library panics where a program has two providers. If there is one, it is good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
    let info = url.clone().into_connection_info()?;
    // RESP3, since with RESP2 the client does not say when a connection is lost.
    let mut settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    if settings.password().is_none()
        && let Ok(password) = std::env::var(PASSWORD)
    {
        settings = settings.set_password(password);
    }
    Ok(info.set_redis_settings(settings))
}

/// A server, and the connection to it if there is one.
pub(super) struct Link {
    client: Client,
    /// For connecting, and again for an answer: a little less than a command may take, so that it is known which of the
    /// two took too long.
    timeout: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    failed: Option<Instant>,
}

impl Link {
    /// Connects to nothing yet.
    pub(super) fn new(settings: ConnectionInfo, timeout: Duration) -> RedisResult<Self> {
        let client = Client::open(settings)?;
        Ok(Link { client, timeout: timeout - timeout / 10, state: Mutex::default() })
    }

    /// The connection, made anew if need be. Where this fails, nothing was sent.
    pub(super) async fn connection(&self) -> RedisResult<Connection> {
        let late = |_| RedisError::from(std::io::Error::from(std::io::ErrorKind::TimedOut));
        tokio::time::timeout(self.timeout, self.connect()).await.map_err(late)?
    }

    async fn connect(&self) -> RedisResult<Connection> {
        // Held while connecting: whoever comes meanwhile waits for the same attempt.
        let mut state = self.state.lock().await;
        if let Some(connection) = state.connection.as_ref().filter(|connection| connection.is_whole()) {
            return Ok(connection.clone());
        }
        state.connection = None;
        if state.failed.is_some_and(|failed| failed.elapsed() < PAUSE) {
            return Err((ErrorKind::Io, "connecting failed a moment ago").into());
        }
        match Connection::new(&self.client, self.timeout).await {
            Ok(connection) => {
                state.connection = Some(connection.clone());
                Ok(connection)
            }
            Err(error) => {
                state.failed = Some(Instant::now());
                Err(error)
            }
        }
    }
}

/// A connection that all commands share, and that notes when it breaks.
#[derive(Clone)]
pub(super) struct Connection {
    inner: MultiplexedConnection,
    broken: Arc<AtomicBool>,
    since: Instant,
}

impl Connection {
    async fn new(client: &Client, timeout: Duration) -> RedisResult<Self> {
        let broken = Arc::new(AtomicBool::new(false));
        let lost = Arc::clone(&broken);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout))
            .set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    lost.store(true, Ordering::Relaxed);
                }
                Ok::<_, redis::aio::SendError>(())
            });
        let inner = client.get_multiplexed_async_connection_with_config(&config).await?;
        Ok(Connection { inner, broken, since: Instant::now() })
    }

    fn is_whole(&self) -> bool {
        !self.broken.load(Ordering::Relaxed)
    }

    // After a timeout too: nothing may ever come over this connection again. And a primary that became a replica is
    // left, since the address may lead to the new one.
    fn note<T>(&self, result: RedisResult<T>) -> RedisResult<T> {
        if let Err(error) = &result {
            let replica = error.code() == Some("READONLY") && self.since.elapsed() > SETTLED;
            if replica || error.is_io_error() || error.is_unrecoverable_error() {
                self.broken.store(true, Ordering::Relaxed);
            }
        }
        result
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        async move {
            let result = self.inner.req_packed_command(command).await;
            self.note(result)
        }
        .boxed()
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        async move {
            let result = self.inner.req_packed_commands(pipeline, offset, count).await;
            self.note(result)
        }
        .boxed()
    }

    fn get_db(&self) -> i64 {
        self.inner.get_db()
    }
}
