//! The configuration while the server runs: its file, and the files that it names, are followed. What is new is taken whole or not
//! at all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokenmint::config::{Config, Service};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use super::admin::Keys;
use super::settings::Settings;
use super::stop::Hangup;
use crate::app::App;
use crate::args::Serve;
use crate::config::{self, Source};
use crate::failure::{Failure, Result};
use crate::sources::Sources;

/// How often the files are read: far below the margin that a rotation of keys leaves for it.
const EVERY: Duration = Duration::from_secs(1);
/// How many paths of fields a line of the log names.
const MOST_TOLD: usize = 20;

/// What a change reaches.
pub(super) struct Reload {
    args: Serve,
    app: Arc<App>,
    admin_keys: Keys,
    settings: watch::Sender<Settings>,
    address: SocketAddr,
}

/// A configuration, and what it named when it was read.
struct Read {
    source: Source,
    sources: Sources,
}

/// What is served, and what was looked at last.
struct Known {
    running: Read,
    config: Config,
    /// The text that is not served; it is not tried again before it or its files change.
    refused: Option<Read>,
    /// The text of the last look: one that is still being written is not taken.
    seen: Source,
    /// Whether the last look has told of something.
    told: bool,
    /// Whether the file could not be read at all, which was told.
    unreadable: bool,
}

/// What there is to be taken.
struct Found {
    read: Read,
    config: Config,
    service: Service,
    settings: Settings,
    /// Paths of fields.
    changed: Vec<String>,
    /// Files, as the configuration names them.
    files: Vec<String>,
}

impl Reload {
    pub(super) fn new(
        args: &Serve,
        app: Arc<App>,
        admin_keys: Keys,
        settings: watch::Sender<Settings>,
        address: SocketAddr,
    ) -> Self {
        Reload { args: args.clone(), app, admin_keys, settings, address }
    }

