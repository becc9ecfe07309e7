//! Stores that the arguments and the configuration name, and the commands about them.

mod certify;
mod copy;
mod doctor;
mod restored;

use std::path::{Path, PathBuf};

use tokenmint::config::Config;
use tokenmint_store::{Database, Severity};
use tracing::warn;

use crate::args::store::{Store, StoreArgs};
use crate::failure::{Failure, Result};
use crate::mint;
use crate::sources::Sources;

pub(crate) use certify::run as certify;
pub(crate) use doctor::run as doctor;
pub(crate) use restored::run as restored;

/// `tokenmint store`.
pub(crate) fn run(command: &Store) -> Result<()> {
    match command {
        Store::Copy(args) => copy::run(args),
        Store::Exec(args) => certify::exec(args),
    }
}

/// Opens the store of a server: the one of the arguments, or the configuration's, or one in memory. What its set-up may
/// lose is logged.
pub(crate) async fn open(args: &StoreArgs, config: &Config, sources: &Sources) -> Result<Database> {
    let url = match (&args.store, &args.data_dir) {
        (Some(url), _) => argument(url)?.to_owned(),
        (None, Some(folder)) => {
            std::fs::create_dir_all(folder).map_err(|error| Failure::runtime(folder.display(), error))?;
            sqlite(&folder.join("tokenmint.db"))
        }
        (None, None) => match config.store.url.as_deref() {
            Some(url) => beside(url, sources),
            None => "memory:".to_owned(),
        },
    };
    let store = Database::open(&url).await?;
    if url != "memory:" {
        for finding in store.doctor(mint::now_micros() / 1000).await? {
            if finding.severity > Severity::Fine {
                let (check, found, remedy) = (finding.check, finding.found, finding.remedy);
                warn!(target: "tokenmint::store", check, found, remedy);
            }
        }
    }
    Ok(store)
}

/// A URL out of the arguments, which every user of a machine can read.
fn argument(url: &str) -> Result<&str> {
    let authority =
        url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(rest));
    let has_password = authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    let in_query = url.split_once('?').is_some_and(|(_, query)| query.contains("password="));
    if has_password || in_query {
        return Err(Failure::usage(
            "other users of this machine can read a password in the arguments: put the URL into an environment \
             variable, and give env:NAME",
        ));
    }
    Ok(url)
}

/// The URL of a file.
fn sqlite(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

/// The URL in a configuration: the relative path of a file begins at its folder, as all paths there do.
fn beside(url: &str, sources: &Sources) -> String {
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.starts_with("//") => sqlite(&sources.locate(&PathBuf::from(path))),
        _ => url.to_owned(),
    }
}

/// Runs what needs a runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime("the runtime", error))?
        .block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_arguments_is_refused() {
        for url in ["postgres://u:p@h/d", "redis://:p@h", "postgres://h/d?user=u&password=p"] {
            assert!(argument(url).is_err(), "{url}");
        }
        for url in ["memory:", "env:URL", "sqlite:/a:b@c", "postgres://u@h:5432/d", "redis://h:6379/1"] {
            assert!(argument(url).is_ok(), "{url}");
        }
    }
}
