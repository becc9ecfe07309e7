//! What the server does beside the requests: it forgets what expired long ago, looks whether the store is still the one that
//! it was, and makes status lists.

use std::sync::Arc;
use std::time::Duration;

use tokenmint::{AsyncStore, Command, MAX_SKEW_MS, Reply, SLACK_MS};
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::app::{self, App};
use crate::mint;

const EVERY: Duration = Duration::from_secs(60);
/// How many entries one step forgets, and the rest before the next: requests come first.
const STEP: u32 = 1000;
const REST: Duration = Duration::from_millis(20);

/// Goes on until it is aborted.
pub(crate) async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (removed, whole) = sweep(&app).await;
        if removed > 0 {
            info!(target: "tokenmint::sweep", removed);
        }
        if let Some(metrics) = app.metrics() {
            metrics.sweep(removed, whole);
        }
        check_clock(&app).await;
        // A store that was wiped has lost what is revoked.
        if let Err(error) = app.prepare().await {
            warn!(target: "tokenmint::store", %error, "nobody knows whether it is still the same store");
        }
    }
}

/// How long a store that failed is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes the status lists as often as they become old, so that requests find them ready; goes on until it is aborted.
pub(crate) async fn make_status_lists(app: Arc<App>) {
    let mut changes = app.changes();
    loop {
        changes.mark_unchanged();
        let made = match app::context() {
            Ok(context) => app.run(app.endpoint().make_status_lists(&context)).await,
            Err(error) => Err(error),
        };
        let rest = match made {
            Ok(every) => {
                if let (Some(_), Some(metrics)) = (every, app.metrics()) {
                    metrics.status_lists_are_young();
                }
                every.map(|every| Duration::from_secs(every.seconds()))
            }
            Err(error) => {
                warn!(target: "tokenmint::status", %error, "the status lists could not be made");
                Some(PAUSE)
            }
        };
        // Other keys sign other lists, and another configuration may be the first that has some.
        let changed = changes.changed();
        match rest {
            Some(rest) => drop(tokio::time::timeout(rest, changed).await),
            None => drop(changed.await),
        }
    }
}

/// Rate limits go by the store's clock, and expiry by this machine's.
async fn check_clock(app: &App) {
    let Some(store_ms) = app.store.now_ms().await else { return };
    let off_ms = store_ms.abs_diff(mint::now_micros() / 1000);
    if off_ms > MAX_SKEW_MS {
        warn!(target: "tokenmint::store", off_ms, "the store's clock and this machine's differ");
    }
}

/// Forgets what expired long ago; how much that was, and whether it was all.
async fn sweep(app: &App) -> (u64, bool) {
    let before_ms = (mint::now_micros() / 1000).saturating_sub(SLACK_MS);
    let mut removed = 0;
    while let Ok(Reply::Removed(count)) = app.store.execute(Command::Sweep { before_ms, limit: STEP }).await {
        removed += count;
        if count < u64::from(STEP) {
            return (removed, true);
        }
        tokio::time::sleep(REST).await;
    }
    (removed, false)
}
