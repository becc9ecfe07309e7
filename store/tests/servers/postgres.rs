//! A PostgreSQL server of a test's own.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Ends the server and removes its folder when its standard input ends, as it does when the test's process does,
/// however that happened. A line leaves both.
const WATCH: &str = r#"
folder=$1; shift
"$@" </dev/null >>"$folder/log" 2>&1 & server=$!
if read -r line; then wait $server; else kill -QUIT $server; wait $server; rm -rf "$folder"; fi
"#;

/// The password of the only role that needs one, `guarded`.
pub(crate) const PASSWORD: &str = "a-password";

/// A server with its data in a folder of its own, on a loopback port. It is ended, and the folder removed, when it is
/// dropped or the process ends.
pub(crate) struct Postgres {
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: Vec<String>,
    watcher: Option<Child>,
    databases: AtomicU32,
}

/// What a server has beyond the usual.
#[derive(Default)]
pub(crate) struct Setup<'a> {
    /// As on the command line, `name=value`.
    pub(crate) settings: &'a [&'a str],
    /// The lines of `pg_hba.conf` that go before the usual ones.
    pub(crate) rules: &'a str,
    /// Files in the folder of the data, by name.
    pub(crate) files: &'a [(&'a str, &'a str)],
    /// Where the write-ahead log goes, in place of the folder of the data.
    pub(crate) log: Option<&'a Path>,
}

impl Postgres {
    /// A new server; it takes some seconds.
    pub(crate) fn start() -> Self {
        Self::start_with(&Setup::default())
    }

    pub(crate) fn start_with(setup: &Setup<'_>) -> Self {
        let mut server = Self::without_data(setup.settings.iter().map(ToString::to_string).collect());
        let mut make = as_user(&server.binaries.join("initdb"));
        make.current_dir("/")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(server.data());
        if let Some(log) = setup.log {
            give(log);
            // Small files, so that a small disk has room for some.
            make.args(["--wal-segsize=1", "--waldir"]).arg(log);
        }
        run(&mut make);
        let rules = "local all all trust\nhost replication all 127.0.0.1/32 trust\n\
             host all guarded 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
        fs::write(server.data().join("pg_hba.conf"), format!("{}{rules}", setup.rules)).unwrap();
        for (name, text) in setup.files {
            let file = server.data().join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            give(&file);
        }
        server.restart();
        server.sql("postgres", &format!("CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}'"));
        server
    }

    fn without_data(settings: Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("tokenmint-postgres").tempdir().unwrap().keep();
        give(&folder);
        let (binaries, port) = (binaries(), free_port());
        Postgres { binaries, folder, port, settings, watcher: None, databases: AtomicU32::new(0) }
    }

    /// A server that follows this one, and has all that this one has.
    pub(crate) fn standby(&self) -> Self {
        let mut standby = Self::without_data(self.settings.clone());
        run(as_user(&self.binaries.join("pg_basebackup"))
            .current_dir("/")
            .args(["--host=127.0.0.1", "--username=postgres", "--port", &self.port.to_string()])
            .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf", "--pgdata"])
            .arg(standby.data()));
        standby.restart();
        self.wait_for("SELECT count(*) > 0 FROM pg_stat_replication WHERE state = 'streaming'");
        standby
    }

    /// From now on a write is done when the standby has carried it out, too; and when that one is promoted, when its
    /// own has.
    pub(crate) fn commit_with(&self, standby: &Postgres) {
        for server in [standby, self] {
            server.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'");
            server.sql("postgres", "ALTER SYSTEM SET synchronous_commit = 'remote_apply'");
            server.sql("postgres", "SELECT pg_reload_conf()");
            server.wait_for("SELECT current_setting('synchronous_standby_names') = '*'");
        }
        self.wait_for("SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'");
    }

