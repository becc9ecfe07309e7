//! Stores that the arguments and the configuration name, and the commands about them.

mod certify;
mod copy;
mod doctor;
mod restored;

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

const MEMORY: &str = "memory:";

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
    let (store, url) = match (&args.store, &args.data_dir, config.store.url.as_deref()) {
        (Some(url), _, _) => (Database::open(argument(url)?).await?, url.as_str()),
        (None, Some(folder), _) => {
            std::fs::create_dir_all(folder).map_err(|error| Failure::runtime(folder.display(), error))?;
            (Database::open_file(&folder.join("tokenmint.db")).await?, "sqlite:")
        }
        (None, None, url) => {
            let url = url.unwrap_or(MEMORY);
            (Database::open_beside(url, sources.folder()).await?, url)
        }
    };
    // Whoever names it knows that nothing in it lasts.
    if url != MEMORY {
        for finding in store.doctor(mint::now_micros() / 1000).await? {
            if finding.severity > Severity::Fine {
                let (check, found, remedy) = (finding.check, finding.found, finding.remedy);
                warn!(target: "tokenmint::store", check, found, remedy);
            }
        }
    }
    Ok(store)
}

/// Whether somebody names a store: one in memory that nobody named ends with the process.
pub(crate) fn is_named(args: &StoreArgs, config: &Config) -> bool {
    args.store.is_some() || args.data_dir.is_some() || config.store.url.is_some()
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
