//! The arguments that name stores, and those of the commands about them.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use tokenmint::Durability;

/// Where records are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct StoreArgs {
    /// The store: sqlite:PATH, postgres://.., redis://.., memory:, or env:NAME for a variable that holds one of these
    /// [default: the configuration's, or memory:]
    #[arg(long, value_name = "URL", conflicts_with = "data_dir")]
    pub(crate) store: Option<String>,
    /// Keep records in an SQLite file in this folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

/// Look for what would lose records in a store, or not work, and say how to mend it.
///
/// The exit code is 3 where something must be mended.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint doctor --store sqlite:/var/lib/tokenmint/tokenmint.db
  tokenmint doctor --store env:DATABASE_URL --json")]
pub(crate) struct Doctor {
    /// The store's URL, or env:NAME
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Put a store through the 68 tests of the certificate.
///
/// It writes keys of its own beside what is there, and leaves those that expire to the sweep. Tests that need more than
/// a URL, such as killing the server, are skipped with their reason. The exit code is 1 where a test failed.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("subject").required(true),
    after_help = "Examples:
  tokenmint certify --store env:DATABASE_URL
  tokenmint certify --store redis://127.0.0.1 --only 11,13 --seed 42
  tokenmint certify --exec ./my-store --json
  tokenmint certify --shared --durability disk --exec ./my-store --data /var/lib/mine"
)]
pub(crate) struct Certify {
    /// The store's URL, or env:NAME
    #[arg(long, value_name = "URL", group = "subject")]
    pub(crate) store: Option<String>,
    /// A program that is a store, with its arguments: it reads commands as JSON lines and writes replies
    /// (docs/storage.md). It comes last
    #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true, group = "subject")]
    pub(crate) exec: Option<Vec<String>>,
    /// With --exec: several processes of the program share their data, so each connection is one of its own
    #[arg(long, requires = "exec")]
    pub(crate) shared: bool,
    /// With --exec: how long its acknowledged writes last [default: process]
    #[arg(long, value_enum, value_name = "LEVEL", requires = "exec", default_value_t = Level::Process)]
    pub(crate) durability: Level,
    /// Run these tests only: numbers, or parts of names
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Where random choices begin [default: random; it is printed]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Less of everything, for a first look
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print JSON instead of TAP
    #[arg(long)]
    pub(crate) json: bool,
}

/// How long an acknowledged write lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// As long as the process
    Process,
    /// It survives a crash of the machine
    Disk,
    /// It survives the loss of a machine
    Replicated,
}

impl From<Level> for Durability {
    fn from(level: Level) -> Self {
        match level {
            Level::Process => Durability::Process,
            Level::Disk => Durability::Disk,
            Level::Replicated => Durability::Replicated,
        }
    }
}

/// After a store was restored from a backup: end all tokens, sessions and links that were made before now.
///
/// What was revoked, rotated or redeemed since the backup is lost with it; so nothing from before may go on.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint restored --config tokenmint.toml
  tokenmint restored --config tokenmint.toml --store env:DATABASE_URL")]
pub(crate) struct Restored {
    /// The configuration of the server
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Copy all records and limits; what is there already is left, so an interrupted copy goes on
    Copy(Copy),
    /// Speak to a store in JSON lines: commands on standard input, replies on standard output
    Exec(Exec),
}

/// Copy a store into another, exactly: every record with its version and expiry, and every limit.
///
/// Stop the servers first. A copy that was interrupted is begun again: what was copied is found and left. A record that
/// is there and differs ends it, and nothing is overwritten.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  tokenmint store copy sqlite:/var/lib/tokenmint/tokenmint.db env:DATABASE_URL
  tokenmint store copy env:OLD 'sqlite:new.db?sealing_key_file=key.hex'")]
pub(crate) struct Copy {
    /// The store to read: a URL, or env:NAME
    pub(crate) from: String,
    /// The store to write: a URL, or env:NAME
    pub(crate) to: String,
    /// Print no progress bar
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Speak to a store in JSON lines, as `tokenmint certify --exec` does with the stores of others (docs/storage.md).
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The store's URL, or env:NAME
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,
}
