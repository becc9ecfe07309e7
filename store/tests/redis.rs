//! Redis as a store: real servers, started by each test.

#![cfg(feature = "redis")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::join_all;
use tokenmint::{
    AsyncStore, Command, Durability, Entry, ErrorCode, Expect, Index, IndexValue, MAX_VALUE, RecordKey,
    Reply, SLACK_MS, StoreError, Version, Write,
};
use tokenmint_store::{Database, Severity};

use self::servers::redis::Redis;

mod servers;

/// The year 2100.
const LATER: u64 = 4_102_444_800_000;

fn key(bytes: impl AsRef<[u8]>) -> RecordKey {
    RecordKey::new(bytes.as_ref()).unwrap()
}

fn version(number: u64) -> Version {
    Version::new(&number.to_be_bytes()).unwrap()
}

fn entry(number: u64, value: &[u8]) -> Entry {
    Entry { version: version(number), value: value.to_vec(), expires_at_ms: LATER, index: Index::default() }
}

fn put(name: &str, expect: Expect, entry: Entry) -> Command {
    Command::Cas { key: key(name), expect, write: Write::Put(entry) }
}

fn delete(name: &str, expect: Expect) -> Command {
    Command::Cas { key: key(name), expect, write: Write::Delete }
}

async fn open(server: &Redis, parameters: &str) -> Database {
    Database::open(&format!("{}{parameters}", server.url())).await.unwrap()
}

async fn load(store: &Database, names: &[&[u8]]) -> Vec<Option<Entry>> {
    let keys = names.iter().map(key).collect();
    match store.execute(Command::Load { keys }).await.unwrap() {
        Reply::Loaded { entries, .. } => entries,
        other => panic!("{other:?}"),
    }
}

async fn found(store: &Database, check: &str) -> Severity {
    let findings = store.doctor(0).await.unwrap();
    findings.iter().find(|finding| finding.check == check).expect(check).severity
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

#[tokio::test]
async fn a_write_is_done_if_the_version_is_as_expected() {
    let server = Redis::start(&[]);
    let (store, other) = (open(&server, "").await, open(&server, "").await);
    let (one, two) = (entry(1, b"one"), entry(2, b"two"));
    assert_eq!(
        store.execute(put("k", Expect::Version(version(1)), one.clone())).await,
        Ok(Reply::Conflict(None))
    );
    assert_eq!(store.execute(put("k", Expect::Absent, one.clone())).await, Ok(Reply::Done));
    assert_eq!(load(&other, &[b"k"]).await, [Some(one.clone())]);
    let conflict = Ok(Reply::Conflict(Some(one.clone())));
    assert_eq!(other.execute(put("k", Expect::Absent, two.clone())).await, conflict);
    assert_eq!(other.execute(delete("k", Expect::Absent)).await, conflict);
    assert_eq!(other.execute(put("k", Expect::Version(version(9)), two.clone())).await, conflict);
    assert_eq!(other.execute(put("k", Expect::Version(version(1)), two.clone())).await, Ok(Reply::Done));
    assert_eq!(load(&store, &[b"k"]).await, [Some(two.clone())]);
    assert_eq!(store.execute(delete("k", Expect::Version(version(1)))).await, Ok(Reply::Conflict(Some(two))));
    assert_eq!(store.execute(delete("k", Expect::Version(version(2)))).await, Ok(Reply::Done));
    assert_eq!(store.execute(delete("k", Expect::Version(version(2)))).await, Ok(Reply::Conflict(None)));
    assert_eq!(store.execute(delete("k", Expect::Absent)).await, Ok(Reply::Done));
    assert_eq!(load(&other, &[b"k"]).await, [None]);
}

#[tokio::test]
async fn bytes_come_back_as_they_were() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    let bytes: Vec<u8> = (0..=255).collect();
    let large: Vec<u8> = bytes.iter().copied().cycle().take(MAX_VALUE).collect();
    let names: [&[u8]; 7] = [b"\0", b"a", b"A", b"a\r\n", b"a*", &bytes[..128], &bytes[128..]];
    for (at, name) in (1..).zip(names) {
        for value in [&b""[..], &bytes, &large] {
            let index = Index { subject: Some(key(name)), client: Some(key(&bytes[100..200])) };
            let version = Version::new(&[at; 16]).unwrap();
            let entry = Entry { version, value: value.to_vec(), expires_at_ms: LATER, index };
            let expect = match load(&store, &[name]).await.remove(0) {
                None => Expect::Absent,
                Some(found) => Expect::Version(found.version),
            };
            let write = Command::Cas { key: key(name), expect, write: Write::Put(entry.clone()) };
            assert_eq!(store.execute(write).await, Ok(Reply::Done));
            assert_eq!(load(&store, &[name]).await, [Some(entry)]);
        }
    }
    let zero = Entry { version: version(0), ..entry(0, b"") };
    assert_eq!(store.execute(put("zero", Expect::Absent, zero.clone())).await, Ok(Reply::Done));
    assert_eq!(store.execute(delete("zero", Expect::Version(zero.version))).await, Ok(Reply::Done));
    let over = entry(1, &vec![0; MAX_VALUE + 1]);
    assert_eq!(store.execute(put("over", Expect::Absent, over)).await, Err(StoreError::TooLarge));
}

