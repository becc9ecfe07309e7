//! Who may connect, what cannot be opened, and what is said about the set-up.

use super::servers::authority::Authority;
use super::*;

#[tokio::test]
async fn a_password_is_needed_and_never_repeated() {
    let server = Redis::start(&["--requirepass", "hunter2"]);
    let url = |user: &str| format!("redis://{user}127.0.0.1:{}/", server.port());
    for wrong in ["", ":letmein9@", "nobody:letmein9@"] {
        let error = Database::open(&url(wrong)).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");
        assert!(!format!("{error} {error:?}").contains("letmein9"), "{error:?}");
    }
    let store = Database::open(&url(":hunter2@")).await.unwrap();
    store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
}

/// The URL that this process was given by [`opens_elsewhere`].
const ELSEWHERE: &str = "TOKENMINT_TEST_REDIS";

/// Opens the URL in this process, if it is one that was made for that.
#[tokio::test]
async fn elsewhere() {
    if let Ok(url) = std::env::var(ELSEWHERE) {
        let store = Database::open(&url).await.unwrap();
        store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
    }
}

/// Whether a URL can be opened in a process with this environment: that of a test is shared by all tests.
fn opens_elsewhere(url: &str, name: &str, value: impl AsRef<std::ffi::OsStr>) -> bool {
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", "access::elsewhere"]).env(ELSEWHERE, url).env(name, value);
    process.output().unwrap().status.success()
}

#[test]
fn the_password_may_stand_in_the_environment() {
    let server = Redis::start(&["--requirepass", "hunter2"]);
    assert!(opens_elsewhere(&server.url(), "REDISCLI_AUTH", "hunter2"));
    assert!(!opens_elsewhere(&server.url(), "REDISCLI_AUTH", "hunter3"));
    let url = format!("redis://:hunter2@127.0.0.1:{}/", server.port());
    assert!(opens_elsewhere(&url, "REDISCLI_AUTH", "hunter3"), "the URL's own comes first");
}

#[test]
fn tls_needs_a_certificate_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name| folder.path().join(name).display().to_string();
    let (authority, certificate, secret) = (path("authority.pem"), path("server.pem"), path("server.key"));
    let made = Authority::of("localhost");
    std::fs::write(&authority, made.root).unwrap();
    std::fs::write(&certificate, made.certificate).unwrap();
    std::fs::write(&secret, made.key).unwrap();

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let _server = Redis::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &secret,
        "--tls-ca-cert-file",
        &authority,
        "--tls-auth-clients",
        "no",
    ]);
    let url = format!("rediss://localhost:{port}/");
    assert!(opens_elsewhere(&url, "SSL_CERT_FILE", &authority));
    assert!(!opens_elsewhere(&url, "UNUSED", ""), "an authority that nobody knows");
    let other_name = format!("rediss://127.0.0.1:{port}/");
    assert!(!opens_elsewhere(&other_name, "SSL_CERT_FILE", &authority), "a certificate for another name");
}

/// The rights that a user needs, as the documentation has them.
pub(crate) const RIGHTS: &str = "~tokenmint:* +hget +hmget +hset +hdel +del +get +set +pexpireat +persist +time +eval +evalsha \
                      +scan +dbsize +wait +info +config|get +cluster|slots +cluster|info +asking";

#[tokio::test]
async fn a_user_with_few_rights_is_enough() {
    let server = Redis::start(&["--maxmemory-policy", "noeviction"]);
    let rights = ["ACL", "SETUSER", "app", "on", ">hunter2"].into_iter().chain(RIGHTS.split(' '));
    server.ask::<()>(&rights.collect::<Vec<_>>());
    let url = format!("redis://app:hunter2@127.0.0.1:{}/", server.port());
    let store = Database::open(&url).await.unwrap();
    assert_eq!(store.durability(), Durability::Disk);
    let faults = store.doctor(now_ms()).await.unwrap();
    assert!(faults.iter().all(|finding| finding.severity == Severity::Fine), "{faults:?}");
    let mut one = entry(1, b"");
    one.index.subject = Some(key("ann"));
    assert_eq!(store.execute(put("k", Expect::Absent, one.clone())).await, Ok(Reply::Done));
    let throttle = Command::Throttle { key: key("k"), interval_us: 1, burst_us: 9, cost: 1, now_us: 0 };
    assert!(matches!(store.execute(throttle).await, Ok(Reply::Admitted { .. })));
    let list = Command::List { by: IndexValue::Subject(key("ann")), after: None, limit: 9 };
    assert!(matches!(store.execute(list).await, Ok(Reply::Listed { entries, .. }) if entries.len() == 1));
    let to = Redis::start(&[]);
    assert_eq!(tokenmint_store::copy(&store, &open(&to, "").await, |_| {}).await.unwrap().records, 1);
    assert_eq!(store.execute(delete("k", Expect::Version(version(1)))).await, Ok(Reply::Done));

    // A right that is missing in the middle of a script: the entry may be there.
    server.ask::<()>(&["ACL", "SETUSER", "app", "-pexpireat"]);
    assert_eq!(store.execute(put("k", Expect::Absent, one)).await, Err(StoreError::Unknown));
}

