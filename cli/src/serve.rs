//! `tokenmint serve`: the listeners, their connections, and the end.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokenmint::config::Config;
use tokio::net::{TcpListener, TcpStream};
use tracing::{info, warn};

use crate::admin::{Admin, Keys};
use crate::app::App;
use crate::args::Serve;
use crate::config::{self, Source};
use crate::dialects::Dialects;
use crate::failure::{Failure, Result, print};
use crate::http::Site;
use crate::places::Places;
use crate::{connection, demo, housekeeping, log, push, rotation, store};

/// How many connections there are at most.
const MAX_CONNECTIONS: usize = 4096;
/// How many connections of the admin API there are beside them at most.
const ADMIN_CONNECTIONS: usize = 64;
/// How many files and sockets there are beside them at most: the store's, and those of the program itself.
const OTHER_FILES: usize = 128 + ADMIN_CONNECTIONS;
/// How many connections one address may have where nothing says so.
const CONNECTIONS_PER_ADDRESS: u32 = 1024;
/// How long a connection may wait for its next request where nothing says so. Load balancers keep theirs for 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests under way may take to finish at the end.
const DRAIN_TIME: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Serve) -> Result<()> {
    log::start(args.quiet);
    let source = match &args.config {
        Some(path) => Source::file(path)?,
        None => Source::demo(),
    };
    store::block_on(serve(args, source))
}

async fn serve(args: &Serve, source: Source) -> Result<()> {
    let config = source.parse()?;
    let mut stop = Stop::listen()?;
    let address = config::address(&config, args.host, args.port)?;
    let (listener, bound) = listen(address).await?;
    let admin = match &config.admin {
        Some(admin) if args.demo => Some((admin, listen(demo::admin_address(address)).await?)),
        Some(admin) => Some((admin, listen(admin.listen).await?)),
        None => None,
    };
    let base = format!("http://{bound}");

    let mut sources = source.sources();
    let service = source.build(&config, bound, &mut sources)?;
    let store = store::open(&args.store, &config, &sources).await?;
    let app = Arc::new(App::new(service.endpoint.clone(), store));
    housekeeping::prepare(&app, &service).await?;

    print(&base)?;
    let admin_base = admin.as_ref().map(|(_, (_, bound))| format!("http://{bound}"));
    if let Some(admin) = &admin_base {
        print(format_args!("admin {admin}"))?;
    }
    if args.demo {
        print(demo::lines(&base, &admin_base.unwrap_or_default()).trim_end())?;
        if !bound.ip().is_loopback() {
            warn!(target: "tokenmint::serve", "the demonstration's credentials are public, and others can reach it");
        }
    }
    info!(target: "tokenmint::serve", address = %bound, "listening");
    let connections = GracefulShutdown::new();
    let dialects = Dialects(Arc::clone(&app));
    let public = Door::new(args, &config, dialects).open(listener, &connections);
    let private = async {
        match admin {
            Some((admin, (listener, bound))) => {
                info!(target: "tokenmint::serve", address = %bound, "listening for the admin API");
                let site = Admin::new(Arc::clone(&app), Keys::new(&admin.keys));
                Door::admin(args, &config, site).open(listener, &connections).await;
            }
            None => std::future::pending().await,
        }
    };
    let keeper = tokio::spawn(housekeeping::run(Arc::clone(&app), service));
    let publisher = tokio::spawn(housekeeping::make_status_lists(Arc::clone(&app)));
    let sender = tokio::spawn(push::run(Arc::clone(&app)));
    let follower = tokio::spawn(rotation::follow(Arc::clone(&app), source, config.clone(), bound, sources));
    tokio::select! {
        () = public => {}
        () = private => {}
        () = stop.asked() => {}
    }
    keeper.abort();
    publisher.abort();
    sender.abort();
    follower.abort();
    drain(connections, &mut stop).await;
    info!(target: "tokenmint::serve", "stopped");
    Ok(())
}

/// Takes an address, and says which one it is: a port 0 is any free one.
async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let fail = |error: std::io::Error| Failure::runtime(format!("listen at {address}"), error);
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    Ok((listener, bound))
}

/// Lets connections in to a site.
struct Door<S> {
    site: Arc<S>,
    places: Arc<Places>,
    keep_alive: Duration,
}

impl<S: Site> Door<S> {
    /// For everybody.
    fn new(args: &Serve, config: &Config, site: S) -> Self {
        let of_one = args.connections_per_address.or(config.server.connections_per_address);
        let of_one = match of_one.unwrap_or(CONNECTIONS_PER_ADDRESS) {
            0 => usize::MAX,
            of_one => of_one as usize,
        };
        Self::with(args, config, site, Places::new(room(), of_one))
    }

    /// For the operator, who has places that nobody else can take.
    fn admin(args: &Serve, config: &Config, site: S) -> Self {
        Self::with(args, config, site, Places::new(ADMIN_CONNECTIONS, ADMIN_CONNECTIONS))
    }

    fn with(args: &Serve, config: &Config, site: S, places: Arc<Places>) -> Self {
        let keep_alive = args.keep_alive.or(config.server.keep_alive);
        let keep_alive = keep_alive.map_or(KEEP_ALIVE, |time| Duration::from_secs(time.seconds()));
        Door { site: Arc::new(site), places, keep_alive }
    }

    /// Takes connections for good.
    async fn open(self, listener: TcpListener, connections: &GracefulShutdown) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => match self.places.take(peer.ip()) {
                    Some(place) => {
                        // Only speed is lost where this fails.
                        let _ = stream.set_nodelay(true);
                        let (site, watcher) = (Arc::clone(&self.site), connections.watcher());
                        tokio::spawn(connection::serve(stream, site, place, self.keep_alive, watcher));
                    }
                    None => refuse(stream),
                },
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

/// Lets the requests under way finish, for a while; a second signal ends that, too.
async fn drain(connections: GracefulShutdown, stop: &mut Stop) {
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(DRAIN_TIME) => {
            warn!(target: "tokenmint::serve", "some requests did not finish in time");
        }
        () = stop.asked() => warn!(target: "tokenmint::serve", "asked twice to stop"),
    }
}

/// The signals that ask to stop.
#[cfg(unix)]
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Stop {
    fn listen() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| Failure::runtime("signals", error));
        Ok(Stop { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Stop;

#[cfg(not(unix))]
impl Stop {
    fn listen() -> Result<Self> {
        Ok(Stop)
    }

    async fn asked(&mut self) {
        // Where Ctrl-C cannot be heard there is no way to be asked.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
