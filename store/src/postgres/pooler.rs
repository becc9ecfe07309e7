//! Whether a pooler stands between, such as PgBouncer.
//!
//! A pooler in transaction mode may lead each statement to another session of the server. A name that a statement was
//! given in one session means nothing in the next, or, where another client has been there, something else. So it must
//! be known before the first name is given. A server says twice which of its processes serves a session: when it
//! greets, and when it is asked. A pooler greets with a number that it made up.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Client;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// Whether another session answers than the one that greeted. `answering` is what `pg_backend_pid()` says, as text.
pub(super) async fn is_between(client: &Client, answering: Option<&str>) -> bool {
    let greeting = greeted_by(client).await.map(|process| process.to_string());
    greeting.is_none() || greeting.as_deref() != answering
}

/// The process that the greeting named. Only a request to cancel repeats it, so one is written, and sent to nobody.
async fn greeted_by(client: &Client) -> Option<i32> {
    let mut paper = Paper(Vec::new());
    client.cancel_token().cancel_query_raw(&mut paper, Unencrypted).await.ok()?;
    // Length, code, process and secret, of four bytes each; a question whether there is TLS may go before.
    let (_, [.., a, b, c, d, _, _, _, _]) = paper.0.split_last_chunk::<16>()?;
    Some(i32::from_be_bytes([*a, *b, *c, *d]))
}

/// Keeps what is written, and agrees to TLS when it is asked.
struct Paper(Vec<u8>);

impl AsyncRead for Paper {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if into.remaining() > 0 {
            into.put_slice(b"S");
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Paper {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for &mut Paper {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Paper needs no encryption.
struct Unencrypted;

impl<'a> TlsConnect<&'a mut Paper> for Unencrypted {
    type Stream = &'a mut Paper;
    type Error = Infallible;
    type Future = Ready<Result<&'a mut Paper, Infallible>>;

    fn connect(self, paper: &'a mut Paper) -> Self::Future {
        ready(Ok(paper))
    }
}
