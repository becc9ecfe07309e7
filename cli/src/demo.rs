//! `tokenmint serve --demo`: a configuration like any other, and a curl line for every operation.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};

use tokenmint::dialect::{Demonstration, demonstrations};

/// The configuration. Its credentials are the public examples of the vendors' documentation.
pub(crate) fn config() -> String {
    let parts = demonstrations().map(|shown| shown.config);
    std::iter::once(include_str!("demo.toml")).chain(parts).collect::<Vec<_>>().join("\n")
}

/// Where the demonstration's admin API listens: at the port behind that of its endpoints, and at any free one where they do.
pub(crate) fn admin_address(endpoints: SocketAddr) -> SocketAddr {
    let port = match endpoints.port() {
        0 => 0,
        port => port.checked_add(1).unwrap_or(0),
    };
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Lines to paste into a shell, in this order: some use what an earlier one answered.
pub(crate) fn lines(base: &str, admin: &str) -> String {
    let mut lines = String::new();
    for shown in demonstrations() {
        let _ = writeln!(lines, "\n{}", shown.tokens.trim_end());
    }
    lines.push_str(COMMON);
    // The other way round: the line that ends everything stands last.
    let rest: Vec<&Demonstration> = demonstrations().collect();
    rest.iter().rev().for_each(|shown| lines.push_str(shown.introspection));
    let (ends, ended): (Vec<&str>, Vec<&str>) = rest.iter().rev().filter_map(|shown| shown.end).unzip();
    let _ = write!(lines, "\n# Ending tokens: {}.\n{}", ends.join(", "), ended.concat());
    lines.replace("{BASE}", base).replace("{ADMIN}", admin)
}

const COMMON: &str = r#"
# The admin API: a session for a user, after a log-in of your own; and the devices on which somebody is logged in.
curl -sS -w '\n' {ADMIN}/v1/start_session -H "Authorization: Bearer demo-admin-key" -H "Content-Type: application/json" -d '{"subject":"user_1","client_id":"demo-client","scope":"read write","details":{"device":"phone"}}'
curl -sS -w '\n' {ADMIN}/v1/list_sessions -H "Authorization: Bearer demo-admin-key" -H "Content-Type: application/json" -d '{"subject":"user_1"}'

# The public keys, and introspection by a client and by an API key.
curl -sS -w '\n' {BASE}/.well-known/jwks.json
"#;
