//! Whose address a request has: that of the connection, or what proxies that the operator names say of it.
//!
//! Only `X-Forwarded-For` is read. Each proxy adds to it whom it was asked by, so it is believed from its right end, for as long
//! as the one who wrote is named. `Forwarded` (RFC 7239) is not: a proxy that writes the one hands on the other as a client
//! sent it, and nobody could tell which of the two is the proxy's.

use std::net::IpAddr;

use hyper::HeaderMap;
use ipnet::IpNet;
use tokenmint::config::Config;
use tokenmint::{Error, ErrorCode};

const FORWARDED_FOR: &str = "x-forwarded-for";

/// How many hops are read at most.
const MOST_HOPS: usize = 32;

/// The proxies that are believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those of a configuration, each an address or a network.
    pub(crate) fn of(config: &Config) -> Result<Self, Error> {
        let networks = config.server.trusted_proxies.iter().enumerate().map(|(at, text)| {
            let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| {
                let reason = "it is neither an address nor a network, for example 10.0.0.0/8";
                Error::new(ErrorCode::PolicyInvalid)
                    .at(format!("server.trusted_proxies[{at}]"))
                    .because(reason)
            })
        });
        networks.collect::<Result<_, _>>().map(Proxies)
    }

    /// Who sent a request that came from `peer`; nobody where no proxies are named, and then no header is read.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if self.0.is_empty() {
            return None;
        }
        let mut client = peer.to_canonical();
        let values = headers.get_all(FORWARDED_FOR).iter().collect::<Vec<_>>();
        let hops = values.into_iter().rev().flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
        for hop in hops.take(MOST_HOPS) {
            if !self.names(client) {
                break;
            }
            // What is no address was not written by a proxy that can be believed any further.
            let Some(before) = str::from_utf8(hop).ok().and_then(address) else { break };
            client = before;
        }
        Some(client)
    }

    fn names(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address as proxies write it, some with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let bare = text.parse().ok();
    let found = bare.or_else(|| text.parse().ok().map(|with_port: std::net::SocketAddr| with_port.ip()));
    found
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[&str]) -> Option<String> {
        let proxies = serde_json::json!({ "server": { "trusted_proxies": trusted } });
        let proxies = Proxies::of(&Config::from_json(&proxies.to_string()).unwrap()).unwrap();
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(FORWARDED_FOR, value.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &map).map(|client| client.to_string())
    }

    #[test]
    fn the_header_is_believed_as_far_as_the_proxies_are_named() {
        let inner = ["10.0.0.0/8", "192.0.2.7"];
        for (peer, headers, said) in [
            ("10.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            // A client says what it likes; the proxy's word stands behind it.
            ("10.0.0.1", vec!["1.1.1.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", vec!["1.1.1.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", vec!["1.1.1.1, 203.0.113.9, 192.0.2.7,10.9.9.9"], "203.0.113.9"),
            // Nobody named: nothing is believed.
            ("203.0.113.1", vec!["1.1.1.1"], "203.0.113.1"),
            ("192.0.2.8", vec!["1.1.1.1"], "192.0.2.8"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
            ("10.0.0.1", vec!["1.1.1.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["1.1.1.1, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", vec!["1.1.1.1, "], "10.0.0.1"),
            ("10.0.0.1", vec!["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", vec!["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", vec!["[2001:db8::1]"], "2001:db8::1"),
            ("::ffff:10.0.0.1", vec!["::ffff:203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(client(&inner, peer, &headers).as_deref(), Some(said), "{peer} {headers:?}");
        }
        assert_eq!(
            client(&["2001:db8::/32"], "2001:db8::2", &["203.0.113.9"]).as_deref(),
            Some("203.0.113.9")
        );
    }

    #[test]
    fn without_named_proxies_nothing_is_read() {
        assert_eq!(client(&[], "10.0.0.1", &["203.0.113.9"]), None);
    }

    #[test]
    fn a_long_way_ends() {
        let hops = ["10.0.0.2"; 1000].join(",");
        let endless = format!("203.0.113.9,{hops}");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[&endless]).as_deref(), Some("10.0.0.2"));
    }
}
