//! Every built-in store earns the certificate, with the real servers and all that can happen to them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokenmint_certify::{Certificate, Connection, Fault, Options, Rig, TestResult, certify};
use tokenmint_store::{Database, DatabaseRig};

use super::patient;
use super::postgres_server::{self, Postgres};
use super::proxy::{Mode, Proxy};
use super::redis_server::Redis;

type Done = Option<Result<(), String>>;

/// A store of this crate behind its URL, and what can be done to it.
struct Attacked<A> {
    url: String,
    rig: DatabaseRig,
    attack: A,
}

trait Attack: Send + Sync {
    fn inject(&self, fault: Fault) -> Done;
    fn heal(&self);
}

impl<A: Attack> Attacked<A> {
    async fn new(url: &str, attack: A) -> Self {
        Attacked { url: url.to_owned(), rig: rig(&patient(url)).await, attack }
    }

    async fn certified(&self) -> Certificate {
        let certificate = certify(self, &options()).await;
        for test in &certificate.tests {
            println!("{:>3} {:>6} ms {}", test.number, test.took.as_millis(), test.name);
        }
        assert!(certificate.passed(), "{}", certificate.to_tap());
        // A hundred writers, each killed at a random point, in place of twenty.
        let hundred = certify(self, &Options::new(43).deadline(Duration::from_secs(60)).only("35")).await;
        assert_eq!(hundred.counts().0, 1, "{}", hundred.to_tap());
        certificate
    }

    /// The one test in which somebody waits for as long as a command may take.
    async fn gives_up_in_time(self) {
        let impatient = Attacked { rig: rig(&impatient(&self.url)).await, ..self };
        let certificate =
            certify(&impatient, &Options::new(42).deadline(Duration::from_secs(60)).only("41")).await;
        assert_eq!(certificate.counts().0, 1, "{}", certificate.to_tap());
    }
}

impl<A: Attack> Rig for Attacked<A> {
    type Store = Connection<Database>;

    fn name(&self) -> String {
        self.rig.name()
    }

    async fn open(&self) -> tokenmint::Result<Self::Store> {
        self.rig.open().await
    }

    fn worker(&self) -> Option<process::Command> {
        self.rig.worker()
    }

    async fn inject(&self, fault: Fault) -> Done {
        tokio::task::block_in_place(|| self.attack.inject(fault))
    }

    async fn heal(&self) {
        tokio::task::block_in_place(|| self.attack.heal());
    }

    async fn doctor(&self) -> Option<Vec<String>> {
        self.rig.doctor().await
    }
}

/// The rig of a URL, which a program of its own can open, too.
pub(super) async fn rig(url: &str) -> DatabaseRig {
    let program = env!("CARGO_BIN_EXE_tokenmint");
    DatabaseRig::new(url).await.unwrap().with_worker(program, ["store", "exec", "--store", url])
}

/// The URL, of a store whose silence is waited for.
pub(super) fn impatient(url: &str) -> String {
    format!("{url}?timeout_ms=3000")
}

/// All tests but two: the one that waits for a silent store, which [`impatient`] does, and the one that measures this
/// process's memory, of which other tests use some at the same time.
pub(super) fn options() -> Options {
    let sections =
        ["basics", "atomicity", "listing", "indexing", "time", "throttle", "volume", "crash", "flows"];
    let faults = ["42", "43", "44", "45", "46", "47", "48"];
    let options = Options::new(42).quick().deadline(Duration::from_secs(60));
    sections.into_iter().chain(faults).fold(options, Options::only)
}

fn skipped(certificate: &Certificate) -> Vec<u8> {
    let skipped = certificate.tests.iter().filter(|test| matches!(test.result, TestResult::Skipped { .. }));
    skipped.map(|test| test.number).collect()
}

/// What a proxy can do for any server.
fn by_proxy(proxy: &Proxy, fault: Fault) -> Done {
    proxy.set(match fault {
        Fault::CutBeforeRequest => Mode::CutBeforeRequest,
        Fault::CutBeforeReply => Mode::CutBeforeReply,
        Fault::CutInReply => Mode::CutInReply,
        Fault::Hang => Mode::Hang,
        _ => return None,
    });
    Some(Ok(()))
}

fn healed(proxy: &Proxy) {
    proxy.set(Mode::Pass);
    proxy.cut();
}

// No test that panics under this lock leaves anything half done that another would see.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A folder, on a small disk of its own where this process may mount one.
struct Disk {
    folder: tempfile::TempDir,
    mounted: bool,
}

impl Disk {
    fn new(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mount = process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        Disk { mounted: mount.is_ok_and(|output| output.status.success()), folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("tokens.db")
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Until nothing more goes in.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        while std::io::Write::write_all(&mut ballast, &[0; 4096]).is_ok() {}
    }

    fn make_room(&self) {
        let _ = std::fs::remove_file(self.ballast());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            let _ = process::Command::new("umount").arg("-l").arg(self.folder.path()).status();
        }
    }
}

