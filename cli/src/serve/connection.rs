//! One connection, from its first byte to its end, and the bounds that it keeps.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokenmint::MAX_TOKEN;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutWriter;

use crate::log;
use crate::serve::http::{Site, answer};
use crate::serve::listener::Listener;
use crate::serve::places::{LIFE, Place};

/// How large a request's head may be, in bytes: the largest token that is minted, and 16 KiB for all else.
const MAX_HEAD: usize = MAX_TOKEN + 16 * 1024;
/// How many headers it may have.
const MAX_HEADERS: usize = 64;
/// How long a client may take nothing of an answer.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long that answer may take, from the first byte of its request to its own last.
const LAST_ANSWER: Duration = Duration::from_secs(60);

/// Serves a connection until its end.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    site: Arc<impl Site>,
    listener: Arc<Listener>,
    place: Place,
    keep_alive: Duration,
    watcher: Watcher,
) {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITE_TIME));
    let _open = listener.opened(place.was_anothers());
    let place = Arc::new(place);
    let service =
        service_fn(|request| answer(Arc::clone(&site), Arc::clone(&listener), Arc::clone(&place), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // A client may close its side behind a request, or go: what has begun is carried out and answered.
        .half_close(true)
        .header_read_timeout(keep_alive)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::select! {
        // A connection that breaks is the client's business; a request that nobody could read is told.
        served = watcher.watch(connection) => match served {
            Err(error) if error.is_parse() => log::unreadable(&error),
            _ => {}
        },
        () = place.lost() => {}
        () = tokio::time::sleep(LIFE + keep_alive + LAST_ANSWER) => {}
    }
}

#[cfg(test)]
mod tests {
    use hyper_util::server::graceful::GracefulShutdown;
    use tokenmint::config::{Config, InlineOnly};
    use tokenmint_store::Database;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::task::JoinHandle;
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::app::App;
    use crate::serve::dialects::Dialects;
    use crate::serve::places::Places;

    const KEEP_ALIVE: Duration = Duration::from_secs(75);
    const GET: &[u8] = b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n";

    /// A connection whose time passes at once, and what takes `room` bytes for each side before it blocks.
    async fn connected(room: usize) -> (DuplexStream, JoinHandle<()>) {
        let config = r#"{
            "keys": [{ "kid": "k1", "secret": "a secret of at least thirty-two bytes" }],
            "mercoa": { "issuer": "https://api.example.com", "key": "k1" }
        }"#;
        let service = Config::from_json(config).unwrap().build(&mut InlineOnly).unwrap();
        let store = Database::open("memory:").await.unwrap();
        let site = Arc::new(Dialects(Arc::new(App::new(service, store))));
        let place = Places::new(1, 1).take([127, 0, 0, 1].into()).unwrap();
        let (client, server) = tokio::io::duplex(room);
        let served = async move {
            let all = GracefulShutdown::new();
            serve(server, site, Listener::alone(), place, KEEP_ALIVE, all.watcher()).await;
        };
        (client, tokio::spawn(served))
    }

    /// Sends a request, and reads to the end of the answer's body.
    async fn get(client: &mut DuplexStream) -> String {
        client.write_all(GET).await.unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"}") {
            seen.push(client.read_u8().await.unwrap());
        }
        String::from_utf8(seen).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_is_kept_as_long_as_it_says() {
        let (mut client, server) = connected(4096).await;
        get(&mut client).await;
        let idle = Instant::now();
        sleep(KEEP_ALIVE - Duration::from_secs(1)).await;
        get(&mut client).await;
        server.await.unwrap();
        assert_eq!(idle.elapsed().as_secs(), 2 * KEEP_ALIVE.as_secs() - 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_is_not_waited_for() {
        let (mut client, server) = connected(4096).await;
        let start = Instant::now();
        while client.write_all(b"G").await.is_ok() {
            sleep(Duration::from_secs(5)).await;
        }
        server.await.unwrap();
        assert!(start.elapsed() < KEEP_ALIVE + Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_not_waited_for() {
        let (mut client, server) = connected(4096).await;
        let (start, requests) = (Instant::now(), GET.repeat(1000));
        // Ends with an error when the server does.
        assert!(client.write_all(&requests).await.is_err());
        server.await.unwrap();
        assert_eq!(start.elapsed().as_secs(), WRITE_TIME.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_answer_after_its_life_is_the_last() {
        let (mut client, server) = connected(4096).await;
        let start = Instant::now();
        while start.elapsed() < LIFE {
            assert!(!get(&mut client).await.contains("connection: close"));
            sleep(Duration::from_secs(60)).await;
        }
        assert!(get(&mut client).await.contains("connection: close"));
        server.await.unwrap();
        assert_eq!(start.elapsed(), LIFE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_a_little_at_a_time_comes_to_an_end() {
        let (client, server) = connected(64).await;
        let (mut reader, mut writer) = tokio::io::split(client);
        let start = Instant::now();
        tokio::spawn(async move { while writer.write_all(GET).await.is_ok() {} });
        let slowly = tokio::spawn(async move {
            while reader.read_exact(&mut [0; 16]).await.is_ok() {
                sleep(Duration::from_secs(20)).await;
            }
        });
        let end = LIFE + KEEP_ALIVE + LAST_ANSWER;
        tokio::time::timeout(end + Duration::from_secs(1), server).await.expect("an end").unwrap();
        assert_eq!(start.elapsed(), end);
        slowly.await.unwrap();
    }
}