    /// Looks once a second, and when it is asked to; goes on until it is aborted.
    pub(super) async fn follow(self, source: Source, config: Config, sources: Sources, mut hangup: Hangup) {
        let can_change = source.can_change();
        let this = Arc::new(self);
        let (seen, running) = (source.clone(), Read { source, sources });
        let mut known = Known { running, config, refused: None, seen, told: false, unreadable: false };
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                () = hangup.asked() => true,
                _ = ticks.tick() => false,
            };
            let (looking, mut looked) = (Arc::clone(&this), known);
            let looked = tokio::task::spawn_blocking(move || {
                let found =
                    if can_change { looking.look(&mut looked, asked) } else { looked.files(&looking) };
                (looked, found)
            });
            let found = match looked.await {
                Ok((back, found)) => {
                    known = back;
                    found
                }
                Err(error) => {
                    warn!(target: "tokenmint::config", %error, "the configuration is not followed any more");
                    return;
                }
            };
            match found {
                Some(found) => this.take(&mut known, found).await,
                None if asked && !known.told => {
                    info!(target: "tokenmint::config", "there is nothing new to take");
                }
                None => {}
            }
        }
    }

    /// What is new of the text or, where that is the same or cannot be used, of the files of what is served.
    fn look(&self, known: &mut Known, asked: bool) -> Option<Found> {
        known.told = false;
        let source = match known.running.source.again() {
            Ok(source) => source,
            Err(failure) => {
                if asked || !known.unreadable {
                    known.told(&failure);
                }
                known.unreadable = true;
                return known.files(self);
            }
        };
        known.unreadable = false;
        if source.is(&known.running.source) {
            known.refused = None;
            known.seen = source;
            return known.files(self);
        }
        if !asked && !source.is(&known.seen) {
            known.seen = source;
            return known.files(self);
        }
        let was_refused = known.refused.as_ref();
        let tried =
            was_refused.is_some_and(|read| read.source.is(&source) && read.sources.changed().is_empty());
        if asked || !tried {
            let mut sources = known.running.sources.again();
            match self.read(known, &source, &mut sources) {
                Ok((config, service, settings)) => {
                    let changed = known.running.source.differences(&source);
                    let read = Read { source, sources };
                    return Some(Found { read, config, service, settings, changed, files: Vec::new() });
                }
                Err(failure) => {
                    known.told(&failure);
                    known.refused = Some(Read { source, sources });
                }
            }
        }
        // A key that leaked ends all the same.
        known.files(self)
    }

    /// What serves by another text, if this process can go over to it.
    fn read(
        &self,
        known: &Known,
        source: &Source,
        sources: &mut Sources,
    ) -> Result<(Config, Service, Settings)> {
        let config = source.parse()?;
        self.fixed(known, source, &config)?;
        let service = source.build(&config, self.address, sources)?;
        let settings = Settings::of(&self.args, &config)?;
        Ok((config, service, settings))
    }

    /// Refuses what only another process can do.
    fn fixed(&self, known: &Known, source: &Source, new: &Config) -> Result<()> {
        let (args, old) = (&self.args, &known.config);
        let address = |config: &Config| config::address(config, args.host, args.port);
        let (was, is) = (address(old)?, address(new)?);
        let named = args.store.store.is_none() && args.store.data_dir.is_none();
        let admin = |config: &Config| config.admin.as_ref().map(|admin| admin.listen);
        let different = [
            ("server.host", was.ip() != is.ip()),
            ("server.port", was.port() != is.port()),
            ("store.url", named && old.store.url != new.store.url),
            ("admin", admin(old).is_some() != admin(new).is_some()),
            ("admin.listen", admin(old) != admin(new)),
        ];
        match different.iter().find(|(_, different)| *different) {
            Some((field, _)) => Err(source.refuse(field, "this changes with a restart only")),
            None => Ok(()),
        }
    }

    /// Goes over to what was found; a store that does not last as long as it must keeps it out.
    async fn take(&self, known: &mut Known, found: Found) {
        let Found { read, config, service, settings, changed, files } = found;
        // The store is not asked about keys: one that cannot be reached must not hold them up.
        if files.is_empty()
            && let Err(error) = self.app.prepare_for(&service).await
        {
            if error.code().number() / 100 == 2 {
                refused(&read.source.refuse("store.durability", error.message()));
                known.refused = Some(read);
                return;
            }
            warn!(target: "tokenmint::store", %error, "the store is made ready later for what is new");
        }
        self.app.replace(service);
        self.admin_keys.replace(config.admin.as_ref().map_or(&[], |admin| &admin.keys));
        self.settings.send_replace(settings);
        let told = |mut names: Vec<String>| {
            let others = names.len().saturating_sub(MOST_TOLD);
            names.truncate(MOST_TOLD);
            let names = names.join(", ");
            if others > 0 { format!("{names} and {others} others") } else { names }
        };
        if files.is_empty() {
            info!(target: "tokenmint::config", changed = told(changed), "the configuration has changed");
        } else {
            info!(target: "tokenmint::config", files = told(files), "a file of the configuration has changed");
        }
        (known.running, known.config) = (read, config);
        known.refused = None;
    }
}

impl Known {
    /// Says why something is not taken.
    fn told(&mut self, failure: &Failure) {
        self.told = true;
        refused(failure);
    }

    /// What is new of the files that the served text names.
    fn files(&mut self, reload: &Reload) -> Option<Found> {
        let files: Vec<String> = self.running.sources.changed().into_iter().map(str::to_owned).collect();
        if files.is_empty() {
            return None;
        }
        let mut sources = self.running.sources.again();
        match self.running.source.build(&self.config, reload.address, &mut sources) {
            Ok(service) => {
                let read = Read { source: self.running.source.clone(), sources };
                let config = self.config.clone();
                let settings = reload.settings.borrow().clone();
                Some(Found { read, config, service, settings, changed: Vec::new(), files })
            }
            Err(failure) => {
                self.told(&failure);
                self.running.sources = sources;
                None
            }
        }
    }
}

fn refused(failure: &Failure) {
    let error = failure.text();
    warn!(target: "tokenmint::config", error, "the configuration has changed and cannot be used: the one from before goes on");
}