#[tokio::test]
async fn many_keys_are_read_in_their_order() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    for name in ["a", "b", "c"] {
        store.execute(put(name, Expect::Absent, entry(1, name.as_bytes()))).await.unwrap();
    }
    let entries = load(&store, &[b"c", b"none", b"a", b"c", b"b", b"nor", b"a", b"c"]).await;
    let values: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|entry| &entry.value[..])).collect();
    let (a, b, c) = (Some(&b"a"[..]), Some(&b"b"[..]), Some(&b"c"[..]));
    assert_eq!(values, [c, None, a, c, b, None, a, c]);
}

#[tokio::test]
async fn a_new_entry_has_the_indices_it_was_given_only() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    let mut one = entry(1, b"");
    one.index = Index { subject: Some(key("ann")), client: Some(key("web")) };
    store.execute(put("k", Expect::Absent, one)).await.unwrap();
    let mut two = entry(2, b"");
    two.index.client = Some(key("app"));
    store.execute(put("k", Expect::Version(version(1)), two.clone())).await.unwrap();
    assert_eq!(load(&store, &[b"k"]).await, [Some(two)]);
    let list = |by| store.execute(Command::List { by, after: None, limit: 9 });
    let none = Reply::Listed { entries: Vec::new(), next: None };
    assert_eq!(list(IndexValue::Subject(key("ann"))).await, Ok(none.clone()));
    assert_eq!(list(IndexValue::Client(key("web"))).await, Ok(none));
    assert_ne!(list(IndexValue::Client(key("app"))).await, list(IndexValue::Client(key("web"))).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_racers_one_wins() {
    let server = Redis::start(&[]);
    let stores = [open(&server, "").await, open(&server, "").await];
    for round in 0..10 {
        let name = format!("k{round}");
        let race = (0..64).map(|racer| {
            let insert = put(&name, Expect::Absent, entry(racer, &racer.to_be_bytes()));
            stores[usize::try_from(racer % 2).unwrap()].execute(insert)
        });
        let outcomes = join_all(race).await;
        let winner = load(&stores[0], &[name.as_bytes()]).await.remove(0).unwrap();
        let won: Vec<_> = (0..).zip(&outcomes).filter(|(_, reply)| **reply == Ok(Reply::Done)).collect();
        assert_eq!(won.len(), 1);
        assert_eq!(version(won[0].0), winner.version);
        let lost = Ok(Reply::Conflict(Some(winner)));
        assert_eq!(outcomes.iter().filter(|reply| **reply == lost).count(), 63);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_increment_is_lost() {
    let server = Redis::start(&["--appendfsync", "no"]);
    let store = Arc::new(open(&server, "").await);
    let other = Arc::new(open(&server, "").await);
    store.execute(put("k", Expect::Absent, entry(1, b"0"))).await.unwrap();
    let tasks = (0..8_u64).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &other });
        tokio::spawn(async move {
            for round in 0..25 {
                let mut current = load(&store, &[b"k"]).await.remove(0).unwrap();
                loop {
                    let count: u64 = String::from_utf8(current.value.clone()).unwrap().parse().unwrap();
                    let next = entry(1000 * (task + 1) + round, (count + 1).to_string().as_bytes());
                    match store.execute(put("k", Expect::Version(current.version), next)).await.unwrap() {
                        Reply::Done => break,
                        Reply::Conflict(Some(newer)) => current = newer,
                        other => panic!("{other:?}"),
                    }
                }
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    assert_eq!(load(&store, &[b"k"]).await.remove(0).unwrap().value, b"200");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_is_exact_and_shared() {
    let server = Redis::start(&[]);
    let stores = [open(&server, "").await, open(&server, "").await];
    // An hour between two events: none comes back while the test runs.
    let interval_us = 3_600_000_000;
    let throttle = |name: &str, events: u64, cost| Command::Throttle {
        key: key(name),
        interval_us,
        burst_us: events * interval_us,
        cost,
        now_us: 0,
    };
    let tries = (0..60).map(|at| stores[at % 2].execute(throttle("t", 20, 1)));
    let outcomes: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
    let (admitted, denied): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|reply| matches!(reply, Reply::Admitted { .. }));
    assert_eq!((admitted.len(), denied.len()), (20, 40));

    // A denial tells the stored time, and leaves it.
    let stored: String = server.ask(&["GET", "tokenmint:c:t"]);
    let told = Reply::Denied { tat_us: stored.parse().unwrap() };
    assert!(denied.iter().all(|reply| *reply == told));
    let expiry: u64 = server.ask(&["PEXPIRETIME", "tokenmint:c:t"]);
    assert_eq!(expiry, stored.parse::<u64>().unwrap().div_ceil(1000) + 1);

    // Limits are apart, and a denial at first writes nothing.
    assert!(matches!(stores[0].execute(throttle("u", 20, 20)).await, Ok(Reply::Admitted { .. })));
    assert_eq!(stores[0].execute(throttle("v", 1, 2)).await, Ok(Reply::Denied { tat_us: 0 }));
    assert_eq!(server.ask::<u64>(&["EXISTS", "tokenmint:c:v"]), 0);

    // What a double would round.
    let huge = Command::Throttle { key: key("h"), interval_us: 1, burst_us: u64::MAX, cost: 1, now_us: 0 };
    let mut last = 0;
    for _ in 0..3 {
        let Ok(Reply::Admitted { tat_us }) = stores[0].execute(huge.clone()).await else { panic!("denied") };
        assert!(tat_us > last);
        last = tat_us;
    }
    server.ask::<()>(&["SET", "tokenmint:c:h", "4000000000000001"]);
    let next = stores[0].execute(huge).await;
    assert_eq!(next, Ok(Reply::Admitted { tat_us: 4_000_000_000_000_002 }));
}

#[tokio::test]
async fn lists_in_the_order_of_keys() {
    let server = Redis::start(&["--appendfsync", "no"]);
    let store = open(&server, "").await;
    for number in 0..50 {
        let mut entry = entry(1, b"value");
        entry.index.subject = (number % 2 == 0).then(|| key("ann"));
        store.execute(put(&format!("k{number:02}"), Expect::Absent, entry)).await.unwrap();
    }
    let (mut after, mut names, mut calls) = (None, Vec::new(), 0);
    loop {
        let by = IndexValue::Subject(key("ann"));
        let listed = store.execute(Command::List { by, after, limit: 10 }).await.unwrap();
        let Reply::Listed { entries, next } = listed else { panic!("{listed:?}") };
        names.extend(entries.iter().map(|(key, _)| key.clone()));
        calls += 1;
        match next {
            None => break,
            next => after = next,
        }
    }
    let wanted: Vec<_> = (0..50).step_by(2).map(|number| key(format!("k{number:02}"))).collect();
    assert_eq!((names, calls), (wanted, 3));
}

#[tokio::test]
async fn an_entry_is_kept_for_the_slack() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    let expiry = |name: &str| server.ask::<i64>(&["PEXPIRETIME", &format!("tokenmint:e:{name}")]);
    let at = |number, expires_at_ms| Entry { expires_at_ms, ..entry(number, b"value") };
    for (name, expires_at_ms) in
        [("now", now_ms()), ("past", now_ms() - SLACK_MS / 2), ("9999", 253_402_300_799_999)]
    {
        store.execute(put(name, Expect::Absent, at(1, expires_at_ms))).await.unwrap();
        assert_eq!(load(&store, &[name.as_bytes()]).await, [Some(at(1, expires_at_ms))]);
        assert_eq!(expiry(name), i64::try_from(expires_at_ms + SLACK_MS).unwrap());
    }
    // What has been over for longer may be gone at once, and was written.
    assert_eq!(store.execute(put("old", Expect::Absent, at(1, 0))).await, Ok(Reply::Done));
    // Beyond what Redis can count to is never, and a time is set again after it.
    let never = i64::MAX.unsigned_abs();
    store.execute(put("now", Expect::Version(version(1)), at(2, never))).await.unwrap();
    assert_eq!(load(&store, &[b"now"]).await, [Some(at(2, never))]);
    assert_eq!(expiry("now"), -1);
    store.execute(put("now", Expect::Version(version(2)), at(3, LATER))).await.unwrap();
    assert_eq!(expiry("now"), i64::try_from(LATER + SLACK_MS).unwrap());
    assert_eq!(store.execute(Command::Sweep { before_ms: u64::MAX, limit: 9 }).await, Ok(Reply::Removed(0)));
}

#[tokio::test]
async fn a_sealed_value_is_not_readable_in_the_server() {
    let server = Redis::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    let store = open(&server, &format!("?sealing_key_file={}", file.display())).await;
    store.execute(put("k", Expect::Absent, entry(1, b"personal"))).await.unwrap();
    assert_eq!(load(&store, &[b"k"]).await, [Some(entry(1, b"personal"))]);
    let conflict = store.execute(put("k", Expect::Absent, entry(2, b""))).await;
    assert_eq!(conflict, Ok(Reply::Conflict(Some(entry(1, b"personal")))));
    let raw: Vec<u8> = server.ask(&["HGET", "tokenmint:e:k", "d"]);
    assert!(!raw.windows(8).any(|part| part == b"personal"));
}

#[tokio::test]
async fn what_another_wrote_is_corrupt_and_not_guessed() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    server.ask::<()>(&["SET", "tokenmint:e:text", "x"]);
    server.ask::<()>(&["HSET", "tokenmint:e:half", "v", "12345678"]);
    server.ask::<()>(&["SET", "tokenmint:c:text", "x"]);
    for name in ["text", "half"] {
        let read = store.execute(Command::Load { keys: vec![key(name)] }).await;
        assert_eq!(read, Err(StoreError::Corrupt), "{name}");
        let written = store.execute(put(name, Expect::Absent, entry(1, b""))).await;
        assert_eq!(written, Err(StoreError::Corrupt), "{name}");
    }
    let throttle = Command::Throttle { key: key("text"), interval_us: 1, burst_us: 9, cost: 1, now_us: 0 };
    assert_eq!(store.execute(throttle).await, Err(StoreError::Corrupt));
}

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
    process.args(["--exact", "elsewhere"]).env(ELSEWHERE, url).env(name, value);
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
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer_key = rcgen::KeyPair::generate().unwrap();
    let issued = parameters.self_signed(&issuer_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, issuer_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let signed = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &issuer);
    std::fs::write(&authority, issued.pem()).unwrap();
    std::fs::write(&certificate, signed.unwrap().pem()).unwrap();
    std::fs::write(&secret, key.serialize_pem()).unwrap();

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
const RIGHTS: &str = "~tokenmint:* +hget +hmget +hset +hdel +del +get +set +pexpireat +persist +time +eval +evalsha \
                      +script|load +scan +dbsize +wait +info +config|get";

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
    let cluster = Redis::start(&["--cluster-enabled", "yes"]);
    let error = Database::open(&cluster.url()).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");
    assert!(error.to_string().contains("Cluster"), "{error}");
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

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_crash_of_the_server() {
    let mut server = Redis::start(&[]);
    let store = Arc::new(open(&server, "").await);
    assert_eq!(store.durability(), Durability::Disk);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut acknowledged = BTreeMap::new();
                for round in 0.. {
                    let name = format!("{writer}/{round}");
                    let entry = entry(round, name.as_bytes());
                    match store.execute(put(&name, Expect::Absent, entry.clone())).await {
                        Ok(Reply::Done) => acknowledged.insert(name, entry),
                        Err(StoreError::Unknown | StoreError::Unavailable) => break,
                        other => panic!("{other:?}"),
                    };
                }
                acknowledged
            })
        })
        .collect();
    // In the middle of the writes.
    while load(&store, &[b"0/20"]).await == [None] {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    server.kill9();
    let mut acknowledged = BTreeMap::new();
    for outcome in join_all(writers).await {
        acknowledged.extend(outcome.unwrap());
    }
    let insert = put("later", Expect::Absent, entry(1, b""));
    assert_eq!(store.execute(insert.clone()).await, Err(StoreError::Unavailable), "nothing can be sent");
    server.restart();
    // The same store goes on, after a moment.
    while store.execute(insert.clone()).await == Err(StoreError::Unavailable) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(acknowledged.len() >= 20);
    for (name, entry) in acknowledged {
        assert_eq!(load(&store, &[name.as_bytes()]).await, [Some(entry)], "{name}");
    }
}

