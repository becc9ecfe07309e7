//! The arguments.

pub(crate) mod admin;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod store;

use std::net::IpAddr;
use std::path::PathBuf;

use crate::address;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use tokenmint::{Algorithm, Lifetime};

/// Mint, verify, refresh, revoke and redeem tokens.
#[derive(Debug, Parser)]
#[command(
    name = "tokenmint",
    version,
    about,
    after_help = "Exit codes: 0 ok, 1 refused, 2 wrong arguments, 3 configuration or key, 4 system."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the token endpoints over HTTP
    Serve(Serve),
    /// Write a configuration that works, and say what comes next
    Init(init::Init),
    /// Run an operation: by the admin API of a server, or on a store itself
    Admin(admin::Admin),
    /// Mint a token
    Mint(Mint),
    /// Verify a token and print its claims
    Verify(Verify),
    /// Show every check that a token goes through, and how it ends
    Explain(Explain),
    /// Read a lifetime as `expiresIn` does
    ExpiresIn(ExpiresIn),
    /// Credentials for clients
    #[command(subcommand)]
    Credentials(Credentials),
    /// Judge verification cases from standard input
    Vectors(Vectors),
    /// Keys and their rotation
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Look for what would lose records in a store, or not work
    Doctor(store::Doctor),
    /// Put any store through the tests that a store must pass
    Certify(store::Certify),
    /// After a store was restored from a backup: end all tokens and sessions from before
    Restored(store::Restored),
    /// Copy a store into another, or speak to one in JSON lines
    #[command(subcommand)]
    Store(store::Store),
}

/// Serve the token endpoints over HTTP.
///
/// The first line of standard output is the address, for example http://127.0.0.1:8080, and the second that of the admin
/// API where there is one: admin http://127.0.0.1:8081. Logs are JSON lines on standard error. SIGTERM and SIGINT let the requests under way finish, for at most 10 seconds. SIGHUP reads the configuration again, which happens by itself where the file changes.
#[derive(Clone, Debug, Args)]
#[command(
    group = ArgGroup::new("source").required(true),
    after_help = "Examples:
  tokenmint serve --demo
  tokenmint serve --demo --port 0
  tokenmint serve --config tokenmint.toml --data-dir /var/lib/tokenmint
  tokenmint serve --config tokenmint.toml --store env:DATABASE_URL --host 0.0.0.0 --port 80"
)]
pub(crate) struct Serve {
    /// Serve the four vendors' endpoints with public demonstration credentials, and print curl lines for each
    #[arg(long, group = "source")]
    pub(crate) demo: bool,
    /// Serve what this TOML file describes (docs/cli.md)
    #[arg(long, value_name = "FILE", group = "source")]
    pub(crate) config: Option<PathBuf>,
    /// The port to listen at; 0 for any free one [default: the configuration's, or 8080]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// The address to listen at [default: the configuration's, or 127.0.0.1]
    #[arg(long, value_name = "IP", value_parser = address::ip)]
    pub(crate) host: Option<IpAddr>,
    /// How long a connection may wait for its next request: longer than a proxy in front keeps its own [default: the
    /// configuration's, or 75s]
    #[arg(long, value_name = "TEXT")]
    pub(crate) keep_alive: Option<Lifetime>,
    /// How many connections one address may have; 0 for any number [default: the configuration's, or 1024]
    #[arg(long, value_name = "N")]
    pub(crate) connections_per_address: Option<u32>,
    #[command(flatten)]
    pub(crate) store: store::StoreArgs,
    /// Log warnings only; without it, RUST_LOG says what is logged
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Where a key comes from.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// A key in PEM; - for standard input
    #[arg(long, value_name = "FILE", group = "key_source")]
    pub(crate) key: Option<PathBuf>,
    /// A JWK; - for standard input
    #[arg(long, value_name = "FILE", group = "key_source")]
    pub(crate) jwk_file: Option<PathBuf>,
    /// A shared secret; - for standard input. One line break at the end of a text is not part of it
    #[arg(long, value_name = "FILE", group = "key_source")]
    pub(crate) secret_file: Option<PathBuf>,
    /// An environment variable that holds a shared secret
    #[arg(long, value_name = "NAME", group = "key_source")]
    pub(crate) secret_env: Option<String>,
    /// The key's algorithm [default: HS256 for secrets; RSA keys in PEM need one]
    #[arg(long)]
    pub(crate) alg: Option<Algorithm>,
    /// The key's id
    #[arg(long)]
    pub(crate) kid: Option<String>,
}