    /// Makes a standby a server of its own.
    pub(crate) fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()").trim(), "t");
    }

    /// Waits until the answer is yes.
    pub(crate) fn wait_for(&self, question: &str) {
        let end = Instant::now() + Duration::from_secs(120);
        while self.sql("postgres", question).trim() != "t" {
            assert!(Instant::now() < end, "it does not come: {question}");
            sleep(Duration::from_millis(10));
        }
    }

    /// The server that the tests of one process share, each with a data base of its own.
    pub(crate) fn shared() -> &'static Postgres {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Postgres::start)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// A new, empty data base; its name.
    pub(crate) fn database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        name
    }

    /// The URL of a data base, as its owner.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_as("postgres", database)
    }

    /// The URL of a data base, for another role, `name` or `name:password`.
    pub(crate) fn url_as(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs SQL as the superuser; what it prints.
    pub(crate) fn sql(&self, database: &str, text: &str) -> String {
        run(Command::new(self.binaries.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text])
            .arg(self.url(database)))
    }

    /// Kills the server and all of its processes at once, as a crash would.
    pub(crate) fn kill9(&mut self) {
        let id = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let id = id.lines().next().unwrap().trim().to_owned();
        let children = children(&id);
        // Some may have ended by themselves by now.
        let _ = Command::new("kill").args(["-KILL", &id]).args(&children).stderr(Stdio::null()).status();
        self.let_go();
        let end = Instant::now() + Duration::from_secs(120);
        while children.iter().any(|id| Path::new("/proc").join(id).join("exe").exists()) {
            assert!(Instant::now() < end, "the server's processes do not end");
            sleep(Duration::from_millis(5));
        }
    }

    /// Whether it takes connections.
    pub(crate) fn is_up(&self) -> bool {
        let mut ready = Command::new(self.binaries.join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        ready.status().unwrap().success()
    }

    /// Waits for a server that ended or was killed, and leaves its folder.
    fn let_go(&mut self) {
        if let Some(mut watcher) = self.watcher.take() {
            watcher.stdin.take().unwrap().write_all(b"\n").unwrap();
            watcher.wait().unwrap();
        }
    }

    /// Waits until it takes connections again after trouble; starts it where it has given up.
    pub(crate) fn recover(&mut self) {
        while !self.is_up() {
            if !self.is_running() {
                return self.restart();
            }
            sleep(Duration::from_millis(20));
        }
    }

    fn is_running(&self) -> bool {
        let id = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let id = id.lines().next().unwrap_or("none").trim();
        Path::new("/proc").join(id).join("exe").exists()
    }

    /// Starts it, again after [`Postgres::kill9`] or after it ended by itself.
    pub(crate) fn restart(&mut self) {
        self.let_go();
        let server = as_user(&self.binaries.join("postgres"));
        let watcher = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .arg(&self.folder)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(self.data())
            .args(["-p", &self.port.to_string(), "-k"])
            .arg(&self.folder)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"])
            .args(["-c", "shared_buffers=16MB", "-c", "timezone=UTC"])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .current_dir("/")
            .stdin(Stdio::piped())
            // What ends the test by its terminal is for the watcher to notice, not to be ended by.
            .process_group(0)
            .spawn()
            .unwrap();
        self.watcher = Some(watcher);
        let end = Instant::now() + Duration::from_secs(120);
        while !self.is_up() {
            assert!(Instant::now() < end, "the server does not start: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        match self.watcher.take() {
            Some(mut watcher) => {
                drop(watcher.stdin.take());
                let _ = watcher.wait();
            }
            None => {
                let _ = fs::remove_dir_all(&self.folder);
            }
        }
    }
}

/// Debian keeps them out of the PATH, one folder for each release.
fn binaries() -> PathBuf {
    let releases = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = releases
        .filter_map(|release| {
            let number: u32 = release.file_name().to_str()?.parse().ok()?;
            let folder = release.path().join("bin");
            folder.join("initdb").exists().then_some((number, folder))
        })
        .max();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = newest
        .map(|(_, folder)| folder)
        .or_else(|| std::env::split_paths(&path).find(|folder| folder.join("initdb").exists()));
    found.expect("these tests need the server of PostgreSQL: `cargo xtask setup` installs it")
}

/// A port that no outgoing connection gets while the server is down.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let range = 20_000..32_000;
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id();
        let port = range.start + u16::try_from(step % u32::from(range.end - range.start)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A command as a user that PostgreSQL agrees to run as: not root.
pub(super) fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let group = run(Command::new("id").args(["-g", user()]));
    command.arg(format!("--reuid={}", user())).arg(format!("--regid={}", group.trim()));
    command.arg("--clear-groups").arg(program);
    command
}

/// Makes a file or folder the server's own.
pub(crate) fn give(path: &Path) {
    if is_root() {
        run(Command::new("chown").arg(user()).arg(path));
    }
}

fn user() -> &'static str {
    let exists = Command::new("id").arg("postgres").output().unwrap().status.success();
    if exists { "postgres" } else { "nobody" }
}

fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}

/// The processes that this one started.
fn children(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let ids = processes.filter_map(|process| {
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        (rest.split(' ').nth(1) == Some(parent)).then(|| process.file_name().into_string().unwrap())
    });
    ids.collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {text}", command.get_program());
    String::from_utf8(output.stdout).unwrap()
}
