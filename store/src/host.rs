//! Which hosts are this machine.

use std::net::IpAddr;

/// Whether the host of a URL is this machine: by its name or an address of the loopback, in brackets or without.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_names() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "::1"] {
            assert!(is_local(host), "{host}");
        }
        for host in
            ["", "cache", "10.0.0.1", "[2001:db8::1]", "127.0.0.1.example.com", "localhost.example.com"]
        {
            assert!(!is_local(host), "{host}");
        }
    }
}