/// Puts a file back to version 2, where entries lay in the order of their keys.
const BY_KEY: &str = "
    BEGIN IMMEDIATE;
    ALTER TABLE entry RENAME TO entry_by_time;
    CREATE TABLE entry(k BLOB PRIMARY KEY, ver BLOB NOT NULL, val BLOB NOT NULL, exp INTEGER NOT NULL,
                       exp_hour INTEGER NOT NULL, sub BLOB, client BLOB) WITHOUT ROWID;
    INSERT INTO entry SELECT k, ver, val, exp, exp_hour, sub, client FROM entry_by_time;
    DROP TABLE entry_by_time;
    CREATE INDEX entry_exp_hour ON entry(exp_hour);
    CREATE INDEX entry_sub ON entry(sub) WHERE sub IS NOT NULL;
    CREATE INDEX entry_client ON entry(client) WHERE client IS NOT NULL;
    PRAGMA user_version = 2;
    COMMIT;";

impl Attack for Disk {
    fn inject(&self, fault: Fault) -> Done {
        match fault {
            Fault::Full if self.mounted => self.fill(),
            Fault::PreviousSchema => {
                let file = rusqlite::Connection::open(self.file()).unwrap();
                file.execute_batch(BY_KEY).unwrap();
            }
            _ => return None,
        }
        Some(Ok(()))
    }

