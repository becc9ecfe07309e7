//! A Cluster: each command goes to the node that has its key's slot.
//!
//! The client has a Cluster of its own, with one number of tries for every failure. With any, a command whose answer was
//! lost is sent again: a limit counts it twice, a version that is one's own looks like a conflict, and the last failure says
//! nothing of the tries before it. With none, no slot that moves is followed. Here a command is sent again only where the
//! answer says that it was not carried out, or where it was not sent.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::aio::ConnectionLike;
use redis::{Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisError, RedisResult, Value};
use tokio::sync::{Mutex, watch};

use super::connect::Connection;
use super::faults::Failed;
use super::node::Node;
use super::slots::{Address, SlotRange, slot_of};
use super::topology::Topology;

/// How long after the nodes were asked who has which slots they are not asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// To how many nodes a command goes at most, one after the other.
const HOPS: u32 = 5;

/// The nodes of a Cluster, and which of them has which slots.
pub(super) struct Cluster {
    /// With the address in the URL.
    settings: ConnectionInfo,
    timeout: Duration,
    /// The node in the URL, which may be another one each time that its name is looked up.
    seed: Arc<Node>,
    topology: watch::Sender<Arc<Topology>>,
    asked: Mutex<Asked>,
}

/// When nodes were asked who has which slots, and how often.
#[derive(Default)]
struct Asked {
    last: Option<Instant>,
    times: usize,
}

/// Where a command goes next.
struct Hop {
    node: Arc<Node>,
    /// The slot is on its way to this node, which wants to be told that we know.
    asking: bool,
}

