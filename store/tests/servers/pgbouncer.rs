//! PgBouncer before a PostgreSQL server: `pgbouncer` from Debian's package.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::postgres::{Postgres, as_user, free_port, give};

/// A pooler in transaction mode on a port of its own: each statement may go to another session of the server. It ends
/// with this value.
pub(crate) struct PgBouncer {
    address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl PgBouncer {
    /// With so many sessions for each data base.
    pub(crate) fn before(server: &Postgres, sessions: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let [settings, users] = ["pgbouncer.ini", "users.txt"].map(|name| folder.path().join(name));
        fs::write(&users, "\"postgres\" \"\"\n").unwrap();
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = {sessions}\nmax_client_conn = 400\nserver_login_retry = 1\n",
            server.address().port(),
            address.port(),
            users.display(),
        );
        fs::write(&settings, text).unwrap();
        [&settings, &users].into_iter().for_each(|file| give(file));
        // Not in the path of those who do not administer the machine.
        let program = Path::new("/usr/sbin/pgbouncer");
        let mut process = as_user(if program.exists() { program } else { Path::new("pgbouncer") })
            .arg("--quiet")
            .arg(&settings)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("these tests need PgBouncer: `cargo xtask setup` installs it");
        let end = Instant::now() + Duration::from_secs(120);
        while TcpStream::connect(address).is_err() {
            assert!(
                process.try_wait().unwrap().is_none() && Instant::now() < end,
                "pgbouncer does not start"
            );
            sleep(Duration::from_millis(10));
        }
        PgBouncer { address, process, _folder: folder }
    }

    /// The URL of a data base through it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}", self.address)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
