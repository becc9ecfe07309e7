//! `tokenmint serve`: the listener, its connections, and the end.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::{info, warn};

use crate::args::Serve;
use crate::config::{self, Source};
use crate::failure::{Failure, Result, print};
use crate::http::{App, answer};
use crate::{demo, housekeeping, log, rotation, store};

/// How long a request's head may take to arrive, and a connection to stay idle.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// How large a request's head may be, in bytes, and how many headers it may have.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// More connections wait until others end.
const MAX_CONNECTIONS: usize = 4096;
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
    let address = config::address(&config, args.host, args.port)?;
    let mut stop = Stop::listen()?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure::runtime(format!("listen at {address}"), error))?;
    let bound = listener.local_addr().map_err(|error| Failure::runtime("the address", error))?;
    let base = format!("http://{bound}");

    let mut sources = source.sources();
    let service = source.build(&config, bound, &mut sources)?;
    let store = store::open(&args.store, &config, &sources).await?;
    let app = Arc::new(App::new(service.endpoint.clone(), store));
    housekeeping::prepare(&app, &service).await?;

    print(&base)?;
    if args.demo {
        print(demo::lines(&base).trim_end())?;
        if !bound.ip().is_loopback() {
            warn!(target: "tokenmint::serve", "the demonstration's credentials are public, and others can reach it");
        }
    }
    info!(target: "tokenmint::serve", address = %bound, "listening");
    let keeper = tokio::spawn(housekeeping::run(Arc::clone(&app), service));
    let follower = tokio::spawn(rotation::follow(Arc::clone(&app), source, config, bound, sources));
    let connections = accept(&app, listener, &mut stop).await;
    keeper.abort();
    follower.abort();
    drain(connections, &mut stop).await;
    info!(target: "tokenmint::serve", "stopped");
    Ok(())
}

/// Takes connections until it is time to stop.
async fn accept(app: &Arc<App>, listener: TcpListener, stop: &mut Stop) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = stop.asked() => return connections,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connections.watch(connect(app, stream));
                tokio::spawn(async move {
                    // A connection that breaks is the client's business.
                    let _ = connection.await;
                    drop(place);
                });
            }
            // Out of file handles, say: some are free when connections end.
            Err(error) => {
                warn!(target: "tokenmint::serve", %error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn connect(
    app: &Arc<App>,
    stream: TcpStream,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = hyper::Error> + Send + 'static {
    // Only speed is lost where this fails.
    let _ = stream.set_nodelay(true);
    let app = Arc::clone(app);
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| answer(Arc::clone(&app), request)))
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
