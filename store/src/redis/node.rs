//! One node of a Cluster.

use std::time::Duration;

use redis::{ConnectionAddr, ConnectionInfo, RedisResult, Value};

use super::connect::Link;
use super::slots::{Address, SlotRange, read};

/// A node, and the connections to it.
pub(super) struct Node {
    pub(super) address: Address,
    link: Link,
    /// See [`super::route::Servers`].
    confirmed: Link,
}

impl Node {
    /// As in the URL, at another address. Connects to nothing yet.
    pub(super) fn new(settings: &ConnectionInfo, address: Address, timeout: Duration) -> RedisResult<Self> {
        let (host, port) = (address.host.clone(), address.port);
        let at = match settings.addr().clone() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure, tls_params }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        let settings = settings.clone().set_addr(at);
        Ok(Node {
            address,
            link: Link::new(settings.clone(), timeout)?,
            confirmed: Link::new(settings, timeout)?,
        })
    }

    pub(super) fn link(&self, confirmed: bool) -> &Link {
        if confirmed { &self.confirmed } else { &self.link }
    }

    /// Which node has which slots, as this one knows it.
    pub(super) async fn slots(&self) -> RedisResult<Vec<SlotRange>> {
        let mut connection = self.link.connection().await?;
        let answer: Value = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await?;
        read(answer, &self.address)
    }
}
