//! What an operator should know about a server: whatever makes it forget what it acknowledged.

use std::sync::Arc;

use futures_util::future::join_all;

use super::Redis;
use super::cluster::Cluster;
use super::node::Node;
use super::server::Server;
use super::slots::SLOTS;
use crate::doctor::{Finding, Severity};

/// How far the clocks of two nodes may be apart, in microseconds: entries are forgotten by them.
const MAX_SKEW_US: u64 = 2_000_000;

/// The findings about a server.
pub(super) fn findings(redis: &Redis, server: &Server) -> Vec<Finding> {
    let mut findings = about(redis, server);
    findings.push(tls(redis, redis.local));
    findings
}

/// The findings about a Cluster and each of its primaries.
pub(super) async fn cluster(redis: &Redis, cluster: &Cluster) -> Vec<Finding> {
    let topology = cluster.topology().await;
    let primaries = topology.primaries();
    let asked = join_all(primaries.iter().map(async |(_, node)| {
        let mut connection = node.link(false).connection().await?;
        Server::ask(&mut connection).await
    }));
    let (mut servers, mut findings) = (Vec::new(), Vec::new());
    for ((_, node), asked) in primaries.iter().zip(asked.await) {
        match asked {
            Ok(server) => servers.push((node, server)),
            Err(_) => findings.push(Finding::fault(
                "cluster",
                format!("{}: this primary cannot be asked; the slots that it has are out of reach", node.address),
                "start it, or let a replica take over; every client must reach every node under the address it announces",
            )),
        }
    }
    findings.extend(slots(topology.unassigned(), &servers));
    findings.extend(clocks(&servers));
    findings.extend(together(servers.iter().map(|(node, server)| (*node, about(redis, server))).collect()));
    let local = primaries.iter().all(|(_, node)| crate::host::is_local(&node.address.host));
    findings.push(tls(redis, local));
    findings
}

