//! What each command does.

use std::sync::Arc;

use tokenmint::{AsyncStore, Command, Entry, Expect, Index, IndexValue, Reply, StoreError};
use tokenmint_store::{Database, Durability};

use crate::{Place, all, delete, entry, key, load, put, throttle, version};

#[tokio::test]
async fn cas_compares_versions_and_shows_the_winner() {
    let place = Place::new();
    let store = place.open().await;
    assert_eq!(store.durability(), Durability::Disk);
    assert_eq!(load(&store, "k").await, None);
    let mut first = entry(1, (0..=255).collect::<Vec<u8>>());
    first.index = Index { subject: Some(key("s")), client: Some(key("c")) };
    assert_eq!(store.execute(put("k", Expect::Absent, first.clone())).await, Ok(Reply::Done));
    assert_eq!(load(&store, "k").await, Some(first.clone()));
    let conflict = Ok(Reply::Conflict(Some(first.clone())));
    assert_eq!(store.execute(put("k", Expect::Absent, entry(2, ""))).await, conflict);
    assert_eq!(store.execute(put("k", Expect::Version(version(9)), entry(2, ""))).await, conflict);
    assert_eq!(store.execute(delete("k", Expect::Version(version(9)))).await, conflict);
    assert_eq!(store.execute(delete("k", Expect::Absent)).await, conflict);

    // A replacement replaces all of it, the index too.
    let second = entry(2, "");
    let command = put("k", Expect::Version(first.version), second.clone());
    assert_eq!(store.execute(command.clone()).await, Ok(Reply::Done));
    assert_eq!(load(&store, "k").await, Some(second.clone()));
    assert_eq!(store.execute(command).await, Ok(Reply::Conflict(Some(second))));

    assert_eq!(store.execute(delete("k", Expect::Version(version(2)))).await, Ok(Reply::Done));
    assert_eq!(store.execute(delete("k", Expect::Version(version(2)))).await, Ok(Reply::Conflict(None)));
    assert_eq!(
        store.execute(put("k", Expect::Version(version(2)), entry(3, ""))).await,
        Ok(Reply::Conflict(None))
    );
    assert_eq!(store.execute(delete("k", Expect::Absent)).await, Ok(Reply::Done));
    assert_eq!(store.execute(put("k", Expect::Absent, entry(4, ""))).await, Ok(Reply::Done));
}

#[tokio::test]
async fn a_load_keeps_the_order_of_its_keys() {
    let place = Place::new();
    let store = place.open().await;
    for name in ["a", "A", "ab"] {
        store.execute(put(name, Expect::Absent, entry(1, name))).await.unwrap();
    }
    let keys = ["ab", "none", "a", "ab", "A"].map(key).to_vec();
    let Reply::Loaded { entries, store_now_ms: None } = store.execute(Command::Load { keys }).await.unwrap()
    else {
        panic!("another reply")
    };
    let values: Vec<_> = entries.into_iter().map(|entry| entry.map(|entry| entry.value)).collect();
    assert_eq!(
        values,
        [Some(&b"ab"[..]), None, Some(b"a"), Some(b"ab"), Some(b"A")].map(|v| v.map(<[u8]>::to_vec))
    );
}

