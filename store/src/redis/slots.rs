//! The slots of a Cluster, and what a node tells of who has them.

use std::fmt;

use redis::{RedisResult, Value};

/// How many slots the keys of a Cluster are spread over.
pub(super) const SLOTS: u16 = 16384;

/// The slot of a key: CRC-16/XMODEM of it, or of what stands in its first braces, if anything does.
pub(super) fn slot_of(name: &[u8]) -> u16 {
    let braces = name.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = name.get(open + 1..)?;
        rest.get(..rest.iter().position(|byte| *byte == b'}')?)
    });
    let hashed = braces.filter(|tag| !tag.is_empty()).unwrap_or(name);
    let mut sum = 0_u16;
    for byte in hashed {
        sum ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            sum = if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 };
        }
    }
    sum % SLOTS
}

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) host: String,
    pub(super) port: u16,
}

impl Address {
    /// Reads `HOST:PORT`; without a host, it is that of the node that said so. None where it is unknown.
    pub(super) fn parse(text: &str, said_by: &Address) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        Self::named(host, port.parse().ok()?, said_by)
    }

    fn named(host: &str, port: u16, said_by: &Address) -> Option<Self> {
        let host = match host.trim_matches(['[', ']']) {
            "" => &said_by.host,
            "?" => return None,
            host => host,
        };
        Some(Address { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Slots that follow one another, from the first to the last, and the nodes that have them: the primary, then its
/// replicas.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SlotRange {
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) nodes: Vec<Address>,
}

/// Reads the answer to CLUSTER SLOTS.
pub(super) fn read(answer: Value, said_by: &Address) -> RedisResult<Vec<SlotRange>> {
    type Range = (u16, u16, Vec<Vec<Value>>);
    let Value::Array(ranges) = answer else { return Ok(Vec::new()) };
    let mut told = Vec::with_capacity(ranges.len());
    for range in ranges {
        let Value::Array(mut parts) = range else { continue };
        if parts.len() < 3 {
            continue;
        }
        let nodes = Value::Array(parts.split_off(2));
        parts.push(nodes);
        let (first, last, nodes): Range = redis::from_redis_value(Value::Array(parts))?;
        let mut addresses = Vec::with_capacity(nodes.len());
        for node in nodes {
            let mut parts = node.into_iter();
            let (Some(host), Some(port)) = (parts.next(), parts.next()) else { continue };
            let host: Option<String> = redis::from_redis_value(host)?;
            let port: u16 = redis::from_redis_value(port)?;
            addresses.push(Address::named(&host.unwrap_or_default(), port, said_by));
        }
        // Without a primary that can be reached, it is as if nobody had the slots.
        if matches!(addresses.first(), Some(Some(_))) && first <= last && last < SLOTS {
            told.push(SlotRange { first, last, nodes: addresses.into_iter().flatten().collect() });
        }
    }
    told.sort_by_key(|range| range.first);
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_slots_that_servers_give_them() {
        for (name, slot) in [
            (&b""[..], 0),
            (b"123456789", 12739),
            (b"foo", 12182),
            (b"{foo}bar", 12182),
            (b"x{foo}{bar}", 12182),
            (b"x{foo", slot_of(b"x{foo")),
        ] {
            assert_eq!(slot_of(name), slot, "{name:?}");
        }
        assert_ne!(slot_of(b"a{}foo"), slot_of(b"b{}foo"), "nothing in the first braces");
        assert_ne!(slot_of(b"{}{foo}"), slot_of(b"foo"), "the second ones do not count");
    }

    #[test]
    fn addresses_are_read_as_servers_write_them() {
        let said_by = Address { host: "seed".to_owned(), port: 1 };
        let read =
            |text| Address::parse(text, &said_by).map(|address| (address.host.clone(), address.to_string()));
        let found = |host: &str, shown: &str| Some((host.to_owned(), shown.to_owned()));
        assert_eq!(read("10.0.0.1:7000"), found("10.0.0.1", "10.0.0.1:7000"));
        assert_eq!(read("2001:db8::1:7000"), found("2001:db8::1", "[2001:db8::1]:7000"));
        assert_eq!(read(":7000"), found("seed", "seed:7000"));
        assert_eq!(read("?:7000"), None);
        assert_eq!(read("host"), None);
    }

    #[test]
    fn what_a_node_tells_of_slots_is_read() {
        let said_by = Address { host: "seed".to_owned(), port: 1 };
        let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let node = |host: Value, port| {
            Value::Array(vec![host, Value::Int(port), text("an-id"), Value::Array(vec![])])
        };
        let range = |first, last, nodes: Vec<Value>| {
            Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat())
        };
        let answer = Value::Array(vec![
            range(100, 16383, vec![node(text("b"), 2), node(text("?"), 3), node(text("c"), 4)]),
            range(0, 9, vec![node(Value::Nil, 5)]),
            range(10, 19, vec![node(text("?"), 6), node(text("d"), 7)]),
        ]);
        let address = |host: &str, port| Address { host: host.to_owned(), port };
        let told = read(answer, &said_by).unwrap();
        let expected = [
            SlotRange { first: 0, last: 9, nodes: vec![address("seed", 5)] },
            SlotRange { first: 100, last: 16383, nodes: vec![address("b", 2), address("c", 4)] },
        ];
        assert_eq!(told, expected);
        for (first, last) in [(-1, 9), (9, 0), (0, 16384)] {
            let wrong = Value::Array(vec![range(first, last, vec![node(text("a"), 1)])]);
            assert_eq!(read(wrong, &said_by).unwrap(), [], "{first} {last}");
        }
    }
}
