//! A disk that is really full.

use std::io::Write as _;
use std::path::PathBuf;

use tempfile::TempDir;

use super::servers::postgres::Setup;
use super::*;

/// A small disk of its own; `None` where this process may not mount one.
struct Disk {
    folder: TempDir,
}

impl Disk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder.path());
        if mount.output().is_ok_and(|output| output.status.success()) {
            return Some(Disk { folder });
        }
        eprintln!("not tested: no small disk can be mounted here");
        None
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Until nothing more goes in.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        while ballast.write_all(&[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = process::Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

/// A value that does not become small.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::new();
    for _ in 0..5000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_be_bytes()[..5]);
    }
    bytes
}

/// Writes until nothing is acknowledged any more; what was, and what happened to the rest.
async fn write_until_refused(store: &Database, prefix: &str) -> (Vec<(String, Entry)>, Vec<Attempt>) {
    let (mut acknowledged, mut refused) = (Vec::new(), Vec::new());
    for n in 0.. {
        let (name, mine) = (format!("{prefix}{n}"), entry(noise(n)));
        match put(store, &name, Expect::Absent, &mine).await {
            Ok(Reply::Done) => acknowledged.push((name, mine)),
            Err(error) => refused.push((name, mine, error)),
            Ok(other) => panic!("{other:?}"),
        }
        if refused.len() == 5 {
            break;
        }
        assert!(n < 5000, "the disk does not get full");
    }
    (acknowledged, refused)
}

type Attempt = (String, Entry, StoreError);

async fn assert_honest(store: &Database, acknowledged: &[(String, Entry)], refused: &[Attempt]) {
    for (name, mine) in acknowledged {
        assert_eq!(load(store, name).await.unwrap().as_ref(), Some(mine), "{name}");
    }
    for (name, mine, error) in refused {
        let found = load(store, name).await.unwrap();
        match error {
            StoreError::Unavailable => assert_eq!(found, None, "certainly not done: {name}"),
            StoreError::Unknown => assert!(found.is_none_or(|found| found == *mine), "{name}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_room_for_the_tables_nothing_is_written_and_all_is_read() {
    let Some(disk) = Disk::mount("64m") else { return };
    let (url, name) = fresh().await;
    let server = server().await;
    let folder = disk.folder.path().to_owned();
    blocking(move || {
        servers::postgres::give(&folder);
        server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()));
    })
    .await;
    sql("postgres", &format!("ALTER DATABASE {name} SET TABLESPACE small")).await;
    let store = open(&url).await;
    let before = entry("before");
    put(&store, "before", Expect::Absent, &before).await.unwrap();
    disk.fill();
    let (acknowledged, refused) = write_until_refused(&store, "full").await;
    assert!(refused.iter().all(|(_, _, error)| *error == StoreError::Unavailable), "the server undid it");
    assert_eq!(load(&store, "before").await, Ok(Some(before)), "reading needs no room");
    disk.make_room();
    assert_honest(&store, &acknowledged, &refused).await;
    increment(&store, "count").await;
    drop(store);
    sql("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    sql("postgres", "DROP TABLESPACE small").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_for_the_log_the_server_stops_and_nothing_acknowledged_is_lost() {
    let Some(disk) = Disk::mount("24m") else { return };
    let log = disk.folder.path().join("wal");
    let mut server = blocking(move || {
        std::fs::create_dir(&log).unwrap();
        Postgres::start_with(&Setup {
            settings: &["min_wal_size=2MB", "max_wal_size=4MB"],
            log: Some(&log),
            ..Setup::default()
        })
    })
    .await;
    let store = open(&patient(&server.url("postgres"))).await;
    let before = entry("before");
    put(&store, "before", Expect::Absent, &before).await.unwrap();
    disk.fill();
    let (acknowledged, refused) = write_until_refused(&store, "full").await;
    assert!(!acknowledged.is_empty());
    disk.make_room();
    let server = blocking(move || {
        server.recover();
        server
    })
    .await;
    assert_honest(&store, &acknowledged, &refused).await;
    assert_eq!(load(&store, "before").await, Ok(Some(before)));
    increment(&store, "count").await;
    let log = server.log();
    assert!(log.contains("PANIC") && log.contains("No space left on device"), "{log}");
}