impl Cluster {
    /// Asks the node in the URL for the others.
    pub(super) async fn new(settings: ConnectionInfo, timeout: Duration) -> RedisResult<Self> {
        let address = match settings.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Address { host: host.clone(), port: *port }
            }
            _ => return Err((ErrorKind::InvalidClientConfig, "a Cluster has no socket").into()),
        };
        let seed = Arc::new(Node::new(&settings, address, timeout)?);
        let told = seed.slots().await?;
        let topology = watch::Sender::new(Arc::new(Topology::default().with(Arc::clone(&seed))));
        let cluster = Cluster { settings, timeout, seed, topology, asked: Mutex::default() };
        cluster.learn(&told)?;
        Ok(cluster)
    }

    /// Sends a command about one key, and follows its slot where that has moved. The answer comes with the connection
    /// that it came over.
    pub(super) async fn send(
        &self,
        name: &[u8],
        command: &Cmd,
        confirmed: bool,
    ) -> Result<(Value, Connection), Failed> {
        let slot = slot_of(name);
        let mut hop = match self.owner(slot) {
            Some(node) => Hop { node, asking: false },
            None => {
                self.refresh(None, None).await;
                let nobody = (ErrorKind::ClusterConnectionNotFound, "no node has the slot of the key");
                let node = self.owner(slot).ok_or_else(|| Failed::Unsent(nobody.into()))?;
                Hop { node, asking: false }
            }
        };
        for left in (0..HOPS).rev() {
            let failed = match hop.node.link(confirmed).connection().await {
                Ok(mut connection) => match answer(&mut connection, command, hop.asking).await {
                    Ok(value) => return Ok((value, connection)),
                    Err(error) => Failed::Sent(error),
                },
                Err(error) => Failed::Unsent(error),
            };
            hop = match self.after(&failed, slot, &hop.node).await {
                Some(next) if left > 0 => next,
                _ => return Err(failed),
            };
        }
        Err(Failed::Unsent((ErrorKind::ClusterConnectionNotFound, "nowhere to send to").into()))
    }

    /// Where a command goes that was certainly not carried out, if anywhere.
    async fn after(&self, failed: &Failed, slot: u16, node: &Arc<Node>) -> Option<Hop> {
        match failed {
            Failed::Sent(error) => match error.code() {
                Some("MOVED") => {
                    let named = self.named(error, node);
                    self.refresh(named.as_ref(), Some(node)).await;
                    let node = named.or_else(|| self.owner(slot))?;
                    Some(Hop { node, asking: false })
                }
                Some("ASK") => Some(Hop { node: self.named(error, node)?, asking: true }),
                Some("CLUSTERDOWN" | "READONLY") => self.elsewhere(slot, node).await,
                _ => None,
            },
            Failed::Unsent(_) => self.elsewhere(slot, node).await,
        }
    }

    /// The new owner of a slot whose node is gone, if there is one already.
    async fn elsewhere(&self, slot: u16, gone: &Arc<Node>) -> Option<Hop> {
        self.refresh(None, Some(gone)).await;
        let node = self.owner(slot).filter(|node| node.address != gone.address)?;
        Some(Hop { node, asking: false })
    }

    /// The node that an error leads to.
    fn named(&self, error: &RedisError, said_by: &Node) -> Option<Arc<Node>> {
        let (address, _) = error.redirect_node()?;
        let address = Address::parse(address, &said_by.address)?;
        if let Some(node) = self.topology.borrow().node(&address) {
            return Some(node);
        }
        let node = Arc::new(Node::new(&self.settings, address, self.timeout).ok()?);
        // Another command may have been quicker.
        let mut found = None;
        self.topology.send_if_modified(|topology| match topology.node(&node.address) {
            Some(known) => {
                found = Some(known);
                false
            }
            None => {
                *topology = Arc::new(topology.with(Arc::clone(&node)));
                true
            }
        });
        found.or(Some(node))
    }

    fn owner(&self, slot: u16) -> Option<Arc<Node>> {
        self.topology.borrow().owner(slot).cloned()
    }

    /// What is known of the Cluster, asked for now or a moment ago.
    pub(super) async fn topology(&self) -> Arc<Topology> {
        self.refresh(None, None).await;
        Arc::clone(&self.topology.borrow())
    }

    /// Asks one node after the other who has which slots, until one tells; another one first each time, since one that
    /// was cut off from the rest tells what is old. `first` is asked first and `last` after all others.
    async fn refresh(&self, first: Option<&Arc<Node>>, last: Option<&Arc<Node>>) {
        // Held while asking: whoever comes meanwhile waits for the same answer.
        let mut asked = self.asked.lock().await;
        if asked.last.is_some_and(|last| last.elapsed() < PAUSE) {
            return;
        }
        asked.times = asked.times.wrapping_add(1);
        let mut nodes = self.topology.borrow().nodes().to_vec();
        let start = asked.times % nodes.len().max(1);
        nodes.rotate_left(start);
        nodes.push(Arc::clone(&self.seed));
        let is = |node: &Arc<Node>, other: Option<&Arc<Node>>| {
            other.is_some_and(|other| node.address == other.address)
        };
        // A stable order: `first`, all others, `last`.
        nodes.sort_by_key(|node| if is(node, first) { 0 } else { 1 + u8::from(is(node, last)) });
        for node in nodes {
            match tokio::time::timeout(self.timeout / 8, node.slots()).await {
                Ok(Ok(told)) if !told.is_empty() && self.learn(&told).is_ok() => break,
                _ => {}
            }
        }
        asked.last = Some(Instant::now());
    }

    fn learn(&self, told: &[SlotRange]) -> RedisResult<()> {
        let known = Arc::clone(&self.topology.borrow());
        let make = |address: &Address| Node::new(&self.settings, address.clone(), self.timeout).map(Arc::new);
        self.topology.send_replace(Arc::new(Topology::new(told, &known, make)?));
        Ok(())
    }
}

/// Sends a command, and in front of it what makes a node take it for a slot that it does not have yet: in one write,
/// since that counts for the very next command of the connection.
async fn answer(connection: &mut Connection, command: &Cmd, asking: bool) -> RedisResult<Value> {
    if !asking {
        return command.query_async(connection).await;
    }
    let mut both = redis::pipe();
    both.cmd("ASKING").add_command(command.clone());
    let mut answers = connection.req_packed_commands(&both, 0, 2).await?;
    let answer = answers.pop().ok_or((ErrorKind::UnexpectedReturnType, "no answer"))?;
    answer.extract_error()
}
