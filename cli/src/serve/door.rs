//! Where connections come in: so many of each address, and of all.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing::warn;

use super::connection;
use super::http::Site;
use super::listener::Listener;
use super::places::Places;
use super::settings::Settings;
use crate::failure::{Failure, Result};
use crate::log;

/// How many connections there are at most.
const MAX_CONNECTIONS: usize = 4096;
/// How many connections of the admin API there are beside them at most.
const ADMIN_CONNECTIONS: usize = 64;
/// How many files and sockets there are beside them at most: the store's, and those of the program itself.
const OTHER_FILES: usize = 128 + ADMIN_CONNECTIONS;

/// Takes an address, and says which one it is: a port 0 is any free one.
pub(super) async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let fail = |error: std::io::Error| Failure::runtime(format!("listen at {address}"), error);
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    Ok((listener, bound))
}

/// Lets connections in to a site.
pub(super) struct Door<S> {
    site: Arc<S>,
    listener: Arc<Listener>,
    places: Arc<Places>,
    settings: watch::Receiver<Settings>,
    /// Whether one address may take all places.
    private: bool,
}

impl<S: Site> Door<S> {
    /// For everybody.
    pub(super) fn new(settings: watch::Receiver<Settings>, site: S, listener: Arc<Listener>) -> Self {
        let places = Places::new(room(), settings.borrow().of_one);
        Door { site: Arc::new(site), listener, places, settings, private: false }
    }

    /// For the operator, who has places that nobody else can take.
    pub(super) fn admin(settings: watch::Receiver<Settings>, site: S, listener: Arc<Listener>) -> Self {
        let places = Places::new(ADMIN_CONNECTIONS, ADMIN_CONNECTIONS);
        Door { site: Arc::new(site), listener, places, settings, private: true }
    }

    /// Takes connections for good.
    pub(super) async fn open(self, listener: TcpListener, connections: &GracefulShutdown) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let settings = self.settings.borrow().clone();
                    if !self.private {
                        self.places.limit(settings.of_one);
                    }
                    match self.places.take(peer.ip()) {
                        Some(place) => {
                            // Only speed is lost where this fails.
                            let _ = stream.set_nodelay(true);
                            let (site, watcher) = (Arc::clone(&self.site), connections.watcher());
                            let listener = Arc::clone(&self.listener);
                            tokio::spawn(connection::serve(
                                stream,
                                site,
                                listener,
                                place,
                                settings.keep_alive,
                                watcher,
                            ));
                        }
                        None => {
                            self.listener.refused();
                            refuse(stream);
                        }
                    }
                }
                // Out of file handles, say: some are free when connections end.
                Err(error) => {
                    log::not_accepted(&error);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

/// How many connections there can be: each is a file to the system.
fn room() -> usize {
    let wanted = MAX_CONNECTIONS + OTHER_FILES;
    let files = match rlimit::increase_nofile_limit(wanted as u64) {
        Ok(files) => usize::try_from(files).unwrap_or(wanted),
        // It stays as it was, which nobody knows.
        Err(_) => wanted,
    };
    let room = files.saturating_sub(OTHER_FILES).clamp(1, MAX_CONNECTIONS);
    if room < MAX_CONNECTIONS {
        warn!(target: "tokenmint::serve", files, connections = room, "the limit of open files allows fewer connections");
    }
    room
}

/// Tells a client that there is no place, as far as that is possible without waiting for it.
fn refuse(stream: TcpStream) {
    const ANSWER: &[u8] =
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nCache-Control: no-store\r\n\
        Connection: close\r\nContent-Length: 0\r\n\r\n";
    if let Ok(mut stream) = stream.into_std() {
        // Who is gone needs no answer.
        let _ = stream.write(ANSWER);
    }
}
