//! What is written for people: the configuration, and what comes next.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tokenmint::dialect::Demonstration;
use tokenmint::{Entropy, SecretHash};

use super::{CONFIG, Choices, DATA, RING, utf8};
use crate::args::admin::URL as ADMIN;
use crate::args::init::{Init, StoreKind};
use crate::failure::Result;

/// The id of the key ring, which the dialects name.
const KEY: &str = "ring";

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(super) fn has_session_secret(shown: &Demonstration) -> bool {
    shown.start.config.contains("{SESSION_SECRET}")
}

/// The file of a dialect's session secret.
pub(super) fn session_secret(shown: &Demonstration) -> String {
    format!("{}.secret", shown.name)
}

/// Where the admin API listens: for this machine only, where nothing else is said.
fn admin(args: &Init) -> SocketAddr {
    let own = if args.host.is_loopback() { args.host } else { LOCALHOST };
    SocketAddr::new(args.admin_host.unwrap_or(own), args.port + 1)
}

/// The configuration. It holds no secret.
pub(super) fn config(args: &Init, choices: &Choices, admin_key: &SecretHash) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let store = match choices.store {
        StoreKind::Sqlite => format!(
            "# Sessions, revocations, and clients that are added while the server runs.\n\
             [store]\n\
             url = \"sqlite:{DATA}/tokenmint.db\"\n"
        ),
        StoreKind::Postgres => "# Sessions, revocations, and clients that are added while the server runs. The URL is in the environment, since\n\
             # there is a password in it.\n\
             [store]\n\
             url = \"env:DATABASE_URL\"\n\
             # A server that does not keep on its disk what it acknowledged is refused.\n\
             durability = \"disk\"\n"
            .to_owned(),
        StoreKind::Redis => "# Sessions, revocations, and clients that are added while the server runs. The URL is in the environment, since\n\
             # there is a password in it.\n\
             [store]\n\
             url = \"env:REDIS_URL\"\n\
             # With `appendonly yes` and `appendfsync always` on the server, take the mark away: anything less is refused then.\n\
             # durability = \"disk\"\n"
            .to_owned(),
    };
    let mut text = format!(
        "# The configuration of tokenmint. No secret is in it: those are in files beside it that only their owner can read.\n\
         # What can stand here, and what each field means: docs/cli.md.\n\
         \n\
         # Where it listens, and under which address clients know it: behind a proxy, the proxy's.\n\
         [server]\n\
         host = \"{host}\"\n\
         port = {port}\n\
         public_url = {public_url}\n\
         \n\
         {store}\n\
         # Every operation, for you and your back end. Nobody else should reach this address.\n\
         [admin]\n\
         listen = \"{admin}\"\n\
         \n\
         # Who may do what there, by the hash of a key. Another one: `tokenmint credentials create --kind admin`.\n\
         [[admin.keys]]\n\
         id = \"admin\"\n\
         key_sha256 = \"{admin_key}\"\n\
         \n\
         # The keys that sign. Let a timer run `tokenmint keys rotate --ring {RING}` each hour: it does what is due.\n\
         [[keys]]\n\
         kid = \"{KEY}\"\n\
         ring_file = \"{RING}\"\n",
        host = args.host,
        port = args.port,
        public_url = quoted(&choices.public_url),
        admin = admin(args),
    );
    for shown in &choices.dialects {
        let section = shown
            .start
            .config
            .replace("\"{ISSUER}\"", &quoted(&choices.issuer(shown)))
            .replace("{KEY}", KEY)
            .replace("{SESSION_SECRET}", &session_secret(shown));
        let _ = write!(text, "\n{section}");
    }
    text
}

/// What comes next, as lines for a shell.
pub(super) fn next(
    args: &Init,
    choices: &Choices,
    config: &Path,
    made: &[PathBuf],
    admin_key: &str,
    entropy: &mut Entropy,
) -> Result<String> {
    let made: Vec<String> = made.iter().map(|path| path.display().to_string()).collect();
    let mut admin = admin(args);
    if admin.ip().is_unspecified() {
        admin.set_ip(LOCALHOST);
    }
    let url = format!("http://{admin}");
    let mut text = format!("# Made: {}.\n", made.join(", "));
    let variable = match choices.store {
        StoreKind::Sqlite => None,
        StoreKind::Postgres => Some("DATABASE_URL='postgres://user:password@host/name'"),
        StoreKind::Redis => Some("REDIS_URL='redis://:password@host'"),
    };
    if let Some(variable) = variable {
        let _ = write!(text, "\n# Where the records are kept:\nexport {variable}\n");
    }
    let _ = write!(
        text,
        "\n# In one terminal, the server:\n\
         tokenmint serve --config {}\n\
         \n\
         # In another, the admin key. It is shown this once; nothing keeps it, and {CONFIG} has its hash.\n\
         export TOKENMINT_ADMIN_KEY={admin_key}\n",
        quoted(&config.display().to_string()),
    );
    if url != ADMIN {
        let _ = writeln!(text, "export TOKENMINT_ADMIN_URL={url}");
    }
    for shown in &choices.dialects {
        let (secret, _) = SecretHash::generate(entropy);
        let steps = shown
            .start
            .steps
            .replace("'{ISSUER}'", &quoted(&choices.issuer(shown)))
            .replace("{SECRET}", utf8(&secret)?);
        let _ = write!(text, "\n{steps}");
    }
    Ok(text)
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
