//! A store is opened with the key that it was sealed with, or not at all.

#![cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]

mod servers;

use std::path::{Path, PathBuf};

use tokenmint::{
    AsyncStore, Command, Entry, Error, ErrorCode, Expect, Index, RecordKey, Reply, Result, StoreError,
    Version, Write,
};
use tokenmint_store::{Database, Severity, copy};

const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn key(name: &str) -> RecordKey {
    RecordKey::new(name.as_bytes()).unwrap()
}

fn entry(name: &str) -> Entry {
    let version = Version::new(&[7; 16]).unwrap();
    Entry { version, value: name.into(), expires_at_ms: 4_102_444_800_000, index: Index::default() }
}

async fn put(store: &Database, name: &str) {
    let command = Command::Cas { key: key(name), expect: Expect::Absent, write: Write::Put(entry(name)) };
    assert_eq!(store.execute(command).await, Ok(Reply::Done));
}

async fn load(store: &Database, name: &str) -> Result<Option<Entry>, StoreError> {
    match store.execute(Command::Load { keys: vec![key(name)] }).await? {
        Reply::Loaded { mut entries, .. } => Ok(entries.remove(0)),
        other => panic!("{other:?}"),
    }
}

/// Opens stores with the keys in a file of its own.
struct Keys {
    folder: PathBuf,
}

impl Keys {
    async fn open(&self, url: &str, keys: &[&str]) -> Result<Database> {
        let sign = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{sign}timeout_ms=60000");
        if keys.is_empty() {
            return Database::open(&url).await;
        }
        let file = self.folder.join(keys.join("-"));
        std::fs::write(&file, keys.join("\n")).unwrap();
        Database::open(&format!("{url}&sealing_key_file={}", file.display())).await
    }

    #[track_caller]
    fn refused(&self, opened: Result<Database>, said: &str) {
        let error: Error = opened.unwrap_err();
        assert_eq!(
            (error.code(), error.field()),
            (ErrorCode::PolicyInvalid, Some("sealing_key_file")),
            "{error}"
        );
        let shown = error.to_string();
        assert!(shown.contains(said) && !shown.contains("1111") && !shown.contains("2222"), "{shown}");
    }
}

/// `fresh` gives the URL of a new store each time.
async fn is_opened_rightly_or_not_at_all(folder: &Path, mut fresh: impl FnMut() -> String) {
    let keys = Keys { folder: folder.to_owned() };

    // Sealed, and empty.
    let url = fresh();
    let sealed = keys.open(&url, &[ONE]).await.unwrap();
    keys.refused(keys.open(&url, &[]).await, "are sealed");
    keys.refused(keys.open(&url, &[TWO]).await, "another key");
    put(&sealed, "a").await;
    keys.refused(keys.open(&url, &[]).await, "sealing_key_file=FILE");
    keys.refused(keys.open(&url, &[TWO]).await, "another key");
    let again = keys.open(&url, &[ONE]).await.unwrap();
    assert_eq!(load(&again, "a").await, Ok(Some(entry("a"))));
    let findings = again.doctor(again.now_ms().await.unwrap_or_default()).await.unwrap();
    let finding = findings.iter().find(|finding| finding.check == "sealing").unwrap();
    assert_eq!((finding.severity, finding.found.as_str()), (Severity::Fine, "values are sealed"));

    // The keys change: the new one in front, and later alone.
    let both = keys.open(&url, &[TWO, ONE]).await.unwrap();
    put(&both, "b").await;
    assert_eq!(load(&both, "a").await, Ok(Some(entry("a"))));
    let new = keys.open(&url, &[TWO]).await.unwrap();
    assert_eq!(load(&new, "b").await, Ok(Some(entry("b"))));
    assert_eq!(load(&new, "a").await, Err(StoreError::Corrupt), "its key was dropped too early");
    keys.refused(keys.open(&url, &[ONE]).await, "another key");

    // Not sealed: it stays so, and a copy seals it.
    let plain_url = fresh();
    let plain = keys.open(&plain_url, &[]).await.unwrap();
    put(&plain, "c").await;
    keys.refused(keys.open(&plain_url, &[ONE]).await, "store copy");
    assert_eq!(load(&keys.open(&plain_url, &[]).await.unwrap(), "c").await, Ok(Some(entry("c"))));
    let copy_url = fresh();
    let copied = keys.open(&copy_url, &[ONE]).await.unwrap();
    for (records, present) in [(1, 0), (0, 1)] {
        let done = copy(&plain, &copied, |_| ()).await.unwrap();
        assert_eq!((done.records, done.present), (records, present));
    }
    assert_eq!(load(&copied, "c").await, Ok(Some(entry("c"))));
    keys.refused(keys.open(&copy_url, &[]).await, "are sealed");
    // And back: what says that one is sealed is not copied.
    let back_url = fresh();
    let back = keys.open(&back_url, &[]).await.unwrap();
    assert_eq!(copy(&copied, &back, |_| ()).await.unwrap().records, 1);
    assert_eq!(load(&keys.open(&back_url, &[]).await.unwrap(), "c").await, Ok(Some(entry("c"))));

    // Of two that open a new one at once with other keys, one has it.
    let url = fresh();
    let (one, two) = tokio::join!(keys.open(&url, &[ONE]), keys.open(&url, &[TWO]));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    keys.refused(if one.is_ok() { two } else { one }, "another key");
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite() {
    let (folder, mut count) = (tempfile::tempdir().unwrap(), 0);
    let fresh = || {
        count += 1;
        format!("sqlite:{}", folder.path().join(format!("{count}.db")).display())
    };
    is_opened_rightly_or_not_at_all(folder.path(), fresh).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres() {
    let (folder, server) = (tempfile::tempdir().unwrap(), servers::postgres::Postgres::shared());
    is_opened_rightly_or_not_at_all(folder.path(), || server.url(&server.database())).await;
}

#[cfg(feature = "redis")]
#[tokio::test]
async fn redis() {
    let (folder, server) = (tempfile::tempdir().unwrap(), servers::redis::Redis::start(&[]));
    let mut count = 0;
    let fresh = || {
        count += 1;
        format!("{}{count}", server.url())
    };
    is_opened_rightly_or_not_at_all(folder.path(), fresh).await;
}