#[tokio::test]
async fn a_connection_that_was_lost_while_idle_costs_nothing() {
    let mut server = Redis::start(&[]);
    let store = open(&server, "").await;
    store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
    server.kill9();
    server.restart();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let next = put("k", Expect::Version(version(1)), entry(2, b""));
    assert_eq!(store.execute(next).await, Ok(Reply::Done));
}

#[tokio::test]
async fn scripts_may_be_flushed() {
    let server = Redis::start(&[]);
    let store = open(&server, "").await;
    store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
    server.ask::<()>(&["SCRIPT", "FLUSH"]);
    let next = put("k", Expect::Version(version(1)), entry(2, b""));
    assert_eq!(store.execute(next).await, Ok(Reply::Done));
}

#[tokio::test]
async fn no_answer_in_time_is_unknown_for_a_write_only() {
    let server = Redis::start(&[]);
    let store = open(&server, "?timeout_ms=1000").await;
    store.execute(put("k", Expect::Absent, entry(1, b""))).await.unwrap();
    server.hang(true);
    let read = store.execute(Command::Load { keys: vec![key("k")] }).await;
    let write = store.execute(put("l", Expect::Absent, entry(1, b""))).await;
    server.hang(false);
    assert_eq!(read, Err(StoreError::Unavailable));
    // A new connection is not answered either, so this one was never sent.
    assert_eq!(write, Err(StoreError::Unavailable));
    while store.execute(Command::Load { keys: vec![key("k")] }).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.hang(true);
    let write = store.execute(put("n", Expect::Absent, entry(1, b""))).await;
    server.hang(false);
    assert_eq!(write, Err(StoreError::Unknown));
}

