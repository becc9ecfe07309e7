//! What a server says about itself.

use std::collections::HashMap;
use std::str::FromStr;

use redis::RedisResult;
use tokenmint::Durability;

use super::connect::Connection;

/// The settings that decide whether acknowledged writes last, and whether a Cluster answers.
const SETTINGS: [&str; 4] =
    ["appendonly", "appendfsync", "min-replicas-to-write", "cluster-require-full-coverage"];

/// The oldest release whose scripts report errors under their own codes; SET with PXAT came earlier, with 6.2.
const OLDEST: u32 = 7;

/// What INFO and CONFIG GET say, and CLUSTER INFO of a node of a Cluster.
pub(super) struct Server {
    info: HashMap<String, String>,
    /// `None` where CONFIG may not be asked, as on many managed services.
    settings: Option<HashMap<String, String>>,
}

impl Server {
    /// Asks the server. What it does not allow to be asked is left open.
    pub(super) async fn ask(connection: &mut Connection) -> RedisResult<Self> {
        let info: String = allowed(redis::cmd("INFO").query_async(connection).await)?.unwrap_or_default();
        let mut config = redis::cmd("CONFIG");
        let settings = allowed(config.arg("GET").arg(&SETTINGS).query_async(connection).await)?;
        let mut info = fields(&info);
        // A server that is alone has no such command.
        if info.get("cluster_enabled").is_none_or(|enabled| enabled == "1") {
            let mut cluster = redis::cmd("CLUSTER");
            let state: Option<String> = allowed(cluster.arg("INFO").query_async(connection).await)?;
            if let Some(state) = state {
                info.extend(fields(&state));
                info.insert("cluster_enabled".to_owned(), "1".to_owned());
            }
        }
        Ok(Server { info, settings })
    }

    /// A field of INFO or CLUSTER INFO; empty where there is none.
    pub(super) fn info(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    /// A number of INFO; 0 where there is none.
    pub(super) fn number<T: FromStr + Default>(&self, name: &str) -> T {
        self.info(name).parse().unwrap_or_default()
    }

    /// Whether INFO could be asked.
    pub(super) fn is_known(&self) -> bool {
        self.info.contains_key("redis_version")
    }

    /// A setting, where CONFIG may be asked.
    pub(super) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.as_ref()?.get(name).map(String::as_str)
    }

    /// The product and its release, such as `Redis 7.0.15`.
    pub(super) fn product(&self) -> String {
        match self.info("valkey_version") {
            "" => format!("Redis {}", self.info("redis_version")),
            version => format!("Valkey {version}"),
        }
    }

    /// Whether the release has all that the scripts use. Valkey counts on from Redis 7.2.
    pub(super) fn is_new_enough(&self) -> bool {
        let version = self.info("redis_version").split('.').next().unwrap_or_default();
        !self.is_known() || version.parse().is_ok_and(|version: u32| version >= OLDEST)
    }

    pub(super) fn is_cluster(&self) -> bool {
        self.info("cluster_enabled") == "1"
    }

    pub(super) fn is_replica(&self) -> bool {
        self.info("role") == "slave"
    }

    /// How long an acknowledged write lasts; `otherwise` where CONFIG may not be asked.
    pub(super) fn durability(&self, wait_replicas: u32, otherwise: Option<Durability>) -> Durability {
        match (self.setting("appendonly"), self.setting("appendfsync")) {
            (None, _) => otherwise.unwrap_or(Durability::Process),
            (Some("yes"), Some("always")) if wait_replicas > 0 => Durability::Replicated,
            (Some("yes"), Some("always")) => Durability::Disk,
            _ => Durability::Process,
        }
    }
}

/// The lines of an answer, each `NAME:VALUE`.
fn fields(text: &str) -> HashMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

/// What the server answered; `None` if it does not let this user ask, or has no such command.
fn allowed<T>(result: RedisResult<T>) -> RedisResult<Option<T>> {
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if matches!(error.code(), Some("ERR" | "NOPERM")) => Ok(None),
        Err(error) => Err(error),
    }
}