    fn heal(&self) {
        self.make_room();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let disk = Disk::new("48m");
    let (url, mounted) = (format!("sqlite:{}", disk.file().display()), disk.mounted);
    let certificate = Attacked::new(&url, disk).await.certified().await;
    // It has no server, and no proxy could stand before it.
    let mut expected = vec![37, 39, 41, 42, 43, 49, 63];
    if !mounted {
        expected.insert(1, 38);
    }
    assert_eq!(skipped(&certificate), expected, "{}", certificate.to_tap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed_values() {
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("tokens.db"), folder.path().join("key"));
    std::fs::write(&key, "ab".repeat(32)).unwrap();
    let url = format!("sqlite:{}?sealing_key_file={}", file.display(), key.display());
    let rig = DatabaseRig::new(patient(&url)).await.unwrap();
    let sections = ["basics", "atomicity", "listing", "indexing", "time", "flows"];
    let options = sections.into_iter().fold(Options::new(42).quick(), Options::only);
    let certificate = certify(&rig, &options).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
}

/// A server of PostgreSQL behind a proxy, with its tables on a small disk, and a standby where a failover is asked for.
struct Primary {
    server: Mutex<Postgres>,
    standby: Mutex<Option<Postgres>>,
    disk: Option<Disk>,
    proxy: Proxy,
    database: String,
}

impl Primary {
    fn start(disk: Option<Disk>, with_standby: bool) -> Self {
        let server = Postgres::start();
        let database = server.database();
        if let Some(disk) = &disk {
            let folder = disk.folder.path();
            postgres_server::give(folder);
            server.sql("postgres", &format!("CREATE TABLESPACE small LOCATION '{}'", folder.display()));
            server.sql("postgres", &format!("ALTER DATABASE {database} SET TABLESPACE small"));
        }
        let standby = with_standby.then(|| server.standby());
        if let Some(standby) = &standby {
            server.commit_with(standby);
        }
        let proxy = Proxy::before(server.address());
        Primary { server: Mutex::new(server), standby: Mutex::new(standby), disk, proxy, database }
    }

    fn url(&self) -> String {
        format!("postgres://postgres@{}/{}", self.proxy.address(), self.database)
    }

    fn sql(&self, text: &str) {
        lock(&self.server).sql("postgres", &text.replace("{}", &self.database));
    }
}

impl Attack for Primary {
    fn inject(&self, fault: Fault) -> Done {
        match fault {
            Fault::KillServer => {
                let mut server = lock(&self.server);
                server.kill9();
                server.restart();
            }
            Fault::FailOver => {
                let mut standby = lock(&self.standby);
                let promoted = standby.take()?;
                let mut server = lock(&self.server);
                server.kill9();
                promoted.promote();
                self.proxy.lead_to(promoted.address());
                self.proxy.cut();
                // Another machine follows the new primary: two answer for each write again.
                *standby = Some(promoted.standby());
                *server = promoted;
            }
            Fault::Full => match &self.disk {
                Some(disk) => disk.fill(),
                None => {
                    self.sql("ALTER DATABASE {} SET default_transaction_read_only = on");
                    self.proxy.cut();
                }
            },
            Fault::ExhaustPool => {
                self.sql("ALTER DATABASE {} ALLOW_CONNECTIONS false");
                self.proxy.cut();
            }
            Fault::Misconfigure => self.sql("ALTER DATABASE {} SET synchronous_commit = off"),
            Fault::PreviousSchema => {
                let text = "DROP INDEX tokenmint_entry_client; UPDATE tokenmint_schema SET version = 1";
                lock(&self.server).sql(&self.database, text);
            }
            fault => return by_proxy(&self.proxy, fault),
        }
        Some(Ok(()))
    }

    fn heal(&self) {
        if let Some(disk) = &self.disk {
            disk.make_room();
        }
        self.sql("ALTER DATABASE {} ALLOW_CONNECTIONS true");
        self.sql("ALTER DATABASE {} RESET ALL");
        healed(&self.proxy);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres() {
    let disk = Some(Disk::new("200m")).filter(|disk| disk.mounted);
    let primary = Primary::start(disk, false);
    let url = primary.url();
    let rig = Attacked::new(&url, primary).await;
    let certificate = rig.certified().await;
    // The failover is looked at beside.
    assert_eq!(skipped(&certificate), [41, 42, 49, 63], "{}", certificate.to_tap());
    rig.gives_up_in_time().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_with_a_standby_survives_a_failover() {
    let primary = Primary::start(None, true);
    let url = primary.url();
    let rig = Attacked::new(&url, primary).await;
    let certificate = certify(&rig, &Options::new(42).quick().only("42")).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
    assert_eq!(certificate.durability, Some(tokenmint::Durability::Replicated));
    assert_eq!(certificate.counts().0, 1, "{}", certificate.to_tap());
}

/// A server of Redis behind a proxy, with a replica where a failover is asked for.
struct Pair {
    primary: Mutex<Redis>,
    replica: Option<Redis>,
    proxy: Proxy,
}

impl Attack for Pair {
    fn inject(&self, fault: Fault) -> Done {
        match fault {
            Fault::KillServer => {
                let mut primary = lock(&self.primary);
                primary.kill9();
                primary.restart();
            }
            Fault::FailOver => {
                let replica = self.replica.as_ref()?;
                let mut primary = lock(&self.primary);
                primary.kill9();
                let _: () = replica.ask(&["REPLICAOF", "NO", "ONE"]);
                self.proxy.lead_to(local(replica.port()));
                self.proxy.cut();
                // The old primary comes back as the replica of the new one: two answer for each write again.
                primary.restart();
                primary.follow(replica);
            }
            Fault::Full => {
                let _: () = lock(&self.primary).ask(&["CONFIG", "SET", "maxmemory", "1"]);
            }
            Fault::Misconfigure => {
                let _: () = lock(&self.primary).ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
            }
            fault => return by_proxy(&self.proxy, fault),
        }
        Some(Ok(()))
    }

    fn heal(&self) {
        let primary = lock(&self.primary);
        let _: () = primary.ask(&["CONFIG", "SET", "maxmemory", "0"]);
        let _: () = primary.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
        healed(&self.proxy);
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A server behind a proxy.
async fn attacked(replica: Option<Redis>, parameters: &str) -> Attacked<Pair> {
    let primary = Redis::start(&[]);
    if let Some(replica) = &replica {
        replica.follow(&primary);
    }
    let proxy = Proxy::before(local(primary.port()));
    let url = format!("redis://{}/{parameters}", proxy.address());
    Attacked::new(&url, Pair { primary: Mutex::new(primary), replica, proxy }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn redis() {
    let rig = attacked(None, "").await;
    let certificate = rig.certified().await;
    // The failover is looked at beside, and the schema has had one version.
    assert_eq!(skipped(&certificate), [41, 42, 45, 49, 63], "{}", certificate.to_tap());
    rig.gives_up_in_time().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_with_a_replica_survives_a_failover() {
    let rig = attacked(Some(Redis::start(&[])), "?wait_replicas=1").await;
    let certificate = certify(&rig, &Options::new(42).quick().only("42")).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
    assert_eq!(certificate.durability, Some(tokenmint::Durability::Replicated));
    assert_eq!(certificate.counts().0, 1, "{}", certificate.to_tap());
}

#[test]
fn a_store_in_another_program_is_certified_over_json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("tokens.db").display());
    let program = env!("CARGO_BIN_EXE_tokenmint");
    let words =
        ["certify", "--quick", "--only", "basics,13,50", "--seed", "7", "--shared", "--durability", "disk"];
    let exec = ["--exec", program, "store", "exec", "--store", &url];
    let found = super::support::run(&[words.as_slice(), &exec].concat());
    assert_eq!(found.code, 0, "{found:?}");
    assert!(found.out.starts_with("TAP version 14\n1..68\nok 1 - "), "{}", found.out);
    assert!(found.out.contains("11 passed, 0 failed") && found.out.contains("# seed 7"), "{}", found.out);

    // A program that is no store fails, and is not waited for without end.
    let found = super::support::run(&["certify", "--quick", "--only", "1", "--json", "--exec", "true"]);
    assert_eq!(found.code, 1, "{found:?}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(found.out.trim()).unwrap()["failed"], 1);
}
