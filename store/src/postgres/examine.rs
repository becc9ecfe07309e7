//! What an operator should know before trusting the server.

use tokenmint::{Durability, Result};
use tokio_postgres::config::SslMode;

use super::link::{Link, unreadable};
use super::schema;
use super::server::{OLDEST, Server};
use crate::doctor::Finding;

const RIGHTS: &str = "SELECT coalesce(bool_and(coalesce(has_table_privilege(to_regclass(t), p), false)), false) \
     FROM unnest(ARRAY['tokenmint_entry', 'tokenmint_cell']) AS t, \
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p";
const CELLS: &str = "SELECT relpersistence = 'u' FROM pg_class WHERE oid = to_regclass('tokenmint_cell')";

pub(super) async fn examine(link: &Link) -> Result<Vec<Finding>> {
    let server = Server::ask(link).await?;
    let rights = link.ask(RIGHTS).await?.try_get(0).map_err(|_| unreadable())?;
    let unlogged = link.ask(CELLS).await?.try_get(0).map_err(|_| unreadable())?;
    Ok(vec![
        version(&server),
        durability(&server),
        pages(&server),
        read_only(&server),
        isolation(&server),
        connections(link, &server),
        pooler(link),
        tls(link, &server),
        Finding::fine("schema", format!("version {}", schema::version(link).await?)),
        self::rights(rights),
        limiter(unlogged),
    ])
}

fn version(server: &Server) -> Finding {
    let found = format!("PostgreSQL {}", server.version);
    if server.is_new_enough() {
        Finding::fine("version", found)
    } else {
        Finding::fault("version", found, format!("use PostgreSQL {} or newer", OLDEST / 10_000))
    }
}

fn durability(server: &Server) -> Finding {
    let commit = &server.synchronous_commit;
    if !server.fsync {
        return Finding::fault(
            "durability",
            "fsync=off: a crash of the machine may destroy everything",
            "set fsync=on",
        );
    }
    match server.durability() {
        Durability::Process => Finding::fault(
            "durability",
            format!("synchronous_commit={commit}: a crash loses the last acknowledged writes"),
            "set synchronous_commit=on for the server, the data base and the role",
        ),
        level => Finding::fine("durability", format!("{level} (synchronous_commit={commit})")),
    }
}

fn pages(server: &Server) -> Finding {
    if server.full_page_writes {
        Finding::fine("pages", "full_page_writes=on")
    } else {
        Finding::warning(
            "pages",
            "full_page_writes=off: a crash while a page is written may damage it",
            "set full_page_writes=on, unless the file system writes pages as a whole",
        )
    }
}

fn read_only(server: &Server) -> Finding {
    if server.is_replica {
        Finding::fault("read-only", "the server is a replica", "name the primary in the URL")
    } else if server.read_only {
        Finding::fault("read-only", "transactions are read-only", "set default_transaction_read_only=off")
    } else {
        Finding::fine("read-only", "writes are possible")
    }
}

fn isolation(server: &Server) -> Finding {
    let found = &server.isolation;
    if found == "read committed" {
        Finding::fine("isolation", found)
    } else {
        Finding::warning(
            "isolation",
            format!("default_transaction_isolation is {found}: it works, and repeats what collides"),
            "set default_transaction_isolation to 'read committed' for this data base",
        )
    }
}

fn connections(link: &Link, server: &Server) -> Finding {
    let (pool, all) = (i64::from(link.connections), i64::from(server.connections));
    let found = format!("{pool} at most, of {all} that the server has for all");
    if pool < all {
        Finding::fine("connections", found)
    } else {
        Finding::warning("connections", found, "set connections in the URL lower, or max_connections higher")
    }
}

fn pooler(link: &Link) -> Finding {
    let found =
        if link.is_pooled() { "one stands between: statements are prepared each time" } else { "none" };
    Finding::fine("pooler", found)
}

fn tls(link: &Link, server: &Server) -> Finding {
    match link.ssl_mode {
        SslMode::Disable | SslMode::Prefer if link.local => {
            Finding::fine("tls", "not needed on this machine")
        }
        SslMode::Disable => Finding::warning(
            "tls",
            "everybody between can read and change what is stored",
            "add sslmode=require",
        ),
        SslMode::Prefer if !server.encrypted => {
            Finding::warning("tls", "the server has no TLS", "give it a certificate, and add sslmode=require")
        }
        SslMode::Prefer => {
            Finding::warning("tls", "encrypted, unless somebody between prevents it", "add sslmode=require")
        }
        _ => Finding::fine("tls", "encrypted, and the certificate is verified"),
    }
}

fn rights(complete: bool) -> Finding {
    if complete {
        Finding::fine("rights", "the role may read and write the tables")
    } else {
        Finding::fault(
            "rights",
            "the role may not read and write the tables",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON tokenmint_entry, tokenmint_cell TO the role",
        )
    }
}

fn limiter(unlogged: bool) -> Finding {
    if unlogged {
        Finding::fine("limiter", "rate limits begin anew after a crash of the server")
    } else {
        Finding::fine("limiter", "rate limits survive a crash of the server, at the cost of speed")
    }
}