#[tokio::test]
async fn full_means_refused_and_nothing_is_forgotten() {
    let server = Redis::start(&["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"]);
    let store = open(&server, "").await;
    let value = vec![7; MAX_VALUE];
    let mut written = 0;
    let refused = loop {
        match store.execute(put(&format!("k{written}"), Expect::Absent, entry(1, &value))).await {
            Ok(Reply::Done) => written += 1,
            other => break other,
        }
        assert!(written < 100);
    };
    assert_eq!(refused, Err(StoreError::Unavailable));
    assert_eq!(load(&store, &[format!("k{written}").as_bytes()]).await, [None]);
    let replace = put("k0", Expect::Version(version(1)), entry(2, &value));
    assert_eq!(store.execute(replace).await, Err(StoreError::Unavailable));
    for number in 0..written {
        assert_eq!(load(&store, &[format!("k{number}").as_bytes()]).await, [Some(entry(1, &value))]);
    }
    assert_ne!(found(&store, "memory").await, Severity::Fine);
    // What makes room is never refused, and a full server can be opened.
    let store = open(&server, "").await;
    for number in 0..10 {
        let delete = delete(&format!("k{number}"), Expect::Version(version(1)));
        assert_eq!(store.execute(delete).await, Ok(Reply::Done));
    }
    assert_eq!(store.execute(put("new", Expect::Absent, entry(1, &value))).await, Ok(Reply::Done));
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
    let replica = Redis::start(&["--replicaof", "127.0.0.1", &server.port().to_string()]);
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

#[tokio::test]
async fn a_write_counts_when_a_replica_has_it() {
    let server = Redis::start(&[]);
    let port = server.port().to_string();
    let mut replica = Redis::start(&["--replicaof", "127.0.0.1", &port]);
    let linked = || server.ask::<String>(&["INFO", "replication"]).contains("state=online");
    while !linked() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let store = open(&server, "?wait_replicas=1&timeout_ms=2000").await;
    assert_eq!(store.execute(put("k", Expect::Absent, entry(1, b"one"))).await, Ok(Reply::Done));
    assert_eq!(load(&open(&replica, "").await, &[b"k"]).await, [Some(entry(1, b"one"))]);
    assert_eq!(found(&store, "replicas").await, Severity::Fine);

    // Now it has confirmed all there is.
    let field = |name: &str| {
        let info: String = server.ask(&["INFO", "replication"]);
        let (_, rest) = info.split_once(name).expect(name);
        rest.split(|end: char| !end.is_ascii_digit()).next().unwrap().parse::<u64>().unwrap()
    };
    while field(",offset=") < field("master_repl_offset:") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It stays connected and does not get on: what it confirmed before says nothing about this write.
    replica.hang(true);
    let next = put("k", Expect::Version(version(1)), entry(2, b"two"));
    assert_eq!(store.execute(next).await, Err(StoreError::Unknown));
    assert_eq!(load(&store, &[b"k"]).await, [Some(entry(2, b"two"))], "it was written");
    replica.kill9();
    let conflict = put("k", Expect::Absent, entry(3, b""));
    assert_eq!(store.execute(conflict).await, Ok(Reply::Conflict(Some(entry(2, b"two")))));
    while linked() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(found(&store, "replicas").await, Severity::Fault);
    let next = put("k", Expect::Version(version(2)), entry(3, b"three"));
    assert_eq!(store.execute(next).await, Err(StoreError::Unknown));
}

#[tokio::test]
async fn a_copy_has_every_record_and_limit() {
    let (from, to) = (Redis::start(&["--appendfsync", "no"]), Redis::start(&["--appendfsync", "no"]));
    let (source, target) = (open(&from, "").await, open(&to, "").await);
    for number in 0..1200 {
        let mut entry = entry(number, &number.to_be_bytes());
        entry.index.client = Some(key("web"));
        source.execute(put(&format!("k{number}"), Expect::Absent, entry)).await.unwrap();
    }
    let throttle = |cost| Command::Throttle {
        key: key("t"),
        interval_us: 3_600_000_000,
        burst_us: 36_000_000_000,
        cost,
        now_us: 0,
    };
    source.execute(throttle(9)).await.unwrap();
    let copied = tokenmint_store::copy(&source, &target, |_| {}).await.unwrap();
    assert_eq!((copied.records, copied.total), (1200, 1202));
    assert!(matches!(target.execute(throttle(2)).await, Ok(Reply::Denied { .. })));
    let last = load(&target, &[b"k1199"]).await.remove(0).unwrap();
    assert_eq!((last.version, last.index.client), (version(1199), Some(key("web"))));
    assert_eq!(from.ask::<String>(&["GET", "tokenmint:c:t"]), to.ask::<String>(&["GET", "tokenmint:c:t"]));
    // A later limit stays.
    target.execute(throttle(1)).await.unwrap();
    let later: String = to.ask(&["GET", "tokenmint:c:t"]);
    let again = tokenmint_store::copy(&source, &target, |_| {}).await.unwrap();
    assert_eq!((again.records, again.present), (0, 1200));
    assert_eq!(to.ask::<String>(&["GET", "tokenmint:c:t"]), later);
}
