//! The arguments of `tokenmint init`.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use tokenmint::dialect::demonstrations;

/// Write a configuration that works, with its keys and secrets, and say what comes next.
///
/// At a terminal it asks what no option says. Nothing is ever overwritten: all files are made, or none.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint init
  tokenmint init --dir /etc/tokenmint --store postgres --public-url https://tokens.example.com --yes
  tokenmint init --dialect oauth --port 9000 --yes")]
pub(crate) struct Init {
    /// The folder to write to, which is made if it is not there
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) dir: PathBuf,
    /// What is served; may be said again [default: oauth]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(demonstrations().map(|shown| shown.name)))]
    pub(crate) dialect: Vec<String>,
    /// Where records are kept [default: sqlite]
    #[arg(long, value_enum)]
    pub(crate) store: Option<StoreKind>,
    /// The issuer of the tokens: `iss` in them [default: the public URL]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// The address that clients use [default: the one that it listens at]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// The address to listen at
    #[arg(long, value_name = "IP", default_value_t = Ipv4Addr::LOCALHOST.into())]
    pub(crate) host: IpAddr,
    /// The port to listen at; the admin API listens at the next one
    #[arg(long, default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..65535))]
    pub(crate) port: u16,
    /// The address at which the admin API listens [default: --host where that is this machine's own, or 127.0.0.1]
    #[arg(long, value_name = "IP")]
    pub(crate) admin_host: Option<IpAddr>,
    /// Ask nothing
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// A file, for one machine
    Sqlite,
    /// The PostgreSQL whose URL is in the variable DATABASE_URL
    Postgres,
    /// The Redis whose URL is in the variable REDIS_URL
    Redis,
}
