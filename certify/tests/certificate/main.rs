//! The certificate on stores that are right, and on stores that are wrong on purpose.

use std::time::Duration;

use tokenmint::MemoryStore;
use tokenmint_certify::{Blocking, Certificate, InProcess, Options, Rig, TestResult, certify};

mod faulty;
mod flawed;
#[cfg(unix)]
mod processes;
mod wrong;

use faulty::{FaultyRig, Lie};
use flawed::{Flaw, Flawed};
use wrong::{FAULTS, Fault, Wrong};

const SEED: u64 = 42;

/// All but the bindings.
const SECTIONS: [&str; 10] =
    ["basics", "atomicity", "listing", "indexing", "time", "throttle", "volume", "crash", "faults", "flows"];

fn quick() -> Options {
    Options::new(SEED).quick().deadline(Duration::from_secs(60))
}

/// The numbers of the tests that were skipped.
fn skipped(certificate: &Certificate) -> Vec<u8> {
    let skipped = certificate.tests.iter().filter(|test| matches!(test.result, TestResult::Skipped { .. }));
    skipped.map(|test| test.number).collect()
}

async fn assert_fails(rig: &impl Rig, options: &Options, expected: &[u8]) {
    let certificate = certify(rig, options).await;
    let failed: Vec<u8> = certificate.failures().map(|test| test.number).collect();
    println!("{}: {failed:?}", certificate.store);
    for number in expected {
        assert!(failed.contains(number), "{number} has not failed:\n{}", certificate.to_tap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_passes_all_that_it_can_be_asked() {
    let rig = InProcess::new("memory", Blocking::new(MemoryStore::new()));
    // Not the memory of this process, of which other tests use some at the same time: `memory.rs` looks at that.
    let certificate = certify(&rig, &SECTIONS.into_iter().fold(quick(), Options::only)).await;
    for test in &certificate.tests {
        println!("{:>3} {:>6} ms {}", test.number, test.took.as_millis(), test.name);
    }
    assert!(certificate.passed(), "{}", certificate.to_tap());
    assert_eq!(skipped(&certificate), [16, 35, 36, 37, 38, 39, 41, 42, 43, 45, 46, 47, 48, 49, 63]);
    assert!(certificate.to_tap().starts_with("TAP version 14\n1..68\nok 1 - "));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_flaw_is_found() {
    for (flaw, expected) in [
        (Flaw::LostUpdate, [11, 12, 13].as_slice()),
        (Flaw::StaleRead, &[18]),
        (Flaw::Aba, &[8]),
        (Flaw::EarlyExpiry, &[20]),
        (Flaw::RacyLimiter, &[27]),
        (Flaw::Truncates, &[2]),
        (Flaw::FoldsCase, &[3]),
        (Flaw::ErrorAfterDoing, &[15]),
    ] {
        let options = quick().only("basics").only("atomicity").only("time").only("throttle");
        assert_fails(&InProcess::new(format!("{flaw:?}"), Flawed::new(flaw)), &options, expected).await;
    }
    // Half a value stays until somebody has looked, so there must be somebody.
    let partial = InProcess::new("PartialWrite", Flawed::new(Flaw::PartialWrite));
    assert_fails(&partial, &quick().only("17"), &[17]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_by_the_test_that_is_about_it() {
    let right = InProcess::new("right", Wrong::new(Fault::Nothing));
    let certificate = certify(&right, &SECTIONS.into_iter().fold(quick(), Options::only)).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
    for (fault, test) in FAULTS {
        let certificate = certify(&InProcess::new("wrong", Wrong::new(*fault)), &quick().only(*test)).await;
        let run: Vec<_> = certificate.tests.iter().filter(|report| report.name == *test).collect();
        assert_eq!(run.len(), 1, "there is no test {test:?}");
        let found: Vec<_> = certificate.failures().map(|failed| failed.name).collect();
        assert_eq!(found, [*test], "{fault:?}: {}", certificate.to_tap());
    }
}

/// What takes a minute is seen by the whole certificate only. This runtime's clock passes over it.
#[tokio::test(start_paused = true)]
async fn a_limit_that_time_wears_away_is_found_by_the_whole_certificate() {
    for (seconds, counts) in [(60, (0, 1, 67)), (3600, (1, 0, 67))] {
        let store = Wrong::that_forgets(Duration::from_secs(seconds));
        let options = Options::new(SEED).only("a limit is remembered for as long as it says");
        let certificate = certify(&InProcess::new("wears away", store), &options).await;
        assert_eq!(certificate.counts(), counts, "after {seconds} s: {}", certificate.to_tap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_panics_fails_its_test_and_not_the_suite() {
    struct Panics;
    impl tokenmint::AsyncStore for Panics {
        async fn execute(&self, _: tokenmint::Command) -> Result<tokenmint::Reply, tokenmint::StoreError> {
            panic!("on purpose")
        }
    }
    assert_fails(&InProcess::new("panics", Panics), &quick().only("1").only("11"), &[1, 11]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_tells_the_truth_passes_every_fault() {
    let options = quick().only("crash").only("faults");
    let certificate = certify(&FaultyRig::new(Lie::Nothing), &options).await;
    assert!(certificate.passed(), "{}", certificate.to_tap());
    let left = skipped(&certificate);
    assert!((37..=45).all(|number| !left.contains(&number)), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_lies_is_found_out() {
    for (lie, expected) in [
        (Lie::Forgets, [37, 42].as_slice()),
        (Lie::CutIsUnavailable, &[39]),
        (Lie::NoDeadline, &[41]),
        (Lie::FullIsDone, &[38]),
        (Lie::DoctorIsBlind, &[43]),
    ] {
        let options = quick().deadline(Duration::from_millis(200)).only("crash").only("faults");
        assert_fails(&FaultyRig::new(lie), &options, expected).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_selection_is_by_number_name_and_section() {
    let rig = InProcess::new("memory", Blocking::new(MemoryStore::new()));
    let options = quick().only("9").only("ABSENT entry").only("time");
    let certificate = certify(&rig, &options).await;
    let run = certificate.tests.iter().filter(|test| test.result == TestResult::Passed);
    let run: Vec<u8> = run.map(|test| test.number).collect();
    assert_eq!(run, [1, 9, 20, 21, 22, 23, 24, 25, 26]);
}
