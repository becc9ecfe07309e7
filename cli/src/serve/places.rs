//! Who has a place: at most so many connections in all, and so many of one address.
//!
//! Where all are taken, the connection that has waited for its client the longest makes room. So a new client is served
//! at once, however many others send nothing or read nothing. A request that has arrived is answered: its connection
//! keeps its place.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::log;

/// How long a connection may keep its place: the first answer after this time ends it.
pub(crate) const LIFE: Duration = Duration::from_secs(60 * 60);

/// The places for connections.
pub(crate) struct Places {
    all: usize,
    of_one: AtomicUsize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    last: u64,
    entries: HashMap<u64, Held>,
}

struct Held {
    address: IpAddr,
    /// Since when the client has to act; none while its request is answered.
    waiting: Option<Instant>,
    lost: Arc<Notify>,
}

/// A connection's place; free again when it is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    id: u64,
    since: Instant,
    lost: Arc<Notify>,
    peer: IpAddr,
    displaced: bool,
}

impl Places {
    /// `all` places, of which one address may take `of_one`.
    pub(crate) fn new(all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Places { all, of_one: AtomicUsize::new(of_one), taken: Mutex::default() })
    }

    /// One address may take so many from now on; none that is taken ends for it.
    pub(crate) fn limit(&self, of_one: usize) {
        self.of_one.store(of_one, Ordering::Relaxed);
    }

    /// A place for a new connection; none where every other one is in the midst of an answer.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let (peer, address) = (address, network(address));
        let most = self.of_one.load(Ordering::Relaxed);
        let mut taken = self.taken();
        let of_one = taken.entries.values().filter(|entry| entry.address == address).count();
        let full = match (of_one >= most, taken.entries.len() >= self.all) {
            (true, _) => Some("one address"),
            (false, true) => Some("all"),
            (false, false) => None,
        };
        if let Some(full) = full {
            let others = taken.entries.iter().filter(|(_, entry)| of_one < most || entry.address == address);
            let longest = others.filter_map(|(id, entry)| Some((entry.waiting?, *id))).min();
            let Some(entry) = longest.and_then(|(_, id)| taken.entries.remove(&id)) else {
                log::refused(full, address);
                return None;
            };
            entry.lost.notify_one();
            log::displaced(full, entry.address);
        }
        let (since, lost) = (Instant::now(), Arc::new(Notify::new()));
        taken.last += 1;
        let id = taken.last;
        taken.entries.insert(id, Held { address, waiting: Some(since), lost: Arc::clone(&lost) });
        Some(Place { places: Arc::clone(self), id, since, lost, peer, displaced: full.is_some() })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Keeps the place while a request is answered. False where it is lost already: then nothing may be done.
    pub(crate) fn hold(&self) -> bool {
        self.wait_since(None)
    }

    /// From now on the client has to act: to take the answer, and to send the next request.
    pub(crate) fn wait(&self) {
        self.wait_since(Some(Instant::now()));
    }

    fn wait_since(&self, waiting: Option<Instant>) -> bool {
        self.places.taken().entries.get_mut(&self.id).map(|entry| entry.waiting = waiting).is_some()
    }

    /// Returns when another connection has the place.
    pub(crate) async fn lost(&self) {
        self.lost.notified().await;
    }

    /// Whose connection it is.
    pub(crate) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// Whether another connection lost it.
    pub(crate) fn was_anothers(&self) -> bool {
        self.displaced
    }

    /// Since when it is taken.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.taken().entries.remove(&self.id);
    }
}

/// What counts as one address: of IPv6 the network, since whoever has one address of it has all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    /// Which of these were lost.
    fn lost<const N: usize>(places: [&Place; N]) -> [bool; N] {
        places.map(|place| !place.places.taken().entries.contains_key(&place.id))
    }

    #[tokio::test]
    async fn the_connection_that_waited_longest_makes_room() {
        let places = Places::new(3, 2);
        let [first, second, third] = [1, 2, 3].map(|last| places.take(address(last)).unwrap());
        // The first has just been answered, so the second has waited the longest.
        assert!(first.hold());
        first.wait();
        let _fourth = places.take(address(4)).unwrap();
        assert_eq!(lost([&first, &second, &third]), [false, true, false]);
        // A request that arrives too late is not answered.
        assert!(!second.hold());
    }

    #[tokio::test]
    async fn a_place_is_free_again() {
        let places = Places::new(1, 1);
        drop(places.take(address(1)).unwrap());
        let second = places.take(address(1)).unwrap();
        let third = places.take(address(1)).unwrap();
        // What has lost its place frees no other.
        drop(second);
        assert_eq!(lost([&third]), [false]);
    }

    #[tokio::test]
    async fn an_address_makes_room_for_itself() {
        let places = Places::new(9, 2);
        let other = places.take(address(9)).unwrap();
        let [first, second] = [1, 1].map(|last| places.take(address(last)).unwrap());
        let _third = places.take(address(1)).unwrap();
        assert_eq!(lost([&other, &first, &second]), [false, true, false]);
    }

    #[tokio::test]
    async fn an_answer_in_the_making_keeps_its_place() {
        let places = Places::new(2, 2);
        let [first, second] = [1, 2].map(|last| places.take(address(last)).unwrap());
        assert!(first.hold() && second.hold());
        assert!(places.take(address(3)).is_none());
        second.wait();
        assert!(places.take(address(3)).is_some());
        assert_eq!(lost([&first, &second]), [false, true]);
    }

    #[tokio::test]
    async fn who_loses_a_place_is_told() {
        let places = Places::new(1, 1);
        let first = places.take(address(1)).unwrap();
        let _second = places.take(address(2)).unwrap();
        first.lost().await;
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
    }
}
