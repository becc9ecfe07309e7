//! Key rings that change while the server runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokenmint::config::Config;
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::app::App;
use crate::config::Source;
use crate::sources::Sources;

/// How often the files are read: far below the margin that a rotation leaves for it.
const EVERY: Duration = Duration::from_secs(1);

/// Serves with the keys that the configuration's rings have now. A ring that cannot be read changes nothing: the keys
/// that were there go on, and one warning a change says so.
pub(crate) async fn follow(
    app: Arc<App>,
    mut source: Source,
    mut config: Config,
    address: SocketAddr,
    mut sources: Sources,
) {
    if config.keys.iter().all(|key| key.ring_file.is_none()) {
        return;
    }
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let app = Arc::clone(&app);
        let looked = tokio::task::spawn_blocking(move || {
            if sources.rings_changed() {
                match source.build(&config, address, &mut sources) {
                    Ok(service) => {
                        app.replace(service.endpoint);
                        info!(target: "tokenmint::keys", "a key ring has changed");
                    }
                    Err(failure) => {
                        let error = failure.text();
                        warn!(target: "tokenmint::keys", error, "a key ring has changed, and cannot be used");
                    }
                }
            }
            (source, config, sources)
        });
        match looked.await {
            Ok(back) => (source, config, sources) = back,
            Err(error) => {
                warn!(target: "tokenmint::keys", %error, "key rings are not followed any more");
                return;
            }
        }
    }
}
