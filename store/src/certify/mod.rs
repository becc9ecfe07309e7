//! The certificate of a store: 68 tests of what the core relies on.
//!
//! A store under test is a [`Rig`]: a way to open connections, and whatever else it can offer. A test that needs what the
//! rig does not have is skipped, and says what it needs.
//!
//! | the store | its rig |
//! | --- | --- |
//! | an [`AsyncStore`](tokenmint::AsyncStore) in this process | [`InProcess`] |
//! | a [`Store`](tokenmint::Store) in this process | [`InProcess`] of a [`Blocking`] |
//! | a URL of this crate | [`DatabaseRig`] |
//! | a program in any language | [`ExecRig`], and in Rust [`serve_lines`] at its other end |
//!
//! Run it on a runtime with several threads. Every test has keys of its own, so the store may have other data; it leaves
//! some that expire within an hour.
//!
//! ```
//! # #[tokio::main] async fn main() {
//! use tokenmint::MemoryStore;
//! use tokenmint_store::certify::{Blocking, InProcess, Options, certify};
//!
//! let rig = InProcess::new("memory", Blocking::new(MemoryStore::new()));
//! let options = Options::new(42).quick().only("1").only("update is lost").only("throttle");
//! let certificate = certify(&rig, &options).await;
//! assert!(certificate.passed(), "{}", certificate.to_tap());
//! assert!(certificate.to_tap().contains("ok 13 - no update is lost\n"));
//! # }
//! ```

mod atomicity;
mod basics;
mod bindings;
mod crash;
mod database;
mod exec;
mod explorer;
mod faults;
mod flows;
mod history;
mod indexing;
mod lines;
mod listing;
mod random;
mod report;
mod rig;
mod scenes;
mod suite;
mod throttle;
mod time;
mod trial;
mod volume;
mod workload;

pub use database::DatabaseRig;
pub use exec::{ExecRig, ExecStore};
pub use lines::serve_lines;
pub use report::{Certificate, TestReport, TestResult, tap_head};
pub use rig::{Blocking, Connection, Fault, InProcess, Rig};
pub use suite::{Options, TEST_COUNT, certify};
