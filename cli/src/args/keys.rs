//! The arguments of `tokenmint keys`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tokenmint::Algorithm;

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key, and add it to the ring; the first makes the ring
    Generate(Generate),
    /// List the keys
    List(Show),
    /// Print the public keys as a JWK Set
    Jwks(Jwks),
    /// Say what comes next, when and why
    Plan(Plan),
    /// Do the next step if its time has come
    Rotate(Plan),
    /// End a key that leaked, at once
    Revoke(Revoke),
}

/// Make a key, and add it to the ring.
///
/// The first key makes the ring and signs at once. Another is published, and signs when `keys rotate` activates it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint keys generate --ring keys.json --alg EdDSA --token-lifetime 1d
  tokenmint keys generate --ring keys.json --kid 2027-a")]
pub(crate) struct Generate {
    /// The file of the ring; only its owner can read it
    #[arg(long, value_name = "FILE")]
    pub(crate) ring: PathBuf,
    /// The algorithm [default: that of the newest key, or ES256]
    #[arg(long)]
    pub(crate) alg: Option<Algorithm>,
    /// The key's id [default: its thumbprint (RFC 7638); a random one for HS256 and its kind]
    #[arg(long)]
    pub(crate) kid: Option<String>,
    /// For a new ring: how long verifiers may keep a key set [default: 5m]
    #[arg(long, value_name = "TEXT")]
    pub(crate) jwks_max_age: Option<tokenmint::Lifetime>,
    /// For a new ring: added to every wait, for clocks and for processes that load the ring late [default: 5m]
    #[arg(long, value_name = "TEXT")]
    pub(crate) margin: Option<tokenmint::Lifetime>,
    /// For a new ring: the longest life of a token [default: 30d]
    #[arg(long, value_name = "TEXT")]
    pub(crate) token_lifetime: Option<tokenmint::Lifetime>,
    /// For a new ring: how long a key signs [default: 90d]
    #[arg(long, value_name = "TEXT")]
    pub(crate) active_for: Option<tokenmint::Lifetime>,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// List the keys of a ring.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The file of the ring
    #[arg(long, value_name = "FILE")]
    pub(crate) ring: PathBuf,
    /// Print a JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

/// End a key that leaked, at once: it is not published any more, and every token that it signed is refused.
///
/// Where it was the active one, the announced key signs at once, or a new one. The key's id is not used again.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  tokenmint keys revoke --ring keys.json 2027-a")]
pub(crate) struct Revoke {
    /// The file of the ring
    #[arg(long, value_name = "FILE")]
    pub(crate) ring: PathBuf,
    /// The key's id
    #[arg(allow_hyphen_values = true)]
    pub(crate) kid: String,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print the public keys of a ring as a JWK Set.
#[derive(Debug, Args)]
pub(crate) struct Jwks {
    /// The file of the ring
    #[arg(long, value_name = "FILE")]
    pub(crate) ring: PathBuf,
}

/// The next step of a rotation.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The file of the ring
    #[arg(long, value_name = "FILE")]
    pub(crate) ring: PathBuf,
    /// Replace the active key before it is old; the waits that keep tokens valid stay
    #[arg(long)]
    pub(crate) early: bool,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
