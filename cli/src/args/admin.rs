//! The arguments of `tokenmint admin`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::store::StoreArgs;

/// The address of the admin API, where nothing else is said.
pub(crate) const URL: &str = "http://127.0.0.1:8081";

/// Run an operation: by the admin API of a server, or without one on a store itself.
///
/// The input and the output are what docs/operations.md says. Without --json the output is shown as a table.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("key").multiple(false),
    after_help = "Examples:
  tokenmint admin create_client --input @client.json
  tokenmint admin start_session --input '{\"subject\":\"user_1\",\"client_id\":\"web\",\"scope\":\"read\"}' --json
  tokenmint admin list_sessions --input '{\"subject\":\"user_1\"}'
  tokenmint admin revoke_sessions --input '{\"subject\":\"user_1\"}'
  tokenmint admin create_api_key --input '{\"owner\":\"customer_1\",\"name\":\"CI\"}' --url https://admin.example.com
  tokenmint admin list_clients --config tokenmint.toml --store env:DATABASE_URL

The admin key comes from the variable TOKENMINT_ADMIN_KEY, where nothing else is said."
)]
pub(crate) struct Admin {
    /// The operation, such as list_sessions
    pub(crate) operation: String,
    /// Its input: a JSON object, @FILE, or - for standard input. Other users of this machine can read arguments
    #[arg(long, value_name = "JSON", default_value = "{}", allow_hyphen_values = true)]
    pub(crate) input: String,
    /// The issuer that does it, by its name [default: the first of the configuration]
    #[arg(long, value_name = "NAME")]
    pub(crate) issuer: Option<String>,
    /// The address of the admin API: https, or http on this machine [default: that in the variable TOKENMINT_ADMIN_URL, or
    /// http://127.0.0.1:8081]
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    pub(crate) url: Option<String>,
    /// The environment variable that holds the admin key
    #[arg(long, value_name = "NAME", group = "key", conflicts_with = "config")]
    pub(crate) key_env: Option<String>,
    /// A file that holds the admin key; - for standard input
    #[arg(long, value_name = "FILE", group = "key", conflicts_with = "config")]
    pub(crate) key_file: Option<PathBuf>,
    /// Run it here, with the issuers and the clients of this configuration, on its store
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Print the output as it is: JSON
    #[arg(long)]
    pub(crate) json: bool,
}
