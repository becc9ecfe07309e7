//! `tokenmint init`: a configuration that works, and what comes next.

mod files;
mod questions;
mod text;

use std::io::IsTerminal;
use std::path::Path;

use tokenmint::dialect::{Demonstration, demonstrations};
use tokenmint::{Entropy, Secret, SecretHash};

use crate::args::init::{Init, StoreKind};
use crate::config::{self, Source};
use crate::failure::{Failure, Result, print};
use crate::{keys, ring};

use files::Files;

/// What the files are called; paths in the configuration begin at its folder.
const CONFIG: &str = "tokenmint.toml";
const RING: &str = "keys.json";
const DATA: &str = "data";

/// What was chosen.
struct Choices {
    dialects: Vec<&'static Demonstration>,
    store: StoreKind,
    public_url: String,
    issuer: String,
}

pub(crate) fn run(args: &Init) -> Result<()> {
    let asks = !args.yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let choices = choose(args, asks)?;
    let mut entropy = Entropy::new(keys::seed()?);
    let (admin_key, admin_hash) = SecretHash::generate(&mut entropy);

    let mut files = Files::new(&args.dir)?;
    files.secret(RING, &ring::first()?)?;
    for shown in choices.dialects.iter().filter(|shown| text::has_session_secret(shown)) {
        files.secret(&text::session_secret(shown), &hex(entropy.bytes::<32>()))?;
    }
    if choices.store == StoreKind::Sqlite {
        files.folder(DATA)?;
    }
    // Last, so that there is none where something else is missing.
    files.plain(CONFIG, &text::config(args, &choices, &admin_hash))?;
    let path = args.dir.join(CONFIG);
    check(&path)?;
    let made = files.keep();
    print(text::next(args, &choices, &path, &made, utf8(&admin_key)?, &mut entropy)?.trim_end())
}

/// What is not said is asked, or else what most begin with.
fn choose(args: &Init, asks: bool) -> Result<Choices> {
    let names = match (args.dialect.as_slice(), asks) {
        ([], true) => questions::dialects()?,
        ([], false) => vec!["oauth".to_owned()],
        (names, _) => names.to_vec(),
    };
    let store = match (args.store, asks) {
        (Some(store), _) => store,
        (None, true) => questions::store()?,
        (None, false) => StoreKind::Sqlite,
    };
    let address = format!("http://{}", std::net::SocketAddr::new(args.host, args.port));
    let public_url = match (&args.public_url, asks) {
        (Some(url), _) => url.clone(),
        (None, true) => questions::text("The address that clients use", &address)?,
        (None, false) => address,
    };
    let public_url = public_url.trim_end_matches('/').to_owned();
    Ok(Choices {
        // In their own order: the first is whose operations the admin API runs where no issuer is named.
        dialects: demonstrations().filter(|shown| names.iter().any(|name| name == shown.name)).collect(),
        store,
        issuer: args.issuer.clone().unwrap_or_else(|| public_url.clone()),
        public_url,
    })
}

impl Choices {
    /// Each dialect's issuer: tokens of one must not be taken for another's.
    fn issuer(&self, of: &Demonstration) -> String {
        match self.dialects.first() {
            Some(first) if first.name == of.name => self.issuer.clone(),
            _ => format!("{}/{}", self.issuer.trim_end_matches('/'), of.name),
        }
    }
}

/// That it works, all but its store: before anybody is told so.
fn check(path: &Path) -> Result<()> {
    let source = Source::file(path)?;
    let config = source.parse()?;
    source.build(&config, config::address(&config, None, None)?, &mut source.sources())?;
    Ok(())
}

fn hex(bytes: [u8; 32]) -> Secret {
    Secret::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn utf8(secret: &Secret) -> Result<&str> {
    std::str::from_utf8(secret.expose()).map_err(|error| Failure::runtime("a new secret", error))
}
