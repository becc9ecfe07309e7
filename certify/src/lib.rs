//! A certificate for any store of tokenmint, and every schedule of concurrent requests.
//!
//! [`certify`] puts a store through 68 tests of what the core relies on; [`explorer`] takes flows through every order of their
//! commands, with a fault at each.
//!
//! A store under test is a [`Rig`]: a way to open connections, and whatever else it can offer. A test that needs what the
//! rig does not have is skipped, and says what it needs.
//!
//! | the store | its rig |
//! | --- | --- |
//! | an [`AsyncStore`](tokenmint::AsyncStore) in this process | [`InProcess`] |
//! | a [`Store`](tokenmint::Store) in this process | [`InProcess`] of a [`Blocking`] |
//! | a URL of the crate `tokenmint-store` | its `DatabaseRig` |
//! | a program in any language | [`ExecRig`], and in Rust [`serve_lines`] at its other end |
//!
//! Run it on a runtime with several threads. Every test has keys of its own, so the store may have other data; it leaves
//! some that expire within an hour.
//!
//! ```
//! # #[tokio::main] async fn main() {
//! use tokenmint::MemoryStore;
//! use tokenmint_certify::{Blocking, InProcess, Options, certify};
//!
//! let rig = InProcess::new("memory", Blocking::new(MemoryStore::new()));
//! let options = Options::new(42).quick().only("1").only("update is lost").only("throttle");
//! let certificate = certify(&rig, &options).await;
//! assert!(certificate.passed(), "{}", certificate.to_tap());
//! assert!(certificate.to_tap().contains("ok 13 - no update is lost\n"));
//! # }
//! ```

#[cfg(feature = "certificate")]
mod certificate;
pub mod explorer;

#[cfg(feature = "certificate")]
pub use certificate::{
    Blocking, Certificate, Connection, ExecRig, ExecStore, Fault, InProcess, Options, Rig, TEST_COUNT,
    TestReport, TestResult, certify, serve_lines, tap_head,
};
