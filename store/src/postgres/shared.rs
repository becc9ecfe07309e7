//! Connections over which the reads of many callers are under way at the same time.
//!
//! A read takes less than waking whoever asks and whoever answers. Those that come together go out together here, and are
//! answered together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{ClientWrapper, Object};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::faults::Failure;
use super::sessions::{Canceller, Sessions};

/// Of so many connections one is shared: the others are for what waits for the disk, or for a row.
const OF: u32 = 4;
/// How many there are at most. With more, less would go out together.
const MOST: u32 = 2;

/// How many reads of those that were left are ended at most.
const MOST_UNDER_WAY: usize = 256;
/// How long one that was ended may take to say so.
const PAUSE: Duration = Duration::from_millis(50);

/// The connections of a store that are shared.
pub(super) struct Shared {
    lanes: Vec<Lane>,
    /// How often they were left, all of them at once: what happened to one happens to the others.
    losses: AtomicU64,
}

/// Room for one.
#[derive(Default)]
struct Lane {
    client: Mutex<Option<Arc<Client>>>,
    /// How many wait for it, or for an answer over it.
    waiting: AtomicUsize,
}

/// Not in the pool any more: something may be under way when the last who uses it is gone.
struct Client {
    client: ClientWrapper,
    /// How many losses there were before it.
    made_after: u64,
    /// Somebody ends what is under way.
    ends: AtomicBool,
}

impl Shared {
    /// For a store that has so many connections; with few of them, none is shared.
    pub(super) fn of(connections: u32) -> Self {
        let lanes = (0..MOST.min(connections / OF)).map(|_| Lane::default()).collect();
        Shared { lanes, losses: AtomicU64::new(0) }
    }

    /// How many there are at most.
    pub(super) fn most(&self) -> usize {
        self.lanes.len()
    }

    /// The connection for which the fewest wait, made if need be; `None` where none is shared.
    pub(super) async fn lease<'a>(&'a self, sessions: &'a Sessions) -> Option<Result<Share<'a>, Failure>> {
        // The first of them, so that one caller has one connection.
        let lane = self.lanes.iter().min_by_key(|lane| lane.waiting.load(Ordering::Relaxed))?;
        let waits = Waits::for_one(&lane.waiting);
        let client = match self.client(lane, sessions).await {
            Ok(client) => client,
            Err(failure) => return Some(Err(failure)),
        };
        Some(Ok(Share {
            client,
            sessions,
            shared: self,
            since: Instant::now(),
            answered: false,
            _waits: waits,
        }))
    }

    async fn client(&self, lane: &Lane, sessions: &Sessions) -> Result<Arc<Client>, Failure> {
        // Others look for another meanwhile; those who come all the same wait for the same attempt.
        let mut found = lane.client.lock().await;
        let losses = self.losses.load(Ordering::Relaxed);
        if let Some(client) = found.as_ref().filter(|client| client.made_after == losses)
            && !client.client.is_closed()
        {
            return Ok(Arc::clone(client));
        }
        *found = None;
        let client = Object::take(sessions.object().await?);
        let client = Arc::new(Client { client, made_after: losses, ends: AtomicBool::new(false) });
        *found = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Leaves the connections that were made after so many losses, unless that was done.
    fn lose(&self, made_after: u64) {
        // Where it fails, they were left.
        let _ =
            self.losses.compare_exchange(made_after, made_after + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// A connection that is shared, with a read under way until it is settled.
pub(super) struct Share<'a> {
    client: Arc<Client>,
    sessions: &'a Sessions,
    shared: &'a Shared,
    since: Instant,
    answered: bool,
    _waits: Waits<'a>,
}

impl Share<'_> {
    pub(super) fn client(&self) -> &ClientWrapper {
        &self.client.client
    }

    /// The read was answered: leaves the connection where it is spoilt.
    pub(super) fn settle(mut self, spoilt: bool) {
        self.answered = true;
        if spoilt {
            self.shared.lose(self.client.made_after);
        }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        // Who goes away early disturbs nobody. Where there was no answer for long, nobody else will get one either.
        if self.answered || self.since.elapsed() < self.sessions.timeout / 2 {
            return;
        }
        self.shared.lose(self.client.made_after);
        if !self.client.ends.swap(true, Ordering::Relaxed)
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(end(Arc::clone(&self.client), self.sessions.canceller(&self.client.client)));
        }
    }
}

/// Ends what is under way, which nobody waits for, one read after the other: the session goes on with the next as long as
/// it has one.
async fn end(client: Arc<Client>, canceller: Canceller) {
    let mut last = std::pin::pin!(client.client.simple_query(""));
    for _ in 0..MOST_UNDER_WAY {
        // Where the server does not even hear this, it hears nothing else.
        if !canceller.cancel().await || timeout(PAUSE, &mut last).await.is_ok() {
            return;
        }
    }
}

/// Somebody who waits, until there is an answer or they give up.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn for_one(all: &'a AtomicUsize) -> Self {
        all.fetch_add(1, Ordering::Relaxed);
        Waits(all)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
