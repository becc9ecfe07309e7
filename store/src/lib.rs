//! Stores for tokenmint: SQLite, PostgreSQL and Redis behind one URL.
//!
//! | URL | what it is | acknowledged means |
//! | --- | --- | --- |
//! | `memory:` | this process | [`Durability::Process`] |
//! | `sqlite:PATH` | a file on a local disk, one machine | [`Durability::Disk`] |
//! | `postgres://USER@HOST/NAME` | a data base that several machines share | as the server is set up |
//! | `redis://HOST` | Redis or Valkey, one server or any node of a Cluster | as the server is set up |
//! | `env:NAME` | the URL in an environment variable, which keeps a password out of arguments and files | |
//!
//! [`Database`] is for asynchronous hosts and never blocks them; [`BlockingDatabase`] is for all others. See
//! `docs/storage.md` for which one to choose and how to run it.
//!
//! ```
//! use tokenmint::*;
//! use tokenmint_store::BlockingDatabase;
//! let folder = tempfile::tempdir().unwrap();
//! let url = format!("sqlite:{}", folder.path().join("tokens.db").display());
//! let store = BlockingDatabase::open(&url)?;
//!
//! let secret = [9; 32].as_slice();
//! let keys = KeySet::builder().hmac("k1", [7; 32].as_slice())?.build()?;
//! let policy = Policy::new("https://api.example.com").session_secret(secret).durability(Durability::Disk);
//! let issuer = Issuer::new(keys, policy)?;
//! let context = Context::new(UnixTime::from_seconds(1_700_000_000), [1; 32]);
//! let error = issuer.check("not a token", &context).run(&store).result.unwrap_err();
//! assert_eq!(error.code(), ErrorCode::HandleMalformed);
//! # Ok::<(), Error>(())
//! ```

// Without a driver there is the store in memory alone.
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "redis")),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        unreachable_code,
        clippy::infallible_destructuring_match
    )
)]

mod blocking;
mod copy;
mod database;
mod doctor;
mod driver;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod host;
mod mark;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "certify")]
mod rig;
mod seal;
#[cfg(feature = "sqlite")]
mod sqlite;
mod target;

pub use blocking::BlockingDatabase;
pub use copy::{Copied, copy};
pub use database::Database;
pub use doctor::{Finding, Severity};
#[cfg(feature = "certify")]
pub use rig::DatabaseRig;
#[doc(no_inline)]
pub use tokenmint::Durability;

/// The example of the README is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
