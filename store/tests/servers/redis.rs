//! Redis servers, alone and as a Cluster: `redis-server` from the PATH.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A server on a port of its own, which keeps what it is told through a restart; it ends with this value.
pub(crate) struct Redis {
    port: u16,
    folder: TempDir,
    arguments: Vec<String>,
    process: Child,
}

impl Redis {
    /// Starts a server that has every write on its disk before it answers, unless the arguments say otherwise.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let folder = tempfile::tempdir().unwrap();
        // Another process may take the port before the server does.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut process = spawn(port, &folder, &arguments);
            if answers(port, &mut process) {
                return Redis { port, folder, arguments, process };
            }
            let _ = process.kill();
            let _ = process.wait();
        }
        panic!("redis-server does not start");
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The URL of its first data base.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// A connection to look behind the driver's back.
    pub(crate) fn raw(&self) -> redis::Connection {
        redis::Client::open(self.url()).unwrap().get_connection().unwrap()
    }

    /// Sends a command behind the driver's back.
    pub(crate) fn ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_ask(words).unwrap()
    }

    /// The same, where it may fail.
    pub(crate) fn try_ask<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let mut command = redis::Cmd::new();
        words.iter().for_each(|word| {
            command.arg(word);
        });
        command.query(&mut redis::Client::open(self.url())?.get_connection()?)
    }

    /// Makes it the replica of another, and returns when it has all that that one has and follows.
    pub(crate) fn follow(&self, primary: &Redis) {
        let port = primary.port().to_string();
        self.ask::<()>(&["REPLICAOF", "127.0.0.1", &port]);
        until(|| {
            let info: String = primary.ask(&["INFO", "replication"]);
            // Its address is there from the beginning, and `online` once it confirms what is written.
            info.contains(&format!("port={},state=online", self.port))
        });
    }

    /// Where it listens for other nodes of a Cluster.
    fn bus_port(&self) -> String {
        let (_, port): (String, String) = self.ask(&["CONFIG", "GET", "cluster-port"]);
        port
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn kill9(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again, on the same port and with the same files.
    pub(crate) fn restart(&mut self) {
        self.process = spawn(self.port, &self.folder, &self.arguments);
        assert!(answers(self.port, &mut self.process), "redis-server does not start again");
    }

    /// Stops the process without ending it: it is there and does not answer. `false` lets it go on.
    pub(crate) fn hang(&self, hang: bool) {
        let signal = if hang { "-STOP" } else { "-CONT" };
        let done = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Cluster with all slots on its first nodes, in equal parts; any others are their replicas, in turn.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Redis>,
    primaries: usize,
}

impl Cluster {
    /// Starts one, whose nodes count another as failed when it is silent for `timeout_ms`.
    pub(crate) fn start(primaries: usize, replicas: usize, timeout_ms: u32) -> Self {
        Self::start_with(primaries, replicas, timeout_ms, &[])
    }

    pub(crate) fn start_with(primaries: usize, replicas: usize, timeout_ms: u32, arguments: &[&str]) -> Self {
        let timeout = timeout_ms.to_string();
        let start = |_| {
            let mut all = vec!["--cluster-enabled", "yes", "--cluster-node-timeout", &timeout];
            all.extend(["--cluster-allow-replica-migration", "no"]);
            // The usual one, 10 000 above the other, may be none.
            let bus = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
            all.extend(["--cluster-port", &bus]);
            all.extend(arguments);
            Redis::start(&all)
        };
        let cluster = Cluster { nodes: (0..primaries + replicas).map(start).collect(), primaries };
        for (at, node) in cluster.nodes.iter().enumerate() {
            node.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]);
            if at < primaries {
                let (first, last) = (16384 * at / primaries, 16384 * (at + 1) / primaries - 1);
                node.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            }
            for other in &cluster.nodes[..at] {
                let (port, bus) = (other.port().to_string(), other.bus_port());
                node.ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
            }
        }
        cluster.wait();
        for (at, node) in cluster.nodes[primaries..].iter().enumerate() {
            let primary: String = cluster.nodes[at % primaries].ask(&["CLUSTER", "MYID"]);
            until(|| node.try_ask::<()>(&["CLUSTER", "REPLICATE", &primary]).is_ok());
            until(|| node.ask::<String>(&["INFO", "replication"]).contains("master_link_status:up"));
        }
        cluster.wait();
        cluster
    }

    /// One more node, without slots; returns which it is.
    pub(crate) fn join(&mut self) -> usize {
        let bus = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let node = Redis::start(&["--cluster-enabled", "yes", "--cluster-port", &bus]);
        let (port, bus) = (self.nodes[0].port().to_string(), self.nodes[0].bus_port());
        node.ask::<()>(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        self.nodes.push(node);
        self.wait();
        self.nodes.len() - 1
    }

    /// Waits until all nodes that answer know all nodes, and all slots are served.
    pub(crate) fn wait(&self) {
        let (slots, nodes) = ("cluster_slots_ok:16384", format!("cluster_known_nodes:{}", self.nodes.len()));
        let size = format!("cluster_size:{}\r", self.primaries);
        for node in &self.nodes {
            until(|| match node.try_ask::<String>(&["CLUSTER", "INFO"]) {
                Ok(info) => ["cluster_state:ok", slots, &nodes, &size].iter().all(|part| info.contains(part)),
                Err(_) => true,
            });
        }
    }

    /// The URL of one of its nodes.
    pub(crate) fn url(&self) -> String {
        self.nodes[0].url()
    }

    /// The node that has the slot of a key.
    pub(crate) fn owner(&self, key: &str) -> usize {
        let slot: usize = self.nodes[0].ask(&["CLUSTER", "KEYSLOT", key]);
        (0..self.primaries).find(|at| slot < 16384 * (at + 1) / self.primaries).unwrap()
    }
}

/// Waits until something is so.
pub(crate) fn until(mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(120);
    while !so() {
        assert!(Instant::now() < end, "it does not come to be");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn spawn(port: u16, folder: &TempDir, arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(["--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"])
        .arg("--dir")
        .arg(folder.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}

/// Waits until the server answers; whether it does.
fn answers(port: u16, process: &mut Child) -> bool {
    let end = Instant::now() + Duration::from_secs(120);
    while Instant::now() < end {
        if ping(port).is_some_and(|answer| answer.starts_with("+PONG") || answer.starts_with("-NOAUTH")) {
            return true;
        }
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn ping(port: u16) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
    stream.write_all(b"PING\r\n").ok()?;
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}
