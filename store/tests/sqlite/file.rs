//! The file: made, opened again, migrated, refused, and examined.

use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokenmint::{AsyncStore, Command, ErrorCode, Expect, Index, IndexValue, Reply, Store, StoreError};
use tokenmint_store::{BlockingDatabase, Database, Severity};

use crate::{Place, all, entry, key, load, put, version};

#[test]
fn what_was_written_is_there_when_it_is_opened_again() {
    let place = Place::new();
    for turn in 0..3_u64 {
        let store = BlockingDatabase::open(&place.url()).unwrap();
        for before in 0..turn {
            let reply = store.execute(put(format!("k{before}"), Expect::Absent, entry(99, ""))).unwrap();
            assert_eq!(reply, Reply::Conflict(Some(entry(before, "value"))));
        }
        assert_eq!(
            store.execute(put(format!("k{turn}"), Expect::Absent, entry(turn, "value"))),
            Ok(Reply::Done)
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let store = place.open().await;
    store.execute(put("k", Expect::Absent, entry(1, ""))).await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(place.path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        files += 1;
    }
    assert_eq!(files, 3, "the file, its log, and the log's index");
}

/// A file as version 1 wrote it, without the index on clients.
fn version_1(place: &Place) {
    place
        .sql()
        .execute_batch(
            "PRAGMA journal_mode = wal;
             CREATE TABLE entry(k BLOB PRIMARY KEY, ver BLOB NOT NULL, val BLOB NOT NULL, exp INTEGER NOT NULL,
                                exp_hour INTEGER NOT NULL, sub BLOB, client BLOB) WITHOUT ROWID;
             CREATE TABLE cell(k BLOB PRIMARY KEY, tat INTEGER NOT NULL) WITHOUT ROWID;
             CREATE INDEX entry_exp_hour ON entry(exp_hour);
             CREATE INDEX entry_sub ON entry(sub) WHERE sub IS NOT NULL;
             PRAGMA application_id = 0x746f6b6d;
             PRAGMA user_version = 1;
             INSERT INTO entry VALUES(x'6b', x'0000000000000007', x'6f6c64', 1700000000000, 472222, x'73', x'63');
             INSERT INTO cell VALUES(x'74', 1700000000000000);",
        )
        .unwrap();
}

async fn assert_migrated(place: &Place, store: &Database) {
    let mut expected = entry(7, "old");
    expected.index = Index { subject: Some(key("s")), client: Some(key("c")) };
    assert_eq!(load(store, "k").await, Some(expected.clone()));
    let by = IndexValue::Client(key("c"));
    let listed = store.execute(Command::List { by, after: None, limit: 9 }).await;
    assert_eq!(listed, Ok(Reply::Listed { entries: vec![(key("k"), expected)], next: None }));
    let sql = place.sql();
    let version: i64 = sql.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    let objects = "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name)";
    let objects: String = sql.query_row(objects, [], |row| row.get(0)).unwrap();
    let tat: i64 = sql.query_row("SELECT tat FROM cell WHERE k = x'74'", [], |row| row.get(0)).unwrap();
    assert_eq!((version, tat), (3, 1_700_000_000_000_000));
    assert_eq!(objects, "cell entry entry_client entry_exp_hour entry_sub");
}

#[tokio::test]
async fn a_file_of_version_1_is_migrated_and_keeps_its_rows() {
    let place = Place::new();
    version_1(&place);
    let store = place.open().await;
    assert_migrated(&place, &store).await;
    let again = place.open().await;
    assert_migrated(&place, &again).await;
}

#[tokio::test]
async fn a_new_entry_lies_behind_all_others_whatever_its_key() {
    let place = Place::new();
    let store = place.open().await;
    for name in ["b", "c", "a"] {
        store.execute(put(name, Expect::Absent, entry(1, ""))).await.unwrap();
    }
    store.execute(put("b", Expect::Version(version(1)), entry(2, ""))).await.unwrap();
    let order = "SELECT group_concat(CAST(k AS TEXT), '') FROM (SELECT k FROM entry ORDER BY rowid)";
    let order: String = place.sql().query_row(order, [], |row| row.get(0)).unwrap();
    assert_eq!(order, "bca");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_make_or_migrate_a_file_at_once() {
    for _ in 0..10 {
        let (old, new) = (Place::new(), Place::new());
        version_1(&old);
        let urls: Vec<_> = (0..6).map(|n| if n % 2 == 0 { old.url() } else { new.url() }).collect();
        let stores =
            all(urls.into_iter().map(|url| async move { Database::open(&url).await.unwrap() })).await;
        for store in stores.iter().step_by(2) {
            assert_migrated(&old, store).await;
        }
        let replies = [&stores[1], &stores[3], &stores[5]]
            .map(|store| store.execute(put("k", Expect::Absent, entry(1, ""))));
        let [first, second, third] = replies;
        assert_eq!(first.await, Ok(Reply::Done));
        assert_eq!((second.await, third.await.is_ok()), (Ok(Reply::Conflict(Some(entry(1, "")))), true));
    }
}

/// What opening a file is refused with; the file stays as it was.
async fn refused(path: &Path) -> tokenmint::Error {
    let before = std::fs::read(path).ok();
    let error = Database::open(&format!("sqlite:{}", path.display())).await.unwrap_err();
    assert_eq!(std::fs::read(path).ok(), before, "{} was changed", path.display());
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    error
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_refused() {
    let place = Place::new();
    version_1(&place);
    place.sql().pragma_update(None, "user_version", 4).unwrap();
    let error = refused(&place.path).await;
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.to_string().contains("newer release"), "{error}");
}

#[tokio::test]
async fn what_is_not_a_store_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let invalid = |error: tokenmint::Error| {
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");
        error.to_string()
    };
    place.sql().execute_batch("CREATE TABLE users(name TEXT); INSERT INTO users VALUES('alice')").unwrap();
    assert!(invalid(refused(&place.path).await).contains("another program's"));
    let marked = place.path.with_extension("marked");
    Connection::open(&marked).unwrap().pragma_update(None, "application_id", 7).unwrap();
    assert!(invalid(refused(&marked).await).contains("another program's"));
    let versioned = place.path.with_extension("versioned");
    Connection::open(&versioned).unwrap().pragma_update(None, "user_version", 1).unwrap();
    assert!(invalid(refused(&versioned).await).contains("another program's"));

    for (name, content) in [("short", &b"hello"[..]), ("long", &[b'x'; 5000])] {
        let text = place.path.with_extension(name);
        std::fs::write(&text, content).unwrap();
        assert!(invalid(refused(&text).await).contains("no data base of SQLite"));
    }
    invalid(refused(place.path.parent().unwrap()).await);
    let error = invalid(refused(&place.path.join("no/such.db")).await);
    assert!(error.contains("there is no folder"), "{error}");
    assert!(
        refused(&place.path.parent().unwrap().join("none/t.db"))
            .await
            .to_string()
            .contains("there is no folder")
    );
}

/// The root user may write what is read-only, so a file system that nobody can write stands in for it.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_place_that_cannot_be_written_is_named() {
    let error = refused(Path::new("/proc/sys/tokens.db")).await;
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")));
    assert!(error.to_string().contains("cannot be made"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_file_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(place.open().await);
    std::fs::set_permissions(&place.path, std::fs::Permissions::from_mode(0o400)).unwrap();
    if std::fs::OpenOptions::new().append(true).open(&place.path).is_ok() {
        return; // This user may write everything.
    }
    let error = Database::open(&place.url()).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")));
    assert!(error.to_string().contains("read-only"), "{error}");
}

#[tokio::test]
async fn a_row_that_nobody_wrote_so_is_corrupt_and_harms_no_other() {
    let place = Place::new();
    let store = place.open().await;
    place
        .sql()
        .execute_batch(
            "INSERT INTO entry VALUES(x'61', x'01', x'', 0, 0, NULL, NULL);
             INSERT INTO entry VALUES(x'62', x'0000000000000001', 'text', 0, 0, NULL, NULL);
             INSERT INTO entry VALUES(x'63', x'0000000000000001', x'', -1, 0, NULL, NULL);",
        )
        .unwrap();
    for name in ["a", "b", "c"] {
        assert_eq!(
            store.execute(Command::Load { keys: vec![key(name)] }).await,
            Err(StoreError::Corrupt),
            "{name}"
        );
    }
    // Most of these share a transaction with one that fails.
    let tasks = (0..100_u64).map(|n| {
        let store = Arc::clone(&store);
        let name = if n % 10 == 0 { "a".to_owned() } else { format!("k{n}") };
        async move { store.execute(put(name, Expect::Absent, entry(n, ""))).await }
    });
    for (n, outcome) in all(tasks).await.into_iter().enumerate() {
        assert_eq!(outcome, if n % 10 == 0 { Err(StoreError::Corrupt) } else { Ok(Reply::Done) }, "{n}");
    }
}

#[tokio::test]
async fn the_doctor_finds_the_file_well_and_says_who_else_can_read_it() {
    let place = Place::new();
    let store = place.open().await;
    store.execute(put("k", Expect::Absent, entry(1, ""))).await.unwrap();
    let severity = async |check: &str| {
        let findings = store.doctor(0).await.unwrap();
        findings.iter().find(|finding| finding.check == check).map(|finding| finding.severity)
    };
    for check in ["journal", "synchronous", "schema", "integrity"] {
        assert_eq!(severity(check).await, Some(Severity::Fine), "{check}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(severity("permissions").await, Some(Severity::Fine));
        std::fs::set_permissions(&place.path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(severity("permissions").await, Some(Severity::Warning));
    }
}

#[tokio::test]
async fn the_doctor_finds_damage() {
    let place = Place::new();
    let store = place.open().await;
    let value = [7; 60_000];
    for n in 0..20_u64 {
        store.execute(put(format!("k{n}"), Expect::Absent, entry(n, value))).await.unwrap();
    }
    place.sql().query_row("PRAGMA wal_checkpoint(truncate)", [], |_| Ok(())).unwrap();
    let mut file = std::fs::read(&place.path).unwrap();
    file[100_000..200_000].fill(0xff);
    std::fs::write(&place.path, file).unwrap();
    let findings = store.doctor(0).await.unwrap();
    let integrity = findings.iter().find(|finding| finding.check == "integrity").unwrap();
    assert_eq!(integrity.severity, Severity::Fault, "{integrity:?}");
}