#[tokio::test]
async fn what_cannot_be_opened_is_said() {
    let mut server = Redis::start(&[]);
    for (suffix, field) in [("?colour=red", "url"), ("x", "url")] {
        let error = Database::open(&format!("{}{suffix}", server.url())).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some(field)), "{error}");
    }
    drop(open(&server, "").await);
    assert_eq!(server.ask::<String>(&["GET", "tokenmint:schema"]), "1");
    server.ask::<()>(&["SET", "tokenmint:schema", "2"]);
    let error = Database::open(&server.url()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    assert!(error.to_string().contains("newer release"), "{error}");
    server.kill9();
    let error = Database::open(&server.url()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable);
    let tls = server.url().replace("redis:", "rediss:");
    server.restart();
    let error = Database::open(&tls).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable, "no TLS there: {error}");
}

#[tokio::test]
async fn the_set_up_is_examined() {
    let server = Redis::start(&["--maxmemory-policy", "noeviction"]);
    let store = open(&server, "").await;
    let faults = store.doctor(now_ms()).await.unwrap();
    assert!(faults.iter().all(|finding| finding.severity == Severity::Fine), "{faults:?}");
    for check in ["version", "role", "eviction", "memory", "persistence", "replicas", "tls", "clock"] {
        assert_eq!(faults.iter().filter(|finding| finding.check == check).count(), 1, "{check}");
    }
    server.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    assert_eq!(found(&store, "eviction").await, Severity::Fault);
    server.ask::<()>(&["CONFIG", "SET", "appendfsync", "everysec"]);
    assert_eq!(found(&store, "persistence").await, Severity::Warning);
    server.ask::<()>(&["CONFIG", "SET", "appendonly", "no"]);
    assert_eq!(found(&store, "persistence").await, Severity::Fault);
    server.ask::<()>(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    assert_eq!(found(&store, "replicas").await, Severity::Fault);
    let refused = store.execute(put("k", Expect::Absent, entry(1, b""))).await;
    assert_eq!(refused, Err(StoreError::Unavailable), "too few replicas");
    let replica = Redis::start(&[]);
    replica.follow(&server);
    let store = open(&replica, "").await;
    assert_eq!(found(&store, "role").await, Severity::Fault);
    let refused = store.execute(put("k", Expect::Absent, entry(1, b""))).await;
    assert_eq!(refused, Err(StoreError::Unavailable), "a replica takes no writes");
}

#[tokio::test]
async fn durability_is_what_the_server_is_set_up_for() {
    for (arguments, parameters, durability) in [
        (&["--appendonly", "no"][..], "?durability=disk", Durability::Process),
        (&["--appendfsync", "everysec"], "?wait_replicas=1", Durability::Process),
        (&[], "", Durability::Disk),
        (&[], "?wait_replicas=1", Durability::Replicated),
        // As on a managed service.
        (&["--rename-command", "CONFIG", ""], "", Durability::Process),
        (&["--rename-command", "CONFIG", ""], "?durability=replicated", Durability::Replicated),
    ] {
        let server = Redis::start(arguments);
        let store = open(&server, parameters).await;
        assert_eq!(store.durability(), durability, "{arguments:?} {parameters}");
    }
    let server = Redis::start(&["--rename-command", "CONFIG", "", "--rename-command", "INFO", ""]);
    let store = open(&server, "").await;
    assert_eq!(found(&store, "persistence").await, Severity::Warning);
    assert_eq!(found(&store, "eviction").await, Severity::Warning);
}
