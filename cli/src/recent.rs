//! The latest events of the log, for whoever looks on by the admin API: the very lines that were written, and no others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::mint::now_micros;

/// How many are kept at most, and how many bytes of them.
const MOST: usize = 1000;
const MOST_BYTES: usize = 1024 * 1024;
/// How many one answer has at most.
const PAGE: usize = 200;
/// How long somebody waits for the next one.
const WAIT: Duration = Duration::from_secs(25);
/// How many may wait at a time: the admin API has 64 connections, and whoever waits has one.
const MOST_WAITING: usize = 32;

/// A ring of events. It keeps none until it is asked to.
pub(crate) struct Recent {
    kept: Mutex<Kept>,
    open: AtomicBool,
    waiting: AtomicUsize,
    /// The newest number; those who wait look at it.
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<(u64, String)>,
    bytes: usize,
    /// The number of the last one that was dropped.
    dropped: u64,
}

/// What somebody is told who asks for the events behind a number.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// One JSON object each.
    pub(crate) events: Vec<String>,
    /// The number to ask with next.
    pub(crate) next: u64,
    /// Whether some behind that number are no longer kept.
    pub(crate) missed: bool,
}

impl Recent {
    pub(crate) fn new() -> Self {
        Recent {
            kept: Mutex::default(),
            open: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            // So that there is a number to wait behind before there is an event.
            newest: watch::Sender::new(now_micros()),
        }
    }

    /// Keeps events from now on.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Relaxed);
    }

    /// Lets nobody wait any more.
    pub(crate) fn close(&self) {
        self.open.store(false, Ordering::Relaxed);
        self.newest.send_modify(|_| {});
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Keeps a line, which is a JSON object.
    pub(crate) fn keep(&self, line: &str) {
        let Some(members) = line.strip_prefix('{').filter(|_| self.is_open()) else { return };
        let mut kept = self.kept();
        // Numbers are times, so that those of a process that was started later are larger.
        let number = now_micros().max(*self.newest.borrow() + 1);
        let event = format!("{{\"number\":{number},{members}");
        kept.bytes += event.len();
        kept.events.push_back((number, event));
        while kept.events.len() > MOST || kept.bytes > MOST_BYTES {
            let Some((number, event)) = kept.events.pop_front() else { break };
            kept.bytes -= event.len();
            kept.dropped = number;
        }
        self.newest.send_replace(number);
    }

    /// The events behind a number, and all without one. Behind the newest number it waits for the next.
    pub(crate) async fn after(&self, after: Option<u64>) -> Page {
        let page = self.page(after);
        let Some(after) = after.filter(|_| page.events.is_empty()) else { return page };
        let waiting = Waiting::new(&self.waiting);
        // Any other number comes from another process or clock: the answer says where to go on.
        if waiting.others >= MOST_WAITING || after != page.next {
            return page;
        }
        let mut newest = self.newest.subscribe();
        let newer = newest.wait_for(|newest| *newest > after || !self.is_open());
        // The time is up, or there is one.
        let _ = tokio::time::timeout(WAIT, newer).await;
        self.page(Some(after))
    }

    fn page(&self, after: Option<u64>) -> Page {
        let kept = self.kept();
        let behind = after.unwrap_or_default();
        let first = kept.events.partition_point(|(number, _)| *number <= behind);
        let events: Vec<_> = kept.events.iter().skip(first).take(PAGE).collect();
        let next = events.last().map_or_else(|| *self.newest.borrow(), |(number, _)| *number);
        Page {
            next,
            missed: after.is_some_and(|after| after < kept.dropped),
            events: events.into_iter().map(|(_, event)| event.clone()).collect(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits, until it is dropped: an answer that nobody takes any more is dropped, too.
struct Waiting<'a> {
    count: &'a AtomicUsize,
    others: usize,
}

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        Waiting { count, others: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn recent(count: usize) -> Recent {
        let recent = Recent::new();
        recent.open();
        (0..count).for_each(|at| recent.keep(&format!("{{\"at\":{at}}}")));
        recent
    }

    /// The member `at` of each.
    fn told(page: &Page) -> Vec<u64> {
        let at = |event: &String| {
            let event: serde_json::Value = serde_json::from_str(event).unwrap();
            event["at"].as_u64().unwrap()
        };
        page.events.iter().map(at).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn events_come_page_by_page_and_then_one_waits() {
        let recent = Arc::new(recent(250));
        let first = recent.after(None).await;
        assert_eq!((told(&first), first.missed), ((0..200).collect(), false));
        let second = recent.after(Some(first.next)).await;
        assert_eq!(told(&second), (200..250).collect::<Vec<_>>());

        let start = tokio::time::Instant::now();
        let nothing = recent.after(Some(second.next)).await;
        assert_eq!((told(&nothing), nothing.next), (vec![], second.next));
        assert_eq!(start.elapsed(), WAIT);

        let (waiting, next) = (Arc::clone(&recent), second.next);
        let waiting = tokio::spawn(async move { waiting.after(Some(next)).await });
        tokio::time::sleep(Duration::from_secs(5)).await;
        recent.keep("{\"at\":250}");
        assert_eq!(told(&waiting.await.unwrap()), [250]);
        assert_eq!(start.elapsed(), WAIT + Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded_and_who_is_late_is_told_so() {
        let recent = recent(MOST + 100);
        assert_eq!(recent.kept().events.len(), MOST);
        let first = recent.after(None).await;
        assert_eq!((told(&first)[0], first.missed), (100, false));
        assert!(recent.after(Some(1)).await.missed);
        recent.keep(&format!("{{\"at\":1,\"long\":\"{}\"}}", "x".repeat(MOST_BYTES - 500)));
        assert!(recent.kept().bytes <= MOST_BYTES && recent.kept().events.len() < 100);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_at_the_end_nor_beside_too_many_nor_for_another_clock() {
        let recent = Arc::new(recent(1));
        let newest = recent.after(None).await.next;
        let start = tokio::time::Instant::now();
        for other in [0, newest + 1] {
            assert_eq!(recent.after(Some(other)).await.next, newest);
        }
        assert_ne!(self::recent(0).after(Some(0)).await.next, 0);
        let wait = || {
            let recent = Arc::clone(&recent);
            tokio::spawn(async move { recent.after(Some(newest)).await })
        };
        let waiting: Vec<_> = (0..MOST_WAITING).map(|_| wait()).collect();
        tokio::task::yield_now().await;
        assert_eq!(recent.after(Some(newest)).await.events.len(), 0);
        recent.close();
        for waiting in waiting {
            waiting.await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        recent.keep("{}");
        assert_eq!(recent.kept().events.len(), 1);
    }
}