#[tokio::test]
async fn a_sweep_removes_what_expired_and_no_more_than_it_may() {
    const HOUR: u64 = 3_600_000;
    let place = Place::new();
    let store = place.open().await;
    let times = [0, HOUR - 1, HOUR, HOUR + 1, HOUR + 2, 5 * HOUR, 253_402_300_799_999, i64::MAX as u64];
    for (n, expires_at_ms) in times.into_iter().enumerate() {
        let entry = Entry { expires_at_ms, ..entry(1, "") };
        store.execute(put([n as u8], Expect::Absent, entry)).await.unwrap();
    }
    let too_late = Entry { expires_at_ms: i64::MAX as u64 + 1, ..entry(1, "") };
    assert_eq!(store.execute(put("late", Expect::Absent, too_late)).await, Err(StoreError::TooLarge));
    store.execute(throttle("old", 1, 1000 * HOUR)).await.unwrap();
    store.execute(throttle("live", 1, 1000 * 2 * HOUR)).await.unwrap();

    let sweep = async |before_ms, limit| store.execute(Command::Sweep { before_ms, limit }).await;
    assert_eq!(sweep(0, 9).await, Ok(Reply::Removed(0)));
    assert_eq!(sweep(HOUR + 2, 0).await, Ok(Reply::Removed(0)));
    assert_eq!(sweep(HOUR + 2, 3).await, Ok(Reply::Removed(3)));
    assert_eq!(sweep(HOUR + 2, 3).await, Ok(Reply::Removed(1)));
    assert_eq!(sweep(HOUR + 2, 3).await, Ok(Reply::Removed(0)), "what expires at that time stays");
    assert!(load(&store, [4]).await.is_some() && load(&store, [3]).await.is_none());
    let cells = || -> Vec<Vec<u8>> {
        let sql = place.sql();
        let mut cells = sql.prepare("SELECT k FROM cell").unwrap();
        cells.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(cells(), [b"live"]);
    assert_eq!(sweep(u64::MAX, 9).await, Ok(Reply::Removed(3)), "all but what expires at the end of time");
    assert!(cells().is_empty());
}

#[tokio::test]
async fn entries_are_listed_by_index_with_a_cursor() {
    let place = Place::new();
    let store = place.open().await;
    for (name, subject, client) in [("c", 1, 1), ("a", 1, 2), ("b", 1, 1), ("d", 2, 1), ("e", 1, 2)] {
        let mut entry = entry(1, name);
        entry.index = Index { subject: Some(key([subject])), client: Some(key([client])) };
        store.execute(put(name, Expect::Absent, entry)).await.unwrap();
    }
    store.execute(put("f", Expect::Absent, entry(1, "not indexed"))).await.unwrap();
    let list = async |by: IndexValue, after: Option<&str>, limit| match store
        .execute(Command::List { by, after: after.map(key), limit })
        .await
        .unwrap()
    {
        Reply::Listed { entries, next } => {
            let names: Vec<_> =
                entries.into_iter().map(|(_, entry)| String::from_utf8(entry.value).unwrap()).collect();
            (names.concat(), next)
        }
        other => panic!("{other:?}"),
    };
    let subject = IndexValue::Subject(key([1]));
    assert_eq!(list(subject.clone(), None, 2).await, ("ab".to_owned(), Some(key("b"))));
    store.execute(delete("b", Expect::Version(version(1)))).await.unwrap();
    assert_eq!(list(subject.clone(), Some("b"), 2).await, ("ce".to_owned(), None));
    assert_eq!(list(subject, None, 0).await, ("a".to_owned(), Some(key("a"))));
    assert_eq!(list(IndexValue::Client(key([1])), None, 9).await, ("cd".to_owned(), None));
    assert_eq!(list(IndexValue::Client(key([9])), None, 9).await, (String::new(), None));
}

#[tokio::test]
async fn a_copy_has_every_record_and_limit() {
    let (from, to) = (Place::new(), Place::new());
    let source = from.open().await;
    // More than one page of both.
    let tasks = (0..1203_u64).map(|n| {
        let source = Arc::clone(&source);
        async move {
            let mut entry = entry(n, n.to_string());
            entry.index.subject = Some(key("s"));
            source.execute(put(n.to_be_bytes(), Expect::Absent, entry)).await.unwrap();
            source.execute(throttle(&n.to_string(), 1, 1_700_000_000_000_000 + n)).await.unwrap();
        }
    });
    all(tasks).await;
    let target = to.open().await;
    // One limit is later there, and stays so.
    let later = 1_800_000_000_000_000;
    target.execute(throttle("7", 1, later)).await.unwrap();
    let copied = tokenmint_store::copy(&source, &target, |_| {}).await.unwrap();
    assert_eq!((copied.records, copied.limits, copied.present, copied.total), (1203, 1203, 0, 2406));
    assert_eq!(load(&target, 1202_u64.to_be_bytes()).await, load(&source, 1202_u64.to_be_bytes()).await);
    let rows =
        |place: &Place, sql: &str| -> i64 { place.sql().query_row(sql, [], |row| row.get(0)).unwrap() };
    let entries = "SELECT count(*) + sum(exp_hour) + count(sub) FROM entry";
    assert_eq!(rows(&to, entries), rows(&from, entries));
    let cells = "SELECT sum(tat) FROM cell WHERE k != x'37'";
    assert_eq!(rows(&to, cells), rows(&from, cells));
    assert_eq!(rows(&to, "SELECT tat FROM cell WHERE k = x'37'"), later as i64 + 100);
    let again = tokenmint_store::copy(&source, &target, |_| {}).await.unwrap();
    assert_eq!((again.records, again.present), (0, 1203));
}

#[tokio::test]
async fn a_sealed_value_is_not_in_the_file_and_cannot_be_moved() {
    let place = Place::new();
    let key_file = place.path.with_extension("key");
    std::fs::write(&key_file, "ab".repeat(32)).unwrap();
    let url = format!("{}&sealing_key_file={}", place.url(), key_file.display());
    let store = Database::open(&url).await.unwrap();
    for name in ["a", "b"] {
        assert_eq!(store.execute(put(name, Expect::Absent, entry(1, "personal"))).await, Ok(Reply::Done));
    }
    assert_eq!(load(&store, "a").await, Some(entry(1, "personal")));
    let conflict = store.execute(put("a", Expect::Absent, entry(2, ""))).await;
    assert_eq!(conflict, Ok(Reply::Conflict(Some(entry(1, "personal")))));
    let sealed: Vec<u8> =
        place.sql().query_row("SELECT val FROM entry WHERE k = x'61'", [], |row| row.get(0)).unwrap();
    assert!(!sealed.windows(8).any(|part| part == b"personal"));

    place.sql().execute("UPDATE entry SET val = ?1 WHERE k = x'62'", [sealed]).unwrap();
    assert_eq!(store.execute(Command::Load { keys: vec![key("b")] }).await, Err(StoreError::Corrupt));
    assert_eq!(load(&store, "a").await, Some(entry(1, "personal")));
}
