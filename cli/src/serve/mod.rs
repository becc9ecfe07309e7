//! `tokenmint serve`: the listeners, their connections, and the end.

mod admin;
mod connection;
mod console;
mod dialects;
mod door;
mod head;
mod health;
mod housekeeping;
mod http;
mod listener;
mod places;
mod push;
mod reload;
mod settings;
mod stop;

use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::app::App;
use crate::args::Serve;
use crate::config::{self, Source};
use crate::failure::{Result, print};
use crate::metrics::Metrics;
use crate::recent::Recent;
use crate::{demo, log, spans, store};

use admin::{Admin, Keys};
use dialects::Dialects;
use door::{Door, listen};
use health::Health;
use listener::Listener;
use reload::Reload;
use settings::Settings;
use stop::{Hangup, Stop};

/// How long requests under way may take to finish at the end.
const DRAIN_TIME: Duration = Duration::from_secs(10);

pub(crate) fn run(args: &Serve) -> Result<()> {
    let recent = log::start(args.quiet);
    let source = match &args.config {
        Some(path) => Source::file(path)?,
        None => Source::demo(),
    };
    let spans = spans::start()?;
    let served = store::block_on(serve(args, source, recent));
    spans.end();
    served
}

async fn serve(args: &Serve, source: Source, recent: Arc<Recent>) -> Result<()> {
    let config = source.parse()?;
    let (mut stop, hangup) = (Stop::listen()?, Hangup::listen()?);
    let address = config::address(&config, args.host, args.port)?;
    let (listener, bound) = listen(address).await?;
    let admin = match &config.admin {
        Some(admin) if args.demo => Some((admin, listen(demo::admin_address(address)).await?)),
        Some(admin) => Some((admin, listen(admin.listen).await?)),
        None => None,
    };
    if admin.is_some() {
        recent.open();
    }
    let base = format!("http://{bound}");

    let mut sources = source.sources();
    let service = source.build(&config, bound, &mut sources)?;
    let store = store::open(&args.store, &config, &sources).await?;
    let settings = watch::Sender::new(Settings::of(args, &config)?);
    let metrics = admin.as_ref().map(|_| Arc::new(Metrics::new()));
    let app = Arc::new(App::counting(service, store, metrics.clone()));
    app.prepare().await?;

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
    let (connections, operators) = (GracefulShutdown::new(), GracefulShutdown::new());
    let health = Arc::new(Health::new(Arc::clone(&app)));
    let dialects = Dialects(Arc::clone(&app));
    let admin_keys = Keys::new(config.admin.as_ref().map_or(&[], |admin| &admin.keys));
    let listens = Listener::public(metrics.clone(), settings.subscribe());
    let door = Door::new(settings.subscribe(), dialects, listens);
    let mut public = Box::pin(door.open(listener, &connections));
    let operators_door = async {
        match admin {
            Some((_, (listener, bound))) => {
                info!(target: "tokenmint::serve", address = %bound, "listening for the admin API");
                let (keys, health) = (admin_keys.clone(), Arc::clone(&health));
                let site = Admin::new(Arc::clone(&app), keys, health, Arc::clone(&recent));
                let listens = Listener::admin(metrics.clone(), settings.subscribe());
                let door = Door::admin(settings.subscribe(), site, listens);
                door.open(listener, &operators).await;
            }
            None => std::future::pending().await,
        }
    };
    let mut private = Box::pin(operators_door);
    let keeper = tokio::spawn(housekeeping::run(Arc::clone(&app)));
    let publisher = tokio::spawn(housekeeping::make_status_lists(Arc::clone(&app)));
    let sender = tokio::spawn(push::run(Arc::clone(&app)));
    let reload = Reload::new(args, Arc::clone(&app), admin_keys.clone(), settings.clone(), bound);
    let follower = tokio::spawn(reload.follow(source, config.clone(), sources, hangup));
    tokio::select! {
        () = &mut public => {}
        () = &mut private => {}
        () = stop.asked() => {}
    }
    health.stop();
    let delay = settings.borrow().drain_delay;
    if let Some(delay) = delay {
        info!(target: "tokenmint::serve", seconds = delay.as_secs(), "asked to stop, and serving until the others know");
        tokio::select! {
            () = &mut public => {}
            () = &mut private => {}
            () = tokio::time::sleep(delay) => {}
            () = stop.asked() => {}
        }
    }
    drop(public);
    recent.close();
    keeper.abort();
    publisher.abort();
    sender.abort();
    follower.abort();
    // The operator's probes see the end until it has come.
    let end = Instant::now() + DRAIN_TIME;
    let drained = tokio::select! {
        drained = drain(connections, end, &mut stop) => drained,
        () = &mut private => true,
    };
    drop(private);
    if drained {
        drain(operators, end, &mut stop).await;
    }
    info!(target: "tokenmint::serve", "stopped");
    Ok(())
}

/// Lets the requests under way finish, for a while; a second signal ends that, too. Whether they did.
async fn drain(connections: GracefulShutdown, end: Instant, stop: &mut Stop) -> bool {
    tokio::select! {
        () = connections.shutdown() => return true,
        () = tokio::time::sleep_until(end) => {
            warn!(target: "tokenmint::serve", "some requests did not finish in time");
        }
        () = stop.asked() => warn!(target: "tokenmint::serve", "asked twice to stop"),
    }
    false
}