/// Whether every slot has a node, and the nodes agree that the Cluster works.
fn slots(unassigned: u16, servers: &[(&Arc<Node>, Server)]) -> Vec<Finding> {
    let assigned = servers.iter().map(|(_, server)| server.number::<u16>("cluster_slots_assigned"));
    let assigned = assigned.filter(|assigned| *assigned > 0).min().unwrap_or(SLOTS);
    let unassigned = unassigned.max(SLOTS.saturating_sub(assigned));
    let failed = servers.iter().filter(|(_, server)| server.info("cluster_state") == "fail");
    let mut findings: Vec<_> = failed
        .map(|(node, _)| {
            Finding::fault(
                "cluster",
                format!("{}: cluster_state fail: it answers nothing", node.address),
                "see CLUSTER INFO and CLUSTER NODES of that node",
            )
        })
        .collect();
    if unassigned > 0 {
        let whole =
            |(_, server): &(_, Server)| server.setting("cluster-require-full-coverage") == Some("yes");
        let what = if servers.iter().any(whole) {
            "so the whole Cluster refuses (cluster-require-full-coverage yes)"
        } else {
            "their keys are out of reach"
        };
        findings.push(Finding::fault(
            "cluster",
            format!("{unassigned} of {SLOTS} slots have no node: {what}"),
            "redis-cli --cluster fix HOST:PORT",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::fine(
            "cluster",
            format!("{} primaries answer, no slot is without one", servers.len()),
        ));
    }
    findings
}

fn clocks(servers: &[(&Arc<Node>, Server)]) -> Option<Finding> {
    let times = || {
        let times = servers.iter().map(|(node, server)| (server.number::<u64>("server_time_usec"), node));
        times.filter(|(time, _)| *time > 0)
    };
    let (first, last) = (times().min_by_key(|(time, _)| *time)?, times().max_by_key(|(time, _)| *time)?);
    let apart = last.0 - first.0;
    if apart <= MAX_SKEW_US {
        return None;
    }
    let (first, last) = (&first.1.address, &last.1.address);
    Some(Finding::fault(
        "clocks",
        format!("the clock of {last} is {} ms before that of {first}", apart / 1000),
        "let NTP set the clocks of all nodes: each forgets entries by its own",
    ))
}

/// The findings about each node as those about all: what is wrong by node, and what is fine everywhere once.
fn together(nodes: Vec<(&Arc<Node>, Vec<Finding>)>) -> Vec<Finding> {
    let all = nodes.len();
    let mut wrong = Vec::new();
    let mut fine: Vec<(Finding, Vec<String>)> = Vec::new();
    for (node, findings) in nodes {
        for mut finding in findings {
            if finding.severity > Severity::Fine {
                finding.found = format!("{}: {}", node.address, finding.found);
                wrong.push(finding);
                continue;
            }
            match fine
                .iter_mut()
                .find(|(known, _)| known.check == finding.check && known.found == finding.found)
            {
                Some((_, nodes)) => nodes.push(node.address.to_string()),
                None => fine.push((finding, vec![node.address.to_string()])),
            }
        }
    }
    wrong.extend(fine.into_iter().map(|(mut finding, nodes)| {
        if nodes.len() < all {
            finding.found = format!("{}: {}", nodes.join(", "), finding.found);
        }
        finding
    }));
    wrong
}

fn about(redis: &Redis, server: &Server) -> Vec<Finding> {
    let mut findings = Vec::new();
    if server.is_known() {
        findings.push(Finding::fine("version", server.product()));
        findings.push(role(server));
        findings.push(eviction(server));
        findings.push(memory(server));
    } else {
        findings.push(Finding::warning(
            "eviction",
            "INFO may not be asked",
            "allow it (ACL SETUSER NAME +info), or see to it that maxmemory-policy is noeviction",
        ));
    }
    findings.push(persistence(server));
    findings.push(replicas(server, redis.wait_replicas));
    findings
}

fn role(server: &Server) -> Finding {
    if server.is_replica() {
        return Finding::fault(
            "role",
            "this server is a replica: it takes no writes, and reads from it may be old",
            "let the URL lead to the primary",
        );
    }
    Finding::fine("role", "a primary")
}

fn eviction(server: &Server) -> Finding {
    match server.info("maxmemory_policy") {
        "noeviction" => Finding::fine("eviction", "noeviction: full means refused"),
        policy => Finding::fault(
            "eviction",
            format!("{policy}: when memory is full, revocations and used links are forgotten"),
            "CONFIG SET maxmemory-policy noeviction, and `maxmemory-policy noeviction` in redis.conf",
        ),
    }
}

fn memory(server: &Server) -> Finding {
    let (used, most): (u64, u64) = (server.number("used_memory"), server.number("maxmemory"));
    let mega = |bytes: u64| bytes >> 20;
    if most == 0 {
        return Finding::fine("memory", format!("{} MiB used, no limit set", mega(used)));
    }
    let found = format!("{} of {} MiB used", mega(used), mega(most));
    let remedy = "raise maxmemory: when it is reached, writes are refused";
    if used >= most {
        Finding::fault("memory", found, remedy)
    } else if used >= most / 5 * 4 {
        Finding::warning("memory", found, remedy)
    } else {
        Finding::fine("memory", found)
    }
}

fn persistence(server: &Server) -> Finding {
    let remedy = "CONFIG SET appendonly yes and CONFIG SET appendfsync always, and `appendonly yes` with \
                  `appendfsync always` in redis.conf";
    if server.info("aof_last_write_status") == "err" {
        return Finding::fault(
            "persistence",
            "the last write to the append-only file failed",
            "see the server's log and the room on its disk",
        );
    }
    match (server.setting("appendonly"), server.setting("appendfsync")) {
        (None, _) if server.info("aof_enabled") == "0" => Finding::warning(
            "persistence",
            "there is no append-only file: a crash loses every write since the last snapshot, or all",
            "turn on the service's append-only file or its durable mode, or say durability= in the URL if it has another",
        ),
        (None, _) => Finding::warning(
            "persistence",
            "CONFIG may not be asked",
            "check by hand that appendonly is yes and appendfsync is always, then say durability=disk in the URL",
        ),
        (Some("yes"), Some("always")) => {
            Finding::fine("persistence", "appendfsync always: what is acknowledged is on disk")
        }
        (Some("yes"), Some("no")) => Finding::warning(
            "persistence",
            "appendfsync no: a crash of the machine loses what the system had not written, some 30 seconds",
            remedy,
        ),
        (Some("yes"), _) => Finding::warning(
            "persistence",
            "appendfsync everysec: a crash of the machine loses up to one second of acknowledged writes",
            remedy,
        ),
        _ => Finding::fault(
            "persistence",
            "appendonly no: a crash loses every write since the last snapshot, or all",
            remedy,
        ),
    }
}

fn replicas(server: &Server, wait: u32) -> Finding {
    let connected: u32 = server.number("connected_slaves");
    let least = server.setting("min-replicas-to-write").and_then(|least| least.parse().ok()).unwrap_or(0);
    let needed: u32 = wait.max(least);
    let asked = format!("{connected} connected, min-replicas-to-write {least}, wait_replicas {wait}");
    if server.is_known() && !server.is_replica() && connected < needed {
        let remedy = "connect more replicas, or ask for fewer";
        Finding::fault("replicas", format!("{asked}: no write is confirmed"), remedy)
    } else if connected > 0 && wait == 0 {
        Finding::warning(
            "replicas",
            format!("{asked}: a failover loses the last acknowledged writes"),
            "say wait_replicas=1 in the URL, so that a write counts when a replica has it",
        )
    } else {
        Finding::fine("replicas", asked)
    }
}

fn tls(redis: &Redis, local: bool) -> Finding {
    if redis.encrypted {
        Finding::fine("tls", "the connection is encrypted")
    } else if local {
        Finding::fine("tls", "not encrypted, on this machine")
    } else {
        Finding::warning(
            "tls",
            "password and records cross the network in clear",
            "use rediss://, or a network that only these machines are on",
        )
    }
}
