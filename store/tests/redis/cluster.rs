//! A Cluster, of real nodes: keys in all slots, slots that move, and nodes that end.

use std::sync::atomic::{AtomicBool, Ordering};

use super::servers::proxy::{Mode, Proxy};
use super::servers::redis::{Cluster, until};
use super::*;

/// So that nobody takes a node for failed that is only slow.
const PATIENT: u32 = 15_000;

async fn open_cluster(cluster: &Cluster, parameters: &str) -> Arc<Database> {
    Arc::new(open(&cluster.nodes[0], parameters).await)
}

fn throttle(name: &str, events: u64) -> Command {
    // An hour between two events: none comes back while the test runs.
    let interval_us = 3_600_000_000;
    Command::Throttle { key: key(name), interval_us, burst_us: events * interval_us, cost: 1, now_us: 0 }
}

/// How many of these tries are admitted, all of them at once.
async fn admitted(store: &Database, name: &str, events: u64, tries: usize) -> usize {
    let outcomes = join_all((0..tries).map(|_| store.execute(throttle(name, events)))).await;
    outcomes.into_iter().filter(|reply| matches!(reply, Ok(Reply::Admitted { .. }))).count()
}

/// Adds one to a number, however often another is quicker.
async fn increment(store: &Database, name: &str, unique: u64) {
    let mut current = load(store, &[name.as_bytes()]).await.remove(0).expect("it was written");
    loop {
        let count: u64 = String::from_utf8(current.value.clone()).unwrap().parse().unwrap();
        let next = entry(unique, (count + 1).to_string().as_bytes());
        match store.execute(put(name, Expect::Version(current.version), next)).await.unwrap() {
            Reply::Done => return,
            Reply::Conflict(Some(newer)) => current = newer,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_all_slots_are_one_store() {
    let cluster = Cluster::start_with(3, 0, PATIENT, &["--appendfsync", "no"]);
    let (store, other) = (open_cluster(&cluster, "").await, open_cluster(&cluster, "").await);
    let names: Vec<_> = (0..900).map(|number| format!("k{number:03}")).collect();
    let written = join_all((0..).zip(&names).map(|(number, name)| {
        let mut entry = entry(number, name.as_bytes());
        entry.index.subject = (number % 3 == 0).then(|| key("ann"));
        store.execute(put(name, Expect::Absent, entry))
    }));
    assert!(written.await.iter().all(|reply| *reply == Ok(Reply::Done)));
    // Each node has its part of them, and one has the version of the schema too.
    let sizes: Vec<u64> = cluster.nodes.iter().map(|node| node.ask(&["DBSIZE"])).collect();
    assert!(sizes.iter().all(|size| *size > 200) && sizes.iter().sum::<u64>() == 901, "{sizes:?}");

    // Keys of several nodes in one read, in their order.
    for names in names.chunks(6) {
        let mut keys: Vec<_> = names.iter().map(String::as_bytes).collect();
        keys.insert(1, b"none");
        let entries = load(&other, &keys).await;
        for (name, entry) in keys.iter().zip(entries) {
            assert_eq!(entry.map(|entry| entry.value), (*name != b"none").then(|| name.to_vec()));
        }
    }
    let conflict = other.execute(put("k007", Expect::Absent, entry(1, b""))).await.unwrap();
    assert!(matches!(conflict, Reply::Conflict(Some(found)) if found.value == b"k007"));
    let deleted = join_all((1..900).step_by(3).map(|number| {
        let delete = delete(&names[usize::try_from(number).unwrap()], Expect::Version(version(number)));
        other.execute(delete)
    }));
    assert!(deleted.await.iter().all(|reply| *reply == Ok(Reply::Done)));

    // A limit is exact on whichever node it is, also where the node knows no script any more.
    for name in ["a", "b", "c", "d", "{a}b", "{}"] {
        assert_eq!(admitted(&store, name, 20, 30).await, 20, "{name}");
    }
    cluster.nodes.iter().for_each(|node| node.ask::<()>(&["SCRIPT", "FLUSH"]));
    assert_eq!(admitted(&other, "e", 20, 30).await, 20);

    // A list goes through all nodes, in the order of keys.
    let (mut after, mut listed, mut calls) = (None, Vec::new(), 0);
    loop {
        let by = IndexValue::Subject(key("ann"));
        let reply = store.execute(Command::List { by, after, limit: 110 }).await.unwrap();
        let Reply::Listed { entries, next } = reply else { panic!("{reply:?}") };
        listed.extend(entries.into_iter().map(|(key, _)| key));
        calls += 1;
        match next {
            None => break,
            next => after = next,
        }
    }
    let wanted: Vec<_> = names.iter().step_by(3).map(key).collect();
    assert_eq!((listed, calls), (wanted, 3));

    // To one server and back.
    let single = Redis::start(&["--appendfsync", "no"]);
    let between = open(&single, "").await;
    let copied = tokenmint_store::copy(&store, &between, |_| {}).await.unwrap();
    assert_eq!((copied.records, copied.limits, copied.total), (600, 7, 608));
    let again = tokenmint_store::copy(&between, &store, |_| {}).await.unwrap();
    assert_eq!((again.records, again.present), (0, 600));
    cluster.nodes.iter().for_each(|node| node.ask::<()>(&["FLUSHALL"]));
    let back = tokenmint_store::copy(&between, &store, |_| {}).await.unwrap();
    assert_eq!((back.records, back.limits), (600, 7));
    assert_eq!(admitted(&store, "a", 20, 1).await, 0, "the limit came along");
    let entries = load(&store, &[b"k000", b"k001", b"k002"]).await;
    let versions: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|entry| entry.version)).collect();
    assert_eq!(versions, [Some(version(0)), None, Some(version(2))]);
}

#[tokio::test]
async fn every_node_is_examined() {
    let mut cluster = Cluster::start_with(3, 0, PATIENT, &["--maxmemory-policy", "noeviction"]);
    let store = open_cluster(&cluster, "").await;
    assert_eq!(store.durability(), Durability::Disk);
    let findings = store.doctor(now_ms()).await.unwrap();
    assert!(findings.iter().all(|finding| finding.severity == Severity::Fine), "{findings:?}");
    for check in ["cluster", "version", "role", "eviction", "persistence", "replicas", "tls", "clock"] {
        assert_eq!(
            findings.iter().filter(|finding| finding.check == check).count(),
            1,
            "{check}: {findings:?}"
        );
    }

    let wrong = async |check: &str| {
        let findings = store.doctor(now_ms()).await.unwrap();
        let wrong = findings.into_iter().filter(|finding| finding.severity == Severity::Fault);
        let wrong: Vec<_> = wrong.filter(|finding| finding.check == check).collect();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        wrong[0].found.clone()
    };
    cluster.nodes[1].ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    cluster.nodes[2].ask::<()>(&["CONFIG", "SET", "appendonly", "no"]);
    assert!(wrong("eviction").await.starts_with(&format!("127.0.0.1:{}: ", cluster.nodes[1].port())));
    assert!(wrong("persistence").await.starts_with(&format!("127.0.0.1:{}: ", cluster.nodes[2].port())));
    // What is acknowledged lasts as long as on the weakest node.
    assert_eq!(open_cluster(&cluster, "").await.durability(), Durability::Process);
    cluster.nodes[2].ask::<()>(&["CONFIG", "SET", "appendonly", "yes"]);

    // The rights that the documentation names.
    let rights = ["ACL", "SETUSER", "app", "on", ">hunter2"].into_iter().chain(access::RIGHTS.split(' '));
    let rights: Vec<_> = rights.collect();
    cluster.nodes.iter().for_each(|node| node.ask::<()>(&rights));
    let url = cluster.url().replace("//", "//app:hunter2@");
    let limited = Database::open(&url).await.unwrap();
    assert_eq!(limited.execute(put("r", Expect::Absent, entry(1, b""))).await, Ok(Reply::Done));
    assert_eq!(admitted(&limited, "r", 1, 2).await, 1);
    assert!(
        limited
            .doctor(now_ms())
            .await
            .unwrap()
            .iter()
            .all(|found| found.check != "cluster" || found.severity == Severity::Fine)
    );

    // A data base number, and a Cluster that serves nothing.
    let error = Database::open(&format!("{}3", cluster.url())).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (ErrorCode::PolicyInvalid, Some("url")), "{error}");
    assert!(error.to_string().contains("data base 0"), "{error}");
    let empty = Redis::start(&["--cluster-enabled", "yes"]);
    let error = Database::open(&empty.url()).await.unwrap_err();
    assert_eq!(error.code(), ErrorCode::StoreUnavailable, "{error}");
    assert!(error.to_string().contains("slots"), "{error}");

    let slot: String = cluster.nodes[0].ask::<u16>(&["CLUSTER", "KEYSLOT", "tokenmint:e:r"]).to_string();
    // Again where a node was told by another one that had it still, which may be on its way whenever that is.
    let taken_away = || {
        cluster.nodes.iter().fold(true, |gone, node| {
            let _ = node.try_ask::<()>(&["CLUSTER", "DELSLOTS", &slot]);
            gone && node.ask::<String>(&["CLUSTER", "INFO"]).contains("cluster_slots_assigned:16383")
        })
    };
    let is_found = async |text: &str| {
        eventually(async || {
            let gone = taken_away();
            let findings = store.doctor(now_ms()).await.unwrap();
            let mut faults = findings.iter().filter(|finding| finding.severity == Severity::Fault);
            gone && faults.any(|finding| finding.check == "cluster" && finding.found.contains(text))
        })
        .await;
    };
    let is_refused = async |command: Command| {
        eventually(async || {
            let gone = taken_away();
            store.execute(command.clone()).await == Err(StoreError::Unavailable) && gone
        })
        .await;
    };
    is_found("1 of 16384 slots").await;
    // Nothing is guessed: neither that the key is absent, nor that a list is whole.
    let list = Command::List { by: IndexValue::Subject(key("ann")), after: None, limit: 9 };
    is_refused(Command::Load { keys: vec![key("r")] }).await;
    is_refused(list.clone()).await;
    is_refused(put("r", Expect::Absent, entry(2, b""))).await;
    // Where the others go on, what the missing slot held is not taken for absent either.
    for node in &cluster.nodes {
        node.ask::<()>(&["FLUSHALL"]);
        node.ask::<()>(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    }
    until(|| cluster.nodes.iter().all(|node| node.ask::<String>(&["CLUSTER", "INFO"]).contains("state:ok")));
    is_refused(list).await;
    is_found("1 of 16384 slots have no node: their keys").await;
    cluster.nodes[2].kill9();
    let gone = format!("127.0.0.1:{}: this primary cannot be asked", cluster.nodes[2].port());
    let findings = store.doctor(now_ms()).await.unwrap();
    assert!(findings.iter().any(|finding| finding.found.starts_with(&gone)), "{findings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_may_move_while_it_is_used() {
    let mut cluster = Cluster::start_with(3, 0, PATIENT, &["--appendfsync", "no"]);
    // To a node that the clients have not heard of.
    let new = cluster.join();
    let store = open_cluster(&cluster, "").await;
    let idle = open_cluster(&cluster, "").await;
    let names: Vec<_> = (0..40).map(|number| format!("{{moving}}{number}")).collect();
    for name in &names {
        assert_eq!(store.execute(put(name, Expect::Absent, entry(1, b"0"))).await, Ok(Reply::Done));
    }
    assert_eq!(admitted(&store, &names[0], 100, 10).await, 10);

    let ended = Arc::new(AtomicBool::new(false));
    let tasks: Vec<_> = (0..4_u64)
        .map(|task| {
            let (store, names, ended) = (Arc::clone(&store), names.clone(), Arc::clone(&ended));
            tokio::spawn(async move {
                let mut done = 0;
                let mut admissions = 0;
                while !ended.load(Ordering::Relaxed) {
                    for name in &names {
                        done += 1;
                        increment(&store, name, 1_000_000 * (task + 1) + done).await;
                    }
                    // What is not there yet is asked for at the new node.
                    let fresh = format!("{{moving}}new {task} {done}");
                    let insert = put(&fresh, Expect::Absent, entry(done, b"0"));
                    assert_eq!(store.execute(insert.clone()).await, Ok(Reply::Done));
                    assert!(matches!(store.execute(insert).await, Ok(Reply::Conflict(Some(_)))));
                    admissions += admitted(&store, &names[0], 100, 1).await;
                }
                (done, admissions)
            })
        })
        .collect();

    let moved = tokio::task::spawn_blocking({
        let ended = Arc::clone(&ended);
        move || {
            let from = cluster.owner("{moving}");
            let slot = cluster.nodes[0].ask::<u16>(&["CLUSTER", "KEYSLOT", "{moving}"]).to_string();
            let id = |at: usize| cluster.nodes[at].ask::<String>(&["CLUSTER", "MYID"]);
            let set = |at: usize, state: &[&str]| {
                let words: Vec<_> = ["CLUSTER", "SETSLOT", &slot].iter().chain(state).copied().collect();
                cluster.nodes[at].ask::<()>(&words);
            };
            set(new, &["IMPORTING", &id(from)]);
            set(from, &["MIGRATING", &id(new)]);
            let port = cluster.nodes[new].port().to_string();
            // A few at a time, so that there are keys at both ends for a while.
            loop {
                let names: Vec<Vec<u8>> = cluster.nodes[from].ask(&["CLUSTER", "GETKEYSINSLOT", &slot, "5"]);
                if names.is_empty() {
                    break;
                }
                let mut migrate = redis::cmd("MIGRATE");
                migrate.arg("127.0.0.1").arg(&port).arg("").arg(0).arg(5000).arg("KEYS").arg(names);
                let _: String = migrate.query(&mut cluster.nodes[from].raw()).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
            for at in [new, from] {
                set(at, &["NODE", &id(new)]);
            }
            std::thread::sleep(Duration::from_millis(200));
            ended.store(true, Ordering::Relaxed);
            cluster
        }
    });
    let cluster = moved.await.unwrap();
    let (mut increments, mut admissions) = (0, 10);
    for task in join_all(tasks).await {
        let (done, admitted) = task.unwrap();
        (increments, admissions) = (increments + done, admissions + admitted);
    }
    // No increment is lost, none is made twice, and the limit is one limit; a client that slept finds all of it.
    let mut sum = 0;
    for name in &names {
        let value = load(&idle, &[name.as_bytes()]).await.remove(0).unwrap().value;
        sum += String::from_utf8(value).unwrap().parse::<u64>().unwrap();
    }
    assert_eq!(sum, increments);
    admissions += admitted(&idle, &names[0], 100, 100).await;
    assert_eq!(admissions, 100);
    let size: u64 = cluster.nodes[new].ask(&["DBSIZE"]);
    assert!(size > 40, "{size}");
}

#[tokio::test]
async fn what_may_have_been_done_is_not_sent_again() {
    let cluster = Cluster::start(1, 0, PATIENT);
    let node = &cluster.nodes[0];
    let proxy = Proxy::before(([127, 0, 0, 1], node.port()).into());
    let port = proxy.address().port().to_string();
    node.ask::<()>(&["CONFIG", "SET", "cluster-announce-port", &port]);
    let store = Database::open(&patient(&format!("redis://{}/", proxy.address()), "")).await.unwrap();
    assert_eq!(admitted(&store, "t", 5, 1).await, 1);
    let mut current = 0;
    for mode in [Mode::CutBeforeReply, Mode::CutInReply] {
        proxy.set(mode);
        assert_eq!(store.execute(throttle("t", 5)).await, Err(StoreError::Unknown), "{mode:?}");
        proxy.set(Mode::Pass);
        until_read(&store).await;
        proxy.set(mode);
        let write = put(&format!("{mode:?}"), Expect::Absent, entry(1, b""));
        assert_eq!(store.execute(write).await, Err(StoreError::Unknown), "no conflict with itself: {mode:?}");
        proxy.set(Mode::Pass);
        until_read(&store).await;
        current += 1;
        let cell: u64 = node.ask::<String>(&["GET", "tokenmint:c:t"]).parse().unwrap();
        let events = (cell - now_ms() * 1000).div_ceil(3_600_000_000);
        assert_eq!(events, 1 + current, "each try counts once: {mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_takes_over() {
    // The nodes that are up serve their own slots meanwhile.
    // And none waits for a disk, so that none is taken for failed.
    let arguments = ["--cluster-require-full-coverage", "no", "--appendfsync", "no"];
    let mut cluster = Cluster::start_with(3, 1, 3000, &arguments);
    let patient = open_cluster(&cluster, "").await;
    let names: Vec<_> = (0..60).map(|number| format!("k{number}")).collect();
    for name in &names {
        assert_eq!(patient.execute(put(name, Expect::Absent, entry(1, b"kept"))).await, Ok(Reply::Done));
    }
    let mine = names.iter().find(|name| cluster.owner(&format!("tokenmint:e:{name}")) == 0).unwrap();
    let other = names.iter().find(|name| cluster.owner(&format!("tokenmint:e:{name}")) == 1).unwrap();

    // It does not wait for long for a node that is silent.
    let store = impatient(&cluster.url(), "").await;
    let mut current = 1;
    for hang in [false, true] {
        // First the primary ends; then the one that took over stops answering, and the first takes over again.
        let (failing, taking_over) = if hang { (3, 0) } else { (0, 3) };
        until(|| offsets_agree(&cluster.nodes[failing]));
        if hang {
            cluster.nodes[failing].hang(true);
        } else {
            cluster.nodes[failing].kill9();
        }
        let first =
            store.execute(put(mine, Expect::Version(version(current)), entry(current + 1, b"new"))).await;
        // Sent and not answered; or refused, unless the end of the connection was not seen yet.
        let expected = [StoreError::Unknown, StoreError::Unavailable];
        assert!(expected[..if hang { 1 } else { 2 }].iter().any(|error| first == Err(*error)), "{first:?}");
        // The others go on meanwhile.
        eventually(async || {
            let loaded = store.execute(Command::Load { keys: vec![key(other)] }).await;
            loaded.is_ok_and(|reply| matches!(&reply, Reply::Loaded { entries, .. } if entries[0].is_some()))
        })
        .await;
        // It works again by itself: each answer until then says whether it may have been done.
        eventually(async || {
            let next = put(mine, Expect::Version(version(current)), entry(current + 1, b"new"));
            match store.execute(next).await {
                Ok(Reply::Done) => true,
                Ok(Reply::Conflict(Some(found))) if found.version == version(current + 1) => true,
                Err(StoreError::Unavailable | StoreError::Unknown) => false,
                other => panic!("{other:?}"),
            }
        })
        .await;
        current += 1;
        // By a node that has stayed all the while.
        let patient = open(&cluster.nodes[1], "").await;
        for name in &names {
            let found = load(&patient, &[name.as_bytes()])
                .await
                .remove(0)
                .unwrap_or_else(|| panic!("{name} is gone"));
            assert_eq!(found.value, if name == mine { b"new".as_slice() } else { b"kept" });
        }
        assert_eq!(admitted(&patient, mine, 3, 5).await, if hang { 0 } else { 3 });
        assert!(cluster.nodes[taking_over].ask::<String>(&["INFO", "replication"]).contains("role:master"));
        // The old one comes back as the replica of the new one, and nobody minds.
        if hang {
            cluster.nodes[failing].hang(false);
        } else {
            cluster.nodes[failing].restart();
        }
        until(|| {
            cluster.nodes[failing].ask::<String>(&["INFO", "replication"]).contains("master_link_status:up")
        });
        tokio::task::block_in_place(|| cluster.wait());
        let next = put(mine, Expect::Version(version(current)), entry(current + 1, b"new"));
        assert_eq!(patient.execute(next).await, Ok(Reply::Done));
        until_read(&store).await;
        current += 1;
    }
}

/// Whether the replica has all that the primary wrote.
fn offsets_agree(primary: &Redis) -> bool {
    let info: String = primary.ask(&["INFO", "replication"]);
    let field = |name: &str| {
        let (_, rest) = info.split_once(name)?;
        rest.split(|end: char| !end.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    field(",offset=").is_some_and(|offset| Some(offset) >= field("master_repl_offset:"))
}

#[tokio::test]
async fn a_write_counts_when_the_replica_of_its_node_has_it() {
    let cluster = Cluster::start(2, 2, PATIENT);
    let store = open_cluster(&cluster, "?wait_replicas=1").await;
    assert_eq!(store.durability(), Durability::Replicated);
    let names: Vec<_> = (0..20).map(|number| format!("k{number}")).collect();
    for name in &names {
        assert_eq!(store.execute(put(name, Expect::Absent, entry(1, b""))).await, Ok(Reply::Done));
    }
    assert_eq!(found(&store, "replicas").await, Severity::Fine);
    // One of the two replicas stops: only what its primary has is in doubt.
    let name_of =
        |node| names.iter().find(|name| cluster.owner(&format!("tokenmint:e:{name}")) == node).unwrap();
    let waiting = impatient(&cluster.url(), "?wait_replicas=1").await;
    until(|| offsets_agree(&cluster.nodes[1]));
    cluster.nodes[3].hang(true);
    let next = |name| put(name, Expect::Version(version(1)), entry(2, b""));
    assert_eq!(store.execute(next(name_of(0))).await, Ok(Reply::Done));
    assert_eq!(waiting.execute(next(name_of(1))).await, Err(StoreError::Unknown));
    cluster.nodes[3].hang(false);
    assert_eq!(load(&store, &[name_of(1).as_bytes()]).await, [Some(entry(2, b""))], "it was written");
}