/// Mint a token and print it.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("key_source").required(true),
    after_help = "Examples:
  tokenmint mint --secret-file secret.txt --issuer https://api.example.com --audience app --subject ent_1
  tokenmint mint --key ec.pem --kid k1 --issuer https://api.example.com --expires-in 90m --claims '{\"role\":\"admin\"}'
  tokenmint mint --jwk-file key.json --issuer https://api.example.com --claims @claims.json --json"
)]
pub(crate) struct Mint {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// The claim iss
    #[arg(long)]
    pub(crate) issuer: String,
    /// The claim aud; may be said again
    #[arg(long)]
    pub(crate) audience: Vec<String>,
    /// The claim sub
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// How long the token lives, for example 90s, 1h, 30d
    #[arg(long, value_name = "TEXT", default_value = "1h")]
    pub(crate) expires_in: Lifetime,
    /// Custom claims: a JSON object, or @FILE
    #[arg(long, value_name = "JSON")]
    pub(crate) claims: Option<String>,
    /// The header's typ
    #[arg(long, default_value = "JWT")]
    pub(crate) typ: String,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Verify a token and print its claims as JSON.
///
/// exp, iss, aud and typ are checked unless an option drops one by name.
#[derive(Debug, Args)]
#[command(
    groups = [
        ArgGroup::new("key_source").required(true),
        ArgGroup::new("issuers").required(true),
        ArgGroup::new("audiences").required(true),
    ],
    after_help = "Examples:
  tokenmint verify --secret-file secret.txt --issuer https://api.example.com --audience app eyJhbGci...
  tokenmint verify --jwks-url https://api.example.com/.well-known/jwks.json --issuer https://api.example.com --audience app eyJhbGci...
  tokenmint verify --jwks jwks.json --any-issuer --any-audience - < token.txt"
)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) options: VerifyOptions,
}

/// A token, and what is expected of it.
#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// The token; - for standard input
    pub(crate) token: String,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// A JWK Set
    #[arg(long, value_name = "FILE", group = "key_source")]
    pub(crate) jwks: Option<PathBuf>,
    /// The address of a JWK Set: https, or http on this machine
    #[arg(long, value_name = "URL", group = "key_source")]
    pub(crate) jwks_url: Option<String>,
    /// Take the JWK Set over plain http from elsewhere: whoever is on the way can replace it
    #[arg(long, requires = "jwks_url")]
    pub(crate) allow_plain_http: bool,
    /// The claim iss must be this; may be said again: one of these
    #[arg(long, group = "issuers")]
    pub(crate) issuer: Vec<String>,
    /// Take any issuer
    #[arg(long, group = "issuers")]
    pub(crate) any_issuer: bool,
    /// The claim aud must name this; may be said again: one of these
    #[arg(long, group = "audiences")]
    pub(crate) audience: Vec<String>,
    /// Take any audience, or none
    #[arg(long, group = "audiences")]
    pub(crate) any_audience: bool,
    /// The claim sub must be this
    #[arg(long)]
    pub(crate) subject: Option<String>,
    /// The header's typ must be this
    #[arg(long, default_value = "JWT", conflicts_with = "any_typ")]
    pub(crate) typ: String,
    /// Take any typ, or none
    #[arg(long)]
    pub(crate) any_typ: bool,
    /// Take a token that has no exp
    #[arg(long)]
    pub(crate) without_expiry: bool,
    /// How far clocks may differ
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) leeway: u64,
    /// Print a JSON object: the claims, and what the key was
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show every check that a token goes through: what it found, what it needs, and how it ends.
///
/// The verdict is that of `verify` with the same options. Without a key, header and claims are shown unverified.
#[derive(Debug, Args)]
#[command(
    groups = [ArgGroup::new("key_source"), ArgGroup::new("issuers"), ArgGroup::new("audiences")],
    after_help = "Examples:
  tokenmint explain eyJhbGci...
  tokenmint explain --secret-file secret.txt --issuer https://api.example.com --audience app eyJhbGci...
  tokenmint explain --jwks jwks.json --any-issuer --any-audience --json - < token.txt"
)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) verify: VerifyOptions,
    /// The time to judge by, in seconds since 1970 [default: the system's]
    #[arg(long, value_name = "N")]
    pub(crate) now: Option<i64>,
}

/// Judge verification cases: one JSON request a line on standard input, one answer a line on standard output.
///
/// The form is described in docs/cli.md.
#[derive(Debug, Args)]
pub(crate) struct Vectors {
    /// Read requests from standard input
    #[arg(long, required = true)]
    pub(crate) stdin: bool,
}

/// Read a lifetime as `expiresIn` does: print its seconds and its canonical text.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint expires-in 1.5h                          5400 90m
  tokenmint expires-in '7 days' --json
  tokenmint expires-in 3600 --node --iat 1700000000  1700000003: milliseconds, as in node-jsonwebtoken")]
pub(crate) struct ExpiresIn {
    /// The text
    #[arg(allow_hyphen_values = true)]
    pub(crate) text: String,
    /// Print the exp that node-jsonwebtoken 9 gives for this text
    #[arg(long, requires = "iat")]
    pub(crate) node: bool,
    /// The claim iat, in seconds since 1970
    #[arg(long, value_name = "N", requires = "node")]
    pub(crate) iat: Option<i64>,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Credentials {
    /// Make new credentials; the secret is shown once
    Create(CreateCredentials),
}

/// Make new credentials: the secret for the client, and its SHA-256 as a section for the configuration.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint credentials create --organization org_1
  tokenmint credentials create --kind bearer --json")]
pub(crate) struct CreateCredentials {
    /// What they are for
    #[arg(long, value_enum, default_value_t = CredentialKind::Client)]
    pub(crate) kind: CredentialKind,
    /// The organization that they act for
    #[arg(long, default_value = "my-organization")]
    pub(crate) organization: String,
    /// Print a JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CredentialKind {
    /// A client id and a secret for access tokens
    Client,
    /// An API key id and a secret for sessions
    Session,
    /// A bearer API key
    Bearer,
    /// A key for the admin API
    Admin,
}
