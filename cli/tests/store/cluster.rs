//! A Cluster of Redis earns the certificate, too.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokenmint::{AsyncStore, Command, RecordKey};
use tokenmint_certify::{Connection, Fault, Options, Rig, TestResult, certify};
use tokenmint_store::{Database, DatabaseRig};

use super::proxy::{Mode, Proxy};
use super::redis_server::{Cluster, until};
use super::{certified, patient};

/// Three primaries, each behind a proxy, which is what it says its address is.
struct Attacked {
    url: String,
    rig: DatabaseRig,
    cluster: Mutex<Cluster>,
    proxies: Vec<Proxy>,
    /// Those that were opened last, and a key of each node.
    opened: Mutex<VecDeque<Connection<Database>>>,
    keys: Vec<RecordKey>,
}

impl Attacked {
    async fn new() -> Self {
        let cluster = Cluster::start(3, 0, 15_000);
        let before = |port| Proxy::before(SocketAddr::from(([127, 0, 0, 1], port)));
        let proxies: Vec<_> = cluster.nodes.iter().map(|node| before(node.port())).collect();
        let port = |proxy: &Proxy| proxy.address().port().to_string();
        for (node, proxy) in cluster.nodes.iter().zip(&proxies) {
            node.ask::<()>(&["CONFIG", "SET", "cluster-announce-port", &port(proxy)]);
            // Else it is forgotten when the node is killed.
            node.ask::<()>(&["CLUSTER", "SAVECONFIG"]);
        }
        announced(&cluster, &proxies);
        let url = format!("redis://{}/", proxies[0].address());
        let rig = certified::rig(&patient(&url)).await;
        let names = (0..100).map(|number| format!("healed {number}"));
        let mut keys: Vec<_> =
            names.map(|name| (cluster.owner(&format!("tokenmint:e:{name}")), name)).collect();
        keys.sort();
        keys.dedup_by_key(|(node, _)| *node);
        assert_eq!(keys.len(), 3);
        let keys = keys.into_iter().map(|(_, name)| RecordKey::new(name.as_bytes()).unwrap()).collect();
        Attacked { url, rig, cluster: Mutex::new(cluster), proxies, opened: Mutex::default(), keys }
    }

    fn all(&self, words: &[&str]) {
        let cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        cluster.nodes.iter().for_each(|node| node.ask::<()>(words));
    }

    fn set(&self, mode: Mode) {
        self.proxies.iter().for_each(|proxy| proxy.set(mode));
    }

    fn kill(&self) {
        let mut cluster = self.cluster.lock().unwrap_or_else(PoisonError::into_inner);
        cluster.nodes.iter_mut().for_each(super::redis_server::Redis::kill9);
        for (node, proxy) in cluster.nodes.iter_mut().zip(&self.proxies) {
            node.restart();
            let port = proxy.address().port().to_string();
            node.ask::<()>(&["CONFIG", "SET", "cluster-announce-port", &port]);
        }
        cluster.wait();
        announced(&cluster, &self.proxies);
    }
}

/// Waits until every node leads to the proxies only.
fn announced(cluster: &Cluster, proxies: &[Proxy]) {
    for node in &cluster.nodes {
        until(|| {
            let nodes: String = node.ask(&["CLUSTER", "NODES"]);
            proxies.iter().all(|proxy| nodes.contains(&format!("{}@", proxy.address())))
        });
    }
}

impl Rig for Attacked {
    type Store = Connection<Database>;

    fn name(&self) -> String {
        self.rig.name()
    }

    async fn open(&self) -> tokenmint::Result<Self::Store> {
        let store = self.rig.open().await?;
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.push_back(store.clone());
        if opened.len() > 4 {
            opened.pop_front();
        }
        Ok(store)
    }

    fn worker(&self) -> Option<process::Command> {
        self.rig.worker()
    }

    async fn inject(&self, fault: Fault) -> Option<Result<(), String>> {
        tokio::task::block_in_place(|| {
            match fault {
                Fault::KillServer => self.kill(),
                Fault::Full => self.all(&["CONFIG", "SET", "maxmemory", "1"]),
                Fault::Misconfigure => self.all(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]),
                Fault::CutBeforeRequest => self.set(Mode::CutBeforeRequest),
                Fault::CutBeforeReply => self.set(Mode::CutBeforeReply),
                Fault::CutInReply => self.set(Mode::CutInReply),
                Fault::Hang => self.set(Mode::Hang),
                _ => return None,
            }
            Some(Ok(()))
        })
    }

    async fn heal(&self) {
        tokio::task::block_in_place(|| {
            self.all(&["CONFIG", "SET", "maxmemory", "0"]);
            self.all(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
            self.set(Mode::Pass);
            self.proxies.iter().for_each(Proxy::cut);
        });
        // Each client notices at each node for itself, and tries one that failed again after a moment.
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for store in opened {
            let load = Command::Load { keys: self.keys.clone() };
            let end = Instant::now() + Duration::from_secs(120);
            while store.execute(load.clone()).await.is_err() {
                assert!(Instant::now() < end, "a client does not recover");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn doctor(&self) -> Option<Vec<String>> {
        self.rig.doctor().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_cluster() {
    let rig = Attacked::new().await;
    let certificate = certify(&rig, &certified::options()).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
    let skipped = certificate.tests.iter().filter(|test| matches!(test.result, TestResult::Skipped { .. }));
    // The failover is looked at in the tests of the driver, and the schema has had one version.
    let skipped: Vec<_> = skipped.map(|test| test.number).collect();
    assert!(skipped.contains(&42) && skipped.contains(&45), "{}", certificate.to_tap());
    for number in [37, 38, 39, 43] {
        assert!(!skipped.contains(&number), "{}", certificate.to_tap());
    }
    let rig = Attacked { rig: certified::rig(&certified::impatient(&rig.url)).await, ..rig };
    rig.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
    let silent = certify(&rig, &Options::new(42).deadline(Duration::from_secs(60)).only("41")).await;
    assert_eq!(silent.counts().0, 1, "{}", silent.to_tap());
}
