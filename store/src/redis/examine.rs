//! What an operator should know about a server: whatever makes it forget what it acknowledged.

use super::Redis;
use super::server::Server;
use crate::doctor::Finding;

/// The findings about a server.
pub(super) fn findings(redis: &Redis, server: &Server) -> Vec<Finding> {
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
    findings.push(tls(redis));
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

fn tls(redis: &Redis) -> Finding {
    if redis.encrypted {
        Finding::fine("tls", "the connection is encrypted")
    } else if redis.local {
        Finding::fine("tls", "not encrypted, on this machine")
    } else {
        Finding::warning(
            "tls",
            "password and records cross the network in clear",
            "use rediss://, or a network that only these machines are on",
        )
    }
}
