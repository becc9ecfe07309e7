//! Memory stays flat over many commands. In a program of its own, since other tests use some at the same time.

#![cfg(all(feature = "certify", feature = "sqlite", target_os = "linux"))]

use std::time::Duration;

use tokenmint_certify::{Options, TestResult, certify};
use tokenmint_store::DatabaseRig;

#[tokio::test(flavor = "multi_thread")]
async fn stays_flat() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}?timeout_ms=60000", folder.path().join("tokens.db").display());
    for url in ["memory:", &sqlite] {
        let rig = DatabaseRig::new(url).await.unwrap();
        // Thousands of writes wait for the disk, however slow that is.
        let options = Options::new(42).quick().deadline(Duration::from_secs(120)).only("49");
        let certificate = certify(&rig, &options).await;
        let result = &certificate.tests[48].result;
        assert_eq!(*result, TestResult::Passed, "{}", certificate.to_tap());
    }
}
