//! Hosts without a runtime, which work on threads of their own.

use tokenmint::{Command, ErrorCode, Expect, Reply, Store, StoreError};
use tokenmint_store::BlockingDatabase;

use crate::together::lock;
use crate::{Place, entry, key, put, throttle, version};

const THREADS: u64 = 8;
const TURNS: u64 = 25;

fn load(store: &BlockingDatabase) -> Option<tokenmint::Entry> {
    match store.execute(Command::Load { keys: vec![key("k")] }).unwrap() {
        Reply::Loaded { mut entries, .. } => entries.remove(0),
        other => panic!("{other:?}"),
    }
}

/// Adds one to the version, which is the count.
fn count(store: &BlockingDatabase) {
    loop {
        let found = load(store).unwrap().version;
        let number = u64::from_be_bytes(found.as_bytes().try_into().unwrap()) + 1;
        match store.execute(put("k", Expect::Version(found), entry(number, "new"))).unwrap() {
            Reply::Done => return,
            Reply::Conflict(Some(other)) => assert_ne!(other.version, found),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn threads_lose_no_update_and_a_limit_admits_its_burst_exactly() {
    let place = Place::new();
    let store = BlockingDatabase::open(&place.url()).unwrap();
    store.execute(put("k", Expect::Absent, entry(0, "first"))).unwrap();
    let admitted: usize = std::thread::scope(|scope| {
        let work = || {
            let mut admitted = 0;
            for _ in 0..TURNS {
                count(&store);
                let reply = store.execute(throttle("limit", 1, 1_000_000)).unwrap();
                admitted += usize::from(matches!(reply, Reply::Admitted { .. }));
            }
            admitted
        };
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(load(&store).unwrap().version, version(THREADS * TURNS));
    assert_eq!(admitted, 10);
}

#[test]
fn a_lock_that_is_held_too_long_is_an_error_in_time_and_nothing_is_done_later() {
    let place = Place::new();
    let patient = BlockingDatabase::open(&place.url()).unwrap();
    patient.execute(put("k", Expect::Absent, entry(1, ""))).unwrap();
    let store = loop {
        match BlockingDatabase::open(&place.impatient()) {
            Ok(store) => break store,
            Err(error) => assert_eq!(error.code(), ErrorCode::StoreUnavailable, "{error}"),
        }
    };
    let locked = lock(&place);
    // It returns, though the lock is held until after that.
    let write = put("k", Expect::Version(version(1)), entry(2, ""));
    assert_eq!(store.execute(write), Err(StoreError::Unavailable));
    assert_eq!(load(&store), Some(entry(1, "")), "a reader waits for no writer");
    locked.execute_batch("ROLLBACK").unwrap();
    assert_eq!(load(&store), Some(entry(1, "")));
    let write = put("k", Expect::Version(version(1)), entry(3, ""));
    assert_eq!(patient.execute(write), Ok(Reply::Done));
}
