//! What would lose acknowledged writes: a network disk, a file that is damaged or that others can read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use tokenmint::Result;

use super::schema::{VERSION, examiner, explained, version};
use crate::doctor::Finding;
use crate::target::unavailable;

/// How long the file is checked for damage at most: meanwhile its log cannot be written back.
const CHECK: Duration = Duration::from_secs(10);

/// Over a network, locks and the shared memory of the log do not hold.
const NETWORK: [&str; 14] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "lustre",
    "ncpfs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "fuse.s3fs",
];

/// Examines the file over a connection of its own, so that no command waits meanwhile.
pub(super) async fn examine(path: &Path, patience: Duration) -> Result<Vec<Finding>> {
    let at = path.to_owned();
    let opened = blocking(move || {
        let connection = examiner(&at, patience)?;
        let findings = [disk(&at), permissions(&at)].into_iter().flatten().collect::<Vec<_>>();
        Ok((connection, findings))
    });
    let (connection, mut findings) = opened.await?;
    let handle = connection.get_interrupt_handle();
    let mut looking = Box::pin(blocking(move || Ok(look(&connection))));
    let looked = match tokio::time::timeout(CHECK, &mut looking).await {
        Ok(looked) => looked,
        Err(_) => {
            handle.interrupt();
            looking.await
        }
    };
    findings.extend(looked?.map_err(|error| explained(path, &error))?);
    Ok(findings)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| unavailable(error.to_string()))?
}

/// What the data base says of itself.
fn look(connection: &Connection) -> rusqlite::Result<Vec<Finding>> {
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    let synchronous: i32 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    let found = version(connection)?;
    Ok(vec![
        if mode == "wal" {
            Finding::fine("journal", "a write-ahead log")
        } else {
            let remedy = "stop the program that changed it, and open the store again";
            Finding::fault("journal", format!("the journal is {mode}, not a write-ahead log"), remedy)
        },
        if synchronous >= 2 {
            Finding::fine("synchronous", "a write is on the disk before it is acknowledged")
        } else {
            let remedy = "use a build of SQLite that obeys PRAGMA synchronous=FULL";
            Finding::fault("synchronous", "a write is acknowledged before it is on the disk", remedy)
        },
        if usize::try_from(found) == Ok(VERSION) {
            Finding::fine("schema", format!("version {found}"))
        } else {
            let remedy = "restart with the newer release";
            Finding::warning("schema", format!("version {found}, and this release knows {VERSION}"), remedy)
        },
        integrity(connection),
    ])
}

fn integrity(connection: &Connection) -> Finding {
    match connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0)) {
        Ok(found) if found == "ok" => Finding::fine("integrity", "no damage found"),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Finding::warning(
            "integrity",
            format!("the file is too large to be checked in {} s", CHECK.as_secs()),
            "run `sqlite3 FILE 'PRAGMA quick_check'` on a copy",
        ),
        // What it found may name rows, and so is not repeated.
        _ => Finding::fault("integrity", "the file is damaged", "restore it from a backup"),
    }
}

#[cfg(unix)]
fn permissions(path: &Path) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    Some(if mode & 0o077 == 0 {
        Finding::fine("permissions", "only its owner can read the file")
    } else {
        let remedy = format!("chmod 600 {}", path.display());
        Finding::warning("permissions", format!("others can open the file: its mode is {mode:o}"), remedy)
    })
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<Finding> {
    None
}

/// Which file system the file is on; `None` where the system does not say.
fn disk(path: &Path) -> Option<Finding> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = file_system(&mounts, &std::fs::canonicalize(path).ok()?)?;
    Some(if NETWORK.contains(&kind.as_str()) {
        Finding::fault(
            "disk",
            format!("the file is on a network file system, {kind}, where locks do not hold"),
            "move it to a local disk, or use postgres://",
        )
    } else if matches!(kind.as_str(), "tmpfs" | "ramfs") {
        let found = format!("the file is in memory, {kind}, and ends with the machine");
        Finding::warning("disk", found, "move it to a local disk")
    } else {
        Finding::fine("disk", format!("a local file system, {kind}"))
    })
}

/// The type of the file system that holds a path, by the lines of proc(5) mountinfo.
fn file_system(mounts: &str, path: &Path) -> Option<String> {
    let mounted = mounts.lines().filter_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(mount.split(' ').nth(4)?));
        path.starts_with(&point).then_some((point.components().count(), file_system.split(' ').next()?))
    });
    // The deepest holds it, and of those on one folder the one mounted last.
    mounted.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind.to_owned())
}

/// A path as mountinfo writes it: spaces and the like in octal.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .into_iter()
        .fold(text.to_owned(), |text, (escaped, character)| text.replace(escaped, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_and_latest_mount_holds_a_file() {
        let mounts = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw - nfs4 server:/export rw
31 22 8:2 / /srv/my\\040disk rw shared:2 master:1 - xfs /dev/sdb1 rw
32 22 0:41 / /tmp rw - ext4 /dev/sdc rw
33 22 0:42 / /tmp rw - tmpfs tmpfs rw";
        for (path, kind) in [
            ("/var/t.db", "ext4"),
            ("/srv/t.db", "nfs4"),
            ("/srvice/t.db", "ext4"),
            ("/srv/my disk/t.db", "xfs"),
            ("/tmp/t.db", "tmpfs"),
        ] {
            assert_eq!(file_system(mounts, Path::new(path)).as_deref(), Some(kind), "{path}");
        }
        assert_eq!(file_system("", Path::new("/")), None);
    }
}
