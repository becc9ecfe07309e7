//! Addresses to listen at, as people write them.

use std::net::IpAddr;

/// An address to listen at. A name may have several, and another tomorrow.
pub(crate) fn ip(text: &str) -> Result<IpAddr, &'static str> {
    text.parse().map_err(|_| match text {
        "localhost" => "it is a name; as an address it is 127.0.0.1, or ::1",
        "*" => "every address is 0.0.0.0, or :: with those of IPv6",
        _ => "it is no IP address, for example 127.0.0.1",
    })
}
