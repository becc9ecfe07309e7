//! Which node of a Cluster has which slots.

use std::sync::Arc;

use redis::RedisResult;

use super::node::Node;
use super::slots::{Address, SLOTS, SlotRange};

/// Which node has which slots, as a node told it.
#[derive(Default)]
pub(super) struct Topology {
    /// By their slots, each with its primary.
    ranges: Vec<(u16, u16, Arc<Node>)>,
    /// All nodes that are known.
    nodes: Vec<Arc<Node>>,
}

impl Topology {
    /// What was told, with the nodes that are known already, and new ones.
    pub(super) fn new(
        told: &[SlotRange],
        known: &Topology,
        make: impl Fn(&Address) -> RedisResult<Arc<Node>>,
    ) -> RedisResult<Self> {
        let mut topology = Topology::default();
        for range in told {
            for (at, address) in range.nodes.iter().enumerate() {
                let node = match topology.node(address) {
                    Some(node) => node,
                    None => {
                        let node = known.node(address).map_or_else(|| make(address), Ok)?;
                        topology.nodes.push(Arc::clone(&node));
                        node
                    }
                };
                if at == 0 {
                    topology.ranges.push((range.first, range.last, node));
                }
            }
        }
        Ok(topology)
    }

    /// This one, and a node that has no slots yet.
    pub(super) fn with(&self, node: Arc<Node>) -> Self {
        let mut nodes = self.nodes.clone();
        nodes.push(node);
        Topology { ranges: self.ranges.clone(), nodes }
    }

    /// The primary that has a slot.
    pub(super) fn owner(&self, slot: u16) -> Option<&Arc<Node>> {
        let after = self.ranges.partition_point(|(first, ..)| *first <= slot);
        let (_, last, node) = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= *last).then_some(node)
    }

    /// A node that is known.
    pub(super) fn node(&self, address: &Address) -> Option<Arc<Node>> {
        self.nodes.iter().find(|node| node.address == *address).cloned()
    }

    pub(super) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The primaries, each with its first slot and in the order of those.
    pub(super) fn primaries(&self) -> Vec<(u16, Arc<Node>)> {
        let mut primaries: Vec<(u16, Arc<Node>)> = Vec::new();
        for (first, _, node) in &self.ranges {
            if !primaries.iter().any(|(_, known)| Arc::ptr_eq(known, node)) {
                primaries.push((*first, Arc::clone(node)));
            }
        }
        primaries
    }

    /// How many slots no node has.
    pub(super) fn unassigned(&self) -> u16 {
        self.ranges.iter().fold(SLOTS, |left, (first, last, _)| left.saturating_sub(last - first + 1))
    }
}
